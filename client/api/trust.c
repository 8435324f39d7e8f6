/* What a session remembers of its host, and what users are told of the host's key. A host that once
 * spoke v2 is taken for no less from then on, so that nobody on the way can talk it down. */
#include "client/api/servers.h"
#include "client/api/session_loop.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The public numbers are ours; they may not drift apart. */
#define SAME(public, own) _Static_assert((int)HAWSER_##public == (int)HWS_##own, "public number")
SAME(ENCRYPTION_NONE, LEVEL_PLAIN);
SAME(ENCRYPTION_V1, LEVEL_V1);
SAME(ENCRYPTION_V2, LEVEL_V2);
SAME(TRUST_NONE, TRUST_NONE);
SAME(TRUST_FIRST, TRUST_FIRST);
SAME(TRUST_PINNED, TRUST_PIN);
SAME(TRUST_SERVER, TRUST_SERVER);

const char *hawser_encryption_name(enum hawser_encryption encryption)
{
	return hws_secure_level_word((enum hws_secure_level)encryption);
}

const char *hawser_encryption_text(enum hawser_encryption encryption)
{
	return hws_secure_level_text((enum hws_secure_level)encryption);
}

static const struct {
	const char *name, *text;
} trusts[] = {
	[HAWSER_TRUST_NONE] = { "none", "no key" },
	[HAWSER_TRUST_FIRST] = { "first-contact", "first contact: nobody vouches for its key" },
	[HAWSER_TRUST_PINNED] = { "pinned",
			"its key is the remembered one, or the one that was given" },
	[HAWSER_TRUST_SERVER] = { "server", "the server vouches for its key" },
};

const char *hawser_trust_name(enum hawser_trust trust)
{
	return trusts[(size_t)trust < HWS_COUNT(trusts) ? trust : HAWSER_TRUST_NONE].name;
}

const char *hawser_trust_text(enum hawser_trust trust)
{
	return trusts[(size_t)trust < HWS_COUNT(trusts) ? trust : HAWSER_TRUST_NONE].text;
}

enum hawser_encryption api_trust_encryption(const struct api_session_loop *e)
{
	return (enum hawser_encryption)hws_viewer_level(e->viewer);
}

enum hawser_trust api_trust_public(const struct api_session_loop *e)
{
	return (enum hawser_trust)hws_viewer_trust(e->viewer);
}

/* The lock of the context is held. */
static const struct hws_known_peer *known_peer(struct api_session_loop *e)
{
	return api_servers_peer(e);
}

const char *api_trust_name(struct api_session_loop *e, char *buf, size_t size)
{
	const struct hws_known_peer *known;
	char server[HWS_PEER_SERVER];
	bool at;

	/* it may be remembered by another server of the list than it was found by now */
	pthread_mutex_lock(&e->ctx->lock);
	known = known_peer(e);
	snprintf(server, sizeof(server), "%s", known && *known->server ? known->server : e->server);
	pthread_mutex_unlock(&e->ctx->lock);
	at = !e->target.is_direct && !*e->target.server && *server;
	return at && api_servers_name(e->target.id, server, buf, size) == HWS_OK ? buf
										 : e->s->target;
}

void api_trust_pin(struct api_session_loop *e, struct api_pin *ret)
{
	const struct hws_known_peer *known;

	*ret = (struct api_pin){ 0 };
	pthread_mutex_lock(&e->ctx->lock);
	hws_view_settings_look(e->ctx->settings);
	known = known_peer(e);
	if (known && known->has_pk) {
		ret->has_pk = true;
		ret->level = known->level;
		memcpy(ret->pk, known->pk, sizeof(ret->pk));
	}
	pthread_mutex_unlock(&e->ctx->lock);
	if (!e->has_accepted)
		return;
	/* what is remembered of another key says nothing of this one */
	if (!ret->has_pk || memcmp(ret->pk, e->accepted_pk, sizeof(ret->pk)) != 0)
		ret->level = HWS_LEVEL_V1;
	ret->has_pk = true;
	memcpy(ret->pk, e->accepted_pk, sizeof(ret->pk));
}

int api_trust_remembered(struct api_session_loop *e, const struct hws_known_peer *known)
{
	struct hws_login *login = hws_viewer_login(e->viewer);
	struct hws_pake_stretched s = { known->has_pake, known->pake_kind, known->pake_cost,
		known->pake_secret };

	if (known->has_pake)
		hws_login_remembered_pake(login, &s);
	explicit_bzero(&s, sizeof(s));
	return known->has_h1 ? hws_login_remembered(login, known->h1_secret, known->salt) : HWS_OK;
}

bool api_trust_identity(struct hws_identity *ret_secret, void *arg)
{
	struct api_session_loop *e = arg;
	struct hws_error err;

	pthread_mutex_lock(&e->ctx->lock);
	int r = hws_view_settings_identity(e->ctx->settings, ret_secret, &err);
	pthread_mutex_unlock(&e->ctx->lock);
	return r == HWS_OK; /* hosts that ask for known viewers will say what they miss */
}

static int viewer_pk(hawser_context *ctx, uint8_t ret[HWS_PK_LEN])
{
	struct hws_error err = { 0 };
	struct hws_identity id;

	pthread_mutex_lock(&ctx->lock);
	int r = hws_view_settings_identity(ctx->settings, &id, &err);
	pthread_mutex_unlock(&ctx->lock);
	if (r < 0)
		return api_fail_err(&err);
	memcpy(ret, id.pk, HWS_PK_LEN);
	hws_identity_wipe(&id);
	return HAWSER_OK;
}

int hawser_viewer_key(hawser_context *ctx, char buf[HAWSER_KEY_TEXT])
{
	uint8_t pk[HWS_PK_LEN];
	int r = viewer_pk(ctx, pk);

	_Static_assert(HAWSER_KEY_TEXT == HWS_KEY_TEXT, "public number");
	if (r == HAWSER_OK)
		hws_key_text(pk, buf);
	return r;
}

int hawser_viewer_fingerprint(hawser_context *ctx, char buf[HAWSER_FINGERPRINT_TEXT])
{
	uint8_t pk[HWS_PK_LEN];
	int r = viewer_pk(ctx, pk);

	_Static_assert(HAWSER_FINGERPRINT_TEXT == HWS_FINGERPRINT_TEXT, "public number");
	if (r == HAWSER_OK)
		hws_fingerprint_text(pk, buf);
	return r;
}

void api_trust_report(struct api_session_loop *e)
{
	const uint8_t *pk = hws_viewer_host_pk(e->viewer);
	struct api_event *ev;
	char fingerprint[HWS_FINGERPRINT_TEXT], text[400] = "";

	if (!pk || !hws_viewer_encrypted(e->viewer))
		return;
	ev = api_event_new(e->s, HAWSER_EVENT_HOST_KEY);
	if (!ev)
		return;
	hws_fingerprint_text(pk, fingerprint);
	if (hws_viewer_trust(e->viewer) == HWS_TRUST_FIRST)
		snprintf(text, sizeof(text),
				"First contact: nobody vouches for this host's key. Its fingerprint is %s; "
				"compare it with the key that 'hawser-host status' shows there. It is "
				"remembered with the first login.",
				fingerprint);
	ev->ev.u.host_key.encryption = api_trust_encryption(e);
	ev->ev.u.host_key.trust = api_trust_public(e);
	ev->ev.u.host_key.fingerprint = api_event_text(ev, fingerprint);
	ev->ev.u.host_key.text = api_event_text(ev, text);
	api_report_push(e, ev);
}

/* Of the key: never less than before. True: that is news. */
static bool keep_pin(const struct hws_viewer *v, struct hws_known_peer *k)
{
	const uint8_t *pk = hws_viewer_host_pk(v);
	enum hws_secure_level level = hws_viewer_level(v);

	if (!hws_viewer_may_pin(v))
		return false;
	if (k->has_pk && memcmp(k->pk, pk, sizeof(k->pk)) == 0 && level <= k->level)
		return false;
	k->has_pk = true;
	k->level = level;
	memcpy(k->pk, pk, sizeof(k->pk));
	return true;
}

/* What logs in again, when the user wished that now or before. A host of v2 gets the form that it
 * can be proved in, and only that. */
static void keep_login(struct api_session_loop *e, struct hws_viewer *v, struct hws_known_peer *k)
{
	const struct hws_login *login = hws_viewer_login(v);
	const struct hws_pake_stretched *proved = hws_login_pake_proved(&login->pake);

	if (hws_viewer_level(v) == HWS_LEVEL_V2) {
		if (!proved || !(e->remember || (login->remembered && (k->has_h1 || k->has_pake))))
			return;
		k->has_pake = true;
		k->pake_kind = proved->kind;
		k->pake_cost = proved->cost;
		k->pake_secret = proved->secret;
		k->has_h1 = false;
	} else if (e->remember && login->has_h1) {
		k->has_h1 = true;
		memcpy(k->h1_secret, login->h1_secret, sizeof(k->h1_secret));
		memcpy(k->salt, login->h1_salt, sizeof(k->salt));
	}
}

/* Two sessions at a first contact met two keys: one of them was not the host's. */
static void end_contradicted(struct api_session_loop *e, const struct hws_viewer *v)
{
	char was[HWS_FINGERPRINT_TEXT] = "not known", now[HWS_FINGERPRINT_TEXT], text[700];
	const struct hws_known_peer *known;

	pthread_mutex_lock(&e->ctx->lock);
	known = known_peer(e);
	if (known && known->has_pk)
		hws_fingerprint_text(known->pk, was);
	pthread_mutex_unlock(&e->ctx->lock);
	snprintf(text, sizeof(text),
			"another session has met this host with another key meanwhile: remembered is %s, "
			"here it is %s. Somebody may be pretending to be the host: compare both with the "
			"one that 'hawser-host status' shows there",
			was, hws_fingerprint_text(hws_viewer_host_pk(v), now));
	api_session_loop_end(e, HWS_ERR_KEY, text, NULL);
}

void api_trust_keep(struct api_session_loop *e, struct hws_viewer *v)
{
	const struct hws_peer *peer = hws_viewer_peer(v);
	const struct hws_known_peer *known;
	struct hws_known_peer k = { 0 }, was;
	bool pinned;

	pthread_mutex_lock(&e->ctx->lock);
	hws_view_settings_look(e->ctx->settings);
	known = known_peer(e);
	if (known)
		k = *known;
	was = k;
	snprintf(k.target, sizeof(k.target), "%s", e->s->target);
	snprintf(k.server, sizeof(k.server), "%s",
			e->target.is_direct || *e->target.server ? "" : e->server);
	memcpy(k.hostname, peer->hostname, sizeof(k.hostname));
	memcpy(k.username, peer->username, sizeof(k.username));
	snprintf(k.platform, sizeof(k.platform), "%.63s", peer->platform);
	k.last_time = (uint64_t)time(NULL);
	keep_login(e, v, &k);
	pinned = keep_pin(v, &k);
	int r = hws_view_settings_keep(e->ctx->settings, &k, e->has_accepted);
	if (r == HWS_OK)
		r = api_servers_forget_moved(e, &was, &k);
	pthread_mutex_unlock(&e->ctx->lock);
	explicit_bzero(&was, sizeof(was));
	explicit_bzero(&k, sizeof(k));
	if (r == HWS_ERR_KEY) {
		end_contradicted(e, v);
		return;
	}
	/* No reason to end a session; but the next one would take any key again. A list that is not
	 * to be written, with this key in it, is in order. */
	if (r < 0 && (pinned || e->remember))
		api_report_notice(e, "Known hosts",
				"What was learnt of this host, above all its key, cannot be remembered: "
				"the list of known hosts (peers.json) cannot be written.");
}
