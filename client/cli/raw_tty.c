/* The old settings are kept where signal handlers reach them: a crash gives them back, too. */
#include "client/cli/raw_tty.h"
#include "client/cli/cli.h"
#include "shared/base/macros.h"
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct {
	int fd;
	volatile sig_atomic_t raw;
	bool watched;
	struct termios saved;
} tty = { .fd = -1 };

static void give_back(void)
{
	if (tty.raw)
		tcsetattr(tty.fd, TCSANOW, &tty.saved);
	tty.raw = 0;
}

/* SA_RESETHAND: the second time it has its usual effect. */
static void on_crash(int number)
{
	give_back();
	raise(number);
}

static void watch(void)
{
	static const int fatal[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGQUIT, SIGSYS };
	struct sigaction sa = { .sa_handler = on_crash, .sa_flags = (int)SA_RESETHAND };

	if (tty.watched)
		return;
	tty.watched = true;
	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < HWS_COUNT(fatal); i++)
		sigaction(fatal[i], &sa, NULL);
	atexit(give_back);
}

bool raw_tty_enter(int fd)
{
	struct termios t;

	if (tty.raw)
		return true;
	if (!isatty(fd) || tcgetattr(fd, &tty.saved) < 0)
		return false;
	tty.fd = fd;
	watch();
	t = tty.saved;
	t.c_iflag |= IGNPAR;
	t.c_iflag &= (tcflag_t) ~(ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXANY | IXOFF | IUCLC);
	t.c_lflag &= (tcflag_t) ~(ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHONL | IEXTEN);
	t.c_oflag &= (tcflag_t)~OPOST;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	tty.raw = 1; /* before: what comes in between is undone, too */
	if (tcsetattr(fd, TCSADRAIN, &t) < 0) {
		give_back();
		return false;
	}
	cli_raw_lines(true);
	return true;
}

void raw_tty_leave(void)
{
	give_back();
	cli_raw_lines(false);
}

bool raw_tty_is_raw(void)
{
	return tty.raw;
}

void raw_tty_suspend(void)
{
	bool was_raw = tty.raw;
	sigset_t stop, before;

	raw_tty_leave();
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	raise(SIGTSTP); /* blocked here: it waits for what follows */
	sigprocmask(SIG_UNBLOCK, &stop, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (was_raw)
		raw_tty_enter(tty.fd);
}

bool raw_tty_size(unsigned *ret_rows, unsigned *ret_cols)
{
	static const int fds[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO };
	struct winsize w;

	for (size_t i = 0; i < HWS_COUNT(fds); i++)
		if (ioctl(fds[i], TIOCGWINSZ, &w) == 0 && w.ws_row && w.ws_col) {
			*ret_rows = HWS_MIN(w.ws_row, 1000u);
			*ret_cols = HWS_MIN(w.ws_col, 1000u);
			return true;
		}
	return false;
}
