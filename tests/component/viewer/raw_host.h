/* tests: a deployed host at a direct address, for tunnels: a thread for each connection, no
 * encryption, a probe before the verdict, and raw bytes in the very segment of that verdict. What
 * comes raw is said back. */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define RAW_HOST_SEEN 64

struct raw_host {
	const char *password; /* NULL: lets everybody in */
	const char *refuse;   /* instead of letting in, this error */
	unsigned hold;        /* verdicts wait until so many logins are there */
	uint16_t port;
	/* --- under the lock */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned connections, logins, let_in, unanswered;
	struct {
		char host[100];
		int port;
	} seen[RAW_HOST_SEEN]; /* targets, in order of their logins */
	/* --- */
	int listener, stop[2];
	pthread_t thread;
	pthread_t worker[256];
	unsigned workers;
};

/* Fill in what stands above `port` before. */
void raw_host_start(struct raw_host *h);
void raw_host_stop(struct raw_host *h);
