/* The viewer's pictures: which displays are open, what the host must be asked for (key pictures,
 * codecs, fewer frames), and the newest picture for whoever shows it. */
#include "client/services/video/video_view.h"
#include "client/core/codec_wire.h"
#include "client/decoder/protocol.h"
#include "client/media/codec_table.h"
#include "client/services/video/cost.h"
#include "client/services/video/display_view.h"
#include "client/services/video/patch_view.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/wire/envelope.h"

#define REFRESH_US 500000ull /* between two requests for a new picture of one display */
#define FAILED_MAX 3u
_Static_assert(HWS_PEER_DISPLAYS_MAX <= HWS_DECODE_DISPLAYS_MAX, "the decoder has room for all");
#define QUEUED_BYTES_MAX (2u * HWS_DISPLAY_VIEW_QUEUE_BYTES)

struct hws_video_view {
	struct hws_service service;
	struct hws_video_view_conf conf;
	bool open;
	unsigned generation;
	pthread_mutex_t lock; /* the table below, for hws_video_view_take */
	struct hws_display_view *screen[HWS_PEER_DISPLAYS_MAX];
	struct hws_video_stats stats;
	uint64_t decode_sum_us;
	/* fps control, see pace() */
	uint64_t pace_us, calm_us;
	unsigned last_fps, recent_frames;
	uint64_t recent_us;
};

/* At most twice a second for a display: a host starts its encoder anew each time. */
static void ask_refresh(struct hws_video_view *vv, size_t display)
{
	struct hws_display_view *s = vv->screen[display];
	uint64_t now = hws_loop_now_us(vv->conf.loop);

	if (s->refresh_us && now - s->refresh_us < REFRESH_US)
		return;
	if (hws_viewer_refresh(vv->service.viewer, (int)display) == HWS_OK)
		s->refresh_us = now;
}

/* Tells the host again what can be decoded, without a codec that turned out not to work. */
static void withdraw(struct hws_video_view *vv, enum hws_codec codec)
{
	struct hws_view_options o = *hws_viewer_options(vv->service.viewer);

	if (!(o.can & HWS_CODEC_BIT(codec)) || codec == HWS_CODEC_VP9)
		return; /* VP9 is what every host falls back to */
	o.can &= ~HWS_CODEC_BIT(codec);
	hws_viewer_set_options(vv->service.viewer, &o);
}

static void start_job(struct hws_video_view *vv, size_t display);

static void decode_failed(struct hws_video_view *vv, struct hws_display_view *s, int r)
{
	vv->stats.dropped++;
	s->need_key = true;
	s->reset = true;
	hws_display_view_clear_queue(s);
	if (r == HWS_ERR_TOOBIG) { /* of all displays together, perhaps: this one gives its room */
		hws_display_view_forget(s);
		hws_confined_forget(vv->conf.decoder, (unsigned)s->index);
		return;
	}
	if (r == HWS_ERR_UNSUPPORTED || ++s->failed >= FAILED_MAX)
		withdraw(vv, s->codec);
	ask_refresh(vv, s->index);
}

static void decode_done(struct hws_video_view *vv, struct hws_display_view *s,
		const struct hws_confined_result *res)
{
	struct hws_picture *p = hws_picture_lock(res->picture);
	struct hws_rect all = { 0, 0, p->width, p->height };
	uint64_t now = hws_clock_us();

	s->failed = 0;
	vv->stats.frames++;
	vv->stats.codec = s->codec;
	vv->stats.last_us = now;
	vv->decode_sum_us += res->took_us;
	vv->recent_frames++;
	vv->recent_us += res->took_us;
	hws_display_view_publish(s, p, s->hidden ? all : res->damage, now);
	s->hidden = false;
	vv->conf.on_picture(s->index, p->width, p->height, s->number, vv->conf.arg);
}

static void on_decoded(int r, const struct hws_confined_result *res, void *arg)
{
	struct hws_display_view *s = arg;
	struct hws_video_view *vv = s->owner;

	s->busy = false;
	if (vv->open && s->generation == vv->generation) {
		if (r == HWS_OK) {
			vv->stats.by_device = res->by_device;
			decode_done(vv, s, res);
		} else if (r == HWS_ERR_FULL) { /* all pictures are being looked at */
			vv->stats.dropped++;
			s->hidden = true;
		} else if (r != HWS_ERR_AGAIN && r != HWS_ERR_CANCELED) {
			decode_failed(vv, s, r);
		}
	}
	start_job(vv, s->index);
}

/* The decoders of all displays have gone with their process. */
static void on_loss(void *arg)
{
	struct hws_video_view *vv = arg;

	for (size_t i = 0; i < HWS_PEER_DISPLAYS_MAX; i++) {
		struct hws_display_view *s = vv->screen[i];
		if (!s)
			continue;
		hws_display_view_clear_queue(s);
		s->need_key = s->reset = true;
		if (vv->open && s->newest)
			ask_refresh(vv, i);
	}
}

static int submit(struct hws_video_view *vv, struct hws_display_view *s, const Ses__Message *m)
{
	struct hws_bytes packet[HWS_DECODE_PACKETS_MAX];
	struct hws_rect rects[HWS_DECODE_RECTS_MAX];
	bool rgba = vv->conf.order == HWS_VIDEO_RGBA;

	if (m->union_case == SES__MESSAGE__UNION_PATCH)
		return hws_confined_patch(vv->conf.decoder, (unsigned)s->index, rgba,
				hws_bytes(m->patch->data.data, m->patch->data.len), on_decoded, s);
	const Ses__EncodedVideoFrames *f = hws_video_frames(m->video_frame, &s->codec);
	struct hws_confined_video v = { .display = (unsigned)s->index,
		.codec = s->codec,
		.reset = s->reset,
		.rgba = rgba,
		.packets = packet };

	hws_patch_view_fill(m->video_frame, rects, &v);
	for (; v.count < f->n_frames && v.count < HWS_DECODE_PACKETS_MAX; v.count++)
		packet[v.count] = hws_bytes(
				f->frames[v.count]->data.data, f->frames[v.count]->data.len);
	return hws_confined_video(vv->conf.decoder, &v, on_decoded, s);
}

static void start_job(struct hws_video_view *vv, size_t display)
{
	struct hws_display_view *s = vv->screen[display];
	Ses__Message *m;

	if (s->busy || !(m = hws_display_view_pop(s)))
		return;
	s->generation = vv->generation;
	s->busy = true;
	bool patch = m->union_case == SES__MESSAGE__UNION_PATCH;
	int r = submit(vv, s, m);

	hws_ses_free(m);
	if (r == HWS_OK) {
		s->reset = s->reset && patch;
		return;
	}
	s->busy = false;
	hws_display_view_clear_queue(s);
	s->need_key = true;
	ask_refresh(vv, display);
}

static struct hws_display_view *screen_of(struct hws_video_view *vv, int32_t display)
{
	struct hws_display_view *s = NULL;

	if (display < 0 || (uint32_t)display >= HWS_PEER_DISPLAYS_MAX ||
			(size_t)display >= hws_viewer_peer(vv->service.viewer)->display_count)
		return NULL;
	if (!vv->screen[display] && hws_display_view_new(&s) == HWS_OK) {
		s->owner = vv;
		s->index = (size_t)display;
		pthread_mutex_lock(&vv->lock);
		vv->screen[display] = s;
		pthread_mutex_unlock(&vv->lock);
	}
	return vv->screen[display];
}

static bool has_key(const Ses__EncodedVideoFrames *f)
{
	return f->n_frames > 0 && f->frames[0]->key;
}

static size_t queued_bytes(const struct hws_video_view *vv)
{
	size_t n = 0;

	for (size_t i = 0; i < HWS_PEER_DISPLAYS_MAX; i++)
		n += vv->screen[i] ? vv->screen[i]->bytes : 0;
	return n;
}

/* What has come cannot be shown, and nothing after it, before a new picture. */
static bool unusable(struct hws_video_view *vv, struct hws_display_view *s)
{
	hws_display_view_clear_queue(s);
	s->need_key = true;
	vv->stats.dropped++;
	ask_refresh(vv, s->index);
	return false;
}

/* True: the message was taken. */
static bool enqueue(struct hws_video_view *vv, struct hws_display_view *s, Ses__Message *m,
		size_t bytes)
{
	if (queued_bytes(vv) + bytes > QUEUED_BYTES_MAX)
		return unusable(vv, s);
	if (!hws_display_view_push(s, m, bytes)) {
		vv->stats.dropped++;
		ask_refresh(vv, s->index);
		return true;
	}
	start_job(vv, s->index);
	return true;
}

static bool on_video(struct hws_video_view *vv, Ses__Message *m)
{
	enum hws_codec codec = HWS_CODEC_NONE;
	const Ses__EncodedVideoFrames *f = hws_video_frames(m->video_frame, &codec);
	struct hws_display_view *s = f ? screen_of(vv, m->video_frame->display) : NULL;
	size_t display = (size_t)m->video_frame->display, bytes = 0;

	if (!s || f->n_frames == 0)
		return false;
	if (!(hws_codecs_decodable() & HWS_CODEC_BIT(codec))) {
		/* Withdrawn or never offered: the host does not know, or another viewer wants
		 * it. */
		vv->stats.dropped++;
		withdraw(vv, codec);
		return false;
	}
	if (!hws_patch_view_video(s, m->video_frame, has_key(f)))
		return unusable(vv, s);
	s->need_key = false;
	for (size_t i = 0; i < f->n_frames; i++) {
		const Ses__EncodedVideoFrame *p = f->frames[i];
		bytes += p->data.len;
		if (vv->conf.on_packet)
			vv->conf.on_packet(display, codec, hws_bytes(p->data.data, p->data.len),
					p->key, p->pts, vv->conf.arg);
	}
	return enqueue(vv, s, m, bytes);
}

static bool on_patch(struct hws_video_view *vv, Ses__Message *m)
{
	struct hws_display_view *s = screen_of(vv, m->patch->display);

	if (!s)
		return false;
	if (!hws_patch_view_patch(s, m->patch))
		return unusable(vv, s);
	vv->stats.patches++;
	vv->stats.patch_bytes += m->patch->data.len;
	return enqueue(vv, s, m, m->patch->data.len);
}

static void reset_screen(struct hws_video_view *vv, size_t display)
{
	struct hws_display_view *s = display < HWS_PEER_DISPLAYS_MAX ? vv->screen[display] : NULL;

	if (!s)
		return;
	hws_display_view_clear_queue(s);
	s->need_key = s->reset = true;
	s->failed = 0;
}

static bool on_message(struct hws_service *service, Ses__Message *m)
{
	struct hws_video_view *vv = hws_container(service, struct hws_video_view, service);

	switch (m->union_case) {
	case SES__MESSAGE__UNION_VIDEO_FRAME:
		return on_video(vv, m);
	case SES__MESSAGE__UNION_PATCH:
		return on_patch(vv, m);
	case SES__MESSAGE__UNION_SCREENSHOT_RESPONSE:
		if (vv->conf.on_screenshot)
			vv->conf.on_screenshot(m->screenshot_response->sid,
					m->screenshot_response->msg,
					hws_bytes(m->screenshot_response->data.data,
							m->screenshot_response->data.len),
					vv->conf.arg);
		return false;
	case SES__MESSAGE__UNION_PEER_INFO: /* indices mean other displays now */
		for (size_t i = 0; i < HWS_PEER_DISPLAYS_MAX; i++)
			reset_screen(vv, i);
		return false;
	case SES__MESSAGE__UNION_MISC: /* the decoder of that display starts anew */
		if (m->misc->union_case == SES__MISC__UNION_SWITCH_DISPLAY &&
				m->misc->switch_display->display >= 0)
			reset_screen(vv, (size_t)m->misc->switch_display->display);
		else if (m->misc->union_case == SES__MISC__UNION_VIDEO_COST)
			vv->stats.host = hws_cost_of_wire(m->misc->video_cost);
		if (m->misc->union_case == SES__MISC__UNION_HOST_RECORDS &&
				vv->conf.on_host_records)
			vv->conf.on_host_records(m->misc->host_records, vv->conf.arg);
		return false;
	default:
		return false;
	}
}

static void on_open(struct hws_service *service)
{
	struct hws_video_view *vv = hws_container(service, struct hws_video_view, service);

	vv->open = true;
	vv->generation++;
	vv->last_fps = 0;
	vv->stats.host = (struct hws_video_cost){ 0 };
	for (size_t i = 0; i < HWS_PEER_DISPLAYS_MAX; i++)
		reset_screen(vv, i);
}

static void on_close(struct hws_service *service)
{
	struct hws_video_view *vv = hws_container(service, struct hws_video_view, service);

	vv->open = false;
	for (size_t i = 0; i < HWS_PEER_DISPLAYS_MAX; i++)
		if (vv->screen[i])
			hws_display_view_clear_queue(vv->screen[i]);
}

/* Nothing else may come that would show it. */
static void show_hidden(struct hws_video_view *vv, struct hws_display_view *s)
{
	if (!s->hidden || s->busy || s->count || !s->exact || s->need_key)
		return;
	s->generation = vv->generation;
	s->busy = hws_patch_view_show(vv->conf.decoder, (unsigned)s->index,
				  vv->conf.order == HWS_VIDEO_RGBA, on_decoded, s) == HWS_OK;
}

/* Of all displays since the last second in which something was shown. */
static void look_at_shown(struct hws_video_view *vv)
{
	uint64_t us = 0;
	unsigned n = 0;

	for (size_t i = 0; i < HWS_PEER_DISPLAYS_MAX; i++) {
		struct hws_display_view *s = vv->screen[i];
		if (!s)
			continue;
		pthread_mutex_lock(&s->lock);
		us += s->shown_us;
		n += s->shown;
		s->shown_us = s->shown = 0;
		pthread_mutex_unlock(&s->lock);
	}
	if (n)
		vv->stats.present_us = HWS_MAX(us / n, 1u);
}

void hws_video_view_shown(struct hws_video_view *vv, size_t display, uint64_t number)
{
	struct hws_display_view *s;
	uint64_t now = hws_clock_us();

	if (display >= HWS_PEER_DISPLAYS_MAX)
		return;
	pthread_mutex_lock(&vv->lock);
	s = vv->screen[display];
	pthread_mutex_unlock(&vv->lock);
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	if (number && number == s->taken) {
		s->shown_us += now > s->taken_us ? now - s->taken_us : 0;
		s->shown++;
		s->taken = 0; /* once */
	}
	pthread_mutex_unlock(&s->lock);
}

/* Asks the host for fewer frames when they come faster than they can be decoded, and for more again
 * when that has passed: the rule deployed viewers follow (a tenth below the measured speed). */
static void pace(struct hws_service *service, uint64_t now_us)
{
	struct hws_video_view *vv = hws_container(service, struct hws_video_view, service);
	struct hws_view_options o = *hws_viewer_options(vv->service.viewer);
	unsigned queued = 0, wish = o.fps > 0 ? (unsigned)o.fps : 30, decode, limit;

	for (size_t i = 0; i < HWS_PEER_DISPLAYS_MAX; i++) {
		if (!vv->screen[i])
			continue;
		queued = HWS_MAX(queued, vv->screen[i]->count);
		show_hidden(vv, vv->screen[i]);
	}
	vv->stats.queued = queued;
	look_at_shown(vv);
	if (queued > 1)
		vv->calm_us = 0;
	else if (vv->calm_us == 0)
		vv->calm_us = now_us;
	if (vv->recent_frames < 3)
		return;
	uint64_t spent_us = HWS_MAX(1ull, vv->recent_us);
	decode = (unsigned)HWS_MAX(1ull, vv->recent_frames * HWS_US_PER_S / spent_us);
	vv->recent_frames = 0;
	vv->recent_us = 0;
	limit = HWS_MIN(decode * 9 / 10, wish);
	limit = HWS_MAX(1u, limit);
	unsigned fps = vv->last_fps ? vv->last_fps : wish;
	unsigned many = HWS_MAX(1u, decode / 2), slow = queued > limit ? limit / 2 : limit;
	if (queued > many || (queued > 1 && fps > limit))
		fps = HWS_MAX(1u, slow);
	else if (vv->calm_us && now_us - vv->calm_us > 3 * HWS_US_PER_S && fps + 3 <= limit)
		fps = limit;
	if (fps == (vv->last_fps ? vv->last_fps : wish))
		return;
	vv->last_fps = fps;
	Ses__OptionMessage om = SES__OPTION_MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;
	om.custom_fps = (int32_t)fps;
	misc.union_case = SES__MISC__UNION_OPTION;
	misc.option = &om;
	if (hws_viewer_send_misc(vv->service.viewer, &misc) < 0)
		vv->last_fps = 0;
}

static void on_free(struct hws_service *service)
{
	hws_video_view_free(hws_video_view_of(service));
}

static const struct hws_service_impl impl = {
	.id = HWS_SERVICE_VIDEO,
	.name = "video",
	.kinds = HWS_KIND_BIT(HWS_KIND_REMOTE) | HWS_KIND_BIT(HWS_KIND_CAMERA),
	.open = on_open,
	.on_message = on_message,
	.tick = pace,
	.close = on_close,
	.free = on_free,
};

int hws_video_view_new(const struct hws_video_view_conf *conf, struct hws_video_view **ret)
{
	struct hws_video_view *vv = hws_alloc(sizeof(*vv));

	if (!vv)
		return HWS_ERR_NOMEM;
	vv->service.impl = &impl;
	vv->conf = *conf;
	pthread_mutex_init(&vv->lock, NULL);
	if (conf->decoder)
		hws_confined_on_loss(conf->decoder, on_loss, vv);
	*ret = vv;
	return HWS_OK;
}

void hws_video_view_free(struct hws_video_view *vv)
{
	if (!vv)
		return;
	for (size_t i = 0; i < HWS_PEER_DISPLAYS_MAX; i++) {
		if (vv->screen[i] && vv->screen[i]->busy)
			hws_confined_cancel(vv->conf.decoder, vv->screen[i]);
		hws_display_view_free(vv->screen[i]);
	}
	if (vv->conf.decoder)
		hws_confined_on_loss(vv->conf.decoder, NULL, NULL);
	pthread_mutex_destroy(&vv->lock);
	hws_free(vv);
}

struct hws_service *hws_video_view_service(struct hws_video_view *vv)
{
	return &vv->service;
}

struct hws_video_view *hws_video_view_of(struct hws_service *s)
{
	return hws_container(s, struct hws_video_view, service);
}

void hws_video_view_stats(const struct hws_video_view *vv, struct hws_video_stats *ret)
{
	*ret = vv->stats;
	ret->decode_us = vv->stats.frames ? vv->decode_sum_us / vv->stats.frames : 0;
}

int hws_video_view_take(struct hws_video_view *vv, size_t display, struct hws_video_picture *ret)
{
	struct hws_display_view *s;
	int r = HWS_ERR_AGAIN;

	if (display >= HWS_PEER_DISPLAYS_MAX)
		return HWS_ERR_RANGE;
	pthread_mutex_lock(&vv->lock);
	s = vv->screen[display];
	pthread_mutex_unlock(&vv->lock);
	if (!s)
		return r;
	pthread_mutex_lock(&s->lock);
	if (s->newest) {
		ret->picture = hws_picture_lock(s->newest);
		ret->damage = s->damage;
		ret->number = s->number;
		ret->time_us = s->time_us;
		s->taken = s->number;
		s->taken_us = s->time_us;
		s->damage = (struct hws_rect){ 0 };
		r = HWS_OK;
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}
