/* crypto/password: proof of a password over the wire, generated passwords, stored form of a
 * permanent one. h1 = SHA-256(password, salt) is as good as the password: treat it as a secret. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>

#define HWS_H1_LEN 32
#define HWS_PROOF_LEN 32
#define HWS_SALT_TEXT 33     /* 32 characters with NUL */
#define HWS_CHALLENGE_TEXT 7 /* 6 characters with NUL */
#define HWS_PASSWORD_RANDOM_MAX 64
#define HWS_H1_STORED_TEXT 47 /* "00" and base64 with NUL */

/* What generated text is drawn from: readable (no 0, 1, l, o), or digits only. */
enum hws_password_set { HWS_PASSWORD_READABLE, HWS_PASSWORD_DIGITS };

void hws_password_h1(struct hws_bytes password, const char *salt, uint8_t ret_secret[HWS_H1_LEN]);
/* SHA-256(h1, challenge): what LoginRequest.password carries. */
void hws_password_proof(const uint8_t h1_secret[HWS_H1_LEN], const char *challenge,
		uint8_t ret[HWS_PROOF_LEN]);
/* Constant time; a proof of another length is simply wrong. */
bool hws_password_verify(
		const uint8_t h1_secret[HWS_H1_LEN], const char *challenge, struct hws_bytes proof);

/* `chars` random characters and a NUL; chars <= HWS_PASSWORD_RANDOM_MAX and buf large enough, else
 * HWS_ERR_RANGE. For temporary passwords. */
int hws_password_random(
		enum hws_password_set set, size_t chars, char *buf, size_t size) HWS_MUST_CHECK;
void hws_password_salt(char buf[HWS_SALT_TEXT]);
void hws_password_challenge(char buf[HWS_CHALLENGE_TEXT]);

/* Stored form of a permanent password: "00" and base64 of h1 (its salt is stored beside it). */
void hws_password_store(const uint8_t h1_secret[HWS_H1_LEN], char buf[HWS_H1_STORED_TEXT]);
/* HWS_ERR_CORRUPT when the text is not of that form. */
int hws_password_load(const char *text, uint8_t ret_secret[HWS_H1_LEN]) HWS_MUST_CHECK;
