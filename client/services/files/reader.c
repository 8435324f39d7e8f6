/* Reading files into messages. A file is taken as it is when it is opened: what grows meanwhile
 * is sent up to there, what shrinks or is written over is said to have changed, so that no
 * mixture of two states passes for a file. Holes are not read, and what does not get smaller in a
 * sample is not packed. */
#include "client/services/files/reader.h"
#include "client/services/files/names.h"
#include "proto/session.pb-c.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/compress.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SAMPLE (64u << 10)
#define SAMPLE_LEVEL 1
/* Packed only when at least a tenth is saved. */
#define WORTH(len) ((len) - (len) / 10)
#define ORDERS_MAX (1u << 20)

enum phase { DATA, CHECK, LAST };

struct hws_reader {
	struct hws_reader_conf conf;
	char *path;
	struct hws_listing list;
	int dir; /* of what the list names; -1: the path is one file */
	struct hws_reader_order *order;
	size_t orders, room, at;
	bool pack;
	/* the file under way; fd -1: none */
	int fd;
	uint32_t file;
	struct stat st; /* when it was opened */
	bool sparse, packs, sized;
	enum phase phase;
	uint64_t offset, from, checked; /* next byte; where the data began; of the check */
	struct hws_hash sum;
	struct hws_buf packed;
};

int hws_reader_new(const struct hws_reader_conf *conf, struct hws_reader **ret)
{
	struct hws_reader *r = hws_alloc(sizeof(*r));

	if (!r || !(r->path = hws_strdup(conf->path))) {
		hws_free(r);
		return HWS_ERR_NOMEM;
	}
	r->conf = *conf;
	r->conf.path = r->path;
	r->fd = r->dir = -1;
	r->list.max = conf->max_files;
	hws_buf_init(&r->packed, 2 * HWS_BLOCK_MAX);
	*ret = r;
	return HWS_OK;
}

static void close_file(struct hws_reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

void hws_reader_free(struct hws_reader *r)
{
	if (!r)
		return;
	close_file(r);
	if (r->dir >= 0)
		close(r->dir);
	hws_listing_done(&r->list);
	hws_buf_done(&r->packed);
	hws_free(r->order);
	hws_free(r->path);
	hws_free(r);
}

void hws_batch_done(struct hws_batch *b)
{
	hws_free(b->data);
	b->data = NULL;
}

const struct hws_listing *hws_reader_listing(const struct hws_reader *r)
{
	return &r->list;
}

void hws_reader_pack(struct hws_reader *r, bool pack)
{
	r->pack = pack;
}

int hws_reader_list(struct hws_reader *r, struct hws_error *err)
{
	struct stat st;
	int fd, r2 = hws_roots_open_file(r->conf.roots, r->path, &fd, &st, err);

	if (r2 == HWS_OK) {
		close(fd);
		return hws_listing_add(&r->list, "", SES__FILE_TYPE__File, &st);
	}
	if (r2 == HWS_ERR_NOTFOUND)
		return hws_error_set(err, r2, "Not exists");
	if (r2 != HWS_ERR_INVAL)
		return r2;
	r2 = hws_roots_open_folder(r->conf.roots, r->path, HWS_ROOT_READ, &r->dir, err);
	if (r2 == HWS_OK)
		r2 = hws_listing_walk(&r->list, r->conf.roots, r->dir, r->conf.hidden);
	if (r2 == HWS_ERR_TOOBIG)
		hws_error_set(err, r2,
				"file transfer rejected: too many files (more than the limit of %zu). "
				"Adjust 'file-transfer-max-files' option to increase limit.",
				r->list.max ? r->list.max : (size_t)HWS_LISTING_MAX);
	else if (r2 < 0 && err && !err->code)
		hws_error_set(err, r2, "the folder cannot be read: %s", hws_err_text(r2));
	return r2;
}

/* --- orders --- */

int hws_reader_add(struct hws_reader *r, const struct hws_reader_order *o)
{
	if (r->at && r->at == r->orders)
		r->at = r->orders = 0;
	if (r->orders == r->room) {
		size_t room = r->room ? 2 * r->room : 16;
		void *p = room > ORDERS_MAX ? NULL
					    : hws_realloc_array(r->order, room, sizeof(*r->order));
		if (!p)
			return room > ORDERS_MAX ? HWS_ERR_FULL : HWS_ERR_NOMEM;
		r->order = p;
		r->room = room;
	}
	r->order[r->orders++] = *o;
	return HWS_OK;
}

bool hws_reader_busy(const struct hws_reader *r)
{
	return r->at < r->orders;
}

static void next_file(struct hws_reader *r)
{
	struct hws_reader_order *o = &r->order[r->at];

	o->file++;
	o->offset = 0;
	if (o->count > 1)
		o->count--;
	else
		r->at++;
}

void hws_reader_drop(struct hws_reader *r, uint32_t file)
{
	if (r->fd >= 0 && r->file == file)
		close_file(r);
	for (size_t i = r->at; i < r->orders; i++) {
		struct hws_reader_order *o = &r->order[i];

		if (o->file == file && i == r->at)
			next_file(r);
		else if (o->file == file && o->count == 1)
			o->count = 0; /* see hws_reader_run */
	}
}

/* --- one file --- */

static struct hws_batch_item *add_item(
		const struct hws_reader *r, struct hws_batch *b, enum hws_batch_what what)
{
	struct hws_batch_item *i = &b->item[b->count++];

	*i = (struct hws_batch_item){ .what = what, .file = r->order[r->at].file };
	return i;
}

static void file_error(struct hws_reader *r, struct hws_batch *b, int err, const char *text)
{
	struct hws_batch_item *i = add_item(r, b, HWS_BATCH_ERROR);

	i->err = err;
	if (hws_str_copy(i->text, sizeof(i->text), text) < 0)
		i->text[0] = 0;
	close_file(r);
	next_file(r);
}

static const char *reason(int err, int errnum)
{
	switch (err) {
	case HWS_ERR_DENIED:
		return "symlink path component is not allowed";
	case HWS_ERR_UNSUPPORTED:
		return "this is not a regular file";
	case HWS_ERR_NOTFOUND:
		return "No such file or directory (os error 2)";
	case HWS_ERR_PERM:
		return "Permission denied (os error 13)";
	default:
		return err == HWS_ERR_SYS && errnum ? strerrordesc_np(errnum) : hws_err_text(err);
	}
}

static int open_file(struct hws_reader *r, uint32_t file, struct hws_error *err)
{
	const struct hws_listing_entry *e = &r->list.entry[file];
	int x;

	close_file(r);
	errno = 0;
	if (r->dir < 0)
		x = hws_roots_open_file(r->conf.roots, r->path, &r->fd, &r->st, err);
	else
		x = hws_below_file(r->conf.roots, r->dir, e->name, &r->fd, &r->st);
	if (x < 0) {
		r->fd = -1;
		if (r->dir >= 0)
			hws_error_set(err, x, "%s", reason(x, errno));
		return x;
	}
	r->file = file;
	r->sparse = r->conf.extended && (uint64_t)r->st.st_blocks * 512 < (uint64_t)r->st.st_size;
	r->sized = r->st.st_size > 0; /* those of /proc say 0, whatever is in them */
	r->packs = true;
	if (r->st.st_size > (4 << 20))
		posix_fadvise(r->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return HWS_OK;
}

/* As it is being read it must stay as it was; what only grew was whole at its opening. */
static bool has_changed(const struct hws_reader *r)
{
	struct stat now;

	if (!r->sized)
		return false;
	if (fstat(r->fd, &now) < 0 || now.st_size < r->st.st_size)
		return true;
	return now.st_size == r->st.st_size &&
			(now.st_mtim.tv_sec != r->st.st_mtim.tv_sec ||
					now.st_mtim.tv_nsec != r->st.st_mtim.tv_nsec);
}

/* Begins with the order that is next; false: it could not be opened, and is over. */
static bool begin(struct hws_reader *r, struct hws_batch *b)
{
	const struct hws_reader_order *o = &r->order[r->at];
	struct hws_error err = { 0 };
	int x = r->fd >= 0 && r->file == o->file ? HWS_OK : open_file(r, o->file, &err);

	if (x == HWS_OK && o->offset > (uint64_t)r->st.st_size && r->sized)
		x = hws_error_set(&err, HWS_ERR_RANGE, "the file is shorter than what came before");
	if (x < 0) {
		file_error(r, b, x, err.text);
		return false;
	}
	r->offset = r->from = o->offset;
	r->checked = 0;
	r->phase = DATA;
	r->sum = (struct hws_hash){ 0 };
	return true;
}

static ssize_t read_full(int fd, uint8_t *p, size_t n, uint64_t offset)
{
	size_t at = 0;

	while (at < n) {
		ssize_t k = pread(fd, p + at, n - at, (off_t)(offset + at));

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return k;
		if (!k)
			break;
		at += (size_t)k;
	}
	return (ssize_t)at;
}

/* Packs `n` bytes in place where that is worth it; their length then. */
static size_t pack(struct hws_reader *r, uint8_t *p, size_t n, bool *ret_packed)
{
	int level = r->conf.extended ? SAMPLE_LEVEL : HWS_COMPRESS_LEVEL;

	*ret_packed = false;
	if (!r->pack || !r->packs || n < 512)
		return n;
	hws_buf_reset(&r->packed);
	if (n > 2 * SAMPLE) {
		int x = hws_compress(hws_bytes(p, SAMPLE), SAMPLE_LEVEL, &r->packed);
		r->packs = x == HWS_OK && hws_buf_len(&r->packed) <= WORTH(SAMPLE);
		hws_buf_reset(&r->packed);
	}
	if (!r->packs || hws_compress(hws_bytes(p, n), level, &r->packed) < 0 ||
			hws_buf_len(&r->packed) > WORTH(n))
		return n;
	*ret_packed = true;
	struct hws_bytes out = hws_buf_bytes(&r->packed);
	memcpy(p, out.ptr, out.len);
	return out.len;
}

static void put_block(struct hws_reader *r, struct hws_batch *b, struct hws_block *k,
		uint64_t content, size_t len)
{
	struct hws_batch_item *i = add_item(r, b, HWS_BATCH_BLOCK);

	k->id = r->conf.id;
	k->file = i->file;
	k->extended = r->conf.extended;
	k->file_hash = r->sum;
	k->size = r->offset;
	i->last = k->last;
	i->content = content;
	i->data_at = b->used;
	i->data_len = len;
	i->head_len = hws_block_head(k, len, i->head);
	b->used += len;
}

/* The zeros from the next byte on, in whole blocks or up to the end; 0: there is data. */
static uint64_t hole_ahead(struct hws_reader *r)
{
	uint64_t size = (uint64_t)r->st.st_size;

	if (!r->sparse || r->offset >= size)
		return 0;
	off_t data = lseek(r->fd, (off_t)r->offset, SEEK_DATA);
	if (data < 0 && errno != ENXIO) {
		r->sparse = false;
		return 0;
	}
	uint64_t end = data < 0 || (uint64_t)data > size ? size : (uint64_t)data;
	uint64_t len = HWS_MIN(end - r->offset, HWS_BLOCK_HOLE_MAX);
	return end == size && len == end - r->offset ? len : len / HWS_BLOCK_MAX * HWS_BLOCK_MAX;
}

/* After the last byte: what comes then, and whether this block may say that it is the last. */
static bool ends(struct hws_reader *r)
{
	r->phase = r->conf.extended && r->from ? CHECK : LAST;
	return r->conf.extended && !r->from;
}

static void finish_file(struct hws_reader *r)
{
	close_file(r);
	next_file(r);
}

static void send_data(struct hws_reader *r, struct hws_batch *b)
{
	struct hws_block k = { .offset = r->offset };
	uint8_t *p = b->data + b->used;
	size_t unit = r->conf.extended ? HWS_BLOCK_MAX : HWS_BLOCK_BASE;
	uint64_t left = r->sized ? (uint64_t)r->st.st_size - r->offset : unit;
	size_t want = (size_t)HWS_MIN(left, (uint64_t)unit);

	k.hole = hole_ahead(r);
	if (k.hole) {
		hws_hash_add_zeros(&r->sum, r->offset, k.hole);
		r->offset += k.hole;
	}
	ssize_t n = k.hole ? 0 : read_full(r->fd, p, want, r->offset);
	if (n < 0) {
		file_error(r, b, hws_err_from_errno(errno), strerrordesc_np(errno));
		return;
	}
	bool end = r->sized ? r->offset + (size_t)n >= (uint64_t)r->st.st_size : (size_t)n < want;
	if ((!k.hole && (size_t)n < want && r->sized) || (end && has_changed(r))) {
		file_error(r, b, HWS_ERR_BUSY, "the file changed while it was read: try again");
		return;
	}
	if (n && r->conf.extended) {
		k.hash = hws_hash_of(hws_bytes(p, (size_t)n));
		hws_hash_add(&r->sum, k.hash, r->offset / HWS_BLOCK_MAX);
	}
	r->offset += (size_t)n;
	k.last = end && ends(r);
	size_t len = n ? pack(r, p, (size_t)n, &k.compressed) : 0;
	/* an empty block is what says the end to a deployed peer */
	if (len || k.hole || k.last)
		put_block(r, b, &k, k.hole ? k.hole : (uint64_t)n, len);
	if (k.last)
		finish_file(r);
}

/* What the writer has already: only its hash, so that it can compare. */
static void send_check(struct hws_reader *r, struct hws_batch *b)
{
	struct hws_block k = { .offset = r->checked };
	uint8_t *p = b->data + b->used;
	size_t want = (size_t)HWS_MIN(r->from - r->checked, (uint64_t)HWS_BLOCK_MAX);
	ssize_t n = read_full(r->fd, p, want, r->checked);

	if (n < 0 || (size_t)n < want) {
		file_error(r, b, HWS_ERR_BUSY, "the file changed while it was read: try again");
		return;
	}
	k.check = (uint64_t)n;
	k.hash = hws_hash_of(hws_bytes(p, (size_t)n));
	hws_hash_add(&r->sum, k.hash, r->checked / HWS_BLOCK_MAX);
	r->checked += (size_t)n;
	put_block(r, b, &k, 0, 0);
	if (r->checked >= r->from)
		r->phase = LAST;
}

static void send_last(struct hws_reader *r, struct hws_batch *b)
{
	struct hws_block k = { .offset = r->conf.extended ? r->offset : 0, .last = true };

	if (has_changed(r)) {
		file_error(r, b, HWS_ERR_BUSY, "the file changed while it was read: try again");
		return;
	}
	put_block(r, b, &k, 0, 0);
	finish_file(r);
}

static void offer(struct hws_reader *r, struct hws_batch *b)
{
	struct hws_error err = { 0 };
	int x = open_file(r, r->order[r->at].file, &err);

	if (x < 0) {
		file_error(r, b, x, err.text);
		return;
	}
	struct hws_batch_item *i = add_item(r, b, HWS_BATCH_OFFER);
	i->size = (uint64_t)r->st.st_size;
	i->modified = r->st.st_mtim.tv_sec > 0 ? (uint64_t)r->st.st_mtim.tv_sec : 0;
	i->modified_ns = (uint32_t)r->st.st_mtim.tv_nsec;
	r->phase = LAST + 1; /* waits open for the order to send it */
	next_file(r);
}

static bool has_room(const struct hws_reader *r, const struct hws_batch *b)
{
	size_t unit = r->conf.extended ? HWS_BLOCK_MAX : HWS_BLOCK_BASE;

	return b->count < HWS_BATCH_ITEMS && b->used + unit <= HWS_BATCH_BYTES;
}

int hws_reader_run(struct hws_reader *r, struct hws_batch *b)
{
	bool begun = r->fd >= 0 && r->phase <= LAST;

	b->count = b->sent = b->used = 0;
	if (!b->data && !(b->data = hws_realloc_array(NULL, HWS_BATCH_BYTES, 1)))
		return HWS_ERR_NOMEM;
	while (r->at < r->orders && has_room(r, b)) {
		const struct hws_reader_order *o = &r->order[r->at];

		if (!o->count || o->file >= r->list.count) {
			r->at++;
			continue;
		}
		if (o->offer) {
			offer(r, b);
			begun = false;
			continue;
		}
		begun = begun && r->file == o->file;
		if (!begun && !(begun = begin(r, b)))
			continue;
		if (r->phase == DATA)
			send_data(r, b);
		else if (r->phase == CHECK)
			send_check(r, b);
		else
			send_last(r, b);
		begun = r->fd >= 0;
	}
	return HWS_OK;
}
