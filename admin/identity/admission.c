/* identity/admission: all in one transaction, with what the audit keeps of it. */
#include "admin/identity/admission.h"
#include "admin/data/audit.h"
#include "admin/data/groups.h"
#include "admin/data/name.h"
#include "admin/identity/mapping.h"
#include "shared/base/log.h"
#include "shared/base/str.h"

#include <string.h>
#include <strings.h>

struct admission {
	struct sql_conn *c;
	const struct dat_keys *keys;
	const struct idn_policy *policy;
	const struct idn_person *person;
	int64_t now;
	struct hws_error *err;
	struct dat_account account; /* found or made */
};

static int audit(struct admission *a, const char *kind)
{
	struct dat_event e = {
		.kind = kind,
		.actor_name = a->policy->title,
		.via = a->policy->source,
		.target_kind = "user",
		.target_guid = a->account.guid,
		.target_name = a->account.name,
	};

	return dat_audit_add(a->c, a->keys, &e, a->now);
}

static int deny(struct admission *a, const char *text)
{
	return hws_error_set(a->err, HWS_ERR_DENIED, "%s", text);
}

/* --- which account ---------------------------------------------------------------------------- */

/* One that an administrator has made for somebody who was not here yet: nobody can come in by it,
 * and nobody else has it elsewhere. */
static bool waits(const struct admission *a)
{
	return !a->account.has_password &&
			(a->account.status == DAT_UNVERIFIED ||
					strcmp(a->account.source, a->policy->source) == 0);
}

/* Whoever says who people are must not say who runs this server. */
static bool manages(enum dat_role role)
{
	return role == DAT_ROLE_OWNER || role == DAT_ROLE_ADMIN;
}

static int find_waiting(struct admission *a)
{
	const struct idn_person *p = a->person;
	bool by_mail = strcmp(a->policy->provider, IDN_LDAP) != 0, used = false;
	int r = HWS_ERR_NOTFOUND;

	if (by_mail && *p->email && p->email_verified)
		r = dat_account_find_email(a->c, p->email, &a->account);
	else if (!by_mail && *p->name)
		r = dat_account_find(a->c, p->name, &a->account);
	if (r == HWS_OK)
		r = dat_identity_any(a->c, a->account.guid, &used);
	/* the same name may be another's, whose address the administrator has written there */
	if (r == HWS_OK && !by_mail && *a->account.email &&
			strcasecmp(a->account.email, p->email) != 0)
		used = true;
	if (r == HWS_OK && (used || !waits(a)))
		r = HWS_ERR_NOTFOUND;
	if (r == HWS_OK && manages(a->account.role))
		return deny(a,
				"An account that manages others is not tied to a provider by a "
				"login; ask an owner");
	if (r == HWS_OK && a->account.status == DAT_UNVERIFIED) {
		r = dat_account_hand_over(a->c, a->account.guid, a->policy->source, a->now);
		if (r == HWS_OK)
			r = dat_account_get(a->c, a->account.guid, &a->account);
	}
	return r;
}

/* The person's name, or with the provider's behind it where another has that name here. */
static int free_name(struct admission *a, char buf[DAT_NAME_TEXT])
{
	struct dat_account other;
	char key[DAT_NAME_KEY_TEXT];
	int r = dat_name_key(a->person->name, key);

	if (r < 0)
		return deny(a, "What the provider says of you has no name for an account");
	r = dat_account_find(a->c, a->person->name, &other);
	if (r == HWS_ERR_NOTFOUND)
		return hws_str_copy(buf, DAT_NAME_TEXT, a->person->name);
	if (r == HWS_OK &&
			hws_fmt(buf, DAT_NAME_TEXT, "%s@%s", a->person->name, a->policy->title) ==
					HWS_OK) {
		r = dat_account_find(a->c, buf, &other);
		if (r == HWS_ERR_NOTFOUND)
			return HWS_OK;
	}
	return r < 0 ? r : deny(a, "Another account has your name; ask an administrator");
}

/* An address that nobody else has here, "" otherwise. */
static int free_email(struct admission *a, char buf[DAT_EMAIL_TEXT])
{
	struct dat_account other;
	int r;

	buf[0] = '\0';
	if (!*a->person->email || !a->person->email_verified)
		return HWS_OK;
	r = dat_account_find_email(a->c, a->person->email, &other);
	if (r == HWS_ERR_NOTFOUND || (r == HWS_OK && strcmp(other.guid, a->account.guid) == 0))
		return hws_str_copy(buf, DAT_EMAIL_TEXT, a->person->email);
	return r == HWS_OK ? HWS_OK : r;
}

static int make(struct admission *a)
{
	char name[DAT_NAME_TEXT], email[DAT_EMAIL_TEXT], guid[DAT_GUID_TEXT];
	struct dat_account_new in = {
		.name = name,
		.email = email,
		.display_name = a->person->display_name,
		.source = a->policy->source,
		.role = DAT_ROLE_USER,
		.status = DAT_ENABLED,
	};
	int r;

	if (!a->policy->auto_create)
		return deny(a, "There is no account for you here; ask an administrator");
	a->account.guid[0] = '\0';
	r = free_name(a, name);
	if (r == HWS_OK)
		r = free_email(a, email);
	if (r == HWS_OK)
		r = dat_account_add(a->c, &in, a->now, guid);
	if (r == HWS_OK)
		r = dat_account_get(a->c, guid, &a->account);
	return r == HWS_OK ? audit(a, "user.add") : r;
}

static int find_or_make(struct admission *a)
{
	char guid[DAT_GUID_TEXT];
	int r = dat_identity_find(a->c, a->policy->provider, a->person->subject, guid);

	if (r == HWS_OK)
		return dat_account_get(a->c, guid, &a->account);
	if (r == HWS_ERR_NOTFOUND)
		r = find_waiting(a);
	if (r == HWS_ERR_NOTFOUND)
		r = make(a);
	if (r == HWS_OK)
		r = dat_identity_link(a->c, a->policy->provider, a->person->subject,
				a->account.guid, "{}", a->now);
	return r == HWS_OK ? audit(a, "user.link") : r;
}

/* --- what follows ----------------------------------------------------------------------------- */

static int follow_person(struct admission *a)
{
	struct dat_account_change ch = { DAT_ACCOUNT_CHANGE };
	char email[DAT_EMAIL_TEXT];
	int r = free_email(a, email);

	if (r == HWS_OK && *email && strcmp(email, a->account.email) != 0)
		ch.email = email;
	if (*a->person->display_name &&
			strcmp(a->person->display_name, a->account.display_name) != 0)
		ch.display_name = a->person->display_name;
	if (r == HWS_OK && (ch.email || ch.display_name))
		r = dat_account_change(a->c, a->account.guid, &ch, a->now);
	return r;
}

static int follow_group(struct admission *a, const struct idn_mapped *m)
{
	struct dat_account_change ch = { DAT_ACCOUNT_CHANGE };
	struct dat_group group = { 0 };
	int r = HWS_ERR_NOTFOUND;

	if (*m->group) {
		r = dat_group_find(a->c, DAT_USER_GROUP, m->group, &group);
		if (r == HWS_ERR_NOTFOUND)
			hws_warn("identity.no_group", HWS_STR("group", m->group),
					HWS_STR("provider", a->policy->title));
	}
	if (r == HWS_ERR_NOTFOUND)
		r = dat_group_default(a->c, a->now, group.guid);
	if (r < 0 || strcmp(group.guid, a->account.group_guid) == 0)
		return r;
	ch.group_guid = group.guid;
	r = dat_account_change(a->c, a->account.guid, &ch, a->now);
	return r == HWS_OK ? audit(a, "user.group") : r;
}

/* What is no longer said there is taken away here. An owner stays one. */
static int follow_role(struct admission *a, enum dat_role role)
{
	int r;

	if (a->account.role == role || a->account.role == DAT_ROLE_OWNER)
		return HWS_OK;
	r = dat_account_set_role(a->c, a->account.guid, role, a->now);
	return r == HWS_OK ? audit(a, "user.role") : r;
}

static int follow(struct admission *a)
{
	struct idn_mapped m;
	json_t *map = json_loads(a->policy->group_map, 0, NULL);
	int r = follow_person(a);

	idn_map(map, a->person->groups, &m);
	if (r == HWS_OK && m.gives_groups)
		r = follow_group(a, &m);
	if (r == HWS_OK && m.gives_roles)
		r = follow_role(a, m.role);
	json_decref(map);
	return r;
}

static int admit(struct admission *a)
{
	struct dat_tx tx;
	int r = dat_tx_begin(&tx, a->c);

	if (r < 0)
		return r;
	r = find_or_make(a);
	if (r == HWS_OK && a->account.status != DAT_ENABLED)
		r = deny(a, "Your account here is disabled");
	if (r == HWS_OK && strcmp(a->account.source, a->policy->source) == 0)
		r = follow(a);
	return dat_tx_end(&tx, r);
}

int idn_admit(struct sql_conn *c, const struct dat_keys *keys, const struct idn_policy *policy,
		const struct idn_person *person, int64_t now, char ret_guid[DAT_GUID_TEXT],
		struct hws_error *err)
{
	struct admission a = { c, keys, policy, person, now, err, { .guid = "" } };
	int r;

	if (*policy->domains &&
			(!person->email_verified ||
					!idn_domain_allowed(policy->domains, person->email)))
		return deny(&a,
				"Addresses of your domain may not log in here, or yours is not "
				"proved");
	r = admit(&a);
	if (r == HWS_ERR_EXISTS) /* the same person in another window was quicker */
		r = admit(&a);
	if (r == HWS_OK)
		return hws_str_copy(ret_guid, DAT_GUID_TEXT, a.account.guid);
	return r == HWS_ERR_DENIED ? r
				   : hws_error_set(err, r,
						     "the account cannot be brought up to "
						     "date: %s",
						     hws_err_text(r));
}
