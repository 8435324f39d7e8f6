/* The agent: the process that runs as the session's user and serves, by its role, what there is to
 * the viewers whose gates hostd joins to it. Of the network it knows nothing. */
#include "client/hardware/use.h"
#include "client/host/agent/agent_parts.h"
#include "client/host/ipc_caps.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/str.h"
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#define LEAVE_US (100 * HWS_US_PER_MS)

/* Also tells what nobody says by itself: how many displays there are by now. */
static void on_ping(struct hws_agent *a, const Agt__Message *m)
{
	if (hws_ipc_send(a->hostd, m, -1) < 0)
		hws_debug("agent.pong_lost");
	hws_agent_tell_displays(a);
}

static void on_hostd_message(struct hws_ipc *l, const Agt__Message *m, int fd, void *arg)
{
	(void)l;
	if (m->union_case == AGT__MESSAGE__UNION_AGENT_LINK && fd >= 0)
		hws_agent_accept(arg, m->agent_link, fd);
	else if (fd >= 0)
		close(fd);
	if (m->union_case == AGT__MESSAGE__UNION_AGENT_CONTROL)
		hws_agent_control(arg, m->agent_control);
	else if (m->union_case == AGT__MESSAGE__UNION_AGENT_CONF)
		hws_agent_configure(arg, m->agent_conf);
	else if (m->union_case == AGT__MESSAGE__UNION_SERVICE_COMMAND)
		hws_agent_command(arg, m->service_command);
	else if (m->union_case == AGT__MESSAGE__UNION_AGENT_NOTICE)
		hws_agent_notice(arg, m->agent_notice);
	else if (m->union_case == AGT__MESSAGE__UNION_AGENT_PING)
		on_ping(arg, m);
}

static void on_hostd_close(struct hws_ipc *l, int why, void *arg)
{
	struct hws_agent *a = arg;

	(void)l;
	(void)why;
	a->hostd = NULL;
	hws_loop_stop(a->loop);
}

static void on_signal(evutil_socket_t sig, short what, void *arg)
{
	struct hws_agent *a = arg;

	(void)sig;
	(void)what;
	hws_loop_stop(a->loop);
}

static void on_hardware(const struct hws_hw_report *r, void *arg)
{
	struct hws_agent *a = arg;
	char codecs[250];

	hws_hw_use_here(r);
	if (hws_fmt(a->hardware_text, sizeof(a->hardware_text), "%s (%s): %s", r->device, r->vendor,
			    hws_hw_report_text(&r->table, codecs, sizeof(codecs))) < 0)
		a->hardware_text[0] = 0;
	if (a->services)
		hws_agent_tell_state(a);
}

static int agent_start(struct hws_agent *a, int ipc_fd)
{
	struct hws_ipc_conf lc = { .frame_max = HWS_IPC_AGENT_FRAME_MAX,
		.send_max = HWS_IPC_AGENT_QUEUE_MAX,
		.takes_fds = true,
		.on_message = on_hostd_message,
		.on_close = on_hostd_close,
		.arg = a };
	int r = hws_loop_new(&a->loop);

	if (r < 0) {
		close(ipc_fd);
		return r;
	}
	r = hws_ipc_new(a->loop, ipc_fd, &lc, &a->hostd);
	/* one codes, one makes screenshots; a role without a desktop confines itself first */
	if (r == HWS_OK && a->row->needs_desktop)
		r = hws_work_new(2, 64, &a->work);
	if (r == HWS_OK && a->row->needs_desktop && a->conf->hardware)
		r = hws_hw_use_new(a->loop, a->conf->hardware, on_hardware, a, &a->hardware);
	if (r == HWS_OK && a->row->needs_desktop && a->conf->notify)
		r = hws_notifier_new(a->loop, &a->notifier);
	if (r < 0)
		return r;
	struct event_base *base = hws_loop_base(a->loop);
	if (evsignal_assign(&a->on_term, base, SIGTERM, on_signal, a) < 0 ||
			evsignal_assign(&a->on_int, base, SIGINT, on_signal, a) < 0 ||
			evsignal_add(&a->on_term, NULL) < 0 || evsignal_add(&a->on_int, NULL) < 0)
		return HWS_ERR_NOMEM;
	return HWS_OK;
}

/* Whether there was any. */
static bool close_viewers(struct hws_agent *a)
{
	bool any = false;

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		if (!a->viewer[i])
			continue;
		any = true;
		hws_ipc_close(a->viewer[i]->ipc, HWS_OK);
	}
	return any;
}

/* What they had changed at servers (the microphone of programs) is put back by messages, which are
 * only queued when the last of them has left. */
static void leave_servers(struct hws_agent *a)
{
	uint64_t now, end = hws_clock_us() + LEAVE_US;

	while ((now = hws_clock_us()) < end)
		hws_loop_once(a->loop, end - now);
	close_viewers(a); /* who came meanwhile */
}

static void agent_stop(struct hws_agent *a)
{
	if (!a->loop)
		return;
	if (close_viewers(a) && a->row->needs_desktop)
		leave_servers(a);
	hws_timer_stop(&a->retry);
	hws_loop_defer_cancel(&a->lost);
	hws_agent_close_desktop(a);
	hws_notifier_free(a->notifier);
	hws_hw_use_free(a->hardware);
	hws_ipc_close(a->hostd, HWS_OK);
	if (a->on_term.ev_base)
		event_del(&a->on_term);
	if (a->on_int.ev_base)
		event_del(&a->on_int);
	hws_work_free(a->work);
	hws_loop_once(a->loop, 0); /* what was being coded comes back and is freed */
	hws_agent_settings_done(a);
	hws_loop_free(a->loop);
}

int hws_agent_main(int ipc_fd, const struct hws_agent_conf *conf)
{
	struct hws_agent a = { .conf = conf, .row = hws_agent_role_row(conf->role) };
	const struct passwd *pw = getpwuid(getuid());

	hws_str_escape(a.user, sizeof(a.user), hws_bytes_str(pw ? pw->pw_name : ""));
	a.settings.conf.files_root = a.settings.root;
	a.settings.conf.tunnel_targets = a.settings.conf.tunnel_listen = "";
	signal(SIGPIPE, SIG_IGN);
	int r = agent_start(&a, ipc_fd);

	if (r == HWS_OK) {
		hws_agent_audit_init(&a);
		if (a.row->needs_desktop)
			hws_agent_open_desktop(&a);
		r = hws_loop_run(a.loop);
	} else {
		hws_error_log("agent.start_failed", HWS_ERR("why", r));
	}
	agent_stop(&a);
	return r < 0 ? 1 : 0;
}
