/* One capture, many readers. The source (a back-end) writes each display into one picture, only
 * what changed. A reader that still holds that picture when another one wants a newer one keeps it:
 * the source is given a copy to go on in. So nobody waits for a slow reader, and a single reader,
 * which is the usual case, never costs a copy. */
#include "client/platform/capture.h"
#include "client/platform/capture_source.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"

struct at { /* one display, as a reader sees it */
	bool started, signalled;
	bool waiting;                 /* for the source's grab */
	bool due;                     /* `given` is to be told */
	struct hws_region damage;     /* since the picture that it got last */
	struct hws_region given;      /* what the picture that is out differs in */
	struct hws_picture *picture;  /* that is out, locked */
	struct hws_picture *snapshot; /* under way */
};

struct hws_capture_reader {
	struct hws_capture *c;
	struct hws_capture_events ev;
	struct at at[HWS_DISPLAYS_MAX];
};

struct screen {         /* one display, as the source sees it */
	unsigned users; /* readers that have started it */
	bool pending;   /* there is damage that no grab has taken */
	bool grabbing;
	bool filled; /* `picture` holds what a grab gave */
	struct hws_picture *picture;
	struct hws_picture_pool *pool;
};

struct hws_capture {
	struct hws_loop *loop;
	struct hws_capture_source *source;
	struct hws_capture_reader *reader[HWS_CAPTURE_READERS_MAX];
	struct screen screen[HWS_DISPLAYS_MAX];
	struct hws_deferred news; /* what is to be told, but not from inside a call */
};

const struct hws_display *hws_capture_displays(const struct hws_capture *c, unsigned *ret_count)
{
	return c->source->impl->displays(c->source, ret_count);
}

static const struct hws_display *display_of(const struct hws_capture *c, unsigned i)
{
	unsigned n;
	const struct hws_display *list = hws_capture_displays(c, &n);

	return i < n && i < HWS_DISPLAYS_MAX ? &list[i] : NULL;
}

/* --- telling --- */

/* Any event may unsubscribe its reader, and change what others wait for: each step looks anew. */
static void tell_due(struct hws_capture *c)
{
	for (unsigned k = 0; k < HWS_CAPTURE_READERS_MAX; k++)
		for (unsigned i = 0; c->reader[k] && i < HWS_DISPLAYS_MAX; i++) {
			struct hws_capture_reader *r = c->reader[k];
			struct at *a = &r->at[i];
			if (!a->due)
				continue;
			struct hws_region given = a->given;
			struct hws_picture *p = hws_picture_lock(a->picture);
			a->due = false;
			if (r->ev.on_frame)
				r->ev.on_frame(i, HWS_OK, p, &given, r->ev.arg);
			hws_picture_unlock(p);
		}
}

static bool has_news(const struct screen *s, const struct at *a)
{
	return a->started && !a->signalled && !a->waiting && !a->due &&
			(s->pending || (s->filled && a->damage.n));
}

static void signal_damage(struct hws_capture *c)
{
	for (unsigned k = 0; k < HWS_CAPTURE_READERS_MAX; k++)
		for (unsigned i = 0; c->reader[k] && i < HWS_DISPLAYS_MAX; i++) {
			struct hws_capture_reader *r = c->reader[k];
			if (!has_news(&c->screen[i], &r->at[i]))
				continue;
			r->at[i].signalled = true;
			if (r->ev.on_damage)
				r->ev.on_damage(i, r->ev.arg);
		}
}

static void on_news(void *arg)
{
	struct hws_capture *c = arg;

	tell_due(c);
	signal_damage(c);
}

static void tell_later(struct hws_capture *c)
{
	hws_loop_defer(c->loop, &c->news, on_news, c);
}

/* --- pictures --- */

static void screen_forget(struct screen *s)
{
	hws_picture_drop(s->picture);
	hws_picture_pool_free(s->pool); /* pictures that are still locked outlive it */
	*s = (struct screen){ 0 };
}

static bool is_held(const struct hws_capture *c, unsigned i)
{
	const struct hws_picture *p = c->screen[i].picture;

	for (unsigned k = 0; k < HWS_CAPTURE_READERS_MAX; k++)
		if (c->reader[k] && c->reader[k]->at[i].picture == p)
			return true;
	return false;
}

/* The picture that the source may write to. */
static int writable(struct hws_capture *c, unsigned i)
{
	struct screen *s = &c->screen[i];
	const struct hws_display *d = display_of(c, i);
	struct hws_picture *p;
	int r = HWS_OK;

	if (s->picture && !is_held(c, i))
		return HWS_OK;
	if (!s->pool)
		r = hws_picture_pool_new(HWS_CAPTURE_READERS_MAX + 2, &s->pool);
	if (r == HWS_OK)
		r = hws_picture_pool_get(s->pool, c->source->impl->format(c->source), d->width,
				d->height, &p);
	if (r < 0)
		return r;
	if (s->filled)
		r = hws_picture_copy(p, s->picture);
	if (r < 0) {
		hws_picture_drop(p);
		return r;
	}
	hws_picture_drop(s->picture);
	s->picture = p;
	return HWS_OK;
}

static int source_grab(struct hws_capture *c, unsigned i)
{
	struct screen *s = &c->screen[i];
	int r = writable(c, i);

	if (r == HWS_OK)
		r = c->source->impl->grab(c->source, i, s->picture);
	if (r == HWS_OK)
		s->grabbing = true;
	if (r == HWS_OK || r == HWS_ERR_AGAIN)
		s->pending = false;
	return r;
}

/* --- what the source tells --- */

void hws_capture_source_damaged(struct hws_capture *c, unsigned display)
{
	c->screen[display].pending = true;
	signal_damage(c);
}

void hws_capture_source_taken(struct hws_capture *c, unsigned display)
{
	c->screen[display].pending = false;
	for (unsigned k = 0; k < HWS_CAPTURE_READERS_MAX; k++) {
		struct at *a = c->reader[k] ? &c->reader[k]->at[display] : NULL;
		if (a && a->damage.n == 0)
			a->signalled = false;
	}
}

/* The picture is its until it is released, from now on: what the others do in their events does not
 * change it any more. */
static void hand_out(struct hws_capture *c, struct at *a, unsigned i)
{
	a->waiting = false;
	a->due = true;
	a->given = a->damage;
	hws_region_clear(&a->damage);
	a->picture = hws_picture_lock(c->screen[i].picture);
}

/* Only those who wait now: another grab may begin in their events. */
static void tell_failed(struct hws_capture *c, unsigned i, int err)
{
	bool waits[HWS_CAPTURE_READERS_MAX] = { 0 };

	for (unsigned k = 0; k < HWS_CAPTURE_READERS_MAX; k++)
		waits[k] = c->reader[k] && c->reader[k]->at[i].waiting;
	for (unsigned k = 0; k < HWS_CAPTURE_READERS_MAX; k++) {
		struct hws_capture_reader *r = c->reader[k];
		if (!r || !waits[k] || !r->at[i].waiting)
			continue;
		r->at[i].waiting = false;
		/* Who is told of a failure knows of the damage that is left. */
		r->at[i].signalled = err != HWS_ERR_AGAIN;
		if (r->ev.on_frame)
			r->ev.on_frame(i, err, NULL, NULL, r->ev.arg);
	}
}

void hws_capture_source_grabbed(
		struct hws_capture *c, unsigned display, int err, const struct hws_region *damage)
{
	struct screen *s = &c->screen[display];

	s->grabbing = false;
	s->filled = s->filled || err == HWS_OK;
	s->pending = s->pending || (err < 0 && err != HWS_ERR_AGAIN);
	for (unsigned k = 0; k < HWS_CAPTURE_READERS_MAX; k++) {
		struct at *a = c->reader[k] ? &c->reader[k]->at[display] : NULL;
		if (!a || !a->started)
			continue;
		if (err == HWS_OK)
			hws_region_add_all(&a->damage, damage);
		if (a->waiting && s->filled && a->damage.n && (!err || err == HWS_ERR_AGAIN))
			hand_out(c, a, display);
	}
	tell_failed(c, display, err < 0 ? err : HWS_ERR_AGAIN);
	tell_due(c);
	signal_damage(c);
}

void hws_capture_source_snapped(struct hws_capture *c, struct hws_picture *into, int err)
{
	for (unsigned k = 0; k < HWS_CAPTURE_READERS_MAX; k++)
		for (unsigned i = 0; c->reader[k] && i < HWS_DISPLAYS_MAX; i++) {
			struct hws_capture_reader *r = c->reader[k];
			if (r->at[i].snapshot != into)
				continue;
			r->at[i].snapshot = NULL;
			if (err < 0)
				hws_picture_drop(into);
			r->ev.on_snapshot(i, err, err < 0 ? NULL : into, r->ev.arg);
			return;
		}
}

static void at_reset(struct at *a)
{
	struct hws_picture *snapshot = a->snapshot;

	hws_picture_unlock(a->picture);
	*a = (struct at){ .snapshot = snapshot };
}

void hws_capture_source_relisted(struct hws_capture *c)
{
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++) {
		for (unsigned k = 0; k < HWS_CAPTURE_READERS_MAX; k++)
			if (c->reader[k])
				at_reset(&c->reader[k]->at[i]);
		screen_forget(&c->screen[i]);
	}
	for (unsigned k = 0; k < HWS_CAPTURE_READERS_MAX; k++)
		if (c->reader[k] && c->reader[k]->ev.on_displays)
			c->reader[k]->ev.on_displays(c->reader[k]->ev.arg);
}

/* --- what readers do --- */

int hws_capture_subscribe(struct hws_capture *c, const struct hws_capture_events *ev,
		struct hws_capture_reader **ret)
{
	unsigned k = 0;

	while (k < HWS_CAPTURE_READERS_MAX && c->reader[k])
		k++;
	if (k == HWS_CAPTURE_READERS_MAX)
		return HWS_ERR_FULL;
	struct hws_capture_reader *r = hws_alloc(sizeof(*r));
	if (!r)
		return HWS_ERR_NOMEM;
	r->c = c;
	r->ev = *ev;
	c->reader[k] = r;
	*ret = r;
	return HWS_OK;
}

void hws_capture_unsubscribe(struct hws_capture_reader *r)
{
	if (!r)
		return;
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++) {
		hws_capture_stop(r, i);
		hws_picture_drop(r->at[i].snapshot); /* the source has a lock of its own */
	}
	for (unsigned k = 0; k < HWS_CAPTURE_READERS_MAX; k++)
		if (r->c->reader[k] == r)
			r->c->reader[k] = NULL;
	hws_free(r);
}

int hws_capture_start(struct hws_capture_reader *r, unsigned display)
{
	struct hws_capture *c = r->c;
	const struct hws_display *d = display_of(c, display);

	if (!d)
		return HWS_ERR_NOTFOUND;
	struct at *a = &r->at[display];
	if (a->started)
		return HWS_OK;
	if (c->screen[display].users == 0) {
		int err = c->source->impl->start(c->source, display);
		if (err < 0)
			return err;
	} else {
		tell_later(c); /* the source does not tell what it has told */
	}
	c->screen[display].users++;
	a->started = true;
	a->signalled = false;
	hws_region_clear(&a->damage);
	hws_region_add(&a->damage, (struct hws_rect){ 0, 0, d->width, d->height });
	return HWS_OK;
}

void hws_capture_stop(struct hws_capture_reader *r, unsigned display)
{
	struct hws_capture *c = r->c;

	if (display >= HWS_DISPLAYS_MAX || !r->at[display].started)
		return;
	at_reset(&r->at[display]);
	if (--c->screen[display].users > 0)
		return;
	c->source->impl->stop(c->source, display);
	screen_forget(&c->screen[display]);
}

int hws_capture_grab(struct hws_capture_reader *r, unsigned display)
{
	struct hws_capture *c = r->c;
	int err = HWS_OK;

	if (display >= HWS_DISPLAYS_MAX || !r->at[display].started)
		return HWS_ERR_NOTFOUND;
	struct screen *s = &c->screen[display];
	struct at *a = &r->at[display];
	if (a->waiting || a->due || a->picture)
		return HWS_ERR_BUSY;
	if (!s->grabbing)
		err = s->pending || !s->filled ? source_grab(c, display) : HWS_ERR_AGAIN;
	if (err < 0 && err != HWS_ERR_AGAIN)
		return err;
	a->signalled = false;
	if (err == HWS_OK) {
		a->waiting = true;
		return HWS_OK;
	}
	if (!s->filled || a->damage.n == 0)
		return HWS_ERR_AGAIN;
	hand_out(c, a, display); /* what another reader had captured */
	tell_later(c);
	return HWS_OK;
}

void hws_capture_release(struct hws_capture_reader *r, unsigned display)
{
	if (display >= HWS_DISPLAYS_MAX || r->at[display].due)
		return;
	hws_picture_unlock(r->at[display].picture);
	r->at[display].picture = NULL;
}

int hws_capture_snapshot(struct hws_capture_reader *r, unsigned display)
{
	struct hws_capture *c = r->c;
	const struct hws_display *d = display_of(c, display);
	struct hws_picture *p;

	if (!d)
		return HWS_ERR_NOTFOUND;
	if (r->at[display].snapshot)
		return HWS_ERR_BUSY;
	int err = hws_picture_new(HWS_PIXEL_BGRA, d->width, d->height, &p);
	if (err == HWS_OK)
		err = c->source->impl->snapshot(c->source, display, p);
	if (err < 0) {
		hws_picture_drop(p);
		return err;
	}
	r->at[display].snapshot = p;
	return HWS_OK;
}

/* --- life --- */

int hws_capture_new(
		struct hws_loop *loop, struct hws_capture_source *source, struct hws_capture **ret)
{
	struct hws_capture *c = hws_alloc(sizeof(*c));

	if (!c)
		return HWS_ERR_NOMEM;
	c->loop = loop;
	c->source = source;
	source->capture = c;
	*ret = c;
	return HWS_OK;
}

void hws_capture_free(struct hws_capture *c)
{
	if (!c)
		return;
	hws_loop_defer_cancel(&c->news);
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++)
		screen_forget(&c->screen[i]);
	c->source->capture = NULL;
	hws_free(c);
}
