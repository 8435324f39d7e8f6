/* The queue between loop and worker. One job at a time takes all that waits, so that order needs
 * no lock beyond it: the queue belongs to the loop, what was taken to the worker. */
#include "client/services/recording/recorder.h"
#include "client/services/recording/repair.h"
#include "client/services/recording/tidy.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define DISPLAYS_MAX 32u
#define QUEUE_MAX (64u << 20) /* bytes that wait for the disk, with what keeps them */

struct item {
	struct item *next;
	bool sound;
	unsigned display, channels;
	struct hws_film_picture p;
	size_t len;
	uint8_t data[];
};

struct hws_recorder {
	struct hws_loop *loop;
	struct hws_work *work;
	char path[PATH_MAX], prefix[16], peer[64];
	bool folder, further, repair;
	int display;
	unsigned part_ms;
	uint64_t keep_s, bytes_max;
	void (*on_file)(const char *path, void *arg);
	void (*on_end)(int err, const char *path, void *arg);
	void *arg;
	unsigned jobs, files_told; /* the loop's */
	bool stopped;
	/* under the lock */
	pthread_mutex_t lock;
	struct item *head, **tail;
	size_t queued;
	bool busy, stopping, closed; /* closed: all is written, or as much as could be */
	int err;                     /* why it was stopped, or what failed */
	uint64_t stop_ms;
	unsigned files;
	char now[PATH_MAX];
	/* of whoever is busy */
	bool prepared;
	unsigned channels; /* of the sound, once it has come */
	struct hws_film *film[DISPLAYS_MAX];
	unsigned first; /* display that FILE itself is of; DISPLAYS_MAX = none yet */
};

int hws_recorder_new(const struct hws_recorder_conf *conf, struct hws_recorder **ret)
{
	struct hws_recorder *r = hws_alloc(sizeof(*r));
	int e = r ? hws_str_copy(r->path, sizeof(r->path), conf->path) : HWS_ERR_NOMEM;

	if (e == HWS_OK)
		e = hws_str_copy(r->prefix, sizeof(r->prefix), conf->prefix);
	if (e < 0) {
		hws_free(r);
		return e;
	}
	size_t n = strlen(r->path);
	while (conf->folder && n > 1 && r->path[n - 1] == '/')
		r->path[--n] = 0;
	snprintf(r->peer, sizeof(r->peer), "%s", conf->peer);
	r->loop = conf->loop;
	r->work = conf->work;
	r->folder = conf->folder;
	r->further = conf->further;
	r->repair = conf->repair;
	r->display = conf->display;
	r->channels = conf->channels;
	r->part_ms = conf->part_ms;
	r->keep_s = conf->keep_s;
	r->bytes_max = conf->bytes_max;
	r->on_file = conf->on_file;
	r->on_end = conf->on_end;
	r->arg = conf->arg;
	r->tail = &r->head;
	pthread_mutex_init(&r->lock, NULL);
	r->first = DISPLAYS_MAX;
	*ret = r;
	return HWS_OK;
}

static void drop_items(struct item *i)
{
	while (i) {
		struct item *next = i->next;
		hws_free(i);
		i = next;
	}
}

/* --- the worker --- */

static void now_is(struct hws_recorder *r, const char *path, unsigned more_files)
{
	pthread_mutex_lock(&r->lock);
	snprintf(r->now, sizeof(r->now), "%s", path);
	r->files += more_files;
	pthread_mutex_unlock(&r->lock);
}

static int prepare(struct hws_recorder *r)
{
	int e = HWS_OK;

	if (r->prepared)
		return HWS_OK;
	r->prepared = true;
	if (r->folder)
		e = hws_private_folder_make(r->path, NULL);
	if (e == HWS_OK && r->folder && r->repair)
		hws_recordings_repair_folder(r->path, r->prefix);
	return e;
}

static int film_of(struct hws_recorder *r, unsigned display, struct hws_film **ret)
{
	int e = HWS_OK;

	if (!r->film[display]) {
		if (r->first == DISPLAYS_MAX)
			r->first = display;
		e = hws_film_new(&(struct hws_film_conf){ .path = r->path,
						 .folder = r->folder,
						 .further = r->further,
						 .prefix = r->prefix,
						 .peer = r->peer,
						 .display = display,
						 .part_ms = r->part_ms,
						 .channels = r->channels,
						 .first = display == r->first },
				&r->film[display]);
	}
	*ret = r->film[display];
	return e;
}

static int write_picture(struct hws_recorder *r, struct item *i)
{
	struct hws_film *f;
	int e = film_of(r, i->display, &f);

	if (e < 0)
		return e;
	unsigned before = hws_film_files(f);
	i->p.data = hws_bytes(i->data, i->len);
	e = hws_film_picture(f, &i->p);
	if (e == HWS_ERR_AGAIN)
		return HWS_OK;
	if (r->folder && hws_film_files(f) > before)
		hws_recordings_tidy(r->path, r->prefix, r->keep_s, r->bytes_max);
	if (e < 0 || hws_film_files(f) > before)
		now_is(r, hws_film_path(f), hws_film_files(f) - before);
	return e;
}

static int write_sound(struct hws_recorder *r, struct item *i)
{
	int e = HWS_OK;

	if (i->channels == 1 || i->channels == 2)
		r->channels = i->channels;
	for (unsigned d = 0; e == HWS_OK && d < DISPLAYS_MAX; d++)
		if (r->film[d])
			e = hws_film_sound(r->film[d], i->channels, hws_bytes(i->data, i->len),
					i->p.time_ms);
	return e;
}

static int write_all(struct hws_recorder *r, struct item *items)
{
	int e = prepare(r);

	for (struct item *i = items; i && e == HWS_OK; i = i->next)
		e = i->sound ? write_sound(r, i) : write_picture(r, i);
	drop_items(items);
	return e;
}

static int close_all(struct hws_recorder *r, uint64_t end_ms)
{
	int e = HWS_OK;

	for (unsigned d = 0; d < DISPLAYS_MAX; d++) {
		int c = hws_film_close(r->film[d], end_ms);
		r->film[d] = NULL;
		e = e < 0 ? e : c;
	}
	return e;
}

/* Until nothing waits any more. Who finds another one at it leaves it to that one. */
static int run(void *arg)
{
	struct hws_recorder *r = arg;

	pthread_mutex_lock(&r->lock);
	while (!r->busy && !r->closed && (r->head || r->stopping)) {
		struct item *items = r->head;
		bool last = r->stopping;
		uint64_t end_ms = r->stop_ms;
		r->head = NULL;
		r->tail = &r->head;
		r->queued = 0;
		r->busy = true;
		pthread_mutex_unlock(&r->lock);
		int e = write_all(r, items);
		if (e < 0 || last) {
			int c = close_all(r, last ? end_ms : hws_clock_us() / 1000);
			e = e < 0 ? e : c;
		}
		pthread_mutex_lock(&r->lock);
		r->busy = false;
		r->closed = e < 0 || last;
		r->err = r->err < 0 ? r->err : e;
	}
	pthread_mutex_unlock(&r->lock);
	return HWS_OK;
}

/* --- the loop --- */

static void tell(struct hws_recorder *r)
{
	char now[PATH_MAX];

	pthread_mutex_lock(&r->lock);
	unsigned files = r->files;
	bool closed = r->closed;
	int err = r->err;
	memcpy(now, *r->now ? r->now : r->path, sizeof(now));
	pthread_mutex_unlock(&r->lock);
	if (files > r->files_told && r->on_file)
		r->on_file(now, r->arg);
	r->files_told = files;
	if (!closed)
		return;
	r->stopped = true;
	if (r->on_end)
		r->on_end(err, now, r->arg);
	r->on_end = NULL;
	r->on_file = NULL;
	if (r->jobs)
		return;
	drop_items(r->head);
	pthread_mutex_destroy(&r->lock);
	hws_free(r);
}

static void on_done(void *arg, int e)
{
	struct hws_recorder *r = arg;

	r->jobs--;
	/* The pool ends, or something came just when the last job had looked: seldom. */
	if (e == HWS_ERR_CANCELED || !r->jobs)
		run(r);
	tell(r);
}

static void on_turn(void *arg)
{
	on_done(arg, HWS_ERR_CANCELED);
}

/* Never from on_done: the pool may be gone then. */
static void start(struct hws_recorder *r)
{
	if (r->jobs > 1)
		return; /* one of them has not begun, or will look again */
	r->jobs++;
	if (hws_work_submit(r->work, r->loop, run, on_done, r) < 0 &&
			hws_loop_post(r->loop, on_turn, r) < 0)
		r->jobs--; /* no memory: with the next one */
}

static void push(struct hws_recorder *r, struct item *i, struct hws_bytes data)
{
	i->len = data.len;
	if (data.len)
		memcpy(i->data, data.ptr, data.len);
	pthread_mutex_lock(&r->lock);
	*r->tail = i;
	r->tail = &i->next;
	r->queued += sizeof(*i) + data.len;
	pthread_mutex_unlock(&r->lock);
	start(r);
}

static struct item *room_for(struct hws_recorder *r, size_t len)
{
	struct item *i = NULL;

	if (r->stopped)
		return NULL;
	pthread_mutex_lock(&r->lock);
	bool full = r->queued + sizeof(*i) + len > QUEUE_MAX;
	pthread_mutex_unlock(&r->lock);
	if (!full)
		i = hws_alloc(sizeof(*i) + len);
	if (!i)
		hws_recorder_stop(r, full ? HWS_ERR_FULL : HWS_ERR_NOMEM);
	return i;
}

void hws_recorder_picture(
		struct hws_recorder *r, unsigned display, const struct hws_film_picture *p)
{
	struct item *i;

	if (display >= DISPLAYS_MAX || (r->display >= 0 && display != (unsigned)r->display))
		return;
	i = room_for(r, p->data.len);
	if (!i)
		return;
	i->display = display;
	i->p = *p;
	push(r, i, p->data);
}

void hws_recorder_sound(
		struct hws_recorder *r, unsigned channels, struct hws_bytes data, uint64_t time_ms)
{
	struct item *i = room_for(r, data.len);

	if (!i)
		return;
	i->sound = true;
	i->channels = channels;
	i->p.time_ms = time_ms;
	push(r, i, data);
}

void hws_recorder_stop(struct hws_recorder *r, int err)
{
	if (r->stopped)
		return;
	r->stopped = true;
	pthread_mutex_lock(&r->lock);
	r->stopping = true;
	r->err = r->err < 0 ? r->err : err;
	r->stop_ms = hws_clock_us() / 1000;
	pthread_mutex_unlock(&r->lock);
	start(r);
}

void hws_recorder_free(struct hws_recorder *r)
{
	if (!r)
		return;
	r->on_file = NULL;
	r->on_end = NULL;
	hws_recorder_stop(r, HWS_OK);
}
