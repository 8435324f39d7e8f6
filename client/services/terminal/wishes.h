/* terminal/wishes: what a hawser viewer wants to have run, out of a message of its: checked, as C
 * strings. Pure. */
#pragma once
#include "proto/session.pb-c.h"
#include "shared/base/err.h"

struct hws_wishes {
	char **argv, **env; /* NULL: none; else end with NULL */
	const char *term;   /* borrowed from the message; NULL: none */
};

/* Variables that are not allowed are left out: LANG, LC_*, COLORTERM are. `err` is for the viewer.
 * HWS_ERR_INVAL. */
int hws_wishes_read(const Ses__OpenTerminal *o, struct hws_wishes *ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* Takes a zeroed one, too. */
void hws_wishes_done(struct hws_wishes *w);
