/* host/recent: sessions that may come back for a short while with the temporary password they were
 * opened with, although it was renewed since. The proof is checked against that very password:
 * names alone, which anybody can claim, open nothing. Bounded. Pure: time in. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/crypto/password.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_RECENT_MAX 64u
/* Deployed hosts say 30 s, less than a link of theirs takes to be given up. Ours covers the time
 * that a viewer tries (5 minutes), a machine that sleeps for a while, and the 30 s until the host
 * has noticed. */
#define HWS_RECENT_US (600ull * 1000000)

struct hws_recent_entry {
	bool used;
	uint64_t conn;     /* the connection that lives, 0 = it ended */
	uint64_t until_us; /* when conn is 0 */
	uint64_t session_id;
	uint8_t who[32]; /* digest of my_id and my_name */
	char salt[HWS_SALT_TEXT];
	uint8_t h1_secret[HWS_H1_LEN];
};

struct hws_recent {
	struct hws_recent_entry item[HWS_RECENT_MAX];
};

/* A session was opened with the temporary password of this h1. When all places are taken, the one
 * that has been away longest is forgotten for it. */
void hws_recent_opened(struct hws_recent *r, uint64_t conn, uint64_t session_id, const char *my_id,
		const char *my_name, const char *salt, const uint8_t h1_secret[HWS_H1_LEN],
		uint64_t now_us);
/* It ended by itself: it may come back. `forget`: it was closed on purpose, it may not. */
void hws_recent_closed(struct hws_recent *r, uint64_t conn, bool forget, uint64_t now_us);
/* Those that are away may not come back any more. */
void hws_recent_forget_away(struct hws_recent *r);
/* True when proof and names match: the session is back, and lives as `conn` now. */
bool hws_recent_return(struct hws_recent *r, uint64_t conn, uint64_t session_id, const char *my_id,
		const char *my_name, const char *salt, const char *challenge,
		struct hws_bytes proof, uint64_t now_us);
void hws_recent_wipe(struct hws_recent *r);
