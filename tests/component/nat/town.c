/* Makes routers that translate addresses out of network namespaces and nftables, each house with
 * the kind of NAT that it is to have. */
#include "tests/component/nat/town.h"
#include "shared/base/macros.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define INSIDE "HAWSER_TEST_IN_TOWN"
#define NAMES 16

static unsigned count, wires;

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...)
{
	char line[1500], *out = NULL;
	const char *argv[] = { "/bin/sh", "-c", line, NULL };
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	ck_assert_int_lt(n, (int)sizeof(line));
	ck_assert_msg(test_run(argv, NULL, &out) == 0, "%s\n%s", line, out);
	free(out);
}

/* All that is needed once inside; false with errno when it is not allowed. */
static bool furnish(void)
{
	/* our own /run: the names of namespaces are files there */
	return mount("tmpfs", "/run", "tmpfs", 0, NULL) == 0 && mkdir("/run/netns", 0755) == 0;
}

/* test_run is for tests, and there is none yet. What the program wrote goes to `why` when it
 * fails. */
static bool works(const char *const argv[], char *why, size_t size)
{
	int out[2], status;
	size_t n = 0;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) != 0 || (pid = fork()) < 0)
		return false;
	if (pid == 0) {
		dup2(out[1], 1);
		dup2(out[1], 2);
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

const char *town_enter(int argc, char *const argv[])
{
	static const char *const probe[] = { "/bin/sh", "-c",
		"ip netns add probe && "
		"printf 'table ip t {\\n chain c {\\n type nat hook postrouting priority 100\\n "
		"}\\n}\\n' | "
		"nsenter --net=/run/netns/probe nft -f - && ip netns del probe",
		NULL };
	static char why[500], self[1000];
	static const char *again[24] = { "unshare", "--mount", "--net" };
	int n = 3;

	if (getenv(INSIDE)) {
		if (furnish())
			return works(probe, why, sizeof(why)) ? NULL : why;
		snprintf(why, sizeof(why), "cannot mount on /run: %s", strerror(errno));
		return why;
	}
	if (geteuid() != 0) {
		again[n++] = "--user";
		again[n++] = "--map-current-user";
		again[n++] = "--keep-caps";
	}
	again[n++] = "--";
	again[n] = "true"; /* tried first: after exec there is nobody left to say what went wrong */
	if (!works(again, why, sizeof(why)))
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

static void add_name(const char *name)
{
	ck_assert_uint_lt(count, NAMES);
	count++;
	run("ip netns add %s && ip -n %s link set lo up", name, name);
}

void town_build(void)
{
	town_clear();
	add_name("street");
	run("ip -n street link add road type bridge && ip -n street link set road up");
}

void town_clear(void)
{
	/* also what a test left that was ended before its teardown */
	run("for name in $(ls /run/netns); do ip netns del \"$name\" || exit 1; done");
	count = 0;
}

/* A cable from `far` in `name` to a bridge in another namespace. */
static void wire(const char *name, const char *far, const char *to, const char *bridge)
{
	unsigned w = wires++;

	run("ip link add a%u type veth peer name b%u && ip link set a%u netns %s && ip link set "
	    "b%u netns %s && "
	    "ip -n %s link set a%u name %s && ip -n %s link set %s up && ip -n %s link set b%u "
	    "master %s up",
			w, w, w, name, w, to, name, w, far, name, far, to, w, bridge);
}

void town_house(const char *name, const char *address)
{
	add_name(name);
	wire(name, "eth0", "street", "road");
	run("ip -n %s addr add %s dev eth0 %s", name, address, strchr(address, ':') ? "nodad" : "");
}

void town_nat(const char *name, const char *address, unsigned lan, enum town_nat kind, bool udp)
{
	add_name(name);
	wire(name, "wan", "street", "road");
	run("ip -n %s link add lan type bridge && ip -n %s link set lan up && ip -n %s addr add "
	    "%s dev wan && "
	    "ip -n %s addr add 192.168.%u.1/24 dev lan",
			name, name, name, address, name, lan);
	run("nsenter --net=/run/netns/%s sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'", name);
	run("printf 'table ip t {\\n"
	    "chain post {\\n type nat hook postrouting priority 100; policy accept;\\n"
	    "oifname \"wan\" masquerade %s\\n }\\n"
	    "chain inp {\\n type filter hook input priority 0; policy accept;\\n"
	    "iifname \"wan\" drop\\n }\\n"
	    "chain thru {\\n type filter hook forward priority 0; policy accept;\\n"
	    "%s\\n iifname \"wan\" ct state new drop\\n }\\n"
	    "}\\n' | nsenter --net=/run/netns/%s nft -f -",
			kind == TOWN_SYMMETRIC ? "fully-random" : "",
			udp ? "" : "ip protocol udp drop", name);
}

void town_no_tcp(const char *name)
{
	run("nsenter --net=/run/netns/%s nft insert rule ip t thru oifname wan ip protocol tcp ip "
	    "daddr != 10.9.0.1 drop",
			name);
}

void town_only_web(const char *name)
{
	run("nsenter --net=/run/netns/%s nft insert rule ip t thru oifname wan tcp dport != 21118-"
	    "21119 drop && nsenter --net=/run/netns/%s nft insert rule ip t thru oifname wan ip "
	    "protocol udp drop",
			name, name);
}

void town_ipv6(const char *name, const char *address)
{
	wire(name, "eth6", "street", "road");
	run("ip -n %s addr add %s dev eth6 nodad && ip -n %s -6 route add default dev eth6", name,
			address, name);
}

void town_house_behind(const char *name, const char *nat, unsigned lan, unsigned host)
{
	add_name(name);
	wire(name, "eth0", nat, "lan");
	run("ip -n %s addr add 192.168.%u.%u/24 dev eth0 && ip -n %s route add default via "
	    "192.168.%u.1",
			name, lan, host, name, lan);
}

void town_argv(const char *house, const char *const argv[], const char *ret[], size_t size)
{
	static char net[NAMES][40];
	static unsigned next;
	char *path = net[next++ % NAMES];
	size_t n = 0;

	snprintf(path, sizeof(net[0]), "--net=/run/netns/%s", house);
	ret[n++] = "/usr/bin/nsenter";
	ret[n++] = path;
	ret[n++] = "--";
	for (size_t i = 0; argv[i]; i++) {
		ck_assert_uint_lt(n + 1, size);
		ret[n++] = argv[i];
	}
	ret[n] = NULL;
}
