/* The double takes the place of files/files in this program: nothing of that is linked. */
#include "tests/unit/client/services/files_stage.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include <stdio.h>
#include <string.h>

struct stage *stage;

/* --- the double ------------------------------------------------------------------------------- */

int hws_files_new(const struct hws_files_conf *conf, struct hws_files **ret)
{
	stage->links++;
	stage->conf = hws_memdup(conf, sizeof(*conf));
	*ret = (struct hws_files *)(uintptr_t)stage->conf;
	return HWS_OK;
}

void hws_files_free(struct hws_files *f)
{
	hws_free(f);
	stage->conf = NULL;
}

bool hws_files_message(struct hws_files *f HWS_UNUSED, const Ses__Message *m HWS_UNUSED)
{
	return false;
}

void hws_files_unpacked(struct hws_files *f HWS_UNUSED, uint64_t token HWS_UNUSED,
		int err HWS_UNUSED, struct hws_bytes content HWS_UNUSED)
{
}

void hws_files_drained(struct hws_files *f HWS_UNUSED)
{
}

void hws_files_tick(struct hws_files *f HWS_UNUSED, uint64_t now_us HWS_UNUSED)
{
}

static int begin(const struct hws_files_job *job, bool upload)
{
	stage->begun++;
	stage->job = *job;
	stage->upload = upload;
	snprintf(stage->local, sizeof(stage->local), "%s", job->local);
	snprintf(stage->remote, sizeof(stage->remote), "%s", job->remote);
	return HWS_OK;
}

int hws_files_download(struct hws_files *f HWS_UNUSED, const struct hws_files_job *job)
{
	return begin(job, false);
}

int hws_files_upload(struct hws_files *f HWS_UNUSED, const struct hws_files_job *job)
{
	return begin(job, true);
}

int hws_files_decide(struct hws_files *f HWS_UNUSED, int32_t id, uint32_t file,
		enum hws_files_answer answer, bool all HWS_UNUSED)
{
	ck_assert_uint_lt(stage->decisions, HWS_COUNT(stage->decided));
	stage->decided[stage->decisions].id = id;
	stage->decided[stage->decisions].file = file;
	stage->decided[stage->decisions++].answer = answer;
	return HWS_OK;
}

int hws_files_pause(struct hws_files *f HWS_UNUSED, int32_t id HWS_UNUSED, bool pause HWS_UNUSED)
{
	return HWS_OK;
}

int hws_files_cancel(struct hws_files *f HWS_UNUSED, int32_t id HWS_UNUSED)
{
	stage->canceled++;
	return HWS_OK;
}

int hws_files_stop(struct hws_files *f HWS_UNUSED, int32_t id HWS_UNUSED)
{
	stage->canceled++;
	return HWS_OK;
}

int hws_files_progress(const struct hws_files *f HWS_UNUSED, int32_t id HWS_UNUSED,
		struct hws_files_progress *ret)
{
	*ret = (struct hws_files_progress){ .done = 7, .wire = 5 };
	return HWS_OK;
}

size_t hws_files_jobs(const struct hws_files *f HWS_UNUSED)
{
	return 0;
}

/* --- up and down ------------------------------------------------------------------------------ */

static void on_event(const struct hws_files_view_event *e, void *arg)
{
	struct stage *s = arg;
	struct staged_event *to = &s->event[s->events++];

	ck_assert_uint_le(s->events, STAGE_EVENTS);
	*to = (struct staged_event){ .type = e->type,
		.id = e->id,
		.file = e->file,
		.err = e->err,
		.skipped = e->skipped,
		.identical = e->identical,
		.job = e->job };
	snprintf(to->name, sizeof(to->name), "%s", e->name ? e->name : "");
	snprintf(to->text, sizeof(to->text), "%s", e->text ? e->text : "");
	snprintf(to->path, sizeof(to->path), "%s", e->path ? e->path : "");
	to->count = e->list ? e->list->count : 0;
	for (size_t i = 0; i < to->count && i < 8; i++)
		snprintf(to->names[i], sizeof(to->names[i]), "%s", e->list->entry[i].name);
}

static uint64_t clock_of(void *arg)
{
	return ((struct stage *)arg)->now_us;
}

static void log_in(struct stage *s, const char *platform, const char *version)
{
	ck_assert_int_eq(recorder_start(&s->r, true), HWS_OK);
	recorder_hash(&s->r);
	recorder_login_ok(&s->r, platform, version, 0);
	ck_assert_int_eq(hws_viewer_state(s->r.viewer), HWS_VIEWER_READY);
	s->read = s->r.sent_count;
}

void stage_up(struct stage *s, const char *platform, const char *version, bool extended)
{
	memset(s, 0, sizeof(*s));
	stage = s;
	s->now_us = 1000 * HWS_US_PER_S;
	ck_assert_int_eq(hws_loop_new(&s->loop), HWS_OK);
	hws_loop_set_clock(s->loop, clock_of, s);
	hws_loop_once(s->loop, 0);
	ck_assert_int_eq(hws_work_new(1, 16, &s->work), HWS_OK);
	ck_assert_int_eq(hws_roots_new("/", &s->roots), HWS_OK);
	ck_assert_int_eq(hws_roots_add(s->roots, "/", HWS_ROOT_BOTH, NULL), HWS_OK);
	recorder_init_wish(&s->r, &(struct hws_session_wish){ .kind = HWS_KIND_FILE });
	ck_assert_int_eq(hws_files_view_new(&(struct hws_files_view_conf){ .loop = s->loop,
							    .work = s->work,
							    .roots = s->roots,
							    .on_event = on_event,
							    .arg = s },
					 &s->fv),
			HWS_OK);
	hws_viewer_serve(s->r.viewer, hws_files_view_service(s->fv));
	if (extended) {
		v2_host_init(&s->host, &s->r, "Passw0rd!", "");
		v2_host_ready(&s->host, &(struct v2_link){ .direct = true }, false);
		ck_assert_int_eq(hws_viewer_state(s->r.viewer), HWS_VIEWER_READY);
		s->read = s->r.sent_count;
	} else {
		log_in(s, platform, version);
	}
	stage_turn(s);
}

void stage_down(struct stage *s)
{
	hws_viewer_lost(s->r.viewer);
	hws_files_view_service(s->fv)->impl->free(hws_files_view_service(s->fv));
	recorder_done(&s->r);
	hws_work_free(s->work);
	hws_loop_free(s->loop);
	hws_roots_free(s->roots);
}

void stage_lose(struct stage *s)
{
	hws_viewer_lost(s->r.viewer);
	stage_turn(s);
}

void stage_again(struct stage *s, const char *platform, const char *version)
{
	log_in(s, platform, version);
	stage_turn(s);
}

/* --- turns ------------------------------------------------------------------------------------ */

void stage_turn(struct stage *s)
{
	for (int i = 0; i < 4; i++)
		hws_loop_once(s->loop, 0);
}

void stage_wait(struct stage *s, size_t events)
{
	while (s->events < events)
		hws_loop_once(s->loop, 20 * HWS_US_PER_MS);
}

void stage_tick(struct stage *s, uint64_t later_us)
{
	s->now_us += later_us;
	hws_loop_once(s->loop, 0);
	hws_viewer_tick(s->r.viewer, s->now_us);
	stage_turn(s);
}

uint32_t stage_ask(struct stage *s, enum hws_files_view_kind kind, const char *path, const char *to)
{
	static uint32_t last;
	struct hws_files_request q = {
		.kind = kind, .id = ++last, .path = path, .to = to, .hidden = true
	};

	ck_assert_int_eq(hws_files_view_ask(s->fv, &q), HWS_OK);
	stage_turn(s);
	return q.id;
}

Ses__Message *stage_sent(struct stage *s)
{
	while (s->read < s->r.sent_count) {
		Ses__Message *m = recorder_sent(&s->r, (int)s->read++);
		if (m->union_case == SES__MESSAGE__UNION_FILE_ACTION)
			return m;
		hws_ses_free(m);
	}
	return NULL;
}

void stage_quiet(struct stage *s)
{
	Ses__Message *m = stage_sent(s);

	ck_assert_msg(!m, "an action was sent: %d", m ? (int)m->file_action->union_case : 0);
}

const struct staged_event *stage_next(struct stage *s, enum hws_files_view_event_type type)
{
	ck_assert_msg(s->seen < s->events, "no event has come");
	ck_assert_int_eq(s->event[s->seen].type, type);
	return &s->event[s->seen++];
}

/* --- the host --------------------------------------------------------------------------------- */

void stage_feed(struct stage *s, Ses__FileResponse *a)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_FILE_RESPONSE;
	m.file_response = a;
	recorder_feed(&s->r, &m);
	stage_turn(s);
}

void stage_dir(struct stage *s, int32_t id, int32_t request, const char *path,
		const char *const names[])
{
	Ses__FileResponse a = SES__FILE_RESPONSE__INIT;
	Ses__FileDirectory d = SES__FILE_DIRECTORY__INIT;
	Ses__FileEntry e[64], *list[64];

	for (; names[d.n_entries]; d.n_entries++) {
		e[d.n_entries] = (Ses__FileEntry)SES__FILE_ENTRY__INIT;
		e[d.n_entries].name = (char *)names[d.n_entries];
		e[d.n_entries].entry_type = SES__FILE_TYPE__File;
		e[d.n_entries].size = 10;
		list[d.n_entries] = &e[d.n_entries];
	}
	d.id = id;
	d.request = request;
	d.path = (char *)path;
	d.entries = list;
	a.union_case = SES__FILE_RESPONSE__UNION_DIR;
	a.dir = &d;
	stage_feed(s, &a);
}

void stage_done_answer(struct stage *s, int32_t id, int32_t file)
{
	Ses__FileResponse a = SES__FILE_RESPONSE__INIT;
	Ses__FileTransferDone d = SES__FILE_TRANSFER_DONE__INIT;

	d.id = id;
	d.file_num = file;
	a.union_case = SES__FILE_RESPONSE__UNION_DONE;
	a.done = &d;
	stage_feed(s, &a);
}

void stage_error(struct stage *s, int32_t id, int32_t file, const char *text)
{
	Ses__FileResponse a = SES__FILE_RESPONSE__INIT;
	Ses__FileTransferError e = SES__FILE_TRANSFER_ERROR__INIT;

	e.id = id;
	e.file_num = file;
	e.error = (char *)text;
	a.union_case = SES__FILE_RESPONSE__UNION_ERROR;
	a.error = &e;
	stage_feed(s, &a);
}

void stage_tell(struct stage *s, enum hws_files_event_type type, uint32_t file, const char *name)
{
	struct hws_files_event e = { .type = type,
		.id = s->job.id,
		.file = file,
		.name = name,
		.files = 4,
		.bytes = 40,
		.size = 10,
		.err = type == HWS_FILES_FILE_FAILED ? HWS_ERR_PERM : HWS_OK,
		.text = "it may not be read" };

	ck_assert_ptr_nonnull(s->conf);
	s->conf->event(&e, s->conf->arg);
	stage_turn(s);
}
