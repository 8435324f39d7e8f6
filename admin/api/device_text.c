/* api/device_text: strangers' texts are cut and cleaned here, so that a report is stored rather
 * than lost for its form. */
#include "admin/api/device_text.h"
#include "shared/base/str.h"
#include <string.h>

bool adi_sender(const struct htp_request *q, struct adi_sender *ret)
{
	ret->uuid = "";
	if (htp_json_text(q->json, "id", DAT_ID_TEXT - 1, &ret->id) < 0 || !*ret->id)
		return false;
	return htp_json_text(q->json, "uuid", DAT_UUID_TEXT - 1, &ret->uuid) != HWS_ERR_TOOBIG;
}

void adi_report_text(const json_t *o, const char *key, char *buf, size_t size)
{
	const char *s = json_string_value(json_object_get(o, key));
	size_t n = 0;

	for (; s && *s && n + 1 < size; s++) {
		bool control = (unsigned char)*s < 32 || *s == 127;

		if (control)
			buf[n++] = ' ';
		else
			buf[n++] = *s;
	}
	/* not in the middle of a sign */
	while (n && s && *s && ((unsigned char)*s & 0xc0) == 0x80) {
		s--;
		n--;
	}
	buf[n] = '\0';
	dat_text_cut(buf, size);
}

int adi_sender_known(struct adi_app *a, struct sql_conn *c, const struct adi_sender *s,
		char ret_guid[DAT_GUID_TEXT])
{
	struct dat_beat b;
	int r = dat_beat_get(c, s->id, s->uuid, &b);

	if (r == HWS_ERR_NOTFOUND)
		adi_presence_foreign(a->presence);
	return r == HWS_OK ? hws_str_copy(ret_guid, DAT_GUID_TEXT, b.guid) : r;
}
