/* crypto/totp: six digits that change every 30 seconds (RFC 6238 with HMAC-SHA-1, which is what all
 * apps on telephones know). */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"

#define HWS_TOTP_SECRET_LEN 20
#define HWS_TOTP_SECRET_TEXT 33 /* base32 with NUL */
#define HWS_TOTP_CODE_TEXT 7    /* with NUL */
#define HWS_TOTP_STEP_S 30

/* The code of a step (Unix time / HWS_TOTP_STEP_S). */
void hws_totp_code(struct hws_bytes secret, uint64_t step, char buf[HWS_TOTP_CODE_TEXT]);
/* Looks at the step of this moment and at one to each side, since clocks differ; those up to
 * `last_step` have been used. The step that fits goes to *ret_step, to be kept as the last.
 * HWS_ERR_PASSWORD: none. Takes the same time whatever the code. */
int hws_totp_check(struct hws_bytes secret, const char *code, uint64_t now_s, uint64_t last_step,
		uint64_t *ret_step) HWS_MUST_CHECK;
/* How a person types the secret. */
void hws_totp_secret_text(
		const uint8_t secret[HWS_TOTP_SECRET_LEN], char buf[HWS_TOTP_SECRET_TEXT]);
