/* Two nodes on one PostgreSQL are updated one after the other, to a version that changes the
 * tables, while devices register all the time: what either version has acknowledged is there at the
 * end, and both versions serve side by side. */
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/wire/addr_codec.h"
#include "tests/component/cluster/nodes.h"
#include "tests/support/suite.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* At each stage so many more must have registered at each node that runs. */
#define SOME 15u
#define CROWD_MAX 5000u
#define HOSTS 200u
/* A device takes its next server when it has heard nothing for so long. */
#define HEARS_MS 700
#define PAUSE_US 20000

/* New devices, one after the other, each from a machine of its own, by turns at either node. */
static struct crowd {
	pthread_t thread;
	bool ends;              /* atomic */
	unsigned registered[2]; /* atomic: acknowledged by this node */
	unsigned count, alone;  /* all of them; those that no node answered to within the time */
	char id[CROWD_MAX][12]; /* of those that are acknowledged */
	uint8_t pk[CROWD_MAX][32];
} crowd;

/* Asks once, and once more when the server wants to see that the address is its own. */
static bool is_taken(struct device *d)
{
	uint64_t end = test_now_ms() + HEARS_MS, now;
	bool taken = false;
	message *m;

	device_send_pk(d);
	for (now = test_now_ms(); !taken && now < end; now = test_now_ms()) {
		m = udp_recv(d->udp, (unsigned)(end - now));
		taken = m && m->union_case == M(REGISTER_PK_RESPONSE) &&
				m->register_pk_response->result == R(OK);
		if (m && m->union_case == M(REGISTER_PEER_RESPONSE) &&
				m->register_peer_response->request_pk)
			device_send_pk(d);
		hws_rdv_free(m);
	}
	return taken;
}

static void register_one(unsigned n)
{
	struct server *const nodes[] = { &a, &b };
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	unsigned at = n % 2;
	struct device d;
	char id[12];

	snprintf(id, sizeof(id), "5%08u", n);
	device_init(&d, nodes[at], 1 + n % HOSTS, id);
	while (!is_taken(&d) && test_now_ms() < end) {
		at = !at;
		d.server = nodes[at];
	}
	if (test_now_ms() < end) {
		memcpy(crowd.id[crowd.count], id, sizeof(id));
		memcpy(crowd.pk[crowd.count++], d.pk, sizeof(d.pk));
		__atomic_add_fetch(&crowd.registered[at], 1, __ATOMIC_RELAXED);
	} else {
		crowd.alone++;
	}
	device_done(&d);
}

static void *run_crowd(void *arg)
{
	for (unsigned n = 0; n < CROWD_MAX && !__atomic_load_n(&crowd.ends, __ATOMIC_RELAXED);
			n++) {
		register_one(n);
		usleep(PAUSE_US);
	}
	return arg;
}

static unsigned registered(unsigned node)
{
	return __atomic_load_n(&crowd.registered[node], __ATOMIC_RELAXED);
}

static void until_some_more_at(unsigned node)
{
	unsigned before = registered(node);
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	while (registered(node) < before + SOME) {
		ck_assert_msg(test_now_ms() < end, "nobody registers at node %c", "ab"[node]);
		usleep(10000);
	}
}

static void update(struct server *s, const char *name, const char *url)
{
	server_stop(s);
	s->program = test_bin("tests/component/upgrade/hawser-rendezvous-next");
	start_node(s, name, url);
}

/* Those that were acknowledged last are on their way to the database. */
static bool all_are_stored(void *arg)
{
	const char *n = test_pg_sql(&pg, "SELECT count(*) FROM hawser.peer WHERE id LIKE '5%'");

	(void)arg;
	return strtoul(n, NULL, 10) >= crowd.count;
}

/* Each with its key, in one question: there may be thousands. */
static void must_be_stored_with_their_keys(void)
{
	static char sql[CROWD_MAX * 100 + 200];
	char hex[65], want[12];
	size_t len;

	len = (size_t)snprintf(sql, sizeof(sql), "SELECT count(*) FROM (VALUES ('','')");
	for (unsigned n = 0; n < crowd.count; n++) {
		ck_assert_int_eq(hws_hex_encode(hws_bytes(crowd.pk[n], 32), hex, sizeof(hex)),
				HWS_OK);
		len += (size_t)snprintf(
				sql + len, sizeof(sql) - len, ",('%s','%s')", crowd.id[n], hex);
	}
	snprintf(sql + len, sizeof(sql) - len,
			") v(id, pk) JOIN hawser.peer p ON p.id = v.id AND "
			"encode(p.pk, 'hex') = v.pk");
	snprintf(want, sizeof(want), "%u", crowd.count);
	ck_assert_str_eq(test_pg_sql(&pg, sql), want);
}

static void must_refuse_to_start(const char *url)
{
	const char *argv[] = { test_bin("server-rendezvous/hawser-rendezvous"), "--state-dir",
		b.dir, "--store", url, "--port", "0", NULL };
	char *out = NULL;

	ck_assert_int_eq(test_run(argv, NULL, &out), 1);
	ck_assert_msg(strstr(out, "newer") && strstr(out, "Nothing was changed"), "%s", out);
	free(out);
}

START_TEST(devices_register_all_the_time_and_none_is_lost)
{
	struct device near, far;

	device_init(&near, &a, 201, "123456789");
	device_online(&near);
	device_init(&far, &b, 202, "223456789");
	device_online(&far);
	ck_assert_int_eq(pthread_create(&crowd.thread, NULL, run_crowd, NULL), 0);
	until_some_more_at(0);
	until_some_more_at(1);

	update(&b, "b", b_url);
	ck_assert_ptr_nonnull(strstr(b.proc.log, "store.migrated")); /* it was that one */
	until_some_more_at(0); /* the older one goes on with tables of a newer one */
	until_some_more_at(1);
	moves_to(&far, &b); /* as devices do, which speak every few seconds */
	ck_assert(reached(&a, &far, AGAIN_MS));
	ck_assert(reached(&b, &near, AGAIN_MS));
	must_refuse_to_start(pg.url);

	update(&a, "a", pg.url);
	until_some_more_at(0);
	until_some_more_at(1);
	moves_to(&near, &a);
	ck_assert(reached(&a, &far, AGAIN_MS));
	ck_assert(reached(&b, &near, AGAIN_MS));

	__atomic_store_n(&crowd.ends, true, __ATOMIC_RELAXED);
	pthread_join(crowd.thread, NULL);
	ck_assert_uint_eq(crowd.alone, 0);
	fprintf(stderr, "%u devices registered, %u at a, %u at b\n", crowd.count, registered(0),
			registered(1));
	ck_assert(test_until(all_are_stored, NULL, TEST_PATIENCE_MS));
	must_be_stored_with_their_keys();
	device_done(&near);
	device_done(&far);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("upgrade/rolling");
	TCase *t = test_case(
			s, "nodes", 200, TESTS(devices_register_all_the_time_and_none_is_lost));

	tcase_add_unchecked_fixture(t, start_database, stop_database);
	tcase_add_checked_fixture(t, set_up, tear_down);
	return test_suite_run(s);
}
