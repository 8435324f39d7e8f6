/* admin/data/books: address books: one personal for each account, shared ones with rights; entries
 * with tags, and a bin for those that were deleted. Passwords in them are sealed, and read only one
 * by one. */
#pragma once
#include "admin/data/devices.h"
#include "admin/data/keys.h"
#include "admin/data/reach.h"

#define DAT_SECRET_TEXT 1025
#define DAT_PORT_TEXT 16
#define DAT_ENTRIES_MAX 20000u /* of a book */
#define DAT_ENTRY_TAGS_MAX 32u
#define DAT_BOOK_TAGS_MAX 500u

/* As clients read it. */
enum dat_book_right { DAT_BOOK_NONE, DAT_BOOK_READ, DAT_BOOK_WRITE, DAT_BOOK_FULL };

struct dat_book {
	char guid[DAT_GUID_TEXT], name[DAT_NAME_TEXT], note[DAT_NOTE_TEXT];
	char owner_guid[DAT_GUID_TEXT], owner_name[DAT_NAME_TEXT];
	bool personal;
	bool has_password;         /* for entries that have none of their own */
	enum dat_book_right right; /* of who asked */
	int64_t entries;           /* without those in the bin */
	int64_t created_at, updated_at;
};
/* Makes it at the first time. Clients show it by a name of their own. */
int dat_book_personal(struct sql_conn *c, const char *account_guid, int64_t now,
		char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
/* Clients tell books apart by name, and have two names of their own: those are HWS_ERR_EXISTS. */
int dat_book_add(struct sql_conn *c, const char *owner_guid, const char *name, const char *note,
		int64_t now, char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
/* How many shared ones somebody has. */
int dat_book_count(struct sql_conn *c, const char *owner_guid, int64_t *ret) HWS_MUST_CHECK;
/* NULL: stays. Of a shared book. */
int dat_book_change(struct sql_conn *c, const char *guid, const char *name, const char *note,
		const char *owner_guid, int64_t now) HWS_MUST_CHECK;
/* A shared book by its name; HWS_ERR_EXISTS: a name that clients keep for themselves. */
int dat_book_find(struct sql_conn *c, const char *name, char ret_guid[DAT_GUID_TEXT],
		char ret_owner[DAT_GUID_TEXT]) HWS_MUST_CHECK;
/* HWS_ERR_NOTFOUND: not there, or personal. */
int dat_book_shared_name(
		struct sql_conn *c, const char *guid, char ret[DAT_NAME_TEXT]) HWS_MUST_CHECK;
int dat_book_remove(struct sql_conn *c, const char *guid) HWS_MUST_CHECK;
/* What an account may do; owner before rules, a rule for the user before one for the group before
 * one for everyone. DAT_BOOK_NONE also when there is no such book. */
int dat_book_right(struct sql_conn *c, const char *guid, const char *account_guid,
		enum dat_book_right *ret) HWS_MUST_CHECK;
/* With the right of that account, which may be DAT_BOOK_NONE. */
int dat_book_get(struct sql_conn *c, const char *guid, const char *account_guid,
		struct dat_book *ret) HWS_MUST_CHECK;
typedef int (*dat_book_fn)(const struct dat_book *b, void *arg);
struct dat_book_filter {
	const char *account_guid; /* whose right counts; "" = nobody's */
	const char *search;       /* in the name, "" = all */
	bool all;                 /* shared books of others, too, whatever the right */
	bool personal;            /* the account's own, too */
};
/* By name: books that an account may read. ret_total may be NULL. */
int dat_book_list(struct sql_conn *c, const struct dat_book_filter *f, struct dat_page page,
		dat_book_fn fn, void *arg, int64_t *ret_total) HWS_MUST_CHECK;
/* Of a shared book, for its entries that have none. NULL, "" takes it away. The caller wipes what
 * it gets. */
int dat_book_set_password(struct sql_conn *c, const struct dat_keys *keys, const char *guid,
		const char *password) HWS_MUST_CHECK;
int dat_book_password(struct sql_conn *c, const struct dat_keys *keys, const char *guid, char *buf,
		size_t size) HWS_MUST_CHECK;

/* --- who may use one -------------------------------------------------------------------------- */

struct dat_share {
	char guid[DAT_GUID_TEXT], book_guid[DAT_GUID_TEXT];
	char subj_kind[9];                                       /* "user", "group", "everyone" */
	char subj_guid[DAT_GUID_TEXT], subj_name[DAT_NAME_TEXT]; /* "" = of everyone */
	enum dat_book_right right;
	int64_t created_at, updated_at;
};
/* One for each subject; right DAT_BOOK_NONE takes it away. HWS_ERR_NOTFOUND: no such subject, or
 * the book is none that is shared. */
int dat_book_rule(struct sql_conn *c, const char *guid, const char *subj_kind,
		const char *subj_guid, enum dat_book_right right, int64_t now) HWS_MUST_CHECK;
int dat_share_get(struct sql_conn *c, const char *guid, struct dat_share *ret) HWS_MUST_CHECK;
int dat_share_find(struct sql_conn *c, const char *book_guid, const char *subj_kind,
		const char *subj_guid, struct dat_share *ret) HWS_MUST_CHECK;
int dat_share_change(struct sql_conn *c, const char *guid, enum dat_book_right right,
		int64_t now) HWS_MUST_CHECK;
int dat_share_remove(struct sql_conn *c, const char *guid) HWS_MUST_CHECK;
typedef int (*dat_share_fn)(const struct dat_share *s, void *arg);
/* Those whose name has `search` in it; in the order of their names, or as they were given. */
struct dat_share_filter {
	const char *book_guid, *search; /* search "" = all */
	bool by_name;
};
int dat_share_list(struct sql_conn *c, const struct dat_share_filter *f, struct dat_page page,
		dat_share_fn fn, void *arg, int64_t *ret_total) HWS_MUST_CHECK;

/* --- entries ---------------------------------------------------------------------------------- */

/* DAT_BOOK_NONE: there is none for exactly this subject. */
int dat_book_rule_get(struct sql_conn *c, const char *guid, const char *subj_kind,
		const char *subj_guid, enum dat_book_right *ret) HWS_MUST_CHECK;

struct dat_entry {
	char guid[DAT_GUID_TEXT], id[DAT_ID_TEXT], alias[DAT_NAME_TEXT], note[DAT_NOTE_TEXT];
	char username[DAT_NAME_TEXT], hostname[DAT_NAME_TEXT], platform[DAT_SHORT_TEXT];
	char rdp_port[DAT_PORT_TEXT], rdp_username[DAT_NAME_TEXT], login_name[DAT_NAME_TEXT];
	char device_group_name[DAT_NAME_TEXT];
	bool force_relay;
	bool known; /* the id is that of a device here */
	bool has_password;
	int64_t seen_at; /* when the device was last heard of, 0 = unknown */
	int64_t created_at, updated_at, deleted_at;
	/* With struct dat_entry_filter.reach, of a device that may be reached: what it says of
	 * itself. */
	char dev_os[DAT_OS_TEXT], dev_hostname[DAT_NAME_TEXT], dev_username[DAT_NAME_TEXT];
	bool reached;
};

/* NULL: stays ("" at the first time). */
struct dat_entry_change {
	const char *id;
	const char *new_id; /* another id for the same entry */
	const char *alias, *note, *username, *hostname, *platform;
	const char *rdp_port, *rdp_username, *login_name, *device_group_name;
	const char *hash, *password; /* sealed */
	int force_relay;             /* -1: stays */
	const char *const *tags;     /* with n_tags; all at once */
	size_t n_tags;
};
#define DAT_ENTRY_CHANGE .force_relay = -1

/* Adds the id, or changes its entry when it is there. HWS_ERR_FULL: too many. */
int dat_entry_put(struct sql_conn *c, const struct dat_keys *keys, const char *book_guid,
		const struct dat_entry_change *ch, int64_t now) HWS_MUST_CHECK;
/* Whether an id is in a book, outside of its bin. */
int dat_entry_there(struct sql_conn *c, const char *book_guid, const char *id,
		bool *ret) HWS_MUST_CHECK;
/* Into the bin, from where it can come back unless the id was added anew (HWS_ERR_EXISTS). */
int dat_entry_delete(struct sql_conn *c, const char *book_guid, const char *id,
		int64_t now) HWS_MUST_CHECK;
int dat_entry_restore(struct sql_conn *c, const char *book_guid, const char *guid) HWS_MUST_CHECK;
/* For good, from the bin. */
int dat_entry_purge(struct sql_conn *c, const char *book_guid, const char *guid) HWS_MUST_CHECK;
/* Empties the bin of what was deleted before. */
int dat_entry_sweep(struct sql_conn *c, const char *book_guid, int64_t before,
		int64_t *ret) HWS_MUST_CHECK;
typedef int (*dat_entry_fn)(const struct dat_entry *e, void *arg);
enum dat_entry_order { DAT_ENTRY_BY_ID, DAT_ENTRY_BY_ALIAS, DAT_ENTRY_ORDERS };
struct dat_entry_filter {
	const char *book_guid;
	bool bin;           /* those in it, and no others */
	const char *search; /* in id, alias, names, note; NULL = all */
	const char *tag;    /* NULL = all */
	enum dat_entry_order order;
	/* Shows of devices that this account may reach what they say of themselves; then the
	 * order is that of the ids, and search and tag do not count. NULL: of none. */
	const struct dat_reach *reach;
};
int dat_entry_list(struct sql_conn *c, const struct dat_entry_filter *f, struct dat_page page,
		dat_entry_fn fn, void *arg, int64_t *ret_total) HWS_MUST_CHECK;
/* One that lives, or is in the bin; and by its id, one that lives. */
int dat_entry_get(struct sql_conn *c, const char *book_guid, const char *guid,
		struct dat_entry *ret) HWS_MUST_CHECK;
int dat_entry_find(struct sql_conn *c, const char *book_guid, const char *id,
		struct dat_entry *ret) HWS_MUST_CHECK;
/* The caller wipes them. */
int dat_entry_secrets(struct sql_conn *c, const struct dat_keys *keys, const char *guid,
		char ret_hash[DAT_SECRET_TEXT], char ret_password[DAT_SECRET_TEXT]) HWS_MUST_CHECK;

typedef int (*dat_tag_fn)(const char *name, int64_t color, void *arg);
/* color -1: made when it is not there, else as it is. HWS_ERR_FULL: a new one would be too many. */
int dat_tag_put(struct sql_conn *c, const char *book_guid, const char *name,
		int64_t color) HWS_MUST_CHECK;
int dat_tag_there(struct sql_conn *c, const char *book_guid, const char *name,
		bool *ret) HWS_MUST_CHECK;
/* Also inside the entries. */
int dat_tag_rename(struct sql_conn *c, const char *book_guid, const char *from,
		const char *to) HWS_MUST_CHECK;
int dat_tag_remove(struct sql_conn *c, const char *book_guid, const char *name) HWS_MUST_CHECK;
int dat_tag_list(
		struct sql_conn *c, const char *book_guid, dat_tag_fn fn, void *arg) HWS_MUST_CHECK;
/* How many entries that live have it. */
int dat_tag_count(struct sql_conn *c, const char *book_guid, const char *name,
		int64_t *ret) HWS_MUST_CHECK;
/* Of one entry; color is 0. */
int dat_entry_tags(struct sql_conn *c, const char *entry_guid, dat_tag_fn fn,
		void *arg) HWS_MUST_CHECK;
