/* hawser forward: ports through a session, until it is interrupted. What listens and what comes is
 * told on standard output, one line each, so that scripts can wait for it. */
#include "client/cli/cli.h"
#include "client/cli/forward_spec.h"
#include "client/cli/rdp.h"
#include "client/cli/session_front.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include <hawser/tunnel.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SPECS_MAX 64u

struct forward_options {
	struct session_front_options front;
	bool rdp;
	char *local, *dynamic, *remote, *udp; /* for --help; they are taken before */
	uint32_t rdp_port;
	uint64_t idle_us;
};

struct spec {
	struct forward_spec spec;
	uint32_t id; /* 0: not asked for, or no more */
	bool listening;
};

struct run {
	struct forward_options o;
	struct session_front front;
	struct spec spec[SPECS_MAX];
	size_t count;
	pid_t rdp; /* 0: none was started */
};

#define AT(field) offsetof(struct forward_options, field)
#define SPEC_ROW(option_letter, text_name, field, argument, text)                                  \
	{                                                                                          \
		.section = "", .name = text_name, .letter = option_letter, .type = HWS_OPT_STR,    \
		.offset = AT(field), .def = "", .arg = argument, .help = text                      \
	}

static const struct hws_option table[] = {
	SPEC_ROW('L', "local", local, "[ADDR:]PORT:HOST:PORT",
			"Listen here; connections go to HOST:PORT as the host reaches it (localhost: the host "
			"itself). May be given several times, as the next three."),
	SPEC_ROW('D', "dynamic", dynamic, "[ADDR:]PORT",
			"Listen here for SOCKS 5: the program says where the host is to connect."),
	SPEC_ROW('R', "remote", remote, "[ADDR:]PORT:HOST:PORT",
			"Let the host listen; connections go to HOST:PORT as this machine reaches it."),
	SPEC_ROW('U', "udp", udp, "[ADDR:]PORT:HOST:PORT", "As -L, for datagrams (UDP)."),
	{ .section = "",
			.name = "rdp",
			.type = HWS_OPT_BOOL,
			.offset = AT(rdp),
			.def = "no",
			.help = "Open a tunnel to the host's remote desktop (RDP) port, and start a "
				"remote desktop program if one is installed; else print where it "
				"can connect." },
	{ .section = "",
			.name = "rdp-port",
			.type = HWS_OPT_U32,
			.offset = AT(rdp_port),
			.def = "3389",
			.min = 1,
			.max = 65535,
			.arg = "PORT",
			.help = "Port of the host for --rdp." },
	{ .section = "",
			.name = "idle",
			.type = HWS_OPT_DURATION,
			.offset = AT(idle_us),
			.def = "0",
			.arg = "TIME",
			.help = "End connections on which not a byte came or went for so long; 0: "
				"never." },
	SESSION_FRONT_OPTIONS(struct forward_options),
};

static const struct hws_options options = {
	.program = "hawser forward",
	.usage = "hawser forward ID|HOST[:PORT] [-L|-R|-U [ADDR:]PORT:HOST:PORT] [-D [ADDR:]PORT] "
		 "[--rdp] [OPTION ...]",
	.about = "Carries ports through a session, until it is interrupted. Without ADDR it listens on "
		 "the loopback address only. Hosts of hawser connect only what their owner allows "
		 "(tunnel-targets); hosts of the RustDesk 1.x scheme can do -L only, and do not "
		 "encrypt what goes through it.",
	.table = table,
	.count = HWS_COUNT(table),
};

const struct hws_options *cli_forward_options(void)
{
	return &options;
}

/* --- what is said ----------------------------------------------------------------------------- */

static bool flushed(struct run *r)
{
	if (fflush(stdout) == 0)
		return true;
	session_front_finish(&r->front, CLI_FILE);
	return false;
}

static const char *flag_of(enum hawser_forward_kind kind)
{
	static const char *const flags[] = { "-L", "-U", "-D", "-R" };

	return flags[kind];
}

static struct spec *find(struct run *r, uint32_t id)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->spec[i].id == id)
			return &r->spec[i];
	return NULL;
}

static void json_event(const char *event, const struct spec *s, const struct hawser_tunnel_event *t)
{
	printf("{\"event\":\"%s\",\"kind\":\"%s\"", event, flag_of(s->spec.kind) + 1);
	if (*t->address) {
		fputs(",\"address\":", stdout);
		session_front_json_text(t->address);
		printf(",\"port\":%u", t->port);
	}
	if (t->connection) {
		printf(",\"connection\":%" PRIu64 ",\"from\":", t->connection);
		session_front_json_text(t->from);
		fputs(",\"target\":", stdout);
		session_front_json_text(t->target);
	}
	if (t->type == HAWSER_TUNNEL_CLOSED)
		printf(",\"bytes_in\":%" PRIu64 ",\"bytes_out\":%" PRIu64, t->bytes_in,
				t->bytes_out);
	if (t->type == HAWSER_TUNNEL_CLOSED || t->type == HAWSER_TUNNEL_FAILED)
		printf(",\"code\":\"%s\",\"error\":\"%s\"", t->code,
				t->error == HAWSER_OK ? "ok" : hawser_error_name(t->error));
	if (*t->text) {
		fputs(",\"text\":", stdout);
		session_front_json_text(t->text);
	}
	fputs("}\n", stdout);
}

static void say_listening(struct run *r, const struct spec *s, const struct hawser_tunnel_event *t)
{
	const struct forward_spec *f = &s->spec;
	bool there = f->kind == HAWSER_FORWARD_REMOTE;
	char at[300]; /* of -R the host says it */

	hws_str_plain(at, sizeof(at), hws_bytes_str(t->address));
	if (r->o.front.json)
		json_event("listening", s, t);
	else if (f->kind == HAWSER_FORWARD_DYNAMIC)
		printf("listening on %s (SOCKS 5)\n", at);
	else
		printf("listening on %s%s%s, for %s:%u%s\n", at, there ? " at the host" : "",
				f->kind == HAWSER_FORWARD_UDP ? " (UDP)" : "", f->host,
				f->target_port, there ? " here" : "");
	flushed(r);
}

/* A script that asked for several ports wants all of them. */
static void on_failed(struct run *r, struct spec *s, const struct hawser_tunnel_event *t)
{
	int status = t->error == HAWSER_ERR_DENIED || t->error == HAWSER_ERR_UNSUPPORTED
			? CLI_DENIED
			: CLI_FAILED;

	s->id = 0;
	if (r->o.front.json) {
		json_event("failed", s, t);
		flushed(r);
	}
	session_front_finish(&r->front,
			cli_fail(status, "%s %s%s%u: %s", flag_of(s->spec.kind), s->spec.address,
					*s->spec.address ? ":" : "", s->spec.port, t->text));
}

static void on_closed(struct run *r, const struct spec *s, const struct hawser_tunnel_event *t)
{
	if (r->o.front.json) {
		json_event("closed", s, t);
		flushed(r);
	} else if (t->error < 0) {
		session_front_say(&r->front, "connection %" PRIu64 " to %s: %s", t->connection,
				t->target, *t->text ? t->text : hawser_strerror(t->error));
	}
}

/* Its tunnel is the last one of the list. */
static void start_rdp(struct run *r, const struct spec *s, const char *address)
{
	if (!r->o.rdp || r->rdp || s != &r->spec[r->count - 1])
		return;
	r->rdp = cli_rdp_start(address);
	flushed(r);
}

static void on_tunnel(struct run *r, const struct hawser_tunnel_event *t)
{
	struct spec *s = t->forward ? find(r, t->forward) : NULL;

	if (t->type == HAWSER_TUNNEL_ONE_BY_ONE) {
		session_front_say(&r->front, "%s", t->text);
		if (r->o.front.json) {
			fputs("{\"event\":\"one-by-one\",\"text\":", stdout);
			session_front_json_text(t->text);
			fputs("}\n", stdout);
			flushed(r);
		}
	}
	if (!s)
		return;
	switch (t->type) {
	case HAWSER_TUNNEL_LISTENING:
		s->listening = true;
		say_listening(r, s, t);
		start_rdp(r, s, t->address);
		break;
	case HAWSER_TUNNEL_FAILED:
		on_failed(r, s, t);
		break;
	case HAWSER_TUNNEL_OPENED:
		if (r->o.front.json) {
			json_event("opened", s, t);
			flushed(r);
		}
		break;
	case HAWSER_TUNNEL_CLOSED:
		on_closed(r, s, t);
		break;
	default:
		break;
	}
}

static void on_event(hawser_session *session HWS_UNUSED, const struct hawser_event *ev, void *arg)
{
	struct run *r = arg;

	if (ev->type == HAWSER_EVENT_TUNNEL)
		on_tunnel(r, ev->u.tunnel);
}

/* --- the command line ------------------------------------------------------------------------- */

static int add(struct run *r, const struct forward_spec *spec)
{
	if (r->count >= SPECS_MAX)
		return cli_fail(CLI_USAGE, "at most %u forwards at once", SPECS_MAX);
	r->spec[r->count++].spec = *spec;
	return CLI_OK;
}

static int take(struct run *r, enum hawser_forward_kind kind, const char *text)
{
	struct forward_spec spec;
	const char *wrong = forward_spec_parse(kind, text, &spec);

	if (wrong)
		return cli_fail(CLI_USAGE, "%s \"%.80s\": %s", flag_of(kind), text, wrong);
	return add(r, &spec);
}

static int take_local(const char *text, void *arg)
{
	return take(arg, HAWSER_FORWARD_LOCAL, text);
}

static int take_dynamic(const char *text, void *arg)
{
	return take(arg, HAWSER_FORWARD_DYNAMIC, text);
}

static int take_remote(const char *text, void *arg)
{
	return take(arg, HAWSER_FORWARD_REMOTE, text);
}

static int take_udp(const char *text, void *arg)
{
	return take(arg, HAWSER_FORWARD_UDP, text);
}

static int take_forwards(struct run *r, int *argc, char **argv)
{
	int status = session_front_take(argc, argv, 'L', "local", take_local, r);

	if (status == CLI_OK)
		status = session_front_take(argc, argv, 'D', "dynamic", take_dynamic, r);
	if (status == CLI_OK)
		status = session_front_take(argc, argv, 'R', "remote", take_remote, r);
	if (status == CLI_OK)
		status = session_front_take(argc, argv, 'U', "udp", take_udp, r);
	return status;
}

static int parse(struct run *r, int argc, char **argv)
{
	struct session_front_words words;
	int status = take_forwards(r, &argc, argv);
	/* The table is filled in any case, for the end. */
	int parsed = session_front_parse(&options, &r->o, &r->o.front, argc, argv, false, &words);

	if (status != CLI_OK || parsed != CLI_OK || r->o.front.help)
		return status != CLI_OK ? status : parsed;
	if (words.count != 1)
		return cli_fail(CLI_USAGE,
				words.count ? "one host at a time; see hawser forward --help"
					    : "which host? hawser forward ID|HOST[:PORT] -L "
					      "PORT:HOST:PORT; see hawser forward --help");
	r->front.target = words.word[0];
	if (r->o.rdp)
		status = add(r,
				&(struct forward_spec){ .kind = HAWSER_FORWARD_LOCAL,
						.host = "localhost",
						.target_port = (uint16_t)r->o.rdp_port });
	if (status == CLI_OK && r->count == 0)
		status = cli_fail(CLI_USAGE,
				"nothing to forward: give -L, -D, -R, -U or --rdp; see hawser "
				"forward --help");
	return status;
}

/* --- the run ---------------------------------------------------------------------------------- */

static int open_all(struct run *r, const struct hawser_link_config *link)
{
	struct hawser_tunnel_config config = HAWSER_TUNNEL_CONFIG_INIT;
	int e;

	config.idle_s = (uint32_t)((r->o.idle_us + 999999) / 1000000);
	config.rdp = r->o.rdp;
	e = hawser_tunnel_open(r->front.ctx, link, &config, &r->front.session);
	for (size_t i = 0; e == HAWSER_OK && i < r->count; i++) {
		const struct forward_spec *s = &r->spec[i].spec;
		struct hawser_forward f = HAWSER_FORWARD_INIT;

		f.kind = s->kind;
		f.address = *s->address ? s->address : NULL;
		f.port = s->port;
		f.target_host = *s->host ? s->host : NULL;
		f.target_port = s->target_port;
		e = hawser_tunnel_add(r->front.session, &f, &r->spec[i].id);
	}
	return e == HAWSER_OK ? CLI_OK : session_front_fail(&r->front, e);
}

static void run(struct run *r)
{
	while (!r->front.finished) {
		session_front_wait(&r->front, NULL, 0, r->rdp ? 500 : -1);
		if (r->rdp && cli_rdp_ended(r->rdp))
			session_front_finish(&r->front, CLI_OK);
	}
}

int cli_forward(int argc, char **argv, void *ctx HWS_UNUSED)
{
	static struct run r; /* one command a process; its list is large */
	struct hawser_link_config link;
	int status;

	r.front = (struct session_front){ .options = &r.o.front, .on_event = on_event, .arg = &r };
	status = parse(&r, argc, argv);
	if (status == CLI_OK && r.o.front.help) {
		status = hws_options_print(&options, NULL) ? CLI_FAILED : CLI_OK;
	} else if (status == CLI_OK) {
		status = session_front_begin(&r.front, &link);
		if (status == CLI_OK && open_all(&r, &link) == CLI_OK)
			run(&r);
		status = session_front_end(&r.front);
	}
	hws_options_done(&options, &r.o);
	return status;
}
