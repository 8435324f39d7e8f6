/* reach/lan_proof: an answer in the local network that proves whose it is. A host of hawser signs,
 * with its key, what it answers, over a number that the asker drew and the address it answers from:
 * so nobody else can say it, nor send the asker to another machine by playing on what a host said.
 * What has no such proof may be anybody's word. No I/O. */
#pragma once
#include "client/reach/lan_word.h"
#include "shared/crypto/identity.h"
#include <sys/socket.h>

/* What is signed: `host` as it answers (without its proof), the asker's nonce, and the address. */
#define HWS_LAN_SIGNED_MAX 64u
size_t hws_lan_signed_text(const struct hws_lan_host *host, const uint8_t nonce[HWS_LAN_NONCE],
		const uint8_t address[HWS_LAN_ADDRESS], uint8_t ret[HWS_LAN_SIGNED_MAX]);
void hws_lan_sign(const struct hws_identity *id, struct hws_lan_host *host,
		const uint8_t nonce[HWS_LAN_NONCE], const uint8_t address[HWS_LAN_ADDRESS]);
/* Whether `host` proved, for this nonce, that it answers from there with its key. */
bool hws_lan_proves(const struct hws_lan_host *host, const uint8_t nonce[HWS_LAN_NONCE],
		const struct sockaddr_storage *from);
/* 16 bytes, IPv4 as IPv6 has it; all zero for other kinds. */
void hws_lan_address(const struct sockaddr_storage *a, uint8_t ret[HWS_LAN_ADDRESS]);
