/* api/audit_mark: how far the chain of audit events has come, in a file outside of the database:
 * who can write to the database alone could put the whole of it back to an earlier state, record
 * of the ends and all, which the chain by itself does not show. Each node has a mark of its own.
 * Any thread. */
#pragma once
#include "admin/data/audit.h"

struct adi_audit_mark;

/* Reads FOLDER/audit.mark; a file that cannot be read is said in the log and begun anew. */
int adi_audit_mark_new(const char *folder, struct adi_audit_mark **ret,
		struct hws_error *err) HWS_MUST_CHECK;
void adi_audit_mark_free(struct adi_audit_mark *m);
/* The last event that was seen; seq 0 = none. */
struct dat_audit_mark adi_audit_mark_seen(struct adi_audit_mark *m);
/* At start, and every second: takes down what the database has come to. Where what was seen does
 * not stand there any more, the log says so once, and the mark stays. */
void adi_audit_mark_keep(struct adi_audit_mark *m, struct sql_conn *c, const struct dat_keys *keys);
