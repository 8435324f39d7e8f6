/* host/servers: the host's presence at all its rendezvous servers at once, so that viewers find
 * it by whichever they ask. Each has its own key, registration, limits and jobs; what they share
 * is the ID. Registers anew when the network changes or the machine wakes up. Owner: hostd. */
#pragma once
#include "client/host/online.h"

struct hws_servers;

struct hws_servers_conf {
	const struct hws_settings *settings; /* borrowed */
	struct hws_whoami *whoami;           /* borrowed; a new id is stored there */
	struct hws_ports *ports;             /* borrowed; NULL: none is mapped */
	/* As hws_online_conf; numbers of meetings are told apart. */
	int (*admit)(struct hws_host_session_conf *conf, void *arg);
	void (*met)(uint64_t meeting, int r, void *arg);
	void *arg;
};

/* settings->server must not be empty. */
int hws_servers_new(struct hws_loop *loop, const struct hws_servers_conf *conf,
		struct hws_servers **ret, struct hws_error *err) HWS_MUST_CHECK;
/* Takes NULL. */
void hws_servers_free(struct hws_servers *s);
/* As hws_answer_joined. Takes NULL. */
void hws_servers_joined(struct hws_servers *s, uint64_t meeting, int r);
size_t hws_servers_count(const struct hws_servers *s); /* takes NULL */
const struct hws_online *hws_servers_at(const struct hws_servers *s, size_t i);
/* The one that tells most about whether this host can be found: the first that it is registered at,
 * else the first. */
const struct hws_online *hws_servers_best(const struct hws_servers *s);
