/* The desktop for all viewers: what they say of it. Who watches which display, with whom, is
 * lanes', how a display is sent display_host's. */
#include "client/services/video/video_host.h"
#include "client/core/codec_wire.h"
#include "client/media/codec_table.h"
#include "client/services/recording/record_host.h"
#include "client/services/video/display_viewers.h"
#include "client/services/video/host_codecs.h"
#include "client/services/video/lanes.h"
#include "client/services/video/screenshot.h"
#include "client/services/video/video_msg.h"
#include "shared/wire/version.h"
#include <stdlib.h>

static uint64_t now_of(const struct hws_video_host *v)
{
	return hws_loop_now_us(v->loop);
}

static const struct hws_display *display_of(const struct hws_video_host *v, unsigned i)
{
	unsigned n;
	const struct hws_display *list = hws_capture_displays(v->capture, &n);

	return i < n ? &list[i] : NULL;
}

/* --- who watches what --- */

/* Viewers start their decoder anew with each report of a display: only a key frame helps after
 * it. */
static void report_display(struct hws_video_host *v, struct hws_host_viewer *g, unsigned index)
{
	hws_video_tell_geometry(v, g, index);
	if (index < HWS_DISPLAYS_MAX && display_of(v, index))
		hws_video_demand_key(v, g->slot, index);
}

static struct hws_video_host *of(struct hws_host_service *s)
{
	return hws_container(s, struct hws_video_host, service);
}

/* --- messages --- */

/* A viewer may have stored a size for this display. */
static void wish_size(
		struct hws_video_host *v, struct hws_video_viewer *w, const Ses__SwitchDisplay *s)
{
	const struct hws_display *d = display_of(v, w->current);
	struct hws_size size = { s->width, s->height };

	if (!d || !v->screens || !hws_host_viewer_may(w->g, HWS_PERM_KEYBOARD) ||
			size.width < HWS_SCREEN_SIDE_MIN || size.height < HWS_SCREEN_SIDE_MIN ||
			size.width > INT16_MAX || size.height > INT16_MAX ||
			(size.width == d->width && size.height == d->height) ||
			!hws_bucket_take(&w->sizes, 1, now_of(v)))
		return;
	hws_screens_resize(v->screens, w->current, size, w->g->slot, hws_host_viewer_mark(w->g));
}

static void switch_display(
		struct hws_video_host *v, struct hws_video_viewer *w, const Ses__SwitchDisplay *s)
{
	unsigned slot = w->g->slot, before = w->current;
	int32_t want = s->display;

	if (want < 0 || want >= HWS_DISPLAYS_MAX || (unsigned)want == before ||
			!display_of(v, (unsigned)want))
		return;
	w->current = (unsigned)want;
	hws_video_note_watched(v, slot);
	wish_size(v, w, s);
	report_display(v, w->g, w->current);
	hws_video_subscribe(v, slot, w->current);
	if (w->g->version < HWS_V_MULTI_DISPLAY)
		hws_video_unsubscribe(v, slot, before);
}

static uint32_t display_bits(struct hws_video_host *v, const int32_t *list, size_t n)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < n; i++)
		if (list[i] >= 0 && list[i] < HWS_DISPLAYS_MAX && display_of(v, (unsigned)list[i]))
			bits |= 1u << list[i];
	return bits;
}

static void capture_displays(
		struct hws_video_host *v, struct hws_video_viewer *w, const Ses__CaptureDisplays *c)
{
	bool add = c->n_add > 0, sub = !add && c->n_sub > 0;
	uint32_t bits = add   ? display_bits(v, c->add, c->n_add)
			: sub ? display_bits(v, c->sub, c->n_sub)
			      : display_bits(v, c->set, c->n_set);

	if (!bits)
		return;
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++) {
		/* `sub` keeps what it lists: so deployed hosts read it. */
		if (bits >> i & 1 && !sub)
			hws_video_subscribe(v, w->g->slot, i);
		else if (!(bits >> i & 1) && !add)
			hws_video_unsubscribe(v, w->g->slot, i);
	}
}

static void acknowledged(struct hws_video_host *v, struct hws_video_viewer *w)
{
	w->unacked = 0;
	hws_video_kick(v, w->g->slot);
}

static bool on_misc(struct hws_video_host *v, struct hws_video_viewer *w, const Ses__Misc *m)
{
	unsigned slot = w->g->slot;

	switch (m->union_case) {
	case SES__MISC__UNION_SWITCH_DISPLAY:
		switch_display(v, w, m->switch_display);
		return true;
	case SES__MISC__UNION_CAPTURE_DISPLAYS:
		capture_displays(v, w, m->capture_displays);
		return true;
	case SES__MISC__UNION_REFRESH_VIDEO:
		for (unsigned i = 0; m->refresh_video && i < HWS_DISPLAYS_MAX; i++)
			hws_video_demand_key(v, slot, i);
		return true;
	case SES__MISC__UNION_REFRESH_VIDEO_DISPLAY:
		if (m->refresh_video_display >= 0 && m->refresh_video_display < HWS_DISPLAYS_MAX)
			hws_video_demand_key(v, slot, (unsigned)m->refresh_video_display);
		return true;
	case SES__MISC__UNION_MESSAGE_QUERY:
		if (m->message_query->switch_display >= 0)
			report_display(v, w->g, (unsigned)m->message_query->switch_display);
		return true;
	case SES__MISC__UNION_VIDEO_RECEIVED:
		acknowledged(v, w);
		return true;
	case SES__MISC__UNION_AUTO_ADJUST_FPS:
		hws_qos_set_auto_fps(&v->qos, slot, m->auto_adjust_fps);
		return true;
	case SES__MISC__UNION_CLIENT_RECORD_STATUS:
		w->records = m->client_record_status;
		hws_record_host_viewer(v->record, w->g, w->records);
		for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++)
			hws_video_demand_key(v, slot, i);
		return true;
	default:
		return false;
	}
}

/* switch_display, capture_displays, refresh_video(_display), message_query, video_received,
 * auto_adjust_fps, client_record_status, screenshot_request. */
static bool on_message(struct hws_host_service *s, struct hws_host_viewer *g, const Ses__Message *m)
{
	struct hws_video_host *v = of(s);
	struct hws_video_viewer *w = &v->viewer[g->slot];

	if (w->g != g)
		return false;
	if (m->union_case == SES__MESSAGE__UNION_SCREENSHOT_REQUEST) {
		hws_screenshot_take(v->shots, g, m->screenshot_request);
		return true;
	}
	return m->union_case == SES__MESSAGE__UNION_MISC && on_misc(v, w, m->misc);
}

/* What it shows now, it must be told anew: in another way. */
static void set_exact(struct hws_video_host *v, struct hws_video_viewer *w, bool exact)
{
	if (exact == w->exact)
		return;
	w->exact = exact;
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++)
		hws_video_demand_key(v, w->g->slot, i);
}

/* Quality, frame rate, codecs, patches. */
static void on_option(
		struct hws_host_service *s, struct hws_host_viewer *g, const Ses__OptionMessage *o)
{
	struct hws_video_host *v = of(s);
	struct hws_video_viewer *w = &v->viewer[g->slot];
	double ratio;

	if (w->g != g)
		return;
	if (o->image_quality == SES__IMAGE_QUALITY__Best)
		hws_qos_set_ratio(&v->qos, g->slot, HWS_RATIO_BEST);
	else if (o->image_quality == SES__IMAGE_QUALITY__Balanced)
		hws_qos_set_ratio(&v->qos, g->slot, HWS_RATIO_BALANCED);
	else if (o->image_quality == SES__IMAGE_QUALITY__Low)
		hws_qos_set_ratio(&v->qos, g->slot, HWS_RATIO_LOW);
	else if (hws_qos_ratio_from_custom(o->custom_image_quality, &ratio))
		hws_qos_set_ratio(&v->qos, g->slot, ratio);
	if (o->exact)
		set_exact(v, w, o->exact == SES__OPTION_MESSAGE__BOOL_OPTION__Yes);
	if (o->custom_fps > 0)
		hws_qos_set_fps(&v->qos, g->slot, (unsigned)o->custom_fps);
	hws_video_lanes_changed(v);
	if (o->video_cost != SES__OPTION_MESSAGE__BOOL_OPTION__NotSet)
		w->wants_cost = o->video_cost == SES__OPTION_MESSAGE__BOOL_OPTION__Yes;
	if (o->supported_decoding) {
		w->wish = hws_codec_wish_of(o->supported_decoding);
		w->says_codecs = true;
		hws_host_codecs_choose(v);
	}
}

void hws_video_host_join(struct hws_video_host *v, struct hws_host_viewer *g)
{
	unsigned primary = hws_video_primary(v);

	v->viewer[g->slot] = (struct hws_video_viewer){
		.g = g, .current = primary, .wish = hws_codec_wish_of(NULL)
	};
	hws_bucket_init(&v->viewer[g->slot].sizes, 1, 8, now_of(v));
	hws_flow_init(&v->viewer[g->slot].flow, now_of(v));
	hws_qos_join(&v->qos, g->slot, now_of(v));
	hws_video_lanes_join(v, g->slot);
	hws_host_codecs_choose(v);
	hws_video_subscribe(v, g->slot, primary);
	hws_record_host_join(v->record, g);
}

void hws_video_host_leave(struct hws_video_host *v, struct hws_host_viewer *g)
{
	if (v->viewer[g->slot].g != g)
		return;
	hws_record_host_leave(v->record, g);
	hws_screenshot_forget(v->shots, g);
	hws_video_lanes_leave(v, g->slot);
	v->viewer[g->slot] = (struct hws_video_viewer){ 0 };
	hws_qos_leave(&v->qos, g->slot);
	hws_host_codecs_choose(v);
}

static void on_line(struct hws_host_service *s, struct hws_host_viewer *g,
		const struct hws_flow_answer *a)
{
	struct hws_video_host *v = of(s);
	struct hws_video_viewer *w = &v->viewer[g->slot];

	if (w->g != g)
		return;
	hws_flow_answered(&w->flow, a);
	hws_display_viewers_tell_cost(v, w);
	hws_host_codecs_line(v, g->slot);
	hws_qos_late(&v->qos, g->slot, a->late);
	if (hws_display_viewers_line(w, now_of(v)))
		hws_video_lanes_changed(v);
	hws_video_kick(v, g->slot);
}

static void on_drained(
		struct hws_host_service *s, struct hws_host_viewer *g, enum hws_send_class cls)
{
	struct hws_video_host *v = of(s);

	if (cls == HWS_SEND_VIDEO && v->viewer[g->slot].g == g)
		hws_video_kick(v, g->slot);
}

int hws_video_host_new(const struct hws_video_host_conf *conf, struct hws_video_host **ret)
{
	struct hws_video_host *v = calloc(1, sizeof(*v));

	if (!v)
		return HWS_ERR_NOMEM;
	v->service.impl = conf->cameras ? &hws_camera_host_service : &hws_video_host_service;
	v->loop = conf->loop;
	v->work = conf->work;
	v->capture = conf->capture;
	v->cameras = conf->cameras;
	v->screens = conf->screens;
	v->on_bitrate = conf->on_bitrate;
	v->on_cost = conf->on_cost;
	v->arg = conf->arg;
	v->exact = !conf->no_exact;
	hws_qos_init(&v->qos);
	hws_list_init(&v->taps);
	int r = hws_video_lanes_open(v);
	if (r == HWS_OK)
		r = hws_screenshots_new(conf->loop, conf->work, conf->capture, &v->shots);
	if (r < 0) {
		hws_video_host_free(v);
		return r;
	}
	*ret = v;
	return HWS_OK;
}

void hws_video_host_free(struct hws_video_host *v)
{
	if (!v)
		return;
	hws_video_lanes_close(v);
	hws_screenshots_free(v->shots);
	v->shots = NULL;
	hws_record_host_free(v->record);
	v->record = NULL;
	v->closed = true;
	atomic_store(&v->stopping, true);
	if (!v->jobs)
		free(v);
}

/* --- as a service --- */

static int service_new(const struct hws_host_env *env, bool cameras, struct hws_host_service **ret)
{
	struct hws_video_host_conf conf = { .loop = env->loop,
		.work = env->work,
		.capture = env->platform->capture,
		.cameras = cameras,
		.screens = env->platform->screens,
		.on_bitrate = env->on_bitrate,
		.on_cost = env->on_cost,
		.arg = env->arg,
		.no_exact = env->conf && env->conf->no_exact };
	struct hws_video_host *v;
	int r = hws_video_host_new(&conf, &v);

	if (r < 0)
		return r;
	v->conf = env->conf;
	r = cameras ? HWS_OK : hws_record_host_new(env, v, &v->record);
	if (r < 0)
		hws_video_host_free(v);
	else
		*ret = &v->service;
	return r;
}

/* Viewers that know of patches begin anew: with them, or without. */
static void on_configure(struct hws_host_service *s)
{
	struct hws_video_host *v = of(s);

	hws_record_host_configure(v->record);
	if (v->exact == !v->conf->no_exact)
		return;
	v->exact = !v->conf->no_exact;
	for (unsigned slot = 0; slot < HWS_HOST_VIEWERS_MAX; slot++)
		for (unsigned i = 0; v->viewer[slot].exact && i < HWS_DISPLAYS_MAX; i++)
			hws_video_demand_key(v, slot, i);
}

static int desktop_new(const struct hws_host_env *env, struct hws_host_service **ret)
{
	return service_new(env, false, ret);
}

static int cameras_new(const struct hws_host_env *env, struct hws_host_service **ret)
{
	return service_new(env, true, ret);
}

static void service_free(struct hws_host_service *s)
{
	hws_video_host_free(of(s));
}

static void on_join(struct hws_host_service *s, struct hws_host_viewer *v)
{
	hws_video_host_join(of(s), v);
}

static void on_leave(struct hws_host_service *s, struct hws_host_viewer *v)
{
	hws_video_host_leave(of(s), v);
}

static void describe(struct hws_host_service *s, Ses__PeerInfo *info)
{
	struct hws_video_host *v = of(s);
	unsigned n;
	const struct hws_display *list = hws_capture_displays(v->capture, &n);

	hws_display_msg_fill(&v->told.list, list, n, v->screens);
	v->told.encoding = (Ses__SupportedEncoding)SES__SUPPORTED_ENCODING__INIT;
	hws_codecs_to_encoding(hws_codecs_encodable(), &v->told.encoding);
	v->told.whole = (Ses__CodecAbility)SES__CODEC_ABILITY__INIT;
	hws_codecs_to_ability(hws_codecs_whole_encodable(), &v->told.whole);
	v->told.encoding.i444 = &v->told.whole;
	hws_sizes_msg_fill(&v->told.sizes, v->screens, v->told.list.primary);
	info->displays = v->told.list.ptr;
	info->n_displays = v->told.list.count;
	info->current_display = (int32_t)v->told.list.primary;
	info->encoding = &v->told.encoding;
	info->resolutions = &v->told.sizes.m;
	if (v->cameras) /* all that viewers go by */
		info->platform_additions = (char *)(uintptr_t) "{\"support_view_camera\":true}";
}

#define SERVES(kind_, new_)                                                                        \
	{                                                                                          \
		.id = HWS_SERVICE_VIDEO, .name = "video", .kinds = HWS_KIND_BIT(kind_),            \
		.opens = HWS_KIND_BIT(kind_), .new = new_, .free = service_free, .join = on_join,  \
		.leave = on_leave, .option = on_option, .message = on_message, .line = on_line,    \
		.drained = on_drained, .describe = describe, .configure = on_configure             \
	}

const struct hws_host_service_impl hws_video_host_service = SERVES(HWS_KIND_REMOTE, desktop_new);
const struct hws_host_service_impl hws_camera_host_service = SERVES(HWS_KIND_CAMERA, cameras_new);
