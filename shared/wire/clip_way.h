/* wire/clip_way: which way a message takes what was copied: a host, or a viewer that only looks
 * on, may let contents pass one way and not the other. Files that are copied go by questions and
 * answers, so the way of the message is not that of the contents. Nothing is unpacked. Pure. */
#pragma once
#include "shared/wire/session_table.h"

#define HWS_CLIP_TO_HOST 1u
#define HWS_CLIP_FROM_HOST 2u
#define HWS_CLIP_BOTH (HWS_CLIP_TO_HOST | HWS_CLIP_FROM_HOST)

/* The ways that a message of this row asks for or takes contents on, when it goes `to`; 0: it moves
 * none, or is of something else. What cannot be read counts as both. */
unsigned hws_clip_ways(const struct hws_session_row *row, enum hws_session_direction to,
		struct hws_bytes message);
