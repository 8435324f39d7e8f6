/* host/control_upload: the uploader dials and reads files, and has no key; hostd has the key, and
 * does neither. */
#include "client/host/control_upload.h"
#include "client/host/hostd.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "shared/crypto/base64.h"
#include "shared/crypto/upload_proof.h"

static const char *text(const json_t *req, const char *name)
{
	const char *s = json_string_value(json_object_get(req, name));

	return s ? s : "";
}

void hws_control_sign_upload(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	struct hws_hostd *h = arg;
	char moment[24], claim[HWS_UPLOAD_TEXT];
	char signature[HWS_BASE64_TEXT(HWS_SIG_LEN)];
	const struct hws_upload u = { h->whoami.id, moment, text(req, "type"), text(req, "file"),
		text(req, "offset"), text(req, "length"), text(req, "started"),
		text(req, "seconds"), text(req, "resume"), text(req, "hash") };
	uint8_t sig[HWS_SIG_LEN];
	int r = hws_fmt(moment, sizeof(moment), "%llu",
			(unsigned long long)(hws_wall_us() / HWS_US_PER_S));

	if (r == HWS_OK)
		r = hws_upload_text(&u, claim);
	if (r < 0) {
		hws_control_fail(reply, r, "not an upload that can be signed");
		return;
	}
	hws_identity_sign(&h->whoami.identity, hws_bytes_str(claim), sig);
	r = hws_base64_encode(hws_bytes(sig, sizeof(sig)), signature, sizeof(signature));
	if (r < 0)
		hws_control_fail(reply, r, "%s", hws_err_text(r));
	else
		hws_control_ok(reply,
				json_pack("{s:s,s:s,s:s}", "id", u.id, "time", moment, "signature",
						signature));
}
