/* Two connections and the line between them, whose every datagram goes as the input says: passed
 * on, lost, sent twice, kept for later, and, if it says so, with a bit turned; and the time. What
 * is read must be what was written, in order and once; on a line that then is good, all of it
 * arrives and both come to an end. With damage, nothing is promised but that the program goes
 * on. */
#include "shared/base/clock.h"
#include "shared/net/kcp_header.h"
#include "shared/net/kcp_link.h"
#include "shared/net/stream.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define AIR 64u
#define AT_ONCE 40u /* datagrams of one end in one go: the rest a moment later */

struct flying {
	size_t len;
	uint8_t data[HWS_KCP_DATAGRAM_MAX];
};

struct end {
	struct hws_kcp_link *link;
	struct flying air[AIR]; /* towards the other one */
	unsigned flying;
	uint64_t written, got;
	bool closed;
};

static struct end end[2];
static uint64_t now;
static bool damaged;
static const uint8_t *at, *behind;

static uint8_t next_byte(void)
{
	return at < behind ? *at++ : 0;
}

static uint8_t byte_at(unsigned who, uint64_t i)
{
	return (uint8_t)(i * 7 + i / 251 + who);
}

static void read_all(unsigned who)
{
	uint8_t buf[4096];
	struct end *e = &end[who];
	ssize_t n;

	while (!e->closed && (n = hws_kcp_link_read(e->link, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n && !damaged; i++)
			if (buf[i] != byte_at(!who, e->got + (uint64_t)i))
				abort();
		e->got += (uint64_t)n;
		if (!damaged && e->got > end[!who].written)
			abort();
	}
}

static void write_some(unsigned who, size_t len)
{
	uint8_t buf[2000];
	struct end *e = &end[who];
	ssize_t n;

	if (e->closed)
		return;
	len = HWS_MIN(len, sizeof(buf));
	for (size_t i = 0; i < len; i++)
		buf[i] = byte_at(who, e->written + i);
	n = hws_kcp_link_write(e->link, hws_bytes(buf, len));
	if (n > 0)
		e->written += (uint64_t)n;
}

static void speak(unsigned who)
{
	struct end *e = &end[who];
	unsigned n = 0;

	while (n++ < AT_ONCE && e->flying < AIR) {
		struct flying *f = &e->air[e->flying];
		struct hws_kcp_datagram d = { .data = f->data };

		if (!hws_kcp_link_output(e->link, now, &d))
			return;
		if (d.len > HWS_KCP_DATAGRAM_MAX)
			abort();
		f->len = d.len;
		e->flying++;
	}
}

static void drop(struct end *e, unsigned i)
{
	e->flying--;
	if (i < e->flying)
		memmove(&e->air[i], &e->air[i + 1], (e->flying - i) * sizeof(e->air[0]));
}

/* The first of them arrives. */
static void deliver(unsigned from, unsigned i)
{
	const struct flying *f = &end[from].air[i];

	(void)hws_kcp_link_input(end[!from].link, hws_bytes(f->data, f->len), false, now);
}

enum { PASS, LOSE, TWICE, LAST_FIRST, TURN_A_BIT, WAIT, WRITE, READ, CLOSE, KEY, MOVE, WAYS };

static void perform(uint8_t op)
{
	static const uint8_t key[HWS_KCP_KEY_LEN] = { 7 };
	const unsigned who = op & 1;
	struct end *e = &end[who];
	const unsigned last = e->flying ? e->flying - 1 : 0;

	switch ((op >> 1) % WAYS) {
	case PASS:
		for (unsigned n = next_byte() % 16 + 1; n > 0 && e->flying; n--) {
			deliver(who, 0);
			drop(e, 0);
		}
		break;
	case LOSE:
		if (e->flying)
			drop(e, next_byte() % e->flying);
		break;
	case TWICE:
		if (e->flying)
			deliver(who, next_byte() % e->flying);
		break;
	case LAST_FIRST:
		if (e->flying) {
			deliver(who, last);
			drop(e, last);
		}
		break;
	case TURN_A_BIT:
		if (damaged && e->flying && e->air[last].len)
			e->air[last].data[next_byte() % e->air[last].len] ^=
					(uint8_t)(1u << next_byte() % 8);
		break;
	case WAIT:
		now += (uint64_t)next_byte() * 1000 + next_byte();
		break;
	case WRITE:
		write_some(who, next_byte() * 8u);
		break;
	case READ:
		read_all(who);
		break;
	case CLOSE:
		/* else it would be nobody's fault what does not arrive */
		if (damaged && !e->closed) {
			hws_kcp_link_close(e->link, now);
			e->closed = true;
		}
		break;
	case KEY:
		for (unsigned i = 0; i < 2; i++)
			(void)!hws_kcp_link_authenticate(end[i].link, key);
		break;
	default:
		(void)!hws_kcp_link_moved(e->link, now);
		break;
	}
}

static void on_good_line(void)
{
	for (unsigned who = 0; who < 2; who++) {
		speak(who);
		for (; end[who].flying; drop(&end[who], 0))
			deliver(who, 0);
		read_all(!who);
	}
}

static void pass_time(void)
{
	uint64_t due = HWS_MIN(
			hws_kcp_link_due(end[0].link, now), hws_kcp_link_due(end[1].link, now));

	now = HWS_MAX(now + 200, HWS_MIN(due, now + 50 * HWS_US_PER_MS));
}

static bool arrived(void)
{
	return end[0].got == end[1].written && end[1].got == end[0].written;
}

static bool established(unsigned who)
{
	struct hws_kcp_info info;

	hws_kcp_link_info(end[who].link, &info);
	return info.established;
}

/* All that was written, unless one of them has given up: the input may let a minute pass. */
static void finish(void)
{
	bool alive = established(0) && established(1);

	for (int i = 0; i < 60000 && !damaged && alive && !arrived(); i++) {
		on_good_line();
		pass_time();
		alive = established(0) && established(1);
	}
	if (!damaged && alive && !arrived())
		abort();
	for (unsigned who = 0; who < 2; who++)
		hws_kcp_link_close(end[who].link, now);
	end[0].closed = end[1].closed = true;
	for (int i = 0; i < 20000 &&
			!(hws_kcp_link_gone(end[0].link) && hws_kcp_link_gone(end[1].link));
			i++) {
		on_good_line();
		pass_time();
	}
	if (!hws_kcp_link_gone(end[0].link) || !hws_kcp_link_gone(end[1].link))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	at = data + 1;
	behind = data + size;
	now = 1000000;
	damaged = data[0] & 4;
	for (unsigned who = 0; who < 2; who++) {
		const struct hws_kcp_link_conf conf = {
			.accept = who, .plain = data[0] >> who & 1, .now_us = now
		};

		end[who].flying = 0;
		end[who].written = end[who].got = 0;
		end[who].closed = false;
		if (hws_kcp_link_new(&conf, &end[who].link) < 0)
			abort();
	}
	while (at < behind) {
		perform(next_byte());
		speak(0);
		speak(1);
		(void)hws_kcp_link_ready(end[0].link);
	}
	finish();
	for (unsigned who = 0; who < 2; who++)
		hws_kcp_link_free(end[who].link);
	return 0;
}
