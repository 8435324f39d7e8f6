/* rendezvous/operate/control_sign: the words before the text keep apart what this key signs:
 * nothing that anybody has signed here can be taken for a statement about a device, or the other
 * way round. */
#include "server-rendezvous/operate/control_sign.h"
#include "server-rendezvous/operate/request.h"
#include "server-rendezvous/state/core.h"
#include "shared/base/buf.h"
#include "shared/base/str.h"
#include "shared/crypto/base64.h"

#define STRATEGY "hawser strategy v1"
#define TEXT_MAX (32u << 10)

void rdv_cmd_sign(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	const struct rdv_core *core = arg;
	const char *text = rdv_request_text(req, "text");
	char signature[HWS_BASE64_TEXT(HWS_SIG_LEN)];
	uint8_t raw[HWS_SIG_LEN];
	struct hws_buf out;
	int r;

	if (!hws_str_equal(rdv_request_text(req, "what"), "strategy") || !*text) {
		hws_control_fail(reply, HWS_ERR_INVAL,
				"\"what\" is strategy, and \"text\" what is to be signed");
		return;
	}
	hws_buf_init(&out, sizeof(STRATEGY) + TEXT_MAX);
	hws_buf_put(&out, STRATEGY, sizeof(STRATEGY)); /* with its NUL */
	hws_buf_put_str(&out, text);
	r = hws_buf_err(&out);
	if (r == HWS_OK) {
		hws_identity_sign(&core->identity, hws_buf_bytes(&out), raw);
		r = hws_base64_encode(hws_bytes(raw, sizeof(raw)), signature, sizeof(signature));
	}
	hws_buf_done(&out);
	if (r < 0)
		hws_control_fail(reply, r, "not signed: %s", hws_err_text(r));
	else
		hws_control_ok(reply,
				json_pack("{s:s,s:s}", "signature", signature, "key",
						core->key_text));
}
