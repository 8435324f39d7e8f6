/* core/known_peers: the hosts a viewer remembers, newest first, and their file (peers.json). */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/crypto/identity.h"
#include "shared/crypto/password.h"
#include <stdbool.h>
#include <stddef.h>

#define HWS_PEERS_MAX 100u

/* What is remembered of one host. Texts are bounded by their arrays. */
struct hws_known_peer {
	char target[300]; /* as last written by the user; other ways to write it find it, too */
	char hostname[128], username[128], platform[64];
	uint64_t last_time; /* Unix seconds */
	bool has_h1;
	uint8_t h1_secret[HWS_H1_LEN];
	char salt[129];
	bool has_pk; /* pinned on the first encrypted session */
	uint8_t pk[HWS_PK_LEN];
	bool trusted; /* "trust this device" was accepted */
};

struct hws_known_peers {
	struct hws_known_peer peer[HWS_PEERS_MAX];
	size_t count;
};

void hws_known_peers_done(struct hws_known_peers *k); /* wipes */
/* "" = no file; a missing one is an empty list; entries that are damaged are left out, a damaged
 * file is HWS_ERR_CORRUPT. */
int hws_known_peers_load(
		struct hws_known_peers *k, const char *path, struct hws_error *err) HWS_MUST_CHECK;
int hws_known_peers_parse(struct hws_known_peers *k, struct hws_bytes json) HWS_MUST_CHECK;
int hws_known_peers_store(const struct hws_known_peers *k, const char *path) HWS_MUST_CHECK;
const struct hws_known_peer *hws_known_peers_find(
		const struct hws_known_peers *k, const char *target);
void hws_known_peers_put(struct hws_known_peers *k, const struct hws_known_peer *peer);
bool hws_known_peers_remove(struct hws_known_peers *k, const char *target);
