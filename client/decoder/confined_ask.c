/* What can be asked of the process, and the memory that it draws pictures into: made, measured and
 * sealed on this side. */
#include "client/decoder/confined_parts.h"
#include "client/media/png.h"
#include "shared/sys/isolation.h"
#include "shared/sys/shared_memory.h"
#include <stdio.h>
#include <unistd.h>

/* Of all displays of a host together: eight of 4K are half of it. */
#define PIXELS_MAX (2 * HWS_PICTURE_PIXELS_MAX)

/* What the process may have: that of its start, and for each pixel the slots (16 bytes), the
 * references of a codec (VP9 holds up to twelve pictures of 3 bytes with whole chroma, with as much
 * again for what it notes of blocks), the picture before, what patches are drawn upon, and one of
 * them. */
#define BYTES_PER_PIXEL 104u

uint32_t hws_confined_free_slot(const struct hws_confined *c, unsigned display)
{
	const struct hws_confined_room *room = &c->room[display];

	if (!room->width)
		return 0; /* there will be a new one */
	for (uint32_t i = 0; i < HWS_DECODE_SLOTS; i++)
		if (hws_picture_unshared(room->slot[i]))
			return i;
	return HWS_DECODE_NO_SLOT;
}

void hws_confined_leave_room(struct hws_confined_room *room)
{
	for (unsigned i = 0; i < HWS_DECODE_SLOTS; i++)
		hws_picture_drop(room->slot[i]);
	*room = (struct hws_confined_room){ 0 };
}

void hws_confined_close_fds(struct hws_confined *c)
{
	while (c->out_fd_count)
		close(c->out_fds[--c->out_fd_count]);
}

static int make_slot(unsigned width, unsigned height, struct hws_picture **ret, int *ret_fd)
{
	struct hws_shared_memory *m;
	int r = hws_shared_memory_new(hws_decode_slot_bytes(width, height), &m, ret_fd);

	if (r < 0)
		return r;
	r = hws_picture_over(HWS_PIXEL_BGRA, (int)width, (int)height, hws_shared_memory_bytes(m),
			(int)width * 4, m, hws_shared_memory_free, ret);
	if (r < 0) {
		hws_shared_memory_free(m);
		close(*ret_fd);
	}
	return r;
}

static int make_room(struct hws_confined *c, struct hws_confined_room *room, unsigned width,
		unsigned height)
{
	int r = HWS_OK;

	for (unsigned i = 0; i < HWS_DECODE_SLOTS && r == HWS_OK; i++) {
		r = make_slot(width, height, &room->slot[i], &c->out_fds[i]);
		c->out_fd_count += r == HWS_OK;
	}
	if (r < 0) {
		hws_confined_close_fds(c);
		hws_confined_leave_room(room);
		return r;
	}
	room->width = width;
	room->height = height;
	return HWS_OK;
}

static uint64_t pixels_of_all(const struct hws_confined *c)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < HWS_DECODE_DISPLAYS_MAX; i++)
		n += (uint64_t)c->room[i].width * c->room[i].height;
	return n;
}

/* Only ever raised: a codec keeps what it has taken. */
static void raise_limit(struct hws_confined *c)
{
	size_t limit = HWS_DECODE_MEMORY + (size_t)pixels_of_all(c) * BYTES_PER_PIXEL;

	if (!hws_child_runs(&c->process) || limit <= c->limit)
		return;
	if (hws_limit_memory(c->process.pid, limit) == HWS_OK)
		c->limit = limit;
}

static void no_memory(struct hws_confined *c, const struct hws_decode_answer *need, int why)
{
	char text[300];

	snprintf(text, sizeof(text), "there is no memory for pictures of %u x %u (%s)%s",
			need->width, need->height, hws_err_text(why),
			why == HWS_ERR_TOOBIG ? "; the limit of the size of files (ulimit -f) "
						"counts here, too: raise it"
					      : "; end other programs, or connect to a smaller "
						"display");
	hws_confined_break(c, text);
}

int hws_confined_give_room(struct hws_confined *c, const struct hws_decode_answer *need)
{
	struct hws_confined_room *room = &c->room[need->display];
	struct hws_decode_request q = { .kind = HWS_DECODE_ROOM,
		.id = need->id,
		.display = need->display,
		.width = need->width,
		.height = need->height,
		.stride = need->width * 4 };

	hws_confined_leave_room(room);
	/* Too large: the process is told, and says so of the packet. */
	if (pixels_of_all(c) + (uint64_t)need->width * need->height <= (uint64_t)PIXELS_MAX) {
		int r = make_room(c, room, need->width, need->height);
		if (r < 0) {
			no_memory(c, need, r);
			return HWS_OK;
		}
		q.slots = HWS_DECODE_SLOTS;
	}
	raise_limit(c);
	hws_buf_reset(&c->out);
	hws_buf_put(&c->out, &q, sizeof(q));
	return hws_buf_err(&c->out);
}

int hws_confined_video(struct hws_confined *c, const struct hws_confined_video *v,
		hws_confined_done *done, void *arg)
{
	struct hws_confined_job *j;
	size_t size = 0;
	int r;

	if (v->display >= HWS_DECODE_DISPLAYS_MAX || v->count == 0 ||
			v->count > HWS_DECODE_PACKETS_MAX || v->rect_count > HWS_DECODE_RECTS_MAX)
		return HWS_ERR_RANGE;
	size = v->rect_count * sizeof(*v->rects);
	for (size_t i = 0; i < v->count; i++) {
		if (v->packets[i].len > HWS_DECODE_PAYLOAD_MAX)
			return HWS_ERR_FULL;
		size += sizeof(uint32_t) + v->packets[i].len;
	}
	r = hws_confined_job_new(c, HWS_DECODE_VIDEO, size, done, arg, &j);
	if (r < 0)
		return r;
	j->request.display = v->display;
	j->request.codec = (uint32_t)v->codec;
	j->request.flags = (v->reset ? HWS_DECODE_RESET : 0) | (v->rgba ? HWS_DECODE_RGBA : 0) |
			(v->exact ? HWS_DECODE_EXACT : 0) | (v->whole ? HWS_DECODE_WHOLE : 0);
	j->request.packets = (uint32_t)v->count;
	j->request.rects = (uint32_t)v->rect_count;
	if (v->rect_count)
		hws_buf_put(&j->payload, v->rects, v->rect_count * sizeof(*v->rects));
	for (size_t i = 0; i < v->count; i++) {
		uint32_t n = (uint32_t)v->packets[i].len;
		hws_buf_put(&j->payload, &n, sizeof(n));
		hws_buf_put(&j->payload, v->packets[i].ptr, n);
	}
	return hws_confined_job_submit(c, j);
}

int hws_confined_patch(struct hws_confined *c, unsigned display, bool rgba, struct hws_bytes patch,
		hws_confined_done *done, void *arg)
{
	struct hws_confined_job *j;

	if (display >= HWS_DECODE_DISPLAYS_MAX)
		return HWS_ERR_RANGE;
	int r = hws_confined_job_new(c, HWS_DECODE_PATCH, patch.len, done, arg, &j);
	if (r < 0)
		return r;
	j->request.display = display;
	j->request.flags = rgba ? HWS_DECODE_RGBA : 0;
	hws_buf_put(&j->payload, patch.ptr, patch.len);
	return hws_confined_job_submit(c, j);
}

int hws_confined_sound(struct hws_confined *c, const struct hws_confined_sound *s,
		hws_confined_done *done, void *arg)
{
	struct hws_confined_job *j;
	size_t size = 0;
	int r;

	if (!hws_opus_can(s->rate, s->channels) || s->count == 0 ||
			s->count > HWS_DECODE_SOUNDS_MAX)
		return HWS_ERR_RANGE;
	for (size_t i = 0; i < s->count; i++)
		size += sizeof(uint32_t) + s->packets[i].len;
	r = hws_confined_job_new(c, HWS_DECODE_SOUND, size, done, arg, &j);
	if (r < 0)
		return r;
	j->request.rate = s->rate;
	j->request.channels = s->channels;
	j->request.flags = s->reset ? HWS_DECODE_RESET : 0;
	j->request.packets = (uint32_t)s->count;
	for (size_t i = 0; i < s->count; i++) {
		uint32_t n = (uint32_t)s->packets[i].len;
		hws_buf_put(&j->payload, &n, sizeof(n));
		hws_buf_put(&j->payload, s->packets[i].ptr, n);
	}
	return hws_confined_job_submit(c, j);
}

int hws_confined_unpack(struct hws_confined *c, struct hws_bytes in, size_t max,
		hws_confined_done *done, void *arg)
{
	struct hws_confined_job *j;
	int r = hws_confined_job_new(c, HWS_DECODE_UNPACK, in.len, done, arg, &j);

	if (r < 0)
		return r;
	j->request.max = (uint32_t)HWS_MIN(max, (size_t)HWS_DECODE_PAYLOAD_MAX);
	hws_buf_put(&j->payload, in.ptr, in.len);
	return hws_confined_job_submit(c, j);
}

int hws_confined_image(struct hws_confined *c, const struct hws_confined_image *i, size_t max,
		hws_confined_done *done, void *arg)
{
	struct hws_confined_job *j;
	int r;

	if ((i->width || i->height) &&
			(i->width <= 0 || i->height <= 0 || i->width > HWS_PICTURE_SIDE_MAX ||
					i->height > HWS_PICTURE_SIDE_MAX ||
					(long)i->width * i->height > HWS_PNG_PIXELS_MAX))
		return HWS_ERR_RANGE;
	r = hws_confined_job_new(c, HWS_DECODE_IMAGE, i->bytes.len, done, arg, &j);
	if (r < 0)
		return r;
	j->request.width = (uint32_t)i->width;
	j->request.height = (uint32_t)i->height;
	j->request.flags = i->width && i->packed ? HWS_DECODE_PACKED : 0;
	j->request.max = (uint32_t)HWS_MIN(max, (size_t)HWS_DECODE_PAYLOAD_MAX);
	hws_buf_put(&j->payload, i->bytes.ptr, i->bytes.len);
	return hws_confined_job_submit(c, j);
}

void hws_confined_forget(struct hws_confined *c, unsigned display)
{
	struct hws_confined_job *j;

	if (display >= HWS_DECODE_DISPLAYS_MAX || c->fd < 0 ||
			hws_confined_job_new(c, HWS_DECODE_FORGET, 0, NULL, NULL, &j) < 0)
		return;
	j->request.display = display;
	if (hws_confined_job_submit(c, j) < 0)
		return; /* its memory stays until the next picture */
}
