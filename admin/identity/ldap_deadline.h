/* identity/ldap_deadline: an end to all that one connection to a directory may take. The library's
 * own limits do not hold while TLS is set up: a directory that takes the connection and says
 * nothing would keep the thread for ever. */
#pragma once
#include <ldap.h>
#include <stdbool.h>
#include <stdint.h>

struct idn_ldap_deadline {
	ldap_conncb hook; /* first: the library hands it back */
	uint64_t at_us;   /* hws_clock_us */
};

/* From now on; `d` lives until the connection has ended. False: the library refuses. */
bool idn_ldap_deadline(LDAP *ld, struct idn_ldap_deadline *d, uint64_t after_us);
