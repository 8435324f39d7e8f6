/* net/kcp: a stream over UDP that has been punched through to one peer, as deployed endpoints
 * speak it (a 14-byte header, KCP segments), and with more between two ends of ours: they agree on
 * it in the first two datagrams, which others ignore there. docs/protocol-kcp.md.
 *
 * The viewer connects, the host accepts. Both send empty datagrams, which open the way, together
 * with the handshake, until it stands. Before that, read and write say HWS_ERR_AGAIN; the stream
 * becomes writable when it stands, or when it never will: then read and write say why
 * (HWS_ERR_TIMEOUT, HWS_ERR_REFUSED; at the host HWS_ERR_EOF: the viewer has taken leave). A peer
 * that falls silent is HWS_ERR_TIMEOUT after 60 s.
 *
 * Runs under a gate's filter; open the socket (hws_kcp_prepare_socket) before that. */
#pragma once
#include "shared/net/kcp_info.h"
#include "shared/net/kcp_socket.h"
#include "shared/net/stream.h"

struct hws_kcp_conf {
	/* The peer, on a socket that is not connected (which is what makes a change of addresses
	 * possible); NULL: the socket is connected. Copied. */
	const struct sockaddr_storage *peer;
	/* Host: a datagram that was already read from this socket (a SYN, as a rule). Copied. */
	struct hws_bytes first;
	/* For the handshake, from now on; 0 = 18 s. */
	uint64_t connect_us;
	/* Viewer: no extensions are offered; host: none are agreed to. For peers that are known to
	 * be others', and for tests. */
	bool plain;
	/* No empty datagrams: there is nothing to punch through (LAN, a direct address). */
	bool no_punch;
};

/* The controlling side. Takes the fd on success. conf may be NULL. */
int hws_stream_kcp_connect(struct hws_loop *loop, int fd, const struct hws_kcp_conf *conf,
		struct hws_stream **ret) HWS_MUST_CHECK;
/* The host. Takes the fd on success. Of several that knock from the peer's address the first one
 * that completes the handshake is served. conf may be NULL. */
int hws_stream_kcp_accept(struct hws_loop *loop, int fd, const struct hws_kcp_conf *conf,
		struct hws_stream **ret) HWS_MUST_CHECK;

bool hws_stream_is_kcp(const struct hws_stream *s);
/* The handshake stands (and did not fail since). */
bool hws_stream_kcp_established(const struct hws_stream *s);
/* The first datagram of the peer came in: the way is open, though nobody has said yes. */
bool hws_stream_kcp_heard(const struct hws_stream *s);

/* Once the session's key is known, from a key that both ends derive alike (crypto: 32 bytes of
 * their own, not the session key itself): from now on every datagram carries a tag, and a FIN, RST
 * or change of address without one is nothing. HWS_ERR_UNSUPPORTED: the peer is not one of ours. */
int hws_stream_kcp_authenticate(
		struct hws_stream *s, const uint8_t key[HWS_KCP_KEY_LEN]) HWS_MUST_CHECK;
/* Goes on over another socket, and to another address if `peer` is not NULL: after a change of this
 * end's network. The peer follows when it has seen a tagged datagram from there. Takes the fd on
 * success; HWS_ERR_UNSUPPORTED before hws_stream_kcp_authenticate. */
int hws_stream_kcp_move(
		struct hws_stream *s, int fd, const struct sockaddr_storage *peer) HWS_MUST_CHECK;

void hws_stream_kcp_info(const struct hws_stream *s, struct hws_kcp_info *ret);

/* A closed stream stays a while, unseen, until the peer has all that was written, at most 10 s;
 * so many of this loop's are still there. Who ends a process waits until it is 0, or does not
 * care. */
size_t hws_kcp_lingering(struct hws_loop *loop);
