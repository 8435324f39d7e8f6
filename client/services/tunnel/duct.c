/* A socket and a stream of the mux joined; see duct.h. */
#include "client/services/tunnel/duct.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include <sys/socket.h>

#define WATCH_US (5 * HWS_US_PER_S)
#define CODE(name) SES__TUNNEL_CODE__TUNNEL_CODE_##name

struct hws_duct {
	struct hws_duct_conf conf;
	struct hws_mux_stream *s; /* NULL: no more */
	struct hws_stream *socket;
	struct hws_buf out; /* that the socket has not taken */
	bool eof_in;        /* nothing more comes from the other side */
	bool shut;          /* and the socket knows */
	bool read_done;     /* nothing more comes from the socket */
	bool ended;
	unsigned wants;
	uint64_t moved_us; /* a byte, either way */
	uint64_t taken_us; /* by the socket, or nothing waited for it */
	uint64_t bytes_in, bytes_out;
	struct hws_timer watch;
	struct hws_deferred gone;
};

static uint64_t now_us(struct hws_duct *d)
{
	return hws_loop_now_us(d->conf.loop);
}

static void want(struct hws_duct *d, unsigned set, unsigned unset)
{
	d->wants = (d->wants | set) & ~unset;
	hws_stream_want(d->socket, d->wants);
}

static void free_duct(void *arg)
{
	struct hws_duct *d = arg;

	hws_buf_done(&d->out);
	hws_free(d);
}

/* What ends otherwise than it should is reset here, too: who is at the socket must not take it for
 * an end. */
static void close_socket(struct hws_duct *d, Ses__TunnelCode code)
{
	const struct linger at_once = { 1, 0 };
	int fd = hws_stream_fd(d->socket);

	if (code != CODE(OK) && fd >= 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	hws_stream_close(d->socket);
}

static void end(struct hws_duct *d, Ses__TunnelCode code, const char *text, bool tell)
{
	if (d->ended)
		return;
	d->ended = true;
	hws_timer_stop(&d->watch);
	close_socket(d, code);
	hws_loop_defer(d->conf.loop, &d->gone, free_duct, d);
	if (tell)
		d->conf.on_end(d, code, text, d->conf.arg);
}

static void reset(struct hws_duct *d, Ses__TunnelCode code, const char *text)
{
	if (d->ended)
		return;
	struct hws_mux_stream *s = d->s;
	d->s = NULL;
	hws_mux_reset(s, code, text);
	end(d, code, text, true);
}

/* --- to the socket ---------------------------------------------------------------------------- */

static void shut_when_done(struct hws_duct *d)
{
	if (!d->eof_in || d->shut || hws_buf_len(&d->out))
		return;
	d->shut = true;
	(void)shutdown(hws_stream_fd(d->socket), SHUT_WR);
}

/* Bytes that it took, or an error. */
static ssize_t give(struct hws_duct *d, struct hws_bytes data)
{
	ssize_t n = data.len ? hws_stream_write(d->socket, data) : 0;

	if (n == HWS_ERR_AGAIN)
		n = 0;
	if (n > 0) {
		d->moved_us = d->taken_us = now_us(d);
		d->bytes_out += (uint64_t)n;
	}
	return n;
}

void hws_duct_data(struct hws_duct *d, struct hws_bytes data)
{
	ssize_t n = 0;

	if (d->ended)
		return;
	if (!hws_buf_len(&d->out)) {
		d->taken_us = now_us(d);
		n = give(d, data);
	}
	if (n >= 0 && (size_t)n < data.len)
		hws_buf_put(&d->out, data.ptr + n, data.len - (size_t)n);
	if (n < 0 || hws_buf_err(&d->out)) {
		reset(d, CODE(RESET), "the connection was reset");
		return;
	}
	if (hws_buf_len(&d->out))
		want(d, HWS_STREAM_WRITE, 0);
	hws_mux_consumed(d->s, (size_t)n);
}

static void flush(struct hws_duct *d)
{
	ssize_t n = give(d, hws_buf_bytes(&d->out));

	if (n < 0) {
		reset(d, CODE(RESET), "the connection was reset");
		return;
	}
	hws_buf_consume(&d->out, (size_t)n);
	if (!hws_buf_len(&d->out)) {
		hws_buf_reset(&d->out); /* gives the memory back */
		want(d, 0, HWS_STREAM_WRITE);
	}
	shut_when_done(d);
	if (n)
		hws_mux_consumed(d->s, (size_t)n);
}

void hws_duct_eof(struct hws_duct *d)
{
	if (d->ended)
		return;
	d->eof_in = true;
	shut_when_done(d);
}

/* --- from the socket -------------------------------------------------------------------------- */

ssize_t hws_duct_pull(struct hws_duct *d, uint8_t *buf, size_t max)
{
	if (d->ended || d->read_done)
		return 0;
	ssize_t n = hws_stream_read(d->socket, buf, max);
	if (n == HWS_ERR_AGAIN) {
		want(d, HWS_STREAM_READ, 0);
		return 0;
	}
	d->moved_us = now_us(d);
	if (n > 0)
		d->bytes_in += (uint64_t)n;
	else
		d->read_done = true;
	return n;
}

static void on_ready(struct hws_stream *s HWS_UNUSED, unsigned ready, void *arg)
{
	struct hws_duct *d = arg;

	if (ready & HWS_STREAM_WRITE && hws_buf_len(&d->out))
		flush(d);
	if (d->ended || !(ready & HWS_STREAM_READ))
		return;
	want(d, 0, HWS_STREAM_READ); /* until it was emptied */
	hws_mux_ready(d->s);
}

/* --- life ------------------------------------------------------------------------------------- */

static void on_watch(void *arg)
{
	struct hws_duct *d = arg;
	uint64_t now = now_us(d);

	if (d->conf.stall_us && hws_buf_len(&d->out) && now - d->taken_us >= d->conf.stall_us)
		reset(d, CODE(STALLED), "the connection took no byte for too long");
	else if (d->conf.idle_us && now - d->moved_us >= d->conf.idle_us)
		reset(d, CODE(IDLE), "not a byte came or went for too long");
}

int hws_duct_new(const struct hws_duct_conf *conf, struct hws_mux_stream *s,
		struct hws_stream *socket, struct hws_duct **ret)
{
	struct hws_duct *d = hws_alloc(sizeof(*d));

	if (!d) {
		hws_stream_close(socket);
		return HWS_ERR_NOMEM;
	}
	d->conf = *conf;
	d->s = s;
	d->socket = socket;
	d->moved_us = d->taken_us = now_us(d);
	hws_buf_init(&d->out, HWS_MUX_WINDOW_MAX);
	hws_stream_set_callback(socket, on_ready, d);
	want(d, HWS_STREAM_READ, 0);
	if (conf->idle_us || conf->stall_us)
		hws_timer_every(conf->loop, &d->watch, WATCH_US, on_watch, d);
	*ret = d;
	return HWS_OK;
}

void hws_duct_closed(struct hws_duct *d, Ses__TunnelCode code, const char *text)
{
	d->s = NULL;
	end(d, code, text, true);
}

void hws_duct_end(struct hws_duct *d, Ses__TunnelCode code, const char *text)
{
	if (!d || d->ended)
		return;
	struct hws_mux_stream *s = d->s;
	d->s = NULL;
	if (s)
		hws_mux_reset(s, code, text);
	end(d, code, text, false);
}

uint64_t hws_duct_bytes_out(const struct hws_duct *d)
{
	return d->bytes_out;
}

uint64_t hws_duct_bytes_in(const struct hws_duct *d)
{
	return d->bytes_in;
}
