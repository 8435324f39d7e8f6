#include "client/services/video/video_host.h"
#include "client/media/png.h"
#include "client/services/video/codec_choice.h"
#include "client/services/video/quality.h"
#include "client/services/video/video_msg.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/wire/limits.h"
#include "shared/wire/version.h"
#include <stdlib.h>
#include <string.h>

#define COALESCE_US 2000u   /* programs draw in bursts: take the burst, not its first stroke */
#define LAG_US HWS_US_PER_S /* a viewer that blocks the others for so long is left behind */
#define ACK_US (3 * HWS_US_PER_S) /* then a missing acknowledgement counts as given */
#define ACKS_OPEN 2u              /* frames without acknowledgement at once */
#define REFINE_US 120000u         /* rest before a blurred picture is sharpened */
#define REFINE_MAX 8u
#define REFINE_GAIN 6u   /* a quantiser that near to the best one is good enough */
#define RECORD_KEYS 240u /* pictures between key frames while a viewer records */
#define RETRY_US HWS_US_PER_S

struct watcher { /* one viewer */
	struct hws_guest *g;
	struct hws_codec_wish wish;
	unsigned current; /* the display it asked for last */
	unsigned unacked;
	uint64_t sent_us, blocked_us; /* 0 = not blocked */
	bool records;
};

struct stream { /* one display */
	struct hws_video_host *v;
	unsigned index, generation;
	uint32_t subs, need_key, lagging; /* bits of slots */
	bool started, changed, grabbing, coding, key, refine;
	struct hws_picture *picture; /* the newest, locked */
	bool out;                    /* not yet released to the capture */
	struct hws_encoder *encoder;
	enum hws_codec encoder_codec;
	struct hws_quality quality;
	struct hws_region debt; /* coded worse than it could be */
	unsigned passes, since_key;
	uint64_t began_us, last_us;
	struct hws_timer timer, refine_timer;
};

struct hws_video_host {
	struct hws_video_host_conf conf;
	struct watcher watcher[HWS_GUESTS_MAX];
	struct stream stream[HWS_DISPLAYS_MAX];
	struct hws_qos qos;
	enum hws_codec codec;
	uint32_t told_kbit_s;
	uint64_t frames;
	unsigned jobs; /* under way; they hold the host */
	bool closed;
};

struct job {
	struct hws_video_host *v;
	unsigned index, generation;
	struct hws_encoder *encoder; /* owned while the job runs; NULL: make one */
	struct hws_encoder_conf conf;
	bool set_quality, key, whole;
	struct hws_picture *picture;
	struct hws_region damage;
	int64_t pts_ms;
	struct hws_packet packet;
};

static void kick(struct stream *s);

static uint64_t now_of(const struct hws_video_host *v)
{
	return hws_loop_now_us(v->conf.loop);
}

static const struct hws_display *display_of(const struct hws_video_host *v, unsigned i)
{
	unsigned n;
	const struct hws_display *list = hws_capture_displays(v->conf.capture, &n);

	return i < n ? &list[i] : NULL;
}

/* --- what viewers are told --- */

static void tell_geometry(struct hws_video_host *v, struct hws_guest *g, unsigned index)
{
	const struct hws_display *d = display_of(v, index);
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;
	Ses__SwitchDisplay sd = SES__SWITCH_DISPLAY__INIT;
	Ses__SupportedResolutions modes = SES__SUPPORTED_RESOLUTIONS__INIT;
	Ses__Resolution original = SES__RESOLUTION__INIT;

	if (!d)
		return;
	sd.display = (int32_t)index;
	sd.x = d->x;
	sd.y = d->y;
	sd.width = original.width = d->width;
	sd.height = original.height = d->height;
	sd.resolutions = &modes;
	sd.original_resolution = &original;
	misc.union_case = SES__MISC__UNION_SWITCH_DISPLAY;
	misc.switch_display = &sd;
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	hws_guest_tell(g, &m);
}

static void tell_list(struct hws_video_host *v, struct hws_guest *g)
{
	struct hws_display_msg list;
	unsigned n;
	const struct hws_display *d = hws_capture_displays(v->conf.capture, &n);
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__PeerInfo pi = SES__PEER_INFO__INIT;

	hws_display_msg_fill(&list, d, n);
	pi.displays = list.ptr;
	pi.n_displays = list.count;
	m.union_case = SES__MESSAGE__UNION_PEER_INFO;
	m.peer_info = &pi;
	hws_guest_tell(g, &m);
}

static void tell_bitrate(struct hws_video_host *v)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++)
		if (v->stream[i].subs)
			sum += v->stream[i].quality.bitrate_kbit_s;
	if (sum == v->told_kbit_s || !v->conf.on_bitrate)
		return;
	v->told_kbit_s = sum;
	v->conf.on_bitrate(sum, v->conf.arg);
}

/* --- starting and stopping --- */

static void forget_picture(struct stream *s)
{
	if (s->out) {
		s->out = false;
		hws_capture_release(s->v->conf.capture, s->index);
	}
	hws_picture_unlock(s->picture);
	s->picture = NULL;
}

static void stream_stop(struct stream *s)
{
	hws_timer_stop(&s->timer);
	hws_timer_stop(&s->refine_timer);
	if (s->started)
		hws_capture_stop(s->v->conf.capture, s->index);
	forget_picture(s);
	hws_encoder_free(s->encoder);
	s->encoder = NULL;
	s->generation++; /* a job under way belongs to the past */
	s->started = s->changed = s->grabbing = s->coding = s->refine = false;
	s->debt.n = 0;
	s->since_key = 0;
}

static void on_retry(void *arg)
{
	kick(arg);
}

static void stream_start(struct stream *s)
{
	int r = hws_capture_start(s->v->conf.capture, s->index);

	if (r < 0) {
		hws_warn_limited("video.capture_failed", HWS_U64("display", s->index),
				HWS_ERR("why", r));
		hws_timer_start(s->v->conf.loop, &s->timer, RETRY_US, on_retry, s);
		return;
	}
	s->started = true;
	s->began_us = now_of(s->v);
	s->last_us = 0;
}

static void subscribe(struct hws_video_host *v, unsigned slot, unsigned index)
{
	struct stream *s = &v->stream[index];

	if (s->subs >> slot & 1)
		return;
	s->subs |= 1u << slot;
	s->need_key |= 1u << slot;
	s->lagging &= ~(1u << slot);
	s->key = true;
	kick(s);
}

static void unsubscribe(struct hws_video_host *v, unsigned slot, unsigned index)
{
	struct stream *s = &v->stream[index];

	s->subs &= ~(1u << slot);
	s->need_key &= s->subs;
	s->lagging &= s->subs;
	if (!s->subs && s->started)
		stream_stop(s);
	else if (s->subs)
		kick(s); /* perhaps the others waited for this one */
}

static void demand_key(struct stream *s, unsigned slot)
{
	if (!(s->subs >> slot & 1))
		return;
	s->key = true;
	s->need_key |= 1u << slot;
	kick(s);
}

static void choose_codec(struct hws_video_host *v)
{
	struct hws_codec_wish wish[HWS_GUESTS_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < HWS_GUESTS_MAX; i++)
		if (v->watcher[i].g)
			wish[n++] = v->watcher[i].wish;
	enum hws_codec codec = hws_codec_choose(wish, n, hws_codecs_encodable());
	if (codec == v->codec)
		return;
	v->codec = codec;
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++) {
		struct stream *s = &v->stream[i];
		s->key = true;
		s->need_key = s->subs;
		kick(s);
	}
}

/* --- readiness of the viewers --- */

static bool is_blocked(const struct hws_video_host *v, struct watcher *w, uint64_t now)
{
	if (w->g->congested(w->g))
		return true;
	if (!w->g->ack_required || w->unacked < ACKS_OPEN)
		return false;
	if (now - w->sent_us > ACK_US) {
		w->unacked = 0;
		return false;
	}
	(void)v;
	return true;
}

/* True when a picture taken now can go to every viewer that is not hopelessly behind. */
static bool viewers_ready(struct stream *s, uint64_t now)
{
	uint32_t waiting = 0, ready = 0;

	for (unsigned i = 0; i < HWS_GUESTS_MAX; i++) {
		struct watcher *w = &s->v->watcher[i];
		uint32_t bit = 1u << i;
		if (!(s->subs & bit))
			continue;
		if (is_blocked(s->v, w, now)) {
			w->blocked_us = w->blocked_us ? w->blocked_us : now;
			if (!(s->lagging & bit))
				waiting |= bit;
			continue;
		}
		w->blocked_us = 0;
		ready |= bit;
		if (s->lagging & bit) { /* it missed pictures: only a key frame helps */
			s->lagging &= ~bit;
			s->need_key |= bit;
			s->key = true;
		}
	}
	if (!waiting)
		return ready != 0;
	if (!ready)
		return false; /* nobody is held up by the others */
	for (unsigned i = 0; i < HWS_GUESTS_MAX; i++)
		if (waiting >> i & 1 && now - s->v->watcher[i].blocked_us > LAG_US) {
			s->lagging |= 1u << i;
			waiting &= ~(1u << i);
		}
	return !waiting;
}

/* --- coding --- */

static int run_job(void *arg)
{
	struct job *j = arg;

	if (!j->encoder) {
		int r = hws_encoder_new(&j->conf, &j->encoder);
		if (r < 0)
			return r;
	} else if (j->set_quality) {
		int r = hws_encoder_set_quality(j->encoder, &j->conf.quality);
		if (r < 0)
			return r;
	}
	return hws_encoder_encode(j->encoder, j->picture, j->whole ? NULL : &j->damage, j->key,
			j->pts_ms, &j->packet);
}

static void deliver(struct stream *s, const struct hws_packet *p, int64_t pts_ms)
{
	struct hws_video_host *v = s->v;
	uint8_t buf[HWS_VIDEO_HEAD_MAX];
	size_t n = hws_video_head(s->encoder_codec, s->index, p->key, pts_ms, p->data.len, buf);

	for (unsigned i = 0; n && i < HWS_GUESTS_MAX; i++) {
		struct watcher *w = &v->watcher[i];
		uint32_t bit = 1u << i;
		if (!(s->subs & bit) || s->lagging & bit)
			continue;
		if (s->need_key & bit && !p->key)
			continue;
		if (w->g->send_parts(w->g, hws_bytes(buf, n), p->data) < 0) {
			s->need_key |= bit;
			s->key = true;
			continue;
		}
		s->need_key &= ~bit;
		w->unacked += w->g->ack_required;
		w->sent_us = now_of(v);
	}
	v->frames++;
	hws_qos_sent(&v->qos);
}

static void on_refine(void *arg)
{
	struct stream *s = arg;

	s->refine = true;
	kick(s);
}

static void account(struct stream *s, const struct job *j)
{
	unsigned good = j->conf.quality.q_min + REFINE_GAIN;

	if (j->key)
		s->since_key = 0;
	else
		s->since_key++;
	if (j->packet.q > good) {
		if (j->whole)
			hws_region_add(&s->debt,
					(struct hws_rect){ 0, 0, j->picture->width,
							j->picture->height });
		else
			hws_region_add_all(&s->debt, &j->damage);
	} else if (j->whole || s->passes > 0) {
		s->debt.n = 0;
	}
	if (s->debt.n && s->passes < REFINE_MAX)
		hws_timer_start(s->v->conf.loop, &s->refine_timer, REFINE_US, on_refine, s);
}

static void job_free(struct job *j)
{
	hws_picture_unlock(j->picture);
	hws_encoder_free(j->encoder);
	hws_free(j);
}

static void on_job_done(void *arg, int r)
{
	struct job *j = arg;
	struct hws_video_host *v = j->v;
	struct stream *s = &v->stream[j->index];

	v->jobs--;
	if (v->closed) {
		job_free(j);
		if (!v->jobs)
			free(v);
		return;
	}
	if (j->generation != s->generation) {
		job_free(j);
		return;
	}
	s->coding = false;
	if (r == HWS_OK) {
		s->encoder = j->encoder;
		j->encoder = NULL;
		deliver(s, &j->packet, j->pts_ms);
		account(s, j);
	} else if (r == HWS_ERR_AGAIN) {
		s->encoder = j->encoder;
		j->encoder = NULL;
		hws_region_add_all(&s->debt, &j->damage);
		s->key = s->key || j->key;
		hws_timer_start(v->conf.loop, &s->refine_timer, REFINE_US, on_refine, s);
	} else {
		/* A fresh encoder next time; not at once, or a broken one would eat the processor. */
		hws_warn_limited("video.encode_failed", HWS_STR("codec", hws_codec_name(v->codec)),
				HWS_ERR("why", r));
		s->key = true;
		hws_timer_start(v->conf.loop, &s->timer, RETRY_US, on_retry, s);
	}
	job_free(j);
	if (r == HWS_OK)
		kick(s);
}

static void code(struct stream *s, const struct hws_region *damage)
{
	struct hws_video_host *v = s->v;
	struct job *j = hws_alloc(sizeof(*j));
	struct hws_picture *p = s->picture;

	if (!j)
		return;
	uint32_t base = hws_base_kbit_s(p->width, p->height);
	hws_qos_judge(&v->qos, base, now_of(v));
	struct hws_quality q = hws_quality_of(v->qos.ratio, base);
	bool other = memcmp(&q, &s->quality, sizeof(q)) != 0;

	if (s->encoder_codec != v->codec) {
		hws_encoder_free(s->encoder);
		s->encoder = NULL;
	}
	s->quality = q;
	s->encoder_codec = v->codec;
	*j = (struct job){
		.v = v,
		.index = s->index,
		.generation = s->generation,
		.encoder = s->encoder,
		.conf = { .codec = v->codec, .width = p->width, .height = p->height, .quality = q },
		.set_quality = other,
		.key = s->key || !s->encoder,
		.picture = hws_picture_lock(p),
		.damage = *damage,
		.pts_ms = (int64_t)((now_of(v) - s->began_us) / HWS_US_PER_MS),
	};
	bool records = false;
	for (unsigned i = 0; i < HWS_GUESTS_MAX; i++)
		records = records || (v->watcher[i].g && v->watcher[i].records);
	j->key = j->key || (records && s->since_key >= RECORD_KEYS);
	j->whole = j->key;
	if (hws_work_submit(v->conf.work, v->conf.loop, run_job, on_job_done, j) < 0) {
		j->encoder = NULL;
		job_free(j);
		hws_region_add_all(&s->debt, damage);
		hws_timer_start(v->conf.loop, &s->timer, RETRY_US, on_retry, s);
		return;
	}
	v->jobs++;
	s->encoder = NULL;
	s->coding = true;
	s->key = false;
	if (other)
		tell_bitrate(v);
}

/* --- the pace --- */

static void on_timer(void *arg)
{
	kick(arg);
}

static void wait(struct stream *s, uint64_t us)
{
	hws_timer_start(s->v->conf.loop, &s->timer, us, on_timer, s);
}

static void grab(struct stream *s)
{
	if (s->out) {
		s->out = false;
		hws_capture_release(s->v->conf.capture, s->index);
	}
	int r = hws_capture_grab(s->v->conf.capture, s->index);

	if (r == HWS_OK) {
		s->grabbing = true;
	} else if (r != HWS_ERR_AGAIN && r != HWS_ERR_BUSY) {
		wait(s, RETRY_US);
		return;
	}
	s->changed = false;
}

/* Does the next step of a display, if there is one to do and all are ready for it. */
static void kick(struct stream *s)
{
	struct hws_video_host *v = s->v;
	static const struct hws_region nothing;

	if (!s->subs || s->grabbing || s->coding || v->closed)
		return;
	if (!s->started) {
		stream_start(s);
		return; /* damage follows */
	}
	bool work = s->changed || (s->picture && (s->key || s->refine));
	if (!work && !s->lagging)
		return;
	uint64_t now = now_of(v), interval = HWS_US_PER_S / hws_qos_fps(&v->qos, now);
	if (s->last_us && now < s->last_us + interval) {
		wait(s, s->last_us + interval - now);
		return;
	}
	if (!viewers_ready(s, now)) {
		wait(s, LAG_US / 4); /* on_drain or an acknowledgement usually comes before */
		return;
	}
	work = s->changed || (s->picture && (s->key || s->refine));
	if (!work)
		return;
	s->last_us = now;
	if (s->changed) {
		grab(s);
		if (s->grabbing || s->changed || !s->picture)
			return;
	}
	if (s->refine && !s->key) {
		struct hws_region debt = s->debt;
		s->refine = false;
		s->debt.n = 0;
		s->passes++;
		if (debt.n)
			code(s, &debt);
		return;
	}
	if (s->key)
		code(s, &nothing);
}

static void on_damage(unsigned display, void *arg)
{
	struct hws_video_host *v = arg;
	struct stream *s = &v->stream[display];

	s->changed = true;
	if (s->grabbing || s->coding)
		return;
	uint64_t now = now_of(v), interval = HWS_US_PER_S / hws_qos_fps(&v->qos, now);
	if (!s->picture || (s->last_us && now < s->last_us + interval))
		kick(s);
	else
		wait(s, COALESCE_US);
}

static void on_frame(unsigned display, int r, struct hws_picture *picture,
		const struct hws_region *damage, void *arg)
{
	struct hws_video_host *v = arg;
	struct stream *s = &v->stream[display];

	s->grabbing = false;
	if (r < 0) {
		if (r != HWS_ERR_AGAIN) {
			s->changed = true;
			wait(s, RETRY_US / 4);
		} else if (s->picture && s->key) {
			kick(s);
		}
		return;
	}
	s->out = true;
	if (picture != s->picture) {
		hws_picture_unlock(s->picture);
		s->picture = hws_picture_lock(picture);
	}
	hws_timer_stop(&s->refine_timer);
	s->refine = false;
	s->passes = 0;
	code(s, damage);
}

static void on_displays(void *arg)
{
	struct hws_video_host *v = arg;
	unsigned n;

	hws_capture_displays(v->conf.capture, &n);
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++) {
		struct stream *s = &v->stream[i];
		s->started = s->out = false; /* the capture has stopped and released everything */
		stream_stop(s);
		s->lagging = 0;
		s->need_key = s->subs;
		s->key = true;
		if (i >= n && s->subs) {
			v->stream[0].subs |= s->subs;
			s->subs = 0;
		}
	}
	v->stream[0].need_key = v->stream[0].subs;
	for (unsigned i = 0; i < HWS_GUESTS_MAX; i++) {
		struct watcher *w = &v->watcher[i];
		if (!w->g)
			continue;
		if (w->current >= n)
			w->current = 0;
		tell_list(v, w->g);
		tell_geometry(v, w->g, w->current);
	}
	for (unsigned i = 0; i < n; i++)
		kick(&v->stream[i]);
}

/* --- screenshots --- */

struct shot {
	struct hws_video_host *v;
	unsigned slot;
	struct hws_guest *g;
	struct hws_picture *picture;
	struct hws_buf png;
	char sid[128];
};

static void answer_shot(struct shot *s, const char *text)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__ScreenshotResponse a = SES__SCREENSHOT_RESPONSE__INIT;
	struct hws_bytes data = hws_buf_bytes(&s->png);

	a.sid = s->sid;
	a.msg = (char *)text;
	a.data.data = (uint8_t *)data.ptr;
	a.data.len = *text ? 0 : data.len;
	m.union_case = SES__MESSAGE__UNION_SCREENSHOT_RESPONSE;
	m.screenshot_response = &a;
	hws_guest_tell(s->g, &m);
}

static void shot_free(struct shot *s)
{
	hws_picture_drop(s->picture);
	hws_buf_done(&s->png);
	hws_free(s);
}

static int run_shot(void *arg)
{
	struct shot *s = arg;

	return hws_png_encode(s->picture, &s->png);
}

static void on_shot_done(void *arg, int r)
{
	struct shot *s = arg;
	struct hws_video_host *v = s->v;

	v->jobs--;
	if (!v->closed && v->watcher[s->slot].g == s->g)
		answer_shot(s, r < 0 ? "Error encoding png" : "");
	shot_free(s);
	if (v->closed && !v->jobs)
		free(v);
}

static void take_shot(
		struct hws_video_host *v, struct hws_guest *g, const Ses__ScreenshotRequest *q)
{
	struct shot *s = hws_alloc(sizeof(*s));

	if (!s)
		return;
	s->v = v;
	s->g = g;
	s->slot = g->slot;
	hws_buf_init(&s->png, HWS_SES_FRAME_MAX - 1024);
	size_t n = strnlen(q->sid, sizeof(s->sid));
	if (n < sizeof(s->sid))
		memcpy(s->sid, q->sid, n);
	int r = q->display < 0
			? HWS_ERR_NOTFOUND
			: hws_capture_snapshot(v->conf.capture, (unsigned)q->display, &s->picture);
	if (r == HWS_OK)
		r = hws_work_submit(v->conf.work, v->conf.loop, run_shot, on_shot_done, s);
	if (r == HWS_OK) {
		v->jobs++;
		return;
	}
	answer_shot(s, "Failed to take screenshot, please try again later.");
	shot_free(s);
}

/* --- messages --- */

static void switch_display(struct hws_video_host *v, struct watcher *w, int32_t want)
{
	unsigned slot = w->g->slot, before = w->current;

	if (want < 0 || want >= HWS_DISPLAYS_MAX || (unsigned)want == before ||
			!display_of(v, (unsigned)want))
		return;
	w->current = (unsigned)want;
	tell_geometry(v, w->g, w->current);
	subscribe(v, slot, w->current);
	if (w->g->version < HWS_V_MULTI_DISPLAY)
		unsubscribe(v, slot, before);
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
		struct hws_video_host *v, struct watcher *w, const Ses__CaptureDisplays *c)
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
			subscribe(v, w->g->slot, i);
		else if (!(bits >> i & 1) && !add)
			unsubscribe(v, w->g->slot, i);
	}
}

static void acknowledged(struct hws_video_host *v, struct watcher *w)
{
	w->unacked = 0;
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++)
		if (v->stream[i].subs >> w->g->slot & 1)
			kick(&v->stream[i]);
}

static bool on_misc(struct hws_video_host *v, struct watcher *w, const Ses__Misc *m)
{
	unsigned slot = w->g->slot;

	switch (m->union_case) {
	case SES__MISC__UNION_SWITCH_DISPLAY:
		switch_display(v, w, m->switch_display->display);
		return true;
	case SES__MISC__UNION_CAPTURE_DISPLAYS:
		capture_displays(v, w, m->capture_displays);
		return true;
	case SES__MISC__UNION_REFRESH_VIDEO:
		for (unsigned i = 0; m->refresh_video && i < HWS_DISPLAYS_MAX; i++)
			demand_key(&v->stream[i], slot);
		return true;
	case SES__MISC__UNION_REFRESH_VIDEO_DISPLAY:
		if (m->refresh_video_display >= 0 && m->refresh_video_display < HWS_DISPLAYS_MAX)
			demand_key(&v->stream[m->refresh_video_display], slot);
		return true;
	case SES__MISC__UNION_MESSAGE_QUERY:
		if (m->message_query->switch_display >= 0)
			tell_geometry(v, w->g, (unsigned)m->message_query->switch_display);
		return true;
	case SES__MISC__UNION_VIDEO_RECEIVED:
		acknowledged(v, w);
		return true;
	case SES__MISC__UNION_AUTO_ADJUST_FPS:
		hws_qos_set_auto_fps(&v->qos, slot, m->auto_adjust_fps);
		return true;
	case SES__MISC__UNION_CLIENT_RECORD_STATUS:
		w->records = m->client_record_status;
		for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++)
			demand_key(&v->stream[i], slot);
		return true;
	default:
		return false;
	}
}

bool hws_video_host_message(struct hws_video_host *v, struct hws_guest *g, const Ses__Message *m)
{
	struct watcher *w = &v->watcher[g->slot];

	if (w->g != g)
		return false;
	if (m->union_case == SES__MESSAGE__UNION_SCREENSHOT_REQUEST) {
		take_shot(v, g, m->screenshot_request);
		return true;
	}
	return m->union_case == SES__MESSAGE__UNION_MISC && on_misc(v, w, m->misc);
}

void hws_video_host_option(
		struct hws_video_host *v, struct hws_guest *g, const Ses__OptionMessage *o)
{
	struct watcher *w = &v->watcher[g->slot];
	double ratio;

	if (w->g != g)
		return;
	if (o->image_quality == SES__IMAGE_QUALITY__Best)
		hws_qos_set_ratio(&v->qos, HWS_RATIO_BEST);
	else if (o->image_quality == SES__IMAGE_QUALITY__Balanced)
		hws_qos_set_ratio(&v->qos, HWS_RATIO_BALANCED);
	else if (o->image_quality == SES__IMAGE_QUALITY__Low)
		hws_qos_set_ratio(&v->qos, HWS_RATIO_LOW);
	else if (hws_qos_ratio_from_custom(o->custom_image_quality, &ratio))
		hws_qos_set_ratio(&v->qos, ratio);
	if (o->custom_fps > 0)
		hws_qos_set_fps(&v->qos, g->slot, (unsigned)o->custom_fps);
	if (o->supported_decoding) {
		w->wish = hws_codec_wish_of(o->supported_decoding);
		choose_codec(v);
	}
}

void hws_video_host_join(struct hws_video_host *v, struct hws_guest *g)
{
	unsigned n, primary = 0;
	const struct hws_display *list = hws_capture_displays(v->conf.capture, &n);

	for (unsigned i = n; i-- > 0;)
		if (list[i].primary)
			primary = i;
	v->watcher[g->slot] = (struct watcher){
		.g = g, .current = primary, .wish = hws_codec_wish_of(NULL)
	};
	hws_qos_join(&v->qos, g->slot, now_of(v));
	choose_codec(v);
	subscribe(v, g->slot, primary);
}

void hws_video_host_leave(struct hws_video_host *v, struct hws_guest *g)
{
	if (v->watcher[g->slot].g != g)
		return;
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++)
		if (v->stream[i].subs >> g->slot & 1)
			unsubscribe(v, g->slot, i);
	v->watcher[g->slot] = (struct watcher){ 0 };
	hws_qos_leave(&v->qos, g->slot);
	choose_codec(v);
}

void hws_video_host_link(struct hws_video_host *v, struct hws_guest *g, unsigned rtt_ms, bool late)
{
	if (v->watcher[g->slot].g != g || (!rtt_ms && !late))
		return;
	hws_qos_sample(&v->qos, g->slot, rtt_ms, late);
}

void hws_video_host_drained(struct hws_video_host *v, struct hws_guest *g)
{
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++)
		if (v->stream[i].subs >> g->slot & 1)
			kick(&v->stream[i]);
}

uint64_t hws_video_host_frames(const struct hws_video_host *v)
{
	return v->frames;
}

int hws_video_host_new(const struct hws_video_host_conf *conf, struct hws_video_host **ret)
{
	struct hws_video_host *v = calloc(1, sizeof(*v));

	if (!v)
		return HWS_ERR_NOMEM;
	v->conf = *conf;
	v->codec = HWS_CODEC_VP9;
	hws_qos_init(&v->qos, hws_loop_now_us(conf->loop));
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++) {
		v->stream[i].v = v;
		v->stream[i].index = i;
	}
	conf->capture->ev = (struct hws_capture_events){ on_damage, on_frame, on_displays, v };
	*ret = v;
	return HWS_OK;
}

void hws_video_host_free(struct hws_video_host *v)
{
	if (!v)
		return;
	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++)
		stream_stop(&v->stream[i]);
	v->conf.capture->ev = (struct hws_capture_events){ 0 };
	v->closed = true;
	if (!v->jobs)
		free(v);
}
