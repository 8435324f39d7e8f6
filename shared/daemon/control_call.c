/* The client side of the control socket: blocking, for command line tools. */
#include "shared/daemon/control.h"

#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MAX (256u << 20)

static int dial(const char *path, int *ret_fd, struct hws_error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, cause, r;

	if (hws_str_copy(addr.sun_path, sizeof(addr.sun_path), path) < 0)
		return hws_error_set(err, HWS_ERR_TOOBIG,
				"the path of the control socket is too long: %s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0) {
		*ret_fd = fd;
		return HWS_OK;
	}
	cause = errno;
	if (fd >= 0)
		close(fd);
	r = hws_err_from_errno(cause);
	if (cause == ENOENT || cause == ECONNREFUSED)
		return hws_error_set(err, r,
				"nothing listens on %s: the program is not running, or uses "
				"another control socket",
				path);
	if (cause == EACCES)
		return hws_error_set(err, r,
				"no permission for %s: run this as root or as the account of the "
				"program",
				path);
	return hws_error_set(err, r, "cannot connect to %s: %s", path, strerror(cause));
}

/* Waits for `events`; 0, or HWS_ERR_TIMEOUT / HWS_ERR_SYS. */
static int wait_for(int fd, short events, uint64_t until_us)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		uint64_t now = hws_clock_us();
		int n;

		if (now >= until_us)
			return HWS_ERR_TIMEOUT;
		n = poll(&p, 1, (int)HWS_MIN((until_us - now + 999) / 1000, (uint64_t)60000));
		if (n > 0)
			return HWS_OK;
		if (n < 0 && errno != EINTR)
			return HWS_ERR_SYS;
	}
}

static int send_all(int fd, const char *text, size_t len, uint64_t until_us)
{
	while (len) {
		ssize_t n;
		int r = wait_for(fd, POLLOUT, until_us);

		if (r < 0)
			return r;
		n = send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return hws_err_from_errno(errno);
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	return HWS_OK;
}

static int receive_line(int fd, struct hws_buf *buf, uint64_t until_us)
{
	for (;;) {
		uint8_t *to = hws_buf_reserve(buf, 16384);
		ssize_t n;
		int r;

		if (!to)
			return hws_buf_err(buf);
		r = wait_for(fd, POLLIN, until_us);
		if (r < 0)
			return r;
		n = recv(fd, to, 16384, MSG_DONTWAIT);
		if (n == 0)
			return HWS_ERR_EOF;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return hws_err_from_errno(errno);
		if (n < 0)
			continue;
		hws_buf_commit(buf, (size_t)n);
		if (memchr(to, '\n', (size_t)n))
			return HWS_OK;
	}
}

int hws_control_call(const char *path, const json_t *req, uint64_t timeout_us, json_t **ret,
		struct hws_error *err)
{
	uint64_t until_us = hws_clock_us() + timeout_us;
	char *text = json_dumps(req, JSON_COMPACT);
	struct hws_buf buf;
	json_t *answer;
	int fd = -1, r;

	hws_buf_init(&buf, ANSWER_MAX);
	if (!text)
		return hws_error_set(err, HWS_ERR_INVAL, "the request cannot be written as JSON");
	r = dial(path, &fd, err);
	if (r < 0)
		goto out;
	r = send_all(fd, text, strlen(text), until_us);
	if (r == HWS_OK)
		r = send_all(fd, "\n", 1, until_us);
	/* A refusal may be there already when sending fails. */
	if (r == HWS_OK || r == HWS_ERR_RESET)
		r = receive_line(fd, &buf, until_us);
	if (r < 0) {
		hws_error_set(err, r, "no answer from %s: %s", path, hws_err_text(r));
		goto out;
	}
	answer = json_loadb((const char *)hws_buf_bytes(&buf).ptr, hws_buf_len(&buf), 0, NULL);
	if (!json_is_object(answer) || !json_is_boolean(json_object_get(answer, "ok"))) {
		json_decref(answer);
		r = hws_error_set(err, HWS_ERR_PROTO, "the answer from %s is not understood", path);
		goto out;
	}
	*ret = answer;
out:
	if (fd >= 0)
		close(fd);
	hws_buf_done(&buf);
	free(text);
	return r;
}
