/* By a descriptor of the process where the kernel has them: numbers are used again. */
#include "shared/sys/child.h"
#include "shared/base/clock.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define END_MS 1000
#define LOOK_MS 10u /* without a descriptor */

int hws_child_start(const struct hws_spawn *s, struct hws_child *ret, struct hws_error *err)
{
	int r = hws_spawn(s, &ret->pid, err);

	if (r < 0) {
		ret->pid = 0;
		return r;
	}
	ret->pidfd = (int)syscall(SYS_pidfd_open, ret->pid, 0);
	return HWS_OK;
}

bool hws_child_runs(const struct hws_child *c)
{
	struct pollfd ended = { .fd = c->pidfd, .events = POLLIN };

	return c->pid > 0 && (c->pidfd < 0 || poll(&ended, 1, 0) == 0);
}

static bool collect(struct hws_child *c, int *ret_status)
{
	int status = -1;
	pid_t pid = waitpid(c->pid, &status, WNOHANG);

	if (pid == 0)
		return false;
	if (pid < 0)
		status = -1;
	if (ret_status)
		*ret_status = status;
	if (c->pidfd >= 0)
		close(c->pidfd);
	*c = (struct hws_child){ 0 };
	return true;
}

bool hws_child_wait(struct hws_child *c, unsigned ms, int *ret_status)
{
	uint64_t now = hws_clock_us(), end = now + ms * HWS_US_PER_MS;
	struct pollfd ended = { .fd = c->pidfd, .events = POLLIN };

	if (c->pid <= 0)
		return true;
	while (!collect(c, ret_status)) {
		now = hws_clock_us();
		if (now >= end)
			return false;
		unsigned left = (unsigned)((end - now) / HWS_US_PER_MS) + 1;
		(void)poll(&ended, c->pidfd >= 0,
				(int)(c->pidfd >= 0 || left < LOOK_MS ? left : LOOK_MS));
	}
	return true;
}

void hws_child_end(struct hws_child *c)
{
	struct pollfd ended = { .fd = c->pidfd, .events = POLLIN };

	if (c->pid <= 0)
		return;
	if (c->pidfd >= 0) {
		syscall(SYS_pidfd_send_signal, c->pidfd, SIGKILL, NULL, 0);
		while (poll(&ended, 1, END_MS) < 0 && errno == EINTR)
			;
		close(c->pidfd);
		waitpid(c->pid, NULL, WNOHANG);
	} else {
		kill(c->pid, SIGKILL);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	*c = (struct hws_child){ 0 };
}
