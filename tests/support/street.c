/* The tree of houses and boxes is walked with one lock held; packets are few. */
#include "tests/support/street.h"
#include "shared/base/clock.h"
#include "shared/base/macros.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define NODES 24
#define ADDRESSES 3
#define AT_ONCE 32
#define PACKET IMPAIR_LEN_MAX

enum { UP, DOWN };

struct street_node {
	struct street_node *in; /* NULL: the street */
	struct nat_box *box;    /* NULL: a house */
	int tun;
	struct in6_addr address[ADDRESSES]; /* of a house */
	unsigned addresses;
	struct street_edge edge;
	struct impair_line line[2];
};

struct street {
	pthread_mutex_t lock;
	pthread_t thread;
	int wake;
	_Atomic bool over;
	struct street_node *node[NODES];
	unsigned count;
};

static bool is_at(const struct street_node *n, const struct in6_addr *ip)
{
	if (n->box)
		return nat_box_is_public(n->box, ip);
	for (unsigned i = 0; i < n->addresses; i++)
		if (packet_ip_equal(&n->address[i], ip))
			return true;
	return false;
}

static struct street_node *find(
		struct street *s, const struct street_node *in, const struct in6_addr *ip)
{
	for (unsigned i = 0; i < s->count; i++)
		if (s->node[i]->in == in && is_at(s->node[i], ip))
			return s->node[i];
	return NULL;
}

/* --- what a line lets through ----------------------------------------------------------------- */

static bool may_out(struct street_edge *e, const struct packet *p)
{
	bool some = false;

	if (p->proto != IPPROTO_TCP)
		return true;
	if (e->tcp_to && memcmp(p->dst.ip.s6_addr + 12, (const void *)&e->tcp_to, 4) != 0)
		return false;
	for (unsigned i = 0; i < STREET_PORTS; i++) {
		if (e->tcp_ports[i] && e->tcp_ports[i] == p->dst.port)
			return true;
		some = some || e->tcp_ports[i];
	}
	return !some;
}

static bool lets_through(struct street_edge *e, const struct packet *p, unsigned way)
{
	if (e->cut || (p->proto == IPPROTO_UDP && e->no_udp) ||
			(p->proto == IPPROTO_TCP && e->no_tcp))
		return false;
	return way == DOWN || may_out(e, p);
}

static void put(struct street *s, struct street_node *n, unsigned way, struct packet *p);

static void say_too_big(
		struct street *s, struct street_node *level, const struct packet *p, uint32_t mtu)
{
	uint8_t data[PACKET];
	struct packet icmp;
	size_t len = packet_too_big(p, mtu, data, sizeof(data));
	struct street_node *to;

	if (len == 0 || !packet_read(&icmp, data, len))
		return;
	to = find(s, level, &icmp.dst.ip);
	if (to)
		put(s, to, DOWN, &icmp);
}

static void put(struct street *s, struct street_node *n, unsigned way, struct packet *p)
{
	struct street_edge *e = &n->edge;

	if (!lets_through(e, p, way))
		return;
	e->packets++;
	if (e->line.mtu && p->len > e->line.mtu) {
		if (!e->silent_mtu)
			say_too_big(s, n->in, p, e->line.mtu);
		return;
	}
	impair_line_put(&n->line[way], p->data, p->len, hws_clock_us());
}

/* --- one step of a packet --------------------------------------------------------------------- */

/* $STREET_TRACE: what every line carries, for who looks where time goes. */
static void trace(const struct street_node *n, unsigned way, const struct packet *p)
{
	static const char *on;
	static bool asked;
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];

	if (!asked)
		on = getenv("STREET_TRACE");
	asked = true;
	if (!on || n->box)
		return;
	inet_ntop(AF_INET6, &p->src.ip, from, sizeof(from));
	inet_ntop(AF_INET6, &p->dst.ip, to, sizeof(to));
	fprintf(stderr, "street %.3f ms %s %s %s:%u > %s:%u flags %02x length %zu\n",
			(double)hws_clock_us() / 1e3, way == UP ? "from" : "to  ",
			p->proto == IPPROTO_TCP                   ? "tcp"
					: p->proto == IPPROTO_UDP ? "udp"
								  : "icmp",
			from, p->src.port, to, p->dst.port,
			p->proto == IPPROTO_TCP ? p->data[p->payload + 13] : 0, p->len);
}

static void come_down(struct street *s, struct street_node *n, struct packet *p)
{
	struct street_node *to;

	if (!n->box) {
		trace(n, DOWN, p);
		if (write(n->tun, p->data, p->len) < 0)
			errno = 0; /* its interface is down */
		return;
	}
	if (!nat_box_in(n->box, p))
		return;
	to = find(s, n, &p->dst.ip);
	if (to)
		put(s, to, DOWN, p);
}

static void come_up(struct street *s, struct street_node *n, struct packet *p)
{
	struct street_node *in = n->in, *to = find(s, in, &p->dst.ip);

	if (to && in && to->edge.apart && n->edge.apart)
		return;
	if (to) {
		put(s, to, DOWN, p);
	} else if (in && nat_box_is_public(in->box, &p->dst.ip)) {
		to = nat_box_hairpin(in->box, p) ? find(s, in, &p->dst.ip) : NULL;
		if (to)
			put(s, to, DOWN, p);
	} else if (in && nat_box_out(in->box, p)) {
		put(s, in, UP, p);
	}
}

static bool step(struct street *s, struct street_node *n, unsigned way, uint64_t now)
{
	struct impair_held *h = impair_line_take(&n->line[way], now);
	struct packet p;

	if (!h)
		return false;
	if (packet_read(&p, h->data, h->len)) {
		if (way == UP)
			come_up(s, n, &p);
		else
			come_down(s, n, &p);
	}
	impair_line_give_back(h);
	return true;
}

static void read_tun(struct street *s, struct street_node *n)
{
	uint8_t data[PACKET];
	struct packet p;

	for (int i = 0; i < AT_ONCE; i++) {
		ssize_t len = read(n->tun, data, sizeof(data));

		if (len < 0)
			return;
		if (!packet_read(&p, data, (size_t)len))
			continue;
		trace(n, UP, &p);
		put(s, n, UP, &p);
	}
}

/* --- the thread ------------------------------------------------------------------------------- */

static unsigned fill(struct street *s, struct pollfd p[NODES + 1], uint64_t *ret_due)
{
	*ret_due = UINT64_MAX;
	p[0] = (struct pollfd){ s->wake, POLLIN, 0 };
	for (unsigned i = 0; i < s->count; i++) {
		struct street_node *n = s->node[i];

		p[i + 1] = (struct pollfd){ n->box ? -1 : n->tun, POLLIN, 0 };
		for (unsigned way = 0; way < 2; way++)
			*ret_due = HWS_MIN(*ret_due, impair_line_due(&n->line[way]));
	}
	return s->count;
}

static void turn(struct street *s, const struct pollfd p[NODES + 1], unsigned count)
{
	uint64_t now = hws_clock_us();
	bool more = true;

	for (unsigned i = 0; i < count; i++)
		if (p[i + 1].revents & POLLIN)
			read_tun(s, s->node[i]);
	while (more) {
		more = false;
		for (unsigned i = 0; i < s->count; i++)
			for (unsigned way = 0; way < 2; way++)
				more = step(s, s->node[i], way, now) || more;
		now = hws_clock_us();
	}
}

static void *run(void *arg)
{
	struct street *s = arg;

	while (!s->over) {
		struct pollfd p[NODES + 1];
		struct timespec wait = { 0 };
		uint64_t due, now, none;
		unsigned count;

		pthread_mutex_lock(&s->lock);
		count = fill(s, p, &due);
		pthread_mutex_unlock(&s->lock);
		now = hws_clock_us();
		due = due <= now ? 0 : HWS_MIN(due - now, HWS_US_PER_S);
		wait.tv_sec = (time_t)(due / HWS_US_PER_S);
		wait.tv_nsec = (long)(due % HWS_US_PER_S * 1000);
		(void)ppoll(p, count + 1, &wait, NULL);
		if (p[0].revents && read(s->wake, &none, sizeof(none)) < 0)
			errno = 0;
		pthread_mutex_lock(&s->lock);
		turn(s, p, count);
		pthread_mutex_unlock(&s->lock);
	}
	for (unsigned i = 0; i < s->count; i++) /* what is spare belongs to this thread */
		for (unsigned way = 0; way < 2; way++)
			impair_line_done(&s->node[i]->line[way]);
	return NULL;
}

struct street *street_new(void)
{
	struct street *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&s->lock, NULL);
	if (s->wake < 0 || pthread_create(&s->thread, NULL, run, s) != 0) {
		free(s);
		return NULL;
	}
	return s;
}

static void wake(struct street *s)
{
	const uint64_t one = 1;

	if (write(s->wake, &one, sizeof(one)) < 0)
		errno = 0; /* it is awake */
}

void street_free(struct street *s)
{
	if (!s)
		return;
	s->over = true;
	wake(s);
	pthread_join(s->thread, NULL);
	for (unsigned i = 0; i < s->count; i++) {
		nat_box_free(s->node[i]->box);
		if (s->node[i]->tun >= 0)
			close(s->node[i]->tun);
		free(s->node[i]);
	}
	close(s->wake);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static struct street_node *new_node(struct street_node *in)
{
	struct street_node *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->in = in;
	n->tun = -1;
	for (unsigned way = 0; way < 2; way++)
		impair_line_init(&n->line[way], &n->edge.line, way);
	return n;
}

static struct street_node *settle(struct street *s, struct street_node *n)
{
	bool room;

	pthread_mutex_lock(&s->lock);
	room = s->count < NODES;
	if (room)
		s->node[s->count++] = n;
	pthread_mutex_unlock(&s->lock);
	wake(s);
	if (room)
		return n;
	nat_box_free(n->box);
	free(n);
	return NULL;
}

struct street_node *street_house(
		struct street *s, struct street_node *in, int tun, const char *address)
{
	struct street_node *n = new_node(in);

	if (!n || !packet_ip_parse(address, &n->address[0])) {
		free(n);
		close(tun);
		return NULL;
	}
	n->addresses = 1;
	n->tun = tun;
	return settle(s, n);
}

bool street_add_address(
		struct street *s, struct street_node *house, const char *address, bool instead)
{
	struct in6_addr ip;
	bool room;

	if (!packet_ip_parse(address, &ip))
		return false;
	pthread_mutex_lock(&s->lock);
	if (instead)
		house->addresses = 0;
	room = house->addresses < ADDRESSES;
	if (room)
		house->address[house->addresses++] = ip;
	pthread_mutex_unlock(&s->lock);
	return room;
}

struct street_node *street_box(struct street *s, struct street_node *in, const char *address,
		const struct nat_box_conf *conf)
{
	struct street_node *n = new_node(in);

	if (n)
		n->box = nat_box_new(address, conf);
	if (!n || !n->box) {
		free(n);
		return NULL;
	}
	return settle(s, n);
}

struct street_edge *street_edge(struct street_node *n)
{
	return &n->edge;
}

void street_forget(struct street *s, struct street_node *box)
{
	pthread_mutex_lock(&s->lock);
	nat_box_forget(box->box);
	pthread_mutex_unlock(&s->lock);
}

/* --- TUN -------------------------------------------------------------------------------------- */

static int open_device(void)
{
	static const char own[] = "/tmp/.hawser-test-tun";
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	char path[sizeof(own) + 12];

	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "%s.%d", own, (int)getpid());
	unlink(path);
	if (mknod(path, S_IFCHR | 0600, makedev(10, 200)) < 0)
		return -1;
	fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	unlink(path);
	return fd;
}

int street_tun(const char *name)
{
	struct ifreq req = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open_device();

	if (fd < 0)
		return -1;
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &req) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}
