/* admin/secret: see the header. The terminal is opened by its own name, so that input may come from
 * a pipe at the same time. */
#include "admin/cli/secret.h"
#include "shared/base/buf.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/sys/private_file.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define TRIES 3

static int take_line(const char *from, size_t len, char *buf, size_t size, const char *what,
		struct hws_error *err)
{
	size_t n = 0;
	int r;

	while (n < len && from[n] != '\n' && from[n] != '\r')
		n++;
	if (!n)
		return hws_error_set(err, HWS_ERR_INVAL, "%s: nothing there", what);
	r = hws_str_from_bytes(buf, size, hws_bytes(from, n));
	if (r < 0)
		return hws_error_set(err, r, "%s: %s", what,
				r == HWS_ERR_TOOBIG ? "too long" : "no UTF-8");
	return HWS_OK;
}

/* A terminal must not stay silent when its user has had enough. Signals are let in only while
 * somebody is waited for, so that none comes between the question and the wait. */
static volatile sig_atomic_t interrupted;

struct held {
	struct sigaction action[4];
	sigset_t mask;
};
static const int signals[] = { SIGINT, SIGTERM, SIGQUIT, SIGHUP };

static void on_signal(int sig)
{
	interrupted = sig;
}

static void hold_signals(struct held *h)
{
	const struct sigaction hold = { .sa_handler = on_signal };
	sigset_t block;

	interrupted = 0;
	sigemptyset(&block);
	for (size_t i = 0; i < HWS_COUNT(signals); i++) {
		sigaddset(&block, signals[i]);
		(void)sigaction(signals[i], &hold, &h->action[i]);
	}
	(void)sigprocmask(SIG_BLOCK, &block, &h->mask);
}

static void give_signals(const struct held *h)
{
	for (size_t i = 0; i < HWS_COUNT(signals); i++)
		(void)sigaction(signals[i], &h->action[i], NULL);
	(void)sigprocmask(SIG_SETMASK, &h->mask, NULL);
	if (interrupted)
		raise(interrupted);
}

/* False: a signal came. */
static bool wait_for(int fd, const struct held *h)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return !h || (ppoll(&p, 1, NULL, &h->mask) >= 0 && !interrupted);
}

/* Byte by byte: what follows belongs to whoever reads next. */
static int read_line(int fd, const struct held *held, char *buf, size_t size, const char *what,
		struct hws_error *err)
{
	char line[ADM_SECRET_TEXT];
	size_t n = 0;
	int r;

	while (n < sizeof(line)) {
		ssize_t got = wait_for(fd, held) ? read(fd, line + n, 1) : 0;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || line[n] == '\n')
			break;
		n++;
	}
	r = n == sizeof(line) ? hws_error_set(err, HWS_ERR_TOOBIG, "%s: too long", what)
			      : take_line(line, n, buf, size, what, err);
	hws_wipe(line, sizeof(line));
	return r;
}

int adm_secret_file(const char *path, char *buf, size_t size, struct hws_error *err)
{
	struct hws_buf text;
	int r;

	if (strcmp(path, "-") == 0)
		return read_line(STDIN_FILENO, NULL, buf, size, "standard input", err);
	hws_buf_init(&text, 65536);
	r = hws_private_file_read(path, HWS_PRIVATE_SECRET, &text, err);
	if (r == HWS_OK)
		r = take_line((const char *)hws_buf_bytes(&text).ptr, hws_buf_len(&text), buf, size,
				path, err);
	hws_buf_done_wiped(&text);
	return r;
}

int adm_secret_ask(const char *prompt, char *buf, size_t size, struct hws_error *err)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct held held;
	struct termios old, quiet;
	int r;

	if (fd < 0 || tcgetattr(fd, &old) < 0) {
		if (fd >= 0)
			close(fd);
		return hws_error_set(err, HWS_ERR_NOTFOUND,
				"%s: there is no terminal to ask on; name a file", prompt);
	}
	hold_signals(&held);
	quiet = old;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	(void)tcsetattr(fd, TCSAFLUSH, &quiet);
	dprintf(fd, "%s: ", prompt);
	r = read_line(fd, &held, buf, size, prompt, err);
	(void)tcsetattr(fd, TCSAFLUSH, &old);
	dprintf(fd, "\n");
	close(fd);
	give_signals(&held);
	return r;
}

int adm_secret_ask_new(const char *prompt, char *buf, size_t size, struct hws_error *err)
{
	char again[ADM_SECRET_TEXT], question[80];
	int r = HWS_OK;

	for (int i = 0; i < TRIES; i++) {
		r = adm_secret_ask(prompt, buf, size, err);
		if (r == HWS_OK)
			r = hws_fmt(question, sizeof(question), "%s once more", prompt);
		if (r == HWS_OK)
			r = adm_secret_ask(question, again, sizeof(again), err);
		if (r < 0 || strcmp(buf, again) == 0)
			break;
		r = hws_error_set(err, HWS_ERR_INVAL, "they are not the same");
	}
	hws_wipe(again, sizeof(again));
	if (r < 0)
		hws_wipe(buf, size);
	return r;
}

void adm_secret_make(char buf[21])
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

	for (int i = 0; i < 20; i++)
		buf[i] = letters[hws_rand_below(sizeof(letters) - 1)];
	buf[20] = 0;
}
