/* The question to the process that knows accounts: sent at once, for it is shorter than what a
 * socket holds, and the answer read as it comes. Who does not answer in time is ended. */
#include "client/host/os_login.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/sys/local_socket.h"
#include <errno.h>
#include <unistd.h>

#define ANSWER_US (40 * HWS_US_PER_S) /* it may wait some seconds before it says no */
#define ANSWER_MAX 400u

struct hws_os_login {
	struct hws_launcher *launcher;
	uint64_t launch;
	int fd;
	struct event readable;
	struct hws_timer limit;
	void (*done)(bool ok, const char *text, void *arg);
	void *arg;
	bool answered, ended; /* ended: the launcher has seen it, and knows what became of it */
	size_t len;
	char answer[ANSWER_MAX + 1];
};

static void free_query(struct hws_os_login *q)
{
	event_del(&q->readable);
	hws_timer_stop(&q->limit);
	close(q->fd);
	hws_launcher_end(q->launcher, q->launch);
	hws_free(q);
}

static void end(struct hws_os_login *q, bool ok, const char *text)
{
	void (*done)(bool ok, const char *text, void *arg) = q->done;
	void *arg = q->arg;
	char safe[ANSWER_MAX + 1];

	hws_str_escape(safe, sizeof(safe), hws_bytes_str(text));
	free_query(q);
	done(ok, safe, arg);
}

static void on_limit(void *arg)
{
	end(arg, false, "The host could not check the password in time");
}

static void tell(struct hws_os_login *q)
{
	if (q->answer[0] == '1')
		end(q, true, "");
	else if (q->answer[0] == '0' && q->answer[1])
		end(q, false, q->answer + 1);
	else
		end(q, false, "The host cannot check passwords of accounts");
}

static void on_readable(evutil_socket_t fd, short what HWS_UNUSED, void *arg)
{
	struct hws_os_login *q = arg;
	ssize_t n = read(fd, q->answer + q->len, ANSWER_MAX - q->len);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		q->len += (size_t)n;
		if (q->len < ANSWER_MAX)
			return;
	}
	q->answer[q->len] = 0;
	event_del(&q->readable);
	q->answered = true;
	if (q->ended)
		tell(q);
}

static size_t put_text(uint8_t *to, const char *text)
{
	size_t n = strlen(text);

	for (unsigned i = 0; i < 4; i++)
		to[i] = (uint8_t)(n >> 8 * i);
	for (size_t i = 0; i < n; i++)
		to[4 + i] = (uint8_t)text[i];
	return n + 4;
}

static int ask(int fd, const char *user, const char *password_secret)
{
	uint8_t out_secret[2 * (HWS_OS_LOGIN_TEXT_MAX + 4)];
	size_t n;
	ssize_t sent;

	if (strlen(user) > HWS_OS_LOGIN_TEXT_MAX || strlen(password_secret) > HWS_OS_LOGIN_TEXT_MAX)
		return HWS_ERR_TOOBIG;
	n = put_text(out_secret, user);
	n += put_text(out_secret + n, password_secret);
	sent = hws_local_send(fd, hws_bytes(out_secret, n), (struct hws_bytes){ 0 }, NULL, 0);
	hws_wipe(out_secret, sizeof(out_secret));
	return sent == (ssize_t)n ? HWS_OK : HWS_ERR_FULL;
}

/* What the launcher starts for the account it starts once it has seen by itself that the process
 * said yes, and it takes no next question before; so that is waited for. */
static void on_ended(const char *why, void *arg)
{
	struct hws_os_login *q = arg;

	q->ended = true;
	if (why)
		end(q, false, why);
	else if (q->answered)
		tell(q);
}

static int launch(struct hws_os_login *q, int fd, const char *user,
		const struct hws_settings *settings, struct hws_child_logs *logs)
{
	struct hws_launch what = { .what = HWS_LAUNCH_OS_LOGIN,
		.account = user,
		.log_level = settings->log_level,
		.sandbox = settings->sandbox,
		.ipc_fd = fd,
		.ended = on_ended,
		.arg = q };
	int r;

	what.log_fd = hws_child_log_open(logs, "os-login.log", 0);
	r = hws_launcher_start(q->launcher, &what, &q->launch);
	if (what.log_fd > 0)
		close(what.log_fd);
	return r;
}

int hws_os_login_start(struct hws_launcher *l, struct hws_loop *loop,
		const struct hws_settings *settings, struct hws_child_logs *logs, const char *user,
		const char *password_secret, void (*done)(bool ok, const char *text, void *arg),
		void *arg, struct hws_os_login **ret)
{
	struct hws_os_login *q;
	int fds[2], r;

	if (!l)
		return HWS_ERR_CLOSED;
	q = hws_alloc(sizeof(*q));
	if (!q)
		return HWS_ERR_NOMEM;
	r = hws_local_pair(fds);
	if (r < 0) {
		hws_free(q);
		return r;
	}
	q->launcher = l;
	q->fd = fds[0];
	q->done = done;
	q->arg = arg;
	r = ask(q->fd, user, password_secret);
	if (r == HWS_OK)
		r = launch(q, fds[1], user, settings, logs);
	close(fds[1]);
	if (r < 0) {
		close(q->fd);
		hws_free(q);
		return r;
	}
	event_assign(&q->readable, hws_loop_base(loop), q->fd, EV_READ | EV_PERSIST, on_readable,
			q);
	event_add(&q->readable, NULL);
	hws_timer_start(loop, &q->limit, ANSWER_US, on_limit, q);
	*ret = q;
	return HWS_OK;
}

void hws_os_login_cancel(struct hws_os_login *q)
{
	if (q)
		free_query(q);
}
