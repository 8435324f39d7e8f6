/* The port that is open to the internet: nobody is let through unless a viewer was told of it. */
#include "client/reach/mapped_port.h"
#include "shared/net/addr.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct hws_loop *loop;
static struct hws_mapped_port *port;
static uint64_t now_us;
static unsigned came;
static struct hws_answered last;

static uint64_t clock_us(void *arg)
{
	(void)arg;
	return now_us;
}

static void on_socket(int fd, const struct hws_answered *how, void *arg)
{
	(void)arg;
	close(fd);
	last = *how;
	came++;
}

static void set_up(void)
{
	const struct hws_mapped_port_conf conf = { on_socket, NULL };

	now_us = 1000000;
	came = 0;
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	hws_loop_set_clock(loop, clock_us, NULL);
	ck_assert_int_eq(hws_mapped_port_new(loop, &conf, &port), HWS_OK);
	ck_assert_uint_ne(hws_mapped_port_inside(port), 0);
}

static void tear_down(void)
{
	hws_mapped_port_free(port);
	hws_loop_free(loop);
}

/* Knocks from 127.0.0.1; returns when the other side has decided. */
static void knock(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(hws_mapped_port_inside(port)) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	char byte;

	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	while (recv(fd, &byte, 1, MSG_DONTWAIT) < 0) { /* both ways end with it being closed */
		ck_assert_uint_lt(test_now_ms(), end);
		hws_loop_once(loop, 10000);
	}
	close(fd);
}

static void expect(const char *viewer, uint64_t permissions)
{
	struct hws_answered how = { .secure = true, .control_permissions = permissions };

	ck_assert_int_eq(hws_addr_parse(viewer, 0, &how.viewer), HWS_OK);
	hws_mapped_port_expect(port, &how);
}

START_TEST(a_stranger_is_let_go)
{
	knock();
	ck_assert_uint_eq(came, 0);
}
END_TEST

START_TEST(a_viewer_that_was_told_comes_with_what_is_known_of_it)
{
	expect("127.0.0.1:4000", 5);
	knock();
	ck_assert_uint_eq(came, 1);
	ck_assert(last.mapped && last.secure && !last.relayed && !last.udp);
	ck_assert_uint_eq(last.control_permissions, 5);
}
END_TEST

START_TEST(one_that_comes_by_another_address_is_the_only_one_it_can_be)
{
	expect("11.9.0.12:4000", 5);
	expect("11.9.0.13:4000", 5);
	knock();
	ck_assert_uint_eq(came, 1);
	expect("11.9.0.14:4000", 6); /* now it could be one that may do more */
	knock();
	ck_assert_uint_eq(came, 1);
	expect("127.0.0.1:4000", 7);
	knock();
	ck_assert_uint_eq(came, 2);
	ck_assert_uint_eq(last.control_permissions, 7);
}
END_TEST

START_TEST(it_is_expected_for_a_while_and_for_some_sockets)
{
	expect("127.0.0.1:4000", 0);
	for (int i = 0; i < 6; i++)
		knock();
	ck_assert_uint_eq(came, 4);
	expect("127.0.0.1:4000", 0);
	now_us += 21000000;
	knock();
	ck_assert_uint_eq(came, 4);
}
END_TEST

START_TEST(many_push_out_the_first)
{
	expect("127.0.0.1:4000", 1);
	for (int i = 0; i < 32; i++)
		expect(i % 2 ? "11.9.0.12:4000" : "11.9.0.13:4000", (uint64_t)i);
	knock();
	ck_assert_uint_eq(came, 0);
}
END_TEST

static const struct {
	const char *outside;
	bool usable;
} outsides[] = { { "11.9.0.11:40000", true }, { "11.9.0.11:1024", true }, { "11.9.0.11:22", false },
	{ "192.168.1.1:40000", false }, { "100.64.3.4:40000", false }, { "127.0.0.1:40000", false },
	{ "[2001:db8::1]:40000", false } };

START_TEST(what_no_viewer_could_use_is_nowhere)
{
	struct sockaddr_storage at;

	ck_assert_int_eq(hws_addr_parse(outsides[_i].outside, 0, &at), HWS_OK);
	hws_mapped_port_set_outside(port, &at);
	ck_assert_msg((hws_mapped_port_outside(port) != NULL) == outsides[_i].usable, "%s",
			outsides[_i].outside);
	hws_mapped_port_set_outside(port, NULL);
	ck_assert_ptr_null(hws_mapped_port_outside(port));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("mapped_port");
	TCase *t = test_case(s, "mapped_port", 60, TESTS_NONE);

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_stranger_is_let_go);
	tcase_add_test(t, a_viewer_that_was_told_comes_with_what_is_known_of_it);
	tcase_add_test(t, one_that_comes_by_another_address_is_the_only_one_it_can_be);
	tcase_add_test(t, it_is_expected_for_a_while_and_for_some_sockets);
	tcase_add_test(t, many_push_out_the_first);
	tcase_add_loop_test(t, what_no_viewer_could_use_is_nowhere, 0, (int)HWS_COUNT(outsides));
	return test_suite_run(s);
}
