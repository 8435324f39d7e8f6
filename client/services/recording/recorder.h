/* recording/recorder: records a session without holding up its loop: what comes is copied and
 * written by a worker, in order, each display into files of its own (film.h). A disk that is too
 * slow ends the recording and not the session. Loop thread. */
#pragma once
#include "client/services/recording/film.h"
#include "shared/loop/loop.h"
#include "shared/loop/work.h"

struct hws_recorder;

struct hws_recorder_conf {
	struct hws_loop *loop;
	struct hws_work *work;
	const char *path;     /* as of hws_film_conf; a folder is made if it is missing */
	bool folder, further; /* as of hws_film_conf, too */
	const char *prefix, *peer;
	int display;       /* -1 = all that come */
	unsigned channels; /* of sound to be expected, so that files have a track; 0 = none */
	/* In the folder, beforehand: files that an earlier end left unfinished are made whole. */
	bool repair;
	/* In a folder: as hws_film_conf and hws_recordings_tidy; 0 = no such limit. */
	unsigned part_ms;
	uint64_t keep_s, bytes_max;
	/* A file was begun; borrowed. May be NULL. */
	void (*on_file)(const char *path, void *arg);
	/* All is written and closed, and the recorder freed. `err`: what ended it; `path`: the last
	 * file, or the one that could not be made. */
	void (*on_end)(int err, const char *path, void *arg);
	void *arg;
};

int hws_recorder_new(
		const struct hws_recorder_conf *conf, struct hws_recorder **ret) HWS_MUST_CHECK;
void hws_recorder_picture(
		struct hws_recorder *r, unsigned display, const struct hws_film_picture *p);
void hws_recorder_sound(
		struct hws_recorder *r, unsigned channels, struct hws_bytes data, uint64_t time_ms);
/* Writes what has come until now, then on_end with `err`, never at once. Again: nothing. */
void hws_recorder_stop(struct hws_recorder *r, int err);
/* The same, but nobody is told. Takes NULL. */
void hws_recorder_free(struct hws_recorder *r);
