/* host/audit_log: what was done at this host, for its owner: sessions that came, went and were not
 * let in, and what agents tell of files, terminals and tunnels. One line of JSON for each event, in
 * a private file of the state folder that only grows (sys/private_log). Nobody fills it at will: of
 * each session so many events are written one by one (host/audit_budget), what is more is counted.
 * Owner: hostd; loop thread only, the disk is written by a thread. */
#pragma once
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/loop/loop.h"

#define HWS_AUDIT_FILE "audit.jsonl"
#define HWS_AUDIT_MAX (8ull << 20) /* bytes of a file */
#define HWS_AUDIT_KEEP 8u          /* full ones */

struct hws_audit_log;

/* Borrowed; of any bytes. What is empty, or 0, is left out. */
struct hws_audit_entry {
	const char *event;           /* a token: "session.open" */
	const char *agent, *account; /* who says so; NULL: hostd itself */
	uint64_t conn;
	const char *peer, *id, *name, *kind;
	struct hws_bytes path, second; /* or target */
	uint64_t bytes;
	bool has_result; /* then `result` is written: "ok", or what it means */
	int result;
	const char *why;  /* instead of the result's own words */
	uint64_t session; /* whose budget it is taken from; 0: of no session that is known */
	bool always;      /* it is taken from none */
};

/* `dir` is copied. No file is touched before there is something to write. */
int hws_audit_log_new(
		struct hws_loop *loop, const char *dir, struct hws_audit_log **ret) HWS_MUST_CHECK;
/* Writes what waits. Takes NULL. */
void hws_audit_log_free(struct hws_audit_log *l);
/* `l` may be NULL. */
void hws_audit_log_add(struct hws_audit_log *l, const struct hws_audit_entry *e);
/* So many events of an agent never came here. */
void hws_audit_log_lost(struct hws_audit_log *l, uint64_t count);
