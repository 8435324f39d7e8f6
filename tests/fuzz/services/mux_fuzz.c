/* tunnel/mux before a stranger: messages in any order and of any content, between what an owner
 * does with its streams. The owner never gets more than a window, never hears of a stream again
 * that has ended, and what leaves is always a message that the other end takes.
 *
 * Input: steps. One byte below 128: a serialised ses.Tunnel of so many bytes follows. Else what the
 * owner does: the low bits say what, and one byte more with which stream or how much. */
#include "client/services/tunnel/mux.h"
#include "shared/base/macros.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include "shared/wire/session_table.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PLACES 64

struct place {
	struct hws_mux_stream *s;
	size_t held;
	bool asked, eof;
};

static struct {
	struct hws_mux *m;
	struct place place[PLACES];
	uint64_t now;
	size_t sent, sent_max;
} end;

static struct place *of(struct hws_mux_stream *s)
{
	struct place *p = hws_mux_stream_tag(s);

	if (!p || p->s != s)
		abort();
	return p;
}

static struct place *take_place(struct hws_mux_stream *s, bool asked)
{
	for (size_t i = 0; i < PLACES; i++)
		if (!end.place[i].s) {
			end.place[i] = (struct place){ s, 0, asked, false };
			return &end.place[i];
		}
	return NULL;
}

static int on_send(struct hws_bytes head, struct hws_bytes rest, void *arg HWS_UNUSED)
{
	const struct hws_session_row *row = NULL;
	struct hws_buf b;

	if (end.sent++ > end.sent_max)
		return HWS_ERR_FULL;
	hws_buf_init(&b, 1u << 20);
	hws_buf_put(&b, head.ptr, head.len);
	hws_buf_put(&b, rest.ptr, rest.len);
	if (hws_session_scan(hws_buf_bytes(&b), &row) < 0 || !row ||
			row->service != HWS_SERVICE_TUNNEL || hws_buf_len(&b) > row->cap)
		abort();
	hws_buf_done(&b);
	return HWS_OK;
}

static bool has_room(void *arg HWS_UNUSED)
{
	return end.sent < end.sent_max / 2;
}

static uint64_t now_us(void *arg HWS_UNUSED)
{
	return end.now += 100;
}

static void on_open(struct hws_mux *m HWS_UNUSED, struct hws_mux_stream *s,
		const struct hws_mux_target *t, void *arg HWS_UNUSED)
{
	if (!*t->host || strlen(t->host) > HWS_MUX_HOST_MAX)
		abort();
	struct place *p = take_place(s, true);
	if (!p) {
		hws_mux_refuse(s, SES__TUNNEL_CODE__TUNNEL_CODE_FULL, "no place");
		return;
	}
	hws_mux_stream_set_tag(s, p);
}

static void on_opened(struct hws_mux_stream *s, const char *address, void *arg HWS_UNUSED)
{
	if (strlen(address) > HWS_MUX_TEXT_MAX)
		abort();
	of(s);
}

static void on_data(struct hws_mux_stream *s, struct hws_bytes data, void *arg HWS_UNUSED)
{
	struct place *p = of(s);

	p->held += data.len;
	if (p->held > HWS_MUX_WINDOW_MAX || p->eof)
		abort();
}

static void on_eof(struct hws_mux_stream *s, void *arg HWS_UNUSED)
{
	if (of(s)->eof)
		abort();
	of(s)->eof = true;
}

static ssize_t pull(struct hws_mux_stream *s, uint8_t *buf, size_t max, void *arg HWS_UNUSED)
{
	of(s);
	if (!max)
		abort();
	memset(buf, 'x', HWS_MIN(max, 100u));
	switch (end.now / 100 % 4) {
	case 0:
		return 0;
	case 1:
		return end.now % 1600 ? 1 : HWS_ERR_EOF;
	case 2:
		return end.now % 3200 ? 1 : HWS_ERR_RESET;
	default:
		return (ssize_t)HWS_MIN(max, 100u);
	}
}

static void on_closed(struct hws_mux_stream *s, Ses__TunnelCode code, const char *text,
		void *arg HWS_UNUSED)
{
	if (!*hws_mux_code_name(code) || strlen(text) > HWS_MUX_TEXT_MAX)
		abort();
	of(s)->s = NULL;
}

static void on_datagram(struct hws_mux_stream *s, struct hws_bytes data, void *arg HWS_UNUSED)
{
	if (data.len > HWS_MUX_DATAGRAM_MAX)
		abort();
	of(s);
}

static void on_listen(struct hws_mux *m, uint32_t listener, const char *address HWS_UNUSED,
		uint16_t port, void *arg HWS_UNUSED)
{
	hws_mux_listening(m, listener,
			port & 1 ? SES__TUNNEL_CODE__TUNNEL_CODE_OK
				 : SES__TUNNEL_CODE__TUNNEL_CODE_FORBIDDEN,
			"", "127.0.0.1", port);
}

static void on_unlisten(struct hws_mux *m HWS_UNUSED, uint32_t listener, void *arg HWS_UNUSED)
{
	if (!listener)
		abort();
}

static void on_listening(struct hws_mux *m HWS_UNUSED, uint32_t listener HWS_UNUSED,
		Ses__TunnelCode code HWS_UNUSED, const char *text, const char *address,
		uint16_t port HWS_UNUSED, void *arg HWS_UNUSED)
{
	if (strlen(text) > HWS_MUX_TEXT_MAX || strlen(address) > HWS_MUX_HOST_MAX)
		abort();
}

static void open_one(uint8_t arg)
{
	const struct hws_mux_target t = { arg & 1, "target.example.com", 80, 0 };
	struct hws_mux_stream *s;

	if (hws_mux_open(end.m, &t, NULL, &s) < 0)
		return;
	struct place *p = take_place(s, false);
	if (p)
		hws_mux_stream_set_tag(s, p);
	else
		hws_mux_reset(s, SES__TUNNEL_CODE__TUNNEL_CODE_FULL, "");
}

/* What an owner does with one of its streams. */
static void use(struct place *p, unsigned what, uint8_t arg)
{
	size_t n = HWS_MIN(p->held, (size_t)arg * 1000);

	switch (what) {
	case 0:
		if (p->asked)
			hws_mux_accept(p->s, "192.0.2.1:80");
		p->asked = false;
		break;
	case 1:
		if (p->asked) {
			struct hws_mux_stream *s = p->s;

			p->s = NULL;
			hws_mux_refuse(s, SES__TUNNEL_CODE__TUNNEL_CODE_REFUSED, "no");
		}
		break;
	case 2:
		hws_mux_ready(p->s);
		break;
	case 3:
		p->held -= n;
		hws_mux_consumed(p->s, n);
		break;
	case 4: {
		struct hws_mux_stream *s = p->s;

		p->s = NULL;
		hws_mux_reset(s, (Ses__TunnelCode)arg, "enough");
		break;
	}
	default:
		if (hws_mux_datagram(p->s, hws_bytes("datagram", 8)) == HWS_ERR_TOOBIG)
			abort();
		break;
	}
}

static void act(unsigned what, uint8_t arg)
{
	if (what < 6 && end.place[arg % PLACES].s)
		use(&end.place[arg % PLACES], what, arg);
	else if (what == 6)
		open_one(arg);
	else if (what == 7)
		hws_mux_drained(end.m);
	else if (what == 8 && hws_mux_listen(end.m, arg, "", arg) == HWS_OK && arg & 1)
		hws_mux_unlisten(end.m, arg);
}

static bool hear(struct hws_bytes in)
{
	ProtobufCMessage *t = NULL;
	int r = HWS_OK;

	if (hws_msg_unpack(&ses__tunnel__descriptor, in, HWS_SES_LIST_MAX, &t) < 0)
		return true;
	r = hws_mux_input(end.m, (const Ses__Tunnel *)t);
	hws_msg_free(t);
	return r == HWS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct hws_mux_conf conf = { .is_host = size & 1,
		.streams = 40,
		.memory = 2u << 20,
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
		.on_listening = on_listening };

	memset(&end, 0, sizeof(end));
	end.sent_max = 10000;
	if (hws_mux_new(&conf, &end.m) < 0)
		return 0;
	while (size >= 2) {
		uint8_t step = *data;

		data++;
		size--;
		if (step < 128) {
			size_t n = HWS_MIN((size_t)step, size);

			if (!hear(hws_bytes(data, n)))
				break;
			data += n;
			size -= n;
		} else {
			act((step & 127) % 9, *data);
			data++;
			size--;
		}
	}
	hws_mux_free(end.m, SES__TUNNEL_CODE__TUNNEL_CODE_FAILED, "the end");
	for (size_t i = 0; i < PLACES; i++)
		if (end.place[i].s)
			abort();
	return 0;
}
