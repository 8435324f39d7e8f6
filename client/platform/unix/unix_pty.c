/* Terminals of the kernel. A program's end is heard by a descriptor of its own (pidfd), so nobody
 * else's children are touched; who has ended and still has something unread is told of only when
 * that was read. What was closed while it ran is remembered until it has ended: hung up at once,
 * killed a little later. */
#include "client/platform/unix/unix_pty.h"
#include "client/platform/unix/unix_account.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/sys/spawn_program.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define ORPHANS_MAX (2 * HWS_PTYS_MAX)
#define ORPHAN_US (3 * HWS_US_PER_S) /* from the hang-up to the kill */

/* One direction from the program. */
struct side {
	int fd;
	bool done; /* all was read and nothing more comes */
	struct event ev;
};

struct pty {
	struct hws_pty base;
	struct ptys *s;
	struct hws_list node; /* while it is an orphan */
	struct side out, errors;
	int in; /* out.fd where there is a terminal; -1: ended */
	int pidfd;
	pid_t pid;
	struct event on_room, on_end;
	struct hws_deferred step;
	struct hws_timer patience; /* of an orphan */
	bool ended, exit_told, closed;
	struct hws_pty_exit how;
};

struct ptys {
	struct hws_ptys base;
	struct hws_loop *loop;
	struct hws_list orphans;
	unsigned open, orphan_count;
};

static struct pty *pty_of(struct hws_pty *t)
{
	return hws_container(t, struct pty, base);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void let_go_of_files(struct pty *t)
{
	if (t->base.conf.pipes)
		close_fd(&t->in);
	t->in = -1;
	close_fd(&t->out.fd);
	close_fd(&t->errors.fd);
}

static void free_pty(struct pty *t)
{
	hws_loop_defer_cancel(&t->step);
	hws_timer_stop(&t->patience);
	event_del(&t->on_end);
	close_fd(&t->pidfd);
	hws_list_remove(&t->node);
	hws_free(t);
}

/* --- the end of the program --- */

static void on_step(void *arg)
{
	struct pty *t = arg;
	const struct hws_pty_conf *c = &t->base.conf;

	if (!t->ended || t->exit_told || !t->out.done || !t->errors.done)
		return;
	t->exit_told = true;
	c->on_exit(&t->how, c->arg);
}

static void later(struct pty *t)
{
	hws_loop_defer(t->s->loop, &t->step, on_step, t);
}

/* Whoever waits for more of it is told of the end as of something to read. */
static void wake(struct side *d)
{
	if (!d->done && event_pending(&d->ev, EV_READ, NULL))
		event_active(&d->ev, EV_READ, 0);
}

static void on_end(evutil_socket_t fd HWS_UNUSED, short what HWS_UNUSED, void *arg)
{
	struct pty *t = arg;
	int status = 0;
	pid_t pid = waitpid(t->pid, &status, WNOHANG);

	if (pid == 0)
		return;
	event_del(&t->on_end);
	t->ended = true;
	if (pid < 0)
		t->how = (struct hws_pty_exit){ true, SIGKILL }; /* nobody knows how it ended */
	else
		t->how = (struct hws_pty_exit){ WIFSIGNALED(status),
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) };
	if (t->closed) {
		t->s->orphan_count--;
		free_pty(t);
		return;
	}
	wake(&t->out);
	wake(&t->errors);
	later(t);
}

/* --- reading --- */

static void on_readable(evutil_socket_t fd HWS_UNUSED, short what HWS_UNUSED, void *arg)
{
	struct pty *t = arg;

	t->base.conf.on_readable(t->base.conf.arg);
}

/* What others of its session still hold open does not keep a terminal alive; a pipe it does, as
 * whoever collects the output of a command expects. */
static bool nothing_follows(const struct pty *t, ssize_t n)
{
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		return true;
	return t->ended && !t->base.conf.pipes;
}

static int read_side(struct pty *t, struct side *d, uint8_t *buf, size_t size, size_t *ret_len)
{
	bool ended = t->ended; /* before the last look */
	ssize_t n;

	if (d->done)
		return HWS_ERR_CLOSED;
	n = read(d->fd, buf, size);
	if (n > 0) {
		*ret_len = (size_t)n;
		return HWS_OK;
	}
	if ((n == 0 || ended || (errno != EAGAIN && errno != EINTR)) && nothing_follows(t, n)) {
		d->done = true;
		event_del(&d->ev);
		later(t);
		return HWS_ERR_CLOSED;
	}
	return event_add(&d->ev, NULL) < 0 ? HWS_ERR_NOMEM : HWS_ERR_AGAIN;
}

static int un_read(struct hws_pty *base, uint8_t *buf, size_t size, size_t *ret_len)
{
	struct pty *t = pty_of(base);

	return read_side(t, &t->out, buf, size, ret_len);
}

static int un_read_errors(struct hws_pty *base, uint8_t *buf, size_t size, size_t *ret_len)
{
	struct pty *t = pty_of(base);

	return read_side(t, &t->errors, buf, size, ret_len);
}

/* --- writing --- */

static void on_room(evutil_socket_t fd HWS_UNUSED, short what HWS_UNUSED, void *arg)
{
	struct pty *t = arg;

	if (t->base.conf.on_writable)
		t->base.conf.on_writable(t->base.conf.arg);
}

static int un_write(struct hws_pty *base, struct hws_bytes data, size_t *ret_taken)
{
	struct pty *t = pty_of(base);
	ssize_t n;

	if (t->ended || t->in < 0)
		return HWS_ERR_CLOSED;
	n = write(t->in, data.ptr, data.len);
	if (n > 0) {
		*ret_taken = (size_t)n;
		return HWS_OK;
	}
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return HWS_ERR_CLOSED; /* it reads no more */
	return event_add(&t->on_room, NULL) < 0 ? HWS_ERR_NOMEM : HWS_ERR_AGAIN;
}

static int un_end_input(struct hws_pty *base)
{
	struct pty *t = pty_of(base);
	struct termios mode;
	uint8_t end;
	size_t n;

	if (t->ended || t->in < 0)
		return HWS_ERR_CLOSED;
	if (base->conf.pipes) {
		event_del(&t->on_room);
		close_fd(&t->in);
		return HWS_OK;
	}
	if (tcgetattr(t->in, &mode) < 0)
		return HWS_ERR_CLOSED;
	end = mode.c_cc[VEOF];
	return un_write(base, hws_bytes(&end, 1), &n);
}

/* --- size and signals --- */

static int un_resize(struct hws_pty *base, uint16_t columns, uint16_t rows)
{
	struct pty *t = pty_of(base);
	struct winsize size = { .ws_row = rows, .ws_col = columns };

	if (t->ended || t->in < 0)
		return HWS_ERR_CLOSED;
	return ioctl(t->in, TIOCSWINSZ, &size) < 0 ? hws_err_from_errno(errno) : HWS_OK;
}

static bool un_interrupts(struct hws_pty *base, uint8_t byte, int *ret_signal)
{
	static const struct {
		int key, signal;
	} keys[] = { { VINTR, SIGINT }, { VQUIT, SIGQUIT }, { VSUSP, SIGTSTP } };
	struct pty *t = pty_of(base);
	struct termios mode;

	if (t->in < 0 || tcgetattr(t->in, &mode) < 0 || !(mode.c_lflag & ISIG))
		return false;
	for (size_t i = 0; i < HWS_COUNT(keys); i++)
		if (byte && mode.c_cc[keys[i].key] == byte) {
			*ret_signal = keys[i].signal;
			return true;
		}
	return false;
}

/* The group in the foreground; of the program itself where no terminal says. */
static pid_t foreground(const struct pty *t)
{
	pid_t group = t->base.conf.pipes || t->in < 0 ? -1 : tcgetpgrp(t->in);

	return group > 0 ? group : t->pid;
}

static int un_signal(struct hws_pty *base, int number)
{
	struct pty *t = pty_of(base);

	if (t->ended)
		return HWS_ERR_CLOSED;
	return kill(-foreground(t), number) < 0 ? hws_err_from_errno(errno) : HWS_OK;
}

static void end_program(struct pty *t, bool at_once)
{
	pid_t front = foreground(t);
	int number = at_once ? SIGKILL : SIGHUP;

	if (at_once)
		hws_unix_kill_session((int)t->pid, (int)t->pid);
	kill(-t->pid, number);
	if (front != t->pid)
		kill(-front, number);
	if (!at_once) { /* who was stopped hears it, too */
		kill(-t->pid, SIGCONT);
		if (front != t->pid)
			kill(-front, SIGCONT);
	}
}

static int un_kill(struct hws_pty *base, bool at_once)
{
	struct pty *t = pty_of(base);

	if (t->ended)
		return HWS_ERR_CLOSED;
	end_program(t, at_once);
	return HWS_OK;
}

/* --- closing --- */

static void on_patience(void *arg)
{
	struct pty *t = arg;

	hws_debug("pty.killed", HWS_U64("pid", (uint64_t)t->pid));
	end_program(t, true);
}

static void un_close(struct hws_pty *base)
{
	struct pty *t = pty_of(base);

	hws_loop_defer_cancel(&t->step);
	event_del(&t->out.ev);
	event_del(&t->errors.ev);
	event_del(&t->on_room);
	t->s->open--;
	if (t->ended) {
		let_go_of_files(t);
		free_pty(t);
		return;
	}
	end_program(t, false);
	let_go_of_files(t);
	t->closed = true;
	t->s->orphan_count++;
	hws_list_push(&t->s->orphans, &t->node);
	hws_timer_start(t->s->loop, &t->patience, ORPHAN_US, on_patience, t);
}

/* --- opening --- */

/* The program's ends of what connects it to us. */
struct ends {
	int in, out, errors;
};

static void close_ends(struct ends *e)
{
	if (e->out != e->in)
		close_fd(&e->out);
	if (e->errors != e->in)
		close_fd(&e->errors);
	close_fd(&e->in);
}

static int make_terminal(struct pty *t, const struct hws_pty_conf *conf, struct ends *ret)
{
	struct winsize size = { .ws_row = conf->rows, .ws_col = conf->columns };
	struct termios mode;
	int none = 0;

	t->out.fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (t->out.fd < 0 || ioctl(t->out.fd, TIOCSPTLCK, &none) < 0)
		return hws_err_from_errno(errno);
	ret->in = ioctl(t->out.fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (ret->in < 0 || tcgetattr(ret->in, &mode) < 0)
		return hws_err_from_errno(errno);
	mode.c_iflag |= IUTF8;
	if (tcsetattr(ret->in, TCSANOW, &mode) < 0 || ioctl(ret->in, TIOCSWINSZ, &size) < 0)
		return hws_err_from_errno(errno);
	ret->out = ret->errors = ret->in;
	t->in = t->out.fd;
	t->errors.done = true;
	return HWS_OK;
}

static int make_pipe(int *ours, int *program, bool to_program)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) < 0)
		return hws_err_from_errno(errno);
	*ours = fd[to_program];
	*program = fd[!to_program];
	return fcntl(*ours, F_SETFL, O_NONBLOCK) < 0 ? HWS_ERR_SYS : HWS_OK;
}

static int make_pipes(struct pty *t, struct ends *ret)
{
	int r = make_pipe(&t->in, &ret->in, true);

	if (r == HWS_OK)
		r = make_pipe(&t->out.fd, &ret->out, false);
	if (r == HWS_OK)
		r = make_pipe(&t->errors.fd, &ret->errors, false);
	return r;
}

static int start(struct pty *t, const struct hws_pty_conf *conf,
		const struct hws_unix_account *account, struct hws_error *err)
{
	const char *const login[] = { account->dash_shell, NULL };
	struct ends e = { -1, -1, -1 };
	struct hws_unix_env env;
	int r = hws_unix_env_make(account, conf, &env);

	if (r < 0)
		return hws_error_set(err, r, "the environment of the program is too long");
	r = conf->pipes ? make_pipes(t, &e) : make_terminal(t, conf, &e);
	if (r < 0)
		hws_error_set(err, r, "no terminal could be made: %s", hws_err_text(r));
	if (r == HWS_OK) {
		struct hws_spawn_program p = { .path = conf->argv ? conf->argv[0] : account->shell,
			.argv = conf->argv ? conf->argv : login,
			.env = env.list,
			.directory = conf->directory ? conf->directory : account->home,
			.in = e.in,
			.out = e.out,
			.errors = e.errors,
			.terminal = !conf->pipes };
		r = hws_spawn_program(&p, &t->pid, err);
	}
	close_ends(&e);
	return r;
}

/* From here on it has a program, and ends as one that is closed. */
static int watch(struct pty *t)
{
	struct event_base *b = hws_loop_base(t->s->loop);

	t->pidfd = pidfd_open(t->pid, 0);
	event_assign(&t->out.ev, b, t->out.fd, EV_READ, on_readable, t);
	event_assign(&t->errors.ev, b, t->errors.fd, EV_READ, on_readable, t);
	event_assign(&t->on_room, b, t->in, EV_WRITE, on_room, t);
	event_assign(&t->on_end, b, t->pidfd, EV_READ | EV_PERSIST, on_end, t);
	if (t->pidfd < 0 || event_add(&t->on_end, NULL) < 0 || event_add(&t->out.ev, NULL) < 0 ||
			(!t->errors.done && event_add(&t->errors.ev, NULL) < 0))
		return HWS_ERR_NOMEM;
	return HWS_OK;
}

static int check_user(
		const struct hws_unix_account *account, const char *user, struct hws_error *err)
{
	int r = hws_unix_account_is(account, user);

	if (r == HWS_ERR_NOTFOUND)
		return hws_error_set(err, r, "there is no user of that name");
	if (r < 0)
		return hws_error_set(err, r, "this host starts programs of the user %s only",
				account->name);
	return HWS_OK;
}

static int un_open(struct hws_ptys *base, const struct hws_pty_conf *conf, struct hws_pty **ret,
		struct hws_error *err)
{
	struct ptys *s = hws_container(base, struct ptys, base);
	struct hws_unix_account account;
	int r = hws_unix_account_find(&account);

	if (r < 0)
		return hws_error_set(err, r, "the account of this host is not known to the system");
	r = check_user(&account, conf->user, err);
	if (r < 0)
		return r;
	if (s->open >= HWS_PTYS_MAX || s->orphan_count >= ORPHANS_MAX)
		return hws_error_set(err, HWS_ERR_FULL, "there are %u terminals open already",
				HWS_PTYS_MAX);
	struct pty *t = hws_alloc(sizeof(*t));
	if (!t)
		return HWS_ERR_NOMEM;
	t->s = s;
	t->in = t->out.fd = t->errors.fd = t->pidfd = -1;
	t->base.conf.pipes = conf->pipes;
	r = start(t, conf, &account, err);
	if (r < 0) {
		let_go_of_files(t);
		hws_free(t);
		return r;
	}
	s->open++;
	t->base.pid = (uint32_t)t->pid;
	r = watch(t);
	if (r < 0) {
		end_program(t, true);
		un_close(&t->base);
		return hws_error_set(err, r, "no program could be started: too many run");
	}
	*ret = &t->base;
	return HWS_OK;
}

static const struct hws_ptys_impl impl = {
	.open = un_open,
	.read = un_read,
	.write = un_write,
	.read_errors = un_read_errors,
	.end_input = un_end_input,
	.resize = un_resize,
	.interrupts = un_interrupts,
	.signal = un_signal,
	.kill = un_kill,
	.close = un_close,
};

int hws_unix_ptys_new(struct hws_loop *loop, struct hws_ptys **ret)
{
	struct ptys *s = hws_alloc(sizeof(*s));

	if (!s)
		return HWS_ERR_NOMEM;
	s->base.impl = &impl;
	s->loop = loop;
	hws_list_init(&s->orphans);
	*ret = &s->base;
	return HWS_OK;
}

void hws_unix_ptys_free(struct hws_ptys *base)
{
	struct ptys *s = base ? hws_container(base, struct ptys, base) : NULL;
	struct hws_list *n, *tmp;

	if (!s)
		return;
	hws_list_for_safe (n, tmp, &s->orphans) {
		struct pty *t = hws_container(n, struct pty, node);

		end_program(t, true);
		waitpid(t->pid, NULL, WNOHANG); /* or it is our parent's soon */
		free_pty(t);
	}
	hws_free(s);
}
