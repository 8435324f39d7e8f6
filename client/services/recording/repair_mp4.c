/* Walks over the fragments of a file as mp4.c writes it and notes what close would have written.
 * What is cut short, and whatever follows it, goes. */
#include "client/services/recording/mp4_box.h"
#include "client/services/recording/muxer.h"
#include "client/services/recording/repair_parts.h"
#include "shared/base/mem.h"
#include <string.h>

#define MOOV_MAX 65536u
#define MOOF_MAX 4096u
#define PICTURES 1u
#define SOUND 2u
#define PER_MS (HWS_SOUND_RATE / 1000u)
#define NOT_KEY 0x10000u

struct box {
	uint64_t at, end;
	char type[4];
};

struct walk {
	int fd;
	uint64_t size, duration_at, good;
	bool closed; /* it has a duration */
	uint64_t last_ms, end_ms;
	uint64_t stays_at;
	struct hws_mp4_index index;
};

/* False: none that begins before `end`, or of a kind that we do not write. It may be longer than
 * the file. */
static bool box_at(const struct walk *w, uint64_t at, struct box *ret)
{
	uint8_t b[8];

	if (w->size < 8 || at > w->size - 8 || !hws_repair_read(w->fd, at, b, 8))
		return false;
	uint64_t n = hws_repair_number(b, 4);
	ret->at = at;
	ret->end = at + n;
	memcpy(ret->type, b + 4, 4);
	return n >= 8;
}

/* The box of this type in `in`, without its head; empty: none. */
static struct hws_bytes inside(struct hws_bytes in, const char *type)
{
	while (in.len >= 8) {
		uint64_t n = hws_repair_number(in.ptr, 4);
		if (n < 8 || n > in.len)
			break;
		if (!memcmp(in.ptr + 4, type, 4))
			return hws_bytes(in.ptr + 8, (size_t)n - 8);
		in = hws_bytes(in.ptr + n, in.len - (size_t)n);
	}
	return (struct hws_bytes){ 0 };
}

static int read_moov(struct walk *w, const struct box *moov)
{
	uint64_t n = moov->end - moov->at;
	uint8_t *all = n <= MOOV_MAX && moov->end <= w->size ? hws_alloc((size_t)n) : NULL;
	int r = HWS_ERR_UNSUPPORTED;

	if (!all)
		return r;
	if (hws_repair_read(w->fd, moov->at, all, (size_t)n)) {
		struct hws_bytes in = hws_bytes(all + 8, (size_t)n - 8);
		struct hws_bytes mehd = inside(inside(in, "mvex"), "mehd");
		struct hws_bytes hdlr = inside(inside(inside(in, "trak"), "mdia"), "hdlr");
		bool ours = hdlr.len == 31 && !memcmp(hdlr.ptr + 24, "hawser", 7);
		if (ours && mehd.len == 12 && mehd.ptr[0] == 1) {
			w->duration_at = moov->at + (uint64_t)(mehd.ptr + 4 - all);
			w->closed = hws_repair_number(mehd.ptr + 4, 8) != 0;
			r = HWS_OK;
		}
	}
	hws_free(all);
	return r;
}

/* What a fragment says; false: it is not as we write them. */
static bool note(struct walk *w, const struct box *moof, const uint8_t *all, size_t n)
{
	struct hws_bytes traf = inside(hws_bytes(all + 8, n - 8), "traf");
	struct hws_bytes tfhd = inside(traf, "tfhd"), tfdt = inside(traf, "tfdt"),
			 trun = inside(traf, "trun");

	if (tfhd.len < 8 || tfdt.len < 12 || trun.len < 24)
		return false;
	uint64_t track = hws_repair_number(tfhd.ptr + 4, 4), count, end;
	uint64_t time = hws_repair_number(tfdt.ptr + 4, 8);
	end = time;
	count = hws_repair_number(trun.ptr + 4, 4);
	if (trun.len != 12 + count * 12 || (track != PICTURES && track != SOUND))
		return false; /* nothing of it is to be remembered: it is cut off */
	for (uint64_t i = 0; i < count; i++)
		end += hws_repair_number(trun.ptr + 12 + i * 12, 4);
	if (track == SOUND) {
		w->end_ms = HWS_MAX(w->end_ms, end / PER_MS);
		return true;
	}
	if (!(hws_repair_number(trun.ptr + 20, 4) & NOT_KEY))
		hws_mp4_index_add(&w->index, time, moof->at);
	w->last_ms = time;
	w->end_ms = HWS_MAX(w->end_ms, end);
	w->stays_at = moof->at + (uint64_t)(trun.ptr + 12 - all);
	return true;
}

static bool fragment(struct walk *w, const struct box *moof)
{
	uint64_t n = moof->end - moof->at;
	uint8_t all[MOOF_MAX];
	struct box mdat;

	return n <= sizeof(all) && moof->end <= w->size && box_at(w, moof->end, &mdat) &&
			!memcmp(mdat.type, "mdat", 4) && mdat.end <= w->size &&
			hws_repair_read(w->fd, moof->at, all, (size_t)n) &&
			note(w, moof, all, (size_t)n) && (w->good = mdat.end, true);
}

static int finish(struct walk *w)
{
	struct hws_outfile out;
	struct hws_buf b;
	int r = hws_repair_cut(w->fd, w->good, &out);

	hws_buf_init(&b, SIZE_MAX / 2);
	hws_mp4_u32(&b, (uint32_t)(w->end_ms - w->last_ms));
	if (r == HWS_OK)
		r = hws_outfile_patch(&out, w->stays_at, hws_buf_bytes(&b));
	hws_buf_reset(&b);
	hws_mp4_index_put(&w->index, &b);
	if (r == HWS_OK)
		r = hws_buf_err(&b);
	if (r == HWS_OK)
		r = hws_outfile_put(&out, hws_buf_bytes(&b), (struct hws_bytes){ 0 });
	hws_buf_reset(&b);
	hws_mp4_u64(&b, HWS_MAX(w->end_ms, (uint64_t)1));
	if (r == HWS_OK)
		r = hws_outfile_patch(&out, w->duration_at, hws_buf_bytes(&b));
	hws_buf_done(&b);
	return r;
}

/* The index is written last, and its last box says where it begins. */
static bool ends_with_index(const struct walk *w)
{
	struct box index;
	uint8_t b[16];

	if (w->size < sizeof(b) || !hws_repair_read(w->fd, w->size - sizeof(b), b, sizeof(b)) ||
			memcmp(b + 4, "mfro", 4) != 0)
		return false;
	uint64_t n = hws_repair_number(b + 12, 4);
	return n <= w->size && box_at(w, w->size - n, &index) && !memcmp(index.type, "mfra", 4) &&
			index.end == w->size;
}

int hws_repair_mp4(int fd, uint64_t size, enum hws_recording_was *ret)
{
	struct walk w = { .fd = fd, .size = size };
	struct box b;
	bool indexed = false;
	int r;

	*ret = HWS_RECORDING_WHOLE;
	if (!box_at(&w, 0, &b) || !box_at(&w, b.end, &b) || memcmp(b.type, "moov", 4) != 0)
		return HWS_ERR_UNSUPPORTED;
	r = read_moov(&w, &b);
	if (r < 0)
		return r;
	if (w.closed && ends_with_index(&w)) /* a walk reads all of a file, and there may be many */
		return HWS_OK;
	w.good = b.end;
	while (box_at(&w, w.good, &b) && !memcmp(b.type, "moof", 4))
		if (!fragment(&w, &b))
			break;
	if (box_at(&w, w.good, &b) && !memcmp(b.type, "mfra", 4))
		indexed = b.end == size;
	if (!w.closed || !indexed) {
		*ret = w.stays_at ? HWS_RECORDING_REPAIRED : HWS_RECORDING_EMPTY;
		r = w.stays_at ? finish(&w) : HWS_OK;
	}
	hws_mp4_index_done(&w.index);
	return r;
}
