/* identity/ldap: one connection for each login, which ends with it. Who searches looks for the
 * person first; the person's own password is tried last, on the same connection. */
#include "admin/identity/ldap.h"
#include "admin/identity/ldap_deadline.h"
#include "admin/identity/ldap_name.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"

#include <ldap.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>

#define WAIT_S 5                /* for one answer */
#define ALL_US (8 * 1000000ull) /* for all of a login */
#define GROUPS_FOUND 256
#define FILTER_TEXT 8192
#define DN_TEXT 4097
#define GUID_LEN 16
#define SYSTEM_CA "/etc/ssl/certs/ca-certificates.crt"

struct session {
	LDAP *ld;
	const struct idn_ldap_conf *conf;
	struct hws_error *err;
	struct idn_ldap_deadline deadline;
};

/* What is read of a person, operational attributes by name. */
static const char *const wanted[] = { "displayName", "cn", "mail", "memberOf", "entryUUID",
	"objectGUID", "nsUniqueId", "ipaUniqueID", "userAccountControl", "nsAccountLock",
	"loginDisabled", "pwdAccountLockedTime", NULL };

/* --- failures --------------------------------------------------------------------------------- */

static int code_of(int lr)
{
	switch (lr) {
	case LDAP_SUCCESS:
		return HWS_OK;
	case LDAP_INVALID_CREDENTIALS:
		return HWS_ERR_PASSWORD;
	case LDAP_UNWILLING_TO_PERFORM:
	case LDAP_INSUFFICIENT_ACCESS:
	case LDAP_CONSTRAINT_VIOLATION:
	case LDAP_INAPPROPRIATE_AUTH:
		return HWS_ERR_DENIED;
	case LDAP_TIMEOUT:
	case LDAP_TIMELIMIT_EXCEEDED:
		return HWS_ERR_TIMEOUT;
	case LDAP_SERVER_DOWN:
	case LDAP_UNAVAILABLE:
	case LDAP_BUSY:
		return HWS_ERR_UNREACHABLE;
	case LDAP_CONNECT_ERROR:
		return HWS_ERR_CRYPTO;
	case LDAP_NO_MEMORY:
		return HWS_ERR_NOMEM;
	case LDAP_NO_SUCH_OBJECT:
		return HWS_ERR_NOTFOUND;
	default:
		return HWS_ERR_PROTO;
	}
}

/* The directory's own words may name people: only the kind of failure is passed on, and what TLS
 * has against a certificate. */
static int failed(const struct session *s, const char *what, int lr)
{
	char *text = NULL, shown[160] = "";
	int r = code_of(lr);

	if ((r == HWS_ERR_CRYPTO || r == HWS_ERR_UNREACHABLE) &&
			ldap_get_option(s->ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &text) ==
					LDAP_OPT_SUCCESS &&
			text) {
		hws_str_plain(shown, sizeof(shown), hws_bytes_str(text));
		ldap_memfree(text);
	}
	return hws_error_set(s->err, r, "the directory: %s: %s%s%s", what, ldap_err2string(lr),
			*shown ? ": " : "", shown);
}

/* --- connecting ------------------------------------------------------------------------------- */

/* Passwords cross the network in these connections. */
static int check_encrypted(const struct session *s)
{
	LDAPURLDesc *d = NULL;
	bool safe;

	if (ldap_url_parse(s->conf->url, &d) != LDAP_URL_SUCCESS || !d->lud_host) {
		if (d)
			ldap_free_urldesc(d);
		return hws_error_set(s->err, HWS_ERR_INVAL, "the directory's address is not right");
	}
	safe = s->conf->starttls || strcmp(d->lud_scheme, "ldaps") == 0 ||
			strcmp(d->lud_host, "127.0.0.1") == 0 || strcmp(d->lud_host, "::1") == 0 ||
			strcmp(d->lud_host, "localhost") == 0;
	ldap_free_urldesc(d);
	return safe ? HWS_OK
		    : hws_error_set(s->err, HWS_ERR_INSECURE,
				      "passwords would cross the network unencrypted: use "
				      "ldaps:// or StartTLS");
}

/* All that matters is said here, whatever the system's ldap.conf has. */
static bool set_options(LDAP *ld, const char *ca_file)
{
	const struct timeval wait = { .tv_sec = WAIT_S };
	const int version = LDAP_VERSION3, seconds = WAIT_S, demand = LDAP_OPT_X_TLS_DEMAND,
		  tls = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2, client = 0;

	return ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version) == 0 &&
			ldap_set_option(ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) == 0 &&
			ldap_set_option(ld, LDAP_OPT_RESTART, LDAP_OPT_ON) == 0 &&
			ldap_set_option(ld, LDAP_OPT_NETWORK_TIMEOUT, &wait) == 0 &&
			ldap_set_option(ld, LDAP_OPT_TIMEOUT, &wait) == 0 &&
			ldap_set_option(ld, LDAP_OPT_TIMELIMIT, &seconds) == 0 &&
			ldap_set_option(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) == 0 &&
			ldap_set_option(ld, LDAP_OPT_X_TLS_PROTOCOL_MIN, &tls) == 0 &&
			ldap_set_option(ld, LDAP_OPT_X_TLS_CACERTFILE,
					ca_file ? ca_file : SYSTEM_CA) == 0 &&
			ldap_set_option(ld, LDAP_OPT_X_TLS_NEWCTX, &client) == 0;
}

static int connect_to(struct session *s, const char *ca_file)
{
	int r = check_encrypted(s), lr;

	if (r < 0)
		return r;
	lr = ldap_initialize(&s->ld, s->conf->url);
	if (lr != LDAP_SUCCESS) {
		s->ld = NULL;
		return hws_error_set(s->err, HWS_ERR_INVAL, "the directory's address: %s",
				ldap_err2string(lr));
	}
	if (!set_options(s->ld, ca_file) || !idn_ldap_deadline(s->ld, &s->deadline, ALL_US))
		return hws_error_set(s->err, HWS_ERR_CRYPTO,
				"the authorities for the directory's certificate cannot be read");
	if (!s->conf->starttls)
		return HWS_OK;
	lr = ldap_start_tls_s(s->ld, NULL, NULL);
	return lr == LDAP_SUCCESS ? HWS_OK : failed(s, "StartTLS", lr);
}

static void disconnect(struct session *s)
{
	if (s->ld)
		(void)ldap_unbind_ext_s(s->ld, NULL, NULL);
	s->ld = NULL;
}

/* An empty password is no password to a directory, and lets everybody in. */
static int bind_as(struct session *s, const char *dn, const char *password, const char *what)
{
	struct berval cred = { strlen(password), (char *)password };
	int lr;

	if (*dn && !*password)
		return hws_error_set(s->err, HWS_ERR_PASSWORD, "the password is empty");
	lr = ldap_sasl_bind_s(s->ld, dn, LDAP_SASL_SIMPLE, &cred, NULL, NULL, NULL);
	return lr == LDAP_SUCCESS ? HWS_OK : failed(s, what, lr);
}

/* --- searching -------------------------------------------------------------------------------- */

static int search(struct session *s, const char *base, int scope, const char *filter,
		const char *const *attributes, int limit, LDAPMessage **ret)
{
	struct timeval wait = { .tv_sec = WAIT_S };
	int lr = ldap_search_ext_s(s->ld, base, scope, filter, (char **)attributes, 0, NULL, NULL,
			&wait, limit, ret);

	/* what fits of a longer list is there all the same */
	if (lr == LDAP_SUCCESS || lr == LDAP_SIZELIMIT_EXCEEDED)
		return HWS_OK;
	(void)ldap_msgfree(*ret);
	*ret = NULL;
	return failed(s, "searching", lr);
}

/* The first value as a text, "" if there is none or it is none that we keep. */
static void value_text(LDAP *ld, LDAPMessage *e, const char *attribute, char *buf, size_t size)
{
	struct berval **v = ldap_get_values_len(ld, e, attribute);

	buf[0] = '\0';
	if (v && v[0] && hws_str_from_bytes(buf, size, hws_bytes(v[0]->bv_val, v[0]->bv_len)) < 0)
		buf[0] = '\0';
	ldap_value_free_len(v);
}

static bool is_true(LDAP *ld, LDAPMessage *e, const char *attribute)
{
	char text[16];

	value_text(ld, e, attribute, text, sizeof(text));
	return strcasecmp(text, "true") == 0;
}

static bool is_disabled(LDAP *ld, LDAPMessage *e)
{
	char text[64];
	uint32_t control = 0;

	value_text(ld, e, "userAccountControl", text, sizeof(text));
	if (*text && (hws_parse_u32(text, &control) < 0 || (control & 2)))
		return true;
	value_text(ld, e, "pwdAccountLockedTime", text, sizeof(text));
	return *text || is_true(ld, e, "nsAccountLock") || is_true(ld, e, "loginDisabled");
}

/* What stays the same when a person is renamed or moved. */
static void subject(LDAP *ld, LDAPMessage *e, char *buf, size_t size)
{
	static const char *const texts[] = { "entryUUID", "nsUniqueId", "ipaUniqueID" };
	struct berval **v = ldap_get_values_len(ld, e, "objectGUID");

	buf[0] = '\0';
	if (v && v[0] && v[0]->bv_len == GUID_LEN &&
			hws_hex_encode(hws_bytes(v[0]->bv_val, v[0]->bv_len), buf, size) < 0)
		buf[0] = '\0';
	ldap_value_free_len(v);
	for (size_t i = 0; i < HWS_COUNT(texts) && !*buf; i++)
		value_text(ld, e, texts[i], buf, size);
}

static int add_groups(LDAP *ld, LDAPMessage *e, struct idn_person *p)
{
	struct berval **v = ldap_get_values_len(ld, e, "memberOf");
	char group[IDN_GROUP_TEXT];
	int r = HWS_OK;

	for (size_t i = 0; v && v[i] && i < GROUPS_FOUND && r == HWS_OK; i++) {
		if (hws_str_from_bytes(group, sizeof(group),
				    hws_bytes(v[i]->bv_val, v[i]->bv_len)) == HWS_OK)
			r = idn_person_group(p, group);
	}
	ldap_value_free_len(v);
	return r;
}

struct found {
	struct idn_person p;
	char dn[DN_TEXT];
	bool disabled;
};

static int read_entry(struct session *s, LDAPMessage *e, struct found *f)
{
	char text[DAT_NAME_TEXT], *dn = ldap_get_dn(s->ld, e);
	int r = dn ? hws_str_copy(f->dn, sizeof(f->dn), dn) : HWS_ERR_NOMEM;

	ldap_memfree(dn);
	if (r < 0)
		return hws_error_set(s->err, HWS_ERR_PROTO, "the directory: a name is too long");
	subject(s->ld, e, f->p.subject, sizeof(f->p.subject));
	if (!*f->p.subject)
		return hws_error_set(s->err, HWS_ERR_PROTO,
				"the directory does not show an entryUUID or objectGUID");
	value_text(s->ld, e, s->conf->name_attribute, text, sizeof(text));
	idn_person_text(f->p.name, sizeof(f->p.name), text);
	value_text(s->ld, e, "displayName", text, sizeof(text));
	if (!*text)
		value_text(s->ld, e, "cn", text, sizeof(text));
	idn_person_text(f->p.display_name, sizeof(f->p.display_name), text);
	value_text(s->ld, e, "mail", f->p.email, sizeof(f->p.email));
	f->p.email_verified = *f->p.email != '\0'; /* who keeps the directory says so */
	f->disabled = is_disabled(s->ld, e);
	return add_groups(s->ld, e, &f->p);
}

/* The one entry with that name. */
static int find_person(struct session *s, const char *name, struct found *f)
{
	const char *attributes[HWS_COUNT(wanted) + 1] = { s->conf->name_attribute };
	char value[3 * DAT_NAME_TEXT], filter[FILTER_TEXT];
	LDAPMessage *res = NULL;
	int r = idn_ldap_filter_value(name, value, sizeof(value)), n;

	memcpy(attributes + 1, wanted, sizeof(wanted));
	if (r == HWS_OK)
		r = hws_fmt(filter, sizeof(filter), "(&%s(%s=%s))", s->conf->filter,
				s->conf->name_attribute, value);
	if (r < 0)
		return hws_error_set(s->err, HWS_ERR_NOTFOUND, "the name is too long");
	r = search(s, s->conf->base, LDAP_SCOPE_SUBTREE, filter, attributes, 2, &res);
	if (r < 0)
		return r;
	n = ldap_count_entries(s->ld, res);
	if (n == 0)
		r = hws_error_set(s->err, HWS_ERR_NOTFOUND, "the directory: nobody of that name");
	else if (n != 1)
		r = hws_error_set(s->err, HWS_ERR_DENIED,
				"the directory has several people of that name");
	else
		r = read_entry(s, ldap_first_entry(s->ld, res), f);
	(void)ldap_msgfree(res);
	return r;
}

/* --- groups that list their members ----------------------------------------------------------- */

/* The part of the tree that the base is in: groups seldom stand below people. */
static void naming_context(struct session *s, char buf[DN_TEXT])
{
	static const char *const attributes[] = { "namingContexts", NULL };
	const char *base = s->conf->base;
	LDAPMessage *res = NULL, *e;
	struct berval **v = NULL;

	if (hws_str_copy(buf, DN_TEXT, base) < 0)
		buf[0] = '\0';
	if (search(s, "", LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 1, &res) < 0)
		return;
	e = ldap_first_entry(s->ld, res);
	if (e)
		v = ldap_get_values_len(s->ld, e, "namingContexts");
	for (size_t i = 0; v && v[i]; i++) {
		size_t n = v[i]->bv_len, all = strlen(base);

		if (n > 0 && n <= all && strncasecmp(base + all - n, v[i]->bv_val, n) == 0)
			memmove(buf, base + all - n, n + 1); /* no longer than before */
	}
	ldap_value_free_len(v);
	(void)ldap_msgfree(res);
}

static int find_groups(struct session *s, struct found *f)
{
	static const char *const attributes[] = { "cn", NULL };
	char dn[3 * DN_TEXT], name[3 * DAT_NAME_TEXT], filter[FILTER_TEXT], base[DN_TEXT];
	LDAPMessage *res = NULL;
	int r = idn_ldap_filter_value(f->dn, dn, sizeof(dn));

	if (strcmp(s->conf->group_map, "{}") == 0)
		return HWS_OK;
	if (r == HWS_OK)
		r = idn_ldap_filter_value(f->p.name, name, sizeof(name));
	if (r == HWS_OK)
		r = hws_fmt(filter, sizeof(filter),
				"(|(&(objectClass=groupOfNames)(member=%s))(&(objectClass="
				"groupOfUniqueNames)(uniqueMember=%s))(&(objectClass=posixGroup)("
				"memberUid=%s)))",
				dn, dn, name);
	if (r < 0)
		return hws_error_set(s->err, HWS_ERR_PROTO, "the directory: a name is too long");
	naming_context(s, base);
	r = search(s, base, LDAP_SCOPE_SUBTREE, filter, attributes, GROUPS_FOUND, &res);
	if (r < 0)
		return r;
	for (LDAPMessage *e = ldap_first_entry(s->ld, res); e && r == HWS_OK;
			e = ldap_next_entry(s->ld, e)) {
		char *group = ldap_get_dn(s->ld, e);

		if (group)
			r = idn_person_group(&f->p, group);
		ldap_memfree(group);
	}
	(void)ldap_msgfree(res);
	return r;
}

/* --- a login ---------------------------------------------------------------------------------- */

/* Who looks up is somebody else: that their password is wrong is not the person's fault. */
static int bind_searcher(struct session *s)
{
	int r = bind_as(s, s->conf->bind_dn, s->conf->password, "binding as who searches");

	return r == HWS_ERR_PASSWORD || r == HWS_ERR_DENIED ? HWS_ERR_PROTO : r;
}

/* Who is not there takes as many questions as who has another password. */
static void bind_as_nobody(struct session *s, const char *password)
{
	struct berval cred = { strlen(password), (char *)password };
	char dn[DN_TEXT];

	if (hws_fmt(dn, sizeof(dn), "cn=nobody-of-that-name,%s", s->conf->base) == HWS_OK)
		(void)ldap_sasl_bind_s(s->ld, dn, LDAP_SASL_SIMPLE, &cred, NULL, NULL, NULL);
}

static int look_up_first(struct session *s, const char *name, const char *password, struct found *f)
{
	int r = bind_searcher(s);

	if (r == HWS_OK)
		r = find_person(s, name, f);
	if (r == HWS_OK)
		r = find_groups(s, f);
	if (r == HWS_ERR_NOTFOUND)
		bind_as_nobody(s, password);
	return r == HWS_OK ? bind_as(s, f->dn, password, "logging in") : r;
}

static int bind_first(struct session *s, const char *name, const char *password, struct found *f)
{
	char dn[DN_TEXT];
	int r = idn_ldap_bind_name(s->conf->bind_dn, name, dn, sizeof(dn));

	if (r < 0)
		return hws_error_set(s->err, HWS_ERR_NOTFOUND, "that is no name of the directory");
	r = bind_as(s, dn, password, "logging in");
	if (r == HWS_OK)
		r = find_person(s, name, f);
	return r == HWS_OK ? find_groups(s, f) : r;
}

int idn_ldap_login(const struct idn_ldap_conf *conf, const char *ca_file, const char *name,
		const char *password, struct idn_person *ret, struct hws_error *err)
{
	struct session s = { .conf = conf, .err = err };
	struct found f = { .dn = "" };
	int r = dat_text_check(name, DAT_NAME_TEXT, false);

	if (r < 0 || !*name)
		return hws_error_set(err, HWS_ERR_NOTFOUND, "that is no name of the directory");
	if (!*password || strlen(password) > DAT_PASSWORD_BYTES)
		return hws_error_set(err, HWS_ERR_PASSWORD, "the password is empty or too long");
	r = connect_to(&s, ca_file);
	if (r == HWS_OK && strstr(conf->bind_dn, "{name}"))
		r = bind_first(&s, name, password, &f);
	else if (r == HWS_OK)
		r = look_up_first(&s, name, password, &f);
	if (r == HWS_OK && f.disabled)
		r = hws_error_set(err, HWS_ERR_DENIED, "Your account is disabled in the directory");
	disconnect(&s);
	if (r == HWS_OK)
		*ret = f.p;
	else
		idn_person_done(&f.p);
	return r;
}

int idn_ldap_try(const struct idn_ldap_conf *conf, const char *ca_file, struct hws_error *err)
{
	static const char *const attributes[] = { "entryUUID", "objectGUID", NULL };
	struct session s = { .conf = conf, .err = err };
	bool direct = strstr(conf->bind_dn, "{name}");
	LDAPMessage *res = NULL;
	int r = connect_to(&s, ca_file);

	if (r == HWS_OK && !direct)
		r = bind_searcher(&s);
	/* who logs in directly is not here: that the directory answers is all there is to see */
	if (r == HWS_OK && direct)
		r = search(&s, "", LDAP_SCOPE_BASE, "(objectClass=*)", NULL, 1, &res);
	else if (r == HWS_OK)
		r = search(&s, conf->base, LDAP_SCOPE_SUBTREE, conf->filter, attributes, 1, &res);
	if (r == HWS_OK && ldap_count_entries(s.ld, res) == 0)
		r = hws_error_set(err, HWS_ERR_NOTFOUND,
				"the directory answers, but finds nobody with this base and filter");
	if (res)
		(void)ldap_msgfree(res);
	disconnect(&s);
	return r;
}
