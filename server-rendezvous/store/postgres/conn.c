/* rendezvous/store/postgres/conn: libpq without blocking, under deadlines of ours: a database that
 * is silent must not hold a thread, and with it the end of the server, for longer than we say. */
#include "server-rendezvous/store/postgres/conn.h"

#include "server-rendezvous/store/postgres/array.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"

#include <errno.h>
#include <poll.h>

#define CONNECT_US (5 * HWS_US_PER_S)
/* A connection that is lost twice within this time is not made again at once. */
#define LOST_TWICE_US HWS_US_PER_S
#define POLL_MAX_MS 200u /* so soon a wait notices that the store is being freed */
#define PAUSE_MIN_US (100 * HWS_US_PER_MS)
#define PAUSE_MAX_US (5 * HWS_US_PER_S)

/* One line, safe to show, without the "ERROR:" that libpq puts in front. */
static void clean(const char *message, char *buf, size_t size)
{
	struct hws_bytes line = hws_bytes(message, strcspn(message, "\n"));
	char text[300];
	size_t n = 0;

	if (line.len >= 8 && memcmp(line.ptr, "ERROR:  ", 8) == 0) {
		line.ptr += 8;
		line.len -= 8;
	}
	/* quotes would be escaped, and once more by the log */
	for (size_t i = 0; i < line.len && n < sizeof(text); i++) {
		if (line.ptr[i] != '"')
			text[n++] = (char)line.ptr[i];
	}
	hws_str_escape(buf, size, hws_bytes(text, n));
}

void pg_connection_drop(struct pg_connection *l)
{
	if (l->c)
		PQfinish(l->c);
	l->c = NULL;
}

static void begin_pause(struct pg_connection *l)
{
	l->pause_us = HWS_MIN(HWS_MAX(l->pause_us * 2, PAUSE_MIN_US), PAUSE_MAX_US);
	/* spread, so that nodes do not come back in step */
	l->retry_at_us = hws_clock_us() + l->pause_us / 2 + hws_rand_below((uint32_t)l->pause_us);
}

/* A connection that simply ended (the database was restarted) is made again by the next operation;
 * a silent one is left alone for a moment. */
static int lost(struct pg_connection *l, const char *cause)
{
	char text[200];
	uint64_t now = hws_clock_us();

	clean(cause, text, sizeof(text));
	hws_log_event(HWS_LOG_ERROR, true, "store.failed",
			hws_log_fields(HWS_STR("store", "postgres"), HWS_STR("cause", text),
					HWS_STR("text", "the connection is made again by itself")));
	pg_connection_drop(l);
	if (l->lost_us && now - l->lost_us < LOST_TWICE_US)
		begin_pause(l);
	l->lost_us = now;
	return HWS_ERR_STORE;
}

void pg_connection_lost(struct pg_connection *l)
{
	lost(l, PQerrorMessage(l->c));
}

static int silent(struct pg_connection *l)
{
	int r = lost(l, "no answer in time");

	begin_pause(l);
	return r;
}

int pg_connection_failed(struct pg_connection *l, const PGresult *res)
{
	const char *state = res ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
	char text[200];

	if (PQstatus(l->c) != CONNECTION_OK)
		return lost(l, PQerrorMessage(l->c));
	clean(res ? PQresultErrorMessage(res) : PQerrorMessage(l->c), text, sizeof(text));
	/* shut down, or no longer the primary of a group: another connection will do better */
	if (state && (hws_str_starts(state, "57P") || hws_str_equal(state, "25006")))
		return lost(l, text);
	hws_log_event(HWS_LOG_ERROR, true, "store.failed",
			hws_log_fields(HWS_STR("store", "postgres"), HWS_STR("cause", text),
					HWS_STR("sqlstate", state ? state : "")));
	l->again = state && (hws_str_starts(state, "40") || hws_str_equal(state, "23505"));
	/* 53100: disk full */
	return state && hws_str_equal(state, "53100") ? HWS_ERR_DISK : HWS_ERR_STORE;
}

static int wait_for(struct pg_connection *l, short events, uint64_t until_us)
{
	struct pollfd p = { .fd = PQsocket(l->c), .events = events };

	for (;;) {
		uint64_t now = hws_clock_us();
		uint64_t end_us = __atomic_load_n(l->end_us, __ATOMIC_RELAXED);
		int n;

		if (now >= until_us || (end_us && now >= end_us))
			return HWS_ERR_TIMEOUT;
		n = poll(&p, 1, (int)HWS_MIN((until_us - now) / 1000 + 1, POLL_MAX_MS));
		if (n > 0)
			return HWS_OK;
		if (n < 0 && errno != EINTR)
			return HWS_ERR_SYS;
	}
}

/* Everything to the socket, reading meanwhile so that two full pipes cannot wait for each other. */
static int flush(struct pg_connection *l, uint64_t until_us)
{
	int left;

	while ((left = PQflush(l->c)) > 0) {
		if (wait_for(l, POLLIN | POLLOUT, until_us) < 0)
			return silent(l);
		if (!PQconsumeInput(l->c))
			return lost(l, PQerrorMessage(l->c));
	}
	return left < 0 ? lost(l, PQerrorMessage(l->c)) : HWS_OK;
}

/* The next result, or NULL for "no more of this one". */
static int next_result(struct pg_connection *l, uint64_t until_us, PGresult **ret)
{
	while (PQisBusy(l->c)) {
		if (wait_for(l, POLLIN, until_us) < 0)
			return silent(l);
		if (!PQconsumeInput(l->c))
			return lost(l, PQerrorMessage(l->c));
	}
	*ret = PQgetResult(l->c);
	return HWS_OK;
}

static bool is_good(const PGresult *res)
{
	ExecStatusType s = PQresultStatus(res);

	return s == PGRES_COMMAND_OK || s == PGRES_TUPLES_OK;
}

int pg_connection_answer(struct pg_connection *l, PGresult **ret)
{
	uint64_t until_us = hws_clock_us() + l->answer_us;
	PGresult *res, *last = NULL;
	int r = flush(l, until_us);

	while (r == HWS_OK) {
		r = next_result(l, until_us, &res);
		if (r < 0 || !res)
			break;
		/* the first that failed is the one that says why */
		if (last && !is_good(last)) {
			PQclear(res);
			continue;
		}
		PQclear(last);
		last = res;
	}
	if (r == HWS_OK && last) {
		*ret = last;
		return HWS_OK;
	}
	PQclear(last);
	return r < 0 ? r : lost(l, "unexpected end of answers");
}

/* The same with what it means: told, logged, and no result of a failure. */
static int collect(struct pg_connection *l, PGresult **ret, struct hws_error *err)
{
	PGresult *res = NULL;
	int r = pg_connection_answer(l, &res);

	if (r == HWS_OK && !is_good(res)) {
		char text[200];

		clean(PQresultErrorMessage(res), text, sizeof(text));
		hws_error_set(err, HWS_ERR_STORE, "PostgreSQL: %s", text);
		r = pg_connection_failed(l, res);
	}
	if (r == HWS_OK && ret) {
		*ret = res;
		return HWS_OK;
	}
	PQclear(res);
	return r;
}

int pg_connection_exec(struct pg_connection *l, const char *sql, struct hws_error *err)
{
	if (!PQsendQuery(l->c, sql))
		return lost(l, PQerrorMessage(l->c));
	return collect(l, NULL, err);
}

int pg_connection_exec_int(
		struct pg_connection *l, const char *sql, int64_t *ret, struct hws_error *err)
{
	PGresult *res = NULL;
	int r;

	if (!PQsendQueryParams(l->c, sql, 0, NULL, NULL, NULL, NULL, 1))
		return lost(l, PQerrorMessage(l->c));
	r = collect(l, &res, err);
	if (r == HWS_OK && (PQntuples(res) != 1 || PQgetlength(res, 0, 0) != 8))
		r = hws_error_set(err, HWS_ERR_STORE, "PostgreSQL: unexpected answer");
	if (r == HWS_OK)
		*ret = (int64_t)pg_read_i64(PQgetvalue(res, 0, 0));
	PQclear(res);
	return r;
}

int pg_connection_exec_text(struct pg_connection *l, const char *sql, char *buf, size_t size,
		struct hws_error *err)
{
	PGresult *res = NULL;
	int r;

	*buf = 0;
	if (!PQsendQuery(l->c, sql))
		return lost(l, PQerrorMessage(l->c));
	r = collect(l, &res, err);
	if (r == HWS_OK && PQntuples(res) > 0 && PQnfields(res) > 0 &&
			hws_str_copy(buf, size, PQgetvalue(res, 0, 0)) < 0)
		*buf = 0;
	PQclear(res);
	return r;
}

static int connect_poll(struct pg_connection *l, struct hws_error *err)
{
	uint64_t until_us = hws_clock_us() + (l->connect_us ? l->connect_us : CONNECT_US);
	PostgresPollingStatusType want = PGRES_POLLING_WRITING;
	char text[200];

	while (want != PGRES_POLLING_OK && want != PGRES_POLLING_FAILED) {
		if (wait_for(l, want == PGRES_POLLING_READING ? POLLIN : POLLOUT, until_us) < 0)
			return hws_error_set(err, HWS_ERR_STORE,
					"PostgreSQL does not answer; check its address and whether "
					"it runs");
		want = PQconnectPoll(l->c);
	}
	if (want == PGRES_POLLING_OK)
		return PQsetnonblocking(l->c, 1) < 0 ? HWS_ERR_NOMEM : HWS_OK;
	clean(PQerrorMessage(l->c), text, sizeof(text));
	return hws_error_set(err, HWS_ERR_STORE, "cannot connect to PostgreSQL: %s", text);
}

/* Everything of ours lives in a schema of its own, so that the database may be shared. */
static const char greeting[] = "SET client_min_messages = warning; SET search_path TO hawser;"
			       "SET idle_in_transaction_session_timeout = '60s';"
			       /* an operator may ask for more than on, but not for less */
			       "SELECT set_config('synchronous_commit', 'on', false) "
			       "WHERE current_setting('synchronous_commit') = 'off'";

static int prepare(struct pg_connection *l, const struct pg_statements *all, struct hws_error *err)
{
	int r = HWS_OK;

	for (size_t i = 0; i < all->count && r == HWS_OK; i++) {
		if (!PQsendPrepare(l->c, all->list[i].name, all->list[i].sql, 0, NULL))
			return lost(l, PQerrorMessage(l->c));
		r = collect(l, NULL, err);
	}
	return r;
}

static int prepare_all(struct pg_connection *l, struct hws_error *err)
{
	int r = HWS_OK;

	for (size_t i = 0; l->statements && l->statements[i] && r == HWS_OK; i++)
		r = prepare(l, l->statements[i], err);
	return r;
}

/* libpq reports changes of settings to standard error otherwise. */
static void ignore_notice(void *arg, const PGresult *res)
{
	(void)arg;
	(void)res;
}

int pg_connection_ready(struct pg_connection *l, struct hws_error *err)
{
	/* what stands before "dbname" may be overridden by it, what stands behind it may not */
	const char *keys[] = { "fallback_application_name", "dbname", "client_encoding", NULL };
	const char *values[] = { "hawser", l->conninfo, "UTF8", NULL };
	bool again = l->had_one;
	int r;

	if (l->c && PQstatus(l->c) == CONNECTION_OK)
		return HWS_OK;
	pg_connection_drop(l);
	if (hws_clock_us() < l->retry_at_us)
		return hws_error_set(err, HWS_ERR_STORE, "PostgreSQL is away");
	l->c = PQconnectStartParams(keys, values, 1);
	if (!l->c)
		return hws_error_set(err, HWS_ERR_NOMEM, "PostgreSQL: out of memory");
	PQsetNoticeReceiver(l->c, ignore_notice, NULL);
	r = PQstatus(l->c) == CONNECTION_BAD ? HWS_ERR_STORE : HWS_OK;
	if (r < 0) {
		char text[200];

		clean(PQerrorMessage(l->c), text, sizeof(text));
		hws_error_set(err, r, "PostgreSQL: %s", text);
	}
	if (r == HWS_OK)
		r = connect_poll(l, err);
	if (r == HWS_OK)
		r = pg_connection_exec(l, greeting, err);
	if (r == HWS_OK && l->greet)
		r = l->greet(l, err);
	if (r == HWS_OK)
		r = prepare_all(l, err);
	if (r < 0) {
		pg_connection_drop(l);
		begin_pause(l);
		return r;
	}
	l->pause_us = 0;
	l->had_one = true;
	if (again && l->connected)
		l->connected(l->arg);
	return HWS_OK;
}

static int send_prepared(struct pg_connection *l, const char *statement,
		const struct pg_param *params, size_t n)
{
	const char *values[PG_PARAMS_MAX];
	int lengths[PG_PARAMS_MAX], formats[PG_PARAMS_MAX];

	if (n > PG_PARAMS_MAX)
		return HWS_ERR_RANGE;
	for (size_t i = 0; i < n; i++) {
		values[i] = params[i].ptr;
		lengths[i] = (int)params[i].len;
		formats[i] = 1;
	}
	if (!PQsendQueryPrepared(l->c, statement, (int)n, values, lengths, formats, 1))
		return lost(l, PQerrorMessage(l->c));
	return HWS_OK;
}

/* --- bulk ------------------------------------------------------------------------------------- */

static int copy_begin_once(struct pg_connection *l, const char *sql)
{
	uint64_t until_us;
	PGresult *res;
	int r = pg_connection_ready(l, NULL);

	if (r < 0)
		return r;
	until_us = hws_clock_us() + l->answer_us;
	if (!PQsendQuery(l->c, sql))
		return lost(l, PQerrorMessage(l->c));
	r = flush(l, until_us);
	if (r == HWS_OK)
		r = next_result(l, until_us, &res);
	if (r < 0)
		return r;
	if (PQresultStatus(res) != PGRES_COPY_OUT)
		r = pg_connection_failed(l, res);
	PQclear(res);
	if (r < 0)
		pg_connection_drop(l);
	return r;
}

int pg_copy_begin(struct pg_connection *l, const char *sql)
{
	bool had = l->c != NULL;
	int r = copy_begin_once(l, sql);

	return r == HWS_ERR_STORE && had && !l->c ? copy_begin_once(l, sql) : r;
}

int pg_copy_next(struct pg_connection *l, char **ret, size_t *ret_len)
{
	uint64_t until_us = hws_clock_us() + l->answer_us;
	PGresult *res;
	int n, r = HWS_OK;

	*ret = NULL;
	while ((n = PQgetCopyData(l->c, ret, 1)) == 0) {
		if (wait_for(l, POLLIN, until_us) < 0)
			return silent(l);
		if (!PQconsumeInput(l->c))
			return lost(l, PQerrorMessage(l->c));
	}
	if (n > 0) {
		*ret_len = (size_t)n;
		return HWS_OK;
	}
	*ret = NULL;
	while (r == HWS_OK && l->c) {
		r = next_result(l, until_us, &res);
		if (r < 0 || !res)
			break;
		if (!is_good(res))
			r = pg_connection_failed(l, res);
		PQclear(res);
	}
	if (r < 0)
		pg_connection_drop(l); /* whatever is left of it */
	return r;
}

/* --- queries ---------------------------------------------------------------------------------- */

static int query_once(struct pg_connection *l, const char *statement, const struct pg_param *params,
		size_t n, PGresult **ret)
{
	int r = pg_connection_ready(l, NULL);

	*ret = NULL;
	if (r == HWS_OK)
		r = send_prepared(l, statement, params, n);
	return r == HWS_OK ? collect(l, ret, NULL) : r;
}

int pg_connection_query(struct pg_connection *l, const char *statement,
		const struct pg_param *params, size_t n, PGresult **ret)
{
	bool had = l->c != NULL;
	int r = query_once(l, statement, params, n, ret);

	/* The connection had ended unnoticed: all our statements may be done twice. */
	if (r == HWS_ERR_STORE && had && !l->c)
		r = query_once(l, statement, params, n, ret);
	return r;
}

/* --- pipeline --------------------------------------------------------------------------------- */

int pg_pipe_begin(struct pg_connection *l)
{
	int r = pg_connection_ready(l, NULL);

	if (r == HWS_OK && !PQenterPipelineMode(l->c))
		r = lost(l, PQerrorMessage(l->c));
	return r;
}

int pg_pipe_queue(struct pg_connection *l, const char *statement, const struct pg_param *params,
		size_t n)
{
	return send_prepared(l, statement, params, n);
}

int pg_pipe_sync(struct pg_connection *l)
{
	if (!PQpipelineSync(l->c))
		return lost(l, PQerrorMessage(l->c));
	return flush(l, hws_clock_us() + l->answer_us);
}

int pg_pipe_next(struct pg_connection *l, PGresult **ret)
{
	uint64_t until_us = hws_clock_us() + l->answer_us;
	PGresult *res = NULL, *end = NULL;
	int r = next_result(l, until_us, &res);

	*ret = NULL;
	if (r < 0)
		return r;
	if (!res)
		return lost(l, "unexpected end of answers");
	r = next_result(l, until_us, &end); /* the NULL behind each */
	if (r == HWS_OK && end) {
		PQclear(end);
		r = lost(l, "unexpected answer");
	}
	if (r == HWS_OK && !is_good(res))
		r = PQresultStatus(res) == PGRES_PIPELINE_ABORTED ? HWS_ERR_STORE
								  : pg_connection_failed(l, res);
	if (r < 0)
		PQclear(res);
	else
		*ret = res;
	return r;
}

int pg_pipe_finish(struct pg_connection *l, int r)
{
	uint64_t until_us = hws_clock_us() + l->answer_us;
	bool synced = false;
	PGresult *res;

	/* Whatever is left up to the sync, however many results a failure skipped. */
	while (l->c && !synced) {
		int n = next_result(l, until_us, &res);

		if (n < 0)
			return r < 0 ? r : n;
		if (!res)
			continue;
		synced = PQresultStatus(res) == PGRES_PIPELINE_SYNC;
		/* the commit itself may fail */
		if (!synced && r == HWS_OK && !is_good(res))
			r = pg_connection_failed(l, res);
		PQclear(res);
	}
	if (r == HWS_OK && !l->c)
		r = HWS_ERR_STORE;
	if (l->c && !PQexitPipelineMode(l->c)) {
		int n = lost(l, PQerrorMessage(l->c));

		return r < 0 ? r : n;
	}
	return r;
}
