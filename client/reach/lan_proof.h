/* reach/lan_proof: an answer in the local network that proves whose it is. A host of hawser signs,
 * with its key, what it answers, over a number that the asker drew and the address it answers from:
 * so nobody else can say it, nor send the asker to another machine by playing on what a host said.
 * What has no such proof may be anybody's word. No I/O. */
#pragma once
#include "client/reach/lan_word.h"
#include "shared/crypto/identity.h"
#include <sys/socket.h>

/* Both take the asker's nonce and the address that is answered from (hws_addr_ip_bytes). */
void hws_lan_sign(const struct hws_identity *id, struct hws_lan_host *host,
		const uint8_t nonce[HWS_LAN_NONCE], const uint8_t address[HWS_LAN_ADDRESS]);
/* Whether `host` proved, for this nonce, that it answers from there with its key. */
bool hws_lan_proves(const struct hws_lan_host *host, const uint8_t nonce[HWS_LAN_NONCE],
		const struct sockaddr_storage *from);
