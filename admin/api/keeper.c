/* api/keeper: a failure of the database is no reason to stop: everything here is tried again. */
#include "admin/api/keeper.h"
#include "admin/api/alarms.h"
#include "admin/api/audit_mark.h"
#include "admin/api/presence.h"
#include "admin/api/recordings.h"
#include "admin/data/audit.h"
#include "admin/data/changes.h"
#include "admin/data/conn_log.h"
#include "admin/data/device_facts.h"
#include "admin/data/factors.h"
#include "admin/data/flows.h"
#include "admin/data/leases.h"
#include "admin/data/links.h"
#include "admin/data/login_log.h"
#include "admin/data/reports.h"
#include "admin/data/sessions.h"
#include "admin/data/switch.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include <errno.h>
#include <pthread.h>
#include <time.h>

#define POLL_MS 1000
#define WRITE_MS (30ll * 1000)
#define TIDY_MS (30ll * 1000)
#define LEASE "tidy"
#define LEASE_MS (90ll * 1000)
#define LOGIN_DAYS 180u /* so long an address is known to an account */
#define FORGET_MAX 200u /* devices at a time */
#define TRIM_MAX 5000u  /* events at a time: others wait for the chain meanwhile */

struct adi_keeper {
	struct adi_app *app;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool started, stop;
	char holder[DAT_GUID_TEXT];
	int64_t wrote_at, tidied_at;
};

/* --- tidying ---------------------------------------------------------------------------------- */

static int end_lost(struct adi_keeper *k, struct sql_conn *c, int64_t now)
{
	int64_t n = 0;
	int r = dat_conn_lost(c, now, &n);

	(void)k;
	if (r == HWS_OK && n)
		hws_info("connections_lost", HWS_I64("count", n));
	return r;
}

static int forget_nonces(struct adi_keeper *k, struct sql_conn *c, int64_t now)
{
	(void)k;
	return dat_nonce_trim(c, now);
}

static int trim_changes(struct adi_keeper *k, struct sql_conn *c, int64_t now)
{
	(void)k;
	(void)now;
	return dat_changes_trim(c);
}

static int trim_sessions(struct adi_keeper *k, struct sql_conn *c, int64_t now)
{
	int64_t n;

	(void)k;
	return dat_session_sweep(c, now, &n);
}

static int trim_logins(struct adi_keeper *k, struct sql_conn *c, int64_t now)
{
	int64_t n;

	(void)k;
	return dat_login_sweep(c, LOGIN_DAYS, now, &n);
}

static int trim_flows(struct adi_keeper *k, struct sql_conn *c, int64_t now)
{
	int64_t n;
	int r = dat_flow_sweep(c, now, &n);

	(void)k;
	return r == HWS_OK ? dat_link_sweep(c, now, &n) : r;
}

static int trim_grants(struct adi_keeper *k, struct sql_conn *c, int64_t now)
{
	int64_t n;

	(void)k;
	return dat_switch_sweep(c, now, &n);
}

static int trim_factors(struct adi_keeper *k, struct sql_conn *c, int64_t now)
{
	(void)k;
	return dat_factors_sweep(c, now);
}

static int forget_devices(struct adi_keeper *k, struct sql_conn *c, int64_t now)
{
	struct adi_settings s;
	int64_t n = 0;
	int r;

	adi_app_settings(k->app, c, &s);
	if (!s.forget_unseen_days)
		return HWS_OK;
	r = dat_device_forget(c, now - s.forget_unseen_days * DAT_DAY_MS, FORGET_MAX, &n);
	if (r == HWS_OK && n)
		hws_info("devices_forgotten", HWS_I64("count", n));
	return r;
}

static int trim_audit(struct adi_keeper *k, struct sql_conn *c, int64_t now)
{
	struct adi_settings s;
	int64_t n = 0, before;
	int r;

	adi_app_settings(k->app, c, &s);
	if (!s.audit_days)
		return HWS_OK;
	before = now - s.audit_days * DAT_DAY_MS;
	r = dat_audit_trim(c, k->app->keys, before, TRIM_MAX, &n);
	/* and the reports that such events tell of */
	return r == HWS_OK ? dat_reports_sweep(c, before, &n) : r;
}

#define UPLOAD_IDLE_MS (7 * DAT_DAY_MS)

static int trim_recordings(struct adi_keeper *k, struct sql_conn *c, int64_t now)
{
	struct adi_settings s;

	adi_app_settings(k->app, c, &s);
	return adi_recordings_tidy(k->app->recordings, k->app->keys, c,
			s.recording_days ? now - s.recording_days * DAT_DAY_MS : 0,
			now - UPLOAD_IDLE_MS, now);
}

static int look_at_certificate(struct adi_keeper *k, struct sql_conn *c, int64_t now)
{
	adi_alarm_certificate(k->app, c, atomic_load(&k->app->certificate_ends_at), now);
	return HWS_OK;
}

static int look_at_room(struct adi_keeper *k, struct sql_conn *c, int64_t now)
{
	(void)now;
	return adi_alarm_recordings(k->app, c);
}

static int tell_gathered(struct adi_keeper *k, struct sql_conn *c, int64_t now)
{
	return adi_alarm_gathered(k->app, c, now);
}

static int (*const tidy_jobs[])(struct adi_keeper *, struct sql_conn *, int64_t) = {
	end_lost,
	forget_nonces,
	trim_changes,
	trim_sessions,
	trim_logins,
	trim_flows,
	trim_grants,
	trim_factors,
	trim_audit,
	trim_recordings,
	look_at_certificate,
	look_at_room,
	tell_gathered,
	forget_devices,
};

static void tidy(struct adi_keeper *k, struct sql_conn *c, int64_t now)
{
	int r = dat_lease_take(c, LEASE, k->holder, now, LEASE_MS);

	for (size_t i = 0; i < HWS_COUNT(tidy_jobs) && r == HWS_OK; i++) {
		int one = tidy_jobs[i](k, c, now);

		/* one that fails does not keep the others from their work */
		if (one < 0)
			hws_warn_limited(
					"tidying_failed", HWS_U64("job", i), HWS_ERR("error", one));
	}
}

/* --- the thread ------------------------------------------------------------------------------- */

static void write_seen(struct adi_keeper *k, struct sql_conn *c)
{
	struct adi_presence *p = k->app->presence;
	struct adi_presence_stats s;
	bool more = true;
	int r = HWS_OK;

	adi_presence_stats(p, &s);
	/* as many as there are, once: they go on reporting while this writes */
	for (uint64_t n = 0; n <= s.devices && more && r == HWS_OK; n += ADI_PRESENCE_BATCH)
		r = adi_presence_write(p, c, &more);
	if (r < 0)
		hws_warn_limited("presence_not_written", HWS_ERR("error", r));
}

static void work(struct adi_keeper *k, bool last)
{
	int64_t now = adi_now();
	struct sql_conn *c;

	if (sql_take(k->app->db, &c) < 0)
		return;
	adi_app_settings(k->app, c, &(struct adi_settings){ 0 }); /* for who may not wait */
	if (adi_presence_poll(k->app->presence, c) < 0)
		hws_debug("changes_not_read");
	adi_audit_mark_keep(k->app->audit_mark, c, k->app->keys);
	if (last || now - k->wrote_at >= WRITE_MS || now < k->wrote_at) {
		k->wrote_at = now;
		write_seen(k, c);
	}
	if (!last && (now - k->tidied_at >= TIDY_MS || now < k->tidied_at)) {
		k->tidied_at = now;
		tidy(k, c, now);
	}
	if (last && dat_lease_end(c, LEASE, k->holder) < 0)
		hws_debug("lease_not_given_up");
	sql_give(c);
}

/* False: it is to stop. */
static bool sleep_some(struct adi_keeper *k)
{
	struct timespec until;
	bool stop;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += POLL_MS / 1000;
	pthread_mutex_lock(&k->lock);
	while (!k->stop && pthread_cond_timedwait(&k->wake, &k->lock, &until) != ETIMEDOUT)
		;
	stop = k->stop;
	pthread_mutex_unlock(&k->lock);
	return !stop;
}

static void *run(void *arg)
{
	struct adi_keeper *k = arg;

	do {
		work(k, false);
	} while (sleep_some(k));
	work(k, true);
	return NULL;
}

int adi_keeper_new(struct adi_app *app, struct adi_keeper **ret)
{
	struct adi_keeper *k = hws_alloc(sizeof(*k));
	pthread_condattr_t attr;

	if (!k)
		return HWS_ERR_NOMEM;
	k->app = app;
	k->wrote_at = adi_now();
	hws_rand_uuid(k->holder, sizeof(k->holder));
	pthread_mutex_init(&k->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&k->wake, &attr);
	pthread_condattr_destroy(&attr);
	k->started = pthread_create(&k->thread, NULL, run, k) == 0;
	if (!k->started) {
		adi_keeper_free(k);
		return HWS_ERR_NOMEM;
	}
	*ret = k;
	return HWS_OK;
}

void adi_keeper_free(struct adi_keeper *k)
{
	if (!k)
		return;
	pthread_mutex_lock(&k->lock);
	k->stop = true;
	pthread_cond_signal(&k->wake);
	pthread_mutex_unlock(&k->lock);
	if (k->started)
		pthread_join(k->thread, NULL);
	pthread_cond_destroy(&k->wake);
	pthread_mutex_destroy(&k->lock);
	hws_free(k);
}
