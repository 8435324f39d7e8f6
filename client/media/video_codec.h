/* media/video_codec: one interface to all video encoders and decoders.
 * An encoder or decoder is used by one thread at a time (it may move between threads). */
#pragma once
#include "client/media/codec.h"
#include "client/media/codec_table.h"

/* HWS_ERR_UNSUPPORTED: no such codec here; HWS_ERR_INVAL; HWS_ERR_NOMEM. */
int hws_encoder_new(const struct hws_encoder_conf *conf, struct hws_encoder **ret) HWS_MUST_CHECK;
void hws_encoder_free(struct hws_encoder *e); /* takes NULL */
/* Encodes a picture of a format and size that the codec takes (its row in the codec table), else
 * HWS_ERR_UNSUPPORTED; HWS_ERR_INVAL when its planes are too small for it. `damage`: what differs
 * from the picture before (NULL = anything may); pixels outside it must be unchanged. The first
 * picture, `key`, and a picture of another size than the one before give a key frame. pts_ms must
 * grow. HWS_ERR_AGAIN: the rate control dropped the picture. */
int hws_encoder_encode(struct hws_encoder *e, const struct hws_picture *p,
		const struct hws_region *damage, bool key, int64_t pts_ms,
		struct hws_packet *ret) HWS_MUST_CHECK;
/* From the next picture on. */
int hws_encoder_set_quality(
		struct hws_encoder *e, const struct hws_quality *quality) HWS_MUST_CHECK;

/* What a packet of a peer makes its decoder take memory for: zeros where its headers do not tell.
 * HWS_ERR_TOOBIG, HWS_ERR_CORRUPT, HWS_ERR_UNSUPPORTED: it need not be tried. */
int hws_codec_packet_size(enum hws_codec codec, struct hws_bytes packet,
		struct hws_packet_size *ret) HWS_MUST_CHECK;
int hws_decoder_new(
		enum hws_codec codec, unsigned threads, struct hws_decoder **ret) HWS_MUST_CHECK;
void hws_decoder_free(struct hws_decoder *d); /* takes NULL */
/* Decodes one packet of a peer. On HWS_OK `*ret` is the picture, of a format that the codec gives,
 * which belongs to the decoder and stays as it is until its next call (copy or convert it; it
 * cannot be locked). HWS_ERR_AGAIN: nothing to show. HWS_ERR_CORRUPT, HWS_ERR_TOOBIG (picture above
 * the limits), HWS_ERR_UNSUPPORTED (of a kind that this build does not decode): the decoder stays
 * usable, but only a key frame gives good pictures again. */
int hws_decoder_decode(struct hws_decoder *d, struct hws_bytes data,
		const struct hws_picture **ret) HWS_MUST_CHECK;
