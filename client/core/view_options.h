/* core/view_options: what the viewer wishes, and its OptionMessage. Pure. */
#pragma once
#include "client/media/codec.h"
#include "proto/session.pb-c.h"
#include "shared/wire/session_kind.h"
#include <stdbool.h>

#define HWS_QUALITY_CUSTOM 5 /* beside the numbers of Ses__ImageQuality */

/* How colours are asked for: of one pixel in four, as most hosts have it, or of each. AUTO: whole
 * with the best quality. */
enum hws_chroma { HWS_CHROMA_AUTO, HWS_CHROMA_HALVED, HWS_CHROMA_WHOLE };

struct hws_view_options {
	bool view_only, no_clipboard, no_remote_cursor, lock_after;
	bool all_displays;                       /* at once; else the current one */
	bool follow_cursor, follow_window;       /* to the display that has it */
	bool block_input;                        /* of the person at the host */
	bool no_clip_to_host, no_clip_from_host; /* of the clipboard, files included */
	bool files_to_host, files_from_host;     /* of the clipboard */
	int quality;                             /* Ses__ImageQuality or HWS_QUALITY_CUSTOM */
	int custom_quality;                      /* percent */
	unsigned raised; /* percent to ask for in place of the default or best quality; 0 = no */
	int fps;         /* 0 = not said */
	int prefer;      /* Ses__SupportedDecoding__PreferCodec: `wish` of the codec table */
	uint32_t can;    /* HWS_CODEC_BIT: what can be decoded here, now */
	bool no_exact;   /* all by video, no patches; of the login alone */
	enum hws_chroma chroma;
	bool sound;               /* of the host's, is to be heard */
	bool terminal_persistent; /* TERMINAL: shells go on when the link is lost */
};

/* Neither sent nor received. */
static inline bool hws_view_options_no_clipboard(const struct hws_view_options *o)
{
	return o->no_clipboard || (o->no_clip_to_host && o->no_clip_from_host);
}

static inline bool hws_view_options_gives_files(const struct hws_view_options *o)
{
	return o->files_to_host && !o->no_clip_to_host;
}

static inline bool hws_view_options_takes_files(const struct hws_view_options *o)
{
	return o->files_from_host && !o->no_clip_from_host;
}

/* The message with its sub-message, as one value: it points into itself, so do not copy it. */
struct hws_option_message {
	Ses__OptionMessage m;
	Ses__SupportedDecoding decoding;
	Ses__CodecAbility whole;
};

/* Everything that means something to a session of that kind, for LoginRequest. */
void hws_view_options_login(enum hws_session_kind kind, const struct hws_view_options *o,
		struct hws_option_message *ret);
/* What changed of it; false when nothing did. */
bool hws_view_options_change(enum hws_session_kind kind, const struct hws_view_options *before,
		const struct hws_view_options *after, struct hws_option_message *ret);
