/* What pictures cost is measured where they are, and added up here until it is told. */
#include "client/services/video/cost.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"

void hws_cost_add(struct hws_cost *c, const struct hws_cost_steps *s)
{
	c->capture_us += s->capture_us;
	c->convert_us += s->convert_us;
	c->encode_us += s->encode_us;
	c->pictures++;
}

static uint32_t mean(uint64_t us, uint32_t n)
{
	return (uint32_t)HWS_MIN(us / n, (uint64_t)UINT32_MAX);
}

bool hws_cost_take(struct hws_cost *c, uint64_t now_us, struct hws_video_cost *ret)
{
	if (!c->pictures || (c->told_us && now_us < c->told_us + HWS_US_PER_S))
		return false;
	ret->pictures = c->pictures;
	ret->capture_us = mean(c->capture_us, c->pictures);
	ret->convert_us = mean(c->convert_us, c->pictures);
	ret->encode_us = mean(c->encode_us, c->pictures);
	*c = (struct hws_cost){ .told_us = now_us };
	return true;
}

void hws_cost_to_wire(const struct hws_video_cost *c, Ses__VideoCost *ret)
{
	ses__video_cost__init(ret);
	ret->pictures = c->pictures;
	ret->capture_us = c->capture_us;
	ret->convert_us = c->convert_us;
	ret->encode_us = c->encode_us;
	ret->send_us = c->send_us;
	ret->network_us = c->network_us;
}

struct hws_video_cost hws_cost_of_wire(const Ses__VideoCost *m)
{
	return (struct hws_video_cost){ .pictures = m->pictures,
		.capture_us = m->capture_us,
		.convert_us = m->convert_us,
		.encode_us = m->encode_us,
		.send_us = m->send_us,
		.network_us = m->network_us };
}
