/* hawser-admin doctor: says that a server is well when it is, and names what is not, with what to
 * do. */
#include "shared/crypto/crypto.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/support/port.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct server srv;

static void set_up(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&srv, 0, sizeof(srv));
}

static void tear_down(void)
{
	server_stop(&srv);
}

/* Its exit status; the output is valid until the next call. */
static int doctor(const char **ret)
{
	static char *out;
	const char *argv[] = { test_bin("admin/hawser-admin"), "--socket", srv.control, "doctor",
		NULL };
	int status;

	free(out);
	out = NULL;
	status = test_run(argv, NULL, &out);
	*ret = out;
	return status;
}

static void says(const char *out, const char *text)
{
	ck_assert_msg(strstr(out, text) != NULL, "no '%s' in: %s", text, out);
}

static bool state_is(const json_t *checks, const char *what, const char *state)
{
	json_t *one;
	size_t i;

	json_array_foreach (checks, i, one) {
		const char *w = json_string_value(json_object_get(one, "what"));
		const char *s = json_string_value(json_object_get(one, "state"));

		if (w && s && strcmp(w, what) == 0 && strcmp(s, state) == 0)
			return true;
	}
	return false;
}

START_TEST(a_server_that_serves_is_well)
{
	char udp[20], nat[20], tcp[20], ws[20];
	const char *out;

	server_start(&srv, NULL);
	ck_assert_msg(doctor(&out) == 0, "%s", out);
	snprintf(udp, sizeof(udp), "good  UDP %u ", srv.port);
	snprintf(nat, sizeof(nat), "good  UDP %u ", srv.nat);
	snprintf(tcp, sizeof(tcp), "good  TCP %u ", srv.port);
	snprintf(ws, sizeof(ws), "good  TCP %u ", srv.ws);
	says(out, udp);
	says(out, nat);
	says(out, tcp);
	says(out, ws);
	says(out, srv.key);
	says(out, " time ");
	says(out, "nothing is kept"); /* the memory store of the tests */
	says(out, "none is named");
	ck_assert_ptr_null(strstr(out, "bad "));
}
END_TEST

static bool relay_tried(void *arg)
{
	json_t *ans = server_ask(arg, "doctor", NULL, NULL);
	bool is = state_is(json_object_get(ans, "checks"), "relay", "bad") &&
			state_is(json_object_get(ans, "checks"), "relay", "good");

	json_decref(ans);
	return is;
}

START_TEST(what_is_bad_is_named_with_the_remedy)
{
	char list[120], up[40], down[40];
	const char *extra[] = { "--relay-servers", list, "--relay-check", "connect", "--open",
		"--no-encrypt", NULL };
	const char *out;

	int a = own_port(true, up, sizeof(up)), b = own_port(false, down, sizeof(down));

	snprintf(list, sizeof(list), "%s,%s", up, down);
	server_start(&srv, extra);
	ck_assert(test_until(relay_tried, &srv, WAIT_MS));
	ck_assert_msg(doctor(&out) == 1, "%s", out);
	says(out, "does hawser-relay run there");
	says(out, "callers need no key");
	says(out, "are not encrypted");
	close(a);
	close(b);
}
END_TEST

/* Another program has the second port: everything else works, and the server says so. */
START_TEST(a_port_that_is_taken_is_named)
{
	struct sockaddr_in own = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char port[10];
	const char *extra[] = { "--port", port, NULL };
	uint16_t first = test_free_ports(4);
	const char *out;
	struct device d;

	own.sin_port = htons(first);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
	snprintf(port, sizeof(port), "%u", first + 1u);
	server_start(&srv, extra);
	ck_assert_msg(doctor(&out) == 0, "%s", out);
	says(out, "the second UDP port cannot be had");
	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	device_done(&d);
	close(fd);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rendezvous/doctor");
	TCase *t = test_case(s, "doctor", 90,
			TESTS(a_server_that_serves_is_well, what_is_bad_is_named_with_the_remedy,
					a_port_that_is_taken_is_named));

	tcase_add_checked_fixture(t, set_up, tear_down);
	return test_suite_run(s);
}
