/* The list of logins and its JSON file. */
#include "client/core/accounts.h"
#include "client/core/file_lock.h"
#include "shared/base/buf.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX (256u << 10)

bool hws_account_token_good(const char *token)
{
	size_t len = strlen(token);

	for (size_t i = 0; i < len; i++)
		if (token[i] <= ' ' || token[i] > '~')
			return false;
	return len > 0 && len < HWS_ACCOUNT_TOKEN_TEXT;
}

static bool take_text(const json_t *o, const char *name, char *buf, size_t size)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text && hws_str_copy(buf, size, text) == HWS_OK;
}

static bool parse_one(const json_t *o, struct hws_account *a)
{
	const char *key = json_string_value(json_object_get(o, "key"));
	json_int_t since = json_integer_value(json_object_get(o, "since"));

	*a = (struct hws_account){ 0 };
	a->since = since > 0 ? (uint64_t)since : 0;
	a->plain = json_is_true(json_object_get(o, "insecure_http"));
	return key && hws_key_parse(key, a->pk) == HWS_OK &&
			take_text(o, "api", a->api, sizeof(a->api)) &&
			take_text(o, "user", a->user, sizeof(a->user)) &&
			take_text(o, "title", a->title, sizeof(a->title)) &&
			take_text(o, "token", a->token_secret, sizeof(a->token_secret)) &&
			hws_account_token_good(a->token_secret);
}

int hws_accounts_parse(struct hws_accounts *a, struct hws_bytes json)
{
	json_t *root = json_loadb((const char *)json.ptr, json.len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *list = json_object_get(root, "accounts");
	int r = json_is_array(list) ? HWS_OK : HWS_ERR_CORRUPT;

	a->count = 0;
	for (size_t i = 0; r == HWS_OK && i < json_array_size(list) && a->count < HWS_ACCOUNTS_MAX;
			i++) {
		struct hws_account *one = &a->account[a->count];

		if (!parse_one(json_array_get(list, i), one))
			hws_wipe(one, sizeof(*one));
		else if (!hws_accounts_find(a, one->pk))
			a->count++;
	}
	json_decref(root);
	return r;
}

int hws_accounts_load(struct hws_accounts *a, const char *path, struct hws_error *err)
{
	struct hws_buf text;
	int r;

	a->count = 0;
	if (!*path)
		return HWS_OK;
	hws_buf_init(&text, FILE_MAX);
	r = hws_private_file_read(path, HWS_PRIVATE_SECRET, &text, err);
	if (r == HWS_OK && hws_accounts_parse(a, hws_buf_bytes(&text)) < 0)
		r = hws_error_set(err, HWS_ERR_CORRUPT,
				"%s is damaged; remove it, and 'hawser login' makes a new one",
				path);
	else if (r == HWS_ERR_NOTFOUND)
		r = HWS_OK;
	hws_buf_done_wiped(&text);
	return r;
}

static json_t *one_json(const struct hws_account *a)
{
	char key[HWS_KEY_TEXT];

	return json_pack("{s:s,s:s,s:s,s:s,s:I,s:b,s:s}", "key", hws_key_text(a->pk, key), "api",
			a->api, "user", a->user, "title", a->title, "since", (json_int_t)a->since,
			"insecure_http", (int)a->plain, "token", a->token_secret);
}

int hws_accounts_store(const struct hws_accounts *a, const char *path, struct hws_error *err)
{
	json_t *list, *root;
	char *text = NULL;
	int r = HWS_ERR_NOMEM;

	if (!*path)
		return hws_error_set(err, HWS_ERR_DISK,
				"there is no home folder to keep the login in: set HOME");
	if (a->count == 0)
		return hws_private_file_remove(path, err);
	list = json_array();
	for (unsigned i = 0; list && i < a->count; i++)
		json_array_append_new(list, one_json(&a->account[i]));
	root = json_array_size(list) == a->count ? json_pack("{s:O}", "accounts", list) : NULL;
	if (root)
		text = json_dumps(root, JSON_INDENT(1));
	if (text)
		r = hws_private_file_write(path, hws_bytes_str(text), HWS_PRIVATE_FOLDERS, err);
	else
		hws_error_set(err, r, "out of memory");
	if (text)
		hws_wipe(text, strlen(text));
	free(text);
	json_decref(root);
	json_decref(list);
	return r;
}

static unsigned place_of(const struct hws_accounts *a, const uint8_t pk[HWS_PK_LEN])
{
	unsigned i = 0;

	while (i < a->count && memcmp(a->account[i].pk, pk, HWS_PK_LEN) != 0)
		i++;
	return i;
}

const struct hws_account *hws_accounts_find(
		const struct hws_accounts *a, const uint8_t pk[HWS_PK_LEN])
{
	unsigned i = place_of(a, pk);

	return i < a->count ? &a->account[i] : NULL;
}

void hws_accounts_put(struct hws_accounts *a, const struct hws_account *login)
{
	unsigned i = place_of(a, login->pk);

	if (i == a->count) {
		if (a->count < HWS_ACCOUNTS_MAX)
			a->count++;
		else
			i--;
	}
	memmove(&a->account[1], &a->account[0], i * sizeof(*login));
	a->account[0] = *login;
}

bool hws_accounts_remove(struct hws_accounts *a, const uint8_t pk[HWS_PK_LEN])
{
	unsigned i = place_of(a, pk);

	if (i == a->count)
		return false;
	a->count--;
	memmove(&a->account[i], &a->account[i + 1], (a->count - i) * sizeof(a->account[0]));
	hws_wipe(&a->account[a->count], sizeof(a->account[0]));
	return true;
}

/* --- the file among several programs ---------------------------------------------------------- */

/* `login` NULL: the one at `pk` goes. */
static int change(const char *path, const struct hws_account *login, const uint8_t *pk,
		struct hws_error *err)
{
	struct hws_accounts *a = hws_alloc(sizeof(*a));
	int fd = -1, r = a ? HWS_OK : HWS_ERR_NOMEM;

	if (r == HWS_OK && *path)
		r = hws_file_lock(path, &fd);
	if (r < 0) {
		hws_error_set(err, r, "%s cannot be locked: %s", path, hws_err_text(r));
		goto out;
	}
	r = hws_accounts_load(a, path, err);
	if (r == HWS_OK && login)
		hws_accounts_put(a, login);
	if (r == HWS_OK && (login || hws_accounts_remove(a, pk)))
		r = hws_accounts_store(a, path, err);
out:
	if (fd >= 0)
		close(fd);
	if (a)
		hws_free_wiped(a, sizeof(*a));
	return r;
}

int hws_accounts_keep(const char *path, const struct hws_account *login, struct hws_error *err)
{
	return change(path, login, NULL, err);
}

int hws_accounts_forget(const char *path, const uint8_t pk[HWS_PK_LEN], struct hws_error *err)
{
	return change(path, NULL, pk, err);
}
