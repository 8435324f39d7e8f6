/* Both ends of a session come to the same key for tags, whatever they call their directions. */
#include "shared/base/clock.h"
#include "shared/net/kcp.h"
#include "shared/net/kcp_keys.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <string.h>
#include <unistd.h>

static struct hws_loop *loop;
static struct hws_stream *viewer, *host;

static void set_up(void)
{
	struct sockaddr_in at[2] = { { .sin_family = AF_INET }, { .sin_family = AF_INET } };
	int fd[2];

	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	for (int i = 0; i < 2; i++) {
		socklen_t len = sizeof(at[i]);

		at[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		ck_assert_int_eq(bind(fd[i], (struct sockaddr *)&at[i], len), 0);
		ck_assert_int_eq(getsockname(fd[i], (struct sockaddr *)&at[i], &len), 0);
	}
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(connect(fd[i], (struct sockaddr *)&at[!i], sizeof(at[0])), 0);
		ck_assert_int_eq(hws_kcp_prepare_socket(fd[i]), HWS_OK);
	}
	ck_assert_int_eq(hws_stream_kcp_connect(loop, fd[0], NULL, &viewer), HWS_OK);
	ck_assert_int_eq(hws_stream_kcp_accept(loop, fd[1], NULL, &host), HWS_OK);
}

static void tear_down(void)
{
	hws_stream_close(viewer);
	hws_stream_close(host);
	hws_loop_free(loop);
}

static void pass(struct hws_stream *from, struct hws_stream *to, const char *text)
{
	const uint64_t end_us = hws_clock_us() + 60 * HWS_US_PER_S;
	size_t len = strlen(text), sent = 0, got = 0;
	char buf[64];

	while (got < len) {
		ssize_t n = sent < len ? hws_stream_write(from, hws_bytes(text + sent, len - sent))
				       : 0;

		ck_assert(n >= 0 || n == HWS_ERR_AGAIN);
		sent += n > 0 ? (size_t)n : 0;
		n = hws_stream_read(to, buf + got, sizeof(buf) - got);
		ck_assert(n > 0 || n == HWS_ERR_AGAIN);
		got += n > 0 ? (size_t)n : 0;
		ck_assert_uint_lt(hws_clock_us(), end_us);
		hws_loop_once(loop, 5000);
	}
	ck_assert_mem_eq(buf, text, len);
}

static bool is_authenticated(struct hws_stream *s)
{
	struct hws_kcp_info info;

	hws_stream_kcp_info(s, &info);
	return info.authenticated;
}

/* 0, 1: either of the two keys is the larger one */
START_TEST(both_ends_have_one_key)
{
	uint8_t up[32], down[32];

	memset(up, _i ? 200 : 3, sizeof(up));
	memset(down, 77, sizeof(down));
	pass(viewer, host, "before");
	hws_kcp_take_keys(viewer, up, down);
	pass(host, viewer, "one end knows it");
	hws_kcp_take_keys(host, down, up);
	pass(viewer, host, "with tags");
	pass(host, viewer, "with tags, too");
	pass(viewer, host, "and again");
	ck_assert(is_authenticated(viewer));
	ck_assert(is_authenticated(host));
}
END_TEST

START_TEST(other_streams_are_let_be)
{
	struct hws_stream *a, *b;
	uint8_t key[32] = { 1 };

	ck_assert_int_eq(hws_stream_mem_pair(loop, NULL, &a, &b), HWS_OK);
	hws_kcp_take_keys(a, key, key);
	hws_kcp_take_keys(NULL, key, key);
	pass(a, b, "as before");
	hws_stream_close(a);
	hws_stream_close(b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("shared/net/kcp_keys");
	TCase *t = test_case(s, "kcp_keys", 90, TESTS(other_streams_are_let_be));

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, both_ends_have_one_key, 0, 2);
	return test_suite_run(s);
}
