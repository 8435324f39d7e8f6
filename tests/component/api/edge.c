/* The edge runs as it does in the program; handlers answer with what they were given. */
#include "tests/component/api/edge.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/sys/local_socket.h"
#include "tests/support/proc.h"
#include <check.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

struct edge {
	struct hws_loop *loop;
	struct htp_server *server;
	struct htp_routes routes;
	pthread_t thread;
	uint16_t port;
	char dir[256], local[300];
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool released;
	unsigned slow;
};

/* --- handlers --------------------------------------------------------------------------------- */

static void on_echo(struct htp_request *q, struct htp_reply *r, void *arg)
{
	(void)arg;
	if (q->json)
		htp_reply_json(r, json_incref(q->json));
}

static void on_raw(struct htp_request *q, struct htp_reply *r, void *arg)
{
	(void)arg;
	htp_reply_bytes(r, 200, "text/plain", hws_buf_bytes(&q->body));
}

static void on_param(struct htp_request *q, struct htp_reply *r, void *arg)
{
	const char *x = htp_query(q, "x");

	(void)arg;
	htp_reply_json(r, json_pack("{s:s,s:s?}", "id", htp_param(q, "id"), "x", x));
}

static void on_peer(struct htp_request *q, struct htp_reply *r, void *arg)
{
	char text[HWS_ADDR_TEXT];

	(void)arg;
	if (q->peer.ss_family == AF_UNSPEC)
		htp_reply_text(r, "peer=unknown");
	else
		htp_reply_bytes(r, 200, "text/plain",
				hws_bytes_str(hws_addr_ip_text(&q->peer, text, sizeof(text))));
}

static void on_slow(struct htp_request *q, struct htp_reply *r, void *arg)
{
	struct edge *e = arg;

	(void)q;
	pthread_mutex_lock(&e->lock);
	e->slow++;
	pthread_cond_broadcast(&e->changed);
	while (!e->released)
		pthread_cond_wait(&e->changed, &e->lock);
	pthread_mutex_unlock(&e->lock);
	htp_reply_text(r, "was slow");
}

static void on_big(struct htp_request *q, struct htp_reply *r, void *arg)
{
	size_t len = 3u << 20;
	char *bytes = hws_alloc(len);

	(void)q;
	(void)arg;
	memset(bytes, 'x', len);
	htp_reply_bytes(r, 200, "text/plain", hws_bytes(bytes, len));
	hws_free(bytes);
}

static int next_part(void *arg, struct hws_buf *out)
{
	unsigned *left = arg;

	if (!*left)
		return HWS_ERR_EOF;
	for (unsigned i = 0; i < 1000 && *left % 2; i++)
		hws_buf_fmt(out, "part %06u line %03u\n", *left, i);
	return --*left == 777 ? HWS_ERR_STORE : HWS_OK;
}

/* ?x: how many parts; each second is empty, and one of the first 1000 cannot be made. */
static void on_parts(struct htp_request *q, struct htp_reply *r, void *arg)
{
	const char *x = htp_query(q, "x");
	unsigned *left = hws_alloc(sizeof(*left));

	(void)arg;
	*left = x ? (unsigned)strtoul(x, NULL, 10) : 0;
	htp_reply_parts(r, "text/plain", next_part, left, hws_free);
}

static const struct htp_route rows[] = {
	{ HTP_POST, "/echo", .body = HTP_BODY_JSON, .fn = on_echo },
	{ HTP_DELETE, "/echo", .body = HTP_BODY_JSON, .fn = on_echo },
	{ HTP_PUT, "/raw", .body = HTP_BODY_RAW, .body_max = 100, .fn = on_raw },
	{ HTP_GET, "/param/{id}", .fn = on_param },
	{ HTP_POST, "/none", .fn = on_param },
	{ HTP_GET, "/peer", .pool = HTP_POOL_LOOP, .fn = on_peer },
	{ HTP_GET, "/slow", .fn = on_slow },
	{ HTP_GET, "/hash", .pool = HTP_POOL_HASH, .fn = on_slow },
	{ HTP_GET, "/big", .fn = on_big },
	{ HTP_GET, "/parts", .fn = on_parts },
	{ HTP_GET, "/login", .rate = HTP_RATE_LOGIN, .fn = on_peer },
	{ HTP_GET, "/who", .access = HTP_BEARER, .fn = on_peer },
	{ HTP_PUT, "/console", .access = HTP_CONSOLE, .fn = on_peer },
	{ HTP_GET, "/local", .access = HTP_LOCAL, .fn = on_peer },
};

static const struct htp_file files[] = {
	{ "/index.html", "text/html; charset=utf-8", "\"e1\"", (const uint8_t *)"<p>", 3 },
	{ "/sub/app.js", "text/javascript; charset=utf-8", "\"e2\"", (const uint8_t *)"js", 2 },
};
static const struct htp_files all_files = { files, HWS_COUNT(files) };

static int authorise(struct htp_request *q, struct htp_reply *r, void *arg)
{
	const char *token = htp_bearer(q);
	char cookie[16];

	(void)arg;
	if ((token && strcmp(token, "good") == 0) ||
			(htp_cookie(q, "session", cookie, sizeof(cookie)) == HWS_OK &&
					strcmp(cookie, "good") == 0))
		return HWS_OK;
	htp_reply_error(r, 401, "Invalid token");
	return HWS_ERR_DENIED;
}

/* --- life ------------------------------------------------------------------------------------- */

static void *run(void *arg)
{
	struct edge *e = arg;

	ck_assert_int_eq(hws_loop_run(e->loop), HWS_OK);
	return NULL;
}

static void listen_all(struct edge *e)
{
	struct htp_port_conf tcp = { .bind_ip = "127.0.0.1" }, local = { .local = true };
	struct hws_error err = { 0 };

	ck_assert_int_eq(htp_server_listen(e->server, &tcp, &e->port, &err), HWS_OK);
	test_dir(e->dir, sizeof(e->dir));
	ck_assert_int_eq(hws_fmt(e->local, sizeof(e->local), "%s/http.sock", e->dir), HWS_OK);
	ck_assert_int_eq(hws_local_listen(e->local, SOCK_STREAM, 16, &local.fd, &err), HWS_OK);
	ck_assert_int_eq(htp_server_listen(e->server, &local, NULL, &err), HWS_OK);
}

struct edge *edge_start(void (*change)(struct htp_conf *conf))
{
	struct edge *e = hws_alloc(sizeof(*e));
	struct hws_error err = { 0 };
	struct htp_conf conf = {
		.files = &all_files,
		.authorise = authorise,
		.threads = 2,
		.hash_threads = 1,
		.queue_max = 16,
		.limits = { .links_max = 100 },
	};

	(void)signal(SIGPIPE, SIG_IGN);
	pthread_mutex_init(&e->lock, NULL);
	pthread_cond_init(&e->changed, NULL);
	e->routes = (struct htp_routes){ rows, HWS_COUNT(rows), e };
	conf.table = &e->routes;
	conf.tables = 1;
	if (change)
		change(&conf);
	ck_assert_int_eq(hws_loop_new(&e->loop), HWS_OK);
	ck_assert_msg(htp_server_new(e->loop, &conf, &e->server, &err) == HWS_OK, "%s", err.text);
	listen_all(e);
	ck_assert_int_eq(pthread_create(&e->thread, NULL, run, e), 0);
	return e;
}

void edge_release(struct edge *e)
{
	pthread_mutex_lock(&e->lock);
	e->released = true;
	pthread_cond_broadcast(&e->changed);
	pthread_mutex_unlock(&e->lock);
}

void edge_wait_slow(struct edge *e, unsigned count)
{
	pthread_mutex_lock(&e->lock);
	while (e->slow < count)
		pthread_cond_wait(&e->changed, &e->lock);
	pthread_mutex_unlock(&e->lock);
}

void edge_stop(struct edge *e)
{
	edge_release(e);
	hws_loop_stop(e->loop);
	pthread_join(e->thread, NULL);
	htp_server_free(e->server);
	hws_loop_free(e->loop);
	pthread_cond_destroy(&e->changed);
	pthread_mutex_destroy(&e->lock);
	hws_free(e);
}

static void drained(void *arg)
{
	struct edge *e = arg;

	hws_loop_stop(e->loop);
}

static void drain(void *arg)
{
	struct edge *e = arg;

	htp_server_drain(e->server, drained, e);
}

void edge_drain(struct edge *e)
{
	ck_assert_int_eq(hws_loop_post(e->loop, drain, e), HWS_OK);
}

uint64_t edge_refused(struct edge *e, enum htp_refused why)
{
	return __atomic_load_n(&htp_server_stats(e->server)->refused[why], __ATOMIC_RELAXED);
}

const char *edge_local(const struct edge *e)
{
	return e->local;
}

/* --- client ----------------------------------------------------------------------------------- */

static int connected(int family, const void *addr, socklen_t len)
{
	struct timeval minute = { .tv_sec = 60 };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &minute, sizeof(minute));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &minute, sizeof(minute));
	ck_assert_int_eq(connect(fd, addr, len), 0);
	return fd;
}

int edge_connect(struct edge *e)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons(e->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return connected(AF_INET, &a, sizeof(a));
}

int edge_connect_local(struct edge *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	ck_assert_int_eq(hws_str_copy(a.sun_path, sizeof(a.sun_path), e->local), HWS_OK);
	return connected(AF_UNIX, &a, sizeof(a));
}

bool edge_send(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

static char got[8u << 20];

static bool take(int fd, size_t *len)
{
	ssize_t n = recv(fd, got + *len, sizeof(got) - 1 - *len, 0);

	ck_assert_msg(n >= 0 || errno == ECONNRESET, "no end within a minute");
	if (n <= 0)
		return false;
	*len += (size_t)n;
	got[*len] = 0;
	return true;
}

const char *edge_rest(int fd)
{
	size_t len = 0;

	got[0] = 0;
	while (take(fd, &len))
		;
	close(fd);
	return got;
}

const char *edge_until(int fd, const char *text)
{
	size_t len = 0;

	got[0] = 0;
	while (!strstr(got, text) && take(fd, &len))
		;
	ck_assert_msg(strstr(got, text) != NULL, "no '%s' in: %s", text, got);
	return got;
}

const char *edge_call(struct edge *e, const char *request)
{
	int fd = edge_connect(e);

	(void)edge_send(fd, request, strlen(request));
	(void)shutdown(fd, SHUT_WR);
	return edge_rest(fd);
}
