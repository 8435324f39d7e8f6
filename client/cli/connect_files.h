/* cli/connect_files: --copy-files and --paste-files of `hawser connect --headless`. */
#pragma once
#include <hawser/clipfiles.h>
#include <stdbool.h>
#include <stddef.h>

/* What was asked for; the texts are the arguments'. */
struct connect_files_wish {
	char *paste; /* "": nothing */
	const char *copy[256];
	size_t count;
};

/* Takes "--copy-files PATH" (which may come again and again) out of the arguments, which become
 * shorter. Returns 0, or an exit status after a message. */
int connect_files_take(struct connect_files_wish *w, int *argc, char **argv);
/* What of it can be known to be wrong before a host is troubled. The same. */
int connect_files_check(const struct connect_files_wish *w);
/* Offers the files of --copy-files. HAWSER_OK or an error of the library's. */
int connect_files_copy(const struct connect_files_wish *w, hawser_session *s);

struct connect_files {
	bool begun; /* what is pasted is coming: it takes as long as it takes */
	bool done;
};
/* What an event means for it; false: it failed, and why was said. */
bool connect_files_event(struct connect_files *f, const struct connect_files_wish *w,
		hawser_session *s, const struct hawser_clipfiles_event *ev);
