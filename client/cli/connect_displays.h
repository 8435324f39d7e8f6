/* cli/connect_displays: what `hawser connect` wishes of the host's displays and of the person at
 * it: which are shown, of what size, and so on; and what became of it. */
#pragma once
#include <hawser/hawser.h>
#include <stdbool.h>

struct connect_displays_wish {
	char *display_text, *resolution_text; /* as given; "" = not */
	int follow;                           /* of connect_displays_follows */
	bool virtual_display, block_input, privacy, list;
	/* out of the texts */
	unsigned display; /* from 1; 0 = the host's choice */
	bool all;
	bool windows;           /* of a window each; with a window only */
	uint32_t width, height; /* 0 = as it is */
};

/* Reads the texts. Returns 0, or an exit status after a message. */
int connect_displays_check(struct connect_displays_wish *w);
/* The options of a session that wishes so; before it is connected. */
int connect_displays_options(const struct connect_displays_wish *w, hawser_session *s);

struct connect_displays {
	const struct connect_displays_wish *wish;
	size_t shown;              /* the display that is clicked in and saved */
	size_t count, first_count; /* that the host has, and had in the beginning */
	bool asked, sized, dark;   /* that display's size was asked for, is there; so is darkness */
	bool switching;            /* events may still tell of the display before */
	bool seen[64];             /* of all: those of which there is a picture */
};

/* READY and DISPLAYS: asks for what was wished. Returns 0, or an exit status after a message. */
int connect_displays_listed(struct connect_displays *d, hawser_session *s,
		const struct hawser_peer *peer, bool ready);
/* FRAME: whether all that was wished is there to work on. */
bool connect_displays_frame(
		struct connect_displays *d, size_t display, uint32_t width, uint32_t height);
/* PRIVACY and MESSAGE: 0, or an exit status after a message: a wish was refused. */
int connect_displays_privacy(struct connect_displays *d, const struct hawser_event *ev);
int connect_displays_message(struct connect_displays *d, const char *title, const char *text);
/* What is still waited for, for a message; NULL: nothing. */
const char *connect_displays_awaited(const struct connect_displays *d);
/* The pictures of the shown display, or of all, each in a file of its own (FILE-1.png, ...).
 * Returns 0, or an exit status after a message. */
int connect_displays_save(const struct connect_displays *d, hawser_session *s, const char *path);
