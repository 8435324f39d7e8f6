/* Names and what they stand for; see the header. */
#include "server-rendezvous/store/sqlite/file_id.h"
#include "shared/base/str.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_BYTES 600

static bool same(struct rdv_file_id a, struct rdv_file_id b)
{
	return a.ino && a.ino == b.ino && a.dev == b.dev;
}

struct rdv_file_id rdv_file_id(const char *path, const char *end)
{
	char name[NAME_MAX_BYTES];
	struct stat st;

	if (hws_fmt(name, sizeof(name), "%s%s", path, end) < 0 || stat(name, &st) < 0)
		return (struct rdv_file_id){ 0 };
	return (struct rdv_file_id){ st.st_dev, st.st_ino };
}

bool rdv_file_in_place(const char *path, struct rdv_file_id file)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno != ENOENT && errno != ENOTDIR;
	return same(file, (struct rdv_file_id){ st.st_dev, st.st_ino });
}

void rdv_file_remove_ours(const char *path, const char *end, struct rdv_file_id ours)
{
	char name[NAME_MAX_BYTES];

	if (same(ours, rdv_file_id(path, end)) &&
			hws_fmt(name, sizeof(name), "%s%s", path, end) == 0)
		unlink(name);
}
