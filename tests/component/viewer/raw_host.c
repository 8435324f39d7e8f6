/* Written with the wire core and blocking sockets only, so that its bytes are plain to see. */
#include "tests/component/viewer/raw_host.h"
#include "shared/base/buf.h"
#include "shared/crypto/password.h"
#include "shared/wire/envelope.h"
#include "shared/wire/frame.h"
#include "tests/support/proc.h"
#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SALT "23456789abcdefghijkmnpqrstuvwxyz"
#define CHALLENGE "7kq3fx"

struct job {
	struct raw_host *h;
	int fd;
};

static bool write_all(int fd, const void *data, size_t n)
{
	const uint8_t *p = data;

	while (n > 0) {
		ssize_t w = send(fd, p, n, MSG_NOSIGNAL);
		if (w <= 0)
			return false;
		p += w;
		n -= (size_t)w;
	}
	return true;
}

/* The message as a frame, and `tail` right behind it, in one write. */
static bool say(int fd, const Ses__Message *m, const char *tail)
{
	uint8_t head[HWS_FRAME_HEADER_MAX];
	struct hws_buf body, all;

	hws_buf_init(&body, 1u << 20);
	hws_buf_init(&all, 1u << 20);
	ck_assert_int_eq(hws_ses_pack(m, &body), HWS_OK);
	hws_buf_put(&all, head, hws_frame_header(hws_buf_len(&body), head));
	hws_buf_put(&all, hws_buf_bytes(&body).ptr, hws_buf_len(&body));
	hws_buf_put_str(&all, tail);
	bool good = write_all(fd, hws_buf_bytes(&all).ptr, hws_buf_len(&all));
	hws_buf_done(&body);
	hws_buf_done(&all);
	return good;
}

/* Byte by byte, so that nothing behind the frame is taken. NULL at the end. */
static Ses__Message *hear(int fd)
{
	struct hws_buf in;
	struct hws_bytes payload;
	Ses__Message *m = NULL;
	size_t used;
	uint8_t c;

	hws_buf_init(&in, 1u << 20);
	while (hws_frame_next(hws_buf_bytes(&in), 1u << 20, &payload, &used) == HWS_ERR_SHORT) {
		if (recv(fd, &c, 1, 0) != 1)
			break;
		hws_buf_put_u8(&in, c);
	}
	if (hws_frame_next(hws_buf_bytes(&in), 1u << 20, &payload, &used) == HWS_OK &&
			hws_ses_unpack(payload, &m) < 0)
		m = NULL;
	hws_buf_done(&in);
	return m;
}

static bool say_hash(int fd)
{
	Ses__Hash hash = SES__HASH__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	hash.salt = (char *)SALT;
	hash.challenge = (char *)CHALLENGE;
	m.union_case = SES__MESSAGE__UNION_HASH;
	m.hash = &hash;
	return say(fd, &m, "");
}

static bool say_error(int fd, const char *error)
{
	Ses__LoginResponse lr = SES__LOGIN_RESPONSE__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	lr.union_case = SES__LOGIN_RESPONSE__UNION_ERROR;
	lr.error = (char *)error;
	m.union_case = SES__MESSAGE__UNION_LOGIN_RESPONSE;
	m.login_response = &lr;
	return say(fd, &m, "");
}

static bool welcome(int fd, const char *tail)
{
	Ses__PeerInfo pi = SES__PEER_INFO__INIT;
	Ses__LoginResponse lr = SES__LOGIN_RESPONSE__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	pi.username = (char *)"alice";
	pi.hostname = (char *)"deployed";
	pi.platform = (char *)"Windows";
	pi.version = (char *)"1.4.9";
	lr.union_case = SES__LOGIN_RESPONSE__UNION_PEER_INFO;
	lr.peer_info = &pi;
	m.union_case = SES__MESSAGE__UNION_LOGIN_RESPONSE;
	m.login_response = &lr;
	return say(fd, &m, tail);
}

static bool is_right(const struct raw_host *h, const Ses__LoginRequest *lr)
{
	uint8_t h1[HWS_H1_LEN];

	if (!h->password)
		return true;
	hws_password_h1(hws_bytes_str(h->password), SALT, h1);
	return lr->password.len > 0 &&
			hws_password_verify(h1, CHALLENGE,
					hws_bytes(lr->password.data, lr->password.len));
}

/* As deployed hosts: the answer to the last probe has to come before the stream turns raw. */
static bool probe(struct raw_host *h, int fd)
{
	Ses__TestDelay t = SES__TEST_DELAY__INIT;
	Ses__Message m = SES__MESSAGE__INIT, *answer;
	bool good;

	t.time = 4711;
	m.union_case = SES__MESSAGE__UNION_TEST_DELAY;
	m.test_delay = &t;
	if (!say(fd, &m, ""))
		return false;
	answer = hear(fd);
	good = answer && answer->union_case == SES__MESSAGE__UNION_TEST_DELAY &&
			answer->test_delay->time == 4711;
	hws_ses_free(answer);
	if (!good) {
		pthread_mutex_lock(&h->lock);
		h->unanswered++;
		pthread_mutex_unlock(&h->lock);
	}
	return good;
}

static void note(struct raw_host *h, const Ses__LoginRequest *lr)
{
	pthread_mutex_lock(&h->lock);
	if (h->logins < RAW_HOST_SEEN && lr->union_case == SES__LOGIN_REQUEST__UNION_PORT_FORWARD) {
		snprintf(h->seen[h->logins].host, sizeof(h->seen[0].host), "%s",
				lr->port_forward->host);
		h->seen[h->logins].port = lr->port_forward->port;
	}
	h->logins++;
	pthread_cond_broadcast(&h->changed);
	while (h->logins < h->hold)
		pthread_cond_wait(&h->changed, &h->lock);
	pthread_mutex_unlock(&h->lock);
}

static void echo(int fd)
{
	char room[16384];
	ssize_t n;

	while ((n = recv(fd, room, sizeof(room), 0)) > 0)
		if (!write_all(fd, room, (size_t)n))
			return;
}

/* One connection. */
static void converse(struct raw_host *h, int fd)
{
	bool go_on = say_hash(fd), in = false;

	while (go_on && !in) {
		Ses__Message *m = hear(fd);

		if (!m)
			return;
		if (m->union_case == SES__MESSAGE__UNION_LOGIN_REQUEST) {
			if (h->refuse)
				go_on = say_error(fd, h->refuse);
			else if (!is_right(h, m->login_request))
				go_on = say_error(fd,
						m->login_request->password.len ? "Wrong Password"
									       : "Empty Password");
			else
				in = true;
			if (in)
				note(h, m->login_request);
		}
		hws_ses_free(m);
	}
	if (!in || !probe(h, fd) || !welcome(fd, "raw at once;"))
		return;
	pthread_mutex_lock(&h->lock);
	h->let_in++;
	pthread_mutex_unlock(&h->lock);
	echo(fd);
}

static void *work(void *arg)
{
	struct job *j = arg;

	converse(j->h, j->fd);
	shutdown(j->fd, SHUT_RDWR);
	close(j->fd);
	free(j);
	return NULL;
}

static void *run(void *arg)
{
	struct raw_host *h = arg;

	for (;;) {
		struct pollfd p[2] = { { .fd = h->listener, .events = POLLIN },
			{ .fd = h->stop[0], .events = POLLIN } };

		if (poll(p, 2, -1) < 0 || p[1].revents)
			return NULL;
		struct job *j = calloc(1, sizeof(*j));
		j->h = h;
		j->fd = accept(h->listener, NULL, NULL);
		if (j->fd < 0 || h->workers >= 256) {
			free(j);
			continue;
		}
		pthread_mutex_lock(&h->lock);
		h->connections++;
		pthread_mutex_unlock(&h->lock);
		ck_assert_int_eq(pthread_create(&h->worker[h->workers++], NULL, work, j), 0);
	}
}

void raw_host_start(struct raw_host *h)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);

	h->connections = h->logins = h->let_in = h->unanswered = h->workers = 0;
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->changed, NULL);
	h->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(h->listener, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(h->listener, 64), 0);
	ck_assert_int_eq(getsockname(h->listener, (struct sockaddr *)&a, &len), 0);
	h->port = ntohs(a.sin_port);
	ck_assert_int_eq(pipe(h->stop), 0);
	ck_assert_int_eq(pthread_create(&h->thread, NULL, run, h), 0);
}

/* After the viewer has gone: the ends of its connections end the workers. */
void raw_host_stop(struct raw_host *h)
{
	pthread_mutex_lock(&h->lock);
	h->hold = 0;
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->lock);
	ck_assert_int_eq(write(h->stop[1], "x", 1), 1);
	pthread_join(h->thread, NULL);
	for (unsigned i = 0; i < h->workers; i++)
		pthread_join(h->worker[i], NULL);
	close(h->listener);
	close(h->stop[0]);
	close(h->stop[1]);
}
