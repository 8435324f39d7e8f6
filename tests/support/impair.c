/* A process between two descriptors, with a line (impair_line) for each direction. */
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

#define AT_ONCE 64

struct way {
	int from, to;
	bool first_speaks; /* `from` is connected to whoever comes first */
	struct impair_line line;
};

static void read_in(struct way *w)
{
	uint8_t data[IMPAIR_LEN_MAX];
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
		impair_line_put(&w->line, data, (size_t)n, hws_clock_us());
	}
}

static void give_out(struct way *w, uint64_t now)
{
	struct impair_held *h;

	while ((h = impair_line_take(&w->line, now))) {
		if (write(w->to, h->data, h->len) < 0) {
			/* nobody there yet, or any more: lost */
		}
		impair_line_give_back(h);
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
			next = HWS_MIN(next, impair_line_due(&way[i].line));
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
	for (int k = 0; k < 2; k++) {
		way[k] = (struct way){
			.from = k ? b : a, .to = k ? a : b, .first_speaks = first_speaks && k == 0
		};
		impair_line_init(&way[k].line, c, (unsigned)k);
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
