/* reach/reach: the viewer's side. The server is asked where the host is; its answer leads to a
 * direct attempt, or to a relay that is agreed with the host over the server. When the direct way
 * fails the relay is asked for. */
#include "client/reach/reach_parts.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/net/dialer.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/limits.h"
#include "shared/wire/text.h"

#define SERVER_PORT 21116
#define DIRECT_MIN_US 1000000
#define DIRECT_RETRY_US 100000
#define REQUEST_TRIES 3 /* waits of 3, 6 and 9 s */
#define REQUEST_WAIT_US 3000000

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

void hws_reach_progress(struct hws_reach *r, const char *text)
{
	if (r->conf.on_progress)
		r->conf.on_progress(text, r->conf.arg);
}

void hws_reach_succeed(struct hws_reach *r, struct hws_stream *s, const char *path)
{
	struct hws_reached how = { .stream = s,
		.statement = hws_bytes(r->statement, r->statement_len),
		.relayed = hws_str_equal(path, "relay"),
		.by_address = r->conf.address != NULL,
		.path = path };

	stop(r);
	r->done(HWS_OK, &how, r->conf.arg);
}

void hws_reach_fail(struct hws_reach *r, int code, const char *text)
{
	struct hws_reached how = { 0 };

	hws_error_set(&how.error, code, "%s", text);
	stop(r);
	r->done(code, &how, r->conf.arg);
}

/* Before a stream stands nothing but a certificate is checked. */
void hws_reach_fail_certificate(struct hws_reach *r, const char *whose, const char *name)
{
	struct hws_error err;

	hws_error_set(&err, HWS_ERR_CRYPTO,
			"the certificate of the %s %.100s%s is not trusted: it must be valid today, be made "
			"for this name, and come from an authority that this computer knows (the "
			"environment variable SSL_CERT_FILE can name a file with others)",
			whose, name, r->conf.proxy ? " or of the proxy" : "");
	hws_reach_fail(r, HWS_ERR_CRYPTO, err.text);
}

void hws_reach_fail_server(struct hws_reach *r, int why)
{
	char text[HWS_SERVER_ADDR_TEXT];
	struct hws_error err;

	if (why == HWS_ERR_CRYPTO) {
		hws_reach_fail_certificate(r, "rendezvous server",
				hws_server_addr_text(&r->server_addr, text, sizeof(text)));
		return;
	}
	hws_server_addr_text(&r->server_addr, text, sizeof(text));
	if (why == HWS_ERR_PROTO && r->server_addr.ws)
		hws_error_set(&err, why,
				"%s answers, but has no rendezvous server's WebSocket at this path: behind a web "
				"server it is mostly /ws/id",
				text);
	else
		hws_error_set(&err, why,
				"cannot reach the rendezvous server %s: %s. Check the server's name in the "
				"settings, the network and the firewall (TCP %u)",
				text, hws_err_text(why), r->server_addr.port);
	hws_reach_fail(r, why, err.text);
}

static void keep_statement(struct hws_reach *r, ProtobufCBinaryData pk)
{
	r->statement_len = 0;
	if (pk.len > 0 && pk.len <= HWS_REACH_STATEMENT_MAX) {
		memcpy(r->statement, pk.data, pk.len);
		r->statement_len = pk.len;
	}
}

/* --- direct --- */

static void dial_direct(void *arg);

static void on_direct(int res, struct hws_stream *s, void *arg)
{
	struct hws_reach *r = arg;

	r->dial = NULL;
	if (res == HWS_OK) {
		hws_reach_succeed(r, s, r->is_local ? "lan" : "punched");
		return;
	}
	/* Deployed hosts begin to listen after they answered: a refusal may be too early, not
	 * final. */
	if (res == HWS_ERR_REFUSED &&
			hws_loop_now_us(r->loop) + DIRECT_RETRY_US < r->direct_end_us) {
		hws_timer_start(r->loop, &r->wait, DIRECT_RETRY_US, dial_direct, r);
		return;
	}
	r->tries = 0;
	hws_reach_relay(r);
}

/* How long a direct attempt may take: as deployed viewers, by the networks of both sides, and by
 * how long the server and the host took to answer. */
static uint64_t direct_limit(const struct hws_reach *r, Rdv__NatType host_nat)
{
	uint64_t u = r->took_us, limit;

	if (r->is_local || host_nat == RDV__NAT_TYPE__SYMMETRIC)
		/* NOLINTNEXTLINE(bugprone-branch-clone): a table, row by row */
		limit = DIRECT_MIN_US;
	else if (!*r->relay)
		limit = HWS_REACH_CONNECT_US;
	else if (host_nat == RDV__NAT_TYPE__ASYMMETRIC &&
			r->conf.nat_type == RDV__NAT_TYPE__ASYMMETRIC)
		limit = r->conf.last_was_relayed ? 6 * u : HWS_REACH_CONNECT_US;
	else if (host_nat == RDV__NAT_TYPE__ASYMMETRIC &&
			r->conf.nat_type == RDV__NAT_TYPE__SYMMETRIC)
		limit = DIRECT_MIN_US;
	else
		limit = r->conf.last_was_relayed ? 3 * u : 6 * u;
	return HWS_MIN(HWS_MAX(limit, (uint64_t)DIRECT_MIN_US), (uint64_t)HWS_REACH_CONNECT_US);
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
		hws_reach_relay(r);
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
	/* Our port must be free for the same use again: the link ends before the next one
	 * begins. */
	hws_server_query_free(r->query);
	r->query = NULL;
	hws_timer_stop(&r->wait);
	if (r->conf.force_relay || p->is_udp ||
			!hws_addr_decode_usable(hws_bytes(p->socket_addr.data, p->socket_addr.len),
					&r->direct)) {
		r->tries = 0;
		hws_reach_relay(r);
		return;
	}
	r->direct_end_us = hws_loop_now_us(r->loop) + direct_limit(r, nat);
	hws_reach_progress(
			r, r->is_local ? "Connecting in the same network" : "Connecting directly");
	dial_direct(r);
}

static void on_punch_failure(struct hws_reach *r, const Rdv__PunchHoleResponse *p)
{
	struct hws_error err;
	char text[200];

	if (*p->other_failure) {
		hws_str_escape(text, sizeof(text), hws_bytes_str(p->other_failure));
		hws_error_set(&err, HWS_ERR_DENIED, "the server refuses: %s", text);
		hws_reach_fail(r, HWS_ERR_DENIED, err.text);
		return;
	}
	switch (p->failure) {
	case RDV__PUNCH_HOLE_RESPONSE__FAILURE__OFFLINE:
		hws_reach_fail(r, HWS_ERR_OFFLINE,
				"the computer with this ID is off line: is it switched on, and its host connected to the same server?");
		break;
	case RDV__PUNCH_HOLE_RESPONSE__FAILURE__LICENSE_MISMATCH:
		hws_reach_fail(r, HWS_ERR_KEY,
				*r->key ? "the server key does not match: set the key that 'hawser-rendezvous key' prints on the server"
					: "this server serves only who has its key, and none is set for it: take the one that 'hawser-rendezvous key' prints there");
		break;
	case RDV__PUNCH_HOLE_RESPONSE__FAILURE__LICENSE_OVERUSE:
		hws_reach_fail(r, HWS_ERR_DENIED,
				"the server's licence is used up: ask its operator");
		break;
	default:
		hws_reach_fail(r, HWS_ERR_NOTFOUND,
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
		hws_reach_fail_server(r, res);
	else
		hws_timer_start(r->loop, &r->wait, (uint64_t)++r->tries * REQUEST_WAIT_US,
				ask_again, r);
}

static void ask_again(void *arg)
{
	struct hws_reach *r = arg;

	if (r->tries < REQUEST_TRIES) {
		/* A server that knows no such ID says so at once; silence is the host's. */
		hws_reach_progress(r, "The server knows the ID, but its host has not answered yet");
		ask_once(r);
	} else {
		hws_reach_fail(r, HWS_ERR_TIMEOUT,
				"the host did not answer the server: it may have lost its connection a moment ago; try again");
	}
}

static void on_open(struct hws_server_query *query, void *arg)
{
	struct hws_reach *r = arg;

	r->local = *hws_server_query_local(query);
	hws_reach_progress(r, "Looking for the host");
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

		if (hws_reach_is_refused(r, a))
			return;
		if (a->union_case == RDV__RELAY_RESPONSE__UNION_PK)
			keep_statement(r, a->pk);
		if (hws_str_copy(uuid, sizeof(uuid), a->uuid) < 0 ||
				hws_str_copy(relay, sizeof(relay), a->relay_server) < 0)
			uuid[0] = '\0'; /* refused below */
		r->tries = 0;
		hws_reach_join(r, uuid, relay);
	}
}

static void on_end(struct hws_server_query *query, int why, void *arg)
{
	(void)query;
	hws_reach_fail_server(arg, why);
}

static void on_address(int res, struct hws_stream *s, void *arg)
{
	struct hws_reach *r = arg;
	struct hws_error err;

	r->opening = NULL;
	if (res == HWS_OK) {
		hws_reach_succeed(r, s, "direct");
		return;
	}
	if (res == HWS_ERR_CRYPTO) {
		hws_reach_fail_certificate(r, "host", r->server_addr.host);
		return;
	}
	hws_error_set(&err, res,
			"cannot connect to %s port %u: %s. Is hawser-host running there with --direct-port, and the port open?",
			r->server_addr.host, r->server_addr.port, hws_err_text(res));
	hws_reach_fail(r, res, err.text);
}

static int start_by_address(
		struct hws_reach *r, const struct hws_reach_conf *conf, struct hws_error *err)
{
	const struct hws_server_addr_conf open = { .server_addr = &r->server_addr,
		.timeout_us = HWS_REACH_CONNECT_US };
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
	struct hws_server_query_conf query = { .timeout_us = HWS_REACH_CONNECT_US,
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
