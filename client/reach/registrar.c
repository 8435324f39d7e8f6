/* reach/registrar: the state machine of rendezvous-relay 5.2. */
#include "client/reach/registrar.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/net/dialer.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/envelope.h"
#include <errno.h>
#include <unistd.h>

#define TICK_US 1000000
#define INTERVAL_US 15000000 /* keep-alive of deployed hosts */
#define ANSWER_US 3000000    /* an answer is missed after so long */
#define MISSED_CONNECTING 2
#define MISSED_OFFLINE 4
#define DNS_US 60000000
#define DUPLICATE_US 100000
#define SERIAL 3 /* what deployed hosts send at least */

struct hws_registrar {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_registrar_conf conf;
	char host[256], id[HWS_ID_MAX + 1];
	struct hws_buf uuid, pk;
	struct hws_resolve *resolve;
	int fd;
	struct event ev;
	struct hws_timer tick;
	struct hws_deferred deferred;
	enum hws_registrar_state state;
	bool confirmed, asked, closed;
	unsigned missed;
	uint64_t last_answer_us, asked_us, resolved_us, renamed_us;
	struct sockaddr_storage last_push[2]; /* punch or local; relay */
	uint64_t last_push_us[2];
};

static void set_state(struct hws_registrar *r, enum hws_registrar_state state, const char *text)
{
	if (r->state == state && state != HWS_REGISTRAR_REFUSED)
		return;
	r->state = state;
	r->conf.on_state(state, text, r->conf.arg);
}

static void send_message(struct hws_registrar *r, const Rdv__RendezvousMessage *m)
{
	struct hws_buf out;

	if (r->fd < 0)
		return;
	hws_buf_init(&out, HWS_RDV_DATAGRAM_SEND_MAX);
	/* A lost or refused datagram is the missed answer that the timer sees. */
	if (hws_rdv_pack(m, &out) == HWS_OK &&
			send(r->fd, hws_buf_bytes(&out).ptr, hws_buf_len(&out), MSG_NOSIGNAL) < 0)
		errno = 0;
	hws_buf_done(&out);
	r->asked = true;
	r->asked_us = hws_loop_now_us(r->loop);
}

static void send_register_pk(struct hws_registrar *r)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__RegisterPk pk = RDV__REGISTER_PK__INIT;
	struct hws_bytes uuid = hws_buf_bytes(&r->uuid), key = hws_buf_bytes(&r->pk);

	pk.id = r->id;
	pk.uuid = (ProtobufCBinaryData){ uuid.len, (uint8_t *)(uintptr_t)uuid.ptr };
	pk.pk = (ProtobufCBinaryData){ key.len, (uint8_t *)(uintptr_t)key.ptr };
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK;
	m.register_pk = &pk;
	send_message(r, &m);
}

static void send_register_peer(struct hws_registrar *r)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__RegisterPeer peer = RDV__REGISTER_PEER__INIT;

	peer.id = r->id;
	peer.serial = SERIAL;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PEER;
	m.register_peer = &peer;
	send_message(r, &m);
}

static void note_answer(struct hws_registrar *r)
{
	r->asked = false;
	r->missed = 0;
	r->last_answer_us = hws_loop_now_us(r->loop);
}

static void on_register_pk_response(struct hws_registrar *r, const Rdv__RegisterPkResponse *a)
{
	static const struct {
		Rdv__RegisterPkResponse__Result result;
		const char *text;
	} refusals[] = {
		{ RDV__REGISTER_PK_RESPONSE__RESULT__TOO_FREQUENT,
				"the server takes no more registrations from this address now" },
		{ RDV__REGISTER_PK_RESPONSE__RESULT__INVALID_ID_FORMAT,
				"the server does not accept this ID" },
		{ RDV__REGISTER_PK_RESPONSE__RESULT__ID_EXISTS,
				"the ID belongs to another computer" },
		{ RDV__REGISTER_PK_RESPONSE__RESULT__NOT_SUPPORT,
				"the server does not support this registration" },
		{ RDV__REGISTER_PK_RESPONSE__RESULT__SERVER_ERROR,
				"the server has a problem, see its log" },
		{ RDV__REGISTER_PK_RESPONSE__RESULT__NOT_DEPLOYED,
				"the server serves enrolled devices only: have this one enrolled" },
	};

	note_answer(r);
	if (a->result == RDV__REGISTER_PK_RESPONSE__RESULT__OK) {
		r->confirmed = true;
		/* Deployed hosts wait 15 s here. Speaking again at once proves our address to a server that
		 * asks for that before it lets viewers through. */
		send_register_peer(r);
		return;
	}
	r->confirmed = false;
	if (a->result == RDV__REGISTER_PK_RESPONSE__RESULT__UUID_MISMATCH) {
		/* One new id an interval: a server that refuses them all must not drive us through them. */
		if (r->renamed_us &&
				hws_loop_now_us(r->loop) < r->renamed_us + r->conf.interval_us) {
			set_state(r, HWS_REGISTRAR_REFUSED,
					"the server refuses every ID this computer tries");
			return;
		}
		r->renamed_us = hws_loop_now_us(r->loop);
		r->conf.on_new_id(r->id, sizeof(r->id), r->conf.arg);
		send_register_pk(r);
		return;
	}
	for (size_t i = 0; i < HWS_COUNT(refusals); i++) {
		if (refusals[i].result == a->result)
			set_state(r, HWS_REGISTRAR_REFUSED, refusals[i].text);
	}
}

/* True when the same viewer was named by the last push of this kind a moment ago. */
static bool is_duplicate(struct hws_registrar *r, int kind, ProtobufCBinaryData socket_addr)
{
	uint64_t now = hws_loop_now_us(r->loop);
	struct sockaddr_storage a;
	bool same;

	hws_addr_decode(hws_bytes(socket_addr.data, socket_addr.len), &a, NULL);
	same = hws_addr_equal(&a, &r->last_push[kind]) &&
			now < r->last_push_us[kind] + DUPLICATE_US;
	r->last_push[kind] = a;
	r->last_push_us[kind] = now;
	return same;
}

static void on_message(struct hws_registrar *r, const Rdv__RendezvousMessage *m)
{
	switch (m->union_case) {
	case RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PEER_RESPONSE:
		note_answer(r);
		if (m->register_peer_response->request_pk)
			send_register_pk(r);
		else
			set_state(r, HWS_REGISTRAR_REGISTERED, "registered");
		break;
	case RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PK_RESPONSE:
		on_register_pk_response(r, m->register_pk_response);
		break;
	case RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE:
		if (!is_duplicate(r, 0, m->punch_hole->socket_addr))
			r->conf.on_push(m, r->conf.arg);
		break;
	case RDV__RENDEZVOUS_MESSAGE__UNION_FETCH_LOCAL_ADDR:
		if (!is_duplicate(r, 0, m->fetch_local_addr->socket_addr))
			r->conf.on_push(m, r->conf.arg);
		break;
	case RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY:
		if (!is_duplicate(r, 1, m->request_relay->socket_addr))
			r->conf.on_push(m, r->conf.arg);
		break;
	default:
		break; /* server lists and updates are not for us */
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct hws_registrar *r = arg;
	uint8_t buf[HWS_RDV_DATAGRAM_MAX];

	(void)what;
	for (int i = 0; i < 16 && !r->closed && r->fd == (int)fd; i++) {
		ssize_t n = recv((int)fd, buf, sizeof(buf), MSG_DONTWAIT);
		Rdv__RendezvousMessage *m = NULL;

		if (n < 0)
			return; /* empty, or an ICMP answer: the timer sees what is missing */
		if (n == 0 || hws_rdv_unpack(hws_bytes(buf, (size_t)n), &m) < 0)
			continue;
		on_message(r, m);
		hws_rdv_free(m);
	}
}

static void close_socket(struct hws_registrar *r)
{
	if (r->fd < 0)
		return;
	event_del(&r->ev);
	close(r->fd);
	r->fd = -1;
}

static void register_now(struct hws_registrar *r)
{
	if (r->confirmed)
		send_register_peer(r);
	else
		send_register_pk(r);
}

static void on_resolved(int res, const struct sockaddr_storage *addrs, size_t count, void *arg)
{
	struct hws_registrar *r = arg;

	r->resolve = NULL;
	r->resolved_us = hws_loop_now_us(r->loop);
	if (res < 0) {
		set_state(r, HWS_REGISTRAR_OFFLINE,
				"the server's name cannot be resolved: check --server and DNS");
		return;
	}
	for (size_t i = 0; i < count && r->fd < 0; i++) {
		int fd = socket(addrs[i].ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		/* Connected: the kernel drops datagrams of anybody else. */
		if (fd >= 0 &&
				connect(fd, (const struct sockaddr *)&addrs[i],
						hws_addr_len(&addrs[i])) < 0) {
			close(fd);
			fd = -1;
		}
		r->fd = fd;
	}
	if (r->fd < 0)
		return;
	event_assign(&r->ev, hws_loop_base(r->loop), r->fd, EV_READ | EV_PERSIST, on_readable, r);
	event_add(&r->ev, NULL);
	register_now(r);
}

static void look_up(struct hws_registrar *r)
{
	close_socket(r);
	if (!r->resolve &&
			hws_resolve(r->loop, r->work, r->host, r->conf.port, on_resolved, r,
					&r->resolve) < 0)
		r->resolve = NULL; /* tried again by the timer */
}

static void on_tick(void *arg)
{
	struct hws_registrar *r = arg;
	uint64_t now = hws_loop_now_us(r->loop);

	if (r->fd < 0) {
		if (now >= r->resolved_us + 5 * TICK_US)
			look_up(r);
		return;
	}
	if (r->asked) {
		if (now < r->asked_us + ANSWER_US)
			return;
		r->missed++;
		if (r->missed >= MISSED_OFFLINE)
			set_state(r, HWS_REGISTRAR_OFFLINE,
					"the server does not answer: is it running, is UDP let through?");
		else if (r->missed >= MISSED_CONNECTING)
			set_state(r, HWS_REGISTRAR_CONNECTING, "no answer from the server yet");
		/* The server may have moved: ask DNS again and use a new socket. */
		if (r->missed >= MISSED_OFFLINE && now >= r->resolved_us + DNS_US) {
			look_up(r);
			return;
		}
	} else if (now < r->last_answer_us + r->conf.interval_us) {
		return;
	}
	register_now(r);
}

static void free_registrar(void *arg)
{
	struct hws_registrar *r = arg;

	hws_buf_done(&r->uuid);
	hws_buf_done(&r->pk);
	hws_free(r);
}

int hws_registrar_new(struct hws_loop *loop, struct hws_work *work,
		const struct hws_registrar_conf *conf, struct hws_registrar **ret)
{
	struct hws_registrar *r = hws_alloc(sizeof(*r));
	int res;

	if (!r)
		return HWS_ERR_NOMEM;
	r->loop = loop;
	r->work = work;
	r->conf = *conf;
	if (!r->conf.interval_us)
		r->conf.interval_us = INTERVAL_US;
	r->fd = -1;
	hws_buf_init(&r->uuid, HWS_UUID_MAX);
	hws_buf_init(&r->pk, 64);
	hws_buf_put(&r->uuid, conf->uuid.ptr, conf->uuid.len);
	hws_buf_put(&r->pk, conf->pk.ptr, conf->pk.len);
	res = hws_str_copy(r->host, sizeof(r->host), conf->host);
	if (res == HWS_OK)
		res = hws_str_copy(r->id, sizeof(r->id), conf->id);
	if (res == HWS_OK && (hws_buf_err(&r->uuid) || hws_buf_err(&r->pk)))
		res = HWS_ERR_INVAL;
	if (res < 0) {
		free_registrar(r);
		return res;
	}
	hws_timer_every(loop, &r->tick, TICK_US, on_tick, r);
	look_up(r);
	*ret = r;
	return HWS_OK;
}

void hws_registrar_free(struct hws_registrar *r)
{
	if (!r || r->closed)
		return;
	r->closed = true;
	hws_timer_stop(&r->tick);
	hws_resolve_cancel(r->resolve);
	close_socket(r);
	hws_loop_defer(r->loop, &r->deferred, free_registrar, r);
}

enum hws_registrar_state hws_registrar_state(const struct hws_registrar *r)
{
	return r->state;
}
