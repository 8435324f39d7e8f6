/* The control socket: its request lines, and a real loop serving on a socket in a folder of its
 * own. */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "shared/daemon/control.h"
#include "shared/daemon/control_request.h"

static const struct {
	const char *line;
	size_t len; /* 0 = strlen */
	int r;
	const char *cmd;
} requests[] = {
	{ "{\"cmd\":\"stats\"}", 0, HWS_OK, "stats" },
	{ " { \"x\" : [1,2], \"cmd\" : \"\" } ", 0, HWS_OK, "" },
	{ "", 0, HWS_ERR_PROTO, NULL },
	{ "{}", 0, HWS_ERR_PROTO, NULL },
	{ "{\"cmd\":5}", 0, HWS_ERR_PROTO, NULL },
	{ "[\"cmd\"]", 0, HWS_ERR_PROTO, NULL },
	{ "\"cmd\"", 0, HWS_ERR_PROTO, NULL },
	{ "{\"cmd\":\"a\"} x", 0, HWS_ERR_PROTO, NULL },
	{ "{\"cmd\":\"a\",\"cmd\":\"b\"}", 0, HWS_ERR_PROTO, NULL },
	{ "{\"cmd\":\"\xff\"}", 0, HWS_ERR_PROTO, NULL },
	{ "{\"cmd\":\"a\0\"}", 12, HWS_ERR_PROTO, NULL },
	{ "{\"cmd\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}", 0,
			HWS_ERR_PROTO, NULL },
};

START_TEST(request_lines_are_read_or_refused_with_a_sentence)
{
	struct hws_error err = { 0 };
	const char *cmd = NULL;
	json_t *req = NULL;
	size_t len = requests[_i].len ? requests[_i].len : strlen(requests[_i].line);

	ck_assert_int_eq(hws_control_request_parse(
					 hws_bytes(requests[_i].line, len), &req, &cmd, &err),
			requests[_i].r);
	if (requests[_i].cmd)
		ck_assert_str_eq(cmd, requests[_i].cmd);
	else
		ck_assert(!req && !cmd && err.text[0]);
	json_decref(req);
}
END_TEST

START_TEST(endless_and_endlessly_nested_requests_are_refused)
{
	static char text[HWS_CONTROL_LINE_MAX + 1];
	const char *cmd;
	json_t *req;

	memset(text, '[', sizeof(text));
	ck_assert_int_eq(hws_control_request_parse(hws_bytes(text, sizeof(text)), &req, &cmd, NULL),
			HWS_ERR_TOOBIG);
	ck_assert_int_eq(hws_control_request_parse(
					 hws_bytes(text, sizeof(text) - 1), &req, &cmd, NULL),
			HWS_ERR_PROTO);
}
END_TEST

static char folder[64], path[100], name[] = "A";
static struct hws_loop *loop;
static struct hws_control *control;
static struct hws_error err;
static struct hws_control_reply *held;
static struct hws_timer later;

static void cmd_echo(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	hws_control_ok(reply,
			json_pack("{s:O,s:s}", "got", json_object_get(req, "value"), "arg", arg));
}

static void answer_later(void *arg)
{
	(void)arg;
	hws_control_fail(held, HWS_ERR_BUSY, "not %s", "now");
	held = NULL;
}

static void cmd_later(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	(void)req;
	(void)arg;
	held = reply;
	hws_timer_start(loop, &later, 10000, answer_later, NULL);
}

static void cmd_hold(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	(void)req;
	(void)arg;
	held = reply;
	hws_loop_stop(loop);
}

static void cmd_big(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	static char text[3 << 20];

	(void)req;
	(void)arg;
	memset(text, 'x', sizeof(text) - 1);
	hws_control_ok(reply, json_pack("{s:s}", "text", text));
}

static void cmd_null(struct hws_control_reply *reply, const json_t *req, void *arg)
{
	(void)req;
	(void)arg;
	hws_control_ok(reply, NULL);
}

static const struct hws_control_cmd table[] = {
	{ "echo", "Gives back.", cmd_echo },
	{ "later", "Answers in another turn.", cmd_later },
	{ "hold", "Does not answer.", cmd_hold },
	{ "big", "Megabytes.", cmd_big },
	{ "null", "Nothing.", cmd_null },
};

static void set_up(void)
{
	memset(&err, 0, sizeof(err));
	memset(&later, 0, sizeof(later));
	held = NULL;
	ck_assert_int_eq(hws_fmt(folder, sizeof(folder), "/tmp/hws-control-XXXXXX"), HWS_OK);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	signal(SIGPIPE, SIG_IGN); /* as every program does (daemon/daemon) */
	ck_assert_int_eq(hws_fmt(path, sizeof(path), "%s/control", folder), HWS_OK);
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	ck_assert_int_eq(hws_control_new(loop, path, table, HWS_COUNT(table), name, &control, &err),
			HWS_OK);
}

static void tear_down(void)
{
	hws_timer_stop(&later);
	hws_control_free(control);
	control = NULL;
	hws_loop_free(loop);
	unlink(path);
	ck_assert_int_eq(rmdir(folder), 0); /* the socket was removed */
}

/* The client blocks, so it runs on a thread of its own while this one turns the loop. */
struct call {
	json_t *req, *answer;
	uint64_t timeout_us;
	int r;
	struct hws_error err;
	pthread_t thread;
	bool ended; /* on the loop's thread */
};

static void on_call_end(void *arg)
{
	((struct call *)arg)->ended = true;
}

static void *call_thread(void *arg)
{
	struct call *c = arg;

	c->r = hws_control_call(path, c->req, c->timeout_us, &c->answer, &c->err);
	if (hws_loop_post(loop, on_call_end, c) < 0)
		abort();
	return NULL;
}

static json_t *call(const char *request, int r)
{
	struct call c = { .req = json_loads(request, 0, NULL), .timeout_us = 10 * HWS_US_PER_S };
	uint64_t end = hws_clock_us() + 20 * HWS_US_PER_S;

	ck_assert_ptr_nonnull(c.req);
	ck_assert_int_eq(pthread_create(&c.thread, NULL, call_thread, &c), 0);
	while (!c.ended && hws_clock_us() < end)
		ck_assert_int_eq(hws_loop_once(loop, 100000), HWS_OK);
	ck_assert(c.ended);
	pthread_join(c.thread, NULL);
	json_decref(c.req);
	ck_assert_msg(c.r == r, "%d: %s", c.r, c.err.text);
	return c.answer;
}

START_TEST(commands_are_answered_now_or_later)
{
	json_t *a = call("{\"cmd\":\"echo\",\"value\":[1,\"\\u00e4\"]}", HWS_OK);

	ck_assert(json_is_true(json_object_get(a, "ok")));
	ck_assert_str_eq(json_string_value(json_object_get(a, "arg")), "A");
	ck_assert_str_eq(json_string_value(json_array_get(json_object_get(a, "got"), 1)),
			"\xc3\xa4");
	json_decref(a);
	a = call("{\"cmd\":\"later\"}", HWS_OK);
	ck_assert(json_is_false(json_object_get(a, "ok")));
	ck_assert_str_eq(json_string_value(json_object_get(a, "error")), "busy");
	ck_assert_str_eq(json_string_value(json_object_get(a, "text")), "not now");
	json_decref(a);
	a = call("{\"cmd\":\"null\"}", HWS_OK);
	ck_assert(json_is_true(json_object_get(a, "ok")));
	json_decref(a);
	a = call("{\"cmd\":\"big\"}", HWS_OK);
	ck_assert_uint_eq(json_string_length(json_object_get(a, "text")), (3 << 20) - 1);
	json_decref(a);
}
END_TEST

START_TEST(unknown_commands_are_named_and_help_lists_all)
{
	json_t *a = call("{\"cmd\":\"ec\\u001bho\"}", HWS_OK);

	ck_assert(json_is_false(json_object_get(a, "ok")));
	ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(a, "text")), "'ec\\x1bho'"));
	json_decref(a);
	a = call("{\"cmd\":\"help\"}", HWS_OK);
	ck_assert_uint_eq(json_object_size(json_object_get(a, "commands")), HWS_COUNT(table));
	json_decref(a);
}
END_TEST

static int dial(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(hws_str_copy(addr.sun_path, sizeof(addr.sun_path), path), HWS_OK);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

/* Sends all and turns the loop until the server closes or `lines` line feeds came. */
static size_t talk(int fd, const char *text, size_t len, char *out, size_t size, unsigned lines)
{
	uint64_t end = hws_clock_us() + 10 * HWS_US_PER_S;
	size_t got = 0;

	while (hws_clock_us() < end) {
		ssize_t n = len ? send(fd, text, len, MSG_NOSIGNAL) : 0;

		if (n > 0) {
			text += n;
			len -= (size_t)n;
		} else if (n < 0 && errno != EAGAIN) {
			len = 0;
		}
		ck_assert_int_eq(hws_loop_once(loop, 1000), HWS_OK);
		n = recv(fd, out + got, size - 1 - got, 0);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			break;
		for (ssize_t i = 0; i < n; i++)
			lines -= out[got + (size_t)i] == '\n';
		if (n > 0)
			got += (size_t)n;
		if (!lines)
			break;
	}
	out[got] = 0;
	return got;
}

START_TEST(several_requests_on_one_link_are_answered_in_order)
{
	static const char text[] = "{\"cmd\":\"echo\",\"value\":1}\n{\"cmd\":\"later\"}\n"
				   "{\"cmd\":\"echo\",\"value\":2}\n";
	char out[2000];
	int fd = dial();

	talk(fd, text, strlen(text), out, sizeof(out), 3);
	ck_assert_str_eq(out,
			"{\"ok\":true,\"got\":1,\"arg\":\"A\"}\n"
			"{\"ok\":false,\"error\":\"busy\",\"text\":\"not now\"}\n"
			"{\"ok\":true,\"got\":2,\"arg\":\"A\"}\n");
	close(fd);
}
END_TEST

START_TEST(rubbish_is_answered_and_ends_the_link)
{
	static char longer[200000];
	char out[2000];
	int fd = dial();

	talk(fd, "hello\n{\"cmd\":\"null\"}\n", 21, out, sizeof(out), 99);
	ck_assert_ptr_nonnull(strstr(out, "\"error\":\"proto\""));
	ck_assert_ptr_eq(strchr(out, '\n'), out + strlen(out) - 1); /* the second was not read */
	close(fd);
	memset(longer, 'x', sizeof(longer));
	fd = dial();
	talk(fd, longer, sizeof(longer), out, sizeof(out), 99);
	ck_assert_ptr_nonnull(strstr(out, "\"error\":\"toobig\""));
	close(fd);
	json_decref(call("{\"cmd\":\"null\"}", HWS_OK)); /* and it serves on */
}
END_TEST

START_TEST(links_beyond_the_cap_are_closed_and_places_come_back)
{
	int fds[40];
	char out[200];

	for (int i = 0; i < 40; i++) {
		fds[i] = dial();
		ck_assert_int_eq(hws_loop_once(loop, 0), HWS_OK);
		ck_assert_int_eq(hws_loop_once(loop, 0), HWS_OK);
	}
	ck_assert_uint_eq(talk(fds[39], "{\"cmd\":\"null\"}\n", 15, out, sizeof(out), 1), 0);
	for (int i = 0; i < 40; i++)
		close(fds[i]);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(hws_loop_once(loop, 1000), HWS_OK);
	json_decref(call("{\"cmd\":\"null\"}", HWS_OK));
}
END_TEST

START_TEST(an_answer_after_the_client_or_the_socket_has_gone_is_harmless)
{
	int fd = dial();

	ck_assert_int_eq(send(fd, "{\"cmd\":\"hold\"}\n", 15, 0), 15);
	ck_assert_int_eq(hws_loop_run(loop), HWS_OK);
	ck_assert_ptr_nonnull(held);
	hws_control_free(control);
	control = NULL;
	hws_control_ok(held, json_object());
	close(fd);
	ck_assert_int_eq(hws_control_new(loop, path, table, HWS_COUNT(table), name, &control, &err),
			HWS_OK);
	fd = dial();
	ck_assert_int_eq(send(fd, "{\"cmd\":\"hold\"}\n", 15, 0), 15);
	ck_assert_int_eq(hws_loop_run(loop), HWS_OK);
	close(fd);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(hws_loop_once(loop, 1000), HWS_OK);
	hws_control_fail(held, HWS_ERR_BUSY, "late");
	json_decref(call("{\"cmd\":\"null\"}", HWS_OK));
}
END_TEST

START_TEST(the_socket_is_private_and_a_second_server_is_told)
{
	struct hws_control *second;
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(hws_control_new(loop, path, table, 1, NULL, &second, &err), HWS_ERR_BUSY);
	ck_assert_ptr_nonnull(strstr(err.text, path));
	ck_assert_int_eq(stat(path, &st), 0);
}
END_TEST

START_TEST(a_socket_left_by_a_crash_is_replaced_but_no_file)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct hws_control *second;
	struct stat st;
	char other[120];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert_int_eq(hws_fmt(other, sizeof(other), "%s/other", folder), HWS_OK);
	ck_assert_int_eq(hws_str_copy(addr.sun_path, sizeof(addr.sun_path), other), HWS_OK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	ck_assert_int_eq(hws_control_new(loop, other, table, 1, NULL, &second, &err), HWS_OK);
	hws_control_free(second);
	ck_assert_int_lt(stat(other, &st), 0);
	ck_assert_int_eq(symlink("/etc/passwd", other), 0);
	ck_assert_int_eq(hws_control_new(loop, other, table, 1, NULL, &second, &err),
			HWS_ERR_EXISTS);
	ck_assert_int_eq(lstat(other, &st), 0);
	unlink(other);
}
END_TEST

START_TEST(a_caller_without_a_server_is_told_what_to_do)
{
	json_t *req = json_object(), *answer;
	char nowhere[120], longer[300];

	ck_assert_int_eq(hws_fmt(nowhere, sizeof(nowhere), "%s/nowhere", folder), HWS_OK);
	ck_assert_int_eq(hws_control_call(nowhere, req, HWS_US_PER_S, &answer, &err),
			HWS_ERR_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "not running"));
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	ck_assert_int_eq(
			hws_control_call(longer, req, HWS_US_PER_S, &answer, &err), HWS_ERR_TOOBIG);
	/* nobody turns the loop, so the answer does not come */
	ck_assert_int_eq(hws_control_call(path, req, 20000, &answer, &err), HWS_ERR_TIMEOUT);
	json_decref(req);
}
END_TEST

/* Only root can become somebody else to try. */
START_TEST(strangers_are_refused)
{
	pid_t pid;
	int status, fd;
	char out[1000];

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chmod(folder, 0755), 0);
	ck_assert_int_eq(chmod(path, 0666), 0); /* what the mode would stop, the credentials must */
	pid = fork();
	if (pid == 0) {
		struct sockaddr_un addr = { .sun_family = AF_UNIX };

		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (setresuid(65534, 65534, 65534) < 0 ||
				hws_str_copy(addr.sun_path, sizeof(addr.sun_path), path) < 0 ||
				connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
			_exit(2);
		/* The refusal may come before the question. */
		if (send(fd, "{\"cmd\":\"null\"}\n", 15, MSG_NOSIGNAL) < 0)
			errno = 0;
		ssize_t n = recv(fd, out, sizeof(out) - 1, 0);

		out[n > 0 ? n : 0] = 0;
		_exit(strstr(out, "\"error\":\"denied\"") ? 0 : 1);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		ck_assert_int_eq(hws_loop_once(loop, 1000), HWS_OK);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("daemon/control");
	TCase *parse = tcase_create("request"), *t = tcase_create("socket");
	SRunner *r;
	int failed;

	tcase_add_loop_test(parse, request_lines_are_read_or_refused_with_a_sentence, 0,
			HWS_COUNT(requests));
	tcase_add_test(parse, endless_and_endlessly_nested_requests_are_refused);
	suite_add_tcase(s, parse);
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, commands_are_answered_now_or_later);
	tcase_add_test(t, unknown_commands_are_named_and_help_lists_all);
	tcase_add_test(t, several_requests_on_one_link_are_answered_in_order);
	tcase_add_test(t, rubbish_is_answered_and_ends_the_link);
	tcase_add_test(t, links_beyond_the_cap_are_closed_and_places_come_back);
	tcase_add_test(t, an_answer_after_the_client_or_the_socket_has_gone_is_harmless);
	tcase_add_test(t, the_socket_is_private_and_a_second_server_is_told);
	tcase_add_test(t, a_socket_left_by_a_crash_is_replaced_but_no_file);
	tcase_add_test(t, a_caller_without_a_server_is_told_what_to_do);
	tcase_add_test(t, strangers_are_refused);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
