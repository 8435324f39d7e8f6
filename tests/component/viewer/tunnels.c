/* Local ends and the embedder are one thread, as in most programs: whoever waits for one serves the
 * other. */
#include "tests/component/viewer/tunnels.h"
#include "tests/support/proc.h"
#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void take_text(char *buf, size_t size, const char *s)
{
	snprintf(buf, size, "%s", s);
}

static void on_tunnel(struct tunnels *t, const struct hawser_tunnel_event *ev)
{
	ck_assert_uint_eq(ev->size, sizeof(*ev));
	t->count[ev->type]++;
	switch (ev->type) {
	case HAWSER_TUNNEL_LISTENING:
		t->port = ev->port;
		break;
	case HAWSER_TUNNEL_OPENED:
		t->opened++;
		take_text(t->target, sizeof(t->target), ev->target);
		take_text(t->from, sizeof(t->from), ev->from);
		break;
	case HAWSER_TUNNEL_CLOSED:
		t->bytes_in = ev->bytes_in;
		t->bytes_out = ev->bytes_out;
		__attribute__((fallthrough));
	case HAWSER_TUNNEL_FAILED:
		t->error = ev->error;
		take_text(t->code, sizeof(t->code), ev->code);
		take_text(t->text, sizeof(t->text), ev->text);
		break;
	case HAWSER_TUNNEL_ONE_BY_ONE:
		take_text(t->text, sizeof(t->text), ev->text);
		break;
	}
}

static void on_event(hawser_session *s, const struct hawser_event *ev, void *arg)
{
	struct tunnels *t = arg;

	switch (ev->type) {
	case HAWSER_EVENT_STATE:
		t->retries += ev->u.state.state == HAWSER_STATE_RETRYING;
		break;
	case HAWSER_EVENT_READY:
		t->ready++;
		break;
	case HAWSER_EVENT_PASSWORD:
		if (ev->u.password.reason != HAWSER_PASSWORD_NEEDED)
			break;
		t->asked++;
		if (t->answer)
			ck_assert_int_eq(hawser_session_password(s, t->answer, false), 0);
		break;
	case HAWSER_EVENT_INSECURE:
		t->questions++;
		if (t->agree >= 0)
			ck_assert_int_eq(hawser_session_accept_insecure(s, t->agree), 0);
		break;
	case HAWSER_EVENT_CLOSED:
		t->closed++;
		t->closed_error = ev->u.closed.error;
		take_text(t->closed_text, sizeof(t->closed_text), ev->u.closed.text);
		break;
	case HAWSER_EVENT_TUNNEL:
		on_tunnel(t, ev->u.tunnel);
		break;
	default:
		break;
	}
}

void tunnels_open(struct tunnels *t, uint16_t host_port, const char *password, bool allow_insecure)
{
	struct hawser_context_config cc = HAWSER_CONTEXT_CONFIG_INIT;
	struct hawser_link_config link = HAWSER_LINK_CONFIG_INIT;
	char target[40];

	memset(t, 0, sizeof(*t));
	t->agree = -1;
	cc.config_path = "";
	ck_assert_int_eq(hawser_context_new(&cc, &t->ctx), 0);
	snprintf(target, sizeof(target), "127.0.0.1:%u", host_port);
	link.target = target;
	link.password = password;
	link.allow_insecure = allow_insecure;
	link.on_event = on_event;
	link.arg = t;
	ck_assert_msg(hawser_tunnel_open(t->ctx, &link, NULL, &t->session) == 0, "%s",
			hawser_last_error());
}

void tunnels_close(struct tunnels *t)
{
	hawser_session_close(t->session);
	hawser_context_free(t->ctx);
}

void tunnels_ask(struct tunnels *t, enum hawser_forward_kind kind, uint16_t listen_port,
		uint16_t port)
{
	struct hawser_forward f = HAWSER_FORWARD_INIT;

	f.kind = kind;
	f.port = listen_port;
	f.target_host = kind == HAWSER_FORWARD_REMOTE ? "127.0.0.1" : "target.example";
	f.target_port = port;
	ck_assert_msg(hawser_tunnel_add(t->session, &f, NULL) == 0, "%s", hawser_last_error());
}

uint16_t tunnels_add(struct tunnels *t, enum hawser_forward_kind kind, uint16_t port)
{
	int before = t->count[HAWSER_TUNNEL_LISTENING];

	tunnels_ask(t, kind, 0, port);
	tunnels_until(t, HAWSER_TUNNEL_LISTENING, before + 1);
	return t->port;
}

void tunnels_until(struct tunnels *t, enum hawser_tunnel_event_type type, int times)
{
	uint64_t due = test_now_ms() + TEST_PATIENCE_MS;

	while (t->count[type] < times) {
		ck_assert_msg(test_now_ms() < due, "event %d came %d times, not %d (%s; %s)",
				(int)type, t->count[type], times, t->text, t->closed_text);
		hawser_context_wait(t->ctx, 50);
	}
}

void tunnels_ready(struct tunnels *t)
{
	uint64_t due = test_now_ms() + TEST_PATIENCE_MS;

	while (!t->ready) {
		ck_assert_msg(test_now_ms() < due, "not ready (%s)", t->closed_text);
		hawser_context_wait(t->ctx, 50);
	}
}

int tunnels_connect(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

size_t tunnels_read(struct tunnels *t, int fd, void *buf, size_t size)
{
	uint64_t due = test_now_ms() + TEST_PATIENCE_MS;
	size_t got = 0;

	while (got < size) {
		struct pollfd p[2] = { { .fd = fd, .events = POLLIN },
			{ .fd = hawser_context_fd(t->ctx), .events = POLLIN } };

		ck_assert_msg(test_now_ms() < due, "%zu of %zu bytes came (%s; %s)", got, size,
				t->text, t->closed_text);
		if (poll(p, 2, 100) < 0)
			continue;
		hawser_context_dispatch(t->ctx);
		if (!p[0].revents)
			continue;
		ssize_t n = recv(fd, (char *)buf + got, size - got, 0);
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	return got;
}
