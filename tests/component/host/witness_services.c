/* Services that tell what they were made with, in the place of those of files, terminals and
 * tunnels: what a test wants to know of an agent's process it asks this way. Those of the desktop
 * are none. */
#include "client/services/host_service.h"
#include "shared/base/buf.h"
#include "shared/base/str.h"
#include "shared/wire/permission.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct witness {
	struct hws_host_service base;
	struct hws_host_env copy;
	struct hws_host_viewer *late;
	struct hws_timer timer;
	int silent; /* open until the process ends */
};

/* What the process may do, by trying it: 0 or the error. */
static int try(const char *what)
{
	int fd = -1, status = 0;

	if (!strcmp(what, "fork")) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid > 0)
			waitpid(pid, &status, 0);
		return pid < 0 ? errno : 0;
	}
	if (!strcmp(what, "socket"))
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	else if (!strncmp(what, "read ", 5))
		fd = open(what + 5, O_RDONLY | O_CLOEXEC);
	else if (!strncmp(what, "write ", 6))
		fd = open(what + 6, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static bool on_files(struct hws_host_service *s, struct hws_host_viewer *v, const Ses__Message *m)
{
	struct witness *w = (struct witness *)s;
	Ses__Message out = SES__MESSAGE__INIT;
	Ses__FileResponse answer = SES__FILE_RESPONSE__INIT;
	Ses__FileDirectory dir = SES__FILE_DIRECTORY__INIT;
	const struct hws_service_conf *c = w->copy.conf;
	char text[512];

	if (m->union_case != SES__MESSAGE__UNION_FILE_ACTION ||
			m->file_action->union_case != SES__FILE_ACTION__UNION_READ_DIR)
		return false;
	const char *path = m->file_action->read_dir->path;
	if (!strcmp(path, "where"))
		snprintf(text, sizeof(text), "pid=%d uid=%d root=%s access=%d platform=%d nnp=%d",
				(int)getpid(), (int)getuid(), c->files_root[0],
				(int)c->files_access, w->copy.platform != NULL,
				prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	else
		snprintf(text, sizeof(text), "error=%d", try(path));
	hws_host_audit(&w->copy, v,
			&(struct hws_audit_event){ .what = "file.read",
					.path = hws_bytes_str(path),
					.second = hws_bytes("to\n\xff", 4),
					.bytes = 5 });
	dir.path = text;
	answer.union_case = SES__FILE_RESPONSE__UNION_DIR;
	answer.dir = &dir;
	out.union_case = SES__MESSAGE__UNION_FILE_RESPONSE;
	out.file_response = &answer;
	hws_host_viewer_tell(v, &out);
	return true;
}

static bool on_terminal(
		struct hws_host_service *s, struct hws_host_viewer *v, const Ses__Message *m)
{
	struct witness *w = (struct witness *)s;
	Ses__Message out = SES__MESSAGE__INIT;
	Ses__TerminalResponse answer = SES__TERMINAL_RESPONSE__INIT;
	Ses__TerminalOpened opened = SES__TERMINAL_OPENED__INIT;
	char text[128];

	if (m->union_case != SES__MESSAGE__UNION_TERMINAL_ACTION)
		return false;
	bool opens = m->terminal_action->union_case == SES__TERMINAL_ACTION__UNION_OPEN;
	hws_host_keep(&w->copy, opens);
	snprintf(text, sizeof(text), "pid=%d nnp=%d fork=%d uid=%d", (int)getpid(),
			prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), try("fork"), (int)getuid());
	opened.message = text;
	answer.union_case = SES__TERMINAL_RESPONSE__UNION_OPENED;
	answer.opened = &opened;
	out.union_case = SES__MESSAGE__UNION_TERMINAL_RESPONSE;
	out.terminal_response = &answer;
	hws_host_viewer_tell(v, &out);
	return true;
}

/* The gate of a deployed viewer wants bytes: it gets a socket that says nothing. */
static void let_in(struct witness *w, struct hws_host_viewer *v)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
		v->opened(v, "no socket", -1);
		return;
	}
	w->silent = fds[1];
	v->opened(v, NULL, fds[0]);
}

static void on_late(void *arg)
{
	struct witness *w = arg;

	let_in(w, w->late);
	w->late = NULL;
}

/* "refuse", "late", and whatever `try` knows. */
static void open_tunnel(struct hws_host_service *s, struct hws_host_viewer *v,
		const Ses__LoginRequest *login)
{
	struct witness *w = (struct witness *)s;
	const char *host = login->port_forward->host;
	char text[64];

	if (!strcmp(host, "late")) {
		w->late = v;
		hws_timer_start(w->copy.loop, &w->timer, 1000, on_late, w);
	} else if (!strcmp(host, "in")) {
		let_in(w, v);
	} else {
		snprintf(text, sizeof(text), "error=%d", try(host));
		v->opened(v, text, -1);
	}
}

static void leave_tunnel(struct hws_host_service *s, struct hws_host_viewer *v)
{
	struct witness *w = (struct witness *)s;

	if (w->late == v) {
		w->late = NULL;
		hws_timer_stop(&w->timer);
	}
}

static void witness_free(struct hws_host_service *s)
{
	hws_timer_stop(&((struct witness *)s)->timer);
	free(s);
}

#define WITNESS(name, service, kind, ...)                                                          \
	static int new_##name(const struct hws_host_env *env, struct hws_host_service **ret);      \
	static const struct hws_host_service_impl name##_impl = { HWS_SERVICE_##service, #name,    \
		HWS_KIND_BIT(HWS_KIND_##kind), HWS_KIND_BIT(HWS_KIND_##kind), new_##name,          \
		witness_free, __VA_ARGS__ };                                                       \
	static int new_##name(const struct hws_host_env *env, struct hws_host_service **ret)       \
	{                                                                                          \
		struct witness *w = calloc(1, sizeof(*w));                                         \
                                                                                                   \
		if (!w)                                                                            \
			return HWS_ERR_NOMEM;                                                      \
		w->copy = *env;                                                                    \
		w->base.impl = &name##_impl;                                                       \
		*ret = &w->base;                                                                   \
		return HWS_OK;                                                                     \
	}

WITNESS(files, FILES, FILE, .message = on_files)
WITNESS(terminal, TERMINAL, TERMINAL, .message = on_terminal)
WITNESS(tunnel, TUNNEL, FORWARD, .open = open_tunnel, .leave = leave_tunnel)

/* In place of the real ones: the linker takes these lists. */
const struct hws_host_service_impl *const hws_host_registry[] = { NULL };
const struct hws_host_service_impl *const hws_host_files_registry[] = { &files_impl, NULL };
const struct hws_host_service_impl *const hws_host_terminal_registry[] = { &terminal_impl, NULL };
const struct hws_host_service_impl *const hws_host_tunnel_registry[] = { &tunnel_impl, NULL };

const struct hws_host_service_impl *const hws_host_camera_registry[] = { &tunnel_impl, NULL };
