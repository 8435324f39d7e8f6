/* rendezvous/planes/api_call: one request, one connection to the API server. What a client may say
 * there is method, path below /api/, fields that are not the connection's, and a body; where it
 * came from is our word. */
#include "server-rendezvous/planes/api_call.h"
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/planes/client.h"
#include "server-rendezvous/planes/http_reply.h"
#include "server-rendezvous/planes/tcp_plane.h"
#include "server-rendezvous/state/core.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/net/stream.h"
#include "shared/sys/local_socket.h"
#include "shared/wire/envelope.h"
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define CALLS_MAX 256u
#define PATH_MAX_LEN 4096u
#define FIELDS_LEN_MAX (16u << 10)
#define OUT_MAX (HWS_RDV_API_FRAME_MAX + PATH_MAX_LEN + FIELDS_LEN_MAX)
#define IN_MAX (2u << 20)
#define READ_SIZE (16u << 10)
#define ANSWER_US (15 * HWS_US_PER_S) /* clients wait for 18 s */
#define LINGER_US (30 * HWS_US_PER_S) /* a large answer on a slow line */

struct call {
	struct rdv_tcp *plane;
	struct hws_list node;
	uint64_t client;
	struct hws_stream *stream;
	struct hws_buf out, in;
	struct hws_timer deadline;
	struct hws_deferred gone;
	bool head; /* the client wants no body */
};

static void call_free(void *arg)
{
	struct call *c = arg;

	hws_buf_done_wiped(&c->out); /* tokens and passwords are in them */
	hws_buf_done_wiped(&c->in);
	hws_free(c);
}

static void call_end(struct call *c)
{
	hws_list_remove(&c->node);
	c->plane->calls_count--;
	hws_timer_stop(&c->deadline);
	hws_stream_close(c->stream);
	hws_loop_defer(c->plane->loop, &c->gone, call_free, c);
}

/* --- the answer ------------------------------------------------------------------------------- */

static void send_answer(struct rdv_client *cl, Rdv__HttpProxyResponse *p)
{
	const struct hws_send_limit limit = { IN_MAX + HWS_RDV_API_FRAME_MAX, IN_MAX };
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct hws_buf out;

	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_HTTP_PROXY_RESPONSE;
	m.http_proxy_response = p;
	hws_conn_set_limit(
			cl->conn, HWS_SEND_VIDEO, &limit); /* the class of this port's messages */
	hws_buf_init(&out, IN_MAX + HWS_RDV_API_FRAME_MAX);
	if (hws_rdv_pack(&m, &out) == HWS_OK)
		rdv_client_send_bytes(cl, hws_buf_bytes(&out));
	hws_buf_done_wiped(&out);
	if (!cl->closed)
		hws_conn_close_flushed(cl->conn, LINGER_US);
}

static void send_error(struct rdv_client *cl, const char *text)
{
	Rdv__HttpProxyResponse p = RDV__HTTP_PROXY_RESPONSE__INIT;

	hws_count(&cl->plane->core->count.http_failed);
	p.error = (char *)(uintptr_t)text;
	send_answer(cl, &p);
}

static void fail(struct call *c, const char *why)
{
	struct rdv_client *cl = rdv_client_get(c->plane, c->client);

	hws_warn_limited("api.failed", HWS_STR("why", why));
	call_end(c);
	if (cl && !cl->closed)
		send_error(cl, why);
}

static void pass_back(struct call *c, const struct rdv_http_reply *reply)
{
	struct rdv_client *cl = rdv_client_get(c->plane, c->client);
	Rdv__HttpProxyResponse p = RDV__HTTP_PROXY_RESPONSE__INIT;
	Rdv__HeaderEntry field[RDV_HTTP_FIELDS_MAX], *list[RDV_HTTP_FIELDS_MAX];
	char *text = NULL;

	if (cl && !cl->closed)
		text = hws_alloc(reply->fields.len + 1);
	if (!text) {
		call_end(c);
		return;
	}
	memcpy(text, reply->fields.ptr, reply->fields.len);
	p.n_headers = rdv_http_reply_fields(text, field);
	for (size_t i = 0; i < p.n_headers; i++)
		list[i] = &field[i];
	p.headers = list;
	p.status = reply->status;
	if (!c->head)
		p.body = (ProtobufCBinaryData){ reply->body.len,
			(uint8_t *)(uintptr_t)reply->body.ptr };
	hws_count(&c->plane->core->count.http_passed);
	send_answer(cl, &p);
	hws_free_wiped(text, reply->fields.len + 1);
	call_end(c);
}

/* --- the socket ------------------------------------------------------------------------------- */

static void on_deadline(void *arg)
{
	fail(arg, "The API server did not answer in time.");
}

static void write_out(struct call *c)
{
	while (hws_buf_len(&c->out)) {
		ssize_t n = hws_stream_write(c->stream, hws_buf_bytes(&c->out));

		if (n == HWS_ERR_AGAIN || n == 0)
			break;
		if (n < 0) /* it may have answered all the same, and wants no more */
			hws_buf_consume(&c->out, hws_buf_len(&c->out));
		else
			hws_buf_consume(&c->out, (size_t)n);
	}
	hws_stream_want(c->stream, HWS_STREAM_READ | (hws_buf_len(&c->out) ? HWS_STREAM_WRITE : 0));
}

static void read_in(struct call *c)
{
	struct rdv_http_reply reply;
	bool ended = false;
	ssize_t n = 1;
	int r;

	while (n > 0) {
		uint8_t *to = hws_buf_reserve(&c->in, READ_SIZE);

		n = to ? hws_stream_read(c->stream, to, READ_SIZE) : HWS_ERR_TOOBIG;
		if (n > 0)
			hws_buf_commit(&c->in, (size_t)n);
	}
	if (n == HWS_ERR_TOOBIG) {
		fail(c, "The answer of the API server is too long.");
		return;
	}
	ended = n != HWS_ERR_AGAIN;
	r = rdv_http_reply_read(hws_buf_bytes(&c->in), ended, &reply);
	if (r == HWS_OK)
		pass_back(c, &reply);
	else if (r != HWS_ERR_SHORT)
		fail(c, "The API server broke off.");
}

static void on_ready(struct hws_stream *s, unsigned ready, void *arg)
{
	struct call *c = arg;

	(void)s;
	if (ready & HWS_STREAM_WRITE)
		write_out(c);
	if (ready & HWS_STREAM_READ)
		read_in(c);
}

/* --- the request ------------------------------------------------------------------------------ */

/* Asked as GET, and the body is kept back: an answer to HEAD has a length and nothing behind it. */
static bool is_head(const char *method)
{
	return strcmp(method, "HEAD") == 0;
}

static bool method_known(const char *method)
{
	static const char *const known[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" };

	for (size_t i = 0; i < HWS_COUNT(known); i++) {
		if (strcmp(known[i], method) == 0)
			return true;
	}
	return false;
}

/* What it names is the API server's to judge; here it must be one line below /api/. */
static bool path_good(const char *path)
{
	if (!hws_str_starts(path, "/api/") || strlen(path) > PATH_MAX_LEN)
		return false;
	for (const char *p = path; *p; p++) {
		if ((unsigned char)*p <= 32 || (unsigned char)*p >= 127 || *p == '\\' || *p == '#')
			return false;
	}
	/* a step upwards, written plainly; written otherwise it is a name like others there */
	return !strstr(path, "/../") && !strstr(path, "/..?") &&
			strcmp(path + strlen(path) - 3, "/..") != 0;
}

/* Says who sends it, or where to. */
static bool is_ours(const char *name)
{
	static const char *const ours[] = { "host", "forwarded", "x-real-ip", "expect" };

	for (size_t i = 0; i < HWS_COUNT(ours); i++) {
		if (strcasecmp(ours[i], name) == 0)
			return true;
	}
	return strncasecmp(name, "x-forwarded-", 12) == 0 || strncasecmp(name, "proxy-", 6) == 0;
}

static bool put_fields(const Rdv__HttpProxyRequest *m, struct hws_buf *out)
{
	size_t len = 0;

	for (size_t i = 0; i < m->n_headers; i++) {
		const Rdv__HeaderEntry *h = m->headers[i];

		if (rdv_http_is_hop(h->name) || is_ours(h->name))
			continue;
		len += strlen(h->name) + strlen(h->value) + 4;
		if (len > FIELDS_LEN_MAX || !rdv_http_name_valid(h->name) ||
				!rdv_http_value_valid(h->value))
			return false;
		hws_buf_put_str(out, h->name);
		hws_buf_put_str(out, ": ");
		hws_buf_put_str(out, h->value);
		hws_buf_put_str(out, "\r\n");
	}
	return true;
}

static bool write_request(
		const struct rdv_client *cl, const Rdv__HttpProxyRequest *m, struct hws_buf *out)
{
	char ip[HWS_ADDR_TEXT];

	if (!method_known(m->method) || !path_good(m->path))
		return false;
	hws_buf_put_str(out, is_head(m->method) ? "GET" : m->method);
	hws_buf_put_str(out, " ");
	hws_buf_put_str(out, m->path);
	hws_buf_put_str(out, " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
	hws_buf_fmt(out, "X-Forwarded-For: %s\r\n", hws_addr_ip_text(&cl->peer, ip, sizeof(ip)));
	if (m->body.len || (strcmp(m->method, "GET") != 0 && !is_head(m->method)))
		hws_buf_fmt(out, "Content-Length: %zu\r\n", m->body.len);
	if (!put_fields(m, out))
		return false;
	hws_buf_put_str(out, "\r\n");
	hws_buf_put(out, m->body.data, m->body.len);
	return hws_buf_err(out) == HWS_OK;
}

static int call_new(struct rdv_client *cl, bool head, struct hws_buf *out)
{
	struct rdv_tcp *t = cl->plane;
	struct call *c = hws_alloc(sizeof(*c));
	int fd = -1, r = c ? hws_local_connect(rdv_conf(t->core)->api_socket, &fd) : HWS_ERR_NOMEM;

	if (r == HWS_OK)
		r = hws_stream_tcp_new(t->loop, fd, &c->stream);
	if (r < 0) {
		if (fd >= 0)
			close(fd);
		hws_free(c);
		return r;
	}
	c->plane = t;
	c->client = cl->id;
	c->head = head;
	c->out = *out;
	hws_buf_init(out, 0);
	hws_buf_init(&c->in, IN_MAX);
	hws_list_push(&t->calls, &c->node);
	t->calls_count++;
	cl->calling = true;
	hws_stream_set_callback(c->stream, on_ready, c);
	hws_timer_start(t->loop, &c->deadline, ANSWER_US, on_deadline, c);
	write_out(c);
	return HWS_OK;
}

void rdv_api_call(struct rdv_client *cl, const Rdv__HttpProxyRequest *m)
{
	struct hws_buf out;
	int r;

	if (!*rdv_conf(cl->plane->core)->api_socket || cl->calling) {
		hws_conn_close(cl->conn, HWS_ERR_UNSUPPORTED);
		return;
	}
	if (cl->plane->calls_count >= CALLS_MAX) {
		send_error(cl, "This server is busy. Try again in a while.");
		return;
	}
	hws_buf_init(&out, OUT_MAX);
	if (!write_request(cl, m, &out)) {
		send_error(cl, "This is no request that the API takes.");
	} else {
		r = call_new(cl, is_head(m->method), &out);
		if (r < 0) {
			hws_warn_limited("api.away",
					HWS_STR("socket", rdv_conf(cl->plane->core)->api_socket),
					HWS_ERR("why", r));
			send_error(cl, "The API server cannot be reached at the moment.");
		}
	}
	hws_buf_done_wiped(&out);
}

void rdv_api_calls_end(struct rdv_tcp *t)
{
	struct hws_list *n, *next;

	hws_list_for_safe (n, next, &t->calls)
		call_end(hws_container(n, struct call, node));
}
