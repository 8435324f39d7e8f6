/* The host's pointer at the viewer: a bounded cache of shapes, whose sizes are a stranger's
 * choice. */
#include "client/services/cursor/cursor_view.h"
#include "client/decoder/confined.h"
#include "shared/base/mem.h"

/* A host sends each shape once and then only its id, for as long as the link lives: an animated
 * pointer has dozens. One that keeps inventing shapes pushes out those not shown for the longest
 * time. */
#define SHAPES_MAX 1024u
#define BYTES_MAX (16u << 20)
#define SIDE_MAX 1024
#define COMING_MAX 256u /* what is beyond that comes faster than any pointer changes */

struct shape {
	struct hws_cursor_shape s;
	uint8_t *pixels;
	uint64_t used; /* for eviction */
};

/* One whose pixels are being unpacked. */
struct coming {
	struct hws_list node;
	struct hws_cursor_view *owner;
	struct hws_cursor_shape s;
};

struct hws_cursor_view {
	struct hws_service service;
	struct hws_cursor_view_conf conf;
	struct shape shape[SHAPES_MAX];
	size_t count, bytes;
	uint64_t clock;
	struct hws_list coming;
	unsigned coming_count;
	uint64_t wanted; /* the shape that the host has now */
};

static void forget_all(struct hws_cursor_view *cv)
{
	struct hws_list *node;

	while ((node = hws_list_first(&cv->coming))) {
		struct coming *c = hws_container(node, struct coming, node);
		hws_confined_cancel(cv->conf.decoder, c);
		hws_list_remove(node);
		hws_free(c);
	}
	cv->coming_count = 0;
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

static void keep(struct hws_cursor_view *cv, const struct coming *c, uint8_t *pixels)
{
	struct shape *s = slot_for(cv, c->s.id, (size_t)c->s.width * (size_t)c->s.height * 4);

	s->pixels = pixels;
	s->s = c->s;
	s->s.rgba = pixels;
	/* The host may have gone on to another one meanwhile. */
	if (cv->wanted == c->s.id)
		show(cv, s);
}

static void coming_free(struct coming *c)
{
	c->owner->coming_count--;
	hws_list_remove(&c->node);
	hws_free(c);
}

static void on_unpacked(int r, const struct hws_confined_result *res, void *arg)
{
	struct coming *c = arg;
	struct hws_cursor_view *cv = c->owner;
	size_t need = (size_t)c->s.width * (size_t)c->s.height * 4;
	uint8_t *pixels = r == HWS_OK && res->bytes.len == need ? hws_memdup(res->bytes.ptr, need)
								: NULL;

	if (pixels) {
		if (cv->service.viewer &&
				hws_viewer_peer(cv->service.viewer)->kind == HWS_PLATFORM_LINUX)
			divide_by_alpha(pixels, need);
		keep(cv, c, pixels);
	}
	coming_free(c);
}

static void on_data(struct hws_cursor_view *cv, const Ses__CursorData *d)
{
	int width = d->width, height = d->height;
	size_t need;

	if (width < 0 || height < 0 || width > SIDE_MAX || height > SIDE_MAX)
		return;
	if (width == 0 || height == 0) /* invisible, one way or the other */
		width = height = 0;
	need = (size_t)width * (size_t)height * 4;
	struct coming c = { .s = { .id = d->id,
					    .width = width,
					    .height = height,
					    .hot_x = d->hotx < 0 ? 0 : HWS_MIN(d->hotx, width),
					    .hot_y = d->hoty < 0 ? 0 : HWS_MIN(d->hoty, height) } };
	cv->wanted = d->id;
	if (need == 0) {
		keep(cv, &c, NULL);
		return;
	}
	struct coming *heap = cv->coming_count < COMING_MAX ? hws_memdup(&c, sizeof(c)) : NULL;
	if (!heap)
		return;
	heap->owner = cv;
	hws_list_push(&cv->coming, &heap->node);
	cv->coming_count++;
	if (hws_confined_unpack(cv->conf.decoder, hws_bytes(d->colors.data, d->colors.len), need,
			    on_unpacked, heap) < 0)
		coming_free(heap);
}

static bool on_message(struct hws_service *service, Ses__Message *m)
{
	struct hws_cursor_view *cv = hws_container(service, struct hws_cursor_view, service);

	if (m->union_case == SES__MESSAGE__UNION_CURSOR_DATA) {
		on_data(cv, m->cursor_data);
	} else if (m->union_case == SES__MESSAGE__UNION_CURSOR_ID) {
		struct shape *s = find(cv, m->cursor_id);
		cv->wanted = m->cursor_id;
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
	hws_list_init(&cv->coming);
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
