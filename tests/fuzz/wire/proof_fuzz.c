/* wire/proof: any bytes as a message with a proof behind it. What is read can be written again, the
 * same way; what nobody proved passes for no proof; what the fast form of a keep-alive says is what
 * the general one says. */
#include "shared/wire/proof.h"
#include "shared/wire/register_codec.h"
#include <assert.h>
#include <string.h>

static const uint8_t key[HWS_AGREE_KEY_LEN] = { 1, 2, 3 };

static void write_again(struct hws_bytes in, const struct hws_proof *p)
{
	size_t body = (p->has_seq ? 18 : 0) + (p->has_nonce ? 18 : 0) + (p->has_cookie ? 18 : 0);
	struct hws_proof plain = *p, got;
	struct hws_buf out;

	hws_buf_init(&out, in.len + HWS_PROOF_MAX);
	assert(in.len >= body + (p->has_mac ? 18 : 0));
	assert(hws_proof_append(&out, &plain, key) == HWS_OK);
	assert(hws_buf_len(&out) <= HWS_PROOF_MAX);
	assert(hws_proof_read(hws_buf_bytes(&out), &got) == HWS_OK);
	assert(got.has_mac && hws_proof_check(hws_buf_bytes(&out), &got, key));
	assert(got.has_seq == p->has_seq && got.seq == p->seq && got.epoch == p->epoch);
	assert(!memcmp(got.nonce, p->nonce, sizeof(got.nonce)));
	assert(!memcmp(got.cookie, p->cookie, sizeof(got.cookie)));
	hws_buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_bytes in = hws_bytes(data, size);
	struct hws_register_peer peer;
	struct hws_proof p;
	int r = hws_proof_read(in, &p);

	assert(r == HWS_OK || r == HWS_ERR_NOTFOUND || r == HWS_ERR_PROTO);
	if (r == HWS_OK) {
		/* a forgery of 128 bits is not what a fuzzer finds */
		assert(!hws_proof_check(in, &p, key));
		write_again(in, &p);
	}
	if (hws_register_peer_decode(in, &peer) == HWS_OK && peer.proves)
		assert(r == HWS_OK && !p.has_seq && !p.has_nonce && !p.has_cookie && !p.has_mac);
	return 0;
}
