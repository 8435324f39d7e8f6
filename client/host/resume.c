/* Tickets to come back with. The temporary password changes with each session, so without them a
 * short break of the network would cost a user a walk to the other machine. */
#include "client/host/resume.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/crypto/hash.h"
#include "shared/crypto/transcript.h"
#include <string.h>

static bool is_live(const struct hws_resume_entry *e, uint64_t now_us)
{
	return e->used && (e->conn || e->until_us > now_us);
}

/* A free place, else that of the session which has been away longest; NULL when all are here. */
static struct hws_resume_entry *find_place(struct hws_resume *r, uint64_t now_us)
{
	struct hws_resume_entry *best = NULL;

	for (size_t i = 0; i < HWS_RESUME_MAX; i++) {
		struct hws_resume_entry *e = &r->item[i];

		if (!is_live(e, now_us))
			return e;
		if (!e->conn && (!best || e->until_us < best->until_us))
			best = e;
	}
	return best;
}

static void set_viewer(uint8_t ret[32], const uint8_t *viewer)
{
	memset(ret, 0, 32);
	if (viewer)
		memcpy(ret, viewer, 32);
}

bool hws_resume_issue(struct hws_resume *r, uint64_t conn, const uint8_t *viewer, uint64_t now_us,
		struct hws_resume_ticket *ret)
{
	struct hws_resume_entry *e = find_place(r, now_us);

	if (!e)
		return false;
	hws_wipe(e, sizeof(*e));
	e->used = true;
	e->conn = conn;
	set_viewer(e->viewer, viewer);
	hws_rand_bytes(&e->ticket, sizeof(e->ticket));
	*ret = e->ticket;
	return true;
}

void hws_resume_closed(struct hws_resume *r, uint64_t conn, bool forget, uint64_t now_us)
{
	for (size_t i = 0; i < HWS_RESUME_MAX; i++) {
		struct hws_resume_entry *e = &r->item[i];

		if (!e->used || e->conn != conn)
			continue;
		e->conn = 0;
		e->until_us = now_us + HWS_RESUME_US;
		if (forget)
			hws_wipe(e, sizeof(*e));
	}
}

static bool proves(const struct hws_resume_entry *e, struct hws_bytes mac, const uint8_t *binding,
		const uint8_t *viewer)
{
	uint8_t want[HWS_DIGEST_LEN], who[32];
	struct hws_bytes part = hws_bytes(binding, 32);
	bool right;

	set_viewer(who, viewer);
	hws_digest_keyed(e->ticket.secret, "hawser v2 resume", &part, 1, want);
	right = mac.len == sizeof(want) && hws_secret_equal(want, mac.ptr, sizeof(want)) &&
			!memcmp(who, e->viewer, sizeof(who));
	hws_wipe(want, sizeof(want));
	return right;
}

bool hws_resume_use(struct hws_resume *r, uint64_t conn, struct hws_bytes id, struct hws_bytes mac,
		const uint8_t *binding, const uint8_t *viewer, uint64_t now_us,
		struct hws_resume_ticket *ret)
{
	for (size_t i = 0; id.len == HWS_RESUME_ID_LEN && i < HWS_RESUME_MAX; i++) {
		struct hws_resume_entry *e = &r->item[i];
		bool right;

		if (!is_live(e, now_us) || memcmp(e->ticket.id, id.ptr, id.len) != 0)
			continue;
		right = proves(e, mac, binding, viewer);
		if (right) {
			e->conn = conn;
			*ret = e->ticket;
		} else {
			hws_wipe(e, sizeof(*e));
		}
		return right;
	}
	return false;
}

void hws_resume_forget_away(struct hws_resume *r)
{
	for (size_t i = 0; i < HWS_RESUME_MAX; i++)
		if (!r->item[i].conn)
			hws_wipe(&r->item[i], sizeof(r->item[i]));
}

void hws_resume_wipe(struct hws_resume *r)
{
	hws_wipe(r, sizeof(*r));
}
