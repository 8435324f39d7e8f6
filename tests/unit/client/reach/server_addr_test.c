/* How servers are named, and where their WebSockets are. */
#include "client/reach/server_addr.h"
#include "shared/base/str.h"
#include <check.h>

static const char *as_text(const struct hws_server_addr *w)
{
	static char text[HWS_SERVER_ADDR_TEXT];

	return hws_server_addr_text(w, text, sizeof(text));
}

START_TEST(names_addresses_and_urls_are_understood)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "id.example.org", "id.example.org:21116" },
		{ "id.example.org:5", "id.example.org:5" },
		{ "10.0.0.1", "10.0.0.1:21116" },
		{ "2001:db8::1", "[2001:db8::1]:21116" },
		{ "[2001:db8::1]:7", "[2001:db8::1]:7" },
		{ "ws://id.example.org", "ws://id.example.org:80/" },
		{ "wss://id.example.org/ws/id", "wss://id.example.org:443/ws/id" },
		{ "wss://id.example.org:8443/a?b=c", "wss://id.example.org:8443/a?b=c" },
		{ "ws://[::1]:21118", "ws://[::1]:21118/" },
	};

	for (size_t i = 0; i < HWS_COUNT(cases); i++) {
		struct hws_server_addr w;

		ck_assert_msg(hws_server_addr_parse(cases[i].text, 21116, &w) == HWS_OK, "%s",
				cases[i].text);
		ck_assert_str_eq(as_text(&w), cases[i].want);
	}
}
END_TEST

START_TEST(what_leads_nowhere_is_refused)
{
	static const char *const bad[] = { "", ":21116", "host:0", "host:65536", "host:x", "ws://",
		"wss://:443/", "ws:///ws/id", "ws://host/a b", "ws://host/a\r\nb",
		"ws://us er@host/", "http://host/", "ws://host:0/", "[::1", "ho st", "host/ws" };
	char longer[600];
	struct hws_server_addr w = { .port = 99 };

	for (size_t i = 0; i < HWS_COUNT(bad); i++)
		ck_assert_msg(hws_server_addr_parse(bad[i], 21116, &w) < 0, "%s", bad[i]);
	memset(longer, 'a', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	ck_assert_int_lt(hws_server_addr_parse(longer, 21116, &w), 0);
	memcpy(longer, "ws://", 5);
	ck_assert_int_lt(hws_server_addr_parse(longer, 21116, &w), 0);
	memcpy(longer, "ws://h/", 7);
	ck_assert_int_lt(hws_server_addr_parse(longer, 21116, &w), 0);
	ck_assert_uint_eq(w.port, 99); /* untouched */
}
END_TEST

START_TEST(the_websocket_of_a_server_is_where_deployed_programs_look)
{
	static const struct {
		const char *server, *want;
	} cases[] = {
		{ "10.0.0.1:21116", "ws://10.0.0.1:21118/" },
		{ "[2001:db8::1]:5000", "ws://[2001:db8::1]:5002/" },
		{ "id.example.org:21116", "ws://id.example.org:80/ws/id" },
		{ "wss://id.example.org/x", "wss://id.example.org:443/x" },
	};

	for (size_t i = 0; i < HWS_COUNT(cases); i++) {
		struct hws_server_addr w;

		ck_assert_int_eq(hws_server_addr_parse(cases[i].server, 21116, &w), HWS_OK);
		hws_server_addr_websocket(&w, &w);
		ck_assert_str_eq(as_text(&w), cases[i].want);
	}
}
END_TEST

START_TEST(by_the_web_a_closed_port_is_passed)
{
	static const struct {
		const char *tcp;
		bool relay;
		const char *want;
	} cases[] = {
		{ "id.example.org:21116", false, "wss://id.example.org:443/ws/id" },
		{ "r.example.org:21117", true, "wss://r.example.org:443/ws/relay" },
		{ "10.0.0.1:21116", false, "ws://10.0.0.1:21118/" },
		{ "[2001:db8::1]:21117", true, "ws://[2001:db8::1]:21119/" },
	};
	struct hws_server_addr w, web;

	for (size_t i = 0; i < HWS_COUNT(cases); i++) {
		ck_assert_int_eq(hws_server_addr_parse(cases[i].tcp, 21116, &w), HWS_OK);
		hws_server_addr_by_web(&w, cases[i].relay, &web);
		ck_assert_str_eq(as_text(&web), cases[i].want);
	}
}
END_TEST

START_TEST(relays_are_reached_like_their_server)
{
	static const struct {
		const char *server, *relay, *want;
	} cases[] = {
		{ "id.example.org", "relay.example.org", "relay.example.org:21117" },
		{ "id.example.org", "10.0.0.2:99", "10.0.0.2:99" },
		{ "id.example.org", "wss://r.example.org/r", "wss://r.example.org:443/r" },
		{ "ws://id.example.org:21118", "r.example.org:21117", "ws://r.example.org:21119/" },
		{ "ws://10.0.0.1:21118", "10.0.0.1", "ws://10.0.0.1:21119/" },
		{ "ws://id.example.org/ws/id", "r.example.org:21117",
				"ws://r.example.org:80/ws/relay" },
		{ "wss://id.example.org/ws/id", "10.0.0.2:21117", "wss://10.0.0.2:21119/" },
		{ "wss://10.0.0.1:8443/ws/id", "10.0.0.1:21117", "wss://10.0.0.1:8443/ws/relay" },
		{ "wss://id.example.org", "ws://r.example.org:1/", "ws://r.example.org:1/" },
	};
	struct hws_server_addr w, relay;

	for (size_t i = 0; i < HWS_COUNT(cases); i++) {
		ck_assert_int_eq(hws_server_addr_parse(cases[i].server, 21116, &w), HWS_OK);
		ck_assert_int_eq(hws_server_addr_to_relay(&w, cases[i].relay, &relay), HWS_OK);
		ck_assert_str_eq(as_text(&relay), cases[i].want);
	}
	ck_assert_int_eq(hws_server_addr_to_relay(NULL, "r.example.org", &relay), HWS_OK);
	ck_assert_str_eq(as_text(&relay), "r.example.org:21117");
	ck_assert_int_lt(hws_server_addr_to_relay(&w, "", &relay), 0);
	ck_assert_int_lt(hws_server_addr_to_relay(&w, "a b", &relay), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("client/reach/server_addr");
	TCase *t = tcase_create("way");
	SRunner *r;
	int failed;

	tcase_add_test(t, names_addresses_and_urls_are_understood);
	tcase_add_test(t, what_leads_nowhere_is_refused);
	tcase_add_test(t, the_websocket_of_a_server_is_where_deployed_programs_look);
	tcase_add_test(t, by_the_web_a_closed_port_is_passed);
	tcase_add_test(t, relays_are_reached_like_their_server);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
