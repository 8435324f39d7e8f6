/* hawser-rendezvous and hawser-api side by side, as they are installed: who may connect follows
 * from accounts, devices and rules in the database; devices appear there; requests for the API come
 * over the ID server's port. */
#include "admin/data/devices.h"
#include "admin/data/live.h"
#include "admin/data/refs.h"
#include "admin/data/rules.h"
#include "admin/data/sessions.h"
#include "admin/data/settings.h"
#include "admin/data/switch.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/identity.h"
#include "shared/daemon/control.h"
#include "tests/component/rendezvous/stage.h"
#include "tests/support/suite.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define R(x) RDV__REGISTER_PK_RESPONSE__RESULT__##x
#define ck_ok(r) ck_assert_int_eq((r), HWS_OK)

static struct test_proc api;
static char dir[280], policy[320], http[320], database[340];
static struct sql_db *db;
static struct sql_conn *sql;

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void api_start(const char *extra)
{
	const char *argv[] = { test_bin("admin/api/hawser-api"), "--state-dir", dir,
		"--runtime-dir", dir, "--port", "0", "--bind", "127.0.0.1", extra, NULL, NULL,
		NULL };

	if (geteuid() == 0) { /* who may give sockets away */
		argv[extra ? 10 : 9] = "--socket-group";
		argv[extra ? 11 : 10] = "nogroup";
	}
	memset(&api, 0, sizeof(api));
	test_proc_start(&api, argv, NULL);
	test_proc_must_expect(&api, "listening", WAIT_MS);
}

static void set_up(void)
{
	const char *extra[] = { "--relay-servers", "relay.example.com", "--policy-socket", policy,
		"--api-socket", http, NULL };
	struct hws_error err = { 0 };

	test_dir(dir, sizeof(dir));
	snprintf(policy, sizeof(policy), "%s/policy.sock", dir);
	snprintf(http, sizeof(http), "%s/http.sock", dir);
	snprintf(database, sizeof(database), "%s/hawser-api.sqlite3", dir);
	api_start(NULL);
	memset(&srv, 0, sizeof(srv));
	server_start(&srv, extra);
	test_proc_must_expect(&api, "policy.link", WAIT_MS);
	ck_assert_msg(sql_open(&(struct sql_place){ .path = database, .connections = 2 }, &db,
				      &err) == HWS_OK,
			"%s", err.text);
	ck_ok(sql_take(db, &sql));
}

static void tear_down(void)
{
	sql_give(sql);
	sql_close(db);
	server_stop(&srv);
	ck_assert_int_eq(test_proc_stop(&api), 0);
}

/* --- people and devices ----------------------------------------------------------------------- */

static void account(const char *name, char guid[DAT_GUID_TEXT])
{
	ck_ok(dat_account_add(sql,
			&(struct dat_account_new){ .name = name,
					.role = DAT_ROLE_USER,
					.status = DAT_ENABLED },
			now(), guid));
}

static void log_in(const char *account_guid, char token[DAT_TOKEN_TEXT])
{
	ck_ok(dat_session_add(sql,
			&(struct dat_session_new){
					.account_guid = account_guid, .kind = DAT_SESSION_CLIENT },
			now(), token));
}

struct known {
	const char *id;
	struct dat_device device;
};

static bool is_known(void *arg)
{
	struct known *k = arg;

	return dat_device_find(sql, k->id, &k->device) == HWS_OK && k->device.last_online;
}

/* Registers, and waits until the API server has heard of it. */
static struct dat_device device_there_at(struct device *d, unsigned host, const char *id)
{
	struct known k = { .id = id };

	device_init(d, &srv, host, id);
	device_online(d);
	ck_assert_msg(test_until(is_known, &k, WAIT_MS), "%s", test_log_end(api.log, 2000));
	return k.device;
}

static struct dat_device device_there(struct device *d, const char *id)
{
	return device_there_at(d, 1, id);
}

static int ask_from(unsigned host, const char *id, const char *token, const char *code)
{
	Rdv__PunchHoleRequest p = RDV__PUNCH_HOLE_REQUEST__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT;
	int fd = tcp_open(host, srv.port);

	p.id = (char *)id;
	p.nat_type = RDV__NAT_TYPE__ASYMMETRIC;
	p.licence_key = srv.key;
	p.token = (char *)token;
	p.switch_code = (char *)code;
	p.version = (char *)"1.4.9";
	m.union_case = M(PUNCH_HOLE_REQUEST);
	m.punch_hole_request = &p;
	tcp_send(fd, &m);
	return fd;
}

static void refused(const char *id, const char *token, const char *text)
{
	int fd = ask_from(9, id, token, "");
	message *m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);

	ck_assert_msg(strstr(m->punch_hole_response->other_failure, text) != NULL, "'%s'\n%s",
			m->punch_hole_response->other_failure, test_log_end(api.log, 2000));
	hws_rdv_free(m);
	close(fd);
}

/* What the device is asked; free it. */
static message *allowed_from(unsigned host, struct device *d, const char *token)
{
	int fd = ask_from(host, d->id, token, "");
	message *m = device_pushed(d, M(PUNCH_HOLE));

	close(fd);
	return m;
}

static message *allowed(struct device *d, const char *token)
{
	return allowed_from(9, d, token);
}

static void owned_by(const char *device_guid, const char *account_guid)
{
	const struct dat_device_change to = { .owner_guid = account_guid };

	ck_ok(dat_device_change(sql, device_guid, &to, now()));
}

START_TEST(devices_appear_and_rules_decide)
{
	char ann[DAT_GUID_TEXT], bob[DAT_GUID_TEXT], rule[DAT_GUID_TEXT];
	char ann_in[DAT_TOKEN_TEXT], bob_in[DAT_TOKEN_TEXT], again[DAT_TOKEN_TEXT];
	struct dat_rule r = { .subj_kind = DAT_END_USER,
		.obj_kind = DAT_END_DEVICE,
		.enabled = true,
		.perms = 0x61,
		.when = DAT_ALWAYS };
	struct dat_device known;
	struct dat_ref ref;
	struct device d;
	message *m;

	account("ann", ann);
	account("bob", bob);
	log_in(ann, ann_in);
	log_in(bob, bob_in);
	known = device_there(&d, "123456789");
	ck_assert_str_eq(known.uuid, "bWFjaGluZS1vZi0xMjM0NTY3ODk="); /* as it reports by HTTP */
	ck_assert_str_eq(known.last_ip, "127.0.0.1");
	ck_assert_int_eq(known.status, DAT_DEVICE_ON);
	owned_by(known.guid, ann);
	refused(d.id, "", "Log in");
	refused(d.id, "nobody's", "Log in");
	refused(d.id, bob_in, "No rule");
	m = allowed(&d, ann_in);
	ck_assert_ptr_nonnull(m->punch_hole->controlled_context);
	ck_ok(dat_ref_take(
			sql, m->punch_hole->controlled_context->conn_audit_ref, d.id, now(), &ref));
	ck_assert_str_eq(ref.account_guid, ann);
	hws_rdv_free(m);
	memcpy(r.subj_guid, bob, sizeof(r.subj_guid));
	memcpy(r.obj_guid, known.guid, sizeof(r.obj_guid));
	ck_ok(dat_rule_add(sql, &r, now(), rule));
	log_in(bob, again); /* of another token nothing is remembered */
	m = allowed(&d, again);
	ck_assert_ptr_nonnull(m->punch_hole->control_permissions);
	ck_assert_uint_eq(m->punch_hole->control_permissions->permissions, 0x61);
	hws_rdv_free(m);
	ck_ok(dat_account_set_status(sql, bob, DAT_DISABLED, now()));
	ck_ok(dat_device_set_status(sql, known.guid, DAT_DEVICE_OFF, now()));
	log_in(ann, again);
	refused(d.id, again, "disabled by its administrator");
	device_done(&d);
}
END_TEST

START_TEST(the_sockets_are_a_groups_if_so_set)
{
	const mode_t want = geteuid() == 0 ? 0660 : 0600;
	struct stat st;

	ck_assert_int_eq(stat(policy, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, want);
	ck_assert_int_eq(stat(http, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, want);
}
END_TEST

static bool strangers_are_refused(void *arg)
{
	static unsigned n;
	char token[16]; /* of another one nothing is remembered */
	message *m;
	bool no;
	int fd;

	snprintf(token, sizeof(token), "nobody-%u", n++);
	fd = ask_from(9, arg, token, "");
	m = tcp_recv(fd, SILENCE_MS); /* none: it was let through */
	no = m && strstr(m->punch_hole_response->other_failure, "Log in");
	hws_rdv_free(m);
	close(fd);
	return no;
}

START_TEST(devices_of_nobody_are_open_to_whom_the_settings_say)
{
	char ann[DAT_GUID_TEXT], in[DAT_TOKEN_TEXT];
	struct device d;

	account("ann", ann);
	log_in(ann, in);
	(void)device_there(&d, "123456789");
	hws_rdv_free(allowed(&d, "")); /* to everybody who knows the key */
	ck_ok(dat_setting_put(sql, NULL, "server.require_login", "1", false, "", now()));
	ck_assert(test_until(strangers_are_refused, d.id, WAIT_MS));
	for (message *m; (m = udp_recv(d.udp, SILENCE_MS)); hws_rdv_free(m))
		;
	hws_rdv_free(allowed(&d, in));
	ck_assert_int_eq(test_proc_stop(&api), 0);
	api_start("--no-unowned-open");
	test_proc_must_expect(&api, "policy.link", WAIT_MS);
	log_in(ann, in);
	refused(d.id, in, "No rule");
	device_done(&d);
}
END_TEST

static Rdv__RegisterPkResponse__Result change_id(struct device *d, const char *to)
{
	Rdv__RegisterPk p = RDV__REGISTER_PK__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT, *got;
	Rdv__RegisterPkResponse__Result r;
	int fd = tcp_open(1, srv.port);

	p.id = (char *)to;
	p.old_id = d->id;
	p.uuid = (ProtobufCBinaryData){ d->uuid_len, d->uuid };
	m.union_case = M(REGISTER_PK);
	m.register_pk = &p;
	tcp_send(fd, &m);
	got = viewer_answer(fd, M(REGISTER_PK_RESPONSE), WAIT_MS);
	r = got->register_pk_response->result;
	hws_rdv_free(got);
	close(fd);
	snprintf(d->id, sizeof(d->id), "%s", to);
	return r;
}

START_TEST(another_id_is_no_way_to_be_nobodys)
{
	char ann[DAT_GUID_TEXT], in[DAT_TOKEN_TEXT];
	struct dat_device known;
	struct known now_known = { .id = "new-name" };
	struct device d, copy;

	account("ann", ann);
	log_in(ann, in);
	known = device_there(&d, "123456789");
	owned_by(known.guid, ann);
	ck_assert_int_eq(change_id(&d, "new-name"), R(OK));
	ck_assert(test_until(is_known, &now_known, WAIT_MS));
	ck_assert_str_eq(now_known.device.guid, known.guid);
	ck_assert_str_eq(now_known.device.owner_guid, ann);
	device_online(&d);
	refused(d.id, "", "Log in");
	hws_rdv_free(allowed(&d, in));
	/* machine id and key of it under yet another id, of which nobody was told */
	device_init(&copy, &srv, 2, "223456789");
	memcpy(copy.uuid, d.uuid, sizeof(copy.uuid));
	copy.uuid_len = d.uuid_len;
	memcpy(copy.pk, d.pk, sizeof(copy.pk));
	device_online(&copy);
	now_known.id = copy.id;
	ck_assert(test_until(is_known, &now_known, WAIT_MS));
	ck_assert_int_eq(now_known.device.status, DAT_DEVICE_PENDING);
	refused(copy.id, in, "waits for the approval");
	device_done(&d);
	device_done(&copy);
}
END_TEST

/* What was shown last; another each time, as the ID server remembers answers. */
static char code[32];

struct heard {
	int fd;
	struct device *d;
	message *refusal, *pushed;
};

static bool hears(void *arg)
{
	struct heard *h = arg;

	h->refusal = tcp_recv(h->fd, 20);
	h->pushed = h->refusal ? NULL : udp_recv(h->d->udp, 20);
	return h->refusal || h->pushed;
}

/* Whether the host at that address is let through by a code that it has announced. */
static bool switches(const char *host_id, unsigned host, struct device *to)
{
	struct heard h = { .d = to };
	char verifier[DAT_VERIFIER_TEXT];
	static unsigned n;

	(void)snprintf(code, sizeof(code), "code %u", n++);
	dat_switch_verifier(code, verifier);
	ck_ok(dat_switch_put(sql, host_id, verifier, now()));
	h.fd = ask_from(host, to->id, "", code);
	ck_assert(test_until(hears, &h, WAIT_MS));
	if (h.refusal)
		ck_assert_ptr_nonnull(
				strstr(h.refusal->punch_hole_response->other_failure, "Log in"));
	if (h.pushed) {
		ck_assert_int_eq(h.pushed->union_case, M(PUNCH_HOLE));
		ck_assert_ptr_nonnull(h.pushed->punch_hole->control_permissions);
		ck_assert_uint_eq(h.pushed->punch_hole->control_permissions->permissions, 0x61);
	}
	hws_rdv_free(h.refusal);
	hws_rdv_free(h.pushed);
	close(h.fd);
	return h.pushed != NULL;
}

/* Somebody at this machine logs in. */
static void log_in_at(
		const struct dat_device *d, const char *account_guid, char token[DAT_TOKEN_TEXT])
{
	ck_ok(dat_session_add(sql,
			&(struct dat_session_new){ .account_guid = account_guid,
					.kind = DAT_SESSION_CLIENT,
					.device_id = d->id,
					.device_uuid = d->uuid },
			now(), token));
}

START_TEST(a_switch_of_sides_leads_back_to_the_viewer_alone)
{
	char ann[DAT_GUID_TEXT], bob[DAT_GUID_TEXT], in[DAT_TOKEN_TEXT], rule[DAT_GUID_TEXT];
	struct dat_rule r = { .subj_kind = DAT_END_USER,
		.obj_kind = DAT_END_DEVICE,
		.enabled = true,
		.perms = 0x61,
		.when = DAT_ALWAYS };
	struct dat_device viewer, host;
	struct device d, h;
	int64_t n = 0;
	message *m;
	int fd;

	account("ann", ann);
	account("bob", bob);
	viewer = device_there(&d, "123456789");
	owned_by(viewer.guid, ann);
	host = device_there_at(&h, 9, "987654321");
	owned_by(host.guid, bob);
	memcpy(r.subj_guid, ann, sizeof(r.subj_guid));
	memcpy(r.obj_guid, host.guid, sizeof(r.obj_guid));
	ck_ok(dat_rule_add(sql, &r, now(), rule));
	/* nobody has asked for it: any device could say so of any other */
	ck_assert(!switches(h.id, 9, &d));
	/* a viewer has, but from another machine */
	log_in(ann, in);
	hws_rdv_free(allowed_from(1, &h, in));
	ck_assert(!switches(h.id, 9, &d));
	log_in_at(&viewer, ann, in);
	hws_rdv_free(allowed_from(1, &h, in));
	ck_assert(!switches(h.id, 8, &d)); /* not where the host is */
	ck_assert(!switches("555000111", 9, &d));
	ck_ok(dat_device_set_status(sql, host.guid, DAT_DEVICE_PENDING, now()));
	ck_assert(!switches(h.id, 9, &d));
	ck_ok(dat_device_set_status(sql, host.guid, DAT_DEVICE_ON, now()));
	ck_assert(switches(h.id, 9, &d));
	ck_ok(sql_number(sql, "SELECT count(*) FROM audit_event WHERE kind = 'device.switch'",
			SQL_NONE, &n));
	ck_assert_int_eq(n, 1);
	fd = ask_from(9, d.id, "x", code); /* somebody else who has seen it */
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert_ptr_nonnull(strstr(m->punch_hole_response->other_failure, "Log in"));
	hws_rdv_free(m);
	close(fd);
	ck_ok(dat_rule_remove(sql, rule));
	ck_assert(!switches(h.id, 9, &d)); /* what the viewer may no more, nor may the host */
	device_done(&d);
	device_done(&h);
}
END_TEST

static bool lasts(void *arg)
{
	int64_t n = 0;

	return dat_live_count(sql, arg, now(), &n) == HWS_OK && n == 1;
}

static bool is_over(void *arg)
{
	int64_t n = 1;

	return dat_live_count(sql, arg, now(), &n) == HWS_OK && n == 0;
}

START_TEST(sessions_that_last_are_counted)
{
	Rdv__HealthCheck hc = RDV__HEALTH_CHECK__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT, *m;
	char ann[DAT_GUID_TEXT], in[DAT_TOKEN_TEXT], again[DAT_TOKEN_TEXT];
	struct dat_account_change one = { DAT_ACCOUNT_CHANGE };
	struct dat_device known;
	struct device d;
	int fd;

	account("ann", ann);
	one.max_sessions = 1;
	ck_ok(dat_account_change(sql, ann, &one, now()));
	log_in(ann, in);
	known = device_there(&d, "123456789");
	owned_by(known.guid, ann);
	hws_rdv_free(allowed(&d, in));
	fd = tcp_open(9, srv.port);
	hc.token = in;
	out.union_case = M(HC);
	out.hc = &hc;
	tcp_send(fd, &out);
	m = viewer_answer(fd, M(REGISTER_PK_RESPONSE), WAIT_MS);
	hws_rdv_free(m);
	ck_assert(test_until(lasts, ann, WAIT_MS));
	log_in(ann, again);
	refused(d.id, again, "as many sessions");
	close(fd);
	ck_assert(test_until(is_over, ann, WAIT_MS));
	log_in(ann, again);
	hws_rdv_free(allowed(&d, again));
	device_done(&d);
}
END_TEST

/* Both are asked for before either has begun. */
START_TEST(sessions_that_are_under_way_count)
{
	char ann[DAT_GUID_TEXT], in[DAT_TOKEN_TEXT], there[DAT_TOKEN_TEXT];
	struct dat_account_change one = { DAT_ACCOUNT_CHANGE };
	struct dat_device known, second;
	struct device d, e;

	account("ann", ann);
	one.max_sessions = 1;
	ck_ok(dat_account_change(sql, ann, &one, now()));
	known = device_there(&d, "123456789");
	owned_by(known.guid, ann);
	second = device_there(&e, "223456789");
	owned_by(second.guid, ann);
	log_in(ann, in);
	log_in_at(&known, ann, there);
	hws_rdv_free(allowed(&d, in));
	refused(e.id, in, "as many sessions");
	refused(e.id, there, "as many sessions");
	hws_rdv_free(allowed(&d, in)); /* the same once more */
	ck_ok(sql_run(sql, "UPDATE audit_ref SET expires_at = expires_at - 31000", SQL_NONE));
	log_in_at(&second, ann, there);
	hws_rdv_free(allowed(&e, there)); /* it came to nothing */
	device_done(&d);
	device_done(&e);
}
END_TEST

struct waits {
	const char *id;
	struct dat_device device;
};

static bool is_waiting(void *arg)
{
	struct waits *w = arg;

	return dat_device_find(sql, w->id, &w->device) == HWS_OK &&
			w->device.status == DAT_DEVICE_PENDING;
}

static void order(json_t *req)
{
	struct hws_error err = { 0 };
	json_t *ans = NULL;

	ck_assert_msg(hws_control_call(srv.control, req, 60000000, &ans, &err) == HWS_OK, "%s",
			err.text);
	ck_assert(json_is_true(json_object_get(ans, "ok")));
	json_decref(req);
	json_decref(ans);
}

/* How many are on the list of those that may not register yet. */
static int64_t on_list(void)
{
	int64_t n = -1;

	ck_ok(sql_number(sql,
			"SELECT count(*) FROM device WHERE deployed_by LIKE 'waits 127.0.0.%'",
			SQL_NONE, &n));
	return n;
}

static bool one_waits(void *arg)
{
	(void)arg;
	return on_list() == 1;
}

static bool none_waits(void *arg)
{
	(void)arg;
	return on_list() == 0;
}

START_TEST(a_device_that_is_kept_out_waits_for_approval)
{
	struct waits w = { .id = "123456789" };
	char key[HWS_KEY_TEXT];
	struct device d;

	order(json_pack("{s:s,s:b}", "cmd", "enrolled-only", "on", 1));
	device_init(&d, &srv, 1, w.id);
	ck_assert_int_eq(device_register(&d), R(NOT_DEPLOYED));
	ck_assert_int_eq(device_register(&d), R(NOT_DEPLOYED));
	ck_assert(test_until(is_waiting, &w, WAIT_MS));
	ck_assert(test_until(one_waits, NULL, WAIT_MS));
	ck_ok(dat_device_set_status(sql, w.device.guid, DAT_DEVICE_ON, now()));
	order(json_pack("{s:s,s:s,s:s,s:s}", "cmd", "enrol", "id", w.id, "uuid", w.device.uuid,
			"pk", hws_key_text(d.pk, key)));
	ck_assert_int_eq(device_register(&d), R(OK));
	ck_assert(test_until(none_waits, NULL, WAIT_MS));
	device_done(&d);
}
END_TEST

START_TEST(without_the_api_server_nobody_passes_until_it_is_back)
{
	char ann[DAT_GUID_TEXT], in[DAT_TOKEN_TEXT];
	struct dat_device known;
	struct device d;

	account("ann", ann);
	log_in(ann, in);
	known = device_there(&d, "123456789");
	owned_by(known.guid, ann);
	ck_assert_int_eq(test_proc_stop(&api), 0);
	refused(d.id, in, "cannot find out");
	api_start(NULL);
	test_proc_must_expect(&api, "policy.link", WAIT_MS);
	hws_rdv_free(allowed(&d, in));
	device_done(&d);
}
END_TEST

START_TEST(the_api_is_to_be_had_on_the_id_servers_port)
{
	Rdv__HttpProxyRequest p = RDV__HTTP_PROXY_REQUEST__INIT;
	message m = RDV__RENDEZVOUS_MESSAGE__INIT, *got;
	int fd = tcp_open(9, srv.port);

	p.method = (char *)"GET";
	p.path = (char *)"/api/login-options";
	m.union_case = M(HTTP_PROXY_REQUEST);
	m.http_proxy_request = &p;
	tcp_send(fd, &m);
	got = viewer_answer(fd, M(HTTP_PROXY_RESPONSE), WAIT_MS);
	ck_assert_str_eq(got->http_proxy_response->error, "");
	ck_assert_int_eq(got->http_proxy_response->status, 200);
	ck_assert_uint_ge(got->http_proxy_response->body.len, 2);
	ck_assert_int_eq(got->http_proxy_response->body.data[0], '[');
	hws_rdv_free(got);
	ck_assert(tcp_closed(fd, WAIT_MS));
	close(fd);
}
END_TEST

int main(void)
{
	if (hws_crypto_init() < 0)
		return 1;
	return test_main("api/policy", 120, set_up, tear_down,
			TESTS(devices_appear_and_rules_decide, the_sockets_are_a_groups_if_so_set,
					devices_of_nobody_are_open_to_whom_the_settings_say,
					another_id_is_no_way_to_be_nobodys,
					a_switch_of_sides_leads_back_to_the_viewer_alone,
					sessions_that_last_are_counted,
					sessions_that_are_under_way_count,
					a_device_that_is_kept_out_waits_for_approval,
					without_the_api_server_nobody_passes_until_it_is_back,
					the_api_is_to_be_had_on_the_id_servers_port));
}
