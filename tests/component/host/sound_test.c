/* Sound by real programs: a tone that a real sound server of the host's plays is heard at the
 * viewer, on a sound server of its own or in a file; and a voice call, both ways. */
#include "client/platform/pulse/pulse.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include "shared/base/num.h"
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

static struct test_pulse far, near; /* of the host, and of the viewer */
static struct test_xvfb x;
static struct test_host host;
static struct test_proc viewer;
static char dir[200], wav[240];

static void setup(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&host, 0, sizeof(host));
	memset(&viewer, 0, sizeof(viewer));
	test_pulse_start(&near, NULL);
	test_pulse_start(&far, NULL); /* whose folder all that is started here has */
	test_xvfb_start(&x, 320, 200);
	test_dir(dir, sizeof(dir));
	snprintf(wav, sizeof(wav), "%s/heard.wav", dir);
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
	const char *extra[] = { "--display", x.display, option, value, NULL };

	host_start(&host, extra);
	test_proc_must_expect(&host.proc, "desktop.ready", 20000);
}

static void begin_viewer(const char *audio, const char *option)
{
	char target[32], password[64], config[260];
	const char *argv[] = { test_bin("client/cli/hawser"), "connect", target, "--headless",
		"--no-retry", "--accept-insecure", "--timeout", "0", "--audio", audio, option,
		NULL };
	const char *env[] = { password, config, near.env_runtime, near.env_home, NULL };

	snprintf(target, sizeof(target), "127.0.0.1:%u", host.port);
	snprintf(password, sizeof(password), "HAWSER_PASSWORD=%s", host_password(&host));
	snprintf(config, sizeof(config), "XDG_CONFIG_HOME=%s", dir);
	test_proc_stop(&viewer); /* the one before */
	memset(&viewer, 0, sizeof(viewer));
	test_proc_start(&viewer, argv, env);
	test_proc_must_expect(&host.proc, "session.open", TEST_PATIENCE_MS);
}

static void end_viewer(void)
{
	test_proc_signal(&viewer, SIGINT);
	ck_assert_int_eq(test_proc_wait(&viewer, TEST_PATIENCE_MS), 0);
}

/* --- an ear at a sound server ----------------------------------------------------------------- */

#define EAR 9600u /* a fifth of a second */

static int16_t heard[EAR];
static unsigned at;
static bool gone;

static void on_chunk(const struct hws_sound_chunk *c, void *arg HWS_UNUSED)
{
	const int16_t *s = c->samples;

	for (unsigned i = 0; i < c->frames; i++)
		heard[at++ % EAR] = s[i];
}

static void on_lost(const char *why HWS_UNUSED, void *arg HWS_UNUSED)
{
	gone = true;
}

/* Until what its loudspeakers play is this tone, or is not. */
static void until_played(struct test_pulse *server, double hz, bool there)
{
	const struct hws_sound_stream_conf c = { .way = HWS_SOUND_CAPTURE,
		.spec = { HWS_SOUND_S16, 48000, 1 },
		.chunk_us = 10000,
		.on_chunk = on_chunk,
		.on_lost = on_lost };
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	struct hws_loop *loop;
	struct hws_sound *sound;
	struct hws_sound_stream *s;
	double share = 0;

	at = 0;
	gone = false;
	setenv("XDG_RUNTIME_DIR", server->dir, 1);
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	ck_assert_int_eq(hws_pulse_new(loop, &sound), HWS_OK);
	ck_assert_int_eq(hws_sound_open(sound, &c, &s), HWS_OK);
	do {
		ck_assert_msg(test_now_ms() < end && !gone, "%.0f Hz: %.2f of it\n%s", hz, share,
				host.proc.log);
		hws_loop_once(loop, 20000);
		share = at < EAR ? there ? 0 : 1 : test_tone_share(heard, EAR, 1, 48000, hz);
	} while (there ? share < 0.8 : share > 0.1);
	hws_sound_close(s);
	hws_pulse_free(sound);
	hws_loop_free(loop);
	setenv("XDG_RUNTIME_DIR", far.dir, 1);
}

/* --- what was written ------------------------------------------------------------------------- */

/* Bytes of all files there: the one that is being written has another name until it is whole. */
static bool is_larger(void *arg)
{
	const size_t *want = arg;
	size_t sum = 0;
	char path[600];
	struct stat st;
	struct dirent *e;
	DIR *d = opendir(dir);

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (strstr(e->d_name, "heard") && stat(path, &st) == 0)
			sum += (size_t)st.st_size;
	}
	closedir(d);
	return sum >= *want;
}

/* Until so many seconds more were heard. */
static void until_written(double seconds)
{
	static size_t want;

	for (want = 0; is_larger(&want); want += 4096)
		;
	want += (size_t)(seconds * 48000 * 4);
	ck_assert_msg(test_until(is_larger, &want, TEST_PATIENCE_MS), "%s", viewer.log);
}

struct sound {
	int16_t *samples; /* left and right */
	size_t frames;
};

static struct sound read_wav(void)
{
	struct sound s = { 0 };
	uint8_t head[44];
	struct stat st;
	FILE *f = fopen(wav, "rb");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fstat(fileno(f), &st), 0);
	ck_assert_uint_eq(fread(head, 1, 44, f), 44);
	ck_assert(memcmp(head, "RIFF", 4) == 0 && memcmp(head + 8, "WAVEfmt ", 8) == 0);
	uint32_t bytes = head[40] | head[41] << 8 | head[42] << 16 | (uint32_t)head[43] << 24;
	ck_assert_uint_eq(bytes + 44, (size_t)st.st_size); /* how long it is was filled in */
	ck_assert_uint_eq(head[22], 2);
	s.frames = bytes / 4;
	s.samples = malloc(bytes + 1);
	ck_assert_uint_eq(fread(s.samples, 4, s.frames, f), s.frames);
	fclose(f);
	return s;
}

/* The share of a tone in the last fifth of a second. */
static double at_end(const struct sound *s, double hz)
{
	ck_assert_uint_ge(s->frames, EAR);
	return test_tone_share(s->samples + (s->frames - EAR) * 2, EAR, 2, 48000, hz);
}

/* --- cases ------------------------------------------------------------------------------------ */

START_TEST(a_tone_is_heard_at_the_far_end)
{
	test_pulse_tone(&far, "speakers", 1000);
	begin_host("--voice-call", "ask");
	begin_viewer(wav, NULL);
	until_written(2);
	end_viewer();
	struct sound s = read_wav();
	double share = at_end(&s, 1000);
	double level = test_tone_level(s.samples + (s.frames - EAR) * 2, EAR, 2);
	ck_assert_msg(share > 0.95, "%.3f of it is the tone", share);
	/* that of the sine: a half of full scale */
	ck_assert_msg(level > 0.3 && level < 0.4, "level %.3f", level);
	free(s.samples);
	/* and on its loudspeakers */
	begin_viewer("on", NULL);
	until_played(&near, 1000, true);
	end_viewer();
	until_played(&near, 1000, false);
}
END_TEST

START_TEST(the_session_outlives_the_sound_server)
{
	test_pulse_tone(&far, "speakers", 1000);
	begin_host("--voice-call", "ask");
	begin_viewer(wav, NULL);
	until_written(1);
	test_pulse_kill(&far);
	test_proc_must_expect(&host.proc, "sound.missing", TEST_PATIENCE_MS);
	test_proc_must_expect(&viewer, "The sound of this host has gone", TEST_PATIENCE_MS);
	test_pulse_again(&far, NULL);
	test_pulse_tone(&far, "speakers", 500);
	test_proc_must_expect(&host.proc, "sound.ready", TEST_PATIENCE_MS);
	until_written(1);
	end_viewer();
	struct sound s = read_wav();
	ck_assert_msg(at_end(&s, 500) > 0.95, "%.3f of it is the tone", at_end(&s, 500));
	free(s.samples);
}
END_TEST

START_TEST(a_host_without_a_sound_server_serves_all_the_same)
{
	test_pulse_kill(&far);
	begin_host("--voice-call", "ask");
	begin_viewer("on", NULL);
	test_proc_must_expect(&host.proc, "sound.missing", TEST_PATIENCE_MS);
	end_viewer();
}
END_TEST

/* Sound that begins after the picture begins another file, which has both. */
static bool has_sound(void *arg)
{
	static const char *const names[] = { "film.webm", "film-2.webm" };
	struct webm_file file;
	char path[300];

	for (size_t i = 0; i < HWS_COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		webm_read(path, NULL, NULL, &file);
		if (!file.why && file.sounds > *(const unsigned *)arg && file.blocks > 0 &&
				strcmp(file.sound, "A_OPUS") == 0)
			return true;
	}
	return false;
}

START_TEST(a_recording_has_the_sound)
{
	unsigned packets = 50;
	char option[300];

	test_pulse_tone(&far, "speakers", 1000);
	begin_host("--voice-call", "ask");
	snprintf(option, sizeof(option), "--record=%s/film.webm", dir);
	begin_viewer(wav, option);
	until_written(3);
	end_viewer();
	ck_assert_msg(has_sound(&packets), "%s", viewer.log);
}
END_TEST

static void answer(const char *word, int want, const char *says)
{
	const char *out;
	int status = host_ask(&host, "call", word, &out);

	ck_assert_msg(status == want && strstr(out, says), "status %d: %s", status, out);
}

/* Each end has a microphone with a tone of its own. */
static void begin_call(void)
{
	test_pulse_say(&far, "load-module module-null-sink sink_name=mic norewinds=1");
	test_pulse_tone(&far, "mic", 700);
	test_pulse_say(&far, "set-default-sink speakers");
	test_pulse_say(&far, "set-default-source mic.monitor");
	test_pulse_say(&near, "load-module module-null-sink sink_name=mouth norewinds=1");
	test_pulse_tone(&near, "mouth", 400);
	test_pulse_say(&near, "set-default-sink speakers");
	test_pulse_say(&near, "set-default-source mouth.monitor");
}

START_TEST(two_people_talk_to_each_other)
{
	begin_call();
	begin_host("--voice-call", "ask");
	answer("accept", 1, "nobody rings");
	answer("status", 0, "there is no call");
	begin_viewer(wav, "--call");
	test_proc_must_expect(&host.proc, "call.ring", TEST_PATIENCE_MS);
	answer("status", 0, "rings, connection 1");
	answer("accept", 0, "");
	test_proc_must_expect(&viewer, "voice call: in a voice call", TEST_PATIENCE_MS);
	answer("status", 0, "is in a call");
	until_played(&far, 400, true);
	until_written(1);
	answer("end", 0, "");
	test_proc_must_expect(&viewer, "the host ended the call", TEST_PATIENCE_MS);
	until_played(&far, 400, false);
	end_viewer();
	struct sound s = read_wav();
	/* what is at the very end is the desktop's silence again */
	double best = 0;
	for (size_t i = 0; i + EAR < s.frames; i += EAR / 4) {
		double share = test_tone_share(s.samples + i * 2, EAR, 2, 48000, 700);
		best = share > best ? share : best;
		ck_assert_msg(test_tone_share(s.samples + i * 2, EAR, 2, 48000, 400) < 0.1,
				"the caller hears itself");
	}
	ck_assert_msg(best > 0.95, "%.3f of it is the tone", best);
	free(s.samples);
}
END_TEST

/* The process below the host that decodes what the caller says; 0: there is none. */
static pid_t find_decoder(pid_t of)
{
	char path[64], text[4096] = "", name[32] = "";
	FILE *f;
	uint32_t child;
	pid_t found = 0;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)of);
	f = fopen(path, "re");
	if (f && fgets(name, sizeof(name), f) && strncmp(name, "hawser-decoder", 14) == 0)
		found = of;
	if (f)
		fclose(f);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)of, (int)of);
	f = fopen(path, "re");
	if (f && !fgets(text, sizeof(text), f))
		text[0] = 0;
	if (f)
		fclose(f);
	for (char *rest, *w = strtok_r(text, " \n", &rest); w && !found;
			w = strtok_r(NULL, " \n", &rest))
		if (hws_parse_u32(w, &child) == HWS_OK)
			found = find_decoder((pid_t)child);
	return found;
}

static bool has_another(void *arg)
{
	pid_t now = find_decoder(host.proc.pid);

	return now && now != *(pid_t *)arg;
}

/* What decodes a stranger's voice is not the process that has the desktop. */
START_TEST(a_call_outlives_its_decoder)
{
	pid_t decoder;

	begin_call();
	begin_host("--voice-call", "auto");
	ck_assert_int_eq(find_decoder(host.proc.pid), 0);
	begin_viewer("off", "--call");
	test_proc_must_expect(&viewer, "voice call: in a voice call", TEST_PATIENCE_MS);
	until_played(&far, 400, true);
	decoder = find_decoder(host.proc.pid);
	ck_assert_int_gt(decoder, 0);
	ck_assert_int_eq(kill(decoder, SIGKILL), 0);
	ck_assert_msg(test_until(has_another, &decoder, TEST_PATIENCE_MS), "%s", host.proc.log);
	until_played(&far, 400, true);
	end_viewer();
	until_played(&far, 400, false);
	ck_assert_int_eq(find_decoder(host.proc.pid), 0);
}
END_TEST

/* One call of so many seconds; whether the caller's own tone was 30 dB below what it said for more
 * than half a second of the last eight: a server that stumbles makes a new echo. */
static bool echo_goes(unsigned seconds)
{
	unsigned quiet = 0;
	double said;
	struct sound s;

	begin_viewer(wav, "--call");
	test_proc_must_expect(&viewer, "voice call: in a voice call", TEST_PATIENCE_MS);
	until_played(&far, 400, true);
	said = test_tone_level(heard, EAR, 1);
	ck_assert(said > 0.1);
	until_written(seconds);
	end_viewer();
	s = read_wav();
	for (unsigned i = 0; i < 40 && quiet < 3; i++)
		quiet = test_tone_level(s.samples + (s.frames - (i + 1) * EAR) * 2, EAR, 2) <
						said * 0.0316
				? quiet + 1
				: 0;
	free(s.samples);
	return quiet == 3;
}

/* The worst of rooms: the host's microphone hears its loudspeakers, and nothing else. What it
 * learns needs sound without gaps, which a busy machine does not always have: three calls. */
START_TEST(a_caller_does_not_hear_its_own_echo)
{
	bool quiet = false;

	begin_call();
	test_pulse_say(&far, "set-default-source speakers.monitor");
	begin_host("--voice-call", "auto");
	for (unsigned i = 1; i <= 3 && !quiet; i++)
		quiet = echo_goes(10);
	ck_assert_msg(quiet, "it is never quieter by 30 dB");
}
END_TEST

START_TEST(a_rejected_call_is_told)
{
	begin_call();
	begin_host("--voice-call", "ask");
	begin_viewer("off", "--call");
	test_proc_must_expect(&host.proc, "call.ring", TEST_PATIENCE_MS);
	answer("reject", 0, "");
	test_proc_must_expect(&viewer, "the host declined the call", TEST_PATIENCE_MS);
	end_viewer();
}
END_TEST

START_TEST(a_caller_is_the_microphone_of_programs)
{
	begin_call();
	begin_host("--voice-into", "microphone");
	begin_viewer("on", "--call");
	test_proc_must_expect(&host.proc, "call.ring", TEST_PATIENCE_MS);
	answer("accept", 0, "");
	test_proc_must_expect(&viewer, "voice call: in a voice call", TEST_PATIENCE_MS);
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	while (!strstr(test_pulse_say(&far, "info"), "Default Source: hawser_microphone_")) {
		ck_assert_msg(test_now_ms() < end, "%s", host.proc.log);
		usleep(20000);
	}
	end_viewer();
	while (!strstr(test_pulse_say(&far, "info"), "Default Source: mic.monitor")) {
		ck_assert_msg(test_now_ms() < end, "%s", host.proc.log);
		usleep(20000);
	}
}
END_TEST

int main(void)
{
	if (access("/usr/bin/pulseaudio", X_OK) != 0)
		test_skip("there is no pulseaudio");
	return test_main("sound", 240, setup, teardown,
			TESTS(a_tone_is_heard_at_the_far_end, a_recording_has_the_sound,
					the_session_outlives_the_sound_server,
					a_host_without_a_sound_server_serves_all_the_same,
					two_people_talk_to_each_other, a_call_outlives_its_decoder,
					a_caller_does_not_hear_its_own_echo,
					a_rejected_call_is_told,
					a_caller_is_the_microphone_of_programs));
}
