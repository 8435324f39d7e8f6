/* net/proxy_client: RFC 1928, RFC 1929 and the CONNECT method. Reads not a byte more than the
 * proxy's own answer, because the target may speak first. */
#include "shared/net/proxy_client.h"
#include "shared/base/buf.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/crypto/base64.h"
#include "shared/crypto/crypto.h"
#include "shared/net/addr.h"
#include <arpa/inet.h>
#include <netinet/in.h>

#define ANSWER_MAX 4096 /* as deployed programs */
#define OUT_MAX 2048

enum state { METHOD, LOGIN, REPLY_HEAD, REPLY_REST, HTTP_HEAD };

struct hws_proxy_ask {
	struct hws_loop *loop;
	struct hws_stream *stream;
	hws_proxy_ask_cb done;
	void *arg;
	enum state state;
	struct hws_proxy proxy;
	char host[256];
	uint16_t port;
	struct hws_buf out, in;
	size_t need; /* bytes of `in` that the state waits for */
	struct hws_deferred deferred;
};

/* --- settings -------------------------------------------------------------------------------- */

int hws_proxy_set(const char *url, const char *user, const char *password, struct hws_proxy *ret)
{
	static const struct {
		const char *scheme;
		enum hws_proxy_kind kind;
		uint16_t port;
	} kinds[] = { { "socks5://", HWS_PROXY_SOCKS5, 1080 }, { "http://", HWS_PROXY_HTTP, 80 },
		{ "https://", HWS_PROXY_HTTPS, 443 }, { "", HWS_PROXY_SOCKS5, 1080 } };
	struct hws_proxy p = { 0 };
	char place[sizeof(p.host) + 8];
	size_t i = 0, len;
	int r;

	if (!*url) {
		*ret = p;
		return HWS_OK;
	}
	while (!hws_str_starts(url, kinds[i].scheme))
		i++;
	url += strlen(kinds[i].scheme);
	len = strcspn(url, "/");
	if (url[len] && url[len + 1]) /* a path means nothing here */
		return HWS_ERR_INVAL;
	if (len >= sizeof(place))
		return HWS_ERR_INVAL;
	memcpy(place, url, len);
	place[len] = '\0';
	p.kind = kinds[i].kind;
	r = hws_host_port_split(place, kinds[i].port, p.host, sizeof(p.host), &p.port);
	if (r == HWS_OK && (!*p.host || !p.port))
		r = HWS_ERR_INVAL;
	if (r == HWS_OK && *user && *password) {
		r = hws_str_copy(p.user, sizeof(p.user), user);
		if (r == HWS_OK)
			r = hws_str_copy(p.password_secret, sizeof(p.password_secret), password);
	}
	if (r == HWS_OK)
		*ret = p;
	hws_wipe(&p, sizeof(p));
	return r;
}

/* --- asking ---------------------------------------------------------------------------------- */

static void free_ask(void *arg)
{
	struct hws_proxy_ask *a = arg;

	hws_buf_done_wiped(&a->out);
	hws_buf_done(&a->in);
	hws_wipe(&a->proxy, sizeof(a->proxy));
	hws_free(a);
}

void hws_proxy_ask_cancel(struct hws_proxy_ask *a)
{
	if (!a)
		return;
	hws_stream_close(a->stream);
	a->stream = NULL;
	hws_loop_defer(a->loop, &a->deferred, free_ask, a);
}

static void finish(struct hws_proxy_ask *a, int r)
{
	struct hws_stream *s = a->stream;

	a->stream = NULL;
	hws_stream_want(s, 0);
	hws_stream_set_callback(s, NULL, NULL);
	if (r < 0) {
		hws_stream_close(s);
		s = NULL;
	}
	hws_loop_defer(a->loop, &a->deferred, free_ask, a);
	a->done(r, s, a->arg);
}

static void put_text(struct hws_buf *b, const char *text)
{
	hws_buf_put_u8(b, (uint8_t)strlen(text));
	hws_buf_put_str(b, text);
}

static void await(struct hws_proxy_ask *a, enum state state, size_t need)
{
	a->state = state;
	a->need = need;
	hws_buf_reset(&a->in);
}

static void put_greeting(struct hws_proxy_ask *a)
{
	bool has_login = *a->proxy.user;

	hws_buf_put(&a->out, has_login ? "\x05\x02\x00\x02" : "\x05\x01\x00", has_login ? 4 : 3);
	await(a, METHOD, 2);
}

static void put_login(struct hws_proxy_ask *a)
{
	hws_buf_put_u8(&a->out, 1);
	put_text(&a->out, a->proxy.user);
	put_text(&a->out, a->proxy.password_secret);
	await(a, LOGIN, 2);
}

static void put_target(struct hws_proxy_ask *a)
{
	struct sockaddr_storage ss;
	uint16_t port = htons(a->port);

	hws_buf_put(&a->out, "\x05\x01\x00", 3);
	if (hws_addr_parse(a->host, a->port, &ss) < 0) {
		hws_buf_put_u8(&a->out, 3);
		put_text(&a->out, a->host);
	} else if (ss.ss_family == AF_INET) {
		hws_buf_put_u8(&a->out, 1);
		hws_buf_put(&a->out, &((struct sockaddr_in *)&ss)->sin_addr, 4);
	} else {
		hws_buf_put_u8(&a->out, 4);
		hws_buf_put(&a->out, &((struct sockaddr_in6 *)&ss)->sin6_addr, 16);
	}
	hws_buf_put(&a->out, &port, 2);
	await(a, REPLY_HEAD, 5);
}

static int put_connect(struct hws_proxy_ask *a)
{
	char place[sizeof(a->host) + 16], login[2 * HWS_PROXY_TEXT_MAX + 2];
	char text[HWS_BASE64_TEXT(sizeof(login))];
	int r = hws_host_port_join(a->host, a->port, place, sizeof(place));

	if (r < 0)
		return r;
	hws_buf_fmt(&a->out, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", place, place);
	if (*a->proxy.user) {
		r = hws_fmt(login, sizeof(login), "%s:%s", a->proxy.user, a->proxy.password_secret);
		if (r >= 0)
			r = hws_base64_encode(hws_bytes_str(login), text, sizeof(text));
		if (r >= 0)
			hws_buf_fmt(&a->out, "Proxy-Authorization: Basic %s\r\n", text);
		hws_wipe(login, sizeof(login));
		hws_wipe(text, sizeof(text));
	}
	hws_buf_put_str(&a->out, "\r\n");
	await(a, HTTP_HEAD, 1);
	return r < 0 ? r : HWS_OK;
}

/* --- answers; HWS_OK: the target is connected, HWS_ERR_AGAIN: go on -------------------------- */

static int take_method(struct hws_proxy_ask *a, const uint8_t *in)
{
	if (in[0] != 5)
		return HWS_ERR_PROTO;
	if (in[1] == 0)
		put_target(a);
	else if (in[1] == 2 && *a->proxy.user)
		put_login(a);
	else
		return HWS_ERR_DENIED;
	return HWS_ERR_AGAIN;
}

static int take_login(struct hws_proxy_ask *a, const uint8_t *in)
{
	if (in[1] != 0)
		return HWS_ERR_DENIED;
	put_target(a);
	return HWS_ERR_AGAIN;
}

static int take_reply_head(struct hws_proxy_ask *a, const uint8_t *in)
{
	static const int meaning[] = { HWS_OK, HWS_ERR_PROTO, HWS_ERR_DENIED, HWS_ERR_UNREACHABLE,
		HWS_ERR_UNREACHABLE, HWS_ERR_REFUSED, HWS_ERR_TIMEOUT, HWS_ERR_UNSUPPORTED,
		HWS_ERR_UNSUPPORTED };

	if (in[0] != 5 || in[1] >= HWS_COUNT(meaning))
		return HWS_ERR_PROTO;
	if (meaning[in[1]] < 0)
		return meaning[in[1]];
	/* of the address that follows one byte is here already */
	switch (in[3]) {
	case 1:
		await(a, REPLY_REST, 3 + 2);
		return HWS_ERR_AGAIN;
	case 3:
		await(a, REPLY_REST, (size_t)in[4] + 2);
		return HWS_ERR_AGAIN;
	case 4:
		await(a, REPLY_REST, 15 + 2);
		return HWS_ERR_AGAIN;
	default:
		return HWS_ERR_PROTO;
	}
}

static int take_http(struct hws_proxy_ask *a)
{
	struct hws_bytes in = hws_buf_bytes(&a->in);
	const char *text = (const char *)in.ptr;

	if (!text || in.len < 4 || memcmp(in.ptr + in.len - 4, "\r\n\r\n", 4) != 0) {
		a->need = in.len + 1;
		return in.len < ANSWER_MAX ? HWS_ERR_AGAIN : HWS_ERR_TOOBIG;
	}
	if (in.len < 12 || memcmp(text, "HTTP/1.", 7) != 0 || text[8] != ' ')
		return HWS_ERR_PROTO;
	if (memcmp(text + 9, "200", 3) == 0)
		return HWS_OK;
	if (memcmp(text + 9, "407", 3) == 0 || memcmp(text + 9, "403", 3) == 0)
		return HWS_ERR_DENIED;
	return text[9] == '5' ? HWS_ERR_UNREACHABLE : HWS_ERR_REFUSED;
}

static int take_answer(struct hws_proxy_ask *a)
{
	const uint8_t *in = hws_buf_bytes(&a->in).ptr;

	if (!in)
		return HWS_ERR_PROTO;
	switch (a->state) {
	case METHOD:
		return take_method(a, in);
	case LOGIN:
		return take_login(a, in);
	case REPLY_HEAD:
		return take_reply_head(a, in);
	case REPLY_REST:
		return HWS_OK;
	case HTTP_HEAD:
		return take_http(a);
	}
	return HWS_ERR_PROTO;
}

static int flush(struct hws_proxy_ask *a)
{
	while (hws_buf_len(&a->out) > 0) {
		ssize_t n = hws_stream_write(a->stream, hws_buf_bytes(&a->out));

		if (n == HWS_ERR_AGAIN || n == 0)
			break;
		if (n < 0)
			return (int)n;
		hws_buf_consume(&a->out, (size_t)n);
	}
	hws_stream_want(a->stream,
			HWS_STREAM_READ | (hws_buf_len(&a->out) > 0 ? HWS_STREAM_WRITE : 0));
	return hws_buf_err(&a->out);
}

/* Reads what the state needs and no more. HWS_ERR_AGAIN when it is not there yet. */
static int fill(struct hws_proxy_ask *a)
{
	while (hws_buf_len(&a->in) < a->need) {
		size_t left = a->need - hws_buf_len(&a->in);
		uint8_t *to = hws_buf_reserve(&a->in, left);
		ssize_t n;

		if (!to)
			return HWS_ERR_NOMEM;
		n = hws_stream_read(a->stream, to, left);
		if (n < 0)
			return n == HWS_ERR_EOF ? HWS_ERR_RESET : (int)n;
		hws_buf_commit(&a->in, (size_t)n);
	}
	return HWS_OK;
}

static void on_stream(struct hws_stream *s, unsigned ready, void *arg)
{
	struct hws_proxy_ask *a = arg;
	int r = flush(a);

	(void)s;
	while (r == HWS_OK && ready & HWS_STREAM_READ) {
		r = fill(a);
		if (r < 0)
			break;
		r = take_answer(a);
		if (r == HWS_OK) {
			finish(a, HWS_OK);
			return;
		}
		if (r == HWS_ERR_AGAIN)
			r = flush(a);
	}
	if (r < 0 && r != HWS_ERR_AGAIN)
		finish(a, r);
}

int hws_proxy_ask_start(struct hws_loop *loop, struct hws_stream *s,
		const struct hws_proxy_target *target, hws_proxy_ask_cb done, void *arg,
		struct hws_proxy_ask **ret)
{
	struct hws_proxy_ask *a = hws_alloc(sizeof(*a));
	int r = HWS_ERR_NOMEM;

	if (!a) {
		hws_stream_close(s);
		return r;
	}
	a->loop = loop;
	a->proxy = *target->proxy;
	a->port = target->port;
	a->done = done;
	a->arg = arg;
	hws_buf_init(&a->out, OUT_MAX);
	hws_buf_init(&a->in, ANSWER_MAX + 1);
	r = hws_str_copy(a->host, sizeof(a->host), target->host);
	if (r == HWS_OK && a->proxy.kind == HWS_PROXY_SOCKS5)
		put_greeting(a);
	else if (r == HWS_OK)
		r = put_connect(a);
	if (r == HWS_OK)
		r = hws_buf_err(&a->out);
	if (r < 0) {
		hws_stream_close(s);
		free_ask(a);
		return r;
	}
	a->stream = s;
	hws_stream_set_callback(s, on_stream, a);
	hws_stream_want(s, HWS_STREAM_READ | HWS_STREAM_WRITE);
	*ret = a;
	return HWS_OK;
}
