/* api/authority: what an account may do to another, and what a token of it may. Pure: no request,
 * no database. That an operation is open to a role at all stands in openapi.json; here is what
 * depends on both ends. */
#pragma once
#include "admin/data/accounts.h"
#include "admin/data/tokens.h"
#include <jansson.h>

struct adi_actor {
	enum dat_role role;
	bool self; /* does it to the own account */
};

/* Changes, disables, removes an account, or sets its password. Nobody but owners touches owners;
 * nobody does it to themselves, who could lose what only others can give back. */
bool adi_may_change(struct adi_actor by, enum dat_role of);
/* Makes an account with this role, or gives it to one: owners all, admins all but owner. */
bool adi_may_give(struct adi_actor by, enum dat_role from, enum dat_role to);
/* Ends the sessions of an account: operators of those who may no more than they. */
bool adi_may_log_out(struct adi_actor by, enum dat_role of);
/* Sees, changes and removes another's token. */
bool adi_may_change_token(struct adi_actor by, enum dat_role of);
/* The most that a token of an account with this role can have in an area: what some operation of
 * the description (openapi.json) that the role may call asks for. Owners and admins have all. */
enum dat_scope adi_scope_most(const json_t *description, enum dat_role role, enum dat_area area);
