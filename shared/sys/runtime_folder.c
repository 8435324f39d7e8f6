/* Each place is looked at before it is used: /tmp is everybody's. */
#include "shared/sys/runtime_folder.h"
#include "shared/base/str.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Ours alone, and no link that somebody else could turn elsewhere. */
bool hws_folder_is_private(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
			(st.st_mode & 077) == 0;
}

static bool use_folder(char *ret, size_t size, const char *parent, const char *name)
{
	if (hws_fmt(ret, size, "%s/%s", parent, name) < 0)
		return false;
	return (mkdir(ret, 0700) == 0 || errno == EEXIST) && hws_folder_is_private(ret);
}

int hws_runtime_folder(char *ret, size_t size, struct hws_error *err)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char usual[64], name[64];
	unsigned uid = (unsigned)geteuid();

	if (runtime && runtime[0] == '/' && hws_folder_is_private(runtime) &&
			use_folder(ret, size, runtime, "hawser"))
		return HWS_OK;
	if (hws_fmt(usual, sizeof(usual), "/run/user/%u", uid) == HWS_OK &&
			hws_folder_is_private(usual) && use_folder(ret, size, usual, "hawser"))
		return HWS_OK;
	if (hws_fmt(name, sizeof(name), "hawser-%u", uid) == HWS_OK &&
			use_folder(ret, size, "/tmp", name))
		return HWS_OK;
	return hws_error_set(err, HWS_ERR_PERM,
			"there is no folder of our own to use: neither $XDG_RUNTIME_DIR nor "
			"/tmp/%s can be used, or belongs to somebody else",
			name);
}
