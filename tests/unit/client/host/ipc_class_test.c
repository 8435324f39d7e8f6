/* host/ipc with several services on one link: what goes first, and a class that the other side has
 * held back while all others pass. */
#include "client/host/ipc.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/rand.h"
#include <check.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct hws_loop *loop;
static struct hws_ipc *a, *b;
static int raw; /* the other end of `a` where it is not `b` */
static unsigned closed_a, drained[HWS_SEND_CLASSES], messages;
static int why_a;
static uint32_t next_out[HWS_CHANNEL_COUNT], next_in[HWS_CHANNEL_COUNT];
static enum hws_channel came[4000];
static unsigned came_count;

static void on_message(struct hws_ipc *l HWS_UNUSED, const Agt__Message *m HWS_UNUSED, int fd,
		void *arg HWS_UNUSED)
{
	messages++;
	if (fd >= 0)
		close(fd);
}

static void on_wire(struct hws_ipc *l HWS_UNUSED, struct hws_bytes m, void *arg HWS_UNUSED)
{
	uint32_t seq;

	ck_assert_uint_ge(m.len, 5);
	ck_assert_uint_lt(m.ptr[0], HWS_CHANNEL_COUNT);
	memcpy(&seq, m.ptr + 1, sizeof(seq));
	ck_assert_uint_eq(seq, next_in[m.ptr[0]]++);
	came[came_count++] = m.ptr[0];
}

static void on_close(struct hws_ipc *l, int why, void *arg HWS_UNUSED)
{
	if (l == a) {
		closed_a++;
		why_a = why;
	}
	*(l == a ? &a : &b) = NULL;
}

static void on_drain(struct hws_ipc *l HWS_UNUSED, enum hws_send_class cls, void *arg HWS_UNUSED)
{
	drained[cls]++;
}

static void set_up(void)
{
	const struct hws_ipc_conf conf = { .frame_max = 1u << 20,
		.send_max = 1u << 20,
		.send_high = 60000,
		.limit[HWS_SEND_INPUT] = { .max = 20000, .high = 5000 },
		.on_message = on_message,
		.on_wire = on_wire,
		.on_close = on_close,
		.on_drain = on_drain };
	int fd[2], bytes = 16384;

	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	ck_assert_int_eq(hws_ipc_pair(fd), HWS_OK);
	ck_assert_int_eq(setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)), 0);
	ck_assert_int_eq(hws_ipc_new(loop, fd[0], &conf, &a), HWS_OK);
	raw = dup(fd[1]);
	ck_assert_int_eq(hws_ipc_new(loop, fd[1], &conf, &b), HWS_OK);
	came_count = closed_a = messages = 0;
	memset(next_in, 0, sizeof(next_in));
	memset(next_out, 0, sizeof(next_out));
	memset(drained, 0, sizeof(drained));
}

static void tear_down(void)
{
	hws_ipc_close(a, HWS_OK);
	hws_ipc_close(b, HWS_OK);
	close(raw);
	hws_loop_free(loop);
}

#define UNTIL(cond)                                                                                \
	do {                                                                                       \
		uint64_t end_us = hws_clock_us() + 60 * HWS_US_PER_S;                              \
		while (!(cond)) {                                                                  \
			ck_assert_msg(hws_clock_us() < end_us, "never: %s", #cond);                \
			hws_loop_once(loop, 10000);                                                \
		}                                                                                  \
	} while (0)

static int send_one(enum hws_channel channel, size_t len)
{
	static uint8_t buf[1u << 17];
	uint32_t seq = next_out[channel];

	len = HWS_MAX(len, (size_t)5);
	buf[0] = (uint8_t)channel;
	memcpy(buf + 1, &seq, sizeof(seq));
	int r = hws_ipc_send_wire2(a, channel, hws_bytes(buf, 3), hws_bytes(buf + 3, len - 3));
	next_out[channel] += r == HWS_OK;
	return r;
}

static unsigned sum(const uint32_t *n)
{
	unsigned all = 0;

	for (int i = 0; i < HWS_CHANNEL_COUNT; i++)
		all += n[i];
	return all;
}

START_TEST(what_is_urgent_overtakes_what_the_kernel_has_not_taken)
{
	unsigned at = 0;

	hws_ipc_pause(b);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(send_one(HWS_CHANNEL_FILES, 60000), HWS_OK);
	ck_assert_int_eq(send_one(HWS_CHANNEL_VIDEO, 3000), HWS_OK);
	ck_assert_int_eq(send_one(HWS_CHANNEL_CURSOR, 300), HWS_OK);
	ck_assert_int_eq(send_one(HWS_CHANNEL_CONTROL, 30), HWS_OK);
	hws_ipc_resume(b);
	UNTIL(came_count == sum(next_out));
	/* The socket holds less than one of these frames. */
	while (came[at] == HWS_CHANNEL_FILES)
		at++;
	ck_assert_uint_le(at, 1);
	ck_assert_int_eq(came[at], HWS_CHANNEL_CONTROL);
	ck_assert_int_eq(came[at + 1], HWS_CHANNEL_CURSOR);
	ck_assert_int_eq(came[at + 2], HWS_CHANNEL_VIDEO);
}
END_TEST

START_TEST(a_class_that_is_held_back_waits_and_the_others_pass)
{
	Agt__Message m = AGT__MESSAGE__INIT;

	ck_assert_int_eq(hws_ipc_hold(b, HWS_SEND_BULK, true), HWS_OK);
	ck_assert_int_eq(hws_ipc_hold(b, HWS_SEND_BULK, true), HWS_OK); /* says it once */
	/* When this has come, so has what was sent before it the other way. */
	ck_assert_int_eq(hws_ipc_send(b, &m, -1), HWS_OK);
	UNTIL(messages == 1);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(send_one(HWS_CHANNEL_FILES, 9000), HWS_OK);
	ck_assert(hws_ipc_congested(a, HWS_SEND_BULK));
	ck_assert(!hws_ipc_congested(a, HWS_SEND_VIDEO));
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(send_one(HWS_CHANNEL_VIDEO, 9000), HWS_OK);
	UNTIL(came_count == 10);
	for (int i = 0; i < 5; i++)
		hws_loop_once(loop, 1000);
	ck_assert_uint_eq(next_in[HWS_CHANNEL_FILES], 0);
	ck_assert_uint_eq(drained[HWS_SEND_BULK], 0);
	ck_assert_int_eq(hws_ipc_hold(b, HWS_SEND_BULK, false), HWS_OK);
	UNTIL(came_count == 20 && drained[HWS_SEND_BULK]);
	ck_assert_uint_eq(drained[HWS_SEND_BULK], 1);
	ck_assert_uint_eq(hws_ipc_pending(a), 0);
}
END_TEST

START_TEST(the_session_itself_cannot_be_held_back)
{
	ck_assert_int_eq(hws_ipc_hold(b, HWS_SEND_CONTROL, true), HWS_ERR_INVAL);
	ck_assert_int_eq(hws_ipc_hold(b, HWS_SEND_LAST, true), HWS_ERR_INVAL);
	/* nor by one who says it all the same */
	static const uint8_t frame[2][6] = { { 2, 0, 0, 0, 3, 1u << HWS_SEND_CONTROL },
		{ 2, 0, 0, 0, 3, 0xff } };
	ck_assert_int_eq(write(raw, frame[_i], sizeof(frame[_i])), sizeof(frame[_i]));
	UNTIL(closed_a);
	ck_assert_int_eq(why_a, HWS_ERR_PROTO);
}
END_TEST

START_TEST(a_full_class_refuses_and_the_others_do_not)
{
	unsigned files = 0;

	hws_ipc_pause(b);
	while (send_one(HWS_CHANNEL_FILES, 30000) == HWS_OK)
		files++;
	ck_assert_int_eq(send_one(HWS_CHANNEL_TUNNELS, 30000), HWS_ERR_FULL);
	ck_assert_int_eq(send_one(HWS_CHANNEL_INPUT, 4000), HWS_OK);
	while (send_one(HWS_CHANNEL_INPUT, 400) == HWS_OK)
		;
	ck_assert_int_eq(send_one(HWS_CHANNEL_VIDEO, 30000), HWS_OK);
	ck_assert_uint_le(hws_ipc_pending(a), (1u << 20) + 20000 + 31000);
	hws_ipc_resume(b);
	UNTIL(came_count == sum(next_out));
	ck_assert_uint_eq(next_in[HWS_CHANNEL_FILES], files);
}
END_TEST

START_TEST(random_traffic_keeps_the_order_of_each_channel)
{
	unsigned held = 0;

	for (int i = 0; i < 3000; i++) {
		enum hws_channel c = (enum hws_channel)hws_rand_below(HWS_CHANNEL_COUNT);
		int r = send_one(c, hws_rand_below(hws_rand_below(8) ? 300 : 20000));

		ck_assert(r == HWS_OK || r == HWS_ERR_FULL);
		if (!hws_rand_below(50)) {
			enum hws_send_class cls =
					HWS_SEND_INPUT + (enum hws_send_class)hws_rand_below(3);
			held ^= 1u << cls;
			ck_assert_int_eq(hws_ipc_hold(b, cls, held >> cls & 1), HWS_OK);
		}
		if (!hws_rand_below(4))
			hws_loop_once(loop, 0);
	}
	for (enum hws_send_class cls = HWS_SEND_INPUT; cls <= HWS_SEND_BULK; cls++)
		ck_assert_int_eq(hws_ipc_hold(b, cls, false), HWS_OK);
	UNTIL(came_count == sum(next_out));
	ck_assert_uint_eq(hws_ipc_pending(a), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("host/ipc: classes");
	TCase *t = tcase_create("classes");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, what_is_urgent_overtakes_what_the_kernel_has_not_taken);
	tcase_add_test(t, a_class_that_is_held_back_waits_and_the_others_pass);
	tcase_add_loop_test(t, the_session_itself_cannot_be_held_back, 0, 2);
	tcase_add_test(t, a_full_class_refuses_and_the_others_do_not);
	tcase_add_test(t, random_traffic_keeps_the_order_of_each_channel);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
