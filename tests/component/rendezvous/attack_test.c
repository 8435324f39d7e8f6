/* Attackers who want that nobody else is served: they call one device without end, or fill the
 * table of devices with datagrams under many addresses. What counts is how many of the
 * honest are served while they go on as fast as they can. */
#include "shared/base/buf.h"
#include "shared/crypto/crypto.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/frame.h"
#include "tests/component/rendezvous/stage.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ATTACKER_NET 0x10000u /* 127.1.0.0 */
#define ATTACKERS_MAX 64u
#define SLOTS_MAX 512u

/* Connections of many addresses that say the same again and again, or nothing. */
struct attack {
	pthread_t thread;
	unsigned addresses, slots;
	struct hws_bytes say; /* empty: nothing */
	bool stop, whole;     /* atomic */
	uint64_t rounds;      /* atomic */
};

static int attacker_open(unsigned host)
{
	struct sockaddr_in own = { .sin_family = AF_INET }, to = { .sin_family = AF_INET };
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	own.sin_addr.s_addr = htonl(0x7f000001u + ATTACKER_NET + host);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons(srv.port);
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (fd >= 0 && bind(fd, (struct sockaddr *)&own, sizeof(own)) == 0 &&
			connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static void *attack_run(void *arg)
{
	struct attack *a = arg;
	int fd[SLOTS_MAX];
	char rest[4096];

	memset(fd, 0xff, sizeof(fd));
	while (!__atomic_load_n(&a->stop, __ATOMIC_RELAXED)) {
		for (unsigned i = 0; i < a->slots; i++) {
			ssize_t n = 1;

			if (fd[i] >= 0 && a->say.len)
				(void)!send(fd[i], a->say.ptr, a->say.len,
						MSG_NOSIGNAL | MSG_DONTWAIT);
			while (fd[i] >= 0 && n > 0)
				n = recv(fd[i], rest, sizeof(rest), MSG_DONTWAIT);
			if (fd[i] >= 0 && n == 0) {
				close(fd[i]);
				fd[i] = -1;
			}
			if (fd[i] < 0)
				fd[i] = attacker_open(i % a->addresses);
		}
		__atomic_store_n(&a->whole, true, __ATOMIC_RELEASE);
		__atomic_add_fetch(&a->rounds, 1, __ATOMIC_RELAXED);
		usleep(2000);
	}
	for (unsigned i = 0; i < a->slots; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	return NULL;
}

static void attack_rounds(struct attack *a, uint64_t n)
{
	uint64_t end = test_now_ms() + WAIT_MS,
		 from = __atomic_load_n(&a->rounds, __ATOMIC_RELAXED);

	while (__atomic_load_n(&a->rounds, __ATOMIC_RELAXED) < from + n) {
		ck_assert(test_now_ms() < end);
		usleep(1000);
	}
}

static void attack_start(struct attack *a)
{
	ck_assert_int_eq(pthread_create(&a->thread, NULL, attack_run, a), 0);
	attack_rounds(a, 2);
}

static void attack_stop(struct attack *a)
{
	__atomic_store_n(&a->stop, true, __ATOMIC_RELAXED);
	pthread_join(a->thread, NULL);
}

/* A viewer's call as it goes over the line. */
static void call_frame(const char *id, struct hws_buf *out)
{
	Rdv__PunchHoleRequest p = RDV__PUNCH_HOLE_REQUEST__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct hws_buf body;
	uint8_t head[4];

	p.id = (char *)id;
	p.nat_type = RDV__NAT_TYPE__ASYMMETRIC;
	p.licence_key = srv.key;
	p.version = (char *)"1.4.9";
	m.union_case = M(PUNCH_HOLE_REQUEST);
	m.punch_hole_request = &p;
	hws_buf_init(&body, 4096);
	hws_buf_init(out, 4096);
	ck_assert_int_eq(hws_rdv_pack(&m, &body), HWS_OK);
	hws_buf_put(out, head, hws_frame_header(hws_buf_len(&body), head));
	hws_buf_put(out, hws_buf_bytes(&body).ptr, hws_buf_len(&body));
	hws_buf_done(&body);
}

/* Whether the device heard of this viewer; false when the viewer was refused. */
static bool reached(struct device *d, int viewer)
{
	uint64_t end = test_now_ms() + WAIT_MS;
	uint16_t port = local_port(viewer);

	while (test_now_ms() < end) {
		struct pollfd p[2] = { { .fd = d->udp, .events = POLLIN },
			{ .fd = viewer, .events = POLLIN } };
		message *m;

		poll(p, 2, 100);
		if (p[0].revents) {
			struct sockaddr_storage ss = { .ss_family = AF_UNSPEC };
			uint32_t cookie;

			m = udp_recv(d->udp, WAIT_MS);
			if (m && m->union_case == M(PUNCH_HOLE))
				hws_addr_decode(hws_bytes(m->punch_hole->socket_addr.data,
								m->punch_hole->socket_addr.len),
						&ss, &cookie);
			hws_rdv_free(m);
			if (ntohs(((struct sockaddr_in *)&ss)->sin_port) == port)
				return true;
		}
		if (p[1].revents) {
			m = tcp_recv(viewer, SILENCE_MS);
			if (!m)
				continue; /* an offer to encrypt */
			ck_assert_int_eq(m->union_case, M(PUNCH_HOLE_RESPONSE));
			ck_assert_str_ne(m->punch_hole_response->other_failure, "");
			hws_rdv_free(m);
			return false;
		}
	}
	ck_abort_msg("neither served nor refused");
}

static unsigned calls(struct device *d, struct attack *a, unsigned n, bool one_address)
{
	unsigned ok = 0;

	for (unsigned i = 0; i < n; i++) {
		int fd = viewer_punch(&srv, one_address ? 99 : 100 + i, d->id);

		ok += reached(d, fd);
		close(fd);
		/* all together no more than the device is there for: 5 in a second */
		attack_rounds(a, one_address || a->addresses > 1 ? 150 : 5);
	}
	return ok;
}

static void budget_attack(unsigned addresses)
{
	struct attack a = { .addresses = addresses, .slots = addresses };
	struct device d;
	struct hws_buf frame;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	call_frame(d.id, &frame);
	a.say = hws_buf_bytes(&frame);
	attack_start(&a);
	while (server_counter(&srv, "limited") < 100) /* it has used up what it can get */
		attack_rounds(&a, 10);
	ck_assert_uint_eq(calls(&d, &a, 20, false), 20);
	if (addresses == 1)
		ck_assert_uint_eq(calls(&d, &a, 20, true), 20);
	attack_stop(&a);
	hws_buf_done(&frame);
	device_done(&d);
}

START_TEST(one_address_does_not_use_up_the_calls_of_a_device)
{
	budget_attack(1);
}
END_TEST

START_TEST(nor_do_eight_addresses)
{
	budget_attack(8);
}
END_TEST

/* Datagrams under addresses that nobody checks: each of them says a RegisterPk so many times. */
static void spoof(unsigned n, unsigned times)
{
	for (unsigned i = 0; i < n; i++) {
		struct device d;
		char id[20];

		snprintf(id, sizeof(id), "9%08u", i);
		device_init(&d, &srv, ATTACKER_NET + 1 + i, id);
		for (unsigned k = 0; k < times; k++)
			device_send_pk(&d);
		if (times > 1) /* so that the socket is there until it was heard */
			hws_rdv_free(udp_recv(d.udp, WAIT_MS));
		device_done(&d);
	}
}

static void start_small(void)
{
	static const char *const extra[] = { "--max-peers", "64", NULL };

	server_stop(&srv);
	memset(&srv, 0, sizeof(srv));
	server_start(&srv, extra);
}

START_TEST(spoofed_datagrams_do_not_fill_the_table_of_devices)
{
	struct device d[20];

	start_small();
	spoof(1000, _i ? 2 : 1);
	for (unsigned i = 0; i < 20; i++) {
		char id[20];

		snprintf(id, sizeof(id), "1%08u", i);
		device_init(&d[i], &srv, 10 + i, id);
		ck_assert_int_eq(device_register(&d[i]), RDV__REGISTER_PK_RESPONSE__RESULT__OK);
	}
	for (unsigned i = 0; i < 20; i++)
		device_done(&d[i]);
}
END_TEST

/* One datagram with an id that somebody is about to use: it would take another one. */
START_TEST(a_spoofed_datagram_keeps_no_id)
{
	struct device d, thief;

	device_init(&d, &srv, 10, "123456789");
	device_init(&thief, &srv, ATTACKER_NET + 1, "123456789");
	thief.uuid[0] ^= 1;
	device_send_pk(&thief);
	hws_rdv_free(udp_recv(thief.udp, WAIT_MS));
	device_online(&d);
	device_done(&d);
	device_done(&thief);
}
END_TEST

START_TEST(sixteen_addresses_do_not_hold_all_connections)
{
	static const char *const extra[] = { "--max-links", "300", "--max-links-per-address", "100",
		NULL };
	struct attack a = { .addresses = 16, .slots = 400 };
	struct device d;

	server_stop(&srv);
	memset(&srv, 0, sizeof(srv));
	server_start(&srv, extra);
	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	attack_start(&a);
	ck_assert_uint_eq(calls(&d, &a, 20, false), 20);
	attack_stop(&a);
	device_done(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rendezvous/attack");
	TCase *t = test_case(s, "all", 180,
			TESTS(one_address_does_not_use_up_the_calls_of_a_device,
					nor_do_eight_addresses,
					sixteen_addresses_do_not_hold_all_connections,
					a_spoofed_datagram_keeps_no_id));

	if (hws_crypto_init() < 0)
		return 1;
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, spoofed_datagrams_do_not_fill_the_table_of_devices, 0, 2);
	return test_suite_run(s);
}
