/* Jobs as deployed hosts do them. */
#include "shared/wire/compress.h"
#include "tests/component/files/deployed_host.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK (128u << 10)

bool deployed_respond(struct deployed_host *h, Ses__FileResponse *r)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_FILE_RESPONSE;
	m.file_response = r;
	return deployed_put(h, &m);
}

bool deployed_error(struct deployed_host *h, int32_t id, int32_t file, const char *text)
{
	Ses__FileTransferError e = SES__FILE_TRANSFER_ERROR__INIT;
	Ses__FileResponse r = SES__FILE_RESPONSE__INIT;

	e.id = id;
	e.file_num = file;
	e.error = (char *)text;
	r.union_case = SES__FILE_RESPONSE__UNION_ERROR;
	r.error = &e;
	return deployed_respond(h, &r);
}

static bool os_error(struct deployed_host *h, int32_t id, int32_t file)
{
	char text[200];

	snprintf(text, sizeof(text), "%s (os error %d)", strerror(errno), errno);
	return deployed_error(h, id, file, h->says ? h->says : text);
}

bool deployed_done(struct deployed_host *h, int32_t id, int32_t file)
{
	Ses__FileTransferDone d = SES__FILE_TRANSFER_DONE__INIT;
	Ses__FileResponse r = SES__FILE_RESPONSE__INIT;

	d.id = id;
	d.file_num = file;
	r.union_case = SES__FILE_RESPONSE__UNION_DONE;
	r.done = &d;
	return deployed_respond(h, &r);
}

static struct deployed_job *find(struct deployed_host *h, int32_t id)
{
	for (size_t i = 0; i < DEPLOYED_JOBS; i++)
		if (h->job[i].used && h->job[i].id == id)
			return &h->job[i];
	return NULL;
}

static void drop(struct deployed_job *j)
{
	if (j->fd >= 0)
		close(j->fd);
	deployed_free_files(j->file, j->count);
	memset(j, 0, sizeof(*j));
}

void deployed_forget(struct deployed_host *h)
{
	for (size_t i = 0; i < DEPLOYED_JOBS; i++)
		if (h->job[i].used)
			drop(&h->job[i]);
}

static struct deployed_job *new_job(struct deployed_host *h, int32_t id, const char *root)
{
	for (size_t i = 0; i < DEPLOYED_JOBS; i++)
		if (!h->job[i].used) {
			struct deployed_job *j = &h->job[i];
			j->used = true;
			j->id = id;
			j->fd = j->open_at = -1;
			snprintf(j->root, sizeof(j->root), "%s", root);
			return j;
		}
	return NULL;
}

static const char *path_of(const struct deployed_job *j, int32_t at, const char *suffix)
{
	static char path[4096];
	const char *name = j->file[at].name;

	snprintf(path, sizeof(path), "%s%s%s%s", j->root, *name ? "/" : "", name, suffix);
	return path;
}

static void wait_for_file(const struct deployed_host *h)
{
	struct stat st;

	for (unsigned i = 0; *h->cut_waits && i < 6000; i++) {
		if (stat(h->cut_waits, &st) == 0 && st.st_size >= h->cut_size)
			return;
		usleep(10000);
	}
}

static void count_block(struct deployed_host *h, size_t bytes)
{
	int cut = atomic_load(&h->cut_after);

	atomic_fetch_add(&h->bytes_taken, (int)bytes);
	if (atomic_fetch_add(&h->blocks, 1) + 1 == cut) {
		wait_for_file(h);
		atomic_store(&h->cut_after, 0);
		h->cut = true;
	}
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool start_send(struct deployed_host *h, const Ses__FileTransferSendRequest *s)
{
	struct deployed_job *j = new_job(h, s->id, s->path);

	if (!j)
		return false;
	if (!deployed_walk(s->path, s->include_hidden, &j->file, &j->count)) {
		drop(j);
		return deployed_error(h, s->id, 0, "Not exists");
	}
	j->at = s->file_num;
	return deployed_all(h, s->id, s->path, s->include_hidden, 0);
}

static bool put_digest(struct deployed_host *h, struct deployed_job *j, bool is_upload,
		bool identical, uint64_t size, uint64_t modified, uint64_t transferred)
{
	Ses__FileTransferDigest d = SES__FILE_TRANSFER_DIGEST__INIT;
	Ses__FileResponse r = SES__FILE_RESPONSE__INIT;

	d.id = j->id;
	d.file_num = j->at;
	d.file_size = size;
	d.last_modified = modified;
	d.is_upload = is_upload;
	d.is_identical = identical;
	d.transferred_size = transferred;
	r.union_case = SES__FILE_RESPONSE__UNION_DIGEST;
	r.digest = &d;
	return deployed_respond(h, &r);
}

static bool is_packed_kind(const char *path)
{
	static const char *const kinds[] = { "xz", "gz", "zip", "7z", "rar", "bz2", "tgz", "png",
		"jpg" };
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(dot + 1, kinds[i]) == 0)
			return true;
	return false;
}

static bool put_block(
		struct deployed_host *h, struct deployed_job *j, const uint8_t *data, size_t n)
{
	Ses__FileTransferBlock b = SES__FILE_TRANSFER_BLOCK__INIT;
	Ses__FileResponse r = SES__FILE_RESPONSE__INIT;
	struct hws_buf packed;
	bool good;

	hws_buf_init(&packed, 2 * BLOCK);
	b.id = j->id;
	b.file_num = j->at;
	b.data.data = (uint8_t *)(uintptr_t)data;
	b.data.len = n;
	if (n > 0 && !is_packed_kind(path_of(j, j->at, "")) &&
			hws_compress(hws_bytes(data, n), 3, &packed) == HWS_OK &&
			hws_buf_len(&packed) < n) {
		b.compressed = true;
		b.data.data = (uint8_t *)(uintptr_t)hws_buf_bytes(&packed).ptr;
		b.data.len = hws_buf_len(&packed);
	}
	r.union_case = SES__FILE_RESPONSE__UNION_BLOCK;
	r.block = &b;
	good = deployed_respond(h, &r);
	hws_buf_done(&packed);
	count_block(h, n);
	return good;
}

static void next_file(struct deployed_job *j)
{
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
	j->at++;
	j->state = DEPLOYED_OPEN;
}

static bool end_reading(struct deployed_host *h, struct deployed_job *j)
{
	int32_t id = j->id, at = j->at;
	bool skipped = j->count == 1 && j->skipped;

	drop(j);
	return skipped ? deployed_error(h, id, at, "skipped") : deployed_done(h, id, at);
}

static bool open_next(struct deployed_host *h, struct deployed_job *j)
{
	struct stat st;

	if ((size_t)j->at >= j->count)
		return end_reading(h, j);
	j->fd = open(path_of(j, j->at, ""), O_RDONLY | O_CLOEXEC);
	if (j->fd < 0 || fstat(j->fd, &st) < 0) {
		/* which is the end of the job: the rest is never sent */
		int err = errno;
		j->at++;
		errno = err;
		return os_error(h, j->id, j->at) && end_reading(h, j);
	}
	j->offset = 0;
	if (h->plain_version) {
		j->state = DEPLOYED_STREAM;
		return true;
	}
	j->state = DEPLOYED_WAIT;
	return put_digest(h, j, false, false, (uint64_t)st.st_size, (uint64_t)st.st_mtime, 0);
}

static bool read_block(struct deployed_host *h, struct deployed_job *j)
{
	static uint8_t data[BLOCK];
	size_t n = 0;
	ssize_t got;

	while (n < BLOCK && (got = read(j->fd, data + n, BLOCK - n)) > 0)
		n += (size_t)got;
	if (!put_block(h, j, data, n))
		return false;
	if (n == 0)
		next_file(j);
	return true;
}

bool deployed_tick(struct deployed_host *h, bool *ret_busy)
{
	*ret_busy = false;
	for (size_t i = 0; i < DEPLOYED_JOBS; i++) {
		struct deployed_job *j = &h->job[i];
		if (!j->used || j->writes)
			continue;
		*ret_busy = j->state != DEPLOYED_WAIT;
		if (j->state == DEPLOYED_OPEN)
			return open_next(h, j);
		return j->state != DEPLOYED_STREAM || read_block(h, j);
	}
	return true;
}

/* --- writing ---------------------------------------------------------------------------------- */

static bool start_receive(struct deployed_host *h, const Ses__FileTransferReceiveRequest *r)
{
	struct deployed_job *j = new_job(h, r->id, r->path);

	if (!j)
		return false;
	j->writes = true;
	j->file = calloc(r->n_files + 1, sizeof(*j->file));
	for (size_t i = 0; i < r->n_files; i++) {
		const char *name = r->files[i]->name;
		if (strstr(name, "..") || *name == '/') {
			drop(j);
			return deployed_error(h, r->id, 0, "path traversal detected in file name");
		}
		j->file[j->count++] = (struct deployed_file){ strdup(name), r->files[i]->size,
			r->files[i]->modified_time };
	}
	j->at = r->file_num;
	return true;
}

static uint64_t digest_of(const char *path, const char *key)
{
	char text[300] = "", *at;
	FILE *f = fopen(path, "re");

	if (!f)
		return UINT64_MAX;
	text[fread(text, 1, sizeof(text) - 1, f)] = 0;
	fclose(f);
	at = strstr(text, key);
	at = at ? strchr(at, ':') : NULL;
	return at ? strtoull(at + 1, NULL, 10) : UINT64_MAX;
}

static bool put_confirm(struct deployed_host *h, struct deployed_job *j)
{
	Ses__FileTransferSendConfirmRequest c = SES__FILE_TRANSFER_SEND_CONFIRM_REQUEST__INIT;
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	c.id = j->id;
	c.file_num = j->at;
	c.union_case = SES__FILE_TRANSFER_SEND_CONFIRM_REQUEST__UNION_OFFSET_BLK;
	a.union_case = SES__FILE_ACTION__UNION_SEND_CONFIRM;
	a.send_confirm = &c;
	m.union_case = SES__MESSAGE__UNION_FILE_ACTION;
	m.file_action = &a;
	return deployed_put(h, &m);
}

static bool on_digest(struct deployed_host *h, const Ses__FileTransferDigest *d)
{
	struct deployed_job *j = find(h, d->id);
	struct stat st, part;
	const char *path;

	if (!j || !j->writes || d->file_num < 0 || (size_t)d->file_num >= j->count)
		return true;
	j->at = d->file_num;
	j->offset = 0;
	j->size = d->file_size;
	j->modified = d->last_modified;
	if (d->is_resume && stat(path_of(j, j->at, ".download"), &part) == 0 && part.st_size > 0 &&
			digest_of(path_of(j, j->at, ".digest"), "size") == d->file_size &&
			digest_of(path_of(j, j->at, ".digest"), "modified") == d->last_modified)
		return put_digest(h, j, true, true, d->file_size, d->last_modified,
				(uint64_t)part.st_size);
	path = path_of(j, j->at, "");
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
		return put_digest(h, j, true,
				st.st_mtim.tv_nsec == 0 &&
						(uint64_t)st.st_mtime == d->last_modified &&
						(uint64_t)st.st_size == d->file_size,
				(uint64_t)st.st_size, (uint64_t)st.st_mtime, 0);
	return put_confirm(h, j);
}

static void finalise(struct deployed_job *j)
{
	struct timespec t[2] = { { 0 } };
	char from[4096];

	if (j->open_at < 0)
		return;
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
	t[0].tv_sec = t[1].tv_sec = (time_t)j->file[j->open_at].modified;
	snprintf(from, sizeof(from), "%s", path_of(j, j->open_at, ".download"));
	if (unlink(path_of(j, j->open_at, ".digest")) == 0 &&
			rename(from, path_of(j, j->open_at, "")) == 0)
		utimensat(AT_FDCWD, path_of(j, j->open_at, ""), t, 0);
	j->open_at = -1;
}

static void make_parents(const char *file)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s", file);
	for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = 0;
		if (mkdir(path, 0777) < 0 && errno != EEXIST)
			return;
		*p = '/';
	}
}

static bool open_part(struct deployed_job *j, int32_t at)
{
	FILE *f;

	finalise(j);
	make_parents(path_of(j, at, ""));
	j->fd = open(path_of(j, at, ".download"),
			O_WRONLY | O_CREAT | O_CLOEXEC | (j->offset ? 0 : O_TRUNC), 0666);
	if (j->fd < 0)
		return false;
	if (j->offset && lseek(j->fd, (off_t)j->offset, SEEK_SET) < 0)
		return false;
	f = fopen(path_of(j, at, ".digest"), "we");
	if (f) {
		fprintf(f, "{\"size\":%llu,\"modified\":%llu}", (unsigned long long)j->size,
				(unsigned long long)j->modified);
		fclose(f);
	}
	j->open_at = at;
	return true;
}

static bool on_block(struct deployed_host *h, const Ses__FileTransferBlock *b)
{
	struct deployed_job *j = find(h, b->id);
	struct hws_buf plain;
	struct hws_bytes data = hws_bytes(b->data.data, b->data.len);
	bool good = true;

	if (!j || !j->writes)
		return deployed_error(h, b->id, b->file_num, "Wrong id");
	if (b->file_num < 0 || (size_t)b->file_num >= j->count)
		return deployed_error(h, b->id, b->file_num, "Wrong file number");
	if (j->open_at != b->file_num && !open_part(j, b->file_num))
		return os_error(h, b->id, b->file_num);
	hws_buf_init(&plain, 256u << 20);
	if (b->compressed && hws_decompress(data, 256u << 20, &plain) == HWS_OK)
		data = hws_buf_bytes(&plain);
	for (size_t at = 0; good && at < data.len;) {
		ssize_t w = write(j->fd, data.ptr + at, data.len - at);
		good = w > 0;
		at += good ? (size_t)w : 0;
	}
	hws_buf_done(&plain);
	count_block(h, data.len);
	return good || os_error(h, b->id, b->file_num);
}

bool deployed_response(struct deployed_host *h, const Ses__FileResponse *r)
{
	struct deployed_job *j;

	switch (r->union_case) {
	case SES__FILE_RESPONSE__UNION_DIGEST:
		return on_digest(h, r->digest);
	case SES__FILE_RESPONSE__UNION_BLOCK:
		return on_block(h, r->block);
	case SES__FILE_RESPONSE__UNION_DONE:
		j = find(h, r->done->id);
		if (!j)
			return true;
		finalise(j);
		drop(j);
		return deployed_done(h, r->done->id, r->done->file_num);
	case SES__FILE_RESPONSE__UNION_ERROR:
		j = find(h, r->error->id);
		if (j)
			drop(j);
		return deployed_error(h, r->error->id, r->error->file_num, r->error->error);
	default:
		return true;
	}
}

/* --- actions ---------------------------------------------------------------------------------- */

static bool on_confirm(struct deployed_host *h, const Ses__FileTransferSendConfirmRequest *c)
{
	struct deployed_job *j = find(h, c->id);

	if (!j || c->file_num != j->at)
		return true;
	if (c->union_case == SES__FILE_TRANSFER_SEND_CONFIRM_REQUEST__UNION__NOT_SET)
		return true; /* and the job waits for ever */
	if (j->writes) {
		if (c->union_case == SES__FILE_TRANSFER_SEND_CONFIRM_REQUEST__UNION_OFFSET_BLK)
			j->offset = c->offset_blk;
		return true;
	}
	if (j->state != DEPLOYED_WAIT)
		return true;
	if (c->union_case == SES__FILE_TRANSFER_SEND_CONFIRM_REQUEST__UNION_SKIP && c->skip) {
		j->skipped = true;
		next_file(j);
		return true;
	}
	if (c->union_case == SES__FILE_TRANSFER_SEND_CONFIRM_REQUEST__UNION_OFFSET_BLK &&
			lseek(j->fd, c->offset_blk, SEEK_SET) < 0)
		return false;
	j->state = DEPLOYED_STREAM;
	return true;
}

static bool on_create(struct deployed_host *h, const Ses__FileDirCreate *c)
{
	char path[2048];

	snprintf(path, sizeof(path), "%s/x", c->path);
	make_parents(path);
	return access(c->path, F_OK) == 0 ? deployed_done(h, c->id, 0) : os_error(h, c->id, 0);
}

static bool on_rename(struct deployed_host *h, const Ses__FileRename *r)
{
	char to[2048];
	const char *slash = strrchr(r->path, '/');

	snprintf(to, sizeof(to), "%.*s%s", (int)(slash - r->path) + 1, r->path, r->new_name);
	return rename(r->path, to) == 0 ? deployed_done(h, r->id, 0) : os_error(h, r->id, 0);
}

static bool on_cancel(struct deployed_host *h, int32_t id)
{
	struct deployed_job *j = find(h, id);

	if (j && j->writes && j->open_at >= 0) {
		unlink(path_of(j, j->open_at, ".download"));
		unlink(path_of(j, j->open_at, ".digest"));
	}
	if (j)
		drop(j);
	return true;
}

bool deployed_action(struct deployed_host *h, const Ses__FileAction *a)
{
	switch (a->union_case) {
	case SES__FILE_ACTION__UNION_READ_DIR:
		return deployed_list(h, a->read_dir->path, a->read_dir->include_hidden);
	case SES__FILE_ACTION__UNION_SEND:
		return start_send(h, a->send);
	case SES__FILE_ACTION__UNION_RECEIVE:
		return start_receive(h, a->receive);
	case SES__FILE_ACTION__UNION_CREATE:
		return on_create(h, a->create);
	case SES__FILE_ACTION__UNION_REMOVE_DIR:
		if (a->remove_dir->recursive ? deployed_remove_empty(a->remove_dir->path)
					     : rmdir(a->remove_dir->path) == 0)
			return deployed_done(h, a->remove_dir->id, 0);
		return os_error(h, a->remove_dir->id, 0);
	case SES__FILE_ACTION__UNION_REMOVE_FILE:
		if (unlink(a->remove_file->path) == 0)
			return deployed_done(h, a->remove_file->id, a->remove_file->file_num);
		return os_error(h, a->remove_file->id, a->remove_file->file_num);
	case SES__FILE_ACTION__UNION_ALL_FILES:
		return deployed_all(h, a->all_files->id, a->all_files->path,
				a->all_files->include_hidden, -1);
	case SES__FILE_ACTION__UNION_CANCEL:
		return on_cancel(h, a->cancel->id);
	case SES__FILE_ACTION__UNION_SEND_CONFIRM:
		return on_confirm(h, a->send_confirm);
	case SES__FILE_ACTION__UNION_RENAME:
		return on_rename(h, a->rename);
	case SES__FILE_ACTION__UNION_READ_EMPTY_DIRS:
		return deployed_empty(
				h, a->read_empty_dirs->path, a->read_empty_dirs->include_hidden);
	default:
		return true;
	}
}
