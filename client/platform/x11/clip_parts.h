/* x11/clip_parts: what the files of the clipboard share: owning (clip), reading what others own
 * (clip_take), handing out what we own (clip_give). Private to these. */
#pragma once
#include "client/platform/x11/desktop.h"
#include "shared/base/buf.h"

/* What remote desktop programs put beside what they set: it must not go round. */
#define X11_CLIP_MARK "dyn.com.rustdesk.owner"

enum x11_clip_atom {
	CLIPBOARD,
	TARGETS,
	TIMESTAMP,
	MULTIPLE,
	ATOM_PAIR,
	INCR,
	UTF8_STRING,
	PLAIN_UTF8,
	PLAIN,
	COMPOUND_TEXT,
	TEXT,
	STRING,
	HTML,
	HTML_UTF8,
	RTF,
	RICHTEXT,
	APPLICATION_RTF,
	PNG,
	SVG,
	SHEET,
	URI_LIST,
	GNOME_FILES,
	MARK,
	OUR_TIME,
	X11_CLIP_ATOMS
};

#define X11_CLIP_PROPERTIES 8 /* answers to so many questions can be told apart */
#define X11_CLIP_TRANSFERS 16 /* pieces being handed out at once */
#define X11_CLIP_MULTIPLES 8  /* lists being fetched at once */

enum x11_clip_phase { IDLE, WAIT_TARGETS, WAIT_PART, WAIT_PIECES };

/* Targets of the formats besides text; where a format has several, the best one first. */
static const struct {
	enum x11_clip_atom target;
	enum hws_clip_format format;
} x11_clip_coded[] = { { HTML, HWS_CLIP_HTML }, { HTML_UTF8, HWS_CLIP_HTML }, { RTF, HWS_CLIP_RTF },
	{ APPLICATION_RTF, HWS_CLIP_RTF }, { RICHTEXT, HWS_CLIP_RTF }, { PNG, HWS_CLIP_PNG },
	{ SVG, HWS_CLIP_SVG }, { SHEET, HWS_CLIP_SHEET } };

struct x11_clip_transfer {   /* somebody reads in pieces what we own */
	xcb_window_t window; /* 0 = free */
	xcb_atom_t property, type;
	char *content;
	size_t len, at;
	uint64_t since_us;
};

struct x11_clip_multiple { /* a request for several targets, whose list is on its way */
	struct x11_clip *c;
	bool used;
	xcb_selection_request_event_t request;
};

struct x11_clip {
	struct hws_clip base;
	struct x11_desktop *d;
	xcb_window_t window;
	xcb_atom_t atom[X11_CLIP_ATOMS];
	bool watching, watching_files;

	/* clip: what we own, or are about to */
	bool own, claiming;
	xcb_timestamp_t own_time;
	/* offered now; offered when the server has told its time */
	struct hws_clip_copy now, next;
	bool files, next_files; /* its text is a list of URIs */

	/* clip_take */
	enum x11_clip_phase phase;
	xcb_atom_t property[X11_CLIP_PROPERTIES];
	unsigned turn;              /* counts questions; says which property is the present one's */
	xcb_atom_t asked;           /* target of the present question */
	xcb_timestamp_t asked_time; /* when its owner took the selection */
	bool offered[X11_CLIP_ATOMS]; /* by the owner, and not tried yet */
	unsigned awaited;             /* answers about properties that will come */
	unsigned stale;               /* the first so many of them belong to older questions */
	bool large;                   /* something was left out because it is */
	bool marked;                  /* the owner is a remote desktop program */
	bool early;        /* a new value has been told before the answer about the last one */
	uint64_t since_us; /* of the first question to this owner */
	xcb_atom_t type;   /* of what comes in pieces */
	struct hws_buf in; /* of the present question */
	struct hws_buf part[HWS_CLIP_FORMATS]; /* that have come whole from this owner */
	struct hws_timer deadline;

	/* clip_give */
	size_t chunk;
	struct x11_clip_transfer transfer[X11_CLIP_TRANSFERS];
	struct x11_clip_multiple multiple[X11_CLIP_MULTIPLES];
	struct hws_timer sweep;
};

/* Somebody has the selection since `time`: asks for what it has, forgetting whom it asked
 * before. */
void x11_clip_take(struct x11_clip *c, xcb_timestamp_t time);
/* No answer counts any more. */
void x11_clip_take_stop(struct x11_clip *c);
void x11_clip_take_notify(struct x11_clip *c, const xcb_selection_notify_event_t *e);
/* A property of our window has a new value. */
void x11_clip_take_property(struct x11_clip *c, xcb_atom_t property);

void x11_clip_give(struct x11_clip *c, const xcb_selection_request_event_t *q);
/* A property of somebody's window was deleted: the piece in it has been read. */
void x11_clip_give_next(struct x11_clip *c, xcb_window_t window, xcb_atom_t property);
/* A window is gone; 0 = all. */
void x11_clip_give_stop(struct x11_clip *c, xcb_window_t window);
