/* core/login: what the viewer knows about getting in: challenge, secrets, and the meaning of a
 * host's refusals. Pure; secrets are wiped by hws_login_done. */
#pragma once
#include "client/core/login_pake.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/crypto/password.h"
#include <stdbool.h>

#define HWS_SALT_MAX 128u
#define HWS_CHALLENGE_MAX 64u
#define HWS_PASSWORD_MAX 1024u

#define HWS_RESUME_ID_LEN 16
#define HWS_RESUME_SECRET_LEN 32
#define HWS_RESUME_US 600000000ull /* so long after the line was lost it is good */

/* What brings the session back in after its line was lost, at the host with this key. */
struct hws_login_resume {
	bool has;
	uint8_t id[HWS_RESUME_ID_LEN], secret[HWS_RESUME_SECRET_LEN];
	uint8_t host_pk[32];
	bool lost;        /* the line is */
	uint64_t lost_us; /* since then, as far as is known: 0 = since now */
};

struct hws_login {
	bool has_hash;
	char salt[HWS_SALT_MAX + 1];
	char challenge[HWS_CHALLENGE_MAX + 1];
	bool has_h1;
	uint8_t h1_secret[HWS_H1_LEN];
	char h1_salt[HWS_SALT_MAX + 1]; /* the salt h1 was made with */
	char *preset_secret;            /* a password for the whole life of the session, or NULL */
	bool preset_refused;
	char *next_secret;          /* what the user said out of turn, or NULL */
	bool remembered;            /* what is known is of an earlier session */
	struct hws_login_pake pake; /* hosts of v2 */
	struct hws_login_resume resume;
};

void hws_login_init(struct hws_login *l);
void hws_login_done(struct hws_login *l);
/* Copies; NULL = none. HWS_ERR_TOOBIG. */
int hws_login_preset(struct hws_login *l, const char *password) HWS_MUST_CHECK;
/* A remembered secret; used only while the host still has that salt. */
int hws_login_remembered(struct hws_login *l, const uint8_t h1_secret[HWS_H1_LEN],
		const char *salt) HWS_MUST_CHECK;
/* What `from` was let in with by the deployed scheme. */
void hws_login_learn(struct hws_login *l, const struct hws_login *from);
/* The same of a host of v2; used only while the host stores its password in that way. */
void hws_login_remembered_pake(struct hws_login *l, const struct hws_pake_stretched *s);
/* The host's challenge of a new connection. HWS_ERR_TOOBIG. */
int hws_login_hash(struct hws_login *l, const char *salt, const char *challenge) HWS_MUST_CHECK;
/* What the user typed, after the challenge is there. HWS_ERR_TOOBIG, HWS_ERR_AGAIN (no challenge
 * yet). */
int hws_login_typed(struct hws_login *l, const char *password) HWS_MUST_CHECK;
/* What the user said while nobody asked: kept (the newest) for the next question.
 * HWS_ERR_TOOBIG. */
int hws_login_later(struct hws_login *l, const char *password) HWS_MUST_CHECK;
/* Its turn has come: it counts as typed. False when there is none, or no challenge yet. */
bool hws_login_take_later(struct hws_login *l);
/* The host let us in: what was said out of turn is not needed. */
void hws_login_accepted(struct hws_login *l);
/* What the password is with this host's salt, as typed, preset or remembered; NULL: none is known.
 * Borrows. */
const uint8_t *hws_login_h1(struct hws_login *l);
/* v2: whether one of the host's offers can be answered. */
bool hws_login_can_prove(struct hws_login *l);
/* The proof for LoginRequest.password; false when there is nothing to prove with: ask the user. */
bool hws_login_proof(struct hws_login *l, uint8_t ret[HWS_PROOF_LEN]);
/* The host said the password was wrong: forget it. */
void hws_login_refused(struct hws_login *l);

enum hws_login_step {
	HWS_LOGIN_ASK,        /* ask for a password */
	HWS_LOGIN_ASK_AGAIN,  /* it was wrong */
	HWS_LOGIN_CODE,       /* ask for the two-factor code */
	HWS_LOGIN_CODE_AGAIN, /* it was wrong */
	HWS_LOGIN_WAIT,       /* for the person at the host */
	HWS_LOGIN_END
};

/* The meaning of LoginResponse.error. For END `*ret_err` is an enum hws_err and `text` (of `size`
 * bytes) a sentence with the remedy, the peer's own words escaped. */
enum hws_login_step hws_login_verdict(const char *error, int *ret_err, char *text, size_t size);
