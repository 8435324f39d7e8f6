/* tests/e2e/stack: the whole suite as real processes on loopback: rendezvous, relay, a virtual
 * desktop with programs on it, a host. Everything is stopped by test_stack_stop or with the test
 * process. */
#pragma once
#include "tests/support/xvfb.h"
#include <stdbool.h>
#include <stdint.h>

#define STACK_SERVERS 1u /* rendezvous and relay; without it the host serves direct connections */
#define STACK_RELAY_ONLY 2u /* the rendezvous server forces the relay */
#define STACK_TERMINAL 4u   /* an xterm that writes the first line typed into it to `typed` */
#define STACK_XEV 8u        /* xev at 700,100: prints what buttons do */
#define STACK_NO_HOST 16u
#define STACK_OWN_SCREEN 32u /* on a display number that stays free when the X server is killed */
#define STACK_OUTPUTS 64u /* an X server with several outputs, of which one is lit (support/xorg) */

struct test_stack {
	char dir[256], env_dir[256];
	char env[8][300];
	const char *envp[12];
	struct test_xvfb screen;
	struct test_proc rendezvous, relay, host, terminal, xev;
	uint16_t port; /* rendezvous main port */
	uint16_t relay_port;
	uint16_t direct_port; /* of the host */
	char key[64];         /* the server's public key, "" without servers */
	char server[32];      /* "127.0.0.1:PORT" */
	char id[32], password[32];
	char target[48]; /* what a viewer connects to */
	char typed[300]; /* file of STACK_TERMINAL */
	char config[300]; /* of the host; "": none is named. With STACK_NO_HOST, to be set before it is started */
	unsigned flags;
};

/* False: this machine has no such X server; the test is over. */
bool test_stack_start(struct test_stack *s, unsigned flags);
void test_stack_stop(struct test_stack *s);
void test_stack_start_rendezvous(struct test_stack *s);
/* Starts (again) and waits until it is registered or listens. */
void test_stack_start_host(struct test_stack *s);
/* Runs a program of the host's command line and copies the first line it prints. */
void test_stack_ask_host(struct test_stack *s, const char *verb, char *buf, size_t size);
/* Whole content of a small file, "" if there is none. */
void test_read_file(const char *path, char *buf, size_t size);
