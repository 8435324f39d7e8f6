/* hawser/clipboard: what is copied at the host and here, in the formats in which it was copied:
 * text, HTML, rich text, pictures. Of desktop sessions. All functions belong to the embedder's
 * thread of the context; none blocks. */
#pragma once
#include <hawser/session.h>

#ifdef __cplusplus
extern "C" {
#endif

enum hawser_clip_format {
	HAWSER_CLIP_TEXT, /* UTF-8 */
	HAWSER_CLIP_HTML, /* UTF-8 */
	HAWSER_CLIP_RTF,
	HAWSER_CLIP_PNG,  /* a file; at most 16 million pixels */
	HAWSER_CLIP_SVG,  /* UTF-8 */
	HAWSER_CLIP_SHEET /* "XML Spreadsheet" of office programs */
};
#define HAWSER_CLIP_FORMATS 6

/* One format of a copy. */
struct hawser_clip_part {
	enum hawser_clip_format format;
	const void *bytes;
	size_t length;
};

/* The type by which programs know it ("image/png"); NULL: there is no such format. */
const char *hawser_clip_type(enum hawser_clip_format format);

/* Offers this as the clipboard's new content: the same thing in several formats, the first of each
 * counts. At most 32 MiB together, of which a host takes what fits into one message. Hosts that
 * know text only (before 1.3.0) get that. What came by HAWSER_EVENT_CLIPBOARD (which has `parts`),
 * or was sent, less than two seconds before is not sent again: see hawser_session_send_clipboard.
 * HAWSER_ERR_INVAL: a part is not of its format; HAWSER_ERR_TOOBIG; HAWSER_ERR_DENIED: the session
 * is not connected. */
int hawser_session_send_clip(hawser_session *s, const struct hawser_clip_part *parts, size_t count);

#ifdef __cplusplus
}
#endif
