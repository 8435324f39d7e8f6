/* By the time of the last change, for names can be changed. */
#include "client/services/recording/tidy.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILES_MAX 20000u

struct old {
	char name[256];
	int64_t changed;
	uint64_t bytes;
};

bool hws_recording_is_name(const char *name, const char *prefix)
{
	size_t n = strlen(prefix), len = strlen(name);

	return !strncmp(name, prefix, n) && name[n] == '_' &&
			((len > 5 && !strcmp(name + len - 5, ".webm")) ||
					(len > 4 && !strcmp(name + len - 4, ".mp4")));
}

static int by_age(const void *a, const void *b)
{
	const struct old *x = a, *y = b;

	return x->changed < y->changed ? -1 : x->changed > y->changed;
}

/* What a recorder holds a lock on is not counted as old, but as bytes. */
static bool is_written(const char *folder, const char *name)
{
	char path[PATH_MAX];
	int fd;

	if (hws_fmt(path, sizeof(path), "%s/%s", folder, name) < 0 ||
			hws_private_file_mend(path, &fd, NULL) < 0)
		return true;
	bool busy = flock(fd, LOCK_EX | LOCK_NB) < 0;
	close(fd);
	return busy;
}

static size_t collect(DIR *d, const char *prefix, struct old **ret)
{
	struct old *list = NULL;
	size_t n = 0, room = 0;
	struct dirent *e;
	struct stat st;

	while (n < FILES_MAX && (e = readdir(d))) {
		if (!hws_recording_is_name(e->d_name, prefix) ||
				fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
				!S_ISREG(st.st_mode))
			continue;
		if (n == room) {
			struct old *more = hws_realloc_array(list, room + 256, sizeof(*more));
			if (!more)
				break;
			list = more;
			room += 256;
		}
		if (hws_str_copy(list[n].name, sizeof(list[n].name), e->d_name) < 0)
			continue;
		list[n].changed = st.st_mtime;
		list[n++].bytes = (uint64_t)st.st_size;
	}
	*ret = list;
	return n;
}

void hws_recordings_tidy(
		const char *folder, const char *prefix, uint64_t keep_s, uint64_t bytes_max)
{
	DIR *d = keep_s || bytes_max ? opendir(folder) : NULL;
	struct old *list = NULL;
	uint64_t total = 0;
	int64_t now = time(NULL);
	size_t n;

	if (!d)
		return;
	n = collect(d, prefix, &list);
	if (n > 1)
		qsort(list, n, sizeof(*list), by_age);
	for (size_t i = 0; i < n; i++)
		total += list[i].bytes;
	for (size_t i = 0; i < n; i++) {
		int64_t age = now - list[i].changed;
		bool old = keep_s && age > 0 && (uint64_t)age > keep_s;
		bool much = bytes_max && total > bytes_max;
		if ((!old && !much) || is_written(folder, list[i].name))
			continue;
		if (unlinkat(dirfd(d), list[i].name, 0) < 0)
			continue;
		total -= list[i].bytes;
		hws_info("recording.removed", HWS_STR("file", list[i].name),
				HWS_STR("why", old ? "too old" : "too much"));
	}
	hws_free(list);
	closedir(d);
}
