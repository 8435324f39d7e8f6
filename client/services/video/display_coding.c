/* One picture of a display through the encoder, on a worker, and what becomes of it: it is sent,
 * and what was coded worse than it could be is noted. */
#include "client/services/video/display_coding.h"
#include "client/media/coarseness.h"
#include "client/services/video/display_host.h"
#include "client/services/video/display_viewers.h"
#include "client/services/video/host_codecs.h"
#include "client/services/video/lanes.h"
#include "client/services/video/patch_host.h"
#include "client/services/video/tap.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include <stdlib.h>
#include <string.h>

#define SLICE_US 5000u
#define REFINE_GAIN 1000u /* what is that near to the finest wished for is good enough */
#define RECORD_KEYS 240u  /* pictures between key frames while a viewer records */
#define COARSE_US HWS_US_PER_S

static uint64_t now_of(const struct hws_video_host *v)
{
	return hws_loop_now_us(v->loop);
}

static int run_job(void *arg)
{
	struct hws_display_job *j = arg;
	const struct hws_region *damage = j->whole ? NULL : &j->damage;
	const struct hws_picture *p;
	uint32_t takes = hws_codec_takes(j->conf.codec, j->whole_chroma);
	uint64_t start = hws_clock_us(), patched, converted;
	int r = hws_patch_host_work(j);

	patched = hws_clock_us();
	j->steps.encode_us = patched - start;
	if (r < 0 || j->patch.skip)
		return r;
	r = hws_coded_picture_update(&j->coded, takes, j->picture, damage, &p);
	if (r < 0)
		return r;
	converted = hws_clock_us();
	j->steps.convert_us = converted - patched;
	if (!j->encoder) {
		r = hws_encoder_new(&j->conf, &j->encoder);
		if (r < 0)
			return r;
	} else if (j->set_quality) {
		r = hws_encoder_set_quality(j->encoder, &j->conf.quality);
		if (r < 0)
			return r;
	}
	r = hws_encoder_encode(j->encoder, p, damage, j->key, j->pts_ms, &j->packet);
	j->encode_us = hws_clock_us() - converted;
	j->steps.encode_us += j->encode_us;
	if (r == HWS_OK || r == HWS_ERR_AGAIN)
		hws_patch_host_coded(j);
	return r;
}

static void pass_on(struct hws_display_host *s, const struct hws_display_job *j)
{
	struct hws_tapped_packet p = {
		.display = s->index,
		.codec = s->encoder_codec,
		.width = j->picture->width,
		.height = j->picture->height,
		.key = j->packet.key,
		.pts_ms = j->pts_ms,
		.data = j->packet.data,
	};

	hws_display_viewers_send(s, j);
	if (j->patch.skip)
		return;
	s->coded = true;
	hws_video_tap_packet(s, &p);
}

/* The codec left its part out; what was patched beside it counts as shown. */
static void send_patch_alone(struct hws_display_host *s, struct hws_display_job *j)
{
	bool skip = j->patch.skip;

	if (!hws_buf_len(&j->patch.out))
		return;
	j->patch.skip = true;
	hws_display_viewers_send(s, j);
	j->patch.skip = skip;
}

static void account(struct hws_display_host *s, const struct hws_display_job *j)
{
	struct hws_region done = j->damage;
	/* the rest of a round does not wait */
	bool midway = j->refines && hws_debt_rests(&s->debt, now_of(s->v));

	if (j->key)
		s->since_key = 0;
	else
		s->since_key++;
	/* also when a device failed and another encoder began */
	if (j->whole || j->packet.key) {
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
	hws_display_host_pay_later(s, midway ? SLICE_US : HWS_DISPLAY_REFINE_US);
}

static void job_free(struct hws_display_job *j)
{
	hws_picture_unlock(j->picture);
	hws_patch_job_free(&j->patch);
	hws_coded_picture_forget(&j->coded);
	hws_encoder_free(j->encoder);
	hws_free(j);
}

static void on_job_done(void *arg, int r)
{
	struct hws_display_job *j = arg;
	struct hws_video_host *v = j->v;
	struct hws_display_host *s = j->s;

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
	s->quality_new = j->set_quality && j->patch.skip;
	s->coded_picture = j->coded;
	j->coded = (struct hws_coded_picture){ 0 };
	if (r == HWS_OK) {
		s->encoder = j->encoder;
		j->encoder = NULL;
		pass_on(s, j);
		if (!j->patch.skip) {
			hws_budget_learn(j->refines ? &s->fine : &s->budget, j->pixels,
					(double)j->packet.data.len, j->packet.coarse);
			account(s, j);
		}
	} else if (r == HWS_ERR_AGAIN) {
		s->encoder = j->encoder;
		j->encoder = NULL;
		send_patch_alone(s, j);
		hws_debt_owe(&s->debt, &j->damage);
		s->key = s->key || j->key;
		hws_display_host_pay_later(s, HWS_DISPLAY_REFINE_US);
	} else {
		/* A fresh encoder next time; not at once, or a broken one would eat the
		 * processor. */
		hws_warn_limited("video.encode_failed",
				HWS_STR("codec", hws_codec_name(j->conf.codec)), HWS_ERR("why", r));
		s->key = true;
		hws_display_host_wait(s, HWS_DISPLAY_RETRY_US);
	}
	hws_patch_host_done(s, j, r == HWS_ERR_AGAIN ? HWS_OK : r);
	/* Another codec may begin at once, with a job of its own: all of this one is done before.
	 * */
	if (r == HWS_OK && !j->patch.skip && !j->key)
		hws_host_codecs_coded(s->lane, j->conf.codec, j->encode_us);
	else if (r < 0 && r != HWS_ERR_AGAIN)
		hws_host_codecs_failed(v, j->conf.codec);
	job_free(j);
	if (r == HWS_OK)
		hws_display_host_kick(s);
}

/* On a narrow line a change may be as coarse as it must be to pass soon; it is made good in slices
 * that pass. */
static void choose_quality(struct hws_display_host *s, struct hws_display_job *j)
{
	struct hws_quality q = hws_quality_of(hws_video_lane_ratio(s->lane),
			hws_base_kbit_s(j->picture->width, j->picture->height));

	j->finest = q.finest;
	q.bitrate_kbit_s = hws_display_viewers_kbit(s, q.bitrate_kbit_s);
	double room = hws_display_viewers_room(s);
	if (room > 0)
		s->coarse_us = now_of(s->v) + COARSE_US;
	if (room > 0 && !j->refines)
		q.finest = HWS_MAX(q.finest, hws_budget_coarse(&s->budget, j->pixels, room));
	if (now_of(s->v) < s->coarse_us && !j->refines)
		q.coarsest = HWS_COARSE_MAX;
	if (j->refines && room <= 0)
		q.coarsest = q.finest; /* control of the rate would leave it as it is */
	j->set_quality = s->quality_new || memcmp(&q, &s->quality, sizeof(q)) != 0;
	j->conf.quality = s->quality = q;
}

void hws_display_coding_start(
		struct hws_display_host *s, const struct hws_region *damage, enum hws_coding what)
{
	struct hws_video_host *v = s->v;
	struct hws_display_job *j = hws_alloc(sizeof(*j));
	struct hws_picture *p = s->picture;

	if (!j)
		return;
	if (s->encoder_codec != s->lane->codec) {
		hws_encoder_free(s->encoder);
		s->encoder = NULL;
	}
	s->encoder_codec = s->lane->codec;
	*j = (struct hws_display_job){
		.v = v,
		.s = s,
		.generation = s->generation,
		.encoder = s->encoder,
		.conf = { .codec = s->lane->codec, .width = p->width, .height = p->height },
		.key = s->key || !s->encoder,
		.picture = hws_picture_lock(p),
		.whole_chroma = s->lane->whole_chroma,
		.coded = s->coded_picture,
		.damage = *damage,
		.steps = { .capture_us = s->capture_us },
		.pts_ms = (int64_t)((now_of(v) - s->began_us) / HWS_US_PER_MS),
	};
	j->key = j->key || (hws_display_viewers_record(s) && s->since_key >= RECORD_KEYS);
	j->key = j->key && what != HWS_CODING_COMPLETES;
	j->whole = j->key;
	j->refines = what == HWS_CODING_REFINES && !j->whole;
	j->pixels = (double)(j->whole ? (long)p->width * p->height : hws_region_area(damage));
	j->patch.completes = what == HWS_CODING_COMPLETES;
	hws_patch_host_join(s, j);
	choose_quality(s, j);
	if (hws_work_submit(v->work, v->loop, run_job, on_job_done, j) < 0) {
		j->encoder = NULL;
		j->coded = (struct hws_coded_picture){ 0 };
		hws_patch_host_done(s, j, HWS_ERR_NOMEM);
		job_free(j);
		hws_debt_owe(&s->debt, damage);
		hws_display_host_wait(s, HWS_DISPLAY_RETRY_US);
		return;
	}
	v->jobs++;
	s->capture_us = 0;
	s->encoder = NULL;
	s->coded_picture = (struct hws_coded_picture){ 0 };
	s->coding = true;
	s->key = false;
}
