/* One viewer at a time has the monitors dark, and nobody else is let in meanwhile: the others would
 * see what it does not want to be seen. Devices are blocked while any viewer wishes it. Both end
 * with the viewer, with its permission, and by the platform's own doing with this process. */
#include "client/services/privacy/privacy_host.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/version.h"

#define PRV(state) SES__BACK_NOTIFICATION__PRIVACY_MODE_STATE__Prv##state
#define BLK(state) SES__BACK_NOTIFICATION__BLOCK_INPUT_STATE__Blk##state
#define YES SES__OPTION_MESSAGE__BOOL_OPTION__Yes
#define NO SES__OPTION_MESSAGE__BOOL_OPTION__No
#define IMPL_MAX 64

struct privacy_viewer {
	struct hws_host_viewer *g;
	bool blocks;
};

struct hws_privacy_host {
	struct hws_host_service service;
	struct hws_host_env env;
	struct hws_screens *screens; /* NULL: nothing of it can be done */
	struct privacy_viewer viewer[HWS_HOST_VIEWERS_MAX];
	struct hws_host_viewer *owner; /* of the darkness, also while it is asked for; NULL */
	bool dark;                     /* it has come */
	bool revoked;                  /* it ends because the person took the permission */
	struct hws_host_viewer *asker; /* whose wish is under way; NULL */
	bool asked_dark;               /* it is darkness, else light */
	bool then_light;               /* was wished meanwhile */
	char impl[IMPL_MAX];           /* how the owner named it */
	bool blocked;
};

static struct hws_privacy_host *of(struct hws_host_service *s)
{
	return hws_container(s, struct hws_privacy_host, service);
}

static void audit(struct hws_privacy_host *h, const struct hws_host_viewer *g, const char *what,
		int result)
{
	hws_host_audit(&h->env, g, &(struct hws_audit_event){ .what = what, .result = result });
}

/* --- what is told --- */

static void notify(struct hws_host_viewer *g, Ses__BackNotification *n)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;

	misc.union_case = SES__MISC__UNION_BACK_NOTIFICATION;
	misc.back_notification = n;
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	hws_host_viewer_tell(g, &m);
}

static void tell_privacy(struct hws_host_viewer *g, Ses__BackNotification__PrivacyModeState state,
		const char *details, const char *impl)
{
	Ses__BackNotification n = SES__BACK_NOTIFICATION__INIT;

	n.union_case = SES__BACK_NOTIFICATION__UNION_PRIVACY_MODE_STATE;
	n.privacy_mode_state = state;
	n.details = (char *)(uintptr_t)details;
	n.impl_key = (char *)(uintptr_t)impl;
	notify(g, &n);
}

static void tell_block(struct hws_host_viewer *g, Ses__BackNotification__BlockInputState state,
		const char *details)
{
	Ses__BackNotification n = SES__BACK_NOTIFICATION__INIT;

	n.union_case = SES__BACK_NOTIFICATION__UNION_BLOCK_INPUT_STATE;
	n.block_input_state = state;
	n.details = (char *)(uintptr_t)details;
	notify(g, &n);
}

static struct hws_host_viewer *who_is(struct hws_privacy_host *h, uint64_t who)
{
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (h->viewer[i].g && hws_host_viewer_mark(h->viewer[i].g) == who)
			return h->viewer[i].g;
	return NULL;
}

/* --- darkness --- */

static void darkened(struct hws_privacy_host *h, struct hws_host_viewer *g, int r, const char *why)
{
	if (g != h->owner)
		return; /* has left, and it was taken back */
	audit(h, g, "privacy.on", r);
	if (r < 0) {
		h->owner = NULL;
		tell_privacy(g, PRV(OnFailed), why, h->impl);
		return;
	}
	h->dark = true;
	tell_privacy(g, PRV(OnSucceeded), "", h->impl);
	/* deployed viewers go by themselves when they hear it; others are not asked */
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		struct hws_host_viewer *o = h->viewer[i].g;
		if (!o || o == g)
			continue;
		tell_privacy(o, PRV(OnByOther), "", h->impl);
		if (o->dismiss)
			o->dismiss(o);
	}
}

static void lit(struct hws_privacy_host *h, struct hws_host_viewer *g, int r, const char *why)
{
	if (g != h->owner)
		return;
	if (r < 0) {
		tell_privacy(g, PRV(OffFailed), why, h->impl);
		return;
	}
	audit(h, g, "privacy.off", r);
	h->owner = NULL;
	h->dark = false;
	tell_privacy(g, h->revoked ? PRV(OffByPeer) : PRV(OffSucceeded), "", h->impl);
}

/* One at a time: an answer does not say what it is for. */
static void ask(struct hws_privacy_host *h, struct hws_host_viewer *g, bool dark)
{
	h->asker = g;
	h->asked_dark = dark;
	h->then_light = false;
	hws_screens_blank(h->screens, dark, hws_host_viewer_mark(g));
}

static void ask_light(struct hws_privacy_host *h, struct hws_host_viewer *g)
{
	if (!h->asker)
		ask(h, g, false);
	else if (h->asked_dark)
		h->then_light = true;
}

static void darken(struct hws_privacy_host *h, struct hws_host_viewer *g, const char *impl)
{
	if (!hws_host_viewer_may(g, HWS_PERM_PRIVACY_MODE)) {
		tell_privacy(g, PRV(OnFailedDenied), "", impl);
	} else if (h->owner && h->owner != g) {
		tell_privacy(g, PRV(OnFailed), "another viewer has it on", impl);
	} else if (h->owner && h->dark) {
		tell_privacy(g, PRV(OnSucceeded), "", h->impl);
	} else if (!h->owner && h->asker) {
		tell_privacy(g, PRV(OnFailed), "the last wish is not done yet", impl);
	} else if (!h->owner) {
		h->owner = g;
		h->revoked = false;
		if (hws_str_copy(h->impl, sizeof(h->impl), impl) < 0)
			h->impl[0] = 0;
		ask(h, g, true);
	}
}

static void light(struct hws_privacy_host *h, struct hws_host_viewer *g, const char *impl)
{
	if (h->owner && h->owner != g)
		tell_privacy(g, PRV(OffFailed), "another viewer has it on", impl);
	else if (!h->owner)
		tell_privacy(g, PRV(OffSucceeded), "", impl);
	else
		ask_light(h, g);
}

/* False: the table's answer is told, which says that there is none here. */
static bool toggle(struct hws_privacy_host *h, struct hws_host_viewer *g, bool on, const char *impl)
{
	if (on &&
			!(hws_host_viewer_may(g, HWS_PERM_PRIVACY_MODE) &&
					hws_host_viewer_may(
							g, HWS_PERM_KEYBOARD))) { /* who looks on */
		tell_privacy(g, PRV(OnFailedDenied), "", impl);
		return true;
	}
	if (!h->screens || !h->screens->can_blank)
		return false;
	if (on)
		darken(h, g, impl);
	else
		light(h, g, impl);
	return true;
}

/* --- devices --- */

static bool any_blocks(const struct hws_privacy_host *h)
{
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (h->viewer[i].g && h->viewer[i].blocks)
			return true;
	return false;
}

static void set_block(struct hws_privacy_host *h, struct hws_host_viewer *g, bool on)
{
	bool may = hws_host_viewer_may(g, HWS_PERM_KEYBOARD) &&
			hws_host_viewer_may(g, HWS_PERM_BLOCK_INPUT);
	struct privacy_viewer *w = &h->viewer[g->slot];

	if (!may || !h->screens) {
		tell_block(g, on ? BLK(OnFailed) : BLK(OffFailed),
				may ? "This host cannot block its input" : "No permission");
		return;
	}
	if (w->blocks != on)
		audit(h, g, on ? "input.block" : "input.unblock", HWS_OK);
	w->blocks = on;
	if (on == h->blocked || (!on && any_blocks(h)))
		return;
	h->blocked = on;
	hws_screens_block(h->screens, on, hws_host_viewer_mark(g));
}

/* Not said when it succeeds: viewers take it for granted. */
static void blocked(struct hws_privacy_host *h, int r, const char *why)
{
	if (r >= 0)
		return;
	h->blocked = false;
	for (unsigned i = 0; i < HWS_HOST_VIEWERS_MAX; i++) {
		struct privacy_viewer *w = &h->viewer[i];
		if (w->g && w->blocks) {
			w->blocks = false;
			tell_block(w->g, BLK(OnFailed), why);
		}
	}
}

/* --- what the platform tells --- */

static void on_done(enum hws_screens_act act, uint64_t who, int r, const char *why, void *arg)
{
	struct hws_privacy_host *h = arg;
	struct hws_host_viewer *g = who_is(h, who);

	if (act == HWS_SCREENS_BLOCK) {
		if (r < 0 && h->blocked) /* a later wish may be under way */
			hws_screens_block(h->screens, false, 0);
		blocked(h, r, why);
		return;
	}
	if (!g || g != h->asker)
		return;
	h->asker = NULL;
	if (!h->asked_dark) {
		lit(h, g, r, why);
		return;
	}
	darkened(h, g, r, why);
	if (h->then_light && h->owner == g)
		ask(h, g, false);
}

static void on_over(enum hws_screens_act act, const char *why, void *arg)
{
	struct hws_privacy_host *h = arg;
	struct hws_host_viewer *g = h->owner;

	if (act == HWS_SCREENS_BLOCK) {
		blocked(h, HWS_ERR_BUSY, why);
		return;
	}
	if (!g || !h->dark)
		return;
	audit(h, g, "privacy.lost", HWS_ERR_DISPLAY);
	h->owner = NULL;
	h->dark = false;
	tell_privacy(g, PRV(OffUnknown), why, h->impl);
}

/* --- viewers --- */

static const char *obstacle(struct hws_host_service *s)
{
	return of(s)->owner ? "Someone turns on privacy mode, exit" : NULL;
}

static void on_join(struct hws_host_service *s, struct hws_host_viewer *g)
{
	of(s)->viewer[g->slot] = (struct privacy_viewer){ .g = g };
}

static void stop_blocking(struct hws_privacy_host *h, struct hws_host_viewer *g)
{
	struct privacy_viewer *w = &h->viewer[g->slot];

	if (!w->blocks)
		return;
	w->blocks = false;
	audit(h, g, "input.unblock", HWS_OK);
	if (any_blocks(h) || !h->blocked)
		return;
	h->blocked = false;
	hws_screens_block(h->screens, false, 0);
}

static void on_leave(struct hws_host_service *s, struct hws_host_viewer *g)
{
	struct hws_privacy_host *h = of(s);

	stop_blocking(h, g);
	h->viewer[g->slot].g = NULL;
	if (h->asker == g)
		h->asker = NULL;
	if (h->owner != g)
		return;
	h->owner = NULL;
	h->dark = false;
	audit(h, g, "privacy.off", HWS_OK);
	hws_screens_blank(h->screens, false, 0);
}

/* The person at the host takes back what was allowed. */
static void on_update(struct hws_host_service *s, struct hws_host_viewer *g)
{
	struct hws_privacy_host *h = of(s);

	if (!hws_host_viewer_may(g, HWS_PERM_KEYBOARD) ||
			!hws_host_viewer_may(g, HWS_PERM_BLOCK_INPUT))
		stop_blocking(h, g);
	if (h->owner == g && !h->revoked &&
			!(hws_host_viewer_may(g, HWS_PERM_PRIVACY_MODE) &&
					hws_host_viewer_may(g, HWS_PERM_KEYBOARD))) {
		h->revoked = true;
		ask_light(h, g);
	}
}

static bool on_message(struct hws_host_service *s, struct hws_host_viewer *g, const Ses__Message *m)
{
	struct hws_privacy_host *h = of(s);
	const Ses__Misc *misc = m->union_case == SES__MESSAGE__UNION_MISC ? m->misc : NULL;

	if (!misc || misc->union_case != SES__MISC__UNION_TOGGLE_PRIVACY_MODE ||
			h->viewer[g->slot].g != g)
		return false;
	return toggle(h, g, misc->toggle_privacy_mode->on, misc->toggle_privacy_mode->impl_key);
}

/* Of old viewers, which have no message for it. */
static void old_toggle(struct hws_privacy_host *h, struct hws_host_viewer *g, bool on)
{
	if (!hws_host_viewer_may(g, HWS_PERM_KEYBOARD))
		tell_privacy(g, on ? PRV(OnFailedDenied) : PRV(OffFailed), "", "");
	else if (!toggle(h, g, on, ""))
		tell_privacy(g, on ? PRV(NotSupported) : PRV(OffFailed), on ? "" : "Not supported",
				"");
}

static void on_option(
		struct hws_host_service *s, struct hws_host_viewer *g, const Ses__OptionMessage *o)
{
	struct hws_privacy_host *h = of(s);

	if (h->viewer[g->slot].g != g)
		return;
	if (o->block_input == YES || o->block_input == NO)
		set_block(h, g, o->block_input == YES);
	if (g->version < HWS_V_MULTI_DISPLAY && (o->privacy_mode == YES || o->privacy_mode == NO))
		old_toggle(h, g, o->privacy_mode == YES);
}

static void describe(struct hws_host_service *s, Ses__PeerInfo *info)
{
	const struct hws_privacy_host *h = of(s);

	if (info->features)
		info->features->privacy_mode = h->screens && h->screens->can_blank;
}

static int privacy_new(const struct hws_host_env *env, struct hws_host_service **ret)
{
	struct hws_privacy_host *h = hws_alloc(sizeof(*h));

	if (!h)
		return HWS_ERR_NOMEM;
	h->service.impl = &hws_privacy_host_service;
	h->env = *env;
	h->screens = env->platform->screens;
	if (h->screens)
		h->screens->person = (struct hws_screens_events){ on_done, on_over, h };
	*ret = &h->service;
	return HWS_OK;
}

static void privacy_free(struct hws_host_service *s)
{
	struct hws_privacy_host *h = of(s);

	if (h->screens)
		h->screens->person = (struct hws_screens_events){ 0 };
	hws_free(h);
}

const struct hws_host_service_impl hws_privacy_host_service = {
	.id = HWS_SERVICE_PRIVACY,
	.name = "privacy",
	.kinds = HWS_KIND_BIT(HWS_KIND_REMOTE),
	.new = privacy_new,
	.free = privacy_free,
	.join = on_join,
	.leave = on_leave,
	.update = on_update,
	.message = on_message,
	.option = on_option,
	.describe = describe,
	.obstacle = obstacle,
};
