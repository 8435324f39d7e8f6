/* The session handle as embedders hold it. Calls check their arguments on the caller's thread and
 * post a command; only the newest picture is taken at once. */
#include "client/api/session_loop.h"
#include "client/api/sound.h"
#include "client/api/terminals.h"
#include "client/api/tunnel.h"
#include "client/services/chat/chat_view.h"
#include "client/services/input/input_view.h"
#include "client/services/video/video_view.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/version.h"
#include <string.h>

/* --- the handle ------------------------------------------------------------------------------- */

hawser_session *api_session_ref(hawser_session *s)
{
	__atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
	return s;
}

void api_session_unref(hawser_session *s)
{
	if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	pthread_mutex_destroy(&s->lock);
	api_terminals_free(s->terminals);
	hws_free(s->target);
	hws_free(s);
}

void api_peer_view(struct api_peer *p, struct hawser_peer *ret)
{
	const struct hws_peer *h = &p->peer;

	for (size_t i = 0; i < h->display_count; i++) {
		const struct hws_peer_display *d = &h->display[i];
		for (size_t k = 0; k < d->size_count; k++)
			p->size[i][k] = (struct hawser_size){ d->size[k].width, d->size[k].height };
		p->display[i] = (struct hawser_display){ .size = sizeof(p->display[i]),
			.x = d->x,
			.y = d->y,
			.width = d->width,
			.height = d->height,
			.scale = d->scale,
			.online = d->online,
			.cursor_embedded = d->cursor_embedded,
			.name = d->name,
			.sizes = p->size[i],
			.size_count = d->size_count,
			.original = { d->original.width, d->original.height } };
	}
	*ret = (struct hawser_peer){ .size = sizeof(*ret),
		.id = p->id,
		.username = h->username,
		.hostname = h->hostname,
		.platform = h->platform,
		.version = h->version,
		.displays = p->display,
		.display_count = h->display_count,
		.current_display = h->current,
		.encrypted = p->encrypted,
		.relayed = p->relayed,
		.can_ctrl_alt_del = h->can_sas || h->kind != HWS_PLATFORM_WINDOWS,
		.fingerprint = p->fingerprint,
		.path = p->path,
		.encryption = p->encryption,
		.trust = p->trust };
}

static void do_close(struct api_session_loop *e, const struct api_command *c HWS_UNUSED)
{
	api_session_loop_close(e);
}

void hawser_session_close(hawser_session *s)
{
	if (!s || s->closed)
		return;
	s->closed = true;
	hws_list_remove(&s->node);
	for (size_t i = 0; i < HWS_PEER_DISPLAYS_MAX; i++) {
		hws_picture_unlock(s->locked[i]);
		s->locked[i] = NULL;
	}
	/* Without memory for the command the session loop is closed with the context. */
	if (s->loop_side && api_post(s, &(struct api_command){ .fn = do_close }) < 0)
		s->loop_side = NULL;
	api_events_purge(&s->ctx->events, s);
	api_session_unref(s);
}

void hawser_session_disconnect(hawser_session *s)
{
	if (api_post(s, &(struct api_command){ .fn = api_session_loop_disconnect }) < 0)
		api_fail(HAWSER_ERR_NOMEM, "out of memory");
}

int hawser_session_reconnect(hawser_session *s)
{
	return api_post(s, &(struct api_command){ .fn = api_session_loop_reconnect });
}

enum hawser_state hawser_session_state(const hawser_session *s)
{
	pthread_mutex_lock((pthread_mutex_t *)&s->lock);
	enum hawser_state state = s->state;
	pthread_mutex_unlock((pthread_mutex_t *)&s->lock);
	return state;
}

const char *hawser_session_target(const hawser_session *s)
{
	return s->target;
}

/* --- answers ---------------------------------------------------------------------------------- */

static void do_password(struct api_session_loop *e, const struct api_command *c)
{
	e->remember = c->a;
	api_raw_password(e, c->data);
	if (hws_viewer_password(api_raw_asked(e), c->data) < 0)
		e->remember = false; /* nobody asks any more: the person at the host was faster */
}

int hawser_session_password(hawser_session *s, const char *password, bool remember)
{
	size_t n = strlen(password);

	if (n > HWS_PASSWORD_MAX)
		return api_fail(HAWSER_ERR_TOOBIG, "a password has at most %u bytes",
				HWS_PASSWORD_MAX);
	return api_post(s,
			&(struct api_command){ .fn = do_password,
					.a = remember,
					.size = n,
					.data = (char *)password });
}

static void do_code(struct api_session_loop *e, const struct api_command *c)
{
	if (hws_viewer_code(api_raw_asked(e), c->data, c->a) < 0)
		return; /* not asked any more */
}

int hawser_session_two_factor(hawser_session *s, const char *code, bool trust)
{
	size_t n = strlen(code);

	if (n == 0 || n > 32)
		return api_fail(HAWSER_ERR_INVAL, "a code has six digits");
	return api_post(s,
			&(struct api_command){ .fn = do_code,
					.a = trust,
					.size = n,
					.data = (char *)code });
}

static void do_agree(struct api_session_loop *e, const struct api_command *c)
{
	if (e->tunnel && e->tunnel->asking)
		api_raw_agreed(e, c->a);
	else if (hws_viewer_agree(e->viewer, c->a) < 0)
		return;
}

int hawser_session_accept_insecure(hawser_session *s, bool accept)
{
	return api_post(s, &(struct api_command){ .fn = do_agree, .a = accept });
}

/* --- picture ---------------------------------------------------------------------------------- */

/* Of a desktop, or of a camera. */
static int need_pictures(const hawser_session *s)
{
	return s->kind == HWS_KIND_CAMERA ? HAWSER_OK : api_need_kind(s, HWS_KIND_REMOTE);
}

int hawser_session_lock_frame(hawser_session *s, size_t display, struct hawser_frame *ret)
{
	struct hws_video_picture p;
	struct hawser_frame f = HAWSER_FRAME_INIT;
	size_t size = ret->size;
	int r;

	r = need_pictures(s);
	if (r < 0)
		return r;
	if (display >= HWS_PEER_DISPLAYS_MAX)
		return HAWSER_ERR_RANGE;
	if (s->locked[display])
		return HAWSER_ERR_BUSY;
	r = hws_video_view_take(
			hws_video_view_of(s->loop_side->service[HWS_SERVICE_VIDEO]), display, &p);
	if (r < 0)
		return r;
	s->locked[display] = p.picture;
	f.size = size;
	f.pixels = p.picture->plane[0];
	f.width = (uint32_t)p.picture->width;
	f.height = (uint32_t)p.picture->height;
	f.stride = (uint32_t)p.picture->stride[0];
	f.format = s->format;
	f.damage = (struct hawser_rect){ p.damage.x, p.damage.y, p.damage.w, p.damage.h };
	f.number = p.number;
	f.time_us = p.time_us;
	memcpy(ret, &f, HWS_MIN(size, sizeof(f)));
	return HAWSER_OK;
}

void hawser_session_unlock_frame(hawser_session *s, size_t display)
{
	if (display >= HWS_PEER_DISPLAYS_MAX)
		return;
	hws_picture_unlock(s->locked[display]);
	s->locked[display] = NULL;
}

void hawser_session_shown(hawser_session *s, size_t display, uint64_t number)
{
	if (need_pictures(s) < 0)
		return;
	hws_video_view_shown(hws_video_view_of(s->loop_side->service[HWS_SERVICE_VIDEO]), display,
			number);
}

/* Calls about pictures, and what goes with them. */
static int need_ready(hawser_session *s)
{
	int r = need_pictures(s);

	if (r < 0)
		return r;
	return hawser_session_state(s) == HAWSER_STATE_READY
			? HAWSER_OK
			: api_fail(HAWSER_ERR_DENIED, "the session is not connected");
}

int api_post_ready(hawser_session *s, const struct api_command *c)
{
	int r = need_ready(s);

	return r < 0 ? r : api_post(s, c);
}

static void do_refresh(struct api_session_loop *e, const struct api_command *c)
{
	if (hws_viewer_refresh(e->viewer, (int)c->a) < 0)
		return; /* lost meanwhile; a new link starts with a complete picture */
}

int hawser_session_refresh(hawser_session *s, int display)
{
	return api_post_ready(s, &(struct api_command){ .fn = do_refresh, .a = display });
}

static void do_show(struct api_session_loop *e, const struct api_command *c)
{
	if (hws_viewer_show(e->viewer, (size_t)c->a) < 0)
		return; /* that display has gone meanwhile */
}

static int need_display(hawser_session *s, size_t display)
{
	pthread_mutex_lock(&s->lock);
	size_t count = s->peer.peer.display_count;
	pthread_mutex_unlock(&s->lock);
	return display < count ? HAWSER_OK
			       : api_fail(HAWSER_ERR_RANGE, "the host has %zu displays", count);
}

int hawser_session_switch_display(hawser_session *s, size_t display)
{
	int r = need_display(s, display);

	if (r < 0)
		return r;
	pthread_mutex_lock(&s->lock);
	s->option[HAWSER_OPTION_ALL_DISPLAYS] = 0;
	pthread_mutex_unlock(&s->lock);
	return api_post_ready(s, &(struct api_command){ .fn = do_show, .a = (int64_t)display });
}

static void do_beside(struct api_session_loop *e, const struct api_command *c)
{
	if (hws_viewer_show_beside(e->viewer, (uint32_t)c->a) < 0)
		return; /* lost meanwhile; said again with the next login */
}

int hawser_session_show_beside(hawser_session *s, const size_t *displays, size_t count)
{
	uint32_t bits = 0;

	pthread_mutex_lock(&s->lock);
	size_t have = s->peer.peer.display_count;
	bool many = hws_version_number(s->peer.peer.version) >= HWS_V_MULTI_DISPLAY;
	pthread_mutex_unlock(&s->lock);
	for (size_t i = 0; i < count; i++) {
		if (displays[i] >= have || displays[i] >= HWS_PEER_DISPLAYS_MAX)
			return api_fail(HAWSER_ERR_RANGE, "the host has %zu displays", have);
		bits |= 1u << displays[i];
	}
	if (count && !many)
		return api_fail(HAWSER_ERR_UNSUPPORTED,
				"this host is too old to show several displays at once");
	return api_post_ready(s, &(struct api_command){ .fn = do_beside, .a = bits });
}

/* What a lost link swallows is wished again by hand. */
static void do_resize(struct api_session_loop *e, const struct api_command *c)
{
	if (hws_viewer_resize(e->viewer, (size_t)c->a, (int)c->b, (int)c->c) < 0)
		return;
}

int hawser_session_resize_display(
		hawser_session *s, size_t display, uint32_t width, uint32_t height)
{
	int r = need_display(s, display);

	if (r < 0)
		return r;
	if (width < 1 || height < 1 || width > HWS_SIDE_MAX || height > HWS_SIDE_MAX)
		return api_fail(HAWSER_ERR_RANGE, "a display has 1 to %u pixels a side",
				HWS_SIDE_MAX);
	return api_post_ready(s,
			&(struct api_command){ .fn = do_resize,
					.a = (int64_t)display,
					.b = width,
					.c = height });
}

static void do_plug(struct api_session_loop *e, const struct api_command *c)
{
	if (hws_viewer_plug(e->viewer, (int)c->a, c->b) < 0)
		return;
}

int hawser_session_plug_display(hawser_session *s, int number, bool on)
{
	return api_post_ready(s, &(struct api_command){ .fn = do_plug, .a = number, .b = on });
}

static void do_darken(struct api_session_loop *e, const struct api_command *c)
{
	if (hws_viewer_darken(e->viewer, c->a) < 0)
		return;
}

int hawser_session_privacy(hawser_session *s, bool on)
{
	return api_post_ready(s, &(struct api_command){ .fn = do_darken, .a = on });
}

/* --- everything else -------------------------------------------------------------------------- */

static void do_options(struct api_session_loop *e, const struct api_command *c)
{
	struct hws_view_options o = *hws_viewer_options(e->viewer);
	struct hws_input_view *input = hws_input_view_of(e->service[HWS_SERVICE_INPUT]);

	switch ((enum hawser_option)c->a) {
	case HAWSER_OPTION_VIEW_ONLY:
		/* Nothing may stay pressed at the host. */
		if (c->b && hws_input_view_release_all(input) < 0)
			hws_input_view_reset(input);
		o.view_only = c->b;
		break;
	case HAWSER_OPTION_QUALITY:
		o.quality = (int)c->b;
		break;
	case HAWSER_OPTION_CUSTOM_QUALITY:
		o.quality = HWS_QUALITY_CUSTOM;
		o.custom_quality = (int)c->b;
		break;
	case HAWSER_OPTION_FPS:
		o.fps = (int)c->b;
		break;
	case HAWSER_OPTION_CODEC:
		o.prefer = (int)c->b;
		break;
	case HAWSER_OPTION_REMOTE_CURSOR:
		o.no_remote_cursor = !c->b;
		break;
	case HAWSER_OPTION_CLIPBOARD:
		o.no_clipboard = c->b == HAWSER_CLIPBOARD_OFF;
		o.no_clip_to_host = c->b == HAWSER_CLIPBOARD_RECEIVE;
		o.no_clip_from_host = c->b == HAWSER_CLIPBOARD_SEND;
		break;
	case HAWSER_OPTION_LOCK_AFTER:
		o.lock_after = c->b;
		break;
	case HAWSER_OPTION_KEYBOARD_MODE:
		hws_input_view_set_mode(input, (enum hws_keyboard_mode)c->b);
		api_input_note_mode(e);
		break;
	case HAWSER_OPTION_CHROMA:
		o.chroma = (enum hws_chroma)c->b;
		break;
	case HAWSER_OPTION_ALL_DISPLAYS:
		o.all_displays = c->b;
		break;
	case HAWSER_OPTION_FOLLOW_CURSOR:
		o.follow_cursor = c->b;
		break;
	case HAWSER_OPTION_FOLLOW_WINDOW:
		o.follow_window = c->b;
		break;
	case HAWSER_OPTION_BLOCK_INPUT:
		o.block_input = c->b;
		break;
	case HAWSER_OPTION_SOUND:
		api_sound_set_mode(e, (enum hawser_sound)c->b);
		o.sound = c->b != HAWSER_SOUND_OFF;
		break;
	case HAWSER_OPTION_VOLUME:
		api_sound_set_volume(e, (unsigned)c->b);
		break;
	}
	hws_viewer_set_options(e->viewer, &o);
}

/* By enum hawser_option: the range of values. */
static const struct {
	int min, max;
} option_range[] = {
	[HAWSER_OPTION_VIEW_ONLY] = { 0, 1 },
	[HAWSER_OPTION_QUALITY] = { HAWSER_QUALITY_DEFAULT, HAWSER_QUALITY_CUSTOM },
	[HAWSER_OPTION_CUSTOM_QUALITY] = { 10, 2000 },
	[HAWSER_OPTION_FPS] = { 1, 120 },
	[HAWSER_OPTION_CODEC] = { HAWSER_CODEC_AUTO, HAWSER_CODEC_AV1 },
	[HAWSER_OPTION_REMOTE_CURSOR] = { 0, 1 },
	[HAWSER_OPTION_CLIPBOARD] = { HAWSER_CLIPBOARD_OFF, HAWSER_CLIPBOARD_RECEIVE },
	[HAWSER_OPTION_LOCK_AFTER] = { 0, 1 },
	[HAWSER_OPTION_KEYBOARD_MODE] = { HAWSER_KEYBOARD_AUTO, HAWSER_KEYBOARD_LEGACY },
	[HAWSER_OPTION_CHROMA] = { HAWSER_CHROMA_AUTO, HAWSER_CHROMA_444 },
	[HAWSER_OPTION_ALL_DISPLAYS] = { 0, 1 },
	[HAWSER_OPTION_FOLLOW_CURSOR] = { 0, 1 },
	[HAWSER_OPTION_FOLLOW_WINDOW] = { 0, 1 },
	[HAWSER_OPTION_BLOCK_INPUT] = { 0, 1 },
	[HAWSER_OPTION_SOUND] = { HAWSER_SOUND_OFF, HAWSER_SOUND_EVENTS },
	[HAWSER_OPTION_VOLUME] = { 0, 100 },
};

int hawser_session_set_option(hawser_session *s, enum hawser_option option, int value)
{
	int r = need_pictures(s);

	if (r < 0)
		return r;
	if ((unsigned)option >= HWS_COUNT(option_range))
		return api_fail(HAWSER_ERR_NOTFOUND, "there is no such option");
	if (value < option_range[option].min || value > option_range[option].max ||
			(option == HAWSER_OPTION_QUALITY && value == 1))
		return api_fail(HAWSER_ERR_RANGE, "the value of an option must be %d to %d",
				option_range[option].min, option_range[option].max);
	pthread_mutex_lock(&s->lock);
	s->option[option] = value;
	if (option == HAWSER_OPTION_CUSTOM_QUALITY)
		s->option[HAWSER_OPTION_QUALITY] = HAWSER_QUALITY_CUSTOM;
	pthread_mutex_unlock(&s->lock);
	return api_post(s, &(struct api_command){ .fn = do_options, .a = option, .b = value });
}

int hawser_session_get_option(hawser_session *s, enum hawser_option option, int *ret)
{
	if ((unsigned)option >= HWS_COUNT(option_range))
		return api_fail(HAWSER_ERR_NOTFOUND, "there is no such option");
	pthread_mutex_lock(&s->lock);
	*ret = s->option[option];
	pthread_mutex_unlock(&s->lock);
	return HAWSER_OK;
}

static void do_chat(struct api_session_loop *e, const struct api_command *c)
{
	if (hws_chat_view_send(hws_chat_view_of(e->service[HWS_SERVICE_CHAT]), c->data) < 0)
		return; /* lost meanwhile */
}

int hawser_session_send_chat(hawser_session *s, const char *utf8)
{
	size_t n = strlen(utf8);

	if (n > 32u << 10 || !hws_utf8_valid(hws_bytes(utf8, n)))
		return api_fail(HAWSER_ERR_INVAL, "a message must be UTF-8 and at most 32 KiB");
	return api_post_ready(
			s, &(struct api_command){ .fn = do_chat, .size = n, .data = (char *)utf8 });
}

int hawser_session_peer(hawser_session *s, struct hawser_peer *ret)
{
	struct hawser_peer view;
	size_t size = ret->size;

	pthread_mutex_lock(&s->lock);
	bool has = s->has_peer;
	if (has)
		s->seen = s->peer;
	pthread_mutex_unlock(&s->lock);
	if (!has)
		return HAWSER_ERR_AGAIN;
	api_peer_view(&s->seen, &view);
	view.size = size;
	memcpy(ret, &view, HWS_MIN(size, sizeof(view)));
	return HAWSER_OK;
}

int hawser_session_stats(hawser_session *s, struct hawser_stats *ret)
{
	size_t size = ret->size;
	struct hawser_stats st;

	pthread_mutex_lock(&s->lock);
	st = s->stats;
	pthread_mutex_unlock(&s->lock);
	st.size = size;
	memcpy(ret, &st, HWS_MIN(size, sizeof(st)));
	return HAWSER_OK;
}

bool hawser_session_permitted(const hawser_session *s, enum hawser_permission permission)
{
	pthread_mutex_lock((pthread_mutex_t *)&s->lock);
	bool ok = (unsigned)permission < 32 && !(s->denied & (1u << permission));
	pthread_mutex_unlock((pthread_mutex_t *)&s->lock);
	return ok;
}
