/* The list of remembered hosts and its JSON file. A user may have edited it: what is odd is left
 * out, never an error that keeps somebody from connecting. */
#include "client/core/known_peers.h"
#include "client/core/target.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"
#include <jansson.h>
#include <string.h>

#define FILE_MAX (1u << 20)

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

static bool parse_peer(const json_t *o, struct hws_known_peer *p)
{
	char text[HWS_H1_STORED_TEXT + HWS_KEY_TEXT];

	*p = (struct hws_known_peer){ 0 };
	take(o, "target", p->target, sizeof(p->target));
	if (!p->target[0])
		return false;
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
	return true;
}

/* As it was written, or else in another way; `count` when there is none. */
static size_t find(const struct hws_known_peers *k, const char *target)
{
	size_t i;

	for (i = 0; i < k->count; i++)
		if (strcmp(k->peer[i].target, target) == 0)
			return i;
	for (i = 0; i < k->count; i++)
		if (hws_target_same(k->peer[i].target, target))
			break;
	return i;
}

/* Older lists may name one host in two ways: the newer entry stays, with what only the older one
 * knows. */
static void add_parsed(struct hws_known_peers *k, const struct hws_known_peer *p)
{
	size_t i = find(k, p->target);
	struct hws_known_peer *same = &k->peer[i];

	if (i == k->count) {
		*same = *p;
		k->count++;
		return;
	}
	if (!same->has_pk && p->has_pk) {
		same->has_pk = true;
		memcpy(same->pk, p->pk, sizeof(same->pk));
	}
	if (!same->has_h1 && p->has_h1) {
		same->has_h1 = true;
		memcpy(same->h1_secret, p->h1_secret, sizeof(same->h1_secret));
		memcpy(same->salt, p->salt, sizeof(same->salt));
	}
	same->trusted |= p->trusted;
}

int hws_known_peers_parse(struct hws_known_peers *k, struct hws_bytes json)
{
	json_t *root = json_loadb((const char *)json.ptr, json.len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *list = json_object_get(root, "peers");
	int r = json_is_array(list) ? HWS_OK : HWS_ERR_CORRUPT;
	struct hws_known_peer p;

	k->count = 0;
	for (size_t i = 0; r == HWS_OK && i < json_array_size(list) && k->count < HWS_PEERS_MAX;
			i++)
		if (parse_peer(json_array_get(list, i), &p))
			add_parsed(k, &p);
	hws_wipe(&p, sizeof(p));
	json_decref(root);
	return r;
}

int hws_known_peers_load(struct hws_known_peers *k, const char *path, struct hws_error *err)
{
	struct hws_buf text;
	int r;

	if (!*path)
		return HWS_OK;
	hws_buf_init(&text, FILE_MAX);
	r = hws_private_file_read(path, HWS_PRIVATE_OWN, &text, err);
	if (r == HWS_OK) {
		r = hws_known_peers_parse(k, hws_buf_bytes(&text));
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
	if (o && p->has_pk)
		json_object_set_new(o, "host_key", json_string(hws_key_text(p->pk, key)));
	if (o && p->trusted)
		json_object_set_new(o, "trusted", json_true());
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
		const struct hws_known_peers *k, const char *target)
{
	size_t i = find(k, target);

	return i < k->count ? &k->peer[i] : NULL;
}

bool hws_known_peers_remove(struct hws_known_peers *k, const char *target)
{
	size_t i = find(k, target);

	if (i == k->count)
		return false;
	memmove(&k->peer[i], &k->peer[i + 1], (k->count - i - 1) * sizeof(k->peer[0]));
	k->count--;
	hws_wipe(&k->peer[k->count], sizeof(k->peer[0]));
	return true;
}

void hws_known_peers_put(struct hws_known_peers *k, const struct hws_known_peer *peer)
{
	struct hws_known_peer copy = *peer; /* may be in the list itself */

	hws_known_peers_remove(k, copy.target);
	if (k->count == HWS_PEERS_MAX)
		k->count--;
	memmove(&k->peer[1], &k->peer[0], k->count * sizeof(k->peer[0]));
	k->peer[0] = copy;
	k->count++;
	hws_wipe(&copy, sizeof(copy));
}
