/* cli/cli: what the commands of `hawser` share: exit statuses, messages. */
#pragma once
#include <hawser/hawser.h>
#include <stdarg.h>

struct hws_options;

#define CLI_PROGRAM "hawser"

/* What was right a minute ago may be wrong now; the host tells nobody why. */
#define CLI_WRONG_PASSWORD                                                                         \
	"the password is wrong (a one-time password is good for one session: 'hawser-host "        \
	"password' there shows the one that is valid now)"

/* Documented in hawser(1). */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
	CLI_UNREACHABLE = 3, /* no such name, refused, offline, no answer */
	CLI_PASSWORD = 4,    /* wrong, or none was given */
	CLI_INSECURE = 5, /* not encrypted, or another key than before, and that was not accepted */
	CLI_DENIED = 6,   /* the host does not permit it */
	CLI_FILE = 7,     /* a file could not be read or written */
	CLI_TIMEOUT = 8,  /* connected, but what was asked for did not come in time */
	CLI_ENDED = 9     /* there was a session; the host ended it, or the line was lost */
};

/* The exit status for a code of the library. */
int cli_exit_of(int err);
/* "hawser: TEXT" on standard error, the one way for words that may be a host's, or name its files:
 * what could command the terminal is shown as \xNN. */
void cli_say(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));
/* The same; returns `status`. */
int cli_fail(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Which option answers HAWSER_EVENT_INSECURE of this kind beforehand. */
const char *cli_accept_option(const char *kind);

/* While the terminal is raw a line ends with a return, too. */
void cli_raw_lines(bool raw);
const char *cli_line_end(void);

int cli_connect(int argc, char **argv, void *ctx);
int cli_forward(int argc, char **argv, void *ctx);
/* The options of `hawser forward`, as those of connect, terminal and files are. */
const struct hws_options *cli_forward_options(void);
/* client/cli/files */
int cli_files(int argc, char **argv, void *ctx);
int cli_id(int argc, char **argv, void *ctx);
int cli_password(int argc, char **argv, void *ctx);
int cli_config(int argc, char **argv, void *arg);
int cli_recordings(int argc, char **argv, void *arg);
int cli_peers(int argc, char **argv, void *arg);
int cli_terminal(int argc, char **argv, void *arg);
/* What --help of a command says below its first lines: its options and columns. */
extern const char cli_discover_help[], cli_wake_help[], cli_doctor_help[];
extern const char cli_login_help[], cli_logout_help[], cli_account_help[];
int cli_login(int argc, char **argv, void *arg);
int cli_logout(int argc, char **argv, void *arg);
int cli_account(int argc, char **argv, void *arg);
int cli_discover(int argc, char **argv, void *arg);
int cli_doctor(int argc, char **argv, void *arg);
int cli_wake(int argc, char **argv, void *arg);
int cli_viewer_key(int argc, char **argv, void *arg);
int cli_status(int argc, char **argv, void *ctx);
/* Replaces this process by hawser-desktop with these arguments; returns only when that is not
 * installed. */
int cli_desktop(int count, const char *const args[]);
