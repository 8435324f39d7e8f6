/* admin/data/audit: what happened, in a chain: each event carries a MAC over itself and the one
 * before, under a key that is not in the database. Who can write to the database alone can neither
 * change an event, take one out, put one in, nor cut the end off without its being seen; nor, where
 * a mark is kept elsewhere, put all of it back to an earlier state. */
#pragma once
#include "admin/data/keys.h"

#define DAT_AUDIT_KIND_TEXT 65
#define DAT_AUDIT_INFO_TEXT 16385

struct dat_event {
	/* NULL = "". */
	const char *kind; /* "login.failed", "user.add", ... */
	const char *actor_guid, *actor_name;
	const char *via; /* "console", "token", "client", "local" */
	const char *target_kind, *target_guid, *target_name;
	const char *ip;
	const char *info; /* a JSON object of the caller's */
	/* Set by what reads. */
	int64_t seq, at;
	const char *mac; /* of it and all before it */
};

/* In the transaction of what it tells, so that both are there or neither. Texts that are too long
 * are cut at their bounds, what is no UTF-8 is escaped: an event is never lost for its form. */
int dat_audit_add(struct sql_conn *c, const struct dat_keys *keys, const struct dat_event *e,
		int64_t now) HWS_MUST_CHECK;

struct dat_audit_filter {
	const char *kind; /* exactly, or with all below it ("login" finds "login.failed"); "" = all */
	const char *actor;   /* guid; "" = all */
	const char *target;  /* guid; "" = all */
	int64_t from, until; /* Unix milliseconds; 0 = no bound */
	int64_t before_seq;  /* go on from here; 0 = the newest */
	unsigned limit;      /* at most DAT_PAGE_MAX */
};
typedef int (*dat_event_fn)(const struct dat_event *e, void *arg);
/* The newest first. An export goes on with the last seq as before_seq. */
int dat_audit_list(struct sql_conn *c, const struct dat_audit_filter *f, dat_event_fn fn,
		void *arg) HWS_MUST_CHECK;

/* The same by what a person knows: in audit_find. */
struct dat_audit_search {
	const char *kind;    /* first word: "connection", "file", "alarm", "login"; "console" is all
			   * else; "" = all */
	const char *text;    /* in kind, names, what is told; "" = all, as for those that follow */
	const char *actor;   /* part of the name */
	const char *device;  /* id */
	const char *address; /* exactly */
	int64_t from, until; /* the last moment; 0 = no bound */
	int64_t before_seq;  /* 0 = the newest */
	unsigned limit;
};
int dat_audit_find(struct sql_conn *c, const struct dat_audit_search *s, dat_event_fn fn,
		void *arg) HWS_MUST_CHECK;
/* "connection" ... "console". */
const char *dat_audit_kind(const char *event);

/* How one is read: for the files of this subject. */
#define DAT_EVENT_COLUMNS                                                                          \
	"SELECT seq, at, kind, actor_guid, actor_name, via, target_kind, target_guid, "            \
	"target_name, ip, info, mac FROM audit_event "
struct dat_event dat_event_of(const struct sql_row *row);

struct dat_audit_verdict {
	bool whole;
	int64_t checked;
	int64_t bad_seq; /* the first that is wrong or missing; 0 = the record of the ends itself */
	const char *what;
};
/* An event that was there, and with it all before it. */
struct dat_audit_mark {
	int64_t seq; /* 0 = none */
	char mac[DAT_HASH_TEXT];
};
/* Reads all of it, some at a time: writers go on meanwhile. `seen`: must still be there; NULL =
 * nothing is known. */
int dat_audit_verify(struct sql_conn *c, const struct dat_keys *keys,
		const struct dat_audit_mark *seen, struct dat_audit_verdict *ret) HWS_MUST_CHECK;
/* The last event, and whether what was seen before still stands; a few rows are read. */
int dat_audit_reached(struct sql_conn *c, const struct dat_keys *keys,
		const struct dat_audit_mark *seen, struct dat_audit_mark *ret,
		bool *ret_stands) HWS_MUST_CHECK;
/* HWS_ERR_CRYPTO: the record of the ends is of another key, or was changed. */
int dat_audit_fits(struct sql_conn *c, const struct dat_keys *keys) HWS_MUST_CHECK;
/* Takes away what is older, and vouches for the cut. At most `max` at a time; *ret: how many. */
int dat_audit_trim(struct sql_conn *c, const struct dat_keys *keys, int64_t older_than,
		unsigned max, int64_t *ret) HWS_MUST_CHECK;
