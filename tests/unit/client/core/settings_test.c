/* What the viewer keeps: settings that are checked before they are written, and hosts that are one
 * however their name is written. */
#include "client/core/known_peers.h"
#include "client/core/target.h"
#include "client/core/view_settings.h"
#include "shared/base/macros.h"
#include "tests/support/proc.h"
#include "tests/unit/client/core/suites.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	const char *name, *value;
	bool good;
} values[] = {
	{ "server", "id.example.com", true },
	{ "server", "id.example.com:21116", true },
	{ "server", "192.0.2.7", true },
	{ "server", "[2001:db8::1]:21116", true },
	{ "server", "wss://id.example.com/ws/id", true },
	{ "server", "a b", true },
	{ "server", "a,b:7 ws://c/x", true },
	{ "server", "a,a", false },
	{ "server", "a?key=x", false },
	{ "server", "id.example.com:0", false },
	{ "server", "id.example.com:99999", false },
	{ "server", "https://id.example.com", false },
	{ "server", "1:1,2:1,3:1,4:1,5:1,6:1,7:1,8:1,9:1", false },
	{ "key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", true },
	{ "key", "AAAA", false },
	{ "id", "desk-7", true },
	{ "id", "a\x1b[2J", false },
	{ "name", "Jos\xc3\xa9 O'Brien", true },
	{ "name", "a\tb", false },
	{ "name", "a\xff", false },
	{ "name", " a", false },
	{ "name", "a ", false },
	{ "force-relay", "yes", true },
	{ "force-relay", "perhaps", false },
	{ "proxy-url", "socks5://127.0.0.1:1080", true },
	{ "proxy-url", "ftp://127.0.0.1", false },
	{ "proxy-url", "socks5://a b", false },
	{ "proxy-url", "socks5://user:pw@h", false },
	{ "proxy-username", "me; # = [x]", true },
	{ "proxy-username", "a\rb", false },
	{ "proxy-password", "; # \"quoted\" = [x]", true },
	{ "proxy-password", "a\nserver = evil", false },
	{ "quality", "best", true },
	{ "quality", "superb", false },
	{ "codec", "vp8", true },
	{ "codec", "h264", true },
	{ "chroma", "444", true },
	{ "chroma", "422", false },
	{ "codec", "mpeg2", false },
};

static void path_in_new_dir(char *buf, size_t size, const char *file)
{
	char dir[200];

	test_dir(dir, sizeof(dir));
	snprintf(buf, size, "%s/%s", dir, file);
}

static void must_be(const struct hws_view_settings *s, const char *name, const char *value)
{
	char now[300];

	if (strcmp(name, "proxy-password") == 0)
		snprintf(now, sizeof(now), "%s",
				hws_view_settings_config(s)->proxy_password_secret);
	else
		ck_assert_int_eq(hws_view_settings_get(s, name, now, sizeof(now)), HWS_OK);
	ck_assert_str_eq(now, value);
}

START_TEST(a_setting_is_checked_and_comes_back_as_it_was)
{
	const char *name = values[_i].name, *value = values[_i].value;
	struct hws_view_settings *s = NULL;
	struct hws_error err = { 0 };
	char path[300];
	int r;

	path_in_new_dir(path, sizeof(path), "hawser.conf");
	ck_assert_int_eq(hws_view_settings_open(path, &s, &err), HWS_OK);
	r = hws_view_settings_set(s, name, value, &err);
	if (!values[_i].good) {
		ck_assert_msg(r < 0, "%s took \"%s\"", name, value);
		ck_assert_msg(strstr(err.text, name) != NULL, "%s", err.text);
		ck_assert_int_ne(access(path, F_OK), 0);
		hws_view_settings_free(s);
		return;
	}
	ck_assert_msg(r == HWS_OK, "%s: %s", name, err.text);
	must_be(s, name, value);
	hws_view_settings_free(s);
	ck_assert_int_eq(hws_view_settings_open(path, &s, &err), HWS_OK);
	must_be(s, name, value);
	hws_view_settings_free(s);
}
END_TEST

START_TEST(a_file_with_a_wrong_value_is_named)
{
	struct hws_view_settings *s = NULL;
	struct hws_error err = { 0 };
	char path[300];
	FILE *f;

	path_in_new_dir(path, sizeof(path), "hawser.conf");
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs("server = a b:0\n", f);
	fclose(f);
	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert_int_eq(hws_view_settings_open(path, &s, &err), HWS_ERR_INVAL);
	ck_assert_msg(strstr(err.text, path) && strstr(err.text, "server"), "%s", err.text);
}
END_TEST

START_TEST(without_a_home_nothing_is_said_to_be_kept)
{
	struct hws_view_settings *s = NULL;
	struct hws_error err = { 0 };

	unsetenv("HOME");
	unsetenv("XDG_CONFIG_HOME");
	ck_assert_int_eq(hws_view_settings_open(NULL, &s, &err), HWS_OK);
	ck_assert_int_eq(hws_view_settings_set(s, "name", "x", &err), HWS_ERR_DISK);
	ck_assert_ptr_nonnull(strstr(err.text, "HOME"));
	must_be(s, "name", "");
	ck_assert_int_eq(hws_view_settings_override(s, "name", "x", &err), HWS_OK);
	hws_view_settings_free(s);
	/* who wants nothing to be kept gets what is wanted */
	ck_assert_int_eq(hws_view_settings_open("", &s, &err), HWS_OK);
	ck_assert_int_eq(hws_view_settings_set(s, "name", "x", &err), HWS_OK);
	must_be(s, "name", "x");
	hws_view_settings_free(s);
}
END_TEST

START_TEST(what_could_not_be_written_is_not_in_use)
{
	struct hws_view_settings *s = NULL;
	struct hws_error err = { 0 };
	char path[300], folder[300], *slash;

	path_in_new_dir(folder, sizeof(folder), "file");
	FILE *f = fopen(folder, "w");
	ck_assert_ptr_nonnull(f);
	fclose(f);
	snprintf(path, sizeof(path), "%.280s", folder);
	slash = strrchr(path, '/');
	snprintf(slash, 20, "/later/hawser.conf");
	ck_assert_int_eq(hws_view_settings_open(path, &s, &err), HWS_OK);
	ck_assert_int_eq(hws_view_settings_set(s, "name", "before", &err), HWS_OK);
	ck_assert_int_eq(unlink(path), 0);
	*strrchr(path, '/') = 0;
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(symlink(folder, path), 0); /* the folder is a file now */
	ck_assert_int_lt(hws_view_settings_set(s, "name", "after", &err), 0);
	must_be(s, "name", "before");
	ck_assert_int_lt(hws_view_settings_set(s, "proxy-password", "after", &err), 0);
	must_be(s, "proxy-password", "");
	ck_assert_int_lt(hws_view_settings_set(s, "force-relay", "yes", &err), 0);
	must_be(s, "force-relay", "no");
	hws_view_settings_free(s);
}
END_TEST

static const struct {
	const char *a, *b;
	bool same;
} names[] = {
	{ "112677908", "112 677 908", true },
	{ "112677908", "  112677908 ", true },
	{ "112677908", "112677908/r", true },
	{ "112677908", "112677909", false },
	{ "112677908@id.example.com", "112 677 908@ID.example.com:21116", true },
	{ "112677908@id.example.com", "112677908@id.example.com?key=AAAA", true },
	{ "112677908@id.example.com", "112677908@id.example.com:21126", false },
	{ "112677908@id.example.com", "112677908", false },
	{ "office-pc", "Office-PC", false }, /* servers tell them apart */
	{ "192.0.2.1", "192.0.2.1:21118", true },
	{ "192.0.2.1", "192.0.2.1:21119", false },
	{ "2001:db8::1", "[2001:0DB8:0::1]:21118", true },
	{ "Host.Example:21118", "host.example", true },
	{ "not a target!", "not a target!", true },
	{ "not a target!", "112677908", false },
};

START_TEST(an_id_without_a_server_is_one_of_the_server_it_is_looked_up_at)
{
	static const char *const at = "id.example.com", *const other = "other.example.com",
				 *const url = "wss://id.example.com/ws/id";

	ck_assert(hws_target_same_at("112677908", "ID.example.com:21116",
			"112677908@id.example.com?key=AAAA", ""));
	ck_assert(hws_target_same_at("112677908@id.example.com", other, "112677908/r", at));
	ck_assert(!hws_target_same_at("112677908", "", "112677908@id.example.com", ""));
	ck_assert(!hws_target_same_at("112677908", other, "112677908@id.example.com", other));
	ck_assert(!hws_target_same_at("112677908", other, "112677908", at));
	ck_assert(!hws_target_same_at("192.0.2.1", "192.0.2.1", "112677908", "192.0.2.1"));
	ck_assert(hws_target_same_at("192.0.2.1", other, "192.0.2.1:21118", at));
	ck_assert(hws_target_same_at("112677908", url, "112677908", url));
	ck_assert(!hws_target_same_at("112677908", url, "112677908", ""));
}
END_TEST

START_TEST(one_host_is_one_however_it_is_written)
{
	const char *a = names[_i].a, *b = names[_i].b;

	ck_assert_msg(hws_target_same_at(a, "", b, "") == names[_i].same, "\"%s\" and \"%s\"", a,
			b);
	ck_assert_int_eq(hws_target_same_at(b, "", a, ""), names[_i].same);
}
END_TEST

START_TEST(one_host_has_one_entry_and_one_pin)
{
	struct hws_view_settings *s = NULL;
	struct hws_known_peer p = { .target = "112677908", .has_pk = true };
	struct hws_error err = { 0 };
	char path[300];

	path_in_new_dir(path, sizeof(path), "hawser.conf");
	ck_assert_int_eq(hws_view_settings_open(path, &s, &err), HWS_OK);
	memset(p.pk, 9, sizeof(p.pk));
	ck_assert_int_eq(hws_view_settings_keep(s, &p, false), HWS_OK);
	const struct hws_known_peer *k = hws_view_settings_peer(s, "112 677 908", "");
	ck_assert_ptr_nonnull(k);
	ck_assert(k->has_pk);
	p = *k;
	snprintf(p.target, sizeof(p.target), "112 677 908");
	ck_assert_int_eq(hws_view_settings_keep(s, &p, false), HWS_OK);
	ck_assert_uint_eq(hws_view_settings_peer_count(s), 1);
	ck_assert_str_eq(hws_view_settings_peer_at(s, 0)->target, "112677908");
	ck_assert_int_eq(hws_view_settings_forget(s, "112677908/r"), HWS_OK);
	ck_assert_uint_eq(hws_view_settings_peer_count(s), 0);
	hws_view_settings_free(s);
}
END_TEST

/* By --server X and by ID@X it is the same host. */
START_TEST(one_host_at_its_server_has_one_pin)
{
	struct hws_view_settings *s = NULL;
	struct hws_known_peer p = { .target = "112677908",
		.server = "x.example.com",
		.has_pk = true,
		.level = HWS_LEVEL_V2 };
	struct hws_error err = { 0 };
	char path[300];

	path_in_new_dir(path, sizeof(path), "hawser.conf");
	ck_assert_int_eq(hws_view_settings_open(path, &s, &err), HWS_OK);
	ck_assert_int_eq(hws_view_settings_keep(s, &p, false), HWS_OK);
	ck_assert_ptr_nonnull(hws_view_settings_peer(s, "112677908@x.example.com:21116", ""));
	ck_assert_ptr_nonnull(hws_view_settings_peer(s, "112677908", "X.example.com"));
	ck_assert_ptr_null(hws_view_settings_peer(s, "112677908", "y.example.com"));
	ck_assert_ptr_null(hws_view_settings_peer(s, "112677908", ""));
	snprintf(p.target, sizeof(p.target), "112677908@x.example.com");
	p.server[0] = 0;
	ck_assert_int_eq(hws_view_settings_keep(s, &p, false), HWS_OK);
	ck_assert_uint_eq(hws_view_settings_peer_count(s), 1);
	hws_view_settings_free(s);
	/* Another server's is another host, also after the file was read again. */
	ck_assert_int_eq(hws_view_settings_open(path, &s, &err), HWS_OK);
	ck_assert_int_eq(hws_view_settings_forget(s, "112677908"), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(hws_view_settings_override(s, "server", "x.example.com", &err), HWS_OK);
	ck_assert_int_eq(hws_view_settings_forget(s, "112677908"), HWS_OK);
	hws_view_settings_free(s);
}
END_TEST

/* By account, the one that was used longest ago goes first. */
START_TEST(kept_terminals_are_found_again)
{
	struct hws_view_settings *s = NULL;
	struct hws_known_peer p = { .target = "192.0.2.9" };
	struct hws_error err = { 0 };
	char path[300], long_id[HWS_PEER_SHELL_ID + 1];

	path_in_new_dir(path, sizeof(path), "hawser.conf");
	ck_assert_str_eq(hws_known_peer_shells(&p, ""), "");
	hws_known_peer_set_shells(&p, "", "ts_1");
	hws_known_peer_set_shells(&p, "bob", "ts_2");
	hws_known_peer_set_shells(&p, "", "ts_3"); /* instead of the first */
	ck_assert_int_eq(hws_view_settings_open(path, &s, &err), HWS_OK);
	ck_assert_int_eq(hws_view_settings_keep(s, &p, false), HWS_OK);
	hws_view_settings_free(s);
	ck_assert_int_eq(hws_view_settings_open(path, &s, &err), HWS_OK);
	const struct hws_known_peer *k = hws_view_settings_peer(s, "192.0.2.9", "");
	ck_assert_ptr_nonnull(k);
	ck_assert_str_eq(hws_known_peer_shells(k, ""), "ts_3");
	ck_assert_str_eq(hws_known_peer_shells(k, "bob"), "ts_2");
	ck_assert_str_eq(hws_known_peer_shells(k, "carol"), "");
	hws_view_settings_free(s);
	hws_known_peer_set_shells(&p, "a", "ts_4");
	hws_known_peer_set_shells(&p, "b", "ts_5");
	hws_known_peer_set_shells(&p, "c", "ts_6");
	ck_assert_str_eq(hws_known_peer_shells(&p, "bob"), "");
	ck_assert_str_eq(hws_known_peer_shells(&p, ""), "ts_3");
	memset(long_id, 'x', sizeof(long_id));
	long_id[HWS_PEER_SHELL_ID] = 0;
	hws_known_peer_set_shells(&p, "d", long_id);
	ck_assert_str_eq(hws_known_peer_shells(&p, "d"), "");
	ck_assert_str_eq(hws_known_peer_shells(&p, ""), "ts_3");
}
END_TEST

START_TEST(a_pin_of_v2_and_its_login_come_back_from_the_file)
{
	struct hws_view_settings *s = NULL;
	struct hws_known_peer p = { .target = "192.0.2.1",
		.has_pk = true,
		.level = HWS_LEVEL_V2,
		.has_pake = true,
		.pake_kind = HWS_PAKE_PERMANENT,
		.pake_cost = { .ops = 3, .memory_kib = 65536 } };
	struct hws_error err = { 0 };
	struct hws_identity own, again;
	char path[300];
	struct stat st;

	path_in_new_dir(path, sizeof(path), "hawser.conf");
	memset(p.pk, 9, sizeof(p.pk));
	memset(&p.pake_cost.salt, 1, sizeof(p.pake_cost.salt));
	memset(&p.pake_secret, 2, sizeof(p.pake_secret));
	ck_assert_int_eq(hws_view_settings_open(path, &s, &err), HWS_OK);
	ck_assert_int_eq(hws_view_settings_keep(s, &p, false), HWS_OK);
	ck_assert_int_eq(hws_view_settings_identity(s, &own, &err), HWS_OK);
	hws_view_settings_free(s);
	ck_assert_int_eq(hws_view_settings_open(path, &s, &err), HWS_OK);
	const struct hws_known_peer *k = hws_view_settings_peer(s, "192.0.2.1:21118", "any");
	ck_assert_ptr_nonnull(k);
	ck_assert_int_eq(k->level, HWS_LEVEL_V2);
	ck_assert(k->has_pake && !k->has_h1);
	ck_assert_int_eq(k->pake_kind, HWS_PAKE_PERMANENT);
	ck_assert_mem_eq(&k->pake_cost, &p.pake_cost, sizeof(p.pake_cost));
	ck_assert_mem_eq(&k->pake_secret, &p.pake_secret, sizeof(p.pake_secret));
	/* This viewer is the same one, and nobody else can read what proves it. */
	ck_assert_int_eq(hws_view_settings_identity(s, &again, &err), HWS_OK);
	ck_assert_mem_eq(own.pk, again.pk, sizeof(own.pk));
	snprintf(strrchr(path, '/'), 20, "/viewer_ed25519");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	hws_view_settings_free(s);
	/* Where nothing is kept there is no key. */
	ck_assert_int_eq(hws_view_settings_open("", &s, &err), HWS_OK);
	ck_assert_int_eq(hws_view_settings_identity(s, &again, &err), HWS_ERR_NOTFOUND);
	hws_view_settings_free(s);
}
END_TEST

START_TEST(what_a_list_says_of_encryption_is_never_taken_for_less)
{
#define KEYED(target, rest)                                                                        \
	"{\"target\": \"" target                                                                   \
	"\", \"host_key\": \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=\"" rest "}"
	static const char list[] = "{\"peers\": [" KEYED("100000001", "") "," KEYED(
			"100000002", ", \"encryption\": \"v1\"") "," KEYED("100000003",
			", \"encryption\": \"v2\"") "," KEYED("100000004",
			", \"encryption\": \"v9\"") "," KEYED("100 000 003",
			", \"encryption\": \"v1\"") "," KEYED("100000005",
			", \"server\": \"elsewhere.example.com\"") "]}";
	static const enum hws_secure_level expected[] = { HWS_LEVEL_V1, HWS_LEVEL_V1, HWS_LEVEL_V2,
		HWS_LEVEL_V2, HWS_LEVEL_V1 };
	struct hws_known_peers *k = calloc(1, sizeof(*k));

	ck_assert_int_eq(hws_known_peers_parse(k, hws_bytes_str(list), "id.example.com"), HWS_OK);
	ck_assert_uint_eq(k->count, 5);
	for (size_t i = 0; i < k->count; i++)
		ck_assert_int_eq(k->peer[i].level, expected[i]);
	/* Older lists do not say where they looked: where the settings say. */
	ck_assert_ptr_nonnull(hws_known_peers_find(k, "100000001@id.example.com", ""));
	ck_assert_ptr_nonnull(hws_known_peers_find(k, "100000005@elsewhere.example.com", ""));
	hws_known_peers_done(k);
	free(k);
}
END_TEST

START_TEST(a_pin_of_v2_is_the_last_to_go)
{
	struct hws_known_peers *k = calloc(1, sizeof(*k));
	struct hws_known_peer p = { .target = "300000000", .has_pk = true, .level = HWS_LEVEL_V2 };

	hws_known_peers_put(k, &p); /* the oldest */
	p.level = HWS_LEVEL_V1;
	for (unsigned i = 0; i < HWS_PEERS_MAX; i++) {
		snprintf(p.target, sizeof(p.target), "20000%04u", i);
		hws_known_peers_put(k, &p);
	}
	ck_assert_uint_eq(k->count, HWS_PEERS_MAX);
	ck_assert_ptr_nonnull(hws_known_peers_find(k, "300000000", ""));
	ck_assert_ptr_null(hws_known_peers_find(k, "200000000", ""));
	p.level = HWS_LEVEL_V2;
	for (unsigned i = 0; i < HWS_PEERS_MAX; i++) {
		snprintf(p.target, sizeof(p.target), "40000%04u", i);
		hws_known_peers_put(k, &p);
	}
	ck_assert_uint_eq(k->count, HWS_PEERS_MAX);
	ck_assert_ptr_null(hws_known_peers_find(k, "300000000", ""));
	hws_known_peers_done(k);
	free(k);
}
END_TEST

START_TEST(two_entries_of_an_older_list_become_one)
{
	static const char list[] =
			"{\"peers\": [{\"target\": \"112 677 908\", \"hostname\": \"new\"}, "
			"{\"target\": \"x-other\"}, "
			"{\"target\": \"112677908\", \"hostname\": \"old\", \"trusted\": true, "
			"\"host_key\": \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=\"}]}";
	struct hws_known_peers *k = calloc(1, sizeof(*k));

	ck_assert_int_eq(hws_known_peers_parse(k, hws_bytes_str(list), ""), HWS_OK);
	ck_assert_uint_eq(k->count, 2);
	ck_assert_str_eq(k->peer[0].hostname, "new");
	ck_assert_str_eq(k->peer[0].target, "112677908"); /* people group its figures */
	ck_assert(k->peer[0].has_pk && k->peer[0].trusted);
	hws_known_peers_done(k);
	free(k);
}
END_TEST

Suite *settings_suite(void)
{
	Suite *s = suite_create("core/settings");
	TCase *t = tcase_create("settings");

	tcase_add_loop_test(t, a_setting_is_checked_and_comes_back_as_it_was, 0,
			(int)HWS_COUNT(values));
	tcase_add_test(t, a_file_with_a_wrong_value_is_named);
	tcase_add_test(t, without_a_home_nothing_is_said_to_be_kept);
	tcase_add_test(t, what_could_not_be_written_is_not_in_use);
	tcase_add_test(t, an_id_without_a_server_is_one_of_the_server_it_is_looked_up_at);
	tcase_add_test(t, one_host_at_its_server_has_one_pin);
	tcase_add_test(t, a_pin_of_v2_and_its_login_come_back_from_the_file);
	tcase_add_test(t, what_a_list_says_of_encryption_is_never_taken_for_less);
	tcase_add_loop_test(t, one_host_is_one_however_it_is_written, 0, (int)HWS_COUNT(names));
	tcase_add_test(t, one_host_has_one_entry_and_one_pin);
	tcase_add_test(t, a_pin_of_v2_is_the_last_to_go);
	tcase_add_test(t, kept_terminals_are_found_again);
	tcase_add_test(t, two_entries_of_an_older_list_become_one);
	suite_add_tcase(s, t);
	return s;
}
