/* admin/import: takes people, groups, devices and address books over from the servers that an
 * operator ran before, or from CSV. The other server's file is only read, and what is here already
 * is never overwritten: what is missing is added, what is empty here is filled in. So a second run
 * changes nothing. Passwords are not taken over: the others' hashes are of other algorithms.
 *
 * Blocking, as admin/data. Every text of the file is a stranger's: bounded, made UTF-8, without
 * control signs, before it goes anywhere. */
#pragma once
#include "admin/data/keys.h"

enum imp_verb { IMP_ADD, IMP_CHANGE, IMP_SAME, IMP_REFUSE };

/* One thing of the file, and what becomes of it. The texts borrow until the call returns; they are
 * UTF-8 without control signs. */
struct imp_line {
	const char *what; /* "user", "group", "device-group", "device", "book", "rule", "tag",
			     "entry" */
	enum imp_verb verb;
	const char *name;
	const char *why; /* "" or what is to be known of it */
};
typedef void (*imp_say_fn)(const struct imp_line *line, void *arg);

struct imp_job {
	const char *kind; /* one of imp_kind(), "auto" */
	const char *file;
	bool dry_run; /* all is done, and taken back */
	/* Administrators of the other server become administrators here; else users. */
	bool take_rights;
	int64_t now;
	const char *by; /* who does it, for the audit */
	imp_say_fn say; /* may be NULL */
	void *arg;
};

struct imp_report {
	const char *kind; /* what the file was found to be: static text */
	uint64_t added, changed, same, refused;
	/* Of the added: who needs a set-up link or a new password. */
	uint64_t without_password;
};

/* All of it in one transaction: either everything that can be taken is taken, or nothing. Failure
 * comes with a sentence for a person. */
int imp_run(struct sql_conn *c, const struct dat_keys *keys, const struct imp_job *job,
		struct imp_report *ret, struct hws_error *err) HWS_MUST_CHECK;
/* "add", "change", "same", "refuse". */
const char *imp_verb_name(enum imp_verb verb);
/* The i-th kind and what it stands for; NULL after the last. */
const char *imp_kind(size_t i, const char **ret_help);
