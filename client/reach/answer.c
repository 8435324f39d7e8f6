/* reach/answer: the host's side. Each push of the server is a job: it answers over a link of its
 * own from the port at which the viewer will knock, and hands over the socket that comes of it;
 * or it has somebody go to the relay, and answers when that leg stands. */
#include "client/reach/answer_parts.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/net/dialer.h"
#include "shared/net/listener.h"
#include "shared/wire/addr_codec.h"

#define CONNECT_US 18000000 /* deployed peers' connect and read limit */
#define LISTEN_US 18000000
#define HOLE_US 30000 /* the head start of the packet that opens our NAT's hole */
#define KNOCK_AGAIN_US 100000
#define KNOCKS_MAX 20
#define LEG_US 1000000 /* the head start of our leg at a relay */

static void free_job(void *arg)
{
	hws_free(arg);
}

static void end_job(struct hws_answer_job *j)
{
	if (!hws_list_linked(&j->node))
		return;
	hws_list_remove(&j->node);
	hws_push_bounds_end(&j->answer->bounds, j->how.proven);
	hws_timer_stop(&j->limit);
	hws_timer_stop(&j->again);
	hws_server_query_free(j->query);
	hws_dial_cancel(j->hole);
	hws_listener_free(j->listener);
	hws_loop_defer(j->answer->loop, &j->deferred, free_job, j);
}

static void fail_job(struct hws_answer_job *j, const char *what, int why)
{
	struct hws_answer *a = j->answer;
	uint64_t meeting = j->leg_failed ? 0 : j->meeting;

	a->conf.on_failure(what, why, &j->how.viewer, a->conf.arg);
	end_job(j);
	if (meeting)
		a->conf.on_met(meeting, why, a->conf.arg);
}

static void deliver(struct hws_answer_job *j, int fd)
{
	struct hws_answer *a = j->answer;
	struct hws_answered how = j->how;

	end_job(j);
	a->conf.on_socket(fd, &how, a->conf.arg);
}

/* --- waiting for the viewer on the port the server saw --- */

static void on_listen_limit(void *arg)
{
	fail_job(arg, "no viewer came to the opened port", HWS_ERR_TIMEOUT);
}

static void on_accept(int fd, const struct sockaddr_storage *peer, void *arg)
{
	struct hws_answer_job *j = arg;

	hws_listener_pause(j->listener); /* one viewer only */
	/* Whoever came: the server knows the address of the one it sent, and not the local one of a
	 * neighbour. */
	j->how.viewer = *peer;
	j->how.local = j->kind == JOB_LOCAL;
	deliver(j, fd);
}

static int listen_on(struct hws_answer_job *j, const struct sockaddr_storage *local)
{
	struct hws_listen_conf conf = { .port = hws_addr_port(local),
		.reuse_port = true,
		.backlog = 4,
		.on_accept = on_accept,
		.arg = j };
	char ip[HWS_ADDR_TEXT];
	struct hws_error err = { 0 };
	int r;

	conf.bind_ip = hws_addr_ip_text(local, ip, sizeof(ip));
	r = hws_listener_new(j->answer->loop, &conf, &j->listener, &err);
	if (r == HWS_OK)
		hws_timer_start(j->answer->loop, &j->limit, LISTEN_US, on_listen_limit, j);
	return r;
}

static int send_sent(struct hws_answer_job *j)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__PunchHoleSent sent = RDV__PUNCH_HOLE_SENT__INIT;

	hws_answer_fill_sent(j, &sent, &m);
	return hws_server_query_send(j->query, &m);
}

static int send_local(struct hws_answer_job *j)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__LocalAddr local = RDV__LOCAL_ADDR__INIT;
	uint8_t own[HWS_ADDR_WIRE_MAX], viewer[HWS_ADDR_WIRE_MAX];
	uint32_t t;

	hws_rand_bytes(&t, sizeof(t));
	local.local_addr.data = own;
	local.local_addr.len = hws_addr_encode(hws_server_query_local(j->query), t, own);
	local.socket_addr.data = viewer;
	local.socket_addr.len = hws_addr_encode(&j->how.viewer, t, viewer);
	local.id = j->id;
	local.relay_server = j->relay;
	local.version = j->answer->version;
	local.socket_addr_v6 = hws_answer_ipv6_bytes(j);
	hws_answer_offer(j, &local.candidates, &local.n_candidates);
	local.udp_blocked = j->answer->udp_blocked;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_LOCAL_ADDR;
	m.local_addr = &local;
	return hws_server_query_send(j->query, &m);
}

/* Listens before the server hears of it: the viewer may come at once. */
static void listen_and_answer(struct hws_answer_job *j)
{
	struct sockaddr_storage local = *hws_server_query_local(j->query);
	int r = listen_on(j, &local);

	if (r == HWS_OK)
		r = j->kind == JOB_LOCAL ? send_local(j) : send_sent(j);
	if (r < 0) {
		fail_job(j, "cannot listen for the viewer or answer the server", r);
		return;
	}
	hws_server_query_finish(j->query);
	j->query = NULL;
	j->answered = true;
}

static void on_knocked(void *arg)
{
	listen_and_answer(arg);
}

static void knock(void *arg);

/* The attempt opens the hole. It goes on while we listen: a viewer whose packet meets ours is
 * connected by it, and some NATs let no other connection through that hole (they know the sequence
 * number of the first packet). A viewer that does not knock yet may refuse us, which closes the
 * hole; so we knock again. */
static void on_hole(int r, struct hws_stream *s, void *arg)
{
	struct hws_answer_job *j = arg;

	j->hole = NULL;
	if (r == HWS_OK && j->answered) {
		int fd = hws_stream_release_fd(s);

		hws_stream_close(s);
		if (fd >= 0)
			deliver(j, fd);
		return;
	}
	hws_stream_close(s);
	if (!j->answered)
		listen_and_answer(j);
	if (hws_list_linked(&j->node) && ++j->knocks < KNOCKS_MAX)
		hws_timer_start(j->answer->loop, &j->again, KNOCK_AGAIN_US, knock, j);
}

static void knock(void *arg)
{
	struct hws_answer_job *j = arg;
	char ip[HWS_ADDR_TEXT];
	const struct hws_dial_conf conf = { .host = hws_addr_ip_text(
							    &j->how.viewer, ip, sizeof(ip)),
		.port = hws_addr_port(&j->how.viewer),
		.timeout_us = LISTEN_US,
		.bind_to = &j->local };

	/* Without it we listen all the same. */
	if (hws_dial(j->answer->loop, j->answer->work, &conf, on_hole, j, &j->hole) < 0)
		j->hole = NULL;
}

static void join(struct hws_answer_job *j);
static void meet(struct hws_answer_job *j, bool waited);
static void on_leg_late(void *arg);

static void open_hole(struct hws_answer_job *j)
{
	j->local = *hws_server_query_local(j->query);
	if (!j->how.proven && !hws_push_may_dial(&j->how.viewer, &j->local)) {
		j->kind = JOB_RELAY_OWN;
		hws_timer_start(j->answer->loop, &j->limit, LEG_US, on_leg_late, j);
		join(j);
		meet(j, false);
		return;
	}
	hws_timer_start(j->answer->loop, &j->limit, HOLE_US, on_knocked, j);
	knock(j);
}

/* --- meeting at a relay --- */

static int send_relay_response(struct hws_answer_job *j)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__RelayResponse resp = RDV__RELAY_RESPONSE__INIT;

	resp.socket_addr = hws_answer_viewer_bytes(j);
	resp.version = j->answer->version;
	resp.socket_addr_v6 = hws_answer_ipv6_bytes(j);
	resp.udp_blocked = j->answer->udp_blocked;
	if (j->refused)
		resp.refuse_reason = j->answer->refusal;
	if (j->kind == JOB_RELAY_OWN) {
		if (!j->only_direct) { /* else there is nobody to be met */
			resp.uuid = j->uuid;
			resp.relay_server = j->relay;
		}
		resp.nat_type = j->answer->conf.nat_type;
		resp.relay_reason = j->reason;
		hws_answer_offer(j, &resp.candidates, &resp.n_candidates);
		resp.union_case = RDV__RELAY_RESPONSE__UNION_ID;
		resp.id = j->id;
	}
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE;
	m.relay_response = &resp;
	return hws_server_query_send(j->query, &m);
}

/* Deployed relays lose one of two legs that come in the same moment: ours goes first, and the
 * viewer, who sets out when the server passes our answer on, comes second. A relay that takes long
 * does not hold the answer back for ever. */
static void meet(struct hws_answer_job *j, bool waited)
{
	struct hws_answer *a = j->answer;
	uint64_t meeting = j->meeting;

	if (!j->asked || !(waited || j->leg || j->leg_failed || j->answered))
		return;
	if (!j->answered) {
		int r = send_relay_response(j);

		if (r < 0) {
			fail_job(j, "cannot answer the server", r);
			return;
		}
		hws_server_query_finish(j->query);
		j->query = NULL;
		j->answered = true;
		hws_timer_stop(&j->limit);
	}
	if (j->leg) {
		end_job(j);
		a->conf.on_met(meeting, HWS_OK, a->conf.arg);
	} else if (j->unwanted) {
		end_job(j);
	} else if (j->leg_failed) {
		fail_job(j, "cannot reach the relay", j->leg_failed);
	}
}

void hws_answer_joined(struct hws_answer *a, uint64_t meeting, int r)
{
	struct hws_list *node, *next;

	hws_list_for_safe (node, next, &a->jobs) {
		struct hws_answer_job *j = hws_container(node, struct hws_answer_job, node);

		if (!meeting || j->meeting != meeting || j->leg || j->leg_failed)
			continue;
		j->leg = r == HWS_OK;
		j->leg_failed = r;
		meet(j, false);
		return;
	}
}

static void on_leg_late(void *arg)
{
	meet(arg, true);
}

static void join(struct hws_answer_job *j)
{
	struct hws_answer *a = j->answer;
	const struct hws_answer_relay relay = { .meeting = ++a->meetings,
		.relay = j->relay,
		.server = &a->server_addr,
		.uuid = j->uuid,
		.key = a->key };

	j->how.relayed = true;
	j->refused = *a->refusal != '\0';
	if (j->refused) {
		j->leg_failed = HWS_ERR_KEY;
		return;
	}
	if (j->only_direct) {
		j->unwanted = true;
		j->leg_failed = HWS_ERR_CANCELED;
		return;
	}
	j->meeting = relay.meeting;
	j->leg_failed = a->conf.on_relay(&relay, &j->how, a->conf.arg);
	j->unwanted = j->leg_failed < 0;
}

/* --- jobs --- */

static void on_ask_open(struct hws_server_query *query, void *arg)
{
	struct hws_answer_job *j = arg;

	(void)query;
	j->asked = true;
	switch (j->kind) {
	case JOB_PUNCH:
		open_hole(j);
		break;
	case JOB_LOCAL:
		listen_and_answer(j);
		break;
	case JOB_RELAY_OWN:
	case JOB_RELAY_ASKED:
		hws_timer_start(j->answer->loop, &j->limit, LEG_US, on_leg_late, j);
		meet(j, false);
		break;
	}
}

static void on_ask_message(
		struct hws_server_query *query, const Rdv__RendezvousMessage *m, void *arg)
{
	(void)query;
	(void)m;
	(void)arg; /* nothing is expected on these links */
}

static void on_ask_end(struct hws_server_query *query, int why, void *arg)
{
	struct hws_answer_job *j = arg;

	(void)query;
	fail_job(j, "cannot reach the server by TCP", why);
}

int hws_answer_push(
		struct hws_answer *a, const char *id, const Rdv__RendezvousMessage *m, bool proven)
{
	struct hws_server_query_conf conf = { .server_addr = &a->server_addr,
		.timeout_us = CONNECT_US,
		.on_open = on_ask_open,
		.on_message = on_ask_message,
		.on_end = on_ask_end };
	int r = hws_push_bounds_begin(&a->bounds, proven, hws_loop_now_us(a->loop));
	struct hws_answer_job *j;

	if (r < 0)
		return r;
	j = hws_alloc(sizeof(*j));
	if (!j) {
		hws_push_bounds_end(&a->bounds, proven);
		return HWS_ERR_NOMEM;
	}
	j->answer = a;
	j->how.proven = proven;
	hws_rand_bytes(&j->how.request, sizeof(j->how.request));
	conf.arg = j;
	r = hws_answer_fill_job(j, id, m);
	if (r == HWS_OK && !proven && a->conf.only_known_relays &&
			!hws_push_knows_relay(j->relay, a->relay, a->server_addr.host))
		r = HWS_ERR_DENIED;
	if (r == HWS_OK && hws_answer_begin_udp(j, m)) {
		hws_push_bounds_end(&a->bounds, proven);
		hws_free(j);
		return HWS_OK;
	}
	if (r == HWS_OK)
		r = hws_server_query_new(a->loop, a->work, &conf, &j->query);
	if (r < 0) {
		hws_push_bounds_end(&a->bounds, proven);
		hws_free(j);
		return r;
	}
	hws_list_push(&a->jobs, &j->node);
	if (j->kind == JOB_RELAY_OWN || j->kind == JOB_RELAY_ASKED)
		join(j); /* beside the link to the server */
	return HWS_OK;
}

static void on_udp_socket(int fd, const struct hws_answered *how, void *arg)
{
	struct hws_answer *a = arg;

	a->conf.on_socket(fd, how, a->conf.arg);
}

static void on_udp_failure(
		const char *what, int why, const struct sockaddr_storage *viewer, void *arg)
{
	struct hws_answer *a = arg;

	a->conf.on_failure(what, why, viewer, a->conf.arg);
}

int hws_answer_new(struct hws_loop *loop, struct hws_work *work, const struct hws_answer_conf *conf,
		struct hws_answer **ret)
{
	struct hws_answer *a = hws_alloc(sizeof(*a));
	const struct hws_answer_udp_conf udp = { on_udp_socket, on_udp_failure, a };
	int r;

	if (!a)
		return HWS_ERR_NOMEM;
	a->loop = loop;
	a->work = work;
	a->conf = *conf;
	a->meetings = conf->meetings_from;
	hws_list_init(&a->jobs);
	hws_push_bounds_init(&a->bounds, hws_loop_now_us(loop));
	a->server_addr = *conf->server_addr;
	a->relay_is_set = conf->always_relay || hws_server_addr_needs_relay(conf->server_addr);
	a->conf.server_addr = NULL;
	r = hws_str_copy(a->key, sizeof(a->key), conf->key);
	if (r == HWS_OK)
		r = hws_str_copy(a->relay, sizeof(a->relay), conf->relay);
	if (r == HWS_OK)
		r = hws_str_copy(a->version, sizeof(a->version), conf->version);
	if (r == HWS_OK && !conf->no_udp)
		r = hws_answer_udp_new(loop, work, &udp, &a->udp);
	if (r < 0) {
		hws_free(a);
		return r;
	}
	*ret = a;
	return HWS_OK;
}

void hws_answer_free(struct hws_answer *a)
{
	struct hws_list *node, *next;

	if (!a)
		return;
	hws_list_for_safe (node, next, &a->jobs)
		end_job(hws_container(node, struct hws_answer_job, node));
	hws_answer_udp_free(a->udp);
	hws_free(a);
}

void hws_answer_refuse_relays(struct hws_answer *a, const char *text)
{
	if (hws_str_copy(a->refusal, sizeof(a->refusal), text) < 0)
		a->refusal[0] = 0;
}

void hws_answer_set_nat_type(struct hws_answer *a, Rdv__NatType type)
{
	a->conf.nat_type = type;
}

void hws_answer_set_udp_blocked(struct hws_answer *a, bool blocked)
{
	a->udp_blocked = blocked;
}

void hws_answer_set_way(struct hws_answer *a, const struct hws_server_addr *way)
{
	a->server_addr = *way;
}
