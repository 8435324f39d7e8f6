/* A viewer's end of a decoder process on a loop of its own, and what it was told. */
#pragma once
#include "client/decoder/confined.h"
#include "client/decoder/protocol.h"
#include "shared/base/buf.h"
#include <check.h>

void confined_cases(Suite *suite);
void hostile_cases(Suite *suite);
void exact_cases(Suite *suite);

struct stage {
	struct hws_loop *loop;
	struct hws_confined *c;
	unsigned dones, losses, breaks;
	int result;                  /* of the last one */
	struct hws_picture *picture; /* locked */
	struct hws_rect damage;
	struct hws_buf bytes;
	char why[400];
};

/* With the real program if `start` is NULL. */
void stage_open(struct stage *s, int (*start)(int fd, void *arg), uint64_t patience_us);
void stage_close(struct stage *s);
/* Until so many requests are done; fails the test after a long time. */
void stage_wait(struct stage *s, unsigned dones);
void stage_wait_broken(struct stage *s);
/* A key frame, or a frame after it, of a display of this size; the packet stays until the next
 * call. */
struct hws_bytes stage_packet(enum hws_codec codec, int width, int height, bool key, uint8_t grey);
void stage_packet_end(void);
int stage_video(struct stage *s, unsigned display, struct hws_bytes packet, bool reset);
/* The same where patches come, too: `rect` NULL for the whole picture. */
int stage_exact(struct stage *s, unsigned display, struct hws_bytes packet,
		const struct hws_rect *rect);
int stage_patch(struct stage *s, unsigned display, struct hws_bytes patch);
int stage_unpack(struct stage *s, struct hws_bytes in, size_t max);
int stage_image(struct stage *s, const struct hws_confined_image *i, size_t max);
