/* The real host against who carries its viewers' bytes: a relay in the middle that sends frames
 * back, twice, in another order, shortened or not at all, puts others in between, takes the offer
 * of v2 away or gives another one, and changes each byte of the handshake. The session ends with
 * an error, and no key that the viewer did not press reaches the desktop. */
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
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
#include <string.h>
#include <unistd.h>

enum direction { TO_HOST, TO_VIEWER };
enum how {
	NOTHING,
	BACK, /* to who sent it as well */
	TWICE,
	LATER, /* behind the next one */
	AWAY,
	SHORTER,  /* without its last byte */
	EMPTY,    /* a frame of no bytes before it */
	ONE,      /* of one byte */
	PLAIN,    /* a key in plain before it */
	STRIPPED, /* the Hash without its offer */
	SWAPPED,  /* with that of another connection */
	CHANGED   /* one bit of `byte` */
};

struct attack {
	const char *name;
	enum how how;
	enum direction to;
	unsigned frame; /* from 0, of this direction */
	size_t byte;
};

static const uint8_t key_message[] = { 0x7a, 0x02, 0x10, 0x01 }; /* ses.Message.key_event */

static struct test_host host;
static struct hws_loop *loop;

/* the man in the middle */
static struct attack attack;
static struct hws_conn *side[2]; /* by direction */
static unsigned frames[2];
static size_t frame_len; /* of the one that is attacked */
static struct hws_buf held, other_hash;

/* the viewer */
static struct hws_conn *viewer;
static struct hws_secure secure;
static struct pake_login proofs;
static uint8_t pin[HWS_PK_LEN];
static bool pinned, secured, welcome, refused, ended;
static unsigned messages, keys_seen;
static int viewer_why;

/* --- the man in the middle --- */

static void pass(enum direction to, struct hws_bytes payload)
{
	if (side[to] && hws_conn_send(side[to], payload) < 0)
		ended = true;
}

static void put_offer(struct hws_bytes payload, struct hws_bytes offer)
{
	Ses__Message *m = NULL;
	struct hws_buf out;
	ProtobufCBinaryData was;

	ck_assert_int_eq(hws_ses_unpack(payload, &m), HWS_OK);
	ck_assert_int_eq(m->union_case, SES__MESSAGE__UNION_HASH);
	was = m->hash->v2_signed_id;
	ck_assert_uint_gt(was.len, 0);
	m->hash->v2_signed_id = (ProtobufCBinaryData){ offer.len, (uint8_t *)(uintptr_t)offer.ptr };
	hws_buf_init(&out, 65536);
	ck_assert_int_eq(hws_ses_pack(m, &out), HWS_OK);
	m->hash->v2_signed_id = was;
	hws_ses_free(m);
	pass(TO_VIEWER, hws_buf_bytes(&out));
	hws_buf_done(&out);
}

static void put_other_offer(struct hws_bytes payload)
{
	Ses__Message *m = NULL;

	ck_assert_int_eq(hws_ses_unpack(hws_buf_bytes(&other_hash), &m), HWS_OK);
	put_offer(payload, hws_bytes(m->hash->v2_signed_id.data, m->hash->v2_signed_id.len));
	hws_ses_free(m);
}

static void put_changed(enum direction to, struct hws_bytes payload)
{
	struct hws_buf b;

	hws_buf_init(&b, 65536);
	hws_buf_put(&b, payload.ptr, payload.len);
	ck_assert_uint_lt(attack.byte, payload.len);
	((uint8_t *)(uintptr_t)hws_buf_bytes(&b).ptr)[attack.byte] ^= 1;
	pass(to, hws_buf_bytes(&b));
	hws_buf_done(&b);
}

static void commit(enum direction to, struct hws_bytes payload)
{
	frame_len = payload.len;
	switch (attack.how) {
	case NOTHING:
		pass(to, payload);
		break;
	case BACK:
		pass(to == TO_HOST ? TO_VIEWER : TO_HOST, payload);
		pass(to, payload);
		break;
	case TWICE:
		pass(to, payload);
		pass(to, payload);
		break;
	case LATER:
		hws_buf_put(&held, payload.ptr, payload.len);
		break;
	case AWAY:
		break;
	case SHORTER:
		pass(to, hws_bytes(payload.ptr, payload.len - 1));
		break;
	case EMPTY:
		pass(to, hws_bytes(NULL, 0));
		pass(to, payload);
		break;
	case ONE:
		pass(to, hws_bytes("\x2a", 1));
		pass(to, payload);
		break;
	case PLAIN:
		pass(to, hws_bytes(key_message, sizeof(key_message)));
		pass(to, payload);
		break;
	case STRIPPED:
		put_offer(payload, hws_bytes(NULL, 0));
		break;
	case SWAPPED:
		put_other_offer(payload);
		break;
	case CHANGED:
		put_changed(to, payload);
		break;
	}
}

static void carry(enum direction to, struct hws_bytes payload)
{
	unsigned n = frames[to]++;

	if (to == attack.to && n == attack.frame) {
		commit(to, payload);
		return;
	}
	pass(to, payload);
	if (to == attack.to && hws_buf_len(&held)) {
		pass(to, hws_buf_bytes(&held));
		hws_buf_reset(&held);
	}
}

static void from_viewer(
		struct hws_conn *c HWS_UNUSED, struct hws_bytes payload, void *arg HWS_UNUSED)
{
	carry(TO_HOST, payload);
}

static void from_host(struct hws_conn *c HWS_UNUSED, struct hws_bytes payload, void *arg HWS_UNUSED)
{
	carry(TO_VIEWER, payload);
}

static void viewer_side_gone(
		struct hws_conn *c HWS_UNUSED, int why HWS_UNUSED, void *arg HWS_UNUSED)
{
	side[TO_VIEWER] = NULL;
	ended = true;
}

static void host_side_gone(struct hws_conn *c HWS_UNUSED, int why HWS_UNUSED, void *arg HWS_UNUSED)
{
	side[TO_HOST] = NULL;
	ended = true;
}

/* --- the viewer --- */

static void send_message(Ses__Message *m, enum hws_channel channel)
{
	struct hws_buf b;

	hws_buf_init(&b, 65536);
	ck_assert_int_eq(hws_ses_pack(m, &b), HWS_OK);
	if (viewer && hws_conn_send_on(viewer, channel, hws_buf_bytes(&b)) < 0)
		ended = true;
	hws_buf_done(&b);
}

static void log_in(const Ses__Hash *hash)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__LoginRequest lr = SES__LOGIN_REQUEST__INIT;

	by_hand_login(&host, hash, &secure, &proofs, &lr);
	m.union_case = SES__MESSAGE__UNION_LOGIN_REQUEST;
	m.login_request = &lr;
	send_message(&m, HWS_CHANNEL_CONTROL);
}

static void press_key(void)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__KeyEvent key = SES__KEY_EVENT__INIT;

	key.press = true;
	key.union_case = SES__KEY_EVENT__UNION_CHR;
	key.chr = 'a';
	m.union_case = SES__MESSAGE__UNION_KEY_EVENT;
	m.key_event = &key;
	send_message(&m, HWS_CHANNEL_INPUT);
}

static void on_message(struct hws_bytes payload)
{
	Ses__Message *m = NULL;

	if (hws_ses_unpack(payload, &m) < 0)
		return;
	messages++;
	if (m->union_case == SES__MESSAGE__UNION_HASH) {
		log_in(m->hash);
	} else if (m->union_case == SES__MESSAGE__UNION_LOGIN_RESPONSE) {
		welcome = m->login_response->union_case == SES__LOGIN_RESPONSE__UNION_PEER_INFO &&
				pake_confirmed(&proofs, m->login_response);
		if (welcome)
			press_key();
		else
			refused = ended = true;
	} else if (m->union_case == SES__MESSAGE__UNION_MISC &&
			m->misc->union_case == SES__MISC__UNION_CHAT_MESSAGE) {
		keys_seen++;
	}
	hws_ses_free(m);
}

static void step(void)
{
	if (handshake_step(&secure, viewer, NULL) < 0 ||
			hws_secure_state(&secure) == HWS_SECURE_FAILED)
		ended = true;
	if (hws_secure_state(&secure) == HWS_SECURE_DONE) {
		ck_assert_int_eq(hws_secure_level(&secure), HWS_LEVEL_V2);
		secured = true;
	}
}

static void at_viewer(struct hws_conn *c HWS_UNUSED, struct hws_bytes payload, void *arg HWS_UNUSED)
{
	if (ended)
		return;
	if (secured)
		on_message(payload);
	else if (hws_secure_frame(&secure, payload) < 0)
		ended = true;
	else
		step();
}

static void viewer_gone(struct hws_conn *c HWS_UNUSED, int why, void *arg HWS_UNUSED)
{
	viewer = NULL;
	viewer_why = why;
	ended = true;
}

/* --- attempts --- */

static struct hws_stream *to_host(void)
{
	return by_hand_dial(&host, loop);
}

static struct hws_conn *frames_of(struct hws_stream *s,
		void (*on_frame)(struct hws_conn *, struct hws_bytes, void *),
		void (*on_close)(struct hws_conn *, int, void *))
{
	const struct hws_conn_conf cc = { .frame_max = 1u << 20,
		.send_max = 1u << 20,
		.send_high = 1u << 19,
		.on_frame = on_frame,
		.on_close = on_close };
	struct hws_conn *c = NULL;

	ck_assert_int_eq(hws_conn_new(loop, s, &cc, hws_bytes(NULL, 0), &c), HWS_OK);
	return c;
}

static void turn_until(bool (*so)(void), unsigned ms)
{
	uint64_t end_us = hws_clock_us() + ms * 1000ull;

	while (!so() && hws_clock_us() < end_us)
		hws_loop_once(loop, 2000);
}

static bool is_over(void)
{
	return ended || keys_seen;
}

static void part(void)
{
	hws_conn_close(viewer, HWS_OK);
	hws_conn_close(side[TO_VIEWER], HWS_OK);
	hws_conn_close(side[TO_HOST], HWS_OK);
	hws_loop_once(loop, 1000);
	viewer = side[0] = side[1] = NULL;
}

/* Goes as far as it goes; `ms` where nothing may come at all. */
static void attempt(const struct attack *a, unsigned ms)
{
	const struct hws_secure_client_conf sc = { .id = "",
		.pinned_pk = pinned ? pin : NULL,
		.need = pinned ? HWS_LEVEL_V2 : HWS_LEVEL_V1 };
	const struct hws_mem_conf mc = { 0 };
	struct hws_stream *near, *far;

	/* a host whose log nobody reads stands still in the end */
	(void)test_proc_expect(&host.proc, "nothing that it says", 1);
	attack = *a;
	frames[0] = frames[1] = messages = keys_seen = 0;
	secured = welcome = refused = ended = false;
	viewer_why = HWS_OK;
	hws_buf_reset(&held);
	ck_assert_int_eq(hws_secure_client_init(&secure, &sc), HWS_OK);
	ck_assert_int_eq(hws_stream_mem_pair(loop, &mc, &near, &far), HWS_OK);
	viewer = frames_of(near, at_viewer, viewer_gone);
	side[TO_VIEWER] = frames_of(far, from_viewer, viewer_side_gone);
	side[TO_HOST] = frames_of(to_host(), from_host, host_side_gone);
	step();
	turn_until(is_over, ms);
}

/* The same, and again where the host was not ready for the next one: its door lets in so many a
 * second, and closes on the others before a frame is said. */
static void attempt_for_sure(const struct attack *a)
{
	for (int i = 0; i < 200; i++) {
		attempt(a, TEST_PATIENCE_MS);
		if (frames[a->to] > a->frame)
			return;
		ck_assert_msg(ended, "%s: no frame, and no end", a->name);
		part();
		usleep(100000);
	}
	ck_abort_msg("%s: the host lets nobody in", a->name);
}

/* A session uses the temporary password up once the host knows that it is over. */
static void renew_password(void)
{
	size_t sessions = 1;

	for (unsigned i = 0; welcome && sessions && i < 2000; i++) {
		json_t *status = host_status(&host);

		sessions = json_array_size(json_object_get(status, "sessions"));
		json_decref(status);
		usleep(2000);
	}
	ck_assert(!welcome || !sessions);
	if (welcome)
		host_password(&host);
}

static unsigned keys_at_desktop(void)
{
	unsigned n = 0;

	(void)test_proc_expect(&host.proc, "nothing that it says", 50);
	for (const char *at = host.proc.log; at && (at = strstr(at, "agent.key")); at++)
		n++;
	return n;
}

static void must_work(void)
{
	unsigned before = keys_at_desktop();

	host_password(&host);
	attempt(&(struct attack){ "nothing", NOTHING, TO_HOST, 0, 0 }, TEST_PATIENCE_MS);
	ck_assert_msg(keys_seen == 1, "an honest session: %s, %u messages",
			hws_secure_text(&secure), messages);
	memcpy(pin, hws_secure_host_pk(&secure), sizeof(pin));
	part();
	renew_password();
	ck_assert_uint_eq(keys_at_desktop(), before + 1);
}

static void setup(void)
{
	static const char *const extra[] = { "--max-connections", "1000", NULL };

	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	hws_buf_init(&held, 65536);
	hws_buf_init(&other_hash, 65536);
	memset(&host, 0, sizeof(host));
	host_start(&host, extra);
	test_proc_must_expect(&host.proc, "desktop.ready", 10000);
}

static void teardown(void)
{
	part();
	host_stop(&host);
	hws_buf_done(&held);
	hws_buf_done(&other_hash);
	hws_loop_free(loop);
}

/* --- what he tries --- */

/* Up to the host's second Hash nothing of a session may be seen; frames 0 and 1 of each direction
 * are the handshake. `AWAY` and `LATER` can only be waited for. */
static const struct attack handshake_attacks[] = {
	{ "Hash back to the host", BACK, TO_VIEWER, 0, 0 },
	{ "Hash without its offer", STRIPPED, TO_VIEWER, 0, 0 },
	{ "another connection's offer", SWAPPED, TO_VIEWER, 0, 0 },
	{ "Hash cut", SHORTER, TO_VIEWER, 0, 0 },
	{ "nothing before Hash", EMPTY, TO_VIEWER, 0, 0 },
	{ "a byte before Hash", ONE, TO_VIEWER, 0, 0 },
	{ "the viewer's key back to it", BACK, TO_HOST, 0, 0 },
	{ "the viewer's key twice", TWICE, TO_HOST, 0, 0 },
	{ "the viewer's key late", LATER, TO_HOST, 0, 0 },
	{ "no key of the viewer", AWAY, TO_HOST, 0, 0 },
	{ "the viewer's key cut", SHORTER, TO_HOST, 0, 0 },
	{ "nothing before the key", EMPTY, TO_HOST, 0, 0 },
	{ "a byte before the key", ONE, TO_HOST, 0, 0 },
	{ "a key press before the key", PLAIN, TO_HOST, 0, 0 },
	{ "the viewer's word back to it", BACK, TO_HOST, 1, 0 },
	{ "no word of the viewer", AWAY, TO_HOST, 1, 0 },
	{ "the viewer's word cut", SHORTER, TO_HOST, 1, 0 },
	{ "nothing before the viewer's word", EMPTY, TO_HOST, 1, 0 },
	{ "a byte before the viewer's word", ONE, TO_HOST, 1, 0 },
	{ "a key press before the viewer's word", PLAIN, TO_HOST, 1, 0 },
	{ "the host's word twice", TWICE, TO_VIEWER, 1, 0 },
	{ "the host's word late", LATER, TO_VIEWER, 1, 0 },
	{ "no word of the host", AWAY, TO_VIEWER, 1, 0 },
	{ "the host's word cut", SHORTER, TO_VIEWER, 1, 0 },
	{ "nothing before the host's word", EMPTY, TO_VIEWER, 1, 0 },
	{ "a byte before the host's word", ONE, TO_VIEWER, 1, 0 },
	{ "a key press before the host's word", PLAIN, TO_VIEWER, 1, 0 },
};

static void catch_other_hash(
		struct hws_conn *c HWS_UNUSED, struct hws_bytes payload, void *arg HWS_UNUSED)
{
	hws_buf_put(&other_hash, payload.ptr, payload.len);
}

static void other_gone(struct hws_conn *c HWS_UNUSED, int why HWS_UNUSED, void *arg HWS_UNUSED)
{
}

static bool has_other_hash(void)
{
	return hws_buf_len(&other_hash) > 0;
}

static void must_come_to_nothing(const struct attack *a)
{
	/* where a frame is missing both wait, for longer than a test does */
	if (a->how == AWAY || a->how == LATER)
		attempt(a, 1000);
	else
		attempt_for_sure(a);
	ck_assert_msg(ended || a->how == AWAY || a->how == LATER, "%s: goes on", a->name);
	ck_assert_msg(!welcome && !refused && !keys_seen, "%s: a login", a->name);
	part();
}

/* 0: a viewer that has met the host, 1: one that has not. */
START_TEST(a_handshake_that_was_touched_comes_to_nothing)
{
	struct hws_conn *other;
	unsigned before;

	must_work();
	pinned = _i == 0;
	before = keys_at_desktop();
	other = frames_of(to_host(), catch_other_hash, other_gone);
	turn_until(has_other_hash, TEST_PATIENCE_MS);
	for (size_t i = 0; i < HWS_COUNT(handshake_attacks); i++)
		must_come_to_nothing(&handshake_attacks[i]);
	hws_conn_close(other, HWS_OK);
	ck_assert_uint_eq(keys_at_desktop(), before);
	must_work();
}
END_TEST

/* Records after the handshake: the second Hash, the login, its answer, the key. What is sent before
 * the attack counts; nothing of it counts twice. */
static const struct attack record_attacks[] = {
	{ "a record of the host back to it", BACK, TO_VIEWER, 2, 0 },
	{ "a record of the host twice", TWICE, TO_VIEWER, 2, 0 },
	{ "records of the host in another order", LATER, TO_VIEWER, 2, 0 },
	{ "a record of the host missing", AWAY, TO_VIEWER, 2, 0 },
	{ "a record of the host cut", SHORTER, TO_VIEWER, 2, 0 },
	{ "an empty frame to the viewer", EMPTY, TO_VIEWER, 2, 0 },
	{ "a byte to the viewer", ONE, TO_VIEWER, 2, 0 },
	{ "a bit of the host's", CHANGED, TO_VIEWER, 2, 3 },
	{ "the login back to the viewer", BACK, TO_HOST, 2, 0 },
	{ "the login twice", TWICE, TO_HOST, 2, 0 },
	{ "the login cut", SHORTER, TO_HOST, 2, 0 },
	{ "an empty frame before the login", EMPTY, TO_HOST, 2, 0 },
	{ "a byte before the login", ONE, TO_HOST, 2, 0 },
	{ "a key press before the login", PLAIN, TO_HOST, 2, 0 },
	{ "a bit of the login", CHANGED, TO_HOST, 2, 9 },
	{ "the key press twice", TWICE, TO_HOST, 3, 0 },
	{ "the key press back", BACK, TO_HOST, 3, 0 },
	{ "the key press cut", SHORTER, TO_HOST, 3, 0 },
	{ "a bit of the key press", CHANGED, TO_HOST, 3, 1 },
	{ "a key press of his own", PLAIN, TO_HOST, 3, 0 },
	{ "an empty frame before the key press", EMPTY, TO_HOST, 3, 0 },
	{ "a byte before the key press", ONE, TO_HOST, 3, 0 },
};

static bool has_ended(void)
{
	return ended;
}

START_TEST(a_session_whose_records_were_touched_ends)
{
	must_work();
	pinned = true;
	for (size_t i = 0; i < HWS_COUNT(record_attacks); i++) {
		const struct attack *a = &record_attacks[i];
		unsigned before = keys_at_desktop(), got;

		attempt(a, TEST_PATIENCE_MS);
		/* the host may renew the password a moment after the session before is gone */
		for (int tries = 0; refused && tries < 5; tries++) {
			part();
			usleep(200000);
			host_password(&host);
			attempt(a, TEST_PATIENCE_MS);
		}
		turn_until(has_ended, TEST_PATIENCE_MS);
		ck_assert_msg(ended && !refused, "%s: %s", a->name,
				refused ? "another password" : "goes on");
		part();
		renew_password();
		got = keys_at_desktop() - before;
		ck_assert_msg(got <= (a->to == TO_HOST && a->frame == 3 &&
						     (a->how == TWICE || a->how == BACK)),
				"%s: %u keys", a->name, got);
	}
	must_work();
}
END_TEST

/* An end that nobody said is a cut line, and told so. */
START_TEST(a_line_that_is_cut_is_no_end)
{
	must_work();
	pinned = true;
	attempt(&(struct attack){ "nothing", NOTHING, TO_HOST, 0, 0 }, TEST_PATIENCE_MS);
	ck_assert_uint_eq(keys_seen, 1);
	hws_conn_close(side[TO_VIEWER], HWS_OK);
	turn_until(has_ended, TEST_PATIENCE_MS);
	hws_loop_once(loop, 1000);
	ck_assert_ptr_null(viewer);
	ck_assert_int_eq(viewer_why, HWS_ERR_RESET);
}
END_TEST

/* Of the first Hash only the offer counts for v2: salt and challenge are those of the second. */
START_TEST(each_bit_of_the_handshake_counts)
{
	static const struct {
		enum direction to;
		unsigned frame;
	} which[] = { { TO_VIEWER, 0 }, { TO_HOST, 0 }, { TO_HOST, 1 }, { TO_VIEWER, 1 } };
	unsigned before, worked = 0;

	must_work();
	pinned = true;
	before = keys_at_desktop();
	for (size_t i = 0; i < HWS_COUNT(which); i++) {
		struct attack a = { "changed", CHANGED, which[i].to, which[i].frame, 0 };

		frame_len = 1;
		for (; a.byte < frame_len; a.byte++) {
			attempt_for_sure(&a);
			ck_assert_msg(ended || keys_seen, "frame %u to %d, byte %zu: goes on",
					a.frame, a.to, a.byte);
			/* of the first Hash salt and challenge do not count; all the rest does */
			ck_assert_msg(!keys_seen || i == 0, "frame %u to %d, byte %zu is free",
					a.frame, a.to, a.byte);
			ck_assert_msg(!refused, "another password");
			worked += keys_seen;
			part();
			renew_password();
		}
		ck_assert_uint_gt(frame_len, 32);
	}
	ck_assert_uint_eq(keys_at_desktop(), before + worked);
	must_work();
	ck_assert_uint_gt(worked, 0);
	ck_assert_uint_le(worked, 50); /* at most salt and challenge, and their lengths */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("v2_host_attack");
	TCase *t = test_case(s, "all", 280,
			TESTS(a_session_whose_records_were_touched_ends,
					a_line_that_is_cut_is_no_end,
					each_bit_of_the_handshake_counts));

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_handshake_that_was_touched_comes_to_nothing, 0, 2);
	return test_suite_run(s);
}
