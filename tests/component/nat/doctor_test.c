/* `hawser doctor` behind real NATs and firewalls: what it says is what stands there. */
#include "tests/component/nat/town.h"
#include "tests/support/findings.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGS 40
#define SERVER "10.9.0.1"

static char dir[256], key[80];
static struct test_proc rendezvous, relay;

/* A network, and what has to be said of it. */
static const struct network {
	const char *name;
	struct nat_box_conf box;
	bool no_udp, only_web, narrow, no_relay;
	int status;
	struct {
		const char *what, *state, *text;
	} says[5];
} networks[] = {
	{ "full cone", { .keep_port = true },
			.says = { { "UDP 21116", "good", "answers" },
					{ "NAT", "good", "endpoint independent" },
					{ "filter", "good", "from other ports" },
					{ "packets", "good", "1500" },
					{ "relay", "good", "relays" } } },
	{ "port restricted", { .keep_port = true, .filtering = NAT_ADDRESS_PORT },
			.says = { { "NAT", "good", "endpoint independent" },
					{ "filter", "good", "port restricted" } } },
	{ "symmetric", { .mapping = NAT_ADDRESS_PORT, .filtering = NAT_ADDRESS_PORT },
			.says = { { "NAT", "look", "symmetric: another public port for each port" },
					{ "UDP 21116", "good", "answers" } } },
	{ "two addresses", { .keep_port = true, .udp_address = "10.9.0.22" },
			.says = { { "public address", "look",
					"TCP leaves by 10.9.0.12, UDP by 10.9.0.22" } } },
	{ "no UDP", { .keep_port = true }, .no_udp = true,
			.says = { { "UDP 21116", "look", "UDP is blocked here" },
					{ "NAT", "good", "as far as TCP tells" },
					{ "relay", "good", "relays" } } },
	{ "only the web", { .keep_port = true }, .only_web = true,
			.says = { { "TCP 21116", "look", "by the web" },
					{ "relay", "look", "by the web" },
					{ "TCP 21118", "good", "server and relay" } } },
	{ "a tunnel", { .keep_port = true }, .narrow = true,
			.says = { { "packets", "good", "1280" } } },
	{ "no relay", { .keep_port = true }, .no_relay = true, .status = 1,
			.says = { { "relay", "bad", "refused" }, { "TCP 21116", "good", "" } } },
};

static void start_in(const char *house, struct test_proc *p, const char *const argv[])
{
	town_start(house, p, argv);
	test_proc_must_expect(p, "listening", TEST_PATIENCE_MS);
}

static void start_servers(bool with_relay)
{
	char state[300], *out = NULL;
	const char *rdv[] = { test_bin("server-rendezvous/hawser-rendezvous"), "--state-dir", state,
		"--store", "memory", NULL };
	const char *ask_key[] = { rdv[0], "key", "--state-dir", state, NULL };
	const char *rly[] = { test_bin("server-relay/hawser-relay"), "--open", "--runtime-dir", dir,
		NULL };

	snprintf(state, sizeof(state), "%s/rdv", dir);
	if (with_relay)
		start_in("server", &relay, rly);
	start_in("server", &rendezvous, rdv);
	ck_assert_int_eq(test_run(ask_key, NULL, &out), 0);
	snprintf(key, sizeof(key), "%.*s", (int)strcspn(out, "\r\n"), out);
	free(out);
}

static void build(const struct network *n)
{
	struct street_edge *edge;

	town_build();
	town_house("server", SERVER "/24");
	town_box("viewbox", "10.9.0.12", &n->box);
	town_house_behind("viewer", "viewbox", 2, 2);
	edge = town_edge("viewbox");
	edge->no_udp = n->no_udp || n->only_web;
	if (n->only_web) {
		edge->tcp_ports[0] = 21118;
		edge->tcp_ports[1] = 21119;
	}
	if (n->narrow)
		edge->line.mtu = 1280;
}

/* The findings; the status in *ret. */
static json_t *examine(int *ret, char **ret_out)
{
	char config[300], home[300];
	const char *argv[] = { test_bin("client/cli/hawser"), "doctor", "--config", config,
		"--server", SERVER, "--key", key, "--json", NULL };
	const char *env[] = { home, NULL }, *full[ARGS];
	json_t *o;

	snprintf(config, sizeof(config), "%s/viewer.conf", dir);
	snprintf(home, sizeof(home), "HOME=%s", dir);
	town_argv("viewer", argv, full, ARGS);
	*ret = test_run(full, env, ret_out);
	o = json_loads(*ret_out, 0, NULL);
	ck_assert_msg(o != NULL, "no JSON: %s", *ret_out);
	return o;
}

static bool is_said(const json_t *o, const char *what, const char *state, const char *text)
{
	const json_t *checks = json_object_get(o, "checks");
	const char *s = test_finding(checks, what, "state");

	return s && !strcmp(s, state) && strstr(test_finding(checks, what, "text"), text);
}

static const char *missing(const struct network *n, const json_t *o, int status)
{
	if (status != n->status)
		return "the status";
	for (size_t i = 0; i < sizeof(n->says) / sizeof(*n->says) && n->says[i].what; i++)
		if (!is_said(o, n->says[i].what, n->says[i].state, n->says[i].text))
			return n->says[i].what;
	return NULL;
}

START_TEST(a_network_is_told_as_it_is)
{
	const struct network *n = &networks[_i];
	const char *wrong;

	build(n);
	start_servers(!n->no_relay);
	for (int tries = 1;; tries++) { /* on a busy machine an answer may come too late */
		char *out = NULL;
		int status;
		json_t *o = examine(&status, &out);

		wrong = missing(n, o, status);
		json_decref(o);
		ck_assert_msg(!wrong || tries < 4, "%s: %s is not as it should be: %s", n->name,
				wrong, out);
		free(out);
		if (!wrong)
			break;
	}
}
END_TEST

static void set_up(void)
{
	test_dir(dir, sizeof(dir));
}

static void tear_down(void)
{
	test_proc_stop(&relay);
	test_proc_stop(&rendezvous);
	town_clear();
}

int main(int argc, char *argv[])
{
	const char *why = town_enter(argc, argv);
	Suite *s;
	TCase *t;

	if (why) {
		fprintf(stderr, "SKIPPED: no network namespaces here, so no NAT was examined: %s\n",
				why);
		return TEST_SKIPPED;
	}
	s = suite_create("nat/doctor");
	t = test_case(s, "networks", 120, TESTS_NONE);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, a_network_is_told_as_it_is, 0,
			(int)(sizeof(networks) / sizeof(*networks)));
	return test_suite_run(s);
}
