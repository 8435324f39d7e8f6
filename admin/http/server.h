/* http/server: the edge as a whole: ports, links under their limits, and the threads that handlers
 * run on. HTTP/1.1 by the tree's own streams (shared/net), so that each limit holds before a byte
 * beyond it is kept. Lives on one loop; handlers run on pools. */
#pragma once
#include "admin/http/files.h"
#include "admin/http/request.h"
#include "shared/loop/loop.h"
#include "shared/loop/work.h"
#include "shared/net/tls.h"

struct htp_server;

struct htp_rate_limit {
	uint32_t per_s, burst; /* of one address (IPv6: one /64); 0 = no limit */
};

/* What may change while it runs. Borrowed during the call only. */
struct htp_limits {
	struct htp_rate_limit rate[HTP_RATES];
	uint32_t links_max, links_per_address;
	const char *trusted; /* networks of proxies whose X-Forwarded-For counts */
	const char *origins; /* see http/origin */
};

struct htp_conf {
	const struct htp_routes *table; /* borrowed, as all rows are */
	size_t tables;
	const struct htp_files *files; /* borrowed; NULL = none */
	/* Before a reply of 400 and above is sent, wherever it was made; NULL: as it is. */
	void (*shape)(const struct htp_request *request, struct htp_reply *reply, void *arg);
	/* On a thread of a pool, for all routes but HTP_OPEN and HTP_LOCAL: finds out who asks,
	 * and fills request->who; or fills `reply` with 401 or 403 and returns what is not HWS_OK.
	 * NULL: such routes answer 401. */
	int (*authorise)(struct htp_request *request, struct htp_reply *reply, void *arg);
	void *arg;
	unsigned threads, hash_threads;
	/* How long a head may take from its first byte, and a link stay unused between two
	 * requests; 0 = 10 s, 75 s. */
	uint64_t head_us, idle_us;
	unsigned queue_max; /* requests that wait for a thread of a pool; one more gets 503 */
	struct htp_limits limits;
};

int htp_server_new(struct hws_loop *loop, const struct htp_conf *conf, struct htp_server **ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* Waits for handlers that run. Takes NULL. */
void htp_server_free(struct htp_server *s);

/* The threads of routes of this kind, for what else has to wait for a database. */
struct hws_work *htp_server_pool(struct htp_server *s, enum htp_pool pool);

struct htp_port_conf {
	const char *bind_ip;
	uint16_t port; /* 0 = any, see ret_port */
	int fd;        /* > 0: takes this listening socket instead */
	bool local;    /* a socket of this machine: who comes by it is trusted to say for whom */
	bool admin;    /* a local socket that only the operator can open */
	struct hws_tls_server *tls; /* borrowed until the end; NULL = plain */
};
int htp_server_listen(struct htp_server *s, const struct htp_port_conf *conf, uint16_t *ret_port,
		struct hws_error *err) HWS_MUST_CHECK;
/* All of it or nothing. */
int htp_server_set_limits(struct htp_server *s, const struct htp_limits *limits,
		struct hws_error *err) HWS_MUST_CHECK;
/* Accepts nothing more, ends idle links, answers what has begun; then `done`, once. */
void htp_server_drain(struct htp_server *s, void (*done)(void *arg), void *arg);

enum htp_refused {
	HTP_REFUSED_LINKS, /* more than links_max, or of one address */
	HTP_REFUSED_HEAD,  /* no good request */
	HTP_REFUSED_BODY,  /* too long, or broken chunks */
	HTP_REFUSED_SLOW,  /* not done in time */
	HTP_REFUSED_RATE,
	HTP_REFUSED_BUSY, /* no room in the queue of a pool */
	HTP_REFUSALS
};
const char *htp_refused_name(enum htp_refused r); /* for metrics; never NULL */

/* Upper bounds in milliseconds of the buckets of latencies; the last has none. */
#define HTP_BUCKETS 8u
extern const uint32_t htp_bucket_ms[HTP_BUCKETS - 1];

struct htp_stats {
	uint64_t links, links_total;
	uint64_t requests[HTP_RATES][6];          /* by class of the route and status / 100 */
	uint64_t latency[HTP_RATES][HTP_BUCKETS]; /* from the end of the request to its reply */
	uint64_t latency_us[HTP_RATES];           /* summed */
	uint64_t refused[HTP_REFUSALS];
	uint64_t running[HTP_POOLS]; /* waiting or being handled now */
};
/* Updated in place on the loop's thread. */
const struct htp_stats *htp_server_stats(const struct htp_server *s);
const char *htp_rate_name(enum htp_rate r); /* "device"; never NULL */
