/* net/send_queue against what it promises, with random puts, takes and holds: order within a
 * channel, the lowest class first, fair shares, bounds, and nothing lost. */
#include "shared/base/macros.h"
#include "shared/base/rand.h"
#include "shared/net/send_queue.h"
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define NONE ((struct hws_bytes){ 0 })
#define LONGEST 5000u

static struct hws_send_queue q;

static int put_parts(enum hws_channel c, uint8_t tag, int fd, struct hws_bytes head,
		struct hws_bytes rest, size_t max)
{
	const struct hws_send_item item = {
		.channel = c, .tag = tag, .fd = fd, .message = head, .rest = rest
	};

	return hws_send_queue_put(&q, &item, max);
}

static void set_up(void)
{
	hws_send_queue_init(&q);
}

static void tear_down(void)
{
	hws_send_queue_done(&q);
}

static void put(enum hws_channel c, uint8_t tag, size_t len)
{
	static const uint8_t zero[LONGEST];

	ck_assert_int_eq(put_parts(c, tag, -1, hws_bytes(zero, len), NONE, SIZE_MAX), HWS_OK);
}

static struct hws_send_item take(void)
{
	struct hws_send_item item;

	ck_assert(hws_send_queue_next(&q, HWS_SEND_CLASSES, &item));
	hws_send_queue_taken(&q, &item);
	return item;
}

START_TEST(every_channel_has_the_class_that_it_should)
{
	static const struct {
		enum hws_channel channel;
		enum hws_send_class cls;
	} rows[] = {
		{ HWS_CHANNEL_CONTROL, HWS_SEND_CONTROL },
		{ HWS_CHANNEL_INPUT, HWS_SEND_INPUT },
		{ HWS_CHANNEL_CURSOR, HWS_SEND_INPUT },
		{ HWS_CHANNEL_VIDEO, HWS_SEND_VIDEO },
		{ HWS_CHANNEL_SOUND, HWS_SEND_VIDEO },
		{ HWS_CHANNEL_TERMINAL, HWS_SEND_VIDEO },
		{ HWS_CHANNEL_CLIPBOARD, HWS_SEND_BULK },
		{ HWS_CHANNEL_SCREENSHOT, HWS_SEND_BULK },
		{ HWS_CHANNEL_FILES, HWS_SEND_BULK },
		{ HWS_CHANNEL_JOBS, HWS_SEND_BULK },
		{ HWS_CHANNEL_TUNNELS, HWS_SEND_BULK },
		{ HWS_CHANNEL_LAST, HWS_SEND_LAST },
	};

	ck_assert_uint_eq(HWS_COUNT(rows), HWS_CHANNEL_COUNT);
	for (size_t i = 0; i < HWS_COUNT(rows); i++)
		ck_assert_int_eq(hws_channel_class(rows[i].channel), rows[i].cls);
}
END_TEST

START_TEST(classes_go_by_rank_whatever_came_first)
{
	static const enum hws_channel sent[] = { HWS_CHANNEL_LAST, HWS_CHANNEL_FILES,
		HWS_CHANNEL_VIDEO, HWS_CHANNEL_INPUT, HWS_CHANNEL_CONTROL };

	for (size_t i = 0; i < HWS_COUNT(sent); i++)
		put(sent[i], 0, 100);
	for (size_t i = HWS_COUNT(sent); i-- > 0;)
		ck_assert_int_eq(take().channel, sent[i]);
	ck_assert(hws_send_queue_empty(&q));
}
END_TEST

START_TEST(channels_of_a_class_take_turns)
{
	enum hws_channel before = HWS_CHANNEL_COUNT;

	for (int i = 0; i < 20; i++)
		put(HWS_CHANNEL_FILES, 0, 1000);
	for (int i = 0; i < 20; i++)
		put(HWS_CHANNEL_TUNNELS, 0, 1000);
	for (int i = 0; i < 40; i++) {
		enum hws_channel now = take().channel;

		ck_assert_int_ne(now, before);
		before = now;
	}
}
END_TEST

START_TEST(shares_are_of_bytes_not_of_messages)
{
	size_t files = 0, tunnels = 0;

	for (int i = 0; i < 10; i++)
		put(HWS_CHANNEL_FILES, 0, 5000);
	for (int i = 0; i < 400; i++)
		put(HWS_CHANNEL_TUNNELS, 0, 100);
	while (files + tunnels < 40000) {
		struct hws_send_item i = take();

		*(i.channel == HWS_CHANNEL_FILES ? &files : &tunnels) +=
				i.message.len + HWS_SEND_ENTRY_COST;
	}
	ck_assert_uint_ge(files, tunnels - 6000);
	ck_assert_uint_le(files, tunnels + 6000);
}
END_TEST

/* Else it would have the class for itself until it had caught up. */
START_TEST(a_channel_gains_nothing_by_having_been_silent)
{
	for (int i = 0; i < 50; i++) {
		put(HWS_CHANNEL_FILES, 0, 1000);
		take();
	}
	for (int i = 0; i < 4; i++)
		put(HWS_CHANNEL_FILES, 0, 1000);
	for (int i = 0; i < 4; i++)
		put(HWS_CHANNEL_TUNNELS, 0, 1000);
	unsigned files = 0;
	for (int i = 0; i < 4; i++)
		files += take().channel == HWS_CHANNEL_FILES;
	ck_assert_uint_ge(files, 1);
	ck_assert_uint_le(files, 3);
}
END_TEST

START_TEST(a_full_class_refuses_and_the_others_do_not)
{
	uint8_t m[100] = { 0 };
	size_t max = 3 * (sizeof(m) + HWS_SEND_ENTRY_COST);
	struct hws_bytes b = hws_bytes(m, sizeof(m));

	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(put_parts(HWS_CHANNEL_FILES, 0, -1, b, NONE, max), 0);
	ck_assert_int_eq(put_parts(HWS_CHANNEL_FILES, 0, -1, b, NONE, max), HWS_ERR_FULL);
	ck_assert_int_eq(put_parts(HWS_CHANNEL_TUNNELS, 0, -1, b, NONE, max),
			HWS_ERR_FULL); /* of the same class */
	ck_assert_int_eq(put_parts(HWS_CHANNEL_INPUT, 0, -1, b, NONE, max), 0);
	/* Empty messages cost, too. */
	for (int i = 0; i < 3; i++)
		(void)take();
	int n = 0;
	while (put_parts(HWS_CHANNEL_FILES, 0, -1, NONE, NONE, max) == HWS_OK)
		n++;
	ck_assert_int_le(n, (int)(max / HWS_SEND_ENTRY_COST));
}
END_TEST

START_TEST(what_is_held_waits_and_what_is_last_waits_for_it)
{
	struct hws_send_item item;

	put(HWS_CHANNEL_FILES, 1, 10);
	put(HWS_CHANNEL_LAST, 2, 10);
	put(HWS_CHANNEL_INPUT, 3, 10);
	hws_send_queue_hold(&q, HWS_SEND_BULK, true);
	ck_assert_uint_eq(take().tag, 3);
	ck_assert(!hws_send_queue_next(&q, HWS_SEND_CLASSES, &item));
	hws_send_queue_hold(&q, HWS_SEND_BULK, false);
	ck_assert_uint_eq(take().tag, 1);
	ck_assert_uint_eq(take().tag, 2);
}
END_TEST

START_TEST(only_classes_before_the_one_named_are_given)
{
	struct hws_send_item item;

	put(HWS_CHANNEL_FILES, 0, 10);
	ck_assert(!hws_send_queue_next(&q, HWS_SEND_BULK, &item));
	put(HWS_CHANNEL_VIDEO, 0, 10);
	ck_assert(hws_send_queue_next(&q, HWS_SEND_BULK, &item));
	ck_assert_int_eq(item.channel, HWS_CHANNEL_VIDEO);
}
END_TEST

START_TEST(descriptors_come_back_or_are_closed)
{
	int fd[2];

	ck_assert_int_eq(pipe(fd), 0);
	ck_assert_int_eq(put_parts(HWS_CHANNEL_CONTROL, 0, fd[0], NONE, NONE, 100), 0);
	ck_assert_int_eq(put_parts(HWS_CHANNEL_CONTROL, 0, fd[1], NONE, NONE, 100), 0);
	ck_assert_int_eq(take().fd, fd[0]);
	ck_assert_int_eq(fcntl(fd[0], F_GETFD) >= 0, 1);
	hws_send_queue_done(&q);
	ck_assert_int_lt(fcntl(fd[1], F_GETFD), 0);
	close(fd[0]);
}
END_TEST

/* --- against a model
 * -------------------------------------------------------------------------------- */

#define KEPT 4096u

struct model {
	struct {
		uint32_t len[KEPT], seq[KEPT]; /* a ring */
		unsigned head, count;
		uint32_t next;
		uint64_t served; /* bytes since a channel of its class began anew */
	} channel[HWS_CHANNEL_COUNT];
	size_t bytes[HWS_SEND_CLASSES];
	unsigned held;
};

static struct model m;

static bool model_put(enum hws_channel c, uint32_t len, size_t max)
{
	enum hws_send_class cls = hws_channel_class(c);

	if (m.bytes[cls] + len + HWS_SEND_ENTRY_COST > max)
		return false;
	unsigned at = (m.channel[c].head + m.channel[c].count++) % KEPT;
	ck_assert_uint_le(m.channel[c].count, KEPT);
	m.channel[c].len[at] = len;
	m.channel[c].seq[at] = m.channel[c].next++;
	m.bytes[cls] += len + HWS_SEND_ENTRY_COST;
	if (m.channel[c].count == 1) /* whoever comes anew: shares are counted from now */
		for (enum hws_channel o = 0; o < HWS_CHANNEL_COUNT; o++)
			if (hws_channel_class(o) == cls)
				m.channel[o].served = 0;
	return true;
}

/* The class that must be next; HWS_SEND_CLASSES = none. */
static enum hws_send_class model_next(void)
{
	enum hws_send_class best = HWS_SEND_CLASSES;
	bool any = false;

	for (enum hws_channel c = 0; c < HWS_CHANNEL_COUNT; c++) {
		enum hws_send_class cls = hws_channel_class(c);
		if (m.channel[c].count && cls != HWS_SEND_LAST)
			any = true;
		if (m.channel[c].count && !(m.held >> cls & 1) && cls < best)
			best = cls;
	}
	return best == HWS_SEND_LAST && any ? HWS_SEND_CLASSES : best;
}

static void check_shares(enum hws_send_class cls)
{
	uint64_t least = UINT64_MAX, most = 0;

	for (enum hws_channel c = 0; c < HWS_CHANNEL_COUNT; c++)
		if (hws_channel_class(c) == cls && m.channel[c].count) {
			least = HWS_MIN(least, m.channel[c].served);
			most = HWS_MAX(most, m.channel[c].served);
		}
	if (least != UINT64_MAX) /* the bound of start-time fairness, once more for the newcomer */
		ck_assert_uint_le(most - least, 3 * (LONGEST + HWS_SEND_ENTRY_COST));
}

static void take_both(void)
{
	struct hws_send_item item;
	enum hws_send_class want = model_next();

	ck_assert_int_eq(
			hws_send_queue_next(&q, HWS_SEND_CLASSES, &item), want != HWS_SEND_CLASSES);
	if (want == HWS_SEND_CLASSES)
		return;
	ck_assert_int_eq(item.cls, want);
	unsigned at = m.channel[item.channel].head;
	uint32_t seq = 0;
	ck_assert_uint_gt(m.channel[item.channel].count, 0);
	ck_assert_uint_eq(item.message.len, m.channel[item.channel].len[at]);
	memcpy(&seq, item.message.ptr, HWS_MIN(sizeof(seq), item.message.len));
	if (item.message.len >= sizeof(seq))
		ck_assert_uint_eq(seq, m.channel[item.channel].seq[at]);
	hws_send_queue_taken(&q, &item);
	m.channel[item.channel].head = (at + 1) % KEPT;
	m.channel[item.channel].count--;
	m.channel[item.channel].served += item.message.len + HWS_SEND_ENTRY_COST;
	m.bytes[want] -= item.message.len + HWS_SEND_ENTRY_COST;
	check_shares(want);
}

START_TEST(random_sends_keep_every_promise)
{
	static uint8_t buf[LONGEST];
	const size_t max = 60000;

	m = (struct model){ 0 };
	for (int i = 0; i < 60000; i++) {
		unsigned dice = hws_rand_below(100);

		if (dice < (i / 3000 % 2 ? 40u : 60u)) { /* filling and emptying by turns */
			enum hws_channel c = (enum hws_channel)hws_rand_below(HWS_CHANNEL_COUNT);
			uint32_t len = hws_rand_below(hws_rand_below(4) ? 200 : LONGEST);
			uint32_t split = len ? hws_rand_below(len) : 0, seq = m.channel[c].next;
			memcpy(buf, &seq, HWS_MIN(sizeof(seq), (size_t)len));
			int r = put_parts(c, 0, -1, hws_bytes(buf, split),
					hws_bytes(buf + split, len - split), max);
			ck_assert_int_eq(r, model_put(c, len, max) ? HWS_OK : HWS_ERR_FULL);
		} else if (dice < 98) {
			take_both();
		} else {
			enum hws_send_class cls =
					(enum hws_send_class)hws_rand_below(HWS_SEND_LAST);
			m.held ^= 1u << cls;
			hws_send_queue_hold(&q, cls, m.held >> cls & 1);
		}
		for (enum hws_send_class cls = 0; cls < HWS_SEND_CLASSES; cls++)
			ck_assert_uint_eq(hws_send_queue_bytes(&q, cls), m.bytes[cls]);
	}
	for (enum hws_send_class cls = 0; cls < HWS_SEND_CLASSES; cls++)
		hws_send_queue_hold(&q, cls, false);
	m.held = 0;
	while (model_next() != HWS_SEND_CLASSES)
		take_both();
	ck_assert(hws_send_queue_empty(&q));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/send_queue");
	TCase *t = tcase_create("queue");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, every_channel_has_the_class_that_it_should);
	tcase_add_test(t, classes_go_by_rank_whatever_came_first);
	tcase_add_test(t, channels_of_a_class_take_turns);
	tcase_add_test(t, shares_are_of_bytes_not_of_messages);
	tcase_add_test(t, a_channel_gains_nothing_by_having_been_silent);
	tcase_add_test(t, a_full_class_refuses_and_the_others_do_not);
	tcase_add_test(t, what_is_held_waits_and_what_is_last_waits_for_it);
	tcase_add_test(t, only_classes_before_the_one_named_are_given);
	tcase_add_test(t, descriptors_come_back_or_are_closed);
	tcase_add_test(t, random_sends_keep_every_promise);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
