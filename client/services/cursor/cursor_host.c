/* The pointer towards the viewers. Shapes are large and few, so each goes once and is named by
 * its number afterwards. */
#include "client/services/cursor/cursor_host.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/wire/compress.h"
#include "shared/wire/limits.h"
#include <stdlib.h>
#include <string.h>

#define KNOWN_MAX 128 /* shapes a viewer is taken to remember */
#define OWN_MOVE_US (300 * HWS_US_PER_MS)

struct onlooker {
	struct hws_host_viewer *g;
	bool sees_shape, sees_position;
	uint64_t known[KNOWN_MAX];
	unsigned known_count;
	uint64_t last; /* id it was told last */
};

struct hws_cursor_host {
	struct hws_host_service service;
	struct hws_loop *loop;
	struct hws_cursor *cursor;
	struct onlooker onlooker[HWS_HOST_VIEWERS_MAX];
	uint64_t packed_id; /* whose colours are in `packed` */
	struct hws_buf packed;
	bool has_position; /* the last one reported is still where it is */
	int x, y;
};

static bool knows(const struct onlooker *o, uint64_t id)
{
	for (unsigned i = 0; i < o->known_count; i++)
		if (o->known[i] == id)
			return true;
	return false;
}

static void send_data(
		struct hws_cursor_host *c, struct onlooker *o, const struct hws_cursor_shape *s)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__CursorData d = SES__CURSOR_DATA__INIT;

	if (c->packed_id != s->id) {
		size_t n = (size_t)s->width * (size_t)s->height * 4;
		hws_buf_reset(&c->packed);
		c->packed_id = 0;
		if (hws_compress(hws_bytes(s->rgba, n), HWS_COMPRESS_LEVEL, &c->packed) < 0)
			return;
		c->packed_id = s->id;
	}
	struct hws_bytes colors = hws_buf_bytes(&c->packed);
	d.id = s->id;
	d.hotx = s->hot_x;
	d.hoty = s->hot_y;
	d.width = s->width;
	d.height = s->height;
	d.colors.data = (uint8_t *)colors.ptr;
	d.colors.len = colors.len;
	m.union_case = SES__MESSAGE__UNION_CURSOR_DATA;
	m.cursor_data = &d;
	if (hws_host_viewer_send(o->g, &m) < 0)
		return;
	if (o->known_count == KNOWN_MAX)
		o->known_count = 0; /* shapes that come back are sent once more */
	o->known[o->known_count++] = s->id;
	o->last = s->id;
}

static void show(struct hws_cursor_host *c, struct onlooker *o, const struct hws_cursor_shape *s)
{
	Ses__Message m = SES__MESSAGE__INIT;

	if (!o->g || !o->sees_shape || o->last == s->id)
		return;
	if (!knows(o, s->id)) {
		send_data(c, o, s);
		return;
	}
	m.union_case = SES__MESSAGE__UNION_CURSOR_ID;
	m.cursor_id = s->id;
	if (hws_host_viewer_send(o->g, &m) == HWS_OK)
		o->last = s->id;
}

static void on_shape(const struct hws_cursor_shape *shape, void *arg)
{
	struct hws_cursor_host *c = arg;

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		show(c, &c->onlooker[i], shape);
}

static void tell_position(const struct hws_cursor_host *c, struct hws_host_viewer *g)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__CursorPosition p = SES__CURSOR_POSITION__INIT;

	p.x = c->x;
	p.y = c->y;
	m.union_case = SES__MESSAGE__UNION_CURSOR_POSITION;
	m.cursor_position = &p;
	hws_host_viewer_tell(g, &m);
}

static void on_position(int x, int y, void *arg)
{
	struct hws_cursor_host *c = arg;
	uint64_t now = hws_loop_now_us(c->loop);

	c->has_position = true;
	c->x = x;
	c->y = y;
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		struct hws_host_viewer *g = c->onlooker[i].g;
		/* Whoever moves it knows already, and better. */
		if (!g || !g->show_cursor || (g->mouse_us && now - g->mouse_us < OWN_MOVE_US))
			continue;
		tell_position(c, g);
	}
}

/* Who may see what is looked at anew: permissions, options or viewers have changed. */
static void look(struct hws_cursor_host *c)
{
	bool shape = false, position = false;
	const struct hws_cursor_shape *now = hws_cursor_shape_now(c->cursor);

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		struct onlooker *o = &c->onlooker[i];
		if (!o->g)
			continue;
		o->sees_shape = o->g->show_cursor || hws_host_viewer_may(o->g, HWS_PERM_KEYBOARD);
		shape = shape || o->sees_shape;
		position = position || o->g->show_cursor;
		if (now)
			show(c, o, now);
		if (c->has_position && o->g->show_cursor && !o->sees_position)
			tell_position(c, o->g); /* it may rest there for long */
		o->sees_position = o->g->show_cursor;
	}
	c->has_position = c->has_position && position; /* nobody looks: it will be stale */
	hws_cursor_watch(c->cursor, shape, position);
}

static struct hws_cursor_host *of(struct hws_host_service *s)
{
	return hws_container(s, struct hws_cursor_host, service);
}

static void on_join(struct hws_host_service *s, struct hws_host_viewer *v)
{
	struct hws_cursor_host *c = of(s);

	c->onlooker[v->slot] = (struct onlooker){ .g = v };
	look(c);
}

static void on_leave(struct hws_host_service *s, struct hws_host_viewer *v)
{
	struct hws_cursor_host *c = of(s);

	c->onlooker[v->slot].g = NULL;
	look(c);
}

static void on_update(struct hws_host_service *s, struct hws_host_viewer *v HWS_UNUSED)
{
	look(of(s));
}

static void on_option(
		struct hws_host_service *s, struct hws_host_viewer *v, const Ses__OptionMessage *o)
{
	if (o->show_remote_cursor != SES__OPTION_MESSAGE__BOOL_OPTION__NotSet)
		v->show_cursor = o->show_remote_cursor == SES__OPTION_MESSAGE__BOOL_OPTION__Yes;
	look(of(s));
}

/* The cursor's events become ours. */
static int cursor_new(const struct hws_host_env *env, struct hws_host_service **ret)
{
	struct hws_cursor_host *c = calloc(1, sizeof(*c));

	if (!c)
		return HWS_ERR_NOMEM;
	c->service.impl = &hws_cursor_host_service;
	c->loop = env->loop;
	c->cursor = env->platform->cursor;
	hws_buf_init(&c->packed, HWS_SES_CURSOR_MAX);
	c->cursor->ev = (struct hws_cursor_events){ on_shape, on_position, c };
	*ret = &c->service;
	return HWS_OK;
}

static void cursor_free(struct hws_host_service *s)
{
	struct hws_cursor_host *c = of(s);

	hws_cursor_watch(c->cursor, false, false);
	c->cursor->ev = (struct hws_cursor_events){ 0 };
	hws_buf_done(&c->packed);
	free(c);
}

const struct hws_host_service_impl hws_cursor_host_service = {
	.id = HWS_SERVICE_CURSOR,
	.name = "cursor",
	.kinds = HWS_KIND_BIT(HWS_KIND_REMOTE),
	.new = cursor_new,
	.free = cursor_free,
	.join = on_join,
	.leave = on_leave,
	.update = on_update,
	.option = on_option,
};
