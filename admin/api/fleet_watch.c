/* api/fleet: the thread that asks. A server that does not answer costs it a few seconds, nobody
 * else anything. */
#include "admin/api/alarms.h"
#include "admin/api/fleet_parts.h"
#include "admin/api/orders.h"
#include "admin/api/presence.h"
#include "admin/data/audit.h"
#include "admin/data/conn_log.h"
#include "admin/data/relays.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ASK_S 5
#define RELAY_PORT 21117
#define LIST_MS (30ll * 1000)
#define LIST_PAGE 999
#define LIST_PAGES_MAX 200u
#define PAIRS_MAX 2000
#define WINDOW_MS (300ll * 1000) /* of shares and rates */
#define MINUTE_MS (60ll * 1000)

static uint64_t number(const json_t *o, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(o, key));

	return n > 0 ? (uint64_t)n : 0;
}

static int ask(const char *path, const char *program, const char *cmd, json_t **ret,
		struct hws_error *err)
{
	json_t *req = json_pack("{s:s}", "cmd", cmd);
	int r = req ? adi_fleet_ask(path, program, req, ret, err) : HWS_ERR_NOMEM;

	json_decref(req);
	return r;
}

static void add_problem(struct adi_fleet_state *st, const char *text)
{
	if (st->problems < HWS_COUNT(st->problem) &&
			hws_str_copy(st->problem[st->problems], sizeof(st->problem[0]), text) ==
					HWS_OK)
		st->problems++;
}

/* --- the rendezvous server -------------------------------------------------------------------- */

/* Shares and rates of the last minutes, from the difference to the oldest sample in them. */
static void judge(struct adi_fleet *f, struct adi_fleet_state *st, struct adi_sample now)
{
	struct adi_sample old;

	if (f->samples &&
			(now.answered < f->sample[f->samples - 1].answered ||
					now.failed < f->sample[f->samples - 1].failed))
		f->samples = 0; /* it was started anew */
	while (f->samples && (now.at - f->sample[0].at > WINDOW_MS || f->samples == ADI_SAMPLES)) {
		f->samples--;
		memmove(f->sample, f->sample + 1, f->samples * sizeof(f->sample[0]));
	}
	f->sample[f->samples++] = now;
	old = f->sample[0];
	if (now.answered > old.answered) {
		uint64_t n = now.answered - old.answered, relayed = now.relayed - old.relayed;

		st->direct_share = relayed < n ? (double)(n - relayed) / (double)n : 0;
	}
	/* as many as there were in the last minute: one of ten seconds is not six */
	for (size_t i = 0; i < f->samples; i++) {
		if (now.at - f->sample[i].at > MINUTE_MS)
			continue;
		st->failures_per_min = (double)(now.failed - f->sample[i].failed);
		break;
	}
}

static void ask_rendezvous(struct adi_fleet *f, struct adi_fleet_state *st)
{
	struct hws_error err = { 0 };
	json_t *o = NULL, *n;
	char text[200];

	st->direct_share = (double)NAN;
	if (!st->rendezvous_set)
		return;
	if (ask(f->rendezvous, ADI_RENDEZVOUS_NAME, "stats", &o, &err) < 0) {
		if (hws_fmt(text, sizeof(text), "The ID server of this machine does not answer.") ==
				HWS_OK)
			add_problem(st, text);
		return;
	}
	st->rendezvous_alive = true;
	st->online = number(o, "online");
	n = json_object_get(o, "counters");
	judge(f, st,
			(struct adi_sample){ st->at, number(n, "answered"), number(n, "relayed"),
					number(n, "absent") + number(n, "offline") +
							number(n, "failed") +
							number(n, "auth_failures") });
	json_decref(o);
}

/* What the rendezvous server knows of relays, also of those on other machines. */
static void ask_relay_list(struct adi_fleet *f, struct adi_fleet_state *st,
		const struct adi_fleet_state *before)
{
	struct hws_error err = { 0 };
	json_t *o = NULL, *one;
	size_t i;

	if (!st->rendezvous_alive ||
			ask(f->rendezvous, ADI_RENDEZVOUS_NAME, "relays", &o, &err) < 0)
		return;
	json_array_foreach (json_object_get(o, "relays"), i, one) {
		const char *address = json_string_value(json_object_get(one, "relay"));
		const char *state = json_string_value(json_object_get(one, "state"));
		const char *why = json_string_value(json_object_get(one, "error"));
		struct adi_relay_state *y = &st->relay[st->relays];

		if (st->relays == ADI_RELAYS_MAX || !address || !state ||
				hws_str_copy(y->address, sizeof(y->address), address) < 0)
			continue;
		y->checked_at = st->at;
		y->alive = strcmp(state, "up") == 0;
		y->alive_at = y->alive ? st->at : 0;
		for (size_t k = 0; k < before->relays && !y->alive; k++) {
			if (strcmp(before->relay[k].address, address) == 0)
				y->alive_at = before->relay[k].alive_at;
		}
		y->draining = json_is_true(json_object_get(one, "drained"));
		if (why && *why &&
				hws_fmt(y->problem, sizeof(y->problem), "No connection: %s.", why) <
						0)
			y->problem[0] = '\0';
		st->relays++;
	}
	json_decref(o);
}

/* --- relays ----------------------------------------------------------------------------------- */

static json_t *pairs_of(const char *path)
{
	json_t *req = json_pack("{s:s,s:i}", "cmd", "pairs", "limit", PAIRS_MAX);
	struct hws_error err = { 0 };
	json_t *o = NULL, *pairs = NULL;

	if (req && adi_fleet_ask(path, ADI_RELAY_NAME, req, &o, &err) == HWS_OK)
		pairs = json_incref(json_object_get(o, "pairs"));
	json_decref(o);
	json_decref(req);
	return pairs;
}

static void ask_relay(struct adi_fleet_state *st, const struct adi_fleet_state *before,
		const char *path, json_t *pairs)
{
	struct adi_relay_state *y = &st->relay[st->relays];
	struct hws_error err = { 0 };
	json_t *o = NULL, *some;

	if (st->relays == ADI_RELAYS_MAX || hws_str_copy(y->control, sizeof(y->control), path) < 0)
		return;
	st->relays++;
	y->checked_at = st->at;
	for (size_t k = 0; k < before->relays; k++) {
		if (strcmp(before->relay[k].control, path) == 0)
			y->alive_at = before->relay[k].alive_at;
	}
	if (ask(path, ADI_RELAY_NAME, "stats", &o, &err) < 0) {
		if (hws_fmt(y->problem, sizeof(y->problem), "Its control socket does not answer.") <
				0)
			y->problem[0] = '\0';
		return;
	}
	y->alive = true;
	y->alive_at = st->at;
	y->draining = json_is_true(json_object_get(o, "draining"));
	y->sessions = number(o, "pairs");
	y->bytes_per_s = number(o, "bytes_per_s");
	st->relay_sessions += y->sessions;
	st->relay_bytes_per_s += y->bytes_per_s;
	json_decref(o);
	some = pairs_of(path);
	if (some && json_array_extend(pairs, some) < 0)
		hws_debug("pairs_not_kept");
	json_decref(some);
}

static void name_problems(struct adi_fleet_state *st)
{
	for (size_t i = 0; i < st->relays; i++) {
		const struct adi_relay_state *y = &st->relay[i];
		char text[200];

		if (y->alive)
			continue;
		if (hws_fmt(text, sizeof(text), "The relay %s does not answer.",
				    adi_relay_label(y)) < 0)
			continue;
		add_problem(st, text);
	}
}

/* What nobody notices otherwise: all looks well, and no rule counts. An ID server that was started
 * anew asks again long before it is looked at again. */
static bool unlinked(const struct adi_app *app)
{
	return !atomic_load(&app->asked_by) && !app->conf->register_by_reports;
}

const char *adi_fleet_unlinked(const struct adi_fleet *f, const struct adi_fleet_state *st)
{
	if (!st->unlinked || !unlinked(f->app))
		return NULL;
	if (st->rendezvous_alive)
		return "The ID server does not ask here who may connect, so accounts and rules do "
		       "not count: set policy-socket and api-socket in its rendezvous.conf.";
	return st->rendezvous_set
			? NULL
			: "No ID server is connected, so accounts and rules do not count: set "
			  "policy-socket and api-socket in its rendezvous.conf.";
}

/* A relay of this machine that serves is listed, unless the operator lists any: an empty page
 * would say that there is none. */
static int enter_relay(struct adi_fleet *f, struct sql_conn *c, const char *control, int64_t now)
{
	struct dat_relay y = {
		.name = "this machine", .port = RELAY_PORT, .weight = 100, .state = DAT_RELAY_ON
	};
	char guid[DAT_GUID_TEXT];
	struct dat_tx tx;
	int r = gethostname(y.host, sizeof(y.host) - 1) == 0 ? HWS_OK : HWS_ERR_NOTFOUND;

	if (r == HWS_OK)
		r = hws_str_copy(y.control, sizeof(y.control), control);
	if (r == HWS_OK)
		r = dat_tx_begin(&tx, c);
	if (r < 0)
		return r;
	r = dat_relay_add(c, &y, now, guid);
	if (r == HWS_OK)
		r = dat_audit_add(c, f->app->keys,
				&(struct dat_event){ .kind = "relay.add",
						.actor_name = "hawser-api",
						.via = "local",
						.target_kind = "relay",
						.target_guid = guid,
						.target_name = y.name },
				now);
	return dat_tx_end(&tx, r);
}

static int skip_relay(const struct dat_relay *y, void *arg)
{
	(void)y;
	(void)arg;
	return HWS_OK;
}

/* Once in a run: who removes it has seen it. */
static void list_own_relay(struct adi_fleet *f, const struct adi_fleet_state *st)
{
	const struct dat_page one = { .limit = 1 };
	struct sql_conn *c;
	int64_t total = 0;
	int r;

	if (f->relay_listed || !st->relays || !st->relay[0].alive || !*st->relay[0].control ||
			sql_take(f->app->db, &c) < 0)
		return;
	r = dat_relay_list(c, "", one, skip_relay, NULL, &total);
	if (r == HWS_OK && total == 0)
		r = enter_relay(f, c, st->relay[0].control, st->at);
	f->relay_listed = r == HWS_OK || r == HWS_ERR_EXISTS;
	if (r < 0)
		hws_warn_limited("relay_not_listed", HWS_ERR("error", r));
	sql_give(c);
}

/* --- who is on line --------------------------------------------------------------------------- */

/* A page of ids, after the last of the page before; false: that was all, or it failed. */
static bool list_page(struct adi_fleet *f, char after[DAT_ID_TEXT], json_t **ret)
{
	json_t *req = json_pack(
			"{s:s,s:s,s:i}", "cmd", "peers", "after", after, "limit", LIST_PAGE);
	struct hws_error err = { 0 };
	json_t *o = NULL, *list;
	const char *last;
	size_t n;

	if (!req || adi_fleet_ask(f->rendezvous, ADI_RENDEZVOUS_NAME, req, &o, &err) < 0) {
		json_decref(req);
		return false;
	}
	json_decref(req);
	list = json_object_get(o, "peers");
	n = json_array_size(list);
	*ret = json_incref(list);
	last = json_string_value(json_object_get(json_array_get(list, n ? n - 1 : 0), "id"));
	json_decref(o);
	return n == LIST_PAGE && last && hws_str_copy(after, DAT_ID_TEXT, last) == HWS_OK;
}

/* "198.51.100.7:21116" without its port. */
static void cut_port(const char *address, char ip[DAT_IP_TEXT])
{
	const char *from = address + (*address == '[');
	const char *end = *address == '[' ? strchr(from, ']') : strrchr(from, ':');
	size_t n = end ? (size_t)(end - from) : strlen(from);

	n = HWS_MIN(n, (size_t)DAT_IP_TEXT - 1);
	memcpy(ip, from, n);
	ip[n] = '\0';
}

/* Devices that report by themselves are known better; others are at least this: on line. */
static int write_page(struct adi_fleet *f, struct sql_conn *c, const json_t *list, int64_t now)
{
	struct dat_seen *seen = hws_alloc_array(LIST_PAGE, sizeof(*seen));
	char(*ip)[DAT_IP_TEXT] = hws_alloc_array(LIST_PAGE, DAT_IP_TEXT);
	size_t i, n = 0;
	json_t *one;
	int r = seen && ip ? HWS_OK : HWS_ERR_NOMEM;

	json_array_foreach (list, i, one) {
		const char *id = json_string_value(json_object_get(one, "id"));
		const char *at = json_string_value(json_object_get(one, "address"));

		if (r < 0 || n == LIST_PAGE || !id ||
				now - adi_presence_at(f->app->presence, id) < ADI_GONE_MS)
			continue;
		cut_port(at ? at : "", ip[n]);
		seen[n] = (struct dat_seen){ .id = id, .ip = ip[n], .at = now };
		n++;
	}
	if (r == HWS_OK && n)
		r = dat_device_seen(c, seen, n);
	hws_free(seen);
	hws_free(ip);
	return r;
}

static void list_online(struct adi_fleet *f, const struct adi_fleet_state *st)
{
	char after[DAT_ID_TEXT] = "";
	struct sql_conn *c;
	bool more = true;
	int r = HWS_OK;

	if (!st->rendezvous_alive || st->at - f->listed_at < LIST_MS)
		return;
	f->listed_at = st->at;
	if (sql_take(f->app->db, &c) < 0)
		return;
	for (unsigned i = 0; i < LIST_PAGES_MAX && more && r == HWS_OK; i++) {
		json_t *list = NULL;

		more = list_page(f, after, &list);
		if (list)
			r = write_page(f, c, list, st->at);
		json_decref(list);
	}
	if (r < 0)
		hws_warn_limited("online_not_written", HWS_ERR("error", r));
	sql_give(c);
}

/* --- the thread ------------------------------------------------------------------------------- */

static void sample(struct adi_fleet *f, const struct adi_fleet_state *st)
{
	double value[ADI_METRICS];
	int64_t sessions = -1, online = -1;
	struct sql_conn *c;

	if (sql_take(f->app->db, &c) == HWS_OK) {
		if (dat_conn_open_count(c, &sessions) < 0)
			sessions = -1;
		if (dat_device_online_count(c, st->at - ADI_WRITTEN_MS, &online) < 0)
			online = -1;
		sql_give(c);
	}
	value[ADI_ONLINE] = online < 0 ? (double)NAN : (double)online;
	value[ADI_SESSIONS] = sessions < 0 ? (double)NAN : (double)sessions;
	value[ADI_RELAY_BYTES] =
			adi_fleet_has(f, ADI_RELAY) ? (double)st->relay_bytes_per_s : (double)NAN;
	value[ADI_FAILURES] = st->rendezvous_alive ? st->failures_per_min : (double)NAN;
	value[ADI_DIRECT_SHARE] = st->direct_share;
	adi_series_add(f->series, st->at, value);
}

static void look(struct adi_fleet *f)
{
	struct adi_fleet_state *st = hws_alloc(sizeof(*st)), *before = hws_alloc(sizeof(*before));
	json_t *pairs = json_array(), *old;

	if (st && before && pairs) {
		adi_fleet_state(f, before);
		st->at = adi_now();
		st->rendezvous_set = adi_fleet_has(f, ADI_RENDEZVOUS);
		ask_rendezvous(f, st);
		for (size_t i = 0; i < f->relays && adi_fleet_has(f, ADI_RELAY); i++)
			ask_relay(st, before, f->relay[i], pairs);
		ask_relay_list(f, st, before);
		name_problems(st);
		/* else it was just started, as perhaps the others were */
		st->unlinked = before->at && unlinked(f->app);
		sample(f, st);
		adi_alarm_fleet(f->app, before, st);
		pthread_mutex_lock(&f->lock);
		f->state = *st;
		old = f->pairs;
		f->pairs = pairs;
		pthread_mutex_unlock(&f->lock);
		pairs = old;
		if (st->rendezvous_alive) {
			adi_orders_compare(f->app, f);
			adi_orders_bring(f->app, f, true);
		}
		list_online(f, st);
		list_own_relay(f, st);
	}
	json_decref(pairs);
	hws_free(before);
	hws_free(st);
}

static bool sleep_some(struct adi_fleet *f)
{
	struct timespec until;
	bool stop;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ASK_S;
	pthread_mutex_lock(&f->lock);
	while (!f->stop && pthread_cond_timedwait(&f->wake, &f->lock, &until) != ETIMEDOUT)
		;
	stop = f->stop;
	pthread_mutex_unlock(&f->lock);
	return !stop;
}

static void *run(void *arg)
{
	struct adi_fleet *f = arg;

	do {
		look(f);
	} while (sleep_some(f));
	return NULL;
}

int adi_fleet_watch(struct adi_fleet *f)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&f->wake, &attr);
	pthread_condattr_destroy(&attr);
	f->watching = pthread_create(&f->thread, NULL, run, f) == 0;
	return f->watching ? HWS_OK : HWS_ERR_NOMEM;
}

void adi_fleet_unwatch(struct adi_fleet *f)
{
	if (!f->watching)
		return;
	pthread_mutex_lock(&f->lock);
	f->stop = true;
	pthread_cond_signal(&f->wake);
	pthread_mutex_unlock(&f->lock);
	pthread_join(f->thread, NULL);
	pthread_cond_destroy(&f->wake);
	f->watching = false;
}
