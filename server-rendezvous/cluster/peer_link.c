/* rendezvous/cluster/peer_link: two words in plain, then records. Messages with items are numbered
 * from 1 on each link; each side says up to which number it has heard, a few times in a hundred
 * milliseconds at most. */
#include "server-rendezvous/cluster/peer_link.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/list.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/net/conn.h"
#include "shared/wire/envelope.h"
#include <string.h>

#define FRAME_MAX 8192u
#define ITEMS_MAX 64u
#define QUEUE_MAX (1u << 20)
#define UNHEARD_MAX (1u << 20)            /* bytes that are sent and not yet known to have come */
#define GREETING_US (3 * HWS_US_PER_S)    /* until it is proven who is there */
#define SILENCE_US (3500 * HWS_US_PER_MS) /* as the database's idea of a dead node */
#define UNHEARD_US HWS_US_PER_S
#define BEAT_US HWS_US_PER_S
#define HEARD_AT_ONCE 256 /* messages that are said to have come without waiting for a tick */

/* What was sent and may have to go another way. */
struct sent {
	struct hws_list node;
	uint64_t number, when_us;
	size_t len;
	uint8_t packed[];
};

struct rdv_peer_link {
	const struct rdv_peer_link_conf *conf;
	struct hws_conn *conn;
	void *peer;
	uint8_t called_pk[HWS_BOX_PK_LEN];
	struct rdv_link_call call;
	bool caller, keyed, up;
	uint64_t number;            /* of the last message of ours */
	uint64_t heard, told_heard; /* of the other side; of that they know */
	uint64_t spoke_us;
	struct hws_list unheard; /* struct sent */
	size_t unheard_bytes;
	struct hws_deferred gone;
};

/* --- sending ---------------------------------------------------------------------------------- */

static int send_message(struct rdv_peer_link *l, uint64_t number, struct hws_bytes items)
{
	Cluster__Envelope head = CLUSTER__ENVELOPE__INIT;
	struct hws_buf out;
	int r;

	head.number = number;
	head.heard = l->heard;
	hws_buf_init(&out, FRAME_MAX);
	r = hws_msg_pack(&head.base, &out);
	hws_buf_put(&out, items.ptr, items.len); /* packed messages in a row are one message */
	if (r == HWS_OK)
		r = hws_buf_err(&out);
	if (r == HWS_OK)
		r = hws_conn_send(l->conn, hws_buf_bytes(&out));
	hws_buf_done(&out);
	if (r == HWS_OK) {
		l->told_heard = l->heard;
		l->spoke_us = hws_loop_now_us(l->conf->loop);
	}
	return r;
}

static void say_heard(struct rdv_peer_link *l)
{
	if (send_message(l, 0, hws_bytes(NULL, 0)) < 0)
		hws_conn_close(l->conn, HWS_ERR_FULL);
}

bool rdv_peer_link_send(struct rdv_peer_link *l, struct hws_bytes packed)
{
	struct sent *s;

	if (!l->up || l->unheard_bytes + packed.len > UNHEARD_MAX)
		return false;
	s = hws_alloc(sizeof(*s) + packed.len);
	if (!s)
		return false;
	if (send_message(l, l->number + 1, packed) < 0) {
		hws_free(s);
		return false;
	}
	s->number = ++l->number;
	s->when_us = l->spoke_us;
	s->len = packed.len;
	memcpy(s->packed, packed.ptr, packed.len);
	hws_list_push(&l->unheard, &s->node);
	l->unheard_bytes += s->len;
	return true;
}

static void sent_free(struct rdv_peer_link *l, struct sent *s)
{
	hws_list_remove(&s->node);
	l->unheard_bytes -= s->len;
	hws_free(s);
}

static void came(struct rdv_peer_link *l, uint64_t up_to)
{
	struct hws_list *n;

	while ((n = hws_list_first(&l->unheard))) {
		struct sent *s = hws_container(n, struct sent, node);

		if (s->number > up_to)
			return;
		sent_free(l, s);
	}
}

/* --- the first words -------------------------------------------------------------------------- */

static void set_keys(struct rdv_peer_link *l, struct rdv_link_keys *k)
{
	if (l->caller)
		hws_conn_set_v2_keys(l->conn, k->caller_secret, k->called_secret);
	else
		hws_conn_set_v2_keys(l->conn, k->called_secret, k->caller_secret);
	l->keyed = true;
	hws_wipe(k, sizeof(*k));
}

static int be_called(struct rdv_peer_link *l, struct hws_bytes words)
{
	const struct rdv_peer_link_conf *c = l->conf;
	uint8_t answer[RDV_LINK_ANSWER_LEN];
	struct rdv_link_keys keys;
	const uint8_t *pk;
	int r = rdv_link_call_read(words, &pk);

	if (r < 0)
		return r;
	l->peer = c->peer_of(pk, c->arg);
	if (!l->peer)
		return HWS_ERR_DENIED;
	r = rdv_link_answer(c->secret, c->own, words, answer, &keys);
	if (r < 0)
		return r;
	r = hws_conn_send(l->conn, hws_bytes(answer, sizeof(answer)));
	set_keys(l, &keys);
	return r;
}

static int be_answered(struct rdv_peer_link *l, struct hws_bytes words)
{
	struct rdv_link_keys keys;
	int r = rdv_link_finish(
			l->conf->secret, l->conf->own, &l->call, l->called_pk, words, &keys);

	rdv_link_call_wipe(&l->call);
	if (r < 0)
		return r;
	set_keys(l, &keys);
	say_heard(l); /* the first record: it proves us */
	return HWS_OK;
}

/* --- hearing ---------------------------------------------------------------------------------- */

/* The first record that opens proves the other side; who is called answers with one of its own. */
static void now_up(struct rdv_peer_link *l)
{
	l->up = true;
	hws_conn_set_idle(l->conn, SILENCE_US);
	if (!l->caller)
		say_heard(l);
	if (l->up) /* else it has ended in there */
		l->conf->on_up(l, l->conf->arg);
}

static int take_message(struct rdv_peer_link *l, struct hws_bytes in)
{
	ProtobufCMessage *m = NULL;
	Cluster__Envelope *e;
	int r = hws_msg_unpack(&cluster__envelope__descriptor, in, ITEMS_MAX, &m);

	if (r < 0)
		return r;
	e = (Cluster__Envelope *)m;
	if (e->heard > l->number || (e->n_items ? e->number != l->heard + 1 : e->number != 0)) {
		hws_msg_free(m);
		return HWS_ERR_PROTO;
	}
	came(l, e->heard);
	if (!e->n_items) {
		hws_msg_free(m);
		return HWS_OK;
	}
	l->heard = e->number;
	if (l->heard - l->told_heard >= HEARD_AT_ONCE)
		say_heard(l);
	l->conf->on_items(l, e, l->conf->arg);
	return HWS_OK;
}

static void on_frame(struct hws_conn *c, struct hws_bytes payload, void *arg)
{
	struct rdv_peer_link *l = arg;
	int r = HWS_OK;

	if (!l->keyed) {
		r = l->caller ? be_answered(l, payload) : be_called(l, payload);
	} else {
		if (!l->up)
			now_up(l);
		if (l->up)
			r = take_message(l, payload);
	}
	if (r < 0)
		hws_conn_close(c, r);
}

/* --- life ------------------------------------------------------------------------------------- */

static void free_link(void *arg)
{
	struct rdv_peer_link *l = arg;

	rdv_link_call_wipe(&l->call);
	hws_free(l);
}

static void on_close(struct hws_conn *c HWS_UNUSED, int why, void *arg)
{
	struct rdv_peer_link *l = arg;
	struct hws_list *n;

	l->up = false;
	while ((n = hws_list_first(&l->unheard))) {
		struct sent *s = hws_container(n, struct sent, node);

		l->conf->on_lost(l, hws_bytes(s->packed, s->len), l->conf->arg);
		sent_free(l, s);
	}
	l->conf->on_gone(l, why, l->conf->arg);
	hws_loop_defer(l->conf->loop, &l->gone, free_link, l);
}

static int link_new(const struct rdv_peer_link_conf *conf, struct hws_stream *s,
		struct rdv_peer_link **ret)
{
	struct rdv_peer_link *l = hws_alloc(sizeof(*l));
	const struct hws_conn_conf cc = { .frame_max = FRAME_MAX,
		.send_max = QUEUE_MAX,
		.send_high = QUEUE_MAX / 2,
		.idle_us = GREETING_US,
		.stall_us = SILENCE_US,
		.on_frame = on_frame,
		.on_close = on_close,
		.arg = l };
	int r;

	if (!l) {
		hws_stream_close(s);
		return HWS_ERR_NOMEM;
	}
	l->conf = conf;
	hws_list_init(&l->unheard);
	r = hws_conn_new(conf->loop, s, &cc, hws_bytes(NULL, 0), &l->conn);
	if (r < 0) {
		hws_free(l);
		return r;
	}
	*ret = l;
	return HWS_OK;
}

int rdv_peer_link_call(const struct rdv_peer_link_conf *conf, struct hws_stream *s, void *peer,
		const uint8_t pk[HWS_BOX_PK_LEN], struct rdv_peer_link **ret)
{
	int r = link_new(conf, s, ret);

	if (r < 0)
		return r;
	(*ret)->caller = true;
	(*ret)->peer = peer;
	memcpy((*ret)->called_pk, pk, HWS_BOX_PK_LEN);
	rdv_link_call_new(conf->own, &(*ret)->call);
	if (hws_conn_send((*ret)->conn, hws_bytes((*ret)->call.words, RDV_LINK_CALL_LEN)) < 0)
		hws_conn_set_idle((*ret)->conn, 1); /* who asked must have it before it ends */
	return HWS_OK;
}

int rdv_peer_link_take(const struct rdv_peer_link_conf *conf, struct hws_stream *s,
		struct rdv_peer_link **ret)
{
	return link_new(conf, s, ret);
}

void rdv_peer_link_close(struct rdv_peer_link *l, int why)
{
	hws_conn_close(l->conn, why);
}

void *rdv_peer_link_peer(const struct rdv_peer_link *l)
{
	return l->peer;
}

bool rdv_peer_link_up(const struct rdv_peer_link *l)
{
	return l->up;
}

const struct sockaddr_storage *rdv_peer_link_addr(const struct rdv_peer_link *l)
{
	return hws_conn_peer(l->conn);
}

void rdv_peer_link_tick(struct rdv_peer_link *l)
{
	uint64_t now_us = hws_loop_now_us(l->conf->loop);
	struct hws_list *n = hws_list_first(&l->unheard);

	if (!l->up)
		return;
	if (n && now_us - hws_container(n, struct sent, node)->when_us > UNHEARD_US)
		hws_conn_close(l->conn, HWS_ERR_TIMEOUT);
	else if (l->heard != l->told_heard || now_us - l->spoke_us >= BEAT_US)
		say_heard(l);
}
