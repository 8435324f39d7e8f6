/* Who changed something: the last of them that leaves takes it back. */
#include "client/platform/screens.h"

static const struct hws_screens_events *events_of(
		const struct hws_screens *s, enum hws_screens_act act)
{
	return act == HWS_SCREENS_BLOCK || act == HWS_SCREENS_BLANK ? &s->person : &s->displays;
}

void hws_screens_tell_done(struct hws_screens *s, enum hws_screens_act act, uint64_t who, int r,
		const char *why)
{
	const struct hws_screens_events *ev = events_of(s, act);

	if (ev->on_done)
		ev->on_done(act, who, r, why, ev->arg);
}

void hws_screens_tell_over(struct hws_screens *s, enum hws_screens_act act, const char *why)
{
	const struct hws_screens_events *ev = events_of(s, act);

	if (ev->on_over)
		ev->on_over(act, why, ev->arg);
}

unsigned hws_screens_sizes(
		struct hws_screens *s, unsigned display, struct hws_size ret[HWS_SIZES_MAX])
{
	return s ? s->impl->sizes(s, display, ret) : 0;
}

bool hws_screens_original(struct hws_screens *s, unsigned display, struct hws_size *ret)
{
	return s && s->impl->original(s, display, ret);
}

void hws_screens_resize(struct hws_screens *s, unsigned display, struct hws_size size,
		unsigned slot, uint64_t who)
{
	s->holders |= 1u << slot;
	s->impl->resize(s, display, size, who);
}

void hws_screens_plug(struct hws_screens *s, int number, bool on, unsigned slot, uint64_t who)
{
	s->holders |= 1u << slot;
	s->impl->plug(s, number, on, who);
}

void hws_screens_leave(struct hws_screens *s, unsigned slot)
{
	uint32_t before = s->holders;

	s->holders &= ~(1u << slot);
	if (before && !s->holders)
		s->impl->restore(s);
}

void hws_screens_block(struct hws_screens *s, bool on, uint64_t who)
{
	s->impl->block(s, on, who);
}

void hws_screens_blank(struct hws_screens *s, bool on, uint64_t who)
{
	s->impl->blank(s, on, who);
}
