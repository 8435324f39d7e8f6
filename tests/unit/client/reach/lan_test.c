/* Finding hosts in a local network: the words against the examples of the wire, and both ends over
 * loopback, which is a network like any other but that it has no broadcast. */
#include "client/reach/lan_answer.h"
#include "client/reach/lan_search.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "tests/support/suite.h"
#include "tests/support/vector.h"
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

START_TEST(words_are_those_of_deployed_clients)
{
	uint8_t want[256];
	const struct hws_lan_host bob = { .id = "123456789",
		.username = "bob",
		.hostname = "host1",
		.platform = "Linux",
		.has_mac = true,
		.mac = { 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff } };
	struct hws_lan_host got;
	enum hws_lan_word word;
	struct hws_buf out;
	size_t len = test_vector("services.json", "lan_ping", want, sizeof(want), NULL, NULL);

	hws_buf_init(&out, HWS_LAN_DATAGRAM_MAX);
	ck_assert_int_eq(hws_lan_ping("", &out), HWS_OK);
	ck_assert_uint_eq(hws_buf_len(&out), len);
	ck_assert_mem_eq(hws_buf_bytes(&out).ptr, want, len);
	ck_assert_int_eq(hws_lan_parse(hws_bytes(want, len), &word, &got), HWS_OK);
	ck_assert_int_eq(word, HWS_LAN_PING);
	hws_buf_reset(&out);
	len = test_vector("services.json", "lan_pong", want, sizeof(want), NULL, NULL);
	ck_assert_int_eq(hws_lan_pong(&bob, &out), HWS_OK);
	ck_assert_uint_eq(hws_buf_len(&out), len);
	ck_assert_mem_eq(hws_buf_bytes(&out).ptr, want, len);
	ck_assert_int_eq(hws_lan_parse(hws_bytes(want, len), &word, &got), HWS_OK);
	ck_assert_int_eq(word, HWS_LAN_PONG);
	ck_assert_mem_eq(&got, &bob, sizeof(bob));
	hws_buf_done(&out);
}
END_TEST

static int pong_of(const char *id)
{
	struct hws_lan_host h = { .hostname = "x" }, got;
	enum hws_lan_word word;
	struct hws_buf out;
	int r;

	ck_assert_int_eq(hws_str_copy(h.id, sizeof(h.id), id), HWS_OK);
	hws_buf_init(&out, HWS_LAN_DATAGRAM_MAX);
	ck_assert_int_eq(hws_lan_pong(&h, &out), HWS_OK);
	r = hws_lan_parse(hws_buf_bytes(&out), &word, &got);
	hws_buf_done(&out);
	return r;
}

START_TEST(ids_that_are_none_are_no_answer)
{
	char longest[HWS_LAN_ID_MAX + 1];

	memset(longest, '7', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = 0;
	ck_assert_int_eq(pong_of("123456789"), HWS_OK);
	ck_assert_int_eq(pong_of(longest), HWS_OK);
	ck_assert_int_eq(pong_of(""), HWS_ERR_PROTO);
	ck_assert_int_eq(pong_of("../../etc"), HWS_ERR_PROTO);
	ck_assert_int_eq(pong_of("a b"), HWS_ERR_PROTO);
	ck_assert_int_eq(pong_of("a\x1b[2J"), HWS_ERR_PROTO);
	ck_assert_int_eq(pong_of("what*"), HWS_ERR_PROTO);
}
END_TEST

START_TEST(hardware_addresses_are_read_as_people_write_them)
{
	static const uint8_t want[HWS_LAN_MAC] = { 0, 0x1a, 0x2b, 0x3c, 0x4d, 0x5e };
	static const char *const good[] = { "00:1a:2b:3c:4d:5e", "00-1A-2B-3C-4D-5E",
		"001a2b3c4d5e" };
	static const char *const bad[] = { "", "00:1a:2b:3c:4d", "00:1a-2b:3c:4d:5e",
		"00:1a:2b:3c:4d:5g", "00:1a:2b:3c:4d:5e:6f", "00000000000", "123456789",
		"00:00:00:00:00:00", "ffffffffffff", "00.1a.2b.3c.4d.5e" };
	uint8_t got[HWS_LAN_MAC];

	for (size_t i = 0; i < HWS_COUNT(good); i++) {
		ck_assert_msg(hws_lan_mac_parse(good[i], got) == HWS_OK, "%s", good[i]);
		ck_assert_mem_eq(got, want, sizeof(want));
	}
	for (size_t i = 0; i < HWS_COUNT(bad); i++)
		ck_assert_msg(hws_lan_mac_parse(bad[i], got) < 0, "%s", bad[i]);
}
END_TEST

/* --- both ends --- */

static struct {
	struct hws_loop *loop;
	struct hws_lan_answer *answer;
	struct hws_lan_search *search;
	uint16_t port;
	char target[40];
	unsigned found;
	struct hws_lan_host last;
	char from[HWS_ADDR_TEXT];
} lan;

static void on_found(const struct hws_lan_host *h, const struct sockaddr_storage *from,
		void *arg HWS_UNUSED)
{
	lan.found++;
	lan.last = *h;
	hws_addr_ip_text(from, lan.from, sizeof(lan.from));
}

static void open_answer(bool neighbours)
{
	struct hws_lan_answer_conf conf = { .host = { .id = "123456789",
							    .hostname = "here",
							    .platform = "Linux",
							    .direct_port = 21118 } };
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	int count = neighbours ? hws_lan_ifs(conf.ifs) : 0;

	ck_assert_int_ge(count, 0);
	conf.if_count = (unsigned)count;
	ck_assert_int_eq(hws_loop_new(&lan.loop), HWS_OK);
	ck_assert_int_eq(hws_lan_answer_socket(0, &conf.fd), HWS_OK);
	ck_assert_int_eq(getsockname(conf.fd, (struct sockaddr *)&a, &len), 0);
	lan.port = ntohs(a.sin_port);
	ck_assert_int_eq(hws_lan_answer_new(lan.loop, &conf, &lan.answer), HWS_OK);
	snprintf(lan.target, sizeof(lan.target), "127.0.0.1:%u", lan.port);
}

static void close_all(void)
{
	hws_lan_search_free(lan.search);
	hws_lan_answer_free(lan.answer);
	hws_loop_free(lan.loop);
	memset(&lan, 0, sizeof(lan));
}

static void search(void)
{
	const char *const targets[] = { lan.target };
	const struct hws_lan_search_conf conf = {
		.targets = targets, .target_count = 1, .on_found = on_found
	};
	struct hws_error err = { 0 };

	ck_assert_msg(hws_lan_search_new(lan.loop, &conf, &lan.search, &err) == HWS_OK, "%s",
			err.text);
}

static int asker(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(lan.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static unsigned answers_at(int fd)
{
	unsigned count = 0;
	char c;

	while (recv(fd, &c, 1, 0) >= 0)
		count++;
	return count;
}

START_TEST(a_host_is_found_once_however_often_it_is_asked)
{
	open_answer(true);
	search();
	/* all three questions are answered; that is 800 ms */
	for (int i = 0; i < 60; i++)
		hws_loop_once(lan.loop, 20000);
	ck_assert_uint_eq(lan.found, 1);
	ck_assert_str_eq(lan.last.id, "123456789");
	ck_assert_str_eq(lan.last.hostname, "here");
	ck_assert_uint_eq(lan.last.direct_port, 21118);
	ck_assert_str_eq(lan.from, "127.0.0.1");
	close_all();
}
END_TEST

START_TEST(only_neighbours_are_answered)
{
	int fd;

	open_answer(false); /* this machine is in no network at all */
	fd = asker();
	ck_assert_int_eq(send(fd, "\xb2\x01\x06\x0a\x04ping", 9, 0), 9);
	for (int i = 0; i < 5; i++)
		hws_loop_once(lan.loop, 20000);
	ck_assert_uint_eq(answers_at(fd), 0);
	close(fd);
	close_all();
}
END_TEST

START_TEST(a_flood_of_questions_and_nonsense_gets_few_answers)
{
	int fd;
	unsigned count;

	open_answer(true);
	fd = asker();
	for (int i = 0; i < 400; i++) {
		ck_assert_int_eq(send(fd, "\xb2\x01\x06\x0a\x04ping", 9, 0), 9);
		ck_assert_int_eq(send(fd, "\xb2\x01\x06\x0a\x04pong", 9, 0), 9);
		ck_assert_int_eq(send(fd, "\xff\xff", 2, 0), 2);
		hws_loop_once(lan.loop, 0);
	}
	for (int i = 0; i < 100; i++)
		hws_loop_once(lan.loop, 0);
	count = answers_at(fd);
	ck_assert_uint_gt(count, 0);
	ck_assert_uint_le(count, 60); /* 30 at once, 10 a second */
	close(fd);
	close_all();
}
END_TEST

START_TEST(a_host_does_not_answer_itself)
{
	struct hws_buf out;
	int fd;

	open_answer(true);
	fd = asker();
	hws_buf_init(&out, HWS_LAN_DATAGRAM_MAX);
	ck_assert_int_eq(hws_lan_ping("123456789", &out), HWS_OK);
	ck_assert_int_gt(send(fd, hws_buf_bytes(&out).ptr, hws_buf_len(&out), 0), 0);
	for (int i = 0; i < 5; i++)
		hws_loop_once(lan.loop, 20000);
	ck_assert_uint_eq(answers_at(fd), 0);
	hws_buf_done(&out);
	close(fd);
	close_all();
}
END_TEST

START_TEST(what_is_no_address_is_not_asked)
{
	static const char *const bad[] = { "host.example.org", "::1", "1.2.3", "" };
	struct hws_lan_search_conf conf = { .target_count = 1, .on_found = on_found };
	struct hws_error err = { 0 };

	ck_assert_int_eq(hws_loop_new(&lan.loop), HWS_OK);
	for (size_t i = 0; i < HWS_COUNT(bad); i++) {
		conf.targets = &bad[i];
		ck_assert_int_eq(hws_lan_search_new(lan.loop, &conf, &lan.search, &err),
				HWS_ERR_INVAL);
		ck_assert_ptr_nonnull(strstr(err.text, "IPv4"));
	}
	close_all();
}
END_TEST

int main(void)
{
	return test_main("lan", 60, NULL, NULL,
			TESTS(words_are_those_of_deployed_clients, ids_that_are_none_are_no_answer,
					hardware_addresses_are_read_as_people_write_them,
					a_host_is_found_once_however_often_it_is_asked,
					only_neighbours_are_answered,
					a_flood_of_questions_and_nonsense_gets_few_answers,
					a_host_does_not_answer_itself,
					what_is_no_address_is_not_asked));
}
