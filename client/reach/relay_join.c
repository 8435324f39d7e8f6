/* One leg at a relay: dial, one message, done. The relay answers nothing, so what can go wrong is
 * found out by time limits. Where its port refuses, or has been silent for a moment, it is dialed
 * by the web as well, and whichever stands first is used: the ports of server and relay may be let
 * through apart from each other. */
#include "client/reach/relay_join.h"
#include "shared/base/mem.h"
#include "shared/wire/envelope.h"
#include "shared/wire/frame.h"
#include "shared/wire/limits.h"

/* The host's way to the relay is much like ours to the host and back: one that is not heard after
 * several times of that has not come, be it that the relay was just starting or lost its leg. */
#define WORD_MIN_US 2000000
#define WORD_MAX_US 6000000
#define WEB_US 2000000 /* the head start of the relay's own port */

struct hws_relay_join {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_server_addr_open *dial, *web;
	struct hws_server_addr web_addr;
	struct hws_timer soon; /* the web joins */
	bool web_may, by_web;
	int why; /* the first failure */
	uint64_t timeout_us;
	struct hws_buf frame; /* header and RequestRelay */
	hws_relay_join_cb done;
	int (*on_socket)(int fd, void *arg);
	void *arg;
};

static void free_join(struct hws_relay_join *j)
{
	hws_timer_stop(&j->soon);
	hws_server_addr_open_cancel(j->dial);
	hws_server_addr_open_cancel(j->web);
	hws_buf_done(&j->frame);
	hws_free(j);
}

static void finish(struct hws_relay_join *j, int r, struct hws_stream *s)
{
	struct hws_bytes frame = hws_buf_bytes(&j->frame);

	if (r == HWS_OK) {
		/* A new socket takes a few hundred bytes at once; if not, something is wrong with
		 * it. */
		ssize_t n = hws_stream_write(s, frame);

		if (n != (ssize_t)frame.len) {
			hws_stream_close(s);
			s = NULL;
			r = n < 0 ? (int)n : HWS_ERR_RESET;
		}
	}
	j->done(r, s, j->arg);
	free_join(j);
}

static void start_web(void *arg);

static void failed(struct hws_relay_join *j, int why)
{
	if (j->why == HWS_OK)
		j->why = why;
	if (hws_err_class(why) == HWS_CLASS_NET && why != HWS_ERR_RESOLVE)
		start_web(j);
	if (!j->dial && !j->web)
		finish(j, j->why, NULL);
}

static void on_dialed(int r, struct hws_stream *s, void *arg)
{
	struct hws_relay_join *j = arg;

	j->dial = NULL;
	if (r == HWS_OK)
		finish(j, r, s);
	else
		failed(j, r);
}

static void on_web(int r, struct hws_stream *s, void *arg)
{
	struct hws_relay_join *j = arg;

	j->web = NULL;
	j->by_web = r == HWS_OK;
	if (r == HWS_OK)
		finish(j, r, s);
	else
		failed(j, r);
}

/* The process is going to have no other socket than the one that is connected first. */
static int on_socket(int fd, void *arg)
{
	struct hws_relay_join *j = arg;

	hws_timer_stop(&j->soon);
	j->web_may = false;
	hws_server_addr_open_cancel(j->web);
	j->web = NULL;
	return j->on_socket(fd, j->arg);
}

static int on_web_socket(int fd, void *arg)
{
	struct hws_relay_join *j = arg;

	hws_server_addr_open_cancel(j->dial);
	j->dial = NULL;
	return j->on_socket(fd, j->arg);
}

static void start_web(void *arg)
{
	struct hws_relay_join *j = arg;
	const struct hws_server_addr_conf open = { .server_addr = &j->web_addr,
		.timeout_us = j->timeout_us,
		.frame_max = HWS_SES_FRAME_MAX,
		.on_socket = j->on_socket ? on_web_socket : NULL };

	hws_timer_stop(&j->soon);
	if (!j->web_may)
		return;
	j->web_may = false;
	if (hws_server_addr_open_start(j->loop, j->work, &open, on_web, j, &j->web) < 0)
		j->web = NULL;
}

static int build_frame(struct hws_relay_join *j, const struct hws_relay_join_conf *conf)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__RequestRelay req = RDV__REQUEST_RELAY__INIT;
	uint8_t header[HWS_FRAME_HEADER_MAX];
	struct hws_buf body;
	int r;

	req.uuid = (char *)(uintptr_t)conf->uuid;
	req.licence_key = (char *)(uintptr_t)conf->key;
	if (conf->id)
		req.id = (char *)(uintptr_t)conf->id;
	req.conn_type = conf->conn_type;
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_REQUEST_RELAY;
	m.request_relay = &req;
	hws_buf_init(&body, HWS_RLY_FIRST_FRAME_MAX);
	r = hws_rdv_pack(&m, &body);
	if (r == HWS_OK) {
		hws_buf_put(&j->frame, header, hws_frame_header(hws_buf_len(&body), header));
		hws_buf_put(&j->frame, hws_buf_bytes(&body).ptr, hws_buf_len(&body));
		r = hws_buf_err(&j->frame);
	}
	hws_buf_done(&body);
	return r;
}

int hws_relay_join(struct hws_loop *loop, struct hws_work *work,
		const struct hws_relay_join_conf *conf, hws_relay_join_cb done, void *arg,
		struct hws_relay_join **ret)
{
	struct hws_relay_join *j = hws_alloc(sizeof(*j));
	struct hws_server_addr server_addr;
	const struct hws_server_addr_conf open = { .server_addr = &server_addr,
		.timeout_us = conf->timeout_us,
		.frame_max = HWS_SES_FRAME_MAX,
		.on_socket = conf->on_socket ? on_socket : NULL };
	int r;

	if (!j)
		return HWS_ERR_NOMEM;
	hws_buf_init(&j->frame, HWS_RLY_FIRST_FRAME_MAX + HWS_FRAME_HEADER_MAX);
	j->loop = loop;
	j->work = work;
	j->timeout_us = conf->timeout_us;
	j->done = done;
	j->on_socket = conf->on_socket;
	j->arg = arg;
	r = hws_server_addr_to_relay(conf->server, conf->relay, &server_addr);
	if (r == HWS_OK)
		r = build_frame(j, conf);
	if (r == HWS_OK)
		r = hws_server_addr_open_start(loop, work, &open, on_dialed, j, &j->dial);
	if (r < 0) {
		free_join(j);
		return r;
	}
	j->web_may = !conf->no_web && !hws_server_addr_needs_relay(&server_addr);
	if (j->web_may) {
		hws_server_addr_by_web(&server_addr, true, &j->web_addr);
		hws_timer_start(loop, &j->soon, WEB_US, start_web, j);
	}
	*ret = j;
	return HWS_OK;
}

bool hws_relay_join_by_web(const struct hws_relay_join *j)
{
	return j->by_web;
}

uint64_t hws_relay_join_patience(uint64_t took_us, bool last)
{
	uint64_t us = 4 * HWS_MIN(took_us, (uint64_t)WORD_MAX_US);

	if (last)
		return WORD_MAX_US;
	return HWS_MIN(HWS_MAX(us, (uint64_t)WORD_MIN_US), (uint64_t)WORD_MAX_US);
}

void hws_relay_join_cancel(struct hws_relay_join *j)
{
	if (j)
		free_join(j);
}
