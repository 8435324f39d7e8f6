/* record/place: a guid is looked at before it becomes a name, whoever has it from where. */
#include "admin/record/place.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define GUID_LEN 36u

int rec_place_open(struct rec_place *p, const char *folder, struct hws_error *err)
{
	if (hws_str_copy(p->folder, sizeof(p->folder), folder) < 0)
		return hws_error_set(err, HWS_ERR_TOOBIG, "the folder of recordings: too long");
	return hws_private_folder_make(folder, err);
}

static int path_of(const struct rec_place *p, const char *guid, char *buf, size_t size,
		struct hws_error *err)
{
	if (strlen(guid) != GUID_LEN || strspn(guid, "0123456789abcdef-") != GUID_LEN ||
			hws_fmt(buf, size, "%s/%s.rec", p->folder, guid) < 0)
		return hws_error_set(err, HWS_ERR_INVAL, "not a recording");
	return HWS_OK;
}

static int failed(const char *path, struct hws_error *err)
{
	int sys = errno;

	return hws_error_set(err, hws_err_from_errno(sys), "%s: %s", path, strerror(sys));
}

/* All bytes at their place. */
static int put(int fd, uint64_t at, struct hws_bytes bytes)
{
	while (bytes.len) {
		ssize_t n = pwrite(fd, bytes.ptr, bytes.len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return HWS_ERR_DISK;
		bytes.ptr += n;
		bytes.len -= (size_t)n;
		at += (uint64_t)n;
	}
	return HWS_OK;
}

int rec_place_make(const struct rec_place *p, const char *guid,
		const uint8_t pk[HWS_SEALED_BOX_KEY_LEN], struct hws_error *err)
{
	uint8_t head[REC_HEAD_LEN];
	char path[480];
	int fd = -1;
	int r = path_of(p, guid, path, sizeof(path), err);

	if (r == HWS_OK)
		r = hws_private_file_create(path, &fd, err);
	if (r < 0)
		return r;
	rec_head_write(pk, head);
	r = put(fd, 0, hws_bytes(head, sizeof(head)));
	if (r < 0)
		failed(path, err);
	close(fd);
	return r;
}

int rec_place_write(const struct rec_place *p, const char *guid, uint64_t at,
		struct hws_bytes bytes, bool last, struct hws_error *err)
{
	char path[480];
	int fd = -1;
	int r = path_of(p, guid, path, sizeof(path), err);

	if (r == HWS_OK)
		r = hws_private_file_mend(path, &fd, err);
	if (r < 0)
		return r;
	r = put(fd, at, bytes);
	if (r == HWS_OK && last &&
			(ftruncate(fd, (off_t)(at + bytes.len)) < 0 || fdatasync(fd) < 0))
		r = HWS_ERR_DISK;
	if (r < 0)
		failed(path, err);
	close(fd);
	return r;
}

int rec_place_read(const struct rec_place *p, const char *guid, uint64_t at, size_t max,
		struct hws_buf *out, struct hws_error *err)
{
	char path[480];
	uint8_t *to;
	ssize_t n;
	int fd = -1;
	int r = path_of(p, guid, path, sizeof(path), err);

	if (r == HWS_OK)
		r = hws_private_file_open(path, HWS_PRIVATE_OWN, &fd, err);
	if (r < 0)
		return r;
	to = hws_buf_reserve(out, max);
	n = to ? pread(fd, to, max, (off_t)at) : 0;
	if (!to)
		r = hws_buf_err(out);
	else if (n < 0)
		r = failed(path, err);
	else if (n == 0)
		r = HWS_ERR_EOF;
	else
		hws_buf_commit(out, (size_t)n);
	close(fd);
	return r;
}

int rec_place_remove(const struct rec_place *p, const char *guid, struct hws_error *err)
{
	char path[480];
	int r = path_of(p, guid, path, sizeof(path), err);

	return r == HWS_OK ? hws_private_file_remove(path, err) : r;
}

uint64_t rec_place_free(const struct rec_place *p)
{
	struct statvfs v;

	return statvfs(p->folder, &v) < 0 ? UINT64_MAX : (uint64_t)v.f_bavail * v.f_frsize;
}
