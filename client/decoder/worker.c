/* The decoder's end of the protocol. It holds no secret and decides nothing: a stranger's bytes
 * come in with what the viewer asks, and pixels or texts go out. One request at a time. */
#include "client/decoder/worker.h"
#include "client/decoder/channel.h"
#include "client/decoder/display_decoder.h"
#include "client/decoder/protocol.h"
#include "client/decoder/sound_decoder.h"
#include "client/decoder/worker_device.h"
#include "client/media/png.h"
#include "shared/base/mem.h"
#include "shared/sys/isolation.h"
#include "shared/sys/sandbox.h"
#include "shared/sys/shared_memory.h"
#include "shared/wire/compress.h"
#include <unistd.h>

#define AT_ONCE (60u << 10) /* of what follows a request: most packets are smaller */

struct display {
	struct hws_display_decoder decoder;
	unsigned width, height; /* of the room; 0: none */
	struct hws_picture *slot[HWS_DECODE_SLOTS];
};

struct worker {
	int fd;
	struct hws_decode_request request; /* the one that is served */
	struct hws_buf payload, out;
	struct hws_local_fds fds; /* that came with it */
	struct worker_device *device;
	bool by_device; /* the last packets were decoded by it */
	struct display display[HWS_DECODE_DISPLAYS_MAX];
	struct hws_sound_decoder sound;
};

/* --- talking ---------------------------------------------------------------------------------- */

static int answer(struct worker *w, struct hws_decode_answer *a, struct hws_bytes rest)
{
	a->id = w->request.id;
	a->size = (uint32_t)rest.len;
	return hws_decode_write(w->fd, hws_bytes(a, sizeof(*a)), rest);
}

static int done(struct worker *w, int result)
{
	struct hws_decode_answer a = {
		.kind = HWS_DECODE_DONE, .result = result, .display = w->request.display
	};

	return answer(w, &a, (struct hws_bytes){ 0 });
}

/* --- room for pictures ------------------------------------------------------------------------ */

static void leave_room(struct display *d)
{
	for (unsigned i = 0; i < HWS_DECODE_SLOTS; i++) {
		hws_picture_drop(d->slot[i]);
		d->slot[i] = NULL;
	}
	d->width = d->height = 0;
}

static int take_room(
		struct display *d, const struct hws_decode_request *q, struct hws_local_fds *fds)
{
	int r = fds->n == q->slots && !fds->cut ? HWS_OK : HWS_ERR_PROTO;

	leave_room(d);
	for (unsigned i = 0; i < q->slots && r == HWS_OK; i++) {
		struct hws_shared_memory *m;
		r = hws_shared_memory_map(
				fds->fd[i], hws_decode_slot_bytes(q->width, q->height), true, &m);
		if (r < 0)
			break;
		r = hws_picture_over(HWS_PIXEL_BGRA, (int)q->width, (int)q->height,
				hws_shared_memory_bytes(m), (int)q->stride, m,
				hws_shared_memory_free, &d->slot[i]);
		if (r < 0)
			hws_shared_memory_free(m);
	}
	if (r < 0) {
		leave_room(d);
		return r;
	}
	d->width = q->width;
	d->height = q->height;
	return HWS_OK;
}

/* HWS_ERR_TOOBIG: the viewer does not want pictures of this size. */
static int ask_room(struct worker *w, struct display *d, unsigned width, unsigned height)
{
	struct hws_decode_answer a = { .kind = HWS_DECODE_NEED,
		.display = w->request.display,
		.width = width,
		.height = height };
	struct hws_decode_request q;
	struct hws_local_fds fds;
	int r = answer(w, &a, (struct hws_bytes){ 0 });

	if (r == HWS_OK)
		r = hws_decode_read(w->fd, &q, sizeof(q), &fds);
	if (r < 0)
		return HWS_ERR_CLOSED;
	if (hws_decode_request_check(&q) < 0 || q.kind != HWS_DECODE_ROOM ||
			q.display != w->request.display)
		r = HWS_ERR_CLOSED;
	else if (q.slots == 0)
		r = HWS_ERR_TOOBIG;
	else
		r = take_room(d, &q, &fds);
	hws_local_fds_close(&fds);
	return r;
}

/* --- requests --------------------------------------------------------------------------------- */

/* What the headers of the packets ask for, before any is decoded. */
static int prepare_room(struct worker *w, struct display *d, struct hws_bytes packets)
{
	unsigned width = 0, height = 0;

	for (uint32_t i = 0; i < w->request.packets; i++) {
		struct hws_packet_size s;
		struct hws_bytes p;
		if (hws_decode_next_packet(&packets, &p) < 0)
			return HWS_ERR_CLOSED;
		int r = hws_codec_packet_size((enum hws_codec)w->request.codec, p, &s);
		if (r < 0)
			return r;
		width = HWS_MAX(width, s.width);
		height = HWS_MAX(height, s.height);
	}
	if ((width || height) &&
			(width > HWS_PICTURE_SIDE_MAX || height > HWS_PICTURE_SIDE_MAX ||
					!hws_picture_fits((int)width, (int)height)))
		return HWS_ERR_TOOBIG;
	/* Smaller ones may be hidden, or a part of what is shown: that turns out later. */
	if ((unsigned long)width * height <= (unsigned long)d->width * d->height)
		return HWS_OK;
	return ask_room(w, d, width, height);
}

static int decode_all(struct worker *w, struct display *d, struct hws_bytes packets,
		const struct hws_picture **ret)
{
	const struct hws_decode_request *q = &w->request;
	bool reset = q->flags & HWS_DECODE_RESET;
	uint64_t before = hws_hardware_pictures(HWS_HW_DECODES);

	*ret = NULL;
	for (uint32_t i = 0; i < q->packets; i++, reset = false) {
		const struct hws_picture *p = NULL;
		struct hws_bytes packet;
		if (hws_decode_next_packet(&packets, &packet) < 0)
			return HWS_ERR_CLOSED;
		int r = hws_display_decoder_packet(
				&d->decoder, (enum hws_codec)q->codec, reset, packet, &p);
		if (r == HWS_OK)
			*ret = p;
		else if (r != HWS_ERR_AGAIN)
			return r;
	}
	w->by_device = hws_hardware_pictures(HWS_HW_DECODES) != before;
	return *ret ? HWS_OK : HWS_ERR_AGAIN;
}

/* The answer with a picture: in the slot, which shows it by now. */
static int shown(struct worker *w, const struct hws_picture *p, struct hws_rect damage)
{
	struct hws_decode_answer a = { .kind = HWS_DECODE_DONE,
		.display = w->request.display,
		.width = (uint32_t)p->width,
		.height = (uint32_t)p->height,
		.x = damage.x,
		.y = damage.y,
		.w = damage.w,
		.h = damage.h,
		.by_device = w->by_device };

	return answer(w, &a, (struct hws_bytes){ 0 });
}

static int show_composed(struct worker *w, struct display *d, struct hws_rect damage)
{
	const struct hws_decode_request *q = &w->request;

	if (q->slot == HWS_DECODE_NO_SLOT)
		return done(w, HWS_ERR_FULL);
	int r = d->slot[q->slot] ? hws_display_decoder_show_composed(&d->decoder,
						   q->flags & HWS_DECODE_RGBA, d->slot[q->slot])
				 : HWS_ERR_CORRUPT;
	return r < 0 ? done(w, r) : shown(w, d->decoder.composed, damage);
}

static int show(struct worker *w, struct display *d, const struct hws_picture *decoded,
		const struct hws_rect *part)
{
	const struct hws_decode_request *q = &w->request;
	bool exact = q->flags & HWS_DECODE_EXACT;
	unsigned width = (unsigned)decoded->width, height = (unsigned)decoded->height;
	struct hws_rect damage = { 0 };
	int r = HWS_OK;

	if (q->slot == HWS_DECODE_NO_SLOT && !exact)
		return done(w, HWS_ERR_FULL);
	if (width != d->width || height != d->height)
		r = ask_room(w, d, width, height);
	if (r == HWS_OK && exact)
		r = hws_display_decoder_compose(&d->decoder, decoded,
				q->flags & HWS_DECODE_WHOLE ? NULL : part, q->rects, &damage);
	else if (r == HWS_OK)
		r = hws_display_decoder_show(&d->decoder, decoded, q->flags & HWS_DECODE_RGBA,
				d->slot[q->slot], &damage);
	if (r < 0)
		return r == HWS_ERR_CLOSED ? r : done(w, r);
	return exact ? show_composed(w, d, damage) : shown(w, decoded, damage);
}

static int on_video(struct worker *w)
{
	struct display *d = &w->display[w->request.display];
	struct hws_bytes packets = hws_buf_bytes(&w->payload);
	struct hws_rect part[HWS_DECODE_RECTS_MAX];
	const struct hws_picture *decoded = NULL;

	if (hws_decode_take_rects(&packets, w->request.rects, part) < 0)
		return HWS_ERR_CLOSED;
	if (!(w->request.flags & HWS_DECODE_EXACT))
		hws_display_decoder_decompose(&d->decoder);
	int r = prepare_room(w, d, packets);

	if (r == HWS_OK)
		r = decode_all(w, d, packets, &decoded);
	if (r == HWS_ERR_CLOSED)
		return r;
	return r < 0 ? done(w, r) : show(w, d, decoded, part);
}

static int on_patch(struct worker *w)
{
	struct display *d = &w->display[w->request.display];
	struct hws_rect damage;
	int r = hws_display_decoder_patch(&d->decoder, hws_buf_bytes(&w->payload), &damage);

	return r < 0 ? done(w, r) : show_composed(w, d, damage);
}

static int on_forget(struct worker *w)
{
	struct display *d = &w->display[w->request.display];

	hws_display_decoder_forget(&d->decoder);
	leave_room(d);
	return done(w, HWS_OK);
}

static int on_unpack(struct worker *w)
{
	struct hws_decode_answer a = { .kind = HWS_DECODE_DONE };
	int r;

	hws_buf_init(&w->out, w->request.max);
	a.result = hws_decompress(hws_buf_bytes(&w->payload), w->request.max, &w->out);
	r = answer(w, &a, a.result == HWS_OK ? hws_buf_bytes(&w->out) : (struct hws_bytes){ 0 });
	hws_buf_done(&w->out);
	return r;
}

/* The size of pixels is theirs, whatever they unpack to. */
static int pixels_to_png(struct worker *w, struct hws_bytes pixels)
{
	const struct hws_decode_request *q = &w->request;
	size_t size = (size_t)q->width * q->height * 4;
	struct hws_buf plain;
	int r = HWS_OK;

	hws_buf_init(&plain, size);
	if (q->flags & HWS_DECODE_PACKED) {
		r = hws_decompress(pixels, size, &plain);
		pixels = hws_buf_bytes(&plain);
	}
	if (r == HWS_OK && pixels.len != size)
		r = HWS_ERR_CORRUPT;
	if (r == HWS_OK)
		r = hws_png_from_rgba(pixels.ptr, (int)q->width, (int)q->height, &w->out);
	hws_buf_done(&plain);
	return r;
}

static int on_image(struct worker *w)
{
	struct hws_decode_answer a = { .kind = HWS_DECODE_DONE };
	struct hws_bytes in = hws_buf_bytes(&w->payload);
	int r;

	hws_buf_init(&w->out, w->request.max);
	a.result = w->request.width ? pixels_to_png(w, in) : hws_png_clean(in, &w->out);
	r = answer(w, &a, a.result == HWS_OK ? hws_buf_bytes(&w->out) : (struct hws_bytes){ 0 });
	hws_buf_done(&w->out);
	return r;
}

static int on_sound(struct worker *w)
{
	const struct hws_decode_request *q = &w->request;
	struct hws_decode_answer a = { .kind = HWS_DECODE_DONE };
	int r = HWS_ERR_CLOSED;

	hws_buf_init(&w->out, hws_decode_sound_bytes(q->packets, q->channels));
	a.result = hws_sound_decoder_decode(&w->sound, q, hws_buf_bytes(&w->payload), &w->out);
	if (a.result != HWS_ERR_CLOSED)
		r = answer(w, &a,
				a.result == HWS_OK ? hws_buf_bytes(&w->out)
						   : (struct hws_bytes){ 0 });
	hws_buf_done(&w->out);
	return r;
}

static int on_device(struct worker *w)
{
	struct hws_hw_table table;
	int r = w->device || w->fds.n != 2 || w->fds.cut ? HWS_ERR_INVAL : HWS_OK;

	memcpy(&table, hws_buf_bytes(&w->payload).ptr, sizeof(table));
	if (r == HWS_OK)
		r = worker_device_new(w->fds.fd[0], w->fds.fd[1], &table, &w->device);
	if (r == HWS_OK)
		w->fds.fd[0] = w->fds.fd[--w->fds.n]; /* that one stays open */
	return done(w, r);
}

/* One row for each kind of request: what has to be decoded of what a host sends. Each answers once;
 * an error ends the process. */
static int (*const rows[HWS_DECODE_KINDS])(struct worker *w) = {
	[HWS_DECODE_VIDEO] = on_video,
	[HWS_DECODE_FORGET] = on_forget,
	[HWS_DECODE_UNPACK] = on_unpack,
	[HWS_DECODE_PATCH] = on_patch,
	[HWS_DECODE_SOUND] = on_sound,
	[HWS_DECODE_IMAGE] = on_image,
	[HWS_DECODE_DEVICE] = on_device,
};

static int read_request(struct worker *w)
{
	size_t got = 0, size;
	uint8_t *to;
	int r;

	hws_buf_reset(&w->payload);
	to = hws_buf_reserve(&w->payload, AT_ONCE);
	if (!to)
		return HWS_ERR_NOMEM;
	r = hws_decode_read_start(
			w->fd, &w->request, sizeof(w->request), to, AT_ONCE, &got, &w->fds);
	if (r < 0)
		return r;
	size = w->request.size;
	if (hws_decode_request_check(&w->request) < 0 || w->request.kind >= HWS_DECODE_KINDS ||
			got > size)
		return HWS_ERR_PROTO;
	hws_buf_commit(&w->payload, got);
	if (got == size)
		return HWS_OK;
	to = hws_buf_reserve(&w->payload, size - got);
	if (!to)
		return HWS_ERR_NOMEM;
	r = hws_decode_read(w->fd, to, size - got, NULL);
	if (r == HWS_OK)
		hws_buf_commit(&w->payload, size - got);
	return r;
}

static int serve_one(struct worker *w)
{
	int r = read_request(w);

	if (r == HWS_OK)
		r = rows[w->request.kind](w);
	hws_local_fds_close(&w->fds);
	return r;
}

void hws_decode_serve(int fd, uint32_t confined)
{
	const struct hws_decode_answer hello = {
		.kind = HWS_DECODE_HELLO, .version = HWS_DECODE_VERSION, .confined = confined
	};
	struct worker *w = hws_alloc(sizeof(*w));

	if (w) {
		w->fd = fd;
		hws_buf_init(&w->payload, HWS_DECODE_PAYLOAD_MAX + AT_ONCE);
		int r = hws_decode_write(
				fd, hws_bytes(&hello, sizeof(hello)), (struct hws_bytes){ 0 });
		while (r == HWS_OK)
			r = serve_one(w);
		for (unsigned i = 0; i < HWS_DECODE_DISPLAYS_MAX; i++) {
			hws_display_decoder_forget(&w->display[i].decoder);
			leave_room(&w->display[i]);
		}
		hws_sound_decoder_forget(&w->sound);
		worker_device_free(w->device);
		hws_buf_done(&w->payload);
	}
	hws_free(w);
	close(fd);
}

/* --- confinement ------------------------------------------------------------------------------ */

/* Libraries look at the processor when they are first used, on some machines in files: those are
 * gone later. */
static void warm_up(void)
{
	struct hws_display_decoder d = { 0 };
	struct hws_opus_decoder *opus = NULL;
	struct hws_picture *from = NULL, *to = NULL;
	struct hws_rect damage;

	for (enum hws_codec c = HWS_CODEC_NONE + 1; c < HWS_CODEC_COUNT; c++) {
		struct hws_decoder *decoder = NULL;
		if (hws_codec_can_decode(c) && hws_decoder_new(c, 2, &decoder) == HWS_OK)
			hws_decoder_free(decoder);
	}
	if (hws_picture_new(HWS_PIXEL_I420, 16, 16, &from) == HWS_OK &&
			hws_picture_new(HWS_PIXEL_BGRA, 16, 16, &to) == HWS_OK &&
			hws_display_decoder_show(&d, from, false, to, &damage) < 0)
		d.content = 0; /* it was only for the libraries */
	if (hws_opus_decoder_new(48000, 2, &opus) == HWS_OK)
		hws_opus_decoder_free(opus);
	hws_picture_drop(from);
	hws_picture_drop(to);
	hws_display_decoder_forget(&d);
}

uint32_t hws_decode_confine(void)
{
	uint32_t confined = HWS_CONFINED_PROCESS;
	struct hws_error err;
	unsigned went;

	hws_mem_few_arenas();
	warm_up();
	if (hws_limit_memory(0, HWS_DECODE_MEMORY) == HWS_OK)
		confined |= HWS_CONFINED_MEMORY;
	went = hws_isolate();
	if (went & HWS_ISOLATED_NETWORK)
		confined |= HWS_CONFINED_NETWORK;
	if (went & HWS_ISOLATED_FILES)
		confined |= HWS_CONFINED_FILES;
	if (hws_end_with_parent() == HWS_OK &&
			hws_sandbox_enter(HWS_SANDBOX_COMPUTE, &err) == HWS_OK)
		confined |= HWS_CONFINED_CALLS;
	return confined;
}
