/* The host's pointer at the viewer: a bounded cache of shapes, whose sizes are a stranger's
 * choice. */
#include "client/services/cursor/cursor_view.h"
#include "shared/base/mem.h"
#include "shared/wire/compress.h"
#include "shared/wire/limits.h"

/* A host sends each shape once and then only its id, for as long as the link lives: an animated
 * pointer has dozens. One that keeps inventing shapes pushes out those not shown for the longest
 * time. */
#define SHAPES_MAX 1024u
#define BYTES_MAX (16u << 20)
#define SIDE_MAX 1024

struct shape {
	struct hws_cursor_shape s;
	uint8_t *pixels;
	uint64_t used; /* for eviction */
};

struct hws_cursor_view {
	struct hws_service service;
	struct hws_cursor_view_conf conf;
	struct shape shape[SHAPES_MAX];
	size_t count, bytes;
	uint64_t clock;
};

static void forget_all(struct hws_cursor_view *cv)
{
	for (size_t i = 0; i < cv->count; i++)
		hws_free(cv->shape[i].pixels);
	cv->count = cv->bytes = 0;
}

static struct shape *find(struct hws_cursor_view *cv, uint64_t id)
{
	for (size_t i = 0; i < cv->count; i++)
		if (cv->shape[i].s.id == id)
			return &cv->shape[i];
	return NULL;
}

static size_t bytes_of(const struct shape *s)
{
	return (size_t)s->s.width * (size_t)s->s.height * 4;
}

/* The last takes its place. */
static void forget(struct hws_cursor_view *cv, struct shape *s)
{
	cv->bytes -= bytes_of(s);
	hws_free(s->pixels);
	*s = cv->shape[--cv->count];
}

/* A free slot, with room for `bytes`. */
static struct shape *slot_for(struct hws_cursor_view *cv, uint64_t id, size_t bytes)
{
	struct shape *s = find(cv, id);

	if (s)
		forget(cv, s);
	while (cv->count == SHAPES_MAX || (cv->count && cv->bytes + bytes > BYTES_MAX)) {
		s = &cv->shape[0];
		for (size_t i = 1; i < cv->count; i++)
			if (cv->shape[i].used < s->used)
				s = &cv->shape[i];
		forget(cv, s);
	}
	cv->bytes += bytes;
	s = &cv->shape[cv->count++];
	*s = (struct shape){ 0 };
	return s;
}

static void show(struct hws_cursor_view *cv, struct shape *s)
{
	s->used = ++cv->clock;
	cv->conf.on_shape(&s->s, cv->conf.arg);
}

/* Linux hosts send what the X server gives them: colours that are multiplied by alpha already. */
static void divide_by_alpha(uint8_t *rgba, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += 4) {
		unsigned a = rgba[i + 3];
		for (size_t k = i; a && k < i + 3; k++)
			rgba[k] = (uint8_t)HWS_MIN(255u, (rgba[k] * 255u + a / 2) / a);
	}
}

static void on_data(struct hws_cursor_view *cv, const Ses__CursorData *d)
{
	struct hws_buf out;
	uint8_t *pixels = NULL;
	size_t need;
	int width = d->width, height = d->height;

	if (width < 0 || height < 0 || width > SIDE_MAX || height > SIDE_MAX)
		return;
	if (width == 0 || height == 0) /* invisible, one way or the other */
		width = height = 0;
	need = (size_t)width * (size_t)height * 4;
	hws_buf_init(&out, HWS_SES_CURSOR_MAX);
	if (need > 0) {
		if (hws_decompress(hws_bytes(d->colors.data, d->colors.len), need, &out) < 0 ||
				hws_buf_len(&out) != need)
			goto out;
		pixels = hws_memdup(hws_buf_bytes(&out).ptr, need);
		if (!pixels)
			goto out;
		if (cv->service.viewer &&
				hws_viewer_peer(cv->service.viewer)->kind == HWS_PLATFORM_LINUX)
			divide_by_alpha(pixels, need);
	}
	struct shape *s = slot_for(cv, d->id, need);
	s->pixels = pixels;
	s->s = (struct hws_cursor_shape){ .id = d->id,
		.width = width,
		.height = height,
		.hot_x = d->hotx < 0 ? 0 : HWS_MIN(d->hotx, width),
		.hot_y = d->hoty < 0 ? 0 : HWS_MIN(d->hoty, height),
		.rgba = pixels };
	show(cv, s);
out:
	hws_buf_done(&out);
}

static bool on_message(struct hws_service *service, Ses__Message *m)
{
	struct hws_cursor_view *cv = hws_container(service, struct hws_cursor_view, service);

	if (m->union_case == SES__MESSAGE__UNION_CURSOR_DATA) {
		on_data(cv, m->cursor_data);
	} else if (m->union_case == SES__MESSAGE__UNION_CURSOR_ID) {
		struct shape *s = find(cv, m->cursor_id);
		if (s)
			show(cv, s);
	} else if (m->union_case == SES__MESSAGE__UNION_CURSOR_POSITION) {
		cv->conf.on_position(m->cursor_position->x, m->cursor_position->y, cv->conf.arg);
	}
	return false;
}

static void on_open(struct hws_service *service)
{
	forget_all(hws_container(service, struct hws_cursor_view, service));
}

static void on_close(struct hws_service *service)
{
	forget_all(hws_container(service, struct hws_cursor_view, service));
}

static void on_free(struct hws_service *service)
{
	hws_cursor_view_free(hws_cursor_view_of(service));
}

static const struct hws_service_impl impl = {
	.id = HWS_SERVICE_CURSOR,
	.name = "cursor",
	.kinds = HWS_KIND_BIT(HWS_KIND_REMOTE),
	.open = on_open,
	.on_message = on_message,
	.close = on_close,
	.free = on_free,
};

int hws_cursor_view_new(const struct hws_cursor_view_conf *conf, struct hws_cursor_view **ret)
{
	struct hws_cursor_view *cv = hws_alloc(sizeof(*cv));

	if (!cv)
		return HWS_ERR_NOMEM;
	cv->service.impl = &impl;
	cv->conf = *conf;
	*ret = cv;
	return HWS_OK;
}

void hws_cursor_view_free(struct hws_cursor_view *cv)
{
	if (!cv)
		return;
	forget_all(cv);
	hws_free(cv);
}

struct hws_service *hws_cursor_view_service(struct hws_cursor_view *cv)
{
	return &cv->service;
}

struct hws_cursor_view *hws_cursor_view_of(struct hws_service *s)
{
	return hws_container(s, struct hws_cursor_view, service);
}
