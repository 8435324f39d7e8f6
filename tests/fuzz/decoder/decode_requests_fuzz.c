/* The decoder process against a viewer that says anything. Input: what comes over its socket. */
#include "client/decoder/worker.h"
#include "shared/sys/local_socket.h"
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define INPUT_MAX (64u << 10) /* fits into the socket, so that nobody has to write meanwhile */

/* Answers are taken, or it would wait. */
static void *drain(void *arg)
{
	struct pollfd p = { .fd = *(int *)arg, .events = POLLIN };
	static char some[1u << 16];

	for (;;) {
		ssize_t n = read(p.fd, some, sizeof(some));
		if (n == 0 || (n < 0 && poll(&p, 1, -1) < 0))
			return NULL;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pthread_t thread;
	int pair[2];

	if (size > INPUT_MAX || hws_local_pair(pair) < 0)
		return 0;
	if (write(pair[0], data, size) != (ssize_t)size || shutdown(pair[0], SHUT_WR) < 0 ||
			pthread_create(&thread, NULL, drain, &pair[0]) != 0)
		abort();
	hws_decode_serve(pair[1], 0);
	pthread_join(thread, NULL);
	close(pair[0]);
	return 0;
}
