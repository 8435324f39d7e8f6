/* The seat of a desktop in memory: sessions come, go, step to the front and lock themselves as a
 * test says; what is asked for happens in the next turn, as it would when a service had to be
 * asked. */
#include "client/platform/headless/doubles.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

struct seat {
	struct hws_seat base;
	struct hws_loop *loop;
	struct hws_seat_session list[HWS_SEAT_SESSIONS_MAX];
	unsigned count;
	char front[64]; /* "" = none */
	bool refuses;
	unsigned changed;
	struct hws_deferred tell, lost;
	/* asked for, and not done yet */
	struct hws_deferred ask;
	char wanted[64];
	struct {
		char id[64];
		bool locked, asked;
	} lock;
};

static struct seat *self_of(struct hws_seat *s)
{
	return hws_container(s, struct seat, base);
}

static void on_tell(void *arg)
{
	struct seat *s = arg;
	unsigned changed = s->changed;

	s->changed = 0;
	if (changed && s->base.ev.on_change)
		s->base.ev.on_change(changed, s->base.ev.arg);
}

static void tell(struct seat *s, unsigned changed)
{
	s->changed |= changed;
	hws_loop_defer(s->loop, &s->tell, on_tell, s);
}

static struct hws_seat_session *find(struct seat *s, const char *id)
{
	return (struct hws_seat_session *)hws_seat_find(&s->base, id);
}

static const struct hws_seat_session *hl_sessions(struct hws_seat *base, unsigned *ret_count)
{
	*ret_count = self_of(base)->count;
	return self_of(base)->list;
}

static const struct hws_seat_session *hl_front(struct hws_seat *base)
{
	struct seat *s = self_of(base);

	return s->front[0] ? find(s, s->front) : NULL;
}

static void on_ask(void *arg)
{
	struct seat *s = arg;

	if (s->wanted[0])
		hws_headless_seat_front(&s->base, s->wanted);
	if (s->lock.asked)
		hws_headless_seat_lock(&s->base, s->lock.id, s->lock.locked);
	s->wanted[0] = 0;
	s->lock.asked = false;
}

static int hl_bring_front(struct hws_seat *base, const struct hws_seat_session *session)
{
	struct seat *s = self_of(base);

	if (s->refuses)
		return HWS_ERR_PERM;
	memcpy(s->wanted, session->id, sizeof(s->wanted));
	hws_loop_defer(s->loop, &s->ask, on_ask, s);
	return HWS_OK;
}

static int hl_set_lock(struct hws_seat *base, const struct hws_seat_session *session, bool locked)
{
	struct seat *s = self_of(base);

	if (s->refuses)
		return HWS_ERR_PERM;
	memcpy(s->lock.id, session->id, sizeof(s->lock.id));
	s->lock.locked = locked;
	s->lock.asked = true;
	hws_loop_defer(s->loop, &s->ask, on_ask, s);
	return HWS_OK;
}

static const struct hws_seat_impl impl = { hl_sessions, hl_front, hl_bring_front, hl_set_lock };

int hl_seat_new(struct hws_loop *loop, struct hws_seat **ret)
{
	static const struct hws_seat_session begin[] = {
		{ .id = "c1",
				.user = HWS_HEADLESS_USER,
				.uid = 1000,
				.kind = HWS_SEAT_X11,
				.display = ":0" },
		{ .id = "g1",
				.user = "greeter",
				.uid = 110,
				.kind = HWS_SEAT_WAYLAND,
				.greeter = true },
	};
	struct seat *s = hws_alloc(sizeof(*s));

	if (!s)
		return HWS_ERR_NOMEM;
	s->base.impl = &impl;
	s->loop = loop;
	s->count = HWS_COUNT(begin);
	memcpy(s->list, begin, sizeof(begin));
	memcpy(s->front, begin[0].id, sizeof(s->front));
	*ret = &s->base;
	return HWS_OK;
}

void hl_seat_free(struct hws_seat *base)
{
	if (!base)
		return;
	struct seat *s = self_of(base);
	hws_loop_defer_cancel(&s->tell);
	hws_loop_defer_cancel(&s->lost);
	hws_loop_defer_cancel(&s->ask);
	hws_free(s);
}

/* --- what tests do --- */

int hws_headless_seat_put(struct hws_seat *base, const struct hws_seat_session *session)
{
	struct seat *s = self_of(base);
	struct hws_seat_session *at = find(s, session->id);

	if (!at && s->count == HWS_SEAT_SESSIONS_MAX)
		return HWS_ERR_FULL;
	if (!at)
		at = &s->list[s->count++];
	*at = *session;
	tell(s, HWS_SEAT_LIST);
	return HWS_OK;
}

void hws_headless_seat_remove(struct hws_seat *base, const char *id)
{
	struct seat *s = self_of(base);
	struct hws_seat_session *at = find(s, id);

	if (!at)
		return;
	bool was_front = hws_str_equal(s->front, id);
	memmove(at, at + 1, (size_t)(&s->list[--s->count] - at) * sizeof(*at));
	if (was_front)
		s->front[0] = 0;
	tell(s, HWS_SEAT_LIST | (was_front ? HWS_SEAT_FRONT : 0u));
}

void hws_headless_seat_front(struct hws_seat *base, const char *id)
{
	struct seat *s = self_of(base);
	const struct hws_seat_session *at = id ? find(s, id) : NULL;

	if (id && !at) /* it has gone meanwhile */
		return;
	if (at)
		memcpy(s->front, at->id, sizeof(s->front));
	else
		s->front[0] = 0;
	tell(s, HWS_SEAT_FRONT);
}

void hws_headless_seat_lock(struct hws_seat *base, const char *id, bool locked)
{
	struct hws_seat_session *at = find(self_of(base), id);

	if (!at)
		return;
	at->locked = locked;
	tell(self_of(base), HWS_SEAT_LOCK);
}

void hws_headless_seat_refuse(struct hws_seat *base, bool refuse)
{
	self_of(base)->refuses = refuse;
}

static void on_lost(void *arg)
{
	struct seat *s = arg;

	if (s->base.ev.on_lost)
		s->base.ev.on_lost("the login service has ended", s->base.ev.arg);
}

void hws_headless_seat_lose(struct hws_seat *base)
{
	hws_loop_defer(self_of(base)->loop, &self_of(base)->lost, on_lost, self_of(base));
}
