/* The real host, and a viewer whose session moves between connections while it speaks; and who
 * would like to be one of those connections and is not. */
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "shared/net/leg_join.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include "tests/component/host/by_hand.h"
#include "tests/component/host/host.h"
#include "tests/support/handshake.h"
#include "tests/support/pake_login.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIMIT_US (60 * HWS_US_PER_S)

static struct test_host host;
static struct hws_loop *loop;
static struct hws_conn *viewer;
static struct hws_secure secure;
static struct hws_legs *legs;
static struct pake_login proofs;
static uint8_t session[HWS_LEG_SESSION_LEN], host_pk[HWS_PK_LEN];
static bool secured, welcome;
static int ended; /* why the session did, 1 = it did not */
static unsigned events[HWS_LEGS_AWAY + 1];
static int64_t echoes, asked; /* that came back, in their order; that were sent */
static char last_reason[200];

/* --- the viewer ------------------------------------------------------------------------------- */

static void say(Ses__Message *m)
{
	struct hws_buf b;

	hws_buf_init(&b, 65536);
	ck_assert_int_eq(hws_ses_pack(m, &b), HWS_OK);
	ck_assert_int_eq(hws_conn_send_on(viewer, HWS_CHANNEL_CONTROL, hws_buf_bytes(&b)), HWS_OK);
	hws_buf_done(&b);
}

static void log_in(const Ses__Hash *hash)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__LoginRequest lr = SES__LOGIN_REQUEST__INIT;

	by_hand_login(&host, hash, &secure, &proofs, &lr);
	m.union_case = SES__MESSAGE__UNION_LOGIN_REQUEST;
	m.login_request = &lr;
	say(&m);
}

/* A probe of ours comes back as it was. */
static void ask_echo(void)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__TestDelay d = SES__TEST_DELAY__INIT;

	d.from_client = true;
	d.time = ++asked;
	m.union_case = SES__MESSAGE__UNION_TEST_DELAY;
	m.test_delay = &d;
	say(&m);
}

static void on_delay(Ses__Message *m)
{
	if (m->test_delay->from_client)
		ck_assert_int_eq(m->test_delay->time, ++echoes); /* each once, in order */
	else
		say(m);
}

static void on_message(struct hws_bytes payload)
{
	Ses__Message *m = NULL;

	if (hws_ses_unpack(payload, &m) < 0)
		return;
	if (m->union_case == SES__MESSAGE__UNION_HASH) {
		log_in(m->hash);
	} else if (m->union_case == SES__MESSAGE__UNION_LOGIN_RESPONSE) {
		ck_assert_int_eq(m->login_response->union_case,
				SES__LOGIN_RESPONSE__UNION_PEER_INFO);
		ck_assert_uint_eq(m->login_response->leg_session.len, sizeof(session));
		memcpy(session, m->login_response->leg_session.data, sizeof(session));
		welcome = pake_confirmed(&proofs, m->login_response);
	} else if (m->union_case == SES__MESSAGE__UNION_TEST_DELAY) {
		on_delay(m);
	} else if (m->union_case == SES__MESSAGE__UNION_MISC &&
			m->misc->union_case == SES__MISC__UNION_CLOSE_REASON) {
		snprintf(last_reason, sizeof(last_reason), "%s", m->misc->close_reason);
	}
	hws_ses_free(m);
}

static void on_event(struct hws_legs *l HWS_UNUSED, enum hws_legs_event event,
		uint32_t number HWS_UNUSED, void *arg HWS_UNUSED)
{
	events[event]++;
}

static void begin_legs(void)
{
	const struct hws_legs_conf conf = { .away_us = LIMIT_US,
		.ended_us = LIMIT_US,
		.ask_us = HWS_US_PER_S / 2,
		.silent_us = HWS_US_PER_S,
		.on_event = on_event };

	secured = true;
	ck_assert_int_eq(hws_secure_level(&secure), HWS_LEVEL_V2);
	memcpy(host_pk, hws_secure_host_pk(&secure), sizeof(host_pk));
	ck_assert_ptr_nonnull(hws_secure_legs_key(&secure));
	ck_assert_int_eq(hws_legs_begin(viewer, &conf, &legs), HWS_OK);
}

static void on_frame(struct hws_conn *c HWS_UNUSED, struct hws_bytes payload, void *arg HWS_UNUSED)
{
	if (secured) {
		on_message(payload);
		return;
	}
	ck_assert_int_eq(hws_secure_frame(&secure, payload), HWS_OK);
	ck_assert_int_eq(handshake_step(&secure, viewer, NULL), HWS_OK);
	ck_assert_int_ne(hws_secure_state(&secure), HWS_SECURE_FAILED);
	if (hws_secure_state(&secure) == HWS_SECURE_DONE)
		begin_legs();
}

static void on_close(struct hws_conn *c HWS_UNUSED, int why, void *arg HWS_UNUSED)
{
	viewer = NULL;
	legs = NULL;
	ended = why;
}

static struct hws_stream *to_host(void)
{
	return by_hand_dial(&host, loop);
}

/* The log is read on: a host that nobody reads stands still in the end. */
static void turns(unsigned n)
{
	(void)test_proc_expect(&host.proc, "nothing that it says", 1);
	for (unsigned i = 0; i < n; i++)
		hws_loop_once(loop, 1000);
}

#define WAIT_FOR(so)                                                                               \
	do {                                                                                       \
		uint64_t wait_end_us = hws_clock_us() + LIMIT_US;                                  \
		while (!(so)) {                                                                    \
			ck_assert_msg(hws_clock_us() < wait_end_us, "not in time: " #so);          \
			turns(5);                                                                  \
		}                                                                                  \
	} while (0)

static void open_session(void)
{
	const struct hws_secure_client_conf sc = { .id = "", .need = HWS_LEVEL_V2, .legs = true };
	const struct hws_conn_conf cc = { .frame_max = 1u << 20,
		.send_max = 1u << 20,
		.send_high = 1u << 19,
		.on_frame = on_frame,
		.on_close = on_close };

	secured = welcome = false;
	echoes = asked = 0;
	ended = 1;
	memset(events, 0, sizeof(events));
	ck_assert_int_eq(hws_secure_client_init(&secure, &sc), HWS_OK);
	ck_assert_int_eq(hws_conn_new(loop, to_host(), &cc, hws_bytes(NULL, 0), &viewer), HWS_OK);
	WAIT_FOR(welcome);
	host_until(&host, 1, "open");
}

static void set_up(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	ck_assert_int_eq(hws_loop_new(&loop), 0);
	memset(&host, 0, sizeof(host));
	host_start(&host, (const char *const[]){ "--log-level", "debug", NULL });
	host_password(&host);
	open_session();
}

static void tear_down(void)
{
	hws_conn_close(viewer, HWS_OK);
	hws_secure_wipe(&secure);
	hws_loop_once(loop, 0);
	hws_loop_free(loop);
	host_stop(&host);
}

/* --- joining ---------------------------------------------------------------------------------- */

static int joined; /* as of the last; 1 = under way */

static void on_joined(int r, const uint8_t *tag_secret HWS_UNUSED, void *arg HWS_UNUSED)
{
	joined = r;
}

static struct hws_leg_join_conf join_conf(uint32_t number)
{
	struct hws_leg_join_conf conf = { .loop = loop,
		.number = number,
		.host_pk = host_pk,
		.id = "",
		.legs = legs,
		.done = on_joined };

	memcpy(conf.session, session, sizeof(session));
	memcpy(conf.key_secret, hws_secure_legs_key(&secure), sizeof(conf.key_secret));
	return conf;
}

static int join(const struct hws_leg_join_conf *conf)
{
	struct hws_leg_join *j;

	joined = 1;
	ck_assert_int_eq(hws_leg_join_viewer(conf, to_host(), hws_bytes(NULL, 0), &j), HWS_OK);
	WAIT_FOR(joined != 1);
	return joined;
}

static void all_come_back(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		ask_echo();
	WAIT_FOR(echoes == asked);
}

/* A session's first word of a path is its own; how often it moved since. */
static void path_told(const char *what, unsigned times)
{
	uint64_t end_us = hws_clock_us() + LIMIT_US;
	unsigned n = 0;

	while (n < times && hws_clock_us() < end_us) {
		turns(5);
		n = 0;
		for (const char *at = host.proc.log; at && (at = strstr(at, what)); at++)
			n++;
	}
	ck_assert_uint_ge(n, times);
}

static char *must_run(const char *verb, const char *arg)
{
	const char *argv[] = { HOST_PROGRAM, verb, arg, "--state-dir", host.dir, NULL };
	char *text = NULL;

	ck_assert_int_eq(test_run(argv, NULL, &text), 0);
	ck_assert_ptr_nonnull(text);
	return text;
}

START_TEST(a_session_moves_while_it_speaks)
{
	uint64_t end_us = hws_clock_us() + LIMIT_US;
	json_t *status;
	bool told;
	char *text;

	for (uint32_t number = 1; number <= 4; number++) {
		struct hws_leg_join_conf conf = join_conf(number);
		struct hws_leg_join *j;

		joined = 1;
		ck_assert_int_eq(hws_leg_join_viewer(&conf, to_host(), hws_bytes(NULL, 0), &j),
				HWS_OK);
		while (joined == 1) { /* under way all the time */
			if (asked < echoes + 50)
				ask_echo();
			turns(1);
		}
		ck_assert_int_eq(joined, HWS_OK);
		ck_assert_uint_eq(hws_legs_number(legs), number);
		all_come_back(20);
	}
	WAIT_FOR(events[HWS_LEGS_LOST] == 4); /* the old ones have gone */
	ck_assert_uint_eq(events[HWS_LEGS_AWAY], 0);
	path_told("session.path", 4);
	status = host_status(&host);
	ck_assert_uint_eq(json_array_size(json_object_get(status, "sessions")), 1);
	json_decref(status);
	do { /* it is written a moment later */
		text = must_run("audit", "--json");
		told = strstr(text, "session.path") != NULL;
		free(text);
	} while (!told && hws_clock_us() < end_us);
	ck_assert(told);
	/* orderly to the last: the goodbye goes over the last leg */
	free(must_run("kick", "all"));
	WAIT_FOR(ended != 1);
	ck_assert_int_eq(ended, HWS_ERR_EOF);
	ck_assert_str_eq(last_reason, "Closed manually by the peer");
}
END_TEST

START_TEST(a_session_without_a_line_waits_for_one)
{
	struct hws_leg_join_conf conf;
	int held;

	all_come_back(5);
	/* so that the host does not hear of the end, as of a line that was cut */
	held = dup(hws_stream_fd(hws_legs_current(legs)));
	ck_assert_int_ge(held, 0);
	hws_legs_drop(legs, 0);
	WAIT_FOR(events[HWS_LEGS_AWAY] == 1);
	ask_echo(); /* while there is no way */
	conf = join_conf(1);
	ck_assert_int_eq(join(&conf), HWS_OK);
	all_come_back(5);
	ck_assert_int_eq(ended, 1);
	close(held);
}
END_TEST

/* What it was about to do is not to be kept from the next one. */
START_TEST(a_viewer_that_died_is_not_waited_for)
{
	all_come_back(5);
	hws_legs_drop(legs, 0); /* as the system closes what a killed process had open */
	WAIT_FOR(events[HWS_LEGS_AWAY] == 1);
	path_told("gate.away", 1);
	host_until(&host, 0, "open");
}
END_TEST

/* Whatever strangers try, the session has its legs, and nobody else's. */
START_TEST(strangers_get_nothing_and_hurt_nobody)
{
	struct hws_leg_join_conf conf = join_conf(1);
	uint8_t other_pk[HWS_PK_LEN] = { 1 };

	conf.session[3] ^= 1;
	ck_assert_int_eq(join(&conf), HWS_ERR_DENIED); /* no such session */
	conf = join_conf(1);
	conf.key_secret[0] ^= 1;
	ck_assert_int_eq(join(&conf), HWS_ERR_DENIED); /* nor of such a key */
	conf = join_conf(1);
	conf.host_pk = other_pk;
	ck_assert_int_eq(join(&conf), HWS_ERR_KEY);
	all_come_back(5);
	ck_assert_uint_eq(events[HWS_LEGS_MOVED], 0);
	conf = join_conf(1);
	ck_assert_int_eq(join(&conf), HWS_OK);
	/* a number is good once */
	conf = join_conf(1);
	ck_assert_int_lt(join(&conf), 0);
	all_come_back(5);
}
END_TEST

/* Who has seen a JoinLeg of the session go by, and can prove nothing. */
static struct hws_conn *strangers[24];
static struct hws_leg_terms seen;
static bool strangers_prove; /* else they keep what place they got */
static unsigned turned_away;

static void stranger_frame(struct hws_conn *c, struct hws_bytes payload, void *arg)
{
	static const struct hws_leg_terms nothing = { .number = 2 };
	uint8_t word[HWS_LEG_WORD_MAX];
	unsigned *said = arg;
	size_t len = 0;

	ck_assert_uint_le(payload.len, 4096);
	++*said;
	if (*said == 1)
		len = hws_leg_join_put(&seen, word);
	else if (*said == 2 && strangers_prove)
		len = hws_leg_proof_put(&nothing, word);
	if (len) /* lost is as good */
		(void)!hws_conn_send(c, hws_bytes(word, len));
}

static void stranger_gone(struct hws_conn *c, int why HWS_UNUSED, void *arg HWS_UNUSED)
{
	turned_away++;
	for (size_t i = 0; i < HWS_COUNT(strangers); i++)
		if (strangers[i] == c)
			strangers[i] = NULL;
}

/* They say JoinLeg as of the leg with that number. */
static void strangers_come(size_t count, uint32_t number, bool prove)
{
	static unsigned said[HWS_COUNT(strangers)];

	seen = (struct hws_leg_terms){ .number = number };
	memcpy(seen.session, session, sizeof(session));
	memcpy(seen.key_secret, hws_secure_legs_key(&secure), sizeof(seen.key_secret));
	strangers_prove = prove;
	turned_away = 0;
	for (size_t i = 0; i < HWS_COUNT(strangers) && count; i++) {
		const struct hws_conn_conf cc = { .frame_max = 65536,
			.on_frame = stranger_frame,
			.on_close = stranger_gone,
			.arg = &said[i] };

		if (strangers[i]) /* one that is there still */
			continue;
		count--;
		said[i] = 0;
		ck_assert_int_eq(hws_conn_new(loop, to_host(), &cc, hws_bytes(NULL, 0),
						 &strangers[i]),
				HWS_OK);
	}
}

START_TEST(a_flood_of_joins_ends_and_the_session_does_not)
{
	struct hws_leg_join_conf conf = join_conf(1);

	ck_assert_int_eq(join(&conf), HWS_OK);
	all_come_back(5);
	strangers_come(1, 2, true); /* one that is to come, by who is on its way */
	WAIT_FOR(turned_away == 1);
	strangers_come(HWS_COUNT(strangers), 2, false);
	all_come_back(50);
	/* those that had got a place would have it now */
	WAIT_FOR(turned_away >= HWS_COUNT(strangers) - 2);
	ck_assert_uint_eq(events[HWS_LEGS_MOVED], 1);
	/* its own viewer moves on at once: no place is taken, and nothing of its rate */
	conf = join_conf(3);
	ck_assert_int_eq(join(&conf), HWS_OK);
	all_come_back(50);
	WAIT_FOR(turned_away == HWS_COUNT(strangers));
}
END_TEST

/* Connections that the viewer gave up, whose end the host has not heard of: the next one does not
 * wait until they are over. */
START_TEST(legs_that_were_given_up_keep_no_place)
{
	struct hws_leg_join_conf conf;

	strangers_come(1, 1, false);
	all_come_back(5);
	strangers_come(1, 2, false);
	all_come_back(5);
	conf = join_conf(3);
	ck_assert_int_eq(join(&conf), HWS_OK);
	all_come_back(5);
	WAIT_FOR(turned_away == 1); /* the first of them */
}
END_TEST

/* A leg of the session's that the viewer's own legs know nothing of. */
static void brief_frame(struct hws_conn *c, struct hws_bytes payload, void *arg)
{
	struct hws_leg_terms *t = arg;
	uint8_t word[HWS_LEG_WORD_MAX];

	if (!t->viewer_received) {
		t->viewer_received = hws_legs_received(legs);
		ck_assert_int_eq(hws_conn_send(c, hws_bytes(word, hws_leg_join_put(t, word))), 0);
		return;
	}
	ck_assert_int_eq(hws_leg_challenge_read(payload, t), HWS_OK);
	ck_assert_int_eq(hws_conn_send(c, hws_bytes(word, hws_leg_proof_put(t, word))), 0);
	hws_conn_pause(c); /* what comes now are chunks */
}

static void brief_gone(struct hws_conn *c HWS_UNUSED, int why HWS_UNUSED, void *arg HWS_UNUSED)
{
	joined = HWS_OK;
}

START_TEST(a_leg_that_is_used_again_is_not_ended)
{
	struct hws_leg_join_conf conf = join_conf(1);
	struct hws_leg_terms t = { .number = 2 };
	const struct hws_conn_conf cc = {
		.frame_max = 65536, .on_frame = brief_frame, .on_close = brief_gone, .arg = &t
	};
	struct hws_conn *brief;
	uint64_t end_us;

	ck_assert_int_eq(join(&conf), HWS_OK);
	all_come_back(5);
	path_told("session.path", 1);
	memcpy(t.session, session, sizeof(session));
	memcpy(t.key_secret, conf.key_secret, sizeof(t.key_secret));
	joined = 1;
	ck_assert_int_eq(hws_conn_new(loop, to_host(), &cc, hws_bytes(NULL, 0), &brief), HWS_OK);
	path_told("session.path", 2);
	hws_conn_close(brief, HWS_OK);
	WAIT_FOR(joined != 1);
	path_told("session.path", 3); /* there, and back again */
	all_come_back(5);
	/* longer than one that has been left is given */
	end_us = hws_clock_us() + 17 * HWS_US_PER_S;
	while (hws_clock_us() < end_us) {
		all_come_back(1);
		turns(20);
	}
	ck_assert_uint_eq(events[HWS_LEGS_LOST], 1); /* the first connection */
	ck_assert_uint_eq(events[HWS_LEGS_AWAY], 0);
	ck_assert_int_eq(ended, 1);
}
END_TEST

int main(void)
{
	return test_main("host/legs", 200, set_up, tear_down,
			TESTS(a_session_moves_while_it_speaks,
					a_session_without_a_line_waits_for_one,
					a_viewer_that_died_is_not_waited_for,
					strangers_get_nothing_and_hurt_nobody,
					legs_that_were_given_up_keep_no_place,
					a_flood_of_joins_ends_and_the_session_does_not,
					a_leg_that_is_used_again_is_not_ended));
}
