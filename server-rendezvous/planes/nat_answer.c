/* A RendezvousMessage with a TestNatResponse (field 21): port (1), and where they are wanted
 * address (1001), second port (1002), time (1010), padding (1011). */
#include "server-rendezvous/planes/nat_answer.h"
#include "shared/base/macros.h"
#include "shared/net/addr.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/field.h"
#include <string.h>

#define TAG_LEN 2
#define BODY_MAX 80

/* Everything but the padding. */
static size_t body(const struct rdv_nat_answer *a, uint8_t out[BODY_MAX])
{
	size_t n = hws_tag_put(1, HWS_WIRE_VARINT, out);

	n += hws_varint_put(hws_addr_port(a->from), out + n);
	if (a->address) {
		n += hws_tag_put(1001, HWS_WIRE_BYTES, out + n);
		out[n] = (uint8_t)hws_addr_encode(a->from, a->mask, out + n + 1);
		n += 1 + out[n];
	}
	if (a->address && a->other_port) {
		n += hws_tag_put(1002, HWS_WIRE_VARINT, out + n);
		n += hws_varint_put(a->other_port, out + n);
	}
	if (a->time_ms) {
		n += hws_tag_put(1010, HWS_WIRE_VARINT, out + n);
		n += hws_varint_put(a->time_ms, out + n);
	}
	return n;
}

static size_t total(size_t body_len, size_t pad)
{
	size_t len = body_len + (pad ? TAG_LEN + hws_varint_len(pad) + pad : 0);

	return TAG_LEN + hws_varint_len(len) + len;
}

/* The most padding with which all is no longer than wanted: at a few lengths that is a byte less,
 * as a number takes a byte more. */
static size_t padding(const struct rdv_nat_answer *a, size_t body_len)
{
	size_t length = HWS_MIN(a->length, (size_t)RDV_NAT_ANSWER_MAX);
	size_t pad = length > body_len ? length - body_len : 0;

	while (pad && total(body_len, pad) > length)
		pad--;
	return pad;
}

size_t rdv_nat_answer(const struct rdv_nat_answer *a, uint8_t out[RDV_NAT_ANSWER_MAX])
{
	uint8_t plain[BODY_MAX];
	size_t body_len = body(a, plain), pad = padding(a, body_len);
	size_t n = hws_tag_put(21, HWS_WIRE_BYTES, out);

	n += hws_varint_put(body_len + (pad ? TAG_LEN + hws_varint_len(pad) + pad : 0), out + n);
	memcpy(out + n, plain, body_len);
	n += body_len;
	if (pad) {
		n += hws_tag_put(1011, HWS_WIRE_BYTES, out + n);
		n += hws_varint_put(pad, out + n);
		memset(out + n, 0, pad);
		n += pad;
	}
	return n;
}
