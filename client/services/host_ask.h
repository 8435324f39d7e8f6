/* services/host_ask: what services ask of the host as a whole for a viewer. Numbers between agent
 * and hostd. */
#pragma once

enum hws_host_ask {
	HWS_ASK_RESTART = 1, /* the machine */
	HWS_ASK_SWITCH = 2,  /* sides; data: the viewer's number */
};
