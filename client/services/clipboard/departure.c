/* To pack 32 MiB takes a second, in which a desktop would stand still. */
#include "client/services/clipboard/departure.h"
#include "client/services/clipboard/entries.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"

#define AT_ONCE (64u << 10) /* takes a millisecond at most */
#define SORTS 2u

struct job {
	struct hws_clip_departures *d; /* NULL: it has gone */
	struct hws_clip_copy copy;     /* of a worker's */
	const struct hws_clip_content *content;
	unsigned sorts;
	bool forgotten;
	struct hws_clip_blob *blob[SORTS];
	Ses__Message kind[SORTS];
	int r[SORTS];
};

struct hws_clip_departures {
	struct hws_loop *loop;
	struct hws_work *work;
	hws_clip_departed *fn;
	void *arg;
	struct job *running, *next;
};

static void start(struct hws_clip_departures *d, struct job *j);

static void job_free(struct job *j)
{
	if (!j)
		return;
	for (unsigned i = 0; i < SORTS; i++)
		hws_clip_blob_unref(j->blob[i]);
	hws_clip_copy_done(&j->copy);
	hws_free(j);
}

static int pack(struct job *j, unsigned i)
{
	struct hws_clip_message m;
	int r = hws_clip_message_make(&m, j->content, 1u << i == HWS_CLIP_FOR_MULTI);

	if (r == HWS_OK)
		r = hws_clip_blob_new(&m.m, &j->blob[i]);
	ses__message__init(&j->kind[i]);
	j->kind[i].union_case = m.m.union_case;
	hws_clip_message_done(&m);
	return r;
}

static int run(void *arg)
{
	struct job *j = arg;

	/* of what one sort cannot have the other may have some */
	for (unsigned i = 0; i < SORTS; i++)
		if (j->sorts & 1u << i)
			j->r[i] = pack(j, i);
	return HWS_OK;
}

static void tell(struct hws_clip_departures *d, struct job *j)
{
	for (unsigned i = 0; i < SORTS; i++)
		if (j->r[i] < 0)
			hws_debug("clipboard.not_packed", HWS_ERR("why", j->r[i]));
		else if (j->blob[i])
			d->fn(&j->kind[i], j->blob[i], 1u << i, d->arg);
}

static void done(void *arg, int r)
{
	struct job *j = arg, *next;
	struct hws_clip_departures *d = j->d;

	if (!d) {
		job_free(j);
		return;
	}
	d->running = NULL;
	next = d->next;
	d->next = NULL;
	if (r != HWS_ERR_CANCELED && !j->forgotten)
		tell(d, j);
	job_free(j);
	if (next)
		start(d, next);
}

static void start(struct hws_clip_departures *d, struct job *j)
{
	if (hws_work_submit(d->work, d->loop, run, done, j) == HWS_OK) {
		d->running = j;
		return;
	}
	hws_debug("clipboard.not_packed", HWS_ERR("why", HWS_ERR_FULL));
	job_free(j);
}

void hws_clip_departures_forget(struct hws_clip_departures *d)
{
	if (d->running)
		d->running->forgotten = true;
	job_free(d->next);
	d->next = NULL;
}

void hws_clip_departures_take(
		struct hws_clip_departures *d, const struct hws_clip_content *c, unsigned sorts)
{
	struct job *j = hws_alloc(sizeof(*j));

	hws_clip_departures_forget(d);
	if (!j || !sorts) {
		job_free(j);
		return;
	}
	j->d = d;
	j->sorts = sorts;
	j->content = c;
	if (!d->work || hws_clip_content_size(c) <= AT_ONCE) {
		(void)run(j);
		tell(d, j);
		job_free(j);
	} else if (hws_clip_copy_make(c, &j->copy) < 0) {
		job_free(j);
	} else {
		j->content = &j->copy.c;
		if (d->running)
			d->next = j;
		else
			start(d, j);
	}
}

int hws_clip_departures_new(struct hws_loop *loop, struct hws_work *work, hws_clip_departed *fn,
		void *arg, struct hws_clip_departures **ret)
{
	struct hws_clip_departures *d = hws_alloc(sizeof(*d));

	if (!d)
		return HWS_ERR_NOMEM;
	*d = (struct hws_clip_departures){ .loop = loop, .work = work, .fn = fn, .arg = arg };
	*ret = d;
	return HWS_OK;
}

void hws_clip_departures_free(struct hws_clip_departures *d)
{
	if (!d)
		return;
	if (d->running)
		d->running->d = NULL; /* freed when its worker is done */
	job_free(d->next);
	hws_free(d);
}
