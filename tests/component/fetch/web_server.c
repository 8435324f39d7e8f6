/* The server of the tests: no HTTP but what the replies are. */
#include "tests/component/fetch/web_server.h"
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct web_server {
	int fd;
	int stop[2];
	uint16_t port;
	pthread_t thread;
	SSL_CTX *tls;
	const char *const *replies;
	pthread_mutex_t lock;
	unsigned links;
	char asked[64 << 10];
	size_t len;
};

static bool readable(struct web_server *s, int fd)
{
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN },
		{ .fd = s->stop[0], .events = POLLIN } };

	return poll(p, 2, 60000) > 0 && !p[1].revents;
}

static int get(SSL *ssl, int fd, void *buf, size_t size)
{
	return ssl ? SSL_read(ssl, buf, (int)size) : (int)recv(fd, buf, size, 0);
}

/* One request with its body; false at the end of the link. */
static bool read_request(struct web_server *s, SSL *ssl, int fd)
{
	char buf[32 << 10];
	size_t have = 0, want = 0;

	for (;;) {
		char *end, *length;
		int n;

		if (!(ssl && SSL_pending(ssl)) && !readable(s, fd))
			return false;
		n = get(ssl, fd, buf + have, sizeof(buf) - 1 - have);
		if (n <= 0)
			return false;
		have += (size_t)n;
		buf[have] = 0;
		end = strstr(buf, "\r\n\r\n");
		if (!end)
			continue;
		length = strcasestr(buf, "\r\ncontent-length:");
		want = (size_t)(end + 4 - buf) +
				(length && length < end ? strtoul(length + 17, NULL, 10) : 0);
		if (have >= want)
			break;
	}
	pthread_mutex_lock(&s->lock);
	if (s->len + have < sizeof(s->asked)) {
		memcpy(s->asked + s->len, buf, have);
		s->len += have;
		s->asked[s->len] = 0;
	}
	pthread_mutex_unlock(&s->lock);
	return true;
}

static const char *next_reply(struct web_server *s)
{
	const char *reply;

	pthread_mutex_lock(&s->lock);
	reply = *s->replies;
	if (s->replies[1])
		s->replies++;
	pthread_mutex_unlock(&s->lock);
	return reply;
}

static void serve(struct web_server *s, int fd)
{
	SSL *ssl = NULL;

	if (s->tls) {
		ssl = SSL_new(s->tls);
		SSL_set_fd(ssl, fd);
		if (SSL_accept(ssl) != 1)
			goto out;
	}
	while (read_request(s, ssl, fd)) {
		const char *reply = next_reply(s);

		if (strcmp(reply, "wait") == 0)
			(void)readable(s, s->stop[0]);
		if (!*reply || strcmp(reply, "wait") == 0)
			break;
		if (ssl)
			(void)SSL_write(ssl, reply, (int)strlen(reply));
		else
			(void)send(fd, reply, strlen(reply), MSG_NOSIGNAL);
		if (strcasestr(reply, "connection: close"))
			break;
	}
out:
	if (ssl)
		(void)SSL_shutdown(ssl);
	SSL_free(ssl);
	close(fd);
}

static void *run(void *arg)
{
	struct web_server *s = arg;
	sigset_t broken;

	/* Of this thread alone: who asks has to stand what comes to it. */
	sigemptyset(&broken);
	sigaddset(&broken, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &broken, NULL);
	while (readable(s, s->fd)) {
		int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			continue;
		pthread_mutex_lock(&s->lock);
		s->links++;
		pthread_mutex_unlock(&s->lock);
		serve(s, fd);
	}
	return NULL;
}

struct web_server *web_server_start(const char *cert, const char *key, const char *const replies[])
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct web_server *s = calloc(1, sizeof(*s));
	socklen_t len = sizeof(a);

	ck_assert_ptr_nonnull(s);
	s->replies = replies;
	pthread_mutex_init(&s->lock, NULL);
	if (cert) {
		s->tls = SSL_CTX_new(TLS_server_method());
		ck_assert_int_eq(SSL_CTX_use_certificate_file(s->tls, cert, SSL_FILETYPE_PEM), 1);
		ck_assert_int_eq(SSL_CTX_use_PrivateKey_file(s->tls, key, SSL_FILETYPE_PEM), 1);
	}
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(s->fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(s->fd, 8), 0);
	ck_assert_int_eq(getsockname(s->fd, (struct sockaddr *)&a, &len), 0);
	s->port = ntohs(a.sin_port);
	ck_assert_int_eq(pipe2(s->stop, O_CLOEXEC), 0);
	ck_assert_int_eq(pthread_create(&s->thread, NULL, run, s), 0);
	return s;
}

void web_server_script(struct web_server *s, const char *const replies[])
{
	pthread_mutex_lock(&s->lock);
	s->replies = replies;
	pthread_mutex_unlock(&s->lock);
}

uint16_t web_server_port(const struct web_server *s)
{
	return s->port;
}

const char *web_server_asked(struct web_server *s)
{
	return s->asked;
}

unsigned web_server_links(struct web_server *s)
{
	unsigned n;

	pthread_mutex_lock(&s->lock);
	n = s->links;
	pthread_mutex_unlock(&s->lock);
	return n;
}

void web_server_stop(struct web_server *s)
{
	if (!s)
		return;
	ck_assert_int_eq(write(s->stop[1], "x", 1), 1);
	pthread_join(s->thread, NULL);
	close(s->fd);
	close(s->stop[0]);
	close(s->stop[1]);
	SSL_CTX_free(s->tls);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
