/* A viewer is told when the pointer (or the window) has come to another display, not while it stays
 * there: whoever then chooses a display by hand keeps it. */
#include "client/services/displays/follow.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"

#define OWN_MOVE_US (300 * HWS_US_PER_MS)

enum { BY_POINTER, BY_WINDOW, WAYS };

struct hws_follow {
	struct hws_loop *loop;
	struct hws_capture *capture;
	struct hws_cursor *cursor;
	struct hws_host_viewer *viewer[WAYS][HWS_HOST_VIEWERS_MAX]; /* NULL: does not follow */
	int last[WAYS]; /* display where it was last; -1: not known */
	/* What each was told last, or -1: it may be on its way, and not yet be counted there. */
	int told[HWS_HOST_VIEWERS_MAX];
};

static int display_at(const struct hws_follow *f, int x, int y)
{
	unsigned n;
	const struct hws_display *d = hws_capture_displays(f->capture, &n);

	for (unsigned i = 0; i < n; i++)
		if (x >= d[i].x && y >= d[i].y && x < d[i].x + d[i].width &&
				y < d[i].y + d[i].height)
			return (int)i;
	return -1;
}

static void tell(struct hws_host_viewer *g, int display)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;

	misc.union_case = SES__MISC__UNION_FOLLOW_CURRENT_DISPLAY;
	misc.follow_current_display = display;
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	hws_host_viewer_tell(g, &m);
}

static void came(struct hws_follow *f, unsigned way, int x, int y)
{
	int now = display_at(f, x, y);

	if (now < 0 || now == f->last[way])
		return;
	f->last[way] = now;
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		struct hws_host_viewer *g = f->viewer[way][i];
		/* Who sees several sees it anyway; who moves the pointer knows where it is. */
		if (!g || g->many ||
				(g->display == (unsigned)now &&
						(f->told[i] < 0 || f->told[i] == now)))
			continue;
		if (way == BY_POINTER && g->mouse_us &&
				hws_loop_now_us(f->loop) - g->mouse_us < OWN_MOVE_US)
			continue;
		tell(g, now);
		f->told[i] = now;
	}
}

static void on_pointer(int x, int y, void *arg)
{
	came(arg, BY_POINTER, x, y);
}

static void on_window(int x, int y, void *arg)
{
	came(arg, BY_WINDOW, x, y);
}

/* Nobody looks, nothing is asked for. */
static void look(struct hws_follow *f)
{
	bool any[WAYS] = { false };

	for (unsigned way = 0; way < WAYS; way++) {
		for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
			any[way] = any[way] || f->viewer[way][i];
		if (!any[way])
			f->last[way] = -1;
	}
	hws_cursor_follow(f->cursor, any[BY_POINTER], any[BY_WINDOW]);
}

static void set(struct hws_follow *f, unsigned way, struct hws_host_viewer *g,
		Ses__OptionMessage__BoolOption wish)
{
	if (wish == SES__OPTION_MESSAGE__BOOL_OPTION__NotSet)
		return;
	f->viewer[way][g->slot] = wish == SES__OPTION_MESSAGE__BOOL_OPTION__Yes ? g : NULL;
	f->told[g->slot] = -1;
	/* a place that is told again is told to the new one, too */
	f->last[way] = -1;
}

void hws_follow_option(struct hws_follow *f, struct hws_host_viewer *g, const Ses__OptionMessage *o)
{
	const Ses__OptionMessage__BoolOption yes = SES__OPTION_MESSAGE__BOOL_OPTION__Yes;

	if (o->follow_remote_cursor == yes || o->follow_remote_window == yes)
		hws_cursor_follow(f->cursor, false, false); /* for a place at rest, too */
	set(f, BY_POINTER, g, o->follow_remote_cursor);
	set(f, BY_WINDOW, g, o->follow_remote_window);
	look(f);
}

void hws_follow_leave(struct hws_follow *f, struct hws_host_viewer *g)
{
	for (unsigned way = 0; way < WAYS; way++)
		if (f->viewer[way][g->slot] == g)
			f->viewer[way][g->slot] = NULL;
	look(f);
}

int hws_follow_new(const struct hws_host_env *env, struct hws_follow **ret)
{
	struct hws_follow *f = hws_alloc(sizeof(*f));

	if (!f)
		return HWS_ERR_NOMEM;
	f->loop = env->loop;
	f->capture = env->platform->capture;
	f->cursor = env->platform->cursor;
	f->last[BY_POINTER] = f->last[BY_WINDOW] = -1;
	f->cursor->places = (struct hws_cursor_places){ on_pointer, on_window, f };
	*ret = f;
	return HWS_OK;
}

void hws_follow_free(struct hws_follow *f)
{
	if (!f)
		return;
	hws_cursor_follow(f->cursor, false, false);
	f->cursor->places = (struct hws_cursor_places){ 0 };
	hws_free(f);
}
