/* See patch_host.h. What a viewer shows is a picture of two origins. The host names what of each
 * frame of video is to be shown, and that is not exact then; a patch makes it so. Both go on one
 * channel, in the order in which they were made, so that the two ends always mean the same picture;
 * where one was lost, the viewer is begun anew with a key frame. */
#include "client/services/video/patch_host.h"
#include "client/services/video/display_host.h"
#include "client/services/video/display_viewers.h"
#include "client/services/video/video_parts.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"

#define CHANGE_BYTES (24u << 10) /* a change that is more is for the codec */
#define CHANGE_PIXELS (300u << 10)
#define COMPLETE_BYTES (64u << 10)
#define COMPLETE_MIN 256u
#define REST_US (150 * HWS_US_PER_MS) /* then what video shows is worth completing */
#define MOVES_US (300 * HWS_US_PER_MS)
#define WAITS_MAX 4u /* for what does not rest yet; then the rest is made finer meanwhile */
#define SOON_US (5 * HWS_US_PER_MS)

static uint64_t now_of(const struct hws_display_host *s)
{
	return hws_loop_now_us(s->v->loop);
}

/* Time in milliseconds, never 0. */
static uint32_t turn_of(uint64_t now_us)
{
	return (uint32_t)(now_us / HWS_US_PER_MS) | 1u;
}

uint32_t hws_patch_host_viewers(const struct hws_display_host *s)
{
	uint32_t set = 0;

	if (!s->v->exact)
		return 0;
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (s->subs >> i & 1 && s->v->viewer[i].exact)
			set |= 1u << i;
	return set;
}

/* Everything must go by the codec, too. */
static bool is_mixed(const struct hws_display_host *s)
{
	return hws_patch_host_viewers(s) != s->subs || hws_display_viewers_record(s);
}

void hws_patch_host_forget(struct hws_display_host *s)
{
	struct hws_patch_host *p = &s->patch;

	hws_timer_stop(&p->timer);
	hws_patcher_free(p->patcher);
	*p = (struct hws_patch_host){
		.generation = p->generation + 1, .sent = p->sent, .bytes = p->bytes
	};
}

void hws_patch_job_free(struct hws_patch_job *j)
{
	hws_patcher_free(j->patcher);
	hws_buf_done(&j->out);
}

/* --- rest --- */

static void on_rest(void *arg)
{
	struct hws_display_host *s = arg;

	s->patch.due = true;
	hws_display_host_kick(s);
}

static void rest_later(struct hws_display_host *s, uint64_t us)
{
	hws_timer_start(s->v->loop, &s->patch.timer, us, on_rest, s);
}

bool hws_patch_host_due(const struct hws_display_host *s)
{
	return s->patch.due && s->patch.patcher && s->picture && s->encoder;
}

bool hws_patch_host_lets_refine(const struct hws_display_host *s)
{
	const struct hws_patch_host *p = &s->patch;

	return !p->patcher || is_mixed(s) || p->phase == HWS_PATCH_REFINE;
}

bool hws_patch_host_tries(const struct hws_display_host *s)
{
	return s->patch.patcher && !is_mixed(s);
}

void hws_patch_host_refined(struct hws_display_host *s)
{
	if (s->patch.phase != HWS_PATCH_REFINE || !s->patch.patcher)
		return;
	s->patch.phase = HWS_PATCH_PHOTO;
	rest_later(s, SOON_US);
}

/* --- what moves --- */

static void note_moving(struct hws_display_host *s, struct hws_rect r)
{
	struct hws_patch_host *p = &s->patch;
	unsigned oldest = 0;

	for (unsigned i = 0; i < HWS_PATCH_MOVING; i++) {
		if (!hws_rect_empty(hws_rect_intersect(p->moving[i].r, r)) &&
				p->moving[i].until_us > now_of(s)) {
			oldest = i;
			break;
		}
		if (p->moving[i].until_us < p->moving[oldest].until_us)
			oldest = i;
	}
	p->moving[oldest].r = r;
	p->moving[oldest].until_us = now_of(s) + MOVES_US;
}

static bool moves(struct hws_display_host *s, struct hws_rect r)
{
	struct hws_patch_host *p = &s->patch;
	uint64_t now = now_of(s);

	for (unsigned i = 0; i < HWS_PATCH_MOVING; i++) {
		struct hws_rect both = hws_rect_intersect(p->moving[i].r, r);
		if (p->moving[i].until_us <= now || hws_rect_empty(both))
			continue;
		/* A letter in it does not keep it moving. */
		if ((long)both.w * both.h * 4 > (long)p->moving[i].r.w * p->moving[i].r.h)
			p->moving[i].until_us = now + MOVES_US;
		return true;
	}
	return false;
}

/* --- a job --- */

static size_t bytes_for(struct hws_display_host *s, bool completes)
{
	double room = completes ? hws_display_viewers_spare(s, now_of(s))
				: hws_display_viewers_room(s);
	size_t most = completes ? COMPLETE_BYTES : CHANGE_BYTES;

	return room > 0 ? (size_t)HWS_MIN(HWS_MAX(room, (double)COMPLETE_MIN), (double)most) : most;
}

static bool make_patcher(struct hws_display_host *s, const struct hws_display_job *j)
{
	struct hws_patch_host *p = &s->patch;

	if (!hws_patch_host_viewers(s) || j->picture->format != HWS_PIXEL_BGRA) {
		hws_patcher_free(p->patcher);
		p->patcher = NULL;
		return false;
	}
	if (p->patcher)
		return true;
	p->generation++;
	return hws_patcher_new(j->picture->width, j->picture->height, &p->patcher) == HWS_OK;
}

void hws_patch_host_join(struct hws_display_host *s, struct hws_display_job *j)
{
	struct hws_patch_host *p = &s->patch;
	struct hws_patch_job *pj = &j->patch;
	struct hws_region damage = j->damage;

	hws_buf_init(&pj->out, HWS_PATCH_BYTES_MAX);
	pj->turn = turn_of(now_of(s));
	if (!make_patcher(s, j)) {
		hws_region_clear(&p->behind);
		pj->completes = false;
		return;
	}
	pj->patcher = p->patcher;
	p->patcher = NULL;
	pj->until = turn_of(now_of(s) - REST_US);
	pj->photo = p->phase == HWS_PATCH_PHOTO;
	pj->max = bytes_for(s, pj->completes);
	pj->pixels = CHANGE_PIXELS;
	if (pj->completes)
		return;
	pj->anew = j->key && s->need_key & hws_patch_host_viewers(s);
	pj->tries = !j->key && !j->refines && !is_mixed(s);
	if (j->refines) {
		hws_patcher_inexact(pj->patcher, &damage, &pj->named);
		return;
	}
	if (!pj->tries) { /* the codec makes up for what it has not seen */
		pj->named = damage;
		if (is_mixed(s)) {
			hws_region_add_all(&j->damage, &p->behind);
			hws_region_clear(&p->behind);
		}
		return;
	}
	hws_region_clear(&j->damage);
	for (unsigned i = 0; i < damage.n; i++)
		hws_region_add(moves(s, damage.rect[i]) ? &j->damage : &pj->still, damage.rect[i]);
}

static int work_change(struct hws_display_job *j)
{
	struct hws_patch_job *p = &j->patch;
	struct hws_patch_wish wish = { j->picture, &p->still, p->max, p->pixels, p->turn };
	int r = p->still.n ? hws_patcher_change(p->patcher, &wish, &p->out) : HWS_ERR_AGAIN;

	if (r == HWS_ERR_TOOBIG) {
		p->too_much = true;
		hws_region_add_all(&j->damage, &p->still);
		r = HWS_OK;
	}
	p->named = j->damage;
	p->skip = j->damage.n == 0;
	return r == HWS_ERR_AGAIN ? HWS_OK : r;
}

int hws_patch_host_work(struct hws_display_job *j)
{
	struct hws_patch_job *p = &j->patch;
	int r;

	if (!p->patcher)
		return HWS_OK;
	if (!p->completes)
		return p->tries ? work_change(j) : HWS_OK;
	p->skip = true;
	r = hws_patcher_complete(p->patcher, j->picture, p->until, p->photo, p->max, &p->out);
	return r == HWS_ERR_AGAIN ? HWS_OK : r;
}

void hws_patch_host_coded(struct hws_display_job *j)
{
	struct hws_patch_job *p = &j->patch;
	struct hws_region all = { 1, { { 0, 0, j->picture->width, j->picture->height } } };

	if (!p->patcher)
		return;
	hws_patcher_shown_otherwise(
			p->patcher, p->anew ? &all : &p->named, j->refines ? p->until : p->turn);
}

/* Nobody knows what viewers show: they begin anew. */
static void begin_anew(struct hws_display_host *s)
{
	hws_patch_host_forget(s);
	s->need_key |= hws_patch_host_viewers(s);
	s->key = true;
}

/* Text is completed first, then the codec makes the rest finer, which costs less, then that is
 * completed. What is shown otherwise begins it all anew. */
static void next_step(struct hws_display_host *s, const struct hws_display_job *j)
{
	struct hws_patch_host *p = &s->patch;
	const struct hws_patch_job *pj = &j->patch;

	if (!pj->completes) {
		if (!pj->skip && !j->refines)
			p->phase = HWS_PATCH_TEXT;
		else if (j->refines && !hws_debt_more(&s->debt))
			hws_patch_host_refined(s);
		return;
	}
	if (hws_buf_len(&pj->out))
		return;
	p->due = false;
	if (p->phase == HWS_PATCH_TEXT && hws_patcher_waits(p->patcher, pj->until) &&
			p->waited++ < WAITS_MAX)
		return;
	p->waited = 0;
	if (p->phase == HWS_PATCH_TEXT) {
		p->phase = HWS_PATCH_REFINE;
		if (hws_debt_more(&s->debt))
			hws_display_host_pay_later(s, SOON_US);
		else
			hws_patch_host_refined(s);
	} else if (p->phase == HWS_PATCH_PHOTO) {
		p->phase = HWS_PATCH_DONE;
	}
}

void hws_patch_host_done(struct hws_display_host *s, struct hws_display_job *j, int r)
{
	struct hws_patch_host *p = &s->patch;
	struct hws_patch_job *pj = &j->patch;

	if (!pj->patcher)
		return;
	p->patcher = pj->patcher;
	pj->patcher = NULL;
	if (r < 0) {
		begin_anew(s);
		return;
	}
	if (pj->too_much)
		note_moving(s, hws_region_bounds(&pj->still));
	if (j->key)
		hws_region_clear(&p->behind);
	if (hws_buf_len(&pj->out) && !pj->completes)
		hws_region_add_all(&p->behind, &pj->still);
	next_step(s, j);
	if (hws_patcher_is_exact(p->patcher)) {
		if (!is_mixed(s))
			hws_debt_clear(&s->debt);
		hws_timer_stop(&p->timer);
		p->due = false;
		p->phase = HWS_PATCH_TEXT;
	} else if (p->phase != HWS_PATCH_DONE && p->phase != HWS_PATCH_REFINE &&
			!hws_timer_active(&p->timer)) {
		rest_later(s, pj->completes && hws_buf_len(&pj->out) ? SOON_US : REST_US);
	}
}
