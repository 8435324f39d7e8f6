/* A framed link, plain, keyed or WebSocket (either role), fed with arbitrary bytes in arbitrary
 * pieces. */
#include "shared/loop/loop.h"
#include "shared/net/conn.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_frame(struct hws_conn *c, struct hws_bytes payload, void *arg)
{
	size_t *sum = arg;

	for (size_t i = 0; i < payload.len; i++)
		*sum += payload.ptr[i]; /* every byte must be readable */
	if (payload.len == 3 && hws_conn_send(c, payload) == HWS_OK)
		*sum += 1;
}

static void on_close(struct hws_conn *c, int why, void *arg)
{
	size_t *sum = arg;

	(void)why;
	if (hws_conn_send(c, hws_bytes("late", 4)) != HWS_ERR_CLOSED)
		abort();
	*sum += 1;
}

static void feed(struct hws_loop *loop, struct hws_stream *raw, const uint8_t *data, size_t size)
{
	uint8_t sink[512];

	while (size > 0) {
		size_t piece = HWS_MIN((size_t)(data[0] % 32 + 1), size);
		ssize_t n = hws_stream_write(raw, hws_bytes(data, piece));

		if (n < 0 && n != HWS_ERR_AGAIN)
			break;
		if (n > 0) {
			data += n;
			size -= (size_t)n;
		}
		hws_loop_once(loop, 0);
		while (hws_stream_read(raw, sink, sizeof(sink)) > 0)
			;
	}
	for (int i = 0; i < 4; i++)
		hws_loop_once(loop, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char upgrade[] =
			"GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Key: "
			"dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
	static const uint8_t key[32] = { 1 };
	struct hws_conn *c = NULL;
	struct hws_stream *s, *raw;
	struct hws_loop *loop;
	size_t sum = 0;
	const struct hws_conn_conf conf = { .frame_max = 4096,
		.send_max = 8192,
		.on_frame = on_frame,
		.on_close = on_close,
		.arg = &sum };
	unsigned mode;

	if (size < 1 || hws_loop_new(&loop) < 0)
		return 0;
	mode = data[0] % 5;
	if (hws_stream_mem_pair(loop, NULL, &s, &raw) < 0)
		abort();
	if (mode >= 2) {
		struct hws_ws_conf ws = {
			.server = mode != 4, .host = "h", .path = "/", .frame_max = 4096
		};

		if (hws_stream_ws_new(loop, s, &ws,
				    mode == 2 ? hws_bytes_str(upgrade) : hws_bytes(NULL, 0),
				    &s) < 0)
			s = NULL;
	}
	if (s && hws_conn_new(loop, s, &conf, hws_bytes(NULL, 0), &c) == HWS_OK) {
		if (mode == 1)
			hws_conn_set_key(c, key);
		feed(loop, raw, data + 1, size - 1);
		/* Freed by its own close, or now; the loop's end runs what is deferred. */
	}
	hws_stream_close(raw);
	for (int i = 0; i < 4; i++)
		hws_loop_once(loop, 0);
	hws_loop_free(loop);
	return 0;
}
