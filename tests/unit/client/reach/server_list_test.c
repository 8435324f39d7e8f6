/* Several servers in one setting, each with its key. */
#include "client/reach/server_list.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/identity.h"
#include <check.h>
#include <stdio.h>

START_TEST(servers_stand_in_order_each_with_its_key)
{
	static const struct {
		const char *servers, *keys, *want;
	} cases[] = {
		{ "", "", "" },
		{ " , ,", "", "" },
		{ "a.example", "", "a.example()" },
		{ "a.example", "K", "a.example(K)" },
		{ "a.example,b.example:7", "K", "a.example(K) b.example:7(K)" },
		{ "a.example\n b.example", "K,L", "a.example(K) b.example(L)" },
		{ "a.example b.example", "- L", "a.example() b.example(L)" },
		{ "a.example?key=A,wss://b.example/ws/id?key=B", "",
				"a.example(A) wss://b.example/ws/id(B)" },
		{ "a.example?key=A,b.example", "K", "a.example(A) b.example(K)" },
		{ "a.example?key=A,b.example", "-,L", "a.example(A) b.example(L)" },
		{ "192.0.2.1, [2001:db8::1]:5", "", "192.0.2.1() [2001:db8::1]:5()" },
		{ "h:1 h:2 h:3 h:4 h:5 h:6 h:7 h:8", "",
				"h:1() h:2() h:3() h:4() h:5() h:6() h:7() h:8()" },
	};

	for (size_t i = 0; i < HWS_COUNT(cases); i++) {
		struct hws_server_list l;
		struct hws_error err = { 0 };
		char got[1000] = "";
		size_t len = 0;

		ck_assert_msg(hws_server_list_parse(cases[i].servers, cases[i].keys, &l, &err) ==
						HWS_OK,
				"%s: %s", cases[i].servers, err.text);
		for (size_t k = 0; k < l.count; k++)
			len += (size_t)snprintf(got + len, sizeof(got) - len, "%s%s(%s)",
					k ? " " : "", l.entry[k].text, l.entry[k].key);
		ck_assert_str_eq(got, cases[i].want);
	}
}
END_TEST

START_TEST(what_could_mix_up_keys_or_servers_is_refused_with_a_word)
{
	static const struct {
		const char *servers, *keys, *word;
	} cases[] = {
		{ "a.example,b.example,c.example", "K,L", "2 keys for 3 servers" },
		{ "a.example", "K,L", "2 keys for 1" },
		{ "", "K,L", "2 keys for 0" },
		{ "a.example?key=A,b.example", "K,L", "two keys for \"a.example\"" },
		{ "a.example?key=", "", "no server key" },
		{ "a.example,A.EXAMPLE:21116", "", "named twice" },
		{ "ws://a.example/x,ws://a.example/x", "", "named twice" },
		{ "a.example,b.example:0", "", "b.example:0" },
		{ "https://a.example", "", "https://a.example" },
		{ "h:1 h:2 h:3 h:4 h:5 h:6 h:7 h:8 h:9", "", "more than 8" },
		{ "h:1 h:2 h:3 h:4 h:5 h:6 h:7 h:8", "1,2,3,4,5,6,7,8,9", "keys for 8 servers" },
	};
	char longer[2000];
	struct hws_server_list l = { .count = 99 };
	struct hws_error err = { 0 };

	for (size_t i = 0; i < HWS_COUNT(cases); i++) {
		ck_assert_msg(hws_server_list_parse(cases[i].servers, cases[i].keys, &l, &err) < 0,
				"%s", cases[i].servers);
		ck_assert_msg(strstr(err.text, cases[i].word), "%s", err.text);
	}
	memset(longer, 'a', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	ck_assert_int_lt(hws_server_list_parse(longer, "", &l, &err), 0);
	ck_assert_int_lt(hws_server_list_parse("a.example", longer, &l, &err), 0);
	ck_assert_uint_eq(l.count, 99); /* untouched */
}
END_TEST

START_TEST(what_stands_for_a_key_is_looked_at)
{
	struct hws_identity id;
	char key[HWS_KEY_TEXT], text[200];
	struct hws_server_list l;
	struct hws_error err = { 0 };

	hws_identity_generate(false, &id);
	snprintf(text, sizeof(text), "a.example,b.example?key=%s", hws_key_text(id.pk, key));
	ck_assert_int_eq(hws_server_list_parse(text, "", &l, &err), HWS_OK);
	ck_assert_int_eq(hws_server_list_check_keys(&l, &err), HWS_OK);
	ck_assert_int_eq(hws_server_list_parse(text, "nokey", &l, &err), HWS_OK);
	ck_assert_int_lt(hws_server_list_check_keys(&l, &err), 0);
	ck_assert_msg(strstr(err.text, "a.example"), "%s", err.text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("reach/server_list");
	TCase *t = tcase_create("list");
	SRunner *r = srunner_create(s);
	int failed;

	if (hws_crypto_init() < 0)
		return 1;
	tcase_add_test(t, servers_stand_in_order_each_with_its_key);
	tcase_add_test(t, what_could_mix_up_keys_or_servers_is_refused_with_a_word);
	tcase_add_test(t, what_stands_for_a_key_is_looked_at);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
