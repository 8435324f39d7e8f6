/* identity/ldap_conf: the directory as the operator has set it, kept with the settings. */
#pragma once
#include "admin/data/settings.h"
#include <jansson.h>

#define IDN_LDAP_URL_TEXT 513
#define IDN_LDAP_NAME_TEXT DAT_LETTERS(512)
#define IDN_LDAP_PASSWORD_TEXT 1025

struct idn_ldap_conf {
	bool enabled, starttls, auto_create, has_password;
	char url[IDN_LDAP_URL_TEXT]; /* ldap://, ldaps:// */
	/* Who searches; "" = nobody in particular. With {name} in it: whoever logs in, as
	 * "uid={name},ou=people,dc=example,dc=org" or "{name}@example.org". */
	char bind_dn[IDN_LDAP_NAME_TEXT];
	char password[IDN_LDAP_PASSWORD_TEXT]; /* of idn_ldap_conf_read with keys alone */
	char base[IDN_LDAP_NAME_TEXT];
	char filter[IDN_LDAP_NAME_TEXT];
	char name_attribute[DAT_SHORT_TEXT];
	char group_map[DAT_SETTING_TEXT]; /* JSON, see mapping.h */
	int64_t updated_at;
};

/* What is not set is as in a directory that is off. Large: of the heap. The caller wipes it. */
int idn_ldap_conf_read(struct sql_conn *c, const struct dat_keys *keys,
		struct idn_ldap_conf *ret) HWS_MUST_CHECK;
/* `password` NULL = stays. HWS_ERR_INVAL: `err` says what is wrong. */
int idn_ldap_conf_write(struct sql_conn *c, const struct dat_keys *keys,
		const struct idn_ldap_conf *conf, const char *password, const char *by, int64_t now,
		struct hws_error *err) HWS_MUST_CHECK;
/* As it is written and shown; without the password. New. */
json_t *idn_ldap_conf_json(const struct idn_ldap_conf *conf);
