/* host/settings_world: what settings name and this machine does not have: accounts, folders. It may
 * come later (a disk that is not mounted yet), so a host starts all the same, and says so; whoever
 * sets it now is refused. Before anything is confined. */
#pragma once
#include "client/host/settings.h"

/* Calls `problem` with a sentence for each. `name`: of this setting alone; NULL: of all. Returns
 * how many. */
unsigned hws_settings_world(const struct hws_settings *s, const char *name,
		void (*problem)(const char *text, void *arg), void *arg);
