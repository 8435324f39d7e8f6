/* Devices and settings from one store into another. Batches, since a million devices go through
 * here, and with the answer of each, since what was lost must be told. */
#include "server-rendezvous/import/copy.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"

#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/entries.h"
#include <pthread.h>

#define PORTION 5000u

struct wait {
	bool ended;
	int r;
};

static void on_done(int r, void *arg)
{
	struct wait *w = arg;

	w->r = r;
	w->ended = true;
}

static int wait_for(struct hws_loop *loop, struct wait *w, int submitted)
{
	if (submitted < 0)
		return submitted;
	while (!w->ended) {
		int r = hws_loop_once(loop, 1000000);

		if (r < 0)
			return r;
	}
	return w->r;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void refuse(struct rdv_copy *c, const char *id, const char *why)
{
	char shown[RDV_ID_MAX * 4 + 1];

	c->refused_count++;
	c->refused(hws_str_escape(shown, sizeof(shown), hws_bytes_str(id)), why, c->arg);
}

struct got {
	struct wait w;
	struct rdv_peer_row row;
};

static void on_got(int r, const struct rdv_peer_row *row, void *arg)
{
	struct got *g = arg;

	if (row)
		g->row = *row;
	on_done(r, &g->w);
}

/* A device that was there already: the same one, or somebody else under its id? */
static int compare(struct rdv_copy *c, const struct rdv_peer_row *row, bool *ret_ours)
{
	struct got g = { 0 };
	int r = wait_for(c->loop, &g.w, c->to->devices->get(c->to, row->id, on_got, &g));

	if (r < 0)
		return r;
	if (row->uuid_len && g.row.uuid_len &&
			!hws_bytes_equal(hws_bytes(row->uuid, row->uuid_len),
					hws_bytes(g.row.uuid, g.row.uuid_len)))
		refuse(c, row->id, "another device has this id already");
	else
		*ret_ours = true;
	c->there += *ret_ours;
	return HWS_OK;
}

static int take_results(struct rdv_copy *c, const struct rdv_write *w, size_t n, bool *ret_ours)
{
	int r = HWS_OK;

	for (size_t i = 0; i < n && r == HWS_OK; i++) {
		bool ours = w[i].result == HWS_OK;

		if (ours)
			c->written++;
		else if (w[i].result == HWS_ERR_EXISTS)
			r = compare(c, &w[i].row, &ours);
		else
			refuse(c, w[i].row.id, hws_err_text(w[i].result));
		if (ret_ours)
			ret_ours[i] = ours;
	}
	return r;
}

static int write_some(struct rdv_copy *c, struct rdv_write *w, size_t n, bool *ret_ours)
{
	struct wait wait = { 0 };
	int r = wait_for(c->loop, &wait, c->to->devices->write(c->to, w, n, on_done, &wait));

	c->read += n;
	return r == HWS_OK ? take_results(c, w, n, ret_ours) : r;
}

static void fill(const struct rdv_copy *c, struct rdv_write *w, const struct rdv_peer_row *row)
{
	*w = (struct rdv_write){ .kind = RDV_WRITE_PEER,
		.keep = c->mode == RDV_COPY_KEEP,
		.force = c->mode == RDV_COPY_FORCE,
		.row = *row };
}

int rdv_copy_rows(struct rdv_copy *c, const struct rdv_peer_row *rows, size_t n, bool *ret_ours)
{
	struct rdv_write *w = hws_alloc_array(n, sizeof(*w));
	int r;

	if (!w)
		return HWS_ERR_NOMEM;
	for (size_t i = 0; i < n; i++)
		fill(c, &w[i], &rows[i]);
	r = write_some(c, w, n, ret_ours);
	hws_free(w);
	return r;
}

/* --- from store to store ---------------------------------------------------------------------- */

/* The source's thread fills `w` and waits while this one writes it. */
struct transfer {
	struct rdv_copy *c;
	struct rdv_write *w;
	pthread_mutex_t lock;
	pthread_cond_t emptied;
	size_t n; /* under the lock */
	bool failed, full;
	struct wait loaded;
};

static void wake(void *arg HWS_UNUSED)
{
}

/* On the source's thread. */
static void on_rows(const struct rdv_peer_row *rows, size_t n, void *arg)
{
	struct transfer *t = arg;

	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < n && !t->failed; i++) {
		fill(t->c, &t->w[t->n++], &rows[i]);
		if (t->n < PORTION)
			continue;
		t->full = true;
		if (hws_loop_post(t->c->loop, wake, NULL) < 0)
			t->failed = true;
		while (t->full && !t->failed)
			pthread_cond_wait(&t->emptied, &t->lock);
	}
	pthread_mutex_unlock(&t->lock);
}

static void on_loaded(int r, void *arg)
{
	struct transfer *t = arg;

	on_done(r, &t->loaded);
}

static int transfer_rows(struct transfer *t, struct rdv_store *from)
{
	int r = from->devices->load(from, on_rows, on_loaded, t), s = HWS_OK;

	if (r < 0)
		return r;
	while (!t->loaded.ended) {
		bool full;

		r = hws_loop_once(t->c->loop, 100000);
		pthread_mutex_lock(&t->lock);
		full = t->full;
		pthread_mutex_unlock(&t->lock);
		/* its owner waits: nobody else touches the array */
		if (full && s == HWS_OK && r == HWS_OK)
			s = write_some(t->c, t->w, t->n, NULL);
		pthread_mutex_lock(&t->lock);
		if (full) {
			t->full = false;
			t->n = 0;
		}
		t->failed = t->failed || s < 0 || r < 0;
		pthread_cond_signal(&t->emptied);
		pthread_mutex_unlock(&t->lock);
	}
	if (s < 0 || r < 0 || t->loaded.r < 0)
		return s < 0 ? s : r < 0 ? r : t->loaded.r;
	if (t->failed)
		return HWS_ERR_NOMEM;
	return t->n ? write_some(t->c, t->w, t->n, NULL) : HWS_OK;
}

struct entries {
	struct wait w;
	struct rdv_entry *all;
	size_t n;
};

static void on_entries(int r, const struct rdv_entry *e, size_t n, void *arg)
{
	struct entries *all = arg;

	if (r == HWS_OK && n) {
		all->all = hws_memdup(e, n * sizeof(*e));
		all->n = n;
		if (!all->all)
			r = HWS_ERR_NOMEM;
	}
	on_done(r, &all->w);
}

static int entries_of(struct hws_loop *loop, struct rdv_store *s, struct entries *ret)
{
	return wait_for(loop, &ret->w, s->entries->load(s, on_entries, ret));
}

int rdv_copy_entries(
		struct hws_loop *loop, struct rdv_store *s, struct rdv_entry **ret, size_t *ret_n)
{
	struct entries e = { 0 };
	int r = entries_of(loop, s, &e);

	*ret = e.all;
	*ret_n = e.n;
	return r;
}

int rdv_copy_entry(struct rdv_copy *c, const struct rdv_entry *e)
{
	struct wait w = { 0 };

	return wait_for(c->loop, &w, c->to->entries->put(c->to, e, on_done, &w));
}

static int copy_entries(struct rdv_copy *c, struct rdv_store *from)
{
	struct entries e = { 0 };
	int r = entries_of(c->loop, from, &e);

	for (size_t i = 0; i < e.n && r == HWS_OK; i++)
		r = rdv_copy_entry(c, &e.all[i]);
	hws_free(e.all);
	return r;
}

int rdv_copy_store(struct rdv_copy *c, struct rdv_store *from)
{
	struct transfer t = { .c = c, .w = hws_alloc_array(PORTION, sizeof(*t.w)) };
	int r;

	if (!t.w)
		return HWS_ERR_NOMEM;
	pthread_mutex_init(&t.lock, NULL);
	pthread_cond_init(&t.emptied, NULL);
	r = transfer_rows(&t, from);
	pthread_cond_destroy(&t.emptied);
	pthread_mutex_destroy(&t.lock);
	hws_free(t.w);
	return r == HWS_OK ? copy_entries(c, from) : r;
}

/* --- figures ---------------------------------------------------------------------------------- */

struct counting {
	struct rdv_store_figures f;
	struct wait w;
};

static void count_rows(const struct rdv_peer_row *rows, size_t n, void *arg)
{
	struct counting *c = arg;

	c->f.peers += n;
	for (size_t i = 0; i < n; i++) {
		c->f.with_key += rows[i].has_pk;
		c->f.newest_s = HWS_MAX(c->f.newest_s, rows[i].seen_s);
	}
}

static void on_counted(int r, void *arg)
{
	struct counting *c = arg;

	on_done(r, &c->w);
}

int rdv_copy_count(struct hws_loop *loop, struct rdv_store *s, struct rdv_store_figures *ret)
{
	struct counting c = { 0 };
	struct entries e = { 0 };
	int r = wait_for(loop, &c.w, s->devices->load(s, count_rows, on_counted, &c));

	if (r == HWS_OK)
		r = entries_of(loop, s, &e);
	hws_free(e.all);
	if (r < 0)
		return r;
	c.f.entries = e.n;
	*ret = c.f;
	return HWS_OK;
}

int rdv_copy_backup(struct hws_loop *loop, struct rdv_store *s, const char *path)
{
	struct wait w = { 0 };

	return wait_for(loop, &w, s->ops->backup(s, path, on_done, &w));
}
