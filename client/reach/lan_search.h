/* reach/lan_search: looks for hosts in the local network: asks by each interface, three times, for
 * datagrams get lost, and tells of each host that answers, once for each address it answers from.
 * Deployed clients of RustDesk 1.x answer, too, but only hosts of hawser prove who they are. One
 * loop thread. */
#pragma once
#include "client/reach/lan_word.h"
#include "shared/loop/loop.h"
#include <sys/socket.h>

#define HWS_LAN_TARGETS_MAX 16u
#define HWS_LAN_FOUND_MAX 4096u /* answers that are told of; the rest is left out */

struct hws_lan_search;

struct hws_lan_search_conf {
	/* Literals, with a port or not: these are asked in place of everybody at each
	 * interface. */
	const char *const *targets;
	unsigned target_count;
	/* `host` and `from` are borrowed until return. host->has_proof: it was checked, and
	 * host->pk is the key of who answers from there; such a host is told of again if it was
	 * without a proof before. */
	void (*on_found)(const struct hws_lan_host *host, const struct sockaddr_storage *from,
			void *arg);
	void *arg;
};

/* HWS_ERR_INVAL: a target is no address; HWS_ERR_UNREACHABLE: there is no interface to ask
 * by. */
int hws_lan_search_new(struct hws_loop *loop, const struct hws_lan_search_conf *conf,
		struct hws_lan_search **ret, struct hws_error *err) HWS_MUST_CHECK;
/* Takes NULL. */
void hws_lan_search_free(struct hws_lan_search *s);

/* Sends the packet that wakes a machine by its network card (port 9, by each interface with a
 * broadcast address; so many went out: *ret_sent), as for all network cards of such machines:
 * six bytes of ones, then the address sixteen times. HWS_ERR_UNREACHABLE: by none. */
int hws_lan_wake(const uint8_t mac[HWS_LAN_MAC], unsigned *ret_sent) HWS_MUST_CHECK;
