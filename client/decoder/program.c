/* Finding and running the decoder's program. An embedder's program is anywhere: what counts is
 * where the library is, and that one knows its own code. */
#include "client/decoder/program.h"
#include "shared/base/str.h"
#include "shared/sys/spawn.h"
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME "hawser-decoder"
#define IN_BUILD_TREE "../decoder/hawser-decoder"

static int folder_of_library(char *ret)
{
	Dl_info info;
	char *slash;

	if (!dladdr((const void *)(uintptr_t)&hws_decoder_program, &info) || !info.dli_fname)
		return HWS_ERR_NOTFOUND;
	/* of the program itself it is the name by which it was started, which may be any */
	if (!realpath(strchr(info.dli_fname, '/') ? info.dli_fname : "/proc/self/exe", ret))
		return HWS_ERR_NOTFOUND;
	slash = strrchr(ret, '/');
	if (!slash)
		return HWS_ERR_NOTFOUND;
	*slash = 0;
	return HWS_OK;
}

int hws_decoder_program(char *path, size_t size, struct hws_error *err)
{
	static const char *const places[] = { HAWSER_DECODER_FROM_LIB, HAWSER_DECODER_FROM_BIN,
		IN_BUILD_TREE, NAME };
	const char *named = secure_getenv("HAWSER_DECODER");
	char folder[PATH_MAX];

	if (named && *named) {
		if (hws_str_copy(path, size, named) == HWS_OK && access(path, X_OK) == 0)
			return HWS_OK;
		return hws_error_set(err, HWS_ERR_NOTFOUND,
				"$HAWSER_DECODER names \"%.200s\", which is no program", named);
	}
	if (folder_of_library(folder) < 0)
		return hws_error_set(err, HWS_ERR_NOTFOUND,
				"%s cannot be looked for: the library does not know where it is",
				NAME);
	for (size_t i = 0; i < HWS_COUNT(places); i++)
		if (hws_fmt(path, size, "%s/%s", folder, places[i]) == HWS_OK &&
				access(path, X_OK) == 0)
			return HWS_OK;
	return hws_error_set(err, HWS_ERR_NOTFOUND,
			"the program %s is missing (it belongs at %.150s/%s): install it again, or "
			"set $HAWSER_DECODER to its path",
			NAME, folder, HAWSER_DECODER_FROM_LIB);
}

int hws_decoder_process_start(
		const char *path, int fd, struct hws_decoder_process *ret, struct hws_error *err)
{
	const char *const argv[] = { NAME, NULL };
	const struct hws_spawn s = {
		.program = path, .argv = argv, .ipc_fd = fd, .clean_env = true, .huge_pages = true
	};
	int r = hws_spawn(&s, &ret->pid, err);

	if (r < 0) {
		ret->pid = 0;
		return r;
	}
	/* An embedder that waits for all its children must not make us signal a stranger. */
	ret->pidfd = (int)syscall(SYS_pidfd_open, ret->pid, 0);
	return HWS_OK;
}

bool hws_decoder_process_runs(const struct hws_decoder_process *p)
{
	struct pollfd ended = { .fd = p->pidfd, .events = POLLIN };

	return p->pid > 0 && (p->pidfd < 0 || poll(&ended, 1, 0) == 0);
}

void hws_decoder_process_end(struct hws_decoder_process *p)
{
	struct pollfd ended = { .fd = p->pidfd, .events = POLLIN };

	if (p->pid <= 0)
		return;
	if (p->pidfd >= 0) {
		syscall(SYS_pidfd_send_signal, p->pidfd, SIGKILL, NULL, 0);
		while (poll(&ended, 1, 1000) < 0 && errno == EINTR)
			;
		close(p->pidfd);
		waitpid(p->pid, NULL, WNOHANG);
	} else {
		kill(p->pid, SIGKILL);
		while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	*p = (struct hws_decoder_process){ 0 };
}
