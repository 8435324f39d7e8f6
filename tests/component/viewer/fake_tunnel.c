/* The other end of the mux, with streams that end in themselves instead of sockets. */
#include "tests/component/viewer/fake_tunnel.h"
#include "client/services/tunnel/mux.h"
#include "shared/base/clock.h"
#include "shared/wire/envelope.h"
#include "tests/component/viewer/fake_host_parts.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

#define CODE(name) SES__TUNNEL_CODE__TUNNEL_CODE_##name

struct stream {
	uint16_t port;
	struct hws_buf back; /* to be said */
	bool eof, said_eof;
};

struct side {
	struct fake_host *h;
	struct hws_mux *mux;
	bool cut;
};

static int on_send(struct hws_bytes head, struct hws_bytes rest, void *arg)
{
	struct side *s = arg;
	struct hws_buf whole;

	hws_buf_init(&whole, 1u << 20);
	hws_buf_put(&whole, head.ptr, head.len);
	hws_buf_put(&whole, rest.ptr, rest.len);
	bool good = fake_put_frame(s->h, hws_buf_bytes(&whole), false);
	hws_buf_done(&whole);
	return good ? HWS_OK : HWS_ERR_RESET;
}

static bool has_room(void *arg HWS_UNUSED)
{
	return true; /* it blocks */
}

static uint64_t now_us(void *arg HWS_UNUSED)
{
	return hws_clock_us();
}

static void on_open(struct hws_mux *m HWS_UNUSED, struct hws_mux_stream *s,
		const struct hws_mux_target *t, void *arg)
{
	struct side *side = arg;
	struct stream *st;

	if (t->port == FAKE_PORT_CUT) {
		side->cut = true;
		return;
	}
	if (t->port == FAKE_PORT_REFUSED || t->port == FAKE_PORT_FORBIDDEN) {
		hws_mux_refuse(s, t->port == FAKE_PORT_REFUSED ? CODE(REFUSED) : CODE(FORBIDDEN),
				"the double does not connect that");
		return;
	}
	st = calloc(1, sizeof(*st));
	ck_assert_ptr_nonnull(st);
	st->port = t->port;
	hws_buf_init(&st->back, 64u << 20);
	hws_mux_stream_set_tag(s, st);
	hws_mux_accept(s, "192.0.2.1:7");
	if (t->port == FAKE_PORT_GREET) {
		hws_buf_put_str(&st->back, "hello");
		st->eof = true;
		hws_mux_ready(s);
	}
}

static void on_data(struct hws_mux_stream *s, struct hws_bytes data, void *arg HWS_UNUSED)
{
	struct stream *st = hws_mux_stream_tag(s);

	if (st->port == FAKE_PORT_STALL)
		return;
	if (st->port == FAKE_PORT_ECHO) {
		hws_buf_put(&st->back, data.ptr, data.len);
		hws_mux_ready(s);
	} else {
		hws_mux_consumed(s, data.len);
	}
}

static void on_eof(struct hws_mux_stream *s, void *arg HWS_UNUSED)
{
	struct stream *st = hws_mux_stream_tag(s);

	st->eof = true;
	hws_mux_ready(s);
}

static ssize_t pull(struct hws_mux_stream *s, uint8_t *buf, size_t max, void *arg HWS_UNUSED)
{
	struct stream *st = hws_mux_stream_tag(s);
	size_t n = hws_buf_len(&st->back) < max ? hws_buf_len(&st->back) : max;

	if (n == 0)
		return st->eof ? HWS_ERR_EOF : 0;
	memcpy(buf, hws_buf_bytes(&st->back).ptr, n);
	hws_buf_consume(&st->back, n);
	if (st->port == FAKE_PORT_ECHO) /* only now: what it may send is what was taken back */
		hws_mux_consumed(s, n);
	return (ssize_t)n;
}

static void on_closed(struct hws_mux_stream *s, Ses__TunnelCode code HWS_UNUSED,
		const char *text HWS_UNUSED, void *arg HWS_UNUSED)
{
	struct stream *st = hws_mux_stream_tag(s);

	if (!st)
		return;
	hws_buf_done(&st->back);
	free(st);
}

static void on_opened(
		struct hws_mux_stream *s, const char *address HWS_UNUSED, void *arg HWS_UNUSED)
{
	struct stream *st = hws_mux_stream_tag(s);

	hws_buf_put_str(&st->back, "from the host");
	st->eof = true;
	hws_mux_ready(s);
}

static void on_datagram(struct hws_mux_stream *s, struct hws_bytes data, void *arg HWS_UNUSED)
{
	(void)!hws_mux_datagram(s, data);
}

/* Listens in name only: one connection comes at once. Port 2 may not be listened at. */
static void on_listen(struct hws_mux *m, uint32_t listener, const char *address HWS_UNUSED,
		uint16_t port, void *arg HWS_UNUSED)
{
	struct stream *st;
	struct hws_mux_stream *s;
	struct hws_mux_target t = { .host = "192.0.2.9", .port = 4711, .listener = listener };

	if (port == FAKE_PORT_FORBIDDEN) {
		hws_mux_listening(m, listener, CODE(FORBIDDEN), "not to be listened at", "", 0);
		return;
	}
	hws_mux_listening(m, listener, CODE(OK), "", "127.0.0.1", port ? port : 40000);
	st = calloc(1, sizeof(*st));
	ck_assert_ptr_nonnull(st);
	hws_buf_init(&st->back, 1u << 20);
	ck_assert_int_eq(hws_mux_open(m, &t, st, &s), HWS_OK);
}

static void on_unlisten(
		struct hws_mux *m HWS_UNUSED, uint32_t listener HWS_UNUSED, void *arg HWS_UNUSED)
{
}

static bool take(struct side *side, const struct hws_buf *frame)
{
	struct hws_bytes payload = hws_buf_bytes(frame);
	uint8_t *clear = calloc(1, payload.len + 1);
	Ses__Message *m = NULL;
	bool good = fake_v2_open(side->h, payload, clear, &payload);

	if (good && payload.len && hws_ses_unpack(payload, &m) == HWS_OK) {
		if (m->union_case == SES__MESSAGE__UNION_TUNNEL)
			good = hws_mux_input(side->mux, m->tunnel) == HWS_OK;
		else if (m->union_case == SES__MESSAGE__UNION_MISC)
			good = m->misc->union_case != SES__MISC__UNION_CLOSE_REASON;
	}
	hws_ses_free(m);
	free(clear);
	return good && !side->cut && hws_mux_err(side->mux) == HWS_OK;
}

bool fake_tunnel_serve(struct fake_host *h)
{
	struct side side = { .h = h };
	const struct hws_mux_conf conf = { .is_host = true,
		.send = on_send,
		.has_room = has_room,
		.now_us = now_us,
		.on_open = on_open,
		.on_opened = on_opened,
		.on_data = on_data,
		.on_eof = on_eof,
		.pull = pull,
		.on_closed = on_closed,
		.on_datagram = on_datagram,
		.on_listen = on_listen,
		.on_unlisten = on_unlisten,
		.arg = &side };
	struct hws_buf frame;

	ck_assert_int_eq(hws_mux_new(&conf, &side.mux), HWS_OK);
	hws_buf_init(&frame, 32u << 20);
	while (fake_get_frame(h, h->fd, &frame) && take(&side, &frame))
		;
	hws_buf_done(&frame);
	hws_mux_free(side.mux, CODE(RESET), "the double ends");
	return false;
}
