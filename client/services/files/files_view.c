/* Requests are a list in the order in which they came. At the end of a turn in which something
 * changed, each is asked to take its next step; what the line does not take waits for `drained`.
 * Nothing is freed but at the end of a turn: an event may lead to any call. */
#include "client/services/files/view_parts.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/wire/version.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PACE_US (200 * HWS_US_PER_MS) /* of progress */

uint64_t fv_now(const struct hws_files_view *fv)
{
	return hws_loop_now_us(fv->conf.loop);
}

static bool is_job(const struct fv_request *r)
{
	return r->q.kind == HWS_FILES_VIEW_GET || r->q.kind == HWS_FILES_VIEW_PUT;
}

struct fv_request *fv_find(struct hws_files_view *fv, uint32_t id)
{
	struct hws_list *node;

	hws_list_for (node, &fv->requests) {
		struct fv_request *r = hws_container(node, struct fv_request, node);
		if (r->q.id == id && r->stage != FV_OVER)
			return r;
	}
	return NULL;
}

char *fv_wire(const char *local)
{
	size_t size = 3 * strlen(local) + 1;
	char *wire = hws_alloc(size);

	if (wire && hws_name_to_wire(local, wire, size) < 0) {
		hws_free(wire);
		wire = NULL;
	}
	return wire;
}

int fv_send(struct hws_files_view *fv, Ses__FileAction *a)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_FILE_ACTION;
	m.file_action = a;
	return hws_viewer_send(fv->service.viewer, &m);
}

/* --- telling ---------------------------------------------------------------------------------- */

void fv_event(struct fv_request *r, struct hws_files_view_event *e)
{
	e->id = r->q.id;
	if (is_job(r))
		fv_job_figures(r, &e->job);
	r->fv->conf.on_event(e, r->fv->conf.arg);
}

static void request_free(struct fv_request *r)
{
	hws_list_remove(&r->node);
	r->fv->count--;
	fv_work_forget(r);
	hws_listing_done(&r->list);
	fv_job_free(&r->job);
	hws_free(r->list_path);
	hws_free(r->path);
	hws_free(r->to);
	hws_free(r->wire);
	hws_free(r->wire_to);
	hws_free(r);
}

static void reap(void *arg)
{
	struct hws_files_view *fv = arg;
	struct hws_list *node, *tmp;

	hws_list_for_safe (node, tmp, &fv->requests) {
		struct fv_request *r = hws_container(node, struct fv_request, node);
		if (r->stage == FV_OVER)
			request_free(r);
	}
}

void fv_done(struct fv_request *r, int err, const char *fmt, ...)
{
	struct hws_files_view_event e = { .type = HWS_FILES_VIEW_DONE, .err = err };
	char text[600] = "";
	va_list ap;

	if (r->stage == FV_OVER)
		return;
	va_start(ap, fmt);
	if (err < 0)
		vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (err < 0 && !*text) /* a host may fail without a word */
		snprintf(text, sizeof(text), "%s", hws_err_text(err));
	e.text = text;
	r->stage = FV_OVER;
	fv_work_forget(r);
	hws_loop_defer(r->fv->conf.loop, &r->fv->reap, reap, r->fv);
	fv_pump_soon(r->fv);
	fv_event(r, &e);
}

/* --- steps ------------------------------------------------------------------------------------ */

static void pump(void *arg)
{
	struct hws_files_view *fv = arg;
	struct hws_list *node, *tmp;

	fv_job_answers(fv);
	hws_list_for_safe (node, tmp, &fv->requests) {
		struct fv_request *r = hws_container(node, struct fv_request, node);
		int e = r->stage == FV_OVER ? HWS_OK
				: is_job(r) ? fv_job_step(r)
				: fv->open  ? fv_request_step(r)
					    : HWS_OK;
		if (e == HWS_ERR_FULL)
			break; /* the line is full: `drained` comes */
		if (e < 0)
			fv_done(r, e, "the request could not be sent: %s", hws_err_text(e));
	}
}

void fv_pump_soon(struct hws_files_view *fv)
{
	hws_loop_defer(fv->conf.loop, &fv->pump, pump, fv);
}

static void on_pace(void *arg)
{
	struct hws_files_view *fv = arg;
	struct hws_list *node;
	bool any = false;

	hws_list_for (node, &fv->requests) {
		struct fv_request *r = hws_container(node, struct fv_request, node);
		if (!is_job(r) || r->stage == FV_OVER)
			continue;
		any = true;
		if (r->job.engaged)
			fv_job_tell_progress(r, false);
	}
	if (!any)
		hws_timer_stop(&fv->pace);
}

/* --- what is asked ---------------------------------------------------------------------------- */

static int fill(struct fv_request *r, const struct hws_files_request *q)
{
	if (strlen(q->path) > HWS_FILE_PATH_MAX || (q->to && strlen(q->to) > HWS_FILE_PATH_MAX))
		return HWS_ERR_INVAL;
	r->q = *q;
	r->path = hws_strdup(q->path);
	r->wire = fv_wire(q->path);
	r->q.path = r->path;
	if (!r->path || !r->wire)
		return HWS_ERR_NOMEM;
	if (!q->to)
		return HWS_OK;
	r->to = hws_strdup(q->to);
	r->wire_to = fv_wire(q->to);
	r->q.to = r->to;
	return r->to && r->wire_to ? HWS_OK : HWS_ERR_NOMEM;
}

int hws_files_view_ask(struct hws_files_view *fv, const struct hws_files_request *q)
{
	struct fv_request *r;
	int e;

	if (q->id == 0 || q->id >= FV_INNER_ID || !q->path)
		return HWS_ERR_INVAL;
	if (fv_find(fv, q->id))
		return HWS_ERR_EXISTS;
	if (fv->count >= HWS_FILES_VIEW_MAX)
		return HWS_ERR_FULL;
	r = hws_alloc(sizeof(*r));
	if (!r)
		return HWS_ERR_NOMEM;
	r->fv = fv;
	fv->count++;
	hws_list_push(&fv->requests, &r->node);
	e = fill(r, q);
	if (e == HWS_OK && !is_job(r) && !fv->open)
		e = HWS_ERR_DENIED;
	if (e < 0) {
		request_free(r);
		return e;
	}
	r->job.rerun = q->resume;
	if (is_job(r) && !hws_timer_active(&fv->pace))
		hws_timer_every(fv->conf.loop, &fv->pace, PACE_US, on_pace, fv);
	fv_pump_soon(fv);
	return HWS_OK;
}

int hws_files_view_decide(struct hws_files_view *fv, uint32_t id, uint32_t file,
		enum hws_files_answer answer, bool all)
{
	struct fv_request *r = fv_find(fv, id);
	struct fv_job *j;

	if (!r || !is_job(r) || !fv->files)
		return HWS_ERR_NOTFOUND;
	j = &r->job;
	if (all)
		r->q.policy = answer == HWS_FILES_SKIP ? HWS_FILES_VIEW_SKIPS
						       : HWS_FILES_VIEW_OVERWRITES;
	if (!j->decided)
		j->decided = hws_alloc_array(FV_DECIDED_MAX, sizeof(*j->decided));
	if (j->decided && j->decided_count < FV_DECIDED_MAX)
		j->decided[j->decided_count++] =
				(struct fv_decided){ .file = file, .answer = answer };
	return hws_files_decide(fv->files, (int32_t)id, file, answer, all);
}

int hws_files_view_pause(struct hws_files_view *fv, uint32_t id, bool paused)
{
	struct fv_request *r = fv_find(fv, id);
	int e = HWS_OK;

	if (!r || !is_job(r))
		return HWS_ERR_NOTFOUND;
	if (r->paused == paused)
		return HWS_OK;
	r->paused = paused;
	if (r->job.engaged && fv->files)
		e = hws_files_pause(fv->files, (int32_t)id, paused);
	fv_job_tell_progress(r, true);
	fv_pump_soon(fv);
	return e;
}

/* A job keeps its part unless that is to be forgotten: the other end is told by the job's end. */
int hws_files_view_cancel(struct hws_files_view *fv, uint32_t id, bool forget)
{
	struct fv_request *r = fv_find(fv, id);
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__FileTransferCancel c = SES__FILE_TRANSFER_CANCEL__INIT;

	if (!r)
		return HWS_ERR_NOTFOUND;
	r->canceled = true;
	if (r->job.engaged && fv->files) {
		r->job.engaged = false;
		if ((forget ? hws_files_cancel(fv->files, (int32_t)id)
			    : hws_files_stop(fv->files, (int32_t)id)) < 0)
			hws_debug("files.ended_already");
	} else if (r->stage != FV_WAITS && fv->open && !is_job(r)) {
		c.id = (int32_t)id;
		a.union_case = SES__FILE_ACTION__UNION_CANCEL;
		a.cancel = &c;
		if (fv_send(fv, &a) < 0) /* what it answers all the same finds nobody */
			hws_debug("files.cancel_not_sent");
	}
	fv_done(r, HWS_ERR_CANCELED, "canceled");
	return HWS_OK;
}

/* --- the service ------------------------------------------------------------------------------ */

static void apply_hold(struct hws_files_view *fv)
{
	if (fv->service.viewer)
		hws_viewer_hold(fv->service.viewer, fv->held_files || fv->held_events);
}

void hws_files_view_hold(struct hws_files_view *fv, bool hold)
{
	if (fv->held_events == hold)
		return;
	fv->held_events = hold;
	if (fv->open)
		apply_hold(fv);
}

static void on_hold(bool hold, void *arg)
{
	struct hws_files_view *fv = arg;

	fv->held_files = hold;
	apply_hold(fv);
}

static int on_send(enum hws_files_family family, struct hws_bytes head, struct hws_bytes rest,
		void *arg)
{
	struct hws_files_view *fv = arg;

	(void)family;
	return hws_viewer_send_packed(fv->service.viewer, HWS_CHANNEL_JOBS, head, rest);
}

static bool is_congested(void *arg)
{
	struct hws_files_view *fv = arg;

	return !hws_viewer_can_send(fv->service.viewer, &fv->service);
}

static void open_files(struct hws_files_view *fv)
{
	const struct hws_peer *p = hws_viewer_peer(fv->service.viewer);
	const struct hws_files_conf conf = { .loop = fv->conf.loop,
		.work = fv->conf.work,
		.roots = fv->conf.roots,
		.extended = fv->extended,
		.peer_windows = fv->windows,
		.old_peer = p->version_number && p->version_number < HWS_V_FILE_DIGEST,
		.send = on_send,
		.congested = is_congested,
		.hold = on_hold,
		.unpack = fv_unpack,
		.event = fv_files_event,
		.arg = fv };

	if (hws_files_new(&conf, &fv->files) < 0)
		fv->files = NULL; /* jobs wait for the next link */
}

static void on_open(struct hws_service *service)
{
	struct hws_files_view *fv = hws_files_view_of(service);

	fv->extended = !fv->conf.base_only && hws_viewer_level(service->viewer) == HWS_LEVEL_V2;
	fv->windows = hws_viewer_peer(service->viewer)->kind == HWS_PLATFORM_WINDOWS;
	fv->open = true;
	fv->first_seen = false;
	fv->first_due_us = fv_now(fv) + FV_FIRST_US;
	fv->held_files = false;
	fv->next_inner = FV_INNER_ID;
	open_files(fv);
	if (fv->held_events)
		apply_hold(fv);
	fv_pump_soon(fv);
}

static void on_close(struct hws_service *service)
{
	struct hws_files_view *fv = hws_files_view_of(service);
	struct hws_list *node, *tmp;

	fv->open = false;
	fv_unpack_forget(fv);
	hws_files_free(fv->files);
	fv->files = NULL;
	fv->answer_count = 0;
	hws_list_for_safe (node, tmp, &fv->requests) {
		struct fv_request *r = hws_container(node, struct fv_request, node);
		if (r->stage == FV_OVER)
			continue;
		if (is_job(r))
			fv_job_lost(r);
		else
			fv_done(r, HWS_ERR_RESET, "the connection was lost before the answer came");
	}
}

static void on_response(struct hws_files_view *fv, const Ses__FileResponse *a)
{
	switch (a->union_case) {
	case SES__FILE_RESPONSE__UNION_DIR:
		fv_on_dir(fv, a->dir);
		break;
	case SES__FILE_RESPONSE__UNION_EMPTY_DIRS:
		fv_on_empty_dirs(fv, a->empty_dirs);
		break;
	case SES__FILE_RESPONSE__UNION_ERROR:
		fv_on_error(fv, a->error);
		break;
	case SES__FILE_RESPONSE__UNION_DONE:
		fv_on_done(fv, a->done);
		break;
	default:
		break; /* of a job that has ended */
	}
}

static bool on_message(struct hws_service *service, Ses__Message *m)
{
	struct hws_files_view *fv = hws_files_view_of(service);

	if (fv->files && hws_files_message(fv->files, m))
		return false;
	if (m->union_case == SES__MESSAGE__UNION_FILE_RESPONSE && m->file_response)
		on_response(fv, m->file_response);
	fv_pump_soon(fv);
	return false;
}

static void on_drained(struct hws_service *service)
{
	struct hws_files_view *fv = hws_files_view_of(service);

	if (fv->files)
		hws_files_drained(fv->files);
	fv_pump_soon(fv);
}

static void on_tick(struct hws_service *service, uint64_t now_us)
{
	struct hws_files_view *fv = hws_files_view_of(service);
	struct hws_list *node, *tmp;

	if (fv->files)
		hws_files_tick(fv->files, now_us);
	hws_list_for_safe (node, tmp, &fv->requests) {
		struct fv_request *r = hws_container(node, struct fv_request, node);
		if (r->stage == FV_OVER || !r->due_us || now_us < r->due_us)
			continue;
		r->due_us = 0;
		if (!is_job(r))
			fv_request_late(r);
		else if (r->stage == FV_EMPTY)
			fv_folders_told(r, NULL); /* deployed hosts may not answer at all */
		else
			fv_done(r, HWS_ERR_TIMEOUT, "the host did not say that it made a folder");
	}
	fv_pump_soon(fv);
}

static void on_free(struct hws_service *service)
{
	struct hws_files_view *fv = hws_files_view_of(service);
	struct hws_list *node;

	if (fv->open)
		on_close(service);
	hws_loop_defer_cancel(&fv->pump);
	hws_loop_defer_cancel(&fv->reap);
	hws_timer_stop(&fv->pace);
	while ((node = hws_list_first(&fv->requests)))
		request_free(hws_container(node, struct fv_request, node));
	hws_free(fv->answers);
	hws_free(fv->stale);
	hws_free(fv);
}

static const struct hws_service_impl impl = {
	.id = HWS_SERVICE_FILES,
	.name = "files",
	.kinds = HWS_KIND_BIT(HWS_KIND_FILE),
	.permissions = HWS_SERVICE_NEEDS(File),
	.open = on_open,
	.on_message = on_message,
	.drained = on_drained,
	.tick = on_tick,
	.close = on_close,
	.free = on_free,
};

int hws_files_view_new(const struct hws_files_view_conf *conf, struct hws_files_view **ret)
{
	struct hws_files_view *fv = hws_alloc(sizeof(*fv));

	if (!fv)
		return HWS_ERR_NOMEM;
	fv->service.impl = &impl;
	fv->conf = *conf;
	hws_list_init(&fv->requests);
	hws_list_init(&fv->works);
	hws_list_init(&fv->unpacking);
	*ret = fv;
	return HWS_OK;
}

struct hws_service *hws_files_view_service(struct hws_files_view *fv)
{
	return &fv->service;
}

struct hws_files_view *hws_files_view_of(struct hws_service *service)
{
	return hws_container(service, struct hws_files_view, service);
}

bool hws_files_view_extended(const struct hws_files_view *fv)
{
	return fv->open && fv->extended;
}
