/* rendezvous/store/memory/memory: the test double and the choice for servers that keep nothing.
 * Finishes each call at the end of the loop's turn; failures and delays can be injected. */
#include "server-rendezvous/store/memory/memory.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct job {
	struct hws_list node;
	int r;
	rdv_done_fn done;
	rdv_get_fn got;
	rdv_list_fn listed;
	rdv_entries_fn entries;
	void *arg;
	struct rdv_peer_row *rows;
	size_t n;
	struct rdv_write *writes; /* applied when the job's turn comes */
};

struct memory {
	struct rdv_store store;
	struct hws_list jobs;
	struct hws_timer timer;
	struct rdv_peer_row *rows; /* sorted by id */
	size_t count, size;
	struct rdv_entry *entries;
	size_t entry_count, entry_size;
	struct rdv_store_stats stats;
	uint64_t delay_us;
	int fail;
};

static size_t find(const struct memory *m, const char *id, bool *ret_found)
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

static int insert(struct memory *m, size_t at, const struct rdv_peer_row *row)
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

static void drop(struct memory *m, size_t at)
{
	memmove(m->rows + at, m->rows + at + 1, (m->count - at - 1) * sizeof(*m->rows));
	m->count--;
}

static bool same_uuid(const struct rdv_peer_row *a, const struct rdv_peer_row *b)
{
	return a->uuid_len == b->uuid_len && memcmp(a->uuid, b->uuid, a->uuid_len) == 0;
}

static int put(struct memory *m, const struct rdv_write *w)
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
	created = m->rows[at].created_s;
	m->rows[at] = w->row;
	m->rows[at].created_s = created;
	return HWS_OK;
}

static int move(struct memory *m, const struct rdv_write *w)
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

static void apply(struct memory *m, struct rdv_write *w)
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

static void job_end(struct memory *m, struct job *j, int r)
{
	hws_list_remove(&j->node);
	m->stats.queued--;
	m->stats.ops++;
	m->stats.healthy = r != HWS_ERR_STORE;
	if (r == HWS_ERR_STORE)
		m->stats.failures++;
	if (r >= 0 && j->writes) {
		for (size_t i = 0; i < j->n; i++)
			apply(m, &j->writes[i]);
	}
	if (j->done)
		j->done(r, j->arg);
	else if (j->got)
		j->got(r, r < 0 ? NULL : j->rows, j->arg);
	else if (j->listed)
		j->listed(r, j->rows, r < 0 ? 0 : j->n, j->arg);
	else
		j->entries(r, m->entries, r < 0 ? 0 : m->entry_count, j->arg);
	hws_free(j->rows);
	hws_free(j);
}

static void on_timer(void *arg)
{
	struct memory *m = arg;
	size_t n = m->stats.queued; /* those that wait now; their callbacks may add more */

	while (n-- > 0 && !hws_list_empty(&m->jobs)) {
		struct job *j = hws_container(hws_list_first(&m->jobs), struct job, node);

		job_end(m, j, m->fail < 0 ? m->fail : j->r);
	}
	if (!hws_list_empty(&m->jobs))
		hws_timer_start(m->store.loop, &m->timer, m->delay_us, on_timer, m);
}

static struct job *job_new(struct memory *m, int r, void *arg)
{
	struct job *j = hws_alloc(sizeof(*j));

	if (!j)
		return NULL;
	j->r = r;
	j->arg = arg;
	hws_list_push(&m->jobs, &j->node);
	m->stats.queued++;
	if (!hws_timer_active(&m->timer))
		hws_timer_start(m->store.loop, &m->timer, m->delay_us, on_timer, m);
	return j;
}

static int finish(struct memory *m, int r, rdv_done_fn done, void *arg)
{
	struct job *j = job_new(m, r, arg);

	if (!j)
		return HWS_ERR_NOMEM;
	j->done = done;
	return HWS_OK;
}

static void mem_free(struct rdv_store *s)
{
	struct memory *m = hws_container(s, struct memory, store);

	hws_timer_stop(&m->timer);
	while (!hws_list_empty(&m->jobs)) {
		struct job *j = hws_container(hws_list_first(&m->jobs), struct job, node);

		job_end(m, j, HWS_ERR_CANCELED);
	}
	hws_timer_stop(&m->timer);
	hws_free(m->rows);
	hws_free(m->entries);
	hws_free(m);
}

static void mem_stats(struct rdv_store *s, struct rdv_store_stats *ret)
{
	*ret = hws_container(s, struct memory, store)->stats;
}

static int mem_load(struct rdv_store *s, rdv_load_fn batch, rdv_done_fn done, void *arg)
{
	struct memory *m = hws_container(s, struct memory, store);

	if (m->fail >= 0 && m->count)
		batch(m->rows, m->count, arg);
	return finish(m, HWS_OK, done, arg);
}

static int mem_write(
		struct rdv_store *s, struct rdv_write *w, size_t n, rdv_done_fn done, void *arg)
{
	struct memory *m = hws_container(s, struct memory, store);
	struct job *j = job_new(m, HWS_OK, arg);

	if (!j)
		return HWS_ERR_NOMEM;
	j->done = done;
	j->writes = w;
	j->n = n;
	return HWS_OK;
}

static int mem_get(struct rdv_store *s, const char *id, rdv_get_fn done, void *arg)
{
	struct memory *m = hws_container(s, struct memory, store);
	bool found;
	size_t at = find(m, id, &found);
	struct rdv_peer_row *row = NULL;
	struct job *j;

	if (found) {
		row = hws_memdup(&m->rows[at], sizeof(*row));
		if (!row)
			return HWS_ERR_NOMEM;
	}
	j = job_new(m, found ? HWS_OK : HWS_ERR_NOTFOUND, arg);
	if (!j) {
		hws_free(row);
		return HWS_ERR_NOMEM;
	}
	j->got = done;
	j->rows = row;
	return HWS_OK;
}

static int mem_list(
		struct rdv_store *s, const char *after, unsigned limit, rdv_list_fn done, void *arg)
{
	struct memory *m = hws_container(s, struct memory, store);
	bool found;
	size_t at = find(m, after, &found) + (found ? 1 : 0);
	size_t n = HWS_MIN((size_t)limit, m->count - at);
	struct rdv_peer_row *rows = NULL;
	struct job *j;

	if (n) {
		rows = hws_memdup(m->rows + at, n * sizeof(*rows));
		if (!rows)
			return HWS_ERR_NOMEM;
	}
	j = job_new(m, HWS_OK, arg);
	if (!j) {
		hws_free(rows);
		return HWS_ERR_NOMEM;
	}
	j->listed = done;
	j->rows = rows;
	j->n = n;
	return HWS_OK;
}

static struct rdv_entry *entry_find(struct memory *m, const char *kind, const char *key)
{
	for (size_t i = 0; i < m->entry_count; i++) {
		if (strcmp(m->entries[i].kind, kind) == 0 && strcmp(m->entries[i].key, key) == 0)
			return &m->entries[i];
	}
	return NULL;
}

static int mem_entry_put(
		struct rdv_store *s, const struct rdv_entry *e, rdv_done_fn done, void *arg)
{
	struct memory *m = hws_container(s, struct memory, store);
	struct rdv_entry *at = entry_find(m, e->kind, e->key);

	if (!at && m->entry_count == m->entry_size) {
		size_t size = m->entry_size ? m->entry_size * 2 : 16;
		struct rdv_entry *p = hws_realloc_array(m->entries, size, sizeof(*p));

		if (!p)
			return HWS_ERR_NOMEM;
		m->entries = p;
		m->entry_size = size;
	}
	if (!at)
		at = &m->entries[m->entry_count++];
	*at = *e;
	return finish(m, HWS_OK, done, arg);
}

static int mem_entry_delete(
		struct rdv_store *s, const char *kind, const char *key, rdv_done_fn done, void *arg)
{
	struct memory *m = hws_container(s, struct memory, store);
	struct rdv_entry *at = entry_find(m, kind, key);

	if (at)
		*at = m->entries[--m->entry_count];
	return finish(m, HWS_OK, done, arg);
}

static int mem_entry_load(struct rdv_store *s, rdv_entries_fn done, void *arg)
{
	struct memory *m = hws_container(s, struct memory, store);
	struct job *j = job_new(m, HWS_OK, arg);

	if (!j)
		return HWS_ERR_NOMEM;
	j->entries = done;
	return HWS_OK;
}

static int mem_backup(struct rdv_store *s, const char *path HWS_UNUSED, rdv_done_fn done, void *arg)
{
	return finish(hws_container(s, struct memory, store), HWS_ERR_UNSUPPORTED, done, arg);
}

static const struct rdv_store_ops ops = {
	.name = "memory",
	.free = mem_free,
	.stats = mem_stats,
	.load = mem_load,
	.write = mem_write,
	.get = mem_get,
	.list = mem_list,
	.entry_put = mem_entry_put,
	.entry_delete = mem_entry_delete,
	.entry_load = mem_entry_load,
	.backup = mem_backup,
};

int rdv_store_memory_new(struct hws_loop *loop, struct rdv_store **ret)
{
	struct memory *m = calloc(1, sizeof(*m));

	if (!m)
		return HWS_ERR_NOMEM;
	m->store.ops = &ops;
	m->store.loop = loop;
	m->stats.healthy = true;
	hws_list_init(&m->jobs);
	*ret = &m->store;
	return HWS_OK;
}

void rdv_store_memory_fail(struct rdv_store *s, int err, uint64_t delay_us)
{
	struct memory *m = hws_container(s, struct memory, store);

	m->fail = err;
	m->delay_us = delay_us;
}

size_t rdv_store_memory_count(const struct rdv_store *s)
{
	const struct memory *m =
			(const struct memory *)(const void *)s; /* store is its first member */

	return m->count;
}
