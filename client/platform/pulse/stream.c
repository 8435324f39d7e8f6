/* Streams. One that was asked for before the server answered, or whose device gives way to another
 * default, is made (again) when the devices are known; who holds it notices a gap at most. */
#include "client/platform/pulse/parts.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <string.h>

#define BEHIND_US (500 * HWS_US_PER_MS) /* what a reader may be late before samples are lost */

static struct pulse_stream *stream_of(const struct hws_sound_stream *t)
{
	return hws_container((struct hws_sound_stream *)t, struct pulse_stream, base);
}

static const struct pulse_library *lib_of(const struct pulse_stream *t)
{
	return t->p->lib;
}

static size_t bytes_of_us(const struct pulse_stream *t, uint64_t us)
{
	const struct hws_sound_spec *s = &t->base.conf.spec;

	return (size_t)(us * s->rate / HWS_US_PER_S) * hws_sound_frame_bytes(s);
}

/* --- ends ------------------------------------------------------------------------------------- */

static void let_go(struct pulse_stream *t)
{
	pa_stream *s = t->stream;

	t->stream = NULL;
	t->ready = false;
	t->at[0] = 0;
	if (!s)
		return;
	lib_of(t)->stream_set_state_callback(s, NULL, NULL);
	lib_of(t)->stream_set_read_callback(s, NULL, NULL);
	lib_of(t)->stream_set_write_callback(s, NULL, NULL);
	lib_of(t)->stream_disconnect(s);
	lib_of(t)->stream_unref(s);
}

static void tell_gone(void *arg)
{
	struct pulse_stream *t = arg;
	char why[sizeof(t->why)]; /* the stream may be closed before it is read */

	let_go(t);
	memcpy(why, t->why, sizeof(why));
	if (t->base.conf.on_lost)
		t->base.conf.on_lost(why, t->base.conf.arg);
}

static void lose(struct pulse_stream *t, const char *why)
{
	if (t->lost)
		return;
	t->lost = true;
	snprintf(t->why, sizeof(t->why), "%s", why);
	hws_loop_defer(t->p->loop, &t->gone, tell_gone, t);
}

void pulse_streams_drop(struct pulse *p, const char *why)
{
	struct hws_list *n;

	hws_list_for (n, &p->streams) {
		struct pulse_stream *t = hws_container(n, struct pulse_stream, node);
		let_go(t);
		lose(t, why);
	}
}

void pulse_streams_no_voice(struct pulse *p)
{
	struct hws_list *n;

	hws_list_for (n, &p->streams) {
		struct pulse_stream *t = hws_container(n, struct pulse_stream, node);
		if (t->base.conf.way == HWS_SOUND_MICROPHONE)
			lose(t, "the sound server makes no microphone");
	}
}

/* --- from a device ---------------------------------------------------------------------------- */

static bool is_silent(const uint8_t *p, size_t n)
{
	return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

/* False: it was closed meanwhile. */
static bool tell_chunks(struct pulse_stream *t)
{
	unsigned frame = hws_sound_frame_bytes(&t->base.conf.spec);
	size_t bytes = (size_t)t->base.chunk_frames * frame;
	bool closed = false;

	while (hws_buf_len(&t->held) >= bytes) {
		const uint8_t *samples = hws_buf_bytes(&t->held).ptr;
		uint64_t behind = hws_buf_len(&t->held) / frame * HWS_US_PER_S /
				t->base.conf.spec.rate;
		struct hws_sound_chunk chunk = { .samples = samples,
			.frames = t->base.chunk_frames,
			.position = t->position,
			.time_us = hws_clock_us() - behind,
			.silent = is_silent(samples, bytes) };
		t->position += t->base.chunk_frames;
		t->closed = &closed;
		hws_sound_heard(&t->base, &chunk);
		if (closed)
			return false;
		t->closed = NULL;
		hws_buf_consume(&t->held, bytes);
	}
	return true;
}

/* A device that slept has not moved the position on. */
static void count_gap(struct pulse_stream *t)
{
	uint64_t now = hws_clock_us(), gap = t->last_us ? now - t->last_us : 0;

	t->last_us = now;
	if (gap > BEHIND_US)
		t->position += gap * t->base.conf.spec.rate / HWS_US_PER_S;
}

static void take_samples(struct pulse_stream *t, const void *data, size_t n)
{
	unsigned frame = hws_sound_frame_bytes(&t->base.conf.spec);
	uint8_t *hole;

	if (hws_buf_len(&t->held) + n > t->held_max) {
		t->position += n / frame;
		return;
	}
	if (data) {
		hws_buf_put(&t->held, data, n);
		return;
	}
	hole = hws_buf_reserve(&t->held, n);
	if (!hole)
		return;
	memset(hole, 0, n);
	hws_buf_commit(&t->held, n);
}

static void on_readable(pa_stream *s, size_t n HWS_UNUSED, void *arg)
{
	struct pulse_stream *t = arg;
	const void *data;

	count_gap(t);
	for (;;) {
		if (lib_of(t)->stream_peek(s, &data, &n) < 0 || n == 0)
			return;
		take_samples(t, data, n);
		lib_of(t)->stream_drop(s);
		if (!tell_chunks(t))
			return; /* and the stream of libpulse is not ours any more */
	}
}

/* --- to a device ------------------------------------------------------------------------------ */

static size_t room_of(const struct pulse_stream *t)
{
	size_t n;

	if (!t->ready)
		return t->held_max - hws_buf_len(&t->held);
	n = lib_of(t)->stream_writable_size(t->stream);
	return n == (size_t)-1 ? 0 : n;
}

static void on_writable(pa_stream *s HWS_UNUSED, size_t n HWS_UNUSED, void *arg)
{
	struct pulse_stream *t = arg;

	if (!t->full || t->lost)
		return;
	t->full = false;
	if (t->base.conf.on_room)
		t->base.conf.on_room(t->base.conf.arg);
}

int pulse_stream_write(struct hws_sound_stream *base, const void *samples, unsigned frames,
		unsigned *ret_taken)
{
	struct pulse_stream *t = stream_of(base);
	unsigned frame = hws_sound_frame_bytes(&base->conf.spec);

	if (t->lost)
		return HWS_ERR_CLOSED;
	unsigned n = (unsigned)HWS_MIN(room_of(t) / frame, (size_t)frames);
	if (n == 0) {
		t->full = true;
		return HWS_ERR_AGAIN;
	}
	if (!t->ready) {
		hws_buf_put(&t->held, samples, (size_t)n * frame);
		if (hws_buf_err(&t->held) < 0)
			return hws_buf_err(&t->held);
	} else if (lib_of(t)->stream_write(t->stream, samples, (size_t)n * frame, NULL, 0,
				   PA_SEEK_RELATIVE) < 0) {
		lose(t, "the sound server takes no more");
		return HWS_ERR_CLOSED;
	}
	*ret_taken = n;
	return HWS_OK;
}

/* What was written before there was a stream. */
static void write_held(struct pulse_stream *t)
{
	struct hws_bytes b = hws_buf_bytes(&t->held);

	if (b.len &&
			lib_of(t)->stream_write(
					t->stream, b.ptr, b.len, NULL, 0, PA_SEEK_RELATIVE) < 0)
		lose(t, "the sound server takes no more");
	hws_buf_reset(&t->held);
	on_writable(t->stream, 0, t);
}

/* --- both ------------------------------------------------------------------------------------- */

uint64_t pulse_stream_latency_us(const struct hws_sound_stream *base)
{
	const struct pulse_stream *t = stream_of(base);
	unsigned frame = hws_sound_frame_bytes(&base->conf.spec);
	uint64_t held = hws_buf_len(&t->held) / frame * HWS_US_PER_S / base->conf.spec.rate;
	pa_usec_t us = 0;
	int negative = 0;

	if (t->ready && lib_of(t)->stream_get_latency(t->stream, &us, &negative) == 0 && !negative)
		return us + held + 1;
	return hws_sound_way_gives(base->conf.way) ? base->conf.chunk_us : held;
}

static void on_state(pa_stream *s, void *arg)
{
	struct pulse_stream *t = arg;

	switch (lib_of(t)->stream_get_state(s)) {
	case PA_STREAM_READY:
		t->ready = true;
		t->last_us = 0;
		if (!hws_sound_way_gives(t->base.conf.way))
			write_held(t);
		return;
	case PA_STREAM_FAILED:
	case PA_STREAM_TERMINATED:
		/* Its device has gone. There may be another default: the next list tells. */
		t->ready = false;
		if (t->device[0])
			lose(t, "the device has gone");
		return;
	default:
		return;
	}
}

static pa_stream *make(struct pulse_stream *t)
{
	static const char *const names[HWS_SOUND_WAYS] = { "Sound for a remote viewer",
		"Voice of a remote person", "Sound of a remote desktop",
		"Voice for a remote person" };
	const struct hws_sound_spec *spec = &t->base.conf.spec;
	const pa_sample_spec ss = { .format = spec->sample == HWS_SOUND_S16 ? PA_SAMPLE_S16NE
									    : PA_SAMPLE_FLOAT32NE,
		.rate = spec->rate,
		.channels = spec->channels };
	pa_proplist *props = lib_of(t)->proplist_new();
	pa_stream *s;

	if (!props)
		return NULL;
	/* A server that can keeps loudspeakers out of a microphone for those that ask. */
	if (t->base.conf.way == HWS_SOUND_RECORD) {
		lib_of(t)->proplist_sets(props, PA_PROP_MEDIA_ROLE, "phone");
		lib_of(t)->proplist_sets(props, PA_PROP_FILTER_WANT, "echo-cancel");
	}
	s = lib_of(t)->stream_new_with_proplist(
			t->p->context, names[t->base.conf.way], &ss, NULL, props);
	lib_of(t)->proplist_free(props);
	return s;
}

static int connect_stream(struct pulse_stream *t, const char *at)
{
	const struct hws_sound_stream_conf *c = &t->base.conf;
	unsigned frame = hws_sound_frame_bytes(&c->spec);
	pa_buffer_attr attr = { .maxlength = (uint32_t)-1,
		.tlength = (uint32_t)-1,
		.prebuf = (uint32_t)-1,
		.minreq = (uint32_t)-1,
		.fragsize = (uint32_t)-1 };
	int flags = PA_STREAM_ADJUST_LATENCY | PA_STREAM_AUTO_TIMING_UPDATE |
			PA_STREAM_INTERPOLATE_TIMING;
	char monitor[PULSE_NAME + 16];

	if (hws_sound_way_gives(c->way)) {
		attr.fragsize = t->base.chunk_frames * frame;
		lib_of(t)->stream_set_read_callback(t->stream, on_readable, t);
		/* Nothing plays: the device may sleep, and nothing runs. */
		if (c->way == HWS_SOUND_CAPTURE)
			flags |= PA_STREAM_DONT_INHIBIT_AUTO_SUSPEND;
		if (hws_fmt(monitor, sizeof(monitor), "%s%s", at,
				    c->way == HWS_SOUND_CAPTURE ? ".monitor" : "") < 0)
			return -1;
		return lib_of(t)->stream_connect_record(
				t->stream, monitor, &attr, (pa_stream_flags_t)flags);
	}
	attr.tlength = (uint32_t)bytes_of_us(t, c->latency_us);
	attr.minreq = (uint32_t)bytes_of_us(t, c->latency_us / 4);
	/* What is not there in time is silence. Without this what comes later would be put where
	 * it should have been, and never be heard. */
	attr.prebuf = attr.tlength / 2;
	lib_of(t)->stream_set_write_callback(t->stream, on_writable, t);
	return lib_of(t)->stream_connect_playback(
			t->stream, at, &attr, (pa_stream_flags_t)flags, NULL, NULL);
}

/* The device of the server that it belongs to; "" = there is none now. */
static const char *place_of(const struct pulse_stream *t)
{
	const struct pulse *p = t->p;

	switch (t->base.conf.way) {
	case HWS_SOUND_MICROPHONE:
		return p->voice_module == PA_INVALID_INDEX ? "" : p->voice_sink;
	case HWS_SOUND_RECORD:
		return t->device[0] ? t->device : p->source;
	default:
		return t->device[0] ? t->device : p->sink;
	}
}

static void place(struct pulse_stream *t)
{
	const char *at;

	if (t->lost)
		return;
	if (t->base.conf.way == HWS_SOUND_MICROPHONE && !t->voiced) {
		t->voiced = true;
		pulse_voice_begin(t->p);
	}
	at = place_of(t);
	if (!*at && t->base.conf.way == HWS_SOUND_MICROPHONE)
		return; /* it is being made */
	if (!*at) {
		lose(t,
				t->base.conf.way == HWS_SOUND_RECORD ? "there is no microphone"
								     : "there is no loudspeaker");
		return;
	}
	if (t->stream && hws_str_equal(at, t->at) &&
			lib_of(t)->stream_get_state(t->stream) <= PA_STREAM_READY)
		return;
	let_go(t);
	hws_buf_reset(&t->held);
	t->stream = make(t);
	if (!t->stream || hws_str_copy(t->at, sizeof(t->at), at) < 0) {
		lose(t, "no memory for sound");
		return;
	}
	lib_of(t)->stream_set_state_callback(t->stream, on_state, t);
	if (connect_stream(t, at) < 0)
		lose(t, "the sound server refuses the device");
}

void pulse_streams_place(struct pulse *p)
{
	struct hws_list *n;

	hws_list_for (n, &p->streams)
		place(hws_container(n, struct pulse_stream, node));
}

static bool has_device(const struct pulse *p, const struct hws_sound_stream_conf *conf)
{
	for (unsigned i = 0; i < p->count; i++)
		if (p->list[i].way == conf->way &&
				(conf->device ? hws_str_equal(p->list[i].id, conf->device)
					      : p->list[i].is_default))
			return true;
	return false;
}

static void place_later(void *arg)
{
	struct pulse_stream *t = arg;

	if (t->p->state == PULSE_READY)
		place(t);
	else if (t->p->state == PULSE_DOWN && !t->p->context)
		lose(t, t->p->why);
}

int pulse_stream_open(struct hws_sound *s, const struct hws_sound_stream_conf *conf,
		struct hws_sound_stream **ret)
{
	struct pulse *p = pulse_of(s);
	struct pulse_stream *t;

	pulse_connect(p);
	/* A microphone of the server's may be a monitor, which no list has. */
	if (p->state == PULSE_READY && !has_device(p, conf) &&
			(conf->device || conf->way != HWS_SOUND_RECORD || !p->source[0]))
		return HWS_ERR_NOTFOUND;
	if (p->open == PULSE_STREAMS_MAX)
		return HWS_ERR_FULL;
	t = hws_alloc(sizeof(*t));
	if (!t)
		return HWS_ERR_NOMEM;
	if (conf->device && hws_str_copy(t->device, sizeof(t->device), conf->device) < 0) {
		hws_free(t);
		return HWS_ERR_NOTFOUND;
	}
	t->p = p;
	t->base.conf = *conf; /* which the caller sets again, for sizes that are asked for here */
	t->held_max = bytes_of_us(t,
			hws_sound_way_gives(conf->way) ? BEHIND_US + conf->chunk_us
						       : conf->latency_us);
	hws_buf_init(&t->held, t->held_max);
	hws_list_push(&p->streams, &t->node);
	p->open++;
	hws_loop_defer(p->loop, &t->placing, place_later, t); /* its chunk_frames are set by then */
	*ret = &t->base;
	return HWS_OK;
}

void pulse_stream_close(struct hws_sound_stream *base)
{
	struct pulse_stream *t = stream_of(base);

	if (t->closed)
		*t->closed = true;
	hws_loop_defer_cancel(&t->gone);
	hws_loop_defer_cancel(&t->placing);
	let_go(t);
	hws_list_remove(&t->node);
	t->p->open--;
	if (t->voiced)
		pulse_voice_end(t->p);
	hws_buf_done(&t->held);
	hws_free(t);
}
