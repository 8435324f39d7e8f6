/* The process that reports: a heartbeat every few seconds, what machine this is when the server
 * asks, and each session as it comes, is let in and goes, in that order. One question at a time, on
 * a thread; what the server answers is read here and goes no further than as numbers, and as the
 * text of a strategy, which is not read here. */
#include "client/host/ipc.h"
#include "client/host/report.h"
#include "client/host/report_facts.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/crypto/base64.h"
#include "shared/crypto/identity.h"
#include "shared/loop/work.h"
#include "shared/sys/sandbox.h"
#include "shared/web/fetch.h"
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_US (500 * HWS_US_PER_MS)
#define BUSY_BEAT_US (3 * HWS_US_PER_S) /* with sessions, as deployed hosts */
#define IDLE_BEAT_US (15 * HWS_US_PER_S)
#define SYSINFO_FIRST_US (3 * HWS_US_PER_S) /* after a question that failed; doubled each time */
#define SYSINFO_US (120 * HWS_US_PER_S)
#define AWAY_FIRST_US (5 * HWS_US_PER_S)
#define AWAY_MOST_US (120 * HWS_US_PER_S)
#define ANSWER_MAX (64u << 10)
#define TIMEOUT_US (12 * HWS_US_PER_S)
#define URL_TEXT 600
#define SESSIONS_MAX 64u
#define POSTS_MAX 256u
#define ENDS_MAX 8u /* of one answer */
#define TRIES_MAX 3u

enum what { BEAT, SYSINFO, AUDIT };

struct seen {
	uint64_t conn, session_id;
	bool open, there;
	unsigned kind;
	char address[64], peer_id[HWS_ID_MAX + 120], peer_name[132], ref[65];
};

/* A record of the audit on its way. */
struct post {
	struct post *next;
	char *body;
	unsigned tries;
	uint64_t due_us;
};

struct report_process {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_ipc *hostd;
	struct hws_timer tick;
	struct hws_report_facts facts;
	char url[URL_TEXT], id[HWS_ID_MAX + 1], uuid[HWS_BASE64_TEXT(64)];
	int64_t strategy_number;                      /* of what is in force here */
	char strategy_nonce[HWS_STRATEGY_NONCE_TEXT]; /* "": none is taken (now) */
	char asked_nonce[HWS_STRATEGY_NONCE_TEXT];    /* of the last heartbeat */
	struct seen seen[SESSIONS_MAX];
	size_t seen_count;
	bool news; /* a session has come, was let in or has gone */
	struct post *first, **last;
	size_t posts, lost;
	uint64_t beat_us, sysinfo_us; /* when the next is due; 0 = now */
	uint64_t sysinfo_pause_us;
	bool wants_sysinfo, away;
	bool known;        /* to the server: what strangers tell of sessions it does not keep */
	uint64_t pause_us; /* while it is away */
	/* The question that is asked now: of the thread until it is done. */
	bool asking;
	enum what what;
	char path[URL_TEXT + 32];
	char *body;
	struct hws_web *web;
	struct hws_fetch_answer answer;
	struct hws_error err;
};

/* --- asking ----------------------------------------------------------------------------------- */

static int ask(void *arg)
{
	struct report_process *p = arg;
	const struct hws_fetch f = { .url = p->path,
		.body = hws_bytes_str(p->body),
		.content_type = "application/json",
		.timeout_us = TIMEOUT_US,
		.connect_us = TIMEOUT_US,
		.answer_max = ANSWER_MAX,
		.flags = HWS_FETCH_PLAIN };

	return hws_fetch(p->web, &f, &p->answer, &p->err);
}

static void on_asked(void *arg, int r);

static void begin(struct report_process *p, enum what what, const char *path, char *body)
{
	if (!body || hws_fmt(p->path, sizeof(p->path), "%s%s", p->url, path) < 0) {
		free(body);
		return;
	}
	p->what = what;
	p->body = body;
	p->asking = hws_work_submit(p->work, p->loop, ask, on_asked, p) == HWS_OK;
	if (!p->asking) {
		free(p->body);
		p->body = NULL;
	}
}

static char *packed(json_t *o)
{
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

	json_decref(o);
	return text;
}

static char *beat_body(struct report_process *p)
{
	json_t *o = json_pack("{s:s,s:s,s:i,s:I,s:s*}", "id", p->id, "uuid", p->uuid, "ver",
			(int)hws_report_version(HAWSER_VERSION), "modified_at",
			(json_int_t)p->strategy_number, "hawser-nonce",
			*p->strategy_nonce ? p->strategy_nonce : NULL);
	json_t *conns = json_array();

	memcpy(p->asked_nonce, p->strategy_nonce, sizeof(p->asked_nonce));
	for (size_t i = 0; i < p->seen_count; i++)
		json_array_append_new(conns, json_integer((json_int_t)p->seen[i].conn));
	if (json_array_size(conns))
		json_object_set(o, "conns", conns);
	json_decref(conns);
	return packed(o);
}

static char *sysinfo_body(const struct report_process *p)
{
	const struct hws_report_facts *f = &p->facts;

	return packed(json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "id", p->id, "uuid", p->uuid,
			"version", HAWSER_VERSION, "hostname", f->hostname, "os", f->os, "cpu",
			f->cpu, "memory", f->memory));
}

/* --- records of sessions ---------------------------------------------------------------------- */

static void drop_first(struct report_process *p)
{
	struct post *x = p->first;

	p->first = x->next;
	if (!p->first)
		p->last = &p->first;
	p->posts--;
	free(x->body);
	hws_free(x);
}

static void post(struct report_process *p, const struct seen *s, json_t *o)
{
	struct post *x = p->posts < POSTS_MAX ? hws_alloc(sizeof(*x)) : NULL;
	char nonce[40];

	p->news = true;
	hws_rand_uuid(nonce, sizeof(nonce));
	if (!x || !o || json_object_set_new(o, "id", json_string(p->id)) < 0 ||
			json_object_set_new(o, "uuid", json_string(p->uuid)) < 0 ||
			json_object_set_new(o, "nonce", json_string(nonce)) < 0 ||
			json_object_set_new(o, "conn_id", json_integer((json_int_t)s->conn)) < 0) {
		json_decref(o);
		hws_free(x);
		p->lost++;
		return;
	}
	x->body = packed(o);
	*p->last = x;
	p->last = &x->next;
	p->posts++;
}

/* What is above the integers of the library goes as its digits, as the server has it then, too. */
static json_t *session_number(uint64_t id)
{
	char text[24];

	if (id <= INT64_MAX)
		return json_integer((json_int_t)id);
	(void)snprintf(text, sizeof(text), "%" PRIu64, id);
	return json_string(text);
}

static void came(struct report_process *p, const struct seen *s)
{
	post(p, s,
			json_pack("{s:i,s:s,s:s,s:s*}", "session_id", 0, "ip", s->address, "action",
					"new", "conn_audit_ref", *s->ref ? s->ref : NULL));
}

static void let_in(struct report_process *p, const struct seen *s)
{
	post(p, s,
			json_pack("{s:o,s:[s,s],s:i}", "session_id", session_number(s->session_id),
					"peer", s->peer_id, s->peer_name, "type", (int)s->kind));
}

static void went(struct report_process *p, const struct seen *s)
{
	post(p, s,
			json_pack("{s:o,s:s}", "session_id", session_number(s->session_id),
					"action", "close"));
}

static struct seen *find(struct report_process *p, uint64_t conn)
{
	for (size_t i = 0; i < p->seen_count; i++)
		if (p->seen[i].conn == conn)
			return &p->seen[i];
	return NULL;
}

static void look_at(struct report_process *p, const Agt__ReportSession *t)
{
	struct seen *s = find(p, t->conn);

	if (!s) {
		if (p->seen_count == SESSIONS_MAX || t->conn > INT32_MAX)
			return;
		s = &p->seen[p->seen_count++];
		*s = (struct seen){ .conn = t->conn };
		(void)snprintf(s->address, sizeof(s->address), "%s", t->address);
		(void)snprintf(s->ref, sizeof(s->ref), "%s", t->ref);
		came(p, s);
	}
	s->there = true;
	if (!t->open || s->open)
		return;
	s->open = true;
	s->kind = t->kind;
	s->session_id = t->session_id;
	(void)snprintf(s->peer_id, sizeof(s->peer_id), "%s", t->peer_id);
	(void)snprintf(s->peer_name, sizeof(s->peer_name), "%s", t->peer_name);
	let_in(p, s);
}

static void take(struct report_process *p, const Agt__ReportState *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->seen_count; i++)
		p->seen[i].there = false;
	for (size_t i = 0; i < t->n_session; i++)
		look_at(p, t->session[i]);
	for (size_t i = 0; i < p->seen_count; i++) {
		if (p->seen[i].there)
			p->seen[kept++] = p->seen[i];
		else
			went(p, &p->seen[i]);
	}
	p->seen_count = kept;
	if (p->news && !p->away)
		p->beat_us = 0;
	p->news = false;
}

/* The server hears soon of another one that is in force, and however often that changes it is not
 * asked more often than with sessions. */
static int take_standing(struct report_process *p, const Agt__ReportState *t)
{
	uint64_t soon = hws_loop_now_us(p->loop) + BUSY_BEAT_US;

	if (t->strategy_number != p->strategy_number && !p->away)
		p->beat_us = HWS_MIN(p->beat_us, soon);
	p->strategy_number = t->strategy_number;
	return hws_str_copy(p->strategy_nonce, sizeof(p->strategy_nonce), t->strategy_nonce);
}

/* --- what the server says --------------------------------------------------------------------- */

static void end_sessions(struct report_process *p, const json_t *list)
{
	size_t n = 0;
	size_t i;
	json_t *v;

	json_array_foreach (list, i, v) {
		Agt__Message m = AGT__MESSAGE__INIT;
		Agt__ReportEnd e = AGT__REPORT_END__INIT;

		if (!json_is_integer(v) || !find(p, (uint64_t)json_integer_value(v)) ||
				n++ == ENDS_MAX)
			continue;
		e.conn = (uint64_t)json_integer_value(v);
		m.union_case = AGT__MESSAGE__UNION_REPORT_END;
		m.report_end = &e;
		if (p->hostd && hws_ipc_send(p->hostd, &m, -1) < 0)
			hws_ipc_close(p->hostd, HWS_ERR_SYS);
	}
}

/* Each question is for one answer: until hostd has another one nothing more is passed on. */
static void pass_strategy(struct report_process *p, const json_t *strategy)
{
	const json_t *extra = json_object_get(strategy, "extra");
	const char *text = json_string_value(json_object_get(extra, "hawser-text"));
	const char *sig = json_string_value(json_object_get(extra, "hawser-signature"));
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__ReportStrategy s = AGT__REPORT_STRATEGY__INIT;
	uint8_t raw[HWS_SIG_LEN];

	if (!json_is_object(strategy) || !*p->strategy_nonce)
		return;
	/* hostd may have another question since: that one is asked soon */
	if (!hws_str_equal(p->asked_nonce, p->strategy_nonce)) {
		p->beat_us = HWS_MIN(p->beat_us, hws_loop_now_us(p->loop) + BUSY_BEAT_US);
		return;
	}
	p->strategy_nonce[0] = '\0';
	if (text && sig && strlen(text) <= HWS_STRATEGY_TEXT_MAX &&
			hws_base64_decode(hws_bytes_str(sig), raw, sizeof(raw)) == HWS_OK) {
		s.text = (ProtobufCBinaryData){ strlen(text), (uint8_t *)(uintptr_t)text };
		s.signature = (ProtobufCBinaryData){ sizeof(raw), raw };
	}
	m.union_case = AGT__MESSAGE__UNION_REPORT_STRATEGY;
	m.report_strategy = &s;
	if (p->hostd && hws_ipc_send(p->hostd, &m, -1) < 0)
		hws_ipc_close(p->hostd, HWS_ERR_SYS);
}

static void on_beat(struct report_process *p, struct hws_bytes body)
{
	json_t *o = json_loadb((const char *)body.ptr, body.len, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(o)) {
		end_sessions(p, json_object_get(o, "disconnect"));
		if (json_object_get(o, "sysinfo"))
			p->wants_sysinfo = true;
		pass_strategy(p, json_object_get(o, "strategy"));
	}
	json_decref(o);
}

static bool is_text(struct hws_bytes body, const char *text)
{
	return body.len == strlen(text) && memcmp(body.ptr, text, body.len) == 0;
}

static void on_sysinfo(struct report_process *p, struct hws_bytes body, uint64_t now)
{
	/* not known yet: it is registered in a moment */
	bool unknown = is_text(body, "ID_NOT_FOUND");

	p->wants_sysinfo = !is_text(body, "SYSINFO_UPDATED");
	p->known |= !p->wants_sysinfo;
	p->sysinfo_pause_us = SYSINFO_FIRST_US;
	p->sysinfo_us = now + (unknown ? BUSY_BEAT_US : SYSINFO_US);
}

/* Before it is answered no session is told of, so a question that got lost is soon asked again. */
static void sysinfo_failed(struct report_process *p, uint64_t now)
{
	p->sysinfo_us = now + p->sysinfo_pause_us;
	p->sysinfo_pause_us = HWS_MIN(2 * p->sysinfo_pause_us, (uint64_t)SYSINFO_US);
}

/* As deployed hosts do: done is 2xx without a word; what may go better later is said again after
 * 10 and 30 seconds. */
static void on_audit(struct report_process *p, int status, size_t said, uint64_t now)
{
	static const uint64_t pauses[] = { 10 * HWS_US_PER_S, 30 * HWS_US_PER_S };
	bool done = status >= 200 && status < 300 && !said;
	bool again = !done && (status < 400 || status >= 500 || status == 408 || status == 429);
	struct post *x = p->first;

	if (again && ++x->tries < TRIES_MAX) {
		x->due_us = now + pauses[HWS_MIN(x->tries, 2u) - 1];
		return;
	}
	p->lost += !done;
	drop_first(p);
}

static void set_away(struct report_process *p, bool away, const char *why, uint64_t now)
{
	if (away && !p->away)
		hws_warn("report.away", HWS_STR("url", p->url), HWS_STR("why", why));
	else if (!away && p->away)
		hws_info("report.back", HWS_STR("url", p->url), HWS_U64("lost", p->lost));
	p->away = away;
	p->pause_us = away ? HWS_MIN(2 * p->pause_us, (uint64_t)AWAY_MOST_US) : AWAY_FIRST_US / 2;
	if (away)
		p->beat_us = now + p->pause_us;
}

static void on_asked(void *arg, int r)
{
	struct report_process *p = arg;
	uint64_t now = hws_loop_now_us(p->loop);
	struct hws_bytes body = { NULL, 0 };
	int status = 500;

	p->asking = false;
	free(p->body);
	p->body = NULL;
	if (r == HWS_ERR_CANCELED)
		return;
	if (r == HWS_OK) {
		body = hws_buf_bytes(&p->answer.body);
		status = p->answer.status;
	}
	if (p->what == AUDIT)
		on_audit(p, status, body.len, now);
	else if (status == 200 && p->what == BEAT)
		on_beat(p, body);
	else if (status == 200)
		on_sysinfo(p, body, now);
	else if (p->what == SYSINFO)
		sysinfo_failed(p, now);
	if (p->what == BEAT)
		set_away(p, status != 200, r == HWS_OK ? "it refuses" : p->err.text, now);
	if (r == HWS_OK)
		hws_fetch_done(&p->answer);
}

static void on_tick(void *arg)
{
	struct report_process *p = arg;
	uint64_t now = hws_loop_now_us(p->loop);

	hws_timer_start(p->loop, &p->tick, TICK_US, on_tick, p);
	if (p->asking || !*p->url)
		return;
	if (p->beat_us <= now) {
		p->beat_us = now + (p->seen_count ? BUSY_BEAT_US : IDLE_BEAT_US);
		begin(p, BEAT, "/api/heartbeat", beat_body(p));
	} else if (!p->away && p->wants_sysinfo && p->sysinfo_us <= now) {
		begin(p, SYSINFO, "/api/sysinfo", sysinfo_body(p));
	} else if (!p->away && p->known && p->first && p->first->due_us <= now) {
		begin(p, AUDIT, "/api/audit/conn", strdup(p->first->body));
	}
}

/* --- the process ------------------------------------------------------------------------------ */

static void on_message(struct hws_ipc *l, const Agt__Message *m, int fd HWS_UNUSED, void *arg)
{
	struct report_process *p = arg;
	const Agt__ReportState *t = m->report_state;

	if (m->union_case != AGT__MESSAGE__UNION_REPORT_STATE ||
			hws_str_copy(p->url, sizeof(p->url), t->url) < 0 ||
			hws_str_copy(p->id, sizeof(p->id), t->id) < 0 ||
			hws_base64_encode(hws_bytes_str(t->uuid), p->uuid, sizeof(p->uuid)) < 0 ||
			take_standing(p, t) < 0) {
		hws_ipc_close(l, HWS_ERR_PROTO);
		return;
	}
	while (*p->url && p->url[strlen(p->url) - 1] == '/')
		p->url[strlen(p->url) - 1] = '\0';
	take(p, t);
}

static void on_closed(struct hws_ipc *l HWS_UNUSED, int why HWS_UNUSED, void *arg)
{
	struct report_process *p = arg;

	p->hostd = NULL;
	hws_loop_stop(p->loop);
}

static bool confine(bool wanted)
{
	struct hws_error err = { 0 };
	int r = wanted ? hws_sandbox_enter(HWS_SANDBOX_TUNNEL, &err) : HWS_OK;

	if (r < 0)
		hws_warn("gate.no_sandbox", HWS_STR("why", err.text));
	return r == HWS_OK || r == HWS_ERR_UNSUPPORTED;
}

static int run(struct report_process *p, int ipc_fd)
{
	const struct hws_ipc_conf conf = { .frame_max = HWS_REPORT_FRAME_MAX,
		.on_message = on_message,
		.on_close = on_closed,
		.arg = p };
	int status = 1;

	if (hws_loop_new(&p->loop) < 0)
		return 1;
	if (hws_work_new(1, 1, &p->work) == HWS_OK && hws_web_new(&p->web) == HWS_OK &&
			hws_ipc_new(p->loop, ipc_fd, &conf, &p->hostd) == HWS_OK) {
		on_tick(p);
		hws_loop_run(p->loop);
		status = 0;
	}
	hws_timer_stop(&p->tick);
	hws_ipc_close(p->hostd, HWS_OK);
	/* a server that does not answer keeps the thread for some seconds, and nobody waits */
	if (p->asking)
		_exit(status);
	hws_work_free(p->work);
	hws_web_free(p->web);
	while (p->first)
		drop_first(p);
	hws_loop_free(p->loop);
	return status;
}

int hws_report_main(int ipc_fd, bool sandbox)
{
	struct report_process *p = hws_alloc(sizeof(*p));
	int status;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN); /* the end of its socket says when it is over */
	signal(SIGTERM, SIG_IGN);
	if (!p)
		return 1;
	p->last = &p->first;
	p->wants_sysinfo = true;
	p->pause_us = AWAY_FIRST_US / 2;
	p->sysinfo_pause_us = SYSINFO_FIRST_US;
	hws_report_facts(&p->facts);
	status = confine(sandbox) ? run(p, ipc_fd) : 1;
	hws_free(p);
	return status;
}
