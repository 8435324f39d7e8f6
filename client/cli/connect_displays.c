/* Displays come and change at the host's own pace: what was asked for is there when a picture of
 * that size is, and a refusal is a box like any other. */
#include "client/cli/connect_displays.h"
#include "client/cli/cli.h"
#include "client/cli/png_file.h"
#include "shared/base/macros.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <string.h>

#define DISPLAYS_MAX 32u

static int parse_display(struct connect_displays_wish *w)
{
	uint32_t n = 0;

	if (hws_str_equal(w->display_text, "all")) {
		w->all = true;
		return CLI_OK;
	}
	if (hws_str_equal(w->display_text, "windows")) {
		w->windows = true;
		return CLI_OK;
	}
	if (*w->display_text && (hws_parse_u32(w->display_text, &n) < 0 || n > DISPLAYS_MAX))
		return cli_fail(CLI_USAGE, "--display takes a number from 0 to %u, all or windows",
				DISPLAYS_MAX);
	w->display = n;
	return CLI_OK;
}

static int parse_resolution(struct connect_displays_wish *w)
{
	char copy[40], *x;
	uint16_t width, height;

	if (!*w->resolution_text)
		return CLI_OK;
	if (hws_str_copy(copy, sizeof(copy), w->resolution_text) == 0 && (x = strchr(copy, 'x'))) {
		*x = 0;
		if (hws_parse_u16(copy, &width) == 0 && hws_parse_u16(x + 1, &height) == 0 &&
				width && height) {
			w->width = width;
			w->height = height;
			return CLI_OK;
		}
	}
	return cli_fail(CLI_USAGE, "--resolution takes WIDTHxHEIGHT, like 1920x1080");
}

int connect_displays_check(struct connect_displays_wish *w)
{
	int status = parse_display(w);

	if (status == CLI_OK)
		status = parse_resolution(w);
	if (status == CLI_OK && w->all && w->width)
		return cli_fail(CLI_USAGE,
				"--resolution is of one display: it does not go with --display all");
	if (status == CLI_OK && (w->all || w->windows) && w->follow)
		return cli_fail(CLI_USAGE, "--display %s shows all: there is nothing to --follow",
				w->display_text);
	return status;
}

/* In the order of the option's words: none, pointer, window, both. */
int connect_displays_options(const struct connect_displays_wish *w, hawser_session *s)
{
	const struct {
		enum hawser_option option;
		bool on;
	} options[] = {
		{ HAWSER_OPTION_ALL_DISPLAYS, w->all },
		{ HAWSER_OPTION_FOLLOW_CURSOR, w->follow & 1 },
		{ HAWSER_OPTION_FOLLOW_WINDOW, w->follow & 2 },
		{ HAWSER_OPTION_BLOCK_INPUT, w->block_input },
	};
	int r = HAWSER_OK;

	for (size_t i = 0; i < HWS_COUNT(options) && r == HAWSER_OK; i++)
		if (options[i].on)
			r = hawser_session_set_option(s, options[i].option, 1);
	return r;
}

static void print_list(const struct hawser_peer *peer)
{
	for (size_t i = 0; i < peer->display_count; i++) {
		const struct hawser_display *d = hawser_display_at(peer, i);
		printf("display n=%zu place=%d,%d size=%dx%d original=%dx%d current=%s sizes=",
				i + 1, d->x, d->y, d->width, d->height, d->original.width,
				d->original.height, i == peer->current_display ? "yes" : "no");
		for (size_t k = 0; k < d->size_count; k++)
			printf("%s%dx%d", k ? "," : "", d->sizes[k].width, d->sizes[k].height);
		/* last: a host names them as it likes */
		printf(" name=%s\n", d->name);
	}
	fflush(stdout);
}

static int no_such_display(const struct hawser_peer *peer, unsigned wanted)
{
	return cli_fail(CLI_USAGE, "the host has %zu display%s; --display %u is not one of them",
			peer->display_count, peer->display_count == 1 ? "" : "s", wanted);
}

/* What is done once for each connection. */
static int begin(struct connect_displays *d, hawser_session *s, const struct hawser_peer *peer)
{
	const struct connect_displays_wish *w = d->wish;
	int r = HAWSER_OK;

	d->first_count = peer->display_count;
	d->asked = d->sized = d->dark = d->switching = false;
	memset(d->seen, 0, sizeof(d->seen));
	if (w->virtual_display)
		r = hawser_session_plug_display(s, 1, true);
	if (r == HAWSER_OK && w->privacy)
		r = hawser_session_privacy(s, true);
	return r < 0 ? cli_fail(CLI_FAILED, "%s", hawser_last_error()) : CLI_OK;
}

static bool awaits_virtual(const struct connect_displays *d)
{
	return d->wish->virtual_display && d->count <= d->first_count;
}

int connect_displays_listed(struct connect_displays *d, hawser_session *s,
		const struct hawser_peer *peer, bool ready)
{
	const struct connect_displays_wish *w = d->wish;
	size_t before = d->shown, want = w->display ? w->display - 1 : peer->current_display;
	int status = CLI_OK;

	d->count = peer->display_count;
	if (w->list)
		print_list(peer);
	if (ready)
		status = begin(d, s, peer);
	if (status != CLI_OK)
		return status;
	if (ready && want >= d->count && !awaits_virtual(d))
		return no_such_display(peer, w->display);
	/* Later the host's list, and what is followed, decide. */
	if (d->switching && d->shown < d->count && peer->current_display != d->shown)
		return CLI_OK;
	d->switching = false;
	d->shown = peer->current_display;
	if (!d->asked && !awaits_virtual(d)) {
		if (want >= d->count)
			return no_such_display(peer, w->display);
		d->asked = true;
		d->switching = want != peer->current_display;
		d->shown = want;
		/* a picture that came before counts, unless another one is on its way */
		d->sized = !d->switching && !w->width && want < HWS_COUNT(d->seen) && d->seen[want];
		if (d->switching && hawser_session_switch_display(s, want) < 0)
			return cli_fail(CLI_FAILED, "%s", hawser_last_error());
		if (w->width && hawser_session_resize_display(s, want, w->width, w->height) < 0)
			return cli_fail(CLI_FAILED, "%s", hawser_last_error());
	} else if (!ready && d->shown != before && !w->all) {
		cli_fail(0, "showing display %zu of %zu", d->shown + 1, d->count);
	}
	return CLI_OK;
}

bool connect_displays_frame(
		struct connect_displays *d, size_t display, uint32_t width, uint32_t height)
{
	const struct connect_displays_wish *w = d->wish;

	if (display < HWS_COUNT(d->seen))
		d->seen[display] = true;
	if (display == d->shown && (!w->width || (width == w->width && height == w->height)))
		d->sized = true;
	return d->asked && !connect_displays_awaited(d);
}

const char *connect_displays_awaited(const struct connect_displays *d)
{
	if (awaits_virtual(d))
		return "another display";
	if (d->wish->privacy && !d->dark)
		return "the host's monitors to be dark";
	for (size_t i = 0; d->wish->all && i < d->count && i < HWS_COUNT(d->seen); i++)
		if (!d->seen[i])
			return "a picture of each display";
	if (!d->sized)
		return d->wish->width ? "a picture of that size" : "a picture";
	return NULL;
}

int connect_displays_privacy(struct connect_displays *d, const struct hawser_event *ev)
{
	bool is_mode = ev->u.privacy.what == HAWSER_PRIVACY_MODE;

	if (ev->u.privacy.error == HAWSER_OK) {
		d->dark = is_mode ? ev->u.privacy.on : d->dark;
		return CLI_OK;
	}
	if (is_mode ? !d->wish->privacy : !d->wish->block_input)
		return CLI_OK; /* of another viewer: the end of the session says it */
	return cli_fail(CLI_DENIED, "%s", ev->u.privacy.text);
}

int connect_displays_message(struct connect_displays *d, const char *title, const char *text)
{
	bool wished = (d->wish->width && !d->sized && strcmp(title, "Resolution") == 0) ||
			(awaits_virtual(d) && strcmp(title, "Virtual display") == 0);

	return wished ? cli_fail(CLI_DENIED, "the host says: %s", text) : CLI_OK;
}

/* --- files ------------------------------------------------------------------------------------ */

static int save_one(hawser_session *s, size_t display, const char *path)
{
	struct hawser_frame f = HAWSER_FRAME_INIT;

	if (hawser_session_lock_frame(s, display, &f) < 0)
		return cli_fail(CLI_TIMEOUT, "there is no picture of display %zu to save",
				display + 1);
	int status = cli_png_write(path, &f);
	hawser_session_unlock_frame(s, display);
	return status;
}

/* FILE.png becomes FILE-2.png. */
static int numbered(char *buf, size_t size, const char *path, size_t number)
{
	const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
	size_t stem = dot && dot > (slash ? slash : path) ? (size_t)(dot - path) : strlen(path);

	return hws_fmt(buf, size, "%.*s-%zu%s", (int)stem, path, number, path + stem);
}

int connect_displays_save(const struct connect_displays *d, hawser_session *s, const char *path)
{
	char name[4200];
	int status = CLI_OK;

	if (!d->wish->all)
		return save_one(s, d->shown, path);
	for (size_t i = 0; i < d->count && status == CLI_OK; i++)
		status = numbered(name, sizeof(name), path, i + 1) < 0
				? cli_fail(CLI_FILE, "%.80s...: that name is too long", path)
				: save_one(s, i, name);
	return status;
}
