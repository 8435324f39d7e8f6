/* reach/verdict: what was tried to reach a host, and why it was not met directly: one record of
 * each attempt, bounded, for logs, statistics and the user. Pure: time in. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* A kind of way. X(NAME, token, what it is in words) */
#define HWS_PATH_LIST(X)                                                                           \
	X(NONE, "none", "no way")                                                                  \
	X(ADDRESS, "direct", "the address that was given")                                         \
	X(LAN, "lan", "TCP in the same network")                                                   \
	X(PUNCHED, "punched", "TCP through the NATs")                                              \
	X(UDP, "udp", "UDP through the NATs")                                                      \
	X(IPV6, "ipv6", "UDP by IPv6")                                                             \
	X(MAPPED, "mapped", "TCP to a mapped port")                                                \
	X(RELAY, "relay", "the relay by TCP")                                                      \
	X(RELAY_WS, "relay-ws", "the relay by a WebSocket")

enum hws_path {
#define X(name, token, text) HWS_PATH_##name,
	HWS_PATH_LIST(X)
#undef X
};

/* Why the way is not direct; from FAILED on: why there is none. X(NAME, token, sentence) */
#define HWS_INDIRECT_LIST(X)                                                                       \
	X(NO, "direct", "the way is direct")                                                       \
	X(VIEWER, "viewer-policy", "the relay was asked for here")                                 \
	X(NETWORK, "viewer-network",                                                               \
			"a WebSocket or proxy leads to the server, and to relays only")            \
	X(HOST, "host", "the host, its NAT or its server wants to be met at the relay")            \
	X(HOST_POLICY, "host-policy",                                                              \
			"the host's settings, or its way to the server, want the relay")           \
	X(HOST_NETWORK, "host-network",                                                            \
			"a WebSocket leads from the host to the server, and to relays only")       \
	X(SERVER_POLICY, "server-policy", "the server wants the relay")                            \
	X(SYMMETRIC_VIEWER, "symmetric-viewer", "symmetric NAT at the viewer's side")              \
	X(SYMMETRIC_HOST, "symmetric-host", "symmetric NAT at the host's side")                    \
	X(SYMMETRIC_BOTH, "symmetric-both", "symmetric NAT on both sides")                         \
	X(NO_ADDRESS, "no-address", "the server told no address of the host")                      \
	X(NO_ROUTE, "no-route",                                                                    \
			"no way leads from here to the host's address, as between IPv4 and IPv6")  \
	X(REFUSED, "refused", "the host's network refused the direct connection")                  \
	X(SILENT, "silent", "a firewall or NAT on the way lets no direct connection through")      \
	X(UDP_BLOCKED, "udp-blocked",                                                              \
			"UDP is blocked here: the server answers by TCP, and never by UDP")        \
	X(UDP_BLOCKED_HOST, "udp-blocked-host",                                                    \
			"UDP is blocked at the host's side: it is registered by TCP")              \
	X(BROKEN, "broken", "a direct connection stood, but what answered there was not the host") \
	X(SLOW, "slow", "the relay was ready before the direct way was")                           \
	X(FAILED, "failed", "the host was not reached at all")                                     \
	X(HOST_SILENT, "host-silent", "the server knows the host, which does not answer")          \
	X(OFFLINE, "offline", "the server knows the host, which is not there now")                 \
	X(UNKNOWN_ID, "unknown-id", "the server does not know this ID")                            \
	X(SERVER_UNREACHABLE, "server-unreachable", "the rendezvous server was not reached")       \
	X(SERVER_KEY, "server-key", "the server was reached, and wants another key")               \
	X(SERVER_REFUSED, "server-refused", "the server was reached, or the host, and refuses")    \
	X(RELAY_UNREACHABLE, "relay-unreachable", "the relay was not reached, and no other way")   \
	X(KEY_REFUSED, "key-refused", "the host was reached, and its key was refused here")        \
	X(NOT_HOST, "not-the-host", "something was reached, but not the host")

enum hws_indirect {
#define X(name, token, text) HWS_INDIRECT_##name,
	HWS_INDIRECT_LIST(X)
#undef X
};

#define HWS_VERDICT_TRIES 16u
#define HWS_VERDICT_AT 48u
#define HWS_VERDICT_LINE 640u

struct hws_verdict_try {
	enum hws_path path;
	char at[HWS_VERDICT_AT]; /* an address that is masked, or a relay's name; may be "" */
	bool over;
	int result;                  /* enum hws_err once over; OK: it stood */
	uint32_t begun_ms, ended_ms; /* since the start */
};

struct hws_verdict {
	uint64_t started_us;
	uint32_t answered_ms; /* the server's answer; 0 = none was needed, or came */
	uint32_t ended_ms;
	unsigned count;
	struct hws_verdict_try tries[HWS_VERDICT_TRIES];
	enum hws_path chosen;
	enum hws_indirect why;
};

/* What is known when it is over. */
struct hws_verdict_facts {
	bool forced;      /* by the user or a setting */
	bool through_web; /* by the way to the server */
	bool host_relays; /* the host answered by a relay, not by an address */
	bool symmetric_viewer, symmetric_host;
	bool tests_udp;   /* the server answers by UDP where UDP gets through */
	bool udp_blocked; /* and we heard nothing of it */
	bool udp_blocked_host;
	uint32_t relay_reason; /* the host's own word, as RelayResponse.relay_reason; 0 = none */
	/* That the relay stood first tells nothing: a direct way had just died, or there was no
	 * relay to be first. */
	bool not_slow;
	enum hws_indirect failed; /* what is known of it, should no way be found; NO: nothing */
};

void hws_verdict_begin(struct hws_verdict *v, uint64_t now_us);
/* Number of the new try, for hws_verdict_over; HWS_VERDICT_TRIES when no more fit (and is ignored
 * then). `at` may be NULL. */
unsigned hws_verdict_try(
		struct hws_verdict *v, enum hws_path path, const char *at, uint64_t now_us);
/* The same for an address, of which the network alone is kept: no end of it in logs. */
unsigned hws_verdict_try_addr(struct hws_verdict *v, enum hws_path path,
		const struct sockaddr_storage *addr, uint64_t now_us);
/* It goes another way than it began. */
void hws_verdict_path(struct hws_verdict *v, unsigned number, enum hws_path path);
/* Once for each; later words about it are ignored. */
void hws_verdict_over(struct hws_verdict *v, unsigned number, int result, uint64_t now_us);
/* The one that was chosen, or NONE; tells why not directly. */
void hws_verdict_end(struct hws_verdict *v, enum hws_path chosen,
		const struct hws_verdict_facts *facts, uint64_t now_us);

const char *hws_path_token(enum hws_path path);
const char *hws_path_text(enum hws_path path);
bool hws_path_is_relay(enum hws_path path);
/* There is no way at all. */
bool hws_indirect_is_failure(enum hws_indirect why);
const char *hws_indirect_token(enum hws_indirect why);
const char *hws_indirect_text(enum hws_indirect why);
/* "punched 203.0.113.x: timed out after 18000 ms; relay r.example: chosen after 410 ms": buf of
 * HWS_VERDICT_LINE; ends early where there is no room. Returns buf. */
char *hws_verdict_line(const struct hws_verdict *v, char *buf, size_t size);
