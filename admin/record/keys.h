/* record/keys: the auditor's pair. The public half goes to the server, the secret one never does:
 * who has it, and nobody else, sees what was recorded. */
#pragma once
#include "shared/crypto/sealed_box.h"

#define REC_KEY_NAME_TEXT 65

/* Makes a pair: the secret file (0600) and the public one; HWS_ERR_EXISTS: one is there. `name`
 * stands in lists: "auditor-2026". */
int rec_key_make(const char *secret_path, const char *public_path, const char *name,
		struct hws_error *err) HWS_MUST_CHECK;
int rec_key_public(const char *path, char ret_name[REC_KEY_NAME_TEXT],
		uint8_t ret_pk[HWS_SEALED_BOX_KEY_LEN], struct hws_error *err) HWS_MUST_CHECK;
/* The caller wipes it. */
int rec_key_secret(const char *path, struct hws_sealed_box_pair *ret,
		struct hws_error *err) HWS_MUST_CHECK;
