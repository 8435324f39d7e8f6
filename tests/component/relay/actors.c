/* Both ends of sessions and the relay between them, written with blocking sockets: what the
 * relay's code takes for right is not what checks it. */
#include "tests/component/relay/actors.h"
#include "shared/daemon/control.h"
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- relay ------------------------------------------------------------------------------------ */

void relay_started(struct relay *r)
{
	const char *at = test_proc_must_expect(&r->proc, "listening", 30000);

	r->port = (uint16_t)test_line_number(at, " port=");
	r->ws = (uint16_t)test_line_number(at, "ws_port=");
	r->metrics = (uint16_t)test_line_number(at, "metrics_port=");
	ck_assert_uint_ne(r->port, 0);
}

void relay_start_with(struct relay *r, const char *const extra[], const char *const env[])
{
	const char *argv[48] = { test_bin("server-relay/hawser-relay"), "--runtime-dir" };
	size_t n = 2;
	bool keyed = false, ports = false;

	if (!r->dir[0])
		test_dir(r->dir, sizeof(r->dir));
	snprintf(r->control, sizeof(r->control), "%s/control.sock", r->dir);
	argv[n++] = r->dir;
	for (size_t i = 0; extra && extra[i]; i++) {
		keyed = keyed || strncmp(extra[i], "--key", 5) == 0;
		ports = ports || strcmp(extra[i], "--port") == 0;
		argv[n++] = extra[i];
	}
	if (!keyed)
		argv[n++] = "--open";
	if (!ports && !env) {
		argv[n++] = "--port";
		argv[n++] = "0";
	}
	argv[n++] = "--metrics";
	argv[n++] = "--metrics-port";
	argv[n++] = "0";
	test_proc_start(&r->proc, argv, env);
	relay_started(r);
}

void relay_start(struct relay *r, const char *const extra[])
{
	relay_start_with(r, extra, NULL);
}

void relay_stop(struct relay *r)
{
	ck_assert_int_eq(test_proc_stop(&r->proc), 0);
}

void relay_kill(struct relay *r)
{
	test_proc_signal(&r->proc, SIGKILL);
	test_proc_stop(&r->proc);
}

json_t *relay_ask(struct relay *r, const char *cmd, const char *k1, const char *v1, const char *k2,
		const char *v2)
{
	json_t *req = json_pack("{s:s}", "cmd", cmd), *ans = NULL;
	struct hws_error err = { 0 };

	if (k1)
		json_object_set_new(req, k1, json_string(v1));
	if (k2)
		json_object_set_new(req, k2, json_string(v2));
	ck_assert_msg(hws_control_call(r->control, req, 10000000, &ans, &err) == HWS_OK, "%s",
			err.text);
	json_decref(req);
	return ans;
}

void relay_order(struct relay *r, const char *cmd, const char *k1, const char *v1, const char *k2,
		const char *v2)
{
	json_t *ans = relay_ask(r, cmd, k1, v1, k2, v2);

	ck_assert_msg(json_is_true(json_object_get(ans, "ok")), "%s: %s", cmd,
			json_string_value(json_object_get(ans, "text")));
	json_decref(ans);
}

json_int_t relay_stat(struct relay *r, const char *group, const char *name)
{
	json_t *ans = relay_ask(r, "stats", NULL, NULL, NULL, NULL);
	json_t *v = json_object_get(group ? json_object_get(ans, group) : ans, name);
	json_int_t n;

	ck_assert_msg(json_is_integer(v), "stats has no %s", name);
	n = json_integer_value(v);
	json_decref(ans);
	return n;
}

static void await(struct relay *r, const char *group, const char *name, json_int_t want, bool exact)
{
	uint64_t end = test_now_ms() + LIMIT_MS;
	json_int_t n;

	for (;;) {
		n = relay_stat(r, group, name);
		if (exact ? n == want : n >= want)
			return;
		ck_assert_msg(test_now_ms() < end, "%s is %lld, not %lld", name, (long long)n,
				(long long)want);
		poll(NULL, 0, 5);
	}
}

void relay_await(struct relay *r, const char *group, const char *name, json_int_t want)
{
	await(r, group, name, want, false);
}

void relay_await_exactly(struct relay *r, const char *group, const char *name, json_int_t want)
{
	await(r, group, name, want, true);
}

/* --- legs ------------------------------------------------------------------------------------- */

void leg_open(struct leg *l, const struct relay *r, bool ws, unsigned host)
{
	struct sockaddr_in own = { .sin_family = AF_INET }, to = { .sin_family = AF_INET };
	struct timeval limit = { LIMIT_MS / 1000, 0 };
	int on = 1;

	memset(l, 0, sizeof(*l));
	l->ws = ws;
	l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(l->fd, 0);
	own.sin_addr.s_addr = htonl(0x7f000000u + host);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons(ws ? r->ws : r->port);
	setsockopt(l->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	ck_assert_int_eq(bind(l->fd, (struct sockaddr *)&own, sizeof(own)), 0);
	ck_assert_int_eq(connect(l->fd, (struct sockaddr *)&to, sizeof(to)), 0);
	setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(l->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (ws)
		leg_upgrade(l, "");
}

void leg_close(struct leg *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	free(l->in);
	l->in = NULL;
	l->in_len = l->in_size = 0;
}

void leg_reset(struct leg *l)
{
	struct linger hard = { 1, 0 };

	setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	leg_close(l);
}

void leg_raw(struct leg *l, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = send(l->fd, p, len, MSG_NOSIGNAL);

		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			return; /* turned away already: who reads finds the end */
		ck_assert_msg(n > 0, "cannot send: %s", strerror(errno));
		p += n;
		len -= (size_t)n;
	}
}

/* More bytes behind those that wait. False after ms or at the end. */
static bool fill(struct leg *l, unsigned ms)
{
	struct pollfd p = { .fd = l->fd, .events = POLLIN };
	ssize_t n;

	if (l->closed || poll(&p, 1, (int)ms) <= 0)
		return false;
	if (l->in_size - l->in_len < 65536) {
		l->in_size = l->in_size * 2 + 65536;
		l->in = realloc(l->in, l->in_size);
		ck_assert_ptr_nonnull(l->in);
	}
	n = recv(l->fd, l->in + l->in_len, l->in_size - l->in_len, 0);
	if (n <= 0) {
		l->closed = true;
		l->reset = n < 0 && errno == ECONNRESET;
		return false;
	}
	l->in_len += (size_t)n;
	return true;
}

static void drop(struct leg *l, size_t n)
{
	memmove(l->in, l->in + n, l->in_len - n);
	l->in_len -= n;
}

/* Waits until `len` bytes are there. */
static bool have(struct leg *l, size_t len, uint64_t end)
{
	while (l->in_len < len) {
		uint64_t now = test_now_ms();

		if (now >= end || !fill(l, (unsigned)(end - now)))
			return l->in_len >= len;
	}
	return true;
}

bool leg_take(struct leg *l, void *buf, size_t len, unsigned ms)
{
	if (!have(l, len, test_now_ms() + ms))
		return false;
	if (len) {
		memcpy(buf, l->in, len);
		drop(l, len);
	}
	return true;
}

void leg_upgrade(struct leg *l, const char *headers)
{
	char text[600];
	uint64_t end = test_now_ms() + LIMIT_MS;
	char *tail = NULL;
	int n = snprintf(text, sizeof(text),
			"GET /ws/relay HTTP/1.1\r\nHost: relay.example\r\nUpgrade: websocket\r\n"
			"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
			"%sSec-WebSocket-Version: 13\r\n\r\n",
			headers);

	leg_raw(l, text, (size_t)n);
	while (!tail) {
		ck_assert_msg(have(l, l->in_len + 1, end), "no answer to the upgrade");
		tail = memmem(l->in, l->in_len, "\r\n\r\n", 4);
	}
	ck_assert_int_eq(memcmp(l->in, "HTTP/1.1 101", 12), 0);
	/* of RFC 6455, section 1.3 */
	ck_assert_ptr_nonnull(memmem(l->in, l->in_len, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28));
	drop(l, (size_t)(tail + 4 - (char *)l->in));
}

size_t request_bytes(const char *uuid, const char *key, uint8_t buf[256])
{
	size_t u = strlen(uuid), k = key ? strlen(key) : 0, n = 0;
	size_t len = 2 + u + (key ? 2 + k : 0);

	ck_assert_uint_lt(len, 128);
	buf[n++] = 0x92; /* request_relay = 18 */
	buf[n++] = 0x01;
	buf[n++] = (uint8_t)len;
	buf[n++] = 0x12; /* uuid = 2 */
	buf[n++] = (uint8_t)u;
	memcpy(buf + n, uuid, u);
	n += u;
	if (key) {
		buf[n++] = 0x32; /* licence_key = 6 */
		buf[n++] = (uint8_t)k;
		memcpy(buf + n, key, k);
		n += k;
	}
	return n;
}

void leg_request(struct leg *l, const char *uuid, const char *key)
{
	uint8_t buf[512];

	leg_send(l, buf, request_bytes(uuid, key, buf));
}

void leg_frame(struct leg *l, unsigned op, bool fin, const void *data, size_t len)
{
	static const uint8_t mask[4] = { 0x12, 0x34, 0x56, 0x78 };
	uint8_t *buf = malloc(len + 14);
	size_t n = 2;

	ck_assert_ptr_nonnull(buf);
	buf[0] = (uint8_t)((fin ? 0x80 : 0) | op);
	if (len < 126) {
		buf[1] = (uint8_t)(0x80 | len);
	} else {
		size_t ext = len <= 0xffff ? 2 : 8;

		buf[1] = ext == 2 ? 0x80 | 126 : 0x80 | 127;
		for (size_t i = 0; i < ext; i++)
			buf[n++] = (uint8_t)((uint64_t)len >> 8 * (ext - 1 - i));
	}
	memcpy(buf + n, mask, 4);
	n += 4;
	for (size_t i = 0; i < len; i++)
		buf[n + i] = ((const uint8_t *)data)[i] ^ mask[i & 3];
	leg_raw(l, buf, n + len);
	free(buf);
}

void leg_send(struct leg *l, const void *data, size_t len)
{
	uint8_t head[4];
	size_t n = len <= 0x3f ? 1 : len <= 0x3fff ? 2 : len <= 0x3fffff ? 3 : 4;
	uint32_t v = (uint32_t)(len << 2 | (n - 1));

	if (l->ws) {
		leg_frame(l, 2, true, data, len);
		return;
	}
	for (size_t i = 0; i < n; i++)
		head[i] = (uint8_t)(v >> 8 * i);
	leg_raw(l, head, n);
	leg_raw(l, data, len);
}

static ssize_t recv_frame(struct leg *l, uint8_t *buf, size_t size, uint64_t end)
{
	size_t n, len = 0;

	if (!have(l, 1, end))
		return -1;
	n = (size_t)(l->in[0] & 3) + 1;
	if (!have(l, n, end))
		return -1;
	for (size_t i = 0; i < n; i++)
		len |= (size_t)l->in[i] << 8 * i;
	len >>= 2;
	if (!have(l, n + len, end))
		return -1;
	ck_assert_uint_le(len, size);
	memcpy(buf, l->in + n, len);
	drop(l, n + len);
	return (ssize_t)len;
}

static ssize_t recv_ws(struct leg *l, uint8_t *buf, size_t size, unsigned *ret_op, uint64_t end)
{
	size_t got = 0;
	bool fin = false;
	unsigned first = 0;

	while (!fin) {
		size_t n = 2, len;
		unsigned op;

		if (!have(l, 2, end))
			return -1;
		ck_assert_msg(!(l->in[1] & 0x80), "a server's frame must not be masked");
		ck_assert_msg(!(l->in[0] & 0x70), "reserved bits are set");
		len = l->in[1];
		op = l->in[0] & 15;
		if (len > 125) {
			size_t ext = len == 126 ? 2 : 8;

			if (!have(l, 2 + ext, end))
				return -1;
			for (len = 0; n < 2 + ext; n++)
				len = len << 8 | l->in[n];
		}
		if (!have(l, n + len, end))
			return -1;
		if (op < 8 || op == 8) {
			ck_assert_uint_le(got + len, size);
			memcpy(buf + got, l->in + n, len);
			got += len;
			fin = l->in[0] & 0x80;
			first = op ? op : first;
		}
		drop(l, n + len);
	}
	if (ret_op)
		*ret_op = first;
	return (ssize_t)got;
}

ssize_t leg_recv(struct leg *l, void *buf, size_t size, unsigned *ret_op, unsigned ms)
{
	uint64_t end = test_now_ms() + ms;

	return l->ws ? recv_ws(l, buf, size, ret_op, end) : recv_frame(l, buf, size, end);
}

void leg_expect(struct leg *l, const char *text)
{
	char buf[4096];
	ssize_t n = leg_recv(l, buf, sizeof(buf), NULL, LIMIT_MS);

	ck_assert_msg(n == (ssize_t)strlen(text) && memcmp(buf, text, (size_t)n) == 0,
			"'%s' did not arrive (%zd bytes came)", text, n);
}

bool leg_ends(struct leg *l, unsigned ms)
{
	uint64_t end = test_now_ms() + ms;

	while (!l->closed) {
		uint64_t now = test_now_ms();

		if (now >= end)
			return false;
		fill(l, (unsigned)(end - now));
		l->in_len = 0;
	}
	return true;
}

bool leg_ends_hard(struct leg *l, unsigned ms)
{
	return leg_ends(l, ms) && l->reset;
}

/* --- pairs ------------------------------------------------------------------------------------ */

const char *new_uuid(void)
{
	static char text[16][40];
	static unsigned next;
	char *at = text[next % 16];

	snprintf(at, sizeof(text[0]), "%08x-1111-4222-8333-%012x", (unsigned)getpid(), ++next);
	return at;
}

void pair_check(struct leg l[2])
{
	leg_send(&l[0], "there", 5);
	leg_expect(&l[1], "there");
	leg_send(&l[1], "and back", 8);
	leg_expect(&l[0], "and back");
}

void pair_open(const struct relay *r, struct leg l[2], bool ws_a, bool ws_b)
{
	const char *uuid = new_uuid();

	leg_open(&l[0], r, ws_a, 1);
	leg_open(&l[1], r, ws_b, 2);
	leg_request(&l[0], uuid, NULL);
	leg_request(&l[1], uuid, NULL);
	pair_check(l);
}

void pair_close(struct leg l[2])
{
	leg_close(&l[0]);
	leg_close(&l[1]);
}
