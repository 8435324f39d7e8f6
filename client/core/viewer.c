/* The viewer's side of a session as a state machine. Without I/O, so that tests, fuzzers and
 * programs run the same code. */
#include "client/core/viewer_parts.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include "shared/wire/version.h"
#include <stdio.h>

#define LINK_LIMIT_US 18000000ull

static const char *const state_names[] = { "idle", "securing", "hash", "doubt", "verdict", "asking",
	"ready", "ended" };

/* By state: the set of states that may follow. Anything may end, and a lost link makes IDLE. */
#define TO(s) (1u << HWS_VIEWER_##s)
static const unsigned may_go[] = {
	[HWS_VIEWER_IDLE] = TO(SECURING) | TO(HASH),
	[HWS_VIEWER_SECURING] = TO(HASH),
	[HWS_VIEWER_HASH] = TO(DOUBT) | TO(VERDICT) | TO(ASKING),
	[HWS_VIEWER_DOUBT] = TO(VERDICT) | TO(ASKING),
	[HWS_VIEWER_VERDICT] = TO(VERDICT) | TO(ASKING) | TO(READY),
	[HWS_VIEWER_ASKING] = TO(VERDICT) | TO(ASKING) | TO(READY),
	[HWS_VIEWER_READY] = 0,
	[HWS_VIEWER_ENDED] = 0,
};

const char *hws_viewer_state_name(enum hws_viewer_state state)
{
	return (size_t)state < HWS_COUNT(state_names) ? state_names[state] : "?";
}

bool hws_viewer_set_state(struct hws_viewer *v, enum hws_viewer_state state)
{
	if (state != HWS_VIEWER_IDLE && state != HWS_VIEWER_ENDED &&
			!(may_go[v->state] & (1u << state)))
		return false;
	bool changed = v->state != state;
	v->state = state;
	if (changed)
		v->ops.state(state, v->arg);
	return true;
}

void hws_viewer_end(struct hws_viewer *v, int err, const char *text, const char *peer_text)
{
	if (v->state == HWS_VIEWER_ENDED || v->state == HWS_VIEWER_IDLE)
		return;
	hws_viewer_set_state(v, HWS_VIEWER_ENDED);
	v->ops.end(err, text, peer_text, v->arg);
}

int hws_viewer_new(const struct hws_viewer_conf *conf, struct hws_viewer **ret)
{
	struct hws_viewer *v = hws_alloc(sizeof(*v));
	int r;

	if (!v)
		return HWS_ERR_NOMEM;
	r = hws_session_wish_copy(&conf->wish, &v->wish);
	if (r < 0) {
		hws_free(v);
		return r;
	}
	v->ops = *conf->ops;
	v->arg = conf->arg;
	snprintf(v->my_id, sizeof(v->my_id), "%s", conf->my_id);
	snprintf(v->my_name, sizeof(v->my_name), "%s", conf->my_name);
	snprintf(v->my_platform, sizeof(v->my_platform), "%s", conf->my_platform);
	v->session_id = conf->session_id;
	v->options = conf->options;
	v->allow_plain = conf->allow_plain;
	v->require_v2 = conf->require_v2;
	v->legs = conf->legs && conf->ops->legs;
	v->has_switch = conf->switch_number != NULL;
	if (conf->switch_number)
		memcpy(v->switch_secret, conf->switch_number, sizeof(v->switch_secret));
	v->trusted = conf->trusted;
	memcpy(v->hwid, conf->hwid, sizeof(v->hwid));
	hws_login_init(&v->login);
	*ret = v;
	return HWS_OK;
}

int hws_viewer_sibling(const struct hws_viewer *v, const struct hws_viewer_ops *ops, void *arg,
		const struct hws_session_wish *wish, struct hws_viewer **ret)
{
	struct hws_viewer_conf conf = { .ops = ops,
		.arg = arg,
		.my_id = v->my_id,
		.my_name = v->my_name,
		.my_platform = v->my_platform,
		.session_id = v->session_id,
		.options = v->options,
		.allow_plain = v->allow_plain,
		.require_v2 = v->require_v2,
		.legs = v->legs,
		.trusted = v->trusted,
		.wish = *wish };
	int r;

	memcpy(conf.hwid, v->hwid, sizeof(conf.hwid));
	r = hws_viewer_new(&conf, ret);
	if (r == HWS_OK)
		r = hws_login_preset(&(*ret)->login, v->login.preset_secret);
	if (r == HWS_OK)
		hws_login_learn(&(*ret)->login, &v->login);
	return r;
}

void hws_viewer_allow_plain(struct hws_viewer *v)
{
	v->allow_plain = true;
}

void hws_viewer_free(struct hws_viewer *v)
{
	if (!v)
		return;
	hws_viewer_lost(v);
	hws_login_done(&v->login);
	hws_session_wish_done(&v->wish);
	hws_free_wiped(v, sizeof(*v));
}

void hws_viewer_serve(struct hws_viewer *v, struct hws_service *s)
{
	s->viewer = v;
	v->service[s->impl->id] = s;
}

struct hws_login *hws_viewer_login(struct hws_viewer *v)
{
	return &v->login;
}

/* --- sending ---------------------------------------------------------------------------------- */

int hws_viewer_pack(struct hws_viewer *v, const Ses__Message *m)
{
	enum hws_channel channel;
	struct hws_buf out;
	int r;

	hws_buf_init(&out, HWS_SES_FRAME_MAX);
	r = hws_ses_pack(m, &out);
	channel = hws_session_channel_of(hws_session_row_of(m), HWS_TO_HOST, hws_buf_len(&out));
	if (r == HWS_OK && hws_buf_len(&out) > hws_channel_message_max(channel))
		r = HWS_ERR_TOOBIG; /* its service should have split it */
	if (r == HWS_OK)
		r = v->ops.send(channel, hws_buf_bytes(&out), v->arg);
	hws_buf_done_wiped(&out);
	return r;
}

int hws_viewer_send(struct hws_viewer *v, const Ses__Message *m)
{
	return v->state == HWS_VIEWER_READY ? hws_viewer_pack(v, m) : HWS_ERR_DENIED;
}

int hws_viewer_send_packed(struct hws_viewer *v, enum hws_channel channel, struct hws_bytes head,
		struct hws_bytes rest)
{
	struct hws_buf whole;
	int r;

	if (v->state != HWS_VIEWER_READY)
		return HWS_ERR_DENIED;
	if (head.len + rest.len > hws_channel_message_max(channel))
		return HWS_ERR_TOOBIG;
	if (rest.len == 0)
		return v->ops.send(channel, head, v->arg);
	hws_buf_init(&whole, head.len + rest.len);
	hws_buf_put(&whole, head.ptr, head.len);
	hws_buf_put(&whole, rest.ptr, rest.len);
	r = hws_buf_err(&whole);
	if (r == HWS_OK)
		r = v->ops.send(channel, hws_buf_bytes(&whole), v->arg);
	hws_buf_done_wiped(&whole);
	return r;
}

void hws_viewer_hold(struct hws_viewer *v, bool hold)
{
	if (v->ops.hold)
		v->ops.hold(hold, v->arg);
}

int hws_viewer_send_misc(struct hws_viewer *v, Ses__Misc *misc)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = misc;
	return hws_viewer_send(v, &m);
}

void hws_viewer_leave(struct hws_viewer *v)
{
	Ses__Misc misc = SES__MISC__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	if (v->state < HWS_VIEWER_HASH || v->state == HWS_VIEWER_ENDED)
		return;
	misc.union_case = SES__MISC__UNION_CLOSE_REASON;
	misc.close_reason = (char *)"";
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	if (hws_viewer_pack(v, &m) < 0)
		return; /* the host sees the end of the stream instead */
}

void hws_viewer_tell_options(struct hws_viewer *v)
{
	struct hws_option_message change;
	Ses__Misc misc = SES__MISC__INIT;

	if (v->state != HWS_VIEWER_READY ||
			!hws_view_options_change(v->wish.kind, &v->told, &v->options, &change))
		return;
	misc.union_case = SES__MISC__UNION_OPTION;
	misc.option = &change.m;
	if (hws_viewer_send_misc(v, &misc) == HWS_OK)
		v->told = v->options;
}

void hws_viewer_set_options(struct hws_viewer *v, const struct hws_view_options *o)
{
	bool all = v->options.all_displays;

	v->options = *o;
	v->options.all_displays = all;
	hws_viewer_choose_displays(v, o->all_displays);
	hws_viewer_tell_options(v);
}

int hws_viewer_set_service_id(struct hws_viewer *v, const char *id)
{
	return hws_session_wish_set(&v->wish.service_id, id);
}

/* --- handshake -------------------------------------------------------------------------------- */

static void say_what_secures(struct hws_viewer *v)
{
	struct hws_secure_keys keys;
	struct hws_bytes out;
	bool more;

	do {
		while (hws_secure_take_output(&v->secure, &out))
			if (v->ops.send(HWS_CHANNEL_CONTROL, out, v->arg) < 0)
				break; /* the link is ending */
		more = hws_secure_take_keys(&v->secure, &keys);
		if (more)
			v->ops.keyed(&keys, v->arg);
		hws_wipe(&keys, sizeof(keys));
	} while (more);
}

/* Right behind the two confirmations; nothing else was sent yet. */
static void begin_legs(struct hws_viewer *v)
{
	const uint8_t *key_secret = hws_secure_legs_key(&v->secure);

	if (key_secret)
		v->ops.legs(key_secret, v->arg);
}

/* `frame`: what the host said last. */
static void securing_step(struct hws_viewer *v, struct hws_bytes frame)
{
	const uint8_t *pk;

	say_what_secures(v);
	pk = hws_secure_host_pk(&v->secure);
	v->has_host_pk = pk != NULL;
	if (pk)
		memcpy(v->host_pk, pk, sizeof(v->host_pk));
	switch (hws_secure_state(&v->secure)) {
	case HWS_SECURE_DONE:
		v->level = hws_secure_level(&v->secure);
		v->trust = hws_secure_trust(&v->secure);
		if (hws_viewer_secured(v)) {
			begin_legs(v);
			hws_viewer_set_state(v, HWS_VIEWER_HASH);
		}
		break;
	case HWS_SECURE_FAILED:
		hws_viewer_unsecured(v, frame);
		break;
	default: /* goes on with the next frame */
		break;
	}
}

int hws_viewer_start(struct hws_viewer *v, const struct hws_viewer_link *link)
{
	int r;

	if (v->state != HWS_VIEWER_IDLE)
		return HWS_ERR_BUSY;
	r = hws_str_copy(v->username, sizeof(v->username), link->username);
	if (r < 0)
		return HWS_ERR_INVAL;
	/* The key behind "?" is the server's. */
	hws_str_escape(v->name, sizeof(v->name), hws_bytes(link->name, strcspn(link->name, "?")));
	v->level = HWS_LEVEL_PLAIN;
	v->trust = HWS_TRUST_NONE;
	v->has_host_pk = false;
	v->local = link->local;
	v->by_address = !*link->id;
	v->pinned_level = link->pinned_pk ? link->pinned_level : HWS_LEVEL_PLAIN;
	v->pin_given = link->pinned_pk && link->pin_given;
	v->has_server_pk = link->server_pk != NULL;
	if (link->server_pk)
		memcpy(v->server_pk, link->server_pk, sizeof(v->server_pk));
	v->agreed = v->stranger = v->has_leg_session = false;
	v->trust_asked = false;
	hws_viewer_login_begin(v);
	memset(v->denied, 0, sizeof(v->denied));
	v->peer = (struct hws_peer){ 0 };
	v->ops.frame_max(HWS_SES_LOGIN_FRAME_MAX, v->arg);
	/* Which downgrade is acceptable is the user's decision, taken before anything is told; but
	 * not where a key is wrong, or of a host that is known to do better. */
	r = hws_secure_client_init(&v->secure,
			&(struct hws_secure_client_conf){ .id = link->id,
					.statement = link->statement,
					.server_pk = link->server_pk,
					.pinned_pk = link->pinned_pk,
					.pin_rules = v->pin_given,
					.plain_ok = hws_viewer_plain_ok(v),
					.legs = v->legs,
					.need = hws_viewer_need(v) });
	if (r < 0)
		return r;
	v->has_secure = true;
	hws_viewer_set_state(v, HWS_VIEWER_SECURING);
	securing_step(v, hws_bytes(NULL, 0));
	return HWS_OK;
}

const uint8_t *hws_viewer_leg_session(const struct hws_viewer *v)
{
	return v->state == HWS_VIEWER_READY && v->has_leg_session ? v->leg_session : NULL;
}

void hws_viewer_frame(struct hws_viewer *v, struct hws_bytes payload)
{
	if (v->state == HWS_VIEWER_IDLE || v->state == HWS_VIEWER_ENDED)
		return;
	if (v->state != HWS_VIEWER_SECURING) {
		hws_viewer_dispatch(v, payload);
		return;
	}
	int r = hws_secure_frame(&v->secure, payload);
	if (r < 0) {
		hws_viewer_end(v, r, "the encrypted connection could not be set up", NULL);
		return;
	}
	securing_step(v, payload);
	/* A host without handshake has begun with its Hash already, or says why there is none. */
	if (v->state == HWS_VIEWER_HASH &&
			(hws_secure_frame_unused(&v->secure) ||
					hws_secure_reason(&v->secure) == HWS_PLAIN_UNEXPECTED))
		hws_viewer_dispatch(v, payload);
}

void hws_viewer_lost(struct hws_viewer *v)
{
	struct hws_service *s;

	each_open_service(v, s, close) s->impl->close(s);
	v->services_open = false;
	if (v->has_secure)
		hws_secure_wipe(&v->secure);
	v->has_secure = false;
	v->job = NULL; /* whoever has it gives it back */
	v->login.resume.lost = true;
	if (v->state != HWS_VIEWER_IDLE)
		hws_viewer_set_state(v, HWS_VIEWER_IDLE);
}

void hws_viewer_tick(struct hws_viewer *v, uint64_t now_us)
{
	struct hws_service *s;

	v->now_us = now_us;
	if (v->login.resume.lost && !v->login.resume.lost_us)
		v->login.resume.lost_us = now_us;
	each_open_service(v, s, tick) s->impl->tick(s, now_us);
}

void hws_viewer_drained(struct hws_viewer *v)
{
	struct hws_service *s;

	each_open_service(v, s, drained) s->impl->drained(s);
}

uint64_t hws_viewer_limit_us(const struct hws_viewer *v)
{
	/* Later states are kept alive, or ended, by the host's probes: the link's own idle
	 * limit. */
	return v->state == HWS_VIEWER_SECURING || v->state == HWS_VIEWER_HASH ? LINK_LIMIT_US : 0;
}

/* --- looking ---------------------------------------------------------------------------------- */

const struct hws_view_options *hws_viewer_options(const struct hws_viewer *v)
{
	return &v->options;
}

enum hws_viewer_state hws_viewer_state(const struct hws_viewer *v)
{
	return v->state;
}

enum hws_session_kind hws_viewer_kind(const struct hws_viewer *v)
{
	return v->wish.kind;
}

const struct hws_peer *hws_viewer_peer(const struct hws_viewer *v)
{
	return &v->peer;
}

bool hws_viewer_encrypted(const struct hws_viewer *v)
{
	return v->level != HWS_LEVEL_PLAIN;
}

enum hws_secure_level hws_viewer_level(const struct hws_viewer *v)
{
	return v->level;
}

enum hws_secure_trust hws_viewer_trust(const struct hws_viewer *v)
{
	return v->trust;
}

bool hws_viewer_may_pin(const struct hws_viewer *v)
{
	if (v->state != HWS_VIEWER_READY || v->level == HWS_LEVEL_PLAIN || !v->has_host_pk)
		return false;
	return v->trust != HWS_TRUST_FIRST || !v->refused || v->login.pake.confirmed;
}

const uint8_t *hws_viewer_host_pk(const struct hws_viewer *v)
{
	return v->has_host_pk ? v->host_pk : NULL;
}

bool hws_viewer_permitted(const struct hws_viewer *v, int permission)
{
	return permission >= 0 && (size_t)permission < HWS_COUNT(v->denied) &&
			!v->denied[permission];
}

bool hws_viewer_may(const struct hws_viewer *v, const struct hws_service *s)
{
	if (v->state != HWS_VIEWER_READY || !(s->impl->kinds & HWS_KIND_BIT(v->wish.kind)))
		return false;
	for (unsigned p = 0; p < HWS_COUNT(v->denied); p++)
		if (s->impl->permissions >> p & 1 && v->denied[p])
			return false;
	return !s->impl->wanted || s->impl->wanted(&v->options);
}

bool hws_viewer_can_send(const struct hws_viewer *v, const struct hws_service *s)
{
	return hws_viewer_may(v, s) && (!v->ops.can_send || v->ops.can_send(s->impl->id, v->arg));
}

uint64_t hws_viewer_ignored(const struct hws_viewer *v)
{
	return v->ignored;
}
