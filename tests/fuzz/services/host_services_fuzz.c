/* Whatever a viewer sends after login, handled by the services of the controlled side on a headless
 * desktop. Input: messages, each behind its length as two bytes, little endian. */
#include "client/platform/headless/headless.h"
#include "client/services/host_service.h"
#include "shared/base/log.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"
#include "shared/wire/version.h"
#include "tests/support/open_platform.h"
#include <stdlib.h>
#include <string.h>

static struct {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_platform *p;
	struct hws_host_set *services;
} host;

static int take(struct hws_host_viewer *g, const struct hws_session_row *row HWS_UNUSED,
		struct hws_bytes head, struct hws_bytes rest)
{
	(void)g;
	(void)head;
	(void)rest;
	return HWS_OK;
}

/* The desktop's notifications: what is shown there must be harmless. */
int hws_notifier_show(struct hws_notifier *n HWS_UNUSED, unsigned place, const char *summary,
		const char *body, unsigned how HWS_UNUSED)
{
	if (place < HWS_NOTIFY_SERVICES || place >= HWS_NOTIFY_PLACES ||
			strpbrk(body, "<>&\x1b\r") || !hws_utf8_valid(hws_bytes_str(body)) ||
			!hws_utf8_valid(hws_bytes_str(summary)))
		abort();
	return HWS_OK;
}

static bool never(const struct hws_host_viewer *g, enum hws_send_class cls HWS_UNUSED)
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
			test_open_platform(host.loop, &conf, &host.p, NULL) < 0)
		abort();
	struct hws_host_env env = { .loop = host.loop,
		.work = host.work,
		.platform = host.p,
		.notifier = (struct hws_notifier *)&host };
	if (hws_host_set_new(hws_host_registry, &env, &host.services) < 0)
		abort();
}

static void handle(struct hws_host_viewer *g, struct hws_bytes in)
{
	Ses__Message *m = NULL;

	if (hws_ses_unpack(in, &m) < 0)
		return;
	if (m->union_case == SES__MESSAGE__UNION_MISC &&
			m->misc->union_case == SES__MISC__UNION_OPTION)
		hws_host_set_option(host.services, g, m->misc->option);
	else
		hws_host_set_message(host.services, g, m);
	hws_ses_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_host_viewer g = { .permissions = ~0u,
		.send_parts = take,
		.congested = never,
		.platform = "Linux",
		.who = "Fuzz" };

	if (!host.loop)
		open_host();
	g.version = hws_version_number("1.4.9");
	hws_host_set_join(host.services, &g, NULL);
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
	hws_host_set_leave(host.services, &g);
	return 0;
}
