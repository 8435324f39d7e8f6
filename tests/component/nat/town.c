/* Places are found by name; a place with a namespace is reached through this process's descriptor
 * of it, which everybody whom the test starts can open below /proc. */
#include "tests/component/nat/town.h"
#include "shared/base/macros.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define INSIDE "HAWSER_TEST_IN_TOWN"
#define PLACES 24
#define NAME 24

struct place {
	char name[NAME];
	int ns;                   /* -1: a box of the street's own */
	struct street_node *node; /* NULL: behind a kernel's box */
};

static struct street *street;
static struct place place[PLACES];
static unsigned count, wires;

/* --- namespaces ------------------------------------------------------------------------------- */

/* A new one with nothing in it but, if `tun` is named, the end of a TUN. -1 with errno. */
static int new_ns(const char *tun, int *ret_tun)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), ns = -1, e;

	if (home < 0)
		return -1;
	if (unshare(CLONE_NEWNET) == 0) {
		ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		if (tun && (*ret_tun = street_tun(tun)) < 0) {
			e = errno;
			close(ns);
			errno = e;
			ns = -1;
		}
	}
	e = errno;
	if (setns(home, CLONE_NEWNET) < 0)
		_exit(1);
	close(home);
	errno = e;
	return ns;
}

static int tun_in(int ns, const char *name)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), tun = -1;

	ck_assert_int_ge(home, 0);
	if (setns(ns, CLONE_NEWNET) == 0)
		tun = street_tun(name);
	if (setns(home, CLONE_NEWNET) < 0)
		_exit(1);
	close(home);
	ck_assert_msg(tun >= 0, "no TUN: %s", strerror(errno));
	return tun;
}

/* test_run is for tests, and there is none yet. What the program wrote goes to `why` when it
 * fails. `ns`: where; -1: here. */
static bool works(int ns, const char *const argv[], char *why, size_t size)
{
	int out[2], status;
	size_t n = 0;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) != 0 || (pid = fork()) < 0)
		return false;
	if (pid == 0) {
		dup2(out[1], 1);
		dup2(out[1], 2);
		if (ns < 0 || setns(ns, CLONE_NEWNET) == 0)
			execvp(argv[0], (char *const *)(uintptr_t)argv);
		printf("cannot run %s: %s\n", argv[0], strerror(errno));
		fflush(stdout);
		_exit(127);
	}
	close(out[1]);
	for (;;) {
		ssize_t got = read(out[0], why + n, size - 1 - n);

		if (got <= 0)
			break;
		n += (size_t)got;
	}
	why[n] = '\0';
	close(out[0]);
	return waitpid(pid, &status, 0) == pid && status == 0;
}

static const char *is_possible(char *why, size_t size)
{
	static const char *const up[] = { "ip", "link", "set", "lo", "up", NULL };
	int tun = -1, ns = new_ns("probe", &tun);
	bool good;

	if (ns < 0) {
		snprintf(why, size, "no network namespace, or no TUN: %s", strerror(errno));
		return why;
	}
	good = works(ns, up, why, size);
	close(tun);
	close(ns);
	return good ? NULL : why;
}

const char *town_no_nft(void)
{
	static const char *const probe[] = { "/bin/sh", "-c",
		"ip link add lan type bridge && echo 1 >/proc/sys/net/ipv4/ip_forward && "
		"printf 'table ip t {\\n chain c {\\n type nat hook postrouting priority 100\\n "
		"oifname \"x\" masquerade fully-random\\n }\\n}\\n' | nft -f -",
		NULL };
	static char why[500];
	int ns = new_ns(NULL, NULL);
	bool good = ns >= 0 && works(ns, probe, why, sizeof(why));

	if (ns >= 0)
		close(ns);
	return good ? NULL : why;
}

const char *town_enter(int argc, char *const argv[])
{
	static char why[500], self[1000];
	static const char *again[24] = { "unshare", "--user", "--map-current-user", "--keep-caps",
		"--net", "--" };
	int n = 6;

	if (geteuid() == 0 || getenv(INSIDE))
		return is_possible(why, sizeof(why));
	again[n] = "true"; /* tried first: after exec there is nobody left to say what went wrong */
	if (!works(-1, again, why, sizeof(why)))
		return why;
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return "cannot find this program";
	again[n++] = self;
	for (int i = 1; i < argc && n < 22; i++)
		again[n++] = argv[i];
	setenv(INSIDE, "1", 1);
	execvp(again[0], (char *const *)(uintptr_t)again);
	return "cannot run unshare";
}

/* --- places ----------------------------------------------------------------------------------- */

static struct place *find(const char *name)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(place[i].name, name) == 0)
			return &place[i];
	ck_abort_msg("there is no place %s", name);
	return NULL;
}

static struct place *add_place(const char *name, int ns, struct street_node *node)
{
	ck_assert_uint_lt(count, PLACES);
	ck_assert_uint_lt(strlen(name), NAME);
	place[count] = (struct place){ .ns = ns, .node = node };
	snprintf(place[count].name, NAME, "%s", name);
	return &place[count++];
}

static struct place *add_house(const char *name)
{
	int ns = new_ns(NULL, NULL);

	ck_assert_msg(ns >= 0, "no namespace: %s", strerror(errno));
	return add_place(name, ns, NULL);
}

static void run_in(int ns, const char *format, va_list ap) __attribute__((format(printf, 2, 0)));
static void run_in(int ns, const char *format, va_list ap)
{
	char line[2000], net[60], *out = NULL;
	const char *argv[] = { "/usr/bin/nsenter", net, "--", "/bin/sh", "-c", line, NULL };
	int n = vsnprintf(line, sizeof(line), format, ap);

	ck_assert_int_lt(n, (int)sizeof(line));
	snprintf(net, sizeof(net), "--net=/proc/%d/fd/%d", (int)getpid(), ns);
	ck_assert_msg(test_run(argv, NULL, &out) == 0, "%s\n%s", line, out);
	free(out);
}

void town_run(const char *name, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	run_in(find(name)->ns, format, ap);
	va_end(ap);
}

void town_argv(const char *house, const char *const argv[], const char *ret[], size_t size)
{
	static char net[PLACES][60];
	static unsigned next;
	char *path = net[next++ % PLACES];
	size_t n = 0;

	snprintf(path, sizeof(net[0]), "--net=/proc/%d/fd/%d", (int)getpid(), town_ns(house));
	ret[n++] = "/usr/bin/nsenter";
	ret[n++] = path;
	ret[n++] = "--";
	for (size_t i = 0; argv[i]; i++) {
		ck_assert_uint_lt(n + 1, size);
		ret[n++] = argv[i];
	}
	ret[n] = NULL;
}

void town_start(const char *house, struct test_proc *p, const char *const argv[])
{
	const char *full[40];

	town_argv(house, argv, full, HWS_COUNT(full));
	test_proc_start(p, full, NULL);
}

int town_ns(const char *name)
{
	int ns = find(name)->ns;

	ck_assert_int_ge(ns, 0);
	return ns;
}

struct street_edge *town_edge(const char *name)
{
	struct place *p = find(name);

	ck_assert_ptr_nonnull(p->node);
	return street_edge(p->node);
}

void town_forget(const char *box)
{
	street_forget(street, find(box)->node);
}

void town_build(void)
{
	town_clear();
	street = street_new();
	ck_assert_ptr_nonnull(street);
}

void town_clear(void)
{
	street_free(street);
	street = NULL;
	for (unsigned i = 0; i < count; i++)
		if (place[i].ns >= 0)
			close(place[i].ns);
	count = 0;
}

/* --- what stands in it ------------------------------------------------------------------------ */

/* "10.9.0.1" of "10.9.0.1/24". */
static const char *ip_of(const char *address)
{
	static char ip[60];

	snprintf(ip, sizeof(ip), "%.*s", (int)strcspn(address, "/"), address);
	return ip;
}

/* The line of a house to the street or to one of its boxes. */
static void lay(struct place *p, const char *interface, struct street_node *in, const char *address)
{
	struct street_node *node =
			street_house(street, in, tun_in(p->ns, interface), ip_of(address));

	ck_assert_ptr_nonnull(node);
	p->node = node;
	town_run(p->name, "ip link set lo up && ip addr add %s dev %s %s && ip link set %s up",
			address, interface, strchr(address, ':') ? "nodad" : "", interface);
}

/* A cable from `far` in a house to the bridge of a kernel's box. */
static void wire(const struct place *p, const char *far, const char *nat)
{
	unsigned w = wires++;

	town_run(nat,
			"ip link add b%u type veth peer name %s netns /proc/%d/fd/%d && "
			"ip link set b%u master lan up",
			w, far, (int)getpid(), p->ns, w);
	town_run(p->name, "ip link set lo up && ip link set %s up", far);
}

/* With an address in the network of a box of either kind. */
static void connect_behind(struct place *p, const char *interface, const char *nat, unsigned lan,
		unsigned host)
{
	const struct place *n = find(nat);
	char address[40];

	snprintf(address, sizeof(address), "192.168.%u.%u/24", lan, host);
	if (n->ns < 0) {
		lay(p, interface, n->node, address);
	} else {
		wire(p, interface, nat);
		town_run(p->name, "ip addr add %s dev %s", address, interface);
	}
	town_run(p->name, "ip route add default via 192.168.%u.1 dev %s", lan, interface);
}

void town_house(const char *name, const char *address)
{
	lay(add_house(name), "eth0", NULL, address);
}

void town_house_behind(const char *name, const char *nat, unsigned lan, unsigned host)
{
	connect_behind(add_house(name), "eth0", nat, lan, host);
}

void town_house_guarded(const char *name, const char *box, const char *address)
{
	lay(add_house(name), "eth0", find(box)->node, address);
}

static void start_nat(const char *name, unsigned lan, enum town_nat kind, bool udp)
{
	town_run(name,
			"echo 1 >/proc/sys/net/ipv4/ip_forward && "
			"ip link add lan type bridge && ip link set lan up && "
			"ip addr add 192.168.%u.1/24 dev lan && "
			"printf 'table ip t {\\n"
			"chain post {\\n type nat hook postrouting priority 100; policy accept;\\n"
			"oifname \"wan\" masquerade %s\\n }\\n"
			"chain inp {\\n type filter hook input priority 0; policy accept;\\n"
			"iifname \"wan\" drop\\n }\\n"
			"chain thru {\\n type filter hook forward priority 0; policy accept;\\n"
			"%s\\n iifname \"wan\" ct state new drop\\n }\\n"
			"}\\n' | nft -f -",
			lan, kind == TOWN_SYMMETRIC ? "fully-random" : "",
			udp ? "" : "ip protocol udp drop");
}

void town_nat(const char *name, const char *address, unsigned lan, enum town_nat kind, bool udp)
{
	lay(add_house(name), "wan", NULL, address);
	start_nat(name, lan, kind, udp);
}

void town_nat_behind(const char *name, const char *nat, unsigned outer, unsigned host, unsigned lan,
		enum town_nat kind)
{
	connect_behind(add_house(name), "wan", nat, outer, host);
	start_nat(name, lan, kind, true);
}

static void build_box(const char *name, struct street_node *in, const char *address,
		const struct nat_box_conf *conf)
{
	struct street_node *node = street_box(street, in, address, conf);

	ck_assert_ptr_nonnull(node);
	add_place(name, -1, node);
}

void town_box(const char *name, const char *address, const struct nat_box_conf *conf)
{
	build_box(name, NULL, address, conf);
}

void town_box_behind(const char *name, const char *box, const char *address,
		const struct nat_box_conf *conf)
{
	build_box(name, find(box)->node, address, conf);
}

static void add_ipv6(const char *name, struct street_node *in, const char *address)
{
	const struct place *p = find(name);
	struct street_node *node = street_house(street, in, tun_in(p->ns, "eth6"), ip_of(address));
	char line[NAME];

	ck_assert_ptr_nonnull(node);
	town_run(name,
			"ip addr add %s dev eth6 nodad && ip link set eth6 up && "
			"ip -6 route add default dev eth6",
			address);
	snprintf(line, sizeof(line), "%s/6", name);
	add_place(line, -1, node);
}

void town_ipv6(const char *name, const char *address)
{
	add_ipv6(name, NULL, address);
}

void town_ipv6_behind(const char *name, const char *box, const char *address)
{
	add_ipv6(name, find(box)->node, address);
}

void town_move(const char *house, const char *address)
{
	struct place *p = find(house);

	ck_assert_ptr_nonnull(p->node);
	ck_assert(street_add_address(street, p->node, ip_of(address), true));
	town_run(house, "ip addr flush dev eth0 && ip addr add %s dev eth0", address);
}
