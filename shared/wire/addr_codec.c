/* The disguise of addresses: arithmetic on one little-endian number, byte for byte as deployed
 * peers do it (tests/vectors holds it to them). */
#include "shared/wire/addr_codec.h"

#include <arpa/inet.h>
#include <netinet/in.h>

/* The IPv4 form is an 82-bit number: bits 0..16 port + low half of t, 17..48 t, 49..81 address +
 * t, the address with its first octet least significant. Little endian, trailing zero bytes left
 * out. */

static uint32_t load_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static size_t encode_v4(const uint8_t ip[4], uint16_t port, uint32_t t, uint8_t *buf)
{
	uint64_t sum = (uint64_t)load_le32(ip) + t; /* 33 bits */
	uint64_t lo = sum << 49 | (uint64_t)t << 17 | ((uint64_t)port + (t & 0xffffu));
	uint64_t hi = sum >> 15;
	uint8_t raw[16];
	size_t len = sizeof(raw);

	for (size_t i = 0; i < 8; i++) {
		raw[i] = (uint8_t)(lo >> (8 * i));
		raw[8 + i] = (uint8_t)(hi >> (8 * i));
	}
	while (len > 0 && raw[len - 1] == 0)
		len--;
	memcpy(buf, raw, len);
	return len;
}

/* IPv4-mapped and the old IPv4-compatible form count as IPv4; ::1 does not. */
static bool is_v4_inside(const uint8_t ip[16])
{
	static const uint8_t zero[10];
	static const uint8_t loopback[16] = { [15] = 1 };

	if (memcmp(ip, zero, sizeof(zero)) != 0 || memcmp(ip, loopback, sizeof(loopback)) == 0)
		return false;
	return (ip[10] == 0xff && ip[11] == 0xff) || (ip[10] == 0 && ip[11] == 0);
}

size_t hws_addr_encode(const struct sockaddr_storage *a, uint32_t t, uint8_t buf[HWS_ADDR_WIRE_MAX])
{
	if (a->ss_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)a;

		return encode_v4((const uint8_t *)&v4->sin_addr, ntohs(v4->sin_port), t, buf);
	}
	if (a->ss_family != AF_INET6)
		return 0;

	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)a;
	uint16_t port = ntohs(v6->sin6_port);

	if (is_v4_inside(v6->sin6_addr.s6_addr))
		return encode_v4(v6->sin6_addr.s6_addr + 12, port, t, buf);
	memcpy(buf, v6->sin6_addr.s6_addr, 16);
	buf[16] = (uint8_t)port;
	buf[17] = (uint8_t)(port >> 8);
	return HWS_ADDR_WIRE_MAX;
}

static uint32_t decode_v4(struct hws_bytes in, struct sockaddr_in *ret)
{
	uint8_t raw[16] = { 0 };
	uint64_t lo = 0, hi = 0;

	if (in.len > 0)
		memcpy(raw, in.ptr, in.len);
	for (size_t i = 0; i < 8; i++) {
		lo |= (uint64_t)raw[i] << (8 * i);
		hi |= (uint64_t)raw[8 + i] << (8 * i);
	}

	/* All differences wrap, as at deployed peers: nothing is refused. */
	uint32_t t = (uint32_t)(lo >> 17);
	uint32_t x = (uint32_t)(lo >> 49 | hi << 15) - t;
	uint16_t port = (uint16_t)(lo - t);
	uint8_t *ip = (uint8_t *)&ret->sin_addr;

	for (size_t i = 0; i < 4; i++)
		ip[i] = (uint8_t)(x >> (8 * i));
	ret->sin_family = AF_INET;
	ret->sin_port = htons(port);
	return t;
}

void hws_addr_decode(struct hws_bytes in, struct sockaddr_storage *ret, uint32_t *ret_t)
{
	uint32_t t = 0;

	memset(ret, 0, sizeof(*ret));
	if (in.len <= 16) {
		t = decode_v4(in, (struct sockaddr_in *)ret);
	} else {
		struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

		v6->sin6_family = AF_INET6;
		if (in.len == HWS_ADDR_WIRE_MAX) {
			memcpy(v6->sin6_addr.s6_addr, in.ptr, 16);
			v6->sin6_port = htons((uint16_t)(in.ptr[16] | in.ptr[17] << 8));
		}
	}
	if (ret_t)
		*ret_t = t;
}

bool hws_addr_decode_usable(struct hws_bytes in, struct sockaddr_storage *ret)
{
	static const uint8_t zero[16];

	hws_addr_decode(in, ret, NULL);
	if (ret->ss_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)ret;

		return v4->sin_port != 0 && v4->sin_addr.s_addr != 0;
	}

	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)ret;

	return v6->sin6_port != 0 && memcmp(v6->sin6_addr.s6_addr, zero, 16) != 0;
}
