/* host/vault: the passwords that open this host: a permanent one (kept as h1 in a private file) and
 * a temporary one (in memory, shown to the person at the host, renewed after use and after
 * guessing). */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/crypto/password.h"
#include <stdbool.h>

#define HWS_PASSWORD_FILE "password"
#define HWS_SALT_FILE "salt"
#define HWS_VAULT_WRONG_MAX 10u
#define HWS_TEMPORARY_MAX 16u
#define HWS_PASSWORD_LEN_MAX 256u

enum hws_vault_kinds { HWS_VAULT_BOTH, HWS_VAULT_TEMPORARY, HWS_VAULT_PERMANENT };
enum hws_vault_match { HWS_MATCH_NONE, HWS_MATCH_TEMPORARY, HWS_MATCH_PERMANENT };

struct hws_vault_conf {
	enum hws_vault_kinds accept;
	unsigned temporary_length; /* 6, 8 or 10 */
	bool temporary_digits;
};

struct hws_vault {
	struct hws_vault_conf conf;
	char dir[512];
	char salt[HWS_SALT_TEXT];
	bool has_permanent;
	uint8_t permanent_secret[HWS_H1_LEN];
	char temporary_secret[HWS_TEMPORARY_MAX + 1];
	uint8_t temporary_h1_secret[HWS_H1_LEN];
	unsigned wrong; /* in a row, from anybody */
};

/* Reads what is stored, makes the salt, draws a temporary password. */
int hws_vault_open(struct hws_vault *v, const char *dir, const struct hws_vault_conf *conf,
		struct hws_error *err) HWS_MUST_CHECK;
void hws_vault_wipe(struct hws_vault *v);
void hws_vault_configure(struct hws_vault *v, const struct hws_vault_conf *conf);
/* `password` 6..HWS_PASSWORD_LEN_MAX bytes of UTF-8. Stores it before it counts. A new salt is
 * drawn, so that viewers that remembered the old h1 cannot compute with it. */
int hws_vault_set_permanent(
		struct hws_vault *v, const char *password, struct hws_error *err) HWS_MUST_CHECK;
int hws_vault_clear_permanent(struct hws_vault *v, struct hws_error *err) HWS_MUST_CHECK;
/* "" when temporary passwords are not accepted. */
const char *hws_vault_temporary(const struct hws_vault *v);
void hws_vault_renew_temporary(struct hws_vault *v);
/* Temporary first. Counts wrong ones and renews the temporary password after ten in a row;
 * `ret_renewed` tells so. `salt` is what the viewer was given: after a change of salt nothing
 * matches. */
enum hws_vault_match hws_vault_check(struct hws_vault *v, const char *salt, const char *challenge,
		struct hws_bytes proof, bool *ret_renewed);
