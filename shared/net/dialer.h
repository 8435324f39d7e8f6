/* net/dialer: asynchronous name resolution (worker thread) and TCP connect with one overall time
 * limit. All addresses of a name are tried, IPv6 and IPv4 in turn (happy-eyeballs light: next after
 * 300 ms or failure). */
#pragma once
#include "shared/base/err.h"
#include "shared/loop/loop.h"
#include "shared/loop/work.h"
#include "shared/net/stream.h"

struct hws_dial;

struct hws_dial_conf {
	const char *host; /* name or literal */
	uint16_t port;
	uint64_t timeout_us;
	/* NULL = any; used with SO_REUSEADDR + SO_REUSEPORT (hole punching). */
	const struct sockaddr_storage *bind_to;
	/* Bind explicitly with reuse even when bind_to is NULL, so that the local port can be used
	 * again. */
	bool reuse_port;
	int family; /* AF_UNSPEC, AF_INET, AF_INET6 */
};

/* done is called exactly once unless canceled: on HWS_OK `s` is a connected TCP stream that the
 * callee owns; otherwise s is NULL and `r` says why. The dial object is gone after done. Never
 * called inside hws_dial. */
typedef void (*hws_dial_cb)(int r, struct hws_stream *s, void *arg);
int hws_dial(struct hws_loop *loop, struct hws_work *work, const struct hws_dial_conf *conf,
		hws_dial_cb done, void *arg, struct hws_dial **ret) HWS_MUST_CHECK;
/* done will not be called. Takes NULL. */
void hws_dial_cancel(struct hws_dial *d);

/* Only resolution. addrs, the families in turn, borrow until return. */
typedef void (*hws_resolve_cb)(
		int r, const struct sockaddr_storage *addrs, size_t count, void *arg);
struct hws_resolve;
int hws_resolve(struct hws_loop *loop, struct hws_work *work, const char *host, uint16_t port,
		hws_resolve_cb done, void *arg, struct hws_resolve **ret) HWS_MUST_CHECK;
void hws_resolve_cancel(struct hws_resolve *a);
