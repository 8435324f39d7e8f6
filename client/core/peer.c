/* What a host said about itself, copied under bounds: messages are freed, and lengths are a
 * stranger's choice. */
#include "client/core/peer.h"
#include "client/core/readable_text.h"
#include "shared/base/str.h"
#include "shared/wire/version.h"
#include <jansson.h>
#include <math.h>
#include <string.h>

#define ADDITIONS_MAX 16384u

/* Foreign text, cut to what is shown; control characters made visible. */
static void take_text(char buf[HWS_PEER_TEXT], const char *s)
{
	hws_readable_text(buf, HWS_PEER_TEXT, hws_bytes_str(s ? s : ""));
}

static int side(int32_t v)
{
	return v > 0 && v <= HWS_SIDE_MAX ? v : 0;
}

static int place(int32_t v)
{
	return v > -(1 << 24) && v < (1 << 24) ? v : 0;
}

static struct hws_peer_size size_of(const Ses__Resolution *r)
{
	struct hws_peer_size s = { r ? side(r->width) : 0, r ? side(r->height) : 0 };

	return s.width && s.height ? s : (struct hws_peer_size){ 0 };
}

/* Each once; what is not believable is left out. */
static void take_sizes(struct hws_peer_display *d, const Ses__SupportedResolutions *r)
{
	d->size_count = 0;
	for (size_t i = 0; r && i < r->n_resolutions && d->size_count < HWS_PEER_SIZES_MAX; i++) {
		struct hws_peer_size s = size_of(r->resolutions[i]);
		bool known = !s.width;

		for (size_t k = 0; k < d->size_count && !known; k++)
			known = d->size[k].width == s.width && d->size[k].height == s.height;
		if (!known)
			d->size[d->size_count++] = s;
	}
}

static void take_display(struct hws_peer_display *d, const Ses__DisplayInfo *i)
{
	*d = (struct hws_peer_display){ .x = place(i->x),
		.y = place(i->y),
		.width = side(i->width),
		.height = side(i->height),
		.online = i->online,
		.cursor_embedded = i->cursor_embedded };
	d->original = size_of(i->original_resolution);
	d->scale = isfinite(i->scale) && i->scale > 0.1 && i->scale < 100 ? i->scale : 1.0;
	take_text(d->name, i->name);
}

void hws_peer_set_displays(struct hws_peer *p, const Ses__PeerInfo *info)
{
	p->display_count = HWS_MIN(info->n_displays, (size_t)HWS_PEER_DISPLAYS_MAX);
	for (size_t i = 0; i < p->display_count; i++) {
		struct hws_peer_display before = p->display[i];
		take_display(&p->display[i], info->displays[i]);
		/* a list that is told again says nothing of sizes */
		if (strcmp(before.name, p->display[i].name) == 0) {
			memcpy(p->display[i].size, before.size, sizeof(before.size));
			p->display[i].size_count = before.size_count;
		}
	}
	if (p->current >= p->display_count)
		p->current = 0;
}

static enum hws_peer_platform platform_of(const char *name)
{
	if (strcmp(name, "Linux") == 0)
		return HWS_PLATFORM_LINUX;
	if (strcmp(name, "Windows") == 0)
		return HWS_PLATFORM_WINDOWS;
	if (strcmp(name, "Mac OS") == 0)
		return HWS_PLATFORM_MACOS;
	if (strcmp(name, "Android") == 0)
		return HWS_PLATFORM_ANDROID;
	return HWS_PLATFORM_OTHER;
}

void hws_peer_set_layout(struct hws_peer *p, const char *text)
{
	if (hws_str_copy(p->layout, sizeof(p->layout), text) < 0)
		p->layout[0] = 0;
	p->layout_changes++;
}

static void take_additions(struct hws_peer *p, const char *text)
{
	json_t *o = strlen(text) > ADDITIONS_MAX ? NULL : json_loads(text, 0, NULL);
	const char *layout = json_string_value(json_object_get(o, "hawser_layout"));

	hws_peer_set_layout(p, layout ? layout : "");
	json_decref(o);
}

bool hws_peer_shows_cameras(const Ses__PeerInfo *info)
{
	const char *text = info->platform_additions ? info->platform_additions : "";
	json_t *o = strlen(text) > ADDITIONS_MAX ? NULL : json_loads(text, 0, NULL);
	bool shows = json_is_true(json_object_get(o, "support_view_camera"));

	json_decref(o);
	return shows;
}

void hws_peer_set(struct hws_peer *p, const Ses__PeerInfo *info)
{
	*p = (struct hws_peer){ .layout_changes = p->layout_changes };
	take_text(p->username, info->username);
	take_text(p->hostname, info->hostname);
	take_text(p->platform, info->platform);
	take_text(p->version, info->version);
	p->version_number = hws_version_number(p->version);
	p->kind = platform_of(p->platform);
	p->can_sas = info->sas_enabled;
	take_additions(p, info->platform_additions ? info->platform_additions : "");
	p->encodes_av1 = info->encoding && info->encoding->av1;
	hws_peer_set_displays(p, info);
	if (info->current_display > 0 && (size_t)info->current_display < p->display_count)
		p->current = (size_t)info->current_display;
	if (p->display_count)
		take_sizes(&p->display[p->current], info->resolutions);
}

bool hws_peer_switch(struct hws_peer *p, const Ses__SwitchDisplay *s)
{
	if (s->display < 0 || (size_t)s->display >= p->display_count)
		return false;
	struct hws_peer_display *d = &p->display[s->display];
	d->x = place(s->x);
	d->y = place(s->y);
	d->cursor_embedded = s->cursor_embedded;
	if (s->resolutions)
		take_sizes(d, s->resolutions);
	if (s->original_resolution)
		d->original = size_of(s->original_resolution);
	/* 0 x 0 means "as before". */
	if (side(s->width) && side(s->height)) {
		d->width = side(s->width);
		d->height = side(s->height);
	}
	return true;
}
