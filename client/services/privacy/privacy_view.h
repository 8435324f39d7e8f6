/* privacy/privacy_view: at the viewer: what the host says of its dark monitors and its blocked
 * input. */
#pragma once
#include "client/core/viewer.h"

struct hws_privacy_news {
	bool is_input;    /* else the monitors */
	bool on;          /* so it is now */
	bool by_other;    /* another viewer has them dark: who only looked on has to go */
	int result;       /* HWS_OK, or why it is not as it was wished */
	const char *text; /* a sentence; "" = as it was wished */
};

typedef void (*hws_privacy_news_fn)(const struct hws_privacy_news *n, void *arg);

int hws_privacy_view_new(
		hws_privacy_news_fn fn, void *arg, struct hws_service **ret) HWS_MUST_CHECK;
