/* The operator's hand: hawser-admin on the control socket of a running server, and what each order
 * does to those who are connected already. */
#include "shared/base/mem.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/identity.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/support/suite.h"
#include <check.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define R(x) RDV__REGISTER_PK_RESPONSE__RESULT__##x
#define M(x) RDV__RENDEZVOUS_MESSAGE__UNION_##x
#define PAIR "8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9e"
#define ARGS_MAX 8

static struct server srv;

static void setup(void)
{
	static const char *const extra[] = { "--relay-servers", "relay.example.com", NULL };

	memset(&srv, 0, sizeof(srv));
	server_start(&srv, extra);
}

static void teardown(void)
{
	if (!srv.proc.ended)
		server_stop(&srv);
}

static void start_again(const char *const extra[])
{
	server_stop(&srv);
	server_start(&srv, extra);
}

/* hawser-admin with these words (NULL at the end); its output, valid until the next call. */
static const char *admin(int expect, ...)
{
	static char *out;
	const char *argv[ARGS_MAX + 4] = { test_bin("admin/hawser-admin"), "--socket",
		srv.control };
	size_t n = 3;
	va_list ap;
	int status;

	va_start(ap, expect);
	while (n < ARGS_MAX + 3 && (argv[n] = va_arg(ap, const char *)))
		n++;
	va_end(ap);
	free(out);
	out = NULL;
	status = test_run(argv, NULL, &out);
	ck_assert_msg(status == expect, "%s %s: exit %d: %s", argv[3], argv[4] ? argv[4] : "",
			status, out);
	return out;
}

static void says(const char *out, const char *text)
{
	ck_assert_msg(strstr(out, text) != NULL, "no '%s' in: %s", text, out);
}

START_TEST(looks_at_devices)
{
	struct device d;
	char fingerprint[HWS_FINGERPRINT_TEXT];
	const char *out;
	int fd;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	fd = viewer_punch(&srv, 9, d.id);
	hws_rdv_free(device_pushed(&d, M(PUNCH_HOLE)));
	out = admin(0, "stats", NULL);
	says(out, "peers: 1");
	says(out, "punch_requests: 1");
	out = admin(0, "peers", NULL);
	says(out, "123456789");
	says(out, "127.0.0.1:");
	out = admin(0, "peer", d.id, NULL);
	says(out, "online: yes");
	says(out, "by: udp");
	says(out, hws_fingerprint_text(d.pk, fingerprint)); /* as the device shows it */
	out = admin(0, "why", d.id, NULL);
	says(out, "127.0.0.9");
	says(admin(0, "config", NULL), "relay-servers");
	says(admin(0, "relays", NULL), "relay.example.com");
	says(admin(1, "peer", "nobody-home", NULL), "no device has the id");
	says(admin(2, "peer", NULL), "which id");
	says(admin(2, "explode", NULL), "no command");
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(a_kicked_device_is_offline_until_it_speaks)
{
	struct device d;
	message *m;
	int fd;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	admin(0, "kick", d.id, NULL);
	fd = viewer_punch(&srv, 9, d.id);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert_int_eq(m->punch_hole_response->failure,
			RDV__PUNCH_HOLE_RESPONSE__FAILURE__OFFLINE);
	hws_rdv_free(m);
	close(fd);
	ck_assert(device_keep_alive(&d));
	fd = viewer_punch(&srv, 9, d.id);
	hws_rdv_free(device_pushed(&d, M(PUNCH_HOLE)));
	close(fd);
	says(admin(1, "kick", "nobody-home", NULL), "no device");
	device_done(&d);
}
END_TEST

/* A host that lives on a TCP link. */
static int host_link(struct device *d)
{
	Rdv__RegisterPk p = RDV__REGISTER_PK__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT, *m;
	int fd = tcp_open(d->host, srv.port);

	p.id = d->id;
	p.uuid = (ProtobufCBinaryData){ d->uuid_len, d->uuid };
	p.pk = (ProtobufCBinaryData){ sizeof(d->pk), d->pk };
	out.union_case = M(REGISTER_PK);
	out.register_pk = &p;
	tcp_send(fd, &out);
	m = viewer_answer(fd, M(REGISTER_PK_RESPONSE), WAIT_MS);
	ck_assert_int_eq(m->register_pk_response->result, R(OK));
	hws_rdv_free(m);
	return fd;
}

START_TEST(a_blocked_address_is_cut_off_at_once)
{
	struct device d, other;
	int fd, viewer;

	device_init(&d, &srv, 7, "123456789");
	device_init(&other, &srv, 1, "223456789");
	device_online(&other);
	fd = host_link(&d);
	viewer = viewer_punch(&srv, 7, other.id);
	hws_rdv_free(device_pushed(&other, M(PUNCH_HOLE)));
	admin(0, "block", "127.0.0.7", NULL);
	ck_assert(tcp_closed(fd, WAIT_MS));
	ck_assert(tcp_closed(viewer, WAIT_MS));
	close(fd);
	close(viewer);
	device_send_pk(&d);
	ck_assert_ptr_null(udp_recv(d.udp, SILENCE_MS));
	ck_assert(device_keep_alive(&other)); /* others are not touched */
	says(admin(0, "rules", NULL), "127.0.0.7");
	/* an exception beats the block list */
	admin(0, "block", "127.0.0.0/29", NULL);
	admin(0, "unblock", "127.0.0.7", NULL);
	admin(0, "allow", "127.0.0.7", NULL);
	ck_assert_int_eq(device_register(&d), R(OK));
	admin(0, "unallow", "127.0.0.7", NULL);
	device_send_pk(&d);
	ck_assert_ptr_null(udp_recv(d.udp, SILENCE_MS));
	admin(0, "unblock", "127.0.0.0/29", NULL);
	ck_assert_int_eq(device_register(&d), R(OK));
	says(admin(1, "block", "nonsense!", NULL), "neither");
	device_done(&d);
	device_done(&other);
}
END_TEST

START_TEST(a_blocked_device_is_not_there)
{
	struct device d;
	message *m;
	int fd, link;

	device_init(&d, &srv, 7, "123456789");
	link = host_link(&d);
	admin(0, "block", d.id, NULL);
	ck_assert(tcp_closed(link, WAIT_MS));
	close(link);
	device_send_peer(&d);
	ck_assert_ptr_null(udp_recv(d.udp, SILENCE_MS));
	fd = viewer_punch(&srv, 9, d.id);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert_uint_eq(m->punch_hole_response->pk.len, 0);
	ck_assert_str_ne(m->punch_hole_response->other_failure, "");
	hws_rdv_free(m);
	close(fd);
	admin(0, "unblock", d.id, NULL);
	ck_assert_int_eq(device_register(&d), R(OK));
	device_done(&d);
}
END_TEST

static message *call(unsigned host, const char *id)
{
	int fd = viewer_punch(&srv, host, id);
	message *m = tcp_recv(fd, SILENCE_MS);

	close(fd);
	return m;
}

static message *ask_relay(unsigned host, const char *id)
{
	Rdv__RequestRelay p = RDV__REQUEST_RELAY__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT, *m;
	int fd = tcp_open(host, srv.port);

	p.id = (char *)id;
	p.uuid = (char *)PAIR;
	out.union_case = M(REQUEST_RELAY);
	out.request_relay = &p;
	tcp_send(fd, &out);
	m = tcp_recv(fd, SILENCE_MS);
	close(fd);
	return m;
}

START_TEST(rules_say_who_may_call_whom)
{
	struct device d, other;
	message *m;

	device_init(&d, &srv, 1, "123456789");
	device_init(&other, &srv, 1, "223456789");
	device_online(&d);
	device_online(&other);
	/* let through to the relay before the rule comes */
	ck_assert_ptr_null(call(9, d.id));
	hws_rdv_free(device_pushed(&d, M(PUNCH_HOLE)));
	admin(0, "group-add", "servers", d.id, NULL);
	admin(0, "group-add", "office", "127.0.0.8/32", NULL);
	admin(0, "rule", "*", "servers", "deny", NULL);
	admin(0, "rule", "office", "servers", "allow", NULL);
	says(admin(0, "rules", NULL), "office>servers");
	m = call(9, d.id);
	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(m->union_case, M(PUNCH_HOLE_RESPONSE));
	ck_assert_msg(strstr(m->punch_hole_response->other_failure, "administrator"), "%s",
			m->punch_hole_response->other_failure);
	hws_rdv_free(m);
	m = ask_relay(9, d.id); /* not by the other door either */
	ck_assert_ptr_nonnull(m);
	ck_assert_msg(strstr(m->relay_response->refuse_reason, "administrator"), "%s",
			m->relay_response->refuse_reason);
	hws_rdv_free(m);
	ck_assert_ptr_null(udp_recv(d.udp, SILENCE_MS));
	ck_assert_ptr_null(call(8, d.id)); /* the office may */
	hws_rdv_free(device_pushed(&d, M(PUNCH_HOLE)));
	ck_assert_ptr_null(call(9, other.id)); /* others have no rule */
	hws_rdv_free(device_pushed(&other, M(PUNCH_HOLE)));
	says(admin(0, "why", d.id, NULL), "denied");
	admin(0, "rule", "*", "servers", "none", NULL);
	ck_assert_ptr_null(call(9, d.id));
	hws_rdv_free(device_pushed(&d, M(PUNCH_HOLE)));
	says(admin(1, "rule", "*", "servers", "perhaps", NULL), "allow or deny");
	device_done(&d);
	device_done(&other);
}
END_TEST

START_TEST(only_enrolled_devices_register)
{
	static const char *const extra[] = { "--enrolled-only", NULL };
	struct device d;

	start_again(extra);
	device_init(&d, &srv, 1, "123456789");
	ck_assert_int_eq(device_register(&d), R(NOT_DEPLOYED));
	admin(0, "enrol", d.id, NULL);
	ck_assert_int_eq(device_register(&d), R(OK));
	ck_assert(device_keep_alive(&d));
	says(admin(1, "enrol", "x", NULL), "6 to 64");
	admin(0, "unenrol", d.id, NULL);
	ck_assert(!device_keep_alive(&d));
	ck_assert_int_eq(device_register(&d), R(NOT_DEPLOYED));
	device_done(&d);
}
END_TEST

START_TEST(devices_that_are_off_line_are_listed_named_and_removed)
{
	static const char *const extra[] = { "--store", "sqlite", NULL };
	struct device a, b;
	const char *list;

	start_again(extra);
	device_init(&a, &srv, 1, "100000001");
	device_init(&b, &srv, 2, "100000002");
	device_online(&a);
	device_online(&b);
	ck_assert_int_eq(device_register(&b), R(OK)); /* in the database when this is answered */
	admin(0, "kick", b.id, NULL);
	while (!strstr(admin(0, "devices", NULL), a.id))
		;
	ck_assert_ptr_null(strstr(admin(0, "peers", NULL), b.id));
	ck_assert_ptr_nonnull(strstr(admin(0, "devices", NULL), b.id));
	says(admin(0, "--json", "peer", b.id, NULL), "\"online\": false");
	ck_assert_ptr_null(strstr(admin(0, "devices", "1", NULL), b.id));
	ck_assert_ptr_null(strstr(admin(0, "devices", "1", a.id, NULL), a.id));
	admin(0, "name", b.id, "the till at the door", NULL);
	says(admin(0, "devices", NULL), "the till at the door");
	says(admin(0, "peer", b.id, NULL), "the till at the door");
	ck_assert_ptr_null(strstr(admin(0, "rules", NULL), "till"));
	says(admin(1, "name", "999999999", "nobody", NULL), "no device has the id");
	/* names survive, as the devices do */
	start_again(extra);
	list = admin(0, "devices", NULL);
	says(list, "the till at the door");
	says(list, a.id);
	admin(0, "remove", b.id, NULL);
	ck_assert_ptr_null(strstr(admin(0, "devices", NULL), b.id));
	says(admin(1, "peer", b.id, NULL), "no device has the id");
	says(admin(1, "remove", b.id, NULL), "no device has the id");
	/* one that runs comes back, as a new one and without the name */
	device_online(&a);
	admin(0, "remove", a.id, NULL);
	ck_assert(!device_keep_alive(&a));
	device_online(&a);
	admin(0, "name", a.id, "x", NULL);
	admin(0, "name", a.id, "", NULL);
	ck_assert_ptr_null(strstr(admin(0, "--json", "peer", a.id, NULL), "\"name\""));
	device_done(&a);
	device_done(&b);
}
END_TEST

START_TEST(a_drained_relay_gets_no_new_sessions)
{
	static const char *const extra[] = { "--relay-servers", "a.invalid,b.invalid", NULL };
	struct device d;

	start_again(extra);
	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	admin(0, "relay-drain", "a.invalid", NULL);
	says(admin(0, "relays", NULL), "a.invalid");
	for (int i = 0; i < 4; i++) {
		int fd = viewer_punch(&srv, 9, d.id);
		message *push = device_pushed(&d, M(PUNCH_HOLE));

		ck_assert_str_eq(push->punch_hole->relay_server, "b.invalid");
		hws_rdv_free(push);
		close(fd);
	}
	admin(0, "relay-resume", "a.invalid", NULL);
	says(admin(1, "relay-drain", "c.invalid", NULL), "no relay");
	device_done(&d);
}
END_TEST

START_TEST(the_log_level_changes_while_it_runs)
{
	struct device d;

	admin(0, "log-level", "debug", NULL);
	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	test_proc_must_expect(&srv.proc, "register.pk", WAIT_MS);
	admin(0, "log-level", "error", NULL);
	says(admin(1, "log-level", "loud", NULL), "levels are");
	device_done(&d);
}
END_TEST

START_TEST(drain_ends_it_in_order)
{
	admin(0, "drain", NULL);
	ck_assert_int_eq(test_proc_wait(&srv.proc, 10000), 0);
	says(admin(3, "stats", NULL), "hawser-admin");
	test_proc_stop(&srv.proc);
}
END_TEST

START_TEST(limits_and_lists_change_on_sighup)
{
	char dir[300], path[340];
	const char *extra[] = { "--config", path, NULL };
	struct device d;
	message *m;
	int fd;

	test_dir(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/rendezvous.ini", dir);
	test_write_file("[limits]\npunch-rate = 1\npunch-burst = 2\n", "%s", path);
	start_again(extra);
	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	for (int i = 0; i < 6; i++) /* more than allowed */
		hws_rdv_free(call(9, d.id));
	while ((m = udp_recv(d.udp, SILENCE_MS)))
		hws_rdv_free(m);
	m = call(9, d.id);
	ck_assert_ptr_nonnull(m);
	hws_rdv_free(m);
	fd = tcp_open(6, srv.port);
	test_write_file("[limits]\npunch-rate = 0\n[access]\nblock = 127.0.0.6\n[relay]\n"
			"relay-servers = other.invalid\n",
			"%s", path);
	test_proc_signal(&srv.proc, SIGHUP);
	test_proc_must_expect(&srv.proc, "reloaded", WAIT_MS);
	ck_assert(tcp_closed(fd, WAIT_MS)); /* blocked now */
	close(fd);
	for (int i = 0; i < 6; i++) {
		message *push;

		ck_assert_ptr_null(call(9, d.id));
		push = device_pushed(&d, M(PUNCH_HOLE));
		ck_assert_str_eq(push->punch_hole->relay_server, "other.invalid");
		hws_rdv_free(push);
	}
	/* what is wrong changes nothing */
	test_write_file("[access]\nblock = 999.1.1.1\n", "%s", path);
	test_proc_signal(&srv.proc, SIGHUP);
	test_proc_must_expect(&srv.proc, "reload.failed", WAIT_MS);
	ck_assert(device_keep_alive(&d));
	fd = tcp_open(6, srv.port);
	ck_assert(tcp_closed(fd, WAIT_MS));
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(orders_for_a_relay_are_refused)
{
	says(admin(1, "relay", "drain", NULL), "hawser-rendezvous");
	says(admin(1, "relay", "stats", NULL), "hawser-rendezvous");
	says(admin(1, "relay", "log-level", "debug", NULL), "hawser-rendezvous");
	says(admin(0, "stats", NULL), "peers: 0"); /* it is still there */
}
END_TEST

START_TEST(a_mistyped_address_is_no_id)
{
	static const char *const wrong[] = { "127.0.0.300", "192.168.1", "10.0.0.0.1",
		"10.0.0.0/33", "1:2:3" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		says(admin(1, "block", wrong[i], NULL), "neither an address");
		says(admin(1, "group-add", "office", wrong[i], NULL), wrong[i]);
	}
	says(admin(0, "rules", NULL), "entries: none");
	admin(0, "block", "pc.of.ann", "--force", NULL);
	admin(0, "group-add", "office", "pc.of.ann", "--force", NULL);
	/* what is not in the lists cannot be taken out: that was mistyped, too */
	says(admin(1, "unblock", "pc.of.anna", NULL), "rules");
	says(admin(1, "unblock", "127.0.0.7", NULL), "rules");
	says(admin(1, "group-remove", "office", "10.0.0.0/8", NULL), "rules");
	admin(0, "unblock", "pc.of.ann", NULL);
	admin(0, "group-remove", "office", "pc.of.ann", NULL);
	says(admin(0, "rules", NULL), "entries: none");
}
END_TEST

START_TEST(a_mistyped_name_is_told_and_changes_nothing)
{
	struct device d;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	says(admin(1, "block", "123456788", NULL), "no device has the id 123456788");
	says(admin(1, "group-add", "servers", "123456788", NULL), "no device has the id");
	says(admin(1, "why", "123456788", NULL), "no device has the id 123456788");
	says(admin(1, "kick", "123456788", NULL), "no device has the id 123456788");
	says(admin(1, "name", "123456788", "till", NULL), "no device has the id 123456788");
	says(admin(1, "remove", "123456788", NULL), "no device has the id 123456788");
	says(admin(1, "peer", "123456788", NULL), "no device has the id 123456788");
	says(admin(1, "unallow", "10.0.0.0/8", NULL), "rules");
	says(admin(1, "relay-drain", "nosuch.example.com", NULL), "nosuch.example.com");
	says(admin(1, "relay-resume", "nosuch.example.com", NULL), "nosuch.example.com");
	says(admin(1, "enrol", d.id, NULL), "not enrolled");
	says(admin(0, "rules", NULL), "entries: none");
	says(admin(2, "kick", d.id, "--force", NULL), "what is '--force'");
	/* for what is yet to come */
	admin(0, "block", "123456788", "--force", NULL);
	admin(0, "group-add", "--force", "servers", "123456788", NULL);
	says(admin(0, "rules", NULL), "servers/123456788");
	says(admin(0, "why", d.id, NULL), "attempts: none");
	device_done(&d);
}
END_TEST

START_TEST(rules_name_groups_that_exist)
{
	struct device d;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	says(admin(1, "rule", "office", "nosuch", "allow", NULL), "no group office");
	says(admin(1, "rule", "*", "nosuch", "deny", NULL), "no group nosuch");
	says(admin(1, "rule", "office", "nosuch", "none", NULL), "rules");
	admin(0, "group-add", "servers", d.id, NULL);
	admin(0, "group-add", "office", "127.0.0.8", NULL);
	says(admin(1, "rule", "ofice", "servers", "deny", NULL), "no group ofice");
	says(admin(1, "rule", "office", "server", "deny", NULL), "no group server");
	says(admin(1, "rule", "office", "servers", "refuse", NULL), "allow or deny");
	/* groups that are there and could not match */
	says(admin(1, "rule", "servers", "*", "deny", NULL), "no address or network in the group");
	says(admin(1, "rule", "*", "office", "deny", NULL), "no device in the group");
	ck_assert_ptr_null(strstr(admin(0, "rules", NULL), ">"));
	admin(0, "rule", "office", "servers", "allow", NULL);
	admin(0, "rule", "*", "servers", "deny", NULL);
	ck_assert_ptr_null(call(8, d.id)); /* the office may */
	hws_rdv_free(device_pushed(&d, M(PUNCH_HOLE)));
	device_done(&d);
}
END_TEST

START_TEST(a_group_that_a_rule_needs_stays)
{
	struct device d;
	message *m;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	admin(0, "group-add", "servers", d.id, NULL);
	admin(0, "group-add", "servers", "127.0.0.8", NULL);
	admin(0, "rule", "*", "servers", "deny", NULL);
	says(admin(1, "group-remove", "servers", d.id, NULL), "*>servers");
	m = call(9, d.id); /* still refused */
	ck_assert_ptr_nonnull(m);
	hws_rdv_free(m);
	admin(0, "group-remove", "servers", "127.0.0.8", NULL); /* the rule does not need that */
	admin(0, "group-add", "servers", "223456789", "--force", NULL);
	admin(0, "group-remove", "servers", d.id, NULL); /* nor the first of two */
	says(admin(1, "group-remove", "servers", "223456789", NULL), "*>servers");
	admin(0, "rule", "*", "servers", "none", NULL);
	admin(0, "group-remove", "servers", "223456789", NULL);
	says(admin(0, "rules", NULL), "entries: none");
	device_done(&d);
}
END_TEST

/* hawser-admin without --socket. */
static const char *admin_in(int expect, const char *setting, const char *value, const char *verb)
{
	static char *out;
	char env[400];
	const char *const envs[] = { env, NULL };
	const char *argv[] = { test_bin("admin/hawser-admin"), verb, NULL };
	int status;

	snprintf(env, sizeof(env), "%s=%s", setting, value);
	free(out);
	out = NULL;
	status = test_run(argv, envs, &out);
	ck_assert_msg(status == expect, "%s %s: exit %d: %s", env, verb, status, out);
	return out;
}

START_TEST(the_socket_is_where_the_servers_settings_say)
{
	char dir[300], path[340], text[700];

	test_dir(dir, sizeof(dir));
	says(admin_in(0, "HAWSER_RENDEZVOUS_CONTROL", srv.control, "stats"), "peers: 0");
	says(admin_in(0, "HAWSER_RENDEZVOUS_STATE_DIR", srv.dir, "stats"), "peers: 0");
	snprintf(path, sizeof(path), "%s/rendezvous.conf", dir);
	/* other settings of the server are not this program's business */
	snprintf(text, sizeof(text), "control = %s\nport = 1\n[relay]\nrelay-servers = x.invalid\n",
			srv.control);
	test_write_file(text, "%s", path);
	says(admin_in(0, "HAWSER_RENDEZVOUS_CONFIG", path, "stats"), "peers: 0");
	/* nothing there: nothing made, and the way out is said */
	snprintf(path, sizeof(path), "%s/none", dir);
	says(admin_in(3, "RUNTIME_DIRECTORY", path, "stats"), "--socket");
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(printing_the_key_makes_no_folder_of_a_mistyped_name)
{
	char dir[300], path[340], *out = NULL;
	const char *argv[] = { test_bin("server-rendezvous/hawser-rendezvous"), "key",
		"--state-dir", path, NULL };

	test_dir(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/none", dir);
	ck_assert_int_eq(test_run(argv, NULL, &out), 1);
	says(out, path);
	ck_assert_int_ne(access(path, F_OK), 0);
	free(out);
	out = NULL;
	snprintf(path, sizeof(path), "%s", srv.dir);
	ck_assert_int_eq(test_run(argv, NULL, &out), 0);
	says(out, srv.key);
	free(out);
}
END_TEST

START_TEST(without_relays_it_says_where_clients_look)
{
	static const char *const extra[] = { "--relay-servers", "", NULL };
	char port[40];

	start_again(extra);
	snprintf(port, sizeof(port), "port %u", srv.port + 1u);
	says(admin(0, "relays", NULL), port);
}
END_TEST

START_TEST(answers_are_for_people_to_read)
{
	static const char *const extra[] = { "--store", "sqlite", NULL };
	struct device d;
	const char *list;
	int fd;

	start_again(extra);
	device_init(&d, &srv, 1, "100000001");
	device_online(&d);
	while (!strstr(admin(0, "devices", NULL), d.id))
		;
	admin(0, "name", d.id, "the \"till\"", NULL);
	list = admin(0, "devices", NULL);
	says(list, "the \"till\"");
	ck_assert_ptr_nonnull(strstr(list, "T")); /* a day and time, not seconds since 1970 */
	says(list, "Z ");
	says(admin(0, "peer", d.id, NULL), "created: 20");
	says(admin(0, "--json", "peer", d.id, NULL), "\"created\": 1");
	/* a device that cannot be reached yet is told to be so */
	says(admin(0, "kick", d.id, NULL), "until");
	fd = viewer_punch(&srv, 9, d.id);
	hws_rdv_free(viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS));
	close(fd);
	list = admin(0, "why", d.id, NULL);
	says(list, "outcome: offline");
	ck_assert_ptr_null(strstr(list, "unknown"));
	for (const char *line = list; *line; line += strcspn(line, "\n") + 1)
		ck_assert_uint_lt(strcspn(line, "\n"), 161);
	device_done(&d);
}
END_TEST

int main(void)
{
	if (hws_crypto_init() < 0)
		return 1;
	return test_main("rendezvous/control", 60, setup, teardown,
			TESTS(looks_at_devices, a_kicked_device_is_offline_until_it_speaks,
					a_blocked_address_is_cut_off_at_once,
					a_blocked_device_is_not_there, rules_say_who_may_call_whom,
					a_mistyped_name_is_told_and_changes_nothing,
					rules_name_groups_that_exist,
					a_group_that_a_rule_needs_stays,
					only_enrolled_devices_register,
					devices_that_are_off_line_are_listed_named_and_removed,
					a_drained_relay_gets_no_new_sessions,
					the_log_level_changes_while_it_runs, drain_ends_it_in_order,
					limits_and_lists_change_on_sighup,
					orders_for_a_relay_are_refused, a_mistyped_address_is_no_id,
					the_socket_is_where_the_servers_settings_say,
					printing_the_key_makes_no_folder_of_a_mistyped_name,
					without_relays_it_says_where_clients_look,
					answers_are_for_people_to_read));
}
