/* A recorder holds a lock on the file that it writes, so what is unlocked and not whole is what
 * nobody will finish. */
#include "client/services/recording/repair.h"
#include "client/services/recording/repair_parts.h"
#include "client/services/recording/tidy.h"
#include "shared/base/log.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 10000u /* looked at in a folder */

bool hws_repair_read(int fd, uint64_t at, void *to, size_t n)
{
	uint8_t *p = to;

	while (n > 0) {
		ssize_t got = pread(fd, p, n, (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		p += got;
		at += (uint64_t)got;
		n -= (size_t)got;
	}
	return true;
}

int hws_repair_cut(int fd, uint64_t end, struct hws_outfile *ret)
{
	*ret = (struct hws_outfile){ .fd = fd, .at = end };
	return ftruncate(fd, (off_t)end) < 0 || lseek(fd, (off_t)end, SEEK_SET) < 0
			? hws_err_from_errno(errno)
			: HWS_OK;
}

static int repair_fd(int fd, enum hws_recording_was *ret)
{
	uint8_t head[8];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return hws_err_from_errno(errno);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return HWS_ERR_BUSY;
	if (!hws_repair_read(fd, 0, head, sizeof(head)))
		return HWS_ERR_UNSUPPORTED;
	if (hws_repair_number(head, 4) == 0x1a45dfa3)
		return hws_repair_webm(fd, (uint64_t)st.st_size, ret);
	if (!memcmp(head + 4, "ftyp", 4))
		return hws_repair_mp4(fd, (uint64_t)st.st_size, ret);
	return HWS_ERR_UNSUPPORTED;
}

int hws_recording_repair(const char *path, enum hws_recording_was *ret, struct hws_error *err)
{
	int fd, r = hws_private_file_mend(path, &fd, err);

	*ret = HWS_RECORDING_WHOLE;
	if (r < 0)
		return r;
	r = repair_fd(fd, ret);
	if (r == HWS_OK && *ret == HWS_RECORDING_REPAIRED && fsync(fd) < 0)
		r = hws_err_from_errno(errno);
	if (close(fd) < 0 && r == HWS_OK)
		r = hws_err_from_errno(errno);
	if (r == HWS_ERR_BUSY)
		return hws_error_set(err, r, "%s is being recorded", path);
	if (r == HWS_ERR_UNSUPPORTED)
		return hws_error_set(err, r, "%s is not a recording of hawser's", path);
	return r < 0 ? hws_error_set(err, r, "cannot repair %s: %s", path, hws_err_text(r)) : r;
}

void hws_recordings_repair_folder(const char *folder, const char *prefix)
{
	DIR *d = opendir(folder);
	struct dirent *e;
	unsigned looked = 0;

	while (d && looked < FILES_MAX && (e = readdir(d))) {
		char path[PATH_MAX];
		enum hws_recording_was was;
		struct hws_error err = { 0 };
		if (!hws_recording_is_name(e->d_name, prefix) ||
				hws_fmt(path, sizeof(path), "%s/%s", folder, e->d_name) < 0)
			continue;
		looked++;
		int r = hws_recording_repair(path, &was, &err);
		if (r < 0 && r != HWS_ERR_BUSY && r != HWS_ERR_UNSUPPORTED)
			hws_warn_limited("recording.not_repaired", HWS_STR("why", err.text));
		else if (r == HWS_OK && was == HWS_RECORDING_REPAIRED)
			hws_info("recording.repaired", HWS_STR("file", path));
	}
	if (d)
		closedir(d);
}
