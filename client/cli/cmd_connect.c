/* hawser connect --headless: one session without a window, for scripts and tests: it waits,
 * types, clicks, copies, takes pictures, and ends with a status that tells what became of it. */
#include "client/cli/cli.h"
#include "client/cli/connect_around.h"
#include "client/cli/connect_clip.h"
#include "client/cli/connect_files.h"
#include "client/cli/connect_options.h"
#include "client/cli/connect_record.h"
#include "client/cli/connect_said.h"
#include "client/cli/connect_sound.h"
#include "client/cli/secret.h"
#include "client/cli/stats_line.h"
#include "client/cli/why_lines.h"
#include "shared/base/clock.h"
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define SETTLE_US (1 * HWS_US_PER_S) /* for what was typed to show, when --after says nothing */

/* One headless run. */
struct run {
	const struct connect_options *o;
	hawser_context *ctx;
	hawser_session *session;
	char path[16]; /* of the connection, for the figures */
	uint64_t begin_us, first_us, end_us;
	struct connect_displays displays;
	bool silent; /* the host, and it was said */
	bool ready, acted, finished, interrupted, pasted;
	struct connect_files files;
	struct connect_record record;
	struct connect_sound sound;
	struct connect_clip clip;
	struct cli_why why;
	bool shot;    /* the host's own picture has come */
	bool untyped; /* the host could not type a part of the text, or nobody read it */
	int status;
	char progress[200]; /* what the connection waits for, as last told */
};

static void finish(struct run *r, int status)
{
	if (!r->finished)
		r->status = status;
	r->finished = true;
}

/* Nobody gets what this run was made for; why is said at the end of the program. */
static void lost_output(struct run *r)
{
	finish(r, CLI_FILE);
}

/* The nearest pixel instead would be a click on something else. */
static bool click_is_on_display(struct run *r)
{
	const struct connect_options *o = r->o;
	struct hawser_frame f = HAWSER_FRAME_INIT;
	bool on;

	if (hawser_session_lock_frame(r->session, r->displays.shown, &f) < 0)
		return true; /* gone again: the input itself will fail */
	on = o->click_x >= 0 && o->click_y >= 0 && (uint32_t)o->click_x < f.width &&
			(uint32_t)o->click_y < f.height;
	hawser_session_unlock_frame(r->session, r->displays.shown);
	if (!on)
		finish(r,
				cli_fail(CLI_USAGE,
						"the display has %" PRIu32 " x %" PRIu32
						" pixels; --click %d,%d is not one of them",
						f.width, f.height, (int)o->click_x,
						(int)o->click_y));
	return on;
}

/* Once the first picture of the display is there. */
static void act(struct run *r)
{
	const struct connect_options *o = r->o;
	int e = HAWSER_OK;

	r->acted = true;
	r->first_us = hws_clock_us();
	if (o->has_click && !click_is_on_display(r))
		return;
	if (o->has_click) {
		e = hawser_session_mouse_move(
				r->session, r->displays.shown, o->click_x, o->click_y);
		if (e == HAWSER_OK)
			e = hawser_session_mouse_button(r->session, HAWSER_BUTTON_LEFT, true);
		if (e == HAWSER_OK)
			e = hawser_session_mouse_button(r->session, HAWSER_BUTTON_LEFT, false);
	}
	if (e == HAWSER_OK && *o->type_text)
		e = hawser_session_type_text(r->session, o->type_text);
	if (e == HAWSER_OK && *o->copy_text)
		e = hawser_session_send_clipboard(r->session, o->copy_text, strlen(o->copy_text));
	if (e == HAWSER_OK && o->clip.in) {
		e = connect_clip_send(&o->clip, r->session);
		if (e < 0) { /* why was said */
			finish(r, cli_exit_of(e));
			return;
		}
	}
	if (e == HAWSER_OK && *o->chat_text)
		e = hawser_session_send_chat(r->session, o->chat_text);
	if (e == HAWSER_OK && o->files.count)
		e = connect_files_copy(&o->files, r->session);
	if (e < 0) {
		finish(r,
				cli_fail(cli_exit_of(e), "the host did not take the input: %s",
						hawser_strerror(e)));
		return;
	}
	e = connect_around_act(o, r->session, r->displays.shown);
	if (e != CLI_OK) {
		finish(r, e);
		return;
	}
	if (*o->record) {
		int status = connect_record_begin(&r->record, r->session,
				o->displays.all ? HAWSER_ALL_DISPLAYS : r->displays.shown,
				o->record);
		if (status != CLI_OK)
			finish(r, status);
	}
	bool says = o->has_click || *o->type_text || *o->copy_text || *o->chat_text || o->clip.in;
	uint64_t wait = !o->after_given && says ? SETTLE_US : o->after_us;

	/* Without an end of its own a run lasts until it is interrupted, or the text is there. */
	if (o->after_given || *o->screenshot || says || connect_options_only_lists(o))
		r->end_us = r->first_us + wait;
}

/* What was waited for may have been there before. */
static void act_if_due(struct run *r)
{
	if (r->ready && !r->acted && !r->finished && r->displays.asked &&
			!connect_displays_awaited(&r->displays))
		act(r);
}

static void on_displays(struct run *r, const struct hawser_peer *peer, bool ready)
{
	int status = connect_displays_listed(&r->displays, r->session, peer, ready);

	if (status != CLI_OK)
		finish(r, status);
	else
		act_if_due(r);
}

static void say_why(struct run *r)
{
	if (r->o->why && !cli_print_why(&r->why, r->session))
		lost_output(r);
}

static void on_ready(struct run *r, const struct hawser_peer *peer)
{
	snprintf(r->path, sizeof(r->path), "%s", peer->path);
	say_why(r);
	on_displays(r, peer, true);
	r->ready = true;
	if (r->o->call && hawser_session_call(r->session) < 0)
		finish(r, cli_fail(CLI_FAILED, "%s", hawser_last_error()));
}

static void on_password(struct run *r, enum hawser_password_reason reason, const char *text)
{
	char secret[CLI_SECRET_MAX];

	switch (reason) {
	case HAWSER_PASSWORD_NOT_NEEDED:
		return;
	case HAWSER_PASSWORD_WAIT_ACCEPT:
		cli_fail(0, "%s", text);
		return;
	case HAWSER_PASSWORD_2FA:
	case HAWSER_PASSWORD_2FA_WRONG:
		if (cli_secret_ask("Code: ", secret, sizeof(secret)) &&
				hawser_session_two_factor(r->session, secret, false) == 0)
			return;
		finish(r,
				cli_fail(CLI_PASSWORD,
						"the host asks for a two-factor code, and there is no terminal to "
						"ask it from"));
		return;
	default:
		break;
	}
	if (r->o->password_stdin || *r->o->password_file || !isatty(STDIN_FILENO)) {
		finish(r,
				cli_fail(CLI_PASSWORD, "%s",
						reason == HAWSER_PASSWORD_WRONG
								? CLI_WRONG_PASSWORD
								: "the host asks for a password: give it by "
								  "HAWSER_PASSWORD, --password-stdin or "
								  "--password-file"));
		return;
	}
	cli_fail(0, "%s", text);
	if (!cli_secret_ask("Password: ", secret, sizeof(secret)) ||
			hawser_session_password(r->session, secret, r->o->remember) < 0)
		finish(r, cli_fail(CLI_PASSWORD, "no password was given"));
	explicit_bzero(secret, sizeof(secret));
}

/* Said once when it begins and once when it ends: the figures tell the rest. */
static void on_silence(struct run *r, uint32_t silent_s)
{
	if (r->silent == (silent_s > 0))
		return;
	r->silent = !r->silent;
	if (r->silent)
		cli_fail(0, "the host is not answering for %u s", silent_s);
	else
		cli_fail(0, "the host is answering again");
}

/* A session that was there and was ended is not one that never came about. */
static void on_closed(struct run *r, int error, const char *text)
{
	int status = cli_exit_of(error);

	if (r->ready && status == CLI_UNREACHABLE)
		status = CLI_ENDED;
	if (error == HAWSER_OK || (r->acted && connect_around_changed(r->o, error, text)))
		status = CLI_OK;
	finish(r, status == CLI_OK ? CLI_OK : cli_fail(status, "%s", text));
}

static void on_privacy(struct run *r, const struct hawser_event *ev)
{
	int status = connect_displays_privacy(&r->displays, ev);

	if (status != CLI_OK)
		finish(r, status);
	else
		act_if_due(r);
}

static void on_message(struct run *r, const struct hawser_event *ev)
{
	int status = connect_around_message(r->o, ev);

	if (status == CLI_OK && !ev->u.message.local)
		status = connect_displays_message(
				&r->displays, ev->u.message.title, ev->u.message.text);
	if (status != CLI_OK)
		finish(r, status);
	else
		connect_said_message(ev);
	if (strstr(ev->u.message.kind, "untyped") || strstr(ev->u.message.kind, "unread"))
		r->untyped = true;
}

static void on_clipboard(struct run *r, const struct hawser_event *ev)
{
	if (r->o->paste && !r->pasted && ev->u.text.length) {
		r->pasted = true;
		connect_clip_print(ev->u.text.utf8, ev->u.text.length);
		if (fflush(stdout) != 0)
			lost_output(r);
	}
	if (connect_clip_event(&r->clip, &r->o->clip, ev) != CLI_OK)
		lost_output(r);
}

static void on_event(hawser_session *session, const struct hawser_event *ev, void *arg)
{
	struct run *r = arg;
	int e;

	r->session = session; /* events may come before open has returned to us */
	switch (ev->type) {
	case HAWSER_EVENT_STATE:
		snprintf(r->progress, sizeof(r->progress), "%s", ev->u.state.text);
		if (ev->u.state.state == HAWSER_STATE_RETRYING)
			cli_fail(0, "%s; trying again in %.0f s", ev->u.state.text,
					ev->u.state.retry_in_ms / 1000.0);
		else if (ev->u.state.state == HAWSER_STATE_READY)
			on_silence(r, ev->u.state.silent_s);
		break;
	case HAWSER_EVENT_PASSWORD:
		on_password(r, ev->u.password.reason, ev->u.password.text);
		break;
	case HAWSER_EVENT_INSECURE:
		hawser_session_accept_insecure(session, false);
		finish(r,
				cli_fail(CLI_INSECURE, "%s: %s (%s)", ev->u.message.title,
						ev->u.message.text,
						cli_accept_option(ev->u.message.kind)));
		break;
	case HAWSER_EVENT_HOST_KEY:
		connect_said_host_key(ev->u.host_key.encryption, ev->u.host_key.text);
		break;
	case HAWSER_EVENT_READY:
		on_ready(r, ev->u.peer);
		break;
	case HAWSER_EVENT_FRAME:
		if (r->ready &&
				connect_displays_frame(&r->displays, ev->u.frame.display,
						ev->u.frame.width, ev->u.frame.height) &&
				!r->acted)
			act(r);
		break;
	case HAWSER_EVENT_DISPLAYS:
		if (r->ready)
			on_displays(r, ev->u.peer, false);
		break;
	case HAWSER_EVENT_PRIVACY:
		on_privacy(r, ev);
		break;
	case HAWSER_EVENT_CLIPBOARD:
		on_clipboard(r, ev);
		break;
	case HAWSER_EVENT_CLIPFILES:
		if (!connect_files_event(&r->files, &r->o->files, session, ev->u.clipfiles))
			finish(r, CLI_FAILED);
		break;
	case HAWSER_EVENT_MESSAGE:
		on_message(r, ev);
		break;
	case HAWSER_EVENT_CHAT:
		connect_said_chat(ev->u.text.utf8);
		break;
	case HAWSER_EVENT_PRINT:
		connect_said_print(ev);
		break;
	case HAWSER_EVENT_STATS:
		if (r->o->stats && !cli_print_stats("stats", ev->u.stats, r->path))
			lost_output(r);
		if (r->o->stats)
			say_why(r);
		break;
	case HAWSER_EVENT_RECORDING:
		e = connect_record_event(&r->record, ev, r->o->record);
		if (e != CLI_OK)
			finish(r, e);
		break;
	case HAWSER_EVENT_SCREENSHOT:
		e = connect_around_shot(r->o, ev);
		r->shot = true;
		if (e != CLI_OK)
			finish(r, e);
		break;
	case HAWSER_EVENT_HOST_RECORDING:
		connect_said_host_recording(ev->u.host_recording.running);
		break;
	case HAWSER_EVENT_PATH:
		connect_said_path(ev, r->path, sizeof(r->path));
		say_why(r);
		break;
	case HAWSER_EVENT_CLOSED:
		on_closed(r, ev->u.closed.error, ev->u.closed.text);
		break;
	default:
		if ((e = connect_sound_event(&r->sound, ev)) != CLI_OK)
			finish(r, e);
		break;
	}
}

static void take_screenshot(struct run *r)
{
	int status = *r->o->screenshot
			? connect_displays_save(&r->displays, r->session, r->o->screenshot)
			: CLI_OK;

	if (status != CLI_OK)
		finish(r, status);
}

/* In ms, at least one; a far end is looked at again before it comes. */
static int wait_ms(uint64_t now, uint64_t due)
{
	const uint64_t most = 3600 * HWS_US_PER_S;

	return (int)((due - now < most ? due - now : most) / 1000 + 1);
}

/* Neither within --timeout. */
static void no_picture(struct run *r)
{
	double seconds = (double)r->o->timeout_us / HWS_US_PER_S;

	if (r->ready)
		finish(r,
				cli_fail(CLI_TIMEOUT,
						"the host sent no picture within %.0f seconds; --timeout waits "
						"longer",
						seconds));
	else
		finish(r,
				cli_fail(CLI_UNREACHABLE,
						"no session came about within %.0f seconds; at last: %s. "
						"--timeout waits longer",
						seconds,
						*r->progress ? r->progress : "connecting"));
}

/* Something of the host's clipboard is not there yet. */
static bool awaits(const struct run *r)
{
	return (*r->o->host_screenshot && !r->shot) || (r->o->paste && !r->pasted) ||
			(*r->o->files.paste && !r->files.done) ||
			!connect_clip_done(&r->clip, &r->o->clip);
}

/* Says what is missing of it. */
static int not_sent(const struct run *r)
{
	if (*r->o->host_screenshot && !r->shot)
		return cli_fail(CLI_TIMEOUT, "the host sent no picture of its own");
	return cli_fail(CLI_TIMEOUT, "the host's clipboard sent no %s",
			r->o->paste && !r->pasted        ? "text"
					: r->o->clip.out ? "such format"
							 : "files");
}

/* How long to wait for the next thing, in ms; ends the run when its time has come. */
static int next_wait(struct run *r)
{
	uint64_t now = hws_clock_us();

	if (!r->acted) {
		uint64_t due = r->begin_us + r->o->timeout_us;
		if (r->o->timeout_us && now >= due) {
			no_picture(r);
			return 0;
		}
		return r->o->timeout_us ? wait_ms(now, due) : -1;
	}
	if (!r->o->after_given && awaits(r)) {
		uint64_t due = r->first_us + r->o->timeout_us;
		if (r->o->timeout_us && now >= due && !r->files.begun) {
			finish(r, not_sent(r));
			return 0;
		}
		return r->o->timeout_us && !r->files.begun ? wait_ms(now, due) : -1;
	}
	if ((r->o->paste || *r->o->files.paste || *r->o->host_screenshot || r->o->clip.out) &&
			!r->o->after_given)
		r->end_us = r->end_us && r->end_us > now ? r->end_us : now;
	if (!r->end_us)
		return -1;
	if (now < r->end_us)
		return wait_ms(now, r->end_us);
	take_screenshot(r);
	finish(r, r->untyped ? CLI_FAILED : CLI_OK);
	return 0;
}

static void loop(struct run *r, int signals)
{
	while (!r->finished) {
		struct pollfd p[2] = { { .fd = hawser_context_fd(r->ctx), .events = POLLIN },
			{ .fd = signals, .events = POLLIN } };
		int wait = next_wait(r);
		if (r->finished)
			break;
		if (poll(p, 2, wait) < 0 && errno != EINTR)
			break;
		if (p[1].revents) {
			r->interrupted = true;
			take_screenshot(r);
			finish(r, CLI_OK);
			break;
		}
		hawser_context_dispatch(r->ctx);
	}
	connect_record_end(&r->record, r->ctx, r->session);
}

static void configure(const struct connect_options *o, struct hawser_session_config *sc)
{
	static const enum hawser_quality qualities[] = { HAWSER_QUALITY_DEFAULT, HAWSER_QUALITY_LOW,
		HAWSER_QUALITY_BALANCED, HAWSER_QUALITY_BEST };

	sc->target = o->target;
	sc->remember = o->remember;
	sc->force_relay = o->relay;
	sc->allow_insecure = o->accept_insecure;
	sc->accept_key = *o->accept_key ? o->accept_key : NULL;
	sc->require_v2 = o->require_v2;
	sc->no_retry = o->no_retry;
	sc->no_exact = o->no_exact;
	sc->no_hardware = o->no_hardware;
	sc->view_only = o->view_only;
	sc->files_to_host = o->files.count > 0;
	sc->files_from_host = *o->files.paste;
	sc->print_to = o->print_to;
	sc->camera = o->camera;
	sc->no_clipboard = o->clipboard == 3 ||
			(!o->paste && !*o->copy_text && !sc->files_to_host &&
					!sc->files_from_host && !o->clip.in && !o->clip.out);
	sc->no_clipboard_to_host = o->clipboard == 2;
	sc->no_clipboard_from_host = o->clipboard == 1;
	sc->quality = qualities[o->quality];
	sc->codec = connect_options_codec(o);
	sc->chroma = (enum hawser_chroma)o->chroma; /* its words stand in that order */
	sc->fps = (int)o->fps;
	connect_sound_wish(o->audio, o->volume, sc);
}

static int run_headless(const struct connect_options *o)
{
	struct run r = { .o = o, .displays.wish = &o->displays, .begin_us = hws_clock_us() };
	struct hawser_context_config cc = HAWSER_CONTEXT_CONFIG_INIT;
	struct hawser_session_config sc = HAWSER_SESSION_CONFIG_INIT;
	struct hawser_stats stats = HAWSER_STATS_INIT;
	struct connect_switch sides_secret;
	char secret[CLI_SECRET_MAX] = "";
	bool have_secret = false;
	sigset_t set;
	int signals = -1, e;

	r.status = cli_secret_given(
			o->password_stdin, o->password_file, secret, sizeof(secret), &have_secret);
	if (r.status != CLI_OK)
		return r.status;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	cc.config_path = *o->config ? o->config : NULL;
	cc.server = *o->server ? o->server : NULL;
	cc.key = *o->key ? o->key : NULL;
	e = hawser_context_new(&cc, &r.ctx);
	if (e < 0) {
		/* What is wrong is in a file, or else in --server or --key. */
		r.status = cli_fail(e == HAWSER_ERR_INVAL && (cc.server || cc.key) ? CLI_USAGE
						: e == HAWSER_ERR_NOMEM            ? CLI_FAILED
										   : CLI_FILE,
				"%s", hawser_last_error());
		goto out;
	}
	if (o->remember && !*hawser_config_path(r.ctx)) {
		r.status = cli_fail(CLI_FILE,
				"--remember has no place to keep anything in: set HOME or "
				"XDG_CONFIG_HOME");
		goto out;
	}
	configure(o, &sc);
	sc.password = have_secret ? secret : NULL;
	sc.format = HAWSER_FORMAT_RGBA;
	sc.on_event = on_event;
	sc.arg = &r;
	r.status = connect_sound_begin(&r.sound, o->audio);
	if (r.status == CLI_OK)
		r.status = connect_around_config(o, &sides_secret, &sc);
	if (r.status != CLI_OK)
		goto out;
	e = hawser_session_open(r.ctx, &sc, &r.session);
	explicit_bzero(secret, sizeof(secret));
	if (e < 0) {
		r.status = cli_fail(cli_exit_of(e), "%s", hawser_last_error());
		goto out;
	}
	if (connect_displays_options(&o->displays, r.session) < 0)
		r.status = cli_fail(CLI_FAILED, "%s", hawser_last_error());
	else
		loop(&r, signals);
	say_why(&r); /* of a login that failed, too, and of what was found in vain since */
	if (o->stats && hawser_session_stats(r.session, &stats) == 0 &&
			!cli_print_stats("final", &stats, r.path) && r.status == CLI_OK)
		r.status = CLI_FILE;
	hawser_session_close(r.session);
out:
	explicit_bzero(&sides_secret, sizeof(sides_secret));
	r.status = connect_sound_end(&r.sound, r.status);
	hawser_context_free(r.ctx);
	if (signals >= 0)
		close(signals);
	return r.status;
}

int cli_connect(int argc, char **argv, void *ctx HWS_UNUSED)
{
	struct connect_options o = { 0 };
	int status = connect_options_parse(&o, argc, argv);

	if (status == CLI_OK && o.help) {
		if (hws_options_print(connect_options_table(), NULL))
			status = CLI_FAILED;
	} else if (status == CLI_OK) {
		status = o.headless ? run_headless(&o) : connect_window(&o);
	}
	connect_options_done(&o);
	return status;
}
