/* bench/media/peers: encoders as deployed peers set them, by libvpx and libaom themselves. */
#pragma once
#include "client/media/picture.h"
#include "shared/base/bytes.h"

struct peer;

/* "vp9" or "av1", with the balanced quality. Fails the test. */
struct peer *peer_open(const char *codec, int width, int height);
void peer_close(struct peer *p);
/* Codes a picture (I420). Nothing: it was dropped. The packet stays until the next call. */
struct hws_bytes peer_encode(struct peer *p, const struct hws_picture *picture, int64_t pts_ms);
