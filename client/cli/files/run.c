/* The library tells by events what the commands wait for; here the one becomes the other. */
#include "client/cli/files/run.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FIRST_US (4 * HWS_US_PER_S) /* for the folder that a host tells unasked */
#define BAR_US (100 * HWS_US_PER_MS)
#define TELL_US (1 * HWS_US_PER_S) /* between lines of JSON about progress */
#define CANCEL_US (3 * HWS_US_PER_S)

bool files_json(const struct files_run *f)
{
	return f->options->front.json;
}

int files_exit_of(int err)
{
	switch (err) {
	case HAWSER_OK:
		return CLI_OK;
	case HAWSER_ERR_CANCELED:
		return FILES_INTERRUPTED;
	case HAWSER_ERR_NOTFOUND:
	case HAWSER_ERR_EXISTS:
	case HAWSER_ERR_PERM:
	case HAWSER_ERR_DISK:
	case HAWSER_ERR_SYS:
	case HAWSER_ERR_BUSY:
	case HAWSER_ERR_TOOBIG:
	case HAWSER_ERR_CORRUPT:
	case HAWSER_ERR_REFUSED:
	case HAWSER_ERR_PROTO:
	case HAWSER_ERR_UNSUPPORTED:
		return CLI_FILE;
	case HAWSER_ERR_TIMEOUT:
		return CLI_TIMEOUT;
	case HAWSER_ERR_RESET:
	case HAWSER_ERR_EOF:
	case HAWSER_ERR_CLOSED:
		return CLI_ENDED;
	default:
		return cli_exit_of(err);
	}
}

/* --- progress --------------------------------------------------------------------------------- */

void files_run_clear(struct files_run *f)
{
	if (f->on_screen)
		fputs("\r\x1b[K", stderr);
	f->on_screen = false;
}

static size_t columns(void)
{
	struct winsize w;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 10 ? w.ws_col : 80;
}

static void draw(struct files_run *f)
{
	char line[2600];
	size_t width = columns() - 1;
	uint64_t now = hws_clock_us();
	const struct files_bar bar = { .name = f->name,
		.done = f->job.bytes_done,
		.total = f->job.bytes_total,
		.files_done = f->job.files_done + f->job.files_skipped + f->job.files_failed,
		.files = f->job.files_total,
		.rate = files_rate_step(&f->rate, now, f->job.bytes_done),
		.paused = f->job.paused };

	if (f->shown_us && now - f->shown_us < BAR_US)
		return;
	f->shown_us = now;
	files_show_bar(line, sizeof(line), &bar, width < 2000 ? width : 2000);
	fprintf(stderr, "\r%s\x1b[K", line);
	fflush(stderr);
	f->on_screen = true;
}

static void figures(const struct files_run *f, const struct hawser_files_progress *j)
{
	files_json_text("command", f->verb ? f->verb : "");
	files_json_text("remote", f->remote ? f->remote : "");
	files_json_text("local", f->local ? f->local : "");
	files_json_number("bytes", j->bytes_done);
	files_json_number("bytes_total", j->bytes_total);
	files_json_number("files", j->files_total);
	files_json_number("done", j->files_done);
	files_json_number("skipped", j->files_skipped);
	files_json_number("failed", j->files_failed);
}

static void on_progress(struct files_run *f, const struct hawser_files_progress *j)
{
	uint64_t now = hws_clock_us();

	snprintf(f->name, sizeof(f->name), "%s",
			*j->name                    ? j->name
					: f->remote ? files_path_base(f->remote, f->windows)
						    : "");
	f->job = *j;
	f->job.name = f->name;
	if (f->bar) {
		draw(f);
	} else if (files_json(f) && now - f->told_us >= TELL_US) {
		f->told_us = now;
		files_json_begin("progress");
		figures(f, j);
		files_json_text("name", j->name);
		files_json_end();
	}
}

static const char *shown_name(const struct files_run *f, const char *name, char *buf, size_t size)
{
	return files_show_name(buf, size,
			*name                       ? name
					: f->remote ? files_path_base(f->remote, f->windows)
						    : "");
}

/* A job of one file has no names below: then it is that file's. */
static const char *files_name_of(const struct files_run *f, const char *name)
{
	return *name || !f->remote ? name : files_path_base(f->remote, f->windows);
}

static void on_file(struct files_run *f, const struct hawser_files_event *e)
{
	char shown[FILES_NAME_SHOWN];

	if (files_json(f)) {
		files_json_begin("file");
		files_json_text("command", f->verb ? f->verb : "");
		files_json_text("name", files_name_of(f, e->u.file.name));
		files_json_number("bytes", e->u.file.bytes);
		files_json_text("result",
				e->u.file.error < 0                 ? "failed"
						: e->u.file.skipped ? "skipped"
								    : "done");
		if (e->u.file.error < 0) {
			files_json_text("error", hawser_error_name(e->u.file.error));
			files_json_text("text", e->u.file.text ? e->u.file.text : "");
		}
		files_json_end();
	}
	if (e->u.file.error < 0) {
		files_run_clear(f);
		cli_fail(0, "%s: %s", shown_name(f, e->u.file.name, shown, sizeof(shown)),
				e->u.file.text);
	}
}

/* --- a name that is taken --------------------------------------------------------------------- */

static char ask_terminal(const char *question)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	char answer[64];
	ssize_t n = -1;

	if (fd < 0)
		return 0;
	if (write(fd, question, strlen(question)) > 0)
		n = read(fd, answer, sizeof(answer));
	close(fd);
	return (char)(n > 0 ? answer[0] : 'c');
}

static void decide(struct files_run *f, const struct hawser_files_event *e,
		enum hawser_files_decision d, bool all)
{
	if (hawser_files_decide(f->front.session, e->id, e->u.conflict.file, d, all) < 0)
		return; /* the job has ended meanwhile, and says so */
}

static void ask(struct files_run *f, const struct hawser_files_event *e)
{
	char shown[FILES_NAME_SHOWN], was[32], is[32], was_at[32], is_at[32], part[80] = "";
	struct hws_buf b;

	shown_name(f, e->u.conflict.name, shown, sizeof(shown));
	if (e->u.conflict.resumable)
		snprintf(part, sizeof(part), "r=resume at %s, ",
				files_show_size(was, sizeof(was), e->u.conflict.resumable));
	hws_buf_init(&b, 2 * FILES_NAME_SHOWN);
	hws_buf_fmt(&b,
			"%s is there: %s of %s; what comes: %s of %s%s.\n"
			"%so=overwrite, s=skip, O=overwrite all, S=skip all, c=stop? ",
			shown, files_show_size(was, sizeof(was), e->u.conflict.there_bytes),
			files_show_mtime(was_at, sizeof(was_at), e->u.conflict.there_modified),
			files_show_size(is, sizeof(is), e->u.conflict.bytes),
			files_show_mtime(is_at, sizeof(is_at), e->u.conflict.modified),
			e->u.conflict.identical ? " (the same)" : "", part);
	hws_buf_put_u8(&b, 0);
	for (;;) {
		char answer = 'c';

		if (!hws_buf_err(&b))
			answer = ask_terminal((const char *)hws_buf_bytes(&b).ptr);
		switch (answer) {
		case 'o':
		case 'O':
			decide(f, e, HAWSER_FILES_DO_OVERWRITE, answer == 'O');
			break;
		case 's':
		case 'S':
			decide(f, e, HAWSER_FILES_DO_SKIP, answer == 'S');
			break;
		case 'r':
			decide(f, e, HAWSER_FILES_DO_RESUME, false);
			break;
		case 'c':
		case 0:
			decide(f, e, HAWSER_FILES_DO_CANCEL, false);
			break;
		default:
			continue;
		}
		break;
	}
	hws_buf_done(&b);
}

/* Who cannot be asked loses nothing: what differs is left alone, and the status tells. */
static void on_conflict(struct files_run *f, const struct hawser_files_event *e)
{
	char shown[FILES_NAME_SHOWN];

	if (e->u.conflict.identical && !f->flags.ask) {
		decide(f, e, HAWSER_FILES_DO_SKIP, false);
	} else if (f->flags.resume && e->u.conflict.resumable) {
		decide(f, e, HAWSER_FILES_DO_RESUME, false);
	} else if (f->can_ask) {
		files_run_clear(f);
		ask(f, e);
	} else {
		files_run_clear(f);
		f->left_alone++;
		cli_fail(0, "%s is there and differs; --overwrite replaces it, --skip leaves it alone",
				shown_name(f, e->u.conflict.name, shown, sizeof(shown)));
		decide(f, e, HAWSER_FILES_DO_SKIP, false);
	}
}

/* --- events ----------------------------------------------------------------------------------- */

static void on_listing(struct files_run *f, const struct hawser_files_event *e)
{
	if (e->id == 0) {
		if (!f->located && hws_str_copy(f->cwd, sizeof(f->cwd), e->u.listing.path) == 0)
			f->located = true;
		return;
	}
	if (e->id != f->id || !f->list)
		return;
	if (!f->list->path)
		f->list->path = hws_strdup(e->u.listing.path);
	f->list->cut |= e->u.listing.cut;
	for (size_t i = 0; i < e->u.listing.count; i++) {
		const struct hawser_file *x = hawser_file_at(e->u.listing.files, i);
		if (!files_list_add(f->list, x->name, x))
			return;
	}
}

static void on_done(struct files_run *f, const struct hawser_files_event *e)
{
	f->done = true;
	f->err = e->u.done.error;
	snprintf(f->text, sizeof(f->text), "%s", e->u.done.text ? e->u.done.text : "");
	f->job = e->u.done.job;
	f->job.name = "";
}

static void on_files(struct files_run *f, const struct hawser_files_event *e)
{
	if (e->type == HAWSER_FILES_LISTING) {
		on_listing(f, e);
		return;
	}
	if (e->id != f->id)
		return; /* of a request that was given up */
	switch (e->type) {
	case HAWSER_FILES_STARTED:
	case HAWSER_FILES_PROGRESS:
		on_progress(f, e->u.job);
		break;
	case HAWSER_FILES_FILE:
		on_file(f, e);
		break;
	case HAWSER_FILES_CONFLICT:
		on_conflict(f, e);
		break;
	case HAWSER_FILES_DONE:
		on_done(f, e);
		break;
	default:
		break;
	}
}

static void on_event(hawser_session *session, const struct hawser_event *ev, void *arg)
{
	struct files_run *f = arg;

	(void)session;
	if (ev->type == HAWSER_EVENT_FILES)
		on_files(f, ev->u.files);
	else if (ev->type == HAWSER_EVENT_READY)
		f->windows = strcmp(ev->u.peer->platform, "Windows") == 0;
	else if (ev->type == HAWSER_EVENT_STATE)
		files_run_clear(f); /* a line about it follows */
}

static void asking(bool begins, void *arg)
{
	if (begins)
		files_run_clear(arg);
}

/* --- the session ------------------------------------------------------------------------------ */

int files_run_open(struct files_run *f)
{
	struct hawser_link_config link;
	struct hawser_files_config config = HAWSER_FILES_CONFIG_INIT;
	uint64_t due;
	int status, r;

	f->front.options = &f->options->front;
	f->front.on_event = on_event;
	f->front.asking = asking;
	f->front.arg = f;
	f->bar = isatty(STDERR_FILENO) && !files_json(f) && !f->options->front.quiet;
	f->can_ask = isatty(STDERR_FILENO) && isatty(STDIN_FILENO) && !files_json(f);
	status = session_front_begin(&f->front, &link);
	if (status != CLI_OK)
		return status;
	config.base_only = f->options->compatible;
	r = hawser_files_open(f->front.ctx, &link, &config, &f->front.session);
	if (r < 0)
		return session_front_fail(&f->front, r);
	while (!f->front.ready && !f->front.finished)
		session_front_wait(&f->front, NULL, 0, -1);
	due = hws_clock_us() + FIRST_US;
	while (!f->located && !f->front.finished && hws_clock_us() < due)
		session_front_wait(&f->front, NULL, 0, 100);
	return f->front.interrupted         ? FILES_INTERRUPTED
			: f->front.finished ? f->front.status
					    : CLI_OK;
}

/* The user wants no more of it: what has come so far stays, so that it can be gone on with. */
static int interrupted(struct files_run *f, uint32_t id)
{
	uint64_t due = hws_clock_us() + CANCEL_US;

	if (hawser_files_cancel(f->front.session, id, false) == 0)
		while (!f->done && hws_clock_us() < due)
			hawser_context_wait(f->front.ctx, 100);
	snprintf(f->text, sizeof(f->text), "interrupted");
	return HAWSER_ERR_CANCELED;
}

int files_run_wait(struct files_run *f, uint32_t id, struct files_list *list)
{
	f->id = id;
	f->done = false;
	f->list = list;
	f->rate = (struct files_rate){ 0 };
	f->shown_us = f->told_us = 0;
	f->left_alone = 0;
	f->job = (struct hawser_files_progress){ .name = "" };
	while (!f->done && !f->front.finished)
		session_front_wait(&f->front, NULL, 0, 1000);
	files_run_clear(f);
	f->list = NULL;
	if (f->done)
		return f->err;
	if (f->front.interrupted)
		return interrupted(f, id);
	snprintf(f->text, sizeof(f->text), "the session has ended");
	return HAWSER_ERR_CLOSED;
}

void files_run_refused(struct files_run *f)
{
	snprintf(f->text, sizeof(f->text), "%s", hawser_last_error());
}

int files_run_fail(struct files_run *f, int err, const char *what, const char *path)
{
	char shown[FILES_NAME_SHOWN];

	if (err == HAWSER_ERR_CLOSED && f->front.finished) /* said already */
		return f->front.status == CLI_OK ? CLI_ENDED : f->front.status;
	if (files_json(f)) {
		files_json_begin("error");
		files_json_text("command", what);
		files_json_text("path", path);
		files_json_text("error", hawser_error_name(err));
		files_json_text("text", f->text);
		files_json_end();
	}
	return cli_fail(files_exit_of(err), "%s %s: %s", what,
			files_show_name(shown, sizeof(shown), path),
			*f->text ? f->text : hawser_strerror(err));
}

int files_run_path(struct files_run *f, const char *arg, char *buf, size_t size)
{
	char shown[400];
	int r = files_path_resolve(buf, size, f->cwd, arg, f->windows);

	if (r == 0)
		return CLI_OK;
	files_show_name(shown, sizeof(shown), arg);
	return cli_fail(CLI_USAGE,
			r == HAWSER_ERR_TOOBIG ? "the path %s is too long"
					       : "there can be no path %s at the host",
			shown);
}
