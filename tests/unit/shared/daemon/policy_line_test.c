/* The lines of the policy socket, byte for byte, and a link that carries lines. */
#include "shared/base/str.h"
#include "shared/daemon/line_link.h"
#include "shared/daemon/policy_line.h"
#include "shared/sys/local_socket.h"
#include "tests/support/suite.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *put_say(const struct hws_policy_say_line *say, struct hws_buf *out)
{
	hws_buf_init(out, 1u << 16);
	ck_assert_int_eq(hws_policy_say_put(say, out), HWS_OK);
	hws_buf_put_u8(out, 0);
	return (const char *)hws_buf_bytes(out).ptr;
}

START_TEST(lines_are_as_the_document_says)
{
	struct hws_policy_say_line q = { .say = HWS_POLICY_ACCESS,
		.number = 7,
		.kind = 1,
		.token = "t",
		.address = "192.0.2.1",
		.id = "123456789" };
	struct hws_policy_answer a = { .number = 7,
		.word = HWS_POLICY_ALLOW,
		.permissions = 97,
		.ref = "r",
		.hold_s = 5,
		.feedback = true };
	struct hws_buf out;

	ck_assert_str_eq(put_say(&q, &out),
			"{\"q\":\"access\",\"n\":7,\"kind\":1,\"token\":\"t\",\"id\":\"123456789\","
			"\"address\":\"192.0.2.1\"}\n");
	hws_buf_reset(&out);
	ck_assert_int_eq(hws_policy_answer_put(&a, &out), HWS_OK);
	hws_buf_put_u8(&out, 0);
	ck_assert_str_eq((const char *)hws_buf_bytes(&out).ptr,
			"{\"n\":7,\"allow\":true,\"perms\":97,\"hold\":5,\"feedback\":true,\"ref\":"
			"\"r\"}\n");
	hws_buf_done(&out);
}
END_TEST

static int say(const char *line, struct hws_policy_say_line *ret)
{
	return hws_policy_say_parse(hws_bytes_str(line), ret);
}

static int answer(const char *line, struct hws_policy_answer *ret)
{
	return hws_policy_answer_parse(hws_bytes_str(line), ret);
}

START_TEST(what_is_wrong_is_no_line)
{
	static const char *const bad_say[] = { "", "{}", "[]", "7", "{\"q\":\"x\",\"n\":1}",
		"{\"q\":\"access\",\"n\":1}", "{\"q\":\"access\",\"id\":\"1\"}",
		"{\"q\":\"access\",\"n\":-1,\"id\":\"1\"}",
		"{\"q\":\"access\",\"n\":1,\"id\":\"1\",\"kind\":4294967296}",
		"{\"q\":\"access\",\"n\":1,\"n\":2,\"id\":\"1\"}",
		"{\"q\":\"access\",\"n\":1,\"id\":\"1\\u0000\"}", "{\"q\":\"begin\"}",
		"{\"q\":\"device\",\"id\":\"1\"}" };
	static const char *const bad_answer[] = { "{}", "{\"n\":0,\"allow\":true}",
		"{\"n\":1,\"allow\":true,\"perms\":-1}",
		"{\"n\":1,\"allow\":true,\"perms\":9223372036854775807}",
		"{\"n\":1,\"allow\":true,\"hold\":61}" };
	struct hws_policy_say_line s;
	struct hws_policy_answer a;
	char longer[2000];

	for (size_t i = 0; i < HWS_COUNT(bad_say); i++)
		ck_assert_msg(say(bad_say[i], &s) == HWS_ERR_PROTO, "%s", bad_say[i]);
	for (size_t i = 0; i < HWS_COUNT(bad_answer); i++)
		ck_assert_msg(answer(bad_answer[i], &a) == HWS_ERR_PROTO, "%s", bad_answer[i]);
	ck_assert_int_eq(hws_fmt(longer, sizeof(longer),
					 "{\"q\":\"access\",\"n\":1,\"id\":\"%0100d\"}", 1),
			HWS_OK);
	ck_assert_int_eq(say(longer, &s), HWS_ERR_PROTO);
	ck_assert_int_eq(answer("{\"n\":1,\"allow\":\"yes\"}", &a), HWS_OK);
	ck_assert_int_eq(a.word, HWS_POLICY_UNDECIDED);
	ck_assert_int_eq(answer("{\"n\":1,\"error\":\"away\",\"new\":[1]}", &a), HWS_OK);
	ck_assert_int_eq(a.word, HWS_POLICY_UNDECIDED);
}
END_TEST

/* --- a link ----------------------------------------------------------------------------------- */

struct side {
	struct hws_line_link *link;
	unsigned lines;
	bool ended, leave;
	char last[64];
};

static void on_line(struct hws_bytes line, void *arg)
{
	struct side *s = arg;

	s->lines++;
	ck_assert_int_eq(hws_str_from_bytes(s->last, sizeof(s->last), line), HWS_OK);
	if (s->leave) {
		hws_line_link_free(s->link);
		s->link = NULL;
	}
}

static void on_end(void *arg)
{
	struct side *s = arg;

	s->ended = true;
	s->link = NULL;
}

static struct hws_loop *loop;

static int side_open(struct side *s)
{
	struct hws_line_conf conf = {
		.line_max = 32, .out_max = 64, .on_line = on_line, .on_end = on_end, .arg = s
	};
	int fd[2];

	memset(s, 0, sizeof(*s));
	ck_assert_int_eq(hws_local_pair(fd), HWS_OK);
	ck_assert_int_eq(hws_line_link_new(loop, fd[0], &conf, &s->link), HWS_OK);
	return fd[1];
}

static void turns(void)
{
	for (int i = 0; i < 20; i++)
		hws_loop_once(loop, 0);
}

START_TEST(a_link_gives_whole_lines_in_their_order)
{
	struct side s;
	char got[64];
	int fd;

	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	fd = side_open(&s);
	ck_assert_int_eq(send(fd, "one\ntwo\nth", 10, 0), 10);
	turns();
	ck_assert_uint_eq(s.lines, 2);
	ck_assert_str_eq(s.last, "two");
	ck_assert_int_eq(send(fd, "ree\n", 4, 0), 4);
	turns();
	ck_assert_str_eq(s.last, "three");
	hws_buf_put_str(hws_line_link_out(s.link), "answer\n");
	hws_line_link_flush(s.link);
	turns();
	ck_assert_int_eq(recv(fd, got, sizeof(got), 0), 7);
	ck_assert_mem_eq(got, "answer\n", 7);
	s.leave = true; /* gone with its first line: the second one reaches nobody */
	ck_assert_int_eq(send(fd, "four\nfive\n", 10, 0), 10);
	turns();
	ck_assert_str_eq(s.last, "four");
	ck_assert(!s.ended);
	close(fd);
	hws_loop_free(loop);
}
END_TEST

START_TEST(a_link_ends_with_its_bounds)
{
	struct side s;
	int fd;

	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	fd = side_open(&s);
	ck_assert_int_eq(send(fd, "0123456789012345678901234567890123456789", 40, 0), 40);
	turns();
	ck_assert(s.ended);
	close(fd);
	fd = side_open(&s);
	close(fd);
	turns();
	ck_assert(s.ended);
	fd = side_open(&s);
	for (int i = 0; i < 80; i++)
		hws_buf_put_str(hws_line_link_out(s.link), "x");
	hws_line_link_flush(s.link);
	ck_assert(s.ended);
	close(fd);
	hws_loop_free(loop);
}
END_TEST

int main(void)
{
	return test_main("daemon/policy_line", 30, NULL, NULL,
			TESTS(lines_are_as_the_document_says, what_is_wrong_is_no_line,
					a_link_gives_whole_lines_in_their_order,
					a_link_ends_with_its_bounds));
}
