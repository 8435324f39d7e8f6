/* bench/common/suite: the real programs on loopback: a virtual desktop, rendezvous server, host;
 * and a viewer by libhawser. */
#pragma once
#include "tests/support/xvfb.h"
#include <hawser/hawser.h>

#define SUITE_PROCESSES 8

struct suite {
	char dir[256], env[2][300], server[32], key[64], id[32], password[32], direct[32];
	const char *envp[3];
	struct test_xvfb screen;
	struct test_proc rendezvous, host;
	unsigned fps; /* that the viewer asks for; 0 = the default */
	/* the viewer */
	hawser_context *context;
	hawser_session *session;
	bool ready, closed;
	char why[500];
	unsigned frames; /* FRAME events so far */
};

void suite_start(struct suite *s, int width, int height);
void suite_stop(struct suite *s);
/* What the host has said so far, on standard error. */
void suite_tell(struct suite *s);
/* `hawser connect` to the first picture and out again: milliseconds from its start to its report of
 * that picture. `direct`: by address, without servers and encryption; else by ID, encrypted. */
double suite_connect_ms(struct suite *s, bool direct);
/* Opens the viewer's session by ID and waits for its first picture. */
void suite_view(struct suite *s);
/* The same by address: not by ID and not encrypted. */
void suite_view_at(struct suite *s, const char *target);
void suite_leave(struct suite *s);
/* Waits up to timeout_ms for the next FRAME event. */
bool suite_next_frame(struct suite *s, unsigned timeout_ms);
/* Returns when no picture has come for `quiet_ms`. */
void suite_settle(struct suite *s, unsigned quiet_ms);
/* Dispatches until the monotonic time `until_us`. */
void suite_run_until(struct suite *s, uint64_t until_us);
/* Luma-like brightness of the pixel, -1 when there is no picture. */
int suite_grey(struct suite *s, int x, int y);
/* The number in the band of desktop_scroll, -1 when there is no picture. */
int suite_code(struct suite *s);
struct hawser_stats suite_stats(struct suite *s);
/* Seconds of all threads of a process; 0: there is none. */
double suite_process_cpu(pid_t pid);
/* CPU time of the host's processes together so far, and of the X server; seconds. */
double suite_host_cpu(const struct suite *s);
double suite_screen_cpu(const struct suite *s);
