/* A table of shares, looked through from its front: there are few sessions. */
#include "client/host/audit_budget.h"
#include "shared/base/str.h"

bool hws_audit_is_kept(const char *event)
{
	return hws_str_equal(event, "file.removed") || hws_str_equal(event, "file.renamed") ||
			hws_str_equal(event, "machine.restart") ||
			hws_str_equal(event, "sides.changed");
}

void hws_audit_budget_init(struct hws_audit_budget *b, unsigned rate, unsigned burst)
{
	b->rate = rate;
	b->burst = burst;
	b->shares = 0;
}

static struct hws_audit_share *share_of(
		struct hws_audit_budget *b, uint64_t session, uint64_t now_us)
{
	struct hws_audit_share *s = NULL;

	for (unsigned i = 0; i < b->shares; i++) {
		if (b->share[i].session == session)
			return &b->share[i];
		/* what has no session never gives way: else a stranger would renew it */
		if (b->share[i].session && (!s || b->share[i].used_us < s->used_us))
			s = &b->share[i];
	}
	if (b->shares < HWS_AUDIT_SESSIONS)
		s = &b->share[b->shares++];
	s->session = session;
	hws_bucket_init(&s->kept, HWS_AUDIT_KEPT_RATE, HWS_AUDIT_KEPT_BURST, now_us);
	hws_bucket_init(&s->other, b->rate, b->burst, now_us);
	return s;
}

bool hws_audit_budget_take(
		struct hws_audit_budget *b, uint64_t session, const char *event, uint64_t now_us)
{
	struct hws_audit_share *s = share_of(b, session, now_us);

	s->used_us = now_us;
	return hws_bucket_take(hws_audit_is_kept(event) ? &s->kept : &s->other, 1, now_us);
}
