/* reach/server_offer: answers an offer with a key of this link's own. */
#include "client/reach/server_offer.h"
#include "shared/base/mem.h"
#include "shared/wire/limits.h"
#include "shared/wire/server_kx.h"

int hws_server_offer_take(
		struct hws_conn *c, const uint8_t pk[HWS_PK_LEN], struct hws_bytes payload)
{
	uint8_t key_secret[HWS_SESSION_KEY_LEN];
	struct hws_buf reply;
	int r;

	hws_buf_init(&reply, HWS_RDV_FRAME_MAX);
	r = hws_kx_client_answer(pk, payload, &reply, key_secret);
	/* deployed hosts go on in plain here: whoever sits between could have that */
	if (r == HWS_ERR_NOTFOUND)
		r = HWS_ERR_UNSUPPORTED;
	if (r == HWS_OK)
		r = hws_conn_send(c, hws_buf_bytes(&reply));
	if (r == HWS_OK)
		hws_conn_set_key(c, key_secret);
	hws_wipe(key_secret, sizeof(key_secret));
	hws_buf_done(&reply);
	return r;
}
