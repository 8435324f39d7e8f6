/* A fragmented MP4 file as it grows: a head without pictures, then each picture as a fragment of
 * its own, so that a file cut off by a crash plays up to the last picture; sound goes in fragments
 * of half a second. How long a picture stays is known with the next one, and filled in then. */
#include "client/services/recording/mp4_box.h"
#include "client/services/recording/muxer.h"
#include "client/services/recording/outfile.h"
#include "shared/base/mem.h"
#include <unistd.h>

#define HEAD_MAX 16384u
#define PICTURES 1u
#define SOUND 2u
#define PER_MS (HWS_SOUND_RATE / 1000u)
#define BATCH 25u /* packets of sound in a fragment */
#define BATCH_BYTES (1u << 20)
#define KEY_FLAGS 0x02000000u
#define OTHER_FLAGS 0x01010000u
#define RUN_FLAGS 0x701u /* where the data is; duration, size and flags of each sample */
#define PICTURE_MAX (1u << 30)

struct mp4 {
	struct hws_muxer muxer;
	enum hws_codec codec;
	struct hws_outfile out;
	uint64_t duration_at; /* in mehd */
	uint32_t number;      /* of the last fragment */
	uint64_t stays_at;    /* where the duration of the last picture is filled in; 0 = nowhere */
	uint64_t last_ms, end; /* of the pictures; of the sound, in its own rate */
	struct hws_mp4_index index;
	struct hws_buf scratch; /* a picture as files hold it */
	struct {
		unsigned count, duration[BATCH], size[BATCH];
		uint64_t time;
		struct hws_buf data;
	} batch;
};

static struct mp4 *of(struct hws_muxer *m)
{
	return hws_container(m, struct mp4, muxer);
}

/* --- the head --- */

static void put_matrix(struct hws_buf *b)
{
	static const uint32_t unity[] = { 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000 };

	for (unsigned i = 0; i < HWS_COUNT(unity); i++)
		hws_mp4_u32(b, unity[i]);
}

static void put_mvhd(struct hws_buf *b, unsigned tracks)
{
	size_t box = hws_mp4_full(b, "mvhd", 0, 0);

	hws_mp4_zero(b, 8);
	hws_mp4_u32(b, 1000);
	hws_mp4_u32(b, 0); /* of what is outside of fragments: nothing */
	hws_mp4_u32(b, 0x10000);
	hws_mp4_u16(b, 0x100);
	hws_mp4_zero(b, 10);
	put_matrix(b);
	hws_mp4_zero(b, 24);
	hws_mp4_u32(b, tracks + 1);
	hws_mp4_end(b, box);
}

static void put_tkhd(struct hws_buf *b, uint32_t track, int width, int height)
{
	size_t box = hws_mp4_full(b, "tkhd", 0, 3);

	hws_mp4_zero(b, 8);
	hws_mp4_u32(b, track);
	hws_mp4_zero(b, 16);
	hws_mp4_u16(b, 0);
	hws_mp4_u16(b, 0);
	hws_mp4_u16(b, track == SOUND ? 0x100 : 0);
	hws_mp4_u16(b, 0);
	put_matrix(b);
	hws_mp4_u32(b, (uint32_t)width << 16);
	hws_mp4_u32(b, (uint32_t)height << 16);
	hws_mp4_end(b, box);
}

static void put_picture_entry(struct hws_buf *b, const struct hws_muxer_conf *c)
{
	static const char *const names[HWS_CODEC_COUNT][2] = {
		[HWS_CODEC_VP8] = { "vp08", "vpcC" },
		[HWS_CODEC_VP9] = { "vp09", "vpcC" },
		[HWS_CODEC_AV1] = { "av01", "av1C" },
		[HWS_CODEC_H264] = { "avc1", "avcC" },
		[HWS_CODEC_H265] = { "hvc1", "hvcC" },
	};
	size_t entry = hws_mp4_box(b, names[c->codec][0]), conf;

	hws_mp4_zero(b, 6);
	hws_mp4_u16(b, 1);
	hws_mp4_zero(b, 16);
	hws_mp4_u16(b, (unsigned)c->width);
	hws_mp4_u16(b, (unsigned)c->height);
	hws_mp4_u32(b, 72 << 16);
	hws_mp4_u32(b, 72 << 16);
	hws_mp4_u32(b, 0);
	hws_mp4_u16(b, 1);
	hws_mp4_zero(b, 32);
	hws_mp4_u16(b, 24);
	hws_mp4_u16(b, 0xffff);
	conf = hws_mp4_box(b, names[c->codec][1]);
	hws_buf_put(b, c->codec_private->data, c->codec_private->len);
	hws_mp4_end(b, conf);
	hws_mp4_end(b, entry);
}

static void put_sound_entry(struct hws_buf *b, unsigned channels)
{
	uint8_t head[HWS_OPUS_HEAD_MAX];
	size_t entry = hws_mp4_box(b, "Opus"), conf;

	hws_mp4_zero(b, 6);
	hws_mp4_u16(b, 1);
	hws_mp4_zero(b, 8);
	hws_mp4_u16(b, channels);
	hws_mp4_u16(b, 16);
	hws_mp4_u32(b, 0);
	hws_mp4_u32(b, HWS_SOUND_RATE << 16);
	conf = hws_mp4_box(b, "dOps");
	hws_buf_put(b, head, hws_opus_head(false, channels, head));
	hws_mp4_end(b, conf);
	hws_mp4_end(b, entry);
}

static void put_samples(struct hws_buf *b, const struct hws_muxer_conf *c, uint32_t track)
{
	static const char *const empty[] = { "stts", "stsc", "stco" };
	size_t stbl = hws_mp4_box(b, "stbl"), box = hws_mp4_full(b, "stsd", 0, 0);

	hws_mp4_u32(b, 1);
	if (track == PICTURES)
		put_picture_entry(b, c);
	else
		put_sound_entry(b, c->sound_channels);
	hws_mp4_end(b, box);
	for (unsigned i = 0; i < HWS_COUNT(empty); i++) {
		box = hws_mp4_full(b, empty[i], 0, 0);
		hws_mp4_u32(b, 0);
		hws_mp4_end(b, box);
	}
	box = hws_mp4_full(b, "stsz", 0, 0);
	hws_mp4_zero(b, 8);
	hws_mp4_end(b, box);
	hws_mp4_end(b, stbl);
}

static void put_media(struct hws_buf *b, const struct hws_muxer_conf *c, uint32_t track)
{
	size_t mdia = hws_mp4_box(b, "mdia"), box = hws_mp4_full(b, "mdhd", 0, 0), inner;

	hws_mp4_zero(b, 8);
	hws_mp4_u32(b, track == PICTURES ? 1000 : HWS_SOUND_RATE);
	hws_mp4_u32(b, 0);
	hws_mp4_u16(b, 0x55c4); /* no language */
	hws_mp4_u16(b, 0);
	hws_mp4_end(b, box);
	box = hws_mp4_full(b, "hdlr", 0, 0);
	hws_mp4_u32(b, 0);
	hws_buf_put(b, track == PICTURES ? "vide" : "soun", 4);
	hws_mp4_zero(b, 12);
	hws_buf_put(b, "hawser", 7);
	hws_mp4_end(b, box);
	size_t minf = hws_mp4_box(b, "minf");
	box = track == PICTURES ? hws_mp4_full(b, "vmhd", 0, 1) : hws_mp4_full(b, "smhd", 0, 0);
	hws_mp4_zero(b, track == PICTURES ? 8 : 4);
	hws_mp4_end(b, box);
	box = hws_mp4_box(b, "dinf");
	inner = hws_mp4_full(b, "dref", 0, 0);
	hws_mp4_u32(b, 1);
	hws_mp4_end(b, hws_mp4_full(b, "url ", 0, 1));
	hws_mp4_end(b, inner);
	hws_mp4_end(b, box);
	put_samples(b, c, track);
	hws_mp4_end(b, minf);
	hws_mp4_end(b, mdia);
}

static void put_track(struct hws_buf *b, const struct hws_muxer_conf *c, uint32_t track)
{
	size_t trak = hws_mp4_box(b, "trak");

	put_tkhd(b, track, track == PICTURES ? c->width : 0, track == PICTURES ? c->height : 0);
	put_media(b, c, track);
	hws_mp4_end(b, trak);
}

static int write_head(struct mp4 *m, const struct hws_muxer_conf *c)
{
	unsigned tracks = c->sound_channels ? 2 : 1;
	struct hws_buf b;
	int r;

	hws_buf_init(&b, HEAD_MAX);
	size_t box = hws_mp4_box(&b, "ftyp");
	hws_buf_put(&b, "iso6", 4);
	hws_mp4_u32(&b, 0x200);
	hws_buf_put_str(&b, "iso6isommp41");
	hws_mp4_end(&b, box);
	size_t moov = hws_mp4_box(&b, "moov");
	put_mvhd(&b, tracks);
	for (uint32_t t = 1; t <= tracks; t++)
		put_track(&b, c, t);
	size_t mvex = hws_mp4_box(&b, "mvex");
	box = hws_mp4_full(&b, "mehd", 1, 0);
	m->duration_at = hws_buf_len(&b);
	hws_mp4_u64(&b, 0); /* until it is closed */
	hws_mp4_end(&b, box);
	for (uint32_t t = 1; t <= tracks; t++) {
		box = hws_mp4_full(&b, "trex", 0, 0);
		hws_mp4_u32(&b, t);
		hws_mp4_u32(&b, 1);
		hws_mp4_zero(&b, 12);
		hws_mp4_end(&b, box);
	}
	hws_mp4_end(&b, mvex);
	hws_mp4_end(&b, moov);
	r = hws_buf_err(&b);
	if (r == HWS_OK)
		r = hws_outfile_put(&m->out, hws_buf_bytes(&b), (struct hws_bytes){ 0 });
	hws_buf_done(&b);
	return r;
}

/* --- fragments --- */

struct fragment {
	uint32_t track, flags;
	uint64_t time;
	unsigned count;
	const unsigned *duration, *size;
	struct hws_bytes data;
};

static int write_fragment(struct mp4 *m, const struct fragment *f, size_t *ret_first)
{
	struct hws_buf b;
	int r;

	hws_buf_init(&b, 256 + f->count * 12u);
	size_t moof = hws_mp4_box(&b, "moof"), box = hws_mp4_full(&b, "mfhd", 0, 0);
	hws_mp4_u32(&b, ++m->number);
	hws_mp4_end(&b, box);
	size_t traf = hws_mp4_box(&b, "traf");
	box = hws_mp4_full(&b, "tfhd", 0, 0x20000); /* places begin at the fragment */
	hws_mp4_u32(&b, f->track);
	hws_mp4_end(&b, box);
	box = hws_mp4_full(&b, "tfdt", 1, 0);
	hws_mp4_u64(&b, f->time);
	hws_mp4_end(&b, box);
	box = hws_mp4_full(&b, "trun", 0, RUN_FLAGS);
	hws_mp4_u32(&b, f->count);
	hws_mp4_u32(&b, (uint32_t)(hws_buf_len(&b) + 4 + f->count * 12u + 8 - moof));
	*ret_first = hws_buf_len(&b);
	for (unsigned i = 0; i < f->count; i++) {
		hws_mp4_u32(&b, f->duration[i]);
		hws_mp4_u32(&b, f->size[i]);
		hws_mp4_u32(&b, f->flags);
	}
	hws_mp4_end(&b, box);
	hws_mp4_end(&b, traf);
	hws_mp4_end(&b, moof);
	hws_mp4_u32(&b, (uint32_t)f->data.len + 8);
	hws_buf_put(&b, "mdat", 4);
	r = hws_buf_err(&b);
	if (r == HWS_OK)
		r = hws_outfile_put(&m->out, hws_buf_bytes(&b), f->data);
	hws_buf_done(&b);
	return r;
}

static int write_batch(struct mp4 *m)
{
	struct fragment f = { .track = SOUND,
		.flags = KEY_FLAGS,
		.time = m->batch.time,
		.count = m->batch.count,
		.duration = m->batch.duration,
		.size = m->batch.size,
		.data = hws_buf_bytes(&m->batch.data) };
	size_t first;
	int r = f.count ? write_fragment(m, &f, &first) : HWS_OK;

	m->batch.count = 0;
	hws_buf_reset(&m->batch.data);
	return r;
}

static int patch_stays(struct mp4 *m, uint64_t until_ms)
{
	uint64_t ms = until_ms - m->last_ms;
	uint8_t be[4] = { (uint8_t)(ms >> 24), (uint8_t)(ms >> 16), (uint8_t)(ms >> 8),
		(uint8_t)ms };

	return m->stays_at ? hws_outfile_patch(&m->out, m->stays_at, hws_bytes(be, 4)) : HWS_OK;
}

static int picture(struct hws_muxer *muxer, struct hws_bytes data, bool key, uint64_t time_ms)
{
	struct mp4 *m = of(muxer);
	uint64_t t = HWS_MAX(time_ms, m->last_ms), at = m->out.at;
	unsigned none = 0, size;
	size_t first;
	int r = data.len > PICTURE_MAX ? HWS_ERR_TOOBIG : patch_stays(m, t);

	if (r == HWS_OK)
		r = hws_codec_in_file(m->codec, data, &m->scratch, &data);
	if (r < 0)
		return r;
	size = (unsigned)data.len;
	struct fragment f = { PICTURES, key ? KEY_FLAGS : OTHER_FLAGS, t, 1, &none, &size, data };
	r = write_fragment(m, &f, &first);
	if (r < 0)
		return r;
	if (key)
		hws_mp4_index_add(&m->index, t, at);
	m->stays_at = at + first;
	m->last_ms = t;
	return HWS_OK;
}

static int sound(struct hws_muxer *muxer, struct hws_bytes data, uint64_t time, unsigned duration)
{
	struct mp4 *m = of(muxer);
	int r = HWS_OK;

	if (data.len > BATCH_BYTES)
		return HWS_ERR_TOOBIG;
	if (m->batch.count == BATCH || (m->batch.count && time != m->end) ||
			hws_buf_len(&m->batch.data) + data.len > BATCH_BYTES)
		r = write_batch(m);
	if (r < 0)
		return r;
	if (!m->batch.count)
		m->batch.time = time;
	hws_buf_put(&m->batch.data, data.ptr, data.len);
	m->batch.duration[m->batch.count] = duration;
	m->batch.size[m->batch.count++] = (unsigned)data.len;
	m->end = time + duration;
	return hws_buf_err(&m->batch.data);
}

static int close_file(struct hws_muxer *muxer, uint64_t time_ms)
{
	struct mp4 *m = of(muxer);
	uint64_t end_ms = HWS_MAX(time_ms, m->last_ms);
	struct hws_buf b;
	int r = write_batch(m), c;

	hws_buf_init(&b, SIZE_MAX / 2);
	hws_mp4_u64(&b, HWS_MAX(end_ms, m->end / PER_MS));
	if (r == HWS_OK)
		r = patch_stays(m, end_ms);
	if (r == HWS_OK)
		r = hws_outfile_patch(&m->out, m->duration_at, hws_buf_bytes(&b));
	hws_buf_reset(&b);
	hws_mp4_index_put(&m->index, &b);
	if (r == HWS_OK)
		r = hws_buf_err(&b);
	if (r == HWS_OK)
		r = hws_outfile_put(&m->out, hws_buf_bytes(&b), (struct hws_bytes){ 0 });
	c = hws_outfile_close(&m->out);
	hws_buf_done(&b);
	hws_buf_done(&m->scratch);
	hws_buf_done(&m->batch.data);
	hws_mp4_index_done(&m->index);
	hws_free(m);
	return r < 0 ? r : c;
}

int hws_mp4_new(int fd, const struct hws_muxer_conf *conf, struct hws_muxer **ret)
{
	static const struct hws_muxer_impl impl = { picture, sound, close_file };
	bool known = conf->codec > HWS_CODEC_NONE && conf->codec <= HWS_CODEC_H265;
	struct mp4 *m = known ? hws_alloc(sizeof(*m)) : NULL;
	int r;

	if (!m) {
		close(fd);
		return known ? HWS_ERR_NOMEM : HWS_ERR_UNSUPPORTED;
	}
	m->muxer.impl = &impl;
	m->codec = conf->codec;
	m->out.fd = fd;
	hws_buf_init(&m->scratch, PICTURE_MAX + (PICTURE_MAX >> 2));
	hws_buf_init(&m->batch.data, 2 * BATCH_BYTES);
	r = write_head(m, conf);
	if (r < 0) {
		hws_outfile_close(&m->out);
		hws_free(m);
		return r;
	}
	*ret = &m->muxer;
	return HWS_OK;
}
