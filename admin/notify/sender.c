/* notify/sender: takes, sends, tells the result; one after the other, so that a mail server is not
 * flooded and a slow webhook delays notices only. */
#include "admin/notify/sender.h"
#include "admin/data/alarms.h"
#include "shared/base/bucket.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"

#include <pthread.h>
#include <time.h>

#define LOOK_S 1
#define CLAIM_MS 120000ll /* longer than a sending may take */
#define PAUSE_MS 5000
#define SWEEP_MS (3600ll * 1000)
#define KEEP_MS (7ll * DAT_DAY_MS)
#define BURST 20u

struct ntf_sender {
	struct ntf_conf conf;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop, look; /* with lock */
	struct hws_bucket mails;
	int64_t swept_at;
	struct dat_notice notice;
};

static int64_t now_ms(void)
{
	return (int64_t)(hws_wall_us() / HWS_US_PER_MS);
}

static bool stopped(void *arg)
{
	struct ntf_sender *s = arg;
	bool stop;

	pthread_mutex_lock(&s->lock);
	stop = s->stop;
	pthread_mutex_unlock(&s->lock);
	return stop;
}

static int take(struct ntf_sender *s)
{
	struct sql_conn *c = NULL;
	int64_t now = now_ms();
	int r = sql_take(s->conf.db, &c);

	if (r == HWS_OK)
		r = dat_notice_take(c, s->conf.keys, now, now + CLAIM_MS, &s->notice);
	sql_give(c);
	return r;
}

static void settle(struct ntf_sender *s, int sent, bool for_good, const char *why)
{
	struct sql_conn *c = NULL;
	int r = sql_take(s->conf.db, &c);

	if (r == HWS_OK)
		r = sent == HWS_OK ? dat_notice_sent(c, s->notice.guid, now_ms())
				   : dat_notice_failed(c, s->notice.guid, why, for_good, now_ms());
	sql_give(c);
	if (r < 0) /* then it is sent once more when its time comes */
		hws_warn("notice.not_settled", HWS_ERR("error", r));
}

static void put_off(struct ntf_sender *s, int64_t at)
{
	struct sql_conn *c = NULL;
	int r = sql_take(s->conf.db, &c);

	if (r == HWS_OK)
		r = dat_notice_put_off(c, s->notice.guid, at);
	sql_give(c);
	if (r < 0) /* its claim ends by itself */
		hws_warn("notice.not_put_off", HWS_ERR("error", r));
}

/* More mails than the limit wait a little. */
static bool may_mail(struct ntf_sender *s)
{
	if (s->notice.way != DAT_BY_MAIL || hws_bucket_take(&s->mails, 60, hws_clock_us()))
		return true;
	put_off(s, now_ms() + PAUSE_MS);
	return false;
}

static void send_one(struct ntf_sender *s)
{
	struct hws_error err = { 0 };
	bool for_good = false;
	int r;

	if (!may_mail(s))
		return;
	r = ntf_send(&s->conf, &s->notice, &for_good, &err);
	if (r == HWS_ERR_CANCELED) {
		put_off(s, now_ms());
		return;
	}
	if (r < 0)
		hws_warn("notice.failed",
				HWS_STR("way", s->notice.way == DAT_BY_MAIL ? "mail" : "webhook"),
				HWS_STR("kind", s->notice.kind), HWS_I64("tries", s->notice.tries),
				HWS_BOOL("given_up",
						for_good || s->notice.tries >= DAT_NOTICE_TRIES),
				HWS_STR("text", err.text));
	else
		hws_info("notice.sent", HWS_STR("kind", s->notice.kind));
	settle(s, r, for_good, err.text);
}

static void sweep(struct ntf_sender *s)
{
	struct sql_conn *c = NULL;
	int64_t now = now_ms();

	if (now - s->swept_at < SWEEP_MS || sql_take(s->conf.db, &c) < 0)
		return;
	s->swept_at = now;
	if (dat_notice_sweep(c, now - KEEP_MS) < 0 || dat_alarm_sweep(c, now - KEEP_MS) < 0)
		hws_warn("notice.not_swept");
	sql_give(c);
}

static void *run(void *arg)
{
	struct ntf_sender *s = arg;
	struct timespec until;

	while (!stopped(s)) {
		while (!stopped(s) && take(s) == HWS_OK)
			send_one(s);
		hws_wipe(&s->notice, sizeof(s->notice));
		sweep(s);
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += LOOK_S;
		pthread_mutex_lock(&s->lock);
		while (!s->stop && !s->look &&
				pthread_cond_timedwait(&s->wake, &s->lock, &until) == 0)
			;
		s->look = false;
		pthread_mutex_unlock(&s->lock);
	}
	return NULL;
}

int ntf_sender_new(const struct ntf_conf *conf, struct ntf_sender **ret, struct hws_error *err)
{
	struct ntf_sender *s = hws_alloc(sizeof(*s));
	uint32_t rate = conf->mails_per_minute ? conf->mails_per_minute : 60;
	pthread_condattr_t attr;

	if (!s)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	s->conf = *conf;
	s->conf.cancelled = stopped;
	s->conf.arg = s;
	/* a mail costs 60: the rate is of a minute */
	hws_bucket_init(&s->mails, rate, 60ull * BURST, hws_clock_us());
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->wake, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&s->thread, NULL, run, s) != 0) {
		pthread_cond_destroy(&s->wake);
		pthread_mutex_destroy(&s->lock);
		hws_free(s);
		return hws_error_set(err, HWS_ERR_SYS, "cannot start a thread for notices");
	}
	*ret = s;
	return HWS_OK;
}

void ntf_sender_free(struct ntf_sender *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->lock);
	hws_free_wiped(s, sizeof(*s));
}

void ntf_sender_wake(struct ntf_sender *s)
{
	pthread_mutex_lock(&s->lock);
	s->look = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}
