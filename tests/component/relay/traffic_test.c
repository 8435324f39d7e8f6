/* Random traffic over random pairs: it arrives complete, in order and exactly once, whatever the
 * kinds of the ends, the sizes, the cuts, the stalls and the sizes of the buffers. Every byte is a
 * function of the direction's seed and its position, so each one is compared. HAWSER_TEST_SEED
 * repeats a run. */
#include "tests/component/relay/actors.h"
#include "tests/support/suite.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAIRS 48
#define DIRECTION_MAX (6u << 20)
#define CHUNK_MAX (256u << 10)
#define TIME_MS 60000

static struct relay relay;
static uint64_t seed;

/* --- what is sent ----------------------------------------------------------------------------- */

static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static uint64_t chance(void)
{
	static uint64_t n;

	return mix(seed ^ mix(++n));
}

static uint8_t byte_at(uint64_t s, uint64_t pos)
{
	return (uint8_t)(mix(s + pos / 8) >> 8 * (pos % 8));
}

static size_t length_of(uint64_t s, uint64_t message)
{
	uint64_t x = mix(~s ^ message * 7), size = x >> 8;

	switch (x % 64) {
	case 0:
		return 1 + size % (1u << 20);
	case 1 ... 5:
		return 1 + size % 100000;
	case 6 ... 20:
		return 1 + size % 8000;
	default:
		return 1 + size % 200;
	}
}

/* One direction, both its ends. */
struct direction {
	uint64_t seed;
	uint64_t total; /* payload bytes */
	bool raw;       /* no messages */
	uint64_t sent, sent_messages;
	uint64_t got, got_messages;
	uint64_t in_message; /* of the one that arrives */
	bool finished;       /* the sender said that this was all */
};

struct end {
	struct leg leg;
	struct direction *out, *in;
	uint8_t *buf; /* encoded, not sent yet */
	size_t at, len, size;
	uint64_t stall_read, stall_write; /* until then */
	/* of the frame that arrives */
	uint8_t head[14];
	unsigned head_len;
	uint64_t left;
	bool fin, control, in_frame;
	bool shut, ended;
};

static struct end end[PAIRS][2];
static struct direction way[PAIRS][2];

static void put(struct end *e, const void *p, size_t n)
{
	if (e->size - e->len < n) {
		e->size = e->size * 2 + n;
		e->buf = realloc(e->buf, e->size);
		ck_assert_ptr_nonnull(e->buf);
	}
	memcpy(e->buf + e->len, p, n);
	e->len += n;
}

static void put_payload(struct end *e, uint64_t n, const uint8_t mask[4])
{
	struct direction *d = e->out;

	for (uint64_t i = 0; i < n; i++) {
		uint8_t b = byte_at(d->seed, d->sent++) ^ mask[i & 3];

		put(e, &b, 1);
	}
}

static void put_ws_head(struct end *e, unsigned op, bool fin, uint64_t n, uint8_t mask[4])
{
	uint8_t h[14];
	size_t k = 2, ext = n < 126 ? 0 : n <= 0xffff ? 2 : 8;
	uint32_t m = (uint32_t)chance();

	memcpy(mask, &m, 4);
	h[0] = (uint8_t)((fin ? 0x80 : 0) | op);
	h[1] = (uint8_t)(0x80 | (ext == 0 ? n : ext == 2 ? 126 : 127));
	for (size_t i = 0; i < ext; i++)
		h[k++] = (uint8_t)(n >> 8 * (ext - 1 - i));
	memcpy(h + k, mask, 4);
	put(e, h, k + 4);
}

/* What a receiver must never see. */
static void put_noise(struct end *e, bool between_fragments)
{
	uint8_t mask[4], text[8] = "noise";

	switch (chance() % 12) {
	case 0:
		put_ws_head(e, 9, true, 5, mask);
		break;
	case 1:
		put_ws_head(e, 10, true, 5, mask);
		break;
	case 2:
		if (between_fragments)
			return;
		put_ws_head(e, 1, true, 5, mask);
		break;
	case 3:
		if (!between_fragments)
			put_ws_head(e, 2, true, 0, mask);
		return;
	default:
		return;
	}
	for (int i = 0; i < 5; i++)
		text[i] ^= mask[i & 3];
	put(e, text, 5);
}

static void encode_ws(struct end *e, uint64_t len)
{
	uint64_t left = len;
	bool first = true;

	put_noise(e, false);
	do {
		uint64_t n = chance() % 3 ? left : chance() % (left + 1);
		uint8_t mask[4];

		put_ws_head(e, first ? 2 : 0, n == left, n, mask);
		put_payload(e, n, mask);
		left -= n;
		first = false;
		if (left)
			put_noise(e, true);
		else if (n == 0)
			break;
	} while (left);
}

static void encode_tcp(struct end *e, uint64_t len)
{
	static const uint8_t none[4];
	unsigned least = len <= 0x3f ? 1 : len <= 0x3fff ? 2 : len <= 0x3fffff ? 3 : 4;
	unsigned n = least + (unsigned)(chance() % (5 - least)); /* wider ones are allowed */
	uint32_t v = (uint32_t)(len << 2 | (n - 1));
	uint8_t zero = 0;

	if (chance() % 10 == 0)
		put(e, &zero, 1); /* a heartbeat */
	put(e, &v, n);
	put_payload(e, len, none);
}

/* The next piece of what this end has to say. */
static void encode(struct end *e)
{
	static const uint8_t none[4];
	struct direction *d = e->out;
	uint64_t rest = d->total - d->sent, len;

	e->at = e->len = 0;
	if (!rest)
		return;
	if (d->raw) {
		len = 1 + chance() % CHUNK_MAX;
		put_payload(e, len < rest ? len : rest, none);
		return;
	}
	len = length_of(d->seed, d->sent_messages++);
	if (len > rest)
		len = rest;
	if (e->leg.ws)
		encode_ws(e, len);
	else
		encode_tcp(e, len);
}

/* --- what arrives ----------------------------------------------------------------------------- */

static void take_payload(struct direction *d, const uint8_t *p, size_t n)
{
	ck_assert_uint_le(d->got + n, d->sent);
	for (size_t i = 0; i < n; i++)
		if (p[i] != byte_at(d->seed, d->got + i))
			ck_abort_msg("seed %llu: byte %llu is wrong", (unsigned long long)seed,
					(unsigned long long)(d->got + i));
	d->got += n;
	d->in_message += n;
}

static void message_end(struct direction *d)
{
	uint64_t want = length_of(d->seed, d->got_messages);

	/* the last one is what was left */
	if (d->in_message != want && d->got != d->total)
		ck_abort_msg("seed %llu: message %llu has %llu bytes, not %llu",
				(unsigned long long)seed, (unsigned long long)d->got_messages,
				(unsigned long long)d->in_message, (unsigned long long)want);
	d->got_messages++;
	d->in_message = 0;
}

/* Header complete: what follows. */
static bool head_done(struct end *e)
{
	const uint8_t *h = e->head;

	if (!e->leg.ws) {
		uint32_t v = 0;

		if (e->head_len < (h[0] & 3u) + 1)
			return false;
		for (unsigned i = 0; i < e->head_len; i++)
			v |= (uint32_t)h[i] << 8 * i;
		e->left = v >> 2;
		e->fin = true;
		e->control = false;
		ck_assert_uint_gt(e->left, 0);
	} else {
		unsigned ext;

		if (e->head_len < 2)
			return false;
		ext = h[1] < 126 ? 0 : h[1] == 126 ? 2 : 8;
		ck_assert_uint_eq(h[1] & 0x80, 0);
		if (e->head_len < 2 + ext)
			return false;
		e->left = ext ? 0 : h[1];
		for (unsigned i = 0; i < ext; i++)
			e->left = e->left << 8 | h[2 + i];
		e->fin = h[0] & 0x80;
		e->control = h[0] & 8;
		if (e->control)
			ck_assert_uint_le(e->left, 125);
	}
	e->head_len = 0;
	e->in_frame = true;
	return true;
}

static void take(struct end *e, const uint8_t *p, size_t n)
{
	struct direction *d = e->in;

	if (d->raw) {
		take_payload(d, p, n);
		return;
	}
	while (n || (e->in_frame && !e->left)) {
		if (!e->in_frame) {
			e->head[e->head_len++] = *p++;
			n--;
			if (!head_done(e))
				continue;
		}
		size_t k = n < e->left ? n : (size_t)e->left;

		if (!e->control)
			take_payload(d, p, k);
		p += k;
		n -= k;
		e->left -= k;
		if (e->left)
			continue;
		e->in_frame = false;
		if (e->fin && !e->control)
			message_end(d);
	}
}

/* --- the run ---------------------------------------------------------------------------------- */

/* A window of two kilobytes moves some ten kilobytes a second. */
static bool shrink(struct leg *l)
{
	int size = 2048;

	if (chance() % 3)
		return false;
	setsockopt(l->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(l->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return true;
}

static void open_pair(unsigned i)
{
	const char *uuid = new_uuid();
	unsigned kinds = (unsigned)chance() & 3;

	for (unsigned k = 0; k < 2; k++) {
		struct direction *d = &way[i][k];

		*d = (struct direction){ .seed = chance(), .raw = !kinds };
		/* often more than all buffers on the way hold */
		d->total = chance() % (kinds ? 8 : 2) ? chance() % 300000
						      : chance() % DIRECTION_MAX;
	}
	for (unsigned k = 0; k < 2; k++) {
		struct end *e = &end[i][k];

		*e = (struct end){ .out = &way[i][k], .in = &way[i][!k] };
		leg_open(&e->leg, &relay, kinds >> k & 1, 1 + (unsigned)chance() % 5);
		if (shrink(&e->leg))
			e->in->total %= 100000;
		leg_request(&e->leg, uuid, NULL);
		fcntl(e->leg.fd, F_SETFL, O_NONBLOCK);
		if (chance() % 3 == 0) /* until everything is full */
			e->stall_read = test_now_ms() + chance() % 2000;
	}
}

static void stall(uint64_t *until)
{
	if (chance() % 40 == 0)
		*until = test_now_ms() + chance() % 60;
}

static void write_some(struct end *e)
{
	size_t n = e->len - e->at;
	ssize_t w;

	if (n > 1 && chance() % 4 == 0)
		n = 1 + chance() % n; /* cut anywhere */
	w = send(e->leg.fd, e->buf + e->at, n, MSG_NOSIGNAL);
	if (w < 0)
		ck_assert_msg(errno == EAGAIN, "seed %llu: %s", (unsigned long long)seed,
				strerror(errno));
	else
		e->at += (size_t)w;
	stall(&e->stall_write);
}

static void read_some(struct end *e)
{
	static uint8_t buf[CHUNK_MAX];
	ssize_t n = recv(e->leg.fd, buf, chance() % 4 ? sizeof(buf) : 1 + chance() % 3000, 0);

	ck_assert_msg(n >= 0 || errno == EAGAIN, "seed %llu: %s", (unsigned long long)seed,
			strerror(errno));
	if (n > 0)
		take(e, buf, (size_t)n);
	if (n == 0) {
		ck_assert_msg(e->in->got == e->in->total, "seed %llu: cut at %llu of %llu",
				(unsigned long long)seed, (unsigned long long)e->in->got,
				(unsigned long long)e->in->total);
		e->ended = true;
	}
	stall(&e->stall_read);
}

/* Says that this was all: at once where the other way stays open, else when both have
 * everything. */
static void finish(struct end *e)
{
	bool all = e->in->got == e->in->total && e->out->got == e->out->total;

	if (e->shut || (!e->out->raw && !all))
		return;
	e->shut = true;
	shutdown(e->leg.fd, SHUT_WR);
}

static short wants(struct end *e, uint64_t now)
{
	short want = 0;

	if (e->at == e->len)
		encode(e);
	if (e->at < e->len && now >= e->stall_write)
		want |= POLLOUT;
	else if (e->at == e->len)
		finish(e);
	if (!e->ended && now >= e->stall_read)
		want |= POLLIN;
	return want;
}

static void give_up(unsigned open)
{
	for (unsigned i = 0; i < 2 * PAIRS; i++) {
		const struct end *e = &end[i / 2][i % 2];

		if (!e->ended || !e->shut)
			fprintf(stderr,
					"pair %u end %u %s: sent %llu got %llu of %llu, %zu "
					"left, %s %s\n",
					i / 2, i % 2, e->leg.ws ? "ws" : "tcp",
					(unsigned long long)e->out->sent,
					(unsigned long long)e->in->got,
					(unsigned long long)e->in->total, e->len - e->at,
					e->shut ? "shut" : "", e->ended ? "ended" : "");
	}
	ck_abort_msg("seed %llu: %u ends are not done", (unsigned long long)seed, open);
}

static void run(const char *const extra[])
{
	struct pollfd p[2 * PAIRS];
	uint64_t limit = test_now_ms() + TIME_MS, bytes = 0;
	unsigned open = 2 * PAIRS;

	memset(&relay, 0, sizeof(relay));
	relay_start(&relay, extra);
	for (unsigned i = 0; i < PAIRS; i++)
		open_pair(i);
	while (open) {
		uint64_t now = test_now_ms();

		if (now >= limit)
			give_up(open);
		open = 0;
		for (unsigned i = 0; i < 2 * PAIRS; i++) {
			struct end *e = &end[i / 2][i % 2];

			p[i].fd = e->ended && e->shut ? -1 : e->leg.fd;
			p[i].revents = 0;
			if (p[i].fd < 0)
				continue;
			p[i].events = wants(e, now);
			if (!p[i].events)
				p[i].fd = -1; /* a hang-up would spin */
			open++;
		}
		if (poll(p, 2 * PAIRS, 5) <= 0)
			continue;
		for (unsigned i = 0; i < 2 * PAIRS; i++) {
			struct end *e = &end[i / 2][i % 2];

			if (p[i].revents & POLLOUT)
				write_some(e);
			if (p[i].revents & (POLLIN | POLLHUP | POLLERR) && !e->ended)
				read_some(e);
		}
	}
	for (unsigned i = 0; i < 2 * PAIRS; i++) {
		struct end *e = &end[i / 2][i % 2];

		ck_assert_uint_eq(e->in->got, e->in->total);
		bytes += e->in->got;
		free(e->buf);
		leg_close(&e->leg);
	}
	relay_await_exactly(&relay, NULL, "connections", 0);
	ck_assert_int_ge(relay_stat(&relay, NULL, "bytes"), (json_int_t)bytes);
	ck_assert_int_eq(relay_stat(&relay, "closed", "peer closed"), PAIRS);
	relay_stop(&relay);
}

START_TEST(everything_arrives)
{
	static const char *const extra[] = { "--threads", "4", NULL };

	run(extra);
}
END_TEST

START_TEST(everything_arrives_under_limits)
{
	static const char *const extra[] = { "--threads", "2", "--limit-total", "24M",
		"--limit-pair", "3M", "--limit-address", "12M", NULL };

	run(extra);
}
END_TEST

START_TEST(everything_arrives_with_few_pipes)
{
	static const char *const extra[] = { "--threads", "1", "--pipes", "1", NULL };

	run(extra);
}
END_TEST

/* All of it through memory. */
START_TEST(everything_arrives_without_pipes)
{
	static const char *const extra[] = { "--threads", "2", "--pipes", "0", NULL };

	run(extra);
}
END_TEST

static void cleanup(void)
{
	if (relay.proc.pid && !relay.proc.ended)
		kill(relay.proc.pid, SIGKILL);
}

int main(void)
{
	Suite *s = suite_create("relay/traffic");
	TCase *t = test_case(s, "traffic", 120,
			TESTS(everything_arrives, everything_arrives_under_limits,
					everything_arrives_with_few_pipes,
					everything_arrives_without_pipes));

	const char *text = getenv("HAWSER_TEST_SEED");

	seed = text ? strtoull(text, NULL, 10) : test_now_ms() ^ (uint64_t)getpid() << 32;
	printf("seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
	tcase_add_checked_fixture(t, NULL, cleanup);
	return test_suite_run(s);
}
