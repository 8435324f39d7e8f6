/* bench/media/vnc: TigerVNC beside a session: its server with a desktop of its own, its viewer full
 * screen on another one. Ends the part when it cannot be started. */
#pragma once
#include "tests/bench/common/desktop.h"
#include "tests/support/xvfb.h"

struct vnc {
	struct test_proc server, viewer;
	struct test_xvfb screen; /* of the viewer */
	struct desktop desktop;  /* of the server */
	xcb_connection_t *eye;   /* looks at the viewer's screen */
	unsigned port;
};

/* False: TigerVNC is not installed. */
bool vnc_start(struct vnc *v, const char *const env[]);
void vnc_stop(struct vnc *v);
/* The green of a pixel of the viewer's screen. */
int vnc_grey(struct vnc *v, int x, int y);
/* Bytes that the server has sent to its viewer. */
double vnc_bytes(struct vnc *v);
