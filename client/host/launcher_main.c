/* The launcher's own process. It keeps the rights that hostd gives up, so it does next to
 * nothing: it looks up what a number stands for, starts that as an account, waits for it and says
 * that it has ended. It never opens a file that hostd names, and reads nothing but hostd's
 * messages, and the settings, for the account that the owner named. */
#include "client/host/ipc.h"
#include "client/host/ipc_caps.h"
#include "client/host/launch_grants.h"
#include "client/host/launcher.h"
#include "client/host/os_guard.h"
#include "client/host/os_login.h"
#include "client/host/patience.h"
#include "client/host/settings.h"
#include "client/mount/program.h"
#include "shared/base/list.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/sys/spawn.h"
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN_MAX 256u

struct child {
	struct hws_list node;
	struct launcher *l;
	uint64_t id;
	pid_t pid;
	enum hws_launch_what what;
	char account[HWS_LAUNCH_ACCOUNT_MAX + 1];
	bool must_succeed; /* its exit status is told */
	struct hws_timer grace;
};

struct launcher {
	struct hws_loop *loop;
	struct hws_ipc *hostd;
	char restart[PATH_MAX],
			viewer[PATH_MAX]; /* programs of the settings; "" = the usual ones */
	struct hws_list children;
	unsigned count;
	int log_fd; /* for the next one; 0 = none */
	struct event on_child;
	/* for whom it starts something: whom the owner named, and who knew a password */
	int argc; /* of the settings */
	char **argv;
	char service[HWS_LAUNCH_ACCOUNT_MAX + 1], desktop[HWS_LAUNCH_ACCOUNT_MAX + 1];
	struct hws_launch_grants grants;
	struct hws_os_guard guard;
};

/* As they are now: what cannot be read stays as it was. */
static void read_settings(struct launcher *l)
{
	struct hws_settings s;
	struct hws_error err = { 0 };
	char service[sizeof(l->service)], desktop[sizeof(l->desktop)];
	int rest;

	if (hws_settings_load(&s, l->argc, l->argv, false, &rest, &err) < 0) {
		hws_warn_limited("launcher.settings", HWS_STR("why", err.text));
		return;
	}
	if (hws_str_copy(service, sizeof(service), hws_settings_account(&s)) == HWS_OK &&
			hws_str_copy(desktop, sizeof(desktop), s.desktop_user) == HWS_OK) {
		memcpy(l->service, service, sizeof(service));
		memcpy(l->desktop, desktop, sizeof(desktop));
	}
	if (hws_str_copy(l->restart, sizeof(l->restart), s.restart_command) < 0)
		l->restart[0] = 0;
	if (hws_str_copy(l->viewer, sizeof(l->viewer), s.viewer_command) < 0)
		l->viewer[0] = 0;
	hws_settings_done(&s);
}

static bool is_root(const char *account)
{
	const struct passwd *pw = getpwnam(account);

	return !pw || pw->pw_uid == 0;
}

/* May a shell be started as this account? */
static bool may_be(struct launcher *l, const char *account)
{
	/* who is not root can be nobody else */
	if (geteuid() != 0)
		return true;
	if (!*account)
		return false;
	if (hws_str_equal(account, l->service))
		return true;
	if (hws_launch_grants_has(&l->grants, account, hws_loop_now_us(l->loop)))
		return !is_root(account);
	read_settings(l); /* the owner may have named another one since */
	return hws_str_equal(account, l->service);
}

static void reap(struct launcher *l);

static bool is_asked_about(struct launcher *l, const char *account)
{
	struct hws_list *n;

	reap(l);
	hws_list_for (n, &l->children) {
		const struct child *c = hws_container(n, struct child, node);

		if (c->what == HWS_LAUNCH_OS_LOGIN && hws_str_equal(c->account, account))
			return true;
	}
	return false;
}

/* It becomes an argument of a program. */
static bool is_id(const char *id)
{
	return *id && *id != '-' &&
			!id[strspn(id,
					"0123456789abcdefghijklmnopqrstuvwxyz"
					"ABCDEFGHIJKLMNOPQRSTUVWXYZ_-")];
}

/* NULL: it may be started; else why not, for a viewer. */
static const char *refusal(struct launcher *l, const Agt__LaunchRequest *q, char *text, size_t size)
{
	switch (q->what) {
	case HWS_LAUNCH_TERMINAL:
		return may_be(l, q->account) ? NULL
					     : "The host has not seen the password of this account";
	case HWS_LAUNCH_MOUNT:
		return hws_str_equal(q->account, l->desktop)
				? NULL
				: "the launcher shows files on no other desktop";
	case HWS_LAUNCH_OS_LOGIN:
		if (!*q->account || q->account[0] == '-' ||
				strlen(q->account) > HWS_LAUNCH_ACCOUNT_MAX)
			return "Incorrect username or password.";
		/* one after the other: each wrong one counts before the next is tried */
		if (is_asked_about(l, q->account))
			return "Please try again in 1 second(s).";
		return hws_os_guard_begin(&l->guard, q->account, hws_loop_now_us(l->loop), text,
				       size) < 0
				? text
				: NULL;
	case HWS_LAUNCH_RESTART: /* no more than the end of the service */
		return NULL;
	case HWS_LAUNCH_VIEWER:
		return hws_str_equal(q->account, l->desktop) && is_id(q->target) &&
						is_id(q->own_id) && *q->server && *q->server != '-'
				? NULL
				: "the launcher starts no such viewer";
	default:
		return "the launcher starts no more of that";
	}
}

/* It has said in the only way that nobody else can whether the password was right. */
static void take_verdict(struct launcher *l, const struct child *c, int status)
{
	uint64_t now = hws_loop_now_us(l->loop);
	bool good = WIFEXITED(status) && WEXITSTATUS(status) == HWS_OS_LOGIN_PASSED;

	if (c->what == HWS_LAUNCH_TERMINAL)
		hws_launch_grants_use(&l->grants, c->account, now);
	if (c->what != HWS_LAUNCH_OS_LOGIN)
		return;
	hws_os_guard_ended(&l->guard, c->account, good, now);
	if (good)
		hws_launch_grants_add(&l->grants, c->account, now);
}

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

/* Named by who started the host, else the first of these that is there; `folder`s are those of our
 * own program. */
static int find_program(const char *named, const char *const places[], bool beside, char *path,
		size_t size, struct hws_error *err)
{
	char own[PATH_MAX] = "";
	char *slash;

	if (*named && hws_str_copy(path, size, named) == HWS_OK)
		return HWS_OK;
	if (beside && readlink("/proc/self/exe", own, sizeof(own) - 1) > 0 &&
			(slash = strrchr(own, '/')))
		slash[1] = 0;
	for (; *places; places++)
		if (hws_fmt(path, size, "%s%s", beside ? own : "", *places) == HWS_OK &&
				access(path, X_OK) == 0)
			return HWS_OK;
	return hws_error_set(err, HWS_ERR_NOTFOUND, "the program for it is not installed");
}

/* systemd asks logind, and that polkit, whether who we are may. */
static int find_restart(const struct launcher *l, char *path, size_t size, struct hws_error *err)
{
	static const char *const places[] = { "/usr/bin/systemctl", "/bin/systemctl", NULL };

	return find_program(l->restart, places, false, path, size, err);
}

static int find_viewer(const struct launcher *l, char *path, size_t size, struct hws_error *err)
{
	static const char *const places[] = { "hawser", "../cli/hawser", NULL };

	return find_program(l->viewer, places, true, path, size, err);
}

static int launch(struct launcher *l, const Agt__LaunchRequest *q, int fd, pid_t *ret,
		struct hws_error *err)
{
	static const char *const levels[] = { "error", "warn", "info", "debug", "trace" };
	const char *level = levels[HWS_MIN(q->log_level, HWS_COUNT(levels) - 1)];
	const char *sandbox = q->sandbox ? "--sandbox" : "--no-sandbox";
	const char *const terminal[] = { "hawser-host", "agent", "--role", "terminal",
		"--log-level", level, sandbox, NULL };
	const char *const os_login[] = { "hawser-host", "os-login", "--log-level", level,
		q->account, NULL };
	static const char *const mount[] = { "hawser-mount", NULL };
	static const char *const restart[] = { "systemctl", "reboot", NULL };
	/* whom it looks at chose it: nothing that was copied here is theirs before the person
	 * says so */
	const char *const viewer[] = { "hawser", "connect", q->target, "--server", q->server,
		"--own-id", q->own_id, "--switch-fd", "--clipboard", "off",
		*q->key ? "--key" : NULL, q->key, NULL };
	const char *const *const argv[HWS_LAUNCH_KINDS] = { [HWS_LAUNCH_TERMINAL] = terminal,
		[HWS_LAUNCH_OS_LOGIN] = os_login,
		[HWS_LAUNCH_MOUNT] = mount,
		[HWS_LAUNCH_RESTART] = restart,
		[HWS_LAUNCH_VIEWER] = viewer };
	char path[PATH_MAX];
	struct hws_spawn sp = { .ipc_fd = fd, .log_fd = l->log_fd, .user = q->account };

	if (q->what >= HWS_LAUNCH_KINDS || l->count >= CHILDREN_MAX)
		return hws_error_set(err, HWS_ERR_DENIED, "the launcher starts no more of that");
	sp.argv = argv[q->what];
	/* what runs as an account is open to it: nothing of our own may stand in its environment */
	sp.clean_env = q->what == HWS_LAUNCH_TERMINAL && *q->account;
	/* a check of passwords is made with the rights that we have */
	if (q->what == HWS_LAUNCH_OS_LOGIN || q->what == HWS_LAUNCH_RESTART)
		sp.user = NULL;
	if (q->what == HWS_LAUNCH_VIEWER && *q->display)
		sp.display = q->display;
	if (q->what == HWS_LAUNCH_MOUNT || q->what == HWS_LAUNCH_RESTART ||
			q->what == HWS_LAUNCH_VIEWER) {
		int r = q->what == HWS_LAUNCH_MOUNT ? hws_mount_program(path, sizeof(path), err)
				: q->what == HWS_LAUNCH_RESTART
				? find_restart(l, path, sizeof(path), err)
				: find_viewer(l, path, sizeof(path), err);

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
	char text[HWS_OS_GUARD_TEXT];
	const char *why = c ? refusal(l, q, text, sizeof(text)) : "out of memory";

	if (!why &&
			(hws_str_copy(c->account, sizeof(c->account), q->account) < 0 ||
					launch(l, q, fd, &c->pid, &err) < 0)) {
		why = err.code ? err.text : "there is no such account";
		if (q->what == HWS_LAUNCH_OS_LOGIN)
			hws_os_guard_ended(&l->guard, q->account, false, hws_loop_now_us(l->loop));
	}
	if (why) {
		hws_free(c);
		report(l, q->id, 0, true, why);
		return;
	}
	c->what = (enum hws_launch_what)q->what;
	c->l = l;
	c->id = q->id;
	c->must_succeed = q->what == HWS_LAUNCH_RESTART;
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

/* For who asked for it, and for the host's log. NULL: it is done. */
static const char *failure(const struct child *c, int status, char *text, size_t size)
{
	const char *command = *c->l->restart ? c->l->restart : "systemctl reboot";

	if (!c->must_succeed || !status)
		return NULL;
	snprintf(text, size, "'%.80s' ended with %s %d; restart-command in host.conf names another",
			command, WIFSIGNALED(status) ? "signal" : "status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return text;
}

static void forget(struct child *c)
{
	hws_timer_stop(&c->grace);
	hws_list_remove(&c->node);
	c->l->count--;
	hws_free(c);
}

static void reap(struct launcher *l)
{
	struct hws_list *n, *next;
	char text[200];
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		hws_list_for_safe (n, next, &l->children) {
			struct child *c = hws_container(n, struct child, node);

			if (c->pid != pid)
				continue;
			take_verdict(l, c, status);
			report(l, c->id, 0, true, failure(c, status, text, sizeof(text)));
			forget(c);
		}
	}
}

static void on_child(evutil_socket_t sig HWS_UNUSED, short what HWS_UNUSED, void *arg)
{
	reap(arg);
}

int hws_launcher_main(int fd, int argc, char **argv)
{
	struct launcher l = { .argc = argc, .argv = argv };
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
	hws_os_guard_init(&l.guard);
	r = hws_loop_new(&l.loop);
	if (r < 0)
		return 1;
	read_settings(&l);
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
