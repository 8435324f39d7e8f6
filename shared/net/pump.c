/* Two streams joined; see pump.h. Each way has a buffer of its own, read into when it is empty
 * enough and written from at once. */
#include "shared/net/pump.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include <sys/socket.h>

#define CHUNK (64u << 10)
#define HELD_MAX (256u << 10) /* then nothing more is read; where its owner does not say less */
#define ROUNDS 8              /* reads of one stream in a turn */
#define WATCH_US (1 * HWS_US_PER_S)
/* After an end that the other stream cannot be told of (a WebSocket): who is there waits for it. */
#define UNTOLD_US (1 * HWS_US_PER_S)

struct way {
	struct hws_stream *from, *to;
	struct hws_buf held;
	bool ended; /* nothing more comes */
	bool shut;  /* and the other side knows */
	uint64_t bytes, taken_us;
};

struct hws_pump {
	struct hws_pump_conf conf;
	struct way way[2];
	uint64_t moved_us, half_us;
	bool closed;
	struct hws_timer watch;
	struct hws_deferred gone;
};

static void free_pump(void *arg)
{
	struct hws_pump *p = arg;

	hws_buf_done_wiped(&p->way[0].held);
	hws_buf_done_wiped(&p->way[1].held);
	hws_free(p);
}

void hws_pump_close(struct hws_pump *p)
{
	if (!p || p->closed)
		return;
	p->closed = true;
	hws_timer_stop(&p->watch);
	hws_stream_close(p->way[0].from);
	hws_stream_close(p->way[0].to);
	hws_loop_defer(p->conf.loop, &p->gone, free_pump, p);
}

static void finish(struct hws_pump *p, int why)
{
	if (p->closed)
		return;
	hws_pump_close(p);
	p->conf.on_end(p, why, p->conf.arg);
}

/* False: the pump has ended. */
static bool write_held(struct hws_pump *p, struct way *w)
{
	while (hws_buf_len(&w->held)) {
		ssize_t n = hws_stream_write(w->to, hws_buf_bytes(&w->held));

		if (n == HWS_ERR_AGAIN || n == 0)
			break;
		if (n < 0) {
			finish(p, (int)n);
			return false;
		}
		hws_buf_consume(&w->held, (size_t)n);
		w->bytes += (uint64_t)n;
		p->moved_us = w->taken_us = hws_loop_now_us(p->conf.loop);
	}
	if (!hws_buf_len(&w->held) && w->ended && !w->shut) {
		int fd = hws_stream_fd(w->to);

		w->shut = true;
		if (fd >= 0)
			(void)shutdown(fd, SHUT_WR);
		else
			p->half_us = HWS_MIN(p->half_us, UNTOLD_US);
	}
	return true;
}

static bool read_more(struct hws_pump *p, struct way *w)
{
	for (int i = 0; i < ROUNDS && !w->ended && hws_buf_len(&w->held) < p->conf.held_max; i++) {
		size_t chunk = HWS_MIN(p->conf.held_max, (size_t)CHUNK);
		uint8_t *room = hws_buf_reserve(&w->held, chunk);
		ssize_t n = room ? hws_stream_read(w->from, room, chunk) : HWS_ERR_NOMEM;

		if (n == HWS_ERR_AGAIN)
			break;
		if (n == HWS_ERR_EOF) {
			w->ended = true;
			p->moved_us = hws_loop_now_us(p->conf.loop);
		} else if (n < 0) {
			finish(p, (int)n);
			return false;
		} else {
			if (!hws_buf_len(&w->held))
				w->taken_us = hws_loop_now_us(p->conf.loop);
			hws_buf_commit(&w->held, (size_t)n);
			p->moved_us = hws_loop_now_us(p->conf.loop);
		}
		if (!write_held(p, w))
			return false;
	}
	return true;
}

static void set_wants(struct hws_pump *p)
{
	for (int i = 0; i < 2; i++) {
		const struct way *out = &p->way[i], *in = &p->way[1 - i];
		unsigned wants = 0;

		/* out.from is in.to */
		if (!out->ended && hws_buf_len(&out->held) < p->conf.held_max)
			wants |= HWS_STREAM_READ;
		if (hws_buf_len(&in->held))
			wants |= HWS_STREAM_WRITE;
		hws_stream_want(out->from, wants);
	}
}

static void on_ready(struct hws_stream *s, unsigned ready, void *arg)
{
	struct hws_pump *p = arg;

	for (int i = 0; i < 2; i++) {
		struct way *w = &p->way[i];

		if (ready & HWS_STREAM_WRITE && w->to == s && !write_held(p, w))
			return;
		if (ready & HWS_STREAM_READ && w->from == s && !read_more(p, w))
			return;
	}
	if (p->way[0].shut && p->way[1].shut)
		finish(p, HWS_OK);
	else
		set_wants(p);
}

static void on_watch(void *arg)
{
	struct hws_pump *p = arg;
	uint64_t now = hws_loop_now_us(p->conf.loop), quiet = now - p->moved_us;
	bool half = p->way[0].shut || p->way[1].shut;

	for (int i = 0; i < 2; i++)
		if (p->conf.stall_us && hws_buf_len(&p->way[i].held) &&
				now - p->way[i].taken_us >= p->conf.stall_us) {
			finish(p, HWS_ERR_TIMEOUT);
			return;
		}
	if (half && quiet >= p->half_us)
		finish(p, HWS_OK);
	else if (p->conf.idle_us && quiet >= p->conf.idle_us)
		finish(p, HWS_ERR_TIMEOUT);
}

static void join(struct hws_pump *p, struct hws_stream *a, struct hws_stream *b)
{
	p->way[0].from = p->way[1].to = a;
	p->way[0].to = p->way[1].from = b;
	for (int i = 0; i < 2; i++) {
		hws_buf_init(&p->way[i].held, HELD_MAX + CHUNK);
		p->way[i].taken_us = p->moved_us = hws_loop_now_us(p->conf.loop);
	}
}

int hws_pump_new(const struct hws_pump_conf *conf, struct hws_stream *a, struct hws_stream *b,
		struct hws_bytes first, struct hws_pump **ret)
{
	struct hws_pump *p = first.len <= HELD_MAX ? hws_alloc(sizeof(*p)) : NULL;

	if (!p) {
		hws_stream_close(a);
		hws_stream_close(b);
		return first.len <= HELD_MAX ? HWS_ERR_NOMEM : HWS_ERR_TOOBIG;
	}
	p->conf = *conf;
	if (!p->conf.held_max)
		p->conf.held_max = HELD_MAX;
	p->half_us = conf->half_us ? conf->half_us : UINT64_MAX;
	join(p, a, b);
	hws_buf_put(&p->way[0].held, first.ptr, first.len);
	if (hws_buf_err(&p->way[0].held)) {
		hws_pump_close(p);
		return HWS_ERR_NOMEM;
	}
	hws_stream_set_callback(a, on_ready, p);
	hws_stream_set_callback(b, on_ready, p);
	hws_timer_every(conf->loop, &p->watch, WATCH_US, on_watch, p);
	set_wants(p);
	*ret = p;
	return HWS_OK;
}

uint64_t hws_pump_forth(const struct hws_pump *p)
{
	return p->way[0].bytes;
}

uint64_t hws_pump_back(const struct hws_pump *p)
{
	return p->way[1].bytes;
}
