/* A film of greys, each of which tells its number. */
#include "tests/unit/client/services/recording_stage.h"
#include "shared/base/macros.h"
#include "tests/support/proc.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char dir[200];

void set_up(void)
{
	test_dir(dir, sizeof(dir));
}

const char *in_dir(const char *name)
{
	static char path[4][300];
	static unsigned turn;
	char *p = path[turn++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

/* --- something to record --- */

void camera_open(struct camera *c, enum hws_codec codec, int width, int height)
{
	struct hws_encoder_conf conf = {
		.codec = codec, .width = width, .height = height, .quality = { 800, 0, 9000 }
	};

	*c = (struct camera){ .codec = codec, .width = width, .height = height };
	ck_assert_int_eq(hws_encoder_new(&conf, &c->encoder), HWS_OK);
	ck_assert_int_eq(hws_picture_new(HWS_PIXEL_I420, width, height, &c->picture), HWS_OK);
}

void camera_close(struct camera *c)
{
	hws_encoder_free(c->encoder);
	hws_picture_drop(c->picture);
}

/* A grey that grows, so that a picture that is decoded tells which one it is. */
struct hws_packet camera_take(struct camera *c, bool key)
{
	struct hws_packet p;

	for (int y = 0; y < c->height; y++)
		memset(c->picture->plane[0] + (size_t)y * (size_t)c->picture->stride[0],
				(int)(40 + c->n * 4 % 160), (size_t)c->width);
	for (int i = 1; i < 3; i++)
		for (int y = 0; y < (c->height + 1) / 2; y++)
			memset(c->picture->plane[i] + (size_t)y * (size_t)c->picture->stride[i],
					128, (size_t)(c->width + 1) / 2);
	ck_assert_int_eq(hws_encoder_encode(c->encoder, c->picture, NULL, key, 33 * c->n + 1, &p),
			HWS_OK);
	c->n++;
	return p;
}

struct hws_film *film(const char *path, bool folder)
{
	struct hws_film *f;
	struct hws_film_conf conf = { .path = path,
		.folder = folder,
		.prefix = "outgoing",
		.peer = "12 34/..",
		.first = true };

	ck_assert_int_eq(hws_film_new(&conf, &f), HWS_OK);
	return f;
}

int put(struct hws_film *f, struct camera *c, bool key, uint64_t time_ms)
{
	struct hws_packet p = camera_take(c, key);

	return hws_film_picture(f,
			&(struct hws_film_picture){
					c->codec, c->width, c->height, p.data, p.key, time_ms });
}

/* 20 ms of Opus as its first byte says; its content is nobody's business here. */
const uint8_t opus[OPUS_LEN] = { 0xfc, 1, 2, 3, 4, 5 };

/* --- and to look at what was recorded --- */

void look(const uint8_t *data, size_t len, bool key HWS_UNUSED, uint64_t time_ms HWS_UNUSED,
		void *arg)
{
	struct viewing *v = arg;
	const struct hws_picture *p = NULL;

	ck_assert_int_eq(hws_decoder_decode(v->decoder, hws_bytes(data, len), &p), HWS_OK);
	v->width = p->width;
	v->height = p->height;
	int grey = p->plane[0]
			   [(size_t)(p->height / 2) * (size_t)p->stride[0] + (size_t)p->width / 2];
	ck_assert_int_le(abs(grey - (int)(40 + v->n * 4 % 160)), 6);
	v->n++;
}

void must_show_webm(const char *path, enum hws_codec codec, unsigned n, struct webm_file *ret)
{
	struct viewing v = { 0 };

	ck_assert_int_eq(hws_decoder_new(codec, 1, &v.decoder), HWS_OK);
	webm_read(path, look, &v, ret);
	hws_decoder_free(v.decoder);
	ck_assert_msg(!ret->why, "%s: %s", path, ret->why);
	ck_assert_uint_eq(v.n, n);
	ck_assert_int_eq(v.width, (int)ret->width);
	ck_assert_int_eq(v.height, (int)ret->height);
}

void must_show_mp4(const char *path, enum hws_codec codec, unsigned n, struct mp4_file *ret)
{
	struct viewing v = { 0 };

	ck_assert_int_eq(hws_decoder_new(codec, 1, &v.decoder), HWS_OK);
	mp4_read(path, look, &v, ret);
	hws_decoder_free(v.decoder);
	ck_assert_msg(!ret->why, "%s: %s", path, ret->why);
	ck_assert_uint_eq(v.n, n);
}

unsigned mode_of(const char *path)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_mode & 0777;
}

size_t content(const char *path, uint8_t **ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	*ret = malloc((size_t)st.st_size);
	ck_assert_int_eq(read(fd, *ret, (size_t)st.st_size), st.st_size);
	close(fd);
	return (size_t)st.st_size;
}

void write_file(const char *path, const uint8_t *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, p, n), (ssize_t)n);
	close(fd);
}

/* As it lies on the disk while it grows: a copy before it is closed. */
size_t grown(const char *name, unsigned pictures, uint8_t **ret)
{
	struct hws_film *f = film(in_dir(name), false);
	struct camera c;

	camera_open(&c, HWS_CODEC_VP9, 160, 120);
	ck_assert_int_eq(hws_film_sound(f, 1, hws_bytes(opus, sizeof(opus)), 1), HWS_OK);
	for (unsigned i = 0; i < pictures; i++) {
		ck_assert_int_eq(put(f, &c, i % 5 == 0, 1000 + 40 * i), HWS_OK);
		ck_assert_int_eq(hws_film_sound(f, 1, hws_bytes(opus, sizeof(opus)), 1000 + 40 * i),
				HWS_OK);
	}
	size_t n = content(in_dir(name), ret);
	/* who repairs it now would take it from the one who writes it */
	enum hws_recording_was was;
	ck_assert_int_eq(hws_recording_repair(in_dir(name), &was, NULL), HWS_ERR_BUSY);
	ck_assert_int_eq(hws_film_close(f, 2000), HWS_OK);
	camera_close(&c);
	return n;
}

unsigned pictures_of(const char *path, bool mp4)
{
	struct viewing v = { 0 };
	struct webm_file w = { 0 };
	struct mp4_file m = { 0 };

	ck_assert_int_eq(hws_decoder_new(HWS_CODEC_VP9, 1, &v.decoder), HWS_OK);
	if (mp4)
		mp4_read(path, look, &v, &m);
	else
		webm_read(path, look, &v, &w);
	hws_decoder_free(v.decoder);
	ck_assert_msg(!m.why && !w.why, "%s: %s", path, m.why ? m.why : w.why);
	return v.n;
}
