/* core/service: what the viewer's core knows of a service (video, clipboard, chat ...): an object
 * that says what it needs, is opened with each login and takes the messages of its rows. Loop
 * thread only. */
#pragma once
#include "client/core/view_options.h"
#include "proto/session.pb-c.h"
#include "shared/wire/session_table.h"
#include <stdbool.h>
#include <stdint.h>

struct hws_service;
struct hws_viewer;

/* A permission of the host, as a bit of `permissions`: Keyboard, Clipboard ... */
#define HWS_SERVICE_NEEDS(permission) (1u << SES__PERMISSION_INFO__PERMISSION__##permission)

/* What is not said to be needed may be NULL. */
struct hws_service_impl {
	enum hws_service_id id; /* whose rows of wire/session_table it takes; needed */
	const char *name;       /* needed */
	unsigned kinds;         /* HWS_KIND_BIT of the sessions that it belongs to; needed */
	/* HWS_SERVICE_NEEDS: without all of them it neither gets nor sends anything */
	unsigned permissions;
	/* Does the user want it, with these options? */
	bool (*wanted)(const struct hws_view_options *o);
	/* Logged in on a new link: nothing of an older link is valid any more. */
	void (*open)(struct hws_service *s);
	/* Returns true when it keeps `m` (and frees it by hws_ses_free later). */
	bool (*on_message)(struct hws_service *s, Ses__Message *m);
	/* The link was congested and has room again: what hws_viewer_can_send held back may go. */
	void (*drained)(struct hws_service *s);
	/* About every second while open. */
	void (*tick)(struct hws_service *s, uint64_t now_us);
	/* The link has gone. */
	void (*close)(struct hws_service *s);
	/* Of the owner, after the viewer is freed; needed. */
	void (*free)(struct hws_service *s);
};

/* Embedded first in each service. */
struct hws_service {
	const struct hws_service_impl *impl;
	struct hws_viewer *viewer; /* set by hws_viewer_serve; NULL before */
};
