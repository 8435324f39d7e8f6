/* A large site behind one address: what it asks for is served, what cannot be served is answered or
 * counted, and nothing disappears. */
#include "shared/crypto/crypto.h"
#include "shared/wire/addr_codec.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/support/firewall.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define M(x) RDV__RENDEZVOUS_MESSAGE__UNION_##x
#define SITE 20u /* 127.0.0.20 */

static struct server srv;

static void setup(void)
{
	memset(&srv, 0, sizeof(srv));
	server_start(&srv, NULL);
}

static void teardown(void)
{
	server_stop(&srv);
}

static void answer_local(const struct device *d, const Rdv__FetchLocalAddr *asked)
{
	Rdv__LocalAddr p = RDV__LOCAL_ADDR__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;
	uint8_t again[HWS_ADDR_WIRE_MAX], local[HWS_ADDR_WIRE_MAX];
	struct sockaddr_storage viewer, lan = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&lan;
	int fd = tcp_open(SITE, srv.port);

	hws_addr_decode(hws_bytes(asked->socket_addr.data, asked->socket_addr.len), &viewer, NULL);
	in->sin_family = AF_INET;
	in->sin_port = htons(21118);
	in->sin_addr.s_addr = htonl(0xc0a80105u);
	p.socket_addr = (ProtobufCBinaryData){ hws_addr_encode(&viewer, 77, again), again };
	p.local_addr = (ProtobufCBinaryData){ hws_addr_encode(&lan, 78, local), local };
	p.relay_server = (char *)"relay.example.com";
	p.id = (char *)(uintptr_t)d->id;
	p.version = (char *)"1.4.9";
	m.union_case = M(LOCAL_ADDR);
	m.local_addr = &p;
	tcp_send(fd, &m);
	ck_assert(tcp_closed(fd, WAIT_MS));
	close(fd);
}

/* More requests at once than the limit of one address lets through: every one reaches its device
 * and is answered. */
START_TEST(a_site_reaches_its_own_devices_beyond_the_limit_of_one_address)
{
	struct device d[12];
	char id[16];

	for (unsigned i = 0; i < 12; i++) {
		snprintf(id, sizeof(id), "%u", 123456700 + i);
		device_init(&d[i], &srv, SITE, id);
		device_online(&d[i]);
	}
	for (unsigned i = 0; i < 600; i++) {
		int fd = viewer_punch(&srv, SITE, d[i % 12].id);
		message *push = device_pushed(&d[i % 12], M(FETCH_LOCAL_ADDR)), *m;

		answer_local(&d[i % 12], push->fetch_local_addr);
		m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
		ck_assert_msg(m->punch_hole_response->is_local, "request %u: %s", i,
				m->punch_hole_response->other_failure);
		hws_rdv_free(m);
		hws_rdv_free(push);
		close(fd);
	}
	ck_assert_int_eq(server_counter(&srv, "limited"), 0);
	for (unsigned i = 0; i < 12; i++)
		device_done(&d[i]);
}
END_TEST

/* The limit stays for devices elsewhere, and one device of the own site cannot be rung without end
 * either. */
START_TEST(the_limits_hold_for_everybody_else)
{
	struct device away, near;
	message *m;
	int fd, limited = 0;

	device_init(&away, &srv, SITE + 1, "123456790");
	device_online(&away);
	device_init(&near, &srv, SITE, "123456791");
	device_online(&near);
	for (unsigned i = 0; i < 100; i++) {
		fd = viewer_punch(&srv, SITE, near.id);
		m = tcp_recv(fd, i < 60 ? 1 : 20);
		limited += m && *m->punch_hole_response->other_failure;
		hws_rdv_free(m);
		close(fd);
	}
	ck_assert_int_gt(limited, 0);
	limited = 0;
	for (unsigned i = 0; i < 400; i++) {
		char nobody[16];

		snprintf(nobody, sizeof(nobody), "9%08u", i);
		fd = viewer_punch(&srv, SITE, nobody);
		m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
		limited += *m->punch_hole_response->other_failure != 0;
		hws_rdv_free(m);
		close(fd);
	}
	ck_assert_int_gt(limited, 0);
	device_done(&away);
	device_done(&near);
}
END_TEST

static void send_sent(const struct device *d, ProtobufCBinaryData addr)
{
	Rdv__PunchHoleSent p = RDV__PUNCH_HOLE_SENT__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;

	p.socket_addr = addr;
	p.id = (char *)(uintptr_t)d->id;
	p.relay_server = (char *)"relay.example.com";
	p.nat_type = RDV__NAT_TYPE__ASYMMETRIC;
	p.version = (char *)"1.4.9";
	m.union_case = M(PUNCH_HOLE_SENT);
	m.punch_hole_sent = &p;
	udp_send(d->udp, srv.port, &m);
}

/* Many devices behind one address answer many viewers: a stranger would be cut off long before. */
START_TEST(answers_of_a_site_are_not_taken_for_a_strangers)
{
	uint8_t nobody[HWS_ADDR_WIRE_MAX];
	struct sockaddr_storage ss = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&ss;
	struct device d;
	message *push, *m;
	size_t n;
	int fd;

	in->sin_family = AF_INET;
	in->sin_port = htons(4);
	in->sin_addr.s_addr = htonl(0x7f0000fau);
	n = hws_addr_encode(&ss, 77, nobody);
	device_init(&d, &srv, SITE, "123456792");
	device_online(&d);
	for (unsigned i = 1; i <= 12000; i++) {
		send_sent(&d, (ProtobufCBinaryData){ n, nobody });
		if (i % 100 == 0) /* no more than a socket holds */
			ck_assert(device_keep_alive(&d));
	}
	fd = viewer_punch(&srv, SITE + 5, d.id);
	push = device_pushed(&d, M(PUNCH_HOLE));
	send_sent(&d, push->punch_hole->socket_addr);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert(m->punch_hole_response->is_udp);
	ck_assert_int_eq(server_counter(&srv, "datagrams_limited"), 0);
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(fd);
	device_done(&d);
}
END_TEST

/* Datagrams that came while the server could not look are lost in its receive buffer: not
 * unseen. */
START_TEST(what_the_receive_buffer_drops_is_counted)
{
	static const char *const small[] = { "--rmem", "4096", "--udp-threads", "1", NULL };
	struct device d;
	int status = 0;

	server_stop(&srv);
	memset(&srv, 0, sizeof(srv));
	server_start(&srv, small);
	device_init(&d, &srv, SITE, "123456793");
	device_online(&d);
	test_proc_signal(&srv.proc, SIGSTOP);
	ck_assert_int_eq(waitpid(srv.proc.pid, &status, WUNTRACED), srv.proc.pid);
	ck_assert(WIFSTOPPED(status));
	for (unsigned i = 0; i < 500; i++)
		device_send_peer(&d);
	test_proc_signal(&srv.proc, SIGCONT);
	ck_assert_int_gt(server_counter(&srv, "datagrams_lost"), 100);
	device_done(&d);
}
END_TEST

START_TEST(a_receive_buffer_that_the_kernel_cuts_is_said)
{
	static const char *const huge[] = { "--rmem", "2000M", NULL };

	server_stop(&srv);
	memset(&srv, 0, sizeof(srv));
	server_start(&srv, huge);
	ck_assert_msg(strstr(srv.proc.log, "udp.rmem") || geteuid() == 0, "%s", srv.proc.log);
}
END_TEST

START_TEST(a_full_table_of_the_firewall_is_said)
{
	char dir[300], port[8];
	const char *const server[] = { test_bin("server-rendezvous/hawser-rendezvous"),
		"--state-dir", test_dir(dir, sizeof(dir)), "--port", port, "--store", "memory",
		NULL };
	const char *const *argv = test_firewall_argv(250000, 262144, server);
	struct test_proc p;

	if (!argv)
		return;
	snprintf(port, sizeof(port), "%u", test_free_ports(4) + 1u);
	test_proc_start(&p, argv, NULL);
	test_proc_must_expect(&p, "tracking.full", WAIT_MS);
	ck_assert_ptr_nonnull(strstr(p.log, "nf_conntrack_max"));
	test_proc_stop(&p);
}
END_TEST

int main(void)
{
	if (hws_crypto_init() < 0)
		return 1;
	return test_main("rendezvous/site", 60, setup, teardown,
			TESTS(a_site_reaches_its_own_devices_beyond_the_limit_of_one_address,
					the_limits_hold_for_everybody_else,
					answers_of_a_site_are_not_taken_for_a_strangers,
					what_the_receive_buffer_drops_is_counted,
					a_receive_buffer_that_the_kernel_cuts_is_said,
					a_full_table_of_the_firewall_is_said));
}
