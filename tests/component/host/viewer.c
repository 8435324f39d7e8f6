/* The viewer's half of the protocol with plain blocking sockets: nothing of the code under test
 * stands on both sides. */
#include "tests/component/host/viewer.h"
#include "shared/base/str.h"
#include "shared/crypto/password.h"
#include "shared/wire/envelope.h"
#include "shared/wire/frame.h"
#include "tests/support/proc.h"
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS TEST_PATIENCE_MS

static char text[512];

bool viewer_connect_begin(struct test_viewer *v, unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	const char *my_id = v->my_id;
	uint64_t session_id = v->session_id;
	const Ses__LoginRequest *wish = v->wish;

	viewer_close(v);
	memset(v, 0, sizeof(*v));
	v->my_id = my_id ? my_id : "987654321";
	v->session_id = session_id ? session_id : 4711;
	v->wish = wish;
	hws_buf_init(&v->in, 40u << 20);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	v->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert_int_ge(v->fd, 0);
	return connect(v->fd, (struct sockaddr *)&a, sizeof(a)) == 0 || errno == EINPROGRESS;
}

bool viewer_connect_end(struct test_viewer *v, int wait_ms)
{
	struct pollfd p = { .fd = v->fd, .events = POLLOUT };
	int error = 0, flags = fcntl(v->fd, F_GETFL);
	socklen_t len = sizeof(error);

	if (poll(&p, 1, wait_ms) <= 0)
		return false;
	ck_assert_int_eq(getsockopt(v->fd, SOL_SOCKET, SO_ERROR, &error, &len), 0);
	ck_assert_msg(error == 0, "connect: %s", strerror(error));
	ck_assert_int_eq(fcntl(v->fd, F_SETFL, flags & ~O_NONBLOCK), 0);
	return true;
}

void viewer_connect(struct test_viewer *v, unsigned port)
{
	ck_assert_msg(viewer_connect_begin(v, port), "connect: %s", strerror(errno));
	ck_assert_msg(viewer_connect_end(v, 60000), "connect: nothing for a minute");
}

void viewer_close(struct test_viewer *v)
{
	if (v->fd > 0)
		close(v->fd);
	v->fd = -1;
	hws_buf_done(&v->in);
}

void viewer_send_bytes(struct test_viewer *v, const void *p, size_t n)
{
	const char *at = p;

	while (n) {
		ssize_t w = send(v->fd, at, n, MSG_NOSIGNAL);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return; /* the test sees the end when it reads */
		at += w;
		n -= (size_t)w;
	}
}

void viewer_send_frame(struct test_viewer *v, const void *p, size_t n)
{
	uint8_t hdr[HWS_FRAME_HEADER_MAX];

	viewer_send_bytes(v, hdr, hws_frame_header(n, hdr));
	viewer_send_bytes(v, p, n);
}

void viewer_send(struct test_viewer *v, const Ses__Message *m)
{
	struct hws_buf b;

	hws_buf_init(&b, 1u << 20);
	ck_assert_int_eq(hws_ses_pack(m, &b), HWS_OK);
	viewer_send_frame(v, hws_buf_bytes(&b).ptr, hws_buf_len(&b));
	hws_buf_done(&b);
}

/* One frame's payload, false at the end of the stream. */
static bool read_frame(struct test_viewer *v, struct hws_bytes *ret, size_t *used, uint64_t end_ms)
{
	struct pollfd p = { .fd = v->fd, .events = POLLIN };

	for (;;) {
		uint8_t *to;
		ssize_t n;
		uint64_t now = test_now_ms();

		if (hws_frame_next(hws_buf_bytes(&v->in), 40u << 20, ret, used) == HWS_OK)
			return true;
		ck_assert_msg(now < end_ms, "the host neither answers nor closes");
		if (poll(&p, 1, (int)(end_ms - now)) <= 0)
			continue;
		to = hws_buf_reserve(&v->in, 65536);
		ck_assert_ptr_nonnull(to);
		n = read(v->fd, to, 65536);
		if (n <= 0)
			return false;
		hws_buf_commit(&v->in, (size_t)n);
	}
}

Ses__Message *viewer_next(struct test_viewer *v)
{
	uint64_t end_ms = test_now_ms() + PATIENCE_MS;
	struct hws_bytes payload;
	Ses__Message *m = NULL;
	size_t used;

	for (;;) {
		if (!read_frame(v, &payload, &used, end_ms))
			return NULL;
		ck_assert_int_eq(hws_ses_unpack(payload, &m), HWS_OK);
		if (m->union_case == SES__MESSAGE__UNION_TEST_DELAY)
			viewer_send_frame(v, payload.ptr, payload.len);
		hws_buf_consume(&v->in, used);
		if (m->union_case != SES__MESSAGE__UNION_TEST_DELAY)
			return m;
		hws_ses_free(m);
	}
}

Ses__Message *viewer_until(struct test_viewer *v, Ses__Message__UnionCase what)
{
	Ses__Message *m;

	while ((m = viewer_next(v)) && m->union_case != what)
		hws_ses_free(m);
	return m;
}

void viewer_hash(struct test_viewer *v)
{
	Ses__Message *m = viewer_until(v, SES__MESSAGE__UNION_HASH);

	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(hws_str_copy(v->salt, sizeof(v->salt), m->hash->salt), HWS_OK);
	ck_assert_int_eq(hws_str_copy(v->challenge, sizeof(v->challenge), m->hash->challenge),
			HWS_OK);
	hws_ses_free(m);
}

void viewer_login(struct test_viewer *v, const char *password)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__LoginRequest lr = SES__LOGIN_REQUEST__INIT;
	uint8_t h1[HWS_H1_LEN], proof[HWS_PROOF_LEN];

	if (v->wish)
		lr = *v->wish;
	lr.username = (char *)"127.0.0.1";
	lr.my_id = (char *)(uintptr_t)v->my_id;
	lr.my_name = (char *)"Tester";
	lr.my_platform = (char *)"Linux";
	lr.version = (char *)"1.4.9";
	lr.session_id = v->session_id;
	if (password) {
		hws_password_h1(hws_bytes_str(password), v->salt, h1);
		hws_password_proof(h1, v->challenge, proof);
		lr.password = (ProtobufCBinaryData){ sizeof(proof), proof };
	}
	m.union_case = SES__MESSAGE__UNION_LOGIN_REQUEST;
	m.login_request = &lr;
	viewer_send(v, &m);
}

const char *viewer_answer(struct test_viewer *v)
{
	Ses__Message *m = viewer_until(v, SES__MESSAGE__UNION_LOGIN_RESPONSE);

	if (!m)
		return "(closed)";
	text[0] = 0;
	if (m->login_response->union_case == SES__LOGIN_RESPONSE__UNION_ERROR)
		snprintf(text, sizeof(text), "%s", m->login_response->error);
	hws_ses_free(m);
	return text;
}

const char *viewer_enter(struct test_viewer *v, unsigned port, const char *password)
{
	viewer_connect(v, port);
	viewer_hash(v);
	viewer_login(v, password);
	return viewer_answer(v);
}

void viewer_command(struct test_viewer *v, const char *what)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__ScreenshotRequest shot = SES__SCREENSHOT_REQUEST__INIT;

	shot.sid = (char *)(uintptr_t)what;
	m.union_case = SES__MESSAGE__UNION_SCREENSHOT_REQUEST;
	m.screenshot_request = &shot;
	viewer_send(v, &m);
}

const char *viewer_chat_answer(struct test_viewer *v)
{
	Ses__Message *m;

	while ((m = viewer_until(v, SES__MESSAGE__UNION_MISC))) {
		bool is_chat = m->misc->union_case == SES__MISC__UNION_CHAT_MESSAGE;

		if (is_chat)
			snprintf(text, sizeof(text), "%s", m->misc->chat_message->text);
		hws_ses_free(m);
		if (is_chat)
			return text;
	}
	return "(closed)";
}

const char *viewer_end(struct test_viewer *v)
{
	Ses__Message *m;

	text[0] = 0;
	while ((m = viewer_next(v))) {
		if (m->union_case == SES__MESSAGE__UNION_MISC &&
				m->misc->union_case == SES__MISC__UNION_CLOSE_REASON)
			snprintf(text, sizeof(text), "%s", m->misc->close_reason);
		hws_ses_free(m);
	}
	return text;
}
