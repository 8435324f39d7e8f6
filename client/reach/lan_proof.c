/* The text that is signed, at both ends. */
#include "client/reach/lan_proof.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/crypto/transcript.h"
#include <netinet/in.h>
#include <string.h>

#define LABEL "hawser lan pong"

_Static_assert(sizeof(LABEL) - 1 + HWS_DIGEST_LEN <= HWS_LAN_SIGNED_MAX, "room");

size_t hws_lan_signed_text(const struct hws_lan_host *host, const uint8_t nonce[HWS_LAN_NONCE],
		const uint8_t address[HWS_LAN_ADDRESS], uint8_t ret[HWS_LAN_SIGNED_MAX])
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
	return label + HWS_DIGEST_LEN;
}

void hws_lan_sign(const struct hws_identity *id, struct hws_lan_host *host,
		const uint8_t nonce[HWS_LAN_NONCE], const uint8_t address[HWS_LAN_ADDRESS])
{
	uint8_t text[HWS_LAN_SIGNED_MAX];
	size_t len = hws_lan_signed_text(host, nonce, address, text);

	hws_identity_sign(id, hws_bytes(text, len), host->signature);
	memcpy(host->pk, id->pk, sizeof(host->pk));
	host->has_proof = true;
}

bool hws_lan_proves(const struct hws_lan_host *host, const uint8_t nonce[HWS_LAN_NONCE],
		const struct sockaddr_storage *from)
{
	uint8_t address[HWS_LAN_ADDRESS], text[HWS_LAN_SIGNED_MAX];
	size_t len;

	if (!host->has_proof)
		return false;
	hws_lan_address(from, address);
	len = hws_lan_signed_text(host, nonce, address, text);
	return hws_verify(host->pk, hws_bytes(text, len),
			       hws_bytes(host->signature, sizeof(host->signature))) == HWS_OK;
}

void hws_lan_address(const struct sockaddr_storage *a, uint8_t ret[HWS_LAN_ADDRESS])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	memset(ret, 0, HWS_LAN_ADDRESS);
	if (a->ss_family == AF_INET6) {
		memcpy(ret, &((const struct sockaddr_in6 *)a)->sin6_addr, HWS_LAN_ADDRESS);
	} else if (a->ss_family == AF_INET) {
		memcpy(ret, mapped, sizeof(mapped));
		memcpy(ret + sizeof(mapped), &((const struct sockaddr_in *)a)->sin_addr, 4);
	}
}
