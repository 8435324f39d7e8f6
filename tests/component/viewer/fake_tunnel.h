/* tests: what a host of ours does with tunnels: by the port that is asked for it echoes, refuses,
 * takes nothing, or ends. In the thread of the fake host, on its connection. */
#pragma once
#include "tests/component/viewer/fake_host.h"

enum {
	FAKE_PORT_ECHO = 7,
	FAKE_PORT_STALL = 9,  /* opens, takes not a byte */
	FAKE_PORT_GREET = 13, /* says "hello" and its end, then counts what comes until that ends */
	FAKE_PORT_REFUSED = 1,
	FAKE_PORT_FORBIDDEN = 2,
	FAKE_PORT_CUT = 3 /* the host cuts the whole line */
};

/* For fake_conf.after_login. */
bool fake_tunnel_serve(struct fake_host *h);
