/* A small program with libhawser: makes one port of a host's network a port of this machine.
 *
 *     cc -o tunnel tunnel.c $(pkg-config --cflags --libs hawser)
 *     HAWSER_PASSWORD=secret ./tunnel 123456789 8080 localhost 80
 *
 * The target may be an ID (HAWSER_SERVER and HAWSER_KEY, or the configuration of the hawser
 * program, say which server knows it) or an address. The library listens and carries the bytes;
 * this program only hears what becomes of them. Ctrl+C ends it. */
#include <hawser/hawser.h>
#include <hawser/tunnel.h>
#include <stdio.h>
#include <stdlib.h>

struct program {
	bool done;
	int status;
};

static void end(struct program *p, int status, const char *text)
{
	if (text && *text)
		fprintf(stderr, "tunnel: %s\n", text);
	p->done = true;
	p->status = status;
}

static void on_tunnel(struct program *p, const struct hawser_tunnel_event *t)
{
	switch (t->type) {
	case HAWSER_TUNNEL_LISTENING: /* also when a lost line is there again */
		printf("listening on %s\n", t->address);
		fflush(stdout);
		break;
	case HAWSER_TUNNEL_FAILED:
		end(p, 1, t->text);
		break;
	case HAWSER_TUNNEL_CLOSED:
		fprintf(stderr, "%s: %llu bytes in, %llu out; %s\n", t->from,
				(unsigned long long)t->bytes_in, (unsigned long long)t->bytes_out,
				*t->text ? t->text : "closed");
		break;
	case HAWSER_TUNNEL_ONE_BY_ONE: /* a real program would let its user decide */
		fprintf(stderr, "tunnel: %s\n", t->text);
		break;
	default:
		break;
	}
}

static void on_event(hawser_session *session, const struct hawser_event *ev, void *arg)
{
	struct program *p = arg;

	switch (ev->type) {
	case HAWSER_EVENT_INSECURE: /* a real program would ask its user */
		hawser_session_accept_insecure(session, false);
		break;
	case HAWSER_EVENT_PASSWORD:
		if (ev->u.password.reason != HAWSER_PASSWORD_NOT_NEEDED)
			end(p, 1, ev->u.password.text);
		break;
	case HAWSER_EVENT_TUNNEL:
		on_tunnel(p, ev->u.tunnel);
		break;
	case HAWSER_EVENT_CLOSED:
		end(p, 1, ev->u.closed.text);
		break;
	default:
		break;
	}
}

/* 1 to 65535; 0: it is none. */
static uint16_t port_of(const char *text)
{
	char *rest;
	unsigned long n = strtoul(text, &rest, 10);

	return *text && !*rest && n <= 65535 ? (uint16_t)n : 0;
}

int main(int argc, char **argv)
{
	struct hawser_context_config context = HAWSER_CONTEXT_CONFIG_INIT;
	struct hawser_link_config link = HAWSER_LINK_CONFIG_INIT;
	struct hawser_forward forward = HAWSER_FORWARD_INIT;
	struct program p = { 0 };
	hawser_context *ctx;
	hawser_session *session;

	if (argc != 5) {
		fprintf(stderr, "usage: tunnel HOST PORT TARGET-HOST TARGET-PORT\n");
		return 2;
	}
	context.server = getenv("HAWSER_SERVER");
	context.key = getenv("HAWSER_KEY");
	if (hawser_context_new(&context, &ctx) < 0) {
		fprintf(stderr, "tunnel: %s\n", hawser_last_error());
		return 1;
	}
	link.target = argv[1];
	link.password = getenv("HAWSER_PASSWORD");
	link.on_event = on_event;
	link.arg = &p;
	forward.port = port_of(argv[2]);
	forward.target_host = argv[3];
	forward.target_port = port_of(argv[4]);
	if (hawser_tunnel_open(ctx, &link, NULL, &session) < 0 ||
			hawser_tunnel_add(session, &forward, NULL) < 0)
		end(&p, 1, hawser_last_error());
	while (!p.done)
		hawser_context_wait(ctx, -1);
	hawser_context_free(ctx); /* closes the session, too */
	return p.status;
}
