/* api/fleet: its settings, questions to one server, and what others read. The thread that asks all
 * of them is in fleet_watch.c. */
#include "admin/api/fleet_parts.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#define CALL_US (3 * HWS_US_PER_S)

static int add_relay(const char *path, void *arg)
{
	struct adi_fleet *f = arg;

	if (f->relays == ADI_RELAYS_MAX)
		return HWS_ERR_FULL;
	return hws_str_copy(f->relay[f->relays++], sizeof(f->relay[0]), path);
}

/* Where a server of this machine has its control socket if nobody says otherwise. */
static int guess(const struct adi_app *app, const char *program, char *buf, size_t size)
{
	struct stat st;

	/* not in a folder where anybody could have put it */
	if (stat(app->servers_dir, &st) < 0 || (st.st_mode & S_IWOTH))
		return HWS_ERR_DENIED;
	return hws_fmt(buf, size, "%s/%s/control.sock", app->servers_dir, program);
}

static int find_sockets(struct adi_fleet *f, const struct adi_config *c)
{
	int r = hws_str_copy(f->rendezvous, sizeof(f->rendezvous), c->rendezvous_control);

	if (r == HWS_OK)
		r = hws_str_each(c->relay_control, ',', add_relay, f);
	if (r < 0)
		return r;
	f->rendezvous_guessed = !*f->rendezvous &&
			guess(f->app, ADI_RENDEZVOUS_NAME, f->rendezvous, sizeof(f->rendezvous)) ==
					HWS_OK;
	f->relay_guessed = !f->relays &&
			guess(f->app, ADI_RELAY_NAME, f->relay[0], sizeof(f->relay[0])) == HWS_OK;
	f->relays += f->relay_guessed;
	return HWS_OK;
}

bool adi_fleet_has(const struct adi_fleet *f, enum adi_other which)
{
	const char *path = which == ADI_RENDEZVOUS ? f->rendezvous : f->relay[0];
	bool guessed = which == ADI_RENDEZVOUS ? f->rendezvous_guessed : f->relay_guessed;
	struct stat st;

	return *path && (!guessed || (stat(path, &st) == 0 && S_ISSOCK(st.st_mode)));
}

int adi_fleet_new(struct adi_app *app, struct adi_fleet **ret, struct hws_error *err)
{
	struct adi_fleet *f = hws_alloc(sizeof(*f));
	int r;

	if (!f)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	f->app = app;
	f->state.direct_share = (double)NAN;
	pthread_mutex_init(&f->lock, NULL);
	r = find_sockets(f, app->conf);
	if (r < 0)
		r = hws_error_set(err, r,
				"rendezvous-control, relay-control: a path is too long, or there are "
				"more than %u",
				ADI_RELAYS_MAX);
	f->state.rendezvous_set = adi_fleet_has(f, ADI_RENDEZVOUS);
	if (r == HWS_OK && adi_series_new(&f->series) < 0)
		r = hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	if (r == HWS_OK && adi_fleet_watch(f) < 0)
		r = hws_error_set(err, HWS_ERR_NOMEM, "the system starts no thread");
	if (r < 0) {
		adi_fleet_free(f);
		return r;
	}
	*ret = f;
	return HWS_OK;
}

void adi_fleet_free(struct adi_fleet *f)
{
	if (!f)
		return;
	adi_fleet_unwatch(f);
	json_decref(f->pairs);
	adi_series_free(f->series);
	pthread_mutex_destroy(&f->lock);
	hws_free(f);
}

/* --- calls ------------------------------------------------------------------------------------ */

/* As errors are called in answers (hws_err_name). */
static int code_of(const char *name)
{
	static const int codes[] = { HWS_ERR_NOTFOUND, HWS_ERR_EXISTS, HWS_ERR_INVAL,
		HWS_ERR_DENIED, HWS_ERR_UNSUPPORTED, HWS_ERR_BUSY, HWS_ERR_FULL };

	for (size_t i = 0; i < HWS_COUNT(codes) && name; i++) {
		if (strcasecmp(name, hws_err_name(codes[i])) == 0)
			return codes[i];
	}
	return HWS_ERR_STORE;
}

int adi_fleet_ask(const char *path, const char *program, const json_t *req, json_t **ret,
		struct hws_error *err)
{
	json_t *o = json_deep_copy(req), *answer = NULL;
	int r;

	if (!o || json_object_set_new(o, "for", json_string(program)) < 0) {
		json_decref(o);
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	}
	r = hws_control_call(path, o, CALL_US, &answer, err);
	json_decref(o);
	if (r < 0) {
		err->code = HWS_ERR_UNREACHABLE;
		return HWS_ERR_UNREACHABLE;
	}
	if (json_is_true(json_object_get(answer, "ok"))) {
		*ret = answer;
		return HWS_OK;
	}
	const char *text = json_string_value(json_object_get(answer, "text"));

	r = hws_error_set(err, code_of(json_string_value(json_object_get(answer, "error"))), "%s",
			text ? text : "it refuses");
	json_decref(answer);
	return r;
}

static int ask(struct adi_fleet *f, enum adi_other which, const json_t *req, json_t **ret,
		struct hws_error *err)
{
	return which == ADI_RENDEZVOUS
			? adi_fleet_ask(f->rendezvous, ADI_RENDEZVOUS_NAME, req, ret, err)
			: adi_fleet_ask(f->relay[0], ADI_RELAY_NAME, req, ret, err);
}

int adi_fleet_call(struct adi_fleet *f, enum adi_other which, const json_t *req, json_t **ret,
		struct hws_error *err)
{
	if (!adi_fleet_has(f, which))
		return hws_error_set(err, HWS_ERR_NOTFOUND, "no %s is set",
				which == ADI_RENDEZVOUS ? "rendezvous-control" : "relay-control");
	return ask(f, which, req, ret, err);
}

int adi_fleet_order(struct adi_fleet *f, enum adi_other which, json_t *req)
{
	struct hws_error err = { 0 };
	json_t *answer = NULL;
	/* whether or not its socket is there: one that was found by itself goes with its server */
	int r = req ? ask(f, which, req, &answer, &err) : HWS_ERR_NOMEM;
	const char *cmd = json_string_value(json_object_get(req, "cmd"));

	if (r < 0 && r != HWS_ERR_NOTFOUND)
		hws_warn_limited("order_not_taken", HWS_STR("cmd", cmd ? cmd : ""),
				HWS_STR("text", err.text));
	json_decref(answer);
	json_decref(req);
	return r == HWS_ERR_NOTFOUND ? HWS_OK : r;
}

/* --- what others read ------------------------------------------------------------------------- */

void adi_fleet_state(struct adi_fleet *f, struct adi_fleet_state *ret)
{
	pthread_mutex_lock(&f->lock);
	*ret = f->state;
	pthread_mutex_unlock(&f->lock);
}

const char *adi_relay_label(const struct adi_relay_state *y)
{
	return *y->address ? y->address : y->control;
}

struct adi_series *adi_fleet_series(struct adi_fleet *f)
{
	return f->series;
}

/* "198.51.100.7:4711" or "[2001:db8::1]:4711" against an address without a port. */
static bool is_at(const json_t *leg, const char *ip)
{
	const char *s = json_string_value(leg);
	size_t n = strlen(ip);

	if (!s || !n)
		return false;
	s += *s == '[';
	return strncmp(s, ip, n) == 0 && (s[n] == ':' || s[n] == ']') &&
			(s[n] == ']' || !strchr(s + n + 1, ':'));
}

bool adi_fleet_relayed(struct adi_fleet *f, const char *ip_a, const char *ip_b)
{
	bool found = false;
	json_t *pair;
	size_t i;

	pthread_mutex_lock(&f->lock);
	json_array_foreach (f->pairs, i, pair) {
		const json_t *a = json_object_get(pair, "a"), *b = json_object_get(pair, "b");

		found |= (is_at(a, ip_a) && is_at(b, ip_b)) || (is_at(a, ip_b) && is_at(b, ip_a));
	}
	pthread_mutex_unlock(&f->lock);
	return found;
}
