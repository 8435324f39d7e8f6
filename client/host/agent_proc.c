/* An agent as a child process. That of the desktop may crash with it at any time, and sessions
 * shall find it again as soon as there is one; another is made when somebody needs it. */
#include "client/host/agent_proc.h"
#include "client/host/agent_conf.h"
#include "client/host/agent_pulse.h"
#include "client/host/ipc.h"
#include "client/host/ipc_caps.h"
#include "client/host/patience.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/str.h"
#include "shared/crypto/identity.h"
#include "shared/sys/spawn.h"
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAUSE_MIN_US (500 * HWS_US_PER_MS)
#define PAUSE_MAX_US (15 * HWS_US_PER_S)
#define STEADY_US (30 * HWS_US_PER_S) /* ran for so long: the next end is a new story */

#define AGENT_ARGS 15
#define MOUNTS_MAX 32u /* a folder for a viewer, and one that is just going */
#define COMMANDS_MAX 8 /* under way; they are typed by a person */
#define COMMAND_US (5 * HWS_US_PER_S)

struct command { /* for a service of the agent */
	struct hws_agent_proc *d;
	uint64_t id; /* 0 = free */
	void (*done)(unsigned told, const char *error, void *arg);
	void *arg;
	struct hws_timer limit;
};

struct mount { /* started for the agent */
	struct hws_agent_proc *d;
	uint64_t launch; /* 0 = free */
};

struct hws_agent_proc {
	struct hws_loop *loop;
	const struct hws_settings *settings;
	struct hws_agent_proc_conf conf;
	struct hws_ipc *ipc;
	pid_t pid;
	uint64_t launch; /* by the launcher; 0 = none */
	bool ready, lasting, ended;
	bool told; /* the log knows that there is none */
	char backend[32], why[420], cameras[HWS_CAMERA_BACKEND_MAX], hardware[400];
	unsigned displays, restarts, kept;
	uint64_t started_us, pause_us;
	struct hws_timer again, patience;
	struct hws_agent_pulse pulse;
	struct command command[COMMANDS_MAX];
	uint64_t last_command;
	struct mount mount[MOUNTS_MAX];
};

static void start(void *arg);

static bool is_desktop(const struct hws_agent_proc *d)
{
	return d->conf.role == HWS_AGENT_DESKTOP;
}

static void tell_changed(struct hws_agent_proc *d)
{
	if (d->conf.changed)
		d->conf.changed(d, d->conf.arg);
}

static void set_down(struct hws_agent_proc *d, const char *why)
{
	hws_str_escape(d->why, sizeof(d->why), hws_bytes_str(why));
	if (is_desktop(d) && (d->ready || !d->told))
		hws_warn_limited("desktop.down", HWS_STR("why", d->why));
	else if (!is_desktop(d))
		hws_warn_limited("agent.down", HWS_STR("role", hws_agent_role_name(d->conf.role)),
				HWS_STR("why", d->why));
	d->told = true;
	d->ready = d->lasting = false;
	d->displays = 0;
	hws_agent_pulse_stop(&d->pulse); /* what opens a desktop may take its time */
}

static void start_later(struct hws_agent_proc *d)
{
	if (!is_desktop(d)) {
		d->ended = true;
		tell_changed(d);
		return;
	}
	if (hws_loop_now_us(d->loop) - d->started_us > STEADY_US)
		d->pause_us = 0;
	d->pause_us = d->pause_us ? HWS_MIN(d->pause_us * 2, PAUSE_MAX_US) : PAUSE_MIN_US;
	d->restarts++;
	hws_timer_start(d->loop, &d->again, d->pause_us, start, d);
}

static void on_state(struct hws_agent_proc *d, const Agt__AgentState *s)
{
	hws_timer_stop(&d->patience);
	if (!s->ready) {
		set_down(d, *s->error ? s->error : "the agent found no usable display");
		d->lasting = s->lasting;
		tell_changed(d);
		return;
	}
	hws_str_escape(d->backend, sizeof(d->backend), hws_bytes_str(s->backend));
	hws_str_escape(d->hardware, sizeof(d->hardware), hws_bytes_str(s->hardware));
	d->displays = s->displays;
	d->kept = s->kept;
	d->why[0] = 0;
	if (!d->ready && is_desktop(d))
		hws_info_limited("desktop.ready", HWS_STR("backend", d->backend),
				HWS_U64("displays", d->displays));
	hws_agent_pulse_start(&d->pulse, d->ipc);
	d->ready = true;
	d->lasting = false;
	d->told = false;
	tell_changed(d);
}

static void end_command(struct command *c, unsigned told, const char *error)
{
	void (*done)(unsigned told, const char *error, void *arg) = c->done;
	void *arg = c->arg;
	char safe[400];

	if (!c->id)
		return;
	hws_timer_stop(&c->limit);
	c->id = 0;
	done(told, hws_str_escape(safe, sizeof(safe), hws_bytes_str(error)), arg);
}

static void on_result(struct hws_agent_proc *d, const Agt__ServiceResult *r)
{
	for (unsigned i = 0; i < COMMANDS_MAX; i++)
		if (r->id && d->command[i].id == r->id)
			end_command(&d->command[i], r->told, r->error);
}

static void on_command_limit(void *arg)
{
	end_command(arg, 0, "the desktop's agent does not answer");
}

static void on_mount_end(const char *why, void *arg)
{
	struct mount *m = arg;

	m->launch = 0;
	if (why)
		hws_warn_limited("mount.not_started", HWS_STR("why", why));
}

/* As the account whose desktop it is. What is not started has its socket closed, and the agent
 * finds out by that. */
static void start_mount(struct hws_agent_proc *d, int fd)
{
	struct hws_launch what = { .what = HWS_LAUNCH_MOUNT,
		.account = d->settings->desktop_user,
		.log_level = d->settings->log_level,
		.ipc_fd = fd,
		.ended = on_mount_end };
	unsigned i = 0;

	while (i < MOUNTS_MAX && d->mount[i].launch)
		i++;
	if (i == MOUNTS_MAX || !d->conf.mounts) {
		hws_warn_limited("mount.refused");
		return;
	}
	d->mount[i].d = d;
	what.arg = &d->mount[i];
	what.log_fd = hws_child_log_open(d->conf.logs, "mount.log", 0);
	if (hws_launcher_start(d->conf.mounts, &what, &d->mount[i].launch) < 0)
		d->mount[i].launch = 0;
	if (what.log_fd > 0)
		close(what.log_fd);
}

/* Who is stopped, or turns in a circle, holds its viewers for nothing, and they wait without a
 * word. Shells would be lost with theirs: that one is the owner's to end. Without sandboxes it may
 * be a debugger that stopped it. */
static void on_silent(void *arg)
{
	struct hws_agent_proc *d = arg;

	if (d->conf.role == HWS_AGENT_TERMINAL || !d->settings->sandbox) {
		hws_warn_limited(
				"agent.silent", HWS_STR("role", hws_agent_role_name(d->conf.role)));
		return;
	}
	set_down(d,
			is_desktop(d) ? "the agent did not answer any more; it is started again"
				      : "the agent did not answer any more");
	if (d->pid)
		kill(d->pid, SIGKILL);
	hws_ipc_close(d->ipc, HWS_ERR_TIMEOUT);
}

static void on_message(struct hws_ipc *l HWS_UNUSED, const Agt__Message *m, int fd, void *arg)
{
	struct hws_agent_proc *d = arg;

	hws_agent_pulse_heard(&d->pulse);
	if (m->union_case == AGT__MESSAGE__UNION_MOUNT_START && fd >= 0)
		start_mount(d, fd);
	if (fd >= 0)
		close(fd);
	if (m->union_case == AGT__MESSAGE__UNION_AGENT_STATE)
		on_state(d, m->agent_state);
	else if (m->union_case == AGT__MESSAGE__UNION_SERVICE_RESULT)
		on_result(d, m->service_result);
	else if (m->union_case == AGT__MESSAGE__UNION_AGENT_VIEWER)
		d->conf.let_in(m->agent_viewer->conn, d->conf.arg);
	else if (m->union_case == AGT__MESSAGE__UNION_AGENT_COST && d->conf.cost)
		d->conf.cost(m->agent_cost, d->conf.arg);
	else if (m->union_case == AGT__MESSAGE__UNION_AGENT_ASK && d->conf.asked)
		d->conf.asked(m->agent_ask->conn, m->agent_ask->what,
				hws_bytes(m->agent_ask->data.data, m->agent_ask->data.len),
				d->conf.arg);
	else if (m->union_case == AGT__MESSAGE__UNION_AGENT_AUDIT && d->conf.audit)
		d->conf.audit(m->agent_audit, d->conf.arg);
}

static void on_close(struct hws_ipc *l HWS_UNUSED, int why HWS_UNUSED, void *arg)
{
	struct hws_agent_proc *d = arg;

	d->ipc = NULL;
	hws_timer_stop(&d->patience);
	hws_agent_pulse_stop(&d->pulse);
	for (unsigned i = 0; i < COMMANDS_MAX; i++)
		end_command(&d->command[i], 0, "the desktop's agent ended");
	if (d->ready || !d->why[0])
		set_down(d,
				is_desktop(d) ? "the agent ended unexpectedly; it is started again"
					      : "the agent ended unexpectedly");
	d->ready = false;
	if (d->pid)
		kill(d->pid, SIGTERM);
	start_later(d);
}

static void on_patience(void *arg)
{
	struct hws_agent_proc *d = arg;

	set_down(d, "the agent does not answer");
	hws_ipc_close(d->ipc, HWS_ERR_TIMEOUT);
}

/* What everybody may read of it; what the owner has set for its services is told later. */
static void fill_argv(struct hws_agent_proc *d, const char *argv[AGENT_ARGS])
{
	static const char *const levels[] = { "error", "warn", "info", "debug", "trace" };
	const struct hws_settings *s = d->settings;
	int n = 0;

	argv[n++] = "hawser-host";
	argv[n++] = "agent";
	argv[n++] = "--role";
	argv[n++] = hws_agent_role_name(d->conf.role);
	argv[n++] = "--log-level";
	argv[n++] = levels[s->log_level];
	argv[n++] = s->sandbox ? "--sandbox" : "--no-sandbox";
	argv[n++] = "--hardware-codecs";
	argv[n++] = s->hardware_codecs;
	if (!s->notify)
		argv[n++] = "--no-notify";
	if (is_desktop(d) && *s->display) {
		argv[n++] = "--display";
		argv[n++] = s->display;
	}
	if (is_desktop(d) && *s->backend) {
		argv[n++] = "--backend";
		argv[n++] = s->backend;
	}
	if (d->conf.role == HWS_AGENT_CAMERA &&
			hws_settings_camera(s, d->cameras, sizeof(d->cameras), NULL) == HWS_OK) {
		argv[n++] = "--backend";
		argv[n++] = d->cameras;
	}
	argv[n] = NULL;
}

static void on_launch_end(const char *why, void *arg)
{
	struct hws_agent_proc *d = arg;

	d->launch = 0;
	if (why)
		set_down(d, why);
	hws_ipc_close(d->ipc, HWS_OK);
}

static int launch(struct hws_agent_proc *d, int ipc_fd, int log_fd)
{
	const struct hws_launch what = { .what = HWS_LAUNCH_TERMINAL,
		.account = d->conf.account,
		.log_level = d->settings->log_level,
		.sandbox = d->settings->sandbox,
		.ipc_fd = ipc_fd,
		.log_fd = log_fd,
		.ended = on_launch_end,
		.arg = d };
	int r = hws_launcher_start(d->conf.launcher, &what, &d->launch);

	if (r < 0)
		set_down(d,
				"the process that starts terminals has ended: the host has to be started "
				"again");
	return r;
}

static int start_process(struct hws_agent_proc *d, int ipc_fd)
{
	const struct hws_settings *s = d->settings;
	const char *argv[AGENT_ARGS];
	struct hws_error err = { 0 };
	struct hws_spawn sp = { .argv = argv,
		.ipc_fd = ipc_fd,
		.huge_pages = is_desktop(d),
		.display = is_desktop(d) && *s->display ? s->display : NULL,
		.clean_env = d->conf.role == HWS_AGENT_FILES || d->conf.role == HWS_AGENT_TUNNEL,
		.user = is_desktop(d) ? s->desktop_user : d->conf.account,
		.no_groups = d->conf.no_groups };
	int r;

	fill_argv(d, argv);
	sp.log_fd = hws_child_log_open(d->conf.logs, "agent.log", 0);
	if (d->conf.launcher)
		r = launch(d, ipc_fd, sp.log_fd);
	else
		r = hws_spawn(&sp, &d->pid, &err);
	if (err.code)
		set_down(d, err.text);
	if (sp.log_fd > 0)
		close(sp.log_fd);
	return r;
}

static void start(void *arg)
{
	struct hws_agent_proc *d = arg;
	struct hws_ipc_conf conf = { .frame_max = HWS_IPC_AGENT_FRAME_MAX,
		.send_max = HWS_IPC_HOSTD_QUEUE_MAX,
		.rate = HWS_IPC_AGENT_RATE,
		.burst = HWS_IPC_AGENT_BURST,
		.check = hws_ipc_check_agent,
		.takes_fds = d->conf.mounts != NULL,
		.on_message = on_message,
		.on_close = on_close,
		.arg = d };
	int fds[2];

	d->started_us = hws_loop_now_us(d->loop);
	if (d->pid) { /* the old one has not gone yet */
		kill(d->pid, SIGKILL);
		start_later(d);
		return;
	}
	if (hws_ipc_pair(fds) < 0) {
		start_later(d);
		return;
	}
	if (start_process(d, fds[1]) < 0)
		close(fds[0]);
	else if (hws_ipc_new(d->loop, fds[0], &conf, &d->ipc) < 0)
		d->ipc = NULL;
	close(fds[1]);
	if (!d->ipc) {
		start_later(d);
		return;
	}
	hws_timer_start(d->loop, &d->patience, HWS_AGENT_START_US, on_patience, d);
	hws_agent_conf_send(d->settings, d->ipc);
}

int hws_agent_proc_new(struct hws_loop *loop, const struct hws_settings *settings,
		const struct hws_agent_proc_conf *conf, struct hws_agent_proc **ret)
{
	struct hws_agent_proc *d = calloc(1, sizeof(*d));

	if (!d)
		return HWS_ERR_NOMEM;
	d->loop = loop;
	d->settings = settings;
	d->conf = *conf;
	hws_agent_pulse_init(&d->pulse, loop,
			hws_agent_role_of_desktop(conf->role) ? HWS_DESKTOP_SILENT_US
							      : HWS_AGENT_SILENT_US,
			on_silent, d);
	start(d);
	*ret = d;
	return HWS_OK;
}

void hws_agent_proc_free(struct hws_agent_proc *d, pid_t *ret_pid)
{
	struct hws_ipc *l;

	if (ret_pid)
		*ret_pid = 0;
	if (!d)
		return;
	d->conf.changed = NULL;
	l = d->ipc;
	d->ipc = NULL;
	d->why[0] = 'x'; /* its end is no news any more */
	d->ready = false;
	hws_ipc_close(l, HWS_OK);
	hws_timer_stop(&d->again);
	hws_timer_stop(&d->patience);
	hws_agent_pulse_stop(&d->pulse);
	if (d->launch)
		hws_launcher_end(d->conf.launcher, d->launch);
	for (unsigned i = 0; i < MOUNTS_MAX; i++)
		if (d->mount[i].launch)
			hws_launcher_end(d->conf.mounts, d->mount[i].launch);
	if (d->pid) {
		kill(d->pid, SIGTERM);
		/* it ends by itself when its link does; whoever collects zombies may */
	}
	if (ret_pid)
		*ret_pid = d->pid;
	free(d);
}

void hws_agent_proc_state(const struct hws_agent_proc *d, struct hws_agent_state *ret)
{
	*ret = (struct hws_agent_state){ d->ready, d->lasting, d->ended, d->backend, d->why,
		d->displays, d->restarts, d->kept,
		d->launch ? hws_launcher_pid(d->conf.launcher, d->launch) : d->pid, d->hardware };
}

int hws_agent_proc_join(struct hws_agent_proc *d, const struct hws_agent_session *s, int *ret_fd)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__AgentLink l = AGT__AGENT_LINK__INIT;
	int fds[2], r;

	if (!d->ipc || !d->ready)
		return HWS_ERR_DISPLAY;
	r = hws_ipc_pair(fds);
	if (r < 0)
		return r;
	l.conn = s->conn;
	l.kind = (Agt__SessionKind)s->kind;
	l.permissions = s->permissions;
	l.my_id = (char *)(uintptr_t)s->my_id;
	l.my_name = (char *)(uintptr_t)s->my_name;
	l.peer_addr = (char *)(uintptr_t)s->peer;
	l.via = (char *)(uintptr_t)s->via;
	l.secure = s->secure;
	l.by_v2 = s->by_v2;
	if (s->viewer_pk)
		l.viewer_pk = (ProtobufCBinaryData){ HWS_PK_LEN,
			(uint8_t *)(uintptr_t)s->viewer_pk };
	m.union_case = AGT__MESSAGE__UNION_AGENT_LINK;
	m.agent_link = &l;
	r = hws_ipc_send(d->ipc, &m, fds[1]);
	if (r < 0) {
		close(fds[0]);
		return r;
	}
	*ret_fd = fds[0];
	return HWS_OK;
}

/* What takes something away must arrive: an agent that does not read is started again. */
static void control(struct hws_agent_proc *d, Agt__AgentControl *c)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	int r;

	if (!d || !d->ipc)
		return;
	m.union_case = AGT__MESSAGE__UNION_AGENT_CONTROL;
	m.agent_control = c;
	r = hws_ipc_send(d->ipc, &m, -1);
	if (r < 0)
		hws_ipc_close(d->ipc, r);
}

static void send_notice(struct hws_agent_proc *d, Agt__AgentNotice *n)
{
	Agt__Message m = AGT__MESSAGE__INIT;

	m.union_case = AGT__MESSAGE__UNION_AGENT_NOTICE;
	m.agent_notice = n;
	if (d && d->ipc && hws_ipc_send(d->ipc, &m, -1) < 0)
		hws_debug("agent.notice_lost");
}

void hws_agent_proc_notice(struct hws_agent_proc *d, const struct hws_agent_session *s)
{
	Agt__AgentNotice n = AGT__AGENT_NOTICE__INIT;

	n.conn = s->conn;
	n.here = true;
	n.kind = (Agt__SessionKind)s->kind;
	n.my_id = (char *)(uintptr_t)s->my_id;
	n.my_name = (char *)(uintptr_t)s->my_name;
	n.peer_addr = (char *)(uintptr_t)s->peer;
	n.via = (char *)(uintptr_t)s->via;
	send_notice(d, &n);
}

void hws_agent_proc_notice_gone(struct hws_agent_proc *d, uint64_t conn)
{
	Agt__AgentNotice n = AGT__AGENT_NOTICE__INIT;

	n.conn = conn;
	send_notice(d, &n);
}

void hws_agent_proc_permit(struct hws_agent_proc *d, uint64_t conn, uint32_t permissions)
{
	Agt__AgentControl c = AGT__AGENT_CONTROL__INIT;

	c.conn = conn;
	c.set_permissions = true;
	c.permissions = permissions;
	control(d, &c);
}

void hws_agent_proc_part(struct hws_agent_proc *d, uint64_t conn)
{
	Agt__AgentControl c = AGT__AGENT_CONTROL__INIT;

	c.conn = conn;
	c.close = true;
	control(d, &c);
}

void hws_agent_proc_configure(struct hws_agent_proc *d)
{
	if (d->ipc)
		hws_agent_conf_send(d->settings, d->ipc);
}

void hws_agent_proc_command(struct hws_agent_proc *d, const char *service, uint64_t conn,
		const char *text, void (*done)(unsigned told, const char *error, void *arg),
		void *arg)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__ServiceCommand q = AGT__SERVICE_COMMAND__INIT;
	unsigned i = 0;

	while (i < COMMANDS_MAX && d->command[i].id)
		i++;
	if (i == COMMANDS_MAX || !d->ipc || !d->ready) {
		done(0,
				i == COMMANDS_MAX ? "too much is being said at once"
						  : "there is no desktop",
				arg);
		return;
	}
	struct command *c = &d->command[i];
	*c = (struct command){ .d = d, .id = ++d->last_command, .done = done, .arg = arg };
	q.id = c->id;
	q.service = (char *)(uintptr_t)service;
	q.conn = conn;
	q.text = (char *)(uintptr_t)text;
	m.union_case = AGT__MESSAGE__UNION_SERVICE_COMMAND;
	m.service_command = &q;
	hws_timer_start(d->loop, &c->limit, COMMAND_US, on_command_limit, c);
	if (hws_ipc_send(d->ipc, &m, -1) < 0)
		end_command(c, 0, "the desktop's agent takes nothing at the moment");
}

bool hws_agent_proc_reaped(struct hws_agent_proc *d, pid_t pid, int status)
{
	if (!d->pid || d->pid != pid)
		return false;
	d->pid = 0;
	if (WIFSIGNALED(status))
		hws_warn("agent.killed", HWS_I64("signal", WTERMSIG(status)));
	return true;
}
