/* Plain blocking code on four sockets: PCP, SSDP, HTTP, and HTTP at the address aside. */
#include "tests/component/nat/router.h"
#include "tests/component/nat/town.h"
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define HERE "192.168.1.1"
#define ASIDE "192.168.1.7"
#define HTTP_PORT 5000

static volatile struct router_heard *heard;
static enum router_mode mode;

static void put_32(uint8_t *p, uint32_t v)
{
	v = htonl(v);
	memcpy(p, &v, 4);
}

static int open_at(const char *ip, int type, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), on = 1;

	inet_pton(AF_INET, ip, &a.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
			(type == SOCK_STREAM && listen(fd, 8) < 0))
		_exit(3);
	return fd;
}

static int open_ssdp(void)
{
	struct ip_mreqn m = { 0 };
	int fd = open_at("239.255.255.250", SOCK_DGRAM, 1900);

	inet_pton(AF_INET, "239.255.255.250", &m.imr_multiaddr);
	inet_pton(AF_INET, HERE, &m.imr_address);
	if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)) < 0)
		_exit(4);
	return fd;
}

/* --- PCP and NAT-PMP --- */

static const char *address(void)
{
	return mode == ROUTER_PRIVATE             ? "192.168.9.9"
			: mode == ROUTER_CARRIER  ? "100.64.1.1"
			: mode == ROUTER_LOOPBACK ? "127.0.0.1"
						  : "11.9.0.11";
}

static size_t answer_pcp(uint8_t buf[60])
{
	bool back = memcmp(buf + 4, "\0\0\0\0", 4) == 0;

	buf[1] |= 0x80;
	memset(buf + 8, 0, 16);
	if (mode == ROUTER_REFUSES) {
		buf[3] = 2;
		return 60;
	}
	put_32(buf + 4, back ? 0 : mode == ROUTER_SHORT ? 5 : 100);
	buf[42] = mode == ROUTER_LOW_PORT ? 0 : 40000 >> 8;
	buf[43] = mode == ROUTER_LOW_PORT ? 22 : 40000 & 255;
	memset(buf + 44, 0, 10);
	buf[54] = buf[55] = 0xff;
	inet_pton(AF_INET, address(), buf + 56);
	return 60;
}

static size_t answer_older(uint8_t *buf, size_t n)
{
	if (buf[0] == 2) { /* unsupported version */
		memset(buf, 0, 8);
		buf[1] = 0x81;
		buf[3] = 1;
		return 8;
	}
	memset(buf + 2, 0, n == 2 ? 10 : 2);
	buf[1] |= 0x80;
	if (n == 2) {
		inet_pton(AF_INET, address(), buf + 8);
		return 12;
	}
	put_32(buf + 12, memcmp(buf + 8, "\0\0\0\0", 4) == 0 ? 0 : 100);
	memmove(buf + 8, buf + 4, 2);
	memset(buf + 4, 0, 4);
	buf[10] = 40000 >> 8;
	buf[11] = 40000 & 255;
	return 16;
}

/* Cut, too long, of another question, of another protocol, nothing. */
static void make_noise(int fd, const uint8_t *right, const struct sockaddr_in *to)
{
	uint8_t buf[1400];

	for (unsigned i = 0; i < 40; i++) {
		size_t len = i % 5 == 0 ? i : i % 5 == 1 ? sizeof(buf) : 60;

		memset(buf, (int)(17 * i), sizeof(buf));
		memcpy(buf, right, 60);
		if (i % 5 > 1)
			buf[24 + i % 12] ^= 1; /* the nonce */
		sendto(fd, buf, len, 0, (const struct sockaddr *)to, sizeof(*to));
	}
}

static void serve_pcp(int fd)
{
	uint8_t buf[1500];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);
	size_t out;

	if (n < 2)
		return;
	heard->asked++;
	if (buf[0] == 2 && n == 60) {
		memcpy((void *)(uintptr_t)&heard->client, buf + 20, 4);
		memcpy((void *)(uintptr_t)&heard->nonce, buf + 24, 4);
		heard->given_back += memcmp(buf + 4, "\0\0\0\0", 4) == 0;
	} else if (n == 12) {
		heard->given_back += memcmp(buf + 8, "\0\0\0\0", 4) == 0;
	}
	if (mode == ROUTER_OLDER) {
		out = answer_older(buf, (size_t)n);
	} else {
		if (buf[0] != 2 || n != 60)
			return;
		out = answer_pcp(buf);
	}
	if (mode == ROUTER_NOISY)
		make_noise(fd, buf, &from);
	sendto(fd, buf, out, 0, (struct sockaddr *)&from, len);
}

/* --- UPnP --- */

static void serve_ssdp(int fd)
{
	char buf[1500], out[600];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fd, buf, sizeof(buf) - 1, 0, (struct sockaddr *)&from, &len);
	int size;

	if (n < 8 || memcmp(buf, "M-SEARCH", 8) != 0)
		return;
	heard->searched++;
	size = snprintf(out, sizeof(out),
			"HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\n"
			"ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n"
			"USN: uuid:1::urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n"
			"EXT:\r\nSERVER: test\r\nLOCATION: http://%s:%d/root.xml\r\n\r\n",
			mode == ROUTER_ELSEWHERE ? ASIDE : HERE, HTTP_PORT);
	sendto(fd, out, (size_t)size, 0, (struct sockaddr *)&from, len);
}

static void serve_http(int listener)
{
	static const char body[] =
			"<?xml version=\"1.0\"?><root><URLBase>http://" ASIDE ":5000/</URLBase>"
			"<device><deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1"
			"</deviceType><serviceList><service><serviceType>"
			"urn:schemas-upnp-org:service:WANIPConnection:1</serviceType>"
			"<controlURL>/ctl</controlURL><eventSubURL>/evt</eventSubURL>"
			"<SCPDURL>/scpd</SCPDURL></service></serviceList></device></root>";
	int fd = accept(listener, NULL, NULL);
	char buf[2000], head[200];
	int n;

	if (fd < 0)
		return;
	heard->fetched++;
	if (recv(fd, buf, sizeof(buf), 0) > 0) {
		n = snprintf(head, sizeof(head),
				"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
				"Content-Length: %zu\r\n\r\n",
				mode == ROUTER_ENDLESS ? (size_t)100000 : sizeof(body) - 1);
		send(fd, head, (size_t)n, MSG_NOSIGNAL);
		/* a byte a second, for ever: nobody may time out by silence */
		while (mode == ROUTER_ENDLESS && send(fd, " ", 1, MSG_NOSIGNAL) == 1)
			poll(NULL, 0, 1000);
		send(fd, body, sizeof(body) - 1, MSG_NOSIGNAL);
	}
	close(fd);
}

static void serve_aside(int listener)
{
	int fd = accept(listener, NULL, NULL);

	heard->aside++;
	if (fd >= 0)
		close(fd);
}

static void serve(void)
{
	bool upnp = mode >= ROUTER_ELSEWHERE, pcp = !upnp && mode != ROUTER_SILENT;
	struct pollfd p[] = { { pcp ? open_at(HERE, SOCK_DGRAM, 5351) : -1, POLLIN, 0 },
		{ upnp ? open_ssdp() : -1, POLLIN, 0 },
		{ upnp ? open_at(HERE, SOCK_STREAM, HTTP_PORT) : -1, POLLIN, 0 },
		{ upnp ? open_at(ASIDE, SOCK_STREAM, HTTP_PORT) : -1, POLLIN, 0 } };
	void (*const fn[])(int fd) = { serve_pcp, serve_ssdp, serve_http, serve_aside };

	heard->asked = 0;
	for (;;) {
		poll(p, 4, -1);
		for (int i = 0; i < 4; i++)
			if (p[i].fd >= 0 && p[i].revents)
				fn[i](p[i].fd);
	}
}

void router_start(struct router *r, enum router_mode how)
{
	int house = town_ns("hostnat");

	heard = mmap(NULL, sizeof(*heard), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
			0);
	ck_assert_ptr_ne((void *)(uintptr_t)heard, MAP_FAILED);
	r->heard = heard;
	heard->asked = 1; /* until it listens */
	mode = how;
	r->pid = fork();
	ck_assert_int_ge(r->pid, 0);
	if (r->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setns(house, CLONE_NEWNET) < 0)
			_exit(2);
		serve();
	}
	while (heard->asked) { /* or it has ended, which fails the test */
		ck_assert_int_eq(waitpid(r->pid, NULL, WNOHANG), 0);
		poll(NULL, 0, 5);
	}
}

void router_stop(struct router *r)
{
	if (r->pid > 0) {
		kill(r->pid, SIGKILL);
		waitpid(r->pid, NULL, 0);
	}
	if (r->heard)
		munmap((void *)(uintptr_t)r->heard, sizeof(*r->heard));
	*r = (struct router){ 0 };
}
