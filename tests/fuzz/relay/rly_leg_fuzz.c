/* Two legs of any kind on a real shard, with a peer behind each that does anything: the first byte
 * chooses the kinds and how far they have come, then follow operations. Whatever happens: what a
 * raw partner gets is what was sent, what another one gets is well formed, and nothing is left when
 * both have gone. */
#include "server-relay/admission.h"
#include "server-relay/shard.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/crypto/crypto.h"
#include "shared/wire/frame.h"
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BYTES_MAX (256u << 10)
#define MESSAGE_MAX 65536u

enum { KIND_WS_A = 1, KIND_WS_B = 2, PAIRED = 4, LIMITED = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct peer {
	int fd;
	bool ws, greeted;
	uint8_t sent[BYTES_MAX], got[BYTES_MAX];
	size_t sent_len, got_len;
};

static struct rly_shared shared;
static struct rly_shard *shard;
static struct peer peer[2];

static const char upgrade[] =
		"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "
		"dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
static const uint8_t request[] = { 0x92, 0x01, 6, 0x12, 4, 'p', 'a', 'i', 'r' };

static void must(int r)
{
	assert(r == HWS_OK);
	(void)r;
}

static void setup(void)
{
	static struct rly_shard *all[1];
	struct rly_shard_conf conf = { .shared = &shared, .max_pipes = 4 };
	struct rly_rules *rules;

	hws_log_setup("fuzz", HWS_LOG_TEXT, 2);
	hws_log_set_level(HWS_LOG_ERROR);
	must(hws_crypto_init());
	must(rly_rules_new(&rules));
	rules->message_max = MESSAGE_MAX;
	rules->first_us = rules->wait_us = rules->idle_us = 3600000000ull;
	must(rly_pairing_new(16, &shared.pairing));
	must(rly_addrs_new(&shared.addrs));
	must(rly_tickets_new(16, &shared.tickets));
	shared.max_legs = 16;
	shared.takeover_fd = -1;
	shared.shard_count = 1;
	conf.rules = rules;
	must(rly_shard_new(&conf, &shard));
	all[0] = shard;
	shared.shard = all;
}

static void turn(unsigned n)
{
	while (n--)
		hws_loop_once(shard->loop, 0);
}

static void join(struct peer *p, bool ws)
{
	struct sockaddr_storage a = { .ss_family = AF_INET };
	int fd[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd));
	((struct sockaddr_in *)&a)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	p->fd = fd[0];
	p->ws = ws;
	p->greeted = false;
	p->sent_len = p->got_len = 0;
	rly_leg_accept(shard, fd[1], &a, ws);
}

static void take(struct peer *p)
{
	for (;;) {
		uint8_t sink[4096];
		ssize_t n = p->fd < 0 ? -1 : recv(p->fd, sink, sizeof(sink), 0);

		if (n <= 0)
			return;
		size_t keep = HWS_MIN((size_t)n, BYTES_MAX - p->got_len);

		memcpy(p->got + p->got_len, sink, keep);
		p->got_len += keep;
	}
}

static void say(struct peer *p, const void *data, size_t len)
{
	ssize_t n = p->fd < 0 ? -1 : send(p->fd, data, len, MSG_NOSIGNAL);

	if (n <= 0)
		return;
	size_t keep = HWS_MIN((size_t)n, BYTES_MAX - p->sent_len);

	memcpy(p->sent + p->sent_len, data, keep);
	p->sent_len += keep;
}

static void greet(struct peer *p)
{
	uint8_t frame[32];
	size_t n;

	if (p->ws) {
		say(p, upgrade, sizeof(upgrade) - 1);
		turn(2);
		frame[0] = 0x82;
		frame[1] = 0x80 | sizeof(request);
		memset(frame + 2, 0, 4);
		n = 6;
	} else {
		n = hws_frame_header(sizeof(request), frame);
	}
	memcpy(frame + n, request, sizeof(request));
	say(p, frame, n + sizeof(request));
	turn(2);
	take(p);
	p->sent_len = p->got_len = 0;
	p->greeted = true;
}

static void finish(struct peer *p, bool hard)
{
	if (p->fd < 0)
		return;
	take(p);
	if (!hard) {
		shutdown(p->fd, SHUT_WR);
		return;
	}
	close(p->fd);
	p->fd = -1;
}

/* What a server may send: whole frames without mask, control frames short and not in pieces. */
static void check_ws(const uint8_t *p, size_t len)
{
	bool in_message = false;

	while (len >= 2) {
		uint64_t n = p[1] & 0x7f;
		size_t head = n == 126 ? 4 : n == 127 ? 10 : 2;
		unsigned op = p[0] & 15;

		assert(!(p[1] & 0x80) && !(p[0] & 0x70));
		if (len < head)
			return;
		if (head > 2) {
			n = 0;
			for (size_t i = 2; i < head; i++)
				n = n << 8 | p[i];
		}
		assert(n <= MESSAGE_MAX);
		if (op >= HWS_WS_CLOSE) {
			assert(op <= HWS_WS_PONG && (p[0] & 0x80) && n <= HWS_WS_CONTROL_MAX);
		} else {
			assert(op <= HWS_WS_BINARY && (op == HWS_WS_CONT) == in_message);
			in_message = !(p[0] & 0x80);
		}
		if (len - head < n)
			return;
		p += head + n;
		len -= head + (size_t)n;
		if (op == HWS_WS_CLOSE)
			assert(len == 0);
	}
}

static void check_frames(const uint8_t *p, size_t len)
{
	struct hws_bytes payload;
	size_t used;

	while (hws_frame_next(hws_bytes(p, len), MESSAGE_MAX, &payload, &used) == HWS_OK) {
		assert(payload.len > 0);
		p += used;
		len -= used;
	}
	assert(hws_frame_next(hws_bytes(p, len), MESSAGE_MAX, &payload, &used) == HWS_ERR_SHORT);
}

static void check(const struct peer *from, const struct peer *to)
{
	if (!from->greeted || !to->greeted)
		return;
	if (to->ws) {
		check_ws(to->got, to->got_len);
	} else if (from->ws) {
		check_frames(to->got, to->got_len);
	} else {
		assert(to->got_len <= from->sent_len);
		assert(memcmp(to->got, from->sent, to->got_len) == 0);
	}
}

static void play(const uint8_t *data, size_t size)
{
	while (size > 1) {
		struct peer *p = &peer[data[0] & 1];
		size_t n = data[1];

		switch (data[0] >> 1 & 3) {
		case 0:
		case 1:
			if (data[0] & 8) /* a lot of it */
				n *= 16;
			n = HWS_MIN(n, size - 2);
			say(p, data + 2, n);
			data += n;
			size -= n;
			break;
		case 2:
			take(p);
			break;
		default:
			finish(p, data[1] & 1);
			break;
		}
		data += 2;
		size -= 2;
		turn(1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!shard)
		setup();
	if (size < 1)
		return 0;
	shard->rules->rate_pair = data[0] & LIMITED ? 1u << 30 : 0;
	join(&peer[0], data[0] & KIND_WS_A);
	join(&peer[1], data[0] & KIND_WS_B);
	if (data[0] & PAIRED) {
		greet(&peer[0]);
		greet(&peer[1]);
	}
	play(data + 1, size - 1);
	turn(2);
	for (unsigned i = 0; i < 2; i++)
		take(&peer[i]);
	check(&peer[0], &peer[1]);
	check(&peer[1], &peer[0]);
	for (unsigned i = 0; i < 2; i++)
		finish(&peer[i], true);
	for (unsigned i = 0; i < 50 && shard->stats.legs; i++)
		turn(1);
	assert(!shard->stats.legs && !shared.legs && !shard->stats.pairs && !shard->stats.waiting);
	assert(!shared.collected && !rly_addrs_count(shared.addrs) &&
			!rly_pairing_waiting(shared.pairing));
	return 0;
}
