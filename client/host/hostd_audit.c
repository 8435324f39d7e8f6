/* What hostd writes down of its sessions and of what agents did for them. */
#include "client/host/hostd.h"
#include "shared/base/str.h"

static void fill_audit(struct hws_audit_entry *e, const struct hws_host_session *v)
{
	e->conn = v->conn;
	e->peer = v->peer;
	e->id = v->my_id;
	e->name = v->my_name;
	e->kind = v->spoke ? hws_session_kind_name(v->login.kind) : NULL;
}

/* What an agent claims is written as its claim. */
void hws_hostd_agent_audit(
		const Agt__AgentAudit *a, enum hws_agent_role role, const char *account, void *arg)
{
	struct hws_hostd *h = arg;
	const struct hws_host_session *v = hws_hostd_session(h, a->conn);
	/* an agent may claim any number, but not another budget by it */
	struct hws_audit_entry e = { .event = a->what, .session = v ? v->conn : 0 };

	if (v)
		fill_audit(&e, v);
	e.kind = NULL;
	e.conn = a->conn;
	e.agent = hws_agent_role_name(role);
	e.account = account;
	e.path = hws_bytes(a->path.data, a->path.len);
	e.second = hws_bytes(a->second.data, a->second.len);
	e.bytes = a->bytes;
	e.has_result = true;
	e.result = a->result;
	hws_audit_log_lost(h->audit, a->lost);
	hws_audit_log_add(h->audit, &e);
}

void hws_hostd_session_audit(
		const struct hws_host_session *v, const char *event, const char *why, void *arg)
{
	struct hws_hostd *h = arg;
	bool closed = hws_str_equal(event, "session.closed");
	bool let_in = hws_str_equal(event, "session.open");
	/* who was let in had a password; who was not is anybody, as often as he likes, and takes no
	 * lines of those who were */
	struct hws_audit_entry e = { .event = event,
		.why = why,
		.session = v->open ? v->conn : 0,
		.always = closed || let_in };

	if (let_in)
		hws_report_now(h->report);
	else
		hws_report_changed(h->report);
	fill_audit(&e, v);
	e.bytes = closed ? v->bytes_in + v->bytes_out : 0;
	hws_audit_log_add(h->audit, &e);
}
