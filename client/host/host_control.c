/* The commands of the control socket: whoever may open it is the operator of this host. */
#include "client/host/host_control.h"
#include "client/host/control_permit.h"
#include "client/host/control_upload.h"
#include "client/host/managed_json.h"
#include "client/host/servers_json.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/secret.h"
#include "shared/daemon/control_request.h"
#include "shared/net/addr.h"
#include "shared/sys/sandbox.h"
#include "shared/wire/permission.h"
#include "shared/wire/session_kind.h"

static void do_id(struct hws_control_reply *reply, const json_t *req HWS_UNUSED, void *arg)
{
	struct hws_hostd *h = arg;

	hws_control_ok(reply, json_pack("{s:s}", "id", h->whoami.id));
}

static void do_password(struct hws_control_reply *reply, const json_t *req HWS_UNUSED, void *arg)
{
	struct hws_hostd *h = arg;
	const char *password = hws_vault_temporary(&h->vault);

	if (!*password)
		hws_control_fail(reply, HWS_ERR_NOTFOUND,
				"temporary passwords are switched off ('verification-method')");
	else
		hws_control_ok(reply,
				json_pack("{s:s,s:b}", "password", password, "hawser_only",
						!hws_vault_temporary_counts(
								&h->vault, HWS_LEVEL_V1) ||
								h->settings->require_v2));
}

static void do_password_rotate(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	struct hws_hostd *h = arg;

	hws_vault_renew_temporary(&h->vault);
	hws_recent_forget_away(&h->recent); /* nobody shall come in with the old one */
	hws_resume_forget_away(&h->resume_secret);
	hws_info("password.renewed", HWS_STR("why", "asked for"));
	do_password(reply, req, arg);
}

static void password_changed(struct hws_hostd *h)
{
	hws_recent_wipe(&h->recent);
	hws_resume_wipe(&h->resume_secret);
	hws_info("password.changed", HWS_BOOL("permanent", h->vault.has_permanent));
}

struct password_set {
	struct hws_hostd *h;
	struct hws_control_reply *reply;
};

static void on_prepared(int r, const struct hws_vault_permanent *p, const char *why, void *arg)
{
	struct password_set *set = arg;
	struct hws_hostd *h = set->h;
	struct hws_error err = { 0 };

	h->setting = NULL;
	if (r == HWS_OK) {
		r = hws_vault_take(&h->vault, p, &err);
		why = err.text;
	}
	if (r < 0) {
		hws_control_fail(set->reply, r, "%s", why);
	} else {
		password_changed(h);
		hws_control_ok(set->reply, NULL);
	}
	hws_free(set);
}

static void set_password(struct hws_hostd *h, const char *password, struct hws_control_reply *reply)
{
	struct password_set *set;
	int r = HWS_ERR_NOMEM;

	if (h->setting) {
		hws_control_fail(reply, HWS_ERR_BUSY,
				"a password is being set just now: try again in a moment");
		return;
	}
	set = hws_alloc(sizeof(*set));
	if (set) {
		const struct hws_set_password_conf conf = { on_prepared, set };

		*set = (struct password_set){ h, reply };
		r = hws_set_password_start(h->work, h->loop, password, &conf, &h->setting);
	}
	if (r < 0) {
		hws_free(set);
		hws_control_fail(reply, r, "the password is not set: %s", hws_err_text(r));
	}
}

static void do_password_set(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	struct hws_hostd *h = arg;
	const char *password = json_string_value(json_object_get(req, "password"));
	struct hws_error err = { 0 };
	int r;

	if (!password) {
		hws_control_fail(reply, HWS_ERR_INVAL, "'password' is missing");
		return;
	}
	if (*password) {
		set_password(h, password, reply);
		return;
	}
	r = hws_vault_clear_permanent(&h->vault, &err);
	if (r < 0) {
		hws_control_fail(reply, r, "%s", err.text);
		return;
	}
	password_changed(h);
	hws_control_ok(reply, NULL);
}

/* What a picture takes, in microseconds; null until there were some. */
static json_t *cost_json(const struct hws_video_cost *c)
{
	if (!c->pictures)
		return json_null();
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "pictures", (json_int_t)c->pictures,
			"capture_us", (json_int_t)c->capture_us, "convert_us",
			(json_int_t)c->convert_us, "encode_us", (json_int_t)c->encode_us, "send_us",
			(json_int_t)c->send_us, "network_us", (json_int_t)c->network_us);
}

static json_t *session_json(const struct hws_hostd *h, const struct hws_host_session *v)
{
	uint64_t age = hws_loop_now_us(h->loop) - v->since_us;
	char since[32], viewer[HWS_FINGERPRINT_TEXT];

	hws_wall_text(v->since_wall_us, since, sizeof(since));
	return json_pack(
			"{s:I,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:s,s:s,s:b,s:I,s:I,s:I,s:i,s:o}",
			"conn", (json_int_t)v->conn, "peer", v->peer, "state", v->state, "kind",
			hws_session_kind_name(v->login.kind), "id", v->my_id, "name", v->my_name,
			"viewer_key", hws_host_session_viewer(v, viewer), "protection",
			hws_session_protection(v), "level",
			hws_secure_level_word((enum hws_secure_level)v->level), "encrypted",
			v->level > HWS_LEVEL_PLAIN, "via", v->via, "since", since, "controls",
			(v->permissions & HWS_NEED(HWS_PERM_KEYBOARD)) != 0, "seconds",
			(json_int_t)(age / HWS_US_PER_S), "bytes_in", (json_int_t)v->bytes_in,
			"bytes_out", (json_int_t)v->bytes_out, "rtt_ms", (int)v->rtt_ms, "cost",
			cost_json(&v->cost));
}

static json_t *desktop_json(const struct hws_hostd *h)
{
	struct hws_agent_state d;

	hws_agents_desktop(h->agents, &d);
	return json_pack("{s:b,s:s,s:s,s:i,s:i,s:i,s:s}", "ready", d.ready, "backend", d.backend,
			"why", d.why, "displays", (int)d.displays, "restarts", (int)d.restarts,
			"pid", (int)d.pid, "hardware", d.hardware ? d.hardware : "");
}

static void add_agent(enum hws_agent_role role, const char *account, const uint64_t *conns,
		unsigned sessions, const struct hws_agent_state *s, void *arg)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < sessions; i++)
		json_array_append_new(list, json_integer((json_int_t)conns[i]));
	json_array_append_new(arg,
			json_pack("{s:s,s:s,s:b,s:i,s:o,s:i,s:i,s:s}", "role",
					hws_agent_role_name(role), "account", account, "ready",
					s->ready, "sessions", (int)sessions, "conns", list, "kept",
					(int)s->kept, "pid", (int)s->pid, "why", s->why));
}

/* Those that come and go with sessions. */
static json_t *agents_json(const struct hws_hostd *h)
{
	json_t *list = json_array();

	hws_agents_each(h->agents, add_agent, list);
	return list;
}

static json_t *mapped_json(const struct hws_hostd *h)
{
	struct hws_ports_status t, u;
	const struct hws_ports_status *s;

	hws_ports_status(h->ports, false, &t);
	hws_ports_status(h->ports, true, &u);
	s = *u.address && !*t.address ? &u : &t; /* a router may give UDP alone */
	return json_pack("{s:b,s:s,s:s,s:s,s:s,s:s,s:s}", "on", s->on, "state", s->state, "by",
			s->by, "by_text", s->by_text, "address", t.address, "udp_address",
			u.address, "why", s->why);
}

static json_t *sandbox_json(const struct hws_hostd *h)
{
	char gate[100], missing[100], own[100];

	return json_pack("{s:b,s:s,s:s,s:s}", "off", !h->settings->sandbox, "gate",
			hws_layers_text(&h->layers, gate, sizeof(gate)), "missing",
			hws_layers_missing(&h->layers, missing, sizeof(missing)), "host",
			hws_sandbox_text(hws_sandbox_layers(), own, sizeof(own)));
}

static void do_status(struct hws_control_reply *reply, const json_t *req HWS_UNUSED, void *arg)
{
	struct hws_hostd *h = arg;
	char fingerprint[HWS_FINGERPRINT_TEXT];
	json_t *sessions = json_array();
	struct hws_list *n;

	hws_list_for (n, &h->sessions) {
		const struct hws_host_session *v = hws_container(n, struct hws_host_session, node);

		/* who is on the way to a relay has no viewer yet, and a leg one of another's */
		if (v->begun && !v->leg.of)
			json_array_append_new(sessions, session_json(h, v));
	}
	hws_control_ok(reply,
			json_pack("{s:s,s:s,s:s,s:o,s:o,s:{s:b,s:b,s:i},s:o,s:o,s:o,s:b,s:b,s:b,s:b,s:I,s:I,s:I,s:I,s:s,s:o,s:b,s:b,s:o,s:o}",
					"version", HAWSER_VERSION, "id", h->whoami.id,
					"fingerprint",
					hws_fingerprint_text(h->whoami.identity.pk, fingerprint),
					"server", hws_servers_best_json(h->servers), "servers",
					hws_servers_json(h->servers), "direct", "wanted",
					hws_settings_direct(h->settings), "listening",
					h->direct != NULL, "port",
					h->direct ? (int)hws_listener_port(h->direct) : 0, "mapped",
					mapped_json(h), "desktop", desktop_json(h), "sessions",
					sessions, "permanent_password", h->vault.has_permanent,
					"permanent_hawser_only", hws_vault_lacks_h1(&h->vault),
					"permanent_accepted",
					h->vault.conf.accept != HWS_VAULT_TEMPORARY,
					"temporary_password", *hws_vault_temporary(&h->vault) != 0,
					"uptime_s",
					(json_int_t)((hws_loop_now_us(h->loop) - h->started_us) /
							HWS_US_PER_S),
					"accepted", (json_int_t)h->accepted, "refused",
					(json_int_t)h->refused, "opened", (json_int_t)h->opened,
					"restart_needed", h->restart_needed, "sandbox",
					sandbox_json(h), "keys_locked", hws_secret_locked(),
					"launcher", hws_launcher_lives(h->launcher), "agents",
					agents_json(h), "strategy",
					hws_managed_json(&h->managed, h->settings)));
}

struct kick_case {
	json_int_t conn;
	unsigned found;
};

static void kick_one(struct hws_host_session *v, void *arg)
{
	struct kick_case *k = arg;

	if (v->leg.of || (k->conn && (uint64_t)k->conn != v->conn))
		return; /* a leg goes with its session */
	k->found += v->begun;
	hws_host_session_kick(v, "Closed manually by the peer");
}

static void do_kick(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	struct hws_hostd *h = arg;
	struct kick_case k = { json_integer_value(json_object_get(req, "conn")), 0 };

	if (!json_is_integer(json_object_get(req, "conn"))) {
		hws_control_fail(reply, HWS_ERR_INVAL, "'conn' is missing: see 'status'");
		return;
	}
	hws_hostd_each(h, kick_one, &k);
	/* Who is sent away may have left other sessions, to come back with; their names tell
	 * nothing. */
	if (k.found) {
		hws_recent_forget_away(&h->recent);
		hws_resume_forget_away(&h->resume_secret);
	}
	if (k.conn && !k.found)
		hws_control_fail(reply, HWS_ERR_NOTFOUND, "there is no such connection");
	else
		hws_control_ok(reply, json_pack("{s:i}", "closed", (int)k.found));
}

static void on_told(unsigned told, const char *error, void *arg)
{
	struct hws_control_reply *reply = arg;

	if (told)
		hws_control_ok(reply, json_pack("{s:i,s:s}", "told", (int)told, "text", error));
	else
		hws_control_fail(reply, HWS_ERR_NOTFOUND, "%s",
				*error ? error : "there is nobody who could read it");
}

/* What the text is about is the service's affair: it is passed on, and written down nowhere. */
static void do_tell(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	struct hws_hostd *h = arg;
	const char *service = json_string_value(json_object_get(req, "service"));
	const char *text = json_string_value(json_object_get(req, "text"));
	json_int_t conn = json_integer_value(json_object_get(req, "conn"));

	if (!service || !text || conn < 0)
		hws_control_fail(reply, HWS_ERR_INVAL, "'service' and 'text' are needed");
	else
		hws_agents_command(h->agents, service, (uint64_t)conn, text, on_told, reply);
}

/* The number is the person's word that this viewer may look here once. */
static void do_switch_expect(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	struct hws_hostd *h = arg;
	const char *id = json_string_value(json_object_get(req, "id"));
	const char *hex = json_string_value(json_object_get(req, "number"));
	uint8_t number[HWS_SWITCH_NUMBER];

	if (!id || !hex || hws_hex_decode(hex, number, sizeof(number)) < 0 ||
			hws_switches_expect(&h->switches_secret, id, number,
					hws_loop_now_us(h->loop)) < 0)
		hws_control_fail(reply, HWS_ERR_INVAL, "'id' and 'number' are needed");
	else
		hws_control_ok(reply, json_pack("{s:s}", "id", h->whoami.id));
	hws_wipe(number, sizeof(number));
}

static void do_reload(struct hws_control_reply *reply, const json_t *req HWS_UNUSED, void *arg)
{
	struct hws_error err = { 0 };
	int r = hws_hostd_reload(arg, &err);

	if (r < 0)
		hws_control_fail(reply, r, "%s", err.text);
	else
		hws_control_ok(reply,
				json_pack("{s:s}", "restart_needed",
						((struct hws_hostd *)arg)->restart_needed));
}

static json_t *config_json(const struct hws_hostd *h)
{
	struct hws_buf text;
	struct hws_bytes b;
	json_t *o = NULL;

	hws_buf_init(&text, HWS_CONTROL_LINE_MAX);
	hws_options_show(&hws_settings_options, h->settings, &text);
	b = hws_buf_bytes(&text);
	if (hws_buf_err(&text) == HWS_OK)
		o = json_pack("{s:s%,s:s,s:o}", "config", b.ptr, b.len, "restart_needed",
				h->restart_needed, "strategy",
				hws_managed_json(&h->managed, h->settings));
	hws_buf_done(&text);
	return o;
}

static void do_config(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	const struct hws_hostd *h = arg;
	const char *name = json_string_value(json_object_get(req, "name"));
	char value[8192];
	json_t *answer;

	if (name &&
			hws_options_get(&hws_settings_options, h->settings, name, value,
					sizeof(value)) < 0) {
		hws_control_fail(reply, HWS_ERR_NOTFOUND, "there is no such setting");
		return;
	}
	answer = name ? json_pack("{s:s,s:b}", "value", value, "strategy",
					hws_managed_has(&h->managed, name))
		      : config_json(h);
	if (answer)
		hws_control_ok(reply, answer);
	else
		hws_control_fail(reply, HWS_ERR_INVAL,
				"the settings are not text that could be told (UTF-8)");
}

static const struct hws_control_cmd table[] = {
	{ "id", "the ID of this host", do_id },
	{ "password", "the temporary password", do_password },
	{ "password-rotate", "a new temporary password", do_password_rotate },
	{ "password-set", "set or remove the permanent password", do_password_set },
	{ "status", "sessions, server, desktop", do_status },
	{ "kick", "end a session", do_kick },
	{ "permit", "change what a session may do", hws_control_permit },
	{ "switch-expect", "let a viewer in once, to change sides", do_switch_expect },
	{ "sign-upload", "vouch for a part of a recording", hws_control_sign_upload },
	{ "tell", "say something to viewers", do_tell },
	{ "config", "the settings in force", do_config },
	{ "reload", "read the configuration again", do_reload },
};

int hws_host_control_new(struct hws_hostd *h, struct hws_control **ret, struct hws_error *err)
{
	int r = hws_control_new(
			h->loop, h->settings->control_socket, table, HWS_COUNT(table), h, ret, err);

	if (r == HWS_OK)
		hws_control_set_program(*ret, "hawser-host");
	return r;
}
