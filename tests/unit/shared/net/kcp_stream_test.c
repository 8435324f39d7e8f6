/* The stream over real sockets of loopback, between two ends of one loop, as net/stream wants
 * it. */
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/net/addr.h"
#include "shared/net/kcp.h"
#include "shared/net/kcp_header.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <unistd.h>

#define LIMIT (60 * HWS_US_PER_S)

static struct hws_loop *loop;

static void set_up(void)
{
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
}

static void tear_down(void)
{
	hws_loop_free(loop);
}

static int udp(struct sockaddr_storage *ret)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ret;
	socklen_t len = sizeof(*ret);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	memset(ret, 0, sizeof(*ret));
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)in, sizeof(*in)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)ret, &len), 0);
	return fd;
}

/* Two sockets, connected to each other unless `loose`. */
static void pair(int fd[2], struct sockaddr_storage at[2], bool loose)
{
	fd[0] = udp(&at[0]);
	fd[1] = udp(&at[1]);
	for (int i = 0; i < 2 && !loose; i++)
		ck_assert_int_eq(connect(fd[i], (struct sockaddr *)&at[!i],
						 sizeof(struct sockaddr_in)),
				0);
}

/* One that reads and writes as much as it may, and counts. */
struct end {
	struct hws_stream *s;
	uint64_t to_send, sent, got, wrong;
	unsigned seed; /* of what it sends */
	unsigned peer_seed;
	int error;
	bool close_when_sent;
};

static uint8_t byte_at(unsigned seed, uint64_t i)
{
	return (uint8_t)(i * 7 + i / 251 + seed);
}

static void end_read(struct end *e)
{
	uint8_t buf[8192];
	ssize_t n;

	for (int turn = 0; turn < 8; turn++) {
		n = hws_stream_read(e->s, buf, sizeof(buf));
		if (n == HWS_ERR_AGAIN)
			return;
		if (n < 0) {
			e->error = (int)n;
			hws_stream_want(e->s, 0);
			return;
		}
		for (ssize_t i = 0; i < n; i++)
			e->wrong += buf[i] != byte_at(e->peer_seed, e->got + (uint64_t)i);
		e->got += (uint64_t)n;
	}
}

static void end_write(struct end *e)
{
	uint8_t buf[5000];
	ssize_t n;

	while (e->sent < e->to_send) {
		size_t len = (size_t)HWS_MIN(e->to_send - e->sent, (uint64_t)sizeof(buf));

		for (size_t i = 0; i < len; i++)
			buf[i] = byte_at(e->seed, e->sent + i);
		n = hws_stream_write(e->s, hws_bytes(buf, len));
		if (n == HWS_ERR_AGAIN)
			return;
		if (n < 0) {
			e->error = (int)n;
			hws_stream_want(e->s, 0);
			return;
		}
		e->sent += (uint64_t)n;
	}
	if (e->close_when_sent) {
		hws_stream_close(e->s);
		e->s = NULL;
		return;
	}
	hws_stream_want(e->s, HWS_STREAM_READ);
}

static void on_end(struct hws_stream *s, unsigned ready, void *arg)
{
	struct end *e = arg;

	(void)s;
	if (ready & HWS_STREAM_READ)
		end_read(e);
	if (e->s && !e->error && (ready & HWS_STREAM_WRITE))
		end_write(e);
}

static void attach(struct end *e, struct hws_stream *s, uint64_t to_send, unsigned seed)
{
	*e = (struct end){ .s = s, .to_send = to_send, .seed = seed, .peer_seed = !seed };
	hws_stream_set_callback(s, on_end, e);
	hws_stream_want(s, HWS_STREAM_READ | HWS_STREAM_WRITE);
}

#define WAIT_FOR(condition)                                                                        \
	do {                                                                                       \
		uint64_t until_ = hws_clock_us() + LIMIT;                                          \
		while (!(condition) && hws_clock_us() < until_)                                    \
			hws_loop_once(loop, 50000);                                                \
		ck_assert(condition);                                                              \
	} while (0)

static void two_ends(struct end e[2], const struct hws_kcp_conf *viewer,
		const struct hws_kcp_conf *host, uint64_t up, uint64_t down)
{
	struct sockaddr_storage at[2];
	struct hws_stream *s[2];
	int fd[2];

	pair(fd, at, false);
	ck_assert_int_eq(hws_stream_kcp_connect(loop, fd[0], viewer, &s[0]), HWS_OK);
	ck_assert_int_eq(hws_stream_kcp_accept(loop, fd[1], host, &s[1]), HWS_OK);
	attach(&e[0], s[0], up, 0);
	attach(&e[1], s[1], down, 1);
}

static void close_both(struct end e[2])
{
	hws_stream_close(e[0].s);
	hws_stream_close(e[1].s);
	WAIT_FOR(hws_kcp_lingering(loop) == 0);
}

static const struct hws_kcp_conf plain = { .plain = true };

static void check_transfer(const struct hws_kcp_conf *viewer, const struct hws_kcp_conf *host)
{
	struct end e[2];
	struct hws_kcp_info info;

	two_ends(e, viewer, host, 3000000, 2000000);
	WAIT_FOR(e[0].got == 2000000 && e[1].got == 3000000);
	ck_assert_uint_eq(e[0].wrong + e[1].wrong, 0);
	hws_stream_kcp_info(e[0].s, &info);
	ck_assert(info.established && hws_stream_kcp_established(e[1].s));
	ck_assert_int_eq(info.extended, !viewer && !host);
	WAIT_FOR((hws_stream_kcp_info(e[0].s, &info), info.mtu) == 1472);
	close_both(e);
}

START_TEST(both_directions_carry_all)
{
	check_transfer(NULL, NULL);
}
END_TEST

START_TEST(ends_without_extensions_understand_each_other)
{
	check_transfer(&plain, NULL);
	check_transfer(NULL, &plain);
}
END_TEST

START_TEST(closing_loses_nothing)
{
	for (int kind = 0; kind < 2; kind++) {
		const struct hws_kcp_conf *conf = kind ? &plain : NULL;
		struct end e[2];

		two_ends(e, conf, conf, 1500000, 0);
		e[0].close_when_sent = true;
		WAIT_FOR(e[1].error);
		ck_assert_int_eq(e[1].error, HWS_ERR_EOF);
		ck_assert_uint_eq(e[1].got, 1500000);
		ck_assert_uint_eq(e[1].wrong, 0);
		close_both(e);
	}
}
END_TEST

/* The reader takes nothing for a while: the writer is told to wait, and memory stays small. */
START_TEST(a_reader_holds_the_writer_back)
{
	struct end e[2];
	struct hws_kcp_info info;
	uint64_t was = 1;

	two_ends(e, NULL, NULL, 24000000, 0);
	WAIT_FOR(e[1].got > 0);
	hws_stream_want(e[1].s, 0);
	while (was != e[0].sent) {
		was = e[0].sent;
		for (uint64_t until = hws_clock_us() + 500000; hws_clock_us() < until;)
			hws_loop_once(loop, 50000);
	}
	ck_assert_uint_lt(e[0].sent - e[1].got, 4096 * 1500 * 2 + (1 << 20));
	hws_stream_kcp_info(e[0].s, &info);
	ck_assert_uint_le(info.unsent, 512 << 10);
	hws_stream_want(e[1].s, HWS_STREAM_READ);
	WAIT_FOR(e[1].got == 24000000);
	ck_assert_uint_eq(e[1].wrong, 0);
	close_both(e);
}
END_TEST

START_TEST(nobody_there_is_a_timeout)
{
	struct sockaddr_storage at[2];
	struct hws_stream *s;
	struct end e;
	const struct hws_kcp_conf conf = { .connect_us = 700000 };
	int fd[2];

	pair(fd, at, false);
	ck_assert_int_eq(hws_stream_kcp_connect(loop, fd[0], &conf, &s), HWS_OK);
	attach(&e, s, 1, 0);
	WAIT_FOR(e.error);
	ck_assert_int_eq(e.error, HWS_ERR_TIMEOUT);
	hws_stream_close(s);
	close(fd[1]);
}
END_TEST

START_TEST(a_first_datagram_is_handed_over)
{
	struct sockaddr_storage at[2];
	struct hws_stream *s[2];
	struct end e[2];
	struct hws_kcp_conf host = { 0 };
	uint8_t first[1500];
	ssize_t n;
	int fd[2];

	pair(fd, at, false);
	ck_assert_int_eq(hws_stream_kcp_connect(loop, fd[0], NULL, &s[0]), HWS_OK);
	attach(&e[0], s[0], 10, 0);
	do {
		hws_loop_once(loop, 10000);
		n = recv(fd[1], first, sizeof(first), MSG_DONTWAIT);
	} while (n < HWS_KCP_HEADER);
	host.first = hws_bytes(first, (size_t)n);
	ck_assert_int_eq(hws_stream_kcp_accept(loop, fd[1], &host, &s[1]), HWS_OK);
	attach(&e[1], s[1], 10, 1);
	WAIT_FOR(e[0].got == 10 && e[1].got == 10);
	close_both(e);
}
END_TEST

/* A host that does not want it any more says so, and the viewer does not wait. The host has the
 * SYN, and its answers do not reach the viewer before the host closes. */
START_TEST(a_host_that_closes_ends_the_attempt)
{
	struct sockaddr_storage at[2];
	struct hws_kcp_conf host = { 0 };
	struct hws_stream *s[2];
	struct end e;
	uint8_t first[1500];
	ssize_t n;
	int fd[2];

	pair(fd, at, false);
	ck_assert_int_eq(hws_stream_kcp_connect(loop, fd[0], NULL, &s[0]), HWS_OK);
	attach(&e, s[0], 1, 0);
	do {
		hws_loop_once(loop, 10000);
		n = recv(fd[1], first, sizeof(first), MSG_DONTWAIT);
	} while (n < HWS_KCP_HEADER);
	host.first = hws_bytes(first, (size_t)n);
	ck_assert_int_eq(hws_stream_kcp_accept(loop, fd[1], &host, &s[1]), HWS_OK);
	hws_stream_close(s[1]);
	WAIT_FOR(e.error);
	ck_assert_int_ne(e.error, HWS_ERR_TIMEOUT);
	hws_stream_close(e.s);
	WAIT_FOR(hws_kcp_lingering(loop) == 0);
}
END_TEST

/* A viewer that has found another way says so before this one stands: the host, which has heard it
 * knock and cannot be heard, does not wait for it. */
START_TEST(a_viewer_that_closes_ends_the_wait)
{
	struct sockaddr_storage at[2];
	struct hws_stream *s[2];
	struct end e;
	uint64_t begun_us;
	uint8_t seen[1500];
	ssize_t n;
	int fd[2];

	pair(fd, at, false);
	ck_assert_int_eq(hws_stream_kcp_connect(loop, fd[0], NULL, &s[0]), HWS_OK);
	do {
		hws_loop_once(loop, 10000);
		n = recv(fd[1], seen, sizeof(seen), MSG_PEEK | MSG_DONTWAIT);
		if (n == 0)
			ck_assert_int_eq(recv(fd[1], seen, sizeof(seen), MSG_DONTWAIT), 0);
	} while (n < HWS_KCP_HEADER);
	hws_stream_close(s[0]);
	WAIT_FOR(hws_kcp_lingering(loop) == 0);
	begun_us = hws_clock_us();
	ck_assert_int_eq(hws_stream_kcp_accept(loop, fd[1], NULL, &s[1]), HWS_OK);
	attach(&e, s[1], 0, 1);
	WAIT_FOR(e.error);
	ck_assert_int_eq(e.error, HWS_ERR_EOF);
	ck_assert_uint_lt(hws_clock_us() - begun_us, 18000000); /* not by its own limit */
	hws_stream_close(s[1]);
	WAIT_FOR(hws_kcp_lingering(loop) == 0);
}
END_TEST

static void inject(const struct sockaddr_storage *to, int fd, const struct hws_kcp_id *id,
		uint8_t flag, struct hws_bytes payload)
{
	uint8_t d[200];
	const struct hws_kcp_header h = { .id = *id, .flag = flag };

	hws_kcp_header_put(&h, d);
	if (payload.len > 0)
		memcpy(d + HWS_KCP_HEADER, payload.ptr, payload.len);
	(void)sendto(fd, d, HWS_KCP_HEADER + payload.len, 0, (const struct sockaddr *)to,
			sizeof(struct sockaddr_in));
}

/* Between the two ends stands one that hands all on, and can say something of its own. */
struct middle {
	int fd[2]; /* towards each end */
	struct event ev[2];
	struct sockaddr_storage own[2], end[2];
	struct hws_kcp_id id;
	uint64_t seen;
};

static void on_middle(struct middle *m, int side)
{
	uint8_t d[2048];
	struct hws_kcp_header h;
	struct hws_bytes payload;
	ssize_t n = recv(m->fd[side], d, sizeof(d), MSG_DONTWAIT);

	if (n < 0)
		return;
	if (hws_kcp_header_get(hws_bytes(d, (size_t)n), &h, &payload) == HWS_OK)
		m->id = h.id;
	m->seen++;
	(void)sendto(m->fd[!side], d, (size_t)n, 0, (struct sockaddr *)&m->end[!side],
			sizeof(struct sockaddr_in));
}

static void on_middle_0(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	on_middle(arg, 0);
}

static void on_middle_1(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	on_middle(arg, 1);
}

/* Both ends through a middle; the host on a socket that is not connected. */
static void through_middle(struct middle *m, struct end e[2], const struct hws_kcp_conf *viewer)
{
	struct sockaddr_storage at[2];
	struct hws_kcp_conf host = viewer ? *viewer : (struct hws_kcp_conf){ 0 };
	struct hws_stream *s[2];
	int fd[2];

	memset(m, 0, sizeof(*m));
	pair(fd, at, true);
	for (int i = 0; i < 2; i++) {
		m->fd[i] = udp(&m->own[i]);
		m->end[i] = at[i];
		event_assign(&m->ev[i], hws_loop_base(loop), m->fd[i], EV_READ | EV_PERSIST,
				i ? on_middle_1 : on_middle_0, m);
		event_add(&m->ev[i], NULL);
	}
	ck_assert_int_eq(connect(fd[0], (struct sockaddr *)&m->own[0], sizeof(struct sockaddr_in)),
			0);
	host.peer = &m->own[1];
	ck_assert_int_eq(hws_stream_kcp_connect(loop, fd[0], viewer, &s[0]), HWS_OK);
	ck_assert_int_eq(hws_stream_kcp_accept(loop, fd[1], &host, &s[1]), HWS_OK);
	attach(&e[0], s[0], 100, 0);
	attach(&e[1], s[1], 100, 1);
	WAIT_FOR(e[0].got == 100 && e[1].got == 100);
}

static void middle_gone(struct middle *m)
{
	for (int i = 0; i < 2; i++) {
		event_del(&m->ev[i]);
		close(m->fd[i]);
	}
}

static void send_more(struct end *e, uint64_t n)
{
	e->to_send += n;
	hws_stream_want(e->s, HWS_STREAM_READ | HWS_STREAM_WRITE);
}

static void check_alive(struct end e[2])
{
	uint64_t want = e[1].got + 50000;

	send_more(&e[0], 50000);
	WAIT_FOR(e[1].got == want);
	ck_assert_int_eq(e[0].error, 0);
	ck_assert_int_eq(e[1].error, 0);
}

/* RST and FIN from the peer's own address, with the right name: the peer denies it. */
START_TEST(a_forged_end_ends_nothing)
{
	static const uint8_t flags[] = { HWS_KCP_RST, HWS_KCP_FIN, HWS_KCP_RST | HWS_KCP_ACK };
	struct middle m;
	struct end e[2];

	through_middle(&m, e, &plain);
	for (size_t i = 0; i < HWS_COUNT(flags); i++)
		for (int side = 0; side < 2; side++) {
			inject(&m.end[side], m.fd[side], &m.id, flags[i], hws_bytes(NULL, 0));
			check_alive(e);
			for (uint64_t until = hws_clock_us() + 300000; hws_clock_us() < until;)
				hws_loop_once(loop, 50000);
			check_alive(e);
		}
	close_both(e);
	middle_gone(&m);
}
END_TEST

START_TEST(with_a_key_only_the_peer_speaks)
{
	struct middle m;
	struct end e[2];
	uint8_t key[HWS_KCP_KEY_LEN];
	struct hws_kcp_info info;

	through_middle(&m, e, NULL);
	hws_rand_bytes(key, sizeof(key));
	ck_assert_int_eq(hws_stream_kcp_authenticate(e[0].s, key), HWS_OK);
	check_alive(e); /* the host has no key yet */
	ck_assert_int_eq(hws_stream_kcp_authenticate(e[1].s, key), HWS_OK);
	check_alive(e);
	hws_stream_kcp_info(e[1].s, &info);
	ck_assert(info.authenticated);
	for (int side = 0; side < 2; side++) {
		uint8_t junk[60] = { 0 };

		inject(&m.end[side], m.fd[side], &m.id, HWS_KCP_RST, hws_bytes(NULL, 0));
		inject(&m.end[side], m.fd[side], &m.id, HWS_KCP_FIN, hws_bytes(junk, 4));
		inject(&m.end[side], m.fd[side], &m.id, HWS_KCP_RST | HWS_KCP_TAGGED,
				hws_bytes(junk, 8));
		inject(&m.end[side], m.fd[side], &m.id, HWS_KCP_ACK | HWS_KCP_DATA,
				hws_bytes(junk, 24));
		check_alive(e);
	}
	hws_stream_kcp_info(e[0].s, &info);
	ck_assert_uint_ge(info.foreign, 4);
	close_both(e);
	middle_gone(&m);
}
END_TEST

/* Another way into the middle: the viewer goes on over a new socket, as after a change of
 * network. */
START_TEST(a_viewer_that_moves_is_followed)
{
	struct sockaddr_storage at;
	struct middle m;
	struct end e[2];
	uint8_t key[HWS_KCP_KEY_LEN] = { 1 };
	uint64_t seen;
	int fd = udp(&at);

	through_middle(&m, e, NULL);
	ck_assert_int_eq(hws_stream_kcp_move(e[0].s, fd, &m.end[1]), HWS_ERR_UNSUPPORTED);
	ck_assert_int_eq(hws_stream_kcp_authenticate(e[0].s, key), HWS_OK);
	ck_assert_int_eq(hws_stream_kcp_authenticate(e[1].s, key), HWS_OK);
	check_alive(e);
	ck_assert_int_eq(hws_stream_kcp_move(e[0].s, fd, &m.end[1]), HWS_OK); /* past the middle */
	check_alive(e);
	ck_assert_uint_eq(hws_addr_port(&e[1].s->peer), hws_addr_port(&at));
	seen = m.seen;
	check_alive(e);
	ck_assert_uint_eq(m.seen, seen);
	close_both(e);
	middle_gone(&m);
}
END_TEST

START_TEST(strangers_are_not_heard)
{
	struct middle m;
	struct end e[2];
	struct sockaddr_storage at;
	struct hws_kcp_info info;
	int fd = udp(&at);

	through_middle(&m, e, NULL);
	for (int i = 0; i < 50; i++) {
		inject(&m.end[1], fd, &m.id, HWS_KCP_RST, hws_bytes(NULL, 0));
		inject(&m.end[1], fd, &m.id, HWS_KCP_SYN, hws_bytes(NULL, 0));
		m.id.conv++;
		inject(&m.end[1], m.fd[1], &m.id, HWS_KCP_SYN, hws_bytes(NULL, 0));
		m.id.conv--;
	}
	check_alive(e);
	hws_stream_kcp_info(e[1].s, &info);
	ck_assert_uint_ge(info.foreign, 100);
	close_both(e);
	middle_gone(&m);
	close(fd);
}
END_TEST

int main(void)
{
	return test_main("net/kcp_stream", 90, set_up, tear_down,
			TESTS(both_directions_carry_all,
					ends_without_extensions_understand_each_other,
					closing_loses_nothing, a_reader_holds_the_writer_back,
					nobody_there_is_a_timeout, a_first_datagram_is_handed_over,
					a_host_that_closes_ends_the_attempt,
					a_viewer_that_closes_ends_the_wait,
					a_forged_end_ends_nothing, with_a_key_only_the_peer_speaks,
					a_viewer_that_moves_is_followed, strangers_are_not_heard));
}
