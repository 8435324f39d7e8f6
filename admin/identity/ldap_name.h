/* identity/ldap_name: names that people type, as parts of filters and of distinguished names: what
 * they type never becomes more than a value. Without I/O. */
#pragma once
#include "shared/base/err.h"

/* As a value in a filter (RFC 4515). HWS_ERR_TOOBIG. */
int idn_ldap_filter_value(const char *text, char *buf, size_t size) HWS_MUST_CHECK;
/* As a value in a distinguished name (RFC 4514). HWS_ERR_TOOBIG. */
int idn_ldap_dn_value(const char *text, char *buf, size_t size) HWS_MUST_CHECK;
/* Puts a name into "uid={name},ou=people" or "{name}@example.org". HWS_ERR_INVAL: a sign that the
 * second form cannot carry. */
int idn_ldap_bind_name(
		const char *template, const char *name, char *buf, size_t size) HWS_MUST_CHECK;
