/* A responder for three fixed paths. Every link has a deadline and a cap; one request each. */
#include "shared/daemon/metrics.h"

#include "shared/base/clock.h"
#include "shared/base/list.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/net/listener.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#define LINKS_MAX 16u
#define BACKLOG 16
#define REQUEST_MAX 8192u
#define TEXT_MAX (4u << 20)
#define DEADLINE_S 10

struct hws_metrics_http {
	struct hws_loop *loop;
	struct hws_metrics *metrics;
	struct hws_listener *listener;
	bool (*ready)(void *arg);
	void *arg;
	struct hws_list links;
	unsigned count;
};

struct link {
	struct hws_list node;
	struct hws_metrics_http *http; /* outlives its links */
	struct bufferevent *bev;
	struct hws_timer deadline; /* for the whole exchange */
	bool answered;
};

static void link_free(struct link *l)
{
	hws_list_remove(&l->node);
	l->http->count--;
	hws_timer_stop(&l->deadline);
	if (l->bev)
		bufferevent_free(l->bev);
	hws_free(l);
}

static void on_deadline(void *arg)
{
	link_free(arg);
}

static void on_written(struct bufferevent *bev, void *arg)
{
	struct link *l = arg;

	if (l->answered && evbuffer_get_length(bufferevent_get_output(bev)) == 0)
		link_free(l);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	(void)what;
	link_free(arg);
}

static void respond(struct link *l, int status, const char *reason, const char *type,
		struct hws_bytes body, bool head)
{
	struct evbuffer *out = bufferevent_get_output(l->bev);

	l->answered = true;
	bufferevent_disable(l->bev, EV_READ);
	if (evbuffer_add_printf(out,
			    "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
			    "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
			    "Connection: close\r\n\r\n",
			    status, reason, type, body.len) < 0 ||
			(!head && evbuffer_add(out, body.ptr, body.len) < 0))
		link_free(l); /* without memory: the link just ends */
}

static void respond_text(struct link *l, int status, const char *reason, bool head)
{
	char body[64];

	if (hws_fmt(body, sizeof(body), "%s\n", reason) < 0)
		body[0] = 0;
	respond(l, status, reason, "text/plain; charset=utf-8", hws_bytes_str(body), head);
}

static void respond_metrics(struct link *l, bool head)
{
	struct hws_buf text;

	hws_buf_init(&text, TEXT_MAX);
	hws_metrics_text(l->http->metrics, &text);
	if (hws_buf_err(&text))
		respond_text(l, 500, "Internal Server Error", head);
	else
		respond(l, 200, "OK", "text/plain; version=0.0.4; charset=utf-8",
				hws_buf_bytes(&text), head);
	hws_buf_done(&text);
}

/* `line` is the request line: METHOD SP TARGET SP HTTP/1.x */
static void answer(struct link *l, char *line)
{
	char *target = strchr(line, ' '), *version;
	bool head;

	version = target ? strchr(target + 1, ' ') : NULL;
	if (!version || !hws_str_starts(version + 1, "HTTP/1.")) {
		respond_text(l, 400, "Bad Request", false);
		return;
	}
	*target++ = 0;
	*version = 0;
	target[strcspn(target, "?#")] = 0;
	head = hws_str_equal(line, "HEAD");
	if (!head && !hws_str_equal(line, "GET"))
		respond_text(l, 405, "Method Not Allowed", false);
	else if (hws_str_equal(target, "/metrics"))
		respond_metrics(l, head);
	else if (hws_str_equal(target, "/healthz"))
		/* NOLINTNEXTLINE(bugprone-branch-clone): two questions */
		respond_text(l, 200, "OK", head);
	else if (!hws_str_equal(target, "/readyz"))
		respond_text(l, 404, "Not Found", head);
	else if (!l->http->ready || l->http->ready(l->http->arg))
		respond_text(l, 200, "OK", head);
	else
		respond_text(l, 503, "Service Unavailable", head);
}

static void on_readable(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
	struct link *l = arg;
	char line[1024];
	ev_ssize_t n;

	if (l->answered)
		return;
	if (end.pos < 0) {
		if (evbuffer_get_length(in) >= REQUEST_MAX)
			respond_text(l, 431, "Request Header Fields Too Large", false);
		return;
	}
	n = evbuffer_copyout(in, line, sizeof(line) - 1);
	line[n > 0 ? n : 0] = 0;
	if (strcspn(line, "\r\n") == sizeof(line) - 1) {
		respond_text(l, 414, "URI Too Long", false);
		return;
	}
	line[strcspn(line, "\r\n")] = 0;
	answer(l, line);
}

static void on_accept(int fd, const struct sockaddr_storage *peer, void *arg)
{
	struct hws_metrics_http *h = arg;
	struct link *l = h->count < LINKS_MAX ? hws_alloc(sizeof(*l)) : NULL;

	(void)peer;
	if (!l) {
		evutil_closesocket(fd);
		return;
	}
	l->http = h;
	hws_list_push(&h->links, &l->node);
	h->count++;
	l->bev = bufferevent_socket_new(hws_loop_base(h->loop), fd, BEV_OPT_CLOSE_ON_FREE);
	if (!l->bev) {
		evutil_closesocket(fd);
		link_free(l);
		return;
	}
	hws_timer_start(h->loop, &l->deadline, DEADLINE_S * HWS_US_PER_S, on_deadline, l);
	bufferevent_setwatermark(l->bev, EV_READ, 0, REQUEST_MAX);
	bufferevent_setcb(l->bev, on_readable, on_written, on_event, l);
	if (bufferevent_enable(l->bev, EV_READ | EV_WRITE) < 0)
		link_free(l);
}

int hws_metrics_http_new(struct hws_loop *loop, struct hws_metrics *m, const char *bind_ip,
		uint16_t port, bool (*ready)(void *arg), void *arg, struct hws_metrics_http **ret,
		struct hws_error *err)
{
	struct hws_listen_conf lc = {
		.bind_ip = bind_ip, .port = port, .backlog = BACKLOG, .on_accept = on_accept
	};
	struct hws_error why = { 0 };
	struct sockaddr_storage addr;
	struct hws_metrics_http *h;
	int r;

	if (hws_addr_parse(bind_ip, 0, &addr) < 0 || hws_addr_port(&addr))
		return hws_error_set(err, HWS_ERR_INVAL,
				"metrics: '%s' is no IP address to listen on", bind_ip);
	h = hws_alloc(sizeof(*h));
	if (!h)
		return hws_error_set(err, HWS_ERR_NOMEM, "metrics: out of memory");
	*h = (struct hws_metrics_http){ .loop = loop, .metrics = m, .ready = ready, .arg = arg };
	hws_list_init(&h->links);
	lc.arg = h;
	r = hws_listener_new(loop, &lc, &h->listener, &why);
	if (r < 0) {
		hws_free(h);
		return hws_error_set(err, r, "metrics: %s", why.text);
	}
	*ret = h;
	return HWS_OK;
}

void hws_metrics_http_free(struct hws_metrics_http *h)
{
	struct hws_list *node, *next;

	if (!h)
		return;
	hws_list_for_safe (node, next, &h->links)
		link_free(hws_container(node, struct link, node));
	hws_listener_free(h->listener);
	hws_free(h);
}

uint16_t hws_metrics_http_port(const struct hws_metrics_http *h)
{
	return hws_listener_port(h->listener);
}
