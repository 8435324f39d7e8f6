/* One entry after the other: a range is read, then written, then the next; the paster reads ahead
 * meanwhile. The disk's side is fetch_disk. */
#include "client/services/clipfiles/fetch.h"
#include "client/services/clipfiles/fetch_disk.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <string.h>

#define CHUNK (512u << 10)

struct job {
	struct hws_clip_fetch *fetch; /* NULL: given up meanwhile */
	struct hws_fetch_disk *disk;
	enum { OPEN, WRITE, CLOSE } what;
	uint32_t index;
	uint64_t offset;
	bool last;
	size_t len;
	uint8_t data[];
};

struct hws_clip_fetch {
	struct hws_clip_fetch_conf conf;
	struct hws_clip_list *list;
	struct hws_fetch_disk *disk; /* of the job while there is one */
	struct job *job;
	struct hws_clip_read *read;
	struct hws_deferred next;
	struct hws_clip_fetch_progress progress;
	uint32_t index;
	uint64_t offset;
	int end;
	char why[400];
};

static void step(void *arg);

/* --- the end ---------------------------------------------------------------------------------- */

static void on_end(void *arg)
{
	struct hws_clip_fetch *f = arg;

	f->conf.on_done(f->end, f->why, f->conf.arg);
}

static void end(struct hws_clip_fetch *f, int r, const char *why)
{
	f->end = r;
	if (hws_fmt(f->why, sizeof(f->why), "%s", why) < 0)
		f->why[0] = 0;
	hws_loop_defer(f->conf.loop, &f->next, on_end, f);
}

/* --- on a worker ------------------------------------------------------------------------------ */

static int run(void *arg)
{
	struct job *j = arg;

	if (j->what == OPEN)
		return hws_fetch_disk_open(j->disk);
	if (j->what == CLOSE)
		return hws_fetch_disk_finish(j->disk);
	return hws_fetch_disk_write(
			j->disk, j->index, j->offset, hws_bytes(j->data, j->len), j->last);
}

static void on_run(void *arg, int r)
{
	struct job *j = arg;
	struct hws_clip_fetch *f = j->fetch;
	bool over = j->what == CLOSE;

	if (!f) {
		hws_fetch_disk_free(j->disk);
		hws_free(j);
		return;
	}
	f->job = NULL;
	if (r == HWS_OK && j->what == WRITE) {
		f->progress.bytes += j->len;
		f->offset += j->len;
		if (j->last) {
			f->progress.entries++;
			f->index++;
			f->offset = 0;
		}
	}
	hws_free(j);
	if (r < 0) {
		end(f, r, hws_fetch_disk_why(f->disk));
		return;
	}
	f->conf.on_progress(&f->progress, f->conf.arg);
	if (over)
		end(f, HWS_OK, "");
	else
		hws_loop_defer(f->conf.loop, &f->next, step, f);
}

static void submit(struct hws_clip_fetch *f, int what, struct hws_bytes data, bool last)
{
	struct job *j = hws_alloc(sizeof(*j) + data.len);
	int r = HWS_ERR_NOMEM;

	if (j) {
		j->fetch = f;
		j->disk = f->disk;
		j->what = what;
		j->index = f->index;
		j->offset = f->offset;
		j->last = last;
		j->len = data.len;
		if (data.len)
			memcpy(j->data, data.ptr, data.len);
		r = hws_work_submit(f->conf.work, f->conf.loop, run, on_run, j);
		if (r == HWS_OK) {
			f->job = j;
			return;
		}
		hws_free(j);
	}
	end(f, r, hws_err_text(r));
}

/* --- on the loop ------------------------------------------------------------------------------ */

static void on_data(int r, struct hws_bytes data, void *arg)
{
	struct hws_clip_fetch *f = arg;
	const struct hws_clip_entry *e = hws_clip_list_at(f->list, f->index);
	char shown[200], why[400];

	f->read = NULL;
	if (r == HWS_OK) {
		submit(f, WRITE, data, f->offset + data.len >= e->size);
		return;
	}
	hws_str_escape(shown, sizeof(shown), hws_bytes_str(e->path));
	if (hws_fmt(why, sizeof(why), "%s: %s", shown,
			    r == HWS_ERR_DENIED ? "the other side cannot read it any more"
					    : r == HWS_ERR_PROTO
					    ? "it is not as long any more as it was said to be"
					    : r == HWS_ERR_CANCELED
					    ? "the other side has copied something else, or is gone"
					    : hws_err_text(r)) < 0)
		why[0] = 0;
	end(f, r, why);
}

static void step(void *arg)
{
	struct hws_clip_fetch *f = arg;
	const struct hws_clip_entry *e;
	struct hws_clip_read *read;
	int r;

	if (f->index >= hws_clip_list_count(f->list)) {
		submit(f, CLOSE, (struct hws_bytes){ 0 }, true);
		return;
	}
	e = hws_clip_list_at(f->list, f->index);
	if (e->is_folder || e->size == 0) {
		submit(f, WRITE, (struct hws_bytes){ 0 }, true);
		return;
	}
	r = hws_clip_paster_read(f->conf.paster, f->index, f->offset, CHUNK, on_data, f, &read);
	if (r < 0)
		end(f, r, "the other side has copied something else, or is gone");
	else if (read)
		f->read = read;
}

int hws_clip_fetch_new(const struct hws_clip_fetch_conf *conf, struct hws_clip_fetch **ret)
{
	struct hws_clip_fetch *f = hws_alloc(sizeof(*f));
	int r;

	if (!f)
		return HWS_ERR_NOMEM;
	f->conf = *conf;
	f->list = hws_clip_list_ref(hws_clip_paster_list(conf->paster));
	f->progress.entries_all = hws_clip_list_count(f->list);
	f->progress.bytes_all = hws_clip_list_bytes(f->list);
	r = hws_fetch_disk_new(f->list, conf->folder, &f->disk);
	if (r < 0) {
		hws_clip_list_unref(f->list);
		hws_free(f);
		return r;
	}
	submit(f, OPEN, (struct hws_bytes){ 0 }, false);
	*ret = f;
	return HWS_OK;
}

void hws_clip_fetch_free(struct hws_clip_fetch *f)
{
	if (!f)
		return;
	hws_loop_defer_cancel(&f->next);
	hws_clip_paster_cancel(f->conf.paster, f->read);
	if (f->job)
		f->job->fetch = NULL; /* which takes the disk's side with it */
	else
		hws_fetch_disk_free(f->disk);
	hws_clip_list_unref(f->list);
	hws_free(f);
}
