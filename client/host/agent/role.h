/* agent/role: what an agent of a role is made of. A row for each; agent.c and viewer.c go by the
 * row and know no role by name. */
#pragma once
#include "client/host/agent_role.h"
#include "client/services/host_service.h"
#include "shared/sys/sandbox.h"

struct hws_agent_role_row {
	const struct hws_host_service_impl *const *services;
	bool needs_desktop; /* there are no services without an opened one */
	/* Of calls, entered at the start or, where its files are to be known first, with them;
	 * HWS_SANDBOX_ROLES: none, since what it starts would inherit it. */
	enum hws_sandbox_role sandbox;
};

const struct hws_agent_role_row *hws_agent_role_row(enum hws_agent_role role);
/* By its name. False: there is none. */
bool hws_agent_role_parse(const char *name, enum hws_agent_role *ret);
