/* Viewers that other agents of this host serve (files, terminals, tunnels): their agents have no
 * desktop, so hostd tells the one that has of them, and the person there sees them like
 * all others. */
#include "client/host/agent/agent_parts.h"
#include "shared/base/clock.h"

static struct hws_agent_other *find(struct hws_agent *a, uint64_t conn)
{
	for (unsigned i = 0; i < HWS_AGENT_OTHERS; i++)
		if (a->other[i].conn == conn)
			return &a->other[i];
	return NULL;
}

static void show(struct hws_agent *a, const struct hws_agent_other *o, bool here)
{
	char summary[HWS_NOTICE_TEXT], body[HWS_NOTICE_TEXT];
	unsigned place = HWS_NOTIFY_OTHERS + (unsigned)(o - a->other);

	hws_notice_texts(&o->notice, here, (hws_loop_now_us(a->loop) - o->since_us) / HWS_US_PER_S,
			summary, body);
	hws_notifier_show(a->notifier, place, summary, body, here ? HWS_NOTIFY_STAYS : 0);
}

void hws_agent_notice(struct hws_agent *a, const Agt__AgentNotice *m)
{
	struct hws_agent_other *o = m->conn && a->notifier ? find(a, m->conn) : NULL;

	if (o && !m->here) {
		show(a, o, false);
		o->conn = 0;
		return;
	}
	if (!m->here || !m->conn || !a->notifier)
		return;
	if (!o)
		o = find(a, 0);
	if (!o)
		return; /* so many are there that one more is no news */
	*o = (struct hws_agent_other){
		.conn = m->conn, .since_us = hws_loop_now_us(a->loop), .notice = { .kind = m->kind }
	};
	hws_notice_set(&o->notice, m->my_id, m->my_name, m->peer_addr, m->via);
	show(a, o, true);
}
