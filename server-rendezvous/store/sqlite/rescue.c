/* rendezvous/store/sqlite/rescue: the subjects that a renewed file must have again. */
#include "server-rendezvous/store/sqlite/rescue.h"
#include <stddef.h>

const struct rdv_sqlite_rescue *const rdv_sqlite_rescues[] = {
	&rdv_sqlite_devices_rescue,
	&rdv_sqlite_entries_rescue,
	NULL,
};
