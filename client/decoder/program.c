/* Finding and running the decoder's program. An embedder's program is anywhere: what counts is
 * where the library is, and that one knows its own code. */
#include "client/decoder/program.h"
#include "shared/base/str.h"
#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
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
		const char *path, int fd, struct hws_child *ret, struct hws_error *err)
{
	const char *const argv[] = { NAME, NULL };
	const struct hws_spawn s = {
		.program = path, .argv = argv, .ipc_fd = fd, .clean_env = true, .huge_pages = true
	};

	return hws_child_start(&s, ret, err);
}
