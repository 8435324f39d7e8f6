/* A job for each viewer, one at a time: offered, answered, read block by block on a worker and sent
 * as the line takes it. Deployed viewers print XPS and nothing else, which nothing here makes: they
 * are offered no job, and told as a deployed host tells them. */
#include "client/services/print/print_host.h"
#include "client/services/print/print_job.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct print_host;

struct job {
	struct print_host *h; /* NULL: nobody wants it any more, it ends with its worker */
	struct hws_host_viewer *v;
	int fd;
	uint64_t size, sent;
	int32_t id; /* the viewer's; 0: not answered yet */
	char path[HWS_PRINT_PATH_MAX], file[HWS_HOST_COMMAND_MAX + 1];
	struct hws_timer patience;
	bool reading; /* the worker has it */
	size_t ready; /* bytes of data that are read and not sent */
	uint8_t data[HWS_PRINT_BLOCK];
};

struct print_host {
	struct hws_host_service service;
	struct hws_host_env env;
	struct job *job[HWS_HOST_VIEWERS_MAX];
	uint64_t last_ms; /* of the paths: no two are the same */
};

static struct print_host *of(struct hws_host_service *s)
{
	return hws_container(s, struct print_host, service);
}

/* --- what is sent ----------------------------------------------------------------------------- */

static int send_action(struct hws_host_viewer *v, const char *path)
{
	Ses__FileTransferSendRequest q = SES__FILE_TRANSFER_SEND_REQUEST__INIT;
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	q.path = (char *)(uintptr_t)path;
	q.file_num = 1;
	q.file_type = SES__FILE_TRANSFER_SEND_REQUEST__FILE_TYPE__Printer;
	a.union_case = SES__FILE_ACTION__UNION_SEND;
	a.send = &q;
	m.union_case = SES__MESSAGE__UNION_FILE_ACTION;
	m.file_action = &a;
	return hws_host_viewer_send(v, &m);
}

static int send_response(struct job *j, Ses__FileResponse *r)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_FILE_RESPONSE;
	m.file_response = r;
	return hws_host_viewer_send(j->v, &m);
}

static int send_dir(struct job *j)
{
	Ses__FileDirectory d = SES__FILE_DIRECTORY__INIT;
	Ses__FileResponse r = SES__FILE_RESPONSE__INIT;

	d.id = j->id;
	d.path = j->path;
	r.union_case = SES__FILE_RESPONSE__UNION_DIR;
	r.dir = &d;
	return send_response(j, &r);
}

static int send_block(struct job *j)
{
	Ses__FileTransferBlock b = SES__FILE_TRANSFER_BLOCK__INIT;
	Ses__FileResponse r = SES__FILE_RESPONSE__INIT;

	b.id = j->id;
	b.data = (ProtobufCBinaryData){ j->ready, j->data };
	r.union_case = SES__FILE_RESPONSE__UNION_BLOCK;
	r.block = &b;
	return send_response(j, &r);
}

static int send_done(struct job *j)
{
	Ses__FileTransferDone d = SES__FILE_TRANSFER_DONE__INIT;
	Ses__FileResponse r = SES__FILE_RESPONSE__INIT;

	d.id = j->id;
	r.union_case = SES__FILE_RESPONSE__UNION_DONE;
	r.done = &d;
	return send_response(j, &r);
}

static void send_error(struct job *j, const char *why)
{
	Ses__FileTransferError e = SES__FILE_TRANSFER_ERROR__INIT;
	Ses__FileResponse r = SES__FILE_RESPONSE__INIT;

	e.id = j->id;
	e.error = (char *)(uintptr_t)why;
	r.union_case = SES__FILE_RESPONSE__UNION_ERROR;
	r.error = &e;
	if (send_response(j, &r) < 0)
		hws_debug("print.error_not_told");
}

/* As deployed hosts say it; the texts are keys of theirs. */
static void tell_disallowed(struct hws_host_viewer *v)
{
	hws_host_viewer_box(v, "remote-printing-disallowed-tile-tip",
			"remote-printing-disallowed-text-tip");
}

/* --- a job ------------------------------------------------------------------------------------ */

static void destroy(struct job *j)
{
	hws_timer_stop(&j->patience);
	close(j->fd);
	hws_free(j);
}

/* Forgets it: the worker that has it frees it when it is done. */
static void drop(struct job *j)
{
	j->h->job[j->v->slot] = NULL;
	hws_timer_stop(&j->patience);
	j->h = NULL;
	if (!j->reading)
		destroy(j);
}

static void end(struct job *j, int result, const char *why)
{
	hws_host_audit(&j->h->env, j->v,
			&(struct hws_audit_event){ .what = "print.sent",
					.path = hws_bytes_str(j->file),
					.bytes = j->sent,
					.result = result });
	if (result < 0)
		hws_warn("print.failed", HWS_U64("conn", j->v->conn), HWS_STR("why", why));
	drop(j);
}

static void on_patience(void *arg)
{
	struct job *j = arg;

	if (j->id)
		send_error(j, "the line takes nothing any more");
	end(j, HWS_ERR_TIMEOUT, j->id ? "the line takes nothing" : "the viewer does not answer");
}

static void wait_longer(struct job *j)
{
	hws_timer_start(j->h->env.loop, &j->patience, HWS_PRINT_WAIT_US, on_patience, j);
}

static int read_block(void *arg)
{
	struct job *j = arg;
	uint64_t left = j->size - j->sent;
	size_t want = left < sizeof(j->data) ? (size_t)left : sizeof(j->data), got = 0;

	while (got < want) {
		ssize_t n = pread(j->fd, j->data + got, want - got, (off_t)(j->sent + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? hws_err_from_errno(errno) : HWS_ERR_EOF;
		got += (size_t)n;
	}
	j->ready = got;
	return HWS_OK;
}

static void pump(struct job *j);

static void on_read(void *arg, int r)
{
	struct job *j = arg;

	j->reading = false;
	if (!j->h) {
		destroy(j);
	} else if (r < 0) {
		send_error(j, "the file to be printed became shorter, or cannot be read");
		end(j, r, "the file cannot be read");
	} else {
		pump(j);
	}
}

/* What can leave now. */
static void pump(struct job *j)
{
	int r;

	if (j->reading || !j->id)
		return;
	if (j->ready) {
		if (j->v->congested(j->v, HWS_SEND_BULK))
			return;
		r = send_block(j);
		if (r == HWS_ERR_FULL)
			return;
		if (r < 0) {
			end(j, r, "it cannot be sent");
			return;
		}
		j->sent += j->ready;
		j->ready = 0;
		wait_longer(j);
	}
	if (j->sent == j->size) {
		r = send_done(j);
		if (r != HWS_ERR_FULL)
			end(j, r, "it cannot be sent");
		return;
	}
	j->reading = true;
	r = hws_work_submit(j->h->env.work, j->h->env.loop, read_block, on_read, j);
	if (r < 0) {
		j->reading = false;
		send_error(j, "the host is too busy to read the file");
		end(j, r, "too many jobs of workers");
	}
}

/* --- the command ------------------------------------------------------------------------------ */

/* Opening never waits for the other end of a pipe; of a file it takes its kind and size alone. */
static int open_file(struct job *j, struct hws_error *err)
{
	struct stat st;
	uint8_t head[8];
	ssize_t n;

	j->fd = open(j->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (j->fd < 0)
		return hws_error_set(err, hws_err_from_errno(errno),
				"the account of the desktop cannot open the file: %s",
				strerror(errno));
	if (fstat(j->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return hws_error_set(err, HWS_ERR_INVAL, "only a regular file is printed");
	if (st.st_size <= 0 || (uint64_t)st.st_size > HWS_PRINT_MAX)
		return hws_error_set(err, HWS_ERR_TOOBIG,
				"a print job has 1 byte to %u MiB, the file has %" PRIu64 " bytes",
				HWS_PRINT_MAX >> 20, (uint64_t)st.st_size);
	j->size = (uint64_t)st.st_size;
	n = pread(j->fd, head, sizeof(head), 0);
	switch (hws_print_kind(hws_bytes(head, n > 0 ? (size_t)n : 0))) {
	case HWS_PRINT_PDF:
	case HWS_PRINT_POSTSCRIPT:
		return HWS_OK;
	default:
		return hws_error_set(err, HWS_ERR_INVAL,
				"only PDF and PostScript are printed: convert the file");
	}
}

static int check_viewer(struct print_host *h, struct hws_host_viewer *v, struct hws_error *err)
{
	if (!hws_host_viewer_may(v, HWS_PERM_REMOTE_PRINTER)) {
		tell_disallowed(v);
		return hws_error_set(err, HWS_ERR_DENIED,
				"the viewer may not receive print jobs (enable-remote-printer)");
	}
	if (v->level != HWS_LEVEL_V2) {
		tell_disallowed(v);
		return hws_error_set(err, HWS_ERR_UNSUPPORTED,
				"the viewer is not of hawser: such viewers print XPS, which this host "
				"does not make");
	}
	if (h->job[v->slot])
		return hws_error_set(err, HWS_ERR_BUSY,
				"another job is on its way to the viewer: try again when it is there");
	return HWS_OK;
}

static uint64_t new_ms(struct print_host *h)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	uint64_t ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
	h->last_ms = ms > h->last_ms ? ms : h->last_ms + 1;
	return h->last_ms;
}

static int on_command(struct hws_host_service *s, struct hws_host_viewer *v, const char *text,
		struct hws_error *err)
{
	struct print_host *h = of(s);
	struct job *j;
	int r = check_viewer(h, v, err);

	if (r < 0)
		return r;
	if (*text != '/')
		return hws_error_set(err, HWS_ERR_INVAL, "the path of the file is not absolute");
	j = hws_alloc(sizeof(*j));
	if (!j)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	j->fd = -1;
	if (hws_str_copy(j->file, sizeof(j->file), text) < 0)
		r = hws_error_set(err, HWS_ERR_TOOBIG, "the path of the file is too long");
	else
		r = open_file(j, err);
	if (r == HWS_OK &&
			hws_fmt(j->path, sizeof(j->path), HWS_PRINT_PATH "%" PRIu64, new_ms(h)) < 0)
		r = hws_error_set(err, HWS_ERR_RANGE, "the clock is wrong");
	if (r == HWS_OK && (r = send_action(v, j->path)) < 0)
		hws_error_set(err, r, "the viewer takes nothing at the moment: try again");
	if (r < 0) {
		if (j->fd >= 0)
			close(j->fd);
		hws_free(j);
		return r;
	}
	j->h = h;
	j->v = v;
	h->job[v->slot] = j;
	wait_longer(j);
	return HWS_OK;
}

/* --- a viewer's messages ---------------------------------------------------------------------- */

static bool on_answer(struct job *j, const Ses__FileTransferSendRequest *q)
{
	if (q->file_type != SES__FILE_TRANSFER_SEND_REQUEST__FILE_TYPE__Printer || j->id ||
			q->id <= 0 || strcmp(q->path, j->path) != 0)
		return false;
	j->id = q->id;
	int r = send_dir(j);
	if (r < 0) {
		end(j, r, "it cannot be sent");
		return true;
	}
	wait_longer(j);
	pump(j);
	return true;
}

/* What is not about its job is not served, as nothing of files is in these sessions. */
static bool on_message(struct hws_host_service *s, struct hws_host_viewer *v, const Ses__Message *m)
{
	struct job *j = of(s)->job[v->slot];

	if (!j)
		return false;
	if (m->union_case == SES__MESSAGE__UNION_FILE_RESPONSE &&
			m->file_response->union_case == SES__FILE_RESPONSE__UNION_ERROR) {
		if (!j->id || m->file_response->error->id != j->id)
			return false;
		end(j, HWS_ERR_CANCELED, "the viewer could not take it");
		return true;
	}
	if (m->union_case != SES__MESSAGE__UNION_FILE_ACTION)
		return false;
	if (m->file_action->union_case == SES__FILE_ACTION__UNION_SEND)
		return on_answer(j, m->file_action->send);
	if (m->file_action->union_case != SES__FILE_ACTION__UNION_CANCEL || !j->id ||
			m->file_action->cancel->id != j->id)
		return false;
	end(j, HWS_ERR_CANCELED, "the viewer cancelled it");
	return true;
}

static void on_drained(
		struct hws_host_service *s, struct hws_host_viewer *v, enum hws_send_class cls)
{
	if (cls == HWS_SEND_BULK && of(s)->job[v->slot])
		pump(of(s)->job[v->slot]);
}

static void on_join(struct hws_host_service *s HWS_UNUSED, struct hws_host_viewer *v HWS_UNUSED)
{
}

static void on_leave(struct hws_host_service *s, struct hws_host_viewer *v)
{
	if (of(s)->job[v->slot])
		end(of(s)->job[v->slot], HWS_ERR_CANCELED, "the viewer has gone");
}

static void on_update(struct hws_host_service *s, struct hws_host_viewer *v)
{
	if (of(s)->job[v->slot] && !hws_host_viewer_may(v, HWS_PERM_REMOTE_PRINTER))
		end(of(s)->job[v->slot], HWS_ERR_DENIED, "it is not permitted any more");
}

static int print_new(const struct hws_host_env *env, struct hws_host_service **ret)
{
	struct print_host *h = hws_alloc(sizeof(*h));

	if (!h)
		return HWS_ERR_NOMEM;
	h->service.impl = &hws_print_host_service;
	h->env = *env;
	*ret = &h->service;
	return HWS_OK;
}

static void print_free(struct hws_host_service *s)
{
	struct print_host *h = of(s);

	for (size_t i = 0; i < HWS_HOST_VIEWERS_MAX; i++)
		if (h->job[i])
			drop(h->job[i]);
	hws_free(h);
}

const struct hws_host_service_impl hws_print_host_service = {
	.id = HWS_SERVICE_FILES,
	.name = "print",
	.kinds = HWS_KIND_BIT(HWS_KIND_REMOTE),
	.new = print_new,
	.free = print_free,
	.join = on_join,
	.leave = on_leave,
	.update = on_update,
	.message = on_message,
	.drained = on_drained,
	.command = on_command,
};
