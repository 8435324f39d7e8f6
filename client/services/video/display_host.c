/* One display on its way to its viewers: when a picture is taken, how it is coded, to whom it
 * goes. Never two pictures wait: the newest wins. */
#include "client/services/video/display_host.h"
#include "client/media/coarseness.h"
#include "client/media/pixels.h"
#include "client/services/video/video_msg.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include <stdlib.h>
#include <string.h>

#define COALESCE_US 2000u   /* programs draw in bursts: take the burst, not its first stroke */
#define LAG_US HWS_US_PER_S /* a viewer that blocks the others for so long is left behind */
#define ACK_US (3 * HWS_US_PER_S) /* then a missing acknowledgement counts as given */
#define ACKS_OPEN 2u              /* frames without acknowledgement at once */
#define REFINE_US 120000u         /* rest before a blurred picture is sharpened */
#define SLICE_US 5000u
#define LEGIBLE 6667u     /* coarseness of text */
#define SMALL_PART 16     /* of the display: a change that leaves most as it is */
#define REFINE_GAIN 1000u /* what is that near to the finest wished for is good enough */
#define RECORD_KEYS 240u  /* pictures between key frames while a viewer records */
#define RETRY_US HWS_US_PER_S
#define TELL_PART 50u /* the bitrate is told anew when it is off by so much of it */
#define KBIT_MIN 50u  /* an encoder takes less for a mistake */
#define PACE_S 0.1    /* a picture should pass in so long */
#define NARROW 2.0    /* a line that carries less than this many times the wish */
#define COARSE_US HWS_US_PER_S

struct job {
	struct hws_video_host *v;
	unsigned index, generation;
	struct hws_encoder *encoder; /* owned while the job runs; NULL: make one */
	struct hws_encoder_conf conf;
	bool set_quality, key, whole, refines;
	uint16_t finest; /* coarseness that is wished for */
	struct hws_picture *picture;
	struct hws_region damage;
	double pixels; /* that changed */
	int64_t pts_ms;
	struct hws_packet packet;
};

static uint64_t now_of(const struct hws_video_host *v)
{
	return hws_loop_now_us(v->loop);
}

static uint32_t kbit_of(double bytes_per_s)
{
	return (uint32_t)(bytes_per_s * 8 / 1000);
}

/* What all displays that a viewer watches cost together, as wished. */
static uint32_t wish_of(const struct hws_video_host *v, unsigned slot)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++)
		if (v->show[i].subs >> slot & 1)
			sum += v->show[i].wish_kbit_s;
	return sum;
}

void hws_display_host_tell_bitrate(struct hws_video_host *v)
{
	for (unsigned slot = 0; slot < HWS_HOST_VIEWERS_MAX; slot++) {
		struct hws_video_viewer *w = &v->viewer[slot];
		uint32_t wish = w->g ? wish_of(v, slot) : 0;

		if (!wish)
			continue;
		hws_flow_wish(&w->flow, wish * 125.0, now_of(v));
		uint32_t now = kbit_of(hws_flow_rate(&w->flow)), told = w->told_kbit_s;
		uint32_t off = now > told ? now - told : told - now;
		if (!v->on_bitrate || !now || off <= told / TELL_PART)
			continue;
		w->told_kbit_s = now;
		v->on_bitrate(w->g, now, v->arg);
	}
}

/* --- starting and stopping --- */

static void forget_picture(struct hws_display_host *s)
{
	if (s->out) {
		s->out = false;
		hws_capture_release(s->v->reader, s->index);
	}
	hws_picture_unlock(s->picture);
	s->picture = NULL;
}

void hws_display_host_stop(struct hws_display_host *s)
{
	hws_timer_stop(&s->timer);
	hws_timer_stop(&s->refine_timer);
	if (s->started)
		hws_capture_stop(s->v->reader, s->index);
	forget_picture(s);
	hws_encoder_free(s->encoder);
	s->encoder = NULL;
	s->generation++; /* a job under way belongs to the past */
	s->started = s->changed = s->grabbing = s->coding = s->refine = false;
	hws_debt_clear(&s->debt);
	s->since_key = 0;
}

static void on_retry(void *arg)
{
	hws_display_host_kick(arg);
}

static void show_start(struct hws_display_host *s)
{
	int r = hws_capture_start(s->v->reader, s->index);

	if (r < 0) {
		hws_warn_limited("video.capture_failed", HWS_U64("display", s->index),
				HWS_ERR("why", r));
		hws_timer_start(s->v->loop, &s->timer, RETRY_US, on_retry, s);
		return;
	}
	s->started = true;
	s->began_us = now_of(s->v);
	s->last_us = 0;
}

/* --- readiness of the viewers --- */

/* Until this viewer can take a picture, as hws_flow_wait. */
static uint64_t wait_of(struct hws_video_viewer *w, uint64_t now)
{
	if (w->g->congested(w->g, HWS_SEND_VIDEO))
		return HWS_FLOW_BLOCKED;
	if (w->g->ack_required && w->unacked >= ACKS_OPEN) {
		if (now - w->sent_us <= ACK_US)
			return HWS_FLOW_BLOCKED;
		w->unacked = 0;
	}
	return hws_flow_wait(&w->flow, w->g->sent, now);
}

/* 0 when a picture taken now can go to every viewer that is not hopelessly behind; else the time to
 * wait before looking again, HWS_FLOW_BLOCKED when something will happen before. */
static uint64_t viewers_wait(struct hws_display_host *s, uint64_t now)
{
	uint32_t waiting = 0, ready = 0;
	uint64_t longest = 0;

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		struct hws_video_viewer *w = &s->v->viewer[i];
		uint32_t bit = 1u << i;
		if (!(s->subs & bit))
			continue;
		uint64_t us = wait_of(w, now);
		if (us == HWS_FLOW_BLOCKED) {
			w->blocked_us = w->blocked_us ? w->blocked_us : now;
			if (!(s->lagging & bit))
				waiting |= bit;
			continue;
		}
		w->blocked_us = 0;
		if (s->lagging & bit && us)
			continue;
		longest = HWS_MAX(longest, us);
		ready |= bit;
		if (s->lagging & bit) { /* it missed pictures: only a key frame helps */
			s->lagging &= ~bit;
			s->need_key |= bit;
			s->key = true;
		}
	}
	if (!ready)
		return HWS_FLOW_BLOCKED; /* nobody is held up by the others */
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (waiting >> i & 1 && now - s->v->viewer[i].blocked_us > LAG_US) {
			s->lagging |= 1u << i;
			waiting &= ~(1u << i);
		}
	return waiting ? HWS_FLOW_BLOCKED : longest;
}

/* --- coding --- */

/* The capture's format is not every codec's. What differs is the same in both. */
static int take_format(struct job *j)
{
	uint32_t takes = hws_codec_row(j->conf.codec)->takes;
	struct hws_picture *own = NULL;

	if (takes & HWS_PIXEL_BIT(j->picture->format))
		return HWS_OK;
	int r = hws_picture_new(HWS_PIXEL_I420, j->picture->width, j->picture->height, &own);
	if (r == HWS_OK)
		r = hws_pixels_convert(j->picture, own);
	if (r < 0) {
		hws_picture_drop(own);
		return r;
	}
	hws_picture_unlock(j->picture);
	j->picture = own;
	return HWS_OK;
}

static int run_job(void *arg)
{
	struct job *j = arg;
	int format = take_format(j);

	if (format < 0)
		return format;
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

static void deliver(struct hws_display_host *s, const struct hws_packet *p, int64_t pts_ms)
{
	struct hws_video_host *v = s->v;
	uint8_t buf[HWS_VIDEO_HEAD_MAX];
	const struct hws_session_row *row = hws_session_row(SES__MESSAGE__UNION_VIDEO_FRAME, 0);
	size_t n = hws_video_head(s->encoder_codec, s->index, p->key, pts_ms, p->data.len, buf);

	hws_display_host_tell_bitrate(v); /* before what it is about */
	for (unsigned i = 0; n && i < HWS_HOST_VIEWERS_MAX; i++) {
		struct hws_video_viewer *w = &v->viewer[i];
		uint32_t bit = 1u << i;
		if (!(s->subs & bit) || s->lagging & bit)
			continue;
		if (s->need_key & bit && !p->key)
			continue;
		if (w->g->send_parts(w->g, row, hws_bytes(buf, n), p->data) < 0) {
			s->need_key |= bit;
			s->key = true;
			continue;
		}
		s->need_key &= ~bit;
		w->unacked += w->g->ack_required;
		w->sent_us = now_of(v);
		hws_flow_sent(&w->flow, n + p->data.len, w->g->sent, now_of(v));
	}
}

static void on_refine(void *arg)
{
	struct hws_display_host *s = arg;

	s->refine = true;
	hws_display_host_kick(s);
}

static void pay_later(struct hws_display_host *s, uint64_t us)
{
	if (hws_debt_more(&s->debt))
		hws_timer_start(s->v->loop, &s->refine_timer, us, on_refine, s);
}

static void account(struct hws_display_host *s, const struct job *j)
{
	struct hws_region done = j->damage;
	bool midway = j->refines && s->debt.now.n; /* the rest of a round does not wait for rest */

	if (j->key)
		s->since_key = 0;
	else
		s->since_key++;
	if (j->whole) {
		hws_debt_clear(&s->debt);
		hws_region_clear(&done);
		hws_region_add(&done,
				(struct hws_rect){ 0, 0, j->picture->width, j->picture->height });
	}
	if (j->packet.coarse > j->finest + REFINE_GAIN) {
		if (j->refines)
			hws_debt_again(&s->debt, &done);
		else
			hws_debt_owe(&s->debt, &done);
	}
	pay_later(s, midway ? SLICE_US : REFINE_US);
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
	struct hws_display_host *s = &v->show[j->index];

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
		hws_budget_learn(&s->budget, j->pixels, (double)j->packet.data.len,
				j->packet.coarse);
		account(s, j);
	} else if (r == HWS_ERR_AGAIN) {
		s->encoder = j->encoder;
		j->encoder = NULL;
		hws_debt_owe(&s->debt, &j->damage);
		s->key = s->key || j->key;
		pay_later(s, REFINE_US);
	} else {
		/* A fresh encoder next time; not at once, or a broken one would eat the
		 * processor. */
		hws_warn_limited("video.encode_failed", HWS_STR("codec", hws_codec_name(v->codec)),
				HWS_ERR("why", r));
		s->key = true;
		hws_timer_start(v->loop, &s->timer, RETRY_US, on_retry, s);
	}
	job_free(j);
	if (r == HWS_OK)
		hws_display_host_kick(s);
}

/* The bytes of a picture of this display that pass soon; 0 = any number: no viewer's line is
 * narrow. */
static double room_of(struct hws_display_host *s)
{
	double room = 0;

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		const struct hws_flow *f = &s->v->viewer[i].flow;
		if (!(s->subs >> i & 1) || s->lagging >> i & 1)
			continue;
		double wish = wish_of(s->v, i), line = hws_flow_line(f);
		if (line <= 0 || line >= NARROW * 125.0 * wish)
			continue;
		double part = hws_flow_rate(f) * PACE_S * s->wish_kbit_s / wish;
		room = room > 0 ? HWS_MIN(room, part) : part;
	}
	return room;
}

/* What the encoder may spend: as wished, or this display's part of what the slowest line
 * carries. */
static uint32_t kbit_for(struct hws_display_host *s, uint32_t kbit_s)
{
	struct hws_video_host *v = s->v;
	uint32_t now = s->quality.bitrate_kbit_s;

	s->wish_kbit_s = kbit_s;
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		struct hws_flow *f = &v->viewer[i].flow;
		if (!(s->subs >> i & 1) || s->lagging >> i & 1)
			continue;
		double wish = wish_of(v, i);
		hws_flow_wish(f, wish * 125.0, now_of(v));
		uint32_t part = kbit_of(hws_flow_rate(f) * s->wish_kbit_s / wish);
		kbit_s = HWS_MIN(kbit_s, HWS_MAX(part, KBIT_MIN));
	}
	/* Not anew with each picture: the encoder starts to plan again. */
	return now >= kbit_s - kbit_s / 16 && now <= kbit_s + kbit_s / 16 ? now : kbit_s;
}

/* On a narrow line a change may be as coarse as it must be to pass soon; it is made good in slices
 * that pass. */
static void choose_quality(struct hws_display_host *s, struct job *j)
{
	struct hws_quality q = hws_quality_of(
			s->v->qos.ratio, hws_base_kbit_s(j->picture->width, j->picture->height));

	j->finest = q.finest;
	q.bitrate_kbit_s = kbit_for(s, q.bitrate_kbit_s);
	double room = room_of(s);
	if (room > 0)
		s->coarse_us = now_of(s->v) + COARSE_US;
	if (room > 0 && !j->refines)
		q.finest = HWS_MAX(q.finest, hws_budget_coarse(&s->budget, j->pixels, room));
	if (now_of(s->v) < s->coarse_us && !j->refines)
		q.coarsest = HWS_COARSE_MAX;
	j->set_quality = memcmp(&q, &s->quality, sizeof(q)) != 0;
	j->conf.quality = s->quality = q;
}

static void code(struct hws_display_host *s, const struct hws_region *damage, bool refines)
{
	struct hws_video_host *v = s->v;
	struct job *j = hws_alloc(sizeof(*j));
	struct hws_picture *p = s->picture;

	if (!j)
		return;
	if (s->encoder_codec != v->codec) {
		hws_encoder_free(s->encoder);
		s->encoder = NULL;
	}
	s->encoder_codec = v->codec;
	*j = (struct job){
		.v = v,
		.index = s->index,
		.generation = s->generation,
		.encoder = s->encoder,
		.conf = { .codec = v->codec, .width = p->width, .height = p->height },
		.key = s->key || !s->encoder,
		.picture = hws_picture_lock(p),
		.damage = *damage,
		.pts_ms = (int64_t)((now_of(v) - s->began_us) / HWS_US_PER_MS),
	};
	bool records = false;
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		records = records || (v->viewer[i].g && v->viewer[i].records);
	j->key = j->key || (records && s->since_key >= RECORD_KEYS);
	j->whole = j->key;
	j->refines = refines && !j->whole;
	j->pixels = (double)(j->whole ? (long)p->width * p->height : hws_region_area(damage));
	choose_quality(s, j);
	if (hws_work_submit(v->work, v->loop, run_job, on_job_done, j) < 0) {
		j->encoder = NULL;
		job_free(j);
		hws_debt_owe(&s->debt, damage);
		hws_timer_start(v->loop, &s->timer, RETRY_US, on_retry, s);
		return;
	}
	v->jobs++;
	s->encoder = NULL;
	s->coding = true;
	s->key = false;
}

/* --- the pace --- */

static void on_timer(void *arg)
{
	hws_display_host_kick(arg);
}

static void wait(struct hws_display_host *s, uint64_t us)
{
	hws_timer_start(s->v->loop, &s->timer, us, on_timer, s);
}

static void grab(struct hws_display_host *s)
{
	if (s->out) {
		s->out = false;
		hws_capture_release(s->v->reader, s->index);
	}
	int r = hws_capture_grab(s->v->reader, s->index);

	if (r == HWS_OK) {
		s->grabbing = true;
	} else if (r == HWS_ERR_BUSY) { /* one of before a stop is still on its way */
		wait(s, COALESCE_US);
		return;
	} else if (r != HWS_ERR_AGAIN) {
		wait(s, RETRY_US);
		return;
	}
	s->changed = false;
}

/* All of this round; on a narrow line what passes soon when it is coded well enough to be read. */
static void take_debt(struct hws_display_host *s, struct hws_region *part)
{
	double room = room_of(s);

	hws_debt_take(&s->debt, room > 0 ? hws_budget_pixels(&s->budget, room, LEGIBLE) : 1e12,
			part);
}

/* While something small keeps moving there is no rest: on a narrow line, where what is coarse
 * cannot be read, a slice of it goes along with each picture. */
static bool pays_along(struct hws_display_host *s, struct hws_region *damage)
{
	struct hws_region part;
	uint64_t now = now_of(s->v);

	if (hws_region_area(damage) * SMALL_PART > (long)s->picture->width * s->picture->height) {
		s->large_us = now;
		return false;
	}
	if (room_of(s) <= 0 || now < s->large_us + REFINE_US || !hws_debt_more(&s->debt))
		return false;
	take_debt(s, &part);
	hws_region_add_all(damage, &part);
	return true;
}

void hws_display_host_kick(struct hws_display_host *s)
{
	struct hws_video_host *v = s->v;
	static const struct hws_region nothing;

	if (!s->subs || s->grabbing || s->coding || v->closed)
		return;
	if (!s->started) {
		show_start(s);
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
	uint64_t us = viewers_wait(s, now);
	if (us) { /* on_drain or an acknowledgement usually comes before */
		wait(s, HWS_MIN(us, LAG_US / 4));
		return;
	}
	work = s->changed || (s->picture && (s->key || s->refine));
	if (!work)
		return;
	if (s->changed || s->key)
		/* a picture that was only sharpened does not hold up the next change */
		s->last_us = now;
	if (s->changed) {
		grab(s);
		if (s->grabbing || s->changed || !s->picture)
			return;
	}
	if (s->refine && !s->key) {
		struct hws_region part = { 0 };
		s->refine = false;
		take_debt(s, &part);
		if (part.n)
			code(s, &part, true);
		return;
	}
	if (s->key)
		code(s, &nothing, false);
}

void hws_display_host_damaged(struct hws_display_host *s)
{
	struct hws_video_host *v = s->v;

	s->changed = true;
	if (s->grabbing || s->coding)
		return;
	uint64_t now = now_of(v), interval = HWS_US_PER_S / hws_qos_fps(&v->qos, now);
	if (!s->picture || (s->last_us && now < s->last_us + interval))
		hws_display_host_kick(s);
	else
		wait(s, COALESCE_US);
}

void hws_display_host_frame(struct hws_display_host *s, int r, struct hws_picture *picture,
		const struct hws_region *damage)
{
	s->grabbing = false;
	if (r < 0) {
		if (r != HWS_ERR_AGAIN) {
			s->changed = true;
			wait(s, RETRY_US / 4);
		} else if (s->changed || (s->picture && (s->key || s->refine))) {
			/* What came meanwhile is not told of again. */
			hws_display_host_kick(s);
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
	struct hws_region all = *damage;
	bool along = pays_along(s, &all);
	if (!along)
		hws_debt_changed(&s->debt);
	code(s, &all, along);
}
