/* rendezvous/store/postgres/write: a batch becomes a few statements over arrays in one pipeline,
 * since a round trip for each row would bound what a far database takes. */
#include "server-rendezvous/store/postgres/write.h"

#include "server-rendezvous/store/postgres/array.h"
#include "server-rendezvous/store/postgres/row.h"
#include "shared/base/buf.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#include <stdint.h>
#include <time.h>

#define ARRAY_MAX (64u << 20)
#define TRIES 4

/* In order of id, so that batches of several nodes do not wait for each other in a circle. */
#define INSERT                                                                                     \
	"INSERT INTO peer (" PG_PEER_COLUMNS ") SELECT u.* FROM unnest($1::text[], $2::bytea[], "  \
	"$3::bytea[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[]) "                      \
	"AS u (" PG_PEER_COLUMNS ") ORDER BY u.id COLLATE \"C\" ON CONFLICT (id) DO "
#define UPSERT                                                                                     \
	INSERT "UPDATE SET uuid = excluded.uuid, pk = excluded.pk, ip = excluded.ip, "             \
	       "seen_s = excluded.seen_s, proves = excluded.proves"

const char pg_write_put_sql[] =
		UPSERT " WHERE (peer.uuid = excluded.uuid OR length(peer.uuid) = 0) "
		       "AND peer.proves <= excluded.proves RETURNING id";
const char pg_write_force_sql[] = UPSERT " RETURNING id";
const char pg_write_keep_sql[] = INSERT "NOTHING RETURNING id";
const char pg_write_delete_sql[] = "DELETE FROM peer WHERE id = $1::text";
/* The number of the case, see rename_result. */
const char pg_write_rename_sql[] =
		"WITH was AS (SELECT uuid FROM peer WHERE id = $1::text FOR UPDATE), "
		"now AS (SELECT uuid FROM peer WHERE id = $2::text), "
		"moved AS (UPDATE peer SET id = $2::text WHERE id = $1::text AND uuid = $3::bytea "
		"AND NOT EXISTS (SELECT FROM now) RETURNING 1) "
		"SELECT CASE WHEN EXISTS (SELECT FROM moved) THEN 0 "
		"WHEN EXISTS (SELECT FROM now) THEN CASE WHEN NOT EXISTS (SELECT FROM was) "
		"AND EXISTS (SELECT FROM now WHERE uuid = $3::bytea) THEN 0 ELSE 1 END "
		"WHEN NOT EXISTS (SELECT FROM was) THEN 2 ELSE 3 END::bigint";

/* Ids of the run at hand; a slot of another run counts as free. */
struct slot {
	uint32_t run, index;
};

struct batch {
	struct pg_connection *link;
	struct rdv_write *w;
	size_t n;
	struct slot *slots;
	size_t mask;
	uint32_t run;
};

static uint32_t hash(const char *id)
{
	uint32_t h = 2166136261u;

	for (; *id; id++)
		h = (h ^ (uint8_t)*id) * 16777619u;
	return h ^ h >> 15;
}

/* The write of this id in the present run, or NULL; with `add` it is put there. */
static struct rdv_write *look(struct batch *b, const char *id, const uint32_t *add)
{
	size_t i = hash(id) & b->mask;

	for (; b->slots[i].run == b->run; i = (i + 1) & b->mask) {
		if (hws_str_equal(b->w[b->slots[i].index].row.id, id))
			return &b->w[b->slots[i].index];
	}
	if (add)
		b->slots[i] = (struct slot){ b->run, *add };
	return NULL;
}

/* What the database would refuse as a whole, and the batch with it. */
static bool storable(const struct rdv_write *w)
{
	return w->row.id[0] && hws_utf8_valid(hws_bytes_str(w->row.id)) &&
			hws_utf8_valid(hws_bytes_str(w->row.ip)) &&
			hws_utf8_valid(hws_bytes_str(w->old_id));
}

static bool is_put(const struct rdv_write *w)
{
	return w->kind == RDV_WRITE_PEER;
}

static const char *put_statement(const struct rdv_write *w)
{
	return w->keep ? PG_WRITE_KEEP : w->force ? PG_WRITE_FORCE : PG_WRITE_PUT;
}

/* The longest run from `at` on that one statement can do: registrations of the same kind, each id
 * once. */
static size_t run_end(struct batch *b, size_t at)
{
	size_t i = at;

	b->run++;
	for (; i < b->n; i++) {
		uint32_t index = (uint32_t)i;

		if (!storable(&b->w[i]))
			continue;
		if (!is_put(&b->w[i]) || put_statement(&b->w[i]) != put_statement(&b->w[at]) ||
				look(b, b->w[i].row.id, &index))
			break;
	}
	return i;
}

static size_t count_storable(const struct rdv_write *w, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += storable(&w[i]);
	return count;
}

static void put_columns(struct hws_buf col[PG_PEER_FIELDS], const struct rdv_peer_row *row)
{
	uint64_t created = row->created_s ? row->created_s : (uint64_t)time(NULL);

	pg_array_put(&col[0], row->id, strlen(row->id));
	pg_array_put(&col[1], row->uuid, row->uuid_len);
	pg_array_put(&col[2], row->has_pk ? row->pk : NULL, RDV_PK_LEN);
	pg_array_put(&col[3], row->ip, strlen(row->ip));
	pg_array_put_i64(&col[4], created);
	pg_array_put_i64(&col[5], row->seen_s);
	pg_array_put_i64(&col[6], row->proves);
}

static int queue_puts(struct batch *b, size_t from, size_t to, size_t count)
{
	static const uint32_t type[PG_PEER_FIELDS] = { PG_OID_TEXT, PG_OID_BYTEA, PG_OID_BYTEA,
		PG_OID_TEXT, PG_OID_INT8, PG_OID_INT8, PG_OID_INT8 };
	struct hws_buf col[PG_PEER_FIELDS];
	struct pg_param params[PG_PEER_FIELDS];
	int r = HWS_OK;

	for (size_t k = 0; k < PG_PEER_FIELDS; k++) {
		hws_buf_init(&col[k], ARRAY_MAX);
		pg_array_begin(&col[k], type[k], count);
	}
	for (size_t i = from; i < to; i++) {
		if (storable(&b->w[i]))
			put_columns(col, &b->w[i].row);
	}
	for (size_t k = 0; k < PG_PEER_FIELDS; k++) {
		struct hws_bytes bytes = hws_buf_bytes(&col[k]);

		if (r == HWS_OK)
			r = hws_buf_err(&col[k]);
		params[k] = PG_BYTES(bytes.ptr, bytes.len);
	}
	if (r == HWS_OK)
		r = pg_pipe_queue(b->link, put_statement(&b->w[from]), params, PG_PEER_FIELDS);
	for (size_t k = 0; k < PG_PEER_FIELDS; k++)
		hws_buf_done(&col[k]);
	return r;
}

static int queue_one(struct batch *b, const struct rdv_write *w)
{
	struct pg_param params[] = { PG_TEXT(w->old_id), PG_TEXT(w->row.id),
		PG_BYTES(w->row.uuid, w->row.uuid_len) };

	if (w->kind == RDV_WRITE_RENAME)
		return pg_pipe_queue(b->link, PG_WRITE_RENAME, params, 3);
	return pg_pipe_queue(b->link, PG_WRITE_DELETE, params + 1, 1);
}

/* Calls for each statement of the batch, in order; the same division when queueing and when
 * reading. */
static int each_statement(
		struct batch *b, int (*fn)(struct batch *b, size_t from, size_t to, size_t count))
{
	size_t at = 0;
	int r = HWS_OK;

	while (at < b->n && r == HWS_OK) {
		size_t end;

		if (!storable(&b->w[at])) {
			b->w[at++].result = HWS_ERR_INVAL;
			continue;
		}
		end = is_put(&b->w[at]) ? run_end(b, at) : at + 1;
		r = fn(b, at, end, count_storable(b->w + at, end - at));
		at = end;
	}
	return r;
}

static int queue(struct batch *b, size_t from, size_t to, size_t count)
{
	return is_put(&b->w[from]) ? queue_puts(b, from, to, count) : queue_one(b, &b->w[from]);
}

static int rename_result(const PGresult *res)
{
	static const int results[] = { HWS_OK, HWS_ERR_EXISTS, HWS_ERR_NOTFOUND, HWS_ERR_DENIED };
	uint64_t i;

	if (PQntuples(res) != 1 || PQgetlength(res, 0, 0) != 8)
		return HWS_ERR_STORE;
	i = pg_read_i64(PQgetvalue(res, 0, 0));
	return i < HWS_COUNT(results) ? results[i] : HWS_ERR_STORE;
}

/* Rows that the statement did not return were left alone. */
static void put_results(struct batch *b, size_t from, size_t to, size_t count, const PGresult *res)
{
	int n = PQntuples(res);
	bool all = (size_t)n == count;
	char id[RDV_ID_MAX + 1];

	for (size_t i = from; i < to; i++)
		b->w[i].result = !storable(&b->w[i]) ? HWS_ERR_INVAL
				: all                ? HWS_OK
						     : HWS_ERR_EXISTS;
	for (int i = 0; i < n && !all; i++) {
		struct rdv_write *w = NULL;

		if (hws_str_from_bytes(id, sizeof(id),
				    hws_bytes(PQgetvalue(res, i, 0),
						    (size_t)PQgetlength(res, i, 0))) == HWS_OK)
			w = look(b, id, NULL);
		if (w)
			w->result = HWS_OK;
	}
}

static int take(struct batch *b, size_t from, size_t to, size_t count)
{
	PGresult *res;
	int r = pg_pipe_next(b->link, &res);

	if (r < 0)
		return r;
	if (is_put(&b->w[from]))
		put_results(b, from, to, count, res);
	else
		b->w[from].result =
				b->w[from].kind == RDV_WRITE_RENAME ? rename_result(res) : HWS_OK;
	PQclear(res);
	return HWS_OK;
}

/* All statements up to the sync are one transaction. */
static int attempt(struct batch *b)
{
	int r = pg_pipe_begin(b->link);

	if (r < 0)
		return r;
	r = each_statement(b, queue);
	if (r < 0) {
		pg_connection_drop(b->link); /* what was queued before must not be committed */
		return r;
	}
	r = pg_pipe_sync(b->link);
	if (r == HWS_OK)
		r = each_statement(b, take);
	return pg_pipe_finish(b->link, r);
}

int pg_write_batch(struct pg_connection *l, struct rdv_write *w, size_t n)
{
	struct batch b = { .link = l, .w = w, .n = n };
	size_t size = 16;
	int r = HWS_ERR_STORE;

	if (!n)
		return pg_connection_ready(l, NULL);
	while (size < n * 2)
		size *= 2;
	b.slots = hws_alloc_array(size, sizeof(*b.slots));
	if (!b.slots)
		return HWS_ERR_NOMEM;
	b.mask = size - 1;
	for (int i = 0; i < TRIES; i++) {
		bool had = l->c != NULL;

		l->again = false;
		r = attempt(&b);
		if (r >= 0 || !(l->again || (had && !l->c)))
			break;
	}
	hws_free(b.slots);
	return r;
}
