/* upload/folder: what is done is remembered by name, since a recording never gets another content
 * under its name. */
#include "client/upload/folder.h"
#include "shared/base/file_error.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILES_MAX 10000u
#define STAMP_LEN 17u
#define STATE_MAX (4u << 20)

static int add(struct hws_upload_list *l, const char *name, int64_t modified_s)
{
	struct hws_upload_file *more;

	if (l->count == FILES_MAX)
		return HWS_ERR_FULL;
	more = hws_realloc_array(l->file, l->count + 1, sizeof(*more));
	if (!more)
		return HWS_ERR_NOMEM;
	l->file = more;
	l->file[l->count].modified_s = modified_s;
	return hws_str_copy(l->file[l->count++].name, sizeof(l->file->name), name);
}

void hws_upload_list_free(struct hws_upload_list *l)
{
	hws_free(l->file);
	*l = (struct hws_upload_list){ 0 };
}

static int by_name(const void *a, const void *b)
{
	const struct hws_upload_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int by_time(const void *a, const void *b)
{
	const struct hws_upload_file *x = a, *y = b;

	return x->modified_s != y->modified_s ? (x->modified_s > y->modified_s ? 1 : -1)
					      : strcmp(x->name, y->name);
}

static bool is_done(const struct hws_upload_list *done, const char *name)
{
	struct hws_upload_file wanted = { .modified_s = 0 };

	return done->count && hws_str_copy(wanted.name, sizeof(wanted.name), name) == HWS_OK &&
			bsearch(&wanted, done->file, done->count, sizeof(wanted), by_name);
}

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), k = strlen(end);

	return n > k && strcmp(name + n - k, end) == 0;
}

static bool is_recording(const char *name)
{
	return (hws_str_starts(name, "incoming_") || hws_str_starts(name, "outgoing_")) &&
			(ends_with(name, ".webm") || ends_with(name, ".mp4"));
}

int hws_upload_list(const char *folder, const struct hws_upload_list *done,
		struct hws_upload_list *ret, struct hws_error *err)
{
	struct hws_upload_list l = { 0 };
	DIR *d = opendir(folder);
	struct dirent *e;
	struct stat st;
	int r = HWS_OK;

	if (!d)
		return hws_file_error(folder, errno, err);
	while (r == HWS_OK && (e = readdir(d)) != NULL) {
		if (!is_recording(e->d_name) || strlen(e->d_name) >= sizeof(l.file->name) ||
				is_done(done, e->d_name) ||
				fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
				!S_ISREG(st.st_mode))
			continue;
		r = add(&l, e->d_name, (int64_t)st.st_mtime);
	}
	closedir(d);
	if (r == HWS_ERR_FULL) /* those that are too many come with a later run */
		r = HWS_OK;
	if (r < 0) {
		hws_upload_list_free(&l);
		return hws_error_set(err, r, "%s: %s", folder, hws_err_text(r));
	}
	if (l.count)
		qsort(l.file, l.count, sizeof(*l.file), by_time);
	*ret = l;
	return HWS_OK;
}

static int digits(const char *s, size_t n)
{
	int v = 0;

	for (size_t i = 0; i < n; i++)
		v = 10 * v + (s[i] - '0');
	return v;
}

int64_t hws_upload_began_s(const char *name)
{
	for (const char *p = strchr(name, '_'); p; p = strchr(p + 1, '_')) {
		struct tm tm = { .tm_isdst = -1 };
		time_t t;

		if (strspn(p + 1, "0123456789") != STAMP_LEN || p[1 + STAMP_LEN] != '_')
			continue;
		tm.tm_year = digits(p + 1, 4) - 1900;
		tm.tm_mon = digits(p + 5, 2) - 1;
		tm.tm_mday = digits(p + 7, 2);
		tm.tm_hour = digits(p + 9, 2);
		tm.tm_min = digits(p + 11, 2);
		tm.tm_sec = digits(p + 13, 2);
		t = mktime(&tm);
		return t > 0 ? (int64_t)t : 0;
	}
	return 0;
}

/* `arg`: the list. */
static int take_name(const char *name, void *arg)
{
	return is_recording(name) ? add(arg, name, 0) : HWS_OK;
}

int hws_upload_done_read(const char *path, struct hws_upload_list *ret, struct hws_error *err)
{
	struct hws_upload_list l = { 0 };
	struct hws_buf text;
	int r;

	hws_buf_init(&text, STATE_MAX);
	r = hws_private_file_read(path, HWS_PRIVATE_OWN, &text, err);
	if (r == HWS_OK) {
		hws_buf_put_u8(&text, 0);
		r = hws_buf_err(&text);
		if (r == HWS_OK)
			r = hws_str_each((const char *)hws_buf_bytes(&text).ptr, '\n', take_name,
					&l);
		if (r < 0)
			hws_error_set(err, r, "%s: %s", path, hws_err_text(r));
	} else if (r == HWS_ERR_NOTFOUND) {
		r = HWS_OK;
	}
	hws_buf_done(&text);
	if (r < 0) {
		hws_upload_list_free(&l);
		return r;
	}
	if (l.count)
		qsort(l.file, l.count, sizeof(*l.file), by_name);
	*ret = l;
	return HWS_OK;
}

int hws_upload_done_add(const char *path, const char *folder, struct hws_upload_list *done,
		const char *name, struct hws_error *err)
{
	char file[4200];
	struct hws_buf text;
	int r = done->count < FILES_MAX ? add(done, name, 0) : HWS_OK;

	hws_buf_init(&text, STATE_MAX);
	for (size_t i = 0; i < done->count && r == HWS_OK; i++) {
		r = hws_fmt(file, sizeof(file), "%s/%s", folder, done->file[i].name);
		if (r == HWS_OK && access(file, F_OK) == 0)
			hws_buf_fmt(&text, "%s\n", done->file[i].name);
	}
	if (done->count)
		qsort(done->file, done->count, sizeof(*done->file), by_name);
	if (r == HWS_OK)
		r = hws_buf_err(&text);
	if (r == HWS_OK)
		r = hws_private_file_write(path, hws_buf_bytes(&text), HWS_PRIVATE_FOLDERS, err);
	else
		hws_error_set(err, r, "%s: %s", path, hws_err_text(r));
	hws_buf_done(&text);
	return r;
}
