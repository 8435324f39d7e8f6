/* rendezvous/import/copy: devices and settings from one store into another, on a loop that this
 * module runs. */
#pragma once
#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/entries.h"
#include "server-rendezvous/store/store.h"

enum rdv_copy_mode {
	RDV_COPY_KEEP, /* what is there already stays */
	RDV_COPY_FORCE /* what is there already is replaced */
};

struct rdv_copy {
	struct hws_loop *loop;
	struct rdv_store *to;
	enum rdv_copy_mode mode;
	/* A device that could not be taken, and why; text safe to show. */
	void (*refused)(const char *id, const char *why, void *arg);
	void *arg;
	uint64_t read, written, there, refused_count; /* filled */
};

/* Writes n devices and waits. `ret_ours` (n places, or NULL) tells which of them are in the
 * database now, be it that they were there already. HWS_ERR_STORE etc. when the database failed. */
int rdv_copy_rows(struct rdv_copy *c, const struct rdv_peer_row *rows, size_t n,
		bool *ret_ours) HWS_MUST_CHECK;
/* Writes one entry and waits. */
int rdv_copy_entry(struct rdv_copy *c, const struct rdv_entry *e) HWS_MUST_CHECK;
/* All entries of a store, in order of kind and key; free with hws_free. */
int rdv_copy_entries(struct hws_loop *loop, struct rdv_store *s, struct rdv_entry **ret,
		size_t *ret_n) HWS_MUST_CHECK;
/* All devices of `from` as of one moment, then all its entries (lists, rules). */
int rdv_copy_store(struct rdv_copy *c, struct rdv_store *from) HWS_MUST_CHECK;

/* Figures of one store. */
struct rdv_store_figures {
	uint64_t peers, with_key, entries;
	uint64_t newest_s; /* Unix time of the last registration that was written */
};
int rdv_copy_count(struct hws_loop *loop, struct rdv_store *s,
		struct rdv_store_figures *ret) HWS_MUST_CHECK;
int rdv_copy_backup(struct hws_loop *loop, struct rdv_store *s, const char *path) HWS_MUST_CHECK;
