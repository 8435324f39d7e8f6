/* record/open: parts must come in their order, each closed for this key: one that is missing,
 * doubled or of another recording ends it. */
#include "admin/record/open.h"
#include "admin/record/format.h"
#include "admin/record/keys.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define LENGTH_MAX (1ull << 42)

struct opening {
	int in, out;
	struct hws_sealed_box_pair pair;
	uint8_t *sealed, *plain;
	size_t room;
	uint64_t number, length;
	bool ended;
	uint8_t chain[REC_CHAIN_LEN];
};

/* HWS_ERR_EOF: less than all of it is there. */
static int get(int fd, uint8_t *to, size_t n)
{
	while (n) {
		ssize_t got = read(fd, to, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return HWS_ERR_DISK;
		if (got == 0)
			return HWS_ERR_EOF;
		to += got;
		n -= (size_t)got;
	}
	return HWS_OK;
}

static int put(int fd, uint64_t at, struct hws_bytes data)
{
	while (data.len) {
		ssize_t n = pwrite(fd, data.ptr, data.len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return HWS_ERR_DISK;
		data.ptr += n;
		data.len -= (size_t)n;
		at += (uint64_t)n;
	}
	return HWS_OK;
}

static int take(struct opening *o, const struct rec_part *part)
{
	if (part->number != o->number || o->ended || part->offset > LENGTH_MAX)
		return HWS_ERR_CORRUPT;
	o->number++;
	if (part->kind == REC_END) {
		o->ended = true;
		return part->offset == o->length ? HWS_OK : HWS_ERR_CORRUPT;
	}
	if (part->offset > o->length)
		return HWS_ERR_CORRUPT;
	o->length = HWS_MAX(o->length, part->offset + part->data.len);
	return put(o->out, part->offset, part->data);
}

static int one_part(struct opening *o)
{
	struct rec_part part;
	size_t len = 0;
	int r = get(o->in, o->sealed, 4);

	if (r == HWS_OK)
		r = rec_part_len(o->sealed, &len);
	if (r == HWS_OK)
		r = get(o->in, o->sealed + 4, len);
	if (r == HWS_OK)
		r = rec_part_open(&o->pair, hws_bytes(o->sealed + 4, len), o->plain, &part);
	if (r == HWS_OK)
		rec_chain_add(o->chain, hws_bytes(o->sealed, 4 + len));
	return r == HWS_OK ? take(o, &part) : r;
}

static int open_head(struct opening *o, const struct rec_open_job *job, struct hws_error *err)
{
	uint8_t head[REC_HEAD_LEN], pk[HWS_SEALED_BOX_KEY_LEN];
	int r = rec_key_secret(job->key_file, &o->pair, err);

	if (r == HWS_OK)
		r = hws_private_file_open(job->file, HWS_PRIVATE_ANY, &o->in, err);
	if (r < 0)
		return r;
	if (get(o->in, head, sizeof(head)) < 0 || rec_head_read(head, pk) < 0)
		return hws_error_set(err, HWS_ERR_CORRUPT, "%s is no recording of hawser-api",
				job->file);
	if (memcmp(pk, o->pair.pk, sizeof(pk)) != 0)
		return hws_error_set(err, HWS_ERR_KEY,
				"%s was closed for another key than that in %s", job->file,
				job->key_file);
	return HWS_OK;
}

static int open_parts(struct opening *o, const struct rec_open_job *job, struct hws_error *err)
{
	int r = HWS_OK;

	o->room = 4 + REC_INNER + HWS_SEALED_BOX_OVERHEAD + REC_DATA_MAX;
	o->sealed = hws_alloc(o->room);
	o->plain = hws_alloc(o->room);
	if (!o->sealed || !o->plain)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	while (r == HWS_OK)
		r = one_part(o);
	if (r == HWS_ERR_EOF)
		return HWS_OK;
	if (r == HWS_ERR_DISK)
		return hws_error_set(err, r, "%s or %s: %s", job->file, job->out, strerror(errno));
	return hws_error_set(err, HWS_ERR_CORRUPT,
			"%s is damaged or was changed: part %llu does not fit what was closed",
			job->file, (unsigned long long)o->number);
}

int rec_open(const struct rec_open_job *job, struct rec_open_report *ret, struct hws_error *err)
{
	struct opening o = { .in = -1, .out = -1 };
	int r = open_head(&o, job, err);

	memset(ret, 0, sizeof(*ret));
	if (r == HWS_OK)
		r = hws_private_file_create(job->out, &o.out, err);
	if (r == HWS_OK) {
		r = open_parts(&o, job, err);
		if (r == HWS_OK && fsync(o.out) < 0)
			r = hws_error_set(err, HWS_ERR_DISK, "%s: %s", job->out, strerror(errno));
		if (r < 0)
			(void)unlink(job->out);
	}
	if (r == HWS_OK) {
		ret->parts = o.number;
		ret->bytes = o.length;
		ret->whole = o.ended;
		r = hws_hex_encode(hws_bytes(o.chain, sizeof(o.chain)), ret->chain,
				sizeof(ret->chain));
	}
	hws_sealed_box_pair_wipe(&o.pair);
	hws_free(o.sealed);
	if (o.plain)
		hws_free_wiped(o.plain, o.room);
	if (o.in >= 0)
		close(o.in);
	if (o.out >= 0)
		close(o.out);
	return r;
}
