/* net/udp_rest: begins where a sleep saves wakes, ends where it would cost some. A socket that may
 * hold little must not run over meanwhile: Debian's holds about a hundred full datagrams. */
#include "shared/net/udp_rest.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"

#define STRETCH_US (5 * HWS_US_PER_MS)
#define BEGIN_RATE 3000u /* datagrams a second */
#define END_RATE 1500u
#define AT_ONCE 32u /* datagrams */
#define REST_LEAST_US 200u
#define REST_MOST_US 1000u

uint64_t hws_udp_rest(struct hws_udp_rest *r, unsigned came, uint64_t now_us)
{
	uint64_t rate, rest;

	r->came += came;
	if (now_us - r->since < STRETCH_US)
		return r->rest_us;
	rate = r->came * HWS_US_PER_S / (now_us - r->since);
	r->since = now_us;
	r->came = 0;
	rest = AT_ONCE * HWS_US_PER_S / HWS_MAX(rate, (uint64_t)1);
	if (rate >= (r->rest_us ? END_RATE : BEGIN_RATE))
		r->rest_us = HWS_MIN(
				HWS_MAX(rest, (uint64_t)REST_LEAST_US), (uint64_t)REST_MOST_US);
	else
		r->rest_us = 0;
	return r->rest_us;
}
