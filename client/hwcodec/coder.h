/* hwcodec/coder: encoders and decoders of libavcodec on one device. Only this folder knows that
 * library, and only in a process of its own: the driver's code runs beside it. One thread. */
#pragma once
#include "client/media/hw_protocol.h"
#include "shared/base/buf.h"
#include <libavcodec/avcodec.h>

struct hwc_device;

/* A kind of devices: a row of hwc_backends, in a file of its own. */
struct hwc_backend {
	const char *name;
	enum AVHWDeviceType type; /* AV_HWDEVICE_TYPE_NONE: frames are in memory */
	/* Names of libavcodec; NULL: there is none. */
	const char *encoder[HWS_CODEC_COUNT], *decoder[HWS_CODEC_COUNT];
	/* It opens devices with each codec, also when it is confined already. */
	bool opens_late;
	/* Opens the device (it may stay NULL in `d->device` when there is none to open). */
	int (*open)(struct hwc_device *d, const char *path, struct hws_error *err);
	void (*close)(struct hwc_device *d);
	/* What is special about an encoder that is to code with that quantiser; `way` counts
	 * attempts from 0: HWS_ERR_UNSUPPORTED: there is no further one. */
	int (*prepare)(struct hwc_device *d, AVCodecContext *c, enum hws_codec codec, int quantiser,
			unsigned way);
	/* Whether the quantiser of a single picture can be shifted (regions of interest). */
	bool (*shifts)(const struct hwc_device *d, const AVCodecContext *c, enum hws_codec codec,
			unsigned way);
};

struct hwc_device {
	const struct hwc_backend *backend;
	AVBufferRef *device; /* NULL: frames are in memory */
	int fd;              /* that is open for it; -1 */
	char vendor[128];
};

extern const struct hwc_backend hwc_vaapi, hwc_v4l2;
extern const struct hwc_backend *const hwc_backends[]; /* ends with NULL */
const struct hwc_backend *hwc_backend_by_name(const char *name);

int hwc_device_open(const struct hwc_backend *b, const char *path, struct hwc_device *ret,
		struct hws_error *err) HWS_MUST_CHECK;
void hwc_device_close(struct hwc_device *d);

struct hwc_encoder;
struct hwc_encoder_conf {
	enum hws_codec codec;
	int width, height;
	unsigned fps, coarse;
};
int hwc_encoder_new(struct hwc_device *d, const struct hwc_encoder_conf *conf,
		struct hwc_encoder **ret) HWS_MUST_CHECK;
void hwc_encoder_free(struct hwc_encoder *e); /* takes NULL */
struct hwc_packet {
	struct hws_bytes data; /* borrows until the next call */
	bool key;
	unsigned coarse; /* what became of the wish */
};
/* I420, of the encoder's size. */
int hwc_encoder_encode(struct hwc_encoder *e, const struct hws_picture *p, unsigned coarse,
		bool key, struct hwc_packet *ret) HWS_MUST_CHECK;

struct hwc_decoder;
int hwc_decoder_new(struct hwc_device *d, enum hws_codec codec,
		struct hwc_decoder **ret) HWS_MUST_CHECK;
void hwc_decoder_free(struct hwc_decoder *d); /* takes NULL */
/* The newest picture of the packet into `memory` (hw_link.h); its size. HWS_ERR_AGAIN: none. */
int hwc_decoder_decode(struct hwc_decoder *d, struct hws_bytes packet, uint8_t *memory,
		int *ret_width, int *ret_height) HWS_MUST_CHECK;
/* The code of an error of libavcodec. */
int hwc_err(int av);
