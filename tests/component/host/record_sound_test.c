/* The sound of recordings at the host, by real programs: what a real sound server plays is in the
 * film, and where it belongs; both ends of a voice call are; a server that ends leaves the film. */
#include "client/media/opus.h"
#include "shared/crypto/crypto.h"
#include "tests/component/host/host.h"
#include "tests/support/pulse.h"
#include "tests/support/suite.h"
#include "tests/support/webm_reader.h"
#include "tests/support/xvfb.h"
#include <check.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RATE 48000u
#define WINDOW (RATE / 10) /* what is looked at at once */
#define FILM_MAX_S 120u

static struct test_pulse far, near; /* of the host, and of the viewer */
static struct test_xvfb x;
static struct test_host host;
static struct test_proc viewer;
static char dir[200], folder[220];

static void setup(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&host, 0, sizeof(host));
	memset(&viewer, 0, sizeof(viewer));
	test_pulse_start(&near, NULL);
	test_pulse_start(&far, NULL); /* whose folder all that is started here has */
	test_xvfb_start(&x, 320, 200);
	test_dir(dir, sizeof(dir));
	snprintf(folder, sizeof(folder), "%s/kept", dir);
}

static void teardown(void)
{
	test_proc_stop(&viewer);
	host_stop(&host);
	test_xvfb_stop(&x);
	test_pulse_stop(&far);
	test_pulse_stop(&near);
}

static void begin_host(const char *option, const char *value)
{
	const char *extra[] = { "--display", x.display, "--record-incoming", "--recording-folder",
		folder, option, value, NULL };

	host_start(&host, extra);
	test_proc_must_expect(&host.proc, "desktop.ready", 20000);
}

static void begin_viewer(const char *option)
{
	char target[32], password[64], config[260];
	const char *argv[] = { test_bin("client/cli/hawser"), "connect", target, "--headless",
		"--no-retry", "--accept-insecure", "--timeout", "0", "--audio", "on", option,
		NULL };
	const char *env[] = { password, config, near.env_runtime, near.env_home, NULL };

	snprintf(target, sizeof(target), "127.0.0.1:%u", host.port);
	snprintf(password, sizeof(password), "HAWSER_PASSWORD=%s", host_password(&host));
	snprintf(config, sizeof(config), "XDG_CONFIG_HOME=%s", dir);
	test_proc_start(&viewer, argv, env);
	test_proc_must_expect(&viewer, "the host records this session", TEST_PATIENCE_MS);
}

static void end_viewer(void)
{
	test_proc_signal(&viewer, SIGINT);
	ck_assert_int_eq(test_proc_wait(&viewer, TEST_PATIENCE_MS), 0);
	host_until(&host, 0, "");
	test_proc_must_expect(&host.proc, "agent.viewer_closed", TEST_PATIENCE_MS);
}

static char film[600];

static bool has_film(void *arg)
{
	long *size = arg;
	DIR *d = opendir(folder);
	struct dirent *e;
	struct stat st;

	film[0] = 0;
	while (d && (e = readdir(d)))
		if (strstr(e->d_name, ".webm"))
			snprintf(film, sizeof(film), "%s/%s", folder, e->d_name);
	if (d)
		closedir(d);
	return *film && stat(film, &st) == 0 && st.st_size >= *size;
}

static void until_film(long size)
{
	ck_assert_msg(test_until(has_film, &size, TEST_PATIENCE_MS), "%s", host.proc.log);
}

/* So much more was recorded: sound is nearly all there is to a desktop on which nothing moves. */
static void until_more(long bytes)
{
	struct stat st;

	until_film(1);
	ck_assert_int_eq(stat(film, &st), 0);
	until_film((long)st.st_size + bytes);
}

/* --- what is to be heard ---------------------------------------------------------------------- */

struct heard {
	struct hws_opus_decoder *opus;
	int16_t *left; /* of the whole film; silence where nothing is */
	size_t end;    /* of the last packet */
};

static void on_sound(const uint8_t *data, size_t len, uint64_t time_ms, void *arg)
{
	struct heard *h = arg;
	int16_t both[HWS_OPUS_FRAMES_MAX * 2];
	int n = hws_opus_decode(h->opus, hws_bytes(data, len), both);
	size_t at = time_ms * RATE / 1000;

	ck_assert_int_gt(n, 0);
	ck_assert_uint_lt(at + (size_t)n, RATE * FILM_MAX_S);
	for (int i = 0; i < n; i++)
		h->left[at + (size_t)i] = both[2 * i];
	h->end = at + (size_t)n;
}

/* The film is whole; its sound. */
static struct heard listen_to_film(void)
{
	struct heard h = { 0 };
	struct webm_file f;
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	h.left = calloc(RATE * FILM_MAX_S, sizeof(h.left[0]));
	ck_assert_ptr_nonnull(h.left);
	do { /* it is finished by the host, after the session */
		hws_opus_decoder_free(h.opus);
		ck_assert_int_eq(hws_opus_decoder_new(RATE, 2, &h.opus), HWS_OK);
		until_film(1);
		webm_read_both(film, NULL, on_sound, &h, &f);
		ck_assert_msg(!f.why || test_now_ms() < end, "%s: %s\n%s", film, f.why,
				host.proc.log);
	} while (f.why);
	hws_opus_decoder_free(h.opus);
	ck_assert_str_eq(f.sound, "A_OPUS");
	ck_assert_uint_gt(f.blocks, 0);
	return h;
}

static double share_at(const struct heard *h, size_t at, double hz)
{
	return test_tone_share(h->left + at, WINDOW, 1, RATE, hz);
}

/* The first place where this tone is; SIZE_MAX: nowhere. */
static size_t find_tone(const struct heard *h, double hz, double share)
{
	for (size_t at = 0; at + WINDOW <= h->end; at += WINDOW / 2)
		if (share_at(h, at, hz) > share)
			return at;
	return SIZE_MAX;
}

/* --- cases ------------------------------------------------------------------------------------ */

START_TEST(a_tone_is_in_the_film_where_it_was_heard)
{
	uint64_t start = test_now_ms(), seen, before, after;
	struct heard h;
	size_t at;

	begin_host(NULL, NULL);
	begin_viewer(NULL);
	until_film(1);
	seen = test_now_ms(); /* it has begun between these two */
	until_more(3000);     /* of silence, which is packets of 3 bytes and their heads */
	before = test_now_ms();
	test_pulse_tone(&far, "speakers", 1000);
	after = test_now_ms();
	until_more(30000);
	end_viewer();
	h = listen_to_film();
	at = find_tone(&h, 1000, 0.9);
	ck_assert_msg(at != SIZE_MAX, "no tone in %zu frames", h.end);
	/* it began at the earliest when the viewer came, and at the latest when it was seen */
	ck_assert_msg(at * 1000 / RATE + 250 > before - seen, "%zu ms, later than %llu", at / 48,
			(unsigned long long)(before - seen));
	ck_assert_msg(at * 1000 / RATE < after - start + 3000, "%zu ms, before %llu", at / 48,
			(unsigned long long)(after - start));
	if (at > WINDOW)
		ck_assert(test_tone_level(h.left, at - WINDOW, 1) < 0.01);
	free(h.left);
}
END_TEST

START_TEST(both_ends_of_a_call_are_in_the_film)
{
	const char *out;
	struct heard h;
	bool both = false;

	test_pulse_say(&far, "load-module module-null-sink sink_name=mic norewinds=1");
	test_pulse_tone(&far, "mic", 700);
	test_pulse_say(&far, "set-default-sink speakers");
	test_pulse_say(&far, "set-default-source mic.monitor");
	test_pulse_say(&near, "load-module module-null-sink sink_name=mouth norewinds=1");
	test_pulse_tone(&near, "mouth", 400);
	test_pulse_say(&near, "set-default-sink speakers");
	test_pulse_say(&near, "set-default-source mouth.monitor");
	begin_host("--voice-call", "ask");
	begin_viewer("--call");
	until_more(3000); /* nobody listens to the microphone yet */
	ck_assert_int_eq(host_ask(&host, "call", "accept", &out), 0);
	test_proc_must_expect(&viewer, "voice call: in a voice call", TEST_PATIENCE_MS);
	until_more(60000);
	end_viewer();
	h = listen_to_film();
	for (size_t at = 0; at + WINDOW <= h.end && !both; at += WINDOW / 2)
		both = share_at(&h, at, 400) > 0.25 && share_at(&h, at, 700) > 0.25;
	ck_assert(both);
	ck_assert(share_at(&h, RATE / 2, 700) < 0.1);
	free(h.left);
}
END_TEST

START_TEST(a_sound_server_that_ends_leaves_the_film)
{
	struct heard h;
	size_t first, second;

	test_pulse_tone(&far, "speakers", 1000);
	begin_host(NULL, NULL);
	begin_viewer(NULL);
	until_more(20000);
	test_pulse_kill(&far);
	test_proc_must_expect(&host.proc, "recording.silent", TEST_PATIENCE_MS);
	test_pulse_again(&far, NULL);
	test_pulse_tone(&far, "speakers", 500);
	test_proc_must_expect(&host.proc, "recording.sound", TEST_PATIENCE_MS);
	until_more(20000);
	end_viewer();
	h = listen_to_film(); /* the one that there is */
	first = find_tone(&h, 1000, 0.9);
	second = find_tone(&h, 500, 0.9);
	ck_assert_msg(first != SIZE_MAX && second != SIZE_MAX && first < second, "%zu %zu %zu",
			first, second, h.end);
	free(h.left);
}
END_TEST

START_TEST(where_sound_is_not_permitted_the_film_is_silent)
{
	struct webm_file f;
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	test_pulse_tone(&far, "speakers", 1000);
	begin_host("--no-enable-audio", NULL);
	begin_viewer(NULL);
	until_film(1);
	end_viewer();
	do {
		until_film(1);
		webm_read(film, NULL, NULL, &f);
		ck_assert_msg(!f.why || test_now_ms() < end, "%s", f.why);
	} while (f.why);
	ck_assert_uint_gt(f.blocks, 0);
	ck_assert_uint_eq(f.sounds, 0);
}
END_TEST

int main(void)
{
	if (access("/usr/bin/pulseaudio", X_OK) != 0)
		test_skip("there is no pulseaudio");
	return test_main("record_sound", 240, setup, teardown,
			TESTS(a_tone_is_in_the_film_where_it_was_heard,
					both_ends_of_a_call_are_in_the_film,
					a_sound_server_that_ends_leaves_the_film,
					where_sound_is_not_permitted_the_film_is_silent));
}
