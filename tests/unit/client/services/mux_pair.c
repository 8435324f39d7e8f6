/* The line between the two ends, and what stands at each place of a stream; see mux_pair.h. */
#include "mux_pair.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"
#include "shared/wire/send_class.h"
#include "shared/wire/session_table.h"
#include <check.h>
#include <string.h>

struct pair_end viewer, host;
uint64_t pair_now = 1;

/* What stands at a place of a stream. */
static uint8_t byte_at(uint64_t place, uint32_t id)
{
	return (uint8_t)(place * 31 + place / 251 + id);
}

static int send_parts(struct hws_bytes head, struct hws_bytes rest, void *arg)
{
	struct pair_end *e = arg;
	const struct hws_session_row *row = NULL;

	if (e->count == HWS_COUNT(e->line))
		return HWS_ERR_FULL;
	struct hws_buf *b = &e->line[(e->first + e->count++) % HWS_COUNT(e->line)];
	hws_buf_init(b, 1u << 20);
	hws_buf_put(b, head.ptr, head.len);
	hws_buf_put(b, rest.ptr, rest.len);
	ck_assert_int_eq(hws_buf_err(b), HWS_OK);
	ck_assert_int_eq(hws_session_scan(hws_buf_bytes(b), &row), HWS_OK);
	ck_assert_str_eq(row->name, "tunnel");
	ck_assert_uint_le(hws_buf_len(b), row->cap);
	ck_assert_uint_le(hws_buf_len(b), HWS_SEND_BULK_MAX);
	e->bytes += hws_buf_len(b);
	return HWS_OK;
}

static bool has_room(void *arg)
{
	struct pair_end *e = arg;

	return e->bytes < e->room;
}

static uint64_t now_us(void *arg HWS_UNUSED)
{
	return pair_now;
}

static struct door *new_door(struct pair_end *e, struct hws_mux_stream *s)
{
	ck_assert_uint_lt(e->doors, PAIR_DOORS);
	struct door *d = &e->door[e->doors];

	d->number = e->doors++;
	d->s = s;
	return d;
}

static void on_open(struct hws_mux *m HWS_UNUSED, struct hws_mux_stream *s,
		const struct hws_mux_target *t, void *arg)
{
	struct pair_end *e = arg;
	struct door *d = new_door(e, s);

	ck_assert_int_eq(hws_str_copy(d->address, sizeof(d->address), t->host), HWS_OK);
	hws_mux_stream_set_tag(s, d);
	if (e->waits)
		return;
	if (e->refuses) {
		d->s = NULL;
		hws_mux_refuse(s, SES__TUNNEL_CODE__TUNNEL_CODE_FORBIDDEN, "not on the list");
	} else {
		d->opened = true;
		hws_mux_accept(s, "192.0.2.1:80");
	}
}

static void on_opened(struct hws_mux_stream *s, const char *address, void *arg HWS_UNUSED)
{
	struct door *d = hws_mux_stream_tag(s);

	d->opened = true;
	ck_assert_int_eq(hws_str_copy(d->address, sizeof(d->address), address), HWS_OK);
	if (d->to_send || d->ends)
		hws_mux_ready(s);
}

static void on_data(struct hws_mux_stream *s, struct hws_bytes data, void *arg)
{
	struct pair_end *e = arg;
	struct door *d = hws_mux_stream_tag(s);
	size_t held = 0;

	ck_assert(!d->saw_eof);
	for (size_t i = 0; i < data.len; i++)
		if (data.ptr[i] != byte_at(d->got + i, hws_mux_stream_id(s)))
			ck_abort_msg("another byte at %llu", (unsigned long long)(d->got + i));
	d->got += data.len;
	d->held += data.len;
	for (unsigned i = 0; i < e->doors; i++)
		held += e->door[i].held;
	e->most_held = HWS_MAX(e->most_held, held);
}

static void on_eof(struct hws_mux_stream *s, void *arg HWS_UNUSED)
{
	struct door *d = hws_mux_stream_tag(s);

	ck_assert(!d->saw_eof);
	d->saw_eof = true;
}

static ssize_t pull(struct hws_mux_stream *s, uint8_t *buf, size_t max, void *arg)
{
	struct pair_end *e = arg;
	struct door *d = hws_mux_stream_tag(s);
	size_t n = HWS_MIN(max, d->to_send);

	ck_assert_uint_gt(max, 0);
	if (d->fails)
		return HWS_ERR_RESET;
	for (size_t i = 0; i < n; i++)
		buf[i] = byte_at(d->sent + i, hws_mux_stream_id(s));
	d->sent += n;
	d->to_send -= n;
	if (n && e->turns < HWS_COUNT(e->turn))
		e->turn[e->turns++] = d->number;
	return n || !d->ends ? (ssize_t)n : HWS_ERR_EOF;
}

static void on_closed(struct hws_mux_stream *s, Ses__TunnelCode code, const char *text,
		void *arg HWS_UNUSED)
{
	struct door *d = hws_mux_stream_tag(s);

	ck_assert_ptr_eq(d->s, s);
	d->s = NULL;
	d->closed = true;
	d->held = 0;
	d->code = code;
	ck_assert_int_eq(hws_str_copy(d->text, sizeof(d->text), text), HWS_OK);
}

static void on_datagram(struct hws_mux_stream *s, struct hws_bytes data, void *arg HWS_UNUSED)
{
	struct door *d = hws_mux_stream_tag(s);

	d->datagrams++;
	d->got += data.len;
}

static void on_listen(struct hws_mux *m, uint32_t listener, const char *address HWS_UNUSED,
		uint16_t port, void *arg)
{
	struct pair_end *e = arg;

	if (e->refuses) {
		hws_mux_listening(
				m, listener, SES__TUNNEL_CODE__TUNNEL_CODE_FORBIDDEN, "no", "", 0);
		return;
	}
	e->listens = listener;
	hws_mux_listening(m, listener, SES__TUNNEL_CODE__TUNNEL_CODE_OK, "", "127.0.0.1",
			port ? port : 4000);
}

static void on_unlisten(struct hws_mux *m HWS_UNUSED, uint32_t listener, void *arg)
{
	struct pair_end *e = arg;

	e->unlistens = listener;
}

static void on_listening(struct hws_mux *m HWS_UNUSED, uint32_t listener HWS_UNUSED,
		Ses__TunnelCode code, const char *text HWS_UNUSED, const char *address HWS_UNUSED,
		uint16_t port HWS_UNUSED, void *arg)
{
	struct pair_end *e = arg;

	e->listening = code;
}

static void begin(struct pair_end *e, struct pair_end *other, bool is_host, unsigned streams,
		size_t memory)
{
	struct hws_mux_conf conf = { .is_host = is_host,
		.streams = streams,
		.memory = memory,
		.send = send_parts,
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
		.on_listening = on_listening,
		.arg = e };

	memset(e, 0, sizeof(*e));
	e->other = other;
	e->room = 128u << 10;
	e->listening = SES__TUNNEL_CODE__TUNNEL_CODE_IDLE; /* nobody says that of one */
	ck_assert_int_eq(hws_mux_new(&conf, &e->m), HWS_OK);
}

void pair_begin(unsigned streams, size_t memory)
{
	begin(&viewer, &host, false, streams, memory);
	begin(&host, &viewer, true, streams, memory);
}

static void end(struct pair_end *e)
{
	hws_mux_free(e->m, SES__TUNNEL_CODE__TUNNEL_CODE_FAILED, "the session ended");
	for (unsigned i = 0; i < e->doors; i++)
		ck_assert_ptr_null(e->door[i].s);
	while (e->count) {
		hws_buf_done(&e->line[e->first]);
		e->first = (e->first + 1) % HWS_COUNT(e->line);
		e->count--;
	}
}

void pair_end(void)
{
	end(&viewer);
	end(&host);
}

struct door *pair_open(struct pair_end *e, const char *name, Ses__TunnelKind kind)
{
	const struct hws_mux_target t = { kind, name, 80, 0 };
	struct door *d = new_door(e, NULL);

	ck_assert_int_eq(hws_mux_open(e->m, &t, d, &d->s), HWS_OK);
	return d;
}

void pair_send(struct door *d, size_t bytes, bool then_end)
{
	d->to_send += bytes;
	d->ends = d->ends || then_end;
	if (d->s && d->opened)
		hws_mux_ready(d->s);
}

bool pair_carry(struct pair_end *from)
{
	Ses__Message *m = NULL;

	if (!from->count)
		return false;
	struct hws_buf b = from->line[from->first];
	from->first = (from->first + 1) % HWS_COUNT(from->line);
	from->count--;
	from->bytes -= hws_buf_len(&b);
	ck_assert_int_eq(hws_ses_unpack(hws_buf_bytes(&b), &m), HWS_OK);
	ck_assert_int_eq(hws_mux_input(from->other->m, m->tunnel), HWS_OK);
	hws_ses_free(m);
	hws_buf_done(&b);
	hws_mux_drained(from->m);
	return true;
}

void pair_consume(struct door *d)
{
	size_t n = d->held;

	if (!n || d->stalled)
		return;
	d->held = 0;
	hws_mux_consumed(d->s, n);
}

static bool consume_all(struct pair_end *e)
{
	bool any = false;

	for (unsigned i = 0; i < e->doors; i++) {
		any = any || (e->door[i].held && !e->door[i].stalled);
		pair_consume(&e->door[i]);
	}
	return any;
}

void pair_settle(void)
{
	bool any = true;

	while (any) {
		any = pair_carry(&viewer);
		any = pair_carry(&host) || any;
		any = consume_all(&viewer) || any;
		any = consume_all(&host) || any;
		pair_now += 10;
	}
}

struct door *pair_other(struct pair_end *e, const struct door *d)
{
	struct pair_end *other = e->other;

	for (unsigned i = 0; i < other->doors; i++)
		if (other->door[i].s && d->s &&
				hws_mux_stream_id(other->door[i].s) == hws_mux_stream_id(d->s))
			return &other->door[i];
	return NULL;
}

int pair_inject(struct pair_end *to, Ses__Tunnel__UnionCase what, void *member)
{
	Ses__Tunnel t = SES__TUNNEL__INIT;

	t.union_case = what;
	t.open = member; /* the members are pointers of one union */
	return hws_mux_input(to->m, &t);
}
