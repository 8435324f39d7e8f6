/* tests: the terminals of a deployed host, for fake_host: a shell that echoes, and knows a few
 * words: "exit N", "size", "big" (much output, packed), "evil" (an error with escapes in it), "cut"
 * (the connection ends; what is kept is there again). */
#pragma once
#include "tests/component/viewer/fake_host.h"

struct fake_terminal {
	bool kept;     /* there is one, from before the cut */
	bool persists; /* the login said so */
	char service_id[100];
	char line[200];
	size_t len;
	unsigned opens, closes, rows, cols;
	bool compressed_input;
};

#define FAKE_TERMINAL_BIG (64u * 4096u)
/* The n-th byte of "big": letters, so that a terminal shows them. */
char fake_terminal_byte(size_t n);

/* conf->more and conf->arg of a fake host that has it. */
bool fake_terminal_hears(struct fake_host *h, const void *ses_message);
void fake_terminal_conf(struct fake_terminal *t, struct fake_conf *conf);
