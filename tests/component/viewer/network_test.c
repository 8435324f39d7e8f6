/* This machine's network changes under a session with a host that knows nothing of that: the link
 * is given up at once, not after half a minute, and what waits to connect again need not wait. */
#include "tests/component/viewer/fake_host.h"
#include "tests/component/viewer/told.h"
#include "tests/support/network.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdlib.h>

/* In the network that belongs to the test. */
static bool ip(const char *line)
{
	const char *argv[] = { "/bin/sh", "-c", line, NULL };
	char *out = NULL;
	bool done = test_run(argv, NULL, &out) == 0;

	if (!done)
		test_skip("no address can be changed here: %s", out);
	free(out);
	return done;
}

START_TEST(a_link_from_an_address_that_is_gone_is_made_anew)
{
	struct fake_host h;
	struct told t;

	if (!test_network_is_own()) {
		test_skip("the network is the machine's");
		return;
	}
	if (!ip("ip addr add 10.7.7.7/32 dev lo && ip addr del 10.7.7.7/32 dev lo"))
		return;
	fake_host_start(&h,
			&(struct fake_conf){ .password = "secret",
					.width = 64,
					.height = 48,
					.frames = 1 });
	open_context(&t);
	open_session(&h, &t, "secret");
	until(&t, HAWSER_EVENT_FRAME, 1);
	/* another address comes: nothing to this link */
	ck_assert(ip("ip addr add 10.7.7.7/32 dev lo"));
	until(&t, HAWSER_EVENT_STATS, t.count[HAWSER_EVENT_STATS] + 2);
	ck_assert_uint_eq(fake_host_connections(&h), 1);
	/* its own goes; that loopback addresses do is not told, so another one has to */
	ck_assert(ip("ip addr del 127.0.0.1/8 dev lo; ip addr del 10.7.7.7/32 dev lo"));
	while (t.retries == 0)
		until(&t, HAWSER_EVENT_STATE, t.count[HAWSER_EVENT_STATE] + 1);
	ck_assert(ip("ip addr add 127.0.0.1/8 dev lo; ip addr add 10.7.7.8/32 dev lo"));
	until(&t, HAWSER_EVENT_READY, 2);
	ck_assert_uint_eq(fake_host_connections(&h), 2);
	close_all(&h, &t);
}
END_TEST

int main(void)
{
	return test_main("viewer/network", 60, NULL, NULL,
			TESTS(a_link_from_an_address_that_is_gone_is_made_anew));
}
