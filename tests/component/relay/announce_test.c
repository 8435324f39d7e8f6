/* The relay and a real rendezvous server: only agreed pairs are joined, whichever of the two
 * restarts. */
#include "shared/base/mem.h"
#include "shared/crypto/crypto.h"
#include "shared/daemon/control.h"
#include "tests/component/relay/actors.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/support/suite.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define M(x) RDV__RENDEZVOUS_MESSAGE__UNION_##x

static struct relay relay;
static struct server srv;
static char identity[400], relay_key[64], server_at[40], conf[400], own_name[40];

static void write_conf(const char *announce_to)
{
	FILE *f = fopen(conf, "we");

	ck_assert_ptr_nonnull(f);
	fprintf(f, "[relay]\nannounce-to = %s\nrelay-servers = %s\nrelay-check = connect\n",
			announce_to, own_name); /* pairs made for checking would be counted here */
	fclose(f);
}

static void setup(void)
{
	const char *extra[] = { "--config", conf, NULL };
	char *out = NULL;

	memset(&relay, 0, sizeof(relay));
	memset(&srv, 0, sizeof(srv));
	test_dir(relay.dir, sizeof(relay.dir));
	test_dir(srv.dir, sizeof(srv.dir));
	snprintf(identity, sizeof(identity), "%s/relay_ed25519", relay.dir);
	snprintf(conf, sizeof(conf), "%s/rendezvous.conf", srv.dir);
	snprintf(own_name, sizeof(own_name), "127.0.0.1:%u", test_free_port());
	const char *const argv[] = { test_bin("server-relay/hawser-relay"), "identity",
		"--identity", identity, NULL };

	ck_assert_int_eq(test_run(argv, NULL, &out), 0);
	/* the key is the last line */
	char *end = strrchr(out, '\n');

	ck_assert_ptr_nonnull(end);
	*end = 0;
	char *line = strrchr(out, '\n');

	snprintf(relay_key, sizeof(relay_key), "%s", line ? line + 1 : out);
	ck_assert_uint_eq(strlen(relay_key), 44);
	free(out);
	write_conf(relay_key);
	server_start(&srv, extra);
	snprintf(server_at, sizeof(server_at), "127.0.0.1:%u", srv.port);
}

static void cleanup(void)
{
	if (relay.proc.pid && !relay.proc.ended)
		kill(relay.proc.pid, SIGKILL);
	if (srv.proc.pid && !srv.proc.ended)
		kill(srv.proc.pid, SIGKILL);
}

static void start(const char *how)
{
	const char *port = strchr(own_name, ':') + 1;
	const char *extra[] = { "--announced", how, "--announcers", server_at, "--key", srv.key,
		"--identity", identity, "--first-frame-timeout", "4s", "--announce-grace", "0",
		"--port", port, "--ws-port", "0", "--public-name", own_name, NULL };

	relay_start(&relay, extra);
}

static void restart_server(void)
{
	char port[8];
	const char *extra[] = { "--config", conf, "--port", port, NULL };

	snprintf(port, sizeof(port), "%u", srv.port);
	server_start(&srv, extra);
}

/* A session agreed through the server: the viewer asks, the device decides for the relay. */
static void agree(const char *uuid)
{
	struct device d;
	message *push, *m;
	int fd;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	fd = tcp_open(9, srv.port);
	viewer_ask(fd, &srv, d.id, RDV__NAT_TYPE__SYMMETRIC, true, 0);
	push = device_pushed(&d, M(PUNCH_HOLE));
	ck_assert_ptr_nonnull(push);
	device_answer_relay(&d, 1,
			hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			d.id, uuid);
	m = viewer_answer(fd, M(RELAY_RESPONSE), LIMIT_MS);
	ck_assert_ptr_nonnull(m);
	hws_rdv_free(m);
	hws_rdv_free(push);
	close(fd);
	device_done(&d);
}

static void join(struct leg *l, const char *uuid)
{
	leg_open(l, &relay, false, 1);
	leg_request(l, uuid, srv.key);
}

static void pair_works(const char *uuid)
{
	struct leg l[2];

	join(&l[0], uuid);
	join(&l[1], uuid);
	pair_check(l);
	pair_close(l);
	relay_await_exactly(&relay, NULL, "pairs", 0);
}

static void pair_is_refused(void)
{
	const char *uuid = new_uuid();
	json_int_t before = relay_stat(&relay, "refused", "unannounced");
	struct leg l[2];

	join(&l[0], uuid);
	join(&l[1], uuid);
	ck_assert(leg_ends(&l[0], LIMIT_MS));
	ck_assert(leg_ends(&l[1], LIMIT_MS));
	relay_await_exactly(&relay, "refused", "unannounced", before + 2);
	pair_close(l);
}

static bool distances_arrived(void *arg)
{
	(void)arg;
	return server_counter(&srv, "relay_distances") >= 2; /* both legs of a pair */
}

START_TEST(only_announced_pairs_are_joined)
{
	const char *uuid = new_uuid(), *early = new_uuid();
	struct leg l[2];

	start("required");
	relay_await_exactly(&relay, NULL, "announcers", 1);
	agree(uuid);
	relay_await_exactly(&relay, NULL, "announced", 1);
	pair_works(uuid);
	relay_await_exactly(&relay, NULL, "announced", 0); /* good for one pair */
	pair_is_refused();
	/* a leg may be faster than the word about it */
	join(&l[0], early);
	relay_await_exactly(&relay, NULL, "unannounced", 1);
	agree(early);
	relay_await_exactly(&relay, NULL, "waiting", 1);
	join(&l[1], early);
	pair_check(l);
	pair_close(l);
	relay_await_exactly(&relay, NULL, "unannounced", 0);
	ck_assert(test_until(distances_arrived, NULL, TEST_PATIENCE_MS));
	relay_stop(&relay);
	server_stop(&srv);
}
END_TEST

START_TEST(the_link_survives_restarts_of_both)
{
	char uuid[3][40];

	for (int i = 0; i < 3; i++)
		snprintf(uuid[i], sizeof(uuid[i]), "%s", new_uuid());
	start("required");
	relay_await_exactly(&relay, NULL, "announcers", 1);
	agree(uuid[0]);
	relay_await_exactly(&relay, NULL, "announced", 1);
	server_kill(&srv);
	relay_await_exactly(&relay, NULL, "announcers", 0);
	pair_works(uuid[0]); /* what was agreed stays agreed */
	restart_server();
	relay_await_exactly(&relay, NULL, "announcers", 1);
	agree(uuid[1]);
	relay_await_exactly(&relay, NULL, "announced", 1);
	/* the relay that comes back hears of what it missed */
	relay_kill(&relay);
	agree(uuid[2]);
	start("required");
	relay_await_exactly(&relay, NULL, "announced", 2);
	pair_works(uuid[1]);
	pair_works(uuid[2]);
	pair_is_refused();
	relay_stop(&relay);
	server_stop(&srv);
}
END_TEST

START_TEST(only_by_configuration_the_key_is_enough)
{
	start("optional");
	relay_await_exactly(&relay, NULL, "announcers", 1);
	pair_is_refused();
	server_kill(&srv);
	relay_await_exactly(&relay, NULL, "announcers", 0);
	pair_works(new_uuid());
	relay_stop(&relay);
	start("required");
	pair_is_refused();
	relay_stop(&relay);
}
END_TEST

START_TEST(a_relay_that_is_not_listed_hears_nothing)
{
	const char *uuid = new_uuid();

	write_conf("");
	test_proc_signal(&srv.proc, SIGHUP);
	start("required");
	ck_assert(test_proc_expect(&relay.proc, "announcer.down", LIMIT_MS));
	agree(uuid);
	pair_is_refused();
	ck_assert_int_eq(relay_stat(&relay, NULL, "announced"), 0);
	/* and when it is listed, it comes in by itself */
	write_conf(relay_key);
	test_proc_signal(&srv.proc, SIGHUP);
	for (int i = 0; i < 3 && !relay_stat(&relay, NULL, "announcers"); i++)
		ck_assert(test_proc_expect(&relay.proc, "announcer.up", LIMIT_MS));
	/* until it is revoked */
	write_conf("");
	test_proc_signal(&srv.proc, SIGHUP);
	ck_assert(test_proc_expect(&relay.proc, "announcer.down", 30000));
	relay_await_exactly(&relay, NULL, "announcers", 0);
	relay_stop(&relay);
	server_stop(&srv);
}
END_TEST

START_TEST(another_server_is_not_believed)
{
	struct server other = { 0 };
	const char *extra[] = { "--announce-to", relay_key, NULL };

	server_start(&other, extra); /* a key of its own */
	snprintf(server_at, sizeof(server_at), "127.0.0.1:%u", other.port);
	start("required");
	ck_assert(test_proc_expect(&relay.proc, "another key", LIMIT_MS));
	ck_assert_int_eq(relay_stat(&relay, NULL, "announcers"), 0);
	relay_stop(&relay);
	server_stop(&other);
	server_stop(&srv);
}
END_TEST

static bool is_leaving(void *arg)
{
	json_t *ans = server_ask(&srv, "relays", NULL, NULL);
	json_t *r = json_array_get(json_object_get(ans, "relays"), 0);
	bool yes = json_is_true(json_object_get(r, "leaving"));

	(void)arg;
	json_decref(ans);
	return yes;
}

START_TEST(a_draining_relay_is_no_longer_handed_out)
{
	const char *uuid = new_uuid();
	struct leg l[2];

	start("required");
	relay_await_exactly(&relay, NULL, "announcers", 1);
	agree(uuid);
	join(&l[0], uuid);
	join(&l[1], uuid);
	pair_check(l);
	ck_assert(!is_leaving(NULL));
	relay_order(&relay, "drain", NULL, NULL, NULL, NULL);
	ck_assert(test_until(is_leaving, NULL, LIMIT_MS));
	pair_check(l); /* what runs goes on */
	pair_close(l);
	ck_assert_int_eq(test_proc_wait(&relay.proc, LIMIT_MS), 0);
	relay_stop(&relay);
	server_stop(&srv);
}
END_TEST

/* Those that nobody announced, each at an address of its own, leave the last eighth free; and when
 * all is taken, an announced one is not who makes room. */
START_TEST(announced_pairs_find_room)
{
	const char *port = strchr(own_name, ':') + 1;
	const char *extra[] = { "--announced", "off", "--announcers", server_at, "--key", srv.key,
		"--identity", identity, "--port", port, "--ws-port", "0", "--public-name", own_name,
		"--max-waiting", "16", NULL };
	struct leg other[15], l[2];
	char uuid[40];

	snprintf(uuid, sizeof(uuid), "%s", new_uuid());
	relay_start(&relay, extra);
	relay_await_exactly(&relay, NULL, "announcers", 1);
	for (unsigned i = 0; i < 15; i++) {
		leg_open(&other[i], &relay, false, 100 + i);
		leg_request(&other[i], new_uuid(), srv.key);
		if (i < 14)
			relay_await_exactly(&relay, NULL, "waiting", i + 1);
	}
	ck_assert(leg_ends(&other[14], LIMIT_MS));
	relay_await_exactly(&relay, "refused", "waiting_full", 1);
	agree(uuid);
	relay_await_exactly(&relay, NULL, "announced", 1);
	join(&l[0], uuid);
	relay_await_exactly(&relay, NULL, "waiting", 15);
	join(&l[1], uuid);
	pair_check(l);
	pair_close(l);
	for (unsigned i = 0; i < 15; i++)
		leg_close(&other[i]);
	relay_stop(&relay);
	server_stop(&srv);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("relay/announce");
	TCase *t = test_case(s, "announce", 90,
			TESTS(only_announced_pairs_are_joined, the_link_survives_restarts_of_both,
					announced_pairs_find_room,
					only_by_configuration_the_key_is_enough,
					a_relay_that_is_not_listed_hears_nothing,
					another_server_is_not_believed,
					a_draining_relay_is_no_longer_handed_out));

	if (hws_crypto_init() < 0)
		return 1;
	tcase_add_checked_fixture(t, setup, cleanup);
	return test_suite_run(s);
}
