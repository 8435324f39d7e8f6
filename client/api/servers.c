/* Which servers, and which host by them. */
#include "client/api/servers.h"
#include "client/api/session_loop.h"
#include "shared/base/str.h"
#include <string.h>

static const char *key_in(const struct hws_server_list *l, const char *server)
{
	for (size_t i = 0; i < l->count; i++) {
		if (hws_target_same_server(l->entry[i].text, server))
			return l->entry[i].key;
	}
	return "";
}

static bool has(const struct hws_server_list *l, const char *server)
{
	for (size_t i = 0; i < l->count; i++) {
		if (hws_target_same_server(l->entry[i].text, server))
			return true;
	}
	return false;
}

bool api_servers_setting_has(const struct hws_viewer_config *v, const char *server)
{
	struct hws_server_list l;

	return hws_server_list_parse(v->server, "", &l, NULL) == HWS_OK && has(&l, server);
}

int api_servers_override(struct hws_view_settings *s, const char *server, struct hws_error *err)
{
	const struct hws_viewer_config *v = hws_view_settings_config(s);
	char keys[HWS_SERVERS_MAX * (HWS_KEY_TEXT_MAX + 2)] = "";
	struct hws_server_list named = { 0 }, set = { 0 };
	bool lone_key = !strpbrk(v->key, ", "); /* for whatever is looked up at */
	int r;

	if (hws_server_list_parse(v->server, lone_key ? "" : v->key, &set, NULL) < 0)
		set.count = 0; /* what is wrong there is not asked for */
	r = hws_view_settings_override(s, "server", server, err);
	if (r < 0 || lone_key)
		return r;
	r = hws_server_list_parse(server, "", &named, err);
	for (size_t i = 0; r == HWS_OK && i < named.count; i++) {
		const struct hws_server_entry *n = &named.entry[i];
		const char *key = n->key[0] ? "" : key_in(&set, n->text);
		size_t len = strlen(keys);

		r = hws_fmt(keys + len, sizeof(keys) - len, "%s%s", len ? "," : "",
				*key ? key : "-");
	}
	return r < 0 ? r : hws_view_settings_override(s, "key", keys, err);
}

int api_servers_name(const char *id, const char *server, char *buf, size_t size)
{
	char place[HWS_PEER_SERVER];

	if (strstr(server, "://") && hws_target_server_name(server, place, sizeof(place)) == HWS_OK)
		server = place;
	return hws_fmt(buf, size, "%s@%s", id, server);
}

/* A key that was given beside no server of its own is for whatever is looked up at. */
static int parse(const char *servers, const char *keys, const char *whose,
		struct hws_server_list *ret)
{
	struct hws_error err = { 0 };

	if (hws_server_list_parse(servers ? servers : "", keys ? keys : "", ret, &err) < 0)
		return api_fail(HAWSER_ERR_INVAL, "%s: %s", whose, err.text);
	return HAWSER_OK;
}

/* The server that the target names: its key is the target's own, else what was given for this
 * session or context beside no other server, else the one that the settings have for it. */
static int choose_named(const struct hws_target *t, const struct hawser_link_config *c,
		const struct hws_server_list *given, const struct hws_server_list *set,
		const char *lone_key, struct hws_server_list *ret)
{
	const char *key = t->key[0]                 ? t->key
			: c->key && !c->server      ? c->key
			: *key_in(given, t->server) ? key_in(given, t->server)
			: lone_key                  ? lone_key
						    : key_in(set, t->server);

	return parse(t->server, key, "the server of the target", ret);
}

int api_servers_choose(hawser_context *ctx, const struct hws_target *t,
		const struct hawser_link_config *c, struct hws_server_list *ret)
{
	const struct hws_viewer_config *v = hws_view_settings_config(ctx->settings);
	struct hws_server_list given = { 0 }, set = { 0 };
	bool own_key = c->key && !c->server; /* for the settings' servers */
	int r = HAWSER_OK;

	*ret = (struct hws_server_list){ 0 };
	if (t->is_direct)
		return r;
	if (c->server)
		r = parse(c->server, c->key, "the server", &given);
	if (r == HAWSER_OK)
		r = parse(v->server,
				own_key && !t->server[0]     ? c->key
						: *v->server ? v->key
							     : "",
				"the settings 'server' and 'key'", &set);
	if (r < 0)
		return r;
	if (t->server[0])
		return choose_named(t, c, &given, &set, ctx->key_alone ? v->key : NULL, ret);
	if (!c->server) {
		*ret = set;
		return r;
	}
	*ret = given;
	for (size_t i = 0; i < ret->count && !c->key; i++) {
		if (!ret->entry[i].key[0])
			memcpy(ret->entry[i].key, key_in(&set, ret->entry[i].text),
					strlen(key_in(&set, ret->entry[i].text)) + 1);
	}
	return r;
}

/* --- of one session --------------------------------------------------------------------------- */

/* The newest that is remembered by any of them. */
static const struct hws_known_peer *find(
		const struct api_session_loop *e, const struct hws_server_entry **ret)
{
	const struct hws_known_peer *p;

	for (size_t i = 0; (p = hws_view_settings_peer_at(e->ctx->settings, i)) != NULL; i++) {
		for (size_t k = 0; k < e->servers.count; k++) {
			if (!hws_target_same_at(p->target, p->server, e->s->target,
					    e->servers.entry[k].text))
				continue;
			*ret = &e->servers.entry[k];
			return p;
		}
	}
	return NULL;
}

const struct hws_known_peer *api_servers_peer(const struct api_session_loop *e)
{
	const struct hws_server_entry *by;

	if (e->servers.count > 1)
		return find(e, &by);
	return hws_view_settings_peer(e->ctx->settings, e->s->target, e->server);
}

void api_servers_found(struct api_session_loop *e, const struct hws_server_entry *server,
		const char *place)
{
	if (hws_str_copy(e->place, sizeof(e->place), place) < 0)
		e->place[0] = '\0';
	/* api_servers_set has looked at their lengths */
	if (server && hws_str_copy(e->server, sizeof(e->server), server->text) == HWS_OK)
		memcpy(e->key, server->key, sizeof(e->key));
}

int api_servers_set(struct api_session_loop *e, const struct hws_server_list *servers)
{
	const struct hws_server_entry *first = servers->count ? &e->servers.entry[0] : NULL;

	_Static_assert(sizeof(e->key) == sizeof(first->key), "the same keys");
	for (size_t i = 0; i < servers->count; i++) {
		if (strlen(servers->entry[i].text) >= sizeof(e->server))
			return HWS_ERR_TOOBIG;
	}
	e->servers = *servers;
	if (servers->count > 1) {
		pthread_mutex_lock(&e->ctx->lock);
		(void)find(e, &first);
		pthread_mutex_unlock(&e->ctx->lock);
	}
	api_servers_found(e, first, "");
	return HWS_OK;
}

void api_servers_order(const struct api_session_loop *e, struct hws_server_list *ret)
{
	size_t n = 1;

	*ret = e->servers;
	for (size_t i = 0; i < e->servers.count; i++) {
		const struct hws_server_entry *s = &e->servers.entry[i];

		if (hws_str_equal(s->text, e->server))
			ret->entry[0] = *s;
		else if (n < HWS_SERVERS_MAX)
			ret->entry[n++] = *s;
	}
}

int api_servers_forget_moved(struct api_session_loop *e, const struct hws_known_peer *old,
		const struct hws_known_peer *k)
{
	char name[HWS_TARGET_NAME];
	int r = HWS_ERR_NOTFOUND;

	if (e->servers.count > 1 && old->has_pk && k->has_pk &&
			memcmp(old->pk, k->pk, sizeof(k->pk)) == 0 && *old->server &&
			!hws_target_same_server(old->server, k->server) &&
			hws_fmt(name, sizeof(name), "%s@%s", e->target.id, old->server) == HWS_OK)
		r = hws_view_settings_forget(e->ctx->settings, name);
	return r == HWS_ERR_NOTFOUND ? HWS_OK : r;
}
