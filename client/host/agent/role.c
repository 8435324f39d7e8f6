/* What each agent has: services, a desktop or none, and a sandbox. A role that starts programs of
 * the user has no sandbox: they would be caught in it, and sudo would not work in a shell. */
#include "client/host/agent/role.h"
#include "shared/base/str.h"

static const struct hws_agent_role_row rows[HWS_AGENT_ROLES] = {
	[HWS_AGENT_DESKTOP] = { hws_host_registry, true, HWS_SANDBOX_AGENT },
	[HWS_AGENT_FILES] = { hws_host_files_registry, false, HWS_SANDBOX_FILES },
	[HWS_AGENT_TERMINAL] = { hws_host_terminal_registry, false, HWS_SANDBOX_ROLES },
	/* as a desktop's: it lives with the libraries of the desktop's sound and video server */
	[HWS_AGENT_CAMERA] = { hws_host_camera_registry, true, HWS_SANDBOX_AGENT },
	[HWS_AGENT_TUNNEL] = { hws_host_tunnel_registry, false, HWS_SANDBOX_TUNNEL },
};

const struct hws_agent_role_row *hws_agent_role_row(enum hws_agent_role role)
{
	return &rows[role];
}

bool hws_agent_role_parse(const char *name, enum hws_agent_role *ret)
{
	for (enum hws_agent_role i = 0; i < HWS_AGENT_ROLES; i++) {
		if (!hws_str_equal(name, hws_agent_role_name(i)))
			continue;
		*ret = i;
		return true;
	}
	return false;
}
