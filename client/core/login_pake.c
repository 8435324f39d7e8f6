/* The viewer's half of logging in by SPAKE2+. Apart from the rest of the login, as deployed hosts
 * know nothing of it. */
#include "client/core/login_pake.h"
#include "shared/base/mem.h"
#include "shared/crypto/hash.h"
#include <string.h>

static size_t slot(enum hws_pake_kind kind)
{
	return kind == HWS_PAKE_PERMANENT;
}

static bool same_cost(const struct hws_pake_cost *a, const struct hws_pake_cost *b)
{
	return a->ops == b->ops && a->memory_kib == b->memory_kib &&
			memcmp(a->salt, b->salt, sizeof(a->salt)) == 0;
}

static bool fits(const struct hws_pake_stretched *s, const struct hws_login_offer *o)
{
	return s->has && s->kind == o->kind && same_cost(&s->cost, &o->cost);
}

int hws_pake_job_run(struct hws_pake_job *job)
{
	int r = HWS_OK;

	for (size_t i = 0; i < job->count && r == HWS_OK; i++) {
		struct hws_pake_stretched *s = &job->item[i];
		r = hws_pake_secret_of(job->h1_secret, &s->cost, &s->secret);
		s->has = r == HWS_OK;
	}
	return r;
}

void hws_pake_job_free(struct hws_pake_job *job)
{
	if (job)
		hws_free_wiped(job, sizeof(*job));
}

void hws_login_pake_done(struct hws_login_pake *p)
{
	hws_wipe(p, sizeof(*p));
}

void hws_login_pake_begin(struct hws_login_pake *p)
{
	p->offer_count = 0;
	p->confirmed = false;
	hws_wipe(p->expect, sizeof(p->expect));
}

static bool take_offer(const Ses__PakeOffer *from, struct hws_login_offer *to)
{
	*to = (struct hws_login_offer){ .kind = (enum hws_pake_kind)from->kind,
		.cost = { .ops = from->ops, .memory_kib = from->memory_kib } };
	if ((from->kind != HWS_PAKE_TEMPORARY && from->kind != HWS_PAKE_PERMANENT) ||
			from->share.len != sizeof(to->share) ||
			from->salt.len != sizeof(to->cost.salt))
		return false;
	memcpy(to->share, from->share.data, sizeof(to->share));
	memcpy(to->cost.salt, from->salt.data, sizeof(to->cost.salt));
	return hws_pake_cost_check(&to->cost, to->kind) == HWS_OK;
}

void hws_login_pake_offers(struct hws_login_pake *p, Ses__PakeOffer *const *list, size_t count)
{
	bool seen[HWS_PAKE_OFFERS_MAX] = { false };
	struct hws_login_offer o;

	p->offer_count = 0;
	for (size_t i = 0; i < count && p->offer_count < HWS_PAKE_OFFERS_MAX; i++) {
		if (!take_offer(list[i], &o) || seen[slot(o.kind)])
			continue;
		seen[slot(o.kind)] = true;
		p->offer[p->offer_count++] = o;
	}
}

void hws_login_pake_forget(struct hws_login_pake *p)
{
	hws_wipe(p->stretched, sizeof(p->stretched));
}

void hws_login_pake_keep(struct hws_login_pake *p, const struct hws_pake_stretched *s)
{
	if (s->has)
		p->stretched[slot(s->kind)] = *s;
}

bool hws_login_pake_ready(const struct hws_login_pake *p)
{
	for (size_t i = 0; i < p->offer_count; i++)
		if (fits(&p->stretched[slot(p->offer[i].kind)], &p->offer[i]))
			return true;
	return false;
}

bool hws_login_pake_missing(const struct hws_login_pake *p, const uint8_t h1_secret[HWS_H1_LEN],
		struct hws_pake_job *ret)
{
	*ret = (struct hws_pake_job){ 0 };
	for (size_t i = 0; i < p->offer_count; i++) {
		const struct hws_login_offer *o = &p->offer[i];
		if (fits(&p->stretched[slot(o->kind)], o))
			continue;
		ret->item[ret->count++] =
				(struct hws_pake_stretched){ .kind = o->kind, .cost = o->cost };
	}
	if (ret->count)
		memcpy(ret->h1_secret, h1_secret, sizeof(ret->h1_secret));
	return ret->count > 0;
}

/* False: what the host sent is no share, which only costs this offer. */
static bool prove_one(struct hws_login_pake *p, const struct hws_login_offer *o,
		const struct hws_pake_context *context, struct hws_pake_proofs *ret)
{
	const struct hws_pake_stretched *s = &p->stretched[slot(o->kind)];
	size_t n = ret->count;

	if (!fits(s, o) ||
			hws_pake_answer(&s->secret, context, hws_bytes(o->share, sizeof(o->share)),
					ret->share[n], ret->confirm[n],
					p->expect[slot(o->kind)].confirm) < 0)
		return false;
	p->expect[slot(o->kind)].has = true;
	ses__pake_proof__init(&ret->proof[n]);
	ret->proof[n].kind = o->kind;
	ret->proof[n].share.data = ret->share[n];
	ret->proof[n].share.len = sizeof(ret->share[n]);
	ret->proof[n].confirm.data = ret->confirm[n];
	ret->proof[n].confirm.len = sizeof(ret->confirm[n]);
	ret->list[n] = &ret->proof[n];
	ret->count++;
	return true;
}

bool hws_login_pake_prove(struct hws_login_pake *p, const uint8_t binding[32],
		const uint8_t host_pk[32], struct hws_pake_proofs *ret)
{
	hws_login_pake_void(p);
	p->confirmed = false;
	ret->count = 0;
	for (size_t i = 0; i < p->offer_count; i++) {
		const struct hws_pake_context context = { binding, host_pk, p->offer[i].kind };
		if (!prove_one(p, &p->offer[i], &context, ret))
			continue;
	}
	p->offer_count = 0;
	return ret->count > 0;
}

bool hws_login_pake_pending(const struct hws_login_pake *p)
{
	return p->expect[0].has || p->expect[1].has;
}

bool hws_login_pake_confirm(struct hws_login_pake *p, struct hws_bytes confirm)
{
	for (size_t i = 0; i < HWS_PAKE_OFFERS_MAX; i++) {
		if (!p->expect[i].has || confirm.len != sizeof(p->expect[i].confirm) ||
				!hws_secret_equal(confirm.ptr, p->expect[i].confirm, confirm.len))
			continue;
		p->confirmed = true;
		p->confirmed_kind = i ? HWS_PAKE_PERMANENT : HWS_PAKE_TEMPORARY;
		hws_login_pake_void(p);
		return true;
	}
	return false;
}

void hws_login_pake_void(struct hws_login_pake *p)
{
	hws_wipe(p->expect, sizeof(p->expect));
}

const struct hws_pake_stretched *hws_login_pake_proved(const struct hws_login_pake *p)
{
	const struct hws_pake_stretched *s = &p->stretched[slot(p->confirmed_kind)];

	return p->confirmed && s->has ? s : NULL;
}
