/* What hostd tells of its sessions to the process that reports to an API server, and what it does
 * for the server. */
#include "client/host/hostd.h"

static void each(void (*fn)(struct hws_host_session *v, void *arg), void *fn_arg, void *arg)
{
	hws_hostd_each(arg, fn, fn_arg);
}

static void strategy(struct hws_bytes text, struct hws_bytes signature, void *arg)
{
	struct hws_hostd *h = arg;
	int r = hws_managed_take(&h->managed, h->settings, h->whoami.id, text, signature);

	if (r == HWS_OK)
		hws_hostd_manage(h);
	hws_report_changed(h->report); /* what the next one has to answer */
}

/* As if the person at the host had sent the viewer away: it does not come back by itself. */
static void end(uint64_t conn, void *arg)
{
	struct hws_hostd *h = arg;
	struct hws_host_session *v = hws_hostd_session(h, conn);

	if (!v || v->leg.of)
		return;
	hws_host_session_kick(v, "Closed manually by web console");
	hws_recent_forget_away(&h->recent);
	hws_resume_forget_away(&h->resume_secret);
}

int hws_hostd_report_open(struct hws_hostd *h)
{
	const struct hws_report_conf conf = { h->settings, &h->whoami, &h->managed, &h->logs, each,
		end, strategy, h };

	return hws_report_new(h->loop, &conf, &h->report);
}
