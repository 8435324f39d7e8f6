/* A host behind a symmetric NAT whose router passes a port on to it: real routers (miniupnpd with
 * nftables) and our own programs in a small internet of namespaces. Both NATs forbid everything
 * else, so the mapped port is the one direct way. */
#include "shared/base/macros.h"
#include "tests/component/nat/town.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_MS TEST_PATIENCE_MS
#define SERVER "11.9.0.1" /* an address of the internet: others are not offered */
#define MINIUPNPD "/usr/sbin/miniupnpd"

enum speaks { BY_PCP, BY_NATPMP, BY_UPNP };

struct cell {
	const char *name, *by; /* as status has it */
	bool upnp, pmp;
	bool no_pcp; /* what speaks PCP is dropped on its way: an older router */
	bool no_tcp; /* the viewer's NAT lets TCP out to the servers alone */
	bool inner;  /* the router has no address of the internet: nothing is offered */
};

static const struct cell cells[] = {
	{ .name = "PCP", .by = "pcp", .upnp = true, .pmp = true },
	{ .name = "NAT-PMP", .by = "nat-pmp", .pmp = true, .no_pcp = true },
	{ .name = "UPnP", .by = "upnp", .upnp = true },
	{ .name = "PCP, by UDP", .by = "pcp", .pmp = true, .no_tcp = true },
	{ .name = "UPnP, by UDP", .by = "upnp", .upnp = true, .no_tcp = true },
	{ .name = "UPnP, behind another NAT", .by = "", .upnp = true, .inner = true },
};

static char dir[256], key[64], id[64], password[64], control[320], state[300];
static struct test_proc rendezvous, relay, host, router;

/* Two symmetric NATs; the host's lets in what a router of ours maps. */
static void build(bool inner)
{
	town_build();
	town_house("server", SERVER "/24");
	if (inner) {
		town_nat("outer", "11.9.0.11/24", 3, TOWN_SYMMETRIC, true);
		town_nat_behind("hostnat", "outer", 3, 2, 1, TOWN_SYMMETRIC);
	} else {
		town_nat("hostnat", "11.9.0.11/24", 1, TOWN_SYMMETRIC, true);
	}
	town_house_behind("host", "hostnat", 1, 2);
	town_nat("viewnat", "11.9.0.12/24", 2, TOWN_SYMMETRIC, true);
	town_house_behind("viewer", "viewnat", 2, 2);
	/* mapped connections are translated, and nothing else is let in */
	town_run("hostnat", "nft insert rule ip t thru iifname wan ct status dnat accept");
}

/* The daemon's tables as its own scripts make them, and its configuration. */
static void start_router(const struct cell *c)
{
	char conf[300], pid[300], text[1200];
	const char *argv[] = { MINIUPNPD, "-d", "-f", conf, "-P", pid, NULL };
	FILE *f;

	snprintf(conf, sizeof(conf), "%s/miniupnpd.conf", dir);
	snprintf(pid, sizeof(pid), "%s/miniupnpd.pid", dir);
	f = fopen(conf, "w");
	ck_assert_ptr_nonnull(f);
	fprintf(f,
			"ext_ifname=wan\nlistening_ip=lan\nenable_upnp=%s\nenable_natpmp=%s\n"
			"secure_mode=yes\nsystem_uptime=yes\nuuid=6f1e2c3a-0000-4000-8000-0123456789ab\n"
			"upnp_table_name=mini\nupnp_nat_table_name=mini\nupnp_forward_chain=miniupnpd\n"
			"upnp_nat_chain=prerouting_miniupnpd\n"
			"upnp_nat_postrouting_chain=postrouting_miniupnpd\n"
			"allow 1024-65535 192.168.1.0/24 1024-65535\ndeny 0-65535 0.0.0.0/0 0-65535\n",
			c->upnp ? "yes" : "no", c->pmp ? "yes" : "no");
	fclose(f);
	snprintf(text, sizeof(text),
			"printf 'table inet mini {\\n"
			"chain miniupnpd {\\n}\\n"
			"chain prerouting_miniupnpd {\\n}\\n"
			"chain postrouting_miniupnpd {\\n}\\n"
			"chain pre {\\n type nat hook prerouting priority -100; policy accept;\\n"
			"iifname \"wan\" jump prerouting_miniupnpd\\n}\\n"
			"chain forward {\\n type filter hook forward priority -5; policy accept;\\n"
			"jump miniupnpd\\n}\\n"
			"}\\n' | nft -f -");
	town_run("hostnat", "%s", text);
	if (c->no_pcp) /* a first byte of 2: version 2 */
		town_run("hostnat",
				"nft insert rule ip t inp iifname lan udp dport 5351 @th,64,8 2 drop");
	town_start("hostnat", &router, argv);
	test_proc_must_expect(&router, c->upnp ? "listening on" : "Listening for", START_MS);
}

static void start_servers(void)
{
	char rdv_state[300], rdv_control[320], relay_control[320];
	const char *rdv[] = { test_bin("server-rendezvous/hawser-rendezvous"), "--state-dir",
		rdv_state, "--control", rdv_control, "--store", "memory", "--relay-servers", SERVER,
		NULL };
	const char *ask_key[] = { rdv[0], "key", "--state-dir", rdv_state, NULL };
	const char *rly[] = { test_bin("server-relay/hawser-relay"), "--open", "--control",
		relay_control, "--runtime-dir", dir, NULL };

	snprintf(rdv_state, sizeof(rdv_state), "%s/rendezvous", dir);
	snprintf(rdv_control, sizeof(rdv_control), "%s/rendezvous.sock", dir);
	snprintf(relay_control, sizeof(relay_control), "%s/relay.sock", dir);
	town_start("server", &relay, rly);
	test_proc_must_expect(&relay, "listening", START_MS);
	town_start("server", &rendezvous, rdv);
	test_proc_must_expect(&rendezvous, "listening", START_MS);
	test_first_line(ask_key, key, sizeof(key));
}

static void start_host(const char *must)
{
	const char *argv[] = { test_bin("client/host/hawser-host"), "run", "--backend",
		"headless:320x240@10", "--state-dir", state, "--control-socket", control,
		"--server", SERVER, "--key", key, "--map-ports", "--log-level", "debug", NULL };
	const char *ask_id[] = { argv[0], "id", "--state-dir", state, "--control-socket", control,
		NULL };

	snprintf(state, sizeof(state), "%s/host", dir);
	snprintf(control, sizeof(control), "%s/host.sock", dir);
	town_start("host", &host, argv);
	test_proc_must_expect(&host, "nat.probed", START_MS);
	host.scanned = 0;
	test_proc_must_expect(&host, "server.registered", START_MS);
	host.scanned = 0;
	test_proc_must_expect(&host, must, START_MS);
	test_first_line(ask_id, id, sizeof(id));
}

static bool status_says(const char *want, char **ret)
{
	const char *argv[] = { test_bin("client/host/hawser-host"), "status", "--state-dir", state,
		"--control-socket", control, NULL };

	return test_run(argv, NULL, ret) == 0 && strstr(*ret, want);
}

struct viewer {
	char png[300], config[300], home[300], secret[100];
	const char *env[3], *argv[40];
};

/* A screenshot, or with `stays` until it is ended. */
static void name_viewer(struct viewer *v, bool stays)
{
	const char *ask[] = { test_bin("client/host/hawser-host"), "password", "--state-dir", state,
		"--control-socket", control, NULL };
	const char *argv[] = { test_bin("client/cli/hawser"), "connect", id, "--headless",
		"--stats", "--why", "--config", v->config, "--server", SERVER, "--key", key,
		"--no-retry", stays ? NULL : "--screenshot", v->png, NULL };

	/* nobody else reads what it says, and a full pipe would hold it up */
	(void)test_proc_expect(&host, "\001", 10);
	test_first_line(ask, password, sizeof(password)); /* another one after each session */
	snprintf(v->png, sizeof(v->png), "%s/shot.png", dir);
	snprintf(v->config, sizeof(v->config), "%s/viewer.conf", dir);
	snprintf(v->home, sizeof(v->home), "HOME=%s", dir);
	snprintf(v->secret, sizeof(v->secret), "HAWSER_PASSWORD=%s", password);
	v->env[0] = v->home;
	v->env[1] = v->secret;
	v->env[2] = NULL;
	town_argv("viewer", argv, v->argv, HWS_COUNT(v->argv));
}

/* Connects once; the output is the caller's. */
static bool connect_once(const char *want, char **ret_out)
{
	struct viewer v;

	name_viewer(&v, false);
	return test_run(v.argv, v.env, ret_out) == 0 && strstr(*ret_out, want);
}

static void setup(void)
{
	test_dir(dir, sizeof(dir));
}

static void teardown(void)
{
	test_proc_stop(&host);
	test_proc_stop(&router);
	test_proc_stop(&relay);
	test_proc_stop(&rendezvous);
	town_clear();
}

static bool rules_are_left(void)
{
	const char *argv[] = { "/bin/sh", "-c", "nft list table inet mini | grep -q dnat", NULL };
	const char *full[12];
	char *out = NULL;
	int r;

	town_argv("hostnat", argv, full, 12);
	r = test_run(full, NULL, &out);
	free(out);
	return r == 0;
}

/* On a busy machine the relay may be there a moment before: a session that stays goes over. */
static void come_over(const struct cell *c, const char *want)
{
	struct test_proc viewer;
	struct viewer v;

	name_viewer(&v, true);
	test_proc_start(&viewer, v.argv, v.env);
	ck_assert_msg(test_proc_expect(&viewer, want, START_MS), "%s: %s\nhost:\n%s", c->name,
			test_log_end(viewer.log, 1500), test_log_end(host.log, 1500));
	test_proc_stop(&viewer);
}

static void meet(const struct cell *c, const char *path)
{
	char want[60], *out = NULL;
	bool direct = strcmp(path, "relay") != 0;

	snprintf(want, sizeof(want), "why path=%s reason=%s", path, direct ? "direct " : "");
	if (!connect_once(want, &out))
		come_over(c, want);
	ck_assert(direct || !strstr(out, "mapped"));
	free(out);
}

static void meet_by_port(const struct cell *c)
{
	char by[60], *out = NULL;
	uint64_t end;

	snprintf(by, sizeof(by), "port.mapped protocol=tcp by=%s", c->by);
	host.scanned = 0;
	test_proc_must_expect(&host, by, START_MS);
	snprintf(by, sizeof(by), "port.mapped protocol=udp by=%s", c->by);
	host.scanned = 0;
	test_proc_must_expect(&host, by, START_MS);
	ck_assert_msg(status_says("mapped:    11.9.0.11:", &out) && strstr(out, ", UDP 11.9.0.11:"),
			"%s", out);
	free(out);
	meet(c, "mapped");
	host.scanned = 0;
	test_proc_must_expect(&host, "via=mapped", START_MS);
	/* and it is given back at the end */
	ck_assert(rules_are_left());
	ck_assert_int_eq(test_proc_stop(&host), 0);
	end = test_now_ms() + START_MS;
	while (rules_are_left())
		ck_assert_msg(test_now_ms() < end, "%s: not given back", c->name);
}

static void meet_without(const struct cell *c)
{
	char *out = NULL;

	ck_assert_msg(status_says("it is behind another NAT", &out), "%s\n%s", out,
			test_log_end(host.log, 1500));
	free(out);
	meet(c, "relay");
}

START_TEST(a_mapped_port_is_the_way_between_two_symmetric_nats)
{
	const struct cell *c = &cells[_i];

	build(c->inner);
	if (c->no_tcp)
		town_run("viewnat",
				"nft insert rule ip t thru oifname wan ip protocol tcp "
				"ip daddr != " SERVER " drop");
	start_router(c);
	start_servers();
	start_host(c->inner ? "port.not_mapped" : "port.mapped");
	if (c->inner)
		meet_without(c);
	else
		meet_by_port(c);
}
END_TEST

int main(int argc, char *argv[])
{
	const char *why = access(MINIUPNPD, X_OK) == 0 ? town_enter(argc, argv)
						       : "there is no " MINIUPNPD;
	Suite *s;
	TCase *t;

	if (!why)
		why = town_no_nft();
	if (why) {
		fprintf(stderr,
				"SKIPPED: no network namespaces with nftables or no miniupnpd here, so no "
				"mapped port was tested: %s\n",
				why);
		return TEST_SKIPPED;
	}
	s = suite_create("ports");
	t = test_case(s, "ports", 240, TESTS_NONE);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_mapped_port_is_the_way_between_two_symmetric_nats, 0,
			(int)(sizeof(cells) / sizeof(cells[0])));
	return test_suite_run(s);
}
