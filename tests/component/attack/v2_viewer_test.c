/* The real viewer program against who stands on the way or in the host's place: it meets the
 * host once, and then somebody at the same address who would have it talk in plain, by the
 * deployed scheme, with another key, or without knowing the password. What it prints, how it
 * ends, and that none of them hears a password. */
#include "shared/crypto/crypto.h"
#include "tests/component/viewer/fake_host.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INSECURE 5
#define USAGE 2

static char dir[200], config[300], *out;

/* `hawser ...` with the settings of this test; what it wrote is in `out`. */
static int hawser(const char *const *args)
{
	const char *argv[20] = { test_bin("client/cli/hawser") };
	const char *env[] = { config, "HAWSER_PASSWORD=secret", NULL };
	size_t n = 1;

	while (*args && n < 19)
		argv[n++] = *args++;
	free(out);
	out = NULL;
	return test_run(argv, env, &out);
}
#define HAWSER(...) hawser((const char *const[]){ __VA_ARGS__, NULL })

static int look(const char *target, const char *more)
{
	return HAWSER("connect", target, "--headless", "--no-retry", "--after", "0", "--screenshot",
			"/dev/null", "--stats", more);
}

static void meet(struct fake_host *h, char target[200], bool by_id)
{
	test_dir(dir, sizeof(dir));
	snprintf(config, sizeof(config), "XDG_CONFIG_HOME=%s", dir);
	fake_host_start(h, &(struct fake_conf){ .password = "secret", .v2 = true, .by_id = by_id });
	if (by_id)
		snprintf(target, 200, "123456789@127.0.0.1:%u?key=%s", h->rendezvous_port, h->key);
	else
		snprintf(target, 200, "127.0.0.1:%u", h->port);
	ck_assert_msg(look(target, NULL) == 0, "%s", out);
	ck_assert_msg(strstr(out,
				      by_id ? "encryption=v2 trust=server"
					    : "encryption=v2 trust=first-contact") != NULL,
			"%s", out);
	ck_assert_int_eq(strstr(out, "Its fingerprint is ") != NULL, !by_id);
	ck_assert_int_eq(look(target, NULL), 0);
	ck_assert_msg(strstr(out, by_id ? "trust=server" : "trust=pinned") != NULL, "%s", out);
}

/* 0: plain by address, 1: the deployed scheme by ID, 2 and 3: another key */
START_TEST(somebody_else_at_the_same_place_is_refused)
{
	struct fake_host h;
	char target[200], name[200];

	meet(&h, target, _i % 2 != 0);
	if (_i < 2)
		h.conf.v2 = false;
	else
		hws_identity_generate(false, &h.identity);
	ck_assert_msg(look(target, "--accept-insecure") == INSECURE, "%s", out);
	ck_assert_msg(strstr(out, "hawser peers forget ") != NULL, "%s", out);
	ck_assert(!h.password_heard);
	/* What is remembered can be looked at, and taken back. */
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(target, "?"), target);
	ck_assert_int_eq(HAWSER("peers"), 0);
	ck_assert_msg(strncmp(out, name, strlen(name)) == 0 && strstr(out, "\tv2\t"), "%s", out);
	ck_assert_int_eq(HAWSER("peers", "forget", name), 0);
	ck_assert_int_eq(HAWSER("peers", "forget", name), USAGE);
	ck_assert_msg(look(target, "--accept-insecure") == 0, "%s", out);
	ck_assert_msg(strstr(out,
				      _i == 0                   ? "encryption=none trust=none"
						      : _i == 1 ? "encryption=v1 trust=server"
						      : _i == 2
						      ? "encryption=v2 trust=first-contact"
						      : "encryption=v2 trust=server") != NULL,
			"%s", out);
	/* The deployed scheme is called what it is. */
	ck_assert_int_eq(strstr(out, "a relay operator can attack it") != NULL, _i == 1);
	fake_host_stop(&h);
}
END_TEST

/* The server was given for these sessions only: the way out must name it. */
START_TEST(a_host_at_another_server_can_be_forgotten)
{
	struct fake_host h;
	char target[200], server[40], want[100];

	meet(&h, target, true);
	h.conf.v2 = false;
	snprintf(server, sizeof(server), "127.0.0.1:%u", h.rendezvous_port);
	snprintf(want, sizeof(want), "(hawser peers forget 123456789@%s,", server);
	ck_assert_int_eq(HAWSER("connect", "123456789", "--server", server, "--key", h.key,
					 "--headless", "--no-retry", "--stats"),
			INSECURE);
	ck_assert_msg(strstr(out, want) != NULL, "%s", out);
	snprintf(want, sizeof(want), "123456789@%s", server);
	ck_assert_int_eq(HAWSER("peers", "forget", want), 0);
	ck_assert_msg(look(target, NULL) == 0, "%s", out);
	fake_host_stop(&h);
}
END_TEST

START_TEST(who_does_not_know_the_password_gets_no_session)
{
	struct fake_host h;
	char target[200];

	meet(&h, target, false);
	hws_identity_generate(false, &h.identity);
	h.conf.knows_nothing = true;
	ck_assert_int_eq(HAWSER("peers", "forget", target), 0);
	ck_assert_msg(look(target, NULL) == INSECURE, "%s", out);
	ck_assert_msg(strstr(out, "does not know the password") != NULL, "%s", out);
	ck_assert_int_eq(HAWSER("peers"), 0);
	ck_assert_str_eq(out, ""); /* and is not remembered */
	fake_host_stop(&h);
}
END_TEST

START_TEST(require_v2_refuses_deployed_hosts)
{
	struct fake_host h;
	char target[200];

	test_dir(dir, sizeof(dir));
	snprintf(config, sizeof(config), "XDG_CONFIG_HOME=%s", dir);
	fake_host_start(&h, &(struct fake_conf){ .password = "secret", .by_id = true });
	snprintf(target, sizeof(target), "123456789@127.0.0.1:%u?key=%s", h.rendezvous_port, h.key);
	ck_assert_msg(look(target, NULL) == 0, "%s", out);
	ck_assert_msg(strstr(out, "encryption=v1 ") != NULL, "%s", out);
	ck_assert(h.password_heard);
	h.password_heard = false;
	ck_assert_msg(look(target, "--require-v2") == INSECURE, "%s", out);
	ck_assert_msg(strstr(out, "require-v2 is on") != NULL, "%s", out);
	ck_assert_int_eq(HAWSER("config", "set", "require-v2", "yes"), 0);
	ck_assert_msg(look(target, NULL) == INSECURE, "%s", out);
	ck_assert(!h.password_heard);
	ck_assert_int_eq(HAWSER("connect", target, "--headless", "--require-v2",
					 "--accept-insecure"),
			USAGE);
	ck_assert_int_eq(HAWSER("viewer-key"), 0);
	ck_assert_uint_eq(strcspn(out, "\n"), 44);
	ck_assert_int_eq(HAWSER("viewer-key", "fingerprint"), 0);
	ck_assert_uint_eq(strcspn(out, "\n"), 16 * 5 - 1);
	ck_assert_int_eq(HAWSER("viewer-key", "fingerprnt"), USAGE);
	fake_host_stop(&h);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("attack/v2-viewer");
	TCase *t = test_case(s, "all", 120,
			TESTS(a_host_at_another_server_can_be_forgotten,
					who_does_not_know_the_password_gets_no_session,
					require_v2_refuses_deployed_hosts));

	if (hws_crypto_init() < 0)
		return 1;
	tcase_add_loop_test(t, somebody_else_at_the_same_place_is_refused, 0, 4);
	return test_suite_run(s);
}
