/* host/recent: sessions that may come back for a short while with the temporary password they were opened
 * with, although it was renewed since. The proof is checked against that very password: names alone,
 * which anybody can claim, open nothing. Bounded. Pure: time in. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/crypto/password.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_RECENT_MAX 64u
#define HWS_RECENT_US (30ull * 1000000)

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

/* A session was opened with the temporary password of this h1. */
void hws_recent_opened(struct hws_recent *r, uint64_t conn, uint64_t session_id, const char *my_id,
		const char *my_name, const char *salt, const uint8_t h1_secret[HWS_H1_LEN],
		uint64_t now_us);
/* It ended by itself: it may come back. `forget`: it was closed on purpose, it may not. */
void hws_recent_closed(struct hws_recent *r, uint64_t conn, bool forget, uint64_t now_us);
/* The entry's h1 when proof and names match, else NULL; borrows until the next call. */
const struct hws_recent_entry *hws_recent_match(struct hws_recent *r, uint64_t session_id,
		const char *my_id, const char *my_name, const char *salt, const char *challenge,
		struct hws_bytes proof, uint64_t now_us);
void hws_recent_wipe(struct hws_recent *r);
