/* A small program with libhawser: runs a command at a host and ends with its exit status.
 *
 *     cc -o terminal terminal.c $(pkg-config --cflags --libs hawser)
 *     HAWSER_PASSWORD=secret ./terminal 123456789 uname -a
 *     HAWSER_PASSWORD=secret ./terminal 123456789 sort < words > sorted
 *
 * The target may be an ID (HAWSER_SERVER and HAWSER_KEY, or the configuration of the hawser
 * program, say which server knows it) or an address. The host must be one of hawser: deployed hosts
 * run no commands. Input and output wait for each other without a thread: what the host does not
 * take is not read here, and what nobody takes here is not sent there. */
#include <hawser/hawser.h>
#include <hawser/terminal.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ID 1 /* of the one terminal */

struct program {
	hawser_session *session;
	char **command;
	bool started, opened, done;
	int status;
	char input[4096];
	size_t at, len; /* of the input that the library has not taken yet */
	bool input_ended;
};

static void end(struct program *p, int status, const char *text)
{
	if (text && *text)
		fprintf(stderr, "terminal: %s\n", text);
	p->done = true;
	p->status = status;
}

/* Everything that waits. A program with a main loop would write no more than is taken. */
static void write_output(struct program *p)
{
	char buf[16384];
	enum hawser_stream stream;
	bool over;
	long n;

	while ((n = hawser_terminal_read(p->session, ID, buf, sizeof(buf), &stream, &over)) > 0)
		if (fwrite(buf, 1, (size_t)n, stream == HAWSER_STREAM_ERR ? stderr : stdout) !=
				(size_t)n)
			end(p, 255, "the output could not be written");
	fflush(stdout);
}

static void send_input(struct program *p)
{
	long n = 0;

	if (p->at < p->len)
		n = hawser_terminal_write(p->session, ID, p->input + p->at, p->len - p->at);
	if (n > 0)
		p->at += (size_t)n;
}

static void read_input(struct program *p)
{
	ssize_t n = read(STDIN_FILENO, p->input, sizeof(p->input));

	p->at = 0;
	p->len = n > 0 ? (size_t)n : 0;
	if (n > 0) {
		send_input(p);
		return;
	}
	p->input_ended = true;
	if (hawser_terminal_end_input(p->session, ID) < 0)
		return; /* the command has ended before */
}

static void start(struct program *p)
{
	struct hawser_terminal_start w = HAWSER_TERMINAL_START_INIT;

	if (p->started)
		return; /* the line was cut, and is there again */
	p->started = true;
	w.id = ID;
	w.argv = (const char *const *)p->command;
	w.no_pty = true;
	if (hawser_terminal_start(p->session, &w) < 0)
		end(p, 255, hawser_last_error());
}

static void on_terminal(struct program *p, const struct hawser_terminal_event *t)
{
	switch (t->type) {
	case HAWSER_TERMINAL_OPENED:
		p->opened = true;
		break;
	case HAWSER_TERMINAL_OUTPUT:
		write_output(p);
		break;
	case HAWSER_TERMINAL_ROOM:
		send_input(p);
		break;
	case HAWSER_TERMINAL_ENDED:
		write_output(p);
		end(p, t->u.ended.error ? 255 : t->u.ended.exit_code, t->u.ended.text);
		break;
	default:
		break;
	}
}

static void on_event(hawser_session *session, const struct hawser_event *ev, void *arg)
{
	struct program *p = arg;

	p->session = session;
	switch (ev->type) {
	case HAWSER_EVENT_INSECURE: /* a real program would ask its user */
		hawser_session_accept_insecure(session, false);
		break;
	case HAWSER_EVENT_PASSWORD:
		if (ev->u.password.reason != HAWSER_PASSWORD_NOT_NEEDED)
			end(p, 255, ev->u.password.text);
		break;
	case HAWSER_EVENT_READY:
		start(p);
		break;
	case HAWSER_EVENT_TERMINAL:
		on_terminal(p, ev->u.terminal);
		break;
	case HAWSER_EVENT_CLOSED:
		end(p, 255, ev->u.closed.text);
		break;
	default:
		break;
	}
}

int main(int argc, char **argv)
{
	struct hawser_context_config cc = HAWSER_CONTEXT_CONFIG_INIT;
	struct hawser_link_config link = HAWSER_LINK_CONFIG_INIT;
	struct hawser_terminal_config config = HAWSER_TERMINAL_CONFIG_INIT;
	struct program p = { .status = 255 };
	hawser_context *ctx;

	if (argc < 3) {
		fprintf(stderr, "usage: terminal TARGET COMMAND [ARG ...]\n");
		return 255;
	}
	p.command = argv + 2;
	cc.server = getenv("HAWSER_SERVER");
	cc.key = getenv("HAWSER_KEY");
	if (hawser_context_new(&cc, &ctx) < 0) {
		fprintf(stderr, "terminal: %s\n", hawser_last_error());
		return 255;
	}
	link.target = argv[1];
	link.password = getenv("HAWSER_PASSWORD");
	link.on_event = on_event;
	link.arg = &p;
	if (hawser_terminal_open(ctx, &link, &config, &p.session) < 0)
		end(&p, 255, hawser_last_error());
	while (!p.done) {
		struct pollfd f[2] = { { .fd = hawser_context_fd(ctx), .events = POLLIN },
			{ .fd = -1, .events = POLLIN } };

		if (p.opened && !p.input_ended && p.at == p.len)
			f[1].fd = STDIN_FILENO;
		if (poll(f, 2, -1) < 0)
			break;
		hawser_context_dispatch(ctx);
		if (!p.done && f[1].revents)
			read_input(&p);
	}
	hawser_session_close(p.session);
	hawser_context_free(ctx);
	return p.status;
}
