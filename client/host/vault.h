/* host/vault: the passwords that open this host: a permanent one (in a private file) and a
 * temporary one (in memory, shown to the person at the host, renewed after use and after guessing).
 *
 * Of each there is a verifier, against which hawser viewers prove that they know it and which opens
 * nothing by itself (crypto/pake), and h1, the form that deployed viewers prove and that is as good
 * as the password. h1 of the permanent password is kept only where deployed viewers are served. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/crypto/pake.h"
#include "shared/crypto/password.h"
#include "shared/wire/secure_level.h"
#include <stdbool.h>

#define HWS_PASSWORD_FILE "password"
#define HWS_SALT_FILE "salt"
#define HWS_VAULT_WRONG_MAX 10u
#define HWS_TEMPORARY_MAX 16u
#define HWS_TEMPORARY_STRONG 10u /* characters, not digits only: 50 bits */
#define HWS_PASSWORD_LEN_MAX 256u

enum hws_vault_kinds { HWS_VAULT_BOTH, HWS_VAULT_TEMPORARY, HWS_VAULT_PERMANENT };
enum hws_vault_match { HWS_MATCH_NONE, HWS_MATCH_TEMPORARY, HWS_MATCH_PERMANENT };

struct hws_vault_conf {
	enum hws_vault_kinds accept;
	unsigned temporary_length; /* 6, 8 or 10 */
	bool temporary_digits;
	bool weak_for_all; /* a short temporary password counts for deployed viewers, too */
	bool v2_only;      /* none of these are served: h1 is not kept */
};

/* A permanent password as it is kept. */
struct hws_vault_permanent {
	char salt[HWS_SALT_TEXT]; /* of h1 */
	bool has_h1, has_verifier;
	uint8_t h1_secret[HWS_H1_LEN];
	struct hws_pake_verifier verifier_secret;
};

struct hws_vault {
	struct hws_vault_conf conf;
	char dir[512];
	char salt[HWS_SALT_TEXT];
	bool has_permanent;
	struct hws_vault_permanent permanent;
	char temporary_secret[HWS_TEMPORARY_MAX + 1];
	uint8_t temporary_h1_secret[HWS_H1_LEN];
	struct hws_pake_verifier temporary_verifier_secret;
	unsigned version; /* one more with each new password of either kind */
	unsigned wrong;   /* in a row, from anybody */
};

/* Reads what is stored, makes the salt, draws a temporary password. */
int hws_vault_open(struct hws_vault *v, const char *dir, const struct hws_vault_conf *conf,
		struct hws_error *err) HWS_MUST_CHECK;
/* Brings what is stored into the form that the configuration asks for: makes the verifier of a
 * password that an earlier version stored, takes h1 away where nobody needs it. May compute for
 * some 100 ms: not on a running loop. On an error what was there stays in force. */
int hws_vault_settle(struct hws_vault *v, struct hws_error *err) HWS_MUST_CHECK;
void hws_vault_wipe(struct hws_vault *v);
/* Tells in the log what that means for who is served. */
void hws_vault_configure(struct hws_vault *v, const struct hws_vault_conf *conf);

/* `password` 6..HWS_PASSWORD_LEN_MAX bytes of UTF-8. Computes some 100 ms, on any thread; wipe the
 * result. A new salt is drawn, so that viewers that remembered the old h1 cannot compute with
 * it. */
int hws_vault_prepare(const char *password, struct hws_vault_permanent *ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* Stores it before it counts. */
int hws_vault_take(struct hws_vault *v, const struct hws_vault_permanent *p,
		struct hws_error *err) HWS_MUST_CHECK;
/* Both in one: for commands and tests. */
int hws_vault_set_permanent(
		struct hws_vault *v, const char *password, struct hws_error *err) HWS_MUST_CHECK;
int hws_vault_clear_permanent(struct hws_vault *v, struct hws_error *err) HWS_MUST_CHECK;
/* The permanent password opens this host for hawser viewers only, since h1 was taken away. */
bool hws_vault_lacks_h1(const struct hws_vault *v);

/* "" when temporary passwords are not accepted. */
const char *hws_vault_temporary(const struct hws_vault *v);
/* Whether the temporary password counts for viewers that prove it in this way: a short one only
 * where no proof can be recorded and searched. */
bool hws_vault_temporary_counts(const struct hws_vault *v, enum hws_secure_level level);
void hws_vault_renew_temporary(struct hws_vault *v);

/* What deployed viewers prove. Temporary first. Counts wrong ones and renews the temporary password
 * after ten in a row; `ret_renewed` tells so. `salt` is what the viewer was given: after a change
 * of salt nothing matches. `level` is V1 or PLAIN. */
enum hws_vault_match hws_vault_check(struct hws_vault *v, enum hws_secure_level level,
		const char *salt, const char *challenge, struct hws_bytes proof, bool *ret_renewed);

/* What hawser viewers answer: for each password that counts an offer, good for one proof.
 * Secret. */
struct hws_vault_offers {
	unsigned version;
	bool made[2]; /* by kind - 1, as all here */
	struct hws_pake_cost cost[2];
	struct hws_pake_offer offer_secret[2];
};
/* Fresh ones, unless those in `o` (zeros at first) still stand: unanswered, and of the passwords in
 * force. */
void hws_vault_offer(const struct hws_vault *v, struct hws_vault_offers *o);

struct hws_vault_proof {
	const uint8_t *binding, *host_pk; /* 32 bytes each */
	struct hws_bytes share[2], confirm[2];
};
/* Judges as hws_vault_check does, and makes all offers void; nothing matches an offer of a password
 * that has changed since. With a match `ret_confirm` is the host's own proof that it knows the
 * password. */
enum hws_vault_match hws_vault_judge(struct hws_vault *v, struct hws_vault_offers *offers,
		const struct hws_vault_proof *proof, uint8_t ret_confirm[HWS_PAKE_CONFIRM_LEN],
		bool *ret_renewed);

/* The file's one line; `size` at least HWS_VAULT_LINE. */
#define HWS_VAULT_LINE 384u
int hws_vault_line(const struct hws_vault_permanent *p, char *buf, size_t size) HWS_MUST_CHECK;
/* The reverse, also of the line of earlier versions (salt and h1). Changes `line`.
 * HWS_ERR_CORRUPT. */
int hws_vault_parse(char *line, struct hws_vault_permanent *ret) HWS_MUST_CHECK;
