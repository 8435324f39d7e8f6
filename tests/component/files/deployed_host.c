/* The connection: login without questions, frames, and the loop in which blocks go out one by one
 * between what comes in. */
#include "tests/component/files/deployed_host.h"
#include "shared/wire/envelope.h"
#include "shared/wire/frame.h"
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool write_all(int fd, const void *data, size_t n)
{
	const uint8_t *p = data;

	while (n > 0) {
		ssize_t w = send(fd, p, n, MSG_NOSIGNAL);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return false;
		p += w;
		n -= (size_t)w;
	}
	return true;
}

bool deployed_put(struct deployed_host *h, const Ses__Message *m)
{
	struct hws_buf out;
	uint8_t head[HWS_FRAME_HEADER_MAX];
	bool good;

	hws_buf_init(&out, 64u << 20);
	good = hws_ses_pack(m, &out) == HWS_OK;
	struct hws_bytes b = hws_buf_bytes(&out);
	good = good && write_all(h->fd, head, hws_frame_header(b.len, head)) &&
			write_all(h->fd, b.ptr, b.len);
	hws_buf_done(&out);
	return good;
}

static bool say_hash(struct deployed_host *h)
{
	Ses__Hash hash = SES__HASH__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	hash.salt = (char *)"abcdef";
	hash.challenge = (char *)"123456";
	m.union_case = SES__MESSAGE__UNION_HASH;
	m.hash = &hash;
	return deployed_put(h, &m);
}

static bool let_in(struct deployed_host *h, const Ses__LoginRequest *lr)
{
	Ses__PeerInfo pi = SES__PEER_INFO__INIT;
	Ses__LoginResponse r = SES__LOGIN_RESPONSE__INIT;
	Ses__Message m = SES__MESSAGE__INIT;
	const char *dir = "";

	if (h->let_in)
		return true;
	pi.username = (char *)"alice";
	pi.hostname = (char *)"deployed";
	pi.platform = (char *)"Linux";
	pi.version = (char *)(h->plain_version ? "1.1.9" : "1.4.2");
	r.union_case = SES__LOGIN_RESPONSE__UNION_PEER_INFO;
	r.peer_info = &pi;
	m.union_case = SES__MESSAGE__UNION_LOGIN_RESPONSE;
	m.login_response = &r;
	h->let_in = true;
	if (lr->union_case == SES__LOGIN_REQUEST__UNION_FILE_TRANSFER)
		dir = lr->file_transfer->dir;
	return deployed_put(h, &m) && deployed_list(h, *dir ? dir : h->home, true);
}

static bool on_message(struct deployed_host *h, const Ses__Message *m)
{
	switch (m->union_case) {
	case SES__MESSAGE__UNION_LOGIN_REQUEST:
		return let_in(h, m->login_request);
	case SES__MESSAGE__UNION_FILE_ACTION:
		return !h->let_in || deployed_action(h, m->file_action);
	case SES__MESSAGE__UNION_FILE_RESPONSE:
		return !h->let_in || deployed_response(h, m->file_response);
	case SES__MESSAGE__UNION_MISC:
		return m->misc->union_case != SES__MISC__UNION_CLOSE_REASON;
	default:
		return true;
	}
}

/* Takes what has come; false: the end. */
static bool take(struct deployed_host *h)
{
	uint8_t *p = hws_buf_reserve(&h->in, 1u << 18);
	ssize_t n = recv(h->fd, p, 1u << 18, 0);
	struct hws_bytes payload;
	size_t used;

	if (n <= 0)
		return false;
	hws_buf_commit(&h->in, (size_t)n);
	while (hws_frame_next(hws_buf_bytes(&h->in), 64u << 20, &payload, &used) == HWS_OK) {
		Ses__Message *m = NULL;
		bool good = hws_ses_unpack(payload, &m) < 0 || on_message(h, m);
		hws_ses_free(m);
		hws_buf_consume(&h->in, used);
		if (!good || h->cut)
			return false;
	}
	return true;
}

static void serve(struct deployed_host *h)
{
	bool busy = false, good;

	h->let_in = h->cut = false;
	hws_buf_reset(&h->in);
	atomic_fetch_add(&h->connections, 1);
	good = say_hash(h);
	while (good) {
		struct pollfd p[2] = { { .fd = h->fd, .events = POLLIN },
			{ .fd = h->stop_fd[0], .events = POLLIN } };
		if (poll(p, 2, busy ? 0 : -1) < 0 || p[1].revents)
			break;
		if (p[0].revents)
			good = take(h);
		good = good && deployed_tick(h, &busy) && !h->cut;
	}
	deployed_forget(h);
	close(h->fd);
}

static void *run(void *arg)
{
	struct deployed_host *h = arg;

	for (;;) {
		struct pollfd p[2] = { { .fd = h->stop_fd[0], .events = POLLIN },
			{ .fd = h->listener, .events = POLLIN } };
		if (poll(p, 2, -1) < 0 || p[0].revents)
			return NULL;
		h->fd = accept(h->listener, NULL, NULL);
		if (h->fd >= 0)
			serve(h);
	}
}

void deployed_start(struct deployed_host *h, const char *home)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);

	memset(h, 0, sizeof(*h));
	snprintf(h->home, sizeof(h->home), "%s", home);
	hws_buf_init(&h->in, 128u << 20);
	h->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(h->listener, 0);
	ck_assert_int_eq(bind(h->listener, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(h->listener, 16), 0);
	ck_assert_int_eq(getsockname(h->listener, (struct sockaddr *)&a, &len), 0);
	h->port = ntohs(a.sin_port);
	ck_assert_int_eq(pipe(h->stop_fd), 0);
	ck_assert_int_eq(pthread_create(&h->thread, NULL, run, h), 0);
}

void deployed_stop(struct deployed_host *h)
{
	ck_assert_int_eq(write(h->stop_fd[1], "x", 1), 1);
	pthread_join(h->thread, NULL);
	close(h->listener);
	close(h->stop_fd[0]);
	close(h->stop_fd[1]);
	hws_buf_done(&h->in);
}
