/* How host and viewer find each other through real NATs: our own programs in a small internet of
 * namespaces. */
#include "tests/component/nat/town.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIES 3
#define START_MS TEST_PATIENCE_MS

struct scene {
	const char *name;
	bool host_nat, viewer_nat, one_nat;
	enum town_nat host_kind, viewer_kind;
	bool no_udp;   /* the host's NAT lets none out */
	bool no_tcp;   /* nor TCP but to the server */
	bool only_web; /* the viewer's NAT lets only WebSockets out */
	bool ipv6;     /* both have the internet's, too; the server has not */
	bool v6, relay_only;
	const char *path;    /* how they must meet, or */
	const char *or_path; /* so; NULL: no other */
	const char *why;     /* and why not directly; NULL: they do */
	const char *later;   /* what is said once the viewer knows its NAT; NULL: not tried */
};

static const struct scene scenes[] = {
	{ .name = "both public", .path = "punched", .or_path = "udp" },
	{ .name = "both public, IPv6", .v6 = true, .path = "punched", .or_path = "udp" },
	{ .name = "behind one NAT", .one_nat = true, .path = "lan" },
	{ .name = "two cone NATs",
			.host_nat = true,
			.viewer_nat = true,
			.path = "punched",
			.or_path = "udp" },
	{ .name = "host behind a cone NAT", .host_nat = true, .path = "punched", .or_path = "udp" },
	{ .name = "viewer behind a symmetric NAT, host public",
			.viewer_nat = true,
			.viewer_kind = TOWN_SYMMETRIC,
			.path = "punched",
			.or_path = "udp" },
	{ .name = "host behind a symmetric NAT",
			.host_nat = true,
			.viewer_nat = true,
			.host_kind = TOWN_SYMMETRIC,
			.path = "relay",
			.why = "symmetric-host" },
	{ .name = "viewer behind a symmetric NAT",
			.host_nat = true,
			.viewer_nat = true,
			.viewer_kind = TOWN_SYMMETRIC,
			.path = "relay",
			.why = "silent",
			.later = "symmetric-viewer" },
	{ .name = "two symmetric NATs",
			.host_nat = true,
			.viewer_nat = true,
			.host_kind = TOWN_SYMMETRIC,
			.viewer_kind = TOWN_SYMMETRIC,
			.path = "relay",
			.why = "symmetric-host",
			.later = "symmetric-both" },
	{ .name = "two cone NATs, the viewer wants the relay",
			.host_nat = true,
			.viewer_nat = true,
			.relay_only = true,
			.path = "relay",
			.why = "viewer-policy" },
	{ .name = "no UDP at the host",
			.host_nat = true,
			.viewer_nat = true,
			.no_udp = true,
			.path = "punched" },
	{ .name = "two cone NATs, TCP to the server only",
			.host_nat = true,
			.viewer_nat = true,
			.no_tcp = true,
			.path = "udp" },
	{ .name = "only the web is open to the viewer",
			.viewer_nat = true,
			.only_web = true,
			.path = "relay-ws",
			.why = "viewer-network" },
	{ .name = "two symmetric NATs, and IPv6",
			.host_nat = true,
			.viewer_nat = true,
			.host_kind = TOWN_SYMMETRIC,
			.viewer_kind = TOWN_SYMMETRIC,
			.ipv6 = true,
			.path = "ipv6" },
};

static char dir[256], key[64], id[64], password[64];
static struct test_proc rendezvous, relay, host;

static void build(const struct scene *sc)
{
	town_build();
	town_house("server", sc->v6 ? "fd00:9::1/64" : "10.9.0.1/24");
	if (sc->one_nat) {
		town_nat("nat", "10.9.0.10/24", 1, TOWN_CONE, true);
		town_house_behind("host", "nat", 1, 2);
		town_house_behind("viewer", "nat", 1, 3);
		return;
	}
	if (sc->host_nat) {
		town_nat("hostnat", "10.9.0.11/24", 1, sc->host_kind, !sc->no_udp);
		if (sc->no_tcp)
			town_no_tcp("hostnat");
		town_house_behind("host", "hostnat", 1, 2);
	} else {
		town_house("host", sc->v6 ? "fd00:9::21/64" : "10.9.0.21/24");
	}
	if (sc->viewer_nat) {
		town_nat("viewnat", "10.9.0.12/24", 2, sc->viewer_kind, true);
		if (sc->only_web)
			town_only_web("viewnat");
		town_house_behind("viewer", "viewnat", 2, 2);
	} else {
		town_house("viewer", sc->v6 ? "fd00:9::22/64" : "10.9.0.22/24");
	}
	if (sc->ipv6) {
		town_ipv6("host", "2001:db8:9::21/64");
		town_ipv6("viewer", "2001:db8:9::22/64");
	}
}

static void start_in(const char *house, struct test_proc *p, const char *const argv[])
{
	const char *full[40];

	town_argv(house, argv, full, 40);
	test_proc_start(p, full, NULL);
}

static void first_line(const char *const argv[], char *buf, size_t size)
{
	uint64_t end = test_now_ms() + START_MS;
	char *out = NULL;

	for (;;) {
		int r = test_run(argv, NULL, &out);

		if (r == 0 && strcspn(out, "\r\n") > 0)
			break;
		ck_assert_msg(test_now_ms() < end, "%s %s: %s", argv[0], argv[1], out);
		free(out);
	}
	snprintf(buf, size, "%.*s", (int)strcspn(out, "\r\n"), out);
	free(out);
}

static void start_servers(const char *server)
{
	char state[300], control[320], relay_control[320];
	const char *rdv[] = { test_bin("server-rendezvous/hawser-rendezvous"), "--state-dir", state,
		"--control", control, "--store", "memory", "--relay-servers", server, NULL };
	const char *ask_key[] = { rdv[0], "key", "--state-dir", state, NULL };
	const char *rly[] = { test_bin("server-relay/hawser-relay"), "--open", "--control",
		relay_control, "--runtime-dir", dir, NULL };

	snprintf(state, sizeof(state), "%s/rendezvous", dir);
	snprintf(control, sizeof(control), "%s/rendezvous.sock", dir);
	snprintf(relay_control, sizeof(relay_control), "%s/relay.sock", dir);
	/* first: a relay that is not there is not handed out, and looked for again only after a
	 * while */
	start_in("server", &relay, rly);
	test_proc_must_expect(&relay, "listening", START_MS);
	start_in("server", &rendezvous, rdv);
	test_proc_must_expect(&rendezvous, "listening", START_MS);
	first_line(ask_key, key, sizeof(key));
}

static void start_host(const char *server, bool udp)
{
	char state[300], control[320];
	const char *argv[] = { test_bin("client/host/hawser-host"), "run", "--backend",
		"headless:320x240@10", "--state-dir", state, "--control-socket", control,
		"--server", server, "--key", key, NULL };
	const char *ask_id[] = { argv[0], "id", "--state-dir", state, "--control-socket", control,
		NULL };

	snprintf(state, sizeof(state), "%s/host", dir);
	snprintf(control, sizeof(control), "%s/host.sock", dir);
	start_in("host", &host, argv);
	/* the kind of NAT decides how a viewer is answered, so it must be known; both orders
	 * happen */
	test_proc_must_expect(&host, "nat.probed", START_MS);
	host.scanned = 0;
	test_proc_must_expect(&host, "server.registered", udp ? START_MS : 60000);
	first_line(ask_id, id, sizeof(id));
}

/* Another one after each session. */
static void ask_password(void)
{
	char state[300], control[320];
	const char *argv[] = { test_bin("client/host/hawser-host"), "password", "--state-dir",
		state, "--control-socket", control, NULL };

	snprintf(state, sizeof(state), "%s/host", dir);
	snprintf(control, sizeof(control), "%s/host.sock", dir);
	first_line(argv, password, sizeof(password));
}

static void setup(void)
{
	test_dir(dir, sizeof(dir));
}

static void teardown(void)
{
	test_proc_stop(&host);
	test_proc_stop(&relay);
	test_proc_stop(&rendezvous);
	town_clear();
}

/* Connects once; true when both lines are said. The output is the caller's. */
static bool connect_once(
		const struct scene *sc, const char *why_word, char **ret_out, int *ret_status)
{
	const char *server = sc->v6 ? "[fd00:9::1]" : "10.9.0.1";
	char png[300], config[300], home[300], secret[100], want[40], why[60];
	const char *argv[] = { test_bin("client/cli/hawser"), "connect", id, "--headless",
		"--screenshot", png, "--stats", "--why", "--no-retry", "--config", config,
		"--server", server, "--key", key, sc->relay_only ? "--relay" : NULL, NULL };
	const char *env[] = { home, secret, NULL }, *full[40];

	ask_password();
	snprintf(png, sizeof(png), "%s/shot.png", dir);
	unlink(png);
	snprintf(config, sizeof(config), "%s/viewer.conf", dir);
	snprintf(home, sizeof(home), "HOME=%s", dir);
	snprintf(secret, sizeof(secret), "HAWSER_PASSWORD=%s", password);
	town_argv("viewer", argv, full, 40);
	*ret_status = test_run(full, env, ret_out);
	if (*ret_status != 0)
		return false;
	for (int i = 0; i < 2; i++) {
		const char *path = i && sc->or_path ? sc->or_path : sc->path;

		snprintf(want, sizeof(want), "path=%s encrypted=yes", path);
		snprintf(why, sizeof(why), "why path=%s reason=%s ", path, why_word);
		if (strstr(*ret_out, want) && strstr(*ret_out, why))
			return true;
	}
	return false;
}

START_TEST(they_meet)
{
	const struct scene *sc = &scenes[_i];
	uint64_t end = test_now_ms() + 60000;
	char *out = NULL;
	int r;

	build(sc);
	start_servers(sc->v6 ? "[fd00:9::1]" : "10.9.0.1");
	start_host(sc->v6 ? "[fd00:9::1]" : "10.9.0.1", !sc->no_udp);
	/* on a busy machine the relay may be there before a way that is as good as it should be */
	for (int tries = 1; !connect_once(sc, sc->why ? sc->why : "direct", &out, &r); tries++) {
		ck_assert_msg(tries < TRIES,
				"%s: status %d, wanted %s because %s, got\n%s\nhost:\n%s", sc->name,
				r, sc->path, sc->why, out, host.log);
		free(out);
	}
	free(out);
	/* the NAT is looked at beside a session, which may end before that does */
	while (sc->later && !connect_once(sc, sc->later, &out, &r)) {
		ck_assert_msg(test_now_ms() < end, "%s: never %s\n%s", sc->name, sc->later, out);
		free(out);
	}
	if (sc->later)
		free(out);
}
END_TEST

int main(int argc, char *argv[])
{
	const char *why = town_enter(argc, argv);
	Suite *s;
	TCase *t;

	if (why) {
		fprintf(stderr,
				"SKIPPED: no network namespaces with nftables here, so no NAT "
				"was tested: %s\n",
				why);
		return TEST_SKIPPED;
	}
	s = suite_create("nat");
	t = test_case(s, "nat", 120, TESTS_NONE);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, they_meet, 0, (int)(sizeof(scenes) / sizeof(scenes[0])));
	return test_suite_run(s);
}
