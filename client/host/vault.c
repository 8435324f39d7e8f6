/* Passwords that open this host. Deployed viewers prove a salted hash, so where they are served
 * that hash, not the password, is what is kept; hawser viewers are judged by a verifier, from which
 * nothing can be computed that opens the host. */
#include "client/host/vault.h"
#include "client/host/state_file.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"
#include <limits.h>

#define T (HWS_PAKE_TEMPORARY - 1)
#define P (HWS_PAKE_PERMANENT - 1)

static int path_of(const struct hws_vault *v, const char *name, char *buf, size_t size)
{
	return hws_fmt(buf, size, "%s/%s", v->dir, name);
}

/* What proves the temporary password, with the salt in force. */
static void compute_temporary(struct hws_vault *v)
{
	struct hws_pake_cost cost;

	hws_password_h1(hws_bytes_str(v->temporary_secret), v->salt, v->temporary_h1_secret);
	hws_pake_cost_new(&cost, HWS_PAKE_TEMPORARY);
	if (hws_pake_verifier_of(v->temporary_h1_secret, &cost, &v->temporary_verifier_secret) < 0)
		v->temporary_secret[0] = 0; /* rather none than one that nobody can prove */
	v->version++;
}

void hws_vault_renew_temporary(struct hws_vault *v)
{
	enum hws_password_set set =
			v->conf.temporary_digits ? HWS_PASSWORD_DIGITS : HWS_PASSWORD_READABLE;

	v->wrong = 0;
	if (hws_password_random(set, v->conf.temporary_length, v->temporary_secret,
			    sizeof(v->temporary_secret)) < 0)
		v->temporary_secret[0] = 0;
	compute_temporary(v);
}

/* --- what is stored ------------------------------------------------------------------------- */

/* The file holds all on one line, so that it changes together. */
static int load_permanent(struct hws_vault *v, struct hws_error *err)
{
	char path[PATH_MAX], text[HWS_VAULT_LINE];
	int r = path_of(v, HWS_PASSWORD_FILE, path, sizeof(path));

	if (r == HWS_OK)
		r = hws_state_read(path, text, sizeof(text), err);
	if (r == HWS_ERR_NOTFOUND)
		return HWS_OK;
	if (r < 0)
		return r;
	if (hws_vault_parse(text, &v->permanent) < 0) {
		r = hws_error_set(err, HWS_ERR_CORRUPT,
				"%s is damaged: remove it and set the permanent password again with "
				"'hawser-host password set'",
				path);
	} else {
		v->has_permanent = true;
		r = hws_str_copy(v->salt, sizeof(v->salt), v->permanent.salt);
	}
	hws_wipe(text, sizeof(text));
	return r;
}

static int store_permanent(const struct hws_vault *v, const struct hws_vault_permanent *p,
		struct hws_error *err)
{
	char path[PATH_MAX], text[HWS_VAULT_LINE];
	int r = hws_vault_line(p, text, sizeof(text));

	if (r == HWS_OK)
		r = path_of(v, HWS_PASSWORD_FILE, path, sizeof(path));
	if (r == HWS_OK)
		r = hws_state_write(path, text, err);
	else
		hws_error_set(err, r, "the password cannot be stored in %s", v->dir);
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

/* --- the form in which it is stored --------------------------------------------------------- */

bool hws_vault_lacks_h1(const struct hws_vault *v)
{
	return v->has_permanent && !v->permanent.has_h1 && !v->conf.v2_only;
}

static void tell_lack(const struct hws_vault *v)
{
	if (hws_vault_lacks_h1(v))
		hws_warn("password.hawser_only",
				HWS_STR("text",
						"the permanent password opens this host for hawser viewers only, "
						"as it was stored while 'require-v2' was on: set it again with "
						"'hawser-host password set' for RustDesk 1.x viewers to use it"));
}

static void drop_h1(struct hws_vault_permanent *p)
{
	p->has_h1 = false;
	hws_wipe(p->h1_secret, sizeof(p->h1_secret));
}

static int put_in_force(
		struct hws_vault *v, const struct hws_vault_permanent *p, struct hws_error *err)
{
	int r = store_permanent(v, p, err);

	if (r < 0)
		return r;
	v->permanent = *p;
	v->has_permanent = true;
	v->version++;
	return HWS_OK;
}

int hws_vault_settle(struct hws_vault *v, struct hws_error *err)
{
	struct hws_vault_permanent p = v->permanent;
	struct hws_pake_cost cost;
	bool removes = v->conf.v2_only && p.has_h1;
	int r = HWS_OK;

	tell_lack(v);
	if (!v->has_permanent || (p.has_verifier && !removes))
		goto out;
	if (!p.has_verifier) {
		hws_pake_cost_new(&cost, HWS_PAKE_PERMANENT);
		r = hws_pake_verifier_of(p.h1_secret, &cost, &p.verifier_secret);
		if (r < 0) {
			hws_error_set(err, r,
					"hawser viewers cannot use the permanent password: there is not "
					"enough memory (%u MiB) to prepare it",
					HWS_PAKE_MEMORY_KIB >> 10);
			goto out;
		}
		p.has_verifier = true;
	}
	if (removes)
		drop_h1(&p);
	r = put_in_force(v, &p, err);
	if (r == HWS_OK && removes)
		hws_info("password.h1_removed",
				HWS_STR("text",
						"the form of the permanent password that RustDesk 1.x viewers "
						"need is no longer kept"));
out:
	hws_wipe(&p, sizeof(p));
	return r;
}

void hws_vault_configure(struct hws_vault *v, const struct hws_vault_conf *conf)
{
	bool redraw = v->conf.temporary_length != conf->temporary_length ||
			v->conf.temporary_digits != conf->temporary_digits;
	bool same = v->conf.v2_only == conf->v2_only;
	struct hws_error err = { 0 };

	if (v->conf.accept != conf->accept)
		v->version++; /* others are offered from now on */
	v->conf = *conf;
	if (redraw)
		hws_vault_renew_temporary(v);
	/* its verifier is there, or there was no memory for it: nothing is computed here */
	if (!same && (!v->has_permanent || v->permanent.has_verifier) &&
			hws_vault_settle(v, &err) < 0)
		hws_error_log("password.not_rewritten", HWS_STR("why", err.text));
}

int hws_vault_prepare(const char *password, struct hws_vault_permanent *ret, struct hws_error *err)
{
	struct hws_pake_cost cost;
	size_t len = strlen(password);
	int r;

	memset(ret, 0, sizeof(*ret));
	if (len < 6 || len > HWS_PASSWORD_LEN_MAX || !hws_utf8_valid(hws_bytes_str(password)))
		return hws_error_set(err, HWS_ERR_INVAL,
				"a permanent password has 6 to %u bytes of UTF-8 text",
				HWS_PASSWORD_LEN_MAX);
	hws_password_salt(ret->salt);
	hws_password_h1(hws_bytes(password, len), ret->salt, ret->h1_secret);
	hws_pake_cost_new(&cost, HWS_PAKE_PERMANENT);
	r = hws_pake_verifier_of(ret->h1_secret, &cost, &ret->verifier_secret);
	if (r < 0) {
		hws_wipe(ret, sizeof(*ret));
		return hws_error_set(err, r,
				"there is not enough memory (%u MiB) to prepare the password",
				HWS_PAKE_MEMORY_KIB >> 10);
	}
	ret->has_h1 = ret->has_verifier = true;
	return HWS_OK;
}

int hws_vault_take(struct hws_vault *v, const struct hws_vault_permanent *prepared,
		struct hws_error *err)
{
	struct hws_vault_permanent p = *prepared;
	int r;

	if (v->conf.v2_only)
		drop_h1(&p);
	r = put_in_force(v, &p, err);
	if (r == HWS_OK) {
		memcpy(v->salt, p.salt, sizeof(v->salt));
		/* the same password goes on to be shown, computed with the new salt */
		compute_temporary(v);
	}
	hws_wipe(&p, sizeof(p));
	return r;
}

int hws_vault_set_permanent(struct hws_vault *v, const char *password, struct hws_error *err)
{
	struct hws_vault_permanent p;
	int r = hws_vault_prepare(password, &p, err);

	if (r == HWS_OK)
		r = hws_vault_take(v, &p, err);
	hws_wipe(&p, sizeof(p));
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
	v->version++;
	hws_wipe(&v->permanent, sizeof(v->permanent));
	return HWS_OK;
}

/* --- judging -------------------------------------------------------------------------------- */

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

bool hws_vault_temporary_counts(const struct hws_vault *v, enum hws_secure_level level)
{
	bool strong = v->conf.temporary_length >= HWS_TEMPORARY_STRONG && !v->conf.temporary_digits;

	return takes_temporary(v) && (level == HWS_LEVEL_V2 || strong || v->conf.weak_for_all);
}

static enum hws_vault_match count(
		struct hws_vault *v, enum hws_vault_match match, bool *ret_renewed)
{
	if (match == HWS_MATCH_TEMPORARY)
		v->wrong = 0;
	if (match != HWS_MATCH_NONE || ++v->wrong < HWS_VAULT_WRONG_MAX)
		return match;
	hws_vault_renew_temporary(v);
	*ret_renewed = true;
	return match;
}

enum hws_vault_match hws_vault_check(struct hws_vault *v, enum hws_secure_level level,
		const char *salt, const char *challenge, struct hws_bytes proof, bool *ret_renewed)
{
	bool current = hws_str_equal(salt, v->salt) && level != HWS_LEVEL_V2;
	enum hws_vault_match match = HWS_MATCH_NONE;

	*ret_renewed = false;
	if (current && hws_vault_temporary_counts(v, level) &&
			hws_password_verify(v->temporary_h1_secret, challenge, proof))
		match = HWS_MATCH_TEMPORARY;
	else if (current && takes_permanent(v) && v->permanent.has_h1 &&
			hws_password_verify(v->permanent.h1_secret, challenge, proof))
		match = HWS_MATCH_PERMANENT;
	return count(v, match, ret_renewed);
}

static void make_offer(struct hws_vault_offers *o, size_t i, const struct hws_pake_verifier *v)
{
	o->made[i] = true;
	o->cost[i] = v->cost;
	hws_pake_offer_new(v, &o->offer_secret[i]);
}

void hws_vault_offer(const struct hws_vault *v, struct hws_vault_offers *o)
{
	if ((o->made[T] || o->made[P]) && o->version == v->version)
		return;
	hws_wipe(o, sizeof(*o));
	o->version = v->version;
	if (takes_temporary(v))
		make_offer(o, T, &v->temporary_verifier_secret);
	if (takes_permanent(v) && v->permanent.has_verifier)
		make_offer(o, P, &v->permanent.verifier_secret);
}

static bool proves(const struct hws_pake_verifier *verifier, struct hws_vault_offers *o, size_t i,
		const struct hws_vault_proof *proof, uint8_t ret_confirm[HWS_PAKE_CONFIRM_LEN])
{
	const struct hws_pake_context context = { proof->binding, proof->host_pk,
		(enum hws_pake_kind)(i + 1) };

	return o->made[i] && proof->share[i].len &&
			hws_pake_judge(verifier, &o->offer_secret[i], &context, proof->share[i],
					proof->confirm[i], ret_confirm) == HWS_OK;
}

enum hws_vault_match hws_vault_judge(struct hws_vault *v, struct hws_vault_offers *offers,
		const struct hws_vault_proof *proof, uint8_t ret_confirm[HWS_PAKE_CONFIRM_LEN],
		bool *ret_renewed)
{
	enum hws_vault_match match = HWS_MATCH_NONE;

	*ret_renewed = false;
	if (takes_temporary(v) &&
			proves(&v->temporary_verifier_secret, offers, T, proof, ret_confirm))
		match = HWS_MATCH_TEMPORARY;
	else if (takes_permanent(v) && v->permanent.has_verifier &&
			proves(&v->permanent.verifier_secret, offers, P, proof, ret_confirm))
		match = HWS_MATCH_PERMANENT;
	hws_wipe(offers, sizeof(*offers));
	return count(v, match, ret_renewed);
}
