/* Reads what the recorder wrote without its code: a fault that both had would not be seen
 * otherwise. */
#include "tests/support/mp4_reader.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEYS_MAX 1000

struct reader {
	const uint8_t *all;
	size_t len;
	void (*on_picture)(const uint8_t *data, size_t len, bool key, uint64_t time_ms, void *arg);
	void *arg;
	struct mp4_file *f;
	uint32_t timescale[3], track; /* of the track that is being read */
	uint64_t next[3];             /* where each track's time has come to */
	uint32_t number;
	size_t key_at[KEYS_MAX];
	uint64_t key_ms[KEYS_MAX];
	size_t moof, data, data_end;
	uint32_t traf_track;
	uint64_t traf_time;
	bool has_mfra;
};

static void fail(struct reader *r, const char *why)
{
	if (!r->f->why)
		r->f->why = why;
}

static uint64_t number(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

static bool is(const uint8_t *type, const char *name)
{
	return memcmp(type, name, 4) == 0;
}

static void walk(struct reader *r, size_t at, size_t end);

static void entry(struct reader *r, const uint8_t *p, size_t n)
{
	bool picture = r->track == 1;
	size_t fixed = 8 + (picture ? 78 : 28);

	if (n < fixed + 8) {
		fail(r, "a sample entry is too short");
		return;
	}
	memcpy(picture ? r->f->codec : r->f->sound, p + 4, 4);
	if (!picture) {
		if (!is(p + fixed + 4, "dOps") || p[fixed + 9] != number(p + 24, 2))
			fail(r, "the sound is not described");
		return;
	}
	r->f->width = (unsigned)number(p + 32, 2);
	r->f->height = (unsigned)number(p + 34, 2);
	size_t len = (size_t)number(p + fixed, 4);
	if (len < 8 || len > n - fixed || len - 8 > sizeof(r->f->conf)) {
		fail(r, "the codec's configuration does not fit");
		return;
	}
	r->f->conf_len = len - 8;
	memcpy(r->f->conf, p + fixed + 8, len - 8);
}

static void trun(struct reader *r, const uint8_t *p, size_t n)
{
	uint64_t count = n >= 12 ? number(p + 4, 4) : 0;
	uint32_t t = r->traf_track;

	if (n != 12 + count * 12 || number(p, 4) != 0x701 || t < 1 || t > 2 || !count) {
		fail(r, "a run of samples is not well formed");
		return;
	}
	size_t at = r->moof + (size_t)number(p + 8, 4);
	if (at != r->data) {
		fail(r, "a run's data is not the fragment's");
		return;
	}
	if (t == 1 && r->f->pictures && r->traf_time != r->next[1])
		fail(r, "a picture does not begin where the one before ends");
	if (r->traf_time < r->next[t])
		fail(r, "time goes back");
	uint64_t time = r->traf_time;
	for (uint64_t i = 0; i < count && !r->f->why; i++) {
		const uint8_t *s = p + 12 + i * 12;
		size_t size = (size_t)number(s + 4, 4);
		bool key = !(number(s + 8, 4) & 0x10000);
		if (size > r->data_end - at) {
			fail(r, "a sample is outside of the data");
			return;
		}
		if (t == 2) {
			r->f->sounds++;
		} else {
			if (!r->f->pictures && !key)
				fail(r, "the first picture is not complete in itself");
			if (key && r->f->keys < KEYS_MAX) {
				r->key_at[r->f->keys] = r->moof;
				r->key_ms[r->f->keys] = time;
			}
			r->f->keys += key;
			r->f->pictures++;
			if (r->on_picture)
				r->on_picture(r->all + at, size, key, time, r->arg);
		}
		at += size;
		time += number(s, 4);
	}
	if (at != r->data_end)
		fail(r, "data that no sample has");
	r->next[t] = time;
	if (t == 1)
		r->f->end_ms = time;
}

static void tfra(struct reader *r, const uint8_t *p, size_t n)
{
	uint64_t count = n >= 16 ? number(p + 12, 4) : 0;

	if (n != 16 + count * 19 || p[0] != 1 || number(p + 4, 4) != 1) {
		fail(r, "the index is not well formed");
		return;
	}
	for (uint64_t i = 0; i < count && !r->f->why; i++) {
		const uint8_t *e = p + 16 + i * 19;
		if (i >= r->f->keys || number(e, 8) != r->key_ms[i] ||
				number(e + 8, 8) != r->key_at[i])
			fail(r, "the index points at no key picture");
	}
	r->f->indexed = (unsigned)count;
}

static bool is_master(const uint8_t *type)
{
	static const char *const masters[] = { "moov", "trak", "mdia", "minf", "stbl", "mvex",
		"moof", "traf", "mfra" };

	for (size_t i = 0; i < sizeof(masters) / sizeof(masters[0]); i++)
		if (is(type, masters[i]))
			return true;
	return false;
}

static void leaf(struct reader *r, const uint8_t *type, const uint8_t *p, size_t n)
{
	if (is(type, "tkhd") && n == 84)
		r->track = (uint32_t)number(p + 12, 4);
	else if (is(type, "mdhd") && n == 24 && r->track <= 2)
		r->timescale[r->track] = (uint32_t)number(p + 12, 4);
	else if (is(type, "stsd") && n > 16)
		entry(r, p + 8, n - 8);
	else if (is(type, "mehd") && n == 12)
		r->f->duration_ms = number(p + 4, 8);
	else if (is(type, "mfhd") && n == 8 && number(p + 4, 4) != ++r->number)
		fail(r, "fragments are not numbered one after the other");
	else if (is(type, "tfhd") && n == 8)
		r->traf_track = (uint32_t)number(p + 4, 4);
	else if (is(type, "tfdt") && n == 12)
		r->traf_time = number(p + 4, 8);
	else if (is(type, "trun"))
		trun(r, p, n);
	else if (is(type, "tfra"))
		tfra(r, p, n);
	else if (is(type, "mfro") && n == 8)
		r->has_mfra = true;
}

static void walk(struct reader *r, size_t at, size_t end)
{
	while (at < end && !r->f->why) {
		if (end - at < 8) {
			fail(r, "a box is cut off");
			return;
		}
		size_t n = (size_t)number(r->all + at, 4);
		const uint8_t *type = r->all + at + 4;
		if (n < 8 || n > end - at) {
			fail(r, "a box is larger than what holds it");
			return;
		}
		if (is(type, "moof")) {
			r->moof = at;
			r->data = at + n + 8;
			if (r->data > end || !is(r->all + at + n + 4, "mdat")) {
				fail(r, "a fragment without data");
				return;
			}
			r->data_end = at + n + (size_t)number(r->all + at + n, 4);
			if (r->data_end > end) {
				fail(r, "data is cut off");
				return;
			}
		}
		if (is_master(type))
			walk(r, at + 8, at + n);
		else
			leaf(r, type, r->all + at + 8, n - 8);
		if (is(type, "mfra") && at + n != r->len)
			fail(r, "the index is not the end");
		at += n;
	}
}

static void check(struct reader *r)
{
	const struct mp4_file *f = r->f;

	if (f->pictures == 0)
		fail(r, "it has no picture");
	if (r->timescale[1] != 1000 || (*f->sound && r->timescale[2] != 48000))
		fail(r, "the times are of another rate");
	if (!r->has_mfra || f->indexed != f->keys)
		fail(r, "there is no index, or it is not complete");
	if (f->duration_ms < f->end_ms)
		fail(r, "it is longer than it says");
}

void mp4_read(const char *path,
		void (*on_picture)(const uint8_t *data, size_t len, bool key, uint64_t time_ms,
				void *arg),
		void *arg, struct mp4_file *ret)
{
	struct reader r = { .on_picture = on_picture, .arg = arg, .f = ret };
	struct stat st;
	uint8_t *all = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	memset(ret, 0, sizeof(*ret));
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size < 16) {
		ret->why = "there is no file, or an empty one";
	} else {
		all = calloc(1, (size_t)st.st_size);
		r.all = all;
		r.len = (size_t)st.st_size;
		if (!all || read(fd, all, r.len) != (ssize_t)r.len)
			ret->why = "it could not be read";
	}
	if (fd >= 0)
		close(fd);
	if (!ret->why && !is(r.all + 4, "ftyp"))
		ret->why = "it does not begin as an MP4 file";
	if (!ret->why)
		walk(&r, 0, r.len);
	if (!ret->why)
		check(&r);
	free(all);
}
