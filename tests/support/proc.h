/* tests/support/proc: real processes in tests: start, wait for a line of output, stop; temporary
 * folders. Every wait has a deadline and nothing sleeps for a fixed time. Ends the test (ck_abort)
 * when something the test relies on fails. */
#pragma once
#include "tests/support/port.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct test_proc {
	pid_t pid;
	int out;   /* read end: standard output and standard error together */
	char *log; /* all output so far, NUL-terminated */
	size_t len, size;
	size_t scanned; /* where the next test_proc_expect begins to look */
	bool ended;
	int status; /* as of waitpid, valid when ended */
};

/* Program path and arguments, NULL-terminated. `env`: further NAME=VALUE entries, NULL-terminated,
 * may be NULL. The child dies with the test (PR_SET_PDEATHSIG) and leads its own process group. */
void test_proc_start(struct test_proc *p, const char *const argv[], const char *const env[]);
/* For a process that was forked and is going to be another program. */
void test_proc_close_reports(void);
/* Waits until `text` appears in output not looked at before; returns the rest of that line's start
 * (pointer to the match, valid until the next call), or NULL after timeout_ms or at the end of the
 * process. */
const char *test_proc_expect(struct test_proc *p, const char *text, unsigned timeout_ms);
/* The same, but fails the test with the whole output; waits for TEST_PATIENCE_MS at least. */
const char *test_proc_must_expect(struct test_proc *p, const char *text, unsigned timeout_ms);
/* The last `most` bytes of a log (NULL: of none): a message of Check holds no more than 8 KiB, and
 * a longer one hides what failed behind an error of its own. */
const char *test_log_end(const char *log, size_t most);
/* The number behind `key` ("port=") in the line at `at`. 0 if there is none. */
unsigned long test_line_number(const char *at, const char *key);
/* Waits for the end; exit status, 128 + signal, or -1 after the time limit. */
int test_proc_wait(struct test_proc *p, unsigned timeout_ms);
/* SIGTERM, then SIGKILL after half a minute; frees. Harmless on a zeroed or finished one. Returns
 * as test_proc_wait. */
int test_proc_stop(struct test_proc *p);
void test_proc_signal(struct test_proc *p, int sig);
/* Runs a program to its end and returns the exit status; *ret_out (may be NULL) is malloc'ed
 * output. */
int test_run(const char *const argv[], const char *const env[], char **ret_out);
/* Runs it until it succeeds and says something; the first line of that. */
void test_first_line(const char *const argv[], char *buf, size_t size);

/* Folder of the build's programs ($HAWSER_BIN or as configured); path of one of them in a static
 * buffer set. */
const char *test_bin(const char *folder_and_name); /* "server-relay/hawser-relay" */

/* A new folder below $TMPDIR, removed with everything in it at the end of the test process. */
const char *test_dir(char *buf, size_t size);
/* Makes the file, or gives it this text instead of what it held. */
void test_write_file(const char *text, const char *path_format, ...)
		__attribute__((format(printf, 2, 3)));
/* How long a test waits for what must come: a limit for what hangs, not a measure of speed. */
#define TEST_PATIENCE_MS 90000
uint64_t test_now_ms(void);
/* Polls `ready` every 5 ms; false after timeout_ms. */
bool test_until(bool (*ready)(void *arg), void *arg, unsigned timeout_ms);
