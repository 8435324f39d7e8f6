/* What a gate in foreign hands can do at a real hostd and a real agent (lying_gate.c): every
 * promise that it breaks is kept by somebody else. */
#include "client/host/ipc_caps.h"
#include "proto/agent.pb-c.h"
#include "shared/base/bytes.h"
#include "shared/base/macros.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/password.h"
#include "shared/wire/envelope.h"
#include "tests/component/host/host.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROOM (1u << 20)
#define MESSAGE 1 /* kinds of host/ipc */
#define WIRE 2
#define REMOTE AGT__SESSION_KIND__SESSION_KIND_REMOTE

static struct test_host host;

/* --- one gate, by its viewer's connection ----------------------------------------------------- */

struct side {
	uint8_t *in;
	size_t len;
	bool ended;
};

static struct gate {
	int fd;
	pid_t pid;
	struct side hostd, agent;
	char id[80], salt[40], challenge[40];
} g;

static void get(void *to, size_t len)
{
	struct pollfd p = { g.fd, POLLIN, 0 };
	uint8_t *at = to;

	while (len) {
		ck_assert_msg(poll(&p, 1, TEST_PATIENCE_MS) > 0, "the gate says nothing");
		ssize_t n = recv(g.fd, at, len, 0);

		ck_assert_msg(n > 0, "the gate has gone");
		at += n;
		len -= (size_t)n;
	}
}

/* One piece of what the gate hears. */
static void listen_once(void)
{
	uint8_t head[5];
	size_t len;

	get(head, sizeof(head));
	len = ((size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16) - 1;
	if (head[4] == 'p') {
		uint32_t pid;

		get(&pid, sizeof(pid));
		g.pid = (pid_t)pid;
		return;
	}
	struct side *s = head[4] == 'h' ? &g.hostd : &g.agent;

	if (s->len > ROOM) /* pictures that nobody asks for */
		s->len = 0;
	get(s->in + s->len, len);
	s->len += len;
	s->ended = s->ended || !len;
}

static void order(uint8_t what, const void *data, size_t len)
{
	uint8_t head[5] = { (uint8_t)(len + 1), (uint8_t)((len + 1) >> 8), 0, 0, what };

	ck_assert_int_eq(send(g.fd, head, sizeof(head), MSG_NOSIGNAL), sizeof(head));
	ck_assert_int_eq(send(g.fd, data, len, MSG_NOSIGNAL), len);
}

static size_t frame(uint8_t kind, const void *data, size_t len, uint8_t *to)
{
	to[0] = (uint8_t)(len + 1);
	to[1] = (uint8_t)((len + 1) >> 8);
	to[2] = (uint8_t)((len + 1) >> 16);
	to[3] = 0;
	to[4] = kind;
	memcpy(to + 5, data, len);
	return len + 5;
}

static void say(uint8_t to, const Agt__Message *m)
{
	static uint8_t packed[8192], framed[8192 + 5];

	ck_assert_uint_le(agt__message__get_packed_size(m), sizeof(packed));
	size_t len = agt__message__pack(m, packed);

	order(to, framed, frame(MESSAGE, packed, len, framed));
}

static void say_wire(const Ses__Message *m)
{
	uint8_t framed[4096 + 5];
	struct hws_buf b;

	hws_buf_init(&b, 4096);
	ck_assert_int_eq(hws_ses_pack(m, &b), HWS_OK);
	order('a', framed, frame(WIRE, hws_buf_bytes(&b).ptr, hws_buf_len(&b), framed));
	hws_buf_done(&b);
}

/* The next whole frame of a side: its kind, and its bytes from s->in + 5 on; 0 when there is none
 * and that side has ended. */
static uint8_t next(struct side *s, size_t *ret_len)
{
	for (;;) {
		size_t len = s->len < 5
				? 0
				: (size_t)s->in[0] | (size_t)s->in[1] << 8 | (size_t)s->in[2] << 16;

		if (len && s->len >= len + 4) {
			*ret_len = len - 1;
			return s->in[4];
		}
		if (s->ended)
			return 0;
		listen_once();
	}
}

static void consume(struct side *s, size_t len)
{
	s->len -= len + 5;
	memmove(s->in, s->in + len + 5, s->len);
}

/* The next message of that kind; NULL: the side has ended before. */
static Agt__Message *hear(struct side *s, Agt__Message__UnionCase want)
{
	size_t len;
	uint8_t kind;

	while ((kind = next(s, &len)) != 0) {
		Agt__Message *m =
				kind == MESSAGE ? agt__message__unpack(NULL, len, s->in + 5) : NULL;

		consume(s, len);
		if (m && m->union_case == want)
			return m;
		if (m)
			agt__message__free_unpacked(m, NULL);
	}
	return NULL;
}

/* Until that side is closed to the gate. */
static void hear_end(struct side *s)
{
	while (!s->ended)
		listen_once();
}

static bool is_gone(void *arg HWS_UNUSED)
{
	return kill(g.pid, 0) < 0 && errno == ESRCH;
}

static void gate_open(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)host.port) };
	struct side a = { g.agent.in ? g.agent.in : malloc(2 * ROOM), 0, false };
	struct side h = { g.hostd.in ? g.hostd.in : malloc(2 * ROOM), 0, false };

	g = (struct gate){ .hostd = h, .agent = a };
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	g.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(g.fd, (struct sockaddr *)&to, sizeof(to)), 0);
	Agt__Message *m = hear(&g.hostd, AGT__MESSAGE__UNION_GATE_START);

	ck_assert_ptr_nonnull(m);
	snprintf(g.id, sizeof(g.id), "%s", m->gate_start->own_id);
	snprintf(g.salt, sizeof(g.salt), "%s", m->gate_start->salt);
	snprintf(g.challenge, sizeof(g.challenge), "%s", m->gate_start->challenge);
	agt__message__free_unpacked(m, NULL);
	while (!g.pid)
		listen_once();
}

static void gate_done(void)
{
	close(g.fd);
}

/* `password` NULL: a wrong one. */
static void ask(const char *password, const char *my_id, Agt__SessionKind kind)
{
	uint8_t h1[HWS_H1_LEN], proof[32] = { 1 };
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__LoginCheck c = AGT__LOGIN_CHECK__INIT;

	if (password) {
		hws_password_h1(hws_bytes_str(password), g.salt, h1);
		hws_password_proof(h1, g.challenge, proof);
	}
	c.proof = (ProtobufCBinaryData){ sizeof(proof), proof };
	c.username = g.id;
	c.my_id = (char *)(uintptr_t)my_id;
	c.my_name = (char *)"liar";
	c.version = (char *)"1.4.9";
	c.kind = kind;
	m.union_case = AGT__MESSAGE__UNION_LOGIN_CHECK;
	m.login_check = &c;
	say('h', &m);
}

/* -1: no verdict any more. */
static int verdict(void)
{
	Agt__Message *m = hear(&g.hostd, AGT__MESSAGE__UNION_LOGIN_VERDICT);
	int r = m ? (int)m->login_verdict->result : -1;

	if (m)
		agt__message__free_unpacked(m, NULL);
	return r;
}

static void claim(Agt__GateState__State state)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__GateState s = AGT__GATE_STATE__INIT;

	s.state = state;
	m.union_case = AGT__MESSAGE__UNION_GATE_STATE;
	m.gate_state = &s;
	say('h', &m);
}

/* Lets the viewer in, as a gate would. */
static void enter(void)
{
	Agt__Message m = AGT__MESSAGE__INIT, *answer;
	Agt__Open o = AGT__OPEN__INIT;
	uint8_t login[64];
	Ses__LoginRequest lr = SES__LOGIN_REQUEST__INIT;

	lr.version = (char *)"1.4.9";
	o.login_request = (ProtobufCBinaryData){ ses__login_request__pack(&lr, login), login };
	m.union_case = AGT__MESSAGE__UNION_OPEN;
	m.open = &o;
	gate_open();
	ask(host_password(&host), "987654321", REMOTE);
	ck_assert_int_eq(verdict(), AGT__LOGIN_VERDICT__RESULT__OK);
	say('a', &m);
	answer = hear(&g.agent, AGT__MESSAGE__UNION_OPENED);
	ck_assert_ptr_nonnull(answer);
	ck_assert_msg(answer->opened->ok, "%s", answer->opened->error);
	agt__message__free_unpacked(answer, NULL);
	test_proc_must_expect(&host.proc, "session.open", TEST_PATIENCE_MS);
}

/* The agent has read what came before: it declines a call. */
static void settle(void)
{
	Ses__Message ring = SES__MESSAGE__INIT, *m;
	Ses__VoiceCallRequest call = SES__VOICE_CALL_REQUEST__INIT;
	bool done = false;
	size_t len;

	call.is_connect = true;
	ring.union_case = SES__MESSAGE__UNION_VOICE_CALL_REQUEST;
	ring.voice_call_request = &call;
	say_wire(&ring);
	while (!done) {
		uint8_t kind = next(&g.agent, &len);

		ck_assert_msg(kind != 0, "the agent has closed the link");
		if (kind == WIRE && hws_ses_unpack(hws_bytes(g.agent.in + 5, len), &m) == HWS_OK) {
			done = m->union_case == SES__MESSAGE__UNION_VOICE_CALL_RESPONSE;
			hws_ses_free(m);
		}
		consume(&g.agent, len);
	}
}

static void host_begin(const char *const extra[])
{
	const char *argv[24] = { "--backend", "headless:320x200@5", "--log-level", "debug",
		"--voice-call", "off" };
	int n = 6;

	for (int i = 0; extra && extra[i]; i++)
		argv[n++] = extra[i];
	host = (struct test_host){ .port = 0 };
	host_start(&host, argv);
	test_proc_must_expect(&host.proc, "desktop.ready", TEST_PATIENCE_MS);
}

static void teardown(void)
{
	host_stop(&host);
	free(g.hostd.in);
	free(g.agent.in);
	g.hostd.in = g.agent.in = NULL;
}

/* --- the tests -------------------------------------------------------------------------------- */

START_TEST(the_owners_settings_hold_at_the_agent)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__KeyEvent key = SES__KEY_EVENT__INIT;
	Ses__MouseEvent mouse = SES__MOUSE_EVENT__INIT;
	Ses__Clipboard clip = SES__CLIPBOARD__INIT;
	Ses__FileAction file = SES__FILE_ACTION__INIT;

	host_begin((const char *const[]){ "--access-mode", "view", NULL });
	enter();
	m.union_case = SES__MESSAGE__UNION_KEY_EVENT;
	m.key_event = &key;
	say_wire(&m);
	m.union_case = SES__MESSAGE__UNION_MOUSE_EVENT;
	m.mouse_event = &mouse;
	say_wire(&m);
	m.union_case = SES__MESSAGE__UNION_CLIPBOARD;
	m.clipboard = &clip;
	say_wire(&m);
	m.union_case = SES__MESSAGE__UNION_FILE_ACTION;
	m.file_action = &file;
	say_wire(&m);
	settle();
	static const char *const names[] = { "key_event", "mouse_event", "clipboard",
		"file_action" };
	for (size_t i = 0; i < HWS_COUNT(names); i++) {
		char line[64];

		snprintf(line, sizeof(line), "message=%s", names[i]);
		test_proc_must_expect(&host.proc, line, TEST_PATIENCE_MS);
	}
	gate_done();
}
END_TEST

static const char *status_kind(void)
{
	static char kind[32];
	json_t *status = host_status(&host);
	const json_t *s = json_array_get(json_object_get(status, "sessions"), 0);

	snprintf(kind, sizeof(kind), "%s/%s", json_string_value(json_object_get(s, "kind")),
			json_string_value(json_object_get(s, "id")));
	json_decref(status);
	return kind;
}

/* One connection is one viewer and one kind of session: what was judged stays. */
START_TEST(a_second_login_changes_nothing)
{
	host_begin(NULL);
	enter();
	ask(host.password, "111111111", AGT__SESSION_KIND__SESSION_KIND_TERMINAL);
	ask(NULL, "222222222", REMOTE);
	settle();
	ck_assert_str_eq(status_kind(), "remote/987654321");
	gate_done();
	test_proc_must_expect(&host.proc, "connection.closed", TEST_PATIENCE_MS);
	gate_open();
	ask(NULL, "987654321", REMOTE);
	ck_assert_int_eq(verdict(), AGT__LOGIN_VERDICT__RESULT__WRONG);
	ask(host_password(&host), "111111111", REMOTE); /* right, but another one */
	ck_assert_int_eq(verdict(), AGT__LOGIN_VERDICT__RESULT__CLOSED);
	ask(host.password, "987654321", REMOTE); /* what is closed stays so */
	ck_assert_int_eq(verdict(), -1);
	ck_assert(test_until(is_gone, NULL, TEST_PATIENCE_MS));
	gate_done();
}
END_TEST

/* A temporary password is used up by who sees the desktop, also when its gate keeps that to itself
 * and says that the session may come back. */
START_TEST(a_password_is_used_up_without_the_gates_word)
{
	char before[sizeof(host.password)];

	host_begin(NULL);
	enter();
	memcpy(before, host.password, sizeof(before));
	claim(AGT__GATE_STATE__STATE__LOGIN);
	gate_done();
	test_proc_must_expect(&host.proc, "connection.closed", TEST_PATIENCE_MS);
	ck_assert_str_ne(host_password(&host), before);
}
END_TEST

START_TEST(a_kick_ends_the_session_without_the_gate)
{
	const char *out;

	host_begin(NULL);
	enter();
	ck_assert_int_eq(host_ask(&host, "kick", "all", &out), 0);
	test_proc_must_expect(&host.proc, "agent.viewer_closed", TEST_PATIENCE_MS);
	hear_end(&g.agent);
	claim(AGT__GATE_STATE__STATE__OPEN); /* it may say so for ever */
	hear_end(&g.hostd);
	ck_assert(test_until(is_gone, NULL, TEST_PATIENCE_MS));
	gate_done();
}
END_TEST

/* The other way round: what it has of the desktop does not outlive its link to hostd. */
START_TEST(a_gate_that_leaves_hostd_loses_the_desktop)
{
	host_begin(NULL);
	enter();
	order('x', NULL, 0);
	hear_end(&g.agent);
	ck_assert(test_until(is_gone, NULL, TEST_PATIENCE_MS));
	gate_done();
}
END_TEST

START_TEST(silence_ends)
{
	host_begin((const char *const[]){ "--login-timeout", "1s", NULL });
	gate_open();
	hear_end(&g.hostd);
	ck_assert(test_until(is_gone, NULL, TEST_PATIENCE_MS));
	gate_done();
}
END_TEST

START_TEST(a_gate_does_not_outlive_its_host)
{
	host_begin(NULL);
	enter();
	test_proc_signal(&host.proc, SIGTERM);
	ck_assert_int_ge(test_proc_wait(&host.proc, TEST_PATIENCE_MS), 0);
	ck_assert(test_until(is_gone, NULL, TEST_PATIENCE_MS));
	gate_done();
}
END_TEST

static void flood(void)
{
	for (unsigned i = 0; i < 2000; i++)
		claim(AGT__GATE_STATE__STATE__LOGIN);
}

static void guess(void)
{
	for (unsigned i = 0; i < 60; i++)
		ask(NULL, "987654321", REMOTE);
}

static void announce_much(void)
{
	order('h', "\xff\xff\xff\x7f\x01", 5);
}

static void play_the_agent(void)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__AgentState s = AGT__AGENT_STATE__INIT;

	m.union_case = AGT__MESSAGE__UNION_AGENT_STATE;
	m.agent_state = &s;
	say('h', &m);
}

static void play_hostd(void)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__AgentControl c = AGT__AGENT_CONTROL__INIT;

	c.conn = 1;
	c.set_permissions = true;
	c.permissions = ~0ull;
	m.union_case = AGT__MESSAGE__UNION_AGENT_CONTROL;
	m.agent_control = &c;
	say('h', &m);
}

static void send_descriptors(void)
{
	order('f', "\x02", 1);
}

static void send_wire_to_hostd(void)
{
	order('h', "\x03\x00\x00\x00\x02\x9a\x01", 7);
}

/* What no gate of ours does ends it at once, and its process with it; others are served on. */
static void (*const at_hostd[])(void) = { flood, guess, announce_much, play_the_agent, play_hostd,
	send_descriptors, send_wire_to_hostd };

START_TEST(excess_and_foreign_roles_end_a_gate)
{
	host_begin(NULL);
	gate_open();
	at_hostd[_i]();
	hear_end(&g.hostd);
	ck_assert(test_until(is_gone, NULL, TEST_PATIENCE_MS));
	gate_done();
	if (at_hostd[_i] == guess) /* that address has to wait now */
		return;
	enter();
	gate_done();
}
END_TEST

/* The same at the agent; its other messages are of hostd's link only. */
START_TEST(a_gate_is_not_hostd_to_the_agent)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__AgentControl c = AGT__AGENT_CONTROL__INIT;
	Agt__LinkQuality q = AGT__LINK_QUALITY__INIT;

	host_begin(NULL);
	enter();
	q.rtt_us = UINT32_MAX; /* numbers are its own affair, and break nothing */
	q.delivered = q.first_us = q.answered_us = UINT64_MAX;
	m.union_case = AGT__MESSAGE__UNION_LINK_QUALITY;
	m.link_quality = &q;
	say('a', &m);
	settle();
	c.conn = 1;
	c.set_permissions = true;
	c.permissions = ~0ull;
	m.union_case = AGT__MESSAGE__UNION_AGENT_CONTROL;
	m.agent_control = &c;
	say('a', &m);
	hear_end(&g.agent);
	gate_done();
	enter();
	gate_done();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("attack/gate");
	TCase *t = test_case(s, "gate", 240,
			TESTS(the_owners_settings_hold_at_the_agent, a_second_login_changes_nothing,
					a_password_is_used_up_without_the_gates_word,
					a_kick_ends_the_session_without_the_gate,
					a_gate_that_leaves_hostd_loses_the_desktop, silence_ends,
					a_gate_does_not_outlive_its_host,
					a_gate_is_not_hostd_to_the_agent));

	if (hws_crypto_init() < 0)
		return 1;
	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_loop_test(t, excess_and_foreign_roles_end_a_gate, 0, (int)HWS_COUNT(at_hostd));
	return test_suite_run(s);
}
