/* Packs a message and sends it to one viewer; large ones go in two parts by its own function, so
 * that a picture is not copied for its head. */
#include "client/services/host_viewer.h"
#include "shared/base/buf.h"
#include "shared/base/log.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include "shared/wire/session_channel.h"

/* Deployed viewers close the session with the box unless the type has "custom" in it. */
#define BOX_TYPE "custom-nook-nocancel-hasclose"

int hws_host_viewer_send(struct hws_host_viewer *g, const Ses__Message *m)
{
	const struct hws_session_row *row = hws_session_row_of(m);
	enum hws_channel channel = hws_session_channel(row, HWS_TO_VIEWER);
	struct hws_buf b;

	hws_buf_init(&b, HWS_SES_FRAME_MAX);
	int r = hws_ses_pack(m, &b);
	if (r == HWS_OK && hws_buf_len(&b) > hws_channel_message_max(channel))
		r = HWS_ERR_TOOBIG;
	if (r == HWS_OK)
		r = g->send_parts(g, row, hws_buf_bytes(&b), (struct hws_bytes){ 0 });
	hws_buf_done(&b);
	return r;
}

void hws_host_viewer_tell(struct hws_host_viewer *g, const Ses__Message *m)
{
	int r = hws_host_viewer_send(g, m);

	if (r < 0)
		hws_debug("viewer.not_told", HWS_U64("slot", g->slot),
				HWS_U64("message", m->union_case), HWS_ERR("why", r));
}

void hws_host_viewer_box(struct hws_host_viewer *g, const char *title, const char *text)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__MessageBox box = SES__MESSAGE_BOX__INIT;

	box.msgtype = (char *)BOX_TYPE;
	box.title = (char *)(uintptr_t)title;
	box.text = (char *)(uintptr_t)text;
	box.link = (char *)"";
	m.union_case = SES__MESSAGE__UNION_MESSAGE_BOX;
	m.message_box = &box;
	hws_host_viewer_tell(g, &m);
}
