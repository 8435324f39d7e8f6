/* What an authenticator on a telephone does. */
#pragma once
#include "tests/component/api/client.h"

/* Six digits of the secret as /me/totp shows it, `steps` from now. */
const char *totp_code(const char *secret, int steps);
/* Turns one-time codes on for who asks; the secret. The code of now is used up. */
const char *totp_turn_on(struct api *a, struct api_as as);
