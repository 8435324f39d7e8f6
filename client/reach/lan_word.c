/* The words of the local network; see lan_word.h. */
#include "client/reach/lan_word.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"
#include <string.h>

#define MAC_TEXT (3 * HWS_LAN_MAC)
#define ASK_PADDING 480u

static int pack(Rdv__PeerDiscovery *p, struct hws_buf *out)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;

	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PEER_DISCOVERY;
	m.peer_discovery = p;
	return hws_rdv_pack(&m, out);
}

/* protobuf-c only reads what it packs. */
static char *borrow(const char *s)
{
	return (char *)(uintptr_t)s;
}

int hws_lan_ping(const char *id, const uint8_t *nonce, struct hws_buf *out)
{
	static const uint8_t nothing[ASK_PADDING];
	Rdv__PeerDiscovery p = RDV__PEER_DISCOVERY__INIT;

	p.cmd = borrow("ping");
	p.id = borrow(id);
	if (nonce) {
		p.nonce = (ProtobufCBinaryData){ HWS_LAN_NONCE, (uint8_t *)(uintptr_t)nonce };
		p.padding = (ProtobufCBinaryData){ sizeof(nothing), (uint8_t *)(uintptr_t)nothing };
	}
	return pack(&p, out);
}

int hws_lan_pong(const struct hws_lan_host *h, struct hws_buf *out)
{
	Rdv__PeerDiscovery p = RDV__PEER_DISCOVERY__INIT;
	char mac[MAC_TEXT] = "";

	p.cmd = borrow("pong");
	p.mac = h->has_mac ? hws_lan_mac_text(h->mac, mac, sizeof(mac)) : mac;
	p.id = borrow(h->id);
	p.username = borrow(h->username);
	p.hostname = borrow(h->hostname);
	p.platform = borrow(h->platform);
	p.direct_port = h->direct_port;
	if (h->has_proof) {
		p.host_pk = (ProtobufCBinaryData){ sizeof(h->pk), (uint8_t *)(uintptr_t)h->pk };
		p.signature = (ProtobufCBinaryData){ sizeof(h->signature),
			(uint8_t *)(uintptr_t)h->signature };
	}
	return pack(&p, out);
}

/* As deployed clients take IDs: what could be a path, a quote or a pattern is none. */
static bool id_is_sound(const char *id)
{
	size_t len = strlen(id);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)id[i] <= ' ' || id[i] == 0x7f || strchr("\"<>/\\|?*", id[i]))
			return false;
	return len <= HWS_LAN_ID_MAX;
}

static void take(const char *from, char *to, size_t size)
{
	if (hws_str_copy(to, size, from) < 0)
		*to = 0;
}

static int read_pong(const Rdv__PeerDiscovery *p, struct hws_lan_host *h)
{
	if (!*p->id)
		return HWS_ERR_PROTO;
	take(p->username, h->username, sizeof(h->username));
	take(p->hostname, h->hostname, sizeof(h->hostname));
	take(p->platform, h->platform, sizeof(h->platform));
	h->has_mac = hws_lan_mac_parse(p->mac, h->mac) == HWS_OK;
	h->has_proof = p->host_pk.len == sizeof(h->pk) && p->signature.len == sizeof(h->signature);
	if (h->has_proof) {
		memcpy(h->pk, p->host_pk.data, sizeof(h->pk));
		memcpy(h->signature, p->signature.data, sizeof(h->signature));
	}
	h->direct_port = p->direct_port <= UINT16_MAX ? (uint16_t)p->direct_port : 0;
	return HWS_OK;
}

static int read_word(
		const Rdv__PeerDiscovery *p, enum hws_lan_word *ret_word, struct hws_lan_host *h)
{
	if (!id_is_sound(p->id) || hws_str_copy(h->id, sizeof(h->id), p->id) < 0)
		return HWS_ERR_PROTO;
	*ret_word = hws_str_equal(p->cmd, "ping") ? HWS_LAN_PING : HWS_LAN_PONG;
	if (*ret_word == HWS_LAN_PING) {
		h->has_nonce = p->nonce.len == sizeof(h->nonce);
		if (h->has_nonce)
			memcpy(h->nonce, p->nonce.data, sizeof(h->nonce));
		return HWS_OK;
	}
	return hws_str_equal(p->cmd, "pong") ? read_pong(p, h) : HWS_ERR_PROTO;
}

int hws_lan_parse(struct hws_bytes datagram, enum hws_lan_word *ret_word, struct hws_lan_host *ret)
{
	Rdv__RendezvousMessage *m = NULL;
	int r;

	*ret = (struct hws_lan_host){ 0 };
	if (datagram.len > HWS_LAN_DATAGRAM_MAX)
		return HWS_ERR_PROTO;
	r = hws_rdv_unpack(datagram, &m);
	if (r < 0)
		return HWS_ERR_PROTO;
	r = m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_PEER_DISCOVERY
			? read_word(m->peer_discovery, ret_word, ret)
			: HWS_ERR_PROTO;
	hws_rdv_free(m);
	return r;
}

char *hws_lan_mac_text(const uint8_t mac[HWS_LAN_MAC], char *buf, size_t size)
{
	if (hws_fmt(buf, size, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
			    mac[4], mac[5]) < 0)
		*buf = 0;
	return buf;
}

/* The digits alone; false when there are others than six pairs with one kind of mark between. */
static bool strip(const char *text, char digits[2 * HWS_LAN_MAC + 1])
{
	size_t len = strlen(text), n = 0;
	char mark = 0;

	if (len == MAC_TEXT - 1)
		mark = text[2];
	if (mark ? mark != ':' && mark != '-' : len != 2 * (size_t)HWS_LAN_MAC)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (mark && i % 3 == 2) {
			if (text[i] != mark)
				return false;
		} else {
			digits[n++] = text[i];
		}
	}
	digits[n] = 0;
	return true;
}

int hws_lan_mac_parse(const char *text, uint8_t ret[HWS_LAN_MAC])
{
	static const uint8_t nobody[HWS_LAN_MAC] = { 0 };
	static const uint8_t everybody[HWS_LAN_MAC] = { 255, 255, 255, 255, 255, 255 };
	char digits[2 * HWS_LAN_MAC + 1];
	int r = strip(text, digits) ? hws_hex_decode(digits, ret, HWS_LAN_MAC) : HWS_ERR_INVAL;

	if (r == HWS_OK &&
			(!memcmp(ret, nobody, HWS_LAN_MAC) || !memcmp(ret, everybody, HWS_LAN_MAC)))
		r = HWS_ERR_INVAL;
	return r;
}
