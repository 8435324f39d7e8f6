/* video/coded_picture: a display in the format that its codec takes, beside the captured one, which
 * is exact: only what changed is converted, and only when a codec is to see it. One thread at a
 * time. */
#pragma once
#include "client/media/picture.h"

struct hws_coded_picture {
	struct hws_picture *p; /* NULL: nothing was converted yet */
};

/* As zeroed. */
void hws_coded_picture_forget(struct hws_coded_picture *c);
/* Brings the picture up to `from` within the damage (NULL, and for another size or format: whole).
 * *ret is it, or `from` itself where that is of such a format; borrowed. `takes`: HWS_PIXEL_BIT of
 * those that the codec takes, of which the first in enum hws_pixel_format is used. HWS_ERR_NOMEM,
 * HWS_ERR_UNSUPPORTED. */
int hws_coded_picture_update(struct hws_coded_picture *c, uint32_t takes,
		const struct hws_picture *from, const struct hws_region *damage,
		const struct hws_picture **ret) HWS_MUST_CHECK;
