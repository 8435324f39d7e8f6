/* Passwords that open this host, in the form the wire needs: deployed viewers prove a salted
 * hash, so that hash, not the password, is what is kept. */
#include "client/host/vault.h"
#include "client/host/state_file.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"
#include <limits.h>

static int path_of(const struct hws_vault *v, const char *name, char *buf, size_t size)
{
	return hws_fmt(buf, size, "%s/%s", v->dir, name);
}

void hws_vault_renew_temporary(struct hws_vault *v)
{
	enum hws_password_set set =
			v->conf.temporary_digits ? HWS_PASSWORD_DIGITS : HWS_PASSWORD_READABLE;

	v->wrong = 0;
	if (hws_password_random(set, v->conf.temporary_length, v->temporary_secret,
			    sizeof(v->temporary_secret)) < 0)
		v->temporary_secret[0] = 0;
	hws_password_h1(hws_bytes_str(v->temporary_secret), v->salt, v->temporary_h1_secret);
}

void hws_vault_configure(struct hws_vault *v, const struct hws_vault_conf *conf)
{
	bool redraw = v->conf.temporary_length != conf->temporary_length ||
			v->conf.temporary_digits != conf->temporary_digits;

	v->conf = *conf;
	if (redraw)
		hws_vault_renew_temporary(v);
}

/* The file holds salt and stored form on one line, so that both change together. */
static int load_permanent(struct hws_vault *v, struct hws_error *err)
{
	char path[PATH_MAX], text[128];
	char *stored;
	int r = path_of(v, HWS_PASSWORD_FILE, path, sizeof(path));

	if (r == HWS_OK)
		r = hws_state_read(path, text, sizeof(text), err);
	if (r == HWS_ERR_NOTFOUND)
		return HWS_OK;
	if (r < 0)
		return r;
	stored = strchr(text, ' ');
	if (stored)
		*stored++ = 0;
	if (!stored || strlen(text) != HWS_SALT_TEXT - 1 ||
			hws_password_load(stored, v->permanent_secret) < 0) {
		r = hws_error_set(err, HWS_ERR_CORRUPT,
				"%s is damaged: remove it and set the permanent password again with "
				"'hawser-host password set'",
				path);
	} else {
		v->has_permanent = true;
		r = hws_str_copy(v->salt, sizeof(v->salt), text);
	}
	hws_wipe(text, sizeof(text));
	return r;
}

/* Without a permanent password the salt still has to stay the same over restarts. */
static int load_salt(struct hws_vault *v, struct hws_error *err)
{
	char path[PATH_MAX], text[HWS_SALT_TEXT + 2];
	int r = path_of(v, HWS_SALT_FILE, path, sizeof(path));

	if (r < 0)
		return hws_error_set(err, r, "the state folder's name is too long");
	r = hws_state_read(path, text, sizeof(text), err);
	if (r == HWS_OK && strlen(text) == HWS_SALT_TEXT - 1)
		return hws_str_copy(v->salt, sizeof(v->salt), text);
	if (r < 0 && r != HWS_ERR_NOTFOUND && r != HWS_ERR_CORRUPT)
		return r;
	hws_password_salt(v->salt);
	return hws_state_write(path, v->salt, err);
}

int hws_vault_open(struct hws_vault *v, const char *dir, const struct hws_vault_conf *conf,
		struct hws_error *err)
{
	int r;

	memset(v, 0, sizeof(*v));
	v->conf = *conf;
	r = hws_str_copy(v->dir, sizeof(v->dir), dir);
	if (r < 0)
		return hws_error_set(err, r, "the state folder's name is too long");
	r = load_permanent(v, err);
	if (r == HWS_OK && !v->has_permanent)
		r = load_salt(v, err);
	if (r == HWS_OK)
		hws_vault_renew_temporary(v);
	return r;
}

void hws_vault_wipe(struct hws_vault *v)
{
	hws_wipe(v, sizeof(*v));
}

int hws_vault_set_permanent(struct hws_vault *v, const char *password, struct hws_error *err)
{
	char path[PATH_MAX], salt[HWS_SALT_TEXT], stored[HWS_H1_STORED_TEXT], text[128];
	uint8_t h1[HWS_H1_LEN];
	size_t len = strlen(password);
	int r;

	if (len < 6 || len > HWS_PASSWORD_LEN_MAX || !hws_utf8_valid(hws_bytes_str(password)))
		return hws_error_set(err, HWS_ERR_INVAL,
				"a permanent password has 6 to %u bytes of UTF-8 text",
				HWS_PASSWORD_LEN_MAX);
	hws_password_salt(salt);
	hws_password_h1(hws_bytes(password, len), salt, h1);
	hws_password_store(h1, stored);
	r = hws_fmt(text, sizeof(text), "%s %s", salt, stored);
	if (r == HWS_OK)
		r = path_of(v, HWS_PASSWORD_FILE, path, sizeof(path));
	if (r == HWS_OK)
		r = hws_state_write(path, text, err);
	if (r == HWS_OK) {
		memcpy(v->permanent_secret, h1, sizeof(h1));
		memcpy(v->salt, salt, sizeof(salt));
		v->has_permanent = true;
		/* the same password goes on to be shown, computed with the new salt */
		hws_password_h1(hws_bytes_str(v->temporary_secret), v->salt,
				v->temporary_h1_secret);
	}
	hws_wipe(h1, sizeof(h1));
	hws_wipe(stored, sizeof(stored));
	hws_wipe(text, sizeof(text));
	return r;
}

int hws_vault_clear_permanent(struct hws_vault *v, struct hws_error *err)
{
	char path[PATH_MAX], salt_path[PATH_MAX];
	int r = path_of(v, HWS_PASSWORD_FILE, path, sizeof(path));

	if (r == HWS_OK)
		r = path_of(v, HWS_SALT_FILE, salt_path, sizeof(salt_path));
	if (r == HWS_OK)
		r = hws_state_write(salt_path, v->salt, err);
	if (r == HWS_OK)
		r = hws_private_file_remove(path, err);
	if (r < 0)
		return r;
	v->has_permanent = false;
	hws_wipe(v->permanent_secret, sizeof(v->permanent_secret));
	return HWS_OK;
}

static bool takes_temporary(const struct hws_vault *v)
{
	return v->conf.accept != HWS_VAULT_PERMANENT && v->temporary_secret[0];
}

static bool takes_permanent(const struct hws_vault *v)
{
	return v->conf.accept != HWS_VAULT_TEMPORARY && v->has_permanent;
}

const char *hws_vault_temporary(const struct hws_vault *v)
{
	return takes_temporary(v) ? v->temporary_secret : "";
}

enum hws_vault_match hws_vault_check(struct hws_vault *v, const char *salt, const char *challenge,
		struct hws_bytes proof, bool *ret_renewed)
{
	bool current = hws_str_equal(salt, v->salt);

	*ret_renewed = false;
	if (current && takes_temporary(v) &&
			hws_password_verify(v->temporary_h1_secret, challenge, proof)) {
		v->wrong = 0;
		return HWS_MATCH_TEMPORARY;
	}
	if (current && takes_permanent(v) &&
			hws_password_verify(v->permanent_secret, challenge, proof))
		return HWS_MATCH_PERMANENT;
	if (++v->wrong >= HWS_VAULT_WRONG_MAX) {
		hws_vault_renew_temporary(v);
		*ret_renewed = true;
	}
	return HWS_MATCH_NONE;
}
