/* reach/reach: the viewer's side. The server is asked where the host is; its answer leads to a direct attempt, or to a relay
 * that is agreed with the host over the server. When the direct way fails the relay is asked for. */
#include "client/reach/reach.h"
#include "client/reach/relay_join.h"
#include "client/reach/server_query.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/net/dialer.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/limits.h"
#include "shared/wire/text.h"

#define SERVER_PORT 21116
#define CONNECT_US 18000000 /* deployed peers' connect and read limit */
#define DIRECT_MIN_US 1000000
#define DIRECT_RETRY_US 100000
#define REQUEST_TRIES 3 /* waits of 3, 6 and 9 s */
#define REQUEST_WAIT_US 3000000
#define RELAY_TRIES 3
#define LEG_US 20000 /* the head start of the host's leg at a relay */
#define STATEMENT_MAX 256
#define NO_RELAY                                                                                   \
	"the server named no usable relay: set one at the server (--relay-servers) or at the host"

struct hws_reach {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_reach_conf conf;
	hws_reach_cb done;
	char id[HWS_ID_MAX + 1], key[HWS_KEY_TEXT_MAX + 1], version[HWS_VERSION_TEXT_MAX];
	struct hws_server_addr server_addr; /* to the server; by address: to the host */
	struct hws_server_query *query;
	struct hws_dial *dial;
	struct hws_server_addr_open *opening; /* by address */
	struct hws_relay_join *join;
	struct hws_stream *leg; /* at the relay, until the host is heard */
	struct hws_timer wait;
	struct hws_deferred deferred;
	unsigned tries;
	uint64_t started_us; /* when the server was dialed */
	uint64_t took_us;    /* until the answer to our request */
	struct sockaddr_storage local, direct;
	uint64_t direct_end_us;
	char uuid[HWS_UUID_MAX + 1], relay[HWS_HOSTNAME_MAX + 8];
	uint8_t statement[STATEMENT_MAX];
	size_t statement_len;
	bool is_local, over;
};

static void begin_relay(struct hws_reach *r);

static void free_reach(void *arg)
{
	hws_free(arg);
}

static void stop(struct hws_reach *r)
{
	r->over = true;
	hws_timer_stop(&r->wait);
	hws_server_query_free(r->query);
	hws_dial_cancel(r->dial);
	hws_server_addr_open_cancel(r->opening);
	hws_relay_join_cancel(r->join);
	hws_stream_close(r->leg);
	r->leg = NULL;
	r->query = NULL;
	r->dial = NULL;
	r->opening = NULL;
	r->join = NULL;
	hws_loop_defer(r->loop, &r->deferred, free_reach, r);
}

static void progress(struct hws_reach *r, const char *text)
{
	if (r->conf.on_progress)
		r->conf.on_progress(text, r->conf.arg);
}

static void succeed(struct hws_reach *r, struct hws_stream *s, const char *path)
{
	struct hws_reached how = { .stream = s,
		.statement = hws_bytes(r->statement, r->statement_len),
		.relayed = hws_str_equal(path, "relay"),
		.by_address = r->conf.address != NULL,
		.path = path };

	stop(r);
	r->done(HWS_OK, &how, r->conf.arg);
}

static void fail(struct hws_reach *r, int code, const char *text)
{
	struct hws_reached how = { 0 };

	hws_error_set(&how.error, code, "%s", text);
	stop(r);
	r->done(code, &how, r->conf.arg);
}

/* Before a stream stands nothing but a certificate is checked. */
static void fail_certificate(struct hws_reach *r, const char *whose, const char *name)
{
	struct hws_error err;

	hws_error_set(&err, HWS_ERR_CRYPTO,
			"the certificate of the %s %.100s%s is not trusted: it must be valid today, be made "
			"for this name, and come from an authority that this computer knows (the "
			"environment variable SSL_CERT_FILE can name a file with others)",
			whose, name, r->conf.proxy ? " or of the proxy" : "");
	fail(r, HWS_ERR_CRYPTO, err.text);
}

static void fail_server(struct hws_reach *r, int why)
{
	char text[HWS_SERVER_ADDR_TEXT];
	struct hws_error err;

	if (why == HWS_ERR_CRYPTO) {
		fail_certificate(r, "rendezvous server",
				hws_server_addr_text(&r->server_addr, text, sizeof(text)));
		return;
	}
	hws_error_set(&err, why,
			"cannot reach the rendezvous server %s: %s. Check the server's name in the settings, the "
			"network and the firewall (TCP %u)",
			hws_server_addr_text(&r->server_addr, text, sizeof(text)),
			hws_err_text(why), r->server_addr.port);
	fail(r, why, err.text);
}

static void keep_statement(struct hws_reach *r, ProtobufCBinaryData pk)
{
	r->statement_len = 0;
	if (pk.len > 0 && pk.len <= STATEMENT_MAX) {
		memcpy(r->statement, pk.data, pk.len);
		r->statement_len = pk.len;
	}
}

/* --- relay --- */

static void retry_relay(struct hws_reach *r, int why);

/* The relay has ended our leg, and nothing was said before. */
static bool ended_early(const struct hws_stream *s)
{
	int fd = hws_stream_fd(s);
	char c;

	return fd >= 0 && recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Deployed relays lose one of two legs that come in the same moment: the other one then waits in vain, or is closed. The
 * host speaks first, so silence tells. */
static void on_first_word(struct hws_stream *s, unsigned ready, void *arg)
{
	struct hws_reach *r = arg;

	(void)ready;
	hws_stream_want(s, 0);
	hws_stream_set_callback(s, NULL, NULL);
	if (ended_early(s) && r->tries + 1 < RELAY_TRIES) {
		retry_relay(r, HWS_ERR_EOF);
		return;
	}
	r->leg = NULL;
	succeed(r, s, "relay");
}

static void on_silence(void *arg)
{
	retry_relay(arg, HWS_ERR_TIMEOUT);
}

static void on_joined(int res, struct hws_stream *s, void *arg)
{
	struct hws_reach *r = arg;
	struct hws_error err;

	r->join = NULL;
	if (res == HWS_OK) {
		r->leg = s;
		hws_stream_set_callback(s, on_first_word, r);
		hws_stream_want(s, HWS_STREAM_READ);
		hws_timer_start(r->loop, &r->wait,
				hws_relay_join_patience(r->took_us, r->tries + 1 >= RELAY_TRIES),
				on_silence, r);
		return;
	}
	if (res == HWS_ERR_CRYPTO) {
		fail_certificate(r, "relay", r->relay);
		return;
	}
	hws_error_set(&err, res,
			"cannot reach the relay %s: %s. The host may be reachable only by it: is it running, and open to you (TCP)?",
			r->relay, hws_err_text(res));
	fail(r, res, err.text);
}

static void join_now(void *arg)
{
	struct hws_reach *r = arg;
	const struct hws_relay_join_conf conf = { .relay = r->relay,
		.server = &r->server_addr,
		.key = r->key,
		.uuid = r->uuid,
		.id = r->id,
		.conn_type = r->conf.conn_type,
		.timeout_us = CONNECT_US };
	int res = hws_relay_join(r->loop, r->work, &conf, on_joined, r, &r->join);

	if (res < 0)
		fail(r, res, NO_RELAY);
}

static void join_relay(struct hws_reach *r, const char *uuid, const char *relay)
{
	hws_timer_stop(&r->wait);
	hws_server_query_free(r->query);
	r->query = NULL;
	if (!hws_pair_id_valid(hws_bytes_str(uuid)) ||
			hws_str_copy(r->uuid, sizeof(r->uuid), uuid) < 0 ||
			hws_str_copy(r->relay, sizeof(r->relay), relay) < 0 || !*r->relay) {
		fail(r, HWS_ERR_PROTO, NO_RELAY);
		return;
	}
	progress(r, "Connecting by the relay");
	hws_timer_start(r->loop, &r->wait, LEG_US, join_now, r);
}

static int send_relay_request(struct hws_reach *r)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__RequestRelay q = RDV__REQUEST_RELAY__INIT;

	q.id = r->id;
	q.uuid = r->uuid;
	q.relay_server = r->relay;
	q.secure = r->statement_len > 0;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY;
	m.request_relay = &q;
	return hws_server_query_send(r->query, &m);
}

static void retry_relay(struct hws_reach *r, int why)
{
	hws_timer_stop(&r->wait);
	hws_server_query_free(r->query);
	r->query = NULL;
	hws_stream_close(r->leg);
	r->leg = NULL;
	if (++r->tries < RELAY_TRIES)
		begin_relay(r);
	else
		fail(r, why, "the host did not answer: it may have gone off line a moment ago, or cannot reach the server or the relay by TCP");
}

static void on_relay_wait(void *arg)
{
	retry_relay(arg, HWS_ERR_TIMEOUT);
}

static void on_relay_open(struct hws_server_query *query, void *arg)
{
	struct hws_reach *r = arg;
	int res = send_relay_request(r);

	(void)query;
	if (res < 0)
		retry_relay(r, res);
	else
		hws_timer_start(r->loop, &r->wait, CONNECT_US, on_relay_wait, r);
}

/* By the server, or by the host itself, which then says "the host ...". */
static bool is_refused(struct hws_reach *r, const Rdv__RelayResponse *m)
{
	struct hws_error err;
	char text[200];

	if (!*m->refuse_reason)
		return false;
	hws_str_escape(text, sizeof(text), hws_bytes_str(m->refuse_reason));
	hws_error_set(&err, HWS_ERR_DENIED, "refused: %s", text);
	fail(r, HWS_ERR_DENIED, err.text);
	return true;
}

static void on_relay_message(
		struct hws_server_query *query, const Rdv__RendezvousMessage *m, void *arg)
{
	struct hws_reach *r = arg;

	(void)query;
	if (m->union_case != RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE)
		return;
	if (!is_refused(r, m->relay_response))
		join_relay(r, r->uuid, r->relay);
}

static void on_relay_end(struct hws_server_query *query, int why, void *arg)
{
	(void)query;
	retry_relay(arg, why);
}

/* Direct did not work: both meet at the relay that the host named. */
static void begin_relay(struct hws_reach *r)
{
	const struct hws_server_query_conf conf = { .server_addr = &r->server_addr,
		.timeout_us = CONNECT_US,
		.on_open = on_relay_open,
		.on_message = on_relay_message,
		.on_end = on_relay_end,
		.arg = r };
	int res;

	if (!*r->relay) {
		fail(r, HWS_ERR_UNREACHABLE,
				"no direct path to the host, and no relay is known: set one at the server (--relay-servers)");
		return;
	}
	progress(r, "No direct path: asking for the relay");
	hws_rand_uuid(r->uuid, sizeof(r->uuid));
	res = hws_server_query_new(r->loop, r->work, &conf, &r->query);
	if (res < 0)
		fail_server(r, res);
}

/* --- direct --- */

static void dial_direct(void *arg);

static void on_direct(int res, struct hws_stream *s, void *arg)
{
	struct hws_reach *r = arg;

	r->dial = NULL;
	if (res == HWS_OK) {
		succeed(r, s, r->is_local ? "lan" : "punched");
		return;
	}
	/* Deployed hosts begin to listen after they answered: a refusal may be too early, not final. */
	if (res == HWS_ERR_REFUSED &&
			hws_loop_now_us(r->loop) + DIRECT_RETRY_US < r->direct_end_us) {
		hws_timer_start(r->loop, &r->wait, DIRECT_RETRY_US, dial_direct, r);
		return;
	}
	r->tries = 0;
	begin_relay(r);
}

/* How long a direct attempt may take: as deployed viewers, by the networks of both sides, and by how long the server and the
 * host took to answer. */
static uint64_t direct_limit(const struct hws_reach *r, Rdv__NatType host_nat)
{
	uint64_t u = r->took_us, limit;

	if (r->is_local || host_nat == RDV__NAT_TYPE__SYMMETRIC)
		limit = DIRECT_MIN_US;
	else if (!*r->relay)
		limit = CONNECT_US;
	else if (host_nat == RDV__NAT_TYPE__ASYMMETRIC &&
			r->conf.nat_type == RDV__NAT_TYPE__ASYMMETRIC)
		limit = r->conf.last_was_relayed ? 6 * u : CONNECT_US;
	else if (host_nat == RDV__NAT_TYPE__ASYMMETRIC &&
			r->conf.nat_type == RDV__NAT_TYPE__SYMMETRIC)
		limit = DIRECT_MIN_US;
	else
		limit = r->conf.last_was_relayed ? 3 * u : 6 * u;
	return HWS_MIN(HWS_MAX(limit, (uint64_t)DIRECT_MIN_US), (uint64_t)CONNECT_US);
}

static void dial_direct(void *arg)
{
	struct hws_reach *r = arg;
	struct hws_dial_conf conf = {
		.bind_to = r->local.ss_family == r->direct.ss_family ? &r->local : NULL
	};
	char ip[HWS_ADDR_TEXT];

	conf.host = hws_addr_ip_text(&r->direct, ip, sizeof(ip));
	conf.port = hws_addr_port(&r->direct);
	conf.timeout_us = r->direct_end_us - hws_loop_now_us(r->loop);
	if (hws_dial(r->loop, r->work, &conf, on_direct, r, &r->dial) < 0) {
		r->tries = 0;
		begin_relay(r);
	}
}

static void on_punch_response(struct hws_reach *r, const Rdv__PunchHoleResponse *p)
{
	Rdv__NatType nat = p->union_case == RDV__PUNCH_HOLE_RESPONSE__UNION_NAT_TYPE
			? p->nat_type
			: RDV__NAT_TYPE__UNKNOWN_NAT;

	keep_statement(r, p->pk);
	r->is_local = p->union_case == RDV__PUNCH_HOLE_RESPONSE__UNION_IS_LOCAL && p->is_local;
	if (hws_str_copy(r->relay, sizeof(r->relay), p->relay_server) < 0)
		r->relay[0] = '\0';
	/* Our port must be free for the same use again: the link ends before the next one begins. */
	hws_server_query_free(r->query);
	r->query = NULL;
	hws_timer_stop(&r->wait);
	if (r->conf.force_relay || p->is_udp ||
			!hws_addr_decode_usable(hws_bytes(p->socket_addr.data, p->socket_addr.len),
					&r->direct)) {
		r->tries = 0;
		begin_relay(r);
		return;
	}
	r->direct_end_us = hws_loop_now_us(r->loop) + direct_limit(r, nat);
	progress(r, r->is_local ? "Connecting in the same network" : "Connecting directly");
	dial_direct(r);
}

static void on_punch_failure(struct hws_reach *r, const Rdv__PunchHoleResponse *p)
{
	struct hws_error err;
	char text[200];

	if (*p->other_failure) {
		hws_str_escape(text, sizeof(text), hws_bytes_str(p->other_failure));
		hws_error_set(&err, HWS_ERR_DENIED, "the server refuses: %s", text);
		fail(r, HWS_ERR_DENIED, err.text);
		return;
	}
	switch (p->failure) {
	case RDV__PUNCH_HOLE_RESPONSE__FAILURE__OFFLINE:
		fail(r, HWS_ERR_OFFLINE,
				"the computer with this ID is off line: is it switched on, and its host connected to the same server?");
		break;
	case RDV__PUNCH_HOLE_RESPONSE__FAILURE__LICENSE_MISMATCH:
		fail(r, HWS_ERR_KEY,
				"the server key does not match: set the key that 'hawser-rendezvous key' prints on the server");
		break;
	case RDV__PUNCH_HOLE_RESPONSE__FAILURE__LICENSE_OVERUSE:
		fail(r, HWS_ERR_DENIED, "the server's licence is used up: ask its operator");
		break;
	default:
		fail(r, HWS_ERR_NOTFOUND,
				"the server does not know this ID: check the digits and the server");
		break;
	}
}

/* --- asking --- */

static int send_punch_request(struct hws_reach *r)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__PunchHoleRequest q = RDV__PUNCH_HOLE_REQUEST__INIT;

	q.id = r->id;
	q.nat_type = r->conf.force_relay ? RDV__NAT_TYPE__SYMMETRIC : r->conf.nat_type;
	q.licence_key = r->key;
	q.conn_type = r->conf.conn_type;
	q.version = r->version;
	q.force_relay = r->conf.force_relay;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_REQUEST;
	m.punch_hole_request = &q;
	return hws_server_query_send(r->query, &m);
}

static void ask_again(void *arg);

static void ask_once(struct hws_reach *r)
{
	int res = send_punch_request(r);

	if (res < 0)
		fail_server(r, res);
	else
		hws_timer_start(r->loop, &r->wait, (uint64_t)++r->tries * REQUEST_WAIT_US,
				ask_again, r);
}

static void ask_again(void *arg)
{
	struct hws_reach *r = arg;

	if (r->tries < REQUEST_TRIES) {
		/* A server that knows no such ID says so at once; silence is the host's. */
		progress(r, "The server knows the ID, but its host has not answered yet");
		ask_once(r);
	} else {
		fail(r, HWS_ERR_TIMEOUT,
				"the host did not answer the server: it may have lost its connection a moment ago; try again");
	}
}

static void on_open(struct hws_server_query *query, void *arg)
{
	struct hws_reach *r = arg;

	r->local = *hws_server_query_local(query);
	progress(r, "Looking for the host");
	ask_once(r);
}

static void on_message(struct hws_server_query *query, const Rdv__RendezvousMessage *m, void *arg)
{
	struct hws_reach *r = arg;

	(void)query;
	r->took_us = hws_loop_now_us(r->loop) - r->started_us;
	if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE_RESPONSE) {
		const Rdv__PunchHoleResponse *p = m->punch_hole_response;

		/* Success is an address, not a value of `failure`. */
		if (p->socket_addr.len == 0)
			on_punch_failure(r, p);
		else
			on_punch_response(r, p);
	} else if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_RELAY_RESPONSE) {
		const Rdv__RelayResponse *a = m->relay_response;
		char uuid[HWS_UUID_MAX + 1] = "", relay[HWS_HOSTNAME_MAX + 8] = "";

		if (is_refused(r, a))
			return;
		if (a->union_case == RDV__RELAY_RESPONSE__UNION_PK)
			keep_statement(r, a->pk);
		if (hws_str_copy(uuid, sizeof(uuid), a->uuid) < 0 ||
				hws_str_copy(relay, sizeof(relay), a->relay_server) < 0)
			uuid[0] = '\0'; /* refused below */
		r->tries = 0;
		join_relay(r, uuid, relay);
	}
}

static void on_end(struct hws_server_query *query, int why, void *arg)
{
	(void)query;
	fail_server(arg, why);
}

static void on_address(int res, struct hws_stream *s, void *arg)
{
	struct hws_reach *r = arg;
	struct hws_error err;

	r->opening = NULL;
	if (res == HWS_OK) {
		succeed(r, s, "direct");
		return;
	}
	if (res == HWS_ERR_CRYPTO) {
		fail_certificate(r, "host", r->server_addr.host);
		return;
	}
	hws_error_set(&err, res,
			"cannot connect to %s port %u: %s. Is hawser-host running there with --direct-port, and the port open?",
			r->server_addr.host, r->server_addr.port, hws_err_text(res));
	fail(r, res, err.text);
}

static int start_by_address(
		struct hws_reach *r, const struct hws_reach_conf *conf, struct hws_error *err)
{
	const struct hws_server_addr_conf open = { .server_addr = &r->server_addr,
		.timeout_us = CONNECT_US };
	int res = hws_str_copy(r->server_addr.host, sizeof(r->server_addr.host), conf->address);

	r->server_addr.port = conf->address_port;
	r->server_addr.proxy = conf->proxy;
	if (res == HWS_OK)
		res = hws_server_addr_open_start(
				r->loop, r->work, &open, on_address, r, &r->opening);
	return res < 0 ? hws_error_set(err, res, "'%s' is no address to connect to", conf->address)
		       : HWS_OK;
}

static int start_by_id(
		struct hws_reach *r, const struct hws_reach_conf *conf, struct hws_error *err)
{
	struct hws_server_query_conf query = { .timeout_us = CONNECT_US,
		.on_open = on_open,
		.on_message = on_message,
		.on_end = on_end,
		.arg = r };
	int res;

	if (!conf->server || !*conf->server)
		return hws_error_set(err, HWS_ERR_INVAL,
				"no rendezvous server is configured, so IDs cannot be found: 'hawser config set server HOST', or "
				"connect to an address");
	if (!hws_id_valid(hws_bytes_str(conf->id)) ||
			hws_str_copy(r->id, sizeof(r->id), conf->id) < 0)
		return hws_error_set(err, HWS_ERR_INVAL,
				"'%s' is no ID: IDs have at least 6 letters or digits", conf->id);
	res = hws_server_addr_parse(conf->server, SERVER_PORT, &r->server_addr);
	if (res < 0)
		return hws_error_set(err, res,
				"'%s' is no server address (HOST, HOST:PORT, ws:// or wss:// URL)",
				conf->server);
	r->server_addr.proxy = conf->proxy;
	r->conf.force_relay |= hws_server_addr_needs_relay(&r->server_addr);
	if (hws_str_copy(r->key, sizeof(r->key), conf->key ? conf->key : "") < 0)
		return hws_error_set(err, HWS_ERR_INVAL, "the server key is too long to be one");
	res = hws_str_copy(r->version, sizeof(r->version), conf->version);
	if (res == HWS_OK) {
		query.server_addr = &r->server_addr;
		res = hws_server_query_new(r->loop, r->work, &query, &r->query);
	}
	return res < 0 ? hws_error_set(err, res, "cannot begin: %s", hws_err_text(res)) : HWS_OK;
}

int hws_reach_start(struct hws_loop *loop, struct hws_work *work, const struct hws_reach_conf *conf,
		hws_reach_cb done, struct hws_reach **ret, struct hws_error *err)
{
	struct hws_reach *r = hws_alloc(sizeof(*r));
	int res;

	if (!r)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	r->loop = loop;
	r->work = work;
	r->conf = *conf;
	r->done = done;
	r->started_us = hws_loop_now_us(loop);
	res = conf->address ? start_by_address(r, conf, err) : start_by_id(r, conf, err);
	if (res < 0) {
		hws_free(r);
		return res;
	}
	*ret = r;
	return HWS_OK;
}

void hws_reach_cancel(struct hws_reach *r)
{
	if (r && !r->over)
		stop(r);
}
