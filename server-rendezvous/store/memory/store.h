/* rendezvous/store/memory/store: what the files of the memory back-end share; only they include
 * it. */
#pragma once
#include "server-rendezvous/store/job.h"
#include "shared/base/list.h"

/* What a subject keeps. */
struct memory_subject {
	size_t size;               /* of its state, zeroed when first asked for */
	void (*done)(void *state); /* frees what the state holds */
};

struct memory;

/* The job's `conn` is the store. */
static inline struct memory *memory_of(void *conn)
{
	return conn;
}
/* The state of a subject; NULL without memory. */
void *memory_state(struct memory *m, const struct memory_subject *subject);
/* Takes the job whatever happens; NULL is HWS_ERR_NOMEM. */
int memory_submit(struct rdv_store *s, struct rdv_job *job) HWS_MUST_CHECK;

extern const struct rdv_devices_ops memory_devices;
extern const struct rdv_entries_ops memory_entries;

/* How many devices there are; of devices.c. */
size_t memory_devices_count(struct memory *m);
