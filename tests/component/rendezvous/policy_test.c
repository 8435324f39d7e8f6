/* The server and the policy: what it asks, what it does with the answer, on the way there and at
 * the relay, and what becomes of viewers when nobody answers. */
#include "shared/crypto/base64.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/identity.h"
#include "shared/daemon/control.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/component/rendezvous/policy_end.h"
#include "tests/support/suite.h"
#include <check.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define M(x) RDV__RENDEZVOUS_MESSAGE__UNION_##x
#define R(x) RDV__REGISTER_PK_RESPONSE__RESULT__##x
#define UUID "8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9e"
#define ALLOW "\"allow\":true,\"perms\":97,\"ref\":\"ar_77\",\"feedback\":true"
#define REFUSE "\"allow\":false,\"text\":\"Not on Sundays.\""

static struct server srv;
static struct policy_end end;

static void start(const char *away)
{
	const char *extra[] = { "--relay-servers", "relay.example.com", "--policy-socket", end.path,
		"--policy-away", away, NULL };

	server_start(&srv, extra);
	policy_end_meet(&end);
	/* there is no device yet; later ones are told when they come */
	test_proc_must_expect(&srv.proc, "policy.told", WAIT_MS);
}

static void setup(void)
{
	memset(&srv, 0, sizeof(srv));
	memset(&end, 0, sizeof(end));
	test_dir(srv.dir, sizeof(srv.dir));
	policy_end_open(&end, srv.dir);
}

static void teardown(void)
{
	policy_end_close(&end);
	server_stop(&srv);
}

static void is_text(const json_t *o, const char *member, const char *value)
{
	ck_assert_msg(json_object_get(o, member) != NULL, "no %s", member);
	ck_assert_str_eq(json_string_value(json_object_get(o, member)), value);
}

/* Registers; the policy hears of it. */
static void device_there(struct device *d, const char *id)
{
	char uuid[80], key[64];
	json_t *told;

	device_init(d, &srv, 1, id);
	device_online(d);
	told = policy_end_expect(&end, "device");
	is_text(told, "id", id);
	is_text(told, "address", "127.0.0.1");
	ck_assert_int_eq(hws_base64_encode(hws_bytes(d->uuid, d->uuid_len), uuid, sizeof(uuid)),
			HWS_OK);
	is_text(told, "uuid", uuid);
	is_text(told, "key", hws_key_text(d->pk, key));
	ck_assert(!json_is_true(json_object_get(told, "refused")));
	json_decref(told);
}

static int ask(const char *id, const char *token)
{
	Rdv__PunchHoleRequest p = RDV__PUNCH_HOLE_REQUEST__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;
	int fd = tcp_open(9, srv.port);

	p.id = (char *)id;
	p.nat_type = RDV__NAT_TYPE__ASYMMETRIC;
	p.licence_key = srv.key;
	p.conn_type = RDV__CONN_TYPE__FILE_TRANSFER;
	p.token = (char *)token;
	p.version = (char *)"1.4.9";
	m.union_case = M(PUNCH_HOLE_REQUEST);
	m.punch_hole_request = &p;
	tcp_send(fd, &m);
	return fd;
}

static int ask_relay(const char *id, const char *token)
{
	Rdv__ControlPermissions all = RDV__CONTROL_PERMISSIONS__INIT;
	Rdv__RequestRelay p = RDV__REQUEST_RELAY__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;
	int fd = tcp_open(9, srv.port);

	all.permissions = 0x2aaaaaa;
	p.id = (char *)id;
	p.uuid = (char *)UUID;
	p.relay_server = (char *)"relay.example.com";
	p.conn_type = RDV__CONN_TYPE__FILE_TRANSFER;
	p.token = (char *)token;
	p.control_permissions = &all; /* which is not the viewer's to say */
	m.union_case = M(REQUEST_RELAY);
	m.request_relay = &p;
	tcp_send(fd, &m);
	return fd;
}

static void expect_failure(int fd, const char *text)
{
	message *m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);

	ck_assert_uint_eq(m->punch_hole_response->socket_addr.len, 0);
	ck_assert_msg(strstr(m->punch_hole_response->other_failure, text) != NULL, "%s",
			m->punch_hole_response->other_failure);
	hws_rdv_free(m);
	close(fd);
}

/* Lets a viewer through; its link. */
static int let_through_with(struct device *d, const char *token, const char *answer)
{
	int fd = ask(d->id, token);
	json_t *q = policy_end_expect(&end, "access");
	message *push;

	policy_end_answer(&end, q, answer);
	json_decref(q);
	push = device_pushed(d, M(PUNCH_HOLE));
	ck_assert_ptr_nonnull(push->punch_hole->control_permissions);
	ck_assert_uint_eq(push->punch_hole->control_permissions->permissions, 97);
	ck_assert_ptr_nonnull(push->punch_hole->controlled_context);
	ck_assert_str_eq(push->punch_hole->controlled_context->conn_audit_ref, "ar_77");
	device_answer_sent(d, 1,
			hws_bytes(push->punch_hole->socket_addr.data,
					push->punch_hole->socket_addr.len),
			d->id);
	hws_rdv_free(push);
	return fd;
}

static int let_through(struct device *d, const char *token)
{
	return let_through_with(d, token, ALLOW);
}

START_TEST(what_is_allowed_goes_on_with_the_words_of_the_policy)
{
	struct device d;
	message *m;
	json_t *q, *why;
	int fd;

	start("refuse");
	device_there(&d, "123456789");
	fd = ask(d.id, "tok");
	q = policy_end_expect(&end, "access");
	is_text(q, "token", "tok");
	is_text(q, "id", d.id);
	is_text(q, "address", "127.0.0.9");
	ck_assert_int_eq(json_integer_value(json_object_get(q, "kind")), 1);
	ck_assert_ptr_null(udp_recv(d.udp, SILENCE_MS)); /* nothing before the answer */
	policy_end_answer(&end, q, REFUSE);
	json_decref(q);
	expect_failure(fd, "Not on Sundays.");
	ck_assert_ptr_null(udp_recv(d.udp, SILENCE_MS));
	why = server_ask(&srv, "why", "id", d.id);
	q = json_array_get(json_object_get(why, "attempts"), 0);
	is_text(q, "outcome", "denied");
	is_text(q, "policy_says", "Not on Sundays.");
	json_decref(why);
	fd = let_through(&d, "another");
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert_uint_gt(m->punch_hole_response->socket_addr.len, 0);
	ck_assert_int_ne(m->punch_hole_response->feedback, 0);
	hws_rdv_free(m);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(an_answer_is_kept_for_its_question_alone)
{
	struct device d, e;
	message *push;
	int fd;

	start("refuse");
	device_there(&d, "123456789");
	device_there(&e, "223456789");
	close(let_through(&d, "tok"));
	fd = ask(d.id, "tok"); /* known */
	push = device_pushed(&d, M(PUNCH_HOLE));
	ck_assert_uint_eq(push->punch_hole->control_permissions->permissions, 97);
	hws_rdv_free(push);
	close(fd);
	ck_assert_ptr_null(policy_end_silent(&end));
	fd = ask(e.id, "tok");
	json_decref(policy_end_expect(&end, "access"));
	close(fd);
	fd = ask(d.id, "toktok");
	json_decref(policy_end_expect(&end, "access"));
	close(fd);
	device_done(&d);
	device_done(&e);
}
END_TEST

START_TEST(the_relay_is_no_way_around_it)
{
	struct device d;
	message *m;
	json_t *q, *why;
	int fd;

	start("refuse");
	device_there(&d, "123456789");
	close(let_through(&d, "tok"));
	fd = ask_relay(d.id, "none"); /* from the same address, which was let through */
	q = policy_end_expect(&end, "access");
	is_text(q, "token", "none");
	policy_end_answer(&end, q, REFUSE);
	json_decref(q);
	m = viewer_answer(fd, M(RELAY_RESPONSE), WAIT_MS);
	ck_assert_str_eq(m->relay_response->refuse_reason, "Not on Sundays.");
	why = server_ask(&srv, "why", "id", d.id);
	is_text(json_array_get(json_object_get(why, "attempts"), 0), "policy_says",
			"Not on Sundays.");
	json_decref(why);
	hws_rdv_free(m);
	close(fd);
	ck_assert_ptr_null(udp_recv(d.udp, SILENCE_MS));
	fd = ask_relay(d.id, "tok2");
	q = policy_end_expect(&end, "access");
	policy_end_answer(&end, q, "\"allow\":true,\"perms\":1");
	json_decref(q);
	m = device_pushed(&d, M(REQUEST_RELAY));
	ck_assert_uint_eq(m->request_relay->control_permissions->permissions, 1);
	ck_assert_ptr_null(m->request_relay->controlled_context);
	ck_assert_str_eq(m->request_relay->token, "");
	hws_rdv_free(m);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(without_an_answer_it_is_no)
{
	struct device d;
	json_t *q;
	int fd;

	start("refuse");
	device_there(&d, "123456789");
	fd = ask(d.id, "tok");
	json_decref(policy_end_expect(&end, "access")); /* and silence */
	expect_failure(fd, "cannot find out");
	fd = ask(d.id, "tok");
	q = policy_end_expect(&end, "access");
	policy_end_answer(&end, q, "\"error\":\"the database is away\"");
	json_decref(q);
	expect_failure(fd, "cannot find out");
	policy_end_close(&end); /* nobody listens any more */
	fd = ask(d.id, "tok");
	expect_failure(fd, "cannot find out");
	ck_assert_ptr_null(udp_recv(d.udp, SILENCE_MS));
	device_done(&d);
}
END_TEST

static unsigned long away_counted(void)
{
	static const char request[] = "GET /metrics HTTP/1.0\r\nHost: x\r\n\r\n";
	static char page[65536];
	int fd = tcp_open(1, srv.metrics);
	const char *at;
	size_t len = 0;
	ssize_t n;

	tcp_send_raw(fd, hws_bytes_str(request));
	while ((n = recv(fd, page + len, sizeof(page) - 1 - len, 0)) > 0)
		len += (size_t)n;
	close(fd);
	page[len] = '\0';
	at = strstr(page, "\nhawser_rdv_policy_away_total ");
	ck_assert_ptr_nonnull(at);
	return strtoul(at + strlen("\nhawser_rdv_policy_away_total "), NULL, 10);
}

START_TEST(if_so_set_its_last_word_holds_while_it_is_away)
{
	struct device d;
	message *push;
	int fd;

	start("last");
	device_there(&d, "123456789");
	close(let_through_with(&d, "tok", ALLOW ",\"hold\":1"));
	policy_end_close(&end);
	do { /* at first from what is fresh still */
		fd = ask(d.id, "tok");
		push = device_pushed(&d, M(PUNCH_HOLE));
		ck_assert_uint_eq(push->punch_hole->control_permissions->permissions, 97);
		hws_rdv_free(push);
		close(fd);
		usleep(200000);
	} while (away_counted() == 0);
	fd = ask(d.id, "unheard of");
	expect_failure(fd, "cannot find out");
	device_done(&d);
}
END_TEST

static json_t *doctors_word(void)
{
	json_t *ans = server_ask(&srv, "doctor", NULL, NULL), *one, *found = NULL;
	size_t i;

	json_array_foreach (json_object_get(ans, "checks"), i, one) {
		if (strcmp(json_string_value(json_object_get(one, "what")), "accounts") == 0)
			found = json_incref(one);
	}
	json_decref(ans);
	ck_assert_ptr_nonnull(found);
	return found;
}

static bool doctor_sees_nobody(void *arg)
{
	json_t *word = doctors_word();
	bool seen = strstr(json_string_value(json_object_get(word, "text")), "nobody answers") !=
			NULL;

	(void)arg;
	json_decref(word);
	return seen;
}

START_TEST(the_doctor_says_whether_it_can_be_asked)
{
	start("refuse");
	ck_assert(!doctor_sees_nobody(NULL));
	policy_end_close(&end);
	ck_assert(test_until(doctor_sees_nobody, NULL, WAIT_MS));
}
END_TEST

START_TEST(a_lost_link_is_made_again_and_asked_once_more)
{
	struct device d;
	message *push;
	json_t *q;
	int fd;

	start("refuse");
	device_there(&d, "123456789");
	fd = ask(d.id, "tok");
	json_decref(policy_end_expect(&end, "access"));
	policy_end_drop(&end);
	policy_end_meet(&end);
	q = policy_end_expect(&end, "access");
	is_text(q, "id", d.id);
	policy_end_answer(&end, q, ALLOW);
	json_decref(q);
	push = device_pushed(&d, M(PUNCH_HOLE));
	hws_rdv_free(push);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(another_api_server_hears_of_all_devices)
{
	struct device d, e;
	json_t *first, *second;

	start("refuse");
	device_there(&d, "123456789");
	device_there(&e, "223456789");
	policy_end_drop(&end);
	policy_end_meet(&end);
	first = policy_end_expect(&end, "device");
	second = policy_end_expect(&end, "device");
	is_text(first, "id", d.id);
	is_text(second, "id", e.id);
	ck_assert_int_gt(json_integer_value(json_object_get(first, "seen")), 1700000000);
	ck_assert(!json_is_true(json_object_get(first, "refused")));
	json_decref(first);
	json_decref(second);
	device_done(&d);
	device_done(&e);
}
END_TEST

START_TEST(broken_answers_harm_nobody)
{
	static const char *const lines[] = { "\n", "{}\n", "[]\n", "{\"n\":-1,\"allow\":true}\n",
		"{\"n\":99999,\"allow\":true}\n", "{\"n\":1e300}\n", "\xff\xfe\n", "{\"n\":\n" };
	struct device d;
	char *much;
	json_t *q;
	int fd;

	start("refuse");
	device_there(&d, "123456789");
	fd = ask(d.id, "tok");
	q = policy_end_expect(&end, "access");
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		ck_assert_int_gt(send(end.fd, lines[i], strlen(lines[i]), MSG_NOSIGNAL), 0);
	policy_end_answer(&end, q, REFUSE);
	json_decref(q);
	expect_failure(fd, "Not on Sundays.");
	much = malloc(100000); /* a line that does not end ends the link */
	ck_assert_ptr_nonnull(much);
	memset(much, ' ', 100000);
	(void)!send(end.fd, much, 100000, MSG_NOSIGNAL | MSG_DONTWAIT);
	free(much);
	ck_assert(tcp_closed(end.fd, WAIT_MS));
	policy_end_drop(&end);
	policy_end_meet(&end);
	device_done(&d);
}
END_TEST

START_TEST(a_lasting_link_is_told_from_beginning_to_end)
{
	Rdv__HealthCheck hc = RDV__HEALTH_CHECK__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT, *m;
	json_t *begin, *again, *ended;
	int fd;

	start("refuse");
	fd = tcp_open(9, srv.port);
	hc.token = (char *)"tok";
	out.union_case = M(HC);
	out.hc = &hc;
	tcp_send(fd, &out);
	begin = policy_end_expect(&end, "begin");
	is_text(begin, "token", "tok");
	is_text(begin, "address", "127.0.0.9");
	m = viewer_answer(fd, M(REGISTER_PK_RESPONSE), WAIT_MS);
	ck_assert_int_eq(m->register_pk_response->result, R(OK));
	ck_assert_int_eq(m->register_pk_response->keep_alive, 25);
	hws_rdv_free(m);
	policy_end_drop(&end); /* another API server hears of it, too */
	policy_end_meet(&end);
	again = policy_end_expect(&end, "begin");
	ck_assert(json_equal(begin, again));
	close(fd);
	ended = policy_end_expect(&end, "end");
	ck_assert(json_equal(json_object_get(begin, "n"), json_object_get(ended, "n")));
	json_decref(begin);
	json_decref(again);
	json_decref(ended);
}
END_TEST

static json_t *control(json_t *req)
{
	struct hws_error err = { 0 };
	json_t *ans = NULL;

	ck_assert_ptr_nonnull(req);
	ck_assert_msg(hws_control_call(srv.control, req, 60000000, &ans, &err) == HWS_OK, "%s",
			err.text);
	json_decref(req);
	return ans;
}

static void must_ok(json_t *ans)
{
	ck_assert_msg(json_is_true(json_object_get(ans, "ok")), "%s",
			json_string_value(json_object_get(ans, "text")));
	json_decref(ans);
}

START_TEST(only_deployed_devices_if_so_ordered)
{
	struct device d, thief;
	char uuid[80], key[64];
	json_t *told, *ans;

	start("refuse");
	must_ok(control(json_pack("{s:s,s:b}", "cmd", "enrolled-only", "on", 1)));
	device_init(&d, &srv, 1, "123456789");
	ck_assert_int_eq(device_register(&d), R(NOT_DEPLOYED));
	/* a datagram alone may be anybody's: its second one is told */
	ck_assert_ptr_null(policy_end_silent(&end));
	ck_assert_int_eq(device_register(&d), R(NOT_DEPLOYED));
	told = policy_end_expect(&end, "device");
	is_text(told, "id", d.id);
	ck_assert(json_is_true(json_object_get(told, "refused")));
	snprintf(uuid, sizeof(uuid), "%s", json_string_value(json_object_get(told, "uuid")));
	snprintf(key, sizeof(key), "%s", json_string_value(json_object_get(told, "key")));
	json_decref(told);
	must_ok(control(json_pack(
			"{s:s,s:s,s:s,s:s}", "cmd", "enrol", "id", d.id, "uuid", uuid, "pk", key)));
	/* it is that machine's: nobody else takes it */
	device_init(&thief, &srv, 2, d.id);
	thief.uuid[0] = 'X';
	ck_assert_int_eq(device_register(&thief), R(NOT_DEPLOYED));
	device_done(&thief);
	ck_assert_int_eq(device_register(&d), R(OK));
	/* again is as once; another machine's id is not to be had */
	must_ok(control(json_pack(
			"{s:s,s:s,s:s,s:s}", "cmd", "enrol", "id", d.id, "uuid", uuid, "pk", key)));
	ans = control(json_pack("{s:s,s:s,s:s,s:s}", "cmd", "enrol", "id", d.id, "uuid",
			"c29tZWJvZHkgZWxzZQ==", "pk", key));
	is_text(ans, "error", "exists");
	json_decref(ans);
	/* its machine id is enough, too */
	device_init(&thief, &srv, 3, "223456789");
	ck_assert_int_eq(hws_base64_encode(
					 hws_bytes(thief.uuid, thief.uuid_len), uuid, sizeof(uuid)),
			HWS_OK);
	must_ok(control(json_pack("{s:s,s:s,s:s}", "cmd", "enrol", "id", thief.id, "uuid", uuid)));
	thief.uuid[0] = 'X';
	ck_assert_int_eq(device_register(&thief), R(NOT_DEPLOYED));
	thief.uuid[0] = 'm';
	ck_assert_int_eq(device_register(&thief), R(OK));
	device_done(&thief);
	ans = control(json_pack("{s:s,s:s,s:s}", "cmd", "enrol", "id", d.id, "pk", key));
	is_text(ans, "error", hws_err_name(HWS_ERR_INVAL));
	json_decref(ans);
	ans = control(json_pack("{s:s}", "cmd", "enrolled-only"));
	ck_assert(json_is_true(json_object_get(ans, "on")));
	json_decref(ans);
	ans = control(json_pack("{s:s,s:s,s:s}", "cmd", "enrol", "id", d.id, "uuid", "!"));
	is_text(ans, "error", hws_err_name(HWS_ERR_INVAL));
	json_decref(ans);
	must_ok(control(json_pack("{s:s,s:b}", "cmd", "enrolled-only", "on", 1))); /* as it is */
	must_ok(control(json_pack("{s:s,s:b}", "cmd", "enrolled-only", "on", 0)));
	must_ok(control(json_pack("{s:s,s:b}", "cmd", "enrolled-only", "on", 0)));
	ans = control(json_pack("{s:s,s:s}", "cmd", "enrolled-only", "on", "yes"));
	is_text(ans, "error", hws_err_name(HWS_ERR_INVAL));
	json_decref(ans);
	device_done(&d);
}
END_TEST

START_TEST(a_disabled_device_is_neither_served_nor_reached)
{
	struct device d;
	json_t *q;
	int fd;

	start("refuse");
	device_there(&d, "123456789");
	must_ok(control(json_pack("{s:s,s:s,s:b}", "cmd", "block", "net", d.id, "force", 1)));
	device_send_pk(&d);
	ck_assert_ptr_null(udp_recv(d.udp, SILENCE_MS));
	fd = ask(d.id, "tok");
	expect_failure(fd, "do not let you");
	must_ok(control(json_pack("{s:s,s:s}", "cmd", "unblock", "net", d.id)));
	ck_assert_int_eq(device_register(&d), R(OK));
	fd = ask(d.id, "tok");
	do { /* what it says of the device may come first */
		q = policy_end_line(&end);
		if (strcmp(json_string_value(json_object_get(q, "q")), "access") == 0)
			break;
		json_decref(q);
	} while (true);
	json_decref(q);
	close(fd);
	device_done(&d);
}
END_TEST

/* As another account: 0 when it was answered. */
static int ask_as(gid_t group)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		json_t *req = json_pack("{s:s}", "cmd", "stats"), *ans = NULL;
		struct hws_error err = { 0 };

		if (setgroups(0, NULL) < 0 || setgid(group) < 0 || setuid(65533) < 0)
			_exit(3);
		_exit(hws_control_call(srv.control, req, 60000000, &ans,
				      &err) == HWS_OK && json_is_true(json_object_get(ans, "ok"))
						? 0
						: 1);
	}
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(a_group_may_use_the_control_socket_if_so_set)
{
	const char *extra[] = { "--control-group", "nogroup", NULL };
	const struct group *g = getgrnam("nogroup");
	struct stat st;

	ck_assert_int_eq(chmod(srv.dir, 0711), 0);
	if (geteuid() != 0 || !g) {
		server_start(&srv, NULL); /* only root can be somebody else */
		return;
	}
	server_start(&srv, extra);
	ck_assert_int_eq(stat(srv.control, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0660);
	ck_assert_uint_eq(st.st_gid, g->gr_gid);
	ck_assert_int_eq(ask_as(g->gr_gid), 0);
	ck_assert_int_eq(ask_as(g->gr_gid - 1), 1);
}
END_TEST

START_TEST(strategies_are_signed_apart_from_all_else)
{
	static const char text[] = "hawser strategy v1\0{\"a\":\"b\"}";
	uint8_t pk[HWS_PK_LEN], sig[HWS_SIG_LEN];
	const char *sent;
	json_t *ans;

	start("refuse");
	ans = control(json_pack("{s:s,s:s,s:s}", "cmd", "sign", "what", "strategy", "text",
			"{\"a\":\"b\"}"));
	ck_assert_int_eq(hws_key_parse(srv.key, pk), HWS_OK);
	sent = json_string_value(json_object_get(ans, "signature"));
	ck_assert_ptr_nonnull(sent);
	ck_assert_int_eq(hws_base64_decode(hws_bytes_str(sent), sig, sizeof(sig)), HWS_OK);
	ck_assert_int_eq(hws_verify(pk, hws_bytes(text, sizeof(text) - 1),
					 hws_bytes(sig, sizeof(sig))),
			HWS_OK);
	ck_assert_int_ne(hws_verify(pk, hws_bytes(text + 19, 9), hws_bytes(sig, sizeof(sig))),
			HWS_OK);
	json_decref(ans);
	ans = control(json_pack("{s:s,s:s,s:s}", "cmd", "sign", "what", "key", "text", "x"));
	is_text(ans, "error", hws_err_name(HWS_ERR_INVAL));
	json_decref(ans);
}
END_TEST

int main(void)
{
	if (hws_crypto_init() < 0)
		return 1;
	return test_main("rendezvous/policy", 120, setup, teardown,
			TESTS(what_is_allowed_goes_on_with_the_words_of_the_policy,
					an_answer_is_kept_for_its_question_alone,
					the_relay_is_no_way_around_it, without_an_answer_it_is_no,
					if_so_set_its_last_word_holds_while_it_is_away,
					the_doctor_says_whether_it_can_be_asked,
					a_lost_link_is_made_again_and_asked_once_more,
					another_api_server_hears_of_all_devices,
					broken_answers_harm_nobody,
					a_lasting_link_is_told_from_beginning_to_end,
					only_deployed_devices_if_so_ordered,
					a_disabled_device_is_neither_served_nor_reached,
					a_group_may_use_the_control_socket_if_so_set,
					strategies_are_signed_apart_from_all_else));
}
