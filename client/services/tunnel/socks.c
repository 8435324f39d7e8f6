/* SOCKS 5 without authentication: who may connect to the port is decided by where it listens. */
#include "client/services/tunnel/socks.h"
#include "shared/base/str.h"
#include <arpa/inet.h>
#include <string.h>

#define VERSION 5
#define NO_AUTHENTICATION 0
#define NO_METHOD 0xff
#define COMMAND_CONNECT 1
#define COMMAND_ASSOCIATE 3
#define V4 1
#define NAME 3
#define V6 4

void hws_socks_init(struct hws_socks *s)
{
	*s = (struct hws_socks){ .state = HWS_SOCKS_METHODS };
}

/* Bytes of an address that begins with its kind: 0 while that is not known, SIZE_MAX for a kind
 * that there is not. With the port. */
static size_t address_len(struct hws_bytes in)
{
	if (in.len == 0)
		return 0;
	switch (in.ptr[0]) {
	case V4:
		return 1 + 4 + 2;
	case V6:
		return 1 + 16 + 2;
	case NAME:
		return in.len < 2 ? 0 : 2 + (size_t)in.ptr[1] + 2;
	default:
		return SIZE_MAX;
	}
}

/* Of a whole one. */
static int take_address(struct hws_bytes in, char host[HWS_SOCKS_HOST_MAX + 1], uint16_t *ret_port)
{
	size_t len = address_len(in);
	struct hws_bytes name;

	if (len == 0 || len == SIZE_MAX || in.len < len)
		return HWS_ERR_PROTO;
	*ret_port = (uint16_t)(in.ptr[len - 2] << 8 | in.ptr[len - 1]);
	if (in.ptr[0] == V4 || in.ptr[0] == V6)
		return inet_ntop(in.ptr[0] == V4 ? AF_INET : AF_INET6, in.ptr + 1, host,
				       HWS_SOCKS_HOST_MAX + 1)
				? HWS_OK
				: HWS_ERR_PROTO;
	name = hws_bytes(in.ptr + 2, in.ptr[1]);
	/* Names are looked up at the other side, which takes printable ASCII only. */
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] <= 0x20 || name.ptr[i] >= 0x7f)
			return HWS_ERR_PROTO;
	if (name.len == 0)
		return HWS_ERR_PROTO;
	memcpy(host, name.ptr, name.len);
	host[name.len] = 0;
	return HWS_OK;
}

/* The whole length of the step that `in` begins; what is not known yet is the least. 0: it is no
 * SOCKS 5. */
static size_t step_len(const struct hws_socks *s)
{
	size_t n;

	if (s->have > 0 && s->in[0] != VERSION)
		return 0;
	if (s->state == HWS_SOCKS_METHODS)
		return s->have < 2 ? 2 : 2 + (size_t)s->in[1];
	if (s->have < 5) /* 5: as far as any address has a length */
		return 5;
	n = address_len(hws_bytes(s->in + 3, s->have - 3));
	return n == SIZE_MAX ? 0 : 3 + n;
}

size_t hws_socks_need(const struct hws_socks *s)
{
	size_t whole;

	if (s->state != HWS_SOCKS_METHODS && s->state != HWS_SOCKS_REQUEST)
		return 0;
	whole = step_len(s);
	return whole > s->have ? whole - s->have : 0;
}

void hws_socks_answer(struct hws_socks *s, enum hws_socks_reply reply,
		const struct sockaddr_storage *bound)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)bound;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)bound;
	uint8_t *p = s->out;

	memset(p, 0, sizeof(s->out));
	p[0] = VERSION;
	p[1] = (uint8_t)reply;
	p[3] = V4;
	s->out_len = 4 + 4 + 2;
	if (bound && bound->ss_family == AF_INET) {
		memcpy(p + 4, &v4->sin_addr, 4);
		memcpy(p + 8, &v4->sin_port, 2);
	} else if (bound && bound->ss_family == AF_INET6) {
		p[3] = V6;
		memcpy(p + 4, &v6->sin6_addr, 16);
		memcpy(p + 20, &v6->sin6_port, 2);
		s->out_len = 4 + 16 + 2;
	}
	if (reply != HWS_SOCKS_OK)
		s->state = HWS_SOCKS_ENDED;
}

static void take_methods(struct hws_socks *s)
{
	bool offered = memchr(s->in + 2, NO_AUTHENTICATION, s->in[1]) != NULL;

	s->out[0] = VERSION;
	s->out[1] = offered ? NO_AUTHENTICATION : NO_METHOD;
	s->out_len = 2;
	s->state = offered ? HWS_SOCKS_REQUEST : HWS_SOCKS_ENDED;
}

static void take_request(struct hws_socks *s)
{
	uint8_t command = s->in[1];

	if (command != COMMAND_CONNECT && command != COMMAND_ASSOCIATE)
		hws_socks_answer(s, HWS_SOCKS_NO_COMMAND, NULL);
	else if (take_address(hws_bytes(s->in + 3, s->have - 3), s->host, &s->port) < 0)
		hws_socks_answer(s, HWS_SOCKS_NO_ADDRESS, NULL);
	else if (command == COMMAND_CONNECT && s->port == 0)
		hws_socks_answer(s, HWS_SOCKS_FAILED, NULL);
	else
		s->state = command == COMMAND_CONNECT ? HWS_SOCKS_CONNECT : HWS_SOCKS_ASSOCIATE;
}

void hws_socks_input(struct hws_socks *s, struct hws_bytes in)
{
	size_t whole;

	in.len = HWS_MIN(in.len, hws_socks_need(s));
	if (in.len == 0)
		return;
	memcpy(s->in + s->have, in.ptr, in.len);
	s->have += in.len;
	whole = step_len(s);
	if (whole == 0) {
		if (s->state == HWS_SOCKS_REQUEST && s->in[0] == VERSION)
			hws_socks_answer(s, HWS_SOCKS_NO_ADDRESS, NULL);
		s->state = HWS_SOCKS_ENDED; /* no SOCKS 5: nothing that it would understand */
		return;
	}
	if (s->have < whole)
		return;
	if (s->state == HWS_SOCKS_METHODS)
		take_methods(s);
	else
		take_request(s);
	s->have = 0;
}

int hws_socks_datagram(struct hws_bytes in, char host[HWS_SOCKS_HOST_MAX + 1], uint16_t *ret_port,
		struct hws_bytes *ret_content)
{
	struct hws_bytes address;
	int r;

	if (in.len < 4 || in.ptr[0] || in.ptr[1] || in.ptr[2])
		return HWS_ERR_PROTO;
	address = hws_bytes(in.ptr + 3, in.len - 3);
	r = take_address(address, host, ret_port);
	if (r < 0 || *ret_port == 0)
		return HWS_ERR_PROTO;
	*ret_content = hws_bytes(
			address.ptr + address_len(address), address.len - address_len(address));
	return HWS_OK;
}

size_t hws_socks_datagram_head(
		const char *host, uint16_t port, uint8_t head[HWS_SOCKS_UDP_HEAD_MAX])
{
	size_t n = 4, len = HWS_MIN(strlen(host), (size_t)HWS_SOCKS_HOST_MAX);

	memset(head, 0, HWS_SOCKS_UDP_HEAD_MAX);
	if (inet_pton(AF_INET, host, head + n) == 1) {
		head[3] = V4;
		n += 4;
	} else if (inet_pton(AF_INET6, host, head + n) == 1) {
		head[3] = V6;
		n += 16;
	} else {
		head[3] = NAME;
		head[n++] = (uint8_t)len;
		for (size_t i = 0; i < len; i++)
			head[n++] = (uint8_t)host[i];
	}
	head[n++] = (uint8_t)(port >> 8);
	head[n++] = (uint8_t)port;
	return n;
}
