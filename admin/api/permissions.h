/* api/permissions: what may be done in a session, as the own API has it: {"file":"deny"}. */
#pragma once
#include <jansson.h>
#include <stdint.h>

/* What is left to the host is not in it. */
json_t *adi_out_permissions(uint64_t perms);
/* Of an object that was checked. */
uint64_t adi_in_permissions(const json_t *o);
