/* The viewers of one display, as its pictures see them: who can take one now, what all of their
 * lines bear, and the sending to them. */
#include "client/services/video/display_viewers.h"
#include "client/services/video/lanes.h"
#include "client/services/video/patch_host.h"
#include "client/services/video/tap.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"

#define ACK_US (3 * HWS_US_PER_S) /* then a missing acknowledgement counts as given */
#define ACKS_OPEN 2u              /* frames without acknowledgement at once */
#define TELL_PART 50u             /* the bitrate is told anew when it is off by so much of it */
#define KBIT_MIN 50u              /* an encoder takes less for a mistake */
#define PACE_S 0.1                /* a picture should pass in so long */
#define REST_S 0.04 /* so long a change may wait behind what makes the screen better */
#define BUSY_S 0.01 /* the same while something moves */
#define BUSY_US (200 * HWS_US_PER_MS)
#define NARROW 2.0 /* a line that carries less than this many times the wish */

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
	const struct hws_video_lane *l = &v->lane[v->viewer[slot].lane];
	uint32_t sum = 0;

	for (unsigned i = 0; i < HWS_DISPLAYS_MAX; i++)
		if (l->show[i].subs >> slot & 1)
			sum += l->show[i].wish_kbit_s;
	return sum;
}

void hws_display_viewers_tell_bitrate(struct hws_video_host *v)
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

/* --- readiness --- */

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

uint64_t hws_display_viewers_wait(struct hws_display_host *s, uint64_t now)
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
		if (waiting >> i & 1 && now - s->v->viewer[i].blocked_us > HWS_DISPLAY_LAG_US) {
			s->lagging |= 1u << i;
			hws_video_lanes_held_up(s->v, i);
			waiting &= ~(1u << i);
		}
	return waiting ? HWS_FLOW_BLOCKED : longest;
}

/* --- what the lines bear --- */

double hws_display_viewers_room(struct hws_display_host *s)
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

double hws_display_viewers_spare(struct hws_display_host *s, uint64_t now)
{
	double room = hws_display_viewers_room(s), spare = 0;
	double pace = now < s->moved_us + BUSY_US ? BUSY_S : REST_S;

	if (room > 0)
		return room;
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		double most = hws_flow_most(&s->v->viewer[i].flow) * pace;
		if (s->subs >> i & 1 && !(s->lagging >> i & 1) && most > 0)
			spare = spare > 0 ? HWS_MIN(spare, most) : most;
	}
	return spare;
}

uint32_t hws_display_viewers_kbit(struct hws_display_host *s, uint32_t kbit_s)
{
	struct hws_video_host *v = s->v;
	uint32_t now = s->quality.bitrate_kbit_s;

	s->wish_kbit_s = kbit_s;
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		struct hws_flow *f = &v->viewer[i].flow;
		if (!(s->subs >> i & 1) || s->lagging >> i & 1)
			continue;
		double wish = wish_of(v, i);

		if (wish <= 0) /* it is on its way to another lane */
			continue;
		hws_flow_wish(f, wish * 125.0, now_of(v));
		uint32_t part = kbit_of(hws_flow_rate(f) * s->wish_kbit_s / wish);
		kbit_s = HWS_MIN(kbit_s, HWS_MAX(part, KBIT_MIN));
	}
	/* Not anew with each picture: the encoder starts to plan again. */
	return now >= kbit_s - kbit_s / 16 && now <= kbit_s + kbit_s / 16 ? now : kbit_s;
}

bool hws_display_viewers_line(struct hws_video_viewer *w, uint64_t now)
{
	return hws_narrow_update(&w->slow, hws_flow_line(&w->flow), NARROW * w->flow.wish, now);
}

/* --- sending --- */

bool hws_display_viewers_record(const struct hws_display_host *s)
{
	bool records = hws_video_tapped(s);

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		records = records || (s->subs >> i & 1 && s->v->viewer[i].records);
	return records;
}

/* One message; false: it is lost, and with it what builds upon it. */
static bool send_one(struct hws_display_host *s, unsigned slot, const struct hws_session_row *row,
		struct hws_bytes head, struct hws_bytes rest)
{
	struct hws_video_viewer *w = &s->v->viewer[slot];

	if (w->g->send_parts(w->g, row, head, rest) < 0) {
		s->need_key |= 1u << slot;
		s->key = true;
		return false;
	}
	w->sent_us = now_of(s->v);
	hws_flow_sent(&w->flow, head.len + rest.len, w->g->sent, now_of(s->v));
	return true;
}

static void send_patch(struct hws_display_host *s, const struct hws_display_job *j)
{
	const struct hws_session_row *row = hws_session_row(SES__MESSAGE__UNION_PATCH, 0);
	struct hws_bytes data = hws_buf_bytes(&j->patch.out);
	uint32_t to = hws_patch_host_viewers(s) & ~s->need_key & ~s->lagging;
	uint8_t buf[HWS_VIDEO_HEAD_MAX];
	size_t n = hws_video_patch_head(s->index, s->patch.generation, data.len, buf);

	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (to >> i & 1)
			send_one(s, i, row, hws_bytes(buf, n), data);
	s->patch.sent++;
	s->patch.bytes += data.len;
}

/* Its head for this viewer, which it may be that picture for; 0: it is not. */
static size_t head_for(struct hws_display_host *s, const struct hws_display_job *j, unsigned slot,
		uint8_t buf[HWS_VIDEO_HEAD_MAX])
{
	const struct hws_packet *p = &j->packet;
	bool begins = s->need_key >> slot & 1;
	bool exact = j->patch.patcher && hws_patch_host_viewers(s) >> slot & 1;
	struct hws_video_exact e = { s->patch.generation, begins ? NULL : &j->patch.named };

	if (begins && exact && !j->patch.anew) { /* it came after this job had begun */
		s->key = true;
		return 0;
	}
	if (begins && !p->key)
		return 0;
	return hws_video_head(s->encoder_codec, s->index, p->key, j->pts_ms, p->data.len,
			exact ? &e : NULL, buf);
}

void hws_display_viewers_send(struct hws_display_host *s, const struct hws_display_job *j)
{
	const struct hws_session_row *row = hws_session_row(SES__MESSAGE__UNION_VIDEO_FRAME, 0);
	uint8_t buf[HWS_VIDEO_HEAD_MAX];

	hws_display_viewers_tell_bitrate(s->v); /* before what it is about */
	if (hws_buf_len(&j->patch.out))
		send_patch(s, j);
	for (unsigned i = 0; !j->patch.skip && i < HWS_HOST_VIEWERS_MAX; i++) {
		uint32_t bit = 1u << i;
		if (!(s->subs & bit) || s->lagging & bit)
			continue;
		size_t n = head_for(s, j, i, buf);
		if (n && send_one(s, i, row, hws_bytes(buf, n), j->packet.data)) {
			s->need_key &= ~bit;
			s->v->viewer[i].unacked += s->v->viewer[i].g->ack_required;
		}
	}
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (s->subs >> i & 1 && !(s->lagging >> i & 1))
			hws_cost_add(&s->v->viewer[i].sum, &j->steps);
}

void hws_display_viewers_tell_cost(struct hws_video_host *v, struct hws_video_viewer *w)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;
	Ses__VideoCost cost;
	uint64_t us;

	if (!hws_cost_take(&w->sum, now_of(v), &w->cost))
		return;
	if (!hws_flow_way(&w->flow, &us))
		us = 0;
	w->cost.send_us = (uint32_t)HWS_MIN(us, (uint64_t)UINT32_MAX);
	us = hws_flow_network(&w->flow);
	w->cost.network_us = (uint32_t)HWS_MIN(us, (uint64_t)UINT32_MAX);
	if (v->on_cost)
		v->on_cost(w->g, &w->cost, v->arg);
	if (!w->wants_cost)
		return;
	hws_cost_to_wire(&w->cost, &cost);
	misc.union_case = SES__MISC__UNION_VIDEO_COST;
	misc.video_cost = &cost;
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	hws_host_viewer_tell(w->g, &m);
}
