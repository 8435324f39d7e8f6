/* From the rendezvous server's pushes to sockets for gates, and to errands of gates. What the
 * server asks costs us connections, so requests are bounded and told apart by who is meant. */
#include "client/host/online.h"
#include "client/host/proven_servers.h"
#include "client/reach/answer.h"
#include "client/reach/key_check.h"
#include "client/reach/nat_probe.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/identity.h"
#include "shared/net/addr.h"
#include "shared/wire/version.h"
#include <stdlib.h>

#define RENDEZVOUS_PORT 21116
#define NAT_DOUBT_US (180 * HWS_US_PER_S)

struct hws_online {
	struct hws_online_conf conf;
	struct hws_server_entry entry;
	struct hws_work *work;
	struct hws_registrar *registrar;
	struct hws_answer *answer;
	struct hws_nat_probe *probe;
	bool wants_port;
	struct hws_key_check *key_check; /* NULL: no key is set */
	bool wrong_key;
	struct hws_loop *loop;
	struct hws_server_addr server_addr;
	struct hws_proxy proxy;
	char server[HWS_SERVER_ADDR_TEXT];
	char text[200];
	bool was_offline;
	uint64_t tested_us; /* when the NAT was looked at, or was to be */
	uint64_t dropped;   /* words of the server that nothing proved */
};

const char *hws_online_state(const struct hws_online *o)
{
	static const char *const names[] = { "connecting", "registered", "offline", "refused" };

	return o->registrar ? names[hws_registrar_state(o->registrar)] : names[0];
}

bool hws_online_registered(const struct hws_online *o)
{
	return o->registrar && hws_registrar_state(o->registrar) == HWS_REGISTRAR_REGISTERED;
}

const char *hws_online_server(const struct hws_online *o)
{
	return o->entry.text;
}

const char *hws_online_key(const struct hws_online *o)
{
	return o->entry.key;
}

void hws_online_wake(struct hws_online *o)
{
	o->was_offline = true; /* so that the NAT is looked at, too */
	hws_registrar_wake(o->registrar);
}

const char *hws_online_transport(const struct hws_online *o)
{
	return o->registrar ? hws_registrar_transport(o->registrar) : "";
}

const char *hws_online_text(const struct hws_online *o)
{
	return o->text;
}

const char *hws_online_warning(const struct hws_online *o)
{
	return o->wrong_key
			? "'key' is not this server's: viewers that need the relay are refused; take "
			  "the one that 'hawser-rendezvous key' prints there"
			: "";
}

static void told_registered(struct hws_online *o)
{
	hws_info("server.registered", HWS_STR("server", o->server),
			HWS_STR("by", hws_online_transport(o)), HWS_STR("id", o->conf.whoami->id));
	if (hws_registrar_udp_blocked(o->registrar))
		hws_warn("server.udp_blocked", HWS_STR("server", o->server),
				HWS_STR("text",
						"it answers, but never by UDP: let UDP out, and its "
						"answers in; without it more sessions are relayed"));
}

/* Where viewers are met at relays alone nobody would come by it. */
static struct hws_ports *ports_of(const struct hws_online *o)
{
	return hws_server_addr_needs_relay(&o->server_addr) ? NULL : o->conf.ports;
}

static void want_port(struct hws_online *o, bool wanted)
{
	if (o->wants_port != wanted)
		hws_ports_want(ports_of(o), wanted);
	o->wants_port = wanted;
}

static void on_state(enum hws_registrar_state state, const char *text, void *arg)
{
	struct hws_online *o = arg;

	hws_str_escape(o->text, sizeof(o->text), hws_bytes_str(text ? text : ""));
	/* The way to the server may be another one after a break. */
	if (state == HWS_REGISTRAR_OFFLINE)
		o->was_offline = true;
	if (state == HWS_REGISTRAR_REGISTERED && o->was_offline) {
		o->was_offline = false;
		hws_nat_probe_again(o->probe);
		hws_ports_again(o->conf.ports);
	}
	want_port(o, state == HWS_REGISTRAR_REGISTERED);
	/* an encrypted link has proved it already */
	if (state == HWS_REGISTRAR_REGISTERED && !hws_str_equal(hws_online_transport(o), "tcp"))
		hws_key_check_again(o->key_check);
	if (state == HWS_REGISTRAR_REGISTERED)
		told_registered(o);
	else if (state == HWS_REGISTRAR_CONNECTING)
		hws_info("server.connecting", HWS_STR("server", o->server));
	else
		hws_warn(state == HWS_REGISTRAR_OFFLINE ? "server.offline" : "server.refused",
				HWS_STR("server", o->server), HWS_STR("why", o->text));
}

/* A router may have been set otherwise under us, which nothing tells but that viewers do not come
 * through. */
static void doubt_nat(struct hws_online *o)
{
	uint64_t now = hws_loop_now_us(o->loop);

	if (o->probe && now >= o->tested_us + NAT_DOUBT_US) {
		o->tested_us = now;
		hws_nat_probe_again(o->probe);
	}
}

static void on_push(const Rdv__RendezvousMessage *m, bool proven, void *arg)
{
	struct hws_online *o = arg;
	int r;

	if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_PUNCH_HOLE &&
			m->punch_hole->only_direct)
		doubt_nat(o); /* it is at the relay */
	hws_answer_set_way(o->answer, hws_registrar_way(o->registrar));
	hws_answer_set_udp_blocked(o->answer, hws_registrar_udp_blocked(o->registrar));
	r = hws_answer_push(o->answer, o->conf.whoami->id, m, proven);
	if (r == HWS_ERR_FULL || r == HWS_ERR_BUSY)
		hws_warn_limited("server.push_dropped",
				HWS_STR("why", "too many requests at the same time"),
				HWS_BOOL("proven", proven));
	else if (r == HWS_ERR_DENIED)
		hws_warn_limited("server.push_dropped",
				HWS_STR("why",
						"it names a relay that 'only-known-relays' does not "
						"allow"));
}

static bool on_new_id(char *buf, size_t size, void *arg)
{
	struct hws_online *o = arg;

	return o->conf.new_id(o, buf, size, o->conf.arg);
}

static void on_server_proves(void *arg)
{
	struct hws_online *o = arg;
	uint8_t server_pk[HWS_PK_LEN];
	struct hws_error err = { 0 };
	int r = hws_key_parse(o->entry.key, server_pk);

	hws_info("server.proven", HWS_STR("server", o->server));
	if (r == HWS_OK)
		r = hws_proven_servers_add(o->conf.whoami->dir, server_pk, &err);
	if (r < 0)
		hws_error_log("server.proof_not_stored", HWS_STR("why", err.text));
}

/* One of several of the name's SRV records; what answers viewers is told with each push. */
static void on_place(const struct hws_server_addr *at, void *arg)
{
	struct hws_online *o = arg;
	char text[HWS_SERVER_ADDR_TEXT];

	hws_info("server.place", HWS_STR("server", o->server),
			HWS_STR("at", hws_server_addr_text(at, text, sizeof(text))));
	hws_nat_probe_set_server(o->probe, at);
	hws_key_check_set_server(o->key_check, at);
}

static void on_moved(const struct sockaddr_storage *to, void *arg)
{
	struct hws_online *o = arg;
	char text[HWS_ADDR_TEXT];

	hws_info("server.moved", HWS_STR("server", o->server),
			HWS_STR("to", hws_addr_text(to, text, sizeof(text))));
}

static void on_dropped(const char *what, void *arg)
{
	struct hws_online *o = arg;

	o->dropped++;
	hws_warn_limited("server.unproven_dropped", HWS_STR("server", o->server),
			HWS_STR("what", what), HWS_U64("count", o->dropped),
			HWS_STR("text",
					"it came from the server's address, and nothing shows that the server "
					"with 'key' sent it"));
}

bool hws_online_proven(const struct hws_online *o)
{
	return o->registrar && hws_registrar_proven(o->registrar);
}

uint64_t hws_online_dropped(const struct hws_online *o)
{
	return o->dropped;
}

static struct hws_host_session_conf session_conf(
		const struct hws_online *o, const struct hws_answered *how)
{
	return (struct hws_host_session_conf){ .fd = -1,
		.secure = how->secure,
		.local = how->local,
		.udp = how->udp,
		.told = how->relayed && !how->proven && !o->conf.settings->trust_server_addresses,
		.from = how->viewer,
		.request = how->request,
		.control_permissions = how->control_permissions,
		.ref = how->ref };
}

static void on_socket(int fd, const struct hws_answered *how, void *arg)
{
	struct hws_online *o = arg;
	struct hws_host_session_conf conf = session_conf(o, how);

	conf.fd = fd;
	(void)o->conf.admit(&conf, o->conf.arg); /* it has told, and nobody waits */
}

static int on_relay(const struct hws_answer_relay *relay, const struct hws_answered *how, void *arg)
{
	struct hws_online *o = arg;
	struct hws_host_session_conf conf = session_conf(o, how);

	conf.relay = relay;
	doubt_nat(o);
	return o->conf.admit(&conf, o->conf.arg);
}

static void on_met(uint64_t meeting, int r, void *arg)
{
	struct hws_online *o = arg;

	o->conf.met(meeting, r, o->conf.arg);
}

void hws_online_joined(struct hws_online *o, uint64_t meeting, int r)
{
	if (o && o->answer)
		hws_answer_joined(o->answer, meeting, r);
}

static void on_failure(const char *what, int why, const struct sockaddr_storage *viewer, void *arg)
{
	char text[HWS_ADDR_TEXT];

	if (why == HWS_ERR_TIMEOUT)
		doubt_nat(arg);
	hws_info_limited("answer.failed", HWS_STR("what", what), HWS_ERR("why", why),
			HWS_STR("peer", hws_addr_text(viewer, text, sizeof(text))));
}

static int open_answer(struct hws_online *o, struct hws_loop *loop)
{
	const struct hws_settings *s = o->conf.settings;
	struct hws_answer_conf ac = { .server_addr = &o->server_addr,
		.key = o->entry.key,
		.relay = s->relay,
		.version = HWS_PROTOCOL_VERSION,
		.only_known_relays = s->only_known_relays,
		.no_udp = s->disable_udp,
		.mapped_port = hws_ports_port(ports_of(o)),
		.meetings_from = o->conf.meetings_from,
		.nat_type = hws_server_addr_needs_relay(&o->server_addr)
				? RDV__NAT_TYPE__SYMMETRIC
				: RDV__NAT_TYPE__UNKNOWN_NAT,
		.on_socket = on_socket,
		.on_relay = on_relay,
		.on_met = on_met,
		.on_failure = on_failure,
		.arg = o };

	return hws_answer_new(loop, o->work, &ac, &o->answer);
}

static void on_nat_type(Rdv__NatType type, void *arg)
{
	struct hws_online *o = arg;

	hws_info("nat.probed",
			HWS_STR("type",
					type == RDV__NAT_TYPE__SYMMETRIC ? "symmetric"
									 : "asymmetric"));
	o->tested_us = hws_loop_now_us(o->loop);
	hws_answer_set_nat_type(o->answer, type);
}

static int open_probe(struct hws_online *o, struct hws_loop *loop)
{
	const struct hws_nat_probe_conf conf = {
		.server_addr = &o->server_addr, .on_type = on_nat_type, .arg = o
	};

	if (hws_server_addr_needs_relay(&o->server_addr) || o->server_addr.port < 2)
		return HWS_OK; /* the test needs the port below; viewers are met at relays */
	o->tested_us = hws_loop_now_us(loop);
	return hws_nat_probe_new(loop, o->work, &conf, &o->probe);
}

static void on_key_checked(bool right, void *arg)
{
	struct hws_online *o = arg;

	o->wrong_key = !right;
	/* the relay would turn this host away, and the viewer would wait for it and blame the
	 * network */
	hws_answer_refuse_relays(o->answer,
			right ? "" : "the host has a wrong server key: correct 'key' there");
	if (right)
		hws_debug("server.key_right");
	else
		hws_warn("server.wrong_key", HWS_STR("server", o->server),
				HWS_STR("text", hws_online_warning(o)));
}

static int open_key_check(struct hws_online *o, struct hws_loop *loop)
{
	const struct hws_key_check_conf kc = { .server_addr = &o->server_addr,
		.key = o->entry.key,
		.on_result = on_key_checked,
		.arg = o };

	return *kc.key ? hws_key_check_new(loop, o->work, &kc, &o->key_check) : HWS_OK;
}

static enum hws_server_trust trust_of(const struct hws_settings *s)
{
	switch (s->require_server_proof) {
	case HWS_YES:
		return HWS_TRUST_PROVEN_ONLY;
	case HWS_NO:
		return HWS_TRUST_ANY;
	default:
		return HWS_TRUST_UNTIL_PROVEN;
	}
}

static int open_registrar(struct hws_online *o, struct hws_loop *loop)
{
	const struct hws_whoami *w = o->conf.whoami;
	uint8_t server_pk[HWS_PK_LEN];
	struct hws_registrar_conf rc = { .server_addr = &o->server_addr,
		.no_udp = o->conf.settings->disable_udp,
		.id = w->id,
		.uuid = hws_bytes_str(w->uuid),
		.pk = hws_bytes(w->identity.pk, sizeof(w->identity.pk)),
		.on_state = on_state,
		.on_push = on_push,
		.on_new_id = on_new_id,
		.identity = &w->identity,
		.trust = trust_of(o->conf.settings),
		.on_server_proves = on_server_proves,
		.resolve_us = o->conf.settings->resolve_every_us,
		.on_place = on_place,
		.on_moved = on_moved,
		.on_dropped = on_dropped,
		.arg = o };

	if (*o->entry.key && hws_key_parse(o->entry.key, server_pk) == HWS_OK)
		rc.server_pk = server_pk;
	rc.server_proves = rc.server_pk && hws_proven_servers_has(w->dir, server_pk);
	return hws_registrar_new(loop, o->work, &rc, &o->registrar);
}

int hws_online_new(struct hws_loop *loop, const struct hws_online_conf *conf,
		struct hws_online **ret, struct hws_error *err)
{
	struct hws_online *o = calloc(1, sizeof(*o));
	int r;

	if (!o)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	o->conf = *conf;
	o->entry = *conf->server;
	o->conf.server = &o->entry;
	o->loop = loop;
	r = hws_server_addr_parse(o->entry.text, RENDEZVOUS_PORT, &o->server_addr);
	if (r < 0) {
		hws_error_set(err, r, "'server' is not HOST[:PORT]: %s", o->entry.text);
		goto fail;
	}
	if (conf->settings->allow_websocket)
		hws_server_addr_websocket(&o->server_addr, &o->server_addr);
	r = hws_proxy_set(conf->settings->proxy_url, conf->settings->proxy_user,
			conf->settings->proxy_password_secret, &o->proxy);
	if (r < 0) {
		hws_error_set(err, r,
				"'proxy-url', 'proxy-username' or 'proxy-password' is not usable");
		goto fail;
	}
	if (o->proxy.kind != HWS_PROXY_NONE)
		o->server_addr.proxy = &o->proxy;
	hws_server_addr_text(&o->server_addr, o->server, sizeof(o->server));
	r = hws_work_new(2, 64, &o->work); /* a lookup on the old network may hang */
	if (r == HWS_OK)
		r = open_answer(o, loop);
	if (r == HWS_OK)
		r = open_probe(o, loop);
	if (r == HWS_OK)
		r = open_key_check(o, loop);
	if (r == HWS_OK)
		r = open_registrar(o, loop);
	if (r < 0) {
		hws_error_set(err, r, "the registration at '%s' cannot be started: %s", o->server,
				hws_err_text(r));
		goto fail;
	}
	hws_info("server.connecting", HWS_STR("server", o->server));
	*ret = o;
	return HWS_OK;
fail:
	hws_online_free(o);
	return r;
}

void hws_online_free(struct hws_online *o)
{
	if (!o)
		return;
	hws_registrar_free(o->registrar);
	want_port(o, false);
	hws_nat_probe_free(o->probe);
	hws_key_check_free(o->key_check);
	hws_answer_free(o->answer);
	hws_work_free(o->work);
	hws_wipe(&o->proxy, sizeof(o->proxy));
	free(o);
}
