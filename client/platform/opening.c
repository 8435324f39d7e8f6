/* The end of an attempt is told by a deferred call, whether the back-end knew it at once or after
 * the person at the desktop was asked, so that a caller meets one order of things. */
#include "client/platform/opening.h"
#include "shared/base/mem.h"

static void tell(void *arg)
{
	struct hws_platform_opening *o = arg;
	struct hws_platform_opening ended = *o;

	hws_free(o);
	ended.conf.on_open(ended.r, ended.platform, &ended.err, ended.conf.arg);
}

void hws_platform_opened(struct hws_platform_opening *o, int r, struct hws_platform *p,
		const struct hws_error *err)
{
	o->cancel = NULL;
	o->r = r;
	o->platform = p;
	if (err)
		o->err = *err;
	else if (r < 0)
		hws_error_set(&o->err, r, "the desktop cannot be opened: %s", hws_err_text(r));
	hws_loop_defer(o->loop, &o->tell, tell, o);
}
