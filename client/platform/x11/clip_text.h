/* x11/clip_text: the encodings that X programs exchange text in. Pure; private to this folder. */
#pragma once
#include "shared/base/buf.h"
#include <stdbool.h>

/* STRING: ISO 8859-1. Characters it lacks become '?'; true when there were none. `text` is valid
 * UTF-8. */
bool x11_latin1_put(struct hws_buf *out, struct hws_bytes text);
void x11_latin1_take(struct hws_buf *out, struct hws_bytes in);
/* COMPOUND_TEXT: ISO 8859-1 as it is, the rest in segments of UTF-8, as Xlib writes them. */
void x11_compound_put(struct hws_buf *out, struct hws_bytes text);
/* Its standard character sets: ISO 8859, JIS X 0201 and 0208, GB 2312, KS C 5601, UTF-8. Of others
 * each character, and of extended segments of unknown encoding the whole, becomes U+FFFD. `out`
 * gets valid UTF-8 and is cut off by its own maximum. HWS_ERR_CORRUPT: no COMPOUND_TEXT. */
int x11_compound_take(struct hws_buf *out, struct hws_bytes in) HWS_MUST_CHECK;
/* Programs count the end of a text as a part of it: takes NULs away from the end. */
void x11_drop_end(struct hws_buf *text);
/* HTML, RTF and the like, in whatever Unicode they are written (some browsers say text/html and
 * mean UTF-16, after a byte order mark), as UTF-8 without a mark. HWS_ERR_CORRUPT: it is none. */
int x11_markup_take(struct hws_buf *out, struct hws_bytes in) HWS_MUST_CHECK;
