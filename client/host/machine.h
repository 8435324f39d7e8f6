/* host/machine: at which machine a state folder is at home. A folder that was copied along with its
 * machine (a template, a backup) would give two machines one ID and one key, and callers reach the
 * last that registered.
 *
 * What tells machines apart: /etc/machine-id, and the product uuid of the hardware where it can be
 * read (by root). The latter decides where both sides have it: a machine that was installed anew
 * keeps its ID, copies of a template with one machine-id do not. In a container neither says
 * anything of the container: it is never taken for a copy; nor is a machine without both. Files
 * hold digests only: a machine-id is not for others. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>

#define HWS_MACHINE_FILE "machine"
/* In the state folder: who it was before. */
#define HWS_FORMER_FOLDER "of-other-machine"

/* Before anything else reads the folder `dir`. One without a mark gets that of this machine. The
 * identity files of one from another machine are put aside, so that new ones are made; `*ret_moved`
 * tells it, and that the mark is this machine's from then on. `root`: in front of the system's
 * paths, "" but in tests. Errors: what must be put aside cannot be. */
int hws_machine_settle(const char *dir, const char *root, bool *ret_moved,
		struct hws_error *err) HWS_MUST_CHECK;
