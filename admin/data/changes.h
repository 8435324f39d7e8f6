/* admin/data/changes: what other processes on this database, and other threads of this one, may
 * remember and must forget. */
#pragma once
#include "admin/data/dat.h"

enum dat_changed {
	DAT_CHANGED_DEVICE,   /* ref: its guid, "" = many */
	DAT_CHANGED_STRATEGY, /* any of them, or what they are assigned to; ref "" */
	DAT_CHANGED_KINDS
};

/* In the transaction of the change, late in it: others that change something wait for its end. */
int dat_changed(struct sql_conn *c, enum dat_changed kind, const char *ref) HWS_MUST_CHECK;
/* The number of the latest. */
int dat_changes_last(struct sql_conn *c, int64_t *ret) HWS_MUST_CHECK;
typedef void (*dat_changed_fn)(enum dat_changed kind, const char *ref, void *arg);
/* What came after *seq, which moves on; at most 1000, so ask until it stays. HWS_ERR_RANGE: some of
 * it is not kept any more: forget all. */
int dat_changes_since(
		struct sql_conn *c, int64_t *seq, dat_changed_fn fn, void *arg) HWS_MUST_CHECK;
/* Keeps the latest 10,000. */
int dat_changes_trim(struct sql_conn *c) HWS_MUST_CHECK;
