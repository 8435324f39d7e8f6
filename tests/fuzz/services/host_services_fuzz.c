/* Whatever a viewer sends after login, handled by the services of the controlled side on a headless desktop.
 * Input: messages, each behind its length as two bytes, little endian. */
#include "client/platform/headless/headless.h"
#include "client/services/clipboard/clipboard_host.h"
#include "client/services/cursor/cursor_host.h"
#include "client/services/input/input_host.h"
#include "client/services/video/video_host.h"
#include "shared/base/log.h"
#include "shared/wire/envelope.h"
#include "shared/wire/version.h"
#include <stdlib.h>

static struct {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_platform *p;
	struct hws_video_host *video;
	struct hws_cursor_host *cursor;
	struct hws_input_host *input;
	struct hws_clipboard_host *clipboard;
} host;

static int take(struct hws_host_viewer *g, struct hws_bytes head, struct hws_bytes rest)
{
	(void)g;
	(void)head;
	(void)rest;
	return HWS_OK;
}

static bool never(const struct hws_host_viewer *g)
{
	(void)g;
	return false;
}

/* Once: a desktop takes long to make and keeps no memory of viewers that left. */
static void open_host(void)
{
	struct hws_platform_conf conf = { .backend = "headless:64x48" };

	hws_log_setup("fuzz", HWS_LOG_TEXT, 2);
	hws_log_set_level(HWS_LOG_ERROR);
	if (hws_loop_new(&host.loop) < 0 || hws_work_new(1, 8, &host.work) < 0 ||
			hws_platform_open(host.loop, &conf, &host.p, NULL) < 0)
		abort();
	struct hws_video_host_conf vc = {
		.loop = host.loop, .work = host.work, .capture = host.p->capture
	};
	if (hws_video_host_new(&vc, &host.video) < 0 ||
			hws_cursor_host_new(host.loop, host.p->cursor, &host.cursor) < 0 ||
			hws_input_host_new(host.loop, host.p->inject, &host.input) < 0 ||
			hws_clipboard_host_new(host.loop, host.p->clip, &host.clipboard) < 0)
		abort();
}

static void handle(struct hws_host_viewer *g, struct hws_bytes in)
{
	Ses__Message *m = NULL;

	if (hws_ses_unpack(in, &m) < 0)
		return;
	if (m->union_case == SES__MESSAGE__UNION_MISC &&
			m->misc->union_case == SES__MISC__UNION_OPTION)
		hws_video_host_option(host.video, g, m->misc->option);
	else if (!hws_input_host_message(host.input, g, m) &&
			!hws_video_host_message(host.video, g, m))
		hws_clipboard_host_message(host.clipboard, g, m);
	hws_ses_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_host_viewer g = {
		.permissions = ~0u, .send_parts = take, .congested = never, .platform = "Linux"
	};

	if (!host.loop)
		open_host();
	g.version = hws_version_number("1.4.9");
	hws_video_host_join(host.video, &g);
	hws_cursor_host_join(host.cursor, &g);
	hws_input_host_join(host.input, &g);
	hws_clipboard_host_join(host.clipboard, &g);
	while (size >= 2) {
		size_t n = data[0] | (size_t)data[1] << 8;
		data += 2;
		size -= 2;
		n = n > size ? size : n;
		handle(&g, hws_bytes(data, n));
		data += n;
		size -= n;
	}
	hws_loop_once(host.loop, 0);
	hws_video_host_leave(host.video, &g);
	hws_cursor_host_leave(host.cursor, &g);
	hws_input_host_leave(host.input, &g);
	hws_clipboard_host_leave(host.clipboard, &g);
	return 0;
}
