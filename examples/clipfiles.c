/* A small program with libhawser: files of the clipboard, in a session on a host's desktop.
 *
 *     cc -o clipfiles clipfiles.c $(pkg-config --cflags --libs hawser)
 *     HAWSER_PASSWORD=secret ./clipfiles 123456789 copy /home/anna/report.pdf /home/anna/photos
 *     HAWSER_PASSWORD=secret ./clipfiles 123456789 paste /tmp/here
 *
 * "copy" offers files of this machine, for as long as the program runs: whoever presses Ctrl+V at
 * the host gets them, and only then they are sent. "paste" waits until somebody copies files at
 * the host, writes them into a folder and ends. The target may be an ID or an address, as for
 * look.c. */
#include <hawser/clipfiles.h>
#include <hawser/hawser.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct clip {
	char **paths; /* to be copied; NULL: paste */
	size_t count;
	const char *folder;
	bool begun, done;
	int status;
};

static void end(struct clip *c, int status)
{
	c->done = true;
	c->status = status;
}

static void fail(struct clip *c, const char *text)
{
	fprintf(stderr, "clipfiles: %s\n", text);
	end(c, 1);
}

/* Ready once more after a lost line: what was offered is told to the host again by the library. */
static void on_ready(struct clip *c, hawser_session *session)
{
	if (c->begun || !c->paths)
		return;
	c->begun = true;
	if (hawser_clipfiles_copy(session, (const char *const *)c->paths, c->count) < 0)
		fail(c, hawser_last_error());
}

static void on_files(
		struct clip *c, hawser_session *session, const struct hawser_clipfiles_event *e)
{
	switch (e->type) {
	case HAWSER_CLIPFILES_COPIED:
		if (e->error < 0)
			fail(c, e->text);
		else
			fprintf(stderr,
					"%" PRIu32 " files and folders, %" PRIu64 " bytes; %" PRIu32
					" left out\n",
					e->count, e->bytes, e->left_out);
		break;
	case HAWSER_CLIPFILES_OFFERED:
		if (c->paths || c->begun)
			break;
		c->begun = true;
		if (hawser_clipfiles_fetch(session, c->folder) < 0)
			fail(c, hawser_last_error());
		break;
	case HAWSER_CLIPFILES_REFUSED:
		fprintf(stderr, "clipfiles: %s\n", e->text);
		break;
	case HAWSER_CLIPFILES_PROGRESS:
		fprintf(stderr, "%" PRIu64 " of %" PRIu64 " bytes\n", e->bytes, e->all_bytes);
		break;
	case HAWSER_CLIPFILES_FETCHED:
		if (e->error < 0)
			fail(c, e->text);
		else
			end(c, 0);
		break;
	default:
		break;
	}
}

static void on_event(hawser_session *session, const struct hawser_event *ev, void *arg)
{
	struct clip *c = arg;

	switch (ev->type) {
	case HAWSER_EVENT_READY:
		on_ready(c, session);
		break;
	case HAWSER_EVENT_CLIPFILES:
		on_files(c, session, ev->u.clipfiles);
		break;
	case HAWSER_EVENT_PASSWORD:
		if (ev->u.password.reason == HAWSER_PASSWORD_NOT_NEEDED)
			break;
		fail(c, ev->u.password.text);
		break;
	case HAWSER_EVENT_CLOSED:
		fail(c, ev->u.closed.text);
		break;
	default:
		break;
	}
}

int main(int argc, char **argv)
{
	struct clip c = { 0 };
	struct hawser_session_config config = HAWSER_SESSION_CONFIG_INIT;
	hawser_context *ctx;
	hawser_session *session;

	if (argc >= 4 && strcmp(argv[2], "copy") == 0) {
		c.paths = argv + 3;
		c.count = (size_t)argc - 3;
	} else if (argc == 4 && strcmp(argv[2], "paste") == 0) {
		c.folder = argv[3];
	} else {
		fprintf(stderr, "usage: clipfiles TARGET copy PATH... | paste FOLDER\n");
		return 2;
	}
	if (hawser_context_new(NULL, &ctx) < 0) {
		fprintf(stderr, "clipfiles: %s\n", hawser_last_error());
		return 1;
	}
	config.target = argv[1];
	config.password = getenv("HAWSER_PASSWORD");
	config.files_to_host = c.paths != NULL;
	config.files_from_host = !c.paths;
	config.on_event = on_event;
	config.arg = &c;
	if (hawser_session_open(ctx, &config, &session) < 0) {
		fprintf(stderr, "clipfiles: %s\n", hawser_last_error());
		hawser_context_free(ctx);
		return 1;
	}
	while (!c.done)
		hawser_context_wait(ctx, -1);
	hawser_session_close(session);
	hawser_context_free(ctx);
	return c.status;
}
