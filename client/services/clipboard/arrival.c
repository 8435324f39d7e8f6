/* A message is copied once for its worker, since it ends with the call that brings it; while one is
 * worked on the next waits as a copy of its own, and a third replaces that. So a viewer that sends
 * one picture after the other costs a thread and two messages, whatever it does. */
#include "client/services/clipboard/arrival.h"
#include "client/media/png.h"
#include "client/services/clipboard/entries.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/wire/compress.h"

/* Work of a millisecond. */
#define AT_ONCE_IN (64u << 10)
#define AT_ONCE_OUT (1u << 20)

struct job {
	struct hws_clip_arrivals *a; /* NULL: nobody waits for it */
	unsigned tag;
	bool forgotten;
	/* Entries, with what they hold behind one another in `memory`. */
	Ses__Clipboard entry[HWS_CLIP_FORMATS];
	bool has[HWS_CLIP_FORMATS];
	void *memory;
	/* The result. */
	struct hws_buf part[HWS_CLIP_FORMATS];
	struct hws_clip_content content;
	const char *refused;
};

struct hws_clip_arrivals {
	struct hws_loop *loop;
	struct hws_work *work;
	hws_clip_arrived *fn;
	void *arg;
	struct job *running, *next;
};

static void job_free(struct job *j)
{
	if (!j)
		return;
	for (unsigned i = 0; i < HWS_CLIP_FORMATS; i++)
		hws_buf_done(&j->part[i]);
	hws_free(j->memory);
	hws_free(j);
}

/* --- the work --------------------------------------------------------------------------------- */

static int unpack(const Ses__Clipboard *e, size_t max, struct hws_buf *out, struct hws_bytes *ret)
{
	*ret = hws_bytes(e->content.data, e->content.len);
	if (!e->compress)
		return HWS_OK;
	hws_buf_init(out, max);
	int r = hws_decompress(*ret, max, out);
	*ret = hws_buf_bytes(out);
	return r;
}

static int take_pixels(struct job *j, const Ses__Clipboard *e, struct hws_bytes *ret)
{
	size_t size = hws_clip_pixels_size(e);
	struct hws_buf plain = { 0 };
	struct hws_bytes pixels;
	int r = unpack(e, size, &plain, &pixels);

	if (r == HWS_OK && pixels.len != size)
		r = HWS_ERR_CORRUPT;
	hws_buf_init(&j->part[HWS_CLIP_PNG], HWS_CLIP_PART_MAX);
	if (r == HWS_OK)
		r = hws_png_from_rgba(pixels.ptr, e->width, e->height, &j->part[HWS_CLIP_PNG]);
	hws_buf_done(&plain);
	*ret = hws_buf_bytes(&j->part[HWS_CLIP_PNG]);
	return r;
}

/* HWS_ERR_TOOBIG with `limit` below HWS_CLIP_PART_MAX: perhaps not for somebody with more time. */
static int take_entry(struct job *j, const Ses__Clipboard *e, enum hws_clip_format f, size_t limit)
{
	const char *why = "it is damaged";
	struct hws_bytes part;
	int r;

	if (e->format == SES__CLIPBOARD_FORMAT__ImageRgba)
		r = take_pixels(j, e, &part);
	else
		r = unpack(e, limit, &j->part[f], &part);
	if (r == HWS_OK && !hws_clip_part_valid(f, part, &why))
		r = HWS_ERR_CORRUPT;
	if (r < 0 && f == HWS_CLIP_PNG)
		j->refused = r == HWS_ERR_TOOBIG ? "it is too large" : why;
	if (r == HWS_OK)
		j->content.part[f] = part;
	return r;
}

static int run(void *arg)
{
	struct job *j = arg;
	size_t all = 0;

	for (unsigned f = 0; f < HWS_CLIP_FORMATS; f++) {
		if (!j->has[f] ||
				take_entry(j, &j->entry[f], (enum hws_clip_format)f,
						HWS_CLIP_PART_MAX) < 0)
			continue;
		all += j->content.part[f].len;
		if (all <= HWS_CLIP_ALL_MAX)
			continue;
		all -= j->content.part[f].len;
		j->content.part[f] = (struct hws_bytes){ 0 };
		hws_buf_done(&j->part[f]);
	}
	return HWS_OK;
}

/* --- one after the other ---------------------------------------------------------------------- */

static void tell(struct hws_clip_arrivals *a, const struct job *j)
{
	if (hws_clip_content_size(&j->content) || j->refused)
		a->fn(&j->content, j->refused, j->tag, a->arg);
}

static void start(struct hws_clip_arrivals *a, struct job *j);

static void on_done(void *arg, int r)
{
	struct job *j = arg;
	struct hws_clip_arrivals *a = j->a;

	if (a) {
		struct job *next = a->next;

		a->running = a->next = NULL;
		if (next)
			start(a, next);
		if (r == HWS_OK && !j->forgotten && !next)
			tell(a, j);
	}
	job_free(j);
}

static void start(struct hws_clip_arrivals *a, struct job *j)
{
	int r = hws_work_submit(a->work, a->loop, run, on_done, j);

	if (r < 0) {
		hws_debug("clipboard.no_worker", HWS_ERR("why", r));
		job_free(j);
		return;
	}
	a->running = j;
}

void hws_clip_arrivals_forget(struct hws_clip_arrivals *a)
{
	if (a->running)
		a->running->forgotten = true;
	job_free(a->next);
	a->next = NULL;
}

void hws_clip_arrivals_forget_of(struct hws_clip_arrivals *a, unsigned tag)
{
	if (a->running && a->running->tag == tag)
		a->running->forgotten = true;
	if (a->next && a->next->tag == tag) {
		job_free(a->next);
		a->next = NULL;
	}
}

static struct job *new_job(
		struct hws_clip_arrivals *a, const struct hws_clip_entries *list, unsigned tag)
{
	struct job *j = hws_alloc(sizeof(*j));

	if (!j)
		return NULL;
	j->a = a;
	j->tag = tag;
	for (unsigned f = 0; f < HWS_CLIP_FORMATS; f++) {
		ses__clipboard__init(&j->entry[f]);
		if (!list->entry[f])
			continue;
		j->has[f] = true;
		j->entry[f].compress = list->entry[f]->compress;
		j->entry[f].format = list->entry[f]->format;
		j->entry[f].width = list->entry[f]->width;
		j->entry[f].height = list->entry[f]->height;
		j->entry[f].content = list->entry[f]->content;
	}
	return j;
}

/* What it holds is the message's until here. */
static int keep(struct job *j)
{
	size_t all = 0, at = 0;

	for (unsigned f = 0; f < HWS_CLIP_FORMATS; f++)
		all += j->entry[f].content.len;
	j->memory = hws_alloc(all + 1);
	if (!j->memory)
		return HWS_ERR_NOMEM;
	for (unsigned f = 0; f < HWS_CLIP_FORMATS; f++) {
		ProtobufCBinaryData *content = &j->entry[f].content;
		if (!content->len)
			continue;
		memcpy((uint8_t *)j->memory + at, content->data, content->len);
		content->data = (uint8_t *)j->memory + at;
		at += content->len;
	}
	return HWS_OK;
}

/* False: it is a worker's. */
static bool do_at_once(struct hws_clip_arrivals *a, struct job *j)
{
	size_t all = 0;

	if (!a->work) {
		(void)run(j);
		return true;
	}
	for (unsigned f = 0; f < HWS_CLIP_FORMATS; f++) {
		all += j->entry[f].content.len;
		if (j->entry[f].format == SES__CLIPBOARD_FORMAT__ImageRgba)
			return false;
	}
	if (all > AT_ONCE_IN)
		return false;
	for (unsigned f = 0; f < HWS_CLIP_FORMATS; f++) {
		if (!j->has[f] ||
				take_entry(j, &j->entry[f], (enum hws_clip_format)f, AT_ONCE_OUT) !=
						HWS_ERR_TOOBIG)
			continue;
		for (unsigned k = 0; k < HWS_CLIP_FORMATS; k++)
			hws_buf_done(&j->part[k]);
		j->content = (struct hws_clip_content){ 0 };
		j->refused = NULL;
		return false;
	}
	return true;
}

void hws_clip_arrivals_take(struct hws_clip_arrivals *a, const Ses__Message *m, unsigned tag)
{
	struct hws_clip_entries list;
	struct job *j;

	hws_clip_entries_of(m, &list);
	j = new_job(a, &list, tag);
	if (!j)
		return;
	hws_clip_arrivals_forget(a);
	if (do_at_once(a, j)) {
		tell(a, j);
		job_free(j);
	} else if (keep(j) < 0) {
		job_free(j);
	} else if (a->running) {
		a->next = j;
	} else {
		start(a, j);
	}
}

int hws_clip_arrivals_new(struct hws_loop *loop, struct hws_work *work, hws_clip_arrived *fn,
		void *arg, struct hws_clip_arrivals **ret)
{
	struct hws_clip_arrivals *a = hws_alloc(sizeof(*a));

	if (!a)
		return HWS_ERR_NOMEM;
	*a = (struct hws_clip_arrivals){ .loop = loop, .work = work, .fn = fn, .arg = arg };
	*ret = a;
	return HWS_OK;
}

void hws_clip_arrivals_free(struct hws_clip_arrivals *a)
{
	if (!a)
		return;
	if (a->running)
		a->running->a = NULL; /* freed when its worker is done */
	job_free(a->next);
	hws_free(a);
}
