/* A reply is read to its end: each request asks for the connection to be closed. */
#include "tests/component/api/local.h"
#include "shared/base/str.h"
#include "tests/support/suite.h"
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static char got[4 << 20];

void local_start(struct local_api *a, const char *more)
{
	char conf[300];
	const char *argv[] = { test_bin("admin/api/hawser-api"), "--config", conf, NULL };
	FILE *f;

	memset(&a->proc, 0, sizeof(a->proc));
	if (!*a->dir)
		test_dir(a->dir, sizeof(a->dir));
	ck_assert_int_eq(hws_fmt(conf, sizeof(conf), "%s/api.conf", a->dir), HWS_OK);
	f = fopen(conf, "we");
	ck_assert_ptr_nonnull(f);
	fprintf(f,
			"runtime-dir = %s/run\nstate-dir = %s/state\n%s\n[network]\nbind = 127.0.0.1\nport "
			"= 0\n",
			a->dir, a->dir, more);
	fclose(f);
	test_proc_start(&a->proc, argv, NULL);
	a->port = test_line_number(test_proc_must_expect(&a->proc, "listening", 60000), " port=");
}

void local_stop(struct local_api *a)
{
	ck_assert_int_eq(test_proc_stop(&a->proc), 0);
}

static int connected(const struct sockaddr *to, socklen_t len)
{
	struct timeval patience = { .tv_sec = 90 };
	int fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	ck_assert_int_eq(connect(fd, to, len), 0);
	return fd;
}

static void send_all(int fd, const void *p, size_t n)
{
	const char *at = p;

	while (n) {
		ssize_t did = send(fd, at, n, MSG_NOSIGNAL);

		if (did < 0)
			return; /* it may have answered already: the reply tells */
		at += did;
		n -= (size_t)did;
	}
}

/* Sends, reads to the end; status, and where the body begins. */
static int talk(int fd, const char *head, const void *body, size_t len, const char **ret_body,
		size_t *ret_len)
{
	size_t n = 0;
	ssize_t did;
	char *end;

	send_all(fd, head, strlen(head));
	send_all(fd, body, len);
	while ((did = recv(fd, got + n, sizeof(got) - 1 - n, 0)) > 0)
		n += (size_t)did;
	ck_assert_msg(did == 0 || errno == ECONNRESET, "no reply");
	close(fd);
	got[n] = '\0';
	end = strstr(got, "\r\n\r\n");
	ck_assert_msg(end != NULL && strncmp(got, "HTTP/1.1 ", 9) == 0, "%.200s", got);
	*ret_body = end + 4;
	*ret_len = n - (size_t)(end + 4 - got);
	return (got[9] - '0') * 100 + (got[10] - '0') * 10 + (got[11] - '0');
}

static int connected_local(struct local_api *a)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	ck_assert_int_eq(hws_fmt(to.sun_path, sizeof(to.sun_path), "%s/run/admin.sock", a->dir),
			HWS_OK);
	return connected((struct sockaddr *)&to, sizeof(to));
}

int local_save(struct local_api *a, const char *path, FILE *to)
{
	const char *body;
	char head[500];
	size_t len;
	int status;

	ck_assert_int_eq(hws_fmt(head, sizeof(head),
					 "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
					 path),
			HWS_OK);
	status = talk(connected_local(a), head, "", 0, &body, &len);
	if (!strcasestr(got, "transfer-encoding: chunked")) {
		ck_assert_uint_eq(fwrite(body, 1, len, to), len);
		return status;
	}
	for (;;) {
		char *end;
		unsigned long n = strtoul(body, &end, 16);

		ck_assert_msg(strncmp(end, "\r\n", 2) == 0, "no chunk");
		if (!n)
			return status;
		ck_assert_uint_eq(fwrite(end + 2, 1, n, to), n);
		body = end + 2 + n + 2;
	}
}

int local_ask(struct local_api *a, const char *method, const char *path, const char *body,
		json_t **ret)
{
	const char *answer;
	char head[2000];
	size_t len;
	int status;

	ck_assert_int_eq(hws_fmt(head, sizeof(head),
					 "%s %s HTTP/1.1\r\nHost: a\r\nConnection: "
					 "close\r\nContent-Type: "
					 "application/json\r\nContent-Length: %zu\r\n\r\n",
					 method, path, body ? strlen(body) : 0),
			HWS_OK);
	status = talk(connected_local(a), head, body ? body : "", body ? strlen(body) : 0, &answer,
			&len);
	if (ret)
		*ret = json_loadb(answer, len, 0, NULL);
	return status;
}

int local_ask_open(struct local_api *a, const char *method, const char *path, const char *head,
		const void *body, size_t len, const char **ret_body, size_t *ret_len)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)a->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char all[4000];

	ck_assert_int_eq(hws_fmt(all, sizeof(all),
					 "%s %s HTTP/1.1\r\nHost: a\r\nConnection: "
					 "close\r\n%sContent-Length: %zu\r\n\r\n",
					 method, path, head, len),
			HWS_OK);
	return talk(connected((struct sockaddr *)&to, sizeof(to)), all, body, len, ret_body,
			ret_len);
}
