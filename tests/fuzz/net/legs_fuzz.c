/* A session's legs that get arbitrary bytes from whoever stands on the way, on up to three
 * connections, between reads, writes and new legs of this end; and the words with which a
 * connection joins. What was read and what is kept must stay within what can be, whatever is
 * said. */
#include "shared/base/macros.h"
#include "shared/net/legs.h"
#include "shared/wire/leg_proof.h"
#include <stdlib.h>
#include <string.h>

#define LEGS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct stage {
	struct hws_loop *loop;
	struct hws_legs *legs;
	struct hws_stream *far[LEGS];
	unsigned count;
	uint64_t read, written;
	unsigned want;
};

static void on_ready(struct hws_stream *s, unsigned ready, void *arg)
{
	struct stage *st = arg;
	uint8_t buf[1000];
	ssize_t n;

	if (ready & HWS_STREAM_WRITE) /* told once: nobody writes here */
		hws_stream_want(s, st->want &= ~HWS_STREAM_WRITE);
	if (!(ready & HWS_STREAM_READ))
		return;
	n = hws_stream_read(s, buf, sizeof(buf));
	if (n > 0)
		st->read += (uint64_t)n;
	else if (n != HWS_ERR_AGAIN)
		hws_stream_want(s, st->want = 0);
	if (st->read != hws_legs_received(st->legs))
		abort();
}

static void add_leg(struct stage *st, uint8_t what)
{
	struct hws_legs_new_leg leg = { .number = st->count, .peer_received = what & 0x3f };

	if (st->count >= LEGS ||
			hws_stream_mem_pair(st->loop, NULL, &leg.stream, &st->far[st->count]) < 0)
		return;
	if (what & 0x80)
		leg.number = what & 7;
	st->count++;
	if (hws_legs_add(st->legs, &leg) == HWS_OK && leg.peer_received > st->written)
		abort();
}

static void take_turn(struct stage *st)
{
	uint8_t scrap[4096];

	for (unsigned i = 0; i < LEGS; i++)
		if (st->far[i])
			(void)!hws_stream_read(st->far[i], scrap, sizeof(scrap));
	hws_loop_once(st->loop, 0);
}

/* An op, how much of it, then its bytes. */
static size_t step(struct stage *st, const uint8_t *data, size_t size)
{
	struct hws_stream *s = hws_legs_stream(st->legs), *far = st->far[data[0] % LEGS];
	size_t len = HWS_MIN((size_t)data[1], size - 2);
	ssize_t n;

	switch (data[0] >> 4 & 7) {
	case 0:
		n = hws_stream_write(s, hws_bytes(data + 2, len));
		if (n > 0)
			st->written += (uint64_t)n;
		return 2 + len;
	case 1:
		add_leg(st, data[1]);
		return 2;
	case 2:
		hws_stream_close(far);
		st->far[data[0] % LEGS] = NULL;
		return 2;
	case 3:
		hws_stream_want(s, st->want = data[1] & 3);
		return 2;
	case 4:
		hws_legs_drop(st->legs, data[1]);
		return 2;
	default:
		if (far)
			(void)!hws_stream_write(far, hws_bytes(data + 2, len));
		take_turn(st);
		return 2 + len;
	}
}

static void read_words(struct hws_bytes in)
{
	struct hws_leg_terms t = { .number = 1 };

	/* nobody has this key: nothing proves anything */
	if (hws_leg_challenge_read(in, &t) == HWS_OK || hws_leg_proof_read(in, &t) == HWS_OK)
		abort();
	if (hws_leg_join_read(in, &t) == HWS_OK && t.number == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct hws_legs_conf conf = { .away_us = 1000000, .ended_us = 1000000 };
	struct stage st = { 0 };
	struct hws_stream *first;

	read_words(hws_bytes(data, size));
	if (hws_loop_new(&st.loop) < 0)
		return 0;
	if (hws_stream_mem_pair(st.loop, NULL, &first, &st.far[0]) < 0 ||
			hws_legs_new(st.loop, first, &conf, &st.legs) < 0)
		abort();
	st.count = 1;
	hws_stream_set_callback(hws_legs_stream(st.legs), on_ready, &st);
	hws_stream_want(hws_legs_stream(st.legs), st.want = HWS_STREAM_READ);
	while (size >= 2) {
		size_t n = step(&st, data, size);

		data += n;
		size -= n;
	}
	for (int i = 0; i < 3; i++)
		take_turn(&st);
	hws_stream_close(hws_legs_stream(st.legs));
	for (unsigned i = 0; i < LEGS; i++)
		hws_stream_close(st.far[i]);
	hws_loop_free(st.loop);
	return 0;
}
