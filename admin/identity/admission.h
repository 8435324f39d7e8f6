/* identity/admission: which account a person is that a provider or a directory vouches for: by its
 * unchanging subject there, never by an address or a name alone. */
#pragma once
#include "admin/data/keys.h"
#include "admin/identity/person.h"

struct idn_policy {
	const char *provider; /* whose subjects: as in account_identity */
	const char *source;   /* of accounts made for it: "oidc", "ldap" */
	const char *title;    /* for people and the audit: "corp" */
	bool auto_create;
	const char *domains;   /* only addresses of these, proved there; "" = all */
	const char *group_map; /* JSON, see mapping.h */
};

#define IDN_LDAP "ldap" /* the directory's name as a provider */

/* The account: theirs; else one that waits for them (invited, without a password, of nobody
 * elsewhere) with this name (a directory) or this proved address (a provider); else a new one, if
 * the policy lets it. Name, address, group and role of such an account follow what is said
 * there, at each login. HWS_ERR_DENIED: `err` has words for the person. */
int idn_admit(struct sql_conn *c, const struct dat_keys *keys, const struct idn_policy *policy,
		const struct idn_person *person, int64_t now, char ret_guid[DAT_GUID_TEXT],
		struct hws_error *err) HWS_MUST_CHECK;
