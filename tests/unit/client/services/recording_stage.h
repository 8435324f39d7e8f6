/* What tests of recordings share: something to record, and somebody who looks at it. */
#pragma once
#include "client/media/video_codec.h"
#include "client/services/recording/film.h"
#include "client/services/recording/recorder.h"
#include "client/services/recording/repair.h"
#include "client/services/recording/tidy.h"
#include "tests/support/mp4_reader.h"
#include "tests/support/webm_reader.h"
#include <check.h>

extern char dir[200]; /* of the test; made by set_up */
#define OPUS_LEN 6
extern const uint8_t opus[OPUS_LEN]; /* 20 ms */

struct camera {
	struct hws_encoder *encoder;
	struct hws_picture *picture;
	enum hws_codec codec;
	int width, height;
	unsigned n;
};

struct viewing {
	struct hws_decoder *decoder;
	unsigned n;
	int width, height;
};

void set_up(void);
const char *in_dir(const char *name);
void camera_open(struct camera *c, enum hws_codec codec, int width, int height);
void camera_close(struct camera *c);
struct hws_packet camera_take(struct camera *c, bool key);
struct hws_film *film(const char *path, bool folder);
int put(struct hws_film *f, struct camera *c, bool key, uint64_t time_ms);
void look(const uint8_t *data, size_t len, bool key, uint64_t time_ms, void *arg);
void must_show_webm(const char *path, enum hws_codec codec, unsigned n, struct webm_file *ret);
void must_show_mp4(const char *path, enum hws_codec codec, unsigned n, struct mp4_file *ret);
unsigned mode_of(const char *path);
size_t content(const char *path, uint8_t **ret);
void write_file(const char *path, const uint8_t *p, size_t n);
size_t grown(const char *name, unsigned pictures, uint8_t **ret);
unsigned pictures_of(const char *path, bool mp4);
