/* reach/reach_parts: one attempt to reach a host, as its two files share it: reach (asking, the
 * direct way) and reach_relay (the way by a relay). One loop thread. */
#pragma once
#include "client/reach/reach.h"
#include "client/reach/relay_join.h"
#include "client/reach/server_query.h"
#include "shared/net/dialer.h"
#include "shared/wire/limits.h"

#define HWS_REACH_CONNECT_US 18000000 /* deployed peers' connect and read limit */
#define HWS_REACH_STATEMENT_MAX 256

struct hws_reach {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_reach_conf conf;
	hws_reach_cb done;
	char id[HWS_ID_MAX + 1], key[HWS_KEY_TEXT_MAX + 1], version[HWS_VERSION_TEXT_MAX];
	struct hws_server_addr server_addr; /* to the server; by address: to the host */
	struct hws_server_query *query;
	struct hws_dial *dial;
	struct hws_server_addr_open *opening; /* by address */
	struct hws_relay_join *join;
	struct hws_stream *leg; /* at the relay, until the host is heard */
	struct hws_timer wait;
	struct hws_deferred deferred;
	unsigned tries;
	uint64_t started_us; /* when the server was dialed */
	uint64_t took_us;    /* until the answer to our request */
	struct sockaddr_storage local, direct;
	uint64_t direct_end_us;
	char uuid[HWS_UUID_MAX + 1], relay[HWS_HOSTNAME_MAX + 8];
	uint8_t statement[HWS_REACH_STATEMENT_MAX];
	size_t statement_len;
	bool is_local, over;
};

void hws_reach_progress(struct hws_reach *r, const char *text);
/* Ends: each of them calls the caller's `done` and frees `r` at the end of the turn. */
void hws_reach_succeed(struct hws_reach *r, struct hws_stream *s, const char *path);
void hws_reach_fail(struct hws_reach *r, int code, const char *text);
void hws_reach_fail_certificate(struct hws_reach *r, const char *whose, const char *name);
void hws_reach_fail_server(struct hws_reach *r, int why);

/* Direct did not work: both meet at the relay that the host named. */
void hws_reach_relay(struct hws_reach *r);
/* The host agreed: our leg at the relay. */
void hws_reach_join(struct hws_reach *r, const char *uuid, const char *relay);
/* Whether the server or the host said no: `r` has ended then. */
bool hws_reach_is_refused(struct hws_reach *r, const Rdv__RelayResponse *m);
