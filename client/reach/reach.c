/* reach/reach: the viewer's side. The server is asked where the host is; its answer leads to ways
 * that are tried side by side. What happened is told by sentences with a remedy. */
#include "client/reach/reach_parts.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/wire/text.h"

#define SERVER_PORT 21116

void hws_reach_progress(struct hws_reach *r, const char *text)
{
	if (r->conf.on_progress)
		r->conf.on_progress(text, r->conf.arg);
}

/* Before a stream stands nothing but a certificate is checked. */
void hws_reach_blame_certificate(struct hws_reach *r, const char *whose, const char *name)
{
	hws_error_set(&r->why, HWS_ERR_CRYPTO,
			"the certificate of the %s %.100s%s is not trusted: it must be valid today, be made "
			"for this name, and come from an authority that this computer knows (the "
			"environment variable SSL_CERT_FILE can name a file with others). A network that "
			"asks for a sign-in first shows one of its own",
			whose, name, r->conf.proxy ? " or of the proxy" : "");
}

void hws_reach_blame_server(struct hws_reach *r, int why)
{
	char text[HWS_SERVER_ADDR_TEXT];

	hws_server_addr_text(&r->server_addr, text, sizeof(text));
	if (why == HWS_ERR_CRYPTO)
		hws_reach_blame_certificate(r, "rendezvous server", text);
	else if (why == HWS_ERR_PORTAL)
		hws_error_set(&r->why, why,
				"this network asks for a sign-in first (captive portal): open any page in a "
				"browser, sign in, and try again. If it does not, what answers for the rendezvous "
				"server %.100s is somebody else: check its name, and that its certificate is made "
				"for it",
				text);
	else if (why == HWS_ERR_PROTO && r->server_addr.ws)
		hws_error_set(&r->why, why,
				"%s answers, but has no rendezvous server's WebSocket at this path: behind a web "
				"server it is mostly /ws/id",
				text);
	else if (why == HWS_ERR_UNSUPPORTED && r->conf.token)
		hws_error_set(&r->why, why,
				"the rendezvous server %s offers no encryption, so the login of your account was "
				"not sent to it: 'hawser logout' connects without",
				text);
	else if (why == HWS_ERR_KEY)
		hws_error_set(&r->why, why,
				"the rendezvous server %s has another key than the one that is set for it: take "
				"the one that 'hawser-rendezvous key' prints there. If it was right before, "
				"somebody may be between you and the server",
				text);
	else
		hws_error_set(&r->why, why,
				"cannot reach the rendezvous server %s: %s. Check the server's name in the "
				"settings, the network and the firewall (TCP %u)",
				text, hws_err_text(why), r->server_addr.port);
}

void hws_reach_fail_server(struct hws_reach *r, int why)
{
	hws_reach_ask_stop(r);
	hws_reach_blame_server(r, why);
	r->facts.failed = HWS_INDIRECT_SERVER_UNREACHABLE;
	hws_reach_fail(r, why, r->why.text);
}

/* --- to an address ---------------------------------------------------------------------------- */

static void on_address(int res, struct hws_stream *s, void *arg)
{
	struct hws_reach *r = arg;
	struct hws_reach_way *w = &r->direct[0].way;

	r->opening = NULL;
	if (res == HWS_OK) {
		w->stream = s;
		hws_reach_way_ready(w); /* there is no other way that could be better */
		return;
	}
	hws_verdict_over(&r->verdict, w->number, res, hws_loop_now_us(r->loop));
	if (res == HWS_ERR_CRYPTO)
		hws_reach_blame_certificate(r, "host", r->server_addr.host);
	else
		hws_error_set(&r->why, res,
				"cannot connect to %s port %u: %s. Is hawser-host running there, is its setting direct-server on ('hawser-host config set direct-server yes'), and the port open?",
				r->server_addr.host, r->server_addr.port, hws_err_text(res));
	hws_reach_fail(r, res, r->why.text);
}

static int start_by_address(
		struct hws_reach *r, const struct hws_reach_conf *conf, struct hws_error *err)
{
	const struct hws_server_addr_conf open = { .server_addr = &r->server_addr,
		.timeout_us = HWS_REACH_CONNECT_US };
	struct sockaddr_storage addr;
	int res = hws_str_copy(r->server_addr.host, sizeof(r->server_addr.host), conf->address);

	r->server_addr.port = conf->address_port;
	r->server_addr.proxy = conf->proxy;
	if (res == HWS_OK)
		res = hws_server_addr_open_start(
				r->loop, r->work, &open, on_address, r, &r->opening);
	if (res < 0)
		return hws_error_set(err, res, "'%s' is no address to connect to", conf->address);
	r->direct_count = 1;
	hws_reach_way_begin(r, &r->direct[0].way, HWS_PATH_ADDRESS);
	/* of a name that is looked up the name is told, as of a relay */
	if (hws_addr_parse(r->server_addr.host, 0, &addr) == HWS_OK)
		r->direct[0].way.number = hws_verdict_try_addr(
				&r->verdict, HWS_PATH_ADDRESS, &addr, hws_loop_now_us(r->loop));
	else
		r->direct[0].way.number = hws_verdict_try(&r->verdict, HWS_PATH_ADDRESS,
				r->server_addr.host, hws_loop_now_us(r->loop));
	return HWS_OK;
}

/* --- by an ID --------------------------------------------------------------------------------- */

static int start_by_id(
		struct hws_reach *r, const struct hws_reach_conf *conf, struct hws_error *err)
{
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
	r->facts.through_web = hws_server_addr_needs_relay(&r->server_addr);
	r->facts.forced = conf->force_relay || r->facts.through_web;
	r->facts.not_slow = conf->direct_fell || conf->only_direct;
	r->facts.symmetric_viewer = conf->nat_type == RDV__NAT_TYPE__SYMMETRIC;
	if (hws_str_copy(r->key, sizeof(r->key), conf->key ? conf->key : "") < 0)
		return hws_error_set(err, HWS_ERR_INVAL, "the server key is too long to be one");
	res = hws_str_copy(r->version, sizeof(r->version), conf->version);
	if (res == HWS_OK)
		res = hws_reach_ask(r);
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
	r->relay.way.reach = r;
	hws_verdict_begin(&r->verdict, r->started_us);
	res = conf->address ? start_by_address(r, conf, err) : start_by_id(r, conf, err);
	if (res < 0) {
		hws_free(r);
		return res;
	}
	*ret = r;
	return HWS_OK;
}

const struct hws_verdict *hws_reach_verdict(const struct hws_reach *r)
{
	return &r->verdict;
}

static void free_reach(void *arg)
{
	hws_free(arg);
}

void hws_reach_free(struct hws_reach *r)
{
	if (!r)
		return;
	r->over = true;
	hws_server_addr_open_cancel(r->opening);
	r->opening = NULL;
	hws_reach_race_stop(r);
	hws_loop_defer_cancel(&r->offering);
	hws_loop_defer(r->loop, &r->deferred, free_reach, r);
}
