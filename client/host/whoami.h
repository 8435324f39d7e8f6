/* host/whoami: who this host is: id, key pair and machine uuid, kept in the state folder. */
#pragma once
#include "shared/base/err.h"
#include "shared/crypto/identity.h"
#include "shared/wire/limits.h"

#define HWS_ID_FILE "id"
#define HWS_KEY_FILE "id_ed25519"
#define HWS_UUID_FILE "uuid"

struct hws_whoami {
	char dir[512];
	char id[HWS_ID_MAX + 1];
	char uuid[40];
	struct hws_identity identity;
	bool created; /* first start */
};

/* Loads, and makes what is not there yet. A damaged file is an error, never replaced in silence:
 * others know this host by it. */
int hws_whoami_load(const char *dir, struct hws_whoami *ret, struct hws_error *err) HWS_MUST_CHECK;
/* Only the id; HWS_ERR_NOTFOUND before the first start. */
int hws_whoami_read_id(
		const char *dir, char *buf, size_t size, struct hws_error *err) HWS_MUST_CHECK;
/* The server gave the id to another machine, or the user chose one. */
int hws_whoami_set_id(struct hws_whoami *w, const char *id, struct hws_error *err) HWS_MUST_CHECK;
/* A new id after a conflict: 1,000,000,000 .. 1,999,999,999. */
void hws_whoami_draw_id(char *buf, size_t size);
void hws_whoami_done(struct hws_whoami *w);
