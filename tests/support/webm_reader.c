/* Reads what the recorder wrote without its code: a fault that both had would not be seen
 * otherwise. */
#include "tests/support/webm_reader.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CUES_MAX 1000

struct reader {
	const uint8_t *all;
	size_t len;
	size_t body; /* where the segment's content begins */
	void (*on_block)(const uint8_t *data, size_t len, bool key, uint64_t time_ms, void *arg);
	void (*on_sound)(const uint8_t *data, size_t len, uint64_t time_ms, void *arg);
	void *arg;
	struct webm_file *f;
	uint64_t cluster_ms, seek_cues, cues_at;
	size_t cluster_at[CUES_MAX];
	uint64_t cue_at[CUES_MAX];
};

static size_t fail(struct reader *r, const char *why)
{
	if (!r->f->why)
		r->f->why = why;
	return 0;
}

static uint64_t number(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

/* Head of the element at `at`, which must lie within `end`; returns where its content begins, 0 on
 * a fault. */
static size_t head(struct reader *r, size_t at, size_t end, uint32_t *ret_id, size_t *ret_size)
{
	size_t n = 1, m = 1;

	if (at >= end || r->all[at] == 0)
		return fail(r, "an element has no number");
	while (!(r->all[at] & 0x80 >> (n - 1)))
		n++;
	if (n > 4 || at + n >= end)
		return fail(r, "an element's number is too long");
	*ret_id = (uint32_t)number(r->all + at, n);
	at += n;
	if (r->all[at] == 0)
		return fail(r, "an element's size is too long");
	while (!(r->all[at] & 0x80 >> (m - 1)))
		m++;
	if (at + m > end)
		return fail(r, "an element's size is cut off");
	uint64_t size = number(r->all + at, m) & ~(1ull << (7 * m));
	if (size == (1ull << (7 * m)) - 1)
		return fail(r, "an element of unknown size in a closed file");
	at += m;
	if (size > end - at)
		return fail(r, "an element is larger than what holds it");
	*ret_size = (size_t)size;
	return at;
}

static void block(struct reader *r, const uint8_t *p, size_t n)
{
	struct webm_file *f = r->f;
	bool key;
	uint64_t t;

	if (n < 5 || (p[0] != 0x81 && p[0] != 0x82)) {
		fail(r, "a block of neither track");
		return;
	}
	t = r->cluster_ms + number(p + 1, 2);
	key = p[3] & 0x80;
	if (f->blocks == 0 && p[0] == 0x81 && !key)
		fail(r, "the first picture is not complete in itself");
	if (t < f->last_ms)
		fail(r, "time goes back");
	f->last_ms = t;
	if (p[0] == 0x82) {
		f->sounds++;
		if (r->on_sound)
			r->on_sound(p + 4, n - 4, t, r->arg);
		return;
	}
	f->blocks++;
	f->keys += key;
	if (r->on_block)
		r->on_block(p + 4, n - 4, key, t, r->arg);
}

static void take_double(double *to, const uint8_t *p, size_t n)
{
	uint64_t bits = number(p, n);

	if (n == 8)
		memcpy(to, &bits, 8);
}

static void leaf(struct reader *r, uint32_t id, const uint8_t *p, size_t n)
{
	struct webm_file *f = r->f;

	switch (id) {
	case 0x4282: /* DocType */
		if (n != 4 || memcmp(p, "webm", 4) != 0)
			fail(r, "the file does not say that it is WebM");
		break;
	case 0x2ad7b1:
		if (number(p, n) != 1000000)
			fail(r, "times are not in milliseconds");
		break;
	case 0x4489:
		take_double(&f->duration_ms, p, n);
		break;
	case 0x86:
		snprintf(*f->codec ? f->sound : f->codec, sizeof(f->codec), "%.*s", (int)n,
				(const char *)p);
		break;
	case 0xb0:
		f->width = number(p, n);
		break;
	case 0xba:
		f->height = number(p, n);
		break;
	case 0xe7:
		r->cluster_ms = number(p, n);
		break;
	case 0xa3:
		block(r, p, n);
		break;
	case 0x53ac:
		r->seek_cues = number(p, n);
		break;
	case 0xf1:
		if (f->cues < CUES_MAX)
			r->cue_at[f->cues++] = number(p, n);
		break;
	default:
		break;
	}
}

static bool is_master(uint32_t id)
{
	static const uint32_t masters[] = { 0x1a45dfa3, 0x18538067, 0x1549a966, 0x1654ae6b, 0xae,
		0xe0, 0xe1, 0x1f43b675, 0x114d9b74, 0x4dbb, 0x1c53bb6b, 0xbb, 0xb7 };

	for (size_t i = 0; i < sizeof(masters) / sizeof(masters[0]); i++)
		if (masters[i] == id)
			return true;
	return false;
}

static void walk(struct reader *r, size_t at, size_t end, int depth)
{
	while (at < end && !r->f->why) {
		uint32_t id = 0;
		size_t size = 0, content = head(r, at, end, &id, &size);

		if (!content)
			return;
		if (id == 0x18538067)
			r->body = content;
		if (id == 0x1c53bb6b)
			r->cues_at = at - r->body;
		if (id == 0x1f43b675 && r->f->clusters < CUES_MAX)
			r->cluster_at[r->f->clusters++] = at - r->body;
		if (is_master(id) && depth < 8)
			walk(r, content, content + size, depth + 1);
		else
			leaf(r, id, r->all + content, size);
		at = content + size;
	}
}

static void check_index(struct reader *r)
{
	if (r->f->cues == 0 || r->seek_cues != r->cues_at)
		fail(r, "there is no index, or it is elsewhere");
	for (unsigned i = 0; i < r->f->cues; i++) {
		unsigned k = 0;
		while (k < r->f->clusters && r->cluster_at[k] != r->cue_at[i])
			k++;
		if (k == r->f->clusters)
			fail(r, "the index points at no cluster");
	}
}

void webm_read(const char *path,
		void (*on_block)(const uint8_t *data, size_t len, bool key, uint64_t time_ms,
				void *arg),
		void *arg, struct webm_file *ret)
{
	webm_read_both(path, on_block, NULL, arg, ret);
}

void webm_read_both(const char *path,
		void (*on_block)(const uint8_t *data, size_t len, bool key, uint64_t time_ms,
				void *arg),
		void (*on_sound)(const uint8_t *data, size_t len, uint64_t time_ms, void *arg),
		void *arg, struct webm_file *ret)
{
	struct reader r = { .on_block = on_block, .on_sound = on_sound, .arg = arg, .f = ret };
	struct stat st;
	uint8_t *all = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	memset(ret, 0, sizeof(*ret));
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size < 5) {
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
	if (!ret->why && number(r.all, 4) != 0x1a45dfa3)
		ret->why = "it does not begin as an EBML file";
	if (!ret->why)
		walk(&r, 0, r.len, 0);
	if (!ret->why)
		check_index(&r);
	if (!ret->why && ret->blocks == 0)
		ret->why = "it has no picture";
	free(all);
}
