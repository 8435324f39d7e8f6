/* Key pairs in the files of deployed servers. A damaged or lone half is told and never replaced:
 * a new key would lock out everybody who trusts the old one. */
#include "shared/crypto/identity.h"

#include <limits.h>
#include <sodium.h>
#include <unistd.h>

#include "shared/base/log.h"
#include "shared/base/str.h"
#include "shared/crypto/base64.h"
#include "shared/sys/private_file.h"

#define B64 sodium_base64_VARIANT_ORIGINAL
#define BLANKS " \t\r\n"
/* Of FILE.pub: whatever stands there belongs to no key of ours. */
#define SHOWN_FLAGS (HWS_PRIVATE_SHOWN | HWS_PRIVATE_OVER_ANY | HWS_PRIVATE_OF_FOLDER)
#define FILE_TEXT_MAX 256 /* a key text with generous blanks around it */

_Static_assert(HWS_PK_LEN == crypto_sign_PUBLICKEYBYTES, "wire format");
_Static_assert(HWS_SK_LEN == crypto_sign_SECRETKEYBYTES, "wire format");
_Static_assert(HWS_SIG_LEN == crypto_sign_BYTES, "wire format");
_Static_assert(HWS_KEY_TEXT == sodium_base64_ENCODED_LEN(HWS_PK_LEN, B64), "text size");
_Static_assert(HWS_SECRET_TEXT == sodium_base64_ENCODED_LEN(HWS_SK_LEN, B64), "text size");

/* --- keys and texts --- */

void hws_identity_generate(bool for_server, struct hws_identity *ret)
{
	char text[HWS_KEY_TEXT];

	do {
		crypto_sign_keypair(ret->pk, ret->sk_secret);
		hws_key_text(ret->pk, text);
	} while (for_server && strpbrk(text, "/:"));
}

void hws_identity_from_seed(const uint8_t seed[32], struct hws_identity *ret)
{
	crypto_sign_seed_keypair(ret->pk, ret->sk_secret, seed);
}

void hws_identity_derive(const struct hws_identity *id, const char use[8], uint8_t ret[32])
{
	_Static_assert(crypto_kdf_KEYBYTES == 32 && crypto_kdf_CONTEXTBYTES == 8, "sizes");
	/* the seed is what stands first; fails for other lengths only */
	(void)crypto_kdf_derive_from_key(ret, 32, 1, use, id->sk_secret);
}

void hws_identity_wipe(struct hws_identity *id)
{
	sodium_memzero(id, sizeof(*id));
}

/* Exactly `len` bytes of base64 with blanks around. */
static int decode_text(const char *text, uint8_t *out, size_t len)
{
	size_t begin = strspn(text, BLANKS);
	size_t end = strlen(text);

	while (end > begin && strchr(BLANKS, text[end - 1]))
		end--;
	return hws_base64_decode(hws_bytes(text + begin, end - begin), out, len);
}

int hws_identity_from_text(const char *text, struct hws_identity *ret)
{
	struct hws_identity id, check;
	int r = decode_text(text, id.sk_secret, sizeof(id.sk_secret));

	if (r < 0) {
		r = HWS_ERR_CORRUPT;
		goto out;
	}
	crypto_sign_seed_keypair(check.pk, check.sk_secret, id.sk_secret);
	if (sodium_memcmp(check.sk_secret, id.sk_secret, sizeof(id.sk_secret)) != 0) {
		r = HWS_ERR_CORRUPT;
		goto out;
	}
	*ret = check;
out:
	sodium_memzero(&id, sizeof(id));
	sodium_memzero(&check, sizeof(check));
	return r;
}

char *hws_key_text(const uint8_t pk[HWS_PK_LEN], char buf[HWS_KEY_TEXT])
{
	return sodium_bin2base64(buf, HWS_KEY_TEXT, pk, HWS_PK_LEN, B64);
}

int hws_key_parse(const char *text, uint8_t ret[HWS_PK_LEN])
{
	uint8_t pk[HWS_PK_LEN];

	if (decode_text(text, pk, sizeof(pk)) < 0)
		return HWS_ERR_INVAL;
	memcpy(ret, pk, sizeof(pk));
	return HWS_OK;
}

static bool from_fingerprint(const char *text, uint8_t ret[HWS_PK_LEN])
{
	char hex[2 * HWS_PK_LEN + 1];
	size_t n = 0;

	for (; *text; text++) {
		if (*text == ' ' || *text == ':')
			continue;
		if (n == sizeof(hex) - 1)
			return false;
		hex[n++] = *text;
	}
	hex[n] = 0;
	return n == sizeof(hex) - 1 && hws_hex_decode(hex, ret, HWS_PK_LEN) == HWS_OK;
}

int hws_key_or_fingerprint_parse(const char *text, uint8_t ret[HWS_PK_LEN])
{
	return from_fingerprint(text, ret) ? HWS_OK : hws_key_parse(text, ret);
}

char *hws_fingerprint_text(const uint8_t pk[HWS_PK_LEN], char buf[HWS_FINGERPRINT_TEXT])
{
	static const char hex[] = "0123456789abcdef";
	char *p = buf;

	for (size_t i = 0; i < HWS_PK_LEN; i++) {
		if (i > 0 && i % 2 == 0)
			*p++ = ' ';
		*p++ = hex[pk[i] >> 4];
		*p++ = hex[pk[i] & 15];
	}
	*p = '\0';
	return buf;
}

/* --- signatures --- */

void hws_identity_sign(
		const struct hws_identity *id, struct hws_bytes msg, uint8_t ret[HWS_SIG_LEN])
{
	crypto_sign_detached(ret, NULL, msg.ptr, msg.len, id->sk_secret);
}

void hws_identity_sign_attached(const struct hws_identity *id, struct hws_bytes msg, uint8_t *ret)
{
	if (msg.len > 0)
		memmove(ret + HWS_SIG_LEN, msg.ptr, msg.len);
	crypto_sign_detached(ret, NULL, ret + HWS_SIG_LEN, msg.len, id->sk_secret);
}

int hws_verify(const uint8_t pk[HWS_PK_LEN], struct hws_bytes msg, struct hws_bytes sig)
{
	if (sig.len != HWS_SIG_LEN ||
			crypto_sign_verify_detached(sig.ptr, msg.ptr, msg.len, pk) != 0)
		return HWS_ERR_CRYPTO;
	return HWS_OK;
}

int hws_verify_attached(
		const uint8_t pk[HWS_PK_LEN], struct hws_bytes in, struct hws_bytes *ret_msg)
{
	if (in.len < HWS_SIG_LEN)
		return HWS_ERR_CRYPTO;

	struct hws_bytes msg = hws_bytes(in.ptr + HWS_SIG_LEN, in.len - HWS_SIG_LEN);

	if (crypto_sign_verify_detached(in.ptr, msg.ptr, msg.len, pk) != 0)
		return HWS_ERR_CRYPTO;
	*ret_msg = msg;
	return HWS_OK;
}

/* --- files --- */

/* Whole file as a C string; a longer file cannot be a key, nor one with a NUL in it. */
static int read_text(const char *path, enum hws_private_trust trust, char buf[FILE_TEXT_MAX],
		struct hws_error *err)
{
	struct hws_buf file;
	int r;

	hws_buf_init(&file, FILE_TEXT_MAX - 1);
	r = hws_private_file_read(path, trust, &file, err);
	if (r == HWS_ERR_TOOBIG)
		r = HWS_ERR_CORRUPT;
	if (r == HWS_OK) {
		struct hws_bytes text = hws_buf_bytes(&file);

		if (text.len)
			memcpy(buf, text.ptr, text.len);
		buf[text.len] = '\0';
		r = strlen(buf) == text.len ? HWS_OK : HWS_ERR_CORRUPT;
	}
	hws_buf_done_wiped(&file);
	return r;
}

int hws_identity_load(const char *path, struct hws_identity *ret, struct hws_error *err)
{
	char text[FILE_TEXT_MAX];
	struct hws_identity id;
	int r = read_text(path, HWS_PRIVATE_SECRET_OF_ANYBODY, text, err);

	if (r == HWS_ERR_NOTFOUND)
		return hws_error_set(err, r, "there is no key file %s", path);
	if (r == HWS_OK)
		r = hws_identity_from_text(text, &id);
	if (r == HWS_ERR_CORRUPT)
		hws_error_set(err, r,
				"the key file %s is damaged (it should hold the base64 text of a "
				"64-byte "
				"Ed25519 secret key): restore it from a backup, or move it away "
				"to get a "
				"new key",
				path);
	if (r == HWS_OK)
		*ret = id;
	sodium_memzero(text, sizeof(text));
	sodium_memzero(&id, sizeof(id));
	return r;
}

static int pub_path(const char *path, char *buf, size_t size, struct hws_error *err)
{
	if (hws_fmt(buf, size, "%s.pub", path) < 0)
		return hws_error_set(err, HWS_ERR_INVAL, "the name of the key file is too long");
	return HWS_OK;
}

int hws_identity_save(const char *path, const struct hws_identity *id, struct hws_error *err)
{
	char pub[PATH_MAX], secret[HWS_SECRET_TEXT], key[HWS_KEY_TEXT];
	int r = pub_path(path, pub, sizeof(pub), err);

	if (r < 0)
		return r;
	sodium_bin2base64(secret, sizeof(secret), id->sk_secret, HWS_SK_LEN, B64);
	/* The secret first: a missing .pub can be made again from it, not the reverse. */
	r = hws_private_file_write(path, hws_bytes_str(secret),
			HWS_PRIVATE_FRESH | HWS_PRIVATE_OF_FOLDER, err);
	if (r == HWS_OK)
		r = hws_private_file_write(
				pub, hws_bytes_str(hws_key_text(id->pk, key)), SHOWN_FLAGS, err);
	sodium_memzero(secret, sizeof(secret));
	return r;
}

int hws_identity_create(
		const char *path, bool for_server, struct hws_identity *ret, struct hws_error *err)
{
	struct hws_identity id;
	int r;

	hws_identity_generate(for_server, &id);
	r = hws_identity_save(path, &id, err);
	if (r == HWS_OK)
		*ret = id;
	sodium_memzero(&id, sizeof(id));
	return r;
}

/* FILE.pub holds this key. */
static bool pub_is(const char *pub, const uint8_t pk[HWS_PK_LEN])
{
	char text[FILE_TEXT_MAX];
	uint8_t there[HWS_PK_LEN];

	return read_text(pub, HWS_PRIVATE_ANY, text, NULL) == HWS_OK &&
			hws_key_parse(text, there) == HWS_OK &&
			memcmp(there, pk, sizeof(there)) == 0;
}

/* People are told to copy FILE.pub: one that was left by another key would lock them out. But they
 * are only people: a folder that cannot be written to is no reason to stop. */
static void renew_pub(const char *pub, bool have_pub, const uint8_t pk[HWS_PK_LEN])
{
	struct hws_error err = { 0 };
	char key[HWS_KEY_TEXT];

	if (have_pub && pub_is(pub, pk))
		return;
	if (hws_private_file_write(pub, hws_bytes_str(hws_key_text(pk, key)), SHOWN_FLAGS, &err) ==
			HWS_OK) {
		if (have_pub)
			hws_warn("key.pub_renewed", HWS_STR("file", pub), HWS_STR("key", key),
					HWS_STR("text",
							"it held another key than the secret one "
							"beside it: whoever "
							"copied it must be given this one"));
	} else if (have_pub) {
		hws_warn("key.pub_stale", HWS_STR("file", pub), HWS_STR("key", key),
				HWS_STR("why", err.text),
				HWS_STR("text",
						"it holds another key than the secret one beside "
						"it: do not copy it"));
	}
}

int hws_identity_load_or_create(const char *path, bool for_server, struct hws_identity *ret,
		bool *ret_created, struct hws_error *err)
{
	char pub[PATH_MAX];
	bool created = false;
	int r = pub_path(path, pub, sizeof(pub), err);

	if (r < 0)
		return r;

	bool have_pub = access(pub, F_OK) == 0;

	r = hws_identity_load(path, ret, err);
	if (r == HWS_ERR_NOTFOUND && have_pub)
		return hws_error_set(err, HWS_ERR_CORRUPT,
				"%s is there but its secret half %s is not: restore it from a "
				"backup, or "
				"remove %s to make a new key (all peers must then be given the "
				"new one)",
				pub, path, pub);
	if (r == HWS_ERR_NOTFOUND) {
		r = hws_identity_create(path, for_server, ret, err);
		created = r == HWS_OK;
		if (r == HWS_ERR_EXISTS) /* another process was faster */
			r = hws_identity_load(path, ret, err);
	} else if (r == HWS_OK) {
		renew_pub(pub, have_pub, ret->pk);
	}
	if (r == HWS_OK && ret_created)
		*ret_created = created;
	return r;
}
