/* cli/connect_around: what hawser connect does to the machines at its ends: --restart-host,
 * --switch-sides, and being started for a switch of sides. */
#pragma once
#include "client/cli/connect_options.h"
#include <hawser/hawser.h>

struct connect_switch {
	unsigned char number_secret[16];
};

/* Once the first picture is there: an exit status, after a message where it is not CLI_OK. */
int connect_around_act(const struct connect_options *o, hawser_session *session, size_t display);
/* The host's picture has come: an exit status, after a message where it is not CLI_OK. */
int connect_around_shot(const struct connect_options *o, const struct hawser_event *e);
/* A box of the host's: CLI_DENIED, after a message, when it says that there is no restart, or no
 * change of sides. */
int connect_around_message(const struct connect_options *o, const struct hawser_event *e);
/* The session has ended: whether that is what --switch-sides was for, and it was said. */
bool connect_around_changed(const struct connect_options *o, int error, const char *text);
/* Of a switch of sides: reads the number that the host has left for us. 0, or an exit
 * status after a message. */
int connect_around_config(const struct connect_options *o, struct connect_switch *room,
		struct hawser_session_config *config);
