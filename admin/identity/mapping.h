/* identity/mapping: which group and role follow from what a provider or a directory says, by the
 * operator's map: {"it-helpdesk": "Helpdesk", "cn=desk,ou=groups,dc=example": "role:operator"}. Pure
 * rules. */
#pragma once
#include "admin/data/accounts.h"
#include <jansson.h>

#define IDN_MAP_MAX 256u

struct idn_mapped {
	bool gives_groups, gives_roles; /* the map has any at all */
	char group[DAT_NAME_TEXT];      /* the first of the map that applies; "" = none does */
	enum dat_role role;             /* the highest that applies; else DAT_ROLE_USER */
};

/* What is wrong with a map that an operator gives; HWS_ERR_INVAL. Nobody becomes an owner by
 * somebody else's word. */
int idn_map_check(const json_t *map, struct hws_error *err) HWS_MUST_CHECK;
/* `said`: array of texts, NULL = nothing. A directory's group goes by its whole name or by the
 * value of its first part: "cn=desk,ou=groups" as "desk". Case does not count. */
void idn_map(const json_t *map, const json_t *said, struct idn_mapped *ret);
/* Whether an address is of one of the domains: "example.org, example.com"; "" = any. */
bool idn_domain_allowed(const char *domains, const char *email);
