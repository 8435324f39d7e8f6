/* hawser terminal: a shell or a command of a host behind this program's standard input, output and
 * error, as ssh has it; and the list of the terminals that the host keeps. */
#include "client/cli/escape_keys.h"
#include "client/cli/raw_tty.h"
#include "client/cli/terminal_list.h"
#include "client/cli/terminal_options.h"
#include "client/cli/terminal_pipes.h"
#include "shared/base/macros.h"
#include <errno.h>
#include <hawser/terminal.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define OURS_FAILED 255 /* as ssh: no status of a program has more than 8 bits */
#define BROKEN_PIPE (128 + SIGPIPE)
#define ENV_MAX 16
#define CTRL_D "\004"

struct run {
	const struct terminal_options *o;
	struct session_front f;
	struct terminal_pipes pipes;
	struct escape_keys keys;
	int signals; /* of the window and of stopping */
	int id;
	bool pty, typing; /* typing: standard input is a terminal, and raw */
	bool started, opened, extended, killed;
	bool ended; /* and what is left of its output is written first */
	int end_status;
	bool left; /* from here: the program goes on, or is ended without a word */
};

extern char **environ;

/* --- starting --------------------------------------------------------------------------------- */

/* What a program needs to know of this terminal and its user's language. */
static void pick_env(const char *env[ENV_MAX + 1])
{
	static const char *const names[] = { "LANG=", "LC_", "COLORTERM=" };
	size_t n = 0;

	for (char **e = environ; *e && n < ENV_MAX; e++)
		for (size_t i = 0; i < HWS_COUNT(names); i++)
			if (strncmp(*e, names[i], strlen(names[i])) == 0 && strlen(*e) < 256) {
				env[n++] = *e;
				break;
			}
	env[n] = NULL;
}

static void start(struct run *r)
{
	struct hawser_terminal_start w = HAWSER_TERMINAL_START_INIT;
	const char *env[ENV_MAX + 1];
	int e;

	r->started = true;
	pick_env(env);
	w.id = r->id;
	raw_tty_size(&w.rows, &w.cols);
	w.argv = (const char *const *)r->o->command;
	w.term = r->pty ? getenv("TERM") : NULL;
	if (w.term && !*w.term)
		w.term = NULL;
	w.env = env;
	w.no_pty = !r->pty;
	w.attach = r->o->attach && r->extended;
	w.keep = r->o->keep || r->o->attach;
	e = hawser_terminal_start(r->f.session, &w);
	if (e < 0)
		session_front_fail(&r->f, e);
}

/* A number that nothing kept has. */
static int free_number(const struct hawser_terminal_item *items, size_t count)
{
	for (int id = 1;; id++) {
		const struct hawser_terminal_item *x = items;
		size_t i = 0;

		for (; i < count && x->id != id; i++)
			x = hawser_terminal_item_next(x);
		if (i == count)
			return id;
	}
}

static void on_ready(struct run *r, const struct hawser_peer *peer)
{
	r->extended = peer->encryption == HAWSER_ENCRYPTION_V2;
	if (r->o->list || (r->extended && r->o->keep && !r->o->attach && !r->started)) {
		int e = hawser_terminal_list(r->f.session);
		if (e < 0)
			session_front_fail(&r->f, e);
		return;
	}
	if (r->o->kill) {
		int e = hawser_terminal_list(r->f.session); /* is there one? */
		if (e < 0)
			session_front_fail(&r->f, e);
		return;
	}
	if (!r->started)
		start(r);
}

/* --- what the host says ----------------------------------------------------------------------- */

static void on_opened(struct run *r, const struct hawser_terminal_event *t)
{
	bool first = !r->opened;

	r->opened = true;
	if (!first) {
		session_front_say(&r->f,
				t->u.opened.again && (t->u.opened.extended || t->u.opened.old)
						? "connected again"
						: "connected again; the shell is a new one");
		return;
	}
	if (t->u.opened.other_count)
		session_front_say(&r->f,
				"the host keeps %zu more terminals; --attach %d goes to the next",
				t->u.opened.other_count, (int)t->u.opened.others[0]);
	r->typing = r->pty && isatty(STDIN_FILENO) && raw_tty_enter(STDIN_FILENO);
	escape_keys_begin(&r->keys, r->typing ? r->o->escape_char : -1);
}

static void on_ended(struct run *r, const struct hawser_terminal_event *t)
{
	r->ended = true;
	if (t->u.ended.error == HAWSER_OK) {
		r->end_status = t->u.ended.exit_code < 0 ? OURS_FAILED
							 : t->u.ended.exit_code & 0xff;
		return;
	}
	r->end_status = OURS_FAILED;
	cli_fail(0, "%s", t->u.ended.text);
}

/* The first list says whether there is one, the second whether it has gone. */
static void on_list_to_kill(struct run *r, const struct hawser_terminal_item *x, size_t count)
{
	int number = (int)r->o->kill, e;
	bool there = false;

	for (size_t i = 0; i < count; i++, x = hawser_terminal_item_next(x))
		there |= x->id == number;
	if (r->killed || !there) {
		session_front_finish(&r->f,
				r->killed && !there
						? CLI_OK
						: cli_fail(CLI_FAILED,
								  there ? "terminal %d is still there"
									: "the host keeps no "
									  "terminal %d of yours",
								  number));
		return;
	}
	r->killed = true;
	e = hawser_terminal_kill(r->f.session, number);
	if (e == HAWSER_OK)
		e = hawser_terminal_list(r->f.session);
	if (e < 0)
		session_front_fail(&r->f, e);
}

static void on_list(struct run *r, const struct hawser_terminal_event *t)
{
	const struct hawser_terminal_item *x = t->u.list.items;
	size_t count = t->u.list.count;

	if (r->o->list) {
		if (r->o->front.json)
			terminal_list_json(x, count);
		else
			terminal_list_print(x, count);
		session_front_finish(&r->f, CLI_OK);
		return;
	}
	if (r->o->kill) {
		on_list_to_kill(r, x, count);
		return;
	}
	r->id = free_number(x, count);
	if (!r->started)
		start(r);
}

static void on_event(hawser_session *session HWS_UNUSED, const struct hawser_event *ev, void *arg)
{
	struct run *r = arg;

	if (ev->type == HAWSER_EVENT_READY) {
		on_ready(r, ev->u.peer);
		return;
	}
	if (ev->type != HAWSER_EVENT_TERMINAL)
		return;
	switch (ev->u.terminal->type) {
	case HAWSER_TERMINAL_OPENED:
		on_opened(r, ev->u.terminal);
		break;
	case HAWSER_TERMINAL_ENDED:
		on_ended(r, ev->u.terminal);
		break;
	case HAWSER_TERMINAL_LIST:
		on_list(r, ev->u.terminal);
		break;
	case HAWSER_TERMINAL_OUTPUT:
	case HAWSER_TERMINAL_ROOM:
		break; /* each turn looks */
	}
}

/* A question is typed with the terminal as it was. */
static void asking(bool begins, void *arg)
{
	struct run *r = arg;

	if (begins)
		raw_tty_leave();
	else if (r->typing)
		raw_tty_enter(STDIN_FILENO);
}

/* --- keys ------------------------------------------------------------------------------------- */

static void tell_size(struct run *r)
{
	unsigned rows, cols;

	/* It may have ended meanwhile. */
	if (r->pty && raw_tty_size(&rows, &cols) &&
			hawser_terminal_resize(r->f.session, r->id, rows, cols) < 0)
		return;
}

static void help(const struct run *r)
{
	char e[3] = { (char)r->keys.escape, 0, 0 };

	if (r->keys.escape < ' ') {
		e[0] = '^';
		e[1] = (char)(r->keys.escape + 0x40);
	}
	fprintf(stderr,
			"%s?\r\nBehind a line end:\r\n"
			" %s.   leave%s\r\n"
			" %s^Z  suspend this program\r\n"
			" %s?   this help\r\n"
			" %s%s   type %s\r\n",
			e, e,
			r->o->keep || r->o->attach ? "; the terminal is kept"
						   : ", and end the shell",
			e, e, e, e, e);
}

static void suspend(struct run *r)
{
	fputs("\r\n", stderr);
	raw_tty_suspend();
	tell_size(r);
}

/* Takes the words for this program out of what was typed. */
static void look_at_keys(struct run *r)
{
	uint8_t *in = r->pipes.input, typed[2 * PIPE_ROOM];
	size_t n = 0;

	if (r->keys.escape < 0)
		return;
	for (size_t i = 0; i < r->pipes.in_len; i++) {
		size_t more;
		enum escape_action action = escape_keys_feed(&r->keys, in[i], typed + n, &more);

		n += more;
		if (action == ESCAPE_LEAVE) {
			r->left = true;
			break;
		}
		if (action == ESCAPE_SUSPEND)
			suspend(r);
		else if (action == ESCAPE_HELP)
			help(r);
	}
	/* One that was held back before may make it longer by one: so much is never read. */
	n = HWS_MIN(n, sizeof(r->pipes.input));
	memcpy(in, typed, n);
	r->pipes.in_len = n;
	explicit_bzero(typed, sizeof(typed));
}

static void end_input(struct run *r)
{
	if (r->pipes.in_told || r->pipes.in_at < r->pipes.in_len)
		return;
	if (r->extended) {
		r->pipes.in_told = true;
		if (hawser_terminal_end_input(r->f.session, r->id) < 0)
			return; /* it has ended itself */
	} else if (hawser_terminal_write(r->f.session, r->id, CTRL_D, 1) != 0) {
		r->pipes.in_told = true; /* what a terminal takes for an end */
	}
}

/* --- the run ---------------------------------------------------------------------------------- */

static void take_signals(struct run *r)
{
	struct signalfd_siginfo si;

	while (read(r->signals, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGWINCH)
			tell_size(r);
		else if (si.ssi_signo == SIGTSTP)
			suspend(r);
		else if (r->typing && !r->left) {
			raw_tty_leave(); /* whoever had it meanwhile may have changed it */
			raw_tty_enter(STDIN_FILENO);
			tell_size(r);
		}
	}
}

static void leave(struct run *r)
{
	session_front_finish(&r->f, OURS_FAILED);
	raw_tty_leave();
	if (r->left)
		fputs("\n", stderr);
	if (r->o->keep || r->o->attach) {
		session_front_say(&r->f, "terminal %d goes on: hawser terminal %s --attach %d",
				r->id, r->o->target, r->id);
		return;
	}
	/* It may have ended by itself. */
	if (r->started && !r->ended && hawser_terminal_close(r->f.session, r->id) < 0)
		return;
}

static void pump(struct run *r)
{
	int e = HAWSER_OK;

	if (r->started)
		e = terminal_pipes_write(&r->pipes, r->f.session, r->id);
	if (e == HAWSER_ERR_CLOSED || e == HAWSER_ERR_DISK) {
		leave(r);
		r->f.status = e == HAWSER_ERR_CLOSED
				? BROKEN_PIPE
				: cli_fail(OURS_FAILED, "standard output: %s", strerror(errno));
		return;
	}
	if (r->ended && terminal_pipes_idle(&r->pipes)) {
		session_front_finish(&r->f, r->end_status);
		return;
	}
	if (!r->opened || r->ended)
		return;
	if (terminal_pipes_feed(&r->pipes, r->f.session, r->id) < 0)
		return; /* it has ended, which is told next */
	if (r->pipes.in_end)
		end_input(r);
}

static void step(struct run *r)
{
	struct pollfd p[3] = { { .fd = -1, .events = POLLIN }, terminal_pipes_poll_out(&r->pipes),
		{ .fd = r->signals, .events = POLLIN } };

	if (r->opened && !r->ended && terminal_pipes_wants_input(&r->pipes))
		p[0].fd = STDIN_FILENO;
	session_front_wait(&r->f, p, HWS_COUNT(p), r->pipes.more ? 0 : -1);
	if (p[2].revents)
		take_signals(r);
	if (p[0].revents && !r->f.finished) {
		terminal_pipes_read(&r->pipes);
		look_at_keys(r);
	}
	if (r->left || r->f.interrupted)
		leave(r);
	else
		pump(r);
}

static int watch_window(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGCONT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int get_user_password(const struct terminal_options *o, char *secret, size_t size)
{
	char prompt[120];

	if (!*o->user)
		return CLI_OK;
	if (*o->user_password_file)
		return cli_secret_file(o->user_password_file, secret, size);
	snprintf(prompt, sizeof(prompt), "Password of %.64s at the host: ", o->user);
	return cli_secret_ask(prompt, secret, size)
			? CLI_OK
			: cli_fail(CLI_PASSWORD,
					  "--user needs that account's password: there is no terminal to ask on; "
					  "give --user-password-file");
}

static int run(struct run *r)
{
	struct hawser_link_config link;
	struct hawser_terminal_config config = HAWSER_TERMINAL_CONFIG_INIT;
	char secret[CLI_SECRET_MAX] = "";
	int status = get_user_password(r->o, secret, sizeof(secret));

	if (status != CLI_OK)
		return status;
	terminal_pipes_begin(&r->pipes);
	r->signals = watch_window();
	status = session_front_begin(&r->f, &link);
	config.keep = r->o->keep || r->o->list || r->o->kill || r->o->attach;
	config.os_user = *r->o->user ? r->o->user : NULL;
	config.os_password = *r->o->user ? secret : NULL;
	if (status == CLI_OK) {
		int e = hawser_terminal_open(r->f.ctx, &link, &config, &r->f.session);
		if (e < 0)
			status = session_front_fail(&r->f, e);
	}
	explicit_bzero(secret, sizeof(secret));
	while (status == CLI_OK && !r->f.finished)
		step(r);
	raw_tty_leave();
	status = session_front_end(&r->f);
	terminal_pipes_end(&r->pipes);
	if (r->signals >= 0)
		close(r->signals);
	return status;
}

int cli_terminal(int argc, char **argv, void *arg HWS_UNUSED)
{
	struct terminal_options o = { 0 };
	struct run *r;
	int status = terminal_options_parse(&o, argc, argv);
	bool managing = o.list || o.kill;

	if (status == CLI_OK && o.front.help) {
		status = hws_options_print(terminal_options_table(), NULL) ? CLI_FAILED : CLI_OK;
		terminal_options_done(&o);
		return status;
	}
	r = status == CLI_OK ? calloc(1, sizeof(*r)) : NULL;
	if (r) {
		r->o = &o;
		r->f = (struct session_front){ .options = &o.front,
			.target = o.target,
			.on_event = on_event,
			.arg = r,
			.asking = asking };
		r->id = o.attach ? (int)o.attach : 1;
		r->signals = -1;
		r->pty = !o.no_pty &&
				(o.force_pty || o.attach || (isatty(STDIN_FILENO) && !o.command));
		status = run(r);
		/* A status of the program is that of this one; all that is ours is one number. */
		if (!managing && !r->ended && status != BROKEN_PIPE)
			status = OURS_FAILED;
		free(r);
	} else if (status == CLI_OK) {
		status = cli_fail(OURS_FAILED, "out of memory");
	} else if (!managing) {
		status = OURS_FAILED;
	}
	terminal_options_done(&o);
	return status;
}
