/* A small program with libhawser: lists a folder of a host, or fetches a file from it.
 *
 *     cc -o files files.c $(pkg-config --cflags --libs hawser)
 *     HAWSER_PASSWORD=secret ./files 123456789 Documents
 *     HAWSER_PASSWORD=secret ./files 123456789 Documents/report.pdf report.pdf
 *
 * The target may be an ID or an address, as for look.c. One request at a time is made here; a
 * program with a window makes several, and tells their events apart by their numbers. */
#include <hawser/files.h>
#include <hawser/hawser.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct fetch {
	const char *path, *local; /* `local` NULL: list */
	uint32_t id;
	bool done;
	int status;
};

static void end(struct fetch *f, int status)
{
	f->done = true;
	f->status = status;
}

static void begin(struct fetch *f, hawser_session *session)
{
	struct hawser_files_job job = HAWSER_FILES_JOB_INIT;
	int r;

	job.remote = f->path;
	job.local = f->local;
	job.exists = HAWSER_FILES_OVERWRITE;
	job.resume = true; /* what an earlier try has left is not fetched again */
	r = f->local ? hawser_files_get(session, &job, &f->id)
		     : hawser_files_list(session, f->path, false, &f->id);
	if (r < 0) {
		fprintf(stderr, "files: %s\n", hawser_last_error());
		end(f, 1);
	}
}

/* Real programs look at names before they show them: a host may send any bytes. */
static void on_listing(const struct hawser_files_event *e)
{
	for (size_t i = 0; i < e->u.listing.count; i++) {
		const struct hawser_file *x = hawser_file_at(e->u.listing.files, i);
		printf("%12" PRIu64 "  ", x->bytes);
		for (const char *c = x->name; *c; c++)
			putchar((unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c);
		putchar('\n');
	}
}

static void on_files(struct fetch *f, const struct hawser_files_event *e)
{
	if (e->id != f->id)
		return; /* 0: the folder that a host lists unasked */
	switch (e->type) {
	case HAWSER_FILES_LISTING:
		on_listing(e);
		break;
	case HAWSER_FILES_PROGRESS:
		fprintf(stderr, "%" PRIu64 " of %" PRIu64 " bytes\n", e->u.job->bytes_done,
				e->u.job->bytes_total);
		break;
	case HAWSER_FILES_DONE:
		if (e->u.done.error < 0)
			fprintf(stderr, "files: %s\n", e->u.done.text);
		end(f, e->u.done.error < 0);
		break;
	default:
		break;
	}
}

static void on_event(hawser_session *session, const struct hawser_event *ev, void *arg)
{
	struct fetch *f = arg;

	switch (ev->type) {
	case HAWSER_EVENT_READY:
		/* After a lost line it is ready once more, and jobs go on by themselves. */
		if (f->id == 0)
			begin(f, session);
		break;
	case HAWSER_EVENT_FILES:
		on_files(f, ev->u.files);
		break;
	case HAWSER_EVENT_PASSWORD:
		if (ev->u.password.reason == HAWSER_PASSWORD_NOT_NEEDED)
			break;
		fprintf(stderr, "files: %s\n", ev->u.password.text);
		end(f, 1);
		break;
	case HAWSER_EVENT_CLOSED:
		fprintf(stderr, "files: %s\n", ev->u.closed.text);
		end(f, 1);
		break;
	default:
		break;
	}
}

int main(int argc, char **argv)
{
	struct fetch f = { 0 };
	struct hawser_link_config link = HAWSER_LINK_CONFIG_INIT;
	hawser_context *ctx;
	hawser_session *session;

	if (argc < 3) {
		fprintf(stderr, "usage: files TARGET PATH [LOCAL]\n");
		return 2;
	}
	f.path = argv[2];
	f.local = argc > 3 ? argv[3] : NULL;
	if (hawser_context_new(NULL, &ctx) < 0) {
		fprintf(stderr, "files: %s\n", hawser_last_error());
		return 1;
	}
	link.target = argv[1];
	link.password = getenv("HAWSER_PASSWORD");
	link.on_event = on_event;
	link.arg = &f;
	if (hawser_files_open(ctx, &link, NULL, &session) < 0) {
		fprintf(stderr, "files: %s\n", hawser_last_error());
		hawser_context_free(ctx);
		return 1;
	}
	while (!f.done)
		hawser_context_wait(ctx, -1);
	hawser_session_close(session);
	hawser_context_free(ctx);
	return f.status;
}
