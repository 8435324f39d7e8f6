/* A request from its head to its reply: what the edge can answer itself it does on the loop; the
 * rest, and reading JSON, is for the threads of a pool. */
#include "admin/http/server_parts.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/daemon/metrics.h"
#include "shared/net/forwarded.h"
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>

#define BODY_MAX (1u << 20)
#define PASSWORD_NICE 10
#define DROP_MAX (64u << 10)  /* of bodies nobody asked for */
#define SMALL_MAX (64u << 10) /* bodies that are not counted: links are */
#define HELD_MAX (256ull << 20)
#define HELD_PER_ADDRESS_MAX (32ull << 20)

/* By bodies of all servers of this process; a job may outlive its link and its server. */
static _Atomic uint64_t held;

void htp_job_free(struct htp_job *job)
{
	struct htp_request *q;

	if (!job)
		return;
	q = &job->request;
	atomic_fetch_sub(&held, job->held);
	if (q->who && q->who_free)
		q->who_free(q->who);
	json_decref(q->json);
	hws_buf_done_wiped(&q->body);
	htp_reply_done(&job->reply);
	if (q->text)
		hws_free_wiped(q->text, job->text_len);
	hws_free(job);
}

/* --- what the edge answers itself ------------------------------------------------------------- */

static void forwarded(
		struct htp_job *job, struct hws_bytes head, const struct hws_cidr_list *trusted)
{
	struct htp_request *q = &job->request;

	if (!q->local)
		hws_forwarded_peer(head, trusted, &q->peer);
}

/* By the local socket come requests that another program of ours passes on. */
static void forwarded_local(struct htp_request *q)
{
	const char *of = q->local ? htp_head_get(&q->head, "X-Forwarded-For") : NULL;

	if (!q->local)
		return;
	memset(&q->peer, 0, sizeof(q->peer));
	if (of && hws_addr_parse(of, 0, &q->peer) < 0)
		memset(&q->peer, 0, sizeof(q->peer));
}

static bool within_rate(struct htp_job *job, enum htp_rate rate)
{
	struct hws_admit *a = job->server->rate[rate];

	if (!a || job->request.peer.ss_family == AF_UNSPEC)
		return true;
	return hws_admit_event(a, &job->request.peer, 1, hws_loop_now_us(job->server->loop));
}

static void refuse(struct htp_job *job, int status, const char *text)
{
	htp_reply_error(&job->reply, status, "%s", text);
	job->answered = true;
}

static void no_route(struct htp_job *job, unsigned allowed)
{
	struct htp_request *q = &job->request;
	char methods[64];

	job->answered = true;
	if (q->head.method == HTP_OPTIONS) {
		htp_origins_preflight(&job->reply, &q->head,
				htp_origins_match(&job->server->origins, &q->head), allowed);
	} else if (allowed) {
		refuse(job, 405, "This address does not take that method");
		htp_reply_field(&job->reply, "Allow",
				htp_route_allowed(allowed, methods, sizeof(methods)));
	} else if ((q->head.method != HTP_GET && q->head.method != HTP_HEAD) ||
			!htp_files_answer(job->server->conf.files, &q->head, &q->target,
					&job->reply)) {
		refuse(job, 404, "Not found");
	}
}

/* A browser adds cookies to what other sites have it send, but no token. */
static bool by_cookie(const struct htp_request *q)
{
	return q->route->access == HTP_CONSOLE ||
			(q->route->access == HTP_BEARER &&
					!htp_head_get(&q->head, "Authorization"));
}

/* A page of another site can have a browser send such a request, as to log in or to guess. */
static bool changes(const struct htp_request *q)
{
	return q->head.method != HTP_GET && q->head.method != HTP_HEAD;
}

static bool is_nobody(const struct htp_request *q)
{
	return (q->route->access == HTP_BEARER || q->route->access == HTP_CONSOLE) && !q->admin &&
			!htp_head_get(&q->head, "Authorization") &&
			!htp_head_get(&q->head, "Cookie");
}

static void judge(struct htp_job *job)
{
	struct htp_request *q = &job->request;
	struct htp_server *s = job->server;
	struct htp_match match;

	if (htp_target_parse(q->head.target, &q->target) < 0) {
		refuse(job, 400, "The address is broken");
		return;
	}
	htp_route_find(s->conf.table, s->conf.tables, q->head.method, &q->target, &match);
	if (match.route && match.route->access == HTP_LOCAL && !q->local)
		match = (struct htp_match){ 0 }; /* as if it were not there */
	q->route = match.route;
	q->arg = match.arg;
	if (!match.route) {
		no_route(job, match.allowed);
	} else if ((by_cookie(q) || changes(q)) && !htp_origins_own(&s->origins, &q->head)) {
		refuse(job, 403, "This request comes from another web site");
	} else if (!within_rate(job, match.route->rate)) {
		refuse(job, 429, "Too many requests; try again later");
		htp_reply_field(&job->reply, "Retry-After", "5");
		hws_count(&s->stats.refused[HTP_REFUSED_RATE]);
	} else if (is_nobody(q)) {
		refuse(job, 401, "Sign in first"); /* and no body of theirs is read */
	}
}

int htp_job_new(struct htp_server *s, struct hws_bytes head, const struct sockaddr_storage *peer,
		struct htp_way way, struct htp_job **ret)
{
	struct htp_job *job = hws_alloc(sizeof(*job));
	int status, r;

	if (!job)
		return HWS_ERR_NOMEM;
	job->server = s;
	htp_reply_init(&job->reply);
	job->request.peer = *peer;
	job->request.local = way.local;
	job->request.admin = way.admin;
	job->request.tls = way.tls;
	job->request.text = hws_alloc(head.len + 1);
	if (!job->request.text) {
		htp_job_free(job);
		return HWS_ERR_NOMEM;
	}
	job->text_len = head.len;
	memcpy(job->request.text, head.ptr, head.len);
	forwarded(job, head, &s->trusted);
	r = htp_head_parse(job->request.text, head.len, &job->request.head, &status);
	if (r == HWS_OK) {
		forwarded_local(&job->request);
		judge(job);
	} else {
		refuse(job, status, htp_status_text(status));
		hws_count(&s->stats.refused[HTP_REFUSED_HEAD]);
	}
	hws_buf_init(&job->request.body, htp_job_body_max(job));
	*ret = job;
	return r;
}

uint64_t htp_job_body_max(const struct htp_job *job)
{
	const struct htp_route *route = job->request.route;

	if (job->answered || route->body == HTP_BODY_NONE)
		return DROP_MAX;
	return route->body_max ? route->body_max : BODY_MAX;
}

bool htp_job_hold(struct htp_job *job, uint64_t bytes)
{
	const struct htp_request *q = &job->request;

	if (bytes <= SMALL_MAX)
		return true;
	if (!q->admin && htp_links_held(job->server, &q->peer) + bytes > HELD_PER_ADDRESS_MAX)
		return false;
	if (atomic_fetch_add(&held, bytes) + bytes > HELD_MAX) {
		atomic_fetch_sub(&held, bytes);
		return false;
	}
	job->held = bytes;
	return true;
}

struct hws_buf *htp_job_body(struct htp_job *job)
{
	if (job->answered || job->request.route->body == HTP_BODY_NONE)
		return NULL;
	return &job->request.body;
}

/* --- on a thread ------------------------------------------------------------------------------ */

static bool read_json(struct htp_job *job)
{
	struct htp_request *q = &job->request;
	struct hws_error err = { 0 };

	if (q->route->body != HTP_BODY_JSON || !hws_buf_len(&q->body))
		return true;
	if (htp_json_read(hws_buf_bytes(&q->body), &q->json, &err) == HWS_OK) {
		hws_buf_done_wiped(&q->body);
		return true;
	}
	htp_reply_error(&job->reply, 400, "%s", err.text);
	return false;
}

static bool may(struct htp_job *job)
{
	const struct htp_conf *conf = &job->server->conf;
	enum htp_access access = job->request.route->access;

	if (access == HTP_OPEN || access == HTP_LOCAL)
		return true;
	if (conf->authorise)
		return conf->authorise(&job->request, &job->reply, conf->arg) == HWS_OK;
	htp_reply_error(&job->reply, 401, "Sign in first");
	return false;
}

/* Threads that hash passwords have time when nobody else needs it: a tenth of a second is theirs in
 * any case, and what devices send would wait for it on machines with few processors. */
static void step_aside(const struct htp_job *job)
{
	static _Thread_local bool done;

	if (done || job->request.route->pool != HTP_POOL_HASH)
		return;
	done = true;
	/* of this thread alone; not being allowed to is no harm */
	(void)setpriority(PRIO_PROCESS, 0, PASSWORD_NICE);
}

/* Who asks comes before what: strangers do not have their JSON read. */
static int handle(void *arg)
{
	struct htp_job *job = arg;

	step_aside(job);
	if (may(job) && read_json(job))
		job->request.route->fn(&job->request, &job->reply, job->request.arg);
	return HWS_OK;
}

static void on_handled(void *arg, int r)
{
	struct htp_job *job = arg;

	if (!job->link) { /* nor may the server be there any more */
		htp_job_free(job);
		return;
	}
	job->server->stats.running[job->request.route->pool]--;
	if (r < 0)
		htp_reply_error(&job->reply, 503, "The server is about to end");
	htp_link_answer(job->link);
}

static enum htp_pool pool_of(const struct htp_job *job)
{
	/* parts may wait for something, which the loop may not */
	return job->request.route->pool == HTP_POOL_LOOP ? HTP_POOL_COMMON
							 : job->request.route->pool;
}

static int make_part(void *arg)
{
	struct htp_job *job = arg;
	int r = job->reply.part(job->reply.part_arg, &job->reply.body);

	return hws_buf_err(&job->reply.body) < 0 ? hws_buf_err(&job->reply.body) : r;
}

static void on_part(void *arg, int r)
{
	struct htp_job *job = arg;

	if (!job->link) {
		htp_job_free(job);
		return;
	}
	job->server->stats.running[pool_of(job)]--;
	htp_link_part(job->link, r);
}

int htp_job_part(struct htp_job *job)
{
	struct htp_server *s = job->server;
	int r;

	hws_buf_reset(&job->reply.body);
	r = hws_work_submit(s->pool[pool_of(job)], s->loop, make_part, on_part, job);
	if (r == HWS_OK)
		s->stats.running[pool_of(job)]++;
	return r;
}

void htp_job_run(struct htp_job *job)
{
	struct htp_server *s = job->server;
	enum htp_pool pool = job->answered ? HTP_POOL_LOOP : job->request.route->pool;

	job->began_us = hws_clock_us();
	if (pool == HTP_POOL_LOOP) {
		if (!job->answered)
			(void)handle(job);
		htp_link_answer(job->link);
		return;
	}
	if (hws_work_submit(s->pool[pool], s->loop, handle, on_handled, job) == HWS_OK) {
		s->stats.running[pool]++;
		return;
	}
	htp_reply_error(&job->reply, 503, "The server is busy; try again later");
	htp_reply_field(&job->reply, "Retry-After", "2");
	hws_count(&s->stats.refused[HTP_REFUSED_BUSY]);
	htp_link_answer(job->link);
}
