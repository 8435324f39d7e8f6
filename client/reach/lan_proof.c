/* The text that is signed, at both ends. */
#include "client/reach/lan_proof.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/crypto/transcript.h"
#include "shared/net/addr.h"
#include <string.h>

#define LABEL "hawser lan pong"
#define SIGNED_LEN (sizeof(LABEL) - 1 + HWS_DIGEST_LEN)

/* `host` as it answers (without its proof), the asker's nonce, and the address. */
static void signed_text(const struct hws_lan_host *host, const uint8_t nonce[HWS_LAN_NONCE],
		const uint8_t address[HWS_LAN_ADDRESS], uint8_t ret[SIGNED_LEN])
{
	const uint8_t port[2] = { (uint8_t)(host->direct_port >> 8), (uint8_t)host->direct_port };
	const struct hws_bytes parts[] = { hws_bytes(nonce, HWS_LAN_NONCE),
		hws_bytes(address, HWS_LAN_ADDRESS), hws_bytes_str(host->id),
		hws_bytes_str(host->username), hws_bytes_str(host->hostname),
		hws_bytes_str(host->platform),
		hws_bytes(host->mac, host->has_mac ? HWS_LAN_MAC : 0),
		hws_bytes(port, sizeof(port)) };
	const size_t label = sizeof(LABEL) - 1;

	memcpy(ret, LABEL, label);
	hws_digest(LABEL, parts, HWS_COUNT(parts), ret + label);
}

void hws_lan_sign(const struct hws_identity *id, struct hws_lan_host *host,
		const uint8_t nonce[HWS_LAN_NONCE], const uint8_t address[HWS_LAN_ADDRESS])
{
	uint8_t text[SIGNED_LEN];

	signed_text(host, nonce, address, text);
	hws_identity_sign(id, hws_bytes(text, sizeof(text)), host->signature);
	memcpy(host->pk, id->pk, sizeof(host->pk));
	host->has_proof = true;
}

bool hws_lan_proves(const struct hws_lan_host *host, const uint8_t nonce[HWS_LAN_NONCE],
		const struct sockaddr_storage *from)
{
	uint8_t address[HWS_LAN_ADDRESS], text[SIGNED_LEN];

	if (!host->has_proof)
		return false;
	hws_addr_ip_bytes(from, address);
	signed_text(host, nonce, address, text);
	return hws_verify(host->pk, hws_bytes(text, sizeof(text)),
			       hws_bytes(host->signature, sizeof(host->signature))) == HWS_OK;
}
