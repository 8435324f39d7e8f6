/* identity/ldap: asks a directory whether a password is right, and who that is. Blocking, for
 * worker threads. */
#pragma once
#include "admin/identity/ldap_conf.h"
#include "admin/identity/person.h"

/* The person of that name, if the password is theirs. `ca_file`: PEM of the authorities that vouch
 * for the directory; NULL = the system's. `ret` goes to idn_person_done.
 * HWS_ERR_NOTFOUND: nobody of that name; HWS_ERR_PASSWORD: wrong, or empty, which directories take
 * for no password at all; HWS_ERR_DENIED: the directory has disabled or locked them;
 * HWS_ERR_INSECURE: the password would cross the network unencrypted; HWS_ERR_UNREACHABLE,
 * HWS_ERR_TIMEOUT, HWS_ERR_CRYPTO (certificate), HWS_ERR_PROTO: the directory is away or not as it
 * was set. `err` has words without names or passwords. */
int idn_ldap_login(const struct idn_ldap_conf *conf, const char *ca_file, const char *name,
		const char *password, struct idn_person *ret, struct hws_error *err) HWS_MUST_CHECK;
/* Connects, binds as who searches, and looks for anybody: what the operator's test shows. */
int idn_ldap_try(const struct idn_ldap_conf *conf, const char *ca_file,
		struct hws_error *err) HWS_MUST_CHECK;
