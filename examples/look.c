/* A small program with libhawser: looks at a host once and keeps the picture.
 *
 *     cc -o look look.c $(pkg-config --cflags --libs hawser)
 *     HAWSER_PASSWORD=secret ./look 123456789 picture.ppm ["text to type"]
 *
 * The target may be an ID (HAWSER_SERVER and HAWSER_KEY, or the configuration of the hawser
 * program, say which server knows it) or an address. All of it runs on one thread with one poll():
 * where your program has a main loop of its own, give it hawser_context_fd() and call
 * hawser_context_dispatch() from there. */
#include <hawser/hawser.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct look {
	hawser_session *session;
	const char *file, *text;
	bool done;
	int status;
};

static void end(struct look *l, int status)
{
	l->done = true;
	l->status = status;
}

/* The newest picture as a portable pixmap: three bytes a pixel. */
static int save(struct look *l, size_t display)
{
	struct hawser_frame f = HAWSER_FRAME_INIT;
	FILE *out;
	int r = hawser_session_lock_frame(l->session, display, &f);

	if (r < 0)
		return r;
	/* While it is locked it does not change; the library goes on decoding into another one. */
	out = fopen(l->file, "wb");
	if (!out) {
		r = HAWSER_ERR_SYS;
	} else {
		fprintf(out, "P6\n%u %u\n255\n", f.width, f.height);
		for (uint32_t y = 0; y < f.height; y++)
			for (uint32_t x = 0; x < f.width; x++)
				fwrite(f.pixels + (size_t)y * f.stride + (size_t)x * 4, 1, 3, out);
		if (fclose(out) != 0)
			r = HAWSER_ERR_DISK;
	}
	hawser_session_unlock_frame(l->session, display);
	return r;
}

static void on_frame(struct look *l, size_t display)
{
	int r;

	if (l->text && (r = hawser_session_type_text(l->session, l->text)) < 0)
		fprintf(stderr, "look: the text was not sent: %s\n", hawser_strerror(r));
	r = save(l, display);
	if (r < 0)
		fprintf(stderr, "look: %s: %s\n", l->file, hawser_strerror(r));
	end(l, r < 0);
}

static void on_event(hawser_session *session, const struct hawser_event *ev, void *arg)
{
	struct look *l = arg;

	switch (ev->type) {
	case HAWSER_EVENT_STATE:
		fprintf(stderr, "look: %s\n", ev->u.state.text);
		break;
	case HAWSER_EVENT_INSECURE: /* a real program would ask its user */
		fprintf(stderr, "look: %s\n", ev->u.message.text);
		hawser_session_accept_insecure(session, false);
		break;
	case HAWSER_EVENT_PASSWORD:
		if (ev->u.password.reason == HAWSER_PASSWORD_NOT_NEEDED)
			break;
		fprintf(stderr, "look: %s\n", ev->u.password.text);
		end(l, 1);
		break;
	case HAWSER_EVENT_READY:
		fprintf(stderr, "look: %s, %zu display%s, %s\n", ev->u.peer->hostname,
				ev->u.peer->display_count,
				ev->u.peer->display_count == 1 ? "" : "s",
				ev->u.peer->encrypted ? "encrypted" : "not encrypted");
		break;
	case HAWSER_EVENT_FRAME:
		if (!l->done)
			on_frame(l, ev->u.frame.display);
		break;
	case HAWSER_EVENT_CLOSED:
		fprintf(stderr, "look: %s\n", ev->u.closed.text);
		end(l, 1);
		break;
	default:
		break;
	}
}

int main(int argc, char **argv)
{
	struct hawser_context_config cc = HAWSER_CONTEXT_CONFIG_INIT;
	struct hawser_session_config sc = HAWSER_SESSION_CONFIG_INIT;
	struct look l = { .status = 1 };
	hawser_context *ctx;

	if (argc < 3) {
		fprintf(stderr, "usage: look TARGET FILE.ppm [TEXT]\n");
		return 2;
	}
	l.file = argv[2];
	l.text = argc > 3 ? argv[3] : NULL;
	cc.server = getenv("HAWSER_SERVER");
	cc.key = getenv("HAWSER_KEY");
	if (hawser_context_new(&cc, &ctx) < 0) {
		fprintf(stderr, "look: %s\n", hawser_last_error());
		return 1;
	}
	sc.target = argv[1];
	sc.password = getenv("HAWSER_PASSWORD");
	sc.no_retry = true;
	sc.format = HAWSER_FORMAT_RGBA;
	sc.on_event = on_event;
	sc.arg = &l;
	if (hawser_session_open(ctx, &sc, &l.session) < 0) {
		fprintf(stderr, "look: %s\n", hawser_last_error());
		l.done = true;
	}
	while (!l.done) {
		struct pollfd p = { .fd = hawser_context_fd(ctx), .events = POLLIN };
		if (poll(&p, 1, 30000) == 0) {
			fprintf(stderr, "look: nothing happened for 30 seconds\n");
			break;
		}
		hawser_context_dispatch(ctx);
	}
	hawser_session_close(l.session);
	hawser_context_free(ctx);
	return l.status;
}
