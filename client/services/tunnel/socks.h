/* tunnel/socks: the server's side of SOCKS 5 (RFC 1928, 1929 is not offered) as it is spoken on
 * a local socket: which bytes to read next, what to answer, what is asked for. Sans-IO; one
 * object per connection. It asks for no more bytes than the negotiation has, so that what
 * follows stays in the socket. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define HWS_SOCKS_HOST_MAX 255u
/* The longest step: the names of methods, or a request with a name. */
#define HWS_SOCKS_STEP_MAX 262u
#define HWS_SOCKS_REPLY_MAX 22u

enum hws_socks_reply {
	HWS_SOCKS_OK = 0,
	HWS_SOCKS_FAILED = 1,
	HWS_SOCKS_FORBIDDEN = 2,
	HWS_SOCKS_NET_UNREACHABLE = 3,
	HWS_SOCKS_HOST_UNREACHABLE = 4,
	HWS_SOCKS_REFUSED = 5,
	HWS_SOCKS_NO_COMMAND = 7,
	HWS_SOCKS_NO_ADDRESS = 8
};

enum hws_socks_state {
	HWS_SOCKS_METHODS, /* waits for what the client can */
	HWS_SOCKS_REQUEST,
	HWS_SOCKS_CONNECT, /* `host` and `port` are asked for */
	/* datagrams; `host` and `port` are where they will come from, which may be 0 */
	HWS_SOCKS_ASSOCIATE,
	HWS_SOCKS_ENDED /* refused: close the connection when the answer is out */
};

struct hws_socks {
	enum hws_socks_state state;
	uint8_t in[HWS_SOCKS_STEP_MAX];
	size_t have;
	uint8_t out[HWS_SOCKS_REPLY_MAX]; /* to be sent, then out_len set to 0 by the owner */
	size_t out_len;
	char host[HWS_SOCKS_HOST_MAX + 1]; /* a name, or an address as text without brackets */
	uint16_t port;
};

void hws_socks_init(struct hws_socks *s);
/* How many bytes to read next; 0: none, see `state`. */
size_t hws_socks_need(const struct hws_socks *s);
/* At most so many bytes of the client. What is no SOCKS 5 makes it ENDED. */
void hws_socks_input(struct hws_socks *s, struct hws_bytes in);
/* The answer to a request, at most once; `bound` may be NULL. Anything but OK makes it ENDED. */
void hws_socks_answer(struct hws_socks *s, enum hws_socks_reply reply,
		const struct sockaddr_storage *bound);

/* A datagram of a client: who it is for, and where its content begins. Not whole, of a kind that is
 * not known, or a fragment: HWS_ERR_PROTO, to be dropped. */
int hws_socks_datagram(struct hws_bytes in, char host[HWS_SOCKS_HOST_MAX + 1], uint16_t *ret_port,
		struct hws_bytes *ret_content) HWS_MUST_CHECK;
/* The header of a datagram for a client, from the host (a name or an address) it was sent to.
 * Returns its length. */
#define HWS_SOCKS_UDP_HEAD_MAX 262u
size_t hws_socks_datagram_head(
		const char *host, uint16_t port, uint8_t head[HWS_SOCKS_UDP_HEAD_MAX]);
