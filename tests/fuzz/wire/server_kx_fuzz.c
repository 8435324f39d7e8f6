/* wire/server_kx: both roles; byte 0 chooses the role and whether the rest is a frame or a mask
 * over a true one. */
#include <assert.h>

#include "shared/crypto/crypto.h"
#include "shared/wire/server_kx.h"

static struct hws_identity server;
static struct hws_kx_offer offer;

static void prepare(void)
{
	static const uint8_t seed[32] = { 3 };

	if (offer.payload_len > 0)
		return;
	assert(hws_crypto_init() == HWS_OK);
	hws_identity_from_seed(seed, &server);
	hws_kx_offer_new(&server, &offer);
}

static struct hws_bytes masked(struct hws_bytes in, struct hws_bytes mask, uint8_t *buf, size_t max)
{
	assert(in.len <= max);
	memcpy(buf, in.ptr, in.len);
	for (size_t i = 0; i < mask.len && i < in.len; i++)
		buf[i] ^= mask.ptr[i];
	return hws_bytes(buf, in.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t buf[256], key[32], mine[32];
	struct hws_buf reply;

	prepare();
	if (size < 1)
		return 0;

	struct hws_bytes in = hws_bytes(data + 1, size - 1);

	hws_buf_init(&reply, 4096);
	if (data[0] & 1) {
		if (data[0] & 2) {
			assert(hws_kx_client_answer(server.pk, hws_kx_offer_payload(&offer), &reply,
					       mine) == HWS_OK);
			in = masked(hws_buf_bytes(&reply), in, buf, sizeof(buf));
		}
		if (hws_kx_server_answer(&offer, in, key) == HWS_OK && data[0] & 2)
			assert(memcmp(key, mine, sizeof(key)) == 0);
	} else {
		if (data[0] & 2)
			in = masked(hws_kx_offer_payload(&offer), in, buf, sizeof(buf));
		if (hws_kx_client_answer(server.pk, in, &reply, key) != HWS_OK)
			assert(hws_buf_len(&reply) == 0);
	}
	hws_buf_done(&reply);
	return 0;
}
