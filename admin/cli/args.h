/* admin/args: the words of the command line, as the table says. Pure but for what it says about
 * mistakes. */
#pragma once
#include "admin/cli/call.h"

/* Options that go before the noun, and any others of `verb` (NULL: only the common ones) between
 * positional arguments, which are moved to the front of argv. Fills call->args, value and the
 * common parts. ADM_DONE, or ADM_USAGE and a sentence. */
int adm_args_parse(struct adm_call *call, const struct adm_verb *verb, int argc,
		char **argv) HWS_MUST_CHECK;
/* The same up to the first word that is no option; its index. */
int adm_args_leading(struct adm_call *call, int argc, char **argv, int *ret_rest) HWS_MUST_CHECK;
