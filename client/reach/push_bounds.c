/* Anybody who can write a server's address on a datagram can push, where the server cannot prove
 * itself: it must not be worth much. */
#include "client/reach/push_bounds.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/wire/limits.h"
#include <string.h>
#include <strings.h>

/* A viewer that gets no answer has its server ask again, after some seconds. */
#define UNPROVEN_RATE 10
#define UNPROVEN_BURST 80
#define PROVEN_RATE 100
#define PROVEN_BURST 400
#define RELAY_PORT 21117

void hws_push_bounds_init(struct hws_push_bounds *b, uint64_t now_us)
{
	memset(b, 0, sizeof(*b));
	hws_bucket_init(&b->unproven, UNPROVEN_RATE, UNPROVEN_BURST, now_us);
	hws_bucket_init(&b->proven, PROVEN_RATE, PROVEN_BURST, now_us);
}

int hws_push_bounds_begin(struct hws_push_bounds *b, bool proven, uint64_t now_us)
{
	if (b->jobs >= HWS_PUSH_JOBS_MAX || (!proven && b->unproven_jobs >= HWS_PUSH_UNPROVEN_MAX))
		return HWS_ERR_FULL;
	if (!hws_bucket_take(proven ? &b->proven : &b->unproven, 1, now_us))
		return HWS_ERR_BUSY;
	b->jobs++;
	b->unproven_jobs += !proven;
	return HWS_OK;
}

void hws_push_bounds_end(struct hws_push_bounds *b, bool proven)
{
	b->jobs--;
	b->unproven_jobs -= !proven;
}

bool hws_push_may_dial(const struct sockaddr_storage *viewer, const struct sockaddr_storage *us)
{
	/* a server on this machine has viewers on this machine */
	if (hws_addr_is_loopback(us))
		return hws_addr_is_loopback(viewer) || !hws_addr_is_special(viewer);
	return !hws_addr_is_special(viewer) && !hws_addr_ip_equal(viewer, us);
}

bool hws_push_knows_relay(const char *relay, const char *own, const char *server_host)
{
	char host[HWS_HOSTNAME_MAX + 8];
	uint16_t port;

	if (*own && hws_str_equal(relay, own))
		return true;
	return hws_host_port_split(relay, RELAY_PORT, host, sizeof(host), &port) == HWS_OK &&
			!strcasecmp(host, server_host) && port >= HWS_PUSH_VIEWER_PORT_MIN;
}
