/* host/agent_role: what agents there are, and which sessions each serves. hostd starts a process
 * with such a role, and joins to it the gates of its kinds of session and of no others; the agent
 * serves no other kind either (agent/role). Pure. */
#pragma once
#include "shared/base/macros.h"
#include "shared/wire/session_kind.h"
#include <stdbool.h>

enum hws_agent_role {
	HWS_AGENT_DESKTOP,  /* pictures, input and what else there is of a desktop */
	HWS_AGENT_FILES,    /* no network, no programs, and of files the permitted ones */
	HWS_AGENT_TERMINAL, /* keeps shells while nobody looks at them */
	HWS_AGENT_TUNNEL,   /* a connector: besides gates the one process with a network */
	HWS_AGENT_CAMERA,   /* the cameras of the desktop's user, also where there is no display */
	HWS_AGENT_ROLES
};

/* "desktop", "files", "terminal", "tunnel", "camera": its option --role, for logs and `status`. */
static inline const char *hws_agent_role_name(enum hws_agent_role role)
{
	static const char *const names[] = { "desktop", "files", "terminal", "tunnel", "camera" };

	return (unsigned)role < HWS_COUNT(names) ? names[role] : "?";
}

/* Whether it lives with the desktop of an account, and the libraries of one: it is confined from
 * its start, and not when it has heard which files it may have. */
static inline bool hws_agent_role_of_desktop(enum hws_agent_role role)
{
	return role == HWS_AGENT_DESKTOP || role == HWS_AGENT_CAMERA;
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
	case HWS_KIND_CAMERA:
		return HWS_AGENT_CAMERA;
	default:
		return HWS_AGENT_DESKTOP;
	}
}
