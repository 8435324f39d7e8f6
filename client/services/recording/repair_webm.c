/* Walks over the elements of a file as webm.c writes it, without its content, and notes what close
 * would have written. A cluster of unknown size, and whatever is cut short, is the end. */
#include "client/services/recording/ebml.h"
#include "client/services/recording/repair_parts.h"
#include <string.h>

#define HEAD_BYTES 12u
#define INFO_MAX 1024u

struct element {
	uint32_t id;
	uint64_t at, content, size, end; /* `size` as it is written */
	bool unknown;
};

struct walk {
	int fd;
	uint64_t size;
	uint64_t size_at, body, duration_at;
	uint64_t good; /* all before is whole */
	uint64_t last_ms;
	struct hws_webm_cues cues;
	bool any;
};

static unsigned width_of(uint8_t first)
{
	unsigned n = 1;

	while (n <= 8 && !(first & 0x80 >> (n - 1)))
		n++;
	return n;
}

/* False: there is none that begins before `end`. It may be longer than the file. */
static bool element_at(const struct walk *w, uint64_t at, uint64_t end, struct element *ret)
{
	uint8_t b[HEAD_BYTES];
	size_t have = end > at ? HWS_MIN(end - at, (uint64_t)HEAD_BYTES) : 0;

	if (have < 2 || !hws_repair_read(w->fd, at, b, have))
		return false;
	unsigned n = width_of(b[0]);
	if (n > 4 || n >= have)
		return false;
	unsigned m = width_of(b[n]);
	if (m > 8 || n + m > have)
		return false;
	*ret = (struct element){ .id = (uint32_t)hws_repair_number(b, n), .at = at };
	ret->size = hws_repair_number(b + n, m) & ((1ull << (7 * m)) - 1);
	ret->unknown = ret->size == (1ull << (7 * m)) - 1;
	ret->content = at + n + m;
	ret->end = ret->unknown ? w->size : ret->content + ret->size;
	return m == 8 || !ret->unknown;
}

/* Our mark, and where the duration is. */
static int read_info(struct walk *w, const struct element *info)
{
	struct element e;
	bool ours = false;

	if (info->size > INFO_MAX || info->end > w->size)
		return HWS_ERR_UNSUPPORTED;
	for (uint64_t at = info->content; element_at(w, at, info->end, &e); at = e.end) {
		char app[7];
		if (e.end > info->end || e.unknown)
			return HWS_ERR_CORRUPT;
		if (e.id == HWS_EL_WRITING_APP && e.size >= sizeof(app) &&
				hws_repair_read(w->fd, e.content, app, sizeof(app)))
			ours = !memcmp(app, "hawser ", sizeof(app));
		if (e.id == HWS_EL_DURATION && e.size == 8)
			w->duration_at = e.content;
	}
	return ours && w->duration_at ? HWS_OK : HWS_ERR_UNSUPPORTED;
}

static int read_head(struct walk *w, uint64_t *ret_at, bool *ret_closed)
{
	struct element e;
	int r;

	if (!element_at(w, 0, w->size, &e) || e.unknown)
		return HWS_ERR_UNSUPPORTED;
	if (!element_at(w, e.end, w->size, &e) || e.id != HWS_EL_SEGMENT || e.content - e.at != 12)
		return HWS_ERR_UNSUPPORTED;
	w->size_at = e.at + 4;
	w->body = e.content;
	*ret_closed = !e.unknown && e.end <= w->size;
	if (!element_at(w, w->body, w->size, &e) || e.end - e.at != HWS_EBML_SEEK_HEAD_LEN)
		return HWS_ERR_UNSUPPORTED;
	if (!element_at(w, e.end, w->size, &e) || e.id != HWS_EL_INFO)
		return HWS_ERR_UNSUPPORTED;
	r = read_info(w, &e);
	if (r < 0)
		return r;
	if (!element_at(w, e.end, w->size, &e) || e.id != HWS_EL_TRACKS || e.end > w->size)
		return HWS_ERR_CORRUPT;
	*ret_at = e.end;
	return HWS_OK;
}

/* One of pictures or of sound; false: cut short. */
static bool block(struct walk *w, const struct element *e, uint64_t cluster_at, uint64_t cluster_ms,
		bool first)
{
	uint8_t b[4];

	if (e->end > w->size || e->size < 4 || !hws_repair_read(w->fd, e->content, b, 4))
		return false;
	uint64_t t = cluster_ms + hws_repair_number(b + 1, 2);
	if (first && b[0] == 0x81 && b[3] & 0x80)
		hws_webm_cues_add(&w->cues, t, cluster_at - w->body);
	w->last_ms = HWS_MAX(w->last_ms, t);
	w->any = true;
	return true;
}

/* False: it is the last. */
static bool cluster(struct walk *w, const struct element *c, uint64_t *ret_end)
{
	uint64_t at = c->content, limit = HWS_MIN(c->end, w->size), ms = 0;
	unsigned blocks = 0;
	struct element e;
	uint8_t time[8];

	while (element_at(w, at, limit, &e) && !e.unknown && e.end <= limit) {
		if (e.id == HWS_EL_TIME && e.size == 8 &&
				hws_repair_read(w->fd, e.content, time, 8))
			ms = hws_repair_number(time, 8);
		else if (e.id != HWS_EL_SIMPLE_BLOCK || !block(w, &e, c->at, ms, blocks++ == 0))
			break;
		at = e.end;
	}
	*ret_end = blocks ? at : c->at;
	return blocks && at == c->end && !c->unknown;
}

static int finish(struct walk *w, uint64_t open_at)
{
	struct hws_outfile out;
	struct hws_buf b;
	uint64_t cues_at = w->good - w->body;
	int r = hws_repair_cut(w->fd, w->good, &out);

	hws_buf_init(&b, SIZE_MAX / 2);
	if (r == HWS_OK && open_at) {
		hws_ebml_size(&b, w->good - open_at - 12);
		r = hws_outfile_patch(&out, open_at + 4, hws_buf_bytes(&b));
		hws_buf_reset(&b);
	}
	if (r == HWS_OK && w->cues.count) {
		r = hws_webm_cues_put(&w->cues, &b);
		if (r == HWS_OK)
			r = hws_outfile_put(&out, hws_buf_bytes(&b), (struct hws_bytes){ 0 });
		hws_buf_reset(&b);
		hws_ebml_seek_head(&b, cues_at);
		if (r == HWS_OK)
			r = hws_outfile_patch(&out, w->body, hws_buf_bytes(&b));
		hws_buf_reset(&b);
	}
	hws_ebml_double(&b, (double)w->last_ms);
	if (r == HWS_OK)
		r = hws_outfile_patch(&out, w->duration_at, hws_buf_bytes(&b));
	hws_buf_reset(&b);
	hws_ebml_size(&b, out.at - w->body);
	if (r == HWS_OK)
		r = hws_outfile_patch(&out, w->size_at, hws_buf_bytes(&b));
	hws_buf_done(&b);
	return r;
}

int hws_repair_webm(int fd, uint64_t size, enum hws_recording_was *ret)
{
	struct walk w = { .fd = fd, .size = size };
	struct element e;
	uint64_t at = 0, open_at = 0;
	bool closed = false, more = true;
	int r = read_head(&w, &at, &closed);

	if (r < 0 || closed) {
		*ret = HWS_RECORDING_WHOLE;
		return r;
	}
	w.good = at;
	while (more && element_at(&w, w.good, size, &e) && e.id == HWS_EL_CLUSTER &&
			e.content - e.at == 12) {
		uint64_t end;
		more = cluster(&w, &e, &end);
		if (end > e.at)
			open_at = more ? 0 : e.at;
		w.good = end;
	}
	*ret = w.any ? HWS_RECORDING_REPAIRED : HWS_RECORDING_EMPTY;
	r = w.any ? finish(&w, open_at) : HWS_OK;
	hws_webm_cues_done(&w.cues);
	return r;
}
