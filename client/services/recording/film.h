/* recording/film: one display of a session into files: the kind of file by the codec or by the
 * name's ending, a new file whenever size, codec or sound change. Files are 0600, are locked while
 * they grow and replace nothing. A worker's: blocking. */
#pragma once
#include "client/services/recording/muxer.h"
#include <limits.h>

struct hws_film_conf {
	/* The first file, or with `folder` where files with names of their own are to be. */
	const char *path;
	bool folder;
	bool further;       /* the first of these files is there: begins with the second name */
	const char *prefix; /* of such names: "outgoing", "incoming" */
	const char *peer;   /* and the other end's ID; any text */
	unsigned display;
	unsigned channels; /* of the sound that comes already; 0 = none */
	unsigned part_ms;  /* a new file so often; 0 = never */
	bool first;        /* FILE itself, and not FILE-displayN, is this display's */
};

struct hws_film;

struct hws_film_picture {
	enum hws_codec codec;
	int width, height; /* of the display, should the packet not tell */
	struct hws_bytes data;
	bool key;
	uint64_t time_ms; /* of any clock that does not go back */
};

/* Copies the texts. No file is made before the first key picture. */
int hws_film_new(const struct hws_film_conf *conf, struct hws_film **ret) HWS_MUST_CHECK;
/* HWS_ERR_AGAIN: not written, for there is no key picture yet. Other errors end the film. */
int hws_film_picture(struct hws_film *f, const struct hws_film_picture *p) HWS_MUST_CHECK;
/* An Opus packet; before the first picture it is left out. `channels`: 1 or 2. */
int hws_film_sound(struct hws_film *f, unsigned channels, struct hws_bytes data,
		uint64_t time_ms) HWS_MUST_CHECK;
/* The file that is being written, or was the last; "" = none yet. */
const char *hws_film_path(const struct hws_film *f);
unsigned hws_film_files(const struct hws_film *f);
/* The last picture stays until `time_ms`. Frees; takes NULL. */
int hws_film_close(struct hws_film *f, uint64_t time_ms);
