/* The agent's desktop: opened together with the services that show it, opened again when it was
 * lost, and reported to hostd, which lets nobody in while there is none. */
#include "client/host/agent/agent_parts.h"
#include "client/host/patience.h"
#include "client/platform/registry.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/str.h"

#define RETRY_US (2 * HWS_US_PER_S)

void hws_agent_tell_state(struct hws_agent *a)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__AgentState s = AGT__AGENT_STATE__INIT;
	unsigned n = 0;

	if (!a->hostd)
		return;
	if (a->platform)
		hws_capture_displays(a->platform->capture, &n);
	a->displays_told = n;
	s.ready = a->services != NULL;
	s.backend = (char *)(a->platform ? a->platform->name : "");
	s.error = a->services ? (char *)"" : a->err.text;
	s.displays = n;
	s.lasting = !a->services && a->lasting;
	s.kept = a->kept;
	s.hardware = a->hardware_text;
	m.union_case = AGT__MESSAGE__UNION_AGENT_STATE;
	m.agent_state = &s;
	if (hws_ipc_send(a->hostd, &m, -1) < 0)
		hws_debug("agent.state_not_told");
}

void hws_agent_tell_displays(struct hws_agent *a)
{
	unsigned n = 0;

	if (a->platform && a->services)
		hws_capture_displays(a->platform->capture, &n);
	if (a->platform && a->services && n != a->displays_told)
		hws_agent_tell_state(a);
}

void hws_agent_close_desktop(struct hws_agent *a)
{
	hws_platform_cancel(a->opening);
	a->opening = NULL;
	hws_timer_stop(&a->patience);
	hws_host_set_free(a->services);
	a->services = NULL;
	hws_platform_close(a->platform);
	a->platform = NULL;
}

int hws_agent_open_services(struct hws_agent *a)
{
	const struct hws_host_env env = { .loop = a->loop,
		.work = a->work,
		.platform = a->platform,
		.notifier = a->notifier,
		.conf = &a->settings.conf,
		.on_bitrate = hws_agent_tell_bitrate,
		.on_cost = hws_agent_tell_cost,
		.on_audit = hws_agent_audit,
		.on_keep = hws_agent_keep,
		.ask_host = hws_agent_ask_host,
		.start_mount = hws_agent_start_mount,
		.arg = a };

	return hws_host_set_new(a->row->services, &env, &a->services);
}

static void on_lost(const char *why, void *arg);

static void no_desktop(struct hws_agent *a, int r, const struct hws_error *err)
{
	struct hws_error before = a->err;

	if (err)
		a->err = *err;
	if (!err || !err->text[0])
		hws_error_set(&a->err, r, "the desktop cannot be opened: %s", hws_err_text(r));
	a->refused = r == HWS_ERR_DENIED;
	a->lasting = r == HWS_ERR_UNSUPPORTED || a->refused;
	if (!a->told_failure ||
			!hws_str_equal(before.text, a->err.text)) { /* not with each attempt */
		hws_error_log("agent.no_desktop", HWS_STR("why", a->err.text), HWS_ERR("code", r));
		a->told_failure = true;
		hws_agent_tell_state(a);
	}
	if (!a->refused) /* who said no is not asked again and again, until it becomes a yes */
		hws_timer_start(a->loop, &a->retry, RETRY_US, hws_agent_open_desktop, a);
}

/* The end of an attempt, however it came about. */
static void settle(struct hws_agent *a, int r, const struct hws_error *err)
{
	a->opening = NULL;
	hws_timer_stop(&a->patience);
	if (r == HWS_OK) {
		r = hws_agent_open_services(a);
		if (r < 0)
			hws_agent_close_desktop(a);
	}
	if (r == HWS_OK) {
		a->err = (struct hws_error){ 0 };
		a->told_failure = false;
		hws_timer_stop(&a->retry);
		hws_info("agent.desktop_open", HWS_STR("backend", a->platform->name));
		hws_agent_tell_state(a);
	} else {
		no_desktop(a, r, err);
	}
	hws_agent_admit_waiting(a);
}

static void on_open(int r, struct hws_platform *p, const struct hws_error *err, void *arg)
{
	struct hws_agent *a = arg;

	a->platform = p;
	settle(a, r, err);
}

static void on_impatience(void *arg)
{
	struct hws_agent *a = arg;
	struct hws_error err = { 0 };

	hws_platform_cancel(a->opening);
	settle(a,
			hws_error_set(&err, HWS_ERR_DISPLAY,
					"the desktop did not answer within %u s: is it overloaded, or "
					"does it wait for a permission that nobody gives?",
					(unsigned)(HWS_DESKTOP_OPEN_US / HWS_US_PER_S)),
			&err);
}

void hws_agent_open_desktop(void *arg)
{
	struct hws_agent *a = arg;
	struct hws_platform_conf pc = { .on_open = on_open, .on_lost = on_lost, .arg = a };

	if (a->platform || a->opening || a->refused)
		return;
	if (a->conf->backend && *a->conf->backend)
		pc.backend = a->conf->backend;
	if (a->conf->display && *a->conf->display)
		pc.display = a->conf->display;
	int r = hws_platform_open(a->loop, &pc, &a->opening);
	if (r < 0)
		settle(a, r, NULL);
	else
		hws_timer_start(a->loop, &a->patience, HWS_DESKTOP_OPEN_US, on_impatience, a);
}

/* The viewers' links end, so that they connect again; the process stays for the next desktop. */
static void after_loss(void *arg)
{
	struct hws_agent *a = arg;

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (a->viewer[i])
			hws_ipc_close(a->viewer[i]->ipc, HWS_ERR_DISPLAY);
	hws_agent_close_desktop(a);
	hws_agent_tell_state(a);
	hws_timer_start(a->loop, &a->retry, RETRY_US / 4, hws_agent_open_desktop, a);
}

static void on_lost(const char *why, void *arg)
{
	struct hws_agent *a = arg;

	hws_error_log("agent.desktop_lost", HWS_STR("why", why));
	hws_error_set(&a->err, HWS_ERR_DISPLAY, "%s", why);
	a->lasting = false;
	a->told_failure = true;
	hws_loop_defer(a->loop, &a->lost, after_loss, a);
}
