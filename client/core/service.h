/* core/service: what the viewer's core knows of a service (video, cursor, clipboard): an object that is
 * opened with each login and takes the messages of its rows. Loop thread only. */
#pragma once
#include "proto/session.pb-c.h"
#include "shared/wire/session_table.h"
#include <stdbool.h>
#include <stdint.h>

struct hws_service;

struct hws_service_impl {
	const char *name;
	/* Logged in on a new link: nothing of an older link is valid any more. */
	void (*open)(struct hws_service *s);
	/* Returns true when it keeps `m` (and frees it by hws_ses_free later). */
	bool (*on_message)(struct hws_service *s, Ses__Message *m);
	/* About every second while open. May be NULL. */
	void (*tick)(struct hws_service *s, uint64_t now_us);
	/* The link has gone. */
	void (*close)(struct hws_service *s);
};

/* Embedded first in each service. */
struct hws_service {
	const struct hws_service_impl *impl;
};
