/* A session by UDP between our own programs, and a stranger on the same street who reads along at
 * the host and sends what he likes under any address: what he heard once more, ends and beginnings
 * under the session's own name, rubbish, floods. He has no key. Nothing of it ends the session,
 * hinders one that begins, or makes the host keep more. */
#include "shared/base/macros.h"
#include "shared/net/kcp_header.h"
#include "tests/component/nat/scene.h"
#include "tests/component/nat/town.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIMIT_MS 90000
#define SENT_LEAST 8000u
#define PICTURES 60u /* after the first, under fire */
#define GROWTH_KB 12000u
#define IP_UDP (sizeof(struct iphdr) + sizeof(struct udphdr))

/* TCP goes to the server alone, so that they meet by UDP. */
static const struct cell cell = { "hostile", CELL_PUBLIC, CELL_PUBLIC,
	.viewer_traits = CELL_TCP_TO_SERVER, .paths = "udp" };

static int ear, mouth; /* in the host's house, in the stranger's */
static uint64_t sent;

static int open_in(const char *house, int domain, int type, int protocol)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), fd;

	ck_assert_int_ge(home, 0);
	ck_assert_int_eq(setns(town_ns(house), CLONE_NEWNET), 0);
	fd = socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	ck_assert_int_eq(setns(home, CLONE_NEWNET), 0);
	close(home);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static void set_up(void)
{
	if (!scene_open(&cell))
		return;
	town_house("stranger", "10.9.0.66/24");
	ear = open_in("host", AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP));
	mouth = open_in("stranger", AF_INET, SOCK_RAW, IPPROTO_RAW);
	sent = 0;
}

static void tear_down(void)
{
	close(ear);
	close(mouth);
	scene_close();
}

struct heard {
	struct iphdr ip;
	struct udphdr udp;
	uint8_t data[HWS_KCP_DATAGRAM_MAX];
};

static void say(struct heard *p, size_t len)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = p->ip.daddr };

	p->ip.tot_len = htons((uint16_t)(IP_UDP + len));
	p->ip.check = 0;
	p->udp.len = htons((uint16_t)(sizeof(p->udp) + len));
	p->udp.check = 0; /* none */
	if (sendto(mouth, p, IP_UDP + len, 0, (struct sockaddr *)&to, sizeof(to)) > 0)
		sent++;
}

static uint8_t any(void)
{
	static uint32_t state = 1;

	state = state * 1664525 + 1013904223;
	return (uint8_t)(state >> 24);
}

static void fill(uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = any();
}

enum { AGAIN, FLAG, TAGGED, DATA, FOREIGN, CUT, EMPTY, LONG, ELSEWHERE, BIT, WAYS };

/* One more of the kind, made from one that was heard. */
static void make_trouble(struct heard p, size_t len, unsigned way)
{
	static const uint8_t flags[] = { HWS_KCP_RST, HWS_KCP_FIN, HWS_KCP_SYN,
		HWS_KCP_SYN | HWS_KCP_ACK, HWS_KCP_PING, HWS_KCP_PING | HWS_KCP_PONG,
		HWS_KCP_PING | HWS_KCP_RST, HWS_KCP_ACK | HWS_KCP_DATA, 0xff };
	uint8_t *flag = &p.data[12];

	switch (way) {
	case FLAG:
		*flag = flags[any() % HWS_COUNT(flags)];
		len = any() & 1 ? HWS_KCP_HEADER : HWS_MIN(len, (size_t)HWS_KCP_HEADER + 12);
		break;
	case TAGGED:
		*flag = HWS_KCP_TAGGED | flags[any() % HWS_COUNT(flags)];
		fill(p.data + len - HWS_KCP_TAG, HWS_KCP_TAG);
		break;
	case DATA:
		*flag = HWS_KCP_ACK | HWS_KCP_DATA;
		len = HWS_KCP_HEADER + 24 + any();
		fill(p.data + HWS_KCP_HEADER, len - HWS_KCP_HEADER);
		memcpy(p.data + HWS_KCP_HEADER, p.data, 4); /* conv */
		p.data[HWS_KCP_HEADER + 4] = (uint8_t)(HWS_KCP_PUSH + any() % 5);
		break;
	case FOREIGN:
		fill(p.data, 12);
		*flag = flags[any() % HWS_COUNT(flags)];
		break;
	case CUT:
		len = any() % len;
		break;
	case EMPTY:
		len = 0;
		break;
	case LONG:
		len = HWS_KCP_DATAGRAM_MAX - IP_UDP;
		fill(p.data + HWS_KCP_HEADER, len - HWS_KCP_HEADER);
		break;
	case ELSEWHERE:
		p.ip.saddr = inet_addr("10.9.0.66");
		break;
	case BIT:
		p.data[any() % len] ^= (uint8_t)(1u << any() % 8);
		break;
	default:
		break;
	}
	say(&p, len);
}

/* Next of the session that was heard at the host; its length, 0 = none there. */
static size_t hear(struct heard *p)
{
	ssize_t n;

	while ((n = recv(ear, p, sizeof(*p), 0)) >= 0) {
		const size_t len = n > (ssize_t)IP_UDP ? (size_t)n - IP_UDP : 0;

		if (p->ip.ihl != 5 || p->ip.protocol != IPPROTO_UDP || len < HWS_KCP_HEADER ||
				p->ip.saddr == inet_addr("10.9.0.1") ||
				p->ip.daddr == inet_addr("10.9.0.1") ||
				p->ip.saddr == inet_addr("10.9.0.66"))
			continue;
		return len;
	}
	return 0;
}

/* Some for each that is heard, also of his own; so much that nobody is busy with him alone. */
static void trouble_them(unsigned each)
{
	struct heard p;
	struct pollfd wait = { .fd = ear, .events = POLLIN };
	size_t len;

	(void)poll(&wait, 1, 50);
	for (int i = 0; i < 20 && (len = hear(&p)) > 0; i++)
		for (unsigned k = 0; k < each; k++)
			make_trouble(p, len, any() % WAYS);
	while (hear(&p) > 0)
		;
}

/* --- what it costs ---------------------------------------------------------------------------- */

static bool number_in(const char *path, const char *key, unsigned long *ret)
{
	char line[200];
	FILE *f = fopen(path, "r");
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0) {
			*ret = strtoul(line + strlen(key), NULL, 10);
			found = true;
		}
	if (f)
		fclose(f);
	return found;
}

static bool is_of_the_host(const char *pid)
{
	char path[300], name[400] = { 0 };
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
	f = fopen(path, "r");
	if (f && fread(name, 1, sizeof(name) - 1, f) == 0)
		name[0] = '\0';
	if (f)
		fclose(f);
	/* the first word of it */
	if (!strstr(name, "hawser-host"))
		return false;
	for (unsigned long up = strtoul(pid, NULL, 10); up > 1;) {
		if (up == (unsigned long)getpid())
			return true;
		snprintf(path, sizeof(path), "/proc/%lu/status", up);
		if (!number_in(path, "PPid:", &up))
			return false;
	}
	return false;
}

/* Of all processes of the host that this test has started. */
static unsigned long memory_kb(void)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	unsigned long sum = 0, one;
	char path[300];

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d))) {
		if (e->d_name[0] < '0' || e->d_name[0] > '9' || !is_of_the_host(e->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/status", e->d_name);
		if (number_in(path, "RssAnon:", &one))
			sum += one;
	}
	closedir(d);
	return sum;
}

/* --- a session under fire --------------------------------------------------------------------- */

static unsigned long pictures(struct test_proc *viewer)
{
	const char *line = test_proc_must_expect(viewer, "stats frames=", LIMIT_MS);

	ck_assert_msg(strstr(line, "path=udp"), "%s\nhost:\n%s", scene_end(viewer->log),
			scene_end(scene_host_log()));
	return test_line_number(line, "frames=");
}

/* As pictures(), with trouble all the time. */
static unsigned long pictures_under_fire(struct test_proc *viewer, unsigned each)
{
	const uint64_t end = test_now_ms() + LIMIT_MS;
	const char *line;

	while (!(line = test_proc_expect(viewer, "stats frames=", 1))) {
		ck_assert_msg(test_now_ms() < end && !viewer->ended, "%s\nhost:\n%s",
				scene_end(viewer->log), scene_end(scene_host_log()));
		trouble_them(each);
	}
	ck_assert_msg(strstr(line, "path=udp"), "%s\nhost:\n%s", scene_end(viewer->log),
			scene_end(scene_host_log()));
	return test_line_number(line, "frames=");
}

static unsigned times_in(const char *text, const char *what)
{
	unsigned n = 0;

	for (const char *p = text; (p = strstr(p, what)); p += strlen(what))
		n++;
	return n;
}

START_TEST(a_session_outlives_a_stranger)
{
	const uint64_t end = test_now_ms() + 2 * LIMIT_MS;
	struct test_proc viewer;
	unsigned long first, last, before, after;

	scene_stay(&viewer);
	while ((first = pictures(&viewer)) < 5)
		;
	before = memory_kb();
	ck_assert_uint_gt(before, 0);
	do {
		ck_assert_msg(test_now_ms() < end, "sent %lu\n%s", (unsigned long)sent,
				scene_end(viewer.log));
		last = pictures_under_fire(&viewer, 4);
		ck_assert_msg(last >= first, "began anew\n%s", scene_end(viewer.log));
	} while (last < first + PICTURES || sent < SENT_LEAST);
	after = memory_kb();
	/* and it is still the one that began */
	ck_assert_uint_gt(pictures(&viewer), last);
	ck_assert_msg(times_in(viewer.log, "why path=") == 1, "%s", scene_end(viewer.log));
	test_proc_stop(&viewer);
	ck_assert_msg(after < before + GROWTH_KB, "%lu kB, then %lu", before, after);
	printf("%lu datagrams, %lu kB before and %lu after\n", (unsigned long)sent, before, after);
}
END_TEST

/* From the first datagram that the host sends: beginnings under the viewer's address at the socket
 * that waits for him. There may be another way by then, but there is one. */
START_TEST(a_session_begins_beside_a_stranger)
{
	static const char *const args[] = { "connect", "--headless", "--stats", "--why",
		"--no-retry", "--after", "2", NULL };
	const uint64_t end = test_now_ms() + LIMIT_MS;
	struct test_proc viewer;

	scene_hawser(&viewer, NULL, args);
	while (!viewer.log || !strstr(viewer.log, "final frames=")) {
		ck_assert_msg(test_now_ms() < end, "%s\nhost:\n%s", scene_end(viewer.log),
				scene_end(scene_host_log()));
		(void)test_proc_expect(&viewer, "(that nobody says)", 1);
		trouble_them(10);
	}
	ck_assert_msg(test_proc_wait(&viewer, LIMIT_MS) == 0 && strstr(viewer.log, "path="),
			"%s\nhost:\n%s", scene_end(viewer.log), scene_end(scene_host_log()));
	ck_assert_uint_gt(sent, 100);
	test_proc_stop(&viewer);
}
END_TEST

int main(int argc, char *argv[])
{
	const char *why = town_enter(argc, argv);

	if (why) {
		fprintf(stderr, "SKIPPED: no network namespaces here: %s\n", why);
		return TEST_SKIPPED;
	}
	return test_main("nat/hostile", 300, set_up, tear_down,
			TESTS(a_session_outlives_a_stranger, a_session_begins_beside_a_stranger));
}
