/* platform/opening: an attempt to open a desktop, as back-ends see it. For them and registry.c
 * only. */
#pragma once
#include "client/platform/platform.h"

struct hws_platform_backend;

struct hws_platform_opening {
	struct hws_loop *loop;
	struct hws_platform_conf conf; /* its strings are not to be read after open */
	const struct hws_platform_backend *backend;
	void *attempt; /* the back-end's */
	/* Set by the back-end while it is at work: gives up, and does not call hws_platform_opened
	 * any more. */
	void (*cancel)(struct hws_platform_opening *o);
	/* registry.c's */
	struct hws_deferred tell;
	int r;
	struct hws_platform *platform;
	struct hws_error err;
};

struct hws_platform_backend {
	const char *name;
	unsigned gives; /* HWS_GIVES_* */
	/* Begins; hws_platform_opened must follow, perhaps from inside. `options`: what stands
	 * behind the colon of the name, or NULL. */
	void (*open)(struct hws_platform_opening *o, const char *options);
};

/* The end of an attempt; HWS_OK and the desktop, or an error and why (`err` may be NULL). */
void hws_platform_opened(struct hws_platform_opening *o, int r, struct hws_platform *p,
		const struct hws_error *err);
