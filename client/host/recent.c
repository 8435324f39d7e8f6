/* Sessions that may come back with a temporary password that was renewed meanwhile: a short break
 * of the network must not cost a user a walk to the other machine. */
#include "client/host/recent.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/digest.h"
#include <string.h>

/* One digest for both names; each is digested by itself first, which keeps ("ab","c") and
 * ("a","bc") apart. */
static void digest_who(const char *my_id, const char *my_name, uint8_t ret[32])
{
	uint8_t parts[64];

	hws_sha256(hws_bytes_str(my_id), parts);
	hws_sha256(hws_bytes_str(my_name), parts + 32);
	hws_sha256(hws_bytes(parts, sizeof(parts)), ret);
}

static bool is_live(const struct hws_recent_entry *e, uint64_t now_us)
{
	return e->used && (e->conn || e->until_us > now_us);
}

static struct hws_recent_entry *find(
		struct hws_recent *r, uint64_t session_id, const uint8_t who[32])
{
	for (size_t i = 0; i < HWS_RECENT_MAX; i++) {
		struct hws_recent_entry *e = &r->item[i];

		if (e->used && e->session_id == session_id && !memcmp(e->who, who, sizeof(e->who)))
			return e;
	}
	return NULL;
}

/* A free place, else that of the session which has been away longest; NULL when all are here. */
static struct hws_recent_entry *find_place(struct hws_recent *r, uint64_t now_us)
{
	struct hws_recent_entry *best = NULL;

	for (size_t i = 0; i < HWS_RECENT_MAX; i++) {
		struct hws_recent_entry *e = &r->item[i];

		if (!is_live(e, now_us))
			return e;
		if (!e->conn && (!best || e->until_us < best->until_us))
			best = e;
	}
	return best;
}

void hws_recent_opened(struct hws_recent *r, uint64_t conn, uint64_t session_id, const char *my_id,
		const char *my_name, const char *salt, const uint8_t h1_secret[HWS_H1_LEN],
		uint64_t now_us)
{
	struct hws_recent_entry *e;
	uint8_t who[32];

	digest_who(my_id, my_name, who);
	e = find(r, session_id, who);
	if (!e)
		e = find_place(r, now_us);
	if (!e || !session_id) /* full: then it has to log in again */
		return;
	memset(e, 0, sizeof(*e));
	e->used = true;
	e->conn = conn;
	e->session_id = session_id;
	memcpy(e->who, who, sizeof(who));
	if (hws_str_copy(e->salt, sizeof(e->salt), salt) < 0)
		e->used = false;
	memcpy(e->h1_secret, h1_secret, sizeof(e->h1_secret));
}

void hws_recent_closed(struct hws_recent *r, uint64_t conn, bool forget, uint64_t now_us)
{
	for (size_t i = 0; i < HWS_RECENT_MAX; i++) {
		struct hws_recent_entry *e = &r->item[i];

		if (!e->used || e->conn != conn)
			continue;
		e->conn = 0;
		e->until_us = now_us + HWS_RECENT_US;
		if (forget)
			hws_wipe(e, sizeof(*e));
	}
}

void hws_recent_forget_away(struct hws_recent *r)
{
	for (size_t i = 0; i < HWS_RECENT_MAX; i++)
		if (!r->item[i].conn)
			hws_wipe(&r->item[i], sizeof(r->item[i]));
}

bool hws_recent_return(struct hws_recent *r, uint64_t conn, uint64_t session_id, const char *my_id,
		const char *my_name, const char *salt, const char *challenge,
		struct hws_bytes proof, uint64_t now_us)
{
	struct hws_recent_entry *e;
	uint8_t who[32];

	if (!session_id || !proof.len)
		return false;
	for (size_t i = 0; i < HWS_RECENT_MAX; i++)
		if (r->item[i].used && !is_live(&r->item[i], now_us))
			hws_wipe(&r->item[i], sizeof(r->item[i]));
	digest_who(my_id, my_name, who);
	e = find(r, session_id, who);
	if (!e || !hws_str_equal(e->salt, salt) ||
			!hws_password_verify(e->h1_secret, challenge, proof))
		return false;
	/* Its former connection may still be taken for alive: the end of that one is not its
	 * end. */
	e->conn = conn;
	return true;
}

void hws_recent_wipe(struct hws_recent *r)
{
	hws_wipe(r, sizeof(*r));
}
