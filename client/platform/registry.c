#include "client/platform/registry.h"
#include "client/platform/headless/headless.h"
#include "client/platform/x11/x11.h"
#include "shared/base/str.h"
#include <stdlib.h>
#include <string.h>

struct backend {
	const char *name;
	int (*open)(struct hws_loop *loop, const struct hws_platform_conf *conf,
			const char *options, struct hws_platform **ret, struct hws_error *err);
};

static const struct backend backends[] = {
	{ "x11", hws_x11_open },
	{ "headless", hws_headless_open },
};

int hws_platform_open(struct hws_loop *loop, const struct hws_platform_conf *conf,
		struct hws_platform **ret, struct hws_error *err)
{
	const char *want = conf->backend ? conf->backend : getenv("HAWSER_PLATFORM");

	if (!want || !*want)
		want = "x11";
	const char *colon = strchr(want, ':');
	size_t len = colon ? (size_t)(colon - want) : strlen(want);

	for (size_t i = 0; i < HWS_COUNT(backends); i++)
		if (strlen(backends[i].name) == len && memcmp(backends[i].name, want, len) == 0)
			return backends[i].open(loop, conf, colon ? colon + 1 : NULL, ret, err);
	char shown[64];
	return hws_error_set(err, HWS_ERR_UNSUPPORTED,
			"no platform back-end \"%s\": use x11 or headless (HAWSER_PLATFORM)",
			hws_str_escape(shown, sizeof(shown), hws_bytes_str(want)));
}

void hws_platform_close(struct hws_platform *p)
{
	if (!p)
		return;
	hws_inject_release_all(p->inject);
	p->free(p);
}
