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
	[RDV_OUT_RELAY_ASKED] = { "relay-after-direct",
			"the direct way failed and the viewer went on by the relay" },
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

static const char *nat_name(uint8_t nat)
{
	static const char *const names[] = { "unknown", "punchable", "not-punchable" };

	return nat < HWS_COUNT(names) ? names[nat] : "unknown";
}

/* Why a relayed session was not direct, from what the server saw. */
static const char *relay_reason(const struct rdv_attempt *a)
{
	if (a->outcome == RDV_OUT_RELAY_ASKED)
		return "both networks looked punchable but no direct connection came about";
	if (a->outcome != RDV_OUT_RELAY)
		return NULL;
	if (a->ws)
		return "the viewer is connected by WebSocket";
	if (a->force_relay)
		return "the viewer or this server demands the relay";
	if (a->viewer_nat == 2)
		return "the viewer's network changes ports for each target";
	return "the device's network or settings do not allow direct connections";
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
			"host_nat", nat_name(a->host_nat), "force_relay", a->force_relay,
			"websocket", a->ws, "relay", a->relay, "viewer_version", a->version);
	if (!j)
		return NULL;
	if (rdv_addr_is_set(&a->host))
		json_object_set_new(j, "host", json_string(host));
	if (a->answer_us)
		json_object_set_new(j, "answer_ms", json_real((double)a->answer_us / 1000.0));
	if (reason)
		json_object_set_new(j, "why_relayed", json_string(reason));
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
