/* host/host_session against a gate that fell into foreign hands. hostd starts its gates as its own
 * program: here that is this test, which then plays the gate that errs (gate_main below). */
#include "client/host/host_session.h"
#include "client/host/ipc_caps.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/str.h"
#include "shared/crypto/box.h"
#include "shared/crypto/crypto.h"
#include "shared/sys/spawn.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLAIMS 50u

static struct hws_loop *loop;
static struct hws_vault vault;
static struct hws_judge judge;
static struct hws_whoami whoami;
static struct hws_settings settings;
static struct hws_host_session_env env;
static struct hws_host_session *session;
static bool ended, ended_shown;

/* --- the gate --- */

static void say(const Agt__Message *m)
{
	uint8_t frame[4096];
	size_t len = agt__message__get_packed_size(m), at = 0;

	frame[0] = (uint8_t)(len + 1);
	frame[1] = (uint8_t)((len + 1) >> 8);
	frame[2] = frame[3] = 0;
	frame[4] = 1;
	agt__message__pack(m, frame + 5);
	while (at < len + 5) {
		ssize_t n = send(HWS_SPAWN_IPC_FD, frame + at, len + 5 - at, MSG_NOSIGNAL);

		if (n < 0)
			_exit(0);
		at += (size_t)n;
	}
}

static void claim(Agt__GateState__State state, const char *why)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__GateState s = AGT__GATE_STATE__INIT;

	s.state = state;
	s.why = (char *)(uintptr_t)why;
	m.union_case = AGT__MESSAGE__UNION_GATE_STATE;
	m.gate_state = &s;
	say(&m);
}

static void ask_for_ever(void)
{
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__SignRequest q = AGT__SIGN_REQUEST__INIT;

	m.union_case = AGT__MESSAGE__UNION_SIGN_REQUEST;
	m.sign_request = &q;
	for (;;)
		say(&m);
}

/* Not more at once than there is up to a descriptor. */
static bool hear(uint8_t *to, size_t len)
{
	while (len) {
		ssize_t n = recv(HWS_SPAWN_IPC_FD, to, len, 0);

		if (n <= 0)
			return false;
		to += n;
		len -= (size_t)n;
	}
	return true;
}

static bool is_signed(const uint8_t *data, size_t len)
{
	uint8_t head[5], body[4096];
	Agt__Message m = AGT__MESSAGE__INIT, *answer;
	Agt__SignRequest q = AGT__SIGN_REQUEST__INIT;
	bool is;

	q.box_pk = (ProtobufCBinaryData){ len, (uint8_t *)(uintptr_t)data };
	m.union_case = AGT__MESSAGE__UNION_SIGN_REQUEST;
	m.sign_request = &q;
	say(&m);
	if (!hear(head, sizeof(head)))
		_exit(0);
	len = (size_t)head[0] + ((size_t)head[1] << 8) - 1;
	if (len > sizeof(body) || !hear(body, len))
		_exit(1);
	answer = agt__message__unpack(NULL, len, body);
	if (!answer || answer->union_case != AGT__MESSAGE__UNION_SIGN_REPLY)
		_exit(1);
	is = answer->sign_reply->signed_id.len > 0;
	agt__message__free_unpacked(answer, NULL);
	return is;
}

/* A byte more or less than a key, then this, then it again. */
static void ask_for_others(void)
{
	uint8_t key[HWS_BOX_PK_LEN + 1] = { 9 };
	bool longer = is_signed(key, sizeof(key));
	bool shorter = is_signed(key, sizeof(key) - 2);
	bool own = is_signed(key, sizeof(key) - 1);
	bool again = is_signed(key, sizeof(key) - 1);

	claim(AGT__GATE_STATE__STATE__HANDSHAKE,
			longer || shorter || again ? "too much"
					: own      ? "once"
						   : "nothing");
}

/* What it does is told by why it should refuse: the only text of a start that is ours. */
static int gate_main(void)
{
	uint8_t head[5], start[HWS_IPC_HOSTD_FRAME_MAX];
	int flags = fcntl(HWS_SPAWN_IPC_FD, F_GETFL);
	size_t len;

	if (fcntl(HWS_SPAWN_IPC_FD, F_SETFL, flags & ~O_NONBLOCK) < 0 || !hear(head, sizeof(head)))
		return 1;
	len = (size_t)head[0] + ((size_t)head[1] << 8) - 1;
	if (len > sizeof(start) || !hear(start, len))
		return 1;
	if (memmem(start, len, "ask for ever", 12))
		ask_for_ever();
	if (memmem(start, len, "ask for others", 14)) {
		ask_for_others();
		return hear(head, 1);
	}
	for (unsigned i = 0; i < CLAIMS; i++) {
		claim(AGT__GATE_STATE__STATE__OPEN, "");
		claim(AGT__GATE_STATE__STATE__LOGIN, "");
	}
	claim(AGT__GATE_STATE__STATE__OPEN, "claimed");
	return hear(head, 1);
}

/* --- hostd --- */

static void on_ended(struct hws_host_session *v, bool was_open HWS_UNUSED, void *arg HWS_UNUSED)
{
	ended = true;
	ended_shown = v->shown;
	hws_list_remove(&v->node);
	hws_host_session_free(v);
	session = NULL;
}

static void setup(void)
{
	struct hws_vault_conf vc = { HWS_VAULT_BOTH, 8, false };
	struct hws_error err = { 0 };
	char dir[256];

	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	test_dir(dir, sizeof(dir));
	ck_assert_msg(hws_vault_open(&vault, dir, &vc, &err) == HWS_OK, "%s", err.text);
	settings.gate_user = (char *)"";
	settings.login_timeout_us = 60 * HWS_US_PER_S;
	judge.vault = &vault;
	ck_assert_int_eq(hws_str_copy(whoami.id, sizeof(whoami.id), "123456789"), HWS_OK);
	env = (struct hws_host_session_env){ loop, &settings, &judge, &whoami, NULL, on_ended, NULL,
		NULL };
}

static void teardown(void)
{
	if (session)
		hws_host_session_close(session, HWS_OK);
	hws_loop_free(loop);
	while (wait(NULL) > 0)
		;
}

static void begin(const char *what)
{
	struct hws_host_session_conf conf = {
		.conn = 1, .direct = true, .secure = true, .refuse = what
	};
	static struct hws_list sessions;
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	close(fds[1]);
	conf.fd = fds[0];
	conf.from.ss_family = AF_INET;
	ck_assert_int_eq(hws_host_session_new(&env, &conf, &session), HWS_OK);
	hws_list_init(&sessions);
	hws_list_push(&sessions, &session->node);
}

#define UNTIL(cond)                                                                                \
	do {                                                                                       \
		uint64_t end_us = hws_clock_us() + 60 * HWS_US_PER_S;                              \
		while (!(cond)) {                                                                  \
			ck_assert_msg(hws_clock_us() < end_us, "never: %s", #cond);                \
			hws_loop_once(loop, 10000);                                                \
		}                                                                                  \
	} while (0)

/* hostd keeps what it has to say to gates, so they may not decide how much that is. */
START_TEST(a_gate_that_asks_and_never_listens_is_given_up)
{
	begin("ask for ever");
	UNTIL(ended || hws_ipc_pending(session->ipc) > HWS_IPC_HOSTD_QUEUE_MAX + 4096);
	ck_assert(ended);
}
END_TEST

/* Whatever else it would sign could be used against the host elsewhere. */
START_TEST(a_gate_gets_one_signature_and_of_its_own_half_only)
{
	begin("ask for others");
	UNTIL(ended || session->why[0]);
	ck_assert(!ended);
	ck_assert_str_eq(session->why, "once");
}
END_TEST

/* Whom no password let in sees no desktop, whatever its gate says: it uses up no password. */
START_TEST(a_gate_is_not_believed_that_a_session_is_open)
{
	begin("claim");
	UNTIL(ended || hws_str_equal(session->why, "claimed"));
	ck_assert(!ended);
	hws_host_session_close(session, HWS_OK);
	ck_assert(ended);
	ck_assert(!ended_shown);
}
END_TEST

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "gate"))
		return gate_main();
	return test_main("host/host_session", 90, setup, teardown,
			TESTS(a_gate_that_asks_and_never_listens_is_given_up,
					a_gate_gets_one_signature_and_of_its_own_half_only,
					a_gate_is_not_believed_that_a_session_is_open));
}
