/* The list of remembered hosts and its JSON file. A user may have edited it: what is odd is left
 * out, never an error that keeps somebody from connecting. */
#include "client/core/known_peers.h"
#include "client/core/target.h"
#include "client/reach/server_list.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"
#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* Of a full list with the longest texts, each of their characters escaped. */
#define FILE_MAX (8u << 20)

void hws_known_peers_done(struct hws_known_peers *k)
{
	hws_wipe(k, sizeof(*k));
}

/* A text member; a missing or too long one is "". */
static void take(const json_t *o, const char *name, char *buf, size_t size)
{
	const char *s = json_string_value(json_object_get(o, name));

	if (!s || hws_str_copy(buf, size, s) < 0)
		buf[0] = 0;
}

static bool take_bytes(const json_t *o, const char *name, uint8_t *ret, size_t len)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s && hws_hex_decode(s, ret, len) == HWS_OK;
}

static uint32_t take_number(const json_t *o, const char *name)
{
	json_int_t i = json_integer_value(json_object_get(o, name));

	return i > 0 && i <= UINT32_MAX ? (uint32_t)i : 0;
}

/* What is of no use (a cost that is not allowed any more) is left out: the user is asked again. */
static void parse_pake(const json_t *o, struct hws_known_peer *p)
{
	const json_t *kind = json_object_get(o, "kind");
	uint8_t secret[sizeof(p->pake_secret.w0_secret) + sizeof(p->pake_secret.w1_secret)];

	p->pake_kind = json_is_string(kind) && hws_str_equal(json_string_value(kind), "temporary")
			? HWS_PAKE_TEMPORARY
			: HWS_PAKE_PERMANENT;
	p->pake_cost.ops = take_number(o, "ops");
	p->pake_cost.memory_kib = take_number(o, "memory_kib");
	p->has_pake = take_bytes(o, "secret", secret, sizeof(secret)) &&
			take_bytes(o, "salt", p->pake_cost.salt, sizeof(p->pake_cost.salt)) &&
			hws_pake_cost_check(&p->pake_cost, p->pake_kind) == HWS_OK;
	if (p->has_pake) {
		memcpy(p->pake_secret.w0_secret, secret, sizeof(p->pake_secret.w0_secret));
		memcpy(p->pake_secret.w1_secret, secret + sizeof(p->pake_secret.w0_secret),
				sizeof(p->pake_secret.w1_secret));
	}
	hws_wipe(secret, sizeof(secret));
}

static void parse_shells(const json_t *list, struct hws_known_peer *p)
{
	for (size_t i = 0; i < HWS_PEER_SHELLS && i < json_array_size(list); i++) {
		take(json_array_get(list, i), "user", p->shells[i].user, sizeof(p->shells[i].user));
		take(json_array_get(list, i), "service", p->shells[i].id, sizeof(p->shells[i].id));
	}
}

/* Of a list that a later version wrote, or a user: better refused than taken for less than it
 * was. */
static enum hws_secure_level level_of(const char *word)
{
	return !*word || hws_str_equal(word, hws_secure_level_word(HWS_LEVEL_V1)) ? HWS_LEVEL_V1
										  : HWS_LEVEL_V2;
}

/* People group the figures of an ID; programs that read the list do not. */
static void tidy(struct hws_known_peer *p)
{
	struct hws_target t;

	if (hws_target_parse(p->target, &t, NULL) == HWS_OK && !t.is_direct && !t.force_relay &&
			!*t.server && !*t.key)
		snprintf(p->target, sizeof(p->target), "%s", t.id);
}

static bool parse_peer(const json_t *o, const char *server, struct hws_known_peer *p)
{
	char text[HWS_H1_STORED_TEXT + HWS_KEY_TEXT];

	*p = (struct hws_known_peer){ 0 };
	take(o, "target", p->target, sizeof(p->target));
	if (!p->target[0])
		return false;
	tidy(p);
	if (json_is_string(json_object_get(o, "server")))
		take(o, "server", p->server, sizeof(p->server));
	else if (hws_str_copy(p->server, sizeof(p->server), server) < 0)
		p->server[0] = 0;
	take(o, "hostname", p->hostname, sizeof(p->hostname));
	take(o, "username", p->username, sizeof(p->username));
	take(o, "platform", p->platform, sizeof(p->platform));
	json_int_t t = json_integer_value(json_object_get(o, "last_time"));
	p->last_time = t > 0 ? (uint64_t)t : 0;
	p->trusted = json_is_true(json_object_get(o, "trusted"));
	take(o, "login", text, sizeof(text));
	take(o, "salt", p->salt, sizeof(p->salt));
	p->has_h1 = *text && hws_password_load(text, p->h1_secret) == HWS_OK;
	hws_wipe(text, sizeof(text));
	take(o, "host_key", text, sizeof(text));
	p->has_pk = *text && hws_key_parse(text, p->pk) == HWS_OK;
	take(o, "encryption", text, sizeof(text));
	p->level = p->has_pk ? level_of(text) : HWS_LEVEL_PLAIN;
	parse_pake(json_object_get(o, "password"), p);
	parse_shells(json_object_get(o, "terminals"), p);
	return true;
}

/* However it was written; `count` when there is none. */
static size_t find(const struct hws_known_peers *k, const char *target, const char *server)
{
	struct hws_server_list list = { 0 };
	size_t i;

	if (hws_server_list_parse(server, "", &list, NULL) < 0 || list.count < 2)
		list.count = 0; /* one, however it is written */
	for (i = 0; i < k->count; i++) {
		const struct hws_known_peer *p = &k->peer[i];
		bool same = !list.count && hws_target_same_at(p->target, p->server, target, server);

		for (size_t n = 0; n < list.count && !same; n++)
			same = hws_target_same_at(p->target, p->server, target, list.entry[n].text);
		if (same)
			break;
	}
	return i;
}

/* Older lists may name one host in two ways: the newer entry stays, with what only the older one
 * knows. */
static void add_parsed(struct hws_known_peers *k, const struct hws_known_peer *p)
{
	size_t i = find(k, p->target, p->server);
	struct hws_known_peer *same = &k->peer[i];

	if (i == k->count) {
		*same = *p;
		k->count++;
		return;
	}
	if (!same->has_pk && p->has_pk) {
		same->has_pk = true;
		memcpy(same->pk, p->pk, sizeof(same->pk));
		same->level = p->level;
	} else if (p->has_pk && memcmp(same->pk, p->pk, sizeof(same->pk)) == 0) {
		same->level = HWS_MAX(same->level, p->level);
	}
	if (!same->has_pake && p->has_pake) {
		same->has_pake = true;
		same->pake_kind = p->pake_kind;
		same->pake_cost = p->pake_cost;
		same->pake_secret = p->pake_secret;
	}
	if (!same->has_h1 && p->has_h1) {
		same->has_h1 = true;
		memcpy(same->h1_secret, p->h1_secret, sizeof(same->h1_secret));
		memcpy(same->salt, p->salt, sizeof(same->salt));
	}
	same->trusted |= p->trusted;
}

int hws_known_peers_parse(struct hws_known_peers *k, struct hws_bytes json, const char *server)
{
	json_t *root = json_loadb((const char *)json.ptr, json.len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *list = json_object_get(root, "peers");
	int r = json_is_array(list) ? HWS_OK : HWS_ERR_CORRUPT;
	struct hws_server_list servers;
	struct hws_known_peer p;

	if (hws_server_list_parse(server, "", &servers, NULL) == HWS_OK && servers.count > 1)
		server = servers.entry[0].text;
	k->count = 0;
	for (size_t i = 0; r == HWS_OK && i < json_array_size(list) && k->count < HWS_PEERS_MAX;
			i++)
		if (parse_peer(json_array_get(list, i), server, &p))
			add_parsed(k, &p);
	hws_wipe(&p, sizeof(p));
	json_decref(root);
	return r;
}

int hws_known_peers_load(struct hws_known_peers *k, const char *path, const char *server,
		struct hws_error *err)
{
	struct hws_buf text;
	int r;

	if (!*path)
		return HWS_OK;
	hws_buf_init(&text, FILE_MAX);
	r = hws_private_file_read(path, HWS_PRIVATE_OWN, &text, err);
	if (r == HWS_OK) {
		r = hws_known_peers_parse(k, hws_buf_bytes(&text), server);
		if (r < 0)
			hws_error_set(err, r,
					"%s is damaged; remove it to start with an empty list of hosts",
					path);
	} else if (r == HWS_ERR_NOTFOUND) {
		r = HWS_OK;
	}
	hws_buf_done_wiped(&text);
	return r;
}

static void put_bytes(json_t *o, const char *name, const uint8_t *bytes, size_t len)
{
	char text[2 * sizeof(struct hws_pake_secret) + 1];

	if (hws_hex_encode(hws_bytes(bytes, len), text, sizeof(text)) == HWS_OK)
		json_object_set_new(o, name, json_string(text));
	hws_wipe(text, sizeof(text));
}

static json_t *pake_json(const struct hws_known_peer *p)
{
	uint8_t secret[sizeof(p->pake_secret.w0_secret) + sizeof(p->pake_secret.w1_secret)];
	json_t *o = json_pack("{s:s, s:I, s:I}", "kind",
			p->pake_kind == HWS_PAKE_TEMPORARY ? "temporary" : "permanent", "ops",
			(json_int_t)p->pake_cost.ops, "memory_kib",
			(json_int_t)p->pake_cost.memory_kib);

	memcpy(secret, p->pake_secret.w0_secret, sizeof(p->pake_secret.w0_secret));
	memcpy(secret + sizeof(p->pake_secret.w0_secret), p->pake_secret.w1_secret,
			sizeof(p->pake_secret.w1_secret));
	put_bytes(o, "salt", p->pake_cost.salt, sizeof(p->pake_cost.salt));
	put_bytes(o, "secret", secret, sizeof(secret));
	hws_wipe(secret, sizeof(secret));
	return o;
}

static json_t *shells_json(const struct hws_known_peer *p)
{
	json_t *list = json_array();

	for (size_t i = 0; i < HWS_PEER_SHELLS && p->shells[i].id[0]; i++)
		json_array_append_new(list,
				json_pack("{s:s, s:s}", "user", p->shells[i].user, "service",
						p->shells[i].id));
	return list;
}

static json_t *peer_json(const struct hws_known_peer *p)
{
	char login[HWS_H1_STORED_TEXT], key[HWS_KEY_TEXT];
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:I}", "target", p->target, "hostname",
			p->hostname, "username", p->username, "platform", p->platform, "last_time",
			(json_int_t)p->last_time);

	if (o && p->has_h1) {
		hws_password_store(p->h1_secret, login);
		json_object_set_new(o, "login", json_string(login));
		json_object_set_new(o, "salt", json_string(p->salt));
		hws_wipe(login, sizeof(login));
	}
	if (o)
		json_object_set_new(o, "server", json_string(p->server));
	if (o && p->has_pake)
		json_object_set_new(o, "password", pake_json(p));
	if (o && p->has_pk) {
		json_object_set_new(o, "host_key", json_string(hws_key_text(p->pk, key)));
		json_object_set_new(o, "encryption", json_string(hws_secure_level_word(p->level)));
	}
	if (o && p->trusted)
		json_object_set_new(o, "trusted", json_true());
	if (o && p->shells[0].id[0])
		json_object_set_new(o, "terminals", shells_json(p));
	return o;
}

int hws_known_peers_store(const struct hws_known_peers *k, const char *path)
{
	json_t *root, *list;
	char *text = NULL;
	int r = HWS_ERR_NOMEM;

	if (!*path)
		return HWS_OK;
	list = json_array();
	root = json_pack("{s:o}", "peers", list);
	for (size_t i = 0; root && i < k->count; i++)
		if (json_array_append_new(list, peer_json(&k->peer[i])) < 0)
			goto out;
	text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
	if (text)
		r = hws_private_file_write(path, hws_bytes_str(text), HWS_PRIVATE_FOLDERS, NULL);
out:
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
	json_decref(root);
	return r;
}

const struct hws_known_peer *hws_known_peers_find(
		const struct hws_known_peers *k, const char *target, const char *server)
{
	size_t i = find(k, target, server);

	return i < k->count ? &k->peer[i] : NULL;
}

bool hws_known_peers_remove(struct hws_known_peers *k, const char *target, const char *server)
{
	size_t i = find(k, target, server);

	if (i == k->count)
		return false;
	memmove(&k->peer[i], &k->peer[i + 1], (k->count - i - 1) * sizeof(k->peer[0]));
	k->count--;
	hws_wipe(&k->peer[k->count], sizeof(k->peer[0]));
	return true;
}

/* Who is visited often enough would otherwise make room for himself as a stranger. */
static void make_room(struct hws_known_peers *k)
{
	size_t i = k->count;

	while (i > 0 && k->peer[i - 1].has_pk && k->peer[i - 1].level == HWS_LEVEL_V2)
		i--;
	i = i > 0 ? i - 1 : k->count - 1;
	memmove(&k->peer[i], &k->peer[i + 1], (k->count - i - 1) * sizeof(k->peer[0]));
	k->count--;
}

void hws_known_peers_put(struct hws_known_peers *k, const struct hws_known_peer *peer)
{
	struct hws_known_peer copy = *peer; /* may be in the list itself */

	tidy(&copy);
	hws_known_peers_remove(k, copy.target, copy.server);
	if (k->count == HWS_PEERS_MAX)
		make_room(k);
	memmove(&k->peer[1], &k->peer[0], k->count * sizeof(k->peer[0]));
	k->peer[0] = copy;
	k->count++;
	hws_wipe(&copy, sizeof(copy));
}

const char *hws_known_peer_shells(const struct hws_known_peer *p, const char *user)
{
	for (size_t i = 0; i < HWS_PEER_SHELLS; i++)
		if (p->shells[i].id[0] && hws_str_equal(p->shells[i].user, user))
			return p->shells[i].id;
	return "";
}

void hws_known_peer_set_shells(struct hws_known_peer *p, const char *user, const char *id)
{
	struct hws_known_shells new = { 0 };
	size_t at = 0;

	if (!*id || hws_str_copy(new.user, sizeof(new.user), user) < 0 ||
			hws_str_copy(new.id, sizeof(new.id), id) < 0)
		return;
	/* In the place of the same account's, else of the oldest. */
	while (at + 1 < HWS_PEER_SHELLS && p->shells[at].id[0] &&
			!hws_str_equal(p->shells[at].user, user))
		at++;
	memmove(&p->shells[1], &p->shells[0], at * sizeof(p->shells[0]));
	p->shells[0] = new;
}
