/* The number is the key: 128 bits of chance. */
#include "shared/crypto/switch_proof.h"
#include "shared/base/mem.h"
#include "shared/crypto/transcript.h"
#include <string.h>

#define BINDING_LEN 32

void hws_switch_proof(const uint8_t number[16], const uint8_t binding[32],
		uint8_t ret[HWS_SWITCH_PROOF_LEN])
{
	uint8_t key[32] = { 0 }, digest[HWS_DIGEST_LEN];

	memcpy(key, number, 16);
	hws_digest_keyed(key, "hawser v2 switch sides", &(struct hws_bytes){ binding, BINDING_LEN },
			1, digest);
	memcpy(ret, digest, HWS_SWITCH_PROOF_LEN);
	hws_wipe(key, sizeof(key));
	hws_wipe(digest, sizeof(digest));
}
