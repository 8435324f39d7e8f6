/* tests/component/api/totp: base32 by hand, as an authenticator reads what was typed. */
#include "tests/component/api/totp.h"
#include "shared/base/clock.h"
#include "shared/crypto/totp.h"
#include <check.h>
#include <string.h>

const char *totp_code(const char *secret, int steps)
{
	static const char signs[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	static char code[HWS_TOTP_CODE_TEXT];
	uint8_t bytes[HWS_TOTP_SECRET_LEN] = { 0 };
	uint64_t now_s = hws_wall_us() / HWS_US_PER_S;

	ck_assert_uint_eq(strlen(secret), HWS_TOTP_SECRET_TEXT - 1);
	for (size_t i = 0; i < 160; i++) {
		unsigned v = (unsigned)(strchr(signs, secret[i / 5]) - signs);

		bytes[i / 8] |= (uint8_t)(((v >> (4 - i % 5)) & 1) << (7 - i % 8));
	}
	hws_totp_code(hws_bytes(bytes, sizeof(bytes)),
			(uint64_t)((int64_t)(now_s / HWS_TOTP_STEP_S) + steps), code);
	return code;
}

const char *totp_turn_on(struct api *a, struct api_as as)
{
	const char *secret =
			api_text(api_must(a, 200, as, "POST", "/api/v1/me/totp", NULL), "secret");

	(void)api_must(a, 200, as, "POST", "/api/v1/me/totp/confirm", "{'code':'%s'}",
			totp_code(secret, 0));
	return secret;
}
