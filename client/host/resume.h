/* host/resume: tickets by which a hawser viewer comes back without a password after its line was
 * lost: drawn for each session that was let in, known to its viewer only, and bound to the new
 * connection when shown (docs/protocol-v2.md, 3). Kept in memory only; bounded. Pure: time
 * in. The struct holds secrets. */
#pragma once
#include "shared/base/bytes.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_RESUME_MAX 64u
#define HWS_RESUME_ID_LEN 16
#define HWS_RESUME_SECRET_LEN 32
#define HWS_RESUME_US (600ull * 1000000) /* after its line was lost; as long as host/recent */

struct hws_resume_ticket {
	uint8_t id[HWS_RESUME_ID_LEN];
	uint8_t secret[HWS_RESUME_SECRET_LEN];
};

struct hws_resume_entry {
	bool used;
	uint64_t conn;      /* the connection that lives, 0 = it was lost */
	uint64_t until_us;  /* when conn is 0 */
	uint8_t viewer[32]; /* its key, zeros without one: nobody else may use the ticket */
	struct hws_resume_ticket ticket;
};

struct hws_resume {
	struct hws_resume_entry item[HWS_RESUME_MAX];
};

/* A session was let in: the ticket for its viewer, which the caller wipes. `viewer`: its 32-byte
 * key or NULL. When all places are taken, the one that has been away longest is forgotten; false
 * when all are here. */
bool hws_resume_issue(struct hws_resume *r, uint64_t conn, const uint8_t *viewer, uint64_t now_us,
		struct hws_resume_ticket *ret);
/* It ended: it may come back for a while. `forget`: on purpose, it may not. */
void hws_resume_closed(struct hws_resume *r, uint64_t conn, bool forget, uint64_t now_us);
/* True when `mac` was made with the ticket of that id for this channel (`binding`, 32 bytes), by
 * the viewer that has it. The ticket is that of `conn` from then on, and stays as it is (`ret`):
 * who comes back to a desktop that is not there yet, or loses the line again before the answer, has
 * nothing else. A wrong mac uses it up. */
bool hws_resume_use(struct hws_resume *r, uint64_t conn, struct hws_bytes id, struct hws_bytes mac,
		const uint8_t *binding, const uint8_t *viewer, uint64_t now_us,
		struct hws_resume_ticket *ret);
/* Those that are away may not come back any more. */
void hws_resume_forget_away(struct hws_resume *r);
void hws_resume_wipe(struct hws_resume *r);
