/* api/device_text: what reports of devices have in common: who sends them, texts that are taken as
 * far as they can be. */
#pragma once
#include "admin/api/app.h"
#include "admin/api/presence.h"

struct adi_sender {
	const char *id, *uuid; /* "" = not given */
};
/* False: no id, or out of bounds. Borrows from the request. */
bool adi_sender(const struct htp_request *q, struct adi_sender *ret);
/* A text member as far as `size` goes, without control signs; "" when it is not there or no text. */
void adi_report_text(const json_t *o, const char *key, char *buf, size_t size);
/* Whether a device has this id and uuid; HWS_ERR_NOTFOUND. */
int adi_sender_known(struct adi_app *a, struct sql_conn *c, const struct adi_sender *s,
		char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
