/* A rendezvous server that can be made to lie, be silent or answer late, which the real one does
 * not do on demand. */
#include "tests/component/reach/fake.h"
#include "shared/net/listener.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include <check.h>
#include <string.h>

static void on_frame(struct hws_conn *c, struct hws_bytes payload, void *arg)
{
	struct fake_link *l = arg;
	Rdv__RendezvousMessage *m = NULL;

	(void)c;
	if (payload.len == 0)
		return;
	ck_assert_int_eq(hws_rdv_unpack(payload, &m), HWS_OK);
	l->fake->on_message(l, m);
	hws_rdv_free(m);
}

static void on_close(struct hws_conn *c, int why, void *arg)
{
	struct fake_link *l = arg;

	(void)c;
	(void)why;
	l->conn = NULL;
}

static void accepted(struct fake *f, int fd, bool nat_port)
{
	struct hws_conn_conf conf = { .frame_max = HWS_RDV_FRAME_MAX,
		.send_max = HWS_RDV_FRAME_MAX,
		.on_frame = on_frame,
		.on_close = on_close };
	struct fake_link *l = NULL;
	struct hws_stream *s;

	for (int i = 0; i < FAKE_LINKS && !l; i++) {
		if (!f->links[i].conn)
			l = &f->links[i];
	}
	ck_assert_ptr_nonnull(l);
	f->accepted++;
	l->fake = f;
	l->nat_port = nat_port;
	conf.arg = l;
	ck_assert_int_eq(hws_stream_tcp_new(f->loop, fd, &s), HWS_OK);
	ck_assert_int_eq(hws_conn_new(f->loop, s, &conf, hws_bytes(NULL, 0), &l->conn), HWS_OK);
}

static void on_main(int fd, const struct sockaddr_storage *peer, void *arg)
{
	(void)peer;
	accepted(arg, fd, false);
}

static void on_nat(int fd, const struct sockaddr_storage *peer, void *arg)
{
	(void)peer;
	accepted(arg, fd, true);
}

static struct hws_listener *open_port(struct fake *f, uint16_t port,
		void (*on_accept)(int fd, const struct sockaddr_storage *peer, void *arg))
{
	const struct hws_listen_conf conf = {
		.bind_ip = "127.0.0.1", .port = port, .on_accept = on_accept, .arg = f
	};
	struct hws_listener *l;
	struct hws_error err;

	ck_assert_msg(hws_listener_new(f->loop, &conf, &l, &err) == HWS_OK, "%s", err.text);
	return l;
}

void fake_start(struct fake *f, struct hws_loop *loop, uint16_t port)
{
	memset(f, 0, sizeof(*f));
	f->loop = loop;
	f->port = port;
	f->main = open_port(f, port, on_main);
}

void fake_open_nat_port(struct fake *f)
{
	f->nat = open_port(f, (uint16_t)(f->port - 1), on_nat);
}

void fake_stop(struct fake *f)
{
	hws_listener_free(f->main);
	hws_listener_free(f->nat);
	f->main = f->nat = NULL;
	for (int i = 0; i < FAKE_LINKS; i++)
		hws_conn_close(f->links[i].conn, HWS_OK);
}

void fake_send(struct fake_link *l, const Rdv__RendezvousMessage *m)
{
	struct hws_buf out;

	hws_buf_init(&out, HWS_RDV_FRAME_MAX);
	ck_assert_int_eq(hws_rdv_pack(m, &out), HWS_OK);
	ck_assert_int_eq(hws_conn_send(l->conn, hws_buf_bytes(&out)), HWS_OK);
	hws_buf_done(&out);
}
