/* net/proxy_client: the way out of a network that lets only a proxy through: asks an HTTP proxy
 * (CONNECT) or a SOCKS 5 proxy, at the other end of a stream, to connect to somebody else. One loop
 * thread. */
#pragma once
#include "shared/base/err.h"
#include "shared/net/stream.h"

enum hws_proxy_kind { HWS_PROXY_NONE, HWS_PROXY_SOCKS5, HWS_PROXY_HTTP, HWS_PROXY_HTTPS };

#define HWS_PROXY_TEXT_MAX 255 /* of name and password each, as SOCKS carries them */

struct hws_proxy {
	enum hws_proxy_kind kind;
	uint16_t port;
	char host[256];
	char user[HWS_PROXY_TEXT_MAX + 1], password_secret[HWS_PROXY_TEXT_MAX + 1];
};

/* `url`: socks5://HOST[:PORT], http://..., https://... (TLS to the proxy); without a scheme SOCKS
 * 5; empty: no proxy. Default ports 1080, 80, 443. Name and password are used when both are there;
 * an URL that holds them is refused, for it would end up in logs. */
int hws_proxy_set(const char *url, const char *user, const char *password,
		struct hws_proxy *ret) HWS_MUST_CHECK;

struct hws_proxy_ask;

struct hws_proxy_target {
	const struct hws_proxy *proxy; /* at the other end of the stream */
	const char *host;              /* who is meant */
	uint16_t port;
};

/* Exactly once unless canceled, never inside hws_proxy_ask_start. On HWS_OK `s` is the stream
 * again, owned by the callee; its next byte is the target's. HWS_ERR_DENIED: the proxy wants
 * another name or password, or forbids the target. */
typedef void (*hws_proxy_ask_cb)(int r, struct hws_stream *s, void *arg);
/* Takes the stream in any case; the rest is copied. The caller keeps the deadline. */
int hws_proxy_ask_start(struct hws_loop *loop, struct hws_stream *s,
		const struct hws_proxy_target *target, hws_proxy_ask_cb done, void *arg,
		struct hws_proxy_ask **ret) HWS_MUST_CHECK;
/* done will not be called; the stream is closed. Takes NULL. */
void hws_proxy_ask_cancel(struct hws_proxy_ask *a);
