/* api/console_enter: a browser of the console comes in by api/login. */
#pragma once
#include "admin/api/console_session.h"
#include "admin/api/login.h"

/* The device_id that stands for the console in challenges. */
#define ADI_CONSOLE_ID "console"
/* Where a browser comes from; `trust` is filled from its cookie. */
struct adi_login_from adi_console_from(const struct htp_request *q, char trust[DAT_TOKEN_TEXT]);
/* After ADI_LOGIN_DONE: sets the cookies, and gives the Session of the description; NULL: `reply`
 * says what failed. */
json_t *adi_console_enter(const struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		const struct adi_login *l);
