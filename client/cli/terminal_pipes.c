/* Descriptors are shared with whoever started us, and so is whether they wait; so a terminal and a
 * pipe are opened anew, for us alone, and what cannot be is given small pieces, which fit where
 * poll says that there is room. */
#include "client/cli/terminal_pipes.h"
#include "shared/base/macros.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TURNS_MAX 8u /* of PIPE_ROOM, before keys are looked at again */

static void open_output(struct terminal_pipes *p, int fd, enum hawser_stream stream)
{
	char path[40];
	struct stat st;
	int again;

	p->out[stream] = fd;
	p->most[stream] = PIPE_BUF;
	if (fstat(fd, &st) < 0)
		return;
	if (S_ISREG(st.st_mode))
		p->most[stream] = PIPE_ROOM;
	if (!S_ISFIFO(st.st_mode) && !isatty(fd))
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (again < 0)
		return;
	p->out[stream] = again;
	p->own[stream] = true;
	p->most[stream] = PIPE_ROOM;
}

void terminal_pipes_begin(struct terminal_pipes *p)
{
	memset(p, 0, sizeof(*p));
	open_output(p, STDOUT_FILENO, HAWSER_STREAM_OUT);
	open_output(p, STDERR_FILENO, HAWSER_STREAM_ERR);
}

void terminal_pipes_end(struct terminal_pipes *p)
{
	for (int i = 0; i < 2; i++)
		if (p->own[i])
			close(p->out[i]);
	explicit_bzero(p->input, sizeof(p->input)); /* passwords are typed, too */
}

/* --- output ----------------------------------------------------------------------------------- */

bool terminal_pipes_idle(const struct terminal_pipes *p)
{
	return p->at == p->len;
}

struct pollfd terminal_pipes_poll_out(const struct terminal_pipes *p)
{
	return (struct pollfd){ .fd = terminal_pipes_idle(p) ? -1 : p->out[p->stream],
		.events = POLLOUT };
}

static bool has_room(int fd)
{
	struct pollfd w = { .fd = fd, .events = POLLOUT };

	return poll(&w, 1, 0) == 1;
}

/* HAWSER_ERR_AGAIN: no more now. */
static int write_some(struct terminal_pipes *p)
{
	size_t n = HWS_MIN(p->len - p->at, p->most[p->stream]);
	ssize_t done;

	if (p->gone[p->stream]) {
		p->at = p->len;
		return HAWSER_OK;
	}
	if (!p->own[p->stream] && !has_room(p->out[p->stream]))
		return HAWSER_ERR_AGAIN;
	done = write(p->out[p->stream], p->output + p->at, n);
	if (done >= 0) {
		p->at += (size_t)done;
		return HAWSER_OK;
	}
	if (errno == EAGAIN || errno == EINTR)
		return HAWSER_ERR_AGAIN;
	p->gone[p->stream] = true;
	if (p->stream == HAWSER_STREAM_ERR)
		return HAWSER_OK; /* the program goes on without */
	return errno == EPIPE ? HAWSER_ERR_CLOSED : HAWSER_ERR_DISK;
}

int terminal_pipes_write(struct terminal_pipes *p, hawser_session *s, int id)
{
	p->more = false;
	for (unsigned turn = 0;; turn++) {
		bool end;
		long n;
		int r;

		while (!terminal_pipes_idle(p)) {
			r = write_some(p);
			if (r < 0)
				return r == HAWSER_ERR_AGAIN ? HAWSER_OK : r;
		}
		if (turn == TURNS_MAX) {
			p->more = true;
			return HAWSER_OK;
		}
		n = hawser_terminal_read(s, id, p->output, sizeof(p->output), &p->stream, &end);
		if (n < 0)
			return (int)n == HAWSER_ERR_NOTFOUND ? HAWSER_OK : (int)n;
		if (n == 0 && !end)
			return HAWSER_OK;
		p->at = 0;
		p->len = (size_t)n;
	}
}

/* --- input ------------------------------------------------------------------------------------ */

bool terminal_pipes_wants_input(const struct terminal_pipes *p)
{
	return !p->in_end && p->in_at == p->in_len;
}

void terminal_pipes_read(struct terminal_pipes *p)
{
	ssize_t n = read(STDIN_FILENO, p->input, sizeof(p->input));

	p->in_at = p->in_len = 0;
	if (n > 0)
		p->in_len = (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		p->in_end = true; /* also of a terminal that has gone */
}

int terminal_pipes_feed(struct terminal_pipes *p, hawser_session *s, int id)
{
	while (p->in_at < p->in_len) {
		long n = hawser_terminal_write(s, id, p->input + p->in_at, p->in_len - p->in_at);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return HAWSER_OK; /* goes on when there is room */
		p->in_at += (size_t)n;
	}
	return HAWSER_OK;
}
