/* web/fetch: one question to a web server, and its answer. Blocking: for worker threads and for
 * programs without a loop. The names of servers and all that they answer are strangers' words: an
 * answer is bounded, a redirect is an answer and not followed, certificates are always checked, and
 * http without TLS goes to this machine only, unless the caller wants more. */
#pragma once
#include "shared/base/buf.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define HWS_FETCH_PLAIN 1u  /* http to other machines, too */
#define HWS_FETCH_PUBLIC 2u /* only to addresses of the internet: no loopback, no private network */

struct hws_fetch {
	const char *url;          /* http:// or https:// */
	const char *unix_socket;  /* NULL, or where the server listens whatever the URL's host is */
	const char *method;       /* NULL: POST with a body, else GET */
	struct hws_bytes body;    /* ptr NULL = none */
	const char *content_type; /* of the body; NULL = none told */
	const char *bearer;       /* token, may be NULL */
	const char *const *headers; /* further "Name: value" lines, NULL at the end; may be NULL */
	const char *ca_file;        /* PEM; NULL = the system's authorities */
	const char *proxy;          /* NULL = none; the environment is not asked */
	/* 0 = 30 s and 10 s; the first, with on_body, is how long nothing may come. */
	uint64_t timeout_us, connect_us;
	size_t answer_max; /* of the body; 0 = 1 MiB */
	unsigned flags;    /* HWS_FETCH_* */
	/* In place of the answer's body, for what is too large for memory: only for status 200.
	 * A negative result ends the transfer and is that of hws_fetch. May be NULL. */
	int (*on_body)(struct hws_bytes part, void *arg);
	/* True ends the transfer with HWS_ERR_CANCELED; asked about every second. May be NULL. */
	bool (*cancelled)(void *arg);
	void *arg;
};

struct hws_fetch_answer {
	int status; /* 200, 404, ... */
	char content_type[128];
	char location[2048];    /* where a redirect wants to go; "" = nowhere, or too long */
	uint64_t retry_after_s; /* 0 = not said */
	int64_t max_age_s;      /* Cache-Control; -1 = not said, 0 also for no-store and no-cache */
	int64_t date_s;         /* when the server thinks it is, Unix time; 0 = not said */
	int64_t cert_expires_s; /* its certificate, Unix time; 0 = unknown, or no TLS */
	struct hws_buf body;
};

/* A client keeps its connection for the next question. For one thread at a time. */
struct hws_web;
int hws_web_new(struct hws_web **ret) HWS_MUST_CHECK;
void hws_web_free(struct hws_web *w);

/* `web` may be NULL: a connection for this question alone. HWS_OK whenever there was an answer, of
 * whatever status; `ret` is then the caller's to give to hws_fetch_done. HWS_ERR_TOOBIG: the body
 * was longer than answer_max. HWS_ERR_DENIED: the address is none that the flags allow.
 * HWS_ERR_CRYPTO: TLS, or a certificate that is not to be trusted. HWS_ERR_INVAL: the URL. Of what
 * failed after the other end had said it, also because of its length, ret->status is set. */
int hws_fetch(struct hws_web *web, const struct hws_fetch *ask, struct hws_fetch_answer *ret,
		struct hws_error *err) HWS_MUST_CHECK;
void hws_fetch_done(struct hws_fetch_answer *a);

/* Whether flags let a connection go to this address; `tls`: of an https URL. */
bool hws_fetch_may_connect(const struct sockaddr_storage *to, bool tls, unsigned flags);
/* Percent-encodes one part of a path or query; fails as hws_fmt. */
int hws_url_escape(const char *part, char *buf, size_t size) HWS_MUST_CHECK;
