/* A session into a WebM file: the packets as they came from the host, so that recording costs no
 * encoding. */
#include "client/api/session_loop.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"

/* Packets are written where they arrive. They are small, go to the page cache, and must stay in
 * order; a slow disk slows this one session down. */

static void tell_host(struct api_session_loop *e, bool on)
{
	Ses__Misc misc = SES__MISC__INIT;

	misc.union_case = SES__MISC__UNION_CLIENT_RECORD_STATUS;
	misc.client_record_status = on;
	if (hws_viewer_send_misc(e->viewer, &misc) < 0)
		return; /* no link: the next host will not know of a recording that has ended */
}

void api_record_end(struct api_session_loop *e, int err)
{
	if (!e->record_wanted)
		return;
	int r = hws_webm_close(e->webm, hws_clock_us() / 1000);
	e->webm = NULL;
	e->record_wanted = false;
	tell_host(e, false);
	api_report_recording(e, false, err < 0 ? err : r, e->record_path);
	hws_free(e->record_path);
	e->record_path = NULL;
}

void api_record_start(struct api_session_loop *e, const struct api_command *c)
{
	int r = HWS_OK;

	if (e->record_wanted)
		r = HWS_ERR_BUSY;
	else if (hws_viewer_state(e->viewer) != HWS_VIEWER_READY ||
			!hws_viewer_permitted(
					e->viewer, SES__PERMISSION_INFO__PERMISSION__Recording))
		r = HWS_ERR_DENIED;
	if (r < 0) {
		api_report_recording(e, e->record_wanted, r, c->data);
		return;
	}
	e->record_path = hws_strdup(c->data);
	if (!e->record_path)
		return;
	e->record_wanted = true;
	e->record_display = (size_t)c->a;
	tell_host(e, true);
	/* The file begins with a complete picture. */
	if (hws_viewer_refresh(e->viewer, (int)e->record_display) < 0)
		api_record_end(e, HWS_ERR_CLOSED);
}

void api_record_stop(struct api_session_loop *e, const struct api_command *c HWS_UNUSED)
{
	api_record_end(e, HWS_OK);
}

void api_record_packet(struct api_session_loop *e, size_t display, enum hws_codec codec,
		struct hws_bytes data, bool key, int64_t pts_ms HWS_UNUSED)
{
	const struct hws_peer *peer = hws_viewer_peer(e->viewer);
	uint64_t now_ms = hws_clock_us() / 1000; /* pts starts anew with each key frame */
	int r = HWS_OK;

	if (!e->record_wanted || display != e->record_display)
		return;
	if (!e->webm) {
		if (!key || display >= peer->display_count)
			return;
		r = hws_webm_new(e->record_path, codec, peer->display[display].width,
				peer->display[display].height, &e->webm);
		if (r == HWS_OK)
			api_report_recording(e, true, HWS_OK, e->record_path);
	}
	if (r == HWS_OK)
		r = hws_webm_packet(e->webm, data, key, now_ms);
	if (r < 0)
		api_record_end(e, r);
}
