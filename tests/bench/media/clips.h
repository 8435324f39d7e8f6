/* bench/media/clips: what people do on a desktop of 1920 by 1080, drawn picture by picture: text
 * that is typed, scrolled and poured out, windows that are dragged, a video in a page. */
#pragma once
#include "client/media/picture.h"

#define CLIP_W 1920
#define CLIP_H 1080

struct clip;

/* "text", "drag", "video", "typing". Fails the test. */
struct clip *clip_open(const char *name);
void clip_close(struct clip *c);
/* The next picture (BGRA; it stays the clip's) and what differs from the one before, which is
 * nothing now and then: such a picture is not to be sent. The first differs as a whole. */
const struct hws_picture *clip_next(struct clip *c, struct hws_region *ret_damage);
