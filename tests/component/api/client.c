/* tests/component/api/client: one link for each call, so that nothing is left over of the one
 * before. */
#include "tests/component/api/client.h"
#include "shared/base/buf.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define ARGS_MAX 40u
#define ANSWER_MAX (32u << 20)

/* --- the program ------------------------------------------------------------------------------ */

void api_start(struct api *a, const char *store, const char *const *more)
{
	char state[300], run[300];
	const char *argv[ARGS_MAX] = { test_bin("admin/api/hawser-api"), "--state-dir", state,
		"--runtime-dir", run, "--bind", "127.0.0.1", "--port", "0", "--user-rate", "0",
		"--login-rate", "0", "--device-rate", "0" };
	size_t n = 15;

	if (!*a->dir)
		test_dir(a->dir, sizeof(a->dir));
	(void)snprintf(state, sizeof(state), "%s/state", a->dir);
	(void)snprintf(run, sizeof(run), "%s/run", a->dir);
	(void)snprintf(a->admin, sizeof(a->admin), "%s/admin.sock", run);
	if (store) {
		argv[n++] = "--store";
		argv[n++] = store;
	}
	for (size_t i = 0; more && more[i] && n < ARGS_MAX - 1; i++)
		argv[n++] = more[i];
	test_proc_start(&a->proc, argv, NULL);
	a->port = test_line_number(
			test_proc_must_expect(&a->proc, "listening", TEST_PATIENCE_MS), " port=");
	ck_assert_uint_ne(a->port, 0);
}

void api_stop(struct api *a)
{
	int status = test_proc_stop(&a->proc);

	while (a->replies) {
		struct api_reply *r = a->replies;

		a->replies = r->next;
		json_decref(r->json);
		free(r->text);
		free(r);
	}
	/* under sanitizers: no leak either */
	ck_assert_int_eq(status, 0);
}

/* --- calls ------------------------------------------------------------------------------------ */

static int connected(const struct api *a, bool local)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)a->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = TEST_PATIENCE_MS / 1000 };
	int fd = socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

	ck_assert_int_ge(fd, 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	ck_assert_int_eq(hws_str_copy(un.sun_path, sizeof(un.sun_path), a->admin), HWS_OK);
	r = local ? connect(fd, (struct sockaddr *)&un, sizeof(un))
		  : connect(fd, (struct sockaddr *)&in, sizeof(in));
	ck_assert_msg(r == 0, "cannot connect: %s", strerror(errno));
	return fd;
}

static void write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		/* who refuses a body may close before all of it was sent */
		if (n <= 0)
			return;
		bytes += n;
		len -= (size_t)n;
	}
}

static char *read_all(int fd)
{
	size_t len = 0, size = 4096;
	char *got = malloc(size);
	ssize_t n;

	ck_assert_ptr_nonnull(got);
	while ((n = recv(fd, got + len, size - 1 - len, 0)) > 0) {
		len += (size_t)n;
		if (len < size - 1)
			continue;
		size *= 2;
		ck_assert_uint_le(size, ANSWER_MAX);
		got = realloc(got, size);
		ck_assert_ptr_nonnull(got);
	}
	ck_assert_msg(n == 0 || errno == ECONNRESET, "no answer in time");
	got[len] = '\0';
	return got;
}

static void put_head(struct hws_buf *out, const struct api_as *as, const char *method,
		const char *path, const size_t *body_len)
{
	hws_buf_fmt(out, "%s %s HTTP/1.1\r\nHost: hawser\r\nConnection: close\r\n", method, path);
	if (*as->bearer)
		hws_buf_fmt(out, "Authorization: Bearer %s\r\n", as->bearer);
	if (*as->cookie)
		hws_buf_fmt(out, "Cookie: hawser_session=%s\r\n", as->cookie);
	if (*as->csrf)
		hws_buf_fmt(out, "X-CSRF-Token: %s\r\n", as->csrf);
	if (as->head)
		hws_buf_fmt(out, "%s", as->head);
	if (body_len)
		hws_buf_fmt(out, "Content-Length: %zu\r\n", *body_len);
	if (body_len && (!as->head || !strstr(as->head, "Content-Type")))
		hws_buf_fmt(out, "Content-Type: application/json\r\n");
	hws_buf_fmt(out, "\r\n");
}

/* Takes the lengths out of a body in parts; fails the test when it does not end as it must. */
static void join_parts(char *body)
{
	char *in = body, *out = body;

	for (;;) {
		char *end = NULL;
		unsigned long n = strtoul(in, &end, 16);

		ck_assert_msg(end && strncmp(end, "\r\n", 2) == 0, "a body in parts is broken off");
		in = end + 2;
		if (!n)
			break;
		ck_assert_uint_le(n, strlen(in));
		memmove(out, in, n);
		out += n;
		in += n + 2;
	}
	*out = '\0';
}

static int status_of(const char *digits)
{
	char three[4] = { 0 };
	uint32_t n = 0;

	ck_assert_int_eq(hws_fmt(three, sizeof(three), "%.3s", digits), HWS_OK);
	ck_assert_int_eq(hws_parse_u32(three, &n), HWS_OK);
	return (int)n;
}

const struct api_reply *api_send_bytes(struct api *a, struct api_as as, const char *method,
		const char *path, const void *body, size_t len)
{
	struct api_reply *r = calloc(1, sizeof(*r));
	struct hws_buf out;
	char *end;
	int fd = connected(a, as.local);

	ck_assert_ptr_nonnull(r);
	hws_buf_init(&out, 1 << 20);
	put_head(&out, &as, method, path, body ? &len : NULL);
	write_all(fd, (const char *)hws_buf_bytes(&out).ptr, hws_buf_len(&out));
	if (body)
		write_all(fd, body, len);
	hws_buf_done(&out);
	r->text = read_all(fd);
	close(fd);
	end = strstr(r->text, "\r\n\r\n");
	ck_assert_msg(end && hws_str_starts(r->text, "HTTP/1.1 "), "%s %s: no answer: %s", method,
			path, r->text);
	r->status = status_of(r->text + strlen("HTTP/1.1 "));
	end[2] = '\0';
	r->head = r->text;
	r->body = end + 4;
	if (strstr(r->head, "Transfer-Encoding: chunked"))
		join_parts(end + 4);
	if (*r->body)
		r->json = json_loads(r->body, JSON_DECODE_ANY, NULL);
	r->next = a->replies;
	a->replies = r;
	return r;
}

const struct api_reply *api_send(struct api *a, struct api_as as, const char *method,
		const char *path, const char *body)
{
	return api_send_bytes(a, as, method, path, body, body ? strlen(body) : 0);
}

static char *body_of(const char *format, va_list ap)
{
	char *text = NULL;

	if (!format)
		return NULL;
	ck_assert_int_ge(vasprintf(&text, format, ap), 0);
	for (char *at = text; *at; at++) {
		if (*at == '\'')
			*at = '"';
	}
	return text;
}

const struct api_reply *api_call(struct api *a, struct api_as as, const char *method,
		const char *path, const char *format, ...)
{
	const struct api_reply *r;
	char *body;
	va_list ap;

	va_start(ap, format);
	body = body_of(format, ap);
	va_end(ap);
	r = api_send(a, as, method, path, body);
	free(body);
	return r;
}

json_t *api_must(struct api *a, int status, struct api_as as, const char *method, const char *path,
		const char *format, ...)
{
	const struct api_reply *r;
	char *body;
	va_list ap;

	va_start(ap, format);
	body = body_of(format, ap);
	va_end(ap);
	r = api_send(a, as, method, path, body);
	free(body);
	ck_assert_msg(r->status == status, "%s %s: %d, not %d: %.2000s", method, path, r->status,
			status, r->body);
	return r->json;
}

/* --- what came -------------------------------------------------------------------------------- */

json_t *api_at(const json_t *o, const char *path)
{
	char key[64];

	while (o && *path) {
		size_t len = strcspn(path, ".");

		ck_assert_uint_lt(len, sizeof(key));
		memcpy(key, path, len);
		key[len] = '\0';
		o = json_is_array(o) ? json_array_get(o, strtoul(key, NULL, 10))
				     : json_object_get(o, key);
		path += len + (path[len] == '.');
	}
	return (json_t *)(uintptr_t)o;
}

const char *api_text(const json_t *o, const char *path)
{
	const char *s = json_string_value(api_at(o, path));

	ck_assert_msg(s, "there is no text %s", path);
	return s;
}

int64_t api_int(const json_t *o, const char *path)
{
	const json_t *v = api_at(o, path);

	ck_assert_msg(json_is_integer(v), "there is no number %s", path);
	return json_integer_value(v);
}

/* --- accounts --------------------------------------------------------------------------------- */

const char *api_user(struct api *a, const char *name, const char *role, const char *password)
{
	json_t *groups = api_must(a, 200, API_LOCAL, "GET", "/api/v1/groups?q=Default", NULL);

	return api_text(api_must(a, 201, API_LOCAL, "POST", "/api/v1/users",
					"{'name':'%s','role':'%s','group_guid':'%s','password':"
					"'%s'}",
					name, role, api_text(groups, "items.0.guid"),
					password ? password : API_PASSWORD),
			"guid");
}

struct api_as api_console(struct api *a, const char *name, const char *password)
{
	struct api_as as = API_NOBODY;
	const struct api_reply *r = api_call(a, as, "POST", "/api/v1/login",
			"{'name':'%s','password':'%s'}", name, password ? password : API_PASSWORD);
	const char *at = strstr(r->head, "hawser_session=");

	ck_assert_msg(r->status == 200 && at, "%s cannot log in: %s%s", name, r->head, r->body);
	at += strlen("hawser_session=");
	ck_assert_int_eq(hws_fmt(as.cookie, sizeof(as.cookie), "%.*s", (int)strcspn(at, ";\r"), at),
			HWS_OK);
	ck_assert_int_eq(hws_str_copy(as.csrf, sizeof(as.csrf), api_text(r->json, "session.csrf")),
			HWS_OK);
	return as;
}

struct api_as api_client(struct api *a, const char *name, const char *password, const char *id)
{
	struct api_as as = API_NOBODY;
	json_t *o = api_must(a, 200, as, "POST", "/api/login",
			"{'username':'%s','password':'%s','id':'%s','uuid':'dXVpZC0%s','autoLogin':"
			"true,'type':'account','deviceInfo':{'os':'linux','type':'client','name':"
			"'%s'}}",
			name, password ? password : API_PASSWORD, id, id, id);

	ck_assert_int_eq(hws_str_copy(as.bearer, sizeof(as.bearer), api_text(o, "access_token")),
			HWS_OK);
	return as;
}
