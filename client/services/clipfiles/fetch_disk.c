/* Paths of a list hold no "..", and nothing of it is a link; what somebody may put there meanwhile
 * is kept out by resolving beneath the folder, over no link. */
#include "client/services/clipfiles/fetch_disk.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NS_PER_S 1000000000ll
#define PART ".hawser-paste-part" /* of the one file that is being written */

struct hws_fetch_disk {
	struct hws_clip_list *list;
	char *folder;
	int top;    /* -1: not open */
	int parent; /* of the file that is being written, where its part is; -1: none */
	int file;
	struct hws_error err;
};

int hws_fetch_disk_new(struct hws_clip_list *list, const char *folder, struct hws_fetch_disk **ret)
{
	struct hws_fetch_disk *d = hws_alloc(sizeof(*d));

	if (!d)
		return HWS_ERR_NOMEM;
	d->top = d->parent = d->file = -1;
	d->folder = hws_strdup(folder);
	if (!d->folder) {
		hws_free(d);
		return HWS_ERR_NOMEM;
	}
	d->list = hws_clip_list_ref(list);
	*ret = d;
	return HWS_OK;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* The file that is being written is not: its part goes. */
static void drop_part(struct hws_fetch_disk *d)
{
	if (d->file >= 0)
		unlinkat(d->parent, PART, 0);
	close_fd(&d->file);
	close_fd(&d->parent);
}

void hws_fetch_disk_free(struct hws_fetch_disk *d)
{
	if (!d)
		return;
	drop_part(d);
	close_fd(&d->top);
	hws_clip_list_unref(d->list);
	hws_free(d->folder);
	hws_free(d);
}

const char *hws_fetch_disk_why(const struct hws_fetch_disk *d)
{
	return d->err.text;
}

static int refuse(struct hws_fetch_disk *d, int code, const char *path, const char *why)
{
	char shown[200], folder[200];

	hws_str_escape(shown, sizeof(shown), hws_bytes_str(path));
	hws_str_escape(folder, sizeof(folder), hws_bytes_str(d->folder));
	return hws_error_set(&d->err, code, "%s%s%s: %s", folder, *path ? "/" : "", shown, why);
}

static int refuse_errno(struct hws_fetch_disk *d, const char *path)
{
	return refuse(d, hws_err_from_errno(errno), path, strerror(errno));
}

static int open_beneath(const struct hws_fetch_disk *d, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };

	return (int)syscall(SYS_openat2, d->top, path, &how, sizeof(how));
}

static int open_parent(struct hws_fetch_disk *d, const struct hws_clip_entry *e)
{
	if (e->parent == HWS_CLIP_NO_PARENT)
		return open_beneath(d, ".");
	return open_beneath(d, hws_clip_list_at(d->list, e->parent)->path);
}

int hws_fetch_disk_open(struct hws_fetch_disk *d)
{
	d->top = open(d->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->top < 0)
		return refuse_errno(d, "");
	for (uint32_t i = 0; i < hws_clip_list_count(d->list); i++) {
		const struct hws_clip_entry *e = hws_clip_list_at(d->list, i);
		struct stat st;

		if (e->parent == HWS_CLIP_NO_PARENT &&
				fstatat(d->top, e->path, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return refuse(d, HWS_ERR_EXISTS, e->path,
					"it is there already, and nothing is replaced");
	}
	return HWS_OK;
}

static int make_folder(struct hws_fetch_disk *d, const struct hws_clip_entry *e)
{
	int parent = open_parent(d, e), r = HWS_OK;

	/* Its mode comes when all is in it. */
	if (parent < 0 || mkdirat(parent, e->name, 0777) < 0)
		r = refuse_errno(d, e->path);
	close_fd(&parent);
	return r;
}

static int begin_file(struct hws_fetch_disk *d, const struct hws_clip_entry *e)
{
	d->parent = open_parent(d, e);
	if (d->parent < 0)
		return refuse_errno(d, e->path);
	d->file = openat(d->parent, PART, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			0777);
	return d->file < 0 ? refuse_errno(d, e->path) : HWS_OK;
}

static bool is_zero(struct hws_bytes data)
{
	return data.len == 0 ||
			(data.ptr[0] == 0 && memcmp(data.ptr, data.ptr + 1, data.len - 1) == 0);
}

/* Holes stay holes; the length is set at the end. */
static int write_all(int fd, uint64_t offset, struct hws_bytes data)
{
	size_t done = 0;

	if (is_zero(data))
		return 0;
	while (done < data.len) {
		ssize_t n = pwrite(fd, data.ptr + done, data.len - done, (off_t)(offset + done));

		if (n < 0 && errno != EINTR)
			return -1;
		done += n < 0 ? 0 : (size_t)n;
	}
	return 0;
}

static struct timespec time_of(const struct hws_clip_entry *e)
{
	int64_t sub = e->time_ns % NS_PER_S;

	return (struct timespec){ .tv_sec = e->time_ns / NS_PER_S - (sub < 0),
		.tv_nsec = sub < 0 ? sub + NS_PER_S : sub };
}

/* What was made with all permissions has lost those that who pastes gives to nobody. */
static mode_t mode_of(const struct hws_clip_entry *e, int fd, mode_t at_least)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? at_least : ((e->mode & st.st_mode & 0777) | at_least);
}

static int complete_file(struct hws_fetch_disk *d, const struct hws_clip_entry *e)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, time_of(e) };

	if (ftruncate(d->file, (off_t)e->size) < 0 ||
			fchmod(d->file, mode_of(e, d->file, 0400)) < 0 ||
			futimens(d->file, times) < 0)
		return refuse_errno(d, e->path);
	/* the kernel's word that nothing is replaced */
	if (renameat2(d->parent, PART, d->parent, e->name, RENAME_NOREPLACE) < 0)
		return refuse_errno(d, e->path);
	close_fd(&d->file);
	close_fd(&d->parent);
	return HWS_OK;
}

int hws_fetch_disk_write(struct hws_fetch_disk *d, uint32_t index, uint64_t offset,
		struct hws_bytes data, bool last)
{
	const struct hws_clip_entry *e = hws_clip_list_at(d->list, index);
	int r = HWS_OK;

	if (e->is_folder)
		return make_folder(d, e);
	if (offset == 0)
		r = begin_file(d, e);
	if (r == HWS_OK && write_all(d->file, offset, data) < 0)
		r = refuse_errno(d, e->path);
	if (r == HWS_OK && last)
		r = complete_file(d, e);
	if (r < 0)
		drop_part(d);
	return r;
}

int hws_fetch_disk_finish(struct hws_fetch_disk *d)
{
	for (uint32_t i = hws_clip_list_count(d->list); i-- > 0;) {
		const struct hws_clip_entry *e = hws_clip_list_at(d->list, i);
		const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, time_of(e) };
		int fd = e->is_folder ? open_beneath(d, e->path) : -1;

		if (fd < 0)
			continue;
		if (fchmod(fd, mode_of(e, fd, 0500)) < 0 || futimens(fd, times) < 0)
			d->err.code = 0; /* all files are there */
		close(fd);
	}
	return HWS_OK;
}
