/* rendezvous/store/memory/devices: rows in one array, sorted by id. */
#include "server-rendezvous/store/devices_job.h"
#include "server-rendezvous/store/memory/store.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include <string.h>
#include <time.h>

struct devices {
	struct rdv_peer_row *rows;
	size_t count, size;
};

static void devices_done(void *state)
{
	hws_free(((struct devices *)state)->rows);
}

static const struct memory_subject subject = { sizeof(struct devices), devices_done };

static size_t find(const struct devices *m, const char *id, bool *ret_found)
{
	size_t lo = 0, hi = m->count;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = strcmp(m->rows[mid].id, id);

		if (c == 0) {
			*ret_found = true;
			return mid;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*ret_found = false;
	return lo;
}

static int insert(struct devices *m, size_t at, const struct rdv_peer_row *row)
{
	if (m->count == m->size) {
		size_t size = m->size ? m->size * 2 : 64;
		struct rdv_peer_row *rows = hws_realloc_array(m->rows, size, sizeof(*rows));

		if (!rows)
			return HWS_ERR_NOMEM;
		m->rows = rows;
		m->size = size;
	}
	memmove(m->rows + at + 1, m->rows + at, (m->count - at) * sizeof(*m->rows));
	m->rows[at] = *row;
	if (!m->rows[at].created_s)
		m->rows[at].created_s = (uint64_t)time(NULL);
	m->count++;
	return HWS_OK;
}

static void drop(struct devices *m, size_t at)
{
	memmove(m->rows + at, m->rows + at + 1, (m->count - at - 1) * sizeof(*m->rows));
	m->count--;
}

static bool same_uuid(const struct rdv_peer_row *a, const struct rdv_peer_row *b)
{
	return a->uuid_len == b->uuid_len && memcmp(a->uuid, b->uuid, a->uuid_len) == 0;
}

static int put(struct devices *m, const struct rdv_write *w)
{
	bool found;
	size_t at = find(m, w->row.id, &found);
	uint64_t created;

	if (!found)
		return insert(m, at, &w->row);
	if (w->keep)
		return HWS_ERR_EXISTS;
	if (!w->force && m->rows[at].uuid_len && !same_uuid(&m->rows[at], &w->row))
		return HWS_ERR_EXISTS;
	if (!w->force && m->rows[at].proves && !w->row.proves)
		return HWS_ERR_EXISTS;
	created = m->rows[at].created_s;
	m->rows[at] = w->row;
	m->rows[at].created_s = created;
	return HWS_OK;
}

static int move(struct devices *m, const struct rdv_write *w)
{
	struct rdv_peer_row row;
	bool old_found, new_found;
	size_t old_at = find(m, w->old_id, &old_found);
	size_t new_at = find(m, w->row.id, &new_found);

	if (new_found)
		return !old_found && same_uuid(&m->rows[new_at], &w->row) ? HWS_OK : HWS_ERR_EXISTS;
	if (!old_found)
		return HWS_ERR_NOTFOUND;
	if (!same_uuid(&m->rows[old_at], &w->row))
		return HWS_ERR_DENIED;
	row = m->rows[old_at];
	memcpy(row.id, w->row.id, sizeof(row.id));
	drop(m, old_at);
	new_at = find(m, row.id, &new_found);
	return insert(m, new_at, &row);
}

static void apply(struct devices *m, struct rdv_write *w)
{
	bool found;
	size_t at;

	switch (w->kind) {
	case RDV_WRITE_PEER:
		w->result = put(m, w);
		break;
	case RDV_WRITE_RENAME:
		w->result = move(m, w);
		break;
	case RDV_WRITE_DELETE:
		at = find(m, w->row.id, &found);
		if (found)
			drop(m, at);
		w->result = HWS_OK;
		break;
	}
}

static int run_load(void *conn, struct rdv_job *job)
{
	struct devices *m = memory_state(memory_of(conn), &subject);

	if (m && m->count)
		rdv_devices_batch(job, m->rows, m->count);
	return m ? HWS_OK : HWS_ERR_NOMEM;
}

static int run_write(void *conn, struct rdv_job *job)
{
	struct devices *m = memory_state(memory_of(conn), &subject);
	struct rdv_write *w = job->theirs;

	for (size_t i = 0; m && i < job->n; i++)
		apply(m, &w[i]);
	return m ? HWS_OK : HWS_ERR_NOMEM;
}

static int run_get(void *conn, struct rdv_job *job)
{
	struct devices *m = memory_state(memory_of(conn), &subject);
	bool found;
	size_t at = m ? find(m, job->in, &found) : 0;

	if (!m)
		return HWS_ERR_NOMEM;
	if (!found)
		return HWS_ERR_NOTFOUND;
	job->out = hws_memdup(&m->rows[at], sizeof(*m->rows));
	return job->out ? HWS_OK : HWS_ERR_NOMEM;
}

static int run_list(void *conn, struct rdv_job *job)
{
	struct devices *m = memory_state(memory_of(conn), &subject);
	bool found;
	size_t at;

	if (!m)
		return HWS_ERR_NOMEM;
	at = find(m, job->in, &found);
	at += found;
	job->n_out = HWS_MIN((size_t)job->limit, m->count - at);
	if (job->n_out)
		job->out = hws_memdup(m->rows + at, job->n_out * sizeof(*m->rows));
	return job->out || !job->n_out ? HWS_OK : HWS_ERR_NOMEM;
}

size_t memory_devices_count(struct memory *memory)
{
	const struct devices *m = memory_state(memory, &subject);

	return m ? m->count : 0;
}

static int load(struct rdv_store *s, rdv_load_fn batch, rdv_done_fn done, void *arg)
{
	return memory_submit(s, rdv_devices_load_job(run_load, batch, done, arg));
}

static int write_batch(
		struct rdv_store *s, struct rdv_write *w, size_t n, rdv_done_fn done, void *arg)
{
	return memory_submit(s, rdv_devices_write_job(run_write, w, n, done, arg));
}

static int get(struct rdv_store *s, const char *id, rdv_get_fn done, void *arg)
{
	return memory_submit(s, rdv_devices_get_job(run_get, id, done, arg));
}

static int list(struct rdv_store *s, const char *after, unsigned limit, rdv_list_fn done, void *arg)
{
	return memory_submit(s, rdv_devices_list_job(run_list, after, limit, done, arg));
}

const struct rdv_devices_ops memory_devices = {
	.load = load,
	.write = write_batch,
	.get = get,
	.list = list,
};
