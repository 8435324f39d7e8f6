/* The mux from the owner's side: streams, their turns to send, and the windows that they give. */
#include "client/services/tunnel/mux.h"
#include "client/services/tunnel/mux_parts.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include <string.h>

#define PING_US (1 * HWS_US_PER_S) /* not more often */

void hws_mux_enter(struct hws_mux *m)
{
	m->depth++;
}

void hws_mux_leave(struct hws_mux *m)
{
	struct hws_list *node, *tmp;

	if (--m->depth)
		return;
	hws_list_for_safe (node, tmp, &m->dead) {
		struct hws_mux_stream *s = hws_container(node, struct hws_mux_stream, all);

		hws_list_remove(node);
		hws_free(s);
	}
	if (m->gone)
		hws_free(m);
}

static struct hws_list *bucket(struct hws_mux *m, uint32_t id)
{
	return &m->by_id[id >> 1 & (HWS_MUX_BUCKETS - 1)];
}

struct hws_mux_stream *hws_mux_find(struct hws_mux *m, uint32_t id)
{
	struct hws_list *node, *head = bucket(m, id);

	hws_list_for (node, head) {
		struct hws_mux_stream *s = hws_container(node, struct hws_mux_stream, bucket);

		if (s->id == id)
			return s;
	}
	return NULL;
}

/* Each stream can have the least window, whatever the others took. */
static bool may_take(const struct hws_mux *m, size_t more)
{
	size_t kept = (size_t)(m->conf.streams - HWS_MIN(m->count, m->conf.streams)) *
			HWS_MUX_WINDOW_MIN;

	return m->windows + kept + more <= m->conf.memory;
}

struct hws_mux_stream *hws_mux_add(
		struct hws_mux *m, uint32_t id, Ses__TunnelKind kind, enum mux_state state)
{
	struct hws_mux_stream *s = hws_alloc(sizeof(*s));

	if (!s)
		return NULL;
	s->m = m;
	s->id = id;
	s->kind = kind;
	s->state = state;
	m->count++;
	if (kind == SES__TUNNEL_KIND__TUNNEL_KIND_TCP)
		s->window = may_take(m, HWS_MUX_WINDOW) ? HWS_MUX_WINDOW : HWS_MUX_WINDOW_MIN;
	s->granted = s->window;
	m->windows += s->window;
	s->given_us = m->conf.now_us(m->conf.arg);
	hws_list_push(&m->streams, &s->all);
	hws_list_push(bucket(m, id), &s->bucket);
	return s;
}

void hws_mux_drop(struct hws_mux_stream *s)
{
	struct hws_mux *m = s->m;

	if (s->state == MUX_DEAD)
		return;
	s->state = MUX_DEAD;
	m->count--;
	m->windows -= s->window;
	hws_list_remove(&s->turn);
	hws_list_remove(&s->bucket);
	hws_list_remove(&s->all);
	hws_list_push(&m->dead, &s->all);
}

void hws_mux_end(struct hws_mux_stream *s, Ses__TunnelCode code, const char *text)
{
	struct hws_mux *m = s->m;

	if (s->state == MUX_DEAD)
		return;
	hws_mux_drop(s);
	m->conf.on_closed(s, code, text ? text : "", m->conf.arg);
}

void hws_mux_settle(struct hws_mux_stream *s)
{
	if (s->state == MUX_OPEN && s->eof_sent && s->eof_received && !s->unspent)
		hws_mux_end(s, SES__TUNNEL_CODE__TUNNEL_CODE_OK, "");
}

/* --- turns ------------------------------------------------------------------------------------ */

void hws_mux_queue(struct hws_mux_stream *s)
{
	if (s->state == MUX_OPEN && s->wants && !s->eof_sent && s->credit &&
			!hws_list_linked(&s->turn))
		hws_list_push(&s->m->turns, &s->turn);
}

/* One message of the stream. It comes to the end of the line again while it has more. */
static void take_turn(struct hws_mux_stream *s)
{
	struct hws_mux *m = s->m;
	size_t max = (size_t)HWS_MIN(s->credit, (uint64_t)HWS_MUX_DATA_MAX);

	s->wants = false; /* what is said within the call counts */
	ssize_t n = m->conf.pull(s, m->buf, max, m->conf.arg);
	if (s->state != MUX_OPEN || n == 0)
		return;
	if (n == HWS_ERR_EOF) {
		s->eof_sent = true;
		hws_mux_send_eof(s);
		hws_mux_settle(s);
	} else if (n < 0 || (size_t)n > max) {
		hws_mux_send_reset(m, s->id, SES__TUNNEL_CODE__TUNNEL_CODE_RESET,
				"the connection was reset");
		hws_mux_end(s, SES__TUNNEL_CODE__TUNNEL_CODE_RESET, "the connection was reset");
	} else {
		s->credit -= (uint64_t)n;
		s->bytes_out += (uint64_t)n;
		hws_mux_send_data(s, hws_bytes(m->buf, (size_t)n), false);
		s->wants = true;
		hws_mux_queue(s);
	}
}

void hws_mux_pump(struct hws_mux *m)
{
	struct hws_list *node;

	if (m->pumping)
		return;
	m->pumping = true;
	while (m->err == HWS_OK && (node = hws_list_first(&m->turns)) &&
			m->conf.has_room(m->conf.arg)) {
		hws_list_remove(node);
		take_turn(hws_container(node, struct hws_mux_stream, turn));
	}
	m->pumping = false;
}

void hws_mux_drained(struct hws_mux *m)
{
	hws_mux_enter(m);
	hws_mux_pump(m);
	hws_mux_leave(m);
}

void hws_mux_ready(struct hws_mux_stream *s)
{
	struct hws_mux *m = s->m;

	hws_mux_enter(m);
	s->wants = true;
	hws_mux_queue(s);
	hws_mux_pump(m);
	hws_mux_leave(m);
}

/* --- windows ---------------------------------------------------------------------------------- */

/* Twice what was given, where the whole of it is used up in less than two round trips: then it is
 * the window that holds the sender, not the owner. */
static uint32_t growth(struct hws_mux_stream *s, uint64_t now)
{
	struct hws_mux *m = s->m;
	uint32_t more = HWS_MIN(s->window, HWS_MUX_WINDOW_MAX - s->window);

	if (!more || !m->rtt_us || now - s->given_us > 2 * m->rtt_us ||
			s->unspent > s->window / 4 || !may_take(m, more))
		return 0;
	s->window += more;
	m->windows += more;
	return more;
}

static void measure(struct hws_mux *m, uint64_t now)
{
	if (m->ping || (m->ping_us && now - m->ping_us < PING_US))
		return;
	m->ping = ++m->pings ? m->pings : ++m->pings;
	m->ping_us = now;
	hws_mux_send_ping(m, m->ping, false);
}

/* In pieces of half a window: one message for many. */
static void give(struct hws_mux_stream *s)
{
	uint64_t now = s->m->conf.now_us(s->m->conf.arg);

	if (s->owed < s->window / 2 || s->eof_received)
		return;
	measure(s->m, now);
	uint32_t bytes = s->owed + growth(s, now);
	s->owed = 0;
	s->granted += bytes;
	s->given_us = now;
	hws_mux_send_window(s, bytes);
}

void hws_mux_consumed(struct hws_mux_stream *s, size_t n)
{
	struct hws_mux *m = s->m;
	uint32_t taken = (uint32_t)HWS_MIN(n, (size_t)s->unspent);

	hws_mux_enter(m);
	s->unspent -= taken;
	s->owed += taken;
	if (s->state == MUX_OPEN) {
		give(s);
		hws_mux_settle(s);
	}
	hws_mux_leave(m);
}

/* --- streams ---------------------------------------------------------------------------------- */

/* What can be a name or an address: it goes into logs and to resolvers. */
bool hws_mux_target_ok(const char *host, Ses__TunnelKind kind)
{
	size_t n = strlen(host);

	if (n < 1 || n > HWS_MUX_HOST_MAX ||
			(kind != SES__TUNNEL_KIND__TUNNEL_KIND_TCP &&
					kind != SES__TUNNEL_KIND__TUNNEL_KIND_UDP))
		return false;
	for (size_t i = 0; i < n; i++)
		if (host[i] <= ' ' || host[i] > '~')
			return false;
	return true;
}

int hws_mux_open(struct hws_mux *m, const struct hws_mux_target *t, void *tag,
		struct hws_mux_stream **ret)
{
	Ses__Tunnel msg = SES__TUNNEL__INIT;
	Ses__TunnelOpen o = SES__TUNNEL_OPEN__INIT;

	if (!hws_mux_target_ok(t->host, t->kind) || (!t->port && !t->listener))
		return HWS_ERR_INVAL;
	if (m->err < 0)
		return m->err;
	if (m->count >= m->conf.streams || m->next_id > UINT32_MAX - 2)
		return HWS_ERR_FULL;
	struct hws_mux_stream *s = hws_mux_add(m, m->next_id, t->kind, MUX_ASKED);
	if (!s)
		return HWS_ERR_NOMEM;
	m->next_id += 2;
	s->tag = tag;
	o.stream = s->id;
	o.kind = t->kind;
	o.host = (char *)(uintptr_t)t->host;
	o.port = t->port;
	o.window = s->window;
	o.listener = t->listener;
	msg.union_case = SES__TUNNEL__UNION_OPEN;
	msg.open = &o;
	hws_mux_send(m, &msg);
	*ret = s;
	return HWS_OK;
}

void hws_mux_accept(struct hws_mux_stream *s, const char *address)
{
	if (s->state != MUX_ASKING)
		return;
	s->state = MUX_OPEN;
	hws_mux_send_opened(s, SES__TUNNEL_CODE__TUNNEL_CODE_OK, "", address);
}

void hws_mux_refuse(struct hws_mux_stream *s, Ses__TunnelCode code, const char *text)
{
	struct hws_mux *m = s->m;

	if (s->state != MUX_ASKING)
		return;
	if (code == SES__TUNNEL_CODE__TUNNEL_CODE_OK)
		code = SES__TUNNEL_CODE__TUNNEL_CODE_FAILED;
	hws_mux_enter(m);
	hws_mux_send_opened(s, code, text, "");
	hws_mux_drop(s);
	hws_mux_leave(m);
}

void hws_mux_reset(struct hws_mux_stream *s, Ses__TunnelCode code, const char *text)
{
	struct hws_mux *m = s->m;

	if (s->state == MUX_DEAD)
		return;
	hws_mux_enter(m);
	hws_mux_send_reset(m, s->id, code, text);
	hws_mux_drop(s);
	hws_mux_leave(m);
}

int hws_mux_datagram(struct hws_mux_stream *s, struct hws_bytes data)
{
	if (s->state != MUX_OPEN || s->kind != SES__TUNNEL_KIND__TUNNEL_KIND_UDP)
		return HWS_ERR_INVAL;
	if (data.len > HWS_MUX_DATAGRAM_MAX)
		return HWS_ERR_TOOBIG;
	if (s->m->err < 0 || !s->m->conf.has_room(s->m->conf.arg))
		return HWS_ERR_AGAIN;
	s->bytes_out += data.len;
	hws_mux_send_data(s, data, true);
	return HWS_OK;
}

/* --- the whole -------------------------------------------------------------------------------- */

int hws_mux_new(const struct hws_mux_conf *conf, struct hws_mux **ret)
{
	struct hws_mux *m = hws_alloc(sizeof(*m));

	if (!m)
		return HWS_ERR_NOMEM;
	m->conf = *conf;
	if (!m->conf.streams || m->conf.streams > HWS_MUX_STREAMS_MAX)
		m->conf.streams = HWS_MUX_STREAMS_MAX;
	if (!m->conf.memory)
		m->conf.memory = HWS_MUX_MEMORY;
	hws_list_init(&m->streams);
	hws_list_init(&m->turns);
	hws_list_init(&m->dead);
	for (size_t i = 0; i < HWS_MUX_BUCKETS; i++)
		hws_list_init(&m->by_id[i]);
	m->next_id = conf->is_host ? 2 : 1;
	*ret = m;
	return HWS_OK;
}

void hws_mux_free(struct hws_mux *m, Ses__TunnelCode code, const char *text)
{
	struct hws_list *node;

	if (!m)
		return;
	if (m->err == HWS_OK)
		m->err = HWS_ERR_CLOSED; /* not a word more */
	hws_mux_enter(m);
	while ((node = hws_list_first(&m->streams)))
		hws_mux_end(hws_container(node, struct hws_mux_stream, all), code, text);
	for (size_t i = 0; i < HWS_MUX_LISTENERS_MAX; i++)
		if (m->listener[i].id && !m->listener[i].ours && m->conf.on_unlisten)
			m->conf.on_unlisten(m, m->listener[i].id, m->conf.arg);
	m->gone = true; /* with the last function of it that is on the stack */
	hws_mux_leave(m);
}

int hws_mux_err(const struct hws_mux *m)
{
	return m->err;
}

void *hws_mux_stream_tag(const struct hws_mux_stream *s)
{
	return s->tag;
}

void hws_mux_stream_set_tag(struct hws_mux_stream *s, void *tag)
{
	s->tag = tag;
}

uint32_t hws_mux_stream_id(const struct hws_mux_stream *s)
{
	return s->id;
}

uint64_t hws_mux_stream_bytes_in(const struct hws_mux_stream *s)
{
	return s->bytes_in;
}

uint64_t hws_mux_stream_bytes_out(const struct hws_mux_stream *s)
{
	return s->bytes_out;
}

unsigned hws_mux_streams(const struct hws_mux *m)
{
	return m->count;
}

uint64_t hws_mux_rtt_us(const struct hws_mux *m)
{
	return m->rtt_us;
}

const char *hws_mux_code_name(Ses__TunnelCode code)
{
	static const char *const names[] = { "ok", "forbidden", "refused", "unreachable", "resolve",
		"timeout", "full", "protocol", "failed", "idle", "permission", "reset", "stalled" };

	return names[hws_mux_code(code)];
}
