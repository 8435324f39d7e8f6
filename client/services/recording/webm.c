/* A WebM file as it grows. Written forward only, with room left for what is known at the end, so
 * that a file cut off by a crash still plays. */
#include "client/services/recording/webm.h"
#include "client/media/codec_table.h"
#include "shared/base/buf.h"
#include "shared/base/mem.h"
#include "shared/sys/private_file.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Element numbers of Matroska, as they are written. */
enum {
	EL_EBML = 0x1a45dfa3,
	EL_EBML_VERSION = 0x4286,
	EL_EBML_READ_VERSION = 0x42f7,
	EL_DOC_TYPE = 0x4282,
	EL_DOC_TYPE_VERSION = 0x4287,
	EL_DOC_TYPE_READ_VERSION = 0x4285,
	EL_SEGMENT = 0x18538067,
	EL_INFO = 0x1549a966,
	EL_TIME_SCALE = 0x2ad7b1,
	EL_MUXING_APP = 0x4d80,
	EL_WRITING_APP = 0x5741,
	EL_DURATION = 0x4489,
	EL_TRACKS = 0x1654ae6b,
	EL_TRACK = 0xae,
	EL_TRACK_NUMBER = 0xd7,
	EL_TRACK_UID = 0x73c5,
	EL_TRACK_TYPE = 0x83,
	EL_CODEC_ID = 0x86,
	EL_VIDEO = 0xe0,
	EL_WIDTH = 0xb0,
	EL_HEIGHT = 0xba,
	EL_CLUSTER = 0x1f43b675,
	EL_TIME = 0xe7,
	EL_SIMPLE_BLOCK = 0xa3,
	EL_VOID = 0xec,
	EL_SEEK_HEAD = 0x114d9b74,
	EL_SEEK = 0x4dbb,
	EL_SEEK_ID = 0x53ab,
	EL_SEEK_POSITION = 0x53ac,
	EL_CUES = 0x1c53bb6b,
	EL_CUE = 0xbb,
	EL_CUE_TIME = 0xb3,
	EL_CUE_PLACE = 0xb7,
	EL_CUE_TRACK = 0xf7,
	EL_CUE_CLUSTER = 0xf1,
};

#define CLUSTER_MS 5000u
#define HEAD_MAX 4096u
#define SIZE_UNKNOWN ((1ull << 56) - 1)
#define CUES_MAX 65536u /* then the later ones are found by playing from the last */
#define CUES_STEP 256u
#define CUE_BYTES 128u /* of one, at most */

struct cue {
	uint64_t time_ms, at; /* a key picture, and its cluster in the segment */
};

struct hws_webm {
	int fd;
	uint64_t at;                                     /* bytes written so far */
	uint64_t size_at, body_at, seek_at, duration_at; /* what close fills in */
	uint64_t cluster_size_at;                        /* 0 = none is open */
	bool started;
	uint64_t first_ms, last_ms, cluster_ms;
	struct cue *cue;
	size_t cues;
};

static void put_id(struct hws_buf *b, uint32_t id)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		if (id >> shift)
			hws_buf_put_u8(b, (uint8_t)(id >> shift));
}

/* Always eight bytes: simple, and can be filled in later. */
static void put_size(struct hws_buf *b, uint64_t n)
{
	hws_buf_put_u8(b, 0x01);
	for (int shift = 48; shift >= 0; shift -= 8)
		hws_buf_put_u8(b, (uint8_t)(n >> shift));
}

static void put_uint(struct hws_buf *b, uint32_t id, uint64_t v)
{
	put_id(b, id);
	put_size(b, 8);
	for (int shift = 56; shift >= 0; shift -= 8)
		hws_buf_put_u8(b, (uint8_t)(v >> shift));
}

static void put_text(struct hws_buf *b, uint32_t id, const char *s)
{
	put_id(b, id);
	put_size(b, strlen(s));
	hws_buf_put_str(b, s);
}

static void put_double(struct hws_buf *b, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	for (int shift = 56; shift >= 0; shift -= 8)
		hws_buf_put_u8(b, (uint8_t)(bits >> shift));
}

static void put_master(struct hws_buf *b, uint32_t id, const struct hws_buf *content)
{
	struct hws_bytes c = hws_buf_bytes(content);

	put_id(b, id);
	put_size(b, c.len);
	hws_buf_put(b, c.ptr, c.len);
}

/* Where the list of key pictures is; always of the same length. */
static void put_seek_head(struct hws_buf *b, uint64_t cues_at)
{
	struct hws_buf seek, head;

	hws_buf_init(&seek, 128);
	hws_buf_init(&head, 128);
	put_id(&seek, EL_SEEK_ID);
	put_size(&seek, 4);
	put_id(&seek, EL_CUES);
	put_uint(&seek, EL_SEEK_POSITION, cues_at);
	put_master(&head, EL_SEEK, &seek);
	put_master(b, EL_SEEK_HEAD, &head);
	hws_buf_done(&seek);
	hws_buf_done(&head);
}

/* Keeps the room of a seek head, which a file that is never closed does not have. */
static void put_room(struct hws_buf *b)
{
	size_t before = hws_buf_len(b), len;
	struct hws_buf head;

	hws_buf_init(&head, 256);
	put_seek_head(&head, 0);
	len = hws_buf_len(&head);
	hws_buf_done(&head);
	put_id(b, EL_VOID);
	put_size(b, len - 9);
	while (hws_buf_len(b) - before < len && !hws_buf_err(b))
		hws_buf_put_u8(b, 0);
}

static int write_all(struct hws_webm *w, struct hws_bytes b)
{
	w->at += b.len;
	while (b.len > 0) {
		ssize_t n = write(w->fd, b.ptr, b.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return hws_err_from_errno(n == 0 ? ENOSPC : errno);
		b.ptr += n;
		b.len -= (size_t)n;
	}
	return HWS_OK;
}

static int patch(struct hws_webm *w, uint64_t at, const struct hws_buf *b)
{
	struct hws_bytes c = hws_buf_bytes(b);

	return pwrite(w->fd, c.ptr, c.len, (off_t)at) == (ssize_t)c.len ? HWS_OK : HWS_ERR_DISK;
}

static int patch_size(struct hws_webm *w, uint64_t at)
{
	struct hws_buf b;
	int r;

	hws_buf_init(&b, 8);
	put_size(&b, w->at - at - 8);
	r = patch(w, at, &b);
	hws_buf_done(&b);
	return r;
}

static int write_head(struct hws_webm *w, enum hws_codec codec, int width, int height)
{
	struct hws_buf out, part, inner;
	int r;

	hws_buf_init(&out, HEAD_MAX);
	hws_buf_init(&part, HEAD_MAX);
	hws_buf_init(&inner, HEAD_MAX);
	put_uint(&part, EL_EBML_VERSION, 1);
	put_uint(&part, EL_EBML_READ_VERSION, 1);
	put_text(&part, EL_DOC_TYPE, "webm");
	put_uint(&part, EL_DOC_TYPE_VERSION, 2);
	put_uint(&part, EL_DOC_TYPE_READ_VERSION, 2);
	put_master(&out, EL_EBML, &part);

	put_id(&out, EL_SEGMENT);
	w->size_at = hws_buf_len(&out);
	put_size(&out, SIZE_UNKNOWN); /* until it is closed */
	w->body_at = w->seek_at = hws_buf_len(&out);
	put_room(&out);

	hws_buf_reset(&part);
	put_uint(&part, EL_TIME_SCALE, 1000000); /* nanoseconds: times are milliseconds */
	put_text(&part, EL_MUXING_APP, "hawser");
	put_text(&part, EL_WRITING_APP, "hawser " HAWSER_VERSION);
	put_id(&part, EL_DURATION);
	put_size(&part, 8);
	put_double(&part, 0);
	put_master(&out, EL_INFO, &part);
	w->duration_at = hws_buf_len(&out) - 8;

	put_uint(&inner, EL_WIDTH, (uint64_t)width);
	put_uint(&inner, EL_HEIGHT, (uint64_t)height);
	hws_buf_reset(&part);
	put_uint(&part, EL_TRACK_NUMBER, 1);
	put_uint(&part, EL_TRACK_UID, 1);
	put_uint(&part, EL_TRACK_TYPE, 1);
	put_text(&part, EL_CODEC_ID, hws_codec_row(codec)->webm_id);
	put_master(&part, EL_VIDEO, &inner);
	hws_buf_reset(&inner);
	put_master(&inner, EL_TRACK, &part);
	put_master(&out, EL_TRACKS, &inner);

	r = hws_buf_err(&out)                ? hws_buf_err(&out)
			: hws_buf_err(&part) ? hws_buf_err(&part)
					     : hws_buf_err(&inner);
	if (r == HWS_OK)
		r = write_all(w, hws_buf_bytes(&out));
	hws_buf_done(&out);
	hws_buf_done(&part);
	hws_buf_done(&inner);
	return r;
}

int hws_webm_new(const char *path, enum hws_codec codec, int width, int height,
		struct hws_webm **ret)
{
	struct hws_webm *w;
	int r;

	if (!hws_codec_row(codec)->webm_id)
		return HWS_ERR_UNSUPPORTED;
	w = hws_alloc(sizeof(*w));
	if (!w)
		return HWS_ERR_NOMEM;
	r = hws_private_file_create(path, &w->fd, NULL);
	if (r < 0) {
		hws_free(w);
		return r;
	}
	r = write_head(w, codec, width, height);
	if (r < 0) {
		close(w->fd);
		hws_free(w);
		return r;
	}
	*ret = w;
	return HWS_OK;
}

static void note_key(struct hws_webm *w, uint64_t time_ms, uint64_t at)
{
	if (w->cues == CUES_MAX)
		return;
	if (w->cues % CUES_STEP == 0) {
		struct cue *more = hws_realloc_array(w->cue, w->cues + CUES_STEP, sizeof(*more));
		if (!more)
			return; /* a file without this one can be played all the same */
		w->cue = more;
	}
	w->cue[w->cues++] = (struct cue){ time_ms, at };
}

static int start_cluster(struct hws_webm *w, struct hws_buf *head, uint64_t time_ms, bool key)
{
	int r = w->cluster_size_at ? patch_size(w, w->cluster_size_at) : HWS_OK;

	if (key)
		note_key(w, time_ms, w->at - w->body_at);
	put_id(head, EL_CLUSTER);
	w->cluster_size_at = w->at + hws_buf_len(head);
	put_size(head, SIZE_UNKNOWN); /* until the next one */
	put_uint(head, EL_TIME, time_ms);
	w->cluster_ms = time_ms;
	w->started = true;
	return r;
}

static uint64_t since_start(const struct hws_webm *w, uint64_t time_ms)
{
	return time_ms > w->first_ms ? time_ms - w->first_ms : 0;
}

int hws_webm_packet(struct hws_webm *w, struct hws_bytes data, bool key, uint64_t time_ms)
{
	struct hws_buf head;
	int r = HWS_OK;

	if (data.len > (1u << 30))
		return HWS_ERR_TOOBIG;
	if (!w->started)
		w->first_ms = time_ms;
	uint64_t t = HWS_MAX(since_start(w, time_ms), w->last_ms);
	hws_buf_init(&head, 256);
	if (!w->started || key || t - w->cluster_ms >= CLUSTER_MS)
		r = start_cluster(w, &head, t, key);
	put_id(&head, EL_SIMPLE_BLOCK);
	put_size(&head, data.len + 4);
	hws_buf_put_u8(&head, 0x81); /* track 1 */
	hws_buf_put_u8(&head, (uint8_t)((t - w->cluster_ms) >> 8));
	hws_buf_put_u8(&head, (uint8_t)(t - w->cluster_ms));
	hws_buf_put_u8(&head, key ? 0x80 : 0);
	w->last_ms = t;
	if (r == HWS_OK)
		r = hws_buf_err(&head);
	if (r == HWS_OK)
		r = write_all(w, hws_buf_bytes(&head));
	if (r == HWS_OK)
		r = write_all(w, data);
	hws_buf_done(&head);
	return r;
}

static int write_cues(struct hws_webm *w)
{
	struct hws_buf out, all, one, place;
	uint64_t at = w->at - w->body_at;
	int r;

	hws_buf_init(&out, w->cues * CUE_BYTES + 64);
	hws_buf_init(&all, w->cues * CUE_BYTES);
	hws_buf_init(&one, CUE_BYTES);
	hws_buf_init(&place, CUE_BYTES);
	for (size_t i = 0; i < w->cues; i++) {
		hws_buf_reset(&one);
		hws_buf_reset(&place);
		put_uint(&place, EL_CUE_TRACK, 1);
		put_uint(&place, EL_CUE_CLUSTER, w->cue[i].at);
		put_uint(&one, EL_CUE_TIME, w->cue[i].time_ms);
		put_master(&one, EL_CUE_PLACE, &place);
		put_master(&all, EL_CUE, &one);
	}
	put_master(&out, EL_CUES, &all);
	r = hws_buf_err(&all) ? hws_buf_err(&all) : hws_buf_err(&out);
	if (r == HWS_OK)
		r = write_all(w, hws_buf_bytes(&out));
	hws_buf_reset(&out);
	put_seek_head(&out, at);
	if (r == HWS_OK)
		r = patch(w, w->seek_at, &out);
	hws_buf_done(&out);
	hws_buf_done(&all);
	hws_buf_done(&one);
	hws_buf_done(&place);
	return r;
}

int hws_webm_close(struct hws_webm *w, uint64_t time_ms)
{
	struct hws_buf b;
	int r = HWS_OK;

	if (!w)
		return HWS_OK;
	hws_buf_init(&b, 64);
	if (w->started) {
		put_double(&b, (double)HWS_MAX(since_start(w, time_ms), w->last_ms));
		r = patch(w, w->duration_at, &b);
	}
	if (r == HWS_OK && w->cluster_size_at)
		r = patch_size(w, w->cluster_size_at);
	if (r == HWS_OK && w->cues)
		r = write_cues(w);
	if (r == HWS_OK)
		r = patch_size(w, w->size_at);
	if (close(w->fd) < 0 && r == HWS_OK)
		r = hws_err_from_errno(errno);
	hws_buf_done(&b);
	hws_free(w->cue);
	hws_free(w);
	return r;
}
