/* hawser/session: one viewing session on a remote desktop, and what sessions of all kinds (files,
 * terminals, tunnels: hawser/files.h and so on) have in common. All functions belong to the
 * embedder's thread of the context; none blocks. Input calls on a session that is not ready are
 * dropped and return HAWSER_ERR_DENIED. */
#pragma once
#include <hawser/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum hawser_event_type {
	HAWSER_EVENT_STATE,    /* .state */
	HAWSER_EVENT_PASSWORD, /* .password: answer by hawser_session_password / _two_factor */
	/* .message: answer by hawser_session_accept_insecure. `kind` is "warn" where there would be
	 * no encryption, "key" where nobody vouches for the host's key, which `text` names. */
	HAWSER_EVENT_INSECURE,
	HAWSER_EVENT_READY,    /* .peer: logged in */
	HAWSER_EVENT_DISPLAYS, /* .peer: displays, their sizes or the current one changed */
	HAWSER_EVENT_FRAME,    /* .frame: a newer picture may be locked; coalesced per display */
	HAWSER_EVENT_CURSOR,   /* .cursor: new shape */
	HAWSER_EVENT_CURSOR_POSITION, /* .position: the host's pointer; coalesced */
	/* .text: the host's clipboard has this UTF-8 text now, if `length` is not 0, and `parts` */
	HAWSER_EVENT_CLIPBOARD,
	HAWSER_EVENT_PERMISSION, /* .permission */
	HAWSER_EVENT_MESSAGE,    /* .message: a dialog the host wants shown, or we */
	HAWSER_EVENT_CHAT,       /* .text */
	HAWSER_EVENT_STATS,      /* .stats: about every second while ready */
	HAWSER_EVENT_RECORDING,  /* .recording: started, ended or failed */
	HAWSER_EVENT_CLOSED, /* .closed: over; may be opened again by hawser_session_reconnect */
	/* .host_key: how this connection is encrypted, before anybody is asked for a password */
	HAWSER_EVENT_HOST_KEY,
	HAWSER_EVENT_CLIPFILES, /* .clipfiles, see hawser/clipfiles.h */
	/* Of sessions of the other kinds, typed in the header of each: */
	HAWSER_EVENT_FILES,    /* .files, see hawser/files.h */
	HAWSER_EVENT_TERMINAL, /* .terminal, see hawser/terminal.h */
	HAWSER_EVENT_TUNNEL,   /* .tunnel, see hawser/tunnel.h */
	HAWSER_EVENT_PRINT,    /* .print: a print job of the host has ended */
	HAWSER_EVENT_PRIVACY,  /* .privacy: what became of dark monitors, or of blocked input */
	HAWSER_EVENT_SOUND,    /* .sound: samples that are to be heard now, or why there are none */
	HAWSER_EVENT_CALL,     /* .call: the voice call rings, is there, is over */
	/* .host_recording: what is shown is recorded at the host, or no longer */
	HAWSER_EVENT_HOST_RECORDING,
	HAWSER_EVENT_SCREENSHOT, /* .screenshot: answers hawser_session_host_screenshot */
	/* .path: the session goes another way to the host from now on. Nothing is lost, and nobody
	 * logs in again. */
	HAWSER_EVENT_PATH,
	/* .host_sound: the host has no sound, or has it again; of hosts of hawser, to who
	 * listens */
	HAWSER_EVENT_HOST_SOUND
};

struct hawser_files_event;
struct hawser_clip_part;
struct hawser_clipfiles_event;
struct hawser_terminal_event;
struct hawser_tunnel_event;

/* Readers look only at the member named by `type`; `size` is that of the whole struct. */
struct hawser_event {
	size_t size;
	enum hawser_event_type type;
	union {
		struct {
			enum hawser_state state;
			const char *text;     /* for a status line */
			uint32_t retry_in_ms; /* RETRYING only */
			/* READY only, each second: so long nothing has come from the host ("not
			 * answering for 4 s"). 0: it answers (again). */
			uint32_t silent_s;
		} state;
		struct {
			enum hawser_password_reason reason;
			const char *text;
			bool can_trust_device; /* 2FA only */
		} password;
		struct {
			const char *kind; /* "info", "warn", "error", as the host named it */
			const char *title, *text;
			const char *link; /* key of a help page, not a URL; may be "" */
			bool local;       /* not the host says it but this library */
		} message;
		const struct hawser_peer *peer;
		struct {
			size_t display;
			uint32_t width, height;
			uint64_t number;
		} frame;
		struct {
			uint64_t id;
			int32_t hot_x, hot_y;
			uint32_t width, height;
			/* not premultiplied, width * 4 bytes a row; NULL = invisible */
			const uint8_t *rgba;
		} cursor;
		struct {
			int32_t x, y; /* on the host's desktop */
		} position;
		struct {
			const char *utf8;
			size_t length;
			/* CLIPBOARD only: all formats of it, text included (hawser/clipboard.h) */
			const struct hawser_clip_part *parts;
			size_t part_count;
		} text;
		struct {
			enum hawser_permission permission;
			bool enabled;
		} permission;
		const struct hawser_stats *stats;
		struct {
			bool running;
			int error; /* HAWSER_OK, or why it ended */
			const char *path;
			/* the line was cut: a new file begins when it stands again */
			bool resumes;
		} recording;
		struct {
			bool running;
		} host_recording;
		struct {
			bool none;
		} host_sound;
		struct {
			/* Its pixels, in a file that this side has written. NULL: there is none */
			const unsigned char *png;
			size_t length;
			const char *text; /* why there is none; else "" */
		} screenshot;
		struct {
			int error; /* HAWSER_OK when it was this side's wish */
			/* whole sentence: what happened and what to do about it */
			const char *text;
		} closed;
		struct {
			enum hawser_encryption encryption;
			enum hawser_trust trust;
			const char *fingerprint; /* groups of four hex digits */
			/* A whole sentence where the user should look at it
			 * (HAWSER_TRUST_FIRST); else "". */
			const char *text;
		} host_key;
		const struct hawser_files_event *files;
		const struct hawser_clipfiles_event *clipfiles;
		const struct hawser_terminal_event *terminal;
		const struct hawser_tunnel_event *tunnel;
		struct {
			int error; /* HAWSER_OK: it is in the folder, or CUPS has it */
			uint64_t bytes;
			const char *text; /* a sentence part: where it is, or what went wrong */
		} print;
		struct {
			enum hawser_privacy what;
			bool on;          /* so it is now */
			int error;        /* HAWSER_OK, or why it is not as it was wished */
			const char *text; /* a sentence; "" when it is as it was wished */
		} privacy;
		struct {
			uint32_t rate, channels; /* 8000 .. 48000 Hz, 1 or 2 */
			/* of each channel; 0: `text` is a sentence about what is missing */
			uint32_t frames;
			const int16_t *samples; /* interleaved */
			const char *text;
		} sound;
		struct {
			enum hawser_call state;
			const char *text; /* for a status line */
		} call;
		struct {
			const char *path; /* as hawser_peer.path */
			bool relayed;
			const char *text; /* why, a sentence part: "a direct way was found" */
		} path;
	} u;
};

typedef void (*hawser_event_fn)(
		hawser_session *session, const struct hawser_event *event, void *arg);

/* What sessions of the kinds beside the desktop are opened with, by a call in the header of each
 * (files.h, terminal.h, tunnel.h) that takes a configuration of its own beside it. The members
 * mean what they do in hawser_session_config. Such a session has no pictures, input, clipboard or
 * chat: those calls return HAWSER_ERR_UNSUPPORTED or HAWSER_ERR_DENIED. Everything else is the
 * same: states, passwords, two-factor codes, host keys, consent to an unencrypted line, figures of
 * bytes, reconnecting by itself after a loss (what a kind keeps over that is said in its header),
 * and the end by HAWSER_EVENT_CLOSED. Hosts without any display serve them, too. */
struct hawser_link_config {
	size_t size;
	const char *target;
	const char *server;
	const char *key;
	const char *password;
	bool remember, force_relay, allow_insecure, require_v2, no_retry;
	hawser_event_fn on_event; /* required */
	void *arg;
	const char *accept_key; /* as hawser_session_config */
};
#define HAWSER_LINK_CONFIG_INIT                                                                    \
	{                                                                                          \
		.size = sizeof(struct hawser_link_config)                                          \
	}

struct hawser_session_config {
	size_t size;
	/* ID ("123456789", "123 456 789", "123456789@server[:port]?key=KEY"), or a direct address
	 * (IP, IP:PORT, [IPv6]:PORT, name.tld:PORT; default port 21118). */
	const char *target;
	const char *server; /* rendezvous HOST[:PORT]; NULL = the context's */
	/* NULL = the context's; without `server` also that of a server `target` names */
	const char *key;
	/* Tried first; NULL = the stored one, else a HAWSER_EVENT_PASSWORD. Wiped by the
	 * library. */
	const char *password;
	bool force_relay;
	/* Agree beforehand to a session without any encryption, or with a key that nobody vouches
	 * for. Otherwise the user is asked by HAWSER_EVENT_INSECURE, unless the host is at one of
	 * this machine's own loopback addresses: about deployed hosts at a direct address, where
	 * their protocol has no encryption, and about hosts that are looked up by their ID and for
	 * whose key no server vouches. Wrong keys end the session (HAWSER_ERR_KEY), and so does a
	 * host whose key is remembered and that shows none. */
	bool allow_insecure;
	bool no_retry;         /* end at the first failure instead of connecting again by itself */
	bool view_only;        /* send no input and no clipboard */
	bool no_clipboard;     /* neither send nor receive it */
	bool no_remote_cursor; /* do not ask for shape and position of the host's pointer */
	bool lock_after;       /* the host locks its screen when the session ends */
	enum hawser_quality quality; /* DEFAULT = as the configuration says */
	int custom_quality;          /* percent, with HAWSER_QUALITY_CUSTOM */
	int fps;                     /* 0 = the protocol's default (30) */
	/* A wish; AUTO = as the configuration says. hawser_codecs says which. */
	enum hawser_codec codec;
	enum hawser_keyboard_mode keyboard_mode;
	enum hawser_format format; /* of the pictures */
	hawser_event_fn on_event;  /* required */
	void *arg;
	bool remember; /* of `password`, if it is right: as hawser_session_password */
	/* Nothing less than HAWSER_ENCRYPTION_V2: hosts that do not speak it are not talked
	 * to. Also by the configuration's `require-v2`. */
	bool require_v2;
	/* Exchange files of the clipboard, in this direction: hawser/clipfiles.h. Not with
	 * view_only or no_clipboard. */
	bool files_to_host, files_from_host;
	/* Where print jobs of the host go: a folder, whose files are named by this side, or
	 * "cups", "cups:QUEUE". NULL or "": the host's offers are not answered. */
	const char *print_to;
	/* The host's cameras in place of its desktop: each is a display. There is no input, cursor
	 * or clipboard then. */
	bool camera;
	bool no_exact;             /* all of the picture by video: no exact changes beside it */
	enum hawser_chroma chroma; /* a wish */
	/* HAWSER_SOUND_OFF, the default, has the host send none. */
	enum hawser_sound sound;
	/* Percent that HAWSER_SOUND_PLAY is quieter than the host: 0 = as it is, 100 = mute. */
	unsigned quiet;
	/* After a switch of sides: the 16 bytes that let this session in, once. The host must have
	 * been told of them. NULL: there was none. */
	const unsigned char *switch_number;
	/* What the host is told as this viewer's ID; NULL: as the settings say. */
	const char *own_id;
	/* One direction of the clipboard is closed, files included. */
	bool no_clipboard_to_host, no_clipboard_from_host;
	bool no_hardware; /* decode by the processor alone, whatever the configuration says */
	/* The host's key, or its fingerprint, as the user knows it from there: the host must have
	 * it, whatever is remembered or a server says, and it is remembered from then on. NULL: by
	 * what is remembered, the server's word, or (at an address) the host's own. */
	const char *accept_key;
};
#define HAWSER_SESSION_CONFIG_INIT                                                                 \
	{                                                                                          \
		.size = sizeof(struct hawser_session_config)                                       \
	}

/* Starts connecting; the outcome comes as events. Fails at once only for a target or option that
 * cannot be right (hawser_last_error). */
int hawser_session_open(hawser_context *ctx, const struct hawser_session_config *config,
		hawser_session **ret);
/* Ends the session politely and frees it; no event comes any more. Allowed in its own callback.
 * Takes NULL. */
void hawser_session_close(hawser_session *s);
/* Ends the connection but keeps the session: HAWSER_EVENT_CLOSED follows. */
void hawser_session_disconnect(hawser_session *s);
/* Connects again with the same configuration, now. */
int hawser_session_reconnect(hawser_session *s);
enum hawser_state hawser_session_state(const hawser_session *s);
/* As given in the configuration. */
const char *hawser_session_target(const hawser_session *s);

/* --- Answers to questions --------------------------------------------------------------------- */

/* Allowed at any time before the login: out of turn (nobody has asked yet, another one is judged,
 * the link is being made again) it is kept and is the next one tried. `remember`: keep what is
 * needed to log in again (never the password itself) in the settings. */
int hawser_session_password(hawser_session *s, const char *password, bool remember);
/* `trust`: the host need not ask this machine again for 90 days (if it offered that). */
int hawser_session_two_factor(hawser_session *s, const char *code, bool trust);
/* false ends the session with HAWSER_ERR_INSECURE, or HAWSER_ERR_KEY where it was about a key. */
int hawser_session_accept_insecure(hawser_session *s, bool accept);

/* --- Picture ---------------------------------------------------------------------------------- */

/* The newest decoded picture of a display. It stays unchanged until hawser_session_unlock_frame;
 * the library goes on decoding meanwhile. One lock per display at a time. HAWSER_ERR_AGAIN: no
 * picture yet; HAWSER_ERR_BUSY: locked already. The memory is shared with the process that
 * decodes and can only be read here; should a host have taken that process over, the pixels (never
 * their number) may change while they are looked at: decide nothing by reading one twice. */
int hawser_session_lock_frame(hawser_session *s, size_t display, struct hawser_frame *ret);
void hawser_session_unlock_frame(hawser_session *s, size_t display);
/* For the figures: the picture that was locked last of this display, its hawser_frame.number, is on
 * the screen now. Any thread; need not be called. */
void hawser_session_shown(hawser_session *s, size_t display, uint64_t number);
/* Asks the host for a complete new picture. display < 0 = all. */
int hawser_session_refresh(hawser_session *s, int display);
/* Shows this display instead of the current one, or of all (HAWSER_OPTION_ALL_DISPLAYS). */
int hawser_session_switch_display(hawser_session *s, size_t display);
/* Shows these displays (count 0: none) beside the current one, for windows of their own: pictures
 * of each come, and keys and pointer go to any. While the connection lasts: to be said again after
 * each HAWSER_EVENT_READY; when the list changes they are found again by their names, and those
 * that went are left out. No display is followed meanwhile. HAWSER_ERR_UNSUPPORTED: a host before
 * 1.2.4. */
int hawser_session_show_beside(hawser_session *s, const size_t *displays, size_t count);
/* Wishes another size of a display. HAWSER_EVENT_DISPLAYS tells when it has it; a host that refuses
 * says so by HAWSER_EVENT_MESSAGE, or not at all. It goes back when the session ends. */
int hawser_session_resize_display(
		hawser_session *s, size_t display, uint32_t width, uint32_t height);
/* Wishes a display without a monitor: one more (on; `number` from 1 is its name to Windows hosts),
 * or without it (off; -1: without any). They go when the session ends. */
int hawser_session_plug_display(hawser_session *s, int number, bool on);
/* Wishes the host's monitors dark, or lit again; they are when the session ends.
 * HAWSER_EVENT_PRIVACY tells what became of it. */
int hawser_session_privacy(hawser_session *s, bool on);
/* Asks the host (from 1.4.0 on) for a picture of the display as it is there, without what video
 * loses. HAWSER_EVENT_SCREENSHOT answers, also why there is none; a second request takes the place
 * of the first. */
int hawser_session_host_screenshot(hawser_session *s, size_t display);
/* Asks the host to restart its machine. Losing the line is expected then: the session connects
 * again by itself. Denied without HAWSER_PERMISSION_RESTART. */
int hawser_session_restart_host(hawser_session *s);
/* Changes sides: this session ends, and the host's viewer looks at this machine instead. Takes a
 * running hawser-host here with the ID that the settings have as `id`, and a host that is reached
 * by its ID: else HAWSER_ERR_UNSUPPORTED. Blocks for a moment. */
int hawser_session_switch_sides(hawser_session *s);

#define HAWSER_ALL_DISPLAYS ((size_t)-1)
/* Keeps the received packets of a display, or of all that are shown, in files, without encoding
 * again; each file begins with the next complete picture, which is asked for. `path`: a new file,
 * whose ending (.webm, .mp4) chooses its kind where the codec leaves a choice, or a folder, where
 * files get names of their own; NULL: the folder of the settings. When size or codec change a
 * further file begins (FILE-2...), and each further display has its own (FILE-display2...).
 * Replaces nothing: HAWSER_ERR_EXISTS. A cut of the line ends the files; it goes on with new ones
 * (FILE-2...) when the session is ready again. The event tells of each file that begins, and of
 * the end. */
int hawser_session_record_start(hawser_session *s, size_t display, const char *path);
void hawser_session_record_stop(hawser_session *s);
/* Makes a recording whole whose program or machine was ended while it grew. HAWSER_ERR_BUSY: it
 * grows still; HAWSER_ERR_UNSUPPORTED: it is none of ours. Needs no context. Blocks. */
int hawser_recording_repair(const char *path, bool *ret_changed);

/* --- Input ------------------------------------------------------------------------------------ */

/* Coordinates are pixels of the picture of `display`; outside of it the nearest one is taken, so
 * whoever turns clicks into calls leaves out those beside the picture. */
int hawser_session_mouse_move(hawser_session *s, size_t display, int32_t x, int32_t y);
/* At the place of the last move. */
int hawser_session_mouse_button(hawser_session *s, enum hawser_button button, bool down);
/* In 120ths of a notch; positive = away from the user / to the right. Parts of a notch add up. */
int hawser_session_mouse_wheel(hawser_session *s, int32_t dx, int32_t dy);
/* `code` is a Linux evdev key code (X11 key code - 8; KEY_A = 30), whatever this machine runs.
 * `locks`: HAWSER_LOCK_* now. `unicode`: the character this key makes with the local layout and
 * modifiers, 0 if none or unknown: needed by the translate and legacy modes. Auto-repeat is sent as
 * further downs. */
int hawser_session_key(
		hawser_session *s, unsigned code, bool down, unsigned locks, uint32_t unicode);
/* The layout of this side's keyboard, for HAWSER_KEYBOARD_AUTO: `symbols` has HAWSER_LAYOUT_LEVELS
 * (plain, Shift, AltGr, both) for each of the HAWSER_LAYOUT_KEYS keys, in the order of
 * hawser_layout_key, in the group that is active: X keysyms, where that of a character is its code
 * point, plus 0x1000000 from U+0100 on; 0 = nothing. Copied. To be told before the first key and
 * whenever it changes; it holds for keys that are sent after it. */
#define HAWSER_LAYOUT_KEYS 48u
#define HAWSER_LAYOUT_LEVELS 4u
int hawser_session_set_layout(hawser_session *s, const uint32_t *symbols);
/* The code (as in hawser_session_key) of a key of that table; 0 from HAWSER_LAYOUT_KEYS on. */
unsigned hawser_layout_key(size_t i);
/* How keys are sent at present, never HAWSER_KEYBOARD_AUTO: with HAWSER_KEYBOARD_TRANSLATE dead
 * keys and input methods of this side are to be used, and what they make goes to
 * hawser_session_type_text. May lag a second behind a change of the host's layout. */
enum hawser_keyboard_mode hawser_session_keyboard(hawser_session *s);
/* Releases everything that is still down: on loss of the keyboard focus. */
int hawser_session_release_keys(hawser_session *s);
/* Types text whatever the layouts are. At most 1 MiB; HAWSER_ERR_INVAL: it is not UTF-8. */
int hawser_session_type_text(hawser_session *s, const char *utf8);
/* Windows hosts are asked to make that combination themselves, as only so it reaches their login
 * screen (if hawser_peer.can_ctrl_alt_del); others get the three keys. */
int hawser_session_ctrl_alt_del(hawser_session *s);
int hawser_session_lock_screen(hawser_session *s);

/* --- Everything else -------------------------------------------------------------------------- */

/* At once in a running session, and for each later connection of it. HAWSER_ERR_RANGE: no such
 * option or value. */
int hawser_session_set_option(hawser_session *s, enum hawser_option option, int value);
/* As configured or last set. */
int hawser_session_get_option(hawser_session *s, enum hawser_option option, int *ret);
/* Offers this UTF-8 text as the clipboard's new content (other formats: hawser/clipboard.h). At
 * most 32 MiB. What came by
 * HAWSER_EVENT_CLIPBOARD, or was sent, less than two seconds before is not sent again. On a desktop
 * whose clipboard others share, leave out what a remote desktop program has set (format
 * "dyn.com.rustdesk.owner") and set that format with what comes. */
int hawser_session_send_clipboard(hawser_session *s, const char *utf8, size_t length);
/* Rings at the host, whose answer comes by HAWSER_EVENT_CALL; sound that is off is switched to
 * HAWSER_SOUND_PLAY. While the call lasts this machine's microphone (the default source of
 * PulseAudio or PipeWire) is heard at the host, and the host's microphone here. */
int hawser_session_call(hawser_session *s);
/* Ends the call, or the ringing. */
int hawser_session_hang_up(hawser_session *s);
/* Writes to the person at the host: UTF-8 of at most 32 KiB, of which a host may show less. Nothing
 * says that it was read; a host where nobody can be shown it answers by HAWSER_EVENT_MESSAGE. What
 * that person writes comes by HAWSER_EVENT_CHAT: lines of text that are safe to show.
 * HAWSER_ERR_DENIED: the session is not connected. */
int hawser_session_send_chat(hawser_session *s, const char *utf8);
/* What the host told about itself; set ret->size before. HAWSER_ERR_AGAIN before the first
 * login. */
int hawser_session_peer(hawser_session *s, struct hawser_peer *ret);
/* Figures as of now (set ret->size before); they begin anew with each session, not with each
 * connection. */
int hawser_session_stats(hawser_session *s, struct hawser_stats *ret);
/* What was tried to reach the host, last, and why it was not met directly (set ret->size before).
 * HAWSER_ERR_AGAIN while that is not decided; it is before anybody is asked for a password, and
 * when the session is closed. */
int hawser_session_verdict(hawser_session *s, struct hawser_verdict *ret);
/* Whether the host permits it now. */
bool hawser_session_permitted(const hawser_session *s, enum hawser_permission permission);

#ifdef __cplusplus
}
#endif
