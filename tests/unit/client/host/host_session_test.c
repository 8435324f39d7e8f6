/* host/host_session against a gate that fell into foreign hands. hostd starts its gates as its own
 * program: here that is this test, which then plays the gate that errs (gate_main below). */
#include "client/host/host_session.h"
#include "client/host/ipc_caps.h"
#include "proto/session.pb-c.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/str.h"
#include "shared/crypto/box.h"
#include "shared/crypto/crypto.h"
#include "shared/sys/spawn.h"
#include "shared/wire/host_word.h"
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
static bool ended, ended_shown, ended_signed;
static char ended_why[160];
static const uint8_t seed[32] = { 3 }; /* of the key that hostd has here */

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

/* By our host, of our host, and with the key in it that was asked for. */
static bool is_right(const ProtobufCBinaryData *word, const uint8_t *box_pk)
{
	struct hws_identity own;
	struct hws_bytes text;
	Ses__IdPk *id;
	bool right;

	hws_identity_from_seed(seed, &own);
	if (hws_crypto_init() < 0 ||
			hws_verify_attached(own.pk, hws_bytes(word->data, word->len), &text) < 0)
		return false;
	id = ses__id_pk__unpack(NULL, text.len, text.ptr);
	right = id && !strcmp(id->id, "123456789") && id->pk.len == HWS_BOX_PK_LEN &&
			!memcmp(id->pk.data, box_pk, HWS_BOX_PK_LEN) && id->v2 &&
			id->v2->nonce.len == HWS_NONCE_LEN;
	if (id)
		ses__id_pk__free_unpacked(id, NULL);
	return right;
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
	is = is_right(&answer->sign_reply->signed_id, data);
	agt__message__free_unpacked(answer, NULL);
	return is;
}

/* Then it waits for what becomes of it. */
static void ask_and_wait(size_t len, bool again)
{
	uint8_t key[HWS_BOX_PK_LEN + 1] = { 9 };

	claim(AGT__GATE_STATE__STATE__HANDSHAKE, is_signed(key, len) ? "once" : "nothing");
	if (again)
		claim(AGT__GATE_STATE__STATE__HANDSHAKE, is_signed(key, len) ? "twice" : "nothing");
	while (hear(key, 1)) /* until hostd has enough of us */
		;
	_exit(0);
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
	if (memmem(start, len, "ask once", 8))
		ask_and_wait(HWS_BOX_PK_LEN, false);
	if (memmem(start, len, "ask twice", 9))
		ask_and_wait(HWS_BOX_PK_LEN, true);
	if (memmem(start, len, "ask with more", 13))
		ask_and_wait(HWS_BOX_PK_LEN + 1, false);
	if (memmem(start, len, "ask with less", 13))
		ask_and_wait(HWS_BOX_PK_LEN - 1, false);
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
	ended_signed = v->has_signed;
	ck_assert_int_eq(hws_str_copy(ended_why, sizeof(ended_why), v->why), HWS_OK);
	hws_list_remove(&v->node);
	hws_host_session_free(v);
	session = NULL;
}

static void setup(void)
{
	struct hws_vault_conf vc = { HWS_VAULT_BOTH, 10, false, false, false };
	struct hws_error err = { 0 };
	char dir[256];

	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	test_dir(dir, sizeof(dir));
	ck_assert_msg(hws_vault_open(&vault, dir, &vc, &err) == HWS_OK, "%s", err.text);
	settings.gate_user = (char *)"";
	settings.login_timeout_us = 60 * HWS_US_PER_S;
	judge.vault = &vault;
	hws_identity_from_seed(seed, &whoami.identity);
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

/* One signature, over a key of the right length, and whoever asks for more is ended before it has
 * it. */
static const struct {
	const char *what, *why; /* as far as it gets */
	bool ends;
} asks[] = {
	{ "ask once", "once", false },
	{ "ask twice", "once", true },
	{ "ask with more", "", true },
	{ "ask with less", "", true },
};

START_TEST(a_gate_gets_one_signature_and_ends_with_the_second_question)
{
	begin(asks[_i].what);
	UNTIL(ended || (!asks[_i].ends && hws_str_equal(session->why, asks[_i].why)));
	ck_assert(ended == asks[_i].ends);
	if (!ended)
		hws_host_session_close(session, HWS_OK);
	ck_assert_str_eq(ended_why, asks[_i].why);
	ck_assert(ended_signed == hws_str_equal(asks[_i].why, "once"));
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
	Suite *suite;
	TCase *t;

	if (argc > 1 && !strcmp(argv[1], "gate"))
		return gate_main();
	suite = suite_create("host/host_session");
	t = test_case(suite, "all", 90,
			TESTS(a_gate_that_asks_and_never_listens_is_given_up,
					a_gate_is_not_believed_that_a_session_is_open));
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_gate_gets_one_signature_and_ends_with_the_second_question, 0,
			(int)HWS_COUNT(asks));
	return test_suite_run(suite);
}
