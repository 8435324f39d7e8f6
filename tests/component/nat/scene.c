/* The street's addresses: the server at 10.9.0.1 (and 2001:db8:9::1), the host or its box at
 * 10.9.0.11, the viewer or its box at 10.9.0.12; second addresses are ten more. */
#include "tests/component/nat/scene.h"
#include "tests/component/nat/town.h"
#include "tests/support/network.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define START_MS TEST_PATIENCE_MS
#define ARGS 40
#define SERVER_NAME "server.test"

/* One of the two ends. */
struct end {
	const char *name, *box, *outer, *guard; /* of the house and of what may be before it */
	const char *address, *second, *ipv6;
	unsigned lan;
	enum cell_place place;
	unsigned traits;
};

static char dir[256], key[64], id[64];
static struct test_proc rendezvous, relay, host;
static const struct cell *now;
static const char *tls_cert, *tls_key;

/* --- the town --------------------------------------------------------------------------------- */

static const struct nat_box_conf kinds[] = {
	[CELL_GUARDED] = { .firewall = true, .filtering = NAT_ADDRESS_PORT },
	[CELL_FULL_CONE] = { .keep_port = true },
	[CELL_RESTRICTED] = { .filtering = NAT_ADDRESS },
	[CELL_PORT_RESTRICTED] = { .keep_port = true, .filtering = NAT_ADDRESS_PORT },
	[CELL_SYMMETRIC] = { .mapping = NAT_ADDRESS_PORT, .filtering = NAT_ADDRESS_PORT },
};

static void put_behind(const struct end *e, const char *box)
{
	struct nat_box_conf conf =
			kinds[e->place <= CELL_SYMMETRIC ? e->place : CELL_PORT_RESTRICTED];
	char ip[40];

	snprintf(ip, sizeof(ip), "%.*s", (int)strcspn(e->address, "/"), e->address);
	conf.hairpin = e->traits & CELL_HAIRPIN;
	if (e->place == CELL_TWO_ADDRESSES)
		conf.udp_address = e->second;
	town_box(box, ip, &conf);
}

/* A box of ours behind another one. */
static void put_double(const struct end *e, enum cell_place outer)
{
	struct end far = *e;
	char inner[40];

	far.place = outer;
	put_behind(&far, e->outer);
	snprintf(inner, sizeof(inner), "100.64.0.%u", e->lan);
	town_box_behind(e->box, e->outer, inner, &kinds[CELL_RESTRICTED]);
	town_house_behind(e->name, e->box, e->lan, 2);
}

/* Homes whose boxes are in the network of the carrier's, which keeps them apart. */
static void put_at_carrier(const struct end *e)
{
	struct nat_box_conf conf = kinds[CELL_FULL_CONE];
	char inner[40];

	conf.hairpin = e->traits & CELL_HAIRPIN;
	if (strcmp(e->name, "host") == 0)
		town_box("carrier", "10.9.0.10", &conf);
	snprintf(inner, sizeof(inner), "100.64.0.%u", e->lan);
	town_box_behind(e->box, "carrier", inner, &kinds[CELL_PORT_RESTRICTED]);
	town_edge(e->box)->apart = true;
	town_house_behind(e->name, e->box, e->lan, 2);
}

static void put_house(const struct end *e)
{
	const enum town_nat kind = e->place == CELL_KERNEL_CONE ? TOWN_CONE : TOWN_SYMMETRIC;

	switch (e->place) {
	case CELL_PUBLIC:
		town_house(e->name, e->address);
		break;
	case CELL_GUARDED:
		put_behind(e, e->box);
		town_house_guarded(e->name, e->box, e->address);
		break;
	case CELL_KERNEL_CONE:
	case CELL_KERNEL_SYMMETRIC:
		town_nat(e->box, e->address, e->lan, kind, !(e->traits & CELL_NO_UDP));
		town_house_behind(e->name, e->box, e->lan, 2);
		break;
	case CELL_DOUBLE:
		put_double(e, CELL_PORT_RESTRICTED);
		break;
	case CELL_DOUBLE_SYMMETRIC:
		put_double(e, CELL_SYMMETRIC);
		break;
	case CELL_NEIGHBOUR:
		town_house_behind(e->name, "hostbox", 1, 3);
		break;
	case CELL_APART: /* another network of the same box */
		town_house_behind(e->name, "hostbox", e->lan, 2);
		town_edge("host")->apart = town_edge(e->name)->apart = true;
		break;
	case CELL_CARRIER:
		put_at_carrier(e);
		break;
	case CELL_IPV6:
		town_house(e->name, e->ipv6);
		break;
	default:
		put_behind(e, e->box);
		town_house_behind(e->name, e->box, e->lan, 2);
	}
}

static void put_ipv6(const struct end *e)
{
	char ip[60];

	if (!(e->traits & CELL_GUARDED_IPV6)) {
		town_ipv6(e->name, e->ipv6);
		return;
	}
	snprintf(ip, sizeof(ip), "%.*s", (int)strcspn(e->ipv6, "/"), e->ipv6);
	town_box(e->guard, ip, &kinds[CELL_GUARDED]);
	town_ipv6_behind(e->name, e->guard, e->ipv6);
}

static void mark_line(const struct end *e)
{
	const bool boxed = e->place != CELL_PUBLIC && e->place != CELL_IPV6;
	struct street_edge *edge;

	if (e->place == CELL_NEIGHBOUR || e->place == CELL_APART || e->place == CELL_CARRIER)
		return;
	edge = town_edge(!boxed                                               ? e->name
					: e->outer && e->place == CELL_DOUBLE ? e->outer
									      : e->box);
	if (e->traits & CELL_NO_UDP)
		edge->no_udp = true;
	if (e->traits & CELL_TCP_TO_SERVER)
		edge->tcp_to = inet_addr("10.9.0.1");
	if (e->traits & CELL_ONLY_WEB) {
		edge->no_udp = true;
		edge->tcp_ports[0] = 21118;
		edge->tcp_ports[1] = 21119;
	}
	if (e->traits & CELL_ONLY_443) {
		edge->no_udp = true;
		edge->tcp_ports[0] = 443;
	}
	if (e->traits & CELL_NARROW)
		edge->line.mtu = 1280;
	edge->silent_mtu = e->traits & CELL_NARROW_SILENT;
	if (e->traits & CELL_BAD_LINE) {
		edge->line.delay_us = 20000;
		edge->line.jitter_us = 4000;
		edge->line.loss = 30;
		edge->line.duplicate = 20;
	}
}

static void build(const struct cell *c)
{
	const struct end ends[2] = {
		{ "host", "hostbox", "hostouter", "hostguard", "10.9.0.11/24", "10.9.0.21",
				"2001:db8:9::11/64", 1, c->host, c->host_traits },
		{ "viewer", "viewbox", "viewouter", "viewguard", "10.9.0.12/24", "10.9.0.22",
				"2001:db8:9::12/64", 2, c->viewer, c->viewer_traits },
	};

	town_build();
	town_house("server", "10.9.0.1/24");
	if (c->host == CELL_IPV6 || c->viewer == CELL_IPV6)
		town_ipv6("server", "2001:db8:9::1/64");
	for (int i = 0; i < 2; i++) {
		put_house(&ends[i]);
		if (ends[i].traits & CELL_HAS_IPV6)
			put_ipv6(&ends[i]);
		mark_line(&ends[i]);
	}
}

/* --- programs --------------------------------------------------------------------------------- */

/* What that end calls the server. */
static const char *server_of(enum cell_place place)
{
	if (now->by_name)
		return SERVER_NAME;
	return place == CELL_IPV6 ? "[2001:db8:9::1]" : "10.9.0.1";
}

static void start_servers(void)
{
	const char *server = server_of(now->host);
	char state[300], control[320], relay_control[320];
	const char *rdv[] = { test_bin("server-rendezvous/hawser-rendezvous"), "--state-dir", state,
		"--control", control, "--store", "memory", "--relay-servers", server,
		tls_cert ? "--tls-cert" : NULL, tls_cert, "--tls-key", tls_key, NULL };
	const char *ask_key[] = { rdv[0], "key", "--state-dir", state, NULL };
	const char *rly[] = { test_bin("server-relay/hawser-relay"), "--open", "--control",
		relay_control, "--runtime-dir", dir, NULL };

	snprintf(state, sizeof(state), "%s/rendezvous", dir);
	snprintf(control, sizeof(control), "%s/rendezvous.sock", dir);
	snprintf(relay_control, sizeof(relay_control), "%s/relay.sock", dir);
	/* first: a relay that is not there is not handed out, and looked for again only after a
	 * while */
	town_start("server", &relay, rly);
	test_proc_must_expect(&relay, "listening", START_MS);
	town_start("server", &rendezvous, rdv);
	test_proc_must_expect(&rendezvous, "listening", START_MS);
	test_first_line(ask_key, key, sizeof(key));
}

static void start_host(void)
{
	char state[300], control[320];
	const char *argv[] = { test_bin("client/host/hawser-host"), "run", "--backend",
		"headless:320x240@10", "--state-dir", state, "--control-socket", control,
		"--server", server_of(now->host), "--key", key, "--files-roots", dir,
		geteuid() == 0 ? "--service-user" : NULL, "root", NULL };
	const char *ask_id[] = { argv[0], "id", "--state-dir", state, "--control-socket", control,
		NULL };

	snprintf(state, sizeof(state), "%s/host", dir);
	snprintf(control, sizeof(control), "%s/host.sock", dir);
	town_start("host", &host, argv);
	/* the kind of NAT decides how a viewer is answered, so it must be known; both orders
	 * happen */
	if (!(now->host_traits & (CELL_ONLY_WEB | CELL_ONLY_443))) {
		test_proc_must_expect(&host, "nat.probed", START_MS);
		host.scanned = 0;
	}
	test_proc_must_expect(&host, "server.registered", START_MS);
	test_first_line(ask_id, id, sizeof(id));
}

void scene_use_tls(const char *cert, const char *key_file)
{
	tls_cert = cert;
	tls_key = key_file;
	ck_assert_int_eq(setenv("SSL_CERT_FILE", cert, 1), 0);
}

/* For this process and those it starts. False: mounts of this machine cannot be told apart. */
static bool name_server(void)
{
	char hosts[300];

	if (unshare(CLONE_NEWNS) < 0 || !test_mount_unseen())
		return false;
	test_write_file("10.9.0.1 " SERVER_NAME "\n2001:db8:9::1 " SERVER_NAME "\n", "%s/hosts",
			dir);
	snprintf(hosts, sizeof(hosts), "%s/hosts", dir);
	return mount(hosts, "/etc/hosts", NULL, MS_BIND, NULL) == 0;
}

bool scene_open(const struct cell *c)
{
	now = c;
	test_dir(dir, sizeof(dir));
	if (c->by_name && !name_server()) {
		test_skip("%s: no file /etc/hosts of our own here", c->name);
		return false;
	}
	build(c);
	start_servers();
	start_host();
	return true;
}

void scene_close(void)
{
	test_proc_stop(&host);
	/* it would wait for those whose lines were cut, who never say goodbye */
	test_proc_signal(&relay, SIGKILL);
	test_proc_stop(&relay);
	test_proc_stop(&rendezvous);
	town_clear();
}

const char *scene_folder(void)
{
	return dir;
}

const char *scene_host_log(void)
{
	(void)test_proc_expect(&host, "\001", 10); /* never comes, but reads what is there */
	return host.log;
}

const char *scene_end(const char *log)
{
	return test_log_end(log, 1500);
}

/* --- viewers ---------------------------------------------------------------------------------- */

struct viewer {
	char config[300], home[300], secret[100];
	const char *env[3], *argv[ARGS];
};

/* `hawser args[0] ID ... args[1] ...` in the viewer's house. */
static void name_viewer(struct viewer *v, const char *shell, const char *const args[])
{
	char state[300], control[320], password[64];
	const char *ask[] = { test_bin("client/host/hawser-host"), "password", "--state-dir", state,
		"--control-socket", control, NULL };
	const char *argv[ARGS];
	size_t n = 0;

	/* another one after each session */
	snprintf(state, sizeof(state), "%s/host", dir);
	snprintf(control, sizeof(control), "%s/host.sock", dir);
	test_first_line(ask, password, sizeof(password));
	snprintf(v->config, sizeof(v->config), "%s/viewer.conf", dir);
	snprintf(v->home, sizeof(v->home), "HOME=%s", dir);
	snprintf(v->secret, sizeof(v->secret), "HAWSER_PASSWORD=%s", password);
	v->env[0] = v->home;
	v->env[1] = v->secret;
	v->env[2] = NULL;
	if (shell) {
		argv[n++] = "/bin/sh";
		argv[n++] = "-c";
		argv[n++] = shell;
		argv[n++] = "sh";
	}
	argv[n++] = test_bin("client/cli/hawser");
	argv[n++] = args[0];
	argv[n++] = id;
	argv[n++] = "--config";
	argv[n++] = v->config;
	argv[n++] = "--server";
	argv[n++] = server_of(now->viewer);
	argv[n++] = "--key";
	argv[n++] = key;
	for (size_t i = 1; args[i]; i++) {
		ck_assert_uint_lt(n + 1, ARGS);
		argv[n++] = args[i];
	}
	argv[n] = NULL;
	town_argv("viewer", argv, v->argv, ARGS);
}

void scene_hawser(struct test_proc *ret, const char *shell, const char *const args[])
{
	struct viewer v;

	name_viewer(&v, shell, args);
	test_proc_start(ret, v.argv, v.env);
}

int scene_connect(char **ret_out)
{
	char png[300];
	const char *args[] = { "connect", "--headless", "--stats", "--why", "--no-retry",
		"--screenshot", png, now->viewer_traits & CELL_RELAY_ONLY ? "--relay" : NULL,
		NULL };
	struct viewer v;

	(void)scene_host_log(); /* a full pipe would hold it up */
	snprintf(png, sizeof(png), "%s/shot.png", dir);
	unlink(png);
	name_viewer(&v, NULL, args);
	return test_run(v.argv, v.env, ret_out);
}

void scene_stay(struct test_proc *ret)
{
	static const char *const args[] = { "connect", "--headless", "--stats", "--why",
		"--timeout", "60", NULL };

	scene_hawser(ret, NULL, args);
}

bool scene_is_as_told(const char *out, const char *why)
{
	char paths[80], line[140], *rest = NULL;

	snprintf(paths, sizeof(paths), "%s", now->paths);
	for (const char *p = strtok_r(paths, "|", &rest); p; p = strtok_r(NULL, "|", &rest)) {
		char met[60];

		snprintf(met, sizeof(met), "path=%s encrypted=yes", p);
		snprintf(line, sizeof(line), "why path=%s reason=%s ", p, why ? why : "direct");
		if (strstr(out, met) && strstr(out, line))
			return true;
	}
	return false;
}
