/* The launcher's own process. It keeps the rights that hostd gives up, so it does next to
 * nothing: it looks up what a number stands for, starts that as an account, waits for it and says
 * that it has ended. It never opens a file that somebody names, and reads nothing but hostd's
 * messages. */
#include "client/host/ipc.h"
#include "client/host/ipc_caps.h"
#include "client/host/launcher.h"
#include "client/host/patience.h"
#include "client/mount/program.h"
#include "shared/base/list.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/sys/spawn.h"
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN_MAX 256u

struct child {
	struct hws_list node;
	struct launcher *l;
	uint64_t id;
	pid_t pid;
	struct hws_timer grace;
};

struct launcher {
	struct hws_loop *loop;
	struct hws_ipc *hostd;
	struct hws_list children;
	unsigned count;
	int log_fd; /* for the next one; 0 = none */
	struct event on_child;
};

static void report(struct launcher *l, uint64_t id, pid_t pid, bool ended, const char *error)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__LaunchReport r = AGT__LAUNCH_REPORT__INIT;

	r.id = id;
	r.pid = (uint32_t)pid;
	r.ended = ended;
	r.error = (char *)(uintptr_t)(error ? error : "");
	m.union_case = AGT__MESSAGE__UNION_LAUNCH_REPORT;
	m.launch_report = &r;
	if (l->hostd && hws_ipc_send(l->hostd, &m, -1) < 0)
		hws_loop_stop(l->loop); /* it reads nothing any more */
}

static int launch(struct launcher *l, const Agt__LaunchRequest *q, int fd, pid_t *ret,
		struct hws_error *err)
{
	static const char *const levels[] = { "error", "warn", "info", "debug", "trace" };
	const char *level = levels[HWS_MIN(q->log_level, HWS_COUNT(levels) - 1)];
	const char *sandbox = q->sandbox ? "--sandbox" : "--no-sandbox";
	const char *const terminal[] = { "hawser-host", "agent", "--role", "terminal",
		"--log-level", level, sandbox, NULL };
	const char *const os_login[] = { "hawser-host", "os-login", "--log-level", level, NULL };
	static const char *const mount[] = { "hawser-mount", NULL };
	const char *const *const argv[HWS_LAUNCH_KINDS] = { [HWS_LAUNCH_TERMINAL] = terminal,
		[HWS_LAUNCH_OS_LOGIN] = os_login,
		[HWS_LAUNCH_MOUNT] = mount };
	char path[PATH_MAX];
	struct hws_spawn sp = { .ipc_fd = fd, .log_fd = l->log_fd, .user = q->account };

	if (q->what >= HWS_LAUNCH_KINDS || l->count >= CHILDREN_MAX)
		return hws_error_set(err, HWS_ERR_DENIED, "the launcher starts no more of that");
	sp.argv = argv[q->what];
	/* what runs as an account is open to it: nothing of our own may stand in its environment */
	sp.clean_env = q->what == HWS_LAUNCH_TERMINAL && *q->account;
	/* a check of passwords is made with the rights that we have */
	if (q->what == HWS_LAUNCH_OS_LOGIN)
		sp.user = NULL;
	if (q->what == HWS_LAUNCH_MOUNT) {
		int r = hws_mount_program(path, sizeof(path), err);

		if (r < 0)
			return r;
		sp.program = path;
	}
	return hws_spawn(&sp, ret, err);
}

static void start(struct launcher *l, const Agt__LaunchRequest *q, int fd)
{
	struct child *c = hws_alloc(sizeof(*c));
	struct hws_error err = { 0 };

	if (!c)
		hws_error_set(&err, HWS_ERR_NOMEM, "out of memory");
	else if (launch(l, q, fd, &c->pid, &err) < 0)
		hws_free(c);
	if (err.code) {
		report(l, q->id, 0, true, err.text);
		return;
	}
	c->l = l;
	c->id = q->id;
	hws_list_push(&l->children, &c->node);
	l->count++;
	report(l, c->id, c->pid, false, NULL);
}

static void on_grace(void *arg)
{
	const struct child *c = arg;

	kill(c->pid, SIGKILL);
}

static void end(struct launcher *l, uint64_t id)
{
	struct hws_list *n;

	hws_list_for (n, &l->children) {
		struct child *c = hws_container(n, struct child, node);

		if (c->id != id || hws_timer_active(&c->grace))
			continue;
		kill(c->pid, SIGTERM);
		hws_timer_start(l->loop, &c->grace, HWS_GATE_GRACE_US, on_grace, c);
	}
}

static void on_message(struct hws_ipc *ipc HWS_UNUSED, const Agt__Message *m, int fd, void *arg)
{
	struct launcher *l = arg;

	if (m->union_case == AGT__MESSAGE__UNION_LAUNCH_LOG) {
		if (l->log_fd > 0)
			close(l->log_fd);
		l->log_fd = fd > 0 ? fd : 0;
		return;
	}
	if (m->union_case == AGT__MESSAGE__UNION_LAUNCH_REQUEST && m->launch_request->end)
		end(l, m->launch_request->id);
	else if (m->union_case == AGT__MESSAGE__UNION_LAUNCH_REQUEST && fd >= 0)
		start(l, m->launch_request, fd);
	if (fd >= 0)
		close(fd);
	if (l->log_fd > 0)
		close(l->log_fd);
	l->log_fd = 0;
}

static void on_close(struct hws_ipc *ipc HWS_UNUSED, int why HWS_UNUSED, void *arg)
{
	struct launcher *l = arg;

	l->hostd = NULL;
	hws_loop_stop(l->loop);
}

static void forget(struct child *c)
{
	hws_timer_stop(&c->grace);
	hws_list_remove(&c->node);
	c->l->count--;
	hws_free(c);
}

static void on_child(evutil_socket_t sig HWS_UNUSED, short what HWS_UNUSED, void *arg)
{
	struct launcher *l = arg;
	struct hws_list *n, *next;
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
		hws_list_for_safe (n, next, &l->children) {
			struct child *c = hws_container(n, struct child, node);

			if (c->pid != pid)
				continue;
			report(l, c->id, 0, true, NULL);
			forget(c);
		}
	}
}

int hws_launcher_main(int fd)
{
	struct launcher l = { 0 };
	const struct hws_ipc_conf conf = { .frame_max = HWS_IPC_HOSTD_FRAME_MAX,
		.takes_fds = true,
		.on_message = on_message,
		.on_close = on_close,
		.arg = &l };
	struct hws_list *n, *next;
	int r;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN); /* hostd says when it is over */
	signal(SIGTERM, SIG_IGN);
	hws_list_init(&l.children);
	r = hws_loop_new(&l.loop);
	if (r < 0)
		return 1;
	event_assign(&l.on_child, hws_loop_base(l.loop), SIGCHLD, EV_SIGNAL | EV_PERSIST, on_child,
			&l);
	event_add(&l.on_child, NULL);
	r = hws_ipc_new(l.loop, fd, &conf, &l.hostd);
	if (r == HWS_OK)
		r = hws_loop_run(l.loop);
	hws_ipc_close(l.hostd, HWS_OK);
	event_del(&l.on_child);
	hws_list_for_safe (n, next, &l.children)
		forget(hws_container(n, struct child, node));
	hws_loop_free(l.loop);
	return r < 0 ? 1 : 0;
}
