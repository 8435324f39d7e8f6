/* tunnel/mux: many streams in one session between hawser ends, both ends alike (docs/tunnels.md):
 * the messages ses.Tunnel and what they mean, without sockets, loop or clock of its own.
 *
 * Sending is pulled: who has bytes for a stream says hws_mux_ready, and is asked for them by `pull`
 * when the other side has given room, the link takes more, and it is the stream's turn; the ready
 * streams take turns by messages of the same size, so none waits for another. Receiving is given by
 * windows: what came is the owner's at once, and the other side may send more as the owner says
 * hws_mux_consumed. A stream that takes nothing stops its own sender and nobody else. Windows begin
 * at HWS_MUX_WINDOW and grow where the line is long, all together within the `memory` of the
 * configuration: so much may wait at the owner's at the most.
 *
 * A message that may not come resets its stream, or is not heeded; the session lives. One thread;
 * every function may be called from within the callbacks. */
#pragma once
#include "proto/session.pb-c.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define HWS_MUX_STREAMS_MAX 1024u
#define HWS_MUX_LISTENERS_MAX 64u
/* Bytes of one data message: what a channel of tunnels takes at once, but for the head. */
#define HWS_MUX_DATA_MAX (64u << 10)
#define HWS_MUX_DATAGRAM_MAX 65507u
#define HWS_MUX_WINDOW_MIN (16u << 10)
#define HWS_MUX_WINDOW (256u << 10)
#define HWS_MUX_WINDOW_MAX (4u << 20)
#define HWS_MUX_MEMORY (64u << 20)
#define HWS_MUX_HOST_MAX 255u /* bytes of a name or address */
#define HWS_MUX_TEXT_MAX 400u /* bytes of a sentence */

struct hws_mux;
struct hws_mux_stream;

/* What is to be connected, or where a connection came from. */
struct hws_mux_target {
	Ses__TunnelKind kind;
	const char *host;  /* checked: 1 to HWS_MUX_HOST_MAX printable ASCII characters, no space */
	uint16_t port;     /* not 0 for a target */
	uint32_t listener; /* 0, or that of the connection */
};

/* All are needed but where it is said. Texts are borrowed until return, and what the other side
 * wrote: to be escaped where people read it. */
struct hws_mux_conf {
	bool is_host;     /* this end's streams have even numbers */
	unsigned streams; /* most at once; 0 = HWS_MUX_STREAMS_MAX */
	size_t memory;    /* 0 = HWS_MUX_MEMORY */
	/* One serialised ses.Message in two parts. An error ends the mux (hws_mux_err). */
	int (*send)(struct hws_bytes head, struct hws_bytes rest, void *arg);
	/* The link takes more now; when it did not, hws_mux_drained is called once it does. */
	bool (*has_room)(void *arg);
	uint64_t (*now_us)(void *arg); /* monotonic */

	/* The other side wants a stream: answer by hws_mux_accept or hws_mux_refuse, now or later.
	 * NULL: all are refused. */
	void (*on_open)(struct hws_mux *m, struct hws_mux_stream *s, const struct hws_mux_target *t,
			void *arg);
	/* The other side wanted one more than there may be, and was refused. May be NULL. */
	void (*on_full)(struct hws_mux *m, const struct hws_mux_target *t, void *arg);
	/* One of ours is open. A refusal comes by on_closed. `address`: what the other side
	 * connected. */
	void (*on_opened)(struct hws_mux_stream *s, const char *address, void *arg);
	/* Bytes, never more than the window; say hws_mux_consumed when they have gone on. */
	void (*on_data)(struct hws_mux_stream *s, struct hws_bytes data, void *arg);
	/* Nothing more will come; ours still goes. */
	void (*on_eof)(struct hws_mux_stream *s, void *arg);
	/* Writes at most `max` bytes to `buf`. 0: none now, say hws_mux_ready when there are.
	 * HWS_ERR_EOF: none ever again. Another error resets the stream. */
	ssize_t (*pull)(struct hws_mux_stream *s, uint8_t *buf, size_t max, void *arg);
	/* The stream is no more (both ways have ended and all is consumed, refused, or reset by
	 * either side, but for the own hws_mux_reset and hws_mux_refuse). `text` is not NULL. */
	void (*on_closed)(struct hws_mux_stream *s, Ses__TunnelCode code, const char *text,
			void *arg);
	/* Of UDP streams; may be NULL. */
	void (*on_datagram)(struct hws_mux_stream *s, struct hws_bytes data, void *arg);
	/* The other side wants connections to `address` ("" = localhost) and `port` (0 = any):
	 * answer by hws_mux_listening, now or later. NULL: refused. */
	void (*on_listen)(struct hws_mux *m, uint32_t listener, const char *address, uint16_t port,
			void *arg);
	/* ... and now no more; also when the mux is freed. */
	void (*on_unlisten)(struct hws_mux *m, uint32_t listener, void *arg);
	/* The answer to ours; not OK: the listener is no more, which may also come later. May be
	 * NULL where none is asked for. */
	void (*on_listening)(struct hws_mux *m, uint32_t listener, Ses__TunnelCode code,
			const char *text, const char *address, uint16_t port, void *arg);
	void *arg;
};

int hws_mux_new(const struct hws_mux_conf *conf, struct hws_mux **ret) HWS_MUST_CHECK;
/* Every stream ends by on_closed (`code`, `text`), without a word to the other side, and nothing of
 * the configuration is called after that. Takes NULL. */
void hws_mux_free(struct hws_mux *m, Ses__TunnelCode code, const char *text);
/* A message of the other side. An error: the link is of no use any more. */
int hws_mux_input(struct hws_mux *m, const Ses__Tunnel *t) HWS_MUST_CHECK;
/* The link has room again (it may be called at any time). */
void hws_mux_drained(struct hws_mux *m);
/* HWS_OK, or what `send` failed with: end the session. */
int hws_mux_err(const struct hws_mux *m);

/* HWS_ERR_FULL: too many streams; HWS_ERR_INVAL: no such target can be. `tag` is the owner's. */
int hws_mux_open(struct hws_mux *m, const struct hws_mux_target *t, void *tag,
		struct hws_mux_stream **ret) HWS_MUST_CHECK;
/* Answers to on_open. After the refusal the stream is no more. */
void hws_mux_accept(struct hws_mux_stream *s, const char *address);
void hws_mux_refuse(struct hws_mux_stream *s, Ses__TunnelCode code, const char *text);
/* There are bytes, or an end, to be pulled: within this call, or later. */
void hws_mux_ready(struct hws_mux_stream *s);
/* So many bytes of on_data have gone on. More than came is cut. */
void hws_mux_consumed(struct hws_mux_stream *s, size_t n);
/* Both ways end at once, without on_closed; `s` is no more. A UDP stream ends by this alone
 * (code OK). */
void hws_mux_reset(struct hws_mux_stream *s, Ses__TunnelCode code, const char *text);
/* HWS_ERR_AGAIN: dropped, the link is busy; HWS_ERR_TOOBIG; HWS_ERR_INVAL: not an open UDP
 * stream. */
int hws_mux_datagram(struct hws_mux_stream *s, struct hws_bytes data) HWS_MUST_CHECK;

/* `listener`: not 0, and none that is still in use (HWS_ERR_EXISTS). HWS_ERR_FULL. */
int hws_mux_listen(struct hws_mux *m, uint32_t listener, const char *address,
		uint16_t port) HWS_MUST_CHECK;
void hws_mux_unlisten(struct hws_mux *m, uint32_t listener);
/* The answer to on_listen; not OK: it ends, which may also be said later. */
void hws_mux_listening(struct hws_mux *m, uint32_t listener, Ses__TunnelCode code, const char *text,
		const char *address, uint16_t port);

void *hws_mux_stream_tag(const struct hws_mux_stream *s);
void hws_mux_stream_set_tag(struct hws_mux_stream *s, void *tag);
uint32_t hws_mux_stream_id(const struct hws_mux_stream *s);
/* Bytes of data so far. */
uint64_t hws_mux_stream_bytes_in(const struct hws_mux_stream *s);
uint64_t hws_mux_stream_bytes_out(const struct hws_mux_stream *s);
/* Streams that there are; the time a message takes there and back, 0 = not known yet. */
unsigned hws_mux_streams(const struct hws_mux *m);
uint64_t hws_mux_rtt_us(const struct hws_mux *m);
/* A word for logs and scripts ("forbidden", "refused"); "failed" for numbers that are none.
 * Static. */
const char *hws_mux_code_name(Ses__TunnelCode code);
