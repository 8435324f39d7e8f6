/* cli/connect_clip: --clipboard-in and --clipboard-out of `hawser connect`: files as formats of the
 * clipboard, for scripts. */
#pragma once
#include <hawser/clipboard.h>
#include <stdbool.h>
#include <stddef.h>

/* Of the command line. */
struct connect_clip_wish {
	char *help_in, *help_out; /* only for the list of options */
	unsigned in, out;         /* bits 1 << enum hawser_clip_format */
	const char *file_in[HAWSER_CLIP_FORMATS], *file_out[HAWSER_CLIP_FORMATS];
};

struct connect_clip {
	unsigned written; /* bits, as above */
};

/* Takes the two options out of the arguments, which become shorter. 0, or an exit status after a
 * message. */
int connect_clip_take(struct connect_clip_wish *w, int *argc, char **argv);
/* Whether the files of --clipboard-in can be read, as far as can be known before. */
int connect_clip_check(const struct connect_clip_wish *w);
/* Copies them: HAWSER_OK or an error, after a message where a file is to blame. */
int connect_clip_send(const struct connect_clip_wish *w, hawser_session *s);
/* HAWSER_EVENT_CLIPBOARD: writes the formats that are waited for. 0, or an exit status after a
 * message. */
int connect_clip_event(struct connect_clip *c, const struct connect_clip_wish *w,
		const struct hawser_event *ev);
/* Nothing is waited for any more. */
bool connect_clip_done(const struct connect_clip *c, const struct connect_clip_wish *w);
/* The host's text and an end of line on standard output: as it is for a file or a program, for a
 * terminal without what would steer it. */
void connect_clip_print(const char *text, size_t length);
