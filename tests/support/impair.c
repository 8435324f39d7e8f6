/* A direction of the line is a list of datagrams by the time at which they come out. */
#include "tests/support/impair.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LEN_MAX 2048
#define AT_ONCE 64
#define HELD_MAX 60000 /* datagrams on the line: a mistake of the test, not a wish */

struct held {
	struct held *next, *prev;
	uint64_t at_us;
	size_t len;
	uint8_t data[LEN_MAX];
};

struct way {
	int from, to;
	bool first_speaks; /* `from` is connected to whoever comes first */
	struct held line;  /* head of the ring */
	uint64_t free_us, random;
	size_t held;
};

static const struct impair_conf *conf;
static struct held *spare;

static uint32_t draw(struct way *w, uint32_t below)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (uint32_t)((w->random >> 20) % below);
}

static struct held *new_held(void)
{
	struct held *h = spare;

	if (h)
		spare = h->next;
	else
		h = malloc(sizeof(*h));
	return h;
}

static void put(struct way *w, const uint8_t *data, size_t len, uint64_t out_us)
{
	struct held *h = w->held < HELD_MAX ? new_held() : NULL, *after;

	if (!h)
		return;
	h->at_us = out_us + conf->delay_us + (conf->jitter_us ? draw(w, conf->jitter_us) : 0);
	h->len = len;
	memcpy(h->data, data, len);
	for (after = w->line.prev; after != &w->line && after->at_us > h->at_us;)
		after = after->prev;
	h->prev = after;
	h->next = after->next;
	after->next->prev = h;
	after->next = h;
	w->held++;
}

static void take_in(struct way *w, const uint8_t *data, size_t len, uint64_t now)
{
	uint64_t out = now;

	if (conf->mtu && len > conf->mtu)
		return;
	if (conf->rate) {
		uint64_t begin = HWS_MAX(w->free_us, now);

		if ((begin - now) * conf->rate / HWS_US_PER_S > conf->queue)
			return;
		out = begin + len * HWS_US_PER_S / conf->rate;
		w->free_us = out;
	}
	if (conf->loss && draw(w, 1000) < conf->loss)
		return;
	put(w, data, len, out);
	if (conf->duplicate && draw(w, 1000) < conf->duplicate)
		put(w, data, len, out);
}

static void read_in(struct way *w)
{
	uint8_t data[LEN_MAX];
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	ssize_t n;

	for (int i = 0; i < AT_ONCE; i++) {
		if (w->first_speaks) {
			n = recvfrom(w->from, data, sizeof(data), 0, (struct sockaddr *)&from,
					&from_len);
			if (n >= 0 && connect(w->from, (struct sockaddr *)&from, from_len) == 0)
				w->first_speaks = false;
		} else {
			n = read(w->from, data, sizeof(data));
		}
		if (n < 0)
			return;
		take_in(w, data, (size_t)n, hws_clock_us());
	}
}

static void give_out(struct way *w, uint64_t now)
{
	struct held *h;

	while ((h = w->line.next) != &w->line && h->at_us <= now) {
		h->next->prev = h->prev;
		h->prev->next = h->next;
		w->held--;
		if (write(w->to, h->data, h->len) < 0) {
			/* nobody there yet, or any more: lost */
		}
		h->next = spare;
		spare = h;
	}
}

static void child(struct way way[2])
{
	for (;;) {
		struct pollfd p[2] = { { way[0].from, POLLIN, 0 }, { way[1].from, POLLIN, 0 } };
		uint64_t now = hws_clock_us(), next = now + HWS_US_PER_S;
		struct timespec wait;

		for (int i = 0; i < 2; i++) {
			give_out(&way[i], now);
			if (way[i].line.next != &way[i].line)
				next = HWS_MIN(next, way[i].line.next->at_us);
		}
		next = next > now ? next - now : 0;
		wait.tv_sec = (time_t)(next / HWS_US_PER_S);
		wait.tv_nsec = (long)(next % HWS_US_PER_S * 1000);
		(void)ppoll(p, 2, &wait, NULL);
		for (int i = 0; i < 2; i++)
			if (p[i].revents)
				read_in(&way[i]);
	}
}

static bool start(struct impair *i, int a, int b, const struct impair_conf *c, bool first_speaks)
{
	static struct way way[2];
	const pid_t parent = getpid();

	fcntl(a, F_SETFL, O_NONBLOCK);
	fcntl(b, F_SETFL, O_NONBLOCK);
	fflush(NULL);
	i->pid = fork();
	if (i->pid != 0)
		return i->pid > 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	signal(SIGTERM, SIG_DFL);
	conf = c;
	for (int k = 0; k < 2; k++) {
		way[k] = (struct way){ .from = k ? b : a,
			.to = k ? a : b,
			.first_speaks = first_speaks && k == 0,
			.random = (c->seed + (uint64_t)k + 1) * 0x9e3779b97f4a7c15u };
		way[k].line.next = way[k].line.prev = &way[k].line;
	}
	child(way);
	_exit(0);
}

bool impair_start(struct impair *i, int a, int b, const struct impair_conf *c)
{
	return start(i, a, b, c, false);
}

void impair_stop(struct impair *i)
{
	if (i->pid <= 0)
		return;
	kill(i->pid, SIGKILL);
	waitpid(i->pid, NULL, 0);
	i->pid = 0;
}

static int loopback(uint16_t *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	const int size = 4 << 20;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
			getsockname(fd, (struct sockaddr *)&a, &len) < 0) {
		close(fd);
		return -1;
	}
	*ret_port = ntohs(a.sin_port);
	return fd;
}

uint16_t impair_udp(struct impair *i, uint16_t to, const struct impair_conf *c)
{
	struct sockaddr_in target = { .sin_family = AF_INET, .sin_port = htons(to) };
	uint16_t port = 0;
	int front = loopback(&port), back = loopback(&i->far_port);

	i->pid = 0;
	target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (front < 0 || back < 0 ||
			connect(back, (struct sockaddr *)&target, sizeof(target)) < 0 ||
			!start(i, front, back, c, true))
		port = 0;
	if (front >= 0)
		close(front);
	if (back >= 0)
		close(back);
	return port;
}

/* --- two namespaces --- */

static int name_ends(const char *own, const char *other)
{
	char line[300];
	int status;
	pid_t pid;

	snprintf(line, sizeof(line),
			"ip addr add %s peer %s dev line && ip link set line txqueuelen 10000 up "
			"&& ip link set lo up",
			own, other);
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", line, (char *)NULL);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

/* Makes a namespace with one end of the line in it, and stays there. */
static int settle(const char *own, const char *other, int *ret_ns)
{
	struct ifreq req = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int tun;

	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	*ret_ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (tun < 0)
		return -1;
	memcpy(req.ifr_name, "line", sizeof("line"));
	if (ioctl(tun, TUNSETIFF, &req) < 0 || name_ends(own, other) < 0) {
		close(tun);
		return -1;
	}
	return tun;
}

const char *impair_towns(struct impair_towns *t, const struct impair_conf *c)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), tun[2] = { -1, -1 };
	const char *why = NULL;

	*t = (struct impair_towns){ .ns = { -1, -1 } };
	tun[0] = settle("10.77.0.1", "10.77.0.2", &t->ns[0]);
	if (tun[0] >= 0)
		tun[1] = settle("10.77.0.2", "10.77.0.1", &t->ns[1]);
	if (tun[1] < 0)
		why = "no network namespaces or no /dev/net/tun for this user";
	if (setns(home, CLONE_NEWNET) < 0 && !why)
		why = "the own namespace cannot be entered again";
	if (!why && !impair_start(&t->line, tun[0], tun[1], c))
		why = "no process";
	for (int i = 0; i < 2; i++)
		if (tun[i] >= 0)
			close(tun[i]);
	close(home);
	if (why)
		impair_towns_gone(t);
	return why;
}

void impair_towns_gone(struct impair_towns *t)
{
	impair_stop(&t->line);
	for (int i = 0; i < 2; i++)
		if (t->ns[i] >= 0)
			close(t->ns[i]);
	t->ns[0] = t->ns[1] = -1;
}
