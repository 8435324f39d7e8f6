/* rendezvous/store/entries: small settings that live with the devices and change at run time: block
 * and allow lists, device groups, rules, names. (kind, key) is unique. */
#pragma once
#include "server-rendezvous/store/store.h"

#define RDV_ENTRY_KIND_MAX 31
#define RDV_ENTRY_KEY_MAX 127
#define RDV_ENTRY_VALUE_MAX 511
/* This kind holds the operator's name for a device (key: its id). It is no rule and kept in the
 * store only. */
#define RDV_ENTRY_NAME "name"
struct rdv_entry {
	char kind[RDV_ENTRY_KIND_MAX + 1];
	char key[RDV_ENTRY_KEY_MAX + 1];
	char value[RDV_ENTRY_VALUE_MAX + 1];
};

typedef void (*rdv_entries_fn)(int r, const struct rdv_entry *e, size_t n, void *arg);

struct rdv_entries_ops {
	int (*put)(struct rdv_store *s, const struct rdv_entry *e, rdv_done_fn done, void *arg);
	/* HWS_OK also when there is none. */
	int (*remove)(struct rdv_store *s, const char *kind, const char *key, rdv_done_fn done,
			void *arg);
	/* All of them, in order of kind and key. */
	int (*load)(struct rdv_store *s, rdv_entries_fn done, void *arg);
};
