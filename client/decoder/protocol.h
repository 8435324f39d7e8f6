/* decoder/protocol: what a viewer and its decoder process say to each other over a socketpair:
 * structs of this machine, each followed by as many bytes as it says. One request at a time is
 * answered; all memory for pictures is the viewer's. The viewer believes nothing that comes back:
 * what it checks is here, in one place. */
#pragma once
#include "client/media/hardware.h"
#include "client/media/opus.h"
#include "client/media/picture.h"
#include "shared/base/bytes.h"
#include <stdbool.h>

/* Of library and program together; they may be of two installations. */
#define HWS_DECODE_VERSION 3u

#define HWS_DECODE_DISPLAYS_MAX 32u
#define HWS_DECODE_SLOTS 4u
#define HWS_DECODE_PACKETS_MAX 64u
#define HWS_DECODE_RECTS_MAX 64u
#define HWS_DECODE_SOUNDS_MAX 16u /* packets of sound at once: there is one decoder of it */
/* Memory (bytes) that the process may have for code, threads and tables of codecs; what pictures
 * need is added as room is given for them; and the place that it shares with a device's process. */
#define HWS_DECODE_MEMORY ((256u << 20) + HWS_HW_MEMORY)
#define HWS_DECODE_PAYLOAD_MAX (65u << 20)

/* Requests. A new kind is one more here, a row in worker.c, and a call in confined.h. */
enum hws_decode_kind {
	/* Packets of one display in order (each behind its length, four bytes); the last picture
	 * is shown in `slot`. */
	HWS_DECODE_VIDEO,
	HWS_DECODE_FORGET, /* a display: decoder, pictures, memory */
	HWS_DECODE_UNPACK, /* a frame of zstd; what it holds is answered */
	/* A patch (media/patch.h) of the picture that a display shows; then as of VIDEO. */
	HWS_DECODE_PATCH,
	/* Packets of sound in order (each behind its length; 0: one that was lost); the samples are
	 * answered, 16 bits, interleaved. */
	HWS_DECODE_SOUND,
	/* A picture of a clipboard, which is answered as a PNG file: one that is written anew, or
	 * (with a size) made of pixels. */
	HWS_DECODE_IMAGE,
	/* What a device may decode: struct hws_hw_table, and with it two descriptors: the way to
	 * the process that has the device, and the memory shared with that one
	 * (media/hw_link.h). */
	HWS_DECODE_DEVICE,
	HWS_DECODE_KINDS,
	/* The answer to HWS_DECODE_NEED, with a descriptor of each slot's memory; no slots: it may
	 * not be so large. */
	HWS_DECODE_ROOM = 100,
};

#define HWS_DECODE_RESET 1u /* begin with a new decoder */
#define HWS_DECODE_RGBA 2u
/* VIDEO: the display shows patches, too. Of what is decoded only rectangles are shown, which come
 * before the packets (struct hws_rect, `rects` of them); with WHOLE all of it is, and patches may
 * follow. Without EXACT patches are over. */
#define HWS_DECODE_EXACT 4u
#define HWS_DECODE_WHOLE 8u
#define HWS_DECODE_PACKED 16u          /* the pixels of an IMAGE are a frame of zstd */
#define HWS_DECODE_NO_SLOT 0xffffffffu /* all are being looked at: decode, show nothing */

struct hws_decode_request {
	uint32_t kind, id;
	uint32_t size; /* of what follows */
	uint32_t display;
	uint32_t codec, slot, flags, packets;  /* VIDEO; PATCH: slot, flags */
	uint32_t rects;                        /* VIDEO with EXACT */
	uint32_t max;                          /* UNPACK, IMAGE: bytes at most */
	uint32_t width, height, stride, slots; /* ROOM; the first two: IMAGE, 0 = it is a file */
	uint32_t rate, channels;               /* SOUND */
};

enum hws_decode_answer_kind {
	HWS_DECODE_HELLO = 200, /* once, before any request */
	HWS_DECODE_NEED, /* to a VIDEO that is not done yet: room for pictures of this size */
	HWS_DECODE_DONE,
};

/* How confined the process is, by its own account before it has read anything of a peer. */
#define HWS_CONFINED_PROCESS 1u
#define HWS_CONFINED_CALLS 2u   /* only the system calls that computing takes */
#define HWS_CONFINED_NETWORK 4u /* a network of its own, with nothing in it */
#define HWS_CONFINED_FILES 8u   /* an empty file system */
#define HWS_CONFINED_MEMORY 16u /* no more memory than its pictures need */
#define HWS_CONFINED_ALL 31u

struct hws_decode_answer {
	uint32_t kind, id;
	uint32_t size; /* of what follows */
	/* DONE: HWS_OK or an error of hws_decoder_decode, hws_decompress, hws_png_clean */
	int32_t result;
	uint32_t version, confined;      /* HELLO */
	uint32_t display, width, height; /* NEED; DONE of a VIDEO or PATCH: what the slot shows */
	int32_t x, y, w, h;              /* DONE of a VIDEO: what changed */
	uint32_t by_device;              /* DONE of a VIDEO: 1: a device has decoded it */
};

/* What the viewer knows of the request that an answer is to. */
struct hws_decode_asked {
	const struct hws_decode_request *request;
	unsigned needs;         /* NEEDs since then */
	unsigned width, height; /* of the room that its display has; 0: none */
};

/* Whether the answer is one that there can be: HWS_ERR_PROTO if not, and the process that gave it
 * is not to be used any more. `asked->request` NULL: none is under way, a HELLO is due. */
int hws_decode_answer_check(const struct hws_decode_asked *asked,
		const struct hws_decode_answer *a) HWS_MUST_CHECK;

/* Bytes that the samples of so many packets have at most. */
static inline size_t hws_decode_sound_bytes(uint32_t packets, uint32_t channels)
{
	return (size_t)packets * channels * HWS_OPUS_FRAMES_MAX * sizeof(int16_t);
}

/* The same for requests, in the process. */
int hws_decode_request_check(const struct hws_decode_request *q) HWS_MUST_CHECK;

/* The next of the packets in `*in`, which goes on behind it. HWS_ERR_PROTO. */
int hws_decode_next_packet(struct hws_bytes *in, struct hws_bytes *ret) HWS_MUST_CHECK;

/* Whether what it is answered with is a picture, in a slot. */
static inline bool hws_decode_shows(uint32_t kind)
{
	return kind == HWS_DECODE_VIDEO || kind == HWS_DECODE_PATCH;
}

/* The rectangles in front of `*in`, which goes on behind them. HWS_ERR_PROTO. */
int hws_decode_take_rects(struct hws_bytes *in, uint32_t count,
		struct hws_rect ret[HWS_DECODE_RECTS_MAX]) HWS_MUST_CHECK;

/* Bytes of the memory of one slot, and of its lines. */
static inline size_t hws_decode_slot_bytes(unsigned width, unsigned height)
{
	return (size_t)width * 4 * height;
}
