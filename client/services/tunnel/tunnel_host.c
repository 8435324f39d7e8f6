/* The service of the connector: what the owner allows, a session for each viewer, and the messages
 * of its mux. The viewer may be anybody, and the gate between may have fallen into its hands: a
 * connection is opened for nothing but the lists of the settings, which come from hostd. */
#include "client/services/tunnel/tunnel_host.h"
#include "client/services/tunnel/tunnel_host_parts.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

static struct tunnel_host *of(struct hws_host_service *s)
{
	return hws_container(s, struct tunnel_host, service);
}

void hws_tunnel_tell(struct tunnel_session *s, const char *what, const char *target,
		const char *second, uint64_t bytes, int result)
{
	const struct hws_audit_event e = { .what = what,
		.conn = s->conn,
		.path = hws_bytes_str(target),
		.second = hws_bytes_str(second),
		.bytes = bytes,
		.result = result };

	hws_host_audit(&s->h->env, s->v, &e);
}

void hws_tunnel_tell_refused(struct tunnel_session *s, const char *target, Ses__TunnelCode code,
		const char *setting)
{
	char why[80];
	bool by_owner = code == HWS_TUNNEL_CODE(FORBIDDEN) || code == HWS_TUNNEL_CODE(FULL);

	if (hws_fmt(why, sizeof(why), by_owner ? "%s by %s" : "%s", hws_mux_code_name(code),
			    setting) < 0)
		why[0] = 0;
	hws_tunnel_tell(s, "tunnel.refused", target, why, 0, hws_tunnel_result(code));
}

int hws_tunnel_result(Ses__TunnelCode code)
{
	static const int results[] = { HWS_OK, HWS_ERR_DENIED, HWS_ERR_REFUSED, HWS_ERR_UNREACHABLE,
		HWS_ERR_RESOLVE, HWS_ERR_TIMEOUT, HWS_ERR_FULL, HWS_ERR_PROTO, HWS_ERR_SYS,
		HWS_ERR_TIMEOUT, HWS_ERR_DENIED, HWS_ERR_RESET, HWS_ERR_TIMEOUT };

	return (unsigned)code < HWS_COUNT(results) ? results[code] : HWS_ERR_SYS;
}

const char *hws_tunnel_why(Ses__TunnelCode code, const char *target, char *buf, size_t size)
{
	const char *what = "could not be connected";

	if (code == HWS_TUNNEL_CODE(FORBIDDEN)) {
		if (hws_fmt(buf, size,
				    "this host allows no tunnel to %s: its owner names what may be "
				    "reached in the setting tunnel-targets",
				    target) < 0)
			return "this host allows no such tunnel: see its setting tunnel-targets";
		return buf;
	}
	if (code == HWS_TUNNEL_CODE(REFUSED))
		what = "refused the connection: does anything listen there?";
	else if (code == HWS_TUNNEL_CODE(UNREACHABLE))
		what = "cannot be reached from this host";
	else if (code == HWS_TUNNEL_CODE(RESOLVE))
		what = "is a name that this host cannot look up";
	else if (code == HWS_TUNNEL_CODE(TIMEOUT))
		what = "did not answer in time";
	return hws_fmt(buf, size, "%s %s", target, what) < 0 ? what : buf;
}

/* --- the lists -------------------------------------------------------------------------------- */

/* hostd has read it before: what cannot be read here allows nothing. */
static struct hws_targets *read_list(const char *name, const char *text)
{
	struct hws_targets *t = NULL;
	struct hws_error err = { 0 };

	if (text && hws_targets_parse(text, &t, &err) < 0)
		hws_warn("tunnel.bad_list", HWS_STR("setting", name), HWS_STR("why", err.text));
	return t;
}

static void read_lists(struct tunnel_host *h)
{
	const struct hws_service_conf *c = h->env.conf;

	hws_targets_free(h->targets);
	hws_targets_free(h->listen);
	h->targets = read_list("tunnel-targets", c ? c->tunnel_targets : NULL);
	h->listen = read_list("tunnel-listen", c ? c->tunnel_listen : NULL);
}

static void tunnel_configure(struct hws_host_service *service)
{
	struct tunnel_host *h = of(service);

	read_lists(h);
	for (size_t i = 0; i < HWS_COUNT(h->session); i++) {
		if (!h->session[i])
			continue;
		hws_tunnel_conn_judge_again(h->session[i]);
		hws_tunnel_listen_judge_again(h->session[i]);
		hws_tunnel_raw_judge_again(h->session[i]);
	}
}

/* --- the mux ---------------------------------------------------------------------------------- */

static int send_parts(struct hws_bytes head, struct hws_bytes rest, void *arg)
{
	struct tunnel_session *s = arg;

	return s->v->send_parts(s->v, hws_session_row(SES__MESSAGE__UNION_TUNNEL, 0), head, rest);
}

static bool has_room(void *arg)
{
	struct tunnel_session *s = arg;

	return !s->v->congested(s->v, HWS_SEND_BULK);
}

static uint64_t now_us(void *arg)
{
	struct tunnel_session *s = arg;

	return hws_loop_now_us(s->h->env.loop);
}

static int new_mux(struct tunnel_session *s)
{
	const struct hws_service_conf *c = s->h->env.conf;
	struct hws_mux_conf conf = { .is_host = true,
		.streams = c ? c->tunnel_streams : 0,
		.send = send_parts,
		.has_room = has_room,
		.now_us = now_us,
		.arg = s };

	hws_tunnel_conn_set_callbacks(&conf);
	hws_tunnel_listen_set_callbacks(&conf);
	return hws_mux_new(&conf, &s->mux);
}

/* Whatever it has: nothing is said to the viewer any more. */
static void stop(struct tunnel_session *s, Ses__TunnelCode code, const char *text)
{
	struct hws_mux *m = s->mux;

	s->mux = NULL;
	hws_mux_free(m, code, text);
	hws_tunnel_raw_close(s);
}

/* --- viewers ---------------------------------------------------------------------------------- */

static void drop_session(struct tunnel_host *h, unsigned slot)
{
	struct tunnel_session *s = h->session[slot];

	h->session[slot] = NULL;
	if (s)
		stop(s, HWS_TUNNEL_CODE(FAILED), "the session has ended");
	hws_free(s);
}

static void tunnel_open(struct hws_host_service *service, struct hws_host_viewer *v,
		const Ses__LoginRequest *login)
{
	struct tunnel_host *h = of(service);
	struct tunnel_session *s = hws_alloc(sizeof(*s));

	drop_session(h, v->slot);
	if (!s || login->union_case != SES__LOGIN_REQUEST__UNION_PORT_FORWARD) {
		hws_free(s);
		v->opened(v, "The tunnel could not be opened", -1);
		return;
	}
	s->h = h;
	s->v = v;
	s->conn = v->conn;
	hws_list_init(&s->conns);
	hws_list_init(&s->listeners);
	h->session[v->slot] = s;
	if (v->level != HWS_LEVEL_V2)
		hws_tunnel_raw_open(s, login->port_forward);
	else if (new_mux(s) < 0)
		v->opened(v, "The tunnel could not be opened", -1);
	else
		v->opened(v, NULL, -1);
}

static void tunnel_join(
		struct hws_host_service *service HWS_UNUSED, struct hws_host_viewer *v HWS_UNUSED)
{
}

static void tunnel_leave(struct hws_host_service *service, struct hws_host_viewer *v)
{
	drop_session(of(service), v->slot);
}

static void tunnel_update(struct hws_host_service *service, struct hws_host_viewer *v)
{
	struct tunnel_session *s = of(service)->session[v->slot];

	if (s && !hws_host_viewer_may(v, HWS_PERM_TUNNEL))
		stop(s, HWS_TUNNEL_CODE(PERMISSION), "the permission was taken");
}

static bool tunnel_message(
		struct hws_host_service *service, struct hws_host_viewer *v, const Ses__Message *m)
{
	struct tunnel_session *s = of(service)->session[v->slot];

	if (!s || !s->mux || m->union_case != SES__MESSAGE__UNION_TUNNEL)
		return false;
	int r = hws_mux_input(s->mux, m->tunnel);
	if (r < 0) {
		hws_warn_limited("tunnel.link_failed", HWS_U64("conn", v->conn), HWS_ERR("why", r));
		stop(s, HWS_TUNNEL_CODE(FAILED), "the session takes no more messages");
	}
	return true;
}

static void tunnel_drained(struct hws_host_service *service, struct hws_host_viewer *v,
		enum hws_send_class cls)
{
	struct tunnel_session *s = of(service)->session[v->slot];

	if (s && s->mux && cls == HWS_SEND_BULK)
		hws_mux_drained(s->mux);
}

/* --- the service ------------------------------------------------------------------------------ */

static int tunnel_new(const struct hws_host_env *env, struct hws_host_service **ret)
{
	struct tunnel_host *h = hws_alloc(sizeof(*h));

	if (!h)
		return HWS_ERR_NOMEM;
	h->service.impl = &hws_tunnel_host_service;
	h->env = *env;
	read_lists(h);
	*ret = &h->service;
	return HWS_OK;
}

static void tunnel_free(struct hws_host_service *service)
{
	struct tunnel_host *h = of(service);

	for (unsigned i = 0; i < HWS_COUNT(h->session); i++) {
		if (h->session[i])
			h->session[i]->v = NULL;
		drop_session(h, i);
	}
	hws_targets_free(h->targets);
	hws_targets_free(h->listen);
	hws_free(h);
}

const struct hws_host_service_impl hws_tunnel_host_service = {
	.id = HWS_SERVICE_TUNNEL,
	.name = "tunnel",
	.kinds = HWS_KIND_BIT(HWS_KIND_FORWARD),
	.opens = HWS_KIND_BIT(HWS_KIND_FORWARD),
	.new = tunnel_new,
	.free = tunnel_free,
	.join = tunnel_join,
	.leave = tunnel_leave,
	.update = tunnel_update,
	.message = tunnel_message,
	.drained = tunnel_drained,
	.configure = tunnel_configure,
	.open = tunnel_open,
};
