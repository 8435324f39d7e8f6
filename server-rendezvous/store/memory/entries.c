/* rendezvous/store/memory/entries: one array, in no order. */
#include "server-rendezvous/store/entries_job.h"
#include "server-rendezvous/store/memory/store.h"
#include "shared/base/mem.h"
#include <stdlib.h>
#include <string.h>

struct entries {
	struct rdv_entry *entry;
	size_t count, size;
};

static void entries_done(void *state)
{
	hws_free(((struct entries *)state)->entry);
}

static const struct memory_subject subject = { sizeof(struct entries), entries_done };

static struct rdv_entry *find(struct entries *m, const struct rdv_entry *e)
{
	for (size_t i = 0; i < m->count; i++) {
		if (strcmp(m->entry[i].kind, e->kind) == 0 && strcmp(m->entry[i].key, e->key) == 0)
			return &m->entry[i];
	}
	return NULL;
}

static int run_put(void *conn, struct rdv_job *job)
{
	struct entries *m = memory_state(memory_of(conn), &subject);
	const struct rdv_entry *e = job->in;
	struct rdv_entry *at = m ? find(m, e) : NULL;

	if (!m)
		return HWS_ERR_NOMEM;
	if (!at && m->count == m->size) {
		size_t size = m->size ? m->size * 2 : 16;
		struct rdv_entry *p = hws_realloc_array(m->entry, size, sizeof(*p));

		if (!p)
			return HWS_ERR_NOMEM;
		m->entry = p;
		m->size = size;
	}
	if (!at)
		at = &m->entry[m->count++];
	*at = *e;
	return HWS_OK;
}

static int run_remove(void *conn, struct rdv_job *job)
{
	struct entries *m = memory_state(memory_of(conn), &subject);
	struct rdv_entry *at = m ? find(m, job->in) : NULL;

	if (at)
		*at = m->entry[--m->count];
	return m ? HWS_OK : HWS_ERR_NOMEM;
}

static int by_kind_and_key(const void *a, const void *b)
{
	const struct rdv_entry *x = a, *y = b;
	int c = strcmp(x->kind, y->kind);

	return c ? c : strcmp(x->key, y->key);
}

static int run_load(void *conn, struct rdv_job *job)
{
	struct entries *m = memory_state(memory_of(conn), &subject);

	if (!m)
		return HWS_ERR_NOMEM;
	if (!m->count)
		return HWS_OK;
	qsort(m->entry, m->count, sizeof(*m->entry), by_kind_and_key);
	job->out = hws_memdup(m->entry, m->count * sizeof(*m->entry));
	job->n_out = m->count;
	return job->out ? HWS_OK : HWS_ERR_NOMEM;
}

static int put(struct rdv_store *s, const struct rdv_entry *e, rdv_done_fn done, void *arg)
{
	return memory_submit(s, rdv_entries_put_job(run_put, e, done, arg));
}

static int remove_entry(
		struct rdv_store *s, const char *kind, const char *key, rdv_done_fn done, void *arg)
{
	int r;
	struct rdv_job *job = rdv_entries_remove_job(run_remove, kind, key, done, arg, &r);

	return job ? memory_submit(s, job) : r;
}

static int load(struct rdv_store *s, rdv_entries_fn done, void *arg)
{
	return memory_submit(s, rdv_entries_load_job(run_load, done, arg));
}

const struct rdv_entries_ops memory_entries = {
	.put = put,
	.remove = remove_entry,
	.load = load,
};
