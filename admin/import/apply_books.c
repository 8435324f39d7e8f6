/* import/apply_books: address books. A shared book's name is unique here, not everywhere: where
 * another owner has the name already, the book gets its owner's name behind its own. */
#include "admin/data/accounts.h"
#include "admin/data/books.h"
#include "admin/data/name.h"
#include "admin/import/apply.h"
#include "admin/import/text.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"

#include <string.h>

/* --- books ------------------------------------------------------------------------------------ */

/* A shared book of this owner, under its name or under the longer one. HWS_ERR_NOTFOUND: none;
 * `name` is then one that is free. */
static int find_shared(struct imp_applying *a, const char *owner, char name[DAT_NAME_TEXT],
		char ret_guid[DAT_GUID_TEXT])
{
	char whose[DAT_GUID_TEXT], longer[2 * DAT_NAME_TEXT + 4], key[DAT_NAME_KEY_TEXT];
	struct dat_account account;
	int r = dat_book_find(a->c, name, ret_guid, whose);

	if (r == HWS_OK && hws_str_equal(whose, owner))
		return HWS_OK;
	/* EXISTS: a name that clients keep for themselves */
	if (r != HWS_OK && r != HWS_ERR_EXISTS)
		return r;
	r = dat_account_get(a->c, owner, &account);
	if (r == HWS_OK)
		r = hws_fmt(longer, sizeof(longer), "%s (%s)", name, account.name);
	if (r < 0)
		return r;
	imp_clean(longer, name, DAT_NAME_TEXT, false);
	if (dat_name_key(name, key) < 0)
		return HWS_ERR_EXISTS;
	r = dat_book_find(a->c, name, ret_guid, whose);
	return r == HWS_OK && !hws_str_equal(whose, owner) ? HWS_ERR_EXISTS : r;
}

static int apply_shared(struct imp_applying *a, const struct imp_row *row, const char *owner,
		char name[DAT_NAME_TEXT])
{
	char note[DAT_NOTE_TEXT], guid[DAT_GUID_TEXT];
	int r = find_shared(a, owner, name, guid);
	bool there = r == HWS_OK;

	if (r == HWS_ERR_EXISTS)
		return imp_told(a, IMP_REFUSE, name, "the name is another book's here");
	imp_clean(row->v[IMP_F_NOTE], note, sizeof(note), true);
	if (r == HWS_ERR_NOTFOUND)
		r = dat_book_add(a->c, owner, name, note, a->job->now, guid);
	if (r == HWS_OK)
		r = imp_map_add(&a->map[IMP_BOOK], row->v[IMP_F_KEY], guid);
	return r == HWS_OK ? imp_told(a, there ? IMP_SAME : IMP_ADD, name, "") : r;
}

int imp_apply_book(struct imp_applying *a, const struct imp_row *row)
{
	char name[DAT_NAME_TEXT], owner[DAT_GUID_TEXT], guid[DAT_GUID_TEXT];
	int r;

	imp_take_name(row, IMP_F_NAME, name);
	r = imp_find_user(a, row->v[IMP_F_OWNER], owner);
	if (r == HWS_ERR_NOTFOUND)
		return imp_told(a, IMP_REFUSE, name, "its owner is not here");
	if (r < 0)
		return r;
	if (!imp_truth(row->v[IMP_F_PERSONAL]))
		return *name ? apply_shared(a, row, owner, name)
			     : imp_told(a, IMP_REFUSE, name, "a shared book must have a name");
	/* Everybody has one, or will: nothing to tell. */
	r = dat_book_personal(a->c, owner, a->job->now, guid);
	return r == HWS_OK ? imp_map_add(&a->map[IMP_BOOK], row->v[IMP_F_KEY], guid) : r;
}

/* The book that a row means; HWS_ERR_NOTFOUND. */
static int find_book(
		struct imp_applying *a, const struct imp_row *row, char ret_guid[DAT_GUID_TEXT])
{
	const char *text = row->v[IMP_F_BOOK];
	const char *known = *text ? imp_map_find(&a->map[IMP_BOOK], text) : NULL;
	char name[DAT_NAME_TEXT], owner[DAT_GUID_TEXT];
	int r;

	if (known)
		return hws_str_copy(ret_guid, DAT_GUID_TEXT, known);
	if (*text) {
		imp_take_name(row, IMP_F_BOOK, name);
		r = *name ? dat_book_find(a->c, name, ret_guid, owner) : HWS_ERR_NOTFOUND;
		return r == HWS_ERR_EXISTS ? HWS_ERR_NOTFOUND : r;
	}
	r = imp_find_user(a, row->v[IMP_F_OWNER], owner);
	return r == HWS_OK ? dat_book_personal(a->c, owner, a->job->now, ret_guid) : r;
}

/* --- rules ------------------------------------------------------------------------------------ */

static enum dat_book_right right_of(const char *text)
{
	if (hws_str_equal(text, "1") || hws_str_equal(text, "read"))
		return DAT_BOOK_READ;
	if (hws_str_equal(text, "2") || hws_str_equal(text, "write"))
		return DAT_BOOK_WRITE;
	if (hws_str_equal(text, "3") || hws_str_equal(text, "full"))
		return DAT_BOOK_FULL;
	return DAT_BOOK_NONE;
}

struct rule {
	char subject[DAT_GUID_TEXT];
	const char *kind;
	enum dat_book_right right, here;
};

/* HWS_ERR_NOTFOUND, HWS_ERR_INVAL. */
static int take_rule(struct imp_applying *a, const struct imp_row *row, struct rule *rule)
{
	const char *kind = row->v[IMP_F_SUBJECT_KIND], *subject = row->v[IMP_F_SUBJECT];

	rule->right = right_of(row->v[IMP_F_RIGHT]);
	if (rule->right == DAT_BOOK_NONE)
		return HWS_ERR_INVAL;
	rule->subject[0] = '\0';
	rule->kind = hws_str_equal(kind, "user")          ? "user"
			: hws_str_equal(kind, "group")    ? "group"
			: hws_str_equal(kind, "everyone") ? "everyone"
							  : NULL;
	if (!rule->kind)
		return HWS_ERR_INVAL;
	if (hws_str_equal(kind, "user"))
		return imp_find_user(a, subject, rule->subject);
	if (hws_str_equal(kind, "group"))
		return imp_find_group(a, IMP_USER_GROUP, subject, rule->subject);
	return HWS_OK;
}

int imp_apply_rule(struct imp_applying *a, const struct imp_row *row)
{
	char book[DAT_GUID_TEXT], name[DAT_NAME_TEXT];
	struct rule rule = { 0 };
	int r = find_book(a, row, book);

	imp_clean(row->v[IMP_F_BOOK], name, sizeof(name), false);
	if (r == HWS_ERR_NOTFOUND)
		return imp_told(a, IMP_REFUSE, name, "the book is not here");
	if (r == HWS_OK)
		r = dat_book_shared_name(a->c, book, name);
	if (r == HWS_ERR_NOTFOUND)
		return imp_told(a, IMP_REFUSE, name, "a personal book is not shared");
	if (r == HWS_OK)
		r = take_rule(a, row, &rule);
	if (r == HWS_ERR_NOTFOUND)
		return imp_told(a, IMP_REFUSE, name, "who may use the book is not here");
	if (r == HWS_ERR_INVAL)
		return imp_told(a, IMP_REFUSE, name, "not a rule that is known");
	if (r == HWS_OK)
		r = dat_book_rule_get(a->c, book, rule.kind, rule.subject, &rule.here);
	if (r == HWS_OK && rule.here != DAT_BOOK_NONE)
		return imp_told(a, IMP_SAME, name, "");
	if (r == HWS_OK)
		r = dat_book_rule(a->c, book, rule.kind, rule.subject, rule.right, a->job->now);
	return r == HWS_OK ? imp_told(a, IMP_ADD, name, "") : r;
}

/* What clients call an entry that has none; it is no tag. */
#define NO_TAG "Untagged"

/* --- tags ------------------------------------------------------------------------------------- */

int imp_apply_tag(struct imp_applying *a, const struct imp_row *row)
{
	char book[DAT_GUID_TEXT], name[DAT_NAME_TEXT];
	bool there = false;
	int r = find_book(a, row, book);

	imp_clean(row->v[IMP_F_NAME], name, sizeof(name), false);
	if (!*name || hws_str_equal(name, NO_TAG))
		return imp_told(a, IMP_REFUSE, name, "no possible name of a tag");
	if (r == HWS_ERR_NOTFOUND)
		return imp_told(a, IMP_REFUSE, name, "its address book is not here");
	if (r == HWS_OK)
		r = dat_tag_there(a->c, book, name, &there);
	if (r == HWS_OK && there)
		return imp_told(a, IMP_SAME, name, "");
	if (r == HWS_OK)
		r = dat_tag_put(a->c, book, name, imp_color(row->v[IMP_F_COLOR]));
	if (r == HWS_ERR_FULL)
		return imp_told(a, IMP_REFUSE, name, "the book has too many tags");
	return r == HWS_OK ? imp_told(a, IMP_ADD, name, "") : r;
}

/* --- entries ---------------------------------------------------------------------------------- */

struct entry {
	char id[DAT_ID_TEXT], alias[DAT_NAME_TEXT], note[DAT_NOTE_TEXT];
	char username[DAT_NAME_TEXT], hostname[DAT_NAME_TEXT], platform[DAT_SHORT_TEXT];
	char hash_secret[DAT_SECRET_TEXT], password_secret[DAT_SECRET_TEXT];
	char tag[DAT_ENTRY_TAGS_MAX][DAT_NAME_TEXT];
	const char *tags[DAT_ENTRY_TAGS_MAX];
	size_t n_tags;
	bool cut;
};

static int take_tag(const char *tag, void *arg)
{
	struct entry *e = arg;

	if (hws_str_equal(tag, NO_TAG))
		return HWS_OK;
	if (e->n_tags == DAT_ENTRY_TAGS_MAX) {
		e->cut = true;
		return HWS_OK;
	}
	e->tags[e->n_tags] = e->tag[e->n_tags];
	return hws_str_copy(e->tag[e->n_tags++], DAT_NAME_TEXT, tag);
}

/* A password that does not fit would be a wrong one: then none. */
static void take_secret(struct entry *e, const char *text, char secret[DAT_SECRET_TEXT])
{
	if (imp_clean(text, secret, DAT_SECRET_TEXT, false)) {
		hws_wipe(secret, DAT_SECRET_TEXT);
		e->cut = true;
	}
}

static int take_entry(const struct imp_row *row, struct entry *e)
{
	imp_clean(row->v[IMP_F_ALIAS], e->alias, sizeof(e->alias), false);
	imp_clean(row->v[IMP_F_NOTE], e->note, sizeof(e->note), true);
	imp_clean(row->v[IMP_F_USERNAME], e->username, sizeof(e->username), false);
	imp_clean(row->v[IMP_F_HOSTNAME], e->hostname, sizeof(e->hostname), false);
	imp_clean(row->v[IMP_F_PLATFORM], e->platform, sizeof(e->platform), false);
	take_secret(e, row->v[IMP_F_HASH], e->hash_secret);
	take_secret(e, row->v[IMP_F_PASSWORD], e->password_secret);
	return imp_tags_each(row->v[IMP_F_TAGS], take_tag, e);
}

static int put_entry(struct imp_applying *a, const struct imp_row *row, const char *book,
		struct entry *e)
{
	const struct dat_entry_change ch = {
		.id = e->id,
		.alias = e->alias,
		.note = e->note,
		.username = e->username,
		.hostname = e->hostname,
		.platform = e->platform,
		.hash = e->hash_secret,
		.password = e->password_secret,
		.force_relay = imp_truth(row->v[IMP_F_FORCE_RELAY]),
		.tags = e->tags,
		.n_tags = e->n_tags,
	};

	return dat_entry_put(a->c, a->keys, book, &ch, a->job->now);
}

int imp_apply_entry(struct imp_applying *a, const struct imp_row *row)
{
	char book[DAT_GUID_TEXT];
	struct entry e = { 0 };
	bool there = false;
	int r;

	if (imp_clean(row->v[IMP_F_ID], e.id, sizeof(e.id), false) || !*e.id)
		return imp_told(a, IMP_REFUSE, e.id, "no possible ID");
	r = find_book(a, row, book);
	if (r == HWS_ERR_NOTFOUND)
		return imp_told(a, IMP_REFUSE, e.id, "its address book is not here");
	if (r == HWS_OK)
		r = dat_entry_there(a->c, book, e.id, &there);
	if (r == HWS_OK && there)
		return imp_told(a, IMP_SAME, e.id, "");
	if (r == HWS_OK)
		r = take_entry(row, &e);
	if (r == HWS_OK)
		r = put_entry(a, row, book, &e);
	hws_wipe(e.hash_secret, sizeof(e.hash_secret));
	hws_wipe(e.password_secret, sizeof(e.password_secret));
	if (r == HWS_ERR_FULL)
		return imp_told(a, IMP_REFUSE, e.id, "the book has too many entries or tags");
	return r == HWS_OK
			? imp_told(a, IMP_ADD, e.id,
					  e.cut ? "a password or tag does not fit: left out" : "")
			: r;
}
