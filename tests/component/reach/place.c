/* Places are plain listeners; a black hole is one whose queue is full. */
#include "tests/component/reach/place.h"
#include "shared/net/listener.h"
#include <check.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

void speak(struct place *p)
{
	ck_assert_int_eq(hws_stream_write(p->came, hws_bytes(WORD, WORD_LEN)), WORD_LEN);
}

static void on_bytes(struct hws_stream *s, unsigned ready, void *arg)
{
	struct place *p = arg;
	char buf[256];
	ssize_t n = hws_stream_read(s, buf, sizeof(buf));

	(void)ready;
	if (n > 0 || n == HWS_ERR_AGAIN)
		return;
	p->ended++;
	hws_stream_close(s);
	if (p->came == s)
		p->came = NULL;
}

static void on_came(int fd, const struct sockaddr_storage *peer, void *arg)
{
	struct place *p = arg;

	(void)peer;
	ck_assert_int_eq(hws_stream_tcp_new(p->loop, fd, &p->came), HWS_OK);
	hws_stream_set_callback(p->came, on_bytes, p);
	hws_stream_want(p->came, HWS_STREAM_READ);
	p->count++;
	if (p->speaks)
		speak(p);
}

void open_place(struct place *p, struct hws_loop *loop)
{
	const struct hws_listen_conf conf = {
		.bind_ip = "127.0.0.1", .on_accept = on_came, .arg = p
	};
	struct hws_error err;

	p->loop = loop;
	ck_assert_msg(hws_listener_new(loop, &conf, &p->listener, &err) == HWS_OK, "%s", err.text);
	p->port = hws_listener_port(p->listener);
}

void close_place(struct place *p)
{
	hws_listener_free(p->listener);
	hws_stream_close(p->came);
	memset(p, 0, sizeof(*p));
}

uint16_t open_black_hole(int hole[3])
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	hole[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(hole[0], (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(hole[0], 0), 0);
	ck_assert_int_eq(getsockname(hole[0], (struct sockaddr *)&a, &len), 0);
	for (int i = 1; i < 3; i++) {
		hole[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)connect(hole[i], (struct sockaddr *)&a, sizeof(a));
	}
	return ntohs(a.sin_port);
}
