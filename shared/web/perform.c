/* TLS writes to sockets that the other end has closed, and a thread cannot ask libcurl to ignore
 * the signal for all: it is held back from this thread, and taken away if it came. */
#include "shared/web/perform.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

CURLcode hws_curl_perform(CURL *curl)
{
	static const struct timespec at_once = { 0 };
	sigset_t pipe_set, old, pending;
	CURLcode code;

	sigemptyset(&pipe_set);
	sigaddset(&pipe_set, SIGPIPE);
	sigpending(&pending);
	pthread_sigmask(SIG_BLOCK, &pipe_set, &old);
	code = curl_easy_perform(curl);
	if (!sigismember(&pending, SIGPIPE)) {
		while (sigtimedwait(&pipe_set, NULL, &at_once) < 0 && errno == EINTR)
			;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return code;
}
