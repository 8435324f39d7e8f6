/* core/login: what the viewer knows about getting in: challenge, secrets, and the meaning of a
 * host's refusals. Pure; secrets are wiped by hws_login_done. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/crypto/password.h"
#include <stdbool.h>

#define HWS_SALT_MAX 128u
#define HWS_CHALLENGE_MAX 64u
#define HWS_PASSWORD_MAX 1024u

struct hws_login {
	bool has_hash;
	char salt[HWS_SALT_MAX + 1];
	char challenge[HWS_CHALLENGE_MAX + 1];
	bool has_h1;
	uint8_t h1_secret[HWS_H1_LEN];
	char h1_salt[HWS_SALT_MAX + 1]; /* the salt h1 was made with */
	char *preset_secret;            /* a password for the whole life of the session, or NULL */
	bool preset_refused;
	char *next_secret; /* what the user said out of turn, or NULL */
};

void hws_login_init(struct hws_login *l);
void hws_login_done(struct hws_login *l);
/* Copies; NULL = none. HWS_ERR_TOOBIG. */
int hws_login_preset(struct hws_login *l, const char *password) HWS_MUST_CHECK;
/* A remembered secret; used only while the host still has that salt. */
int hws_login_remembered(struct hws_login *l, const uint8_t h1_secret[HWS_H1_LEN],
		const char *salt) HWS_MUST_CHECK;
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
