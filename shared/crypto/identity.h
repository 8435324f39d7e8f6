/* crypto/identity: the long-term Ed25519 key pair of a host or server: key files, signatures,
 * texts. Key files are those of deployed servers: FILE holds the base64 text (88 characters) of
 * the 64-byte secret key, FILE.pub the base64 text (44 characters) of the public key, both without
 * a newline. Nothing here logs or formats a secret. hws_crypto_init first. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>

#define HWS_PK_LEN 32           /* public key */
#define HWS_SK_LEN 64           /* secret key: seed, then public key */
#define HWS_SIG_LEN 64          /* signature */
#define HWS_KEY_TEXT 45         /* base64 of a public key with NUL */
#define HWS_SECRET_TEXT 89      /* base64 of a secret key with NUL */
#define HWS_FINGERPRINT_TEXT 80 /* 16 groups of 4 hex digits with NUL */

struct hws_identity {
	uint8_t pk[HWS_PK_LEN];
	uint8_t sk_secret[HWS_SK_LEN];
};

/* A fresh pair. `for_server`: repeated until the public key's base64 text has neither '/' nor ':',
 * so that it fits into file names, URLs and "host:key" texts. */
void hws_identity_generate(bool for_server, struct hws_identity *ret);
/* The pair of a 32-byte seed. */
void hws_identity_from_seed(const uint8_t seed[32], struct hws_identity *ret);
/* From the base64 text of a secret key (blanks around it are ignored). HWS_ERR_CORRUPT when it is
 * not 64 bytes or its public half does not belong to its seed. */
int hws_identity_from_text(const char *text, struct hws_identity *ret) HWS_MUST_CHECK;
/* A key for another use, a word of 8 characters: the same for the same pair and use, and who has it
 * learns nothing of the pair or of other uses. */
void hws_identity_derive(const struct hws_identity *id, const char use[8], uint8_t ret[32]);
void hws_identity_wipe(struct hws_identity *id);

/* Reads FILE. `err` (may be NULL) gets a sentence with the remedy. HWS_ERR_NOTFOUND: no such file;
 * HWS_ERR_PERM: a symbolic link, not a regular file, foreign owner, or readable by group or others;
 * HWS_ERR_CORRUPT: not a key. */
int hws_identity_load(
		const char *path, struct hws_identity *ret, struct hws_error *err) HWS_MUST_CHECK;
/* Generates a pair and writes FILE (mode 0600, complete or not at all, never over an existing one)
 * and FILE.pub (0644); root's in another account's folder become that account's. HWS_ERR_EXISTS
 * when FILE is there. */
int hws_identity_create(const char *path, bool for_server, struct hws_identity *ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* The same with a pair that is there already. */
int hws_identity_save(const char *path, const struct hws_identity *id,
		struct hws_error *err) HWS_MUST_CHECK;
/* Loads FILE, or creates it when there is none. A lone FILE.pub is an error (HWS_ERR_CORRUPT): a
 * new key would silently lock out everybody who trusts the old one. Rewrites a FILE.pub that
 * is missing or belongs to another key, and says so in the log.
 * `ret_created` may be NULL. */
int hws_identity_load_or_create(const char *path, bool for_server, struct hws_identity *ret,
		bool *ret_created, struct hws_error *err) HWS_MUST_CHECK;

/* Detached signature of `msg`. */
void hws_identity_sign(
		const struct hws_identity *id, struct hws_bytes msg, uint8_t ret[HWS_SIG_LEN]);
/* HWS_ERR_CRYPTO: not a signature of `msg` by `pk`. */
int hws_verify(const uint8_t pk[HWS_PK_LEN], struct hws_bytes msg,
		struct hws_bytes sig) HWS_MUST_CHECK;
/* Attached form (signature, then message): `ret` has room for HWS_SIG_LEN + msg.len bytes. */
void hws_identity_sign_attached(const struct hws_identity *id, struct hws_bytes msg, uint8_t *ret);
/* Opens the attached form: `ret_msg` borrows from `in`. HWS_ERR_CRYPTO when too short or not signed
 * by `pk`. */
int hws_verify_attached(const uint8_t pk[HWS_PK_LEN], struct hws_bytes in,
		struct hws_bytes *ret_msg) HWS_MUST_CHECK;

/* Base64 text of a public key: what users call "the key". Returns buf. */
char *hws_key_text(const uint8_t pk[HWS_PK_LEN], char buf[HWS_KEY_TEXT]);
/* The reverse; blanks around are ignored, exactly 32 bytes or HWS_ERR_INVAL. */
int hws_key_parse(const char *text, uint8_t ret[HWS_PK_LEN]) HWS_MUST_CHECK;
/* The same, or a fingerprint in any spelling: with blanks or colons, in capitals. */
int hws_key_or_fingerprint_parse(const char *text, uint8_t ret[HWS_PK_LEN]) HWS_MUST_CHECK;
/* Lower-case hex in groups of four: "03a1 07bf ..."; what two people compare. Returns buf. */
char *hws_fingerprint_text(const uint8_t pk[HWS_PK_LEN], char buf[HWS_FINGERPRINT_TEXT]);
