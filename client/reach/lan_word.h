/* reach/lan_word: what machines of one local network say to find each other: PeerDiscovery, one
 * datagram each, as deployed clients of RustDesk 1.x send and answer it at UDP port 21119. Deployed
 * ones sign nothing; hosts of hawser do for who asks them to (reach/lan_proof). The key of a host
 * is checked when it is met, in any case. No I/O. */
#pragma once
#include "shared/base/buf.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/crypto/identity.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_LAN_PORT 21119 /* as deployed clients */
#define HWS_LAN_DATAGRAM_MAX 2048u
#define HWS_LAN_ID_MAX 253u /* as deployed clients take them */
#define HWS_LAN_MAC 6u
#define HWS_LAN_NONCE 32u
#define HWS_LAN_ADDRESS 16u /* of hws_addr_ip_bytes */

struct hws_lan_host {
	char id[HWS_LAN_ID_MAX + 1];
	char username[128], hostname[128], platform[64]; /* "" where it does not say */
	bool has_mac;
	uint8_t mac[HWS_LAN_MAC];
	/* hawser hosts that take connections at their address say where; 0: no, or not said */
	uint16_t direct_port;
	bool has_nonce; /* of a ping: the asker wants a proof */
	uint8_t nonce[HWS_LAN_NONCE];
	bool has_proof; /* of a pong: not checked yet */
	uint8_t pk[HWS_PK_LEN], signature[HWS_SIG_LEN];
};

enum hws_lan_word { HWS_LAN_PING, HWS_LAN_PONG };

/* `id`: who asks; "" = does not say. `nonce`: hosts of hawser are to prove themselves, others pass
 * over it; then it is longer than any usual answer, so that nobody gets more by us than he sends.
 * NULL: as deployed clients ask. Appends. */
int hws_lan_ping(const char *id, const uint8_t *nonce, struct hws_buf *out) HWS_MUST_CHECK;
/* With its proof, if it has one. */
int hws_lan_pong(const struct hws_lan_host *h, struct hws_buf *out) HWS_MUST_CHECK;
/* HWS_ERR_PROTO: neither, or an ID that is none. Of a ping, only `id` and `nonce` are filled in.
 * Texts that are too long, or no UTF-8, are left out; they are foreign: escape them where they are
 * shown. */
int hws_lan_parse(struct hws_bytes datagram, enum hws_lan_word *ret_word,
		struct hws_lan_host *ret) HWS_MUST_CHECK;

/* "aa:bb:cc:dd:ee:ff"; text of 18. */
char *hws_lan_mac_text(const uint8_t mac[HWS_LAN_MAC], char *buf, size_t size);
/* With : or - between, or nothing. Not that of nobody or everybody. */
int hws_lan_mac_parse(const char *text, uint8_t ret[HWS_LAN_MAC]) HWS_MUST_CHECK;
