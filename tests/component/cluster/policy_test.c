/* The node that a viewer came to asks the policy; what that grants reaches a device of another
 * node, and nothing that the viewer wrote. */
#include "tests/component/cluster/nodes.h"
#include "tests/component/rendezvous/policy_end.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UUID "8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9e"
#define SETTING "HAWSER_RENDEZVOUS_POLICY_SOCKET"
#define ALLOW "\"allow\":true,\"perms\":97,\"ref\":\"ar_77\""

static struct policy_end end;
static char dir[300];

static void set_up_asking(void)
{
	memset(&end, 0, sizeof(end));
	test_dir(dir, sizeof(dir));
	policy_end_open(&end, dir);
	test_pg_sql(&pg, "DROP SCHEMA IF EXISTS hawser CASCADE");
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	ck_assert_int_eq(setenv(SETTING, end.path, 1), 0);
	start_node(&a, "a", pg.url);
	unsetenv(SETTING);
	policy_end_meet(&end);
	test_proc_must_expect(&a.proc, "policy.told", WAIT_MS);
	copy_key(&b);
	start_node(&b, "b", pg.url);
}

static void set_up_asking_linked(void)
{
	nodes_linked = true;
	set_up_asking();
	until_linked();
}

static void tear_down_asking(void)
{
	server_stop(&a);
	server_stop(&b);
	policy_end_close(&end);
	nodes_linked = false;
}

static int ask(unsigned host, const char *id, const char *token)
{
	Rdv__PunchHoleRequest p = RDV__PUNCH_HOLE_REQUEST__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;
	int fd = tcp_open(host, a.port);

	p.id = (char *)id;
	p.nat_type = RDV__NAT_TYPE__ASYMMETRIC;
	p.licence_key = a.key;
	p.token = (char *)token;
	p.version = (char *)"1.4.9";
	m.union_case = M(PUNCH_HOLE_REQUEST);
	m.punch_hole_request = &p;
	tcp_send(fd, &m);
	return fd;
}

static int ask_relay(unsigned host, const char *id, const char *token)
{
	Rdv__ControlPermissions all = RDV__CONTROL_PERMISSIONS__INIT;
	Rdv__RequestRelay p = RDV__REQUEST_RELAY__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;
	int fd = tcp_open(host, a.port);

	all.permissions = 0x2aaaaaa;
	p.id = (char *)id;
	p.uuid = (char *)UUID;
	p.relay_server = (char *)"relay.example.com";
	p.token = (char *)token;
	p.control_permissions = &all;
	m.union_case = M(REQUEST_RELAY);
	m.request_relay = &p;
	tcp_send(fd, &m);
	return fd;
}

/* Until the database has said where the device is: viewers ask again, and so does this one. */
static message *reaches(
		struct device *d, int (*how)(unsigned, const char *, const char *), unsigned host)
{
	uint64_t until = test_now_ms() + AGAIN_MS;
	message *push = NULL;

	while (!push && test_now_ms() < until) {
		int fd = how(host, d->id, "tok");
		json_t *q = policy_end_silent(&end); /* or it knows */

		if (q)
			policy_end_answer(&end, q, ALLOW);
		json_decref(q);
		push = udp_recv(d->udp, ASK_MS);
		close(fd);
	}
	ck_assert_msg(push != NULL, "the device hears nothing");
	return push;
}

static void granted(const Rdv__ControlPermissions *p, const Rdv__ControlledContext *c)
{
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(p->permissions, 97);
	ck_assert_ptr_nonnull(c);
	ck_assert_str_eq(c->conn_audit_ref, "ar_77");
}

START_TEST(what_one_node_grants_the_device_of_another_hears)
{
	struct device d;
	message *push;

	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	push = reaches(&d, ask, 9);
	ck_assert_int_eq(push->union_case, M(PUNCH_HOLE));
	granted(push->punch_hole->control_permissions, push->punch_hole->controlled_context);
	hws_rdv_free(push);
	while ((push = udp_recv(d.udp, SILENCE_MS)))
		hws_rdv_free(push);
	push = reaches(&d, ask, 1);
	ck_assert_int_eq(push->union_case, M(FETCH_LOCAL_ADDR));
	granted(push->fetch_local_addr->control_permissions,
			push->fetch_local_addr->controlled_context);
	hws_rdv_free(push);
	while ((push = udp_recv(d.udp, SILENCE_MS)))
		hws_rdv_free(push);
	push = reaches(&d, ask_relay, 9);
	ck_assert_int_eq(push->union_case, M(REQUEST_RELAY));
	granted(push->request_relay->control_permissions, push->request_relay->controlled_context);
	hws_rdv_free(push);
	device_done(&d);
}
END_TEST

START_TEST(who_is_refused_here_reaches_nobody_there)
{
	struct device d;
	message *m;
	json_t *q;
	int fd;

	device_init(&d, &b, 1, "123456789");
	device_online(&d);
	fd = ask(9, d.id, "tok");
	q = policy_end_expect(&end, "access");
	policy_end_answer(&end, q, "\"allow\":false,\"text\":\"No.\"");
	json_decref(q);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert_str_eq(m->punch_hole_response->other_failure, "No.");
	hws_rdv_free(m);
	close(fd);
	ck_assert_ptr_null(udp_recv(d.udp, SILENCE_MS));
	device_done(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cluster/policy");
	TCase *t = test_case(s, "nodes", 90,
			TESTS(what_one_node_grants_the_device_of_another_hears,
					who_is_refused_here_reaches_nobody_there));

	tcase_add_unchecked_fixture(t, start_database, stop_database);
	tcase_add_checked_fixture(t, set_up_asking, tear_down_asking);
	t = test_case(s, "links", 90, TESTS(what_one_node_grants_the_device_of_another_hears));
	tcase_add_unchecked_fixture(t, start_database, stop_database);
	tcase_add_checked_fixture(t, set_up_asking_linked, tear_down_asking);
	return test_suite_run(s);
}
