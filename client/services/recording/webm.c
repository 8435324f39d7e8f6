/* A WebM file as it grows: packets as they are, a track of pictures and perhaps one of sound.
 * Written forward only, with room left for what is known at the end, so that a file cut off by a
 * crash still plays. A cluster starts with each key picture and at least every 5 s. */
#include "client/media/codec_table.h"
#include "client/services/recording/ebml.h"
#include "client/services/recording/muxer.h"
#include "client/services/recording/outfile.h"
#include "shared/base/mem.h"
#include <unistd.h>

#define CLUSTER_MS 5000u
#define HEAD_MAX 16384u
#define PICTURES 1
#define SOUND 2
#define PER_MS (HWS_SOUND_RATE / 1000u)
#define CODEC_DELAY_NS 6500000u   /* what Opus has to be given before it sounds */
#define SEEK_PREROLL_NS 80000000u /* and after a jump */

struct webm {
	struct hws_muxer muxer;
	struct hws_outfile out;
	uint64_t size_at, body_at, seek_at, duration_at; /* what close fills in */
	uint64_t cluster_size_at;                        /* 0 = none is open */
	bool started;
	uint64_t last_ms, cluster_ms;
	struct hws_webm_cues cues;
};

static struct webm *of(struct hws_muxer *m)
{
	return hws_container(m, struct webm, muxer);
}

/* Keeps the room of a seek head, which a file that is never closed does not have. */
static void put_room(struct hws_buf *b)
{
	hws_ebml_id(b, HWS_EL_VOID);
	hws_ebml_size(b, HWS_EBML_SEEK_HEAD_LEN - 9);
	for (unsigned i = 9; i < HWS_EBML_SEEK_HEAD_LEN; i++)
		hws_buf_put_u8(b, 0);
}

static int patch_size(struct webm *w, uint64_t at)
{
	struct hws_buf b;
	int r;

	hws_buf_init(&b, 8);
	hws_ebml_size(&b, w->out.at - at - 8);
	r = hws_outfile_patch(&w->out, at, hws_buf_bytes(&b));
	hws_buf_done(&b);
	return r;
}

static void put_pictures(struct hws_buf *tracks, const struct hws_muxer_conf *c)
{
	struct hws_buf track, video;

	hws_buf_init(&track, HEAD_MAX);
	hws_buf_init(&video, HEAD_MAX);
	hws_ebml_uint(&video, HWS_EL_WIDTH, (uint64_t)c->width);
	hws_ebml_uint(&video, HWS_EL_HEIGHT, (uint64_t)c->height);
	hws_ebml_uint(&track, HWS_EL_TRACK_NUMBER, PICTURES);
	hws_ebml_uint(&track, HWS_EL_TRACK_UID, PICTURES);
	hws_ebml_uint(&track, HWS_EL_TRACK_TYPE, 1);
	hws_ebml_text(&track, HWS_EL_CODEC_ID, hws_codec_row(c->codec)->webm_id);
	if (c->codec == HWS_CODEC_AV1)
		hws_ebml_bytes(&track, HWS_EL_CODEC_PRIVATE,
				hws_bytes(c->codec_private->data, c->codec_private->len));
	hws_ebml_bytes(&track, HWS_EL_VIDEO, hws_buf_bytes(&video));
	hws_ebml_bytes(tracks, HWS_EL_TRACK, hws_buf_bytes(&track));
	hws_buf_done(&track);
	hws_buf_done(&video);
}

static void put_sound(struct hws_buf *tracks, unsigned channels)
{
	uint8_t head[HWS_OPUS_HEAD_MAX];
	struct hws_buf track, audio;

	hws_buf_init(&track, HEAD_MAX);
	hws_buf_init(&audio, HEAD_MAX);
	hws_ebml_id(&audio, HWS_EL_RATE);
	hws_ebml_size(&audio, 8);
	hws_ebml_double(&audio, HWS_SOUND_RATE);
	hws_ebml_uint(&audio, HWS_EL_CHANNELS, channels);
	hws_ebml_uint(&track, HWS_EL_TRACK_NUMBER, SOUND);
	hws_ebml_uint(&track, HWS_EL_TRACK_UID, SOUND);
	hws_ebml_uint(&track, HWS_EL_TRACK_TYPE, 2);
	hws_ebml_text(&track, HWS_EL_CODEC_ID, "A_OPUS");
	hws_ebml_uint(&track, HWS_EL_CODEC_DELAY, CODEC_DELAY_NS);
	hws_ebml_uint(&track, HWS_EL_SEEK_PREROLL, SEEK_PREROLL_NS);
	hws_ebml_bytes(&track, HWS_EL_CODEC_PRIVATE,
			hws_bytes(head, hws_opus_head(true, channels, head)));
	hws_ebml_bytes(&track, HWS_EL_AUDIO, hws_buf_bytes(&audio));
	hws_ebml_bytes(tracks, HWS_EL_TRACK, hws_buf_bytes(&track));
	hws_buf_done(&track);
	hws_buf_done(&audio);
}

static int write_head(struct webm *w, const struct hws_muxer_conf *c)
{
	struct hws_buf out, part;
	int r;

	hws_buf_init(&out, HEAD_MAX);
	hws_buf_init(&part, HEAD_MAX);
	hws_ebml_uint(&part, HWS_EL_EBML_VERSION, 1);
	hws_ebml_uint(&part, HWS_EL_EBML_READ_VERSION, 1);
	hws_ebml_text(&part, HWS_EL_DOC_TYPE, "webm");
	hws_ebml_uint(&part, HWS_EL_DOC_TYPE_VERSION, 4);
	hws_ebml_uint(&part, HWS_EL_DOC_TYPE_READ_VERSION, 2);
	hws_ebml_bytes(&out, HWS_EL_EBML, hws_buf_bytes(&part));

	hws_ebml_id(&out, HWS_EL_SEGMENT);
	w->size_at = hws_buf_len(&out);
	hws_ebml_size(&out, HWS_EBML_UNKNOWN); /* until it is closed */
	w->body_at = w->seek_at = hws_buf_len(&out);
	put_room(&out);

	hws_buf_reset(&part);
	hws_ebml_uint(&part, HWS_EL_TIME_SCALE, 1000000); /* nanoseconds: times are milliseconds */
	hws_ebml_text(&part, HWS_EL_MUXING_APP, "hawser");
	hws_ebml_text(&part, HWS_EL_WRITING_APP, "hawser " HAWSER_VERSION);
	hws_ebml_id(&part, HWS_EL_DURATION);
	hws_ebml_size(&part, 8);
	hws_ebml_double(&part, 0);
	hws_ebml_bytes(&out, HWS_EL_INFO, hws_buf_bytes(&part));
	w->duration_at = hws_buf_len(&out) - 8;

	hws_buf_reset(&part);
	put_pictures(&part, c);
	if (c->sound_channels)
		put_sound(&part, c->sound_channels);
	hws_ebml_bytes(&out, HWS_EL_TRACKS, hws_buf_bytes(&part));

	r = hws_buf_err(&out) ? hws_buf_err(&out) : hws_buf_err(&part);
	if (r == HWS_OK)
		r = hws_outfile_put(&w->out, hws_buf_bytes(&out), (struct hws_bytes){ 0 });
	hws_buf_done(&out);
	hws_buf_done(&part);
	return r;
}

static int start_cluster(struct webm *w, struct hws_buf *head, uint64_t time_ms, bool key)
{
	int r = w->cluster_size_at ? patch_size(w, w->cluster_size_at) : HWS_OK;

	if (r < 0)
		return r;
	if (key)
		hws_webm_cues_add(&w->cues, time_ms, w->out.at - w->body_at);
	hws_ebml_id(head, HWS_EL_CLUSTER);
	w->cluster_size_at = w->out.at + hws_buf_len(head);
	hws_ebml_size(head, HWS_EBML_UNKNOWN); /* until the next one */
	hws_ebml_uint(head, HWS_EL_TIME, time_ms);
	w->cluster_ms = time_ms;
	w->started = true;
	return r;
}

static int block(struct webm *w, uint8_t track, struct hws_bytes data, bool key, uint64_t time_ms)
{
	struct hws_buf head;
	uint64_t cluster = w->cluster_size_at;
	int r = HWS_OK;

	if (data.len > (1u << 30))
		return HWS_ERR_TOOBIG;
	uint64_t t = HWS_MAX(time_ms, w->last_ms);
	bool begins = key && track == PICTURES;
	hws_buf_init(&head, 256);
	if (!w->started || begins || t - w->cluster_ms >= CLUSTER_MS)
		r = start_cluster(w, &head, t, begins);
	hws_ebml_id(&head, HWS_EL_SIMPLE_BLOCK);
	hws_ebml_size(&head, data.len + 4);
	hws_buf_put_u8(&head, 0x80 | track);
	hws_buf_put_u8(&head, (uint8_t)((t - w->cluster_ms) >> 8));
	hws_buf_put_u8(&head, (uint8_t)(t - w->cluster_ms));
	hws_buf_put_u8(&head, key ? 0x80 : 0);
	w->last_ms = t;
	if (r == HWS_OK)
		r = hws_buf_err(&head);
	if (r == HWS_OK)
		r = hws_outfile_put(&w->out, hws_buf_bytes(&head), data);
	if (r < 0 && w->cluster_size_at != cluster)
		w->cluster_size_at = 0; /* it is not there, and the one before has its size */
	hws_buf_done(&head);
	return r;
}

static int picture(struct hws_muxer *m, struct hws_bytes data, bool key, uint64_t time_ms)
{
	return block(of(m), PICTURES, data, key, time_ms);
}

static int sound(struct hws_muxer *m, struct hws_bytes data, uint64_t time,
		unsigned duration HWS_UNUSED)
{
	return block(of(m), SOUND, data, true, time / PER_MS);
}

static int write_cues(struct webm *w)
{
	uint64_t at = w->out.at - w->body_at;
	struct hws_buf out;
	int r;

	hws_buf_init(&out, SIZE_MAX / 2);
	r = hws_webm_cues_put(&w->cues, &out);
	if (r == HWS_OK)
		r = hws_outfile_put(&w->out, hws_buf_bytes(&out), (struct hws_bytes){ 0 });
	hws_buf_reset(&out);
	hws_ebml_seek_head(&out, at);
	if (r == HWS_OK)
		r = hws_outfile_patch(&w->out, w->seek_at, hws_buf_bytes(&out));
	hws_buf_done(&out);
	return r;
}

static int close_file(struct hws_muxer *m, uint64_t time_ms)
{
	struct webm *w = of(m);
	struct hws_buf b;
	int r = HWS_OK, c;

	hws_buf_init(&b, 64);
	if (w->started) {
		hws_ebml_double(&b, (double)HWS_MAX(time_ms, w->last_ms));
		r = hws_outfile_patch(&w->out, w->duration_at, hws_buf_bytes(&b));
	}
	if (r == HWS_OK && w->cluster_size_at)
		r = patch_size(w, w->cluster_size_at);
	if (r == HWS_OK && w->cues.count)
		r = write_cues(w);
	if (r == HWS_OK)
		r = patch_size(w, w->size_at);
	c = hws_outfile_close(&w->out);
	hws_buf_done(&b);
	hws_webm_cues_done(&w->cues);
	hws_free(w);
	return r < 0 ? r : c;
}

int hws_webm_new(int fd, const struct hws_muxer_conf *conf, struct hws_muxer **ret)
{
	static const struct hws_muxer_impl impl = { picture, sound, close_file };
	struct webm *w = hws_codec_row(conf->codec)->webm_id ? hws_alloc(sizeof(*w)) : NULL;
	int r;

	if (!w) {
		close(fd);
		return hws_codec_row(conf->codec)->webm_id ? HWS_ERR_NOMEM : HWS_ERR_UNSUPPORTED;
	}
	w->muxer.impl = &impl;
	w->out.fd = fd;
	r = write_head(w, conf);
	if (r < 0) {
		hws_outfile_close(&w->out);
		hws_free(w);
		return r;
	}
	*ret = &w->muxer;
	return HWS_OK;
}
