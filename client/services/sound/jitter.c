/* Late is measured against the earliest: of the last packets, the one that took least shows what
 * the line can do, and the others how much it varies. The largest of those is what is held back,
 * with two left out, as a single hiccup is better made up for than waited for by all that follow.
 * */
#include "client/services/sound/jitter.h"
#include "client/media/opus.h"
#include "shared/base/mem.h"
#include <string.h>

#define MADE_UP_MAX 8u    /* packets in a row: Opus fades out by then */
#define GONE_US 300000u   /* nothing has come for so long: the sender is silent */
#define STALE_US 1000000u /* what was measured before is another time */
#define MUCH_PULLS 40u    /* too much for so long is no burst */
#define HASTE_PULLS 8u    /* the same, while it is much too much */
#define RAISE_US 20000u
#define RESTART 1000u /* a count that jumps back so far has begun anew */

uint32_t hws_opus_packet_us(struct hws_bytes p)
{
	/* by the three ranges of configurations: SILK, hybrid, CELT */
	static const uint32_t silk[] = { 10000, 20000, 40000, 60000 }, hybrid[] = { 10000, 20000 },
			      celt[] = { 2500, 5000, 10000, 20000 };
	uint32_t config, us, count;

	if (!p.len)
		return 0;
	config = p.ptr[0] >> 3;
	us = config < 12 ? silk[config & 3] : config < 16 ? hybrid[config & 1] : celt[config & 3];
	switch (p.ptr[0] & 3) {
	case 0:
		count = 1;
		break;
	case 3:
		count = p.len > 1 ? p.ptr[1] & 0x3f : 0;
		break;
	default:
		count = 2;
		break;
	}
	us *= count;
	return us <= 120000 ? us : 0;
}

static struct hws_jitter_slot *slot_of(struct hws_jitter *j, uint64_t number)
{
	return &j->slot[number % HWS_JITTER_SLOTS];
}

static void clear(struct hws_jitter *j, struct hws_jitter_slot *s)
{
	j->bytes -= s->len;
	hws_free(s->data);
	*s = (struct hws_jitter_slot){ 0 };
}

static void clear_all(struct hws_jitter *j)
{
	for (size_t i = 0; i < HWS_JITTER_SLOTS; i++)
		if (j->slot[i].data)
			clear(j, &j->slot[i]);
	j->any = j->playing = false;
	j->missing = j->ahead = j->much = 0;
}

void hws_jitter_init(struct hws_jitter *j)
{
	*j = (struct hws_jitter){ .period_us = 10000, .target_us = HWS_JITTER_MIN_US };
}

void hws_jitter_done(struct hws_jitter *j)
{
	clear_all(j);
	hws_jitter_init(j);
}

/* --- how late --------------------------------------------------------------------------------- */

static void forget_line(struct hws_jitter *j)
{
	j->transits = j->transit_at = 0;
}

static void measure(struct hws_jitter *j, uint64_t now_us, uint64_t number)
{
	int64_t least, most[3] = { INT64_MIN, INT64_MIN, INT64_MIN };
	uint64_t spread;

	j->transit[j->transit_at] = (int64_t)now_us - (int64_t)(number * j->period_us);
	j->transit_at = (j->transit_at + 1) % HWS_JITTER_TRANSITS;
	j->transits = HWS_MIN(j->transits + 1, HWS_JITTER_TRANSITS);
	least = j->transit[0];
	for (unsigned i = 0; i < j->transits; i++) {
		int64_t t = j->transit[i];
		least = HWS_MIN(least, t);
		if (t > most[0]) {
			most[2] = most[1];
			most[1] = most[0];
			most[0] = t;
		} else if (t > most[1]) {
			most[2] = most[1];
			most[1] = t;
		} else if (t > most[2]) {
			most[2] = t;
		}
	}
	spread = j->transits < 3 ? 0 : (uint64_t)(most[2] - least);
	if (spread > HWS_JITTER_MAX_US)
		spread = HWS_JITTER_MAX_US;
	j->target_us = (uint32_t)spread + j->period_us + j->raised_us;
	j->target_us = HWS_MAX(HWS_MIN(j->target_us, HWS_JITTER_MAX_US), HWS_JITTER_MIN_US);
	/* it is forgotten by a hundredth with each packet */
	j->raised_us -= j->raised_us / 256;
}

static uint64_t held_us(const struct hws_jitter *j)
{
	return (j->end - j->next) * j->period_us;
}

/* --- in --------------------------------------------------------------------------------------- */

/* What an uncounted packet is taken to be; or where a count is. */
static uint64_t place_of(struct hws_jitter *j, uint64_t now_us, uint64_t number)
{
	uint64_t most = HWS_JITTER_HELD_US_MAX / j->period_us;

	if (!j->any || (!j->playing && j->end == j->next && now_us - j->last_us > STALE_US)) {
		clear_all(j);
		forget_line(j);
		j->any = true;
		j->next = j->end = number ? number : j->end + 1;
		return j->next;
	}
	if (!number)
		return j->end;
	if (number >= j->end + most || number + RESTART < j->next ||
			(!j->playing && j->end == j->next)) {
		/* it jumped, or is another count */
		clear_all(j);
		if (number >= j->end + most || number < j->end)
			forget_line(j);
		j->any = true;
		j->next = j->end = number;
	}
	return number;
}

int hws_jitter_push(struct hws_jitter *j, uint64_t now_us, uint64_t number, struct hws_bytes packet)
{
	uint32_t us = hws_opus_packet_us(packet);
	struct hws_jitter_slot *s;

	if (!us || packet.len > HWS_OPUS_PACKET_MAX || number > UINT64_MAX / 4 / 120000)
		return HWS_ERR_PROTO;
	if (us != j->period_us) {
		clear_all(j);
		forget_line(j);
		j->period_us = us;
	}
	number = place_of(j, now_us, number);
	if (!j->playing && j->next == j->end)
		j->first_us = now_us;
	j->last_us = now_us;
	measure(j, now_us, number);
	s = slot_of(j, number);
	if (number < j->next || s->data) {
		j->figures.late++;
		return HWS_OK;
	}
	if (number >= j->next + HWS_JITTER_SLOTS || held_us(j) > HWS_JITTER_HELD_US_MAX ||
			j->bytes + packet.len > HWS_JITTER_BYTES_MAX) {
		j->figures.skipped++;
		return HWS_ERR_FULL;
	}
	s->data = hws_memdup(packet.ptr, packet.len);
	if (!s->data)
		return HWS_ERR_NOMEM;
	s->number = number;
	s->len = (uint32_t)packet.len;
	j->bytes += packet.len;
	j->end = HWS_MAX(j->end, number + 1);
	return HWS_OK;
}

/* --- out -------------------------------------------------------------------------------------- */

static void skip_to(struct hws_jitter *j, uint64_t next)
{
	for (; j->next < next; j->next++) {
		struct hws_jitter_slot *s = slot_of(j, j->next);
		if (!s->data)
			continue;
		clear(j, s);
		j->figures.skipped++;
	}
}

static void stop(struct hws_jitter *j)
{
	j->playing = false;
	j->missing = j->ahead = j->much = 0;
}

static bool begin(struct hws_jitter *j, uint64_t now_us)
{
	uint64_t keep = j->target_us / j->period_us + 1;

	if (j->next == j->end || now_us - j->first_us < j->target_us - j->period_us)
		return false;
	if (held_us(j) > j->target_us + 4 * j->period_us)
		skip_to(j, j->end - keep);
	j->playing = true;
	return true;
}

/* One packet is left out at a time: what has piled up slowly goes slowly. */
static void shed(struct hws_jitter *j)
{
	if (held_us(j) > j->target_us + 500000u) {
		skip_to(j, j->end - (j->target_us / j->period_us + 1));
		return;
	}
	j->much = held_us(j) > j->target_us + 2 * j->period_us ? j->much + 1 : 0;
	if (j->much < (held_us(j) > j->target_us + 8 * j->period_us ? HASTE_PULLS : MUCH_PULLS))
		return;
	j->much = 0;
	skip_to(j, j->next + 1);
}

static enum hws_jitter_gives make_up(struct hws_jitter *j)
{
	j->missing++;
	j->figures.concealed++;
	return HWS_JITTER_CONCEAL;
}

static enum hws_jitter_gives run_dry(struct hws_jitter *j, uint64_t now_us)
{
	bool silent = now_us - j->last_us > GONE_US;

	if (!silent && j->missing < MADE_UP_MAX) {
		if (!j->missing)
			j->raised_us = HWS_MIN(j->raised_us + RAISE_US, HWS_JITTER_MAX_US / 2);
		j->ahead++;
		return make_up(j);
	}
	/* All that was made up is no time that passed: what comes now is heard from its first. */
	if (!silent)
		j->figures.dropouts++;
	stop(j);
	return HWS_JITTER_NOTHING;
}

enum hws_jitter_gives hws_jitter_pull(
		struct hws_jitter *j, uint64_t now_us, uint8_t **ret, size_t *ret_len)
{
	struct hws_jitter_slot *s;

	*ret = NULL;
	*ret_len = 0;
	if (!j->playing && !begin(j, now_us))
		return HWS_JITTER_NOTHING;
	shed(j);
	/* What was lost, and has been made up for already. */
	while (j->ahead && j->next < j->end && !slot_of(j, j->next)->data) {
		j->next++;
		j->ahead--;
	}
	if (j->next == j->end)
		return run_dry(j, now_us);
	s = slot_of(j, j->next);
	if (!s->data) {
		if (j->missing < MADE_UP_MAX) {
			j->next++;
			return make_up(j);
		}
		while (!slot_of(j, j->next)->data && j->next + 1 < j->end)
			j->next++;
		s = slot_of(j, j->next);
	}
	*ret = s->data;
	*ret_len = s->len;
	j->bytes -= s->len;
	*s = (struct hws_jitter_slot){ 0 };
	j->next++;
	j->missing = j->ahead = 0;
	j->figures.packets++;
	return HWS_JITTER_PACKET;
}

bool hws_jitter_idle(const struct hws_jitter *j)
{
	return !j->playing && j->next == j->end;
}
