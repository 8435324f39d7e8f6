/* hawser/types: the plain types of libhawser. ABI rule: every struct that may grow starts with
 * `size`, set to sizeof by its *_INIT macro; the library reads and writes only the members that
 * fit. Lists are made by the library, whose structs may be larger than the caller's: the functions
 * ..._at step through them. Enumerations only grow at the end. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hawser_context hawser_context;
typedef struct hawser_session hawser_session;

/* Every function that can fail returns HAWSER_OK or one of these; text by hawser_strerror. */
enum hawser_error {
	HAWSER_OK = 0,
	HAWSER_ERR_AGAIN = -2, /* nothing there yet */
	HAWSER_ERR_EOF = -3,   /* the other side closed the connection */
	HAWSER_ERR_NOMEM = -4,
	HAWSER_ERR_SYS = -5, /* errno tells */
	HAWSER_ERR_INVAL = -6,
	HAWSER_ERR_RANGE = -7,
	HAWSER_ERR_TOOBIG = -8,
	HAWSER_ERR_FULL = -9, /* too much is queued already: drop it or try later */
	HAWSER_ERR_PROTO = -10,
	HAWSER_ERR_CRYPTO = -11,
	HAWSER_ERR_DENIED = -12, /* the host, or this session's state, does not permit it */
	HAWSER_ERR_TIMEOUT = -13,
	HAWSER_ERR_REFUSED = -14,
	HAWSER_ERR_UNREACHABLE = -15,
	HAWSER_ERR_RESET = -16,
	HAWSER_ERR_RESOLVE = -17,
	HAWSER_ERR_NOTFOUND = -18,
	HAWSER_ERR_EXISTS = -19,
	HAWSER_ERR_BUSY = -20,
	HAWSER_ERR_PERM = -21,
	HAWSER_ERR_CORRUPT = -22,
	HAWSER_ERR_UNSUPPORTED = -23,
	HAWSER_ERR_CANCELED = -24,
	HAWSER_ERR_CLOSED = -25,
	HAWSER_ERR_OFFLINE = -26,  /* the ID is known but not on line, or not known */
	HAWSER_ERR_KEY = -27,      /* the server key does not match */
	HAWSER_ERR_PASSWORD = -28, /* wrong password, or none was given */
	HAWSER_ERR_INSECURE = -29, /* not encrypted, and nobody agreed to that */
	HAWSER_ERR_DISK = -30,
	HAWSER_ERR_DISPLAY = -31, /* the host has no display that can be shown */
	HAWSER_ERR_PORTAL = -33   /* this network asks for a sign-in first (captive portal) */
};

enum hawser_state {
	HAWSER_STATE_CONNECTING, /* looking for a path to the host */
	HAWSER_STATE_SECURING,   /* the handshake of the encryption */
	HAWSER_STATE_LOGIN,      /* waiting for the host's challenge or its verdict */
	HAWSER_STATE_WAITING,    /* for the user (password, question) or for a person at the host */
	HAWSER_STATE_READY,      /* logged in */
	HAWSER_STATE_RETRYING,   /* lost; connects again by itself after a delay */
	HAWSER_STATE_CLOSED      /* over; hawser_session_reconnect starts again */
};

/* Why the user is asked. */
enum hawser_password_reason {
	/* first question. The person at the host may also accept by a click */
	HAWSER_PASSWORD_NEEDED,
	HAWSER_PASSWORD_WRONG,       /* the last one was wrong */
	HAWSER_PASSWORD_2FA,         /* a six-digit code: answer by hawser_session_two_factor */
	HAWSER_PASSWORD_2FA_WRONG,   /* the last code was wrong */
	HAWSER_PASSWORD_WAIT_ACCEPT, /* no password will do: the person at the host must accept */
	HAWSER_PASSWORD_NOT_NEEDED   /* take the dialog away: the person at the host has accepted */
};

enum hawser_permission {
	HAWSER_PERMISSION_KEYBOARD = 0, /* and mouse */
	HAWSER_PERMISSION_CLIPBOARD = 2,
	HAWSER_PERMISSION_AUDIO = 3,
	HAWSER_PERMISSION_FILE = 4,
	HAWSER_PERMISSION_RESTART = 5,
	HAWSER_PERMISSION_RECORDING = 6,
	HAWSER_PERMISSION_BLOCK_INPUT = 7,
	HAWSER_PERMISSION_PRIVACY_MODE = 8
};

enum hawser_quality {
	HAWSER_QUALITY_DEFAULT = 0, /* the host's choice */
	HAWSER_QUALITY_LOW = 2,
	HAWSER_QUALITY_BALANCED = 3,
	HAWSER_QUALITY_BEST = 4,
	HAWSER_QUALITY_CUSTOM = 5 /* by custom_quality, in percent */
};

enum hawser_codec {
	HAWSER_CODEC_AUTO = 0,
	HAWSER_CODEC_VP9 = 1,
	HAWSER_CODEC_H264 = 2,
	HAWSER_CODEC_H265 = 3,
	HAWSER_CODEC_VP8 = 4,
	HAWSER_CODEC_AV1 = 5
};

/* Of how many pixels the host sends the colour: one in four, which blurs coloured text and costs
 * least, or each one. AUTO: as the configuration says; where that says nothing, each one with
 * HAWSER_QUALITY_BEST. Hosts without whole colours, and those that several viewers look at, may
 * not heed it. */
enum hawser_chroma { HAWSER_CHROMA_AUTO, HAWSER_CHROMA_420, HAWSER_CHROMA_444 };

/* Byte order in memory; 4 bytes a pixel, alpha is 255. */
enum hawser_format { HAWSER_FORMAT_BGRA, HAWSER_FORMAT_RGBA };

/* How keys are sent. AUTO: as characters when the host tells its layout and
 * hawser_session_set_layout told another one; else by position where the host can, else in the old
 * way. */
enum hawser_keyboard_mode {
	HAWSER_KEYBOARD_AUTO,
	HAWSER_KEYBOARD_MAP,       /* positions: the host's layout decides */
	HAWSER_KEYBOARD_TRANSLATE, /* characters: this side's layout decides */
	HAWSER_KEYBOARD_LEGACY     /* for hosts before 1.2.0 */
};

enum hawser_button {
	HAWSER_BUTTON_LEFT = 1,
	HAWSER_BUTTON_RIGHT = 2,
	HAWSER_BUTTON_MIDDLE = 4,
	HAWSER_BUTTON_BACK = 8,
	HAWSER_BUTTON_FORWARD = 16
};

/* Set of lock keys that are on at this side. */
#define HAWSER_LOCK_CAPS 1u
#define HAWSER_LOCK_NUM 2u
#define HAWSER_LOCK_SCROLL 4u

/* Which way what is copied goes over, files included. */
enum hawser_clipboard {
	HAWSER_CLIPBOARD_OFF,
	HAWSER_CLIPBOARD_BOTH,
	HAWSER_CLIPBOARD_SEND,   /* to the host only */
	HAWSER_CLIPBOARD_RECEIVE /* from the host only */
};

/* Options that may change in a running session (hawser_session_set_option). Booleans are 0 and
 * 1. */
enum hawser_option {
	HAWSER_OPTION_VIEW_ONLY,
	HAWSER_OPTION_QUALITY,        /* enum hawser_quality */
	HAWSER_OPTION_CUSTOM_QUALITY, /* percent, 10 .. 2000; selects HAWSER_QUALITY_CUSTOM */
	HAWSER_OPTION_FPS,            /* upper limit, 1 .. 120 */
	HAWSER_OPTION_CODEC,          /* enum hawser_codec, a wish */
	HAWSER_OPTION_REMOTE_CURSOR,  /* ask for shape and position of the host's pointer */
	HAWSER_OPTION_CLIPBOARD,      /* enum hawser_clipboard */
	HAWSER_OPTION_LOCK_AFTER,     /* the host locks its screen when the session ends */
	HAWSER_OPTION_KEYBOARD_MODE,  /* enum hawser_keyboard_mode */
	HAWSER_OPTION_CHROMA,         /* enum hawser_chroma, a wish */
	/* Show all displays of the host at once, also those that come; 0: the current one. Hosts
	 * before 1.2.4 show one. */
	HAWSER_OPTION_ALL_DISPLAYS,
	/* Show the display to which the host's pointer, or its active window, has come
	 * (HAWSER_EVENT_DISPLAYS tells); not with all of them. */
	HAWSER_OPTION_FOLLOW_CURSOR,
	HAWSER_OPTION_FOLLOW_WINDOW,
	/* Mouse and keyboard of the person at the host shall have no effect. A refusal comes by
	 * HAWSER_EVENT_PRIVACY; the host says nothing when it did so. */
	HAWSER_OPTION_BLOCK_INPUT,
	HAWSER_OPTION_SOUND, /* enum hawser_sound */
	HAWSER_OPTION_VOLUME /* of HAWSER_SOUND_PLAY, percent, 0 .. 100 */
};

/* What HAWSER_EVENT_PRIVACY is about. */
enum hawser_privacy {
	HAWSER_PRIVACY_MODE, /* the host's monitors are dark */
	HAWSER_PRIVACY_INPUT /* mouse and keyboard there have no effect */
};

/* What becomes of the host's sound. */
enum hawser_sound {
	HAWSER_SOUND_OFF,   /* the host sends none */
	HAWSER_SOUND_PLAY,  /* by the library: on PulseAudio or PipeWire of this machine */
	HAWSER_SOUND_EVENTS /* HAWSER_EVENT_SOUND */
};

/* Of a voice call. */
enum hawser_call { HAWSER_CALL_NONE, HAWSER_CALL_RINGS, HAWSER_CALL_ACTIVE };

/* How well a session is protected, the better the higher. For people by hawser_encryption_text. */
enum hawser_encryption {
	HAWSER_ENCRYPTION_NONE,
	HAWSER_ENCRYPTION_V1, /* the scheme of RustDesk 1.x: a relay operator can attack it */
	HAWSER_ENCRYPTION_V2  /* end to end, between two hawser ends */
};

/* How the host's key is known. */
enum hawser_trust {
	HAWSER_TRUST_NONE,   /* there is no key: not encrypted */
	HAWSER_TRUST_FIRST,  /* by the host's own word, as on a first contact without a server that
			      * vouches for it: compare the fingerprint */
	HAWSER_TRUST_PINNED, /* it is the one that was remembered */
	HAWSER_TRUST_SERVER  /* the server vouches for it */
};

struct hawser_rect {
	int32_t x, y, width, height;
};

struct hawser_size {
	int32_t width, height;
};

/* In a list: step from one to the next by `size` (hawser_display_at does), which is that of the
 * library's struct. */
struct hawser_display {
	size_t size;
	int32_t x, y;          /* place on the host's desktop, in its physical pixels */
	int32_t width, height; /* of the picture, in physical pixels */
	double scale;          /* of the host's user interface, 1.0 if unknown */
	bool online;
	bool cursor_embedded; /* the pointer is painted into the picture */
	const char *name;
	/* The sizes that it may be given (hawser_session_resize_display), as far as the host told
	 * them: of a display that was never the current one it may not have. A host may also take
	 * others. */
	const struct hawser_size *sizes;
	size_t size_count;
	struct hawser_size original; /* of before viewers changed it; 0 x 0: not known */
};

/* What the host told at login. Valid during the event, or until the next dispatch when it came from
 * hawser_session_peer. */
struct hawser_peer {
	size_t size;
	const char *id; /* what was asked for */
	const char *username, *hostname, *platform, *version;
	const struct hawser_display *displays;
	size_t display_count;
	size_t current_display;
	bool encrypted;        /* in any way: see `encryption` */
	bool relayed;          /* bytes go through a relay */
	bool can_ctrl_alt_del; /* the host can make that key for its login screen */
	/* of the host's key, groups of four hex digits; "" if it has told none */
	const char *fingerprint;
	/* "direct", "punched", "lan", "udp", "ipv6", "mapped", "relay", "relay-ws" */
	const char *path;
	enum hawser_encryption encryption;
	enum hawser_trust trust;
};
#define HAWSER_PEER_INIT                                                                           \
	{                                                                                          \
		.size = sizeof(struct hawser_peer)                                                 \
	}
/* The display with this index, or NULL. */
static inline const struct hawser_display *hawser_display_at(
		const struct hawser_peer *peer, size_t index)
{
	return index < peer->display_count
			? (const struct hawser_display *)((const char *)peer->displays +
					  index * peer->displays->size)
			: NULL;
}

/* A picture; see hawser_session_lock_frame. */
struct hawser_frame {
	size_t size;
	const uint8_t *pixels; /* top row first */
	uint32_t width, height;
	uint32_t stride; /* bytes from row to row */
	enum hawser_format format;
	struct hawser_rect
			damage; /* what changed since the frame locked before; all of it at first */
	uint64_t number;        /* counts the decoded frames of this display from 1 */
	uint64_t time_us;       /* when it was decoded, CLOCK_MONOTONIC */
};
#define HAWSER_FRAME_INIT                                                                          \
	{                                                                                          \
		.size = sizeof(struct hawser_frame)                                                \
	}

/* What the process that decodes has given up. A system may refuse some of it. */
#define HAWSER_CONFINED_PROCESS 1u /* it is a process of its own, for this session alone */
#define HAWSER_CONFINED_CALLS 2u   /* system calls but those that computing takes */
#define HAWSER_CONFINED_NETWORK 4u
#define HAWSER_CONFINED_FILES 8u
#define HAWSER_CONFINED_MEMORY 16u /* more memory than its pictures need */
#define HAWSER_CONFINED_ALL 31u

struct hawser_stats {
	size_t size;
	uint64_t frames;         /* decoded since the login */
	uint64_t frames_dropped; /* arrived but could not be decoded, or not in time */
	double fps;              /* over the last second */
	uint64_t bytes_in, bytes_out;
	/* from open (or reconnect) to the first decoded frame; 0 = none yet */
	uint64_t first_frame_us;
	uint32_t rtt_ms;         /* as the host measured it; 0 = unknown, also while it is silent */
	uint32_t target_kbit;    /* what the host's encoder aims at; 0 = unknown */
	uint64_t decode_us;      /* mean time to decode and convert a frame */
	enum hawser_codec codec; /* of the last frame; AUTO = none yet */
	bool relayed, encrypted;
	uint32_t silent_s; /* so long nothing has come from the host; 0 = it answers */
	enum hawser_encryption encryption;
	enum hawser_trust trust;
	/* HAWSER_CONFINED_ bits: of the process that decodes what the host sends; 0 = it does not
	 * run */
	uint32_t decoder;
	/* exact changes that came beside the video, and their bytes */
	uint64_t patches, patch_bytes;
	/* What a picture takes on its way, microseconds, means of the last second that had
	 * pictures; 0 = not known. The host's steps are told by hawser hosts only. */
	uint32_t capture_us, convert_us, encode_us;
	uint32_t send_us;    /* queues and the passing through the line */
	uint32_t network_us; /* the way itself: half of the shortest round trip */
	uint32_t present_us; /* from decoded to shown: see hawser_session_shown */
	bool by_device;      /* the last frame was decoded by a graphics card or the like */
};
#define HAWSER_STATS_INIT                                                                          \
	{                                                                                          \
		.size = sizeof(struct hawser_stats)                                                \
	}

/* A way that was tried. Times: milliseconds since the attempt began. */
struct hawser_try {
	size_t size;
	const char *path; /* as hawser_peer.path */
	const char *at;   /* the network (never a whole address) or the relay; may be "" */
	bool over;
	int error; /* once over: HAWSER_OK: it was taken; HAWSER_ERR_CANCELED: given up */
	uint32_t begun_ms, ended_ms;
};

/* How the host was reached, or not. Valid until the next dispatch. */
struct hawser_verdict {
	size_t size;
	const char *path; /* the one taken, as hawser_peer.path; "none" */
	/* why it is not direct, a word: "direct", "silent", ...; where there is none: why */
	const char *reason;
	const char *text;     /* the same as a sentence */
	uint32_t answered_ms; /* the server's answer; 0: none came, or was needed */
	uint32_t ended_ms;
	const struct hawser_try *tries;
	size_t try_count;
	/* A session that goes by the relay looks for a direct way from time to time: how often it
	 * did in vain, and how many seconds ago; `reason` tells what was found. */
	uint32_t looked, looked_s;
};
#define HAWSER_VERDICT_INIT                                                                        \
	{                                                                                          \
		.size = sizeof(struct hawser_verdict)                                              \
	}
/* The try with this index, or NULL. */
static inline const struct hawser_try *hawser_try_at(
		const struct hawser_verdict *verdict, size_t index)
{
	return index < verdict->try_count
			? (const struct hawser_try *)((const char *)verdict->tries +
					  index * verdict->tries->size)
			: NULL;
}

#ifdef __cplusplus
}
#endif
