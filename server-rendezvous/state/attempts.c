/* rendezvous/state/attempts: the ring of attempts, under one lock: writers come a few thousand
 * times a second at most, and hold it for a copy. */
#include "server-rendezvous/state/attempts.h"
#include "server-rendezvous/state/presence.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct rdv_attempts {
	pthread_mutex_t lock;
	struct rdv_attempt *ring;
	uint32_t size;
	uint64_t next; /* tickets handed out so far */
	uint64_t start_us;
};

static const struct {
	const char *name, *text;
} outcomes[RDV_OUT_COUNT] = {
	[RDV_OUT_SENT] = { "no-answer",
			"handed to the device, which did not answer: it may just have "
			"gone, or its network drops what we send" },
	[RDV_OUT_PUNCH] = { "direct-tcp", "both sides were told to connect directly (TCP)" },
	[RDV_OUT_UDP] = { "direct-udp", "both sides were told to connect directly (UDP)" },
	[RDV_OUT_LOCAL] = { "local", "same network: the viewer was given the local address" },
	[RDV_OUT_RELAY] = { "relay", "the device chose the relay" },
	[RDV_OUT_RELAY_OR] = { "relay-or-direct",
			"the device had the relay in mind, and both sides were told of other ways "
			"beside it" },
	[RDV_OUT_RELAY_ASKED] = { "relay-after-direct",
			"no direct way had come about when the viewer asked for the relay" },
	[RDV_OUT_REFUSED_BY_DEVICE] = { "refused", "the device refused" },
	[RDV_OUT_ABSENT] = { "absent", "no device has this id" },
	[RDV_OUT_OFFLINE] = { "offline", "the device has not spoken for 30 seconds" },
	[RDV_OUT_WRONG_KEY] = { "wrong-key", "the viewer is configured with another server key" },
	[RDV_OUT_DENIED] = { "denied", "a rule or block list of this server" },
	[RDV_OUT_LIMITED] = { "limited", "too many requests" },
	[RDV_OUT_FAILED] = { "failed", "this server had no memory for the request" },
};

int rdv_attempts_new(uint32_t size, struct rdv_attempts **ret)
{
	struct rdv_attempts *w = calloc(1, sizeof(*w));

	if (!w)
		return HWS_ERR_NOMEM;
	pthread_mutex_init(&w->lock, NULL);
	w->size = size;
	w->start_us = hws_clock_us();
	w->ring = calloc(size, sizeof(*w->ring));
	if (!w->ring) {
		rdv_attempts_free(w);
		return HWS_ERR_NOMEM;
	}
	*ret = w;
	return HWS_OK;
}

void rdv_attempts_free(struct rdv_attempts *w)
{
	if (!w)
		return;
	free(w->ring);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

uint64_t rdv_attempts_add(struct rdv_attempts *w, const struct rdv_attempt *a)
{
	uint64_t ticket;

	pthread_mutex_lock(&w->lock);
	ticket = w->next++;
	w->ring[ticket % w->size] = *a;
	w->ring[ticket % w->size].up_us = hws_clock_us() - w->start_us;
	pthread_mutex_unlock(&w->lock);
	return ticket;
}

void rdv_attempts_update(struct rdv_attempts *w, uint64_t ticket,
		void (*change)(struct rdv_attempt *a, void *arg), void *arg)
{
	pthread_mutex_lock(&w->lock);
	if (ticket < w->next && w->next - ticket <= w->size)
		change(&w->ring[ticket % w->size], arg);
	pthread_mutex_unlock(&w->lock);
}

#define LOOK_BACK 512u
#define LOOK_BACK_US (120 * HWS_US_PER_S)

uint64_t rdv_attempts_last(struct rdv_attempts *w, const char *id, const struct rdv_addr *viewer)
{
	uint64_t now = hws_clock_us() - w->start_us, found = RDV_NO_ATTEMPT;
	uint64_t first;

	pthread_mutex_lock(&w->lock);
	first = w->next > HWS_MIN(LOOK_BACK, w->size) ? w->next - HWS_MIN(LOOK_BACK, w->size) : 0;
	for (uint64_t n = w->next; n > first && found == RDV_NO_ATTEMPT; n--) {
		const struct rdv_attempt *a = &w->ring[(n - 1) % w->size];

		if (a->up_us + LOOK_BACK_US < now) /* it may be newer than `now` */
			break;
		if (rdv_addr_ip_equal(&a->viewer, viewer) && strcmp(a->id, id) == 0)
			found = n - 1;
	}
	pthread_mutex_unlock(&w->lock);
	return found;
}

uint8_t rdv_attempts_ways(uint8_t viewer_offers, uint8_t host_offers)
{
	bool v6 = viewer_offers & host_offers & RDV_OFFER_V6;

	return (uint8_t)((v6 ? RDV_WAY_V6 : 0) | (host_offers & RDV_OFFER_PORT ? RDV_WAY_PORT : 0));
}

static const char *nat_name(uint8_t nat)
{
	static const char *const names[] = { "unknown", "punchable", "not-punchable" };

	return nat < HWS_COUNT(names) ? names[nat] : "unknown";
}

static const char *const forced_names[] = { "no", "by the viewer", "by WebSocket",
	"by this server" };

/* A direct way was tried and failed: what both networks said of themselves. */
static const char *failed_reason(const struct rdv_attempt *a)
{
	bool viewer = a->viewer_nat == 2, host = a->host_nat == 2;

	if (a->ways & RDV_WAY_LOCAL)
		return "both are behind one address, but the viewer did not reach the device's "
		       "local one: separate networks, or a firewall at the device";
	if (viewer && host)
		return "the networks of both sides change ports for each target";
	if (viewer)
		return "the viewer's network changes ports for each target";
	if (host)
		return "the device's network changes ports for each target";
	if (a->viewer_offers & RDV_UDP_BLOCKED)
		return "UDP is blocked at the viewer: this server answers it by TCP, and never by UDP";
	if (a->host_offers & RDV_UDP_BLOCKED)
		return "UDP is blocked at the device, which is registered by TCP";
	if (!(a->ways & RDV_WAY_UDP))
		return "both networks looked punchable but no direct connection came about by TCP, "
		       "and UDP was not offered by both";
	return "both networks looked punchable but no direct connection came about: a firewall "
	       "on the way";
}

/* Why a relayed session was not direct, from what the server saw. */
static const char *relay_reason(const struct rdv_attempt *a)
{
	static const char *const forced[] = {
		[RDV_FORCED_VIEWER] = "the viewer demands the relay",
		[RDV_FORCED_WEBSOCKET] = "the viewer is connected by WebSocket",
		[RDV_FORCED_SERVER] = "this server demands the relay (always-use-relay)",
	};

	if (a->outcome == RDV_OUT_RELAY_ASKED)
		return failed_reason(a);
	if (a->outcome != RDV_OUT_RELAY && a->outcome != RDV_OUT_RELAY_OR)
		return NULL;
	if (a->forced)
		return forced[a->forced];
	if (a->viewer_nat == 2 && a->host_nat == 2)
		return "the networks of both sides change ports for each target";
	if (a->viewer_nat == 2)
		return "the viewer's network changes ports for each target";
	if (a->host_nat == 2)
		return "the device's network changes ports for each target";
	return "the device's network or settings do not allow direct connections";
}

/* What a host of ours says. */
static const char *const reasons[RDV_REASON_COUNT] = { "",
	"my network changes ports for each target",
	"the viewer's network changes ports for each target",
	"both networks change ports for each target",
	"my settings or network allow no direct connections", "the viewer demands the relay",
	"the server demands the relay", "my network lets out the web alone" };

/* A viewer that has not asked for the relay by now needs none. */
#define SETTLED_US (20 * HWS_US_PER_S)

/* How it ended, as far as a server can know: it does not see direct connections. */
static const char *result_text(const struct rdv_attempt *a)
{
	switch (a->outcome) {
	case RDV_OUT_PUNCH:
	case RDV_OUT_UDP:
	case RDV_OUT_LOCAL:
		if (a->ways & RDV_WAY_RELAY)
			return "the viewer asked for the relay next, and the device has not "
			       "answered that";
		return hws_wall_us() - a->wall_us < SETTLED_US
				? "under way"
				: "direct, it seems: the viewer did not ask for the relay";
	case RDV_OUT_RELAY_OR:
		return "relayed, or direct by one of the other ways: this server does not see "
		       "which";
	case RDV_OUT_RELAY_ASKED: /* the direct way may still have been the first */
		return "relayed, it seems: the viewer asked for the relay, and the device agreed";
	case RDV_OUT_RELAY:
		return a->forced || !(a->viewer_offers & a->host_offers & RDV_OFFER_LIST)
				? "relayed"
				: "relayed, unless both have a network of their own in common";
	default:
		return "no connection";
	}
}

static void put_word(char *buf, size_t size, bool is, const char *word)
{
	size_t n = strlen(buf);

	if (is && hws_fmt(buf + n, size - n, "%s%s", n ? ", " : "", word) < 0)
		buf[n] = 0; /* cannot be: there is room for all of them */
}

static const char *offers_text(uint8_t offers, char *buf, size_t size)
{
	buf[0] = 0;
	put_word(buf, size, offers & RDV_OFFER_UDP, "udp");
	put_word(buf, size, offers & RDV_OFFER_V6, "ipv6");
	put_word(buf, size, offers & RDV_OFFER_PORT, "mapped port");
	put_word(buf, size, offers & RDV_OFFER_LIST, "candidates");
	put_word(buf, size, offers & RDV_UDP_BLOCKED, "udp blocked");
	return buf;
}

static const char *ways_text(uint8_t ways, char *buf, size_t size)
{
	buf[0] = 0;
	put_word(buf, size, ways & RDV_WAY_LOCAL, "local");
	put_word(buf, size, ways & RDV_WAY_TCP, "tcp");
	put_word(buf, size, ways & RDV_WAY_UDP, "udp");
	put_word(buf, size, ways & RDV_WAY_V6, "ipv6");
	put_word(buf, size, ways & RDV_WAY_PORT, "mapped port");
	put_word(buf, size, ways & RDV_WAY_RELAY, "relay");
	return buf;
}

/* What the server can know: one that has just started has not listened for as long as devices may
 * be silent. */
static const char *outcome_text(const struct rdv_attempt *a, char *buf, size_t size)
{
	if (a->outcome == RDV_OUT_OFFLINE && a->up_us < RDV_ONLINE_US &&
			hws_fmt(buf, size,
					"the device had not spoken yet since this server started "
					"%u seconds before: those "
					"that are on come back within half a minute",
					(unsigned)(a->up_us / HWS_US_PER_S)) == HWS_OK)
		return buf;
	return outcomes[a->outcome].text;
}

static json_t *attempt_json(const struct rdv_attempt *a)
{
	struct sockaddr_storage ss;
	char viewer[HWS_ADDR_TEXT], host[HWS_ADDR_TEXT], at[32], text[200];
	char asks[80], offers[80], ways[60];
	const char *reason = relay_reason(a);
	json_t *j;

	rdv_addr_to(&a->viewer, &ss);
	hws_addr_ip_text(&ss, viewer, sizeof(viewer));
	rdv_addr_to(&a->host, &ss);
	hws_addr_ip_text(&ss, host, sizeof(host));
	hws_wall_text(a->wall_us, at, sizeof(at));
	j = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:b,s:s,s:s}", "at", at, "id", a->id,
			"viewer", viewer, "outcome", outcomes[a->outcome].name, "text",
			outcome_text(a, text, sizeof(text)), "viewer_nat", nat_name(a->viewer_nat),
			"host_nat", nat_name(a->host_nat), "force_relay",
			a->forced != RDV_FORCED_NOT, "websocket", a->ws, "relay", a->relay,
			"viewer_version", a->version);
	if (!j)
		return NULL;
	json_object_update_new(j,
			json_pack("{s:s,s:s,s:s,s:s,s:s}", "forced", forced_names[a->forced],
					"viewer_offers",
					offers_text(a->viewer_offers, asks, sizeof(asks)),
					"host_offers",
					offers_text(a->host_offers, offers, sizeof(offers)), "ways",
					ways_text(a->ways, ways, sizeof(ways)), "result",
					result_text(a)));
	if (a->host_word[0])
		json_object_set_new(j, a->outcome == RDV_OUT_DENIED ? "policy_says" : "host_says",
				json_string(a->host_word));
	else if (a->reason)
		json_object_set_new(j, "host_says", json_string(reasons[a->reason]));
	if (rdv_addr_is_set(&a->host))
		json_object_set_new(j, "host", json_string(host));
	if (a->answer_us)
		json_object_set_new(j, "answer_ms", json_real((double)a->answer_us / 1000.0));
	if (reason)
		json_object_set_new(j, a->outcome == RDV_OUT_RELAY_OR ? "why_relay" : "why_relayed",
				json_string(reason));
	return j;
}

json_t *rdv_attempts_json(struct rdv_attempts *w, const char *id, unsigned limit)
{
	json_t *list = json_array();

	if (!list)
		return NULL;
	pthread_mutex_lock(&w->lock);
	for (uint64_t n = w->next; n > 0 && w->next - n < w->size && limit > 0; n--) {
		const struct rdv_attempt *a = &w->ring[(n - 1) % w->size];
		json_t *j;

		if (id && *id && strcmp(a->id, id) != 0)
			continue;
		j = attempt_json(a);
		if (j)
			json_array_append_new(list, j);
		limit--;
	}
	pthread_mutex_unlock(&w->lock);
	return list;
}
