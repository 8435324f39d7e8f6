/* What services did for their viewers, told to hostd, which writes it down. hostd takes so many in
 * a second; of what is more it is told the number. */
#include "client/host/agent/agent_parts.h"
#include "client/host/ipc_caps.h"
#include "shared/base/log.h"

static ProtobufCBinaryData cut(struct hws_bytes b)
{
	return (ProtobufCBinaryData){ HWS_MIN(b.len, (size_t)HWS_IPC_PATH_MAX),
		(uint8_t *)(uintptr_t)b.ptr };
}

void hws_agent_audit_init(struct hws_agent *a)
{
	uint64_t now = hws_loop_now_us(a->loop);

	hws_audit_budget_init(
			&a->audit, HWS_AGENT_AUDIT_SESSION_RATE, HWS_AGENT_AUDIT_SESSION_BURST);
	hws_bucket_init(&a->audit_all, HWS_AGENT_AUDIT_RATE, HWS_AGENT_AUDIT_BURST, now);
	hws_bucket_init(&a->audit_kept, HWS_AGENT_AUDIT_KEPT_RATE, HWS_AGENT_AUDIT_KEPT_BURST, now);
}

static bool may_tell(struct hws_agent *a, const struct hws_audit_event *e)
{
	uint64_t now = hws_loop_now_us(a->loop);

	return hws_audit_budget_take(&a->audit, e->conn, e->what, now) &&
			hws_bucket_take(hws_audit_is_kept(e->what) ? &a->audit_kept : &a->audit_all,
					1, now);
}

int hws_agent_ask_host(
		struct hws_host_viewer *v, enum hws_host_ask what, struct hws_bytes data, void *arg)
{
	struct hws_agent *a = arg;
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__AgentAsk q = AGT__AGENT_ASK__INIT;

	if (!a->hostd || !hws_bucket_take(&a->audit_all, 1, hws_loop_now_us(a->loop)))
		return HWS_ERR_FULL;
	q.conn = v->conn;
	q.what = what;
	q.data = (ProtobufCBinaryData){ data.len, (uint8_t *)(uintptr_t)data.ptr };
	m.union_case = AGT__MESSAGE__UNION_AGENT_ASK;
	m.agent_ask = &q;
	return hws_ipc_send(a->hostd, &m, -1);
}

void hws_agent_audit(const struct hws_audit_event *e, void *arg)
{
	struct hws_agent *a = arg;
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__AgentAudit t = AGT__AGENT_AUDIT__INIT;

	t.what = (char *)(uintptr_t)e->what;
	t.conn = e->conn;
	t.path = cut(e->path);
	t.second = cut(e->second);
	t.bytes = e->bytes;
	t.result = e->result;
	t.lost = a->audit_lost;
	m.union_case = AGT__MESSAGE__UNION_AGENT_AUDIT;
	m.agent_audit = &t;
	if (a->hostd && may_tell(a, e) && hws_ipc_send(a->hostd, &m, -1) == HWS_OK)
		a->audit_lost = 0;
	else
		a->audit_lost++;
}
