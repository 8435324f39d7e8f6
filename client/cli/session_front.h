/* cli/session_front: what the commands with a session (files, terminal, forward) have in common:
 * options, the password and where it comes from, questions, what is said of the connection, signals
 * and the exit status. A command puts SESSION_FRONT_OPTIONS into its table, parses, fills a
 * session_front, and opens its session with the link that session_front_begin made:
 *
 *     struct session_front f = { .options = &o.front, .target = t, .on_event = own, .arg = &x };
 *     status = session_front_begin(&f, &link);
 *     if (status == CLI_OK && (r = hawser_..._open(f.ctx, &link, &config, &f.session)) < 0)
 *         status = session_front_fail(&f, r);
 *     if (status == CLI_OK)
 *         status = session_front_run(&f);
 *     session_front_end(&f);
 *
 * Questions go to the terminal (/dev/tty); standard input and output are the command's alone, what
 * is said goes to standard error. */
#pragma once
#include "client/cli/cli.h"
#include "client/cli/secret.h"
#include "shared/conf/option.h"
#include <poll.h>

struct session_front_options {
	char *server, *key, *config, *password_file, *accept_key;
	bool password_stdin, relay, accept_insecure, require_v2, remember, no_retry, json, quiet;
	bool help;
	uint64_t timeout_us;
};

#define SESSION_FRONT_FLAG(at, text_name, text)                                                    \
	{                                                                                          \
		.section = "Connection", .name = text_name, .type = HWS_OPT_BOOL, .offset = (at),  \
		.def = "no", .help = text                                                          \
	}
#define SESSION_FRONT_TEXT(at, text_name, argument, text)                                          \
	{                                                                                          \
		.section = "Connection", .name = text_name, .type = HWS_OPT_STR, .offset = (at),   \
		.def = "", .arg = argument, .help = text                                           \
	}
/* Rows for an option table; the type has a struct session_front_options named `front`. */
#define SESSION_FRONT_OPTIONS(kind_)                                                               \
	SESSION_FRONT_TEXT(offsetof(kind_, front.server), "server", "HOST[:PORT],...",             \
			"Rendezvous server to ask, instead of the configured one, or several."),   \
			SESSION_FRONT_TEXT(offsetof(kind_, front.key), "key", "KEY",               \
					"Public key of that server, or of the one that the "       \
					"target names; of several a list."),                       \
			SESSION_FRONT_TEXT(offsetof(kind_, front.config), "config", "FILE",        \
					"Configuration file, instead of the usual one."),          \
			SESSION_FRONT_FLAG(offsetof(kind_, front.password_stdin),                  \
					"password-stdin",                                          \
					"Read the password from the first line of standard "       \
					"input."),                                                 \
			SESSION_FRONT_TEXT(offsetof(kind_, front.password_file), "password-file",  \
					"FILE",                                                    \
					"Read the password from a file that nobody else can "      \
					"read."),                                                  \
			SESSION_FRONT_FLAG(offsetof(kind_, front.relay), "relay",                  \
					"Go through the relay; do not try a direct connection."),  \
			SESSION_FRONT_FLAG(offsetof(kind_, front.accept_insecure),                 \
					"accept-insecure",                                         \
					"Agree to a session without any encryption, or with a "    \
					"key that nobody vouches for."),                           \
			SESSION_FRONT_TEXT(offsetof(kind_, front.accept_key), "accept-key", "KEY", \
					"The host's key or fingerprint, as it is shown there: "    \
					"take this one, and no other."),                           \
			SESSION_FRONT_FLAG(offsetof(kind_, front.require_v2), "require-v2",        \
					"Refuse everything but end-to-end encryption by hawser "   \
					"v2."),                                                    \
			SESSION_FRONT_FLAG(offsetof(kind_, front.remember), "remember",            \
					"Keep what logs in (never the password itself) for the "   \
					"next time."),                                             \
			SESSION_FRONT_FLAG(offsetof(kind_, front.no_retry), "no-retry",            \
					"End when the session is lost, instead of connecting "     \
					"again."),                                                 \
			{ .section = "Connection",                                                 \
				.name = "timeout",                                                 \
				.type = HWS_OPT_DURATION,                                          \
				.offset = offsetof(kind_, front.timeout_us),                       \
				.def = "30",                                                       \
				.arg = "TIME",                                                     \
				.help = "Give up when there is no session by then; time spent on " \
					"questions does not count. 0: wait for ever." },           \
			SESSION_FRONT_FLAG(offsetof(kind_, front.json), "json",                    \
					"Print what happens as lines of JSON, for scripts."),      \
			SESSION_FRONT_FLAG(offsetof(kind_, front.quiet), "quiet",                  \
					"Say nothing but errors."),                                \
			SESSION_FRONT_FLAG(                                                        \
					offsetof(kind_, front.help), "help", "Print this help.")

#define SESSION_FRONT_WORDS 64u
struct session_front_words {
	const char *word[SESSION_FRONT_WORDS]; /* what is no option, in its order */
	size_t count;
	/* What stands behind "--", when the command has a use for that; else these are words,
	 * too. */
	char **rest;
	int rest_count;
	bool has_rest;
};
/* Parses argv[1..] into `cfg` (raw memory; free by hws_options_done in any case) and checks what
 * is common. `keep_rest`: leave what stands behind "--" alone. Options of which there may be several
 * are taken out of argv before, by session_front_take. Returns 0, or an exit status after a
 * message. */
int session_front_parse(const struct hws_options *options, void *cfg,
		struct session_front_options *front, int argc, char **argv, bool keep_rest,
		struct session_front_words *ret);
/* Takes each "-L VALUE", "-LVALUE", "--long VALUE" and "--long=VALUE" in front of "--" out of the
 * arguments, which become shorter. `letter` or `name` may be 0/NULL. Values go to `each` until it
 * returns something else than 0; that, or an exit status after a message, is returned. */
int session_front_take(int *argc, char **argv, char letter, const char *name,
		int (*each)(const char *value, void *arg), void *arg);

struct session_front {
	const struct session_front_options *options;
	const char *target;
	/* All events but those the front answers itself (PASSWORD, INSECURE, HOST_KEY); after the
	 * front has seen them. Needed. */
	hawser_event_fn on_event;
	void *arg;
	/* Around a question on the terminal: who has it in raw mode gives it back. May be NULL. */
	void (*asking)(bool begins, void *arg);

	/* Set by the front, to be read: */
	hawser_context *ctx;
	hawser_session *session; /* of the command, or noted at the first event */
	bool ready;              /* it has been, once */
	bool online;             /* it is now */
	bool finished;           /* session_front_finish was called */
	bool interrupted;        /* by SIGINT, SIGTERM or SIGHUP */
	int status;
	/* --- private */
	uint64_t give_up_us;
	int signals;
	bool silent, asked;
	char progress[200];
	char secret[CLI_SECRET_MAX];
};

/* Password, context, signals; fills the link for the opener, which borrows from `f` until the first
 * session_front_wait or _run: then the password is wiped. Returns 0, or an exit status after a
 * message. */
int session_front_begin(struct session_front *f, struct hawser_link_config *ret);
/* What hawser_last_error says, as an exit status with a message. */
int session_front_fail(struct session_front *f, int err);
/* Ends the run with this status, once. */
void session_front_finish(struct session_front *f, int status);
/* Waits for the session, these descriptors (may be none) and signals, at most `timeout_ms`
 * (negative: for ever), and dispatches. With --timeout it ends a run that has no session by then.
 * `more` has its revents afterwards. SIGINT and SIGTERM finish with 0 and `interrupted`. */
void session_front_wait(struct session_front *f, struct pollfd *more, size_t count, int timeout_ms);
/* Until it is finished. */
int session_front_run(struct session_front *f);
/* Closes all and returns the status. */
int session_front_end(struct session_front *f);
/* "hawser: TEXT" on standard error unless --quiet. */
void session_front_say(const struct session_front *f, const char *fmt, ...)
		__attribute__((format(printf, 2, 3)));
/* A JSON string with its quotes on standard output; what is no UTF-8 becomes U+FFFD. */
void session_front_json_text(const char *text);
