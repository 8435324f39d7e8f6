/* host/agent_role: what agents there are, and which sessions each serves. hostd starts a process
 * with such a role, and joins to it the gates of its kinds of session and of no others; the agent
 * serves no other kind either (agent/role). Pure. */
#pragma once
#include "shared/base/macros.h"
#include "shared/wire/session_kind.h"

enum hws_agent_role {
	HWS_AGENT_DESKTOP,  /* pictures, input and what else there is of a desktop */
	HWS_AGENT_FILES,    /* no network, no programs, and of files the permitted ones */
	HWS_AGENT_TERMINAL, /* keeps shells while nobody looks at them */
	HWS_AGENT_TUNNEL,   /* a connector: besides gates the one process with a network */
	HWS_AGENT_ROLES
};

/* "desktop", "files", "terminal", "tunnel": its option --role, for logs and `status`. */
static inline const char *hws_agent_role_name(enum hws_agent_role role)
{
	static const char *const names[] = { "desktop", "files", "terminal", "tunnel" };

	return (unsigned)role < HWS_COUNT(names) ? names[role] : "?";
}

/* Which serves such a session. */
static inline enum hws_agent_role hws_agent_role_of(enum hws_session_kind kind)
{
	switch (kind) {
	case HWS_KIND_FILE:
		return HWS_AGENT_FILES;
	case HWS_KIND_TERMINAL:
		return HWS_AGENT_TERMINAL;
	case HWS_KIND_FORWARD:
		return HWS_AGENT_TUNNEL;
	default:
		return HWS_AGENT_DESKTOP;
	}
}
