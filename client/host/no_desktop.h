/* host/no_desktop: what a viewer reads while there is nothing to show. */
#pragma once
#include <stdbool.h>
#include <stdio.h>

/* The reason, as one sentence; unless it is a `lasting` one it begins with words that make viewers
 * try again. Returns buf. */
static inline char *hws_no_desktop_text(char *buf, size_t size, bool lasting, const char *why)
{
	if (lasting)
		snprintf(buf, size, "%s", why);
	else
		snprintf(buf, size, "The host has no usable display at the moment%s%s",
				why && *why ? ": " : "", why ? why : "");
	return buf;
}
