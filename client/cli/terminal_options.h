/* cli/terminal_options: the command line of `hawser terminal`. */
#pragma once
#include "client/cli/session_front.h"

struct terminal_options {
	struct session_front_options front;
	bool force_pty, no_pty, keep, list;
	uint32_t attach, kill; /* 0: not */
	char *attach_text, *kill_text;
	char *user, *user_password_file, *escape;
	int escape_char; /* -1: none */
	struct session_front_words words;
	const char *target;
	/* Behind "--"; ends with NULL. None: the login shell. */
	char **command;
};

const struct hws_options *terminal_options_table(void);
/* Returns 0, or an exit status after a message. Free by terminal_options_done in any case. */
int terminal_options_parse(struct terminal_options *o, int argc, char **argv);
void terminal_options_done(struct terminal_options *o);
