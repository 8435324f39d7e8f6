#include "client/services/recording/webm.h"
#include "shared/base/buf.h"
#include "shared/base/mem.h"
#include <errno.h>
#include <fcntl.h>
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
};

#define CLUSTER_MS 5000u
#define HEAD_MAX 4096u

struct hws_webm {
	int fd;
	off_t size_at, body_at, duration_at; /* what close fills in */
	bool started;
	uint64_t first_ms, last_ms, cluster_ms;
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

static int write_all(int fd, struct hws_bytes b)
{
	while (b.len > 0) {
		ssize_t n = write(fd, b.ptr, b.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return hws_err_from_errno(n == 0 ? ENOSPC : errno);
		b.ptr += n;
		b.len -= (size_t)n;
	}
	return HWS_OK;
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
	w->size_at = (off_t)hws_buf_len(&out);
	put_size(&out, (1ull << 56) - 1); /* unknown until it is closed */
	w->body_at = (off_t)hws_buf_len(&out);

	hws_buf_reset(&part);
	put_uint(&part, EL_TIME_SCALE, 1000000); /* nanoseconds: times are milliseconds */
	put_text(&part, EL_MUXING_APP, "hawser");
	put_text(&part, EL_WRITING_APP, "hawser " HAWSER_VERSION);
	put_id(&part, EL_DURATION);
	put_size(&part, 8);
	put_double(&part, 0);
	put_master(&out, EL_INFO, &part);
	w->duration_at = (off_t)hws_buf_len(&out) - 8;

	put_uint(&inner, EL_WIDTH, (uint64_t)width);
	put_uint(&inner, EL_HEIGHT, (uint64_t)height);
	hws_buf_reset(&part);
	put_uint(&part, EL_TRACK_NUMBER, 1);
	put_uint(&part, EL_TRACK_UID, 1);
	put_uint(&part, EL_TRACK_TYPE, 1);
	put_text(&part, EL_CODEC_ID, codec == HWS_CODEC_VP8 ? "V_VP8" : "V_VP9");
	put_master(&part, EL_VIDEO, &inner);
	hws_buf_reset(&inner);
	put_master(&inner, EL_TRACK, &part);
	put_master(&out, EL_TRACKS, &inner);

	r = hws_buf_err(&out)                ? hws_buf_err(&out)
			: hws_buf_err(&part) ? hws_buf_err(&part)
					     : hws_buf_err(&inner);
	if (r == HWS_OK)
		r = write_all(w->fd, hws_buf_bytes(&out));
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

	if (codec != HWS_CODEC_VP8 && codec != HWS_CODEC_VP9)
		return HWS_ERR_UNSUPPORTED;
	w = hws_alloc(sizeof(*w));
	if (!w)
		return HWS_ERR_NOMEM;
	w->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (w->fd < 0) {
		r = hws_err_from_errno(errno);
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

int hws_webm_packet(struct hws_webm *w, struct hws_bytes data, bool key, uint64_t time_ms)
{
	struct hws_buf head;
	int r;

	if (data.len > (1u << 30))
		return HWS_ERR_TOOBIG;
	if (!w->started)
		w->first_ms = time_ms;
	uint64_t t = time_ms > w->first_ms ? time_ms - w->first_ms : 0;
	t = HWS_MAX(t, w->last_ms);
	hws_buf_init(&head, 256);
	if (!w->started || key || t - w->cluster_ms >= CLUSTER_MS) {
		put_id(&head, EL_CLUSTER);
		put_size(&head, (1ull << 56) - 1); /* lasts until the next one */
		put_uint(&head, EL_TIME, t);
		w->cluster_ms = t;
		w->started = true;
	}
	put_id(&head, EL_SIMPLE_BLOCK);
	put_size(&head, data.len + 4);
	hws_buf_put_u8(&head, 0x81); /* track 1 */
	hws_buf_put_u8(&head, (uint8_t)((t - w->cluster_ms) >> 8));
	hws_buf_put_u8(&head, (uint8_t)(t - w->cluster_ms));
	hws_buf_put_u8(&head, key ? 0x80 : 0);
	w->last_ms = t;
	r = hws_buf_err(&head);
	if (r == HWS_OK)
		r = write_all(w->fd, hws_buf_bytes(&head));
	if (r == HWS_OK)
		r = write_all(w->fd, data);
	hws_buf_done(&head);
	return r;
}

static int patch(int fd, off_t at, const struct hws_buf *b)
{
	struct hws_bytes c = hws_buf_bytes(b);

	return pwrite(fd, c.ptr, c.len, at) == (ssize_t)c.len ? HWS_OK : HWS_ERR_DISK;
}

int hws_webm_close(struct hws_webm *w)
{
	struct hws_buf b;
	int r;

	if (!w)
		return HWS_OK;
	hws_buf_init(&b, 64);
	put_double(&b, (double)w->last_ms);
	r = patch(w->fd, w->duration_at, &b);
	off_t end = lseek(w->fd, 0, SEEK_END);
	hws_buf_reset(&b);
	put_size(&b, (uint64_t)(end - w->body_at));
	if (r == HWS_OK && end > w->body_at)
		r = patch(w->fd, w->size_at, &b);
	if (close(w->fd) < 0 && r == HWS_OK)
		r = hws_err_from_errno(errno);
	hws_buf_done(&b);
	hws_free(w);
	return r;
}
