/* Any two paths: what is resolved resolves to itself, and has no ".." in it. */
#include "client/cli/files/path.h"
#include "shared/base/mem.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void check(const char *path, bool windows)
{
	char again[256];

	if (files_path_resolve(again, sizeof(again), path, "", windows) < 0 ||
			strcmp(again, path) != 0)
		abort();
	for (const char *p = path; (p = strstr(p, "..")); p++) {
		bool before = p == path || p[-1] == '/' || (windows && p[-1] == '\\');
		bool behind = !p[2] || p[2] == '/' || (windows && p[2] == '\\');
		/* the name of a server or a share may be that */
		if (before && behind && strncmp(path, "\\\\", 2) != 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = hws_alloc(size + 2), out[256], parent[256];
	bool windows;

	if (!text)
		return 0;
	windows = size > 0 && (data[0] & 1);
	if (size > 0)
		memcpy(text, data + 1, size - 1);
	/* the folder, a NUL, what is looked for in it */
	char *arg = memchr(text, 0, size + 1);
	arg += arg < text + size;
	if (files_path_resolve(out, sizeof(out), "", text, windows) == 0 &&
			(!*out || files_path_is_absolute(out, windows))) {
		char to[256];
		if (files_path_resolve(to, sizeof(to), out, arg, windows) == 0 &&
				files_path_is_absolute(to, windows)) {
			check(to, windows);
			if (files_path_parent(parent, sizeof(parent), to, windows) < 0)
				abort();
		}
	}
	hws_free(text);
	return 0;
}
