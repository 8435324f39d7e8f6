/* admin/data/books: address books: one personal for each account, shared ones with rights; entries
 * with tags, and a bin for those that were deleted. Passwords in them are sealed, and read only one
 * by one. */
#pragma once
#include "admin/data/keys.h"

#define DAT_SECRET_TEXT 513
#define DAT_ENTRIES_MAX 20000u /* of a book */
#define DAT_ENTRY_TAGS_MAX 32u
#define DAT_BOOK_TAGS_MAX 500u

/* As clients read it. */
enum dat_book_right { DAT_BOOK_NONE, DAT_BOOK_READ, DAT_BOOK_WRITE, DAT_BOOK_FULL };

struct dat_book {
	char guid[DAT_GUID_TEXT], name[DAT_NAME_TEXT], note[DAT_NOTE_TEXT];
	char owner_guid[DAT_GUID_TEXT], owner_name[DAT_NAME_TEXT];
	bool personal;
	enum dat_book_right right; /* of who asked */
};

/* Makes it at the first time. */
int dat_book_personal(struct sql_conn *c, const char *account_guid, int64_t now,
		char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
/* Clients tell books apart by name, and have two names of their own: those are HWS_ERR_EXISTS. */
int dat_book_add(struct sql_conn *c, const char *owner_guid, const char *name, const char *note,
		int64_t now, char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
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
typedef int (*dat_book_fn)(const struct dat_book *b, void *arg);
/* Shared books that an account may read. */
int dat_book_list(struct sql_conn *c, const char *account_guid, struct dat_page page,
		dat_book_fn fn, void *arg) HWS_MUST_CHECK;
/* subj_kind "user", "group", "everyone" (subj_guid ""); right DAT_BOOK_NONE takes the rule away. */
int dat_book_rule(struct sql_conn *c, const char *guid, const char *subj_kind,
		const char *subj_guid, enum dat_book_right right, int64_t now) HWS_MUST_CHECK;

/* DAT_BOOK_NONE: there is none for exactly this subject. */
int dat_book_rule_get(struct sql_conn *c, const char *guid, const char *subj_kind,
		const char *subj_guid, enum dat_book_right *ret) HWS_MUST_CHECK;

struct dat_entry {
	char guid[DAT_GUID_TEXT], id[DAT_ID_TEXT], alias[DAT_NAME_TEXT], note[DAT_NOTE_TEXT];
	char username[DAT_NAME_TEXT], hostname[DAT_NAME_TEXT], platform[DAT_SHORT_TEXT];
	bool force_relay;
	bool known; /* the id is that of a device here */
	int64_t updated_at, deleted_at;
};

/* NULL: stays ("" at the first time). */
struct dat_entry_change {
	const char *id;
	const char *alias, *note, *username, *hostname, *platform;
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
/* Empties the bin of what was deleted before. */
int dat_entry_sweep(struct sql_conn *c, const char *book_guid, int64_t before,
		int64_t *ret) HWS_MUST_CHECK;
typedef int (*dat_entry_fn)(const struct dat_entry *e, void *arg);
int dat_entry_list(struct sql_conn *c, const char *book_guid, bool bin, struct dat_page page,
		dat_entry_fn fn, void *arg, int64_t *ret_total) HWS_MUST_CHECK;
/* The caller wipes them. */
int dat_entry_secrets(struct sql_conn *c, const struct dat_keys *keys, const char *guid,
		char ret_hash[DAT_SECRET_TEXT], char ret_password[DAT_SECRET_TEXT]) HWS_MUST_CHECK;

typedef int (*dat_tag_fn)(const char *name, int64_t color, void *arg);
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
/* Of one entry; color is 0. */
int dat_entry_tags(struct sql_conn *c, const char *entry_guid, dat_tag_fn fn,
		void *arg) HWS_MUST_CHECK;
