/* The field is written in one way only, and the mac is its end and that of the message: what is
 * covered needs no canonical form, and nothing can stand behind it. */
#include "shared/wire/proof.h"
#include "shared/crypto/hash.h"
#include "shared/wire/field.h"
#include <string.h>

#define FIELD 1006u
#define PURPOSE "hawser registration 1"
/* Field 1006 with bytes, then its length (one byte). */
static const uint8_t tag[2] = { 0xf2, 0x3e };

enum part { PART_EPOCH = 1, PART_SEQ = 2, PART_NONCE = 3, PART_COOKIE = 4, PART_MAC = 5 };

int hws_proof_agree(const struct hws_identity *own, const uint8_t host_pk[HWS_PK_LEN],
		const uint8_t server_pk[HWS_PK_LEN], struct hws_proof_keys *ret)
{
	return hws_agree(own, host_pk, server_pk, PURPOSE, ret->host_secret, ret->server_secret);
}

static void put_bytes(struct hws_buf *b, enum part part, const uint8_t *p, uint8_t len)
{
	hws_buf_put_u8(b, (uint8_t)(part << 3 | HWS_WIRE_BYTES));
	hws_buf_put_u8(b, len);
	if (p)
		hws_buf_put(b, p, len);
}

static void put_number(struct hws_buf *b, enum part part, uint64_t v)
{
	hws_buf_put_u8(b, (uint8_t)(part << 3 | HWS_WIRE_FIXED64));
	for (unsigned i = 0; i < 8; i++)
		hws_buf_put_u8(b, (uint8_t)(v >> (8 * i)));
}

int hws_proof_append(struct hws_buf *message, const struct hws_proof *p, const uint8_t *key_secret)
{
	uint8_t mac[HWS_AGREE_MAC_LEN];
	size_t len = 0;

	len += p->has_seq ? 18 : 0;
	len += p->has_nonce ? 2 + sizeof(p->nonce) : 0;
	len += p->has_cookie ? 2 + sizeof(p->cookie) : 0;
	len += key_secret ? 2 + sizeof(mac) : 0;
	hws_buf_put(message, tag, sizeof(tag));
	hws_buf_put_u8(message, (uint8_t)len);
	if (p->has_seq) {
		put_number(message, PART_EPOCH, p->epoch);
		put_number(message, PART_SEQ, p->seq);
	}
	if (p->has_nonce)
		put_bytes(message, PART_NONCE, p->nonce, sizeof(p->nonce));
	if (p->has_cookie)
		put_bytes(message, PART_COOKIE, p->cookie, sizeof(p->cookie));
	if (key_secret) {
		put_bytes(message, PART_MAC, NULL, sizeof(mac));
		if (hws_buf_err(message) == HWS_OK) {
			hws_agree_mac(key_secret, hws_buf_bytes(message), mac);
			hws_buf_put(message, mac, sizeof(mac));
		}
	}
	return hws_buf_err(message);
}

static bool take(const struct hws_wire_field *f, uint8_t *to, size_t len)
{
	if (f->wire != HWS_WIRE_BYTES || f->bytes.len != len)
		return false;
	memcpy(to, f->bytes.ptr, len);
	return true;
}

static int read_parts(struct hws_bytes in, struct hws_proof *p)
{
	size_t written = 0, len = in.len;
	struct hws_wire_field f;
	bool epoch = false;
	uint32_t last = 0;
	int r;

	while ((r = hws_field_next(&in, &f)) == HWS_OK) {
		bool good = f.number > last;

		last = f.number;
		switch (f.number) {
		case PART_EPOCH:
			good = good && f.wire == HWS_WIRE_FIXED64;
			epoch = true;
			p->epoch = f.value;
			written += 9;
			break;
		case PART_SEQ:
			good = good && epoch && f.wire == HWS_WIRE_FIXED64;
			p->has_seq = true;
			p->seq = f.value;
			written += 9;
			break;
		case PART_NONCE:
			good = good && take(&f, p->nonce, sizeof(p->nonce));
			p->has_nonce = true;
			written += 2 + sizeof(p->nonce);
			break;
		case PART_COOKIE:
			good = good && take(&f, p->cookie, sizeof(p->cookie));
			p->has_cookie = true;
			written += 2 + sizeof(p->cookie);
			break;
		case PART_MAC:
			good = good && take(&f, p->mac, sizeof(p->mac));
			p->has_mac = true;
			written += 2 + sizeof(p->mac);
			break;
		default:
			good = false;
		}
		if (!good)
			return HWS_ERR_PROTO;
	}
	/* a number of more bytes than it needs is not written by us, and cannot stand for the mac's
	 * place */
	return r == HWS_ERR_EOF && written == len && epoch == p->has_seq ? HWS_OK : HWS_ERR_PROTO;
}

int hws_proof_read(struct hws_bytes message, struct hws_proof *ret)
{
	struct hws_proof p = { 0 };
	struct hws_wire_field f;
	bool found = false;
	int r;

	while ((r = hws_field_next(&message, &f)) == HWS_OK) {
		if (found)
			return HWS_ERR_PROTO;
		if (f.number != FIELD)
			continue;
		found = true;
		if (f.wire != HWS_WIRE_BYTES || f.bytes.len + sizeof(tag) + 1 > HWS_PROOF_MAX ||
				read_parts(f.bytes, &p) < 0)
			return HWS_ERR_PROTO;
	}
	if (r != HWS_ERR_EOF)
		return HWS_ERR_PROTO;
	if (!found)
		return HWS_ERR_NOTFOUND;
	*ret = p;
	return HWS_OK;
}

bool hws_proof_check(struct hws_bytes message, const struct hws_proof *p,
		const uint8_t key_secret[HWS_AGREE_KEY_LEN])
{
	uint8_t mac[HWS_AGREE_MAC_LEN];

	if (!p->has_mac || message.len < sizeof(mac))
		return false;
	hws_agree_mac(key_secret, hws_bytes(message.ptr, message.len - sizeof(mac)), mac);
	return hws_secret_equal(mac, p->mac, sizeof(mac)) &&
			!memcmp(p->mac, message.ptr + message.len - sizeof(mac), sizeof(mac));
}

void hws_proof_window_set(struct hws_proof_window *w, uint64_t epoch, uint64_t floor)
{
	if (w->floor && w->epoch == epoch)
		return;
	memset(w, 0, sizeof(*w));
	w->epoch = epoch;
	w->floor = floor;
}

bool hws_proof_window_take(struct hws_proof_window *w, uint64_t epoch, uint64_t seq)
{
	unsigned least = 0;

	if (!w->floor || epoch != w->epoch || seq <= w->floor)
		return false;
	for (unsigned i = 0; i < w->count; i++) {
		if (w->taken[i] == seq)
			return false;
		if (w->taken[i] < w->taken[least])
			least = i;
	}
	if (w->count < HWS_PROOF_WINDOW) {
		w->taken[w->count++] = seq;
		return true;
	}
	if (seq < w->taken[least]) /* so old that nobody remembers */
		return false;
	w->floor = w->taken[least];
	w->taken[least] = seq;
	return true;
}
