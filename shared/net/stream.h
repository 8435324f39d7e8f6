/* net/stream: a bidirectional, non-blocking byte stream; the one interface above tcp, tls, ws (and
 * kcp, mem). A WebSocket stream presents itself as the same bytes as TCP: each binary message
 * appears as one length-prefixed frame (wire/frame), and each frame written becomes one binary
 * message. So nothing above this interface knows the difference. A stream belongs to one loop
 * thread and has one owner. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/loop/loop.h"
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

struct hws_stream;

#define HWS_STREAM_READ 1u
#define HWS_STREAM_WRITE 2u

/* Called on the loop's thread when a wanted direction is ready (or has failed: the next read/write
 * tells). `ready` is a set of HWS_STREAM_*. The callback may close the stream. */
typedef void (*hws_stream_cb)(struct hws_stream *s, unsigned ready, void *arg);

struct hws_stream_impl {
	const char *name; /* "tcp", "tls", "ws", "mem" */
	ssize_t (*read)(struct hws_stream *s, void *buf, size_t len);
	ssize_t (*write)(struct hws_stream *s, struct hws_bytes data);
	void (*want)(struct hws_stream *s, unsigned dirs);
	/* May be NULL: at once on close, e.g. to tell the other end. */
	void (*closed)(struct hws_stream *s);
	void (*free)(struct hws_stream *s); /* called at the end of the turn */
	int (*fd)(const struct hws_stream *s);
	int (*release_fd)(struct hws_stream *s);
	void (*keep_shallow)(struct hws_stream *s, int unsent); /* may be NULL: it is */
	void (*cap_messages)(struct hws_stream *s, size_t max); /* may be NULL: it has none */
};

/* Embedded first in each implementation; fields are private to shared/net. */
struct hws_stream {
	const struct hws_stream_impl *impl;
	struct hws_loop *loop;
	hws_stream_cb cb;
	void *cb_arg;
	unsigned wanted;
	bool closed;
	struct hws_deferred deferred;
	struct sockaddr_storage
			peer; /* the real address (behind trusted proxies), IPv4-mapped made IPv4 */
	struct sockaddr_storage local; /* AF_UNSPEC if unknown */
};

void hws_stream_set_callback(struct hws_stream *s, hws_stream_cb cb, void *arg);
/* > 0 bytes; HWS_ERR_AGAIN, HWS_ERR_EOF, HWS_ERR_RESET, HWS_ERR_PROTO (WebSocket) ... (negative).
 * len > 0. */
ssize_t hws_stream_read(struct hws_stream *s, void *buf, size_t len) HWS_MUST_CHECK;
/* >= 0 bytes taken (may be less); HWS_ERR_AGAIN when none could be taken. */
ssize_t hws_stream_write(struct hws_stream *s, struct hws_bytes data) HWS_MUST_CHECK;
/* Level-triggered: the callback comes while a wanted direction is ready. 0 = silent. */
void hws_stream_want(struct hws_stream *s, unsigned dirs);
/* Closes now, frees at the end of the turn. Idempotent, allowed in the own callback, takes NULL. */
void hws_stream_close(struct hws_stream *s);
/* The socket underneath, -1 if there is none or bytes on it are not the stream's bytes (ws,
 * tls). */
int hws_stream_fd(const struct hws_stream *s);
/* Gives the socket away (tcp only) and closes the stream object; -1 if not possible. The caller
 * owns the fd. */
int hws_stream_release_fd(struct hws_stream *s);

/* For links of sessions: 13 ms on a line of 10 Mbit/s, and room is told of in time on faster
 * ones. */
#define HWS_STREAM_UNSENT (16 << 10)
/* At most about `unsent` bytes wait in the kernel to be sent, and room is reported when half of
 * them are left: what lies there can no more be overtaken. */
void hws_stream_keep_shallow(struct hws_stream *s, int unsent);
/* A WebSocket puts messages of several parts together before any of it can be read: from now on at
 * most `max` bytes, and never more than it was made for. Nothing to other streams. */
void hws_stream_cap_messages(struct hws_stream *s, size_t max);

/* TCP on a connected or connecting non-blocking socket; takes the fd on success. Sets
 * TCP_NODELAY. */
int hws_stream_tcp_new(struct hws_loop *loop, int fd, struct hws_stream **ret) HWS_MUST_CHECK;
/* WebSocket over a lower stream (tcp or tls), always takes `lower`. Server: waits for the upgrade
 * request; client: sends one for `host` and `path`. Reads give HWS_ERR_AGAIN until the upgrade is
 * done. `leftover`: bytes already read from lower. frame_max caps a message; the upgrade is capped
 * at 8 KiB. Any path, host and origin are accepted by the server, no sub-protocol. */
struct hws_ws_conf {
	bool server;
	const char *host, *path; /* client only */
	size_t frame_max;
	/* Server: proxies whose word of who is behind them counts (net/forwarded.h); NULL = none.
	 * Borrowed until the upgrade is done. */
	const struct hws_cidr_list *trusted;
};
int hws_stream_ws_new(struct hws_loop *loop, struct hws_stream *lower,
		const struct hws_ws_conf *conf, struct hws_bytes leftover,
		struct hws_stream **ret) HWS_MUST_CHECK;
/* True once the upgrade is done. */
bool hws_stream_ws_open(const struct hws_stream *s);
/* Two ends in memory with failure injection; for tests and fuzzers. */
struct hws_mem_conf {
	size_t pipe_max;  /* bytes that fit in each direction, default 64 KiB */
	size_t read_max;  /* at most this many bytes per read, 0 = no limit (1 = torture) */
	size_t write_max; /* likewise per write */
};
int hws_stream_mem_pair(struct hws_loop *loop, const struct hws_mem_conf *conf,
		struct hws_stream **ret_a, struct hws_stream **ret_b) HWS_MUST_CHECK;
