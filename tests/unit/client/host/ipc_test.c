/* host/ipc between two ends of a socket pair. */
#include "client/host/ipc.h"
#include "shared/base/clock.h"
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct end {
	struct hws_ipc *ipc;
	unsigned messages, wires, closed, drained;
	int fd[8];
	unsigned fds;
	size_t wire_bytes;
	uint8_t sum;
	int why;
	uint64_t conn[8];
};

static struct hws_loop *loop;
static struct end a, b;

static void on_message(struct hws_ipc *l HWS_UNUSED, const Agt__Message *m, int fd, void *arg)
{
	struct end *e = arg;

	if (m->union_case == AGT__MESSAGE__UNION_AGENT_LINK && e->messages < 8)
		e->conn[e->messages] = m->agent_link->conn;
	e->messages++;
	if (fd >= 0)
		e->fd[e->fds++] = fd;
}

static void on_wire(struct hws_ipc *l HWS_UNUSED, struct hws_bytes m, void *arg)
{
	struct end *e = arg;

	e->wires++;
	e->wire_bytes += m.len;
	for (size_t i = 0; i < m.len; i++)
		e->sum = (uint8_t)(e->sum + m.ptr[i]);
}

static void on_close(struct hws_ipc *l HWS_UNUSED, int why, void *arg)
{
	struct end *e = arg;

	e->ipc = NULL;
	e->closed++;
	e->why = why;
}

static void on_drain(struct hws_ipc *l HWS_UNUSED, enum hws_send_class cls HWS_UNUSED, void *arg)
{
	((struct end *)arg)->drained++;
}

static bool takes_fds = true;
static uint32_t rate;

static void open_end(struct end *e, int fd, size_t frame_max)
{
	struct hws_ipc_conf conf = { .frame_max = frame_max,
		.send_max = 4u << 20,
		.send_high = 64u << 10,
		.takes_fds = takes_fds,
		.rate = rate,
		.burst = rate,
		.on_message = on_message,
		.on_wire = on_wire,
		.on_close = on_close,
		.on_drain = on_drain,
		.arg = e };

	memset(e, 0, sizeof(*e));
	ck_assert_int_eq(hws_ipc_new(loop, fd, &conf, &e->ipc), HWS_OK);
}

static void setup(void)
{
	int fds[2];

	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	ck_assert_int_eq(hws_ipc_pair(fds), HWS_OK);
	open_end(&a, fds[0], 3u << 20);
	open_end(&b, fds[1], 1u << 20);
}

static void teardown(void)
{
	hws_ipc_close(a.ipc, HWS_OK);
	hws_ipc_close(b.ipc, HWS_OK);
	hws_loop_free(loop);
}

#define UNTIL(cond)                                                                                \
	do {                                                                                       \
		uint64_t end_us = hws_clock_us() + 5 * HWS_US_PER_S;                               \
		while (!(cond)) {                                                                  \
			ck_assert_msg(hws_clock_us() < end_us, "never: %s", #cond);                \
			hws_loop_once(loop, 10000);                                                \
		}                                                                                  \
	} while (0)

static int send_link(struct end *e, uint64_t conn, int fd)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__AgentLink l = AGT__AGENT_LINK__INIT;

	l.conn = conn;
	m.union_case = AGT__MESSAGE__UNION_AGENT_LINK;
	m.agent_link = &l;
	return hws_ipc_send(e->ipc, &m, fd);
}

static int pipe_with(char c)
{
	int p[2];

	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(write(p[1], &c, 1), 1);
	close(p[1]);
	return p[0];
}

/* Who says more than it may is ended, and not read any further. */
START_TEST(messages_beyond_the_rate_end_the_link)
{
	struct end c, d;
	int fds[2];

	rate = 5;
	ck_assert_int_eq(hws_ipc_pair(fds), HWS_OK);
	open_end(&c, fds[0], 1u << 20);
	rate = 0;
	open_end(&d, fds[1], 1u << 20);
	for (unsigned i = 0; i < 100; i++)
		ck_assert_int_eq(send_link(&d, i, -1), HWS_OK);
	UNTIL(c.closed);
	ck_assert_int_eq(c.why, HWS_ERR_FULL);
	ck_assert_uint_ge(c.messages, 5);
	ck_assert_uint_lt(c.messages, 50); /* a second of a loaded machine is five more */
	UNTIL(d.closed);
}
END_TEST

/* Where none is expected the first ends the link, announced or not. */
START_TEST(descriptors_that_are_not_wanted_end_the_link)
{
	struct end c, d;
	int fds[2];

	takes_fds = false;
	ck_assert_int_eq(hws_ipc_pair(fds), HWS_OK);
	open_end(&c, fds[0], 1u << 20);
	takes_fds = true;
	open_end(&d, fds[1], 1u << 20);
	ck_assert_int_eq(send_link(&d, 1, pipe_with('x')), HWS_OK);
	UNTIL(c.closed);
	ck_assert_int_eq(c.why, HWS_ERR_PROTO);
	ck_assert_uint_eq(c.fds + c.messages, 0);
	UNTIL(d.closed);
}
END_TEST

START_TEST(descriptors_arrive_with_their_messages_in_order)
{
	char c;

	ck_assert_int_eq(send_link(&a, 1, pipe_with('x')), HWS_OK);
	ck_assert_int_eq(send_link(&a, 2, -1), HWS_OK);
	ck_assert_int_eq(send_link(&a, 3, pipe_with('y')), HWS_OK);
	UNTIL(b.messages == 3);
	ck_assert_uint_eq(b.fds, 2);
	ck_assert_int_eq(read(b.fd[0], &c, 1), 1);
	ck_assert_int_eq(c, 'x');
	ck_assert_int_eq(read(b.fd[1], &c, 1), 1);
	ck_assert_int_eq(c, 'y');
	ck_assert(fcntl(b.fd[0], F_GETFD) & FD_CLOEXEC);
	ck_assert_uint_eq(b.conn[0], 1);
	ck_assert_uint_eq(b.conn[2], 3);
	close(b.fd[0]);
	close(b.fd[1]);
}
END_TEST

START_TEST(large_frames_pass_whole_behind_a_full_socket)
{
	uint8_t *big = calloc(1, 1000000);
	uint8_t sum = 0;

	for (size_t i = 0; i < 1000000; i++) {
		big[i] = (uint8_t)(i * 7);
		sum = (uint8_t)(sum + big[i]);
	}
	ck_assert_int_eq(hws_ipc_send_wire(a.ipc, HWS_CHANNEL_VIDEO, hws_bytes(big, 1000000)),
			HWS_OK);
	ck_assert_int_eq(
			send_link(&a, 9, pipe_with('z')), HWS_OK); /* behind a half-written frame */
	ck_assert(hws_ipc_congested(a.ipc, HWS_SEND_VIDEO));
	UNTIL(b.messages == 1 && a.drained);
	ck_assert_uint_eq(b.wires, 1);
	ck_assert_uint_eq(b.wire_bytes, 1000000);
	ck_assert_uint_eq(b.sum, sum);
	ck_assert_uint_eq(b.fds, 1);
	close(b.fd[0]);
	free(big);
}
END_TEST

START_TEST(a_full_queue_refuses_and_keeps_what_it_has)
{
	uint8_t *big = calloc(1, 1000000);
	int r = HWS_OK;
	unsigned sent = 0;

	hws_ipc_pause(b.ipc);
	while (r == HWS_OK && sent < 50) {
		r = hws_ipc_send_wire(a.ipc, HWS_CHANNEL_VIDEO, hws_bytes(big, 1000000));
		sent += r == HWS_OK;
	}
	ck_assert_int_eq(r, HWS_ERR_FULL);
	hws_ipc_resume(b.ipc);
	UNTIL(b.wires == sent);
	ck_assert_uint_eq(b.wire_bytes, sent * 1000000u);
	free(big);
}
END_TEST

START_TEST(a_pause_holds_back_frames_that_are_already_here)
{
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(send_link(&a, (uint64_t)i, -1), HWS_OK);
	hws_ipc_pause(b.ipc);
	for (int i = 0; i < 5; i++)
		hws_loop_once(loop, 1000);
	ck_assert_uint_eq(b.messages, 0);
	hws_ipc_resume(b.ipc);
	UNTIL(b.messages == 3);
}
END_TEST

static unsigned open_descriptors(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 1000; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* An end that is not ours sends descriptors for which there is no message: only so many are kept,
 * the others are closed. */
START_TEST(descriptors_without_a_message_are_bounded)
{
	int pair[2], fds[4];
	struct iovec byte = { (void *)"\x50", 1 }; /* the beginning of a frame that does not end */
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(fds))];
	} control;
	struct msghdr msg = { .msg_iov = &byte,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	struct end own;
	unsigned before;

	ck_assert_int_eq(hws_ipc_pair(pair), HWS_OK);
	open_end(&own, pair[0], 1u << 20);
	for (int i = 0; i < 4; i++)
		fds[i] = 0;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	before = open_descriptors();
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(sendmsg(pair[1], &msg, 0), 1);
		for (int turn = 0; turn < 5; turn++)
			hws_loop_once(loop, 2000);
	}
	if (own.ipc) /* it may end such a link at once, too */
		ck_assert_uint_eq(open_descriptors(), before + 4);
	hws_ipc_close(own.ipc, HWS_OK);
	close(pair[1]);
	ck_assert_uint_le(open_descriptors(), before - 2);
}
END_TEST

/* A byte of each frame tells its kind. */
START_TEST(a_frame_may_be_as_long_as_the_cap_and_no_longer)
{
	const size_t cap = 1u << 20;
	uint8_t *big = calloc(1, cap);

	ck_assert_int_eq(hws_ipc_send_wire(b.ipc, HWS_CHANNEL_VIDEO, hws_bytes(big, cap)),
			HWS_ERR_TOOBIG);
	ck_assert_int_eq(hws_ipc_send_wire(b.ipc, HWS_CHANNEL_VIDEO, hws_bytes(big, cap - 1)),
			HWS_OK);
	UNTIL(a.wires == 1);
	free(big);
}
END_TEST

START_TEST(frames_above_the_cap_end_the_link)
{
	uint8_t *big = calloc(1, 2u << 20);

	ck_assert_int_eq(hws_ipc_send_wire(a.ipc, HWS_CHANNEL_VIDEO, hws_bytes(big, 2u << 20)),
			HWS_OK);
	UNTIL(b.closed);
	ck_assert_int_eq(b.why, HWS_ERR_TOOBIG);
	ck_assert_uint_eq(b.wires, 0);
	free(big);
}
END_TEST

START_TEST(the_end_of_the_other_side_is_told_once)
{
	hws_ipc_close(a.ipc, HWS_OK);
	ck_assert_uint_eq(a.closed, 1);
	UNTIL(b.closed);
	ck_assert_int_eq(b.why, HWS_ERR_EOF);
	ck_assert_uint_eq(b.closed, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("host/ipc");
	TCase *t = tcase_create("link");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, messages_beyond_the_rate_end_the_link);
	tcase_add_test(t, descriptors_that_are_not_wanted_end_the_link);
	tcase_add_test(t, descriptors_arrive_with_their_messages_in_order);
	tcase_add_test(t, large_frames_pass_whole_behind_a_full_socket);
	tcase_add_test(t, a_full_queue_refuses_and_keeps_what_it_has);
	tcase_add_test(t, a_pause_holds_back_frames_that_are_already_here);
	tcase_add_test(t, a_frame_may_be_as_long_as_the_cap_and_no_longer);
	tcase_add_test(t, frames_above_the_cap_end_the_link);
	tcase_add_test(t, descriptors_without_a_message_are_bounded);
	tcase_add_test(t, the_end_of_the_other_side_is_told_once);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
