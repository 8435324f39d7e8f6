/* admin/data/keys: one secret in the file, from which each purpose has a key of its own. */
#include "admin/data/keys.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/crypto/digest.h"
#include "shared/crypto/mac.h"
#include "shared/crypto/seal.h"
#include "shared/crypto/secret.h"
#include "shared/sys/private_file.h"

#define SECRET_LEN 32
#define FILE_LEN (2 * SECRET_LEN + 1) /* hex and a line end */

struct dat_keys {
	uint8_t seal_key[HWS_SEAL_KEY_LEN];
	uint8_t audit_key[HWS_MAC_KEY_LEN];
};

static void derive(const uint8_t secret[SECRET_LEN], const char *purpose, uint8_t ret[32])
{
	struct hws_bytes part = hws_bytes_str(purpose);

	hws_mac(secret, &part, 1, ret);
}

static int make_file(const char *path, uint8_t secret[SECRET_LEN], struct hws_error *err)
{
	char text[FILE_LEN + 1];
	int r;

	hws_rand_bytes(secret, SECRET_LEN);
	r = hws_hex_encode(hws_bytes(secret, SECRET_LEN), text, sizeof(text));
	text[FILE_LEN - 1] = '\n';
	if (r == HWS_OK)
		r = hws_private_file_write(path, hws_bytes(text, FILE_LEN),
				HWS_PRIVATE_FRESH | HWS_PRIVATE_FOLDERS, err);
	hws_wipe(text, sizeof(text));
	return r;
}

static int read_file(const char *path, uint8_t secret[SECRET_LEN], struct hws_error *err)
{
	char text[FILE_LEN] = { 0 };
	struct hws_buf in;
	int r;

	hws_buf_init(&in, 4096);
	r = hws_private_file_read(path, HWS_PRIVATE_SECRET_OF_ANYBODY, &in, err);
	if (r == HWS_OK) {
		struct hws_bytes all = hws_buf_bytes(&in);

		if (all.len == FILE_LEN && all.ptr[FILE_LEN - 1] == '\n')
			memcpy(text, all.ptr, FILE_LEN - 1);
		if (hws_hex_decode(text, secret, SECRET_LEN) < 0)
			r = hws_error_set(err, HWS_ERR_CORRUPT,
					"%s is no file of keys of hawser-api (64 hex digits and a "
					"line end): put the right one in its place, or what is "
					"sealed in the database stays closed",
					path);
	}
	hws_buf_done_wiped(&in);
	hws_wipe(text, sizeof(text));
	return r;
}

int dat_keys_open(const char *path, struct dat_keys **ret, struct hws_error *err)
{
	uint8_t secret[SECRET_LEN] = { 0 };
	struct dat_keys *keys = hws_secret_alloc(sizeof(*keys));
	int r;

	if (!keys)
		return hws_error_set(err, HWS_ERR_NOMEM, "%s: out of memory", path);
	r = read_file(path, secret, err);
	if (r == HWS_ERR_NOTFOUND) {
		r = make_file(path, secret, err);
		/* another process was faster */
		if (r == HWS_ERR_EXISTS)
			r = read_file(path, secret, err);
	}
	if (r == HWS_OK) {
		derive(secret, "hawser-api seal", keys->seal_key);
		derive(secret, "hawser-api audit", keys->audit_key);
		*ret = keys;
	} else {
		hws_secret_free(keys);
	}
	hws_wipe(secret, sizeof(secret));
	return r;
}

void dat_keys_free(struct dat_keys *keys)
{
	hws_secret_free(keys);
}

static int cell_text(struct dat_cell cell, char *buf, size_t size)
{
	return hws_fmt(buf, size, "%s.%s/%s", cell.table, cell.column, cell.guid);
}

int dat_seal(const struct dat_keys *keys, struct dat_cell cell, const char *plain, char **ret)
{
	size_t n = strnlen(plain, DAT_SEALED_PLAIN_MAX + 1), sealed = n + HWS_SEAL_OVERHEAD;
	char about[200], *text = NULL;
	uint8_t *raw = NULL;
	int r = cell_text(cell, about, sizeof(about));

	if (n > DAT_SEALED_PLAIN_MAX)
		r = HWS_ERR_TOOBIG;
	if (r < 0)
		return r;
	text = hws_alloc(2 * sealed + 1);
	raw = hws_alloc(sealed);
	r = text && raw ? HWS_OK : HWS_ERR_NOMEM;
	if (r == HWS_OK && n) {
		hws_seal(keys->seal_key, hws_bytes_str(about), hws_bytes(plain, n), raw);
		r = hws_hex_encode(hws_bytes(raw, sealed), text, 2 * sealed + 1);
	}
	hws_free(raw);
	if (r < 0)
		hws_free(text);
	else
		*ret = text;
	return r;
}

int dat_unseal(const struct dat_keys *keys, struct dat_cell cell, const char *sealed, char *buf,
		size_t size)
{
	size_t n = strlen(sealed) / 2;
	struct hws_bytes plain = { 0 };
	uint8_t *raw = NULL, *out = NULL;
	char about[200];
	int r = cell_text(cell, about, sizeof(about));

	if (r < 0)
		return r;
	if (!*sealed)
		return hws_str_copy(buf, size, "");
	if (n <= HWS_SEAL_OVERHEAD || n > DAT_SEALED_PLAIN_MAX + HWS_SEAL_OVERHEAD)
		return HWS_ERR_CRYPTO;
	raw = hws_alloc(n);
	out = hws_alloc(n);
	r = raw && out ? HWS_OK : HWS_ERR_NOMEM;
	if (r == HWS_OK && hws_hex_decode(sealed, raw, n) < 0)
		r = HWS_ERR_CRYPTO;
	if (r == HWS_OK)
		r = hws_seal_open(keys->seal_key, hws_bytes_str(about), hws_bytes(raw, n), out,
				&plain);
	if (r == HWS_OK)
		r = hws_str_from_bytes(buf, size, plain);
	hws_free(raw);
	hws_free_wiped(out, n);
	return r;
}

void dat_keys_mac(const struct dat_keys *keys, const struct hws_bytes *parts, size_t n,
		char ret[DAT_HASH_TEXT])
{
	uint8_t mac[HWS_MAC_LEN];

	hws_mac(keys->audit_key, parts, n, mac);
	if (hws_hex_encode(hws_bytes(mac, sizeof(mac)), ret, DAT_HASH_TEXT) < 0)
		ret[0] = '\0'; /* cannot be: it fits */
}

void dat_token_new(char buf[DAT_TOKEN_TEXT])
{
	uint8_t raw[32];

	hws_rand_bytes(raw, sizeof(raw));
	if (hws_hex_encode(hws_bytes(raw, sizeof(raw)), buf, DAT_TOKEN_TEXT) < 0)
		buf[0] = '\0'; /* cannot be: it fits */
	hws_wipe(raw, sizeof(raw));
}

void dat_token_hash(const char *token, char ret[DAT_HASH_TEXT])
{
	uint8_t hash[HWS_SHA256_LEN];

	hws_sha256(hws_bytes_str(token), hash);
	if (hws_hex_encode(hws_bytes(hash, sizeof(hash)), ret, DAT_HASH_TEXT) < 0)
		ret[0] = '\0'; /* cannot be: it fits */
}
