/* host/agent: the process that serves sessions of its role (host/agent_role): of a desktop, running
 * as the desktop's user, it captures, encodes, injects input, shares the clipboard, and has no
 * network; those of files, terminals and tunnels need no desktop. hostd hands it one link for each
 * authorised viewer (AgentLink with a descriptor); on such a link the gate sends Open, the agent
 * answers Opened, then ses.Messages go both ways. Ends when hostd's link ends. Without a usable
 * desktop it stays, says why in AgentState, answers Opened with an error, and tries again until
 * there is one. In a role that needs no desktop it is ready with hostd's AgentConf. */
#pragma once
#include "client/host/agent_role.h"
#include <stdbool.h>

struct hws_agent_conf {
	/* "x11", "headless", "headless:WxH@FPS"; NULL or "" = by HAWSER_PLATFORM, else x11 */
	const char *backend;
	const char *display;  /* of X11, ":0"; NULL or "" = $DISPLAY */
	const char *hardware; /* devices to code by: as the option hardware-codecs; NULL = none */
	bool notify;          /* show on the desktop who is connected */
	enum hws_agent_role role;
	bool sandbox; /* a role without a desktop confines itself, once it knows its files */
};

/* Takes link_fd (a host/ipc to hostd). Runs until the link ends or SIGTERM; returns the exit
 * status. */
int hws_agent_main(int ipc_fd, const struct hws_agent_conf *conf);
