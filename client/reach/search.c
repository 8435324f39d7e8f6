/* Each place has a reach of its own, which knows nothing of the others. A server that does not know
 * the ID, is away or wants another key gives the turn to the next at once; one that is silent after
 * the head start. The host is asked by one server at a time, where that is possible: two would cost
 * it two holes. */
#include "client/reach/search.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/net/srv.h"

/* A server that knows the ID answers when its host has, within two round trips. */
#define HEAD_US (400 * HWS_US_PER_MS)

/* So long the answer of DNS about a name's SRV records is waited for before the name itself is
 * tried. */
#define SRV_US (300 * HWS_US_PER_MS)
#define PORT 21116
#define RUNS_MAX (2 * HWS_SERVERS_MAX)
#define WORDS_MAX 200 /* of the one failure that is told in full */

enum stage { WAITS, ASKS, RUNS, FAILED }; /* ASKS: for SRV records */

struct run {
	struct hws_search *search;
	size_t server;                    /* of the list */
	char place[HWS_SERVER_ADDR_TEXT]; /* a target of SRV records; "" = as the list names it */
	bool asked;                       /* for such */
	struct hws_srv_find *find;
	struct hws_timer srv_wait;
	enum stage stage;
	struct hws_reach *reach;
	struct hws_error error;
	struct hws_verdict verdict; /* with FAILED */
};

struct hws_search {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_reach_conf conf;
	void (*on_progress)(const char *text, void *arg);
	void (*on_better)(void *arg);
	void *arg;
	hws_search_cb done;
	struct hws_server_list servers;
	size_t count; /* of runs: at least one */
	struct run run[RUNS_MAX];
	struct run *offered; /* or taken */
	struct hws_timer head;
	struct hws_deferred deferred;
	bool over;
};

static const struct hws_server_entry *server_of(const struct run *r)
{
	const struct hws_search *s = r->search;

	return s->servers.count ? &s->servers.entry[r->server] : NULL;
}

static struct hws_search_by by_of(const struct run *r)
{
	return (struct hws_search_by){ server_of(r), r->place };
}

static void stop_find(struct run *r)
{
	hws_timer_stop(&r->srv_wait);
	hws_srv_find_cancel(r->find);
	r->find = NULL;
}

static void stop(struct run *r, enum stage stage)
{
	stop_find(r);
	hws_reach_free(r->reach);
	r->reach = NULL;
	r->stage = stage;
}

/* --- all have failed -------------------------------------------------------------------------- */

/* What helps most to know: a word of a server about the host goes before trouble on the way to
 * one, and that before a server that knows nothing. */
static int rank(int code)
{
	switch (code) {
	case HWS_ERR_DENIED:
		return 5;
	case HWS_ERR_OFFLINE:
		return 4;
	case HWS_ERR_KEY:
		return 3;
	case HWS_ERR_NOTFOUND:
		return 1;
	default:
		return 2;
	}
}

static const struct run *worst(const struct hws_search *s)
{
	const struct run *w = &s->run[0];

	for (size_t i = 1; i < s->count; i++) {
		const struct run *r = &s->run[i];

		if (rank(r->error.code) > rank(w->error.code) ||
				(rank(r->error.code) == rank(w->error.code) &&
						r->verdict.answered_ms && !w->verdict.answered_ms))
			w = r;
	}
	return w;
}

static const char *name_of(const struct run *r)
{
	return r->place[0] ? r->place : server_of(r)->text;
}

/* All of them ask for a sign-in: that is this computer's network, and no server's. */
static bool is_portal(const struct hws_search *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->run[i].error.code != HWS_ERR_PORTAL)
			return false;
	return true;
}

/* As many whole sentences of a long text as leave room for others; of one that has none so short,
 * its beginning. */
static size_t first_words(const char *text)
{
	size_t len = strlen(text), end = 0;

	if (len <= WORDS_MAX)
		return len;
	for (size_t i = 0; i + 1 < WORDS_MAX; i++)
		if (text[i] == '.' && text[i + 1] == ' ')
			end = i;
	return end ? end : WORDS_MAX;
}

/* "a.example: the server does not know this ID ...; b.example: connection refused" */
static void explain(const struct hws_search *s, const struct run *w, struct hws_error *ret)
{
	const char *why = w->error.text;
	char text[sizeof(ret->text)];
	size_t len;

	*ret = w->error;
	if (s->count == 1 || is_portal(s))
		return;
	hws_error_set(ret, w->error.code, "%.60s%s%.*s", strstr(why, name_of(w)) ? "" : name_of(w),
			strstr(why, name_of(w)) ? "" : ": ", (int)first_words(why), why);
	for (size_t i = 0; i < s->count; i++) {
		if (&s->run[i] == w)
			continue;
		len = strlen(ret->text);
		if (hws_fmt(text, sizeof(text), "; %.60s: %s", name_of(&s->run[i]),
				    hws_err_text(s->run[i].error.code)) == HWS_OK &&
				len + strlen(text) < sizeof(ret->text))
			memcpy(ret->text + len, text, strlen(text) + 1);
	}
}

static void tell_failure(struct hws_search *s)
{
	const struct run *w = worst(s);
	struct hws_reached how = { .verdict = &w->verdict };
	struct hws_search_by by = by_of(w);

	explain(s, w, &how.error);
	s->done(how.error.code, &how, &by, s->arg);
}

/* --- the turns -------------------------------------------------------------------------------- */

static void on_reached(int r, const struct hws_reached *how, void *arg);

static void on_progress(const char *text, void *arg)
{
	const struct run *r = arg;
	const struct hws_search *s = r->search;

	if (s->on_progress && !s->offered)
		s->on_progress(text, s->arg);
}

static void on_better(void *arg)
{
	const struct run *r = arg;

	if (r->search->on_better && r->search->offered == r)
		r->search->on_better(r->search->arg);
}

static int start_reach(struct run *r, struct hws_error *err)
{
	struct hws_search *s = r->search;
	struct hws_reach_conf conf = s->conf;
	const struct hws_server_entry *server = server_of(r);
	int res;

	if (server) {
		conf.server = name_of(r);
		conf.key = server->key;
		conf.token = server->token_secret;
		conf.token_by_tls = server->token_by_tls && !r->place[0];
	}
	conf.on_progress = on_progress;
	conf.on_better = on_better;
	conf.arg = r;
	res = hws_reach_start(s->loop, s->work, &conf, on_reached, &r->reach, err);
	r->stage = res < 0 ? FAILED : RUNS;
	return res;
}

static bool any_runs(const struct hws_search *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->run[i].stage == RUNS || s->run[i].stage == ASKS)
			return true;
	}
	return false;
}

/* A server has answered: it knows the host, and its reach is under way. */
static bool any_answered(const struct hws_search *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->run[i].stage == RUNS && hws_reach_verdict(s->run[i].reach)->answered_ms)
			return true;
	}
	return false;
}

static void on_head(void *arg);
static int start_run(struct run *r, struct hws_error *err);

static bool any_waits(const struct hws_search *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->run[i].stage == WAITS)
			return true;
	}
	return false;
}

/* The next one that can begin; false: there is none. */
static bool start_next(struct hws_search *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct run *r = &s->run[i];

		if (r->stage == WAITS && start_run(r, &r->error) == HWS_OK) {
			if (any_waits(s))
				hws_timer_start(s->loop, &s->head, HEAD_US, on_head, s);
			return true;
		}
	}
	return false;
}

static void on_head(void *arg)
{
	struct hws_search *s = arg;

	if (s->offered)
		return;
	if (any_answered(s)) /* its ways may all fail yet */
		hws_timer_start(s->loop, &s->head, HEAD_US, on_head, s);
	else
		start_next(s);
}

/* --- SRV records: places of one server -------------------------------------------------------- */

/* What begins next, or the end if nothing can. */
static void go_on(struct hws_search *s)
{
	if (!start_next(s) && !any_runs(s))
		tell_failure(s);
}

static void fail_run(struct run *r, int why, const char *text)
{
	hws_error_set(&r->error, why, "%s", text);
	stop(r, FAILED);
	go_on(r->search);
}

static int join_place(const struct hws_srv_target *t, char *buf, size_t size)
{
	return hws_host_port_join(t->host, t->port, buf, size);
}

/* The first place is this run's, if it has not begun; the others stand behind all that wait. */
static void take_places(struct run *r, const struct hws_srv *found)
{
	struct hws_search *s = r->search;
	size_t i = 0;

	if (r->stage == ASKS && join_place(&found->target[0], r->place, sizeof(r->place)) == HWS_OK)
		i++;
	for (; i < found->count && s->count < RUNS_MAX; i++) {
		struct run *more = &s->run[s->count];

		*more = (struct run){ .search = s, .server = r->server, .asked = true };
		if (join_place(&found->target[i], more->place, sizeof(more->place)) == HWS_OK)
			s->count++;
	}
}

static void on_srv(int res, const struct hws_srv *found, void *arg)
{
	struct run *r = arg;
	struct hws_search *s = r->search;
	bool waited = r->stage == ASKS;

	r->find = NULL;
	hws_timer_stop(&r->srv_wait);
	if (res == HWS_OK && found->count > 0)
		take_places(r, found);
	if (waited && res == HWS_OK && found->count == 0)
		fail_run(r, HWS_ERR_NOTFOUND,
				"the name's SRV record says that there is no such server");
	else if (waited && start_reach(r, &r->error) < 0)
		go_on(s);
	else if (any_waits(s) && !s->offered && !hws_timer_active(&s->head))
		hws_timer_start(s->loop, &s->head, HEAD_US, on_head, s);
}

/* DNS takes its time: the name itself is tried beside it. */
static void on_srv_wait(void *arg)
{
	struct run *r = arg;

	if (start_reach(r, &r->error) < 0)
		go_on(r->search);
}

static bool may_have_srv(const struct run *r)
{
	struct hws_server_addr addr;

	return server_of(r) && !r->asked && !r->search->conf.proxy &&
			hws_server_addr_parse(server_of(r)->text, PORT, &addr) == HWS_OK &&
			addr.srv;
}

static int start_run(struct run *r, struct hws_error *err)
{
	struct hws_search *s = r->search;

	if (!may_have_srv(r))
		return start_reach(r, err);
	r->asked = true;
	if (hws_srv_find(s->loop, s->work, HWS_RENDEZVOUS_SERVICE, server_of(r)->text, on_srv, r,
			    &r->find) < 0)
		return start_reach(r, err);
	r->stage = ASKS;
	hws_timer_start(s->loop, &r->srv_wait, SRV_US, on_srv_wait, r);
	return HWS_OK;
}

/* --- ways ------------------------------------------------------------------------------------- */

static void offer(struct run *r, const struct hws_reached *how)
{
	struct hws_search *s = r->search;
	struct hws_search_by by = by_of(r);

	/* the others may be asked again, should none of its ways be taken */
	for (size_t i = 0; i < s->count; i++) {
		if (&s->run[i] != r && s->run[i].stage != FAILED)
			stop(&s->run[i], WAITS);
	}
	stop_find(r);
	hws_timer_stop(&s->head);
	s->offered = r;
	s->done(HWS_OK, how, &by, s->arg);
}

static void on_reached(int res, const struct hws_reached *how, void *arg)
{
	struct run *r = arg;
	struct hws_search *s = r->search;

	if (res == HWS_OK) {
		offer(r, how);
		return;
	}
	r->error = how->error;
	r->error.code = res;
	if (how->verdict)
		r->verdict = *how->verdict;
	/* its name may have places that DNS has not told yet: they are left out */
	stop(r, FAILED);
	s->offered = NULL;
	go_on(s);
}

/* --- life ------------------------------------------------------------------------------------- */

static void free_search(void *arg)
{
	hws_free(arg);
}

int hws_search_start(struct hws_loop *loop, struct hws_work *work,
		const struct hws_search_conf *conf, hws_search_cb done, struct hws_search **ret,
		struct hws_error *err)
{
	struct hws_search *s = hws_alloc(sizeof(*s));

	if (!s)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	s->loop = loop;
	s->work = work;
	s->conf = conf->reach;
	s->on_progress = conf->reach.on_progress;
	s->on_better = conf->reach.on_better;
	s->arg = conf->reach.arg;
	s->done = done;
	if (!conf->reach.address)
		s->servers = *conf->servers;
	s->count = HWS_MAX(s->servers.count, (size_t)1);
	for (size_t i = 0; i < s->count; i++)
		s->run[i] = (struct run){ .search = s, .server = i };
	if (!start_next(s)) {
		struct hws_error why;

		explain(s, worst(s), &why);
		hws_free(s);
		return hws_error_set(err, why.code, "%s", why.text);
	}
	*ret = s;
	return HWS_OK;
}

void hws_search_take(struct hws_search *s)
{
	if (s->offered)
		hws_reach_take(s->offered->reach);
}

bool hws_search_reject(struct hws_search *s, int why)
{
	struct run *r = s->offered;

	if (!r || !r->reach)
		return false;
	if (hws_reach_reject(r->reach, why))
		return true;
	r->verdict = *hws_reach_verdict(r->reach);
	hws_error_set(&r->error, why, "what answered there was not the host: %s",
			hws_err_text(why));
	stop(r, FAILED);
	if (!start_next(s))
		return false;
	s->offered = NULL;
	return true;
}

const struct hws_verdict *hws_search_verdict(const struct hws_search *s)
{
	if (s->offered)
		return s->offered->reach ? hws_reach_verdict(s->offered->reach)
					 : &s->offered->verdict;
	return &worst(s)->verdict;
}

void hws_search_free(struct hws_search *s)
{
	if (!s || s->over)
		return;
	s->over = true;
	hws_timer_stop(&s->head);
	for (size_t i = 0; i < s->count; i++)
		stop(&s->run[i], FAILED);
	hws_loop_defer(s->loop, &s->deferred, free_search, s);
}
