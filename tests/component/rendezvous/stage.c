/* One server for each test, and the half of the encrypted link that a device has. */
#include "tests/component/rendezvous/stage.h"
#include "shared/crypto/box.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/frame.h"
#include "shared/wire/server_kx.h"
#include "shared/wire/ticket.h"
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct server srv;

void setup(void)
{
	static const char *const extra[] = { "--relay-servers", "relay.example.com", NULL };

	memset(&srv, 0, sizeof(srv));
	server_start(&srv, extra);
}

void teardown(void)
{
	server_stop(&srv);
}

void expect_refusal(const char *id, const char *key, Rdv__PunchHoleResponse__Failure failure)
{
	struct server liar = srv;
	message *m;
	int fd = tcp_open(9, srv.port);

	if (key)
		snprintf(liar.key, sizeof(liar.key), "%s", key);
	viewer_ask(fd, &liar, id, RDV__NAT_TYPE__ASYMMETRIC, false, 0);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert_uint_eq(m->punch_hole_response->socket_addr.len, 0);
	ck_assert_int_eq(m->punch_hole_response->failure, failure);
	ck_assert_str_eq(m->punch_hole_response->other_failure, "");
	hws_rdv_free(m);
	close(fd);
}

void encrypt(int fd, struct hws_record *rec)
{
	uint8_t buf[300], pk[HWS_PK_LEN], key[HWS_SESSION_KEY_LEN], hdr[4];
	struct hws_buf reply;
	ssize_t n = tcp_recv_raw(fd, buf, sizeof(buf), WAIT_MS);

	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(hws_key_parse(srv.key, pk), HWS_OK);
	hws_buf_init(&reply, 4096);
	ck_assert_int_eq(hws_kx_client_answer(pk, hws_bytes(buf, (size_t)n), &reply, key), HWS_OK);
	tcp_send_raw(fd, hws_bytes(hdr, hws_frame_header(hws_buf_len(&reply), hdr)));
	tcp_send_raw(fd, hws_buf_bytes(&reply));
	hws_buf_done(&reply);
	hws_record_init(rec, key);
}
