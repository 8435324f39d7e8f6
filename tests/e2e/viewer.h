/* tests/e2e/viewer: an embedder of libhawser for tests: opens a session, keeps what the events say,
 * waits. */
#pragma once
#include <hawser/hawser.h>

struct test_viewer {
	hawser_context *context;
	hawser_session *session;
	enum hawser_state state;
	bool ready, closed;
	int closed_error;
	char closed_text[512];
	unsigned frames, passwords, insecure_questions, cursors;
	enum hawser_password_reason password_reason;
	char clipboard[4096];
	unsigned clipboards;
	struct hawser_stats stats;
	size_t displays;
	bool encrypted, relayed;
	char hostname[128], platform[32];
	const char *answer; /* to the question for a password, given inside its event; borrowed */
	unsigned retries;
	unsigned silent_s, silences; /* as events told it: now, and how often it began */
	char state_text[200];
};

struct test_viewer_conf {
	const char *target, *server, *key, *password, *answer;
	const char *config; /* file of settings, where the viewer's key is; NULL: none */
	bool relay, allow_insecure, no_retry, no_exact, view_only;
	enum hawser_codec codec;
};

void test_viewer_open(struct test_viewer *v, const struct test_viewer_conf *conf);
void test_viewer_close(struct test_viewer *v);
/* Runs until `done` says so; false after timeout_ms. */
bool test_viewer_until(
		struct test_viewer *v, bool (*done)(struct test_viewer *v), unsigned timeout_ms);
/* Logged in and at least one picture there; otherwise the test fails and says why. */
void test_viewer_must_show(struct test_viewer *v, unsigned timeout_ms);
/* Dispatches for so long, whatever happens. */
void test_viewer_run(struct test_viewer *v, unsigned ms);
/* Mean structural similarity (luma, 8x8 windows) of the shown picture and a PNG of the same size; 1
 * = equal. */
double test_viewer_similarity(struct test_viewer *v, const char *png);
