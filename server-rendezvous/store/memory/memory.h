/* rendezvous/store/memory/memory: handles of the test double beyond the interface. */
#pragma once
#include "server-rendezvous/store/store.h"

/* From now on every operation ends with `err` (0 = works again) and takes delay_us. */
void rdv_store_memory_fail(struct rdv_store *s, int err, uint64_t delay_us);
/* Devices. */
size_t rdv_store_memory_count(struct rdv_store *s);
