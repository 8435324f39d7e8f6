/* A blocking socket of the test's own thread: the server must not wait for it with anything else.
 */
#include "tests/component/rendezvous/policy_end.h"
#include "tests/component/rendezvous/actors.h"
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

void policy_end_open(struct policy_end *p, const char *dir)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (p->listening < 0 || !p->path[0])
		p->fd = p->listening = -1;
	snprintf(p->path, sizeof(p->path), "%s/policy.sock", dir);
	ck_assert_uint_lt(strlen(p->path), sizeof(addr.sun_path));
	memcpy(addr.sun_path, p->path, strlen(p->path) + 1);
	p->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(p->listening, 0);
	unlink(p->path);
	ck_assert_int_eq(bind(p->listening, (struct sockaddr *)&addr, sizeof(addr)), 0);
	ck_assert_int_eq(listen(p->listening, 8), 0);
}

static bool readable(int fd, unsigned ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, (int)ms) > 0;
}

void policy_end_meet(struct policy_end *p)
{
	json_t *hello;

	ck_assert_msg(readable(p->listening, WAIT_MS), "the server does not come");
	p->fd = accept4(p->listening, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_ge(p->fd, 0);
	p->len = 0;
	hello = policy_end_expect(p, "hello");
	json_decref(hello);
}

void policy_end_drop(struct policy_end *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

void policy_end_close(struct policy_end *p)
{
	policy_end_drop(p);
	if (p->listening >= 0)
		close(p->listening);
	p->listening = -1;
	unlink(p->path);
}

static json_t *next(struct policy_end *p, unsigned ms)
{
	uint64_t until = test_now_ms() + ms;
	char *eol;
	json_t *o;

	while (!(eol = memchr(p->in, '\n', p->len))) {
		uint64_t now = test_now_ms();
		ssize_t n;

		if (now >= until || !readable(p->fd, (unsigned)(until - now)))
			return NULL;
		ck_assert_uint_lt(p->len, sizeof(p->in));
		n = recv(p->fd, p->in + p->len, sizeof(p->in) - p->len, 0);
		ck_assert_msg(n > 0, "the server has ended the link");
		p->len += (size_t)n;
	}
	o = json_loadb(p->in, (size_t)(eol - p->in), JSON_REJECT_DUPLICATES, NULL);
	ck_assert_msg(json_is_object(o), "no JSON: %.*s", (int)(eol - p->in), p->in);
	p->len -= (size_t)(eol + 1 - p->in);
	memmove(p->in, eol + 1, p->len);
	return o;
}

json_t *policy_end_line(struct policy_end *p)
{
	json_t *o = next(p, WAIT_MS);

	ck_assert_msg(o != NULL, "the server says nothing");
	return o;
}

json_t *policy_end_expect(struct policy_end *p, const char *q)
{
	json_t *o = policy_end_line(p);

	ck_assert_str_eq(json_string_value(json_object_get(o, "q")), q);
	return o;
}

json_t *policy_end_silent(struct policy_end *p)
{
	return next(p, SILENCE_MS);
}

void policy_end_answer(struct policy_end *p, const json_t *question, const char *members)
{
	char line[2000];
	int n = snprintf(line, sizeof(line), "{\"n\":%lld,%s}\n",
			(long long)json_integer_value(json_object_get(question, "n")), members);

	ck_assert_int_gt(n, 0);
	ck_assert_int_lt(n, (int)sizeof(line));
	ck_assert_int_eq(send(p->fd, line, (size_t)n, MSG_NOSIGNAL), n);
}
