/* host/agent: the process of one desktop session, running as the desktop's user: captures, encodes,
 * injects input, shares the clipboard. It has no network. hostd hands it one link for each
 * authorised viewer (AgentLink with a descriptor); on such a link the gate sends Open, the agent
 * answers Opened, then ses.Messages go both ways. Ends when hostd's link ends. Without a usable
 * desktop it stays, says why in AgentState, answers Opened with an error, and tries again until
 * there is one. */
#pragma once
#include <stdbool.h>

struct hws_agent_conf {
	/* "x11", "headless", "headless:WxH@FPS"; NULL or "" = by HAWSER_PLATFORM, else x11 */
	const char *backend;
	const char *display; /* of X11, ":0"; NULL or "" = $DISPLAY */
	bool notify;         /* show on the desktop who is connected */
};

/* Takes link_fd (a host/ipc to hostd). Runs until the link ends or SIGTERM; returns the exit
 * status. */
int hws_agent_main(int ipc_fd, const struct hws_agent_conf *conf);
