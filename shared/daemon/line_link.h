/* daemon/line_link: a connection between programs of one machine that carries lines, both ways and
 * as many as they like. Lines and what waits to be sent are bounded. On one loop. */
#pragma once
#include "shared/base/buf.h"
#include "shared/loop/loop.h"

struct hws_line_link;

struct hws_line_conf {
	size_t line_max; /* a longer line ends the link */
	size_t out_max;  /* what may wait to be sent */
	/* A line without its end, borrowed; may free the link. */
	void (*on_line)(struct hws_bytes line, void *arg);
	/* Once, when the other side has ended it or broken a bound; not after free. */
	void (*on_end)(void *arg);
	void *arg;
};

/* Takes the socket, also on failure. */
int hws_line_link_new(struct hws_loop *loop, int fd, const struct hws_line_conf *conf,
		struct hws_line_link **ret) HWS_MUST_CHECK;
/* What goes out: append whole lines, then have them sent. What does not fit leaves the buffer as it
 * was only if the caller checks the room; a failed buffer ends the link. */
struct hws_buf *hws_line_link_out(struct hws_line_link *l);
size_t hws_line_link_room(const struct hws_line_link *l);
void hws_line_link_flush(struct hws_line_link *l);
/* Nothing is called any more. Allowed in its callbacks; takes NULL. */
void hws_line_link_free(struct hws_line_link *l);
