/* conf/complete: words for shells (bash, zsh, fish), made of the tables that the command line is
 * read by. */
#pragma once
#include "shared/base/buf.h"
#include "shared/conf/complete_table.h"

/* Whether the command line is "completion SHELL", or "man" or "man VERB" of what has a table: then
 * the words, or the manual's list of options, were printed, or what is wrong, and *ret is the exit
 * status. */
bool hws_complete_verb(const struct hws_complete *c, int argc, char **argv, int *ret);
/* HWS_ERR_NOTFOUND: no such shell. HWS_ERR_RANGE: more options than there is room for. */
int hws_complete_make(const struct hws_complete *c, const char *shell,
		struct hws_buf *out) HWS_MUST_CHECK;
