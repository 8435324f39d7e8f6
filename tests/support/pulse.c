/* The server runs in the foreground with no configuration of the machine's, no hardware and no
 * session bus, so that two tests at a time do not meet. */
#include "tests/support/pulse.h"
#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS_MAX 24

static void start(struct test_pulse *p, const char *const modules[])
{
	const char *argv[WORDS_MAX] = {
		"/usr/bin/pulseaudio", "--daemonize=no", "-n", "--use-pid-file=no",
		"--exit-idle-time=-1", "--high-priority=no", "--realtime=no", "--disallow-exit",
		"--log-target=stderr", "-L", "module-native-protocol-unix", "-L",
		"module-null-sink sink_name=speakers norewinds=1 sink_properties=device.description=Speakers"
	};
	const char *env[] = { p->env_runtime, p->env_home,
		"DBUS_SESSION_BUS_ADDRESS=unix:path=/none", NULL };
	const char *info[] = { "info", NULL };
	size_t n = 13;

	for (; modules && *modules && n < WORDS_MAX - 3; modules++) {
		argv[n++] = "-L";
		argv[n++] = *modules;
	}
	argv[n] = NULL;
	test_proc_start(&p->proc, argv, env);
	/* It says nothing when it is ready. */
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	for (;;) {
		const char *ask[] = { "/usr/bin/pactl", info[0], NULL };
		if (test_run(ask, env, NULL) == 0)
			return;
		ck_assert_msg(test_now_ms() < end, "no sound server: %s", p->proc.log);
		usleep(20000);
	}
}

void test_pulse_start(struct test_pulse *p, const char *const modules[])
{
	memset(p, 0, sizeof(*p));
	test_dir(p->dir, sizeof(p->dir));
	ck_assert_int_eq(chmod(p->dir, 0700), 0);
	snprintf(p->env_runtime, sizeof(p->env_runtime), "XDG_RUNTIME_DIR=%s", p->dir);
	snprintf(p->env_home, sizeof(p->env_home), "HOME=%s", p->dir);
	setenv("XDG_RUNTIME_DIR", p->dir, 1);
	unsetenv("PULSE_SERVER");
	start(p, modules);
}

void test_pulse_kill(struct test_pulse *p)
{
	test_proc_signal(&p->proc, SIGKILL);
	test_proc_wait(&p->proc, TEST_PATIENCE_MS);
}

void test_pulse_again(struct test_pulse *p, const char *const modules[])
{
	test_proc_stop(&p->proc);
	start(p, modules);
}

void test_pulse_stop(struct test_pulse *p)
{
	if (p->dir[0]) {
		test_proc_signal(&p->proc, SIGKILL);
		test_proc_stop(&p->proc);
	}
	memset(p, 0, sizeof(*p));
}

const char *test_pulse_ctl(struct test_pulse *p, const char *const words[])
{
	static char out[65536];
	const char *argv[WORDS_MAX] = { "/usr/bin/pactl" };
	const char *env[] = { p->env_runtime, p->env_home, NULL };
	char *said = NULL;
	size_t n = 1;

	for (; *words && n < WORDS_MAX - 1; words++)
		argv[n++] = *words;
	argv[n] = NULL;
	int status = test_run(argv, env, &said);
	ck_assert_msg(status == 0, "pactl %s: %s", argv[1], said);
	snprintf(out, sizeof(out), "%s", said);
	free(said);
	return out;
}

const char *test_pulse_say(struct test_pulse *p, const char *line)
{
	const char *words[WORDS_MAX] = { NULL };
	char copy[400], *rest = copy, *word;
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	while ((word = strsep(&rest, " ")) && n < WORDS_MAX - 1)
		words[n++] = word;
	return test_pulse_ctl(p, words);
}

unsigned test_pulse_tone(struct test_pulse *p, const char *sink, unsigned hz)
{
	char line[200];

	snprintf(line, sizeof(line), "load-module module-sine sink=%s frequency=%u", sink, hz);
	return (unsigned)strtoul(test_pulse_say(p, line), NULL, 10);
}

void test_pulse_unload(struct test_pulse *p, unsigned module)
{
	char line[60];

	snprintf(line, sizeof(line), "unload-module %u", module);
	test_pulse_say(p, line);
}

/* Goertzel. The energy at the frequency is that of a sine with its amplitude. */
double test_tone_share(
		const int16_t *samples, size_t frames, unsigned channels, unsigned rate, double hz)
{
	double c = 2 * cos(2 * M_PI * hz / rate), a = 0, b = 0, sum = 0;

	for (size_t i = 0; i < frames; i++) {
		double v = samples[i * channels] / 32768.0;
		double next = v + c * a - b;
		b = a;
		a = next;
		sum += v * v;
	}
	if (sum < 1e-9)
		return 0;
	return (a * a + b * b - c * a * b) * 2 / (double)frames / sum;
}

double test_tone_level(const int16_t *samples, size_t frames, unsigned channels)
{
	double sum = 0;

	for (size_t i = 0; i < frames; i++) {
		double v = samples[i * channels] / 32768.0;
		sum += v * v;
	}
	return frames ? sqrt(sum / (double)frames) : 0;
}
