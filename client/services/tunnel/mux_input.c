/* The mux's messages as they come in. Nothing in them is believed: a number is known or it is not,
 * a byte is within the window or the stream ends, and what a stream is not in the state for ends
 * it. Of streams that are no more there may still be words under way: they are not heeded. */
#include "client/services/tunnel/mux.h"
#include "client/services/tunnel/mux_parts.h"
#include <string.h>

#define CREDIT_MAX (1ull << 32) /* more was never given in earnest */

#define CODE(name) SES__TUNNEL_CODE__TUNNEL_CODE_##name

static void violation(struct hws_mux_stream *s, const char *what)
{
	hws_mux_send_reset(s->m, s->id, CODE(PROTOCOL), what);
	hws_mux_end(s, CODE(PROTOCOL), what);
}

const char *hws_mux_text(const char *text, char buf[HWS_MUX_TEXT_MAX + 1])
{
	size_t n = strnlen(text, HWS_MUX_TEXT_MAX);

	memcpy(buf, text, n);
	if (text[n]) /* no half character */
		while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
	buf[n] = 0;
	return buf;
}

Ses__TunnelCode hws_mux_code(Ses__TunnelCode code)
{
	return (unsigned)code <= CODE(STALLED) ? code : CODE(FAILED);
}

/* --- streams ---------------------------------------------------------------------------------- */

/* Theirs are of the other parity, and each is higher than those before. */
static bool is_fresh(struct hws_mux *m, uint32_t id)
{
	return id && (id & 1) == (m->conf.is_host ? 1u : 0u) && id > m->seen_id;
}

static void on_open(struct hws_mux *m, const Ses__TunnelOpen *o)
{
	const struct hws_mux_target t = { o->kind, o->host, (uint16_t)o->port, o->listener };
	struct hws_mux_stream *s;

	if (!is_fresh(m, o->stream)) { /* an answer would be taken for that of another */
		s = hws_mux_find(m, o->stream);
		if (s)
			violation(s, "the number of a stream was used twice");
		return;
	}
	m->seen_id = o->stream;
	if (!hws_mux_target_ok(o->host, o->kind) || o->port > UINT16_MAX ||
			(!o->port && !o->listener)) {
		hws_mux_send_refused(m, o->stream, CODE(PROTOCOL), "there can be no such target");
		return;
	}
	if (o->listener && !hws_mux_find_listener(m, o->listener, true)) {
		hws_mux_send_refused(m, o->stream, CODE(PROTOCOL), "there is no such listener");
		return;
	}
	if (m->count >= m->conf.streams) {
		if (m->conf.on_full)
			m->conf.on_full(m, &t, m->conf.arg);
		hws_mux_send_refused(m, o->stream, CODE(FULL),
				"too many connections in one session: close some first");
		return;
	}
	s = m->conf.on_open ? hws_mux_add(m, o->stream, o->kind, MUX_ASKING) : NULL;
	if (!s) {
		hws_mux_send_refused(m, o->stream, CODE(FAILED), "this end takes no connections");
		return;
	}
	s->credit = o->kind == SES__TUNNEL_KIND__TUNNEL_KIND_TCP ? o->window : 0;
	m->conf.on_open(m, s, &t, m->conf.arg);
}

static void on_opened(struct hws_mux *m, const Ses__TunnelOpened *o)
{
	struct hws_mux_stream *s = hws_mux_find(m, o->stream);
	char text[HWS_MUX_TEXT_MAX + 1];

	if (!s)
		return;
	if (s->state != MUX_ASKED) {
		violation(s, "a stream was answered that nobody asked for");
		return;
	}
	if (o->code != CODE(OK)) {
		hws_mux_end(s, hws_mux_code(o->code), hws_mux_text(o->text, text));
		return;
	}
	s->state = MUX_OPEN;
	s->credit = s->kind == SES__TUNNEL_KIND__TUNNEL_KIND_TCP ? o->window : 0;
	m->conf.on_opened(s, hws_mux_text(o->address, text), m->conf.arg);
	hws_mux_queue(s);
}

static void on_data(struct hws_mux *m, const Ses__TunnelData *d)
{
	struct hws_mux_stream *s = hws_mux_find(m, d->stream);

	if (!s)
		return;
	if (s->state != MUX_OPEN || s->eof_received)
		violation(s, "bytes came before the stream was open, or after its end");
	else if (d->data.len > s->granted)
		violation(s, "more bytes came than there was room for");
	else if (d->data.len) {
		s->granted -= (uint32_t)d->data.len;
		s->unspent += (uint32_t)d->data.len;
		s->bytes_in += d->data.len;
		m->conf.on_data(s, hws_bytes(d->data.data, d->data.len), m->conf.arg);
	}
}

static void on_window(struct hws_mux *m, const Ses__TunnelWindow *w)
{
	struct hws_mux_stream *s = hws_mux_find(m, w->stream);

	if (!s || s->kind != SES__TUNNEL_KIND__TUNNEL_KIND_TCP)
		return;
	if (s->state != MUX_OPEN || s->credit + w->bytes > CREDIT_MAX) {
		violation(s, "room was given for more bytes than there are");
		return;
	}
	s->credit += w->bytes;
	hws_mux_queue(s);
}

static void on_eof(struct hws_mux *m, const Ses__TunnelEof *e)
{
	struct hws_mux_stream *s = hws_mux_find(m, e->stream);

	if (!s)
		return;
	if (s->state != MUX_OPEN || s->eof_received ||
			s->kind != SES__TUNNEL_KIND__TUNNEL_KIND_TCP) {
		violation(s, "an end came where there is none");
		return;
	}
	s->eof_received = true;
	m->conf.on_eof(s, m->conf.arg);
	hws_mux_settle(s);
}

static void on_reset(struct hws_mux *m, const Ses__TunnelReset *e)
{
	struct hws_mux_stream *s = hws_mux_find(m, e->stream);
	char text[HWS_MUX_TEXT_MAX + 1];

	if (s) /* OK: a UDP stream that is no more needed */
		hws_mux_end(s, hws_mux_code(e->code), hws_mux_text(e->text, text));
}

static void on_datagram(struct hws_mux *m, const Ses__TunnelDatagram *d)
{
	struct hws_mux_stream *s = hws_mux_find(m, d->stream);

	if (!s || s->state == MUX_ASKING || s->state == MUX_ASKED)
		return; /* they may be lost at any time */
	if (s->kind != SES__TUNNEL_KIND__TUNNEL_KIND_UDP || d->data.len > HWS_MUX_DATAGRAM_MAX) {
		violation(s, "a datagram came where there are none");
		return;
	}
	s->bytes_in += d->data.len;
	if (m->conf.on_datagram)
		m->conf.on_datagram(s, hws_bytes(d->data.data, d->data.len), m->conf.arg);
}

/* --- the rest --------------------------------------------------------------------------------- */

static void on_ping(struct hws_mux *m, const Ses__TunnelPing *p)
{
	if (!p->answer) {
		hws_mux_send_ping(m, p->number, true);
	} else if (m->ping && p->number == m->ping) {
		m->rtt_us = m->conf.now_us(m->conf.arg) - m->ping_us;
		m->ping = 0;
	}
}

static void dispatch(struct hws_mux *m, const Ses__Tunnel *t)
{
	switch (t->union_case) {
	case SES__TUNNEL__UNION_OPEN:
		on_open(m, t->open);
		break;
	case SES__TUNNEL__UNION_OPENED:
		on_opened(m, t->opened);
		break;
	case SES__TUNNEL__UNION_DATA:
		on_data(m, t->data);
		break;
	case SES__TUNNEL__UNION_WINDOW:
		on_window(m, t->window);
		break;
	case SES__TUNNEL__UNION_EOF:
		on_eof(m, t->eof);
		break;
	case SES__TUNNEL__UNION_RESET:
		on_reset(m, t->reset);
		break;
	case SES__TUNNEL__UNION_LISTEN:
		hws_mux_on_listen(m, t->listen);
		break;
	case SES__TUNNEL__UNION_LISTENING:
		hws_mux_on_listening(m, t->listening);
		break;
	case SES__TUNNEL__UNION_UNLISTEN:
		hws_mux_on_unlisten(m, t->unlisten);
		break;
	case SES__TUNNEL__UNION_DATAGRAM:
		on_datagram(m, t->datagram);
		break;
	case SES__TUNNEL__UNION_PING:
		on_ping(m, t->ping);
		break;
	case SES__TUNNEL__UNION__NOT_SET: /* or of a later version */
	case _SES__TUNNEL__UNION__CASE_IS_INT_SIZE:
		break;
	}
}

int hws_mux_input(struct hws_mux *m, const Ses__Tunnel *t)
{
	hws_mux_enter(m);
	dispatch(m, t);
	hws_mux_pump(m);
	int r = m->err;
	hws_mux_leave(m);
	return r;
}
