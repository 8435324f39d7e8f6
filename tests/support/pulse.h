/* tests/support/pulse: a real PulseAudio server with loudspeakers that are none ("speakers", a null
 * sink), on a socket below a folder of its own. */
#pragma once
#include "tests/support/proc.h"

struct test_pulse {
	struct test_proc proc;
	char dir[200];
	char env_runtime[240], env_home[240]; /* "XDG_RUNTIME_DIR=...", "HOME=..." */
};

/* Starts it and waits until it answers. `modules`: further ones with their arguments,
 * NULL-terminated, may be NULL. XDG_RUNTIME_DIR of this process names its folder from now on, so
 * that it finds the server, and all that it starts. */
void test_pulse_start(struct test_pulse *p, const char *const modules[]);
/* kill -9. */
void test_pulse_kill(struct test_pulse *p);
/* A new server in the place of one that was killed. */
void test_pulse_again(struct test_pulse *p, const char *const modules[]);
/* Harmless on a zeroed one. */
void test_pulse_stop(struct test_pulse *p);
/* `pactl` with these words, NULL-terminated; ends the test when it fails. What it printed, in a
 * static buffer. */
const char *test_pulse_ctl(struct test_pulse *p, const char *const words[]);
/* The same, in one line of words without blanks inside of them. */
const char *test_pulse_say(struct test_pulse *p, const char *line);
/* A tone of this many Hz to a sink, from now on; returns the number of its module. */
unsigned test_pulse_tone(struct test_pulse *p, const char *sink, unsigned hz);
void test_pulse_unload(struct test_pulse *p, unsigned module);

/* --- what was heard: 16 bits, one channel of `channels` */

/* Whether this tone is in it, 0 .. 1: the share of the energy that is at that frequency (a bin of
 * the whole length). */
double test_tone_share(
		const int16_t *samples, size_t frames, unsigned channels, unsigned rate, double hz);
/* Root mean square, 0 .. 1. */
double test_tone_level(const int16_t *samples, size_t frames, unsigned channels);
