/* The agent as a child process: it may crash with the desktop at any time, and sessions shall
 * find it again as soon as there is one. */
#include "client/host/desktop.h"
#include "client/host/ipc.h"
#include "client/host/ipc_caps.h"
#include "client/host/patience.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/str.h"
#include "shared/sys/spawn.h"
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAUSE_MIN_US (500 * HWS_US_PER_MS)
#define PAUSE_MAX_US (15 * HWS_US_PER_S)
#define STEADY_US (30 * HWS_US_PER_S) /* ran for so long: the next end is a new story */

#define COMMANDS_MAX 8 /* under way; they are typed by a person */
#define COMMAND_US (5 * HWS_US_PER_S)

struct command { /* for a service of the agent */
	struct hws_desktop *d;
	uint64_t id; /* 0 = free */
	void (*done)(unsigned told, const char *error, void *arg);
	void *arg;
	struct hws_timer limit;
};

struct hws_desktop {
	struct hws_loop *loop;
	const struct hws_settings *settings;
	struct hws_desktop_conf conf;
	struct hws_ipc *ipc;
	pid_t pid;
	bool ready, lasting, told; /* told: the log knows that there is none */
	char backend[32], why[420];
	unsigned displays, restarts;
	uint64_t started_us, pause_us;
	struct hws_timer again, patience;
	struct command command[COMMANDS_MAX];
	uint64_t last_command;
};

static void start(void *arg);

static void set_down(struct hws_desktop *d, const char *why)
{
	hws_str_escape(d->why, sizeof(d->why), hws_bytes_str(why));
	if (d->ready || !d->told)
		hws_warn_limited("desktop.down", HWS_STR("why", d->why));
	d->told = true;
	d->ready = d->lasting = false;
	d->displays = 0;
}

static void start_later(struct hws_desktop *d)
{
	if (hws_loop_now_us(d->loop) - d->started_us > STEADY_US)
		d->pause_us = 0;
	d->pause_us = d->pause_us ? HWS_MIN(d->pause_us * 2, PAUSE_MAX_US) : PAUSE_MIN_US;
	d->restarts++;
	hws_timer_start(d->loop, &d->again, d->pause_us, start, d);
}

static void on_state(struct hws_desktop *d, const Agt__AgentState *s)
{
	hws_timer_stop(&d->patience);
	if (!s->ready) {
		set_down(d, *s->error ? s->error : "the agent found no usable display");
		d->lasting = s->lasting;
		return;
	}
	hws_str_escape(d->backend, sizeof(d->backend), hws_bytes_str(s->backend));
	d->displays = s->displays;
	d->why[0] = 0;
	if (!d->ready)
		hws_info_limited("desktop.ready", HWS_STR("backend", d->backend),
				HWS_U64("displays", d->displays));
	d->ready = true;
	d->lasting = false;
	d->told = false;
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

static void on_result(struct hws_desktop *d, const Agt__ServiceResult *r)
{
	for (unsigned i = 0; i < COMMANDS_MAX; i++)
		if (r->id && d->command[i].id == r->id)
			end_command(&d->command[i], r->told, r->error);
}

static void on_command_limit(void *arg)
{
	end_command(arg, 0, "the desktop's agent does not answer");
}

static void on_message(struct hws_ipc *l HWS_UNUSED, const Agt__Message *m, int fd, void *arg)
{
	struct hws_desktop *d = arg;

	if (fd >= 0)
		close(fd);
	if (m->union_case == AGT__MESSAGE__UNION_AGENT_STATE)
		on_state(d, m->agent_state);
	else if (m->union_case == AGT__MESSAGE__UNION_SERVICE_RESULT)
		on_result(d, m->service_result);
	else if (m->union_case == AGT__MESSAGE__UNION_AGENT_VIEWER)
		d->conf.let_in(m->agent_viewer->conn, d->conf.arg);
}

static void on_close(struct hws_ipc *l HWS_UNUSED, int why HWS_UNUSED, void *arg)
{
	struct hws_desktop *d = arg;

	d->ipc = NULL;
	hws_timer_stop(&d->patience);
	for (unsigned i = 0; i < COMMANDS_MAX; i++)
		end_command(&d->command[i], 0, "the desktop's agent ended");
	if (d->ready || !d->why[0])
		set_down(d, "the agent ended unexpectedly; it is started again");
	d->ready = false;
	if (d->pid)
		kill(d->pid, SIGTERM);
	start_later(d);
}

static void on_patience(void *arg)
{
	struct hws_desktop *d = arg;

	set_down(d, "the agent does not answer");
	hws_ipc_close(d->ipc, HWS_ERR_TIMEOUT);
}

static void start(void *arg)
{
	struct hws_desktop *d = arg;
	const struct hws_settings *s = d->settings;
	const char *argv[12] = { "hawser-host", "agent" };
	struct hws_ipc_conf conf = { .frame_max = HWS_IPC_HOSTD_FRAME_MAX,
		.send_max = HWS_IPC_HOSTD_QUEUE_MAX,
		.rate = HWS_IPC_HOSTD_RATE,
		.burst = HWS_IPC_HOSTD_BURST,
		.check = hws_ipc_check_agent,
		.on_message = on_message,
		.on_close = on_close,
		.arg = d };
	struct hws_error err = { 0 };
	struct hws_spawn sp = { .argv = argv,
		.huge_pages = true,
		.display = *s->display ? s->display : NULL,
		.user = s->desktop_user };
	int fds[2], n = 2;
	static const char *const levels[] = { "error", "warn", "info", "debug", "trace" };

	argv[n++] = "--log-level";
	argv[n++] = levels[s->log_level];
	argv[n++] = s->sandbox ? "--sandbox" : "--no-sandbox";
	if (!s->notify)
		argv[n++] = "--no-notify";
	if (*s->display) {
		argv[n++] = "--display";
		argv[n++] = s->display;
	}
	if (*s->backend) {
		argv[n++] = "--backend";
		argv[n++] = s->backend;
	}
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
	sp.ipc_fd = fds[1];
	sp.log_fd = hws_child_log_open(d->conf.logs, "agent.log", 0);
	if (hws_spawn(&sp, &d->pid, &err) < 0) {
		set_down(d, err.text);
		close(fds[0]);
	}
	close(fds[1]);
	if (sp.log_fd > 0)
		close(sp.log_fd);
	if (d->pid && hws_ipc_new(d->loop, fds[0], &conf, &d->ipc) < 0)
		d->ipc = NULL;
	if (!d->ipc)
		start_later(d);
	else
		hws_timer_start(d->loop, &d->patience, HWS_AGENT_START_US, on_patience, d);
}

int hws_desktop_new(struct hws_loop *loop, const struct hws_settings *settings,
		const struct hws_desktop_conf *conf, struct hws_desktop **ret)
{
	struct hws_desktop *d = calloc(1, sizeof(*d));

	if (!d)
		return HWS_ERR_NOMEM;
	d->loop = loop;
	d->settings = settings;
	d->conf = *conf;
	start(d);
	*ret = d;
	return HWS_OK;
}

void hws_desktop_free(struct hws_desktop *d)
{
	struct hws_ipc *l;

	if (!d)
		return;
	l = d->ipc;
	d->ipc = NULL;
	d->why[0] = 'x'; /* its end is no news any more */
	d->ready = false;
	hws_ipc_close(l, HWS_OK);
	hws_timer_stop(&d->again);
	hws_timer_stop(&d->patience);
	if (d->pid) {
		kill(d->pid, SIGTERM);
		/* it ends by itself when its link does; whoever collects zombies may */
	}
	free(d);
}

void hws_desktop_state(const struct hws_desktop *d, struct hws_desktop_state *ret)
{
	*ret = (struct hws_desktop_state){ d->ready, d->lasting, d->backend, d->why, d->displays,
		d->restarts, d->pid };
}

int hws_desktop_join(struct hws_desktop *d, const struct hws_desktop_session *s, int *ret_fd)
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
static void control(struct hws_desktop *d, Agt__AgentControl *c)
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

void hws_desktop_permit(struct hws_desktop *d, uint64_t conn, uint32_t permissions)
{
	Agt__AgentControl c = AGT__AGENT_CONTROL__INIT;

	c.conn = conn;
	c.set_permissions = true;
	c.permissions = permissions;
	control(d, &c);
}

void hws_desktop_part(struct hws_desktop *d, uint64_t conn)
{
	Agt__AgentControl c = AGT__AGENT_CONTROL__INIT;

	c.conn = conn;
	c.close = true;
	control(d, &c);
}

void hws_desktop_command(struct hws_desktop *d, const char *service, uint64_t conn,
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

bool hws_desktop_reaped(struct hws_desktop *d, pid_t pid, int status)
{
	if (!d->pid || d->pid != pid)
		return false;
	d->pid = 0;
	if (WIFSIGNALED(status))
		hws_warn("agent.killed", HWS_I64("signal", WTERMSIG(status)));
	return true;
}
