/* Fixed layouts, big-endian. An IPv4 address is written as mapped into IPv6. */
#include "client/reach/pcp.h"
#include "shared/base/macros.h"
#include <string.h>

#define PCP 2
#define NATPMP 0
#define OP_MAP 1
#define OP_ADDRESS 0
#define OP_MAP_UDP 1
#define OP_MAP_TCP 2
#define ANSWER 128
#define UNSUPPORTED_VERSION 1 /* of both */
#define TCP 6
#define UDP 17

#define PCP_HEAD 24u
#define NATPMP_ADDRESS_ANSWER 12u
#define NATPMP_MAP_ANSWER 16u
#define NATPMP_REFUSAL 8u

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

static void put_16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put_32(uint8_t *p, uint32_t v)
{
	put_16(p, (uint16_t)(v >> 16));
	put_16(p + 2, (uint16_t)v);
}

static uint16_t get_16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get_32(const uint8_t *p)
{
	return (uint32_t)get_16(p) << 16 | get_16(p + 2);
}

/* --- questions -------------------------------------------------------------------------------- */

void hws_pcp_pack(const struct hws_pcp_map *m, uint8_t ret[HWS_PCP_MAP_LEN])
{
	uint8_t *map = ret + PCP_HEAD;

	memset(ret, 0, HWS_PCP_MAP_LEN);
	ret[0] = PCP;
	ret[1] = OP_MAP;
	put_32(ret + 4, m->lifetime_s);
	memcpy(ret + 8, mapped, sizeof(mapped));
	memcpy(ret + 20, &m->client, 4);
	memcpy(map, m->nonce, HWS_PCP_NONCE);
	map[12] = m->udp ? UDP : TCP;
	put_16(map + 16, m->port);
	put_16(map + 18, m->wanted);
	memcpy(map + 20, mapped, sizeof(mapped)); /* any address, of IPv4 */
}

void hws_natpmp_pack_address(uint8_t ret[HWS_NATPMP_ADDRESS_LEN])
{
	ret[0] = NATPMP;
	ret[1] = OP_ADDRESS;
}

void hws_natpmp_pack_map(const struct hws_pcp_map *m, uint8_t ret[HWS_NATPMP_MAP_LEN])
{
	memset(ret, 0, HWS_NATPMP_MAP_LEN);
	ret[0] = NATPMP;
	ret[1] = m->udp ? OP_MAP_UDP : OP_MAP_TCP;
	put_16(ret + 4, m->port);
	put_16(ret + 6, m->lifetime_s ? m->wanted : 0); /* 3.4: 0 where it is given back */
	put_32(ret + 8, m->lifetime_s);
}

/* --- answers ---------------------------------------------------------------------------------- */

int hws_pcp_read(struct hws_bytes in, const struct hws_pcp_map *m, struct hws_pcp_answer *ret)
{
	struct hws_pcp_answer a = { .said = HWS_PCP_MAPPED };
	const uint8_t *map;

	/* a router of before PCP answers in its own version, with a head that is shorter */
	if (in.len >= NATPMP_REFUSAL && in.len <= HWS_PCP_MAX && in.ptr[0] == NATPMP) {
		if (in.ptr[1] < ANSWER || get_16(in.ptr + 2) != UNSUPPORTED_VERSION)
			return HWS_ERR_PROTO;
		a.said = HWS_PCP_OLDER;
		a.result = UNSUPPORTED_VERSION;
		*ret = a;
		return HWS_OK;
	}
	if (in.len < PCP_HEAD || in.len > HWS_PCP_MAX || in.len % 4 || in.ptr[0] != PCP ||
			in.ptr[1] != (ANSWER | OP_MAP))
		return HWS_ERR_PROTO;
	map = in.ptr + PCP_HEAD;
	a.result = in.ptr[3];
	a.lifetime_s = get_32(in.ptr + 4);
	if (a.result)
		a.said = HWS_PCP_REFUSED;
	/* a refusal may have lost all that the question had; what it has must fit */
	if (in.len < HWS_PCP_MAP_LEN) {
		if (!a.result)
			return HWS_ERR_PROTO;
	} else if (memcmp(map, m->nonce, HWS_PCP_NONCE) != 0 || map[12] != (m->udp ? UDP : TCP) ||
			get_16(map + 16) != m->port) {
		return HWS_ERR_PROTO;
	}
	if (!a.result) {
		/* what is given back has no address any more */
		if (m->lifetime_s && memcmp(map + 20, mapped, sizeof(mapped)) != 0)
			return HWS_ERR_PROTO;
		a.port = get_16(map + 18);
		memcpy(&a.address, map + 32, 4);
	}
	*ret = a;
	return HWS_OK;
}

int hws_natpmp_read(struct hws_bytes in, const struct hws_pcp_map *m, struct hws_pcp_answer *ret)
{
	struct hws_pcp_answer a = { 0 };
	const unsigned map = ANSWER | (m->udp ? OP_MAP_UDP : OP_MAP_TCP);
	unsigned op;

	if (in.len < NATPMP_REFUSAL || in.len > HWS_PCP_MAX || in.ptr[0] != NATPMP)
		return HWS_ERR_PROTO;
	op = in.ptr[1];
	if (op != (ANSWER | OP_ADDRESS) && op != map)
		return HWS_ERR_PROTO;
	a.result = get_16(in.ptr + 2);
	if (a.result) {
		a.said = HWS_PCP_REFUSED;
	} else if (op == (ANSWER | OP_ADDRESS)) {
		if (in.len < NATPMP_ADDRESS_ANSWER)
			return HWS_ERR_PROTO;
		a.said = HWS_PCP_ADDRESS;
		memcpy(&a.address, in.ptr + 8, 4);
	} else {
		if (in.len < NATPMP_MAP_ANSWER || get_16(in.ptr + 8) != m->port)
			return HWS_ERR_PROTO;
		a.said = HWS_PCP_MAPPED;
		a.port = get_16(in.ptr + 10);
		a.lifetime_s = get_32(in.ptr + 12);
	}
	*ret = a;
	return HWS_OK;
}
