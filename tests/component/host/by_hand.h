/* tests: what a viewer of v2 does that a test plays message by message. Header only: some programs
 * with a test_host have no network of ours. */
#pragma once
#include "shared/net/stream.h"
#include "shared/wire/secure.h"
#include "tests/component/host/host.h"
#include "tests/support/pake_login.h"
#include <check.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* From one of many addresses, as the host takes only so many connections of one. */
static inline struct hws_stream *by_hand_dial(const struct test_host *h, struct hws_loop *loop)
{
	static unsigned made;
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct hws_stream *s = NULL;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 256 + made++ / 8);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((uint16_t)h->port);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(hws_stream_tcp_new(loop, fd, &s), HWS_OK);
	return s;
}

/* The answer to the host's Hash, with its password. `lr` is as ses__login_request__init left it,
 * and points into `proofs`. */
static inline void by_hand_login(const struct test_host *h, const Ses__Hash *hash,
		const struct hws_secure *secure, struct pake_login *proofs, Ses__LoginRequest *lr)
{
	pake_login(hash->pake, hash->n_pake, h->password, hash->salt, hws_secure_binding(secure),
			hws_secure_host_pk(secure), proofs, lr);
	lr->username = (char *)"127.0.0.1";
	lr->my_id = (char *)"987654321";
	lr->version = (char *)"1.4.9";
}
