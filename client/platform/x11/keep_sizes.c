/* What there was before the first change is kept, as a whole. It comes back as a whole when nobody
 * else has changed anything; otherwise only the sizes that are still ours do, since who plugs a
 * monitor in meanwhile does not want the desktop of yesterday. */
#include "client/platform/x11/keep_sizes.h"
#include "client/platform/x11/blank.h"
#include "client/platform/x11/sizes.h"
#include "client/platform/x11/sweep.h"
#include "shared/base/macros.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTE_ATOM "_HAWSER_SCREENS"
#define NOTE_VERSION 1u
#define MONITORS_MAX 32u
#define PLUG_WIDTH 1920
#define PLUG_HEIGHT 1080

/* --- the note --- */

void x11_keep_write(struct x11_keep *k)
{
	struct x11_screen *s = &k->screen;
	bool any = k->note.changed || k->note.blanked;

	if (any)
		xcb_change_property(s->conn, XCB_PROP_MODE_REPLACE, s->root, k->note_atom,
				XCB_ATOM_CARDINAL, 32, sizeof(k->note) / 4, &k->note);
	else
		xcb_delete_property(s->conn, s->root, k->note_atom);
	xcb_flush(s->conn);
}
_Static_assert(sizeof(struct x11_keep_note) % 4 == 0, "a property of words");

static bool layout_is_sane(const struct x11_layout *l)
{
	bool sane = l->count <= X11_CRTCS_MAX;

	for (uint32_t i = 0; sane && i < l->count; i++)
		sane = l->crtc[i].outputs <= X11_CRTC_OUTPUTS_MAX;
	return sane;
}

/* Any program may have written it. */
static bool read_note(struct x11_keep *k, struct x11_keep_note *ret)
{
	struct x11_screen *s = &k->screen;
	xcb_get_property_reply_t *r = xcb_get_property_reply(s->conn,
			xcb_get_property(s->conn, 0, s->root, k->note_atom, XCB_ATOM_CARDINAL, 0,
					sizeof(*ret) / 4),
			NULL);
	bool ok = r && r->format == 32 && r->bytes_after == 0 &&
			xcb_get_property_value_length(r) == (int)sizeof(*ret);

	if (ok)
		memcpy(ret, xcb_get_property_value(r), sizeof(*ret));
	free(r);
	return ok && ret->version == NOTE_VERSION && layout_is_sane(&ret->before) &&
			layout_is_sane(&ret->last) && ret->made_count <= X11_KEEP_MODES_MAX &&
			ret->plugs <= X11_KEEP_PLUGS_MAX;
}

int x11_keep_init(struct x11_keep *k, xcb_connection_t *conn, int screen)
{
	static const char name[] = NOTE_ATOM;
	xcb_screen_iterator_t it = xcb_setup_roots_iterator(xcb_get_setup(conn));
	struct x11_keep_note left;

	while (screen-- > 0 && it.rem > 1)
		xcb_screen_next(&it);
	*k = (struct x11_keep){ .screen = { conn, it.data->root } };
	k->note.version = NOTE_VERSION;
	xcb_intern_atom_reply_t *a = xcb_intern_atom_reply(
			conn, xcb_intern_atom(conn, 0, sizeof(name) - 1, name), NULL);
	if (!a)
		return HWS_ERR_DISPLAY;
	k->note_atom = a->atom;
	free(a);
	k->note.owner = x11_sweep_owner_new(conn, it.data);
	/* The server may have given us the number of the one that died. */
	if (read_note(k, &left) &&
			(left.owner == k->note.owner || !x11_sweep_owner_lives(conn, left.owner))) {
		left.owner = k->note.owner;
		k->note = left;
		if (k->note.blanked)
			x11_blank_light_all(&k->screen);
		k->note.blanked = 0;
		x11_keep_restore(k);
	}
	return HWS_OK;
}

/* --- changes --- */

static void note_change(struct x11_keep *k, const struct x11_layout *before)
{
	if (!k->note.changed)
		k->note.before = *before;
	k->note.changed = 1;
	if (x11_layout_read(&k->screen, &k->note.last) < 0)
		k->note.last = *before;
	x11_keep_write(k);
}

/* A mode of ours, noted so that it goes again. */
static int add_mode(struct x11_keep *k, xcb_randr_output_t output, uint16_t width, uint16_t height,
		xcb_randr_mode_t *ret)
{
	if (k->note.made_count == X11_KEEP_MODES_MAX)
		return HWS_ERR_FULL;
	int r = x11_mode_add(&k->screen, output, width, height, ret);
	if (r < 0)
		return r;
	k->note.made[k->note.made_count].output = output;
	k->note.made[k->note.made_count++].mode = *ret;
	return HWS_OK;
}

static const char *what_is_offered(
		const struct x11_keep *k, xcb_randr_output_t output, char *buf, size_t size)
{
	struct hws_size list[HWS_SIZES_MAX];
	unsigned n = x11_sizes_read(&k->screen, output, list);
	size_t used = 0;

	buf[0] = 0;
	for (unsigned i = 0; i < n && i < 8; i++) {
		int len = snprintf(buf + used, size - used, "%s%d x %d", i ? ", " : "",
				list[i].width, list[i].height);
		if (len < 0 || (size_t)len >= size - used)
			break;
		used += (size_t)len;
	}
	return buf;
}

static int find_mode(struct x11_keep *k, xcb_randr_output_t output, bool turned, uint16_t width,
		uint16_t height, xcb_randr_mode_t *ret, struct hws_error *err)
{
	uint16_t w = turned ? height : width, h = turned ? width : height;
	char offered[200];

	*ret = x11_mode_find(&k->screen, output, w, h);
	if (*ret != XCB_NONE)
		return HWS_OK;
	if (!x11_output_is_virtual(&k->screen, output))
		return hws_error_set(err, HWS_ERR_UNSUPPORTED,
				"the monitor there does not have %u x %u: it has %s", width, height,
				what_is_offered(k, output, offered, sizeof(offered)));
	if (add_mode(k, output, w, h, ret) < 0)
		return hws_error_set(err, HWS_ERR_UNSUPPORTED,
				"the display driver of this host takes no size of %u x %u", width,
				height);
	return HWS_OK;
}

static int find_output(const struct x11_keep *k, xcb_atom_t monitor, xcb_randr_output_t *ret,
		struct hws_error *err)
{
	struct x11_monitor list[MONITORS_MAX];
	unsigned n = x11_monitors_read(&k->screen, list, MONITORS_MAX);

	for (unsigned i = 0; i < n; i++) {
		if (list[i].name != monitor)
			continue;
		*ret = list[i].output;
		if (!list[i].automatic || *ret == XCB_NONE)
			return hws_error_set(err, HWS_ERR_UNSUPPORTED,
					"that display is a part of a screen that somebody at the "
					"host has laid out: its size is not changed from afar");
		return HWS_OK;
	}
	return hws_error_set(err, HWS_ERR_NOTFOUND, "that display has gone meanwhile");
}

int x11_keep_resize(struct x11_keep *k, xcb_atom_t monitor, uint16_t width, uint16_t height,
		struct hws_error *err)
{
	struct x11_layout before, want;
	xcb_randr_output_t output = XCB_NONE;
	xcb_randr_mode_t mode;
	int r = find_output(k, monitor, &output, err);

	if (r < 0)
		return r;
	if (x11_layout_read(&k->screen, &before) < 0)
		return hws_error_set(err, HWS_ERR_DISPLAY,
				"the X server of this host does not tell what lies where");
	want = before;
	struct x11_crtc *c = x11_layout_crtc(&want, output);
	if (!c)
		return hws_error_set(err, HWS_ERR_NOTFOUND, "that display is off");
	if (c->width == width && c->height == height)
		return HWS_OK;
	x11_layout_resize(&want, c, c->mode, width, height);
	r = x11_layout_check(&k->screen, &want, err); /* before a mode is made for nothing */
	if (r == HWS_OK)
		r = find_mode(k, output, x11_rotation_is_turned(c->rotation), width, height, &mode,
				err);
	if (r < 0)
		return r;
	c->mode = mode;
	r = x11_layout_apply(&k->screen, &want, err);
	if (r == HWS_OK)
		note_change(k, &before);
	return r;
}

/* --- displays without a monitor --- */

/* Outputs that drivers have for this purpose; others may have a socket that somebody plugs into. */
static bool is_spare_name(const char *name, size_t len)
{
	static const char *const stems[] = { "DUMMY", "VIRTUAL", "Virtual" };

	for (size_t i = 0; i < HWS_COUNT(stems); i++)
		if (len >= strlen(stems[i]) && memcmp(name, stems[i], strlen(stems[i])) == 0)
			return true;
	return false;
}

static struct x11_crtc *spare_crtc(struct x11_layout *l, const xcb_randr_get_output_info_reply_t *o)
{
	const xcb_randr_crtc_t *can = xcb_randr_get_output_info_crtcs(o);

	for (uint32_t i = 0; i < l->count; i++)
		for (unsigned n = 0; n < o->num_crtcs && !l->crtc[i].mode; n++)
			if (can[n] == l->crtc[i].id)
				return &l->crtc[i];
	return NULL;
}

/* A dark output of that kind, and what could feed it. */
static bool find_spare(const struct x11_keep *k, struct x11_layout *l, xcb_randr_output_t *ret,
		struct x11_crtc **ret_crtc)
{
	xcb_connection_t *conn = k->screen.conn;
	xcb_randr_get_screen_resources_current_reply_t *res =
			xcb_randr_get_screen_resources_current_reply(conn,
					xcb_randr_get_screen_resources_current(
							conn, k->screen.root),
					NULL);
	bool found = false;

	for (unsigned i = 0; res && i < res->num_outputs && !found; i++) {
		*ret = xcb_randr_get_screen_resources_current_outputs(res)[i];
		xcb_randr_get_output_info_reply_t *o = xcb_randr_get_output_info_reply(conn,
				xcb_randr_get_output_info(conn, *ret, XCB_CURRENT_TIME), NULL);
		if (o && o->crtc == XCB_NONE &&
				is_spare_name((const char *)xcb_randr_get_output_info_name(o),
						o->name_len)) {
			*ret_crtc = spare_crtc(l, o);
			found = *ret_crtc != NULL;
		}
		free(o);
	}
	free(res);
	return found;
}

static uint32_t free_number(const struct x11_keep *k, uint32_t wish)
{
	uint32_t number = wish ? wish : 1;

	for (uint32_t i = 0; i < k->note.plugs; i++)
		if (k->note.plug[i].number == number) {
			number++;
			i = UINT32_MAX; /* from the beginning */
		}
	return number;
}

/* To the right of all. */
static void place(struct x11_layout *l, struct x11_crtc *c, xcb_randr_output_t output,
		xcb_randr_mode_t mode)
{
	int right = 0;

	for (uint32_t i = 0; i < l->count; i++)
		if (l->crtc[i].mode)
			right = HWS_MAX(right, l->crtc[i].x + l->crtc[i].width);
	c->x = (int16_t)HWS_MIN(right, INT16_MAX);
	c->y = 0;
	c->width = PLUG_WIDTH;
	c->height = PLUG_HEIGHT;
	c->rotation = XCB_RANDR_ROTATION_ROTATE_0;
	c->mode = mode;
	c->outputs = 1;
	c->output[0] = output;
}

int x11_keep_plug(struct x11_keep *k, uint32_t number, struct hws_error *err)
{
	struct x11_layout before, want;
	struct x11_crtc *c = NULL;
	xcb_randr_output_t output = XCB_NONE;
	xcb_randr_mode_t mode;

	if (k->note.plugs == X11_KEEP_PLUGS_MAX)
		return hws_error_set(err, HWS_ERR_FULL, "it has %u already.", X11_KEEP_PLUGS_MAX);
	if (x11_layout_read(&k->screen, &before) < 0)
		return hws_error_set(err, HWS_ERR_DISPLAY, "its X server does not answer.");
	want = before;
	if (!find_spare(k, &want, &output, &c))
		return hws_error_set(err, HWS_ERR_UNSUPPORTED,
				"this host's display driver has no output without a monitor.");
	mode = x11_mode_find(&k->screen, output, PLUG_WIDTH, PLUG_HEIGHT);
	if (mode == XCB_NONE && add_mode(k, output, PLUG_WIDTH, PLUG_HEIGHT, &mode) < 0)
		return hws_error_set(err, HWS_ERR_UNSUPPORTED,
				"this host's display driver takes no mode for it.");
	place(&want, c, output, mode);
	int r = x11_layout_apply(&k->screen, &want, err);
	if (r < 0)
		return r;
	k->note.plug[k->note.plugs].number = free_number(k, number);
	k->note.plug[k->note.plugs++].output = output;
	note_change(k, &before);
	return HWS_OK;
}

int x11_keep_unplug(struct x11_keep *k, uint32_t number, struct hws_error *err)
{
	struct x11_layout before, want;
	uint32_t kept = 0, gone = 0;

	if (x11_layout_read(&k->screen, &before) < 0)
		return hws_error_set(err, HWS_ERR_DISPLAY, "its X server does not answer.");
	want = before;
	for (uint32_t i = 0; i < k->note.plugs; i++) {
		struct x11_crtc *c = x11_layout_crtc(&want, k->note.plug[i].output);
		if (number && k->note.plug[i].number != number)
			continue;
		gone++;
		if (c)
			*c = (struct x11_crtc){ .id = c->id };
	}
	if (!gone)
		return hws_error_set(err, HWS_ERR_NOTFOUND, "there is none of that number.");
	int r = x11_layout_apply(&k->screen, &want, err);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < k->note.plugs; i++)
		if (number && k->note.plug[i].number != number)
			k->note.plug[kept++] = k->note.plug[i];
	k->note.plugs = kept;
	note_change(k, &before);
	return HWS_OK;
}

/* --- back --- */

/* Somebody else has changed the layout since: only what is still as we left it goes back. */
static void restore_sizes(struct x11_keep *k, const struct x11_layout *now)
{
	struct x11_layout want = *now;
	struct hws_error err = { 0 };

	if (k->note.before.count != now->count || k->note.last.count != now->count)
		return;
	for (uint32_t i = 0; i < now->count; i++) {
		const struct x11_crtc *before = &k->note.before.crtc[i];
		const struct x11_crtc *last = &k->note.last.crtc[i];
		struct x11_crtc *c = &want.crtc[i];
		if (last->mode == before->mode || c->mode != last->mode || c->id != last->id)
			continue;
		if (before->mode)
			x11_layout_resize(&want, c, before->mode, before->width, before->height);
		else
			*c = (struct x11_crtc){ .id = c->id };
	}
	(void)!x11_layout_apply(&k->screen, &want, &err);
}

void x11_keep_restore(struct x11_keep *k)
{
	struct x11_layout now;
	struct hws_error err = { 0 };

	if (k->note.changed && x11_layout_read(&k->screen, &now) == HWS_OK) {
		if (!x11_layout_same(&now, &k->note.last) ||
				x11_layout_apply(&k->screen, &k->note.before, &err) < 0)
			restore_sizes(k, &now);
	}
	for (uint32_t i = 0; i < k->note.made_count; i++)
		x11_mode_remove(&k->screen, k->note.made[i].output, k->note.made[i].mode);
	k->note.changed = k->note.made_count = k->note.plugs = 0;
	x11_keep_write(k);
}
