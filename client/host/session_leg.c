/* What is kept of a session for its legs, and of a connection that is one (host/hostd_legs). */
#include "client/host/host_session.h"
#include "client/host/patience.h"
#include "shared/base/rand.h"
#include "shared/crypto/hash.h"
#include <string.h>

/* By a name that its viewer alone knows: as often as a viewer in need tries. */
#define JOINS_PER_S 2u
#define JOINS_BURST 16u
#define JOIN_US (10 * HWS_US_PER_S)

void hws_session_leg_init(struct hws_host_session *v)
{
	hws_rand_bytes(v->leg.session, sizeof(v->leg.session));
	hws_bucket_init(&v->leg.rate, JOINS_PER_S, JOINS_BURST, hws_loop_now_us(v->env->loop));
	v->leg.first_via = v->via;
}

void hws_session_leg_names(struct hws_host_session *v, const Agt__LegNames *m)
{
	size_t count = m->names.len / HWS_LEG_NAME_LEN;

	if (v->leg.of || m->first == 0 || m->first < v->leg.first || count > HWS_LEG_NAMES ||
			m->first > UINT32_MAX - HWS_LEG_NAMES)
		return;
	if (count)
		memcpy(v->leg.names, m->names.data, count * HWS_LEG_NAME_LEN);
	v->leg.first = m->first;
	v->leg.count = (unsigned)count;
}

/* Time tells nothing of how much of a name was right. */
uint32_t hws_session_leg_named(
		const struct hws_host_session *v, const uint8_t name[HWS_LEG_NAME_LEN])
{
	uint32_t number = 0;

	for (unsigned i = 0; i < v->leg.count; i++)
		if (hws_secret_equal(v->leg.names[i], name, HWS_LEG_NAME_LEN))
			number = v->leg.first + i;
	return number;
}

uint32_t hws_session_leg_use(struct hws_host_session *v, const uint8_t name[HWS_LEG_NAME_LEN])
{
	uint32_t number = hws_session_leg_named(v, name);
	unsigned used = number ? number - v->leg.first + 1 : 0;

	v->leg.count -= used;
	v->leg.first += used;
	memmove(v->leg.names, v->leg.names[used], v->leg.count * HWS_LEG_NAME_LEN);
	return number;
}

void hws_session_is_leg(struct hws_host_session *v, uint64_t conn)
{
	v->leg.of = conn;
	v->state = "joining";
	hws_session_deadline(v, JOIN_US);
}

/* It lives as long as its session now, which keeps the time with the viewer. */
void hws_session_leg_is_up(struct hws_host_session *v)
{
	v->leg.up = true;
	v->state = "leg";
	hws_timer_stop(&v->deadline);
}

static void on_over(void *arg)
{
	hws_host_session_close(arg, HWS_OK);
}

/* Not at once: who ends the session may be going through the list of all. */
void hws_session_leg_over(struct hws_host_session *v)
{
	hws_timer_start(v->env->loop, &v->deadline, 0, on_over, v);
}

void hws_session_leg_ends(struct hws_host_session *v)
{
	if (!hws_timer_active(&v->deadline))
		hws_session_deadline(v, JOIN_US);
}
