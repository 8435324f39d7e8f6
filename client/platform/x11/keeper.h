/* x11/keeper: a small process beside this one that does what takes X servers long and must be taken
 * back whatever becomes of us: sizes of displays, displays without a monitor, dark monitors,
 * blocked devices. Ends, and takes all back, with this process or with the server. Private to this
 * folder. */
#pragma once
#include "client/platform/x11/desktop.h"

enum x11_keeper_what {
	X11_KEEPER_LOOK, /* for what a killed one has left */
	X11_KEEPER_RESIZE,
	X11_KEEPER_PLUG,
	X11_KEEPER_RESTORE,
	X11_KEEPER_BLOCK,
	X11_KEEPER_BLANK
};

struct x11_keeper_ask {
	uint64_t who; /* comes back; 0: nobody waits */
	uint32_t what;
	uint32_t on;
	uint32_t monitor; /* RESIZE: the atom of its name */
	int32_t number;   /* PLUG */
	uint16_t width, height;
};

struct x11_keeper_answer {
	uint64_t who;
	uint32_t what;
	uint32_t unasked; /* BLOCK, BLANK: it ended by itself; LOOK: the process did */
	int32_t result;
	char why[sizeof(((struct hws_error *)0)->text)];
};

struct x11_keeper;

/* What is told, never from inside a call. An ask that cannot be answered (the process or the server
 * is gone, or it takes too long) is answered with a failure. */
typedef void (*x11_keeper_fn)(const struct x11_keeper_answer *a, void *arg);

/* Its process is started with the first ask, and again when one has ended. */
int x11_keeper_new(struct x11_desktop *d, x11_keeper_fn fn, void *arg,
		struct x11_keeper **ret) HWS_MUST_CHECK;
/* It takes all back by itself. Takes NULL. */
void x11_keeper_free(struct x11_keeper *k);
bool x11_keeper_runs(const struct x11_keeper *k);
/* HWS_ERR_FULL: too many are waited for. HWS_ERR_CLOSED: it has ended just now. */
int x11_keeper_ask(struct x11_keeper *k, const struct x11_keeper_ask *ask) HWS_MUST_CHECK;

/* The process itself: keeper_main.c. `arg`: the name of the display or NULL. */
void x11_keeper_main(int fd, void *arg);
