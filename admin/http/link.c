/* A connection: one request after the other. While one is handled nothing is read, so that a client
 * has at most one in work and pushes back through TCP. Each phase has its time limit, which no
 * trickle of bytes moves. */
#include "admin/http/server_parts.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/daemon/metrics.h"
#include <string.h>
#include <sys/socket.h>

#define IN_MAX (HTP_HEAD_MAX + READ_SIZE)
#define READ_SIZE (16u << 10)
#define OUT_MAX (HTP_REPLY_MAX + (16u << 10))
#define BODY_US (10 * HWS_US_PER_S) /* and a second for each so many bytes: */
#define BODY_BYTES_PER_S (32u << 10)
#define WRITE_US (60 * HWS_US_PER_S)
#define LINGER_US (2 * HWS_US_PER_S)
#define PART_AGAIN_US (100 * HWS_US_PER_MS)

enum link_state {
	LINK_HEAD,
	LINK_BODY,
	LINK_RUNNING, /* the job is with a pool */
	LINK_WRITING,
	LINK_PART,  /* the next part of the reply is being made by a pool */
	LINK_LINGER /* all is said: drops what still comes, lest a reset overtakes the reply */
};

struct htp_link {
	struct hws_list node;
	struct htp_server *server;
	struct hws_stream *stream;
	struct sockaddr_storage peer; /* as counted in server->admit */
	struct htp_way way;
	enum link_state state;
	bool begun; /* bytes of the next request have come */
	bool eof, keep_alive, closed;
	bool advancing;
	struct hws_timer deadline;
	struct hws_buf in, out;
	struct htp_body body;
	struct htp_job *job;
	struct hws_deferred deferred;
};

static void free_link(void *arg)
{
	struct htp_link *l = arg;

	hws_buf_done_wiped(&l->in);
	hws_buf_done_wiped(&l->out);
	hws_free(l);
}

static void close_link(struct htp_link *l)
{
	struct htp_server *s = l->server;

	if (l->closed)
		return;
	l->closed = true;
	hws_timer_stop(&l->deadline);
	hws_stream_close(l->stream);
	hws_list_remove(&l->node);
	if (l->job && (l->state == LINK_RUNNING || l->state == LINK_PART))
		l->job->link = NULL; /* the pool's until it is done */
	else
		htp_job_free(l->job);
	l->job = NULL;
	if (!l->way.local)
		hws_admit_close(s->admit, &l->peer);
	s->stats.links--;
	hws_loop_defer(s->loop, &l->deferred, free_link, l);
	htp_server_link_gone(s);
}

static void on_deadline(void *arg)
{
	struct htp_link *l = arg;

	if (l->state != LINK_LINGER && (l->state != LINK_HEAD || l->begun))
		hws_count(&l->server->stats.refused[HTP_REFUSED_SLOW]);
	close_link(l);
}

static void limit(struct htp_link *l, uint64_t us)
{
	hws_timer_start(l->server->loop, &l->deadline, us, on_deadline, l);
}

/* --- reading ---------------------------------------------------------------------------------- */

static void consume(struct htp_link *l, size_t n)
{
	if (n)
		hws_buf_consume(&l->in, n);
}

/* Answers without a handler, and reads no further request. */
static void refuse(struct htp_link *l, int status, enum htp_refused why)
{
	hws_count(&l->server->stats.refused[why]);
	l->keep_alive = false;
	if (!l->job->answered) /* what stands says more, as that there is nothing here */
		htp_reply_error(&l->job->reply, status, "%s", htp_status_text(status));
	htp_link_answer(l);
}

static void begin_body(struct htp_link *l)
{
	const struct htp_head *head = &l->job->request.head;
	uint64_t max = htp_job_body_max(l->job);

	l->state = LINK_BODY;
	limit(l,
			BODY_US +
					(head->chunked ? max : HWS_MIN(head->length, max)) /
							BODY_BYTES_PER_S * HWS_US_PER_S);
	if (htp_body_init(&l->body, head, max) < 0) {
		refuse(l, 413, HTP_REFUSED_BODY);
		return;
	}
	if (!htp_job_hold(l->job, head->chunked ? max : HWS_MIN(head->length, max))) {
		htp_reply_error(&l->job->reply, 503,
				"Too many large requests at a time; try again later");
		htp_reply_field(&l->job->reply, "Retry-After", "5");
		l->job->answered = true;
		refuse(l, 503, HTP_REFUSED_BUSY);
		return;
	}
	if (!head->expect_continue || l->body.state == HTP_BODY_END)
		return;
	if (l->job->answered) { /* who waits for our word need not send it */
		l->keep_alive = false;
		l->body.state = HTP_BODY_END;
		return;
	}
	hws_buf_put_str(&l->out, "HTTP/1.1 100 Continue\r\n\r\n");
}

static void begin_request(struct htp_link *l, size_t len)
{
	struct hws_bytes head = hws_bytes(hws_buf_bytes(&l->in).ptr, len);
	int r = htp_job_new(l->server, head, &l->peer, l->way, &l->job);

	if (r == HWS_ERR_NOMEM) {
		close_link(l);
		return;
	}
	consume(l, len);
	l->body.state = HTP_BODY_SIZE; /* not that of the request before */
	l->job->link = l;
	l->keep_alive = r == HWS_OK && l->job->request.head.keep_alive;
	if (r == HWS_OK)
		begin_body(l);
	else
		htp_link_answer(l);
}

/* Line ends in front of a request: some clients send one behind a body. */
static void skip_breaks(struct htp_link *l)
{
	struct hws_bytes in = hws_buf_bytes(&l->in);
	size_t n = 0;

	while (n + 1 < in.len && in.ptr[n] == '\r' && in.ptr[n + 1] == '\n')
		n += 2;
	consume(l, n);
}

static bool step_head(struct htp_link *l)
{
	size_t len = 0;
	int r;

	skip_breaks(l);
	if (!l->begun && hws_buf_len(&l->in)) {
		l->begun = true;
		limit(l, l->server->conf.head_us);
	}
	r = htp_head_end(hws_buf_bytes(&l->in), &len);
	if (r == HWS_ERR_SHORT) {
		if (l->eof)
			close_link(l);
		return false;
	}
	if (r == HWS_OK) {
		begin_request(l, len);
	} else {
		/* a job for the reply alone, of a head that cannot be wrong in another way */
		r = htp_job_new(l->server, hws_bytes("\r\n\r\n", 4), &l->peer, l->way, &l->job);
		if (r == HWS_ERR_NOMEM) {
			close_link(l);
			return false;
		}
		l->job->link = l;
		l->body.state = HTP_BODY_SIZE;
		l->keep_alive = false;
		htp_reply_error(&l->job->reply, 431, "%s", htp_status_text(431));
		htp_link_answer(l);
	}
	return true;
}

static bool step_body(struct htp_link *l)
{
	size_t used = 0;
	int r = htp_body_feed(&l->body, hws_buf_bytes(&l->in), &used, htp_job_body(l->job));

	consume(l, used);
	if (r == HWS_OK) {
		l->state = LINK_RUNNING;
		hws_timer_stop(&l->deadline);
		htp_job_run(l->job);
		return true;
	}
	if (r == HWS_ERR_SHORT || r == HWS_ERR_NOMEM) {
		if (l->eof || r == HWS_ERR_NOMEM)
			close_link(l);
		return false;
	}
	refuse(l, r == HWS_ERR_TOOBIG ? 413 : 400, HTP_REFUSED_BODY);
	return true;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void flush(struct htp_link *l)
{
	while (hws_buf_len(&l->out) && !l->closed) {
		ssize_t n = hws_stream_write(l->stream, hws_buf_bytes(&l->out));

		if (n == HWS_ERR_AGAIN || n == 0)
			return;
		if (n < 0)
			close_link(l);
		else
			hws_buf_consume(&l->out, (size_t)n);
	}
}

static void count(struct htp_link *l)
{
	struct htp_stats *stats = &l->server->stats;
	const struct htp_route *route = l->job->request.route;
	enum htp_rate rate = route ? route->rate : HTP_RATE_FREE;
	uint64_t began = l->job->began_us, us = began ? hws_clock_us() - began : 0;
	unsigned bucket = 0;

	while (bucket < HTP_BUCKETS - 1 && us > htp_bucket_ms[bucket] * HWS_US_PER_MS)
		bucket++;
	hws_count(&stats->requests[rate][HWS_MIN(l->job->reply.status / 100, 5)]);
	hws_count(&stats->latency[rate][bucket]);
	hws_count_add(&stats->latency_us[rate], us);
	/* of what was asked the pattern only: tokens and names stand in the rest */
	hws_debug("request", HWS_STR("method", htp_method_name(l->job->request.head.method)),
			HWS_STR("route", route ? route->pattern : ""),
			HWS_I64("status", l->job->reply.status), HWS_U64("us", us));
}

static void begin_linger(struct htp_link *l)
{
	int fd = hws_stream_fd(l->stream);

	if (fd < 0 && l->body.state == HTP_BODY_END) {
		close_link(l); /* TLS says so itself, and nothing is left unread */
		return;
	}
	l->state = LINK_LINGER;
	limit(l, LINGER_US);
	if (fd >= 0)
		(void)shutdown(fd, SHUT_WR);
}

static void begin_part(void *arg)
{
	struct htp_link *l = arg;

	hws_timer_stop(&l->deadline);
	l->state = LINK_PART;
	if (htp_job_part(l->job) < 0) { /* all threads have enough to do */
		l->state = LINK_WRITING;
		hws_timer_start(l->server->loop, &l->deadline, PART_AGAIN_US, begin_part, l);
	}
}

static void put_part(struct htp_link *l, bool last)
{
	struct hws_bytes part = hws_buf_bytes(&l->job->reply.body);
	bool chunked = !l->job->request.head.http10;

	if (part.len) {
		if (chunked)
			hws_buf_fmt(&l->out, "%zx\r\n", part.len);
		hws_buf_put(&l->out, part.ptr, part.len);
		if (chunked)
			hws_buf_put_str(&l->out, "\r\n");
	}
	if (last && chunked)
		hws_buf_put_str(&l->out, "0\r\n\r\n");
}

static bool step_writing(struct htp_link *l)
{
	flush(l);
	if (l->closed || hws_buf_len(&l->out))
		return false;
	if (l->job) {
		begin_part(l);
		return false;
	}
	hws_buf_done(&l->out); /* links may be many and idle */
	hws_buf_init(&l->out, OUT_MAX);
	if (!hws_buf_len(&l->in)) {
		hws_buf_done_wiped(&l->in);
		hws_buf_init(&l->in, IN_MAX);
	}
	if (!l->keep_alive) {
		begin_linger(l);
		return !l->closed;
	}
	l->state = LINK_HEAD;
	l->begun = false;
	limit(l, l->server->conf.idle_us);
	return true;
}

static bool step_linger(struct htp_link *l)
{
	consume(l, hws_buf_len(&l->in));
	if (l->eof)
		close_link(l);
	return false;
}

static bool step_running(struct htp_link *l)
{
	(void)l;
	return false;
}

/* --- the turn --------------------------------------------------------------------------------- */

static bool (*const step[])(struct htp_link *l) = {
	[LINK_HEAD] = step_head,
	[LINK_BODY] = step_body,
	[LINK_RUNNING] = step_running,
	[LINK_WRITING] = step_writing,
	[LINK_PART] = step_running,
	[LINK_LINGER] = step_linger,
};

static void set_wants(struct htp_link *l)
{
	bool reads = l->state == LINK_HEAD || l->state == LINK_BODY || l->state == LINK_LINGER;

	if (l->eof || hws_buf_len(&l->in) >= IN_MAX)
		reads = false;
	hws_stream_want(l->stream,
			(reads ? HWS_STREAM_READ : 0) |
					(hws_buf_len(&l->out) ? HWS_STREAM_WRITE : 0));
}

static void advance(struct htp_link *l)
{
	if (l->advancing) /* a reply from within a step: the loop below goes on with it */
		return;
	l->advancing = true;
	while (!l->closed && step[l->state](l))
		;
	l->advancing = false;
	if (!l->closed)
		set_wants(l);
}

static void fill(struct htp_link *l)
{
	size_t room = HWS_MIN(IN_MAX - hws_buf_len(&l->in), (size_t)READ_SIZE);
	uint8_t *to = room ? hws_buf_reserve(&l->in, room) : NULL;
	ssize_t n;

	if (!to) {
		close_link(l);
		return;
	}
	n = hws_stream_read(l->stream, to, room);
	if (n > 0)
		hws_buf_commit(&l->in, (size_t)n);
	else if (n == HWS_ERR_EOF)
		l->eof = true;
	else if (n != HWS_ERR_AGAIN)
		close_link(l);
}

static void on_ready(struct hws_stream *stream, unsigned ready, void *arg)
{
	struct htp_link *l = arg;

	(void)stream;
	if (ready & HWS_STREAM_WRITE)
		flush(l);
	if ((ready & HWS_STREAM_READ) && !l->closed)
		fill(l);
	advance(l);
}

static void write_out(struct htp_link *l)
{
	l->state = LINK_WRITING;
	limit(l, WRITE_US + hws_buf_len(&l->out) / BODY_BYTES_PER_S * HWS_US_PER_S);
	advance(l);
}

uint64_t htp_links_held(const struct htp_server *s, const struct sockaddr_storage *peer)
{
	const struct hws_list *node;
	uint64_t sum = 0;

	hws_list_for (node, &s->link_list) {
		const struct htp_link *l = hws_container(node, struct htp_link, node);

		if (l->job && l->job->held && hws_addr_ip_equal(&l->job->request.peer, peer))
			sum += l->job->held;
	}
	return sum;
}

void htp_link_answer(struct htp_link *l)
{
	struct htp_job *job = l->job;
	struct htp_reply_form form = {
		.head = job->request.head.method == HTP_HEAD && job->request.head.target,
		.tls = l->way.tls,
		.origin = htp_origins_match(&l->server->origins, &job->request.head),
	};

	form.chunked = !job->request.head.http10;
	l->keep_alive = l->keep_alive && !l->server->draining && !l->eof &&
			(!job->reply.part || form.chunked);
	form.keep_alive = l->keep_alive;
	if (job->reply.status >= 400 && l->server->conf.shape)
		l->server->conf.shape(&job->request, &job->reply, l->server->conf.arg);
	htp_reply_write(&job->reply, &form, &l->out);
	count(l);
	if (!job->reply.part || form.head) {
		htp_job_free(job);
		l->job = NULL;
	}
	if (hws_buf_err(&l->out)) {
		close_link(l);
		return;
	}
	write_out(l);
}

void htp_link_part(struct htp_link *l, int r)
{
	l->state = LINK_WRITING; /* the job is the link's again */
	if (r == HWS_OK || r == HWS_ERR_EOF)
		put_part(l, r == HWS_ERR_EOF);
	if ((r < 0 && r != HWS_ERR_EOF) || hws_buf_err(&l->out)) {
		close_link(l);
		return;
	}
	if (r == HWS_ERR_EOF) {
		htp_job_free(l->job);
		l->job = NULL;
	}
	write_out(l);
}

int htp_link_new(struct htp_server *s, struct hws_stream *stream,
		const struct sockaddr_storage *peer, struct htp_way way)
{
	struct htp_link *l = hws_alloc(sizeof(*l));

	if (!l) {
		hws_stream_close(stream);
		return HWS_ERR_NOMEM;
	}
	l->server = s;
	l->stream = stream;
	l->peer = *peer;
	l->way = way;
	l->begun = true; /* who connects has something to ask */
	hws_buf_init(&l->in, IN_MAX);
	hws_buf_init(&l->out, OUT_MAX);
	hws_list_push(&s->link_list, &l->node);
	s->stats.links++;
	hws_count(&s->stats.links_total);
	hws_stream_set_callback(stream, on_ready, l);
	limit(l, s->conf.head_us);
	set_wants(l);
	return HWS_OK;
}

void htp_links_close(struct htp_server *s, bool idle_only)
{
	struct hws_list *node, *next;

	hws_list_for_safe (node, next, &s->link_list) {
		struct htp_link *l = hws_container(node, struct htp_link, node);

		if (!idle_only || (l->state == LINK_HEAD && !l->begun))
			close_link(l);
	}
}
