/* hawser-admin doctor on a machine with an ID server and a relay: whether the two belong together,
 * and what it says while one of them has just been started. */
#include "shared/crypto/crypto.h"
#include "tests/component/relay/actors.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OTHER "OeVuKk5nlHiXp+APNn0Y3pC1Iwpwn44JGqrQCsWqmBw="

static struct server srv;
static struct relay relay;

static void set_up(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&srv, 0, sizeof(srv));
	memset(&relay, 0, sizeof(relay));
}

static void tear_down(void)
{
	relay_stop(&relay);
	server_stop(&srv);
	unsetenv("HAWSER_CONTAINER");
}

/* Of both by their sockets; the output is the caller's. */
static char *doctor(int status)
{
	char state[400], runtime[400], config[400];
	const char *argv[] = { test_bin("admin/hawser-admin"), "doctor", NULL };
	const char *env[] = { state, runtime, config, "HAWSER_API_RUNTIME_DIR=/nonexistent", NULL };
	char *out = NULL;
	int got;

	snprintf(state, sizeof(state), "HAWSER_RENDEZVOUS_STATE_DIR=%s", srv.dir);
	snprintf(runtime, sizeof(runtime), "HAWSER_RELAY_RUNTIME_DIR=%s", relay.dir);
	snprintf(config, sizeof(config), "XDG_CONFIG_HOME=%s", srv.dir);
	got = test_run(argv, env, &out);
	ck_assert_msg(got == status, "%d: %s", got, out);
	return out;
}

static void says(const char *out, const char *text, bool it_does)
{
	ck_assert_msg((strstr(out, text) != NULL) == it_does, "'%s': %s", text, out);
}

START_TEST(a_relay_with_the_key_of_another_server_is_bad)
{
	const char *extra[] = { "--key", OTHER, NULL };
	char *out;

	server_start(&srv, NULL);
	relay_start(&relay, extra);
	out = doctor(1);
	says(out, "bad   key of the relay", true);
	says(out, OTHER, true);
	says(out, srv.key, true);
	says(out, "set key in relay.conf", true);
	free(out);
}
END_TEST

START_TEST(a_relay_with_the_key_among_others_is_good)
{
	char keys[200];
	const char *extra[] = { "--key", keys, NULL };
	char *out;

	server_start(&srv, NULL);
	snprintf(keys, sizeof(keys), OTHER ",%s", srv.key);
	relay_start(&relay, extra);
	out = doctor(0);
	says(out, "good  key of the relay", true);
	says(out, OTHER, false);
	free(out);
}
END_TEST

START_TEST(of_a_relay_for_everybody_nothing_is_said)
{
	char *out;

	server_start(&srv, NULL);
	relay_start(&relay, NULL);
	out = doctor(0);
	says(out, "key of the relay", false);
	free(out);
}
END_TEST

/* The state of what was found about relays, as soon as one was tried. */
static bool relay_was_tried(void *arg)
{
	json_t *answer = server_ask(&srv, "doctor", NULL, NULL), *one;
	char *state = arg;
	size_t i;

	state[0] = 0;
	json_array_foreach (json_object_get(answer, "checks"), i, one) {
		if (strcmp(json_string_value(json_object_get(one, "what")), "relay") == 0 &&
				!strstr(json_string_value(json_object_get(one, "text")),
						"not been tried"))
			snprintf(state, 8, "%s", json_string_value(json_object_get(one, "state")));
	}
	json_decref(answer);
	return state[0] != 0;
}

static bool it_is_bad(void *arg)
{
	return relay_was_tried(arg) && strcmp(arg, "bad") == 0;
}

/* It takes connections and pairs nobody: as one that joins announced pairs only does until its link
 * to the server stands. No refusal for good, until it lasts. */
START_TEST(a_relay_that_has_yet_to_find_its_server_is_not_called_bad)
{
	char name[40], state[8];
	const char *extra[] = { "--relay-servers", name, NULL };
	int fd = own_port(true, name, sizeof(name));

	ck_assert_int_ge(fd, 0);
	server_start(&srv, extra);
	relay_start(&relay, NULL);
	ck_assert(test_until(relay_was_tried, state, WAIT_MS));
	ck_assert_str_eq(state, "look");
	ck_assert(test_until(it_is_bad, state, WAIT_MS));
	close(fd);
}
END_TEST

START_TEST(in_a_container_the_advice_is_for_containers)
{
	const char *extra[] = { "--max-links", "1000000", NULL };
	char *out;

	setenv("HAWSER_CONTAINER", "1", 1);
	server_start(&srv, extra);
	relay_start(&relay, NULL);
	out = doctor(0);
	if (strstr(out, "descriptors")) /* elsewhere a million is not much */
		says(out, "ulimits: nofile", true);
	says(out, "LimitNOFILE", false);
	says(out, "timedatectl", false);
	free(out);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("servers/together");
	TCase *t = test_case(s, "doctor", 150,
			TESTS(a_relay_with_the_key_of_another_server_is_bad,
					a_relay_with_the_key_among_others_is_good,
					of_a_relay_for_everybody_nothing_is_said,
					a_relay_that_has_yet_to_find_its_server_is_not_called_bad,
					in_a_container_the_advice_is_for_containers));

	tcase_add_checked_fixture(t, set_up, tear_down);
	return test_suite_run(s);
}
