/* hawser-host: the host's one program; the role "agent" (capture, input) is linked here only, so
 * that no other role carries the desktop's libraries' code paths. */
#include "client/host/agent/agent.h"
#include "client/host/cmd.h"
#include "client/host/layers.h"
#include "shared/base/output.h"
#include "shared/sys/sandbox.h"
#include "shared/sys/spawn.h"
#include <string.h>

static int run_agent(int argc, char **argv)
{
	struct hws_settings s;
	struct hws_agent_conf conf = { 0 };
	int status;

	if (hws_host_role_settings(&s, argc, argv, "hawser-host[agent]") < 0)
		return 2;
	conf.role = (enum hws_agent_role)s.role;
	conf.sandbox = s.sandbox;
	if (s.sandbox && hws_agent_role_of_desktop(conf.role))
		hws_layers_enter(HWS_SANDBOX_AGENT, "agent.no_sandbox");
	conf.backend = s.backend;
	conf.display = s.display;
	conf.notify = s.notify;
	conf.hardware = s.hardware_codecs;
	status = hws_agent_main(HWS_SPAWN_IPC_FD, &conf);
	hws_settings_done(&s);
	return status;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "agent"))
		return run_agent(argc - 1, argv + 1);
	return hws_output_end("hawser-host", hws_host_cmd(argc, argv), 1);
}
