/* What is kept of a session for its legs, and of a connection that is one (host/hostd_legs). */
#include "client/host/host_session.h"
#include "client/host/patience.h"
#include "shared/base/rand.h"

#define JOINS_PER_S 1u
#define JOINS_BURST 8u
#define JOIN_US (10 * HWS_US_PER_S)

void hws_session_leg_init(struct hws_host_session *v)
{
	hws_rand_bytes(v->leg.name, sizeof(v->leg.name));
	hws_bucket_init(&v->leg.rate, JOINS_PER_S, JOINS_BURST, hws_loop_now_us(v->env->loop));
	v->leg.first_via = v->via;
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
