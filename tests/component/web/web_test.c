/* Networks that let only the web through, as far as one machine can be such a network: the ports
 * that the ends are told are closed, and the WebSocket ports that belong to them are open. Real
 * programs find that out by themselves. */
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIES 5

static struct test_proc rendezvous, relay, host;
static char dir[256], key[80], id[64];
static uint16_t named, named_relay; /* what the ends are told: closed, but two above is the web */

static void first_line(const char *const argv[], char *buf, size_t size)
{
	char *out = NULL;

	ck_assert_msg(test_run(argv, NULL, &out) == 0, "%s", out);
	snprintf(buf, size, "%.*s", (int)strcspn(out, "\r\n"), out);
	free(out);
}

/* `open`: the server's own port is the one that is named. */
static void start_servers(bool open)
{
	char state[300], run[300], port[8], ws[8], relay_port[8], relay_ws[8], list[40];
	const char *rdv[] = { test_bin("server-rendezvous/hawser-rendezvous"), "--state-dir", state,
		"--store", "memory", "--port", port, "--ws-port", ws, "--relay-servers", list,
		"--relay-check", "connect", NULL };
	const char *ask_key[] = { rdv[0], "key", "--state-dir", state, NULL };
	const char *rly[] = { test_bin("server-relay/hawser-relay"), "--open", "--runtime-dir", run,
		"--port", relay_port, "--ws-port", relay_ws, NULL };
	uint16_t ports = test_free_ports(12);

	test_dir(dir, sizeof(dir));
	named = (uint16_t)(ports + 1);
	named_relay = (uint16_t)(ports + 5);
	snprintf(state, sizeof(state), "%s/rdv", dir);
	snprintf(run, sizeof(run), "%s/rly", dir);
	snprintf(port, sizeof(port), "%u", open ? named : ports + 9u);
	snprintf(ws, sizeof(ws), "%u", named + 2u);
	snprintf(list, sizeof(list), "127.0.0.1:%u", named_relay);
	snprintf(relay_port, sizeof(relay_port), "%u", ports + 11u);
	snprintf(relay_ws, sizeof(relay_ws), "%u", named_relay + 2u);
	test_proc_start(&relay, rly, NULL);
	test_proc_must_expect(&relay, "listening", TEST_PATIENCE_MS);
	test_proc_start(&rendezvous, rdv, NULL);
	test_proc_must_expect(&rendezvous, "listening", TEST_PATIENCE_MS);
	first_line(ask_key, key, sizeof(key));
}

static void host_words(const char *verb, char *buf, size_t size)
{
	char state[300];
	const char *argv[] = { test_bin("client/host/hawser-host"), verb, "--state-dir", state,
		NULL };

	snprintf(state, sizeof(state), "%s/host", dir);
	first_line(argv, buf, size);
}

static void start_host(const char *want)
{
	char state[300], server[40];
	const char *argv[] = { test_bin("client/host/hawser-host"), "run", "--backend",
		"headless:320x240@10", "--state-dir", state, "--server", server, "--key", key,
		"--lan-port", "0", NULL };

	snprintf(state, sizeof(state), "%s/host", dir);
	snprintf(server, sizeof(server), "127.0.0.1:%u", named);
	test_proc_start(&host, argv, NULL);
	test_proc_must_expect(&host, want, TEST_PATIENCE_MS);
	host_words("id", id, sizeof(id));
}

/* True when the session went as it should. */
static bool connects(const char *want, char **ret_out)
{
	char config[300], home[300], secret[120], password[80], server[40], png[300];
	const char *argv[] = { test_bin("client/cli/hawser"), "connect", id, "--headless",
		"--screenshot", png, "--why", "--no-retry", "--relay", "--config", config,
		"--server", server, "--key", key, NULL };
	const char *env[] = { home, secret, NULL };

	host_words("password", password, sizeof(password));
	snprintf(png, sizeof(png), "%s/shot.png", dir);
	snprintf(config, sizeof(config), "%s/hawser.conf", dir);
	snprintf(home, sizeof(home), "HOME=%s", dir);
	snprintf(secret, sizeof(secret), "HAWSER_PASSWORD=%s", password);
	snprintf(server, sizeof(server), "127.0.0.1:%u", named);
	return test_run(argv, env, ret_out) == 0 && strstr(*ret_out, want);
}

static void must_connect(const char *want)
{
	char *out = NULL;

	/* on a busy machine a leg may come too late for the other one */
	for (int tries = 1; !connects(want, &out); tries++) {
		ck_assert_msg(tries < TRIES, "no '%s':\n%s\nhost:\n%s", want, out, host.log);
		free(out);
	}
	free(out);
}

static void tear_down(void)
{
	test_proc_stop(&host);
	test_proc_stop(&rendezvous);
	test_proc_stop(&relay);
}

/* The server's ports are open, the relay's is not: both ends come to it by the web. */
START_TEST(a_relay_that_is_closed_alone_is_met_by_the_web)
{
	start_servers(true);
	start_host("server.registered");
	must_connect("why path=relay-ws");
}
END_TEST

/* Nothing but the web: the host registers by it, and the viewer asks by it. */
START_TEST(a_host_registers_where_only_the_web_is_open)
{
	start_servers(false);
	start_host("by=ws ");
	must_connect("why path=relay-ws reason=viewer-network");
}
END_TEST

int main(void)
{
	return test_main("component/web", 120, NULL, tear_down,
			TESTS(a_relay_that_is_closed_alone_is_met_by_the_web,
					a_host_registers_where_only_the_web_is_open));
}
