/* What one datagram from the address of a host's server may bring about. Deployed servers cannot
 * prove theirs, so a host has to obey such datagrams: it must not believe them, and they must not
 * cost it much. */
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "tests/component/attack/spoofer.h"
#include "tests/component/host/host.h"
#include "tests/support/suite.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY "K5c1iPcBQZTNkbnRzSbGsBOd3mNAQnbPVPvqYLYFp1k="
/* What unproven pushes may make a host do at once, and in each second after that, with room for a
 * machine that measures time badly. */
#define AT_ONCE 80u
#define A_SECOND 10u

static struct spoofer spoofer;
static struct test_host host;

static void setup(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&host, 0, sizeof(host));
	memset(&spoofer, 0, sizeof(spoofer));
	spoofer_start(&spoofer, 0);
}

static void teardown(void)
{
	host_stop(&host);
	spoofer_stop(&spoofer);
}

static void start(const char *name, const char *value)
{
	char server[32];
	const char *extra[] = { "--server", server, "--key", KEY, "--whitelist", "192.0.2.0/24",
		"--max-connections", "1000", "--max-per-address", "1000", name, value, NULL };

	snprintf(server, sizeof(server), "127.0.0.1:%u", spoofer.port);
	host_start(&host, extra);
	spoofer_wait_for_host(&spoofer, TEST_PATIENCE_MS);
	spoofer_serve(&spoofer, 50);
	test_proc_must_expect(&host.proc, "server.registered", 10000);
}

/* Serves until the host has said it. */
static void must_say(const char *text)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	while (!test_proc_expect(&host.proc, text, 10)) {
		ck_assert_msg(test_now_ms() < end, "never said %s:\n%s", text, host.proc.log);
		spoofer_serve(&spoofer, 20);
	}
}

START_TEST(an_address_that_a_datagram_tells_is_on_no_whitelist)
{
	start(NULL, NULL);
	spoofer_push_relay(&spoofer, "192.0.2.5:40000", "");
	must_say("connection.refused");
	must_say("trust-server-addresses");
}
END_TEST

START_TEST(the_operator_may_believe_the_server)
{
	start("--trust-server-addresses", NULL);
	spoofer_push_relay(&spoofer, "192.0.2.5:40000", "");
	for (uint64_t end = test_now_ms() + TEST_PATIENCE_MS; !spoofer.relay_came;) {
		ck_assert_uint_lt(test_now_ms(), end);
		spoofer_serve(&spoofer, 20);
	}
	ck_assert_ptr_null(strstr(host.proc.log, "connection.refused"));
	spoofer_push_relay(&spoofer, "198.51.100.5:40000", "");
	must_say("not in 'whitelist'");
}
END_TEST

START_TEST(a_flood_of_pushes_sends_no_flood_of_gates)
{
	uint64_t from;
	unsigned seconds;
	char viewer[32];

	start("--trust-server-addresses", NULL);
	from = test_now_ms();
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(viewer, sizeof(viewer), "192.0.2.%u:%u", i % 256, 2000 + i);
		spoofer_push_relay(&spoofer, viewer, "");
		if (i % 4 == 0)
			spoofer_serve(&spoofer, 2);
	}
	spoofer_serve(&spoofer, 1000);
	seconds = (unsigned)((test_now_ms() - from) / 1000) + 1;
	ck_assert_uint_gt(spoofer.relay_came, 0);
	ck_assert_msg(spoofer.relay_came <= AT_ONCE + seconds * A_SECOND,
			"%u gates went to a relay in %u s", spoofer.relay_came, seconds);
	must_say("server.push_dropped");
}
END_TEST

START_TEST(relays_that_nobody_here_named_can_be_shunned)
{
	unsigned before;
	char relay[32];

	start("--only-known-relays", NULL);
	before = spoofer.server_came;
	snprintf(relay, sizeof(relay), "127.0.0.2:%u", spoofer.relay_port);
	spoofer_push_relay(&spoofer, "192.0.2.5:40000", relay);
	must_say("only-known-relays");
	ck_assert_uint_eq(spoofer.server_came, before);
	/* beside the server, where its own relay is */
	spoofer_push_relay(&spoofer, "192.0.2.6:40000", "");
	must_say("connection.refused");
}
END_TEST

int main(void)
{
	return test_main("push_attack", 300, setup, teardown,
			TESTS(an_address_that_a_datagram_tells_is_on_no_whitelist,
					the_operator_may_believe_the_server,
					a_flood_of_pushes_sends_no_flood_of_gates,
					relays_that_nobody_here_named_can_be_shunned));
}
