/* Address books: rights, entries with their secrets, tags, the bin. On both engines. */
#include "admin/data/accounts.h"
#include "admin/data/books.h"
#include "admin/data/devices.h"
#include "admin/data/groups.h"
#include "shared/base/str.h"
#include "tests/unit/admin/engines.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW 1790000000000ll

static char ann[DAT_GUID_TEXT], bob[DAT_GUID_TEXT], group[DAT_GUID_TEXT], book[DAT_GUID_TEXT];

static void person(const char *name, char guid[DAT_GUID_TEXT])
{
	ck_ok(dat_account_add(test_conn,
			&(struct dat_account_new){ .name = name, .status = DAT_ENABLED }, NOW,
			guid));
}

static void begin(void)
{
	person("ann", ann);
	person("bob", bob);
	ck_ok(dat_group_default(test_conn, NOW, group));
	ck_ok(dat_book_add(test_conn, ann, "Shared", "", NOW, book));
}

static enum dat_book_right right_of(const char *account)
{
	enum dat_book_right right = DAT_BOOK_FULL;

	ck_ok(dat_book_right(test_conn, book, account, &right));
	return right;
}

static int count_book(const struct dat_book *b, void *arg)
{
	*(int *)arg += b->right == DAT_BOOK_READ ? 1 : 100;
	return HWS_OK;
}

START_TEST(the_nearest_rule_counts)
{
	char guid[DAT_GUID_TEXT], again[DAT_GUID_TEXT];
	int64_t total = 0;
	int n = 0;

	begin();
	ck_assert_int_eq(right_of(ann), DAT_BOOK_FULL);
	ck_assert_int_eq(right_of(bob), DAT_BOOK_NONE);
	ck_ok(dat_book_rule(test_conn, book, "everyone", "", DAT_BOOK_FULL, NOW));
	ck_assert_int_eq(right_of(bob), DAT_BOOK_FULL);
	ck_ok(dat_book_rule(test_conn, book, "group", group, DAT_BOOK_WRITE, NOW));
	ck_assert_int_eq(right_of(bob), DAT_BOOK_WRITE);
	ck_ok(dat_book_rule(test_conn, book, "user", bob, DAT_BOOK_READ, NOW));
	ck_assert_int_eq(right_of(bob), DAT_BOOK_READ);
	ck_ok(dat_book_list(test_conn,
			&(struct dat_book_filter){ .account_guid = bob, .search = "" },
			(struct dat_page){ 0, 10 }, count_book, &n, &total));
	ck_assert_int_eq(n, 1);
	ck_assert_int_eq(total, 1);
	ck_ok(dat_book_rule(test_conn, book, "user", bob, DAT_BOOK_NONE, NOW));
	ck_assert_int_eq(right_of(bob), DAT_BOOK_WRITE);
	ck_assert_int_eq(dat_book_rule(test_conn, book, "user", "none", DAT_BOOK_READ, NOW),
			HWS_ERR_NOTFOUND);
	ck_ok(dat_book_personal(test_conn, ann, NOW, guid));
	ck_ok(dat_book_personal(test_conn, ann, NOW, again));
	ck_assert_str_eq(guid, again);
	ck_assert_int_eq(dat_book_rule(test_conn, guid, "user", bob, DAT_BOOK_READ, NOW),
			HWS_ERR_NOTFOUND);
	ck_assert_int_eq(dat_book_add(test_conn, bob, "my ADDRESS book", "", NOW, again),
			HWS_ERR_EXISTS);
	ck_assert_int_eq(dat_book_add(test_conn, bob, "SHARED", "", NOW, again), HWS_ERR_EXISTS);
	ck_ok(dat_book_change(test_conn, book, "Other", NULL, bob, NOW));
	ck_assert_int_eq(right_of(bob), DAT_BOOK_FULL);
	ck_assert_int_eq(dat_book_remove(test_conn, guid), HWS_ERR_NOTFOUND);
	ck_ok(dat_book_remove(test_conn, book));
}
END_TEST

static int take_entry(const struct dat_entry *e, void *arg)
{
	*(struct dat_entry *)arg = *e;
	return HWS_OK;
}

static char tags[100];

static int take_tag(const char *name, int64_t color, void *arg)
{
	size_t n = strlen(tags);

	(void)arg;
	ck_ok(hws_fmt(tags + n, sizeof(tags) - n, "%s:%lld ", name, (long long)color));
	return HWS_OK;
}

static struct dat_entry only_entry(bool bin)
{
	struct dat_entry e = { 0 };
	int64_t total = 0;

	ck_ok(dat_entry_list(test_conn, &(struct dat_entry_filter){ .book_guid = book, .bin = bin },
			(struct dat_page){ 0, 10 }, take_entry, &e, &total));
	ck_assert_int_eq(total, 1);
	return e;
}

START_TEST(an_entry_from_its_making_to_the_bin)
{
	static const char *const two[] = { "red", "blue" };
	char dir[] = "/tmp/hawser-keys-XXXXXX", path[60], dev[DAT_GUID_TEXT];
	char hash[DAT_SECRET_TEXT], password[DAT_SECRET_TEXT];
	struct hws_error err = { 0 };
	struct dat_keys *keys = NULL;
	struct dat_entry e;
	int64_t n = 0;

	begin();
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_ok(hws_fmt(path, sizeof(path), "%s/keys", dir));
	ck_ok(dat_keys_open(path, &keys, &err));
	ck_ok(dat_entry_put(test_conn, keys, book,
			&(struct dat_entry_change){ DAT_ENTRY_CHANGE, .id = "111", .alias = "box",
					.password = "open sesame", .tags = two, .n_tags = 2 },
			NOW));
	ck_ok(dat_device_register(test_conn, "111", "u", false, NOW, dev));
	ck_ok(dat_entry_put(test_conn, keys, book,
			&(struct dat_entry_change){ .id = "111", .note = "n", .force_relay = 1 },
			NOW + 1));
	e = only_entry(false);
	ck_assert_str_eq(e.alias, "box");
	ck_assert_str_eq(e.note, "n");
	ck_assert(e.force_relay && e.known);
	ck_ok(dat_entry_secrets(test_conn, keys, e.guid, hash, password));
	ck_assert_str_eq(hash, "");
	ck_assert_str_eq(password, "open sesame");
	ck_ok(sql_number(test_conn,
			"SELECT count(*) FROM ab_entry WHERE password_enc LIKE '%sesame%'",
			SQL_NONE, &n));
	ck_assert_int_eq(n, 0);
	ck_ok(dat_tag_put(test_conn, book, "red", 4278190335));
	ck_ok(dat_tag_rename(test_conn, book, "blue", "green"));
	ck_assert_int_eq(dat_tag_rename(test_conn, book, "green", "red"), HWS_ERR_EXISTS);
	ck_assert_int_eq(dat_tag_put(test_conn, book, "Untagged", 0), HWS_ERR_INVAL);
	tags[0] = '\0';
	ck_ok(dat_tag_list(test_conn, book, take_tag, NULL));
	ck_assert_str_eq(tags, "green:4278255360 red:4278190335 ");
	ck_ok(dat_tag_remove(test_conn, book, "red"));
	tags[0] = '\0';
	ck_ok(dat_entry_tags(test_conn, e.guid, take_tag, NULL));
	ck_assert_str_eq(tags, "green:0 ");
	/* deleted, added anew, and so the old cannot come back */
	ck_ok(dat_entry_delete(test_conn, book, "111", NOW));
	ck_assert_int_eq(dat_entry_delete(test_conn, book, "111", NOW), HWS_ERR_NOTFOUND);
	ck_ok(dat_entry_put(test_conn, keys, book,
			&(struct dat_entry_change){ DAT_ENTRY_CHANGE, .id = "111" }, NOW));
	ck_assert_int_eq(dat_entry_restore(test_conn, book, e.guid), HWS_ERR_EXISTS);
	ck_assert_str_eq(only_entry(true).guid, e.guid);
	ck_ok(dat_entry_sweep(test_conn, book, NOW + 1, &n));
	ck_assert_int_eq(n, 1);
	ck_assert_str_ne(only_entry(false).guid, e.guid);
	ck_assert_int_eq(dat_entry_put(test_conn, keys, "none",
					 &(struct dat_entry_change){ DAT_ENTRY_CHANGE, .id = "1" },
					 NOW),
			HWS_ERR_NOTFOUND);
	dat_keys_free(keys);
	unlink(path);
	rmdir(dir);
}
END_TEST

int main(void)
{
	return test_engines_main("admin/data/books",
			TESTS(the_nearest_rule_counts, an_entry_from_its_making_to_the_bin));
}
