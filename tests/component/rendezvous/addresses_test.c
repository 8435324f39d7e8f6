/* A machine of several addresses: what the server says by UDP comes from the one that was spoken
 * to, at once and later. And one without IPv6: servers are there all the same. */
#include "shared/base/macros.h"
#include "shared/net/addr.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/load/room.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define M(x) RDV__RENDEZVOUS_MESSAGE__UNION_##x
#define SECOND "fd00::2"
#define CASES 5

struct in6_request { /* struct in6_ifreq, whose header quarrels with libc's */
	struct in6_addr address;
	uint32_t prefix;
	int interface;
};

static struct server srv;
static bool own_network;

/* Of the network that is ours; a new one may begin with either. */
static bool switch_ipv6(bool on)
{
	int fd = open("/proc/sys/net/ipv6/conf/all/disable_ipv6", O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, on ? "0" : "1", 1) == 1;

	if (fd >= 0)
		close(fd);
	return ok;
}

static bool add_address(const char *text)
{
	struct in6_request r = { .prefix = 128, .interface = (int)if_nametoindex("lo") };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 && inet_pton(AF_INET6, text, &r.address) == 1 &&
			(ioctl(fd, SIOCSIFADDR, &r) == 0 || errno == EEXIST);

	if (fd >= 0)
		close(fd);
	return ok;
}

static socklen_t address_of(const char *text, uint16_t port, struct sockaddr_storage *ret)
{
	char with_port[HWS_ADDR_TEXT];

	ck_assert_int_eq(hws_host_port_join(text, port, with_port, sizeof(with_port)), HWS_OK);
	ck_assert_int_eq(hws_addr_parse(with_port, port, ret), HWS_OK);
	return hws_addr_len(ret);
}

static int socket_of(const char *from)
{
	struct sockaddr_storage a;
	socklen_t len = address_of(from, 0, &a);
	int fd = socket(a.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, len), 0);
	return fd;
}

/* A socket of `from` that hears nobody but that address of the server. */
static int speak(const char *from, const char *to)
{
	struct sockaddr_storage a;
	socklen_t len = address_of(to, srv.port, &a);
	int fd = socket_of(from);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, len), 0);
	return fd;
}

static void nat_test_by_the_other_port(const char *from, const char *to)
{
	static uint8_t zeros[64];
	Rdv__TestNatRequest p = RDV__TEST_NAT_REQUEST__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct sockaddr_storage asked, other, by = { 0 };
	socklen_t len = address_of(to, srv.port, &asked), by_len = sizeof(by);
	struct timeval tv = { .tv_sec = 2 };
	uint8_t buf[200];
	size_t n;
	ssize_t got = -1;
	int fd = socket_of(from);

	address_of(to, srv.nat, &other);
	p.from_other_port = true;
	p.pad = (ProtobufCBinaryData){ sizeof(zeros), zeros };
	m.union_case = M(TEST_NAT_REQUEST);
	m.test_nat_request = &p;
	n = rdv__rendezvous_message__pack(&m, buf);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	for (int i = 0; i < 20 && got < 0; i++) { /* datagrams may be lost */
		ck_assert_int_eq(sendto(fd, buf, n, 0, (struct sockaddr *)&asked, len), (ssize_t)n);
		got = recvfrom(fd, buf + 100, 100, 0, (struct sockaddr *)&by, &by_len);
	}
	ck_assert_int_gt(got, 0);
	ck_assert_msg(hws_addr_equal(&by, &other), "of %s another address answered", to);
	close(fd);
}

START_TEST(a_device_hears_the_address_that_it_speaks_to)
{
	static const struct {
		const char *from, *to, *bind;
	} of[CASES] = {
		{ "127.0.0.5", "127.0.0.2", "" }, { "127.0.0.5", "127.0.0.2", "0.0.0.0" },
		{ "fd00::1", SECOND, "" }, { "fd00::1", SECOND, "::" },
		{ "127.0.0.5", "127.0.0.2", "127.0.0.2" }, /* has one address only */
	};
	const char *const extra[] = { "--bind", of[_i].bind, NULL };
	struct device d;
	message *m;
	int fd;

	if (strchr(of[_i].to, ':') &&
			!(own_network && switch_ipv6(true) && add_address(of[_i].from) &&
					add_address(SECOND))) {
		test_skip("no network of its own with IPv6");
		return;
	}
	memset(&srv, 0, sizeof(srv));
	server_start(&srv, *of[_i].bind ? extra : NULL);
	device_init(&d, &srv, 5, "123456789");
	close(d.udp);
	d.udp = speak(of[_i].from, of[_i].to);
	device_online(&d); /* answers at once, and the one that waited for the store */
	if (strcmp(of[_i].bind, of[_i].to) != 0) {
		fd = viewer_punch(&srv, 9, d.id);
		m = device_pushed(&d, M(PUNCH_HOLE)); /* long after, by another socket */
		hws_rdv_free(m);
		close(fd);
	}
	nat_test_by_the_other_port(of[_i].from, of[_i].to);
	device_done(&d);
	server_stop(&srv);
}
END_TEST

/* As where the kernel has no IPv6 at all, or a sandbox refuses it. */
static const char **without_family(const char **argv)
{
	*argv++ = NO_IPV6;
	return argv;
}

static void serves_ipv4(bool relay, bool filtered)
{
	char dir[300];
	const char *const own[][12] = {
		{ test_bin("server-rendezvous/hawser-rendezvous"), "--state-dir", dir, "--store",
				"memory", "--port" },
		{ test_bin("server-relay/hawser-relay"), "--open", "--runtime-dir", dir, "--port" },
	};
	const char *argv[16], **at = filtered ? without_family(argv) : argv;
	struct test_proc proc = { 0 };
	char port[8];
	int fd;

	test_dir(dir, sizeof(dir));
	snprintf(port, sizeof(port), "%u", test_free_ports(4) + 1u);
	for (const char *const *p = own[relay]; *p; p++)
		*at++ = *p;
	*at++ = port;
	*at = NULL;
	test_proc_start(&proc, argv, NULL);
	test_proc_must_expect(&proc, "listening", WAIT_MS);
	fd = tcp_open(3, (uint16_t)strtoul(port, NULL, 10));
	close(fd);
	if (!relay) {
		Rdv__RegisterPeer p = RDV__REGISTER_PEER__INIT;
		message m = RDV__RENDEZVOUS_MESSAGE__INIT, *got;

		p.id = (char *)"123456789";
		m.union_case = M(REGISTER_PEER);
		m.register_peer = &p;
		fd = udp_open(3);
		udp_send(fd, (uint16_t)strtoul(port, NULL, 10), &m);
		got = udp_recv(fd, WAIT_MS);
		ck_assert_ptr_nonnull(got);
		hws_rdv_free(got);
		close(fd);
	}
	ck_assert_int_eq(test_proc_stop(&proc), 0);
}

START_TEST(a_server_serves_without_ipv6)
{
	bool relay = _i & 1, filtered = _i & 2;

	if (!filtered && !(own_network && switch_ipv6(false)))
		test_skip("no network of its own");
	else
		serves_ipv4(relay, filtered);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rendezvous/addresses");
	TCase *t = test_case(s, "addresses", 300, TESTS_NONE);
	char why[200];

	own_network = load_own_network(why, sizeof(why)) == 0;
	if (!own_network)
		printf("%s\n", why);
	tcase_add_loop_test(t, a_device_hears_the_address_that_it_speaks_to, 0, CASES);
	tcase_add_loop_test(t, a_server_serves_without_ipv6, 0, 4);
	return test_suite_run(s);
}
