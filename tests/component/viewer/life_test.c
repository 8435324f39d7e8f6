/* libhawser against a scripted host, only through the public API: how contexts and sessions begin
 * and end, whoever ends them, whenever, on whatever thread, and what callers that go wrong are
 * told. */
#include "shared/base/macros.h"
#include "shared/crypto/crypto.h"
#include "tests/component/viewer/fake_host.h"
#include "tests/component/viewer/told.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <hawser/hawser.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

START_TEST(a_restarted_host_is_reached_again)
{
	struct fake_host h;
	struct told t;

	fake_host_start(&h,
			&(struct fake_conf){
					.password = "secret", .trick = FAKE_CLOSE_AFTER_FRAME });
	open_context(&t);
	open_session(&h, &t, "secret");
	until(&t, HAWSER_EVENT_READY, 2);
	ck_assert_int_eq(t.retries, 1);
	/* The first picture may have died with its connection, this one may not. */
	until(&t, HAWSER_EVENT_FRAME, t.frames_before + 1);
	ck_assert_uint_eq(fake_host_connections(&h), 2);
	ck_assert_int_eq(t.count[HAWSER_EVENT_CLOSED], 0);
	close_all(&h, &t);
}
END_TEST

static const struct {
	enum fake_trick trick;
	bool by_id;
	int error;
	const char *text; /* part of the sentence */
} endings[] = {
	{ FAKE_CLOSE_AT_ACCEPT, false, HAWSER_ERR_EOF, "closed the connection before the login" },
	{ FAKE_OVERSIZED, false, HAWSER_ERR_TOOBIG, "larger than any real host sends" },
	{ FAKE_CORRUPT_RECORD, true, HAWSER_ERR_CRYPTO, "tampering" },
	{ FAKE_CLOSE_REASON, false, HAWSER_ERR_EOF, "Closed manually by the peer" },
};

START_TEST(every_way_to_fail_ends_with_a_cause)
{
	struct fake_host h;
	struct told t;
	char target[200];

	fake_host_start(&h,
			&(struct fake_conf){
					.trick = endings[_i].trick, .by_id = endings[_i].by_id });
	open_context(&t);
	struct hawser_session_config c = config_for(&h, &t, target);
	c.password = "x";
	c.no_retry = true;
	ck_assert_int_eq(hawser_session_open(t.ctx, &c, &t.session), 0);
	until(&t, HAWSER_EVENT_CLOSED, 1);
	ck_assert_int_eq(t.closed_error, endings[_i].error);
	ck_assert_msg(strstr(t.closed_text, endings[_i].text) != NULL, "%s", t.closed_text);
	ck_assert_int_eq(hawser_session_state(t.session), HAWSER_STATE_CLOSED);
	ck_assert_int_eq(hawser_session_refresh(t.session, -1), HAWSER_ERR_DENIED);
	close_all(&h, &t);
}
END_TEST

START_TEST(nobody_listening_is_told_at_once)
{
	struct told t;
	char target[100];

	open_context(&t);
	snprintf(target, sizeof(target), "127.0.0.1:%u", test_free_port());
	struct hawser_session_config c = HAWSER_SESSION_CONFIG_INIT;
	c.target = target;
	c.on_event = on_event;
	c.arg = &t;
	ck_assert_int_eq(hawser_session_open(t.ctx, &c, &t.session), 0);
	until(&t, HAWSER_EVENT_CLOSED, 1);
	ck_assert_int_eq(t.closed_error, HAWSER_ERR_REFUSED);
	ck_assert_int_eq(t.retries, 0);
	hawser_context_free(t.ctx); /* closes the session, too */
}
END_TEST

/* Whoever was built against these structs goes on when the library's have grown. */
#define STARTS_WITH_SIZE(name) _Static_assert(offsetof(struct name, size) == 0, #name)
STARTS_WITH_SIZE(hawser_context_config);
STARTS_WITH_SIZE(hawser_session_config);
STARTS_WITH_SIZE(hawser_event);
STARTS_WITH_SIZE(hawser_peer);
STARTS_WITH_SIZE(hawser_display);
STARTS_WITH_SIZE(hawser_frame);
STARTS_WITH_SIZE(hawser_stats);
STARTS_WITH_SIZE(hawser_recent);

START_TEST(lists_of_a_later_library_are_stepped_through)
{
	struct later_display {
		struct hawser_display d;
		char more[24];
	} displays[2] = { { .d = { .size = sizeof(displays[0]), .name = "left" } },
		{ .d = { .size = sizeof(displays[0]), .name = "right" } } };
	struct later_recent {
		struct hawser_recent r;
		char more[40];
	} recent[2] = { { .r = { .size = sizeof(recent[0]), .target = "1" } },
		{ .r = { .size = sizeof(recent[0]), .target = "2" } } };
	struct hawser_peer peer = HAWSER_PEER_INIT;

	peer.displays = &displays[0].d;
	peer.display_count = 2;
	ck_assert_str_eq(hawser_display_at(&peer, 1)->name, "right");
	ck_assert_str_eq(hawser_recent_at(&recent[0].r, 1)->target, "2");
}
END_TEST

/* The whole life of a context on a thread of its own, by the descriptor only. */
static void *foreign_thread(void *arg)
{
	struct fake_host *h = arg;
	struct told t;

	open_context(&t);
	open_session(h, &t, "x");
	while (t.count[HAWSER_EVENT_FRAME] < 1) {
		struct pollfd p = { .fd = hawser_context_fd(t.ctx), .events = POLLIN };
		ck_assert_int_gt(poll(&p, 1, 20000), 0);
		hawser_context_dispatch(t.ctx);
	}
	hawser_session_close(t.session);
	hawser_context_free(t.ctx);
	return NULL;
}

START_TEST(contexts_live_on_foreign_threads)
{
	struct fake_host h[3];
	pthread_t thread[3];

	for (int i = 0; i < 3; i++) {
		fake_host_start(&h[i], &(struct fake_conf){ .frames = 3 });
		ck_assert_int_eq(pthread_create(&thread[i], NULL, foreign_thread, &h[i]), 0);
	}
	for (int i = 0; i < 3; i++) {
		pthread_join(thread[i], NULL);
		fake_host_stop(&h[i]);
	}
}
END_TEST

static void close_itself(hawser_session *s, const struct hawser_event *ev, void *arg)
{
	int *state = arg;

	if (ev->type == HAWSER_EVENT_READY || ev->type == HAWSER_EVENT_CLOSED) {
		hawser_session_close(s);
		*state = 1;
	}
	ck_assert_int_eq(*state > 1, 0);
	if (*state == 1)
		*state = ev->type == HAWSER_EVENT_READY || ev->type == HAWSER_EVENT_CLOSED ? 1 : 2;
}

START_TEST(opening_and_closing_at_any_moment_is_harmless)
{
	struct fake_host h;
	struct told t;
	char target[200];
	int state = 0;

	fake_host_start(&h, &(struct fake_conf){ .frames = 2 });
	open_context(&t);
	for (int i = 0; i < 150; i++) {
		struct hawser_session_config c = config_for(&h, &t, target);
		hawser_session *s = NULL;
		c.password = "x";
		ck_assert_int_eq(hawser_session_open(t.ctx, &c, &s), 0);
		for (int k = 0; k < i % 7; k++)
			hawser_context_wait(t.ctx, 2);
		if (i % 3 == 0)
			hawser_session_disconnect(s);
		if (i % 5 == 0)
			ck_assert_int_eq(hawser_session_reconnect(s), 0);
		hawser_session_close(s);
	}
	/* In the own callback. */
	struct hawser_session_config c = config_for(&h, &t, target);
	hawser_session *s = NULL;
	c.on_event = close_itself;
	c.arg = &state;
	ck_assert_int_eq(hawser_session_open(t.ctx, &c, &s), 0);
	uint64_t due = test_now_ms() + TEST_PATIENCE_MS;
	while (state == 0) {
		ck_assert_uint_lt(test_now_ms(), due);
		hawser_context_wait(t.ctx, 50);
	}
	hawser_context_dispatch(t.ctx);
	ck_assert_int_eq(state, 1); /* nothing came after the close */
	hawser_context_free(t.ctx);
	/* Contexts with sessions under way. */
	for (int i = 0; i < 30; i++) {
		open_context(&t);
		open_session(&h, &t, "x");
		if (i % 2)
			hawser_context_wait(t.ctx, i);
		hawser_context_free(t.ctx);
	}
	fake_host_stop(&h);
}
END_TEST

/* A host that does not take what it is sent: the goodbye stays behind in the queue. */
static void open_flooded(struct fake_host *h, struct told *t)
{
	char target[200];

	fake_host_start(h, &(struct fake_conf){ .trick = FAKE_FLOOD });
	open_context(t);
	struct hawser_session_config c = config_for(h, t, target);
	c.password = "x";
	c.no_retry = true;
	ck_assert_int_eq(hawser_session_open(t->ctx, &c, &t->session), 0);
	ck_assert(fake_host_flooded(h));
}

START_TEST(the_end_of_a_left_connection_is_not_that_of_the_next)
{
	struct fake_host h;
	struct told t;

	open_flooded(&h, &t);
	ck_assert_int_eq(hawser_session_reconnect(t.session), 0);
	until(&t, HAWSER_EVENT_READY, 1);
	ck_assert_uint_eq(fake_host_connections(&h), 2);
	/* The first connection is given up when its goodbye cannot be told. */
	ck_assert(fake_host_parked_ends(&h));
	until(&t, HAWSER_EVENT_STATS, t.count[HAWSER_EVENT_STATS] + 2);
	ck_assert_msg(t.count[HAWSER_EVENT_CLOSED] == 0, "%s", t.closed_text);
	ck_assert_int_eq(hawser_session_state(t.session), HAWSER_STATE_READY);
	close_all(&h, &t);
}
END_TEST

START_TEST(a_host_that_never_reads_holds_nothing_back)
{
	struct fake_host h;
	struct told t;

	open_flooded(&h, &t);
	hawser_session_close(t.session);
	if (_i == 0) {
		/* The context lives on while the goodbye fails; then nothing of the session is
		 * left. */
		ck_assert(fake_host_parked_ends(&h));
		hawser_context_wait(t.ctx, 100);
		hawser_context_free(t.ctx);
	} else {
		hawser_context_free(t.ctx);
		ck_assert(fake_host_parked_ends(&h));
	}
	fake_host_stop(&h);
}
END_TEST

START_TEST(mistakes_of_the_caller_are_explained)
{
	struct told t;
	struct hawser_session_config c = HAWSER_SESSION_CONFIG_INIT;
	hawser_session *s = NULL;
	char value[10];

	open_context(&t);
	c.target = "127.0.0.1:1";
	ck_assert_int_eq(hawser_session_open(t.ctx, &c, &s), HAWSER_ERR_INVAL);
	c.on_event = on_event;
	c.arg = &t;
	c.target = "";
	ck_assert_int_eq(hawser_session_open(t.ctx, &c, &s), HAWSER_ERR_INVAL);
	ck_assert_int_gt(strlen(hawser_last_error()), 10);
	c.target = "123456789"; /* no server configured */
	ck_assert_int_eq(hawser_session_open(t.ctx, &c, &s), HAWSER_ERR_INVAL);
	ck_assert_ptr_nonnull(strstr(hawser_last_error(), "rendezvous"));
	c.target = "127.0.0.1:1";
	c.quality = (enum hawser_quality)99;
	ck_assert_int_eq(hawser_session_open(t.ctx, &c, &s), HAWSER_ERR_RANGE);
	ck_assert_ptr_null(s);
	ck_assert_int_eq(hawser_config_get(t.ctx, "no-such", value, sizeof(value)),
			HAWSER_ERR_NOTFOUND);
	ck_assert_int_eq(hawser_config_set(t.ctx, "key", "x"), HAWSER_ERR_INVAL);
	ck_assert_str_eq(hawser_strerror(HAWSER_ERR_REFUSED), "connection refused");
	ck_assert_str_eq(hawser_error_name(HAWSER_ERR_REFUSED), "refused");
	ck_assert_uint_eq(hawser_version_number(), 1000);
	/* An embedder of an older, smaller struct. */
	struct hawser_session_config old = HAWSER_SESSION_CONFIG_INIT;
	old.size = offsetof(struct hawser_session_config, server);
	old.target = "127.0.0.1:1";
	ck_assert_int_eq(hawser_session_open(t.ctx, &old, &s), HAWSER_ERR_INVAL);
	hawser_context_free(t.ctx);
	hawser_context_free(NULL);
	hawser_session_close(NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("viewer/life");
	TCase *t = test_case(s, "all", 60,
			TESTS(contexts_live_on_foreign_threads,
					opening_and_closing_at_any_moment_is_harmless,
					the_end_of_a_left_connection_is_not_that_of_the_next,
					mistakes_of_the_caller_are_explained,
					lists_of_a_later_library_are_stepped_through,
					nobody_listening_is_told_at_once,
					a_restarted_host_is_reached_again));

	if (hws_crypto_init() < 0)
		return 1;
	tcase_add_loop_test(t, a_host_that_never_reads_holds_nothing_back, 0, 2);
	tcase_add_loop_test(t, every_way_to_fail_ends_with_a_cause, 0, (int)HWS_COUNT(endings));
	return test_suite_run(s);
}
