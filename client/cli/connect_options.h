/* cli/connect_options: the command line of `hawser connect`. */
#pragma once
#include "client/cli/connect_clip.h"
#include "client/cli/connect_displays.h"
#include "client/cli/connect_files.h"
#include "shared/conf/option.h"
#include <hawser/types.h>

struct connect_options {
	bool headless, stats, why, relay, accept_insecure, no_retry, view_only, paste,
			password_stdin;
	bool remember, fullscreen, actual_size, help, require_v2, camera, no_exact, no_hardware;
	bool restart_host, switch_sides, switch_fd;
	char *own_id, *host_screenshot;
	struct connect_files_wish files;
	struct connect_clip_wish clip;
	struct connect_displays_wish displays;
	char *copy_files_help; /* only for the list of options */
	char *print_to;        /* a folder, "cups", "cups:QUEUE" */
	char *screenshot, *record, *type, *click, *copy, *chat, *server, *key, *config,
			*password_file, *accept_key;
	uint64_t after_us, timeout_us;
	uint32_t fps, volume;
	char *audio; /* "", "on", "off", a file */
	bool call;
	int quality, codec, chroma, keyboard, clipboard;
	const char *type_text, *copy_text,
			*chat_text; /* as given, perhaps of many lines; "" = none */
	/* out of the texts */
	bool after_given, timeout_given, has_click;
	int click_x, click_y;
	const char *target;
};

const struct hws_options *connect_options_table(void);
/* What was asked for by --codec. */
enum hawser_codec connect_options_codec(const struct connect_options *o);

/* Whether nothing goes on after --displays has printed them. */
bool connect_options_only_lists(const struct connect_options *o);

/* Returns 0, or an exit status after a message. Free by connect_options_done in any case. */
int connect_options_parse(struct connect_options *o, int argc, char **argv);
/* client/cli/connect_outputs: whether the files of --screenshot and --record can be written, as far
 * as can be known without writing. Returns 0, or an exit status after a message. */
int connect_outputs_check(const struct connect_options *o);
void connect_options_done(struct connect_options *o);
/* client/cli/connect_window: the same in a window, by another program that takes the place of this
 * one; returns an exit status when that cannot be. */
int connect_window(const struct connect_options *o);
