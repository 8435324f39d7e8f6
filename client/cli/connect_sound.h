/* cli/connect_sound: the sound of a headless session: to the loudspeakers, into a WAV file, or not
 * at all; and its voice call. */
#pragma once
#include "shared/base/output.h"
#include <hawser/session.h>

struct connect_sound {
	const char *path; /* NULL: no file */
	struct hws_out_file file;
	bool open, broken;
	uint32_t rate, channels; /* of the file; 0: nothing was heard yet */
	uint64_t bytes;          /* of samples */
	int err;                 /* the file could not be written to */
};

/* What --audio says: "", "on", "off" or the name of a file. Returns 0, or an exit status after a
 * message. */
int connect_sound_check(const char *audio);
void connect_sound_wish(const char *audio, uint32_t volume, struct hawser_session_config *ret);
/* Makes the file, if there is to be one. 0, or an exit status after a message. */
int connect_sound_begin(struct connect_sound *s, const char *audio);
/* 0, or an exit status after a message; what is not its own is left alone. */
int connect_sound_event(struct connect_sound *s, const struct hawser_event *ev);
/* Completes the file. `status`: of the run; that, or a worse one after a message. Harmless
 * without. */
int connect_sound_end(struct connect_sound *s, int status);
