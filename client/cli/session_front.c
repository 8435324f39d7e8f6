/* One way in for all commands with a session, so that a password, a host key or a lost line means
 * the same in each of them. */
#include "client/cli/session_front.h"
#include "client/cli/why_lines.h"
#include "shared/base/clock.h"
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* --- what is said ----------------------------------------------------------------------------- */

void session_front_say(const struct session_front *f, const char *fmt, ...)
{
	va_list ap;

	if (f->options->quiet)
		return;
	va_start(ap, fmt);
	cli_say(fmt, ap);
	va_end(ap);
}

void session_front_finish(struct session_front *f, int status)
{
	if (!f->finished)
		f->status = status;
	f->finished = true;
}

int session_front_fail(struct session_front *f, int err)
{
	int status = cli_fail(cli_exit_of(err), "%s", hawser_last_error());

	session_front_finish(f, status);
	return status;
}

/* --- questions -------------------------------------------------------------------------------- */

static bool ask_secret(struct session_front *f, const char *prompt)
{
	bool good;

	if (f->asking)
		f->asking(true, f->arg);
	good = cli_secret_ask_unless(f->signals, prompt, f->secret, sizeof(f->secret));
	if (f->asking)
		f->asking(false, f->arg);
	/* Whoever types is not late. */
	if (f->give_up_us)
		f->give_up_us = hws_clock_us() + f->options->timeout_us;
	return good;
}

static void ask_code(struct session_front *f)
{
	bool good = ask_secret(f, "Code: ") &&
			hawser_session_two_factor(f->session, f->secret, false) == HAWSER_OK;

	explicit_bzero(f->secret, sizeof(f->secret));
	if (!good)
		session_front_finish(f,
				cli_fail(CLI_PASSWORD,
						"the host asks for a two-factor code, and none was given; it is "
						"asked for on a terminal only"));
}

static void ask_password(struct session_front *f, bool wrong, const char *text)
{
	/* What a script gave is tried once: it has no other one. */
	bool fixed = f->options->password_stdin || *f->options->password_file;
	bool good;

	if (fixed && wrong) {
		session_front_finish(f, cli_fail(CLI_PASSWORD, CLI_WRONG_PASSWORD));
		return;
	}
	if (f->asked || wrong)
		session_front_say(f, "%s", text);
	f->asked = true;
	good = !fixed && ask_secret(f, "Password: ") &&
			hawser_session_password(f->session, f->secret, f->options->remember) ==
					HAWSER_OK;
	explicit_bzero(f->secret, sizeof(f->secret));
	if (!good)
		session_front_finish(f,
				cli_fail(CLI_PASSWORD, "%s",
						wrong ? CLI_WRONG_PASSWORD
						      : "the host asks for a password: give it by "
							"HAWSER_PASSWORD, --password-stdin, --password-file "
							"or on a terminal"));
}

static void on_password(
		struct session_front *f, enum hawser_password_reason reason, const char *text)
{
	switch (reason) {
	case HAWSER_PASSWORD_NOT_NEEDED:
		return;
	case HAWSER_PASSWORD_WAIT_ACCEPT:
		session_front_say(f, "%s", text);
		return;
	case HAWSER_PASSWORD_2FA_WRONG:
		session_front_say(f, "%s", text);
		ask_code(f);
		return;
	case HAWSER_PASSWORD_2FA:
		ask_code(f);
		return;
	case HAWSER_PASSWORD_NEEDED:
	case HAWSER_PASSWORD_WRONG:
		ask_password(f, reason == HAWSER_PASSWORD_WRONG, text);
		return;
	}
}

static void on_insecure(
		struct session_front *f, const char *kind, const char *title, const char *text)
{
	char answer[16] = "";

	if (f->asking)
		f->asking(true, f->arg);
	bool yes = cli_question(f->signals, title, text, "Connect all the same? [y/N] ", answer,
				   sizeof(answer)) &&
			(*answer == 'y' || *answer == 'Y');
	if (f->asking)
		f->asking(false, f->arg);
	if (f->give_up_us)
		f->give_up_us = hws_clock_us() + f->options->timeout_us;
	if (hawser_session_accept_insecure(f->session, yes) < 0)
		yes = false;
	if (!yes)
		session_front_finish(f,
				cli_fail(CLI_INSECURE, "%s: %s (%s)", title, text,
						cli_accept_option(kind)));
}

/* --- events ----------------------------------------------------------------------------------- */

static void on_state(struct session_front *f, const struct hawser_event *ev)
{
	bool silent = ev->u.state.silent_s > 0;

	snprintf(f->progress, sizeof(f->progress), "%s", ev->u.state.text);
	f->online = ev->u.state.state == HAWSER_STATE_READY;
	if (ev->u.state.state == HAWSER_STATE_RETRYING)
		session_front_say(f, "%s; trying again in %.0f s", ev->u.state.text,
				ev->u.state.retry_in_ms / 1000.0);
	if (!f->online || silent == f->silent)
		return;
	f->silent = silent;
	if (silent)
		session_front_say(f, "the host is not answering for %u s", ev->u.state.silent_s);
	else
		session_front_say(f, "the host is answering again");
}

/* A session that was there and was ended is not one that never came about. */
static void on_closed(struct session_front *f, int error, const char *text)
{
	int status = cli_exit_of(error);

	f->online = false;
	if (f->finished)
		return;
	if (f->ready && status == CLI_UNREACHABLE)
		status = CLI_ENDED;
	session_front_finish(f, error == HAWSER_OK ? CLI_OK : cli_fail(status, "%s", text));
}

static void on_host_key(
		struct session_front *f, enum hawser_encryption encryption, const char *text)
{
	if (*text)
		session_front_say(f, "%s", text);
	if (encryption == HAWSER_ENCRYPTION_V1)
		session_front_say(f, "this session is %s", hawser_encryption_text(encryption));
}

static void on_event(hawser_session *session, const struct hawser_event *ev, void *arg)
{
	struct session_front *f = arg;

	f->session = session; /* events may come before the opener has returned to us */
	switch (ev->type) {
	case HAWSER_EVENT_STATE:
		on_state(f, ev);
		break;
	case HAWSER_EVENT_PASSWORD:
		on_password(f, ev->u.password.reason, ev->u.password.text);
		return;
	case HAWSER_EVENT_INSECURE:
		on_insecure(f, ev->u.message.kind, ev->u.message.title, ev->u.message.text);
		return;
	case HAWSER_EVENT_HOST_KEY:
		on_host_key(f, ev->u.host_key.encryption, ev->u.host_key.text);
		return;
	case HAWSER_EVENT_READY:
		f->ready = f->online = true;
		f->give_up_us = 0;
		break;
	case HAWSER_EVENT_MESSAGE:
		session_front_say(f, "%s%s: %s",
				ev->u.message.local ? "" : "the host says: ", ev->u.message.title,
				ev->u.message.text);
		break;
	case HAWSER_EVENT_PATH: {
		char text[CLI_PATH_TEXT];

		session_front_say(f, "%s", cli_path_text(ev, text));
		break;
	}
	case HAWSER_EVENT_CLOSED:
		on_closed(f, ev->u.closed.error, ev->u.closed.text);
		break;
	default:
		break;
	}
	f->on_event(session, ev, f->arg);
}

/* --- the run ---------------------------------------------------------------------------------- */

static void watch_signals(struct session_front *f)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	f->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	/* A reader that has gone is seen where it is written to. */
	signal(SIGPIPE, SIG_IGN);
}

static int open_context(struct session_front *f)
{
	const struct session_front_options *o = f->options;
	struct hawser_context_config cc = HAWSER_CONTEXT_CONFIG_INIT;
	int e;

	cc.config_path = *o->config ? o->config : NULL;
	cc.server = *o->server ? o->server : NULL;
	cc.key = *o->key ? o->key : NULL;
	e = hawser_context_new(&cc, &f->ctx);
	if (e < 0) /* what is wrong is in a file, or else in --server or --key */
		return cli_fail(e == HAWSER_ERR_INVAL && (cc.server || cc.key) ? CLI_USAGE
						: e == HAWSER_ERR_NOMEM        ? CLI_FAILED
									       : CLI_FILE,
				"%s", hawser_last_error());
	if (o->remember && !*hawser_config_path(f->ctx))
		return cli_fail(CLI_FILE,
				"--remember has no place to keep anything in: set HOME or "
				"XDG_CONFIG_HOME");
	return CLI_OK;
}

int session_front_begin(struct session_front *f, struct hawser_link_config *ret)
{
	const struct session_front_options *o = f->options;
	bool have = false;
	int status;

	f->signals = -1;
	*ret = (struct hawser_link_config)HAWSER_LINK_CONFIG_INIT;
	status = cli_secret_given(
			o->password_stdin, o->password_file, f->secret, sizeof(f->secret), &have);
	if (status == CLI_OK) {
		watch_signals(f);
		status = open_context(f);
	}
	if (status != CLI_OK) {
		session_front_finish(f, status);
		return status;
	}
	ret->target = f->target;
	ret->password = have ? f->secret : NULL;
	ret->remember = o->remember;
	ret->force_relay = o->relay;
	ret->allow_insecure = o->accept_insecure;
	ret->accept_key = *o->accept_key ? o->accept_key : NULL;
	ret->require_v2 = o->require_v2;
	ret->no_retry = o->no_retry;
	ret->on_event = on_event;
	ret->arg = f;
	if (o->timeout_us)
		f->give_up_us = hws_clock_us() + o->timeout_us;
	return CLI_OK;
}

static void give_up(struct session_front *f)
{
	session_front_finish(f,
			cli_fail(CLI_UNREACHABLE,
					"no session came about within %.0f seconds; at last: %s. "
					"--timeout waits longer",
					(double)f->options->timeout_us / HWS_US_PER_S,
					*f->progress ? f->progress : "connecting"));
}

/* In ms, of two limits of which each may be none. */
static int patience(const struct session_front *f, int timeout_ms)
{
	uint64_t now = hws_clock_us(), left;

	if (!f->give_up_us)
		return timeout_ms;
	left = f->give_up_us > now ? (f->give_up_us - now) / 1000 + 1 : 0;
	if (left > 3600000)
		left = 3600000;
	return timeout_ms < 0 || (uint64_t)timeout_ms > left ? (int)left : timeout_ms;
}

void session_front_wait(struct session_front *f, struct pollfd *more, size_t count, int timeout_ms)
{
	struct pollfd p[2 + 16] = { { .fd = hawser_context_fd(f->ctx), .events = POLLIN },
		{ .fd = f->signals, .events = POLLIN } };

	explicit_bzero(f->secret, sizeof(f->secret)); /* the session has its own copy */
	if (count > 16)
		count = 16;
	for (size_t i = 0; i < count; i++)
		p[2 + i] = (struct pollfd){ .fd = more[i].fd, .events = more[i].events };
	if (poll(p, 2 + count, patience(f, timeout_ms)) < 0)
		for (size_t i = 0; i < 2 + count; i++)
			p[i].revents = 0;
	for (size_t i = 0; i < count; i++)
		more[i].revents = p[2 + i].revents;
	if (p[1].revents) {
		f->interrupted = true;
		session_front_finish(f, CLI_OK);
	}
	hawser_context_dispatch(f->ctx);
	if (!f->finished && f->give_up_us && hws_clock_us() >= f->give_up_us)
		give_up(f);
}

int session_front_run(struct session_front *f)
{
	while (!f->finished)
		session_front_wait(f, NULL, 0, -1);
	return f->status;
}

int session_front_end(struct session_front *f)
{
	explicit_bzero(f->secret, sizeof(f->secret));
	hawser_session_close(f->session);
	hawser_context_free(f->ctx);
	if (f->signals >= 0)
		close(f->signals);
	f->signals = -1;
	f->session = NULL;
	f->ctx = NULL;
	return f->status;
}

/* --- JSON ------------------------------------------------------------------------------------- */

/* The length of the well-formed UTF-8 character at `p`, 0: none. */
static size_t utf8_length(const unsigned char *p)
{
	size_t n = *p < 0x80                      ? 1
			: *p >= 0xc2 && *p < 0xe0 ? 2
			: *p >= 0xe0 && *p < 0xf0 ? 3
			: *p >= 0xf0 && *p < 0xf5 ? 4
						  : 0;

	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] >= 0xa0) ||
			(*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] >= 0x90))
		return 0;
	return n;
}

void session_front_json_text(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	putchar('"');
	while (*p) {
		size_t n = utf8_length(p);

		if (n == 0) {
			fputs("\\ufffd", stdout);
			n = 1;
		} else if (*p < 0x20 || *p == 0x7f) {
			printf("\\u%04x", *p);
		} else {
			if (*p == '"' || *p == '\\')
				putchar('\\');
			fwrite(p, 1, n, stdout);
		}
		p += n;
	}
	putchar('"');
}
