/* The words that `hawser connect` has for them, too. */
#include "client/gtk/launch.h"
#include "shared/base/macros.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <string.h>

static bool parse_display(const char *text, struct gui_launch *l)
{
	if (hws_str_equal(text, "all")) {
		l->all_displays = true;
		return true;
	}
	if (hws_str_equal(text, "windows")) {
		l->windows = true;
		return true;
	}
	if (hws_parse_u32(text, &l->display) == 0 && l->display <= 32)
		return true;
	fprintf(stderr, "hawser-desktop: --display is a number from 0 to 32, all or windows, not '%s'\n",
			text);
	return false;
}

static bool parse_resolution(const char *text, struct gui_launch *l)
{
	char copy[40], *x;
	uint16_t width, height;

	if (hws_str_copy(copy, sizeof(copy), text) == 0 && (x = strchr(copy, 'x'))) {
		*x = 0;
		if (hws_parse_u16(copy, &width) == 0 && hws_parse_u16(x + 1, &height) == 0 &&
				width && height) {
			l->width = width;
			l->height = height;
			return true;
		}
	}
	fprintf(stderr, "hawser-desktop: --resolution is WIDTHxHEIGHT, not '%s'\n", text);
	return false;
}

static bool parse_follow(const char *text, struct gui_launch *l)
{
	static const char *const words[] = { "none", "pointer", "window", "both" };

	for (unsigned i = 0; i < HWS_COUNT(words); i++)
		if (hws_str_equal(text, words[i])) {
			l->follow = i;
			return true;
		}
	fprintf(stderr, "hawser-desktop: --follow is none, pointer, window or both, not '%s'\n",
			text);
	return false;
}

bool gui_launch_displays(const char *display, const char *resolution, const char *follow,
		struct gui_launch *l)
{
	return (!display || parse_display(display, l)) &&
			(!resolution || parse_resolution(resolution, l)) &&
			(!follow || parse_follow(follow, l));
}
