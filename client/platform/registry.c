/* The back-ends of this build, one row each, and the attempt to open one of them. */
#include "client/platform/registry.h"
#include "client/platform/cameras.h"
#include "client/platform/headless/headless.h"
#include "client/platform/opening.h"
#include "client/platform/x11/x11.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdlib.h>
#include <string.h>

#define GIVES_DESKTOP (HWS_GIVES_CAPTURE | HWS_GIVES_CURSOR | HWS_GIVES_INJECT | HWS_GIVES_CLIP)

static const struct hws_platform_backend backends[] = {
	{ "x11", GIVES_DESKTOP | HWS_GIVES_SOUND | HWS_GIVES_SCREENS, hws_x11_open },
	{ "headless",
			GIVES_DESKTOP | HWS_GIVES_SOUND | HWS_GIVES_CAMERA | HWS_GIVES_PTY |
					HWS_GIVES_SEAT | HWS_GIVES_SCREENS,
			hws_headless_open },
	{ "camera", HWS_GIVES_CAPTURE | HWS_GIVES_CAMERA | HWS_GIVES_SOUND, hws_cameras_open },
};

static const struct hws_platform_backend *find(const char *name, size_t len)
{
	for (size_t i = 0; i < HWS_COUNT(backends); i++)
		if (strlen(backends[i].name) == len && memcmp(backends[i].name, name, len) == 0)
			return &backends[i];
	return NULL;
}

int hws_platform_open(struct hws_loop *loop, const struct hws_platform_conf *conf,
		struct hws_platform_opening **ret)
{
	const char *want = conf->backend ? conf->backend : getenv("HAWSER_PLATFORM");
	struct hws_platform_opening *o = hws_alloc(sizeof(*o));

	if (!o)
		return HWS_ERR_NOMEM;
	if (!want || !*want)
		want = "x11";
	const char *colon = strchr(want, ':');
	o->loop = loop;
	o->conf = *conf;
	o->backend = find(want, colon ? (size_t)(colon - want) : strlen(want));
	*ret = o;
	if (o->backend) {
		o->backend->open(o, colon ? colon + 1 : NULL);
		return HWS_OK;
	}
	char shown[64];
	struct hws_error err = { 0 };
	int r = hws_error_set(&err, HWS_ERR_UNSUPPORTED,
			"no platform back-end \"%s\": use x11 or headless (HAWSER_PLATFORM)",
			hws_str_escape(shown, sizeof(shown), hws_bytes_str(want)));
	hws_platform_opened(o, r, NULL, &err);
	return HWS_OK;
}

void hws_platform_cancel(struct hws_platform_opening *o)
{
	if (!o)
		return;
	hws_loop_defer_cancel(&o->tell);
	if (o->cancel)
		o->cancel(o);
	hws_platform_close(o->platform);
	hws_free(o);
}

void hws_platform_close(struct hws_platform *p)
{
	if (!p)
		return;
	if (p->inject)
		hws_inject_release_all(p->inject);
	p->free(p);
}

unsigned hws_platform_gives(const char *backend)
{
	const struct hws_platform_backend *b = find(backend, strlen(backend));

	return b ? b->gives : 0;
}

unsigned hws_platform_has(const struct hws_platform *p)
{
	return (p->capture ? HWS_GIVES_CAPTURE : 0u) | (p->cursor ? HWS_GIVES_CURSOR : 0u) |
			(p->inject ? HWS_GIVES_INJECT : 0u) | (p->clip ? HWS_GIVES_CLIP : 0u) |
			(p->sound ? HWS_GIVES_SOUND : 0u) | (p->camera ? HWS_GIVES_CAMERA : 0u) |
			(p->ptys ? HWS_GIVES_PTY : 0u) | (p->seat ? HWS_GIVES_SEAT : 0u) |
			(p->screens ? HWS_GIVES_SCREENS : 0u);
}
