/* media/trial: pictures of a desktop that are drawn to measure codecs by. */
#pragma once
#include "client/media/picture.h"

/* Lines of letters in the luma of an I420 picture, from `top` to `bottom`, scrolled by so many
 * lines. */
void hws_trial_draw(struct hws_picture *p, int top, int bottom, int scrolled);
