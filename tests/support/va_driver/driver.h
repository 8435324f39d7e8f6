/* tests/support/va_driver: a driver of libva for machines without a graphics card: it codes and
 * decodes H.264 on the processor behind the interface that drivers of cards have, and can be
 * told to fail as those do. $VA_TEST_MODE: "good"; "crash", "hang", "fail" (at the first
 * picture), each also with "-after=N" pictures; "small" (codes a smaller picture than it was
 * given), "grey" (another one), "slow". */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <va/va.h>
#include <wels/codec_api.h>

struct surface { /* NV12 */
	int width, height, stride;
	uint8_t *bytes;
};

struct buffer {
	VABufferType type;
	unsigned size, count;
	uint8_t *bytes;
	VACodedBufferSegment segment; /* of a coded one */
};

struct picture { /* between begin and end */
	struct surface *target;
	struct buffer *enc_pic, *enc_slice, *roi, *coded;
	struct buffer *dec_pic, *slice_param[64], *slice_data[64];
	unsigned slices, datas;
};

struct context {
	bool encodes;
	int width, height;
	struct picture now;
	ISVCEncoder *encoder;
	SEncParamExt param;
	ISVCDecoder *decoder;
	unsigned pictures;
};

struct va_mode {
	bool crash, hang, fail, small, grey, slow;
	unsigned after;
};
const struct va_mode *va_mode(void);
/* Does to this picture what the mode says; false: it is to fail. */
bool va_misbehave(unsigned picture);

/* The size of what is shown: contexts are made for whole blocks. */
void va_take_sequence(struct context *c, const struct buffer *b);
VAStatus va_encode(struct context *c);
VAStatus va_decode(struct context *c);
