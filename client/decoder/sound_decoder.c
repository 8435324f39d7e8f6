/* One decoder at a time: a stream of another rate or another number of channels has a new one. */
#include "client/decoder/sound_decoder.h"

void hws_sound_decoder_forget(struct hws_sound_decoder *d)
{
	hws_opus_decoder_free(d->opus);
	d->opus = NULL;
}

static int prepare(struct hws_sound_decoder *d, const struct hws_decode_request *q)
{
	if (d->opus && !(q->flags & HWS_DECODE_RESET) && d->rate == q->rate &&
			d->channels == q->channels)
		return HWS_OK;
	hws_sound_decoder_forget(d);
	d->rate = q->rate;
	d->channels = q->channels;
	return hws_opus_decoder_new(q->rate, q->channels, &d->opus);
}

int hws_sound_decoder_decode(struct hws_sound_decoder *d, const struct hws_decode_request *q,
		struct hws_bytes packets, struct hws_buf *out)
{
	int r = prepare(d, q);

	for (uint32_t i = 0; i < q->packets && r == HWS_OK; i++) {
		struct hws_bytes packet;
		if (hws_decode_next_packet(&packets, &packet) < 0)
			return HWS_ERR_CLOSED;
		int n = hws_opus_decode(d->opus, packet, d->samples);
		if (n < 0)
			r = n;
		else
			hws_buf_put(out, d->samples, (size_t)n * d->channels * sizeof(int16_t));
	}
	return r == HWS_OK ? hws_buf_err(out) : r;
}
