/* Settings that change while the host runs: all that can be wrong with them is found before the
 * first takes effect, and what only the next start can take keeps its value and is named. */
#include "client/host/hostd.h"
#include "shared/base/log.h"
#include <string.h>

void hws_hostd_apply_access(struct hws_hostd *h, struct hws_cidr_list *whitelist)
{
	struct hws_vault_conf vc;
	struct hws_error err = { 0 }; /* of what has been checked with the settings */

	hws_cidr_list_done(&h->whitelist);
	h->whitelist = *whitelist;
	/* "0.0.0.0" alone switches the check off, as elsewhere */
	h->whitelist_any = !h->whitelist.count;
	for (size_t i = 0; i < h->whitelist.count; i++) {
		static const uint8_t any[16] = { [10] = 0xff, [11] = 0xff };

		if (!memcmp(h->whitelist.item[i].ip, any, 16))
			h->whitelist_any = true;
	}
	hws_settings_vault(h->settings, &vc);
	if (vc.accept != h->vault.conf.accept || vc.v2_only != h->vault.conf.v2_only)
		hws_resume_forget_away(&h->resume_secret);
	hws_vault_configure(&h->vault, &vc);
	h->judge.id_whitelist = h->settings->id_whitelist;
	h->judge.v2_only = h->settings->require_v2;
	if (hws_viewer_keys_parse(h->settings->viewer_keys, &h->viewer_keys, &err) < 0)
		hws_error_log("viewer_keys.refused", HWS_STR("why", err.text));
	hws_log_set_level((enum hws_log_level)h->settings->log_level);
}

int hws_hostd_parse_whitelist(
		const struct hws_settings *s, struct hws_cidr_list *ret, struct hws_error *err)
{
	*ret = (struct hws_cidr_list){ .max = 256 };
	return hws_cidr_list_parse(s->whitelist, ret, err);
}

static void tell_permissions(struct hws_host_session *v, void *arg HWS_UNUSED)
{
	hws_host_session_set_permissions(v);
}

/* What only the next start takes keeps the value in force, so that status tells what is used. */
static int keep_fixed(struct hws_hostd *h, struct hws_settings *fresh, struct hws_error *err)
{
	static const char *const resolved[] = { "state-dir", "control-socket" };
	const struct hws_settings *now = h->settings;
	char *const *mine[] = { &now->state_dir, &now->control_socket };
	char **theirs[] = { &fresh->state_dir, &fresh->control_socket };
	int r = HWS_OK;

	/* where nothing is set the usual places are meant, and found already */
	for (size_t i = 0; i < HWS_COUNT(resolved) && r == HWS_OK; i++)
		if (!**theirs[i])
			r = hws_options_set(
					&hws_settings_options, fresh, resolved[i], *mine[i], err);
	if (r == HWS_OK &&
			hws_options_keep(&hws_settings_options, fresh, now, "", h->restart_needed,
					sizeof(h->restart_needed)) < 0)
		r = hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	if (r == HWS_OK && *h->restart_needed)
		hws_warn("settings.restart_needed", HWS_STR("options", h->restart_needed),
				HWS_STR("text", "these change with the next start only"));
	return r;
}

static void in_force(struct hws_hostd *h, struct hws_cidr_list *whitelist)
{
	hws_hostd_apply_access(h, whitelist);
	hws_hostd_each(h, tell_permissions, NULL);
	hws_agents_configure(h->agents);
}

void hws_hostd_manage(struct hws_hostd *h)
{
	struct hws_managed *m = &h->managed;
	struct hws_error err = { 0 };
	struct hws_cidr_list whitelist;
	int r = hws_strategy_lift(&m->over, h->settings);

	if (r == HWS_OK)
		r = hws_strategy_lay(&m->now, h->settings, &m->over);
	if (r == HWS_OK)
		r = hws_hostd_parse_whitelist(h->settings, &whitelist, &err);
	if (r < 0) {
		hws_error_log("strategy.not_applied", HWS_ERR("why", r));
		return;
	}
	in_force(h, &whitelist);
	hws_managed_log(m);
}

/* All that can be wrong is done before anything changes. */
int hws_hostd_reload(struct hws_hostd *h, struct hws_error *err)
{
	struct hws_settings fresh;
	struct hws_strategy_over over = { 0 };
	struct hws_cidr_list whitelist = { 0 };
	int rest, r = hws_settings_load(&fresh, h->argc, h->argv, false, &rest, err);

	if (r < 0)
		return r;
	r = keep_fixed(h, &fresh, err);
	if (r == HWS_OK && hws_strategy_lay(&h->managed.now, &fresh, &over) < 0)
		r = hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	if (r == HWS_OK)
		r = hws_hostd_parse_whitelist(&fresh, &whitelist, err);
	if (r < 0) {
		hws_cidr_list_done(&whitelist);
		hws_strategy_over_done(&over);
		hws_settings_done(&fresh);
		return r;
	}
	hws_settings_done(h->settings);
	*h->settings = fresh;
	hws_strategy_over_done(&h->managed.over);
	h->managed.over = over;
	in_force(h, &whitelist);
	hws_report_changed(h->report); /* 'strategies' may be another */
	hws_info("settings.reloaded");
	return HWS_OK;
}
