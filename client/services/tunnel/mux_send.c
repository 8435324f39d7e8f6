/* The mux's messages on their way out. Those of data are written by hand, so that what was pulled
 * is not copied once more; the rest is rare. */
#include "client/services/tunnel/mux_parts.h"
#include "shared/base/buf.h"
#include "shared/wire/envelope.h"
#include "shared/wire/field.h"
#include "shared/wire/send_class.h"
#include <string.h>

#define CONTROL_MAX 4096u /* texts and addresses have bounds of their own */
#define HEAD_MAX 64u
#define TUNNEL_FIELD 200u
#define ID_FIELD 1u   /* of all members */
#define DATA_FIELD 2u /* of TunnelData and TunnelDatagram */

_Static_assert(SES__MESSAGE__UNION_TUNNEL == TUNNEL_FIELD, "written by hand");
_Static_assert(HWS_MUX_DATA_MAX + HEAD_MAX <= HWS_SEND_BULK_MAX, "as a channel takes it");
_Static_assert(HWS_MUX_DATAGRAM_MAX + HEAD_MAX <= HWS_SEND_BULK_MAX, "as a channel takes it");

static void send_parts(struct hws_mux *m, struct hws_bytes head, struct hws_bytes rest)
{
	if (m->err == HWS_OK)
		m->err = m->conf.send(head, rest, m->conf.arg);
}

void hws_mux_send(struct hws_mux *m, Ses__Tunnel *t)
{
	Ses__Message msg = SES__MESSAGE__INIT;
	struct hws_buf b;

	msg.union_case = SES__MESSAGE__UNION_TUNNEL;
	msg.tunnel = t;
	hws_buf_init(&b, CONTROL_MAX);
	int r = hws_ses_pack(&msg, &b);
	if (r == HWS_OK)
		send_parts(m, hws_buf_bytes(&b), (struct hws_bytes){ 0 });
	else if (m->err == HWS_OK)
		m->err = r;
	hws_buf_done(&b);
}

void hws_mux_send_data(struct hws_mux_stream *s, struct hws_bytes data, bool datagram)
{
	uint32_t member = datagram ? SES__TUNNEL__UNION_DATAGRAM : SES__TUNNEL__UNION_DATA;
	uint8_t inner[32], outer[HEAD_MAX];
	size_t in = 0, out = 0, mid;

	in += hws_tag_put(ID_FIELD, HWS_WIRE_VARINT, inner + in);
	in += hws_varint_put(s->id, inner + in);
	in += hws_tag_put(DATA_FIELD, HWS_WIRE_BYTES, inner + in);
	in += hws_varint_put(data.len, inner + in);
	uint8_t tag[20];
	mid = hws_tag_put(member, HWS_WIRE_BYTES, tag);
	mid += hws_varint_put(in + data.len, tag + mid);
	out += hws_tag_put(TUNNEL_FIELD, HWS_WIRE_BYTES, outer + out);
	out += hws_varint_put(mid + in + data.len, outer + out);
	memcpy(outer + out, tag, mid);
	memcpy(outer + out + mid, inner, in);
	send_parts(s->m, hws_bytes(outer, out + mid + in), data);
}

/* The members want texts of theirs. */
static char *text_of(const char *text)
{
	return (char *)(uintptr_t)(text ? text : "");
}

static void send_answer(struct hws_mux *m, uint32_t id, Ses__TunnelCode code, const char *text,
		const char *address, uint32_t window)
{
	Ses__Tunnel t = SES__TUNNEL__INIT;
	Ses__TunnelOpened o = SES__TUNNEL_OPENED__INIT;

	o.stream = id;
	o.code = code;
	o.text = text_of(text);
	o.address = text_of(address);
	o.window = window;
	t.union_case = SES__TUNNEL__UNION_OPENED;
	t.opened = &o;
	hws_mux_send(m, &t);
}

void hws_mux_send_opened(struct hws_mux_stream *s, Ses__TunnelCode code, const char *text,
		const char *address)
{
	send_answer(s->m, s->id, code, text, address, s->window);
}

void hws_mux_send_refused(struct hws_mux *m, uint32_t id, Ses__TunnelCode code, const char *text)
{
	send_answer(m, id, code, text, "", 0);
}

void hws_mux_send_window(struct hws_mux_stream *s, uint32_t bytes)
{
	Ses__Tunnel t = SES__TUNNEL__INIT;
	Ses__TunnelWindow w = SES__TUNNEL_WINDOW__INIT;

	w.stream = s->id;
	w.bytes = bytes;
	t.union_case = SES__TUNNEL__UNION_WINDOW;
	t.window = &w;
	hws_mux_send(s->m, &t);
}

void hws_mux_send_eof(struct hws_mux_stream *s)
{
	Ses__Tunnel t = SES__TUNNEL__INIT;
	Ses__TunnelEof e = SES__TUNNEL_EOF__INIT;

	e.stream = s->id;
	t.union_case = SES__TUNNEL__UNION_EOF;
	t.eof = &e;
	hws_mux_send(s->m, &t);
}

void hws_mux_send_reset(struct hws_mux *m, uint32_t id, Ses__TunnelCode code, const char *text)
{
	Ses__Tunnel t = SES__TUNNEL__INIT;
	Ses__TunnelReset e = SES__TUNNEL_RESET__INIT;

	e.stream = id;
	e.code = code;
	e.text = text_of(text);
	t.union_case = SES__TUNNEL__UNION_RESET;
	t.reset = &e;
	hws_mux_send(m, &t);
}

void hws_mux_send_ping(struct hws_mux *m, uint32_t number, bool answer)
{
	Ses__Tunnel t = SES__TUNNEL__INIT;
	Ses__TunnelPing p = SES__TUNNEL_PING__INIT;

	p.number = number;
	p.answer = answer;
	t.union_case = SES__TUNNEL__UNION_PING;
	t.ping = &p;
	hws_mux_send(m, &t);
}
