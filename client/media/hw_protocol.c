/* One list of what there can be for each direction; both ends ask here. */
#include "client/media/hw_protocol.h"
#include "client/media/coarseness.h"

#define FPS_MOST 240u

static bool size_is(uint32_t width, uint32_t height)
{
	return width <= HWS_PICTURE_SIDE_MAX && height <= HWS_PICTURE_SIDE_MAX &&
			hws_hw_fits((int)width, (int)height);
}

static bool codec_is(uint32_t codec)
{
	return codec > HWS_CODEC_NONE && codec < HWS_CODEC_RAW;
}

int hws_hw_request_check(const struct hws_hw_request *q)
{
	bool good = q->id != 0 && q->instance < HWS_HW_INSTANCES;

	switch (q->kind) {
	case HWS_HW_OPEN_ENCODER:
		good = good && codec_is(q->codec) && size_is(q->width, q->height) && q->fps > 0 &&
				q->fps <= FPS_MOST && q->coarse <= HWS_COARSE_MAX;
		break;
	case HWS_HW_ENCODE:
		good = good && q->coarse <= HWS_COARSE_MAX && q->key <= 1;
		break;
	case HWS_HW_OPEN_DECODER:
		good = good && codec_is(q->codec);
		break;
	case HWS_HW_DECODE:
		good = good && q->bytes > 0 && q->bytes <= HWS_HW_PACKET_BYTES;
		break;
	case HWS_HW_CLOSE:
		break;
	default:
		good = false;
	}
	return good ? HWS_OK : HWS_ERR_PROTO;
}

int hws_hw_answer_check(const struct hws_hw_request *q, const struct hws_hw_answer *a)
{
	bool good = a->version == HWS_HW_VERSION && a->id == q->id && a->result <= 0;

	if (good && a->result == HWS_OK && q->kind == HWS_HW_ENCODE)
		good = a->bytes > 0 && a->bytes <= HWS_HW_PACKET_BYTES && a->key <= 1 &&
				a->coarse <= HWS_COARSE_MAX;
	else if (good && a->result == HWS_OK && q->kind == HWS_HW_DECODE)
		good = size_is(a->width, a->height);
	return good ? HWS_OK : HWS_ERR_PROTO;
}
