/* core/known_peers: the hosts a viewer remembers, newest first, and their file (peers.json). */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/crypto/identity.h"
#include "shared/crypto/pake.h"
#include "shared/crypto/password.h"
#include "shared/wire/secure_level.h"
#include <stdbool.h>
#include <stddef.h>

#define HWS_PEERS_MAX 500u

#define HWS_PEER_SERVER 300u
#define HWS_PEER_SHELLS 4u
#define HWS_PEER_SHELL_ID 64u

/* By what an account's kept terminals are found again. */
struct hws_known_shells {
	char user[64];              /* "": the host's choice */
	char id[HWS_PEER_SHELL_ID]; /* "": none */
};

/* What is remembered of one host. Texts are bounded by their arrays. */
struct hws_known_peer {
	char target[300]; /* as last written by the user; other ways to write it find it, too */
	/* where an ID that names no server was looked up; "" = nowhere, or not known */
	char server[HWS_PEER_SERVER];
	char hostname[128], username[128], platform[64];
	uint64_t last_time; /* Unix seconds */
	/* What logs in at hosts of the deployed scheme ... */
	bool has_h1;
	uint8_t h1_secret[HWS_H1_LEN];
	char salt[129];
	/* ... and at those of v2, of the kind and cost that it was made for. */
	bool has_pake;
	enum hws_pake_kind pake_kind;
	struct hws_pake_cost pake_cost;
	struct hws_pake_secret pake_secret;
	bool has_pk; /* pinned on the first encrypted session that logged in */
	uint8_t pk[HWS_PK_LEN];
	/* With has_pk: the best that the host has spoken; it is taken for no less. */
	enum hws_secure_level level;
	bool trusted;                                    /* "trust this device" was accepted */
	struct hws_known_shells shells[HWS_PEER_SHELLS]; /* newest first */
};

struct hws_known_peers {
	struct hws_known_peer peer[HWS_PEERS_MAX];
	size_t count;
};

void hws_known_peers_done(struct hws_known_peers *k); /* wipes */
/* "" = no file; a missing one is an empty list; entries that are damaged are left out, a damaged
 * file is HWS_ERR_CORRUPT. `server` is where IDs of older lists, which do not say, were looked
 * up, the first if it is a list. */
int hws_known_peers_load(struct hws_known_peers *k, const char *path, const char *server,
		struct hws_error *err) HWS_MUST_CHECK;
int hws_known_peers_parse(struct hws_known_peers *k, struct hws_bytes json,
		const char *server) HWS_MUST_CHECK;
int hws_known_peers_store(const struct hws_known_peers *k, const char *path) HWS_MUST_CHECK;
/* An ID without a server is one of `server`, which may be a list (reach/server_list): then the
 * newest that is remembered by any of them; "" = of none. */
const struct hws_known_peer *hws_known_peers_find(
		const struct hws_known_peers *k, const char *target, const char *server);
/* Replaces the entry of the same host (by its target and server). Where there are too many,
 * the oldest goes that no pin of v2 is lost with; only when all are such, the oldest. */
void hws_known_peers_put(struct hws_known_peers *k, const struct hws_known_peer *peer);
/* "" when there are none. */
const char *hws_known_peer_shells(const struct hws_known_peer *p, const char *user);
/* What is too long to be kept changes nothing. */
void hws_known_peer_set_shells(struct hws_known_peer *p, const char *user, const char *id);
bool hws_known_peers_remove(struct hws_known_peers *k, const char *target, const char *server);
