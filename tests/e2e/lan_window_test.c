/* "In this network": a host that answers is in the window with what it proved, is connected to with
 * the key that it proved, and can be woken when it is gone. */
#include "tests/e2e/eyes.h"
#include "tests/support/suite.h"
#include "tests/support/wire.h"
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct test_stack stack;
static struct test_desk desk;

static void stop_all(void)
{
	test_desk_stop(&desk);
	test_stack_stop(&stack);
}

/* "123 456 789" */
static void group(const char *id, char *buf)
{
	size_t len = strlen(id);

	for (size_t i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*buf++ = ' ';
		*buf++ = id[i];
	}
	*buf = 0;
}

START_TEST(computers_of_the_network_are_shown_and_can_be_woken)
{
	char grouped[64], title[64], wake[64], host[65] = "", row[140];
	uint8_t packet[200];
	char *all;
	int fd;

	if (!test_wire_enter()) {
		test_skip("no network namespace can be made here (%s)", strerror(errno));
		return;
	}
	setenv("HAWSER_HOST_LAN_PORT", "21119", 1); /* this network is ours */
	if (!test_stack_start(&stack, 0))
		return;
	test_desk_start(&desk, &stack, DESK_EYES | DESK_MANAGER);
	test_eyes_open(&desk);
	test_desk_run(&desk, (const char *const[]){ NULL });
	test_desk_window(&desk, "Hawser");
	ck_assert(test_eyes_wait(NULL, "In this network"));
	group(stack.id, grouped);
	if (!test_eyes_wait("label", grouped) ||
			!test_eyes_wait("label", "key proved · " TEST_WIRE_ADDRESS)) {
		all = test_eyes_all(&(unsigned){ 0 });
		ck_abort_msg("%s is not shown: %s%s", grouped, all, desk.program.log);
	}
	/* to it, with the key that it proved: no first contact that somebody has to look at */
	ck_assert_int_eq(gethostname(host, sizeof(host) - 1), 0);
	snprintf(row, sizeof(row), "%s %s", grouped, strcmp(host, "localhost") ? host : "unknown");
	test_eyes_tab_to(&desk, row);
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "Return"), 0);
	snprintf(title, sizeof(title), TEST_WIRE_ADDRESS ":%u", stack.direct_port);
	ck_assert(test_eyes_wait("push button", "Log in"));
	test_desk_window(&desk, title);
	ck_assert(!test_eyes_see(NULL, "Key of the host"));
	/* gone: known by its hardware */
	fd = test_wire_listen(9);
	ck_assert_int_eq(test_proc_stop(&stack.host), 0);
	ck_assert_int_eq(TEST_DESK_DO(&desk, "search", "--name", "^Hawser$", "windowactivate"), 0);
	ck_assert(test_eyes_wait(NULL, "does not answer"));
	snprintf(wake, sizeof(wake), "Wake %s", stack.id);
	ck_assert(test_eyes_describes("Wake", wake));
	test_eyes_tab_to(&desk, "Wake");
	ck_assert_int_eq(TEST_DESK_DO(&desk, "key", "space"), 0);
	ck_assert_int_eq(recv(fd, packet, sizeof(packet), 0), 102);
	close(fd);
	ck_assert(test_eyes_wait("label",
			"The packet that wakes it was sent. Nobody answers that: it shows here in a minute "
			"whether it wakes."));
}
END_TEST

int main(void)
{
	return test_main("e2e/lan-window", 280, NULL, stop_all,
			TESTS(computers_of_the_network_are_shown_and_can_be_woken));
}
