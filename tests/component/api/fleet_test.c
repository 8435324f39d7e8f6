/* hawser-api beside a real ID server and relay: who is on line, orders, signatures, why a session
 * took its way; and what is said when they are silent. */
#include "shared/base/str.h"
#include "shared/crypto/base64.h"
#include "shared/crypto/identity.h"
#include "shared/daemon/control.h"
#include "tests/component/api/device_ground.h"
#include "tests/component/rendezvous/stage.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ID "123456789"

static struct ground g;
static struct test_proc relay;
static struct device device;
static char relay_control[400], dev[DAT_GUID_TEXT];
static const char *const more[] = { "--rendezvous-control", srv.control, "--relay-control",
	relay_control, NULL };

static void start_relay(void)
{
	char dir[256];
	const char *argv[] = { test_bin("server-relay/hawser-relay"), "--open", "--port", "0",
		"--ws-port", "0", "--runtime-dir", dir, NULL };

	test_dir(dir, sizeof(dir));
	(void)snprintf(relay_control, sizeof(relay_control), "%s/control.sock", dir);
	memset(&relay, 0, sizeof(relay));
	test_proc_start(&relay, argv, NULL);
	(void)test_proc_must_expect(&relay, "listening", TEST_PATIENCE_MS);
}

static void set_up(void)
{
	const char *extra[] = { "--relay-servers", "relay.example.com", NULL };
	memset(&srv, 0, sizeof(srv));
	server_start(&srv, extra);
	start_relay();
	device_init(&device, &srv, 1, ID);
	device_online(&device);
	ground_start(&g, more);
	ck_ok(hws_str_copy(dev, sizeof(dev), ground_device(&g, ID, "dXVpZA==")));
}

static void tear_down(void)
{
	ground_stop(&g);
	device_done(&device);
	(void)test_proc_stop(&relay);
	server_stop(&srv);
}

static json_t *get(const char *path)
{
	return api_must(&g.api, 200, API_LOCAL, "GET", path, NULL);
}

static json_t *of_device(const char *method, int status, const char *what)
{
	char path[120];

	(void)snprintf(path, sizeof(path), "/api/v1/devices/%s%s", dev, what);
	return api_must(&g.api, status, API_LOCAL, method, path, NULL);
}

/* Until `yes` says so of what is at the path. */
static json_t *until(const char *path, bool (*yes)(const json_t *o))
{
	int64_t end = ground_now() + 90000;
	json_t *o;

	do {
		/* as devices do every 15 seconds */
		if (device.server)
			(void)device_keep_alive(&device);
		o = get(path);
		if (yes(o))
			return o;
		(void)usleep(300000);
	} while (ground_now() < end);
	ck_abort_msg("%s stays %s", path, json_dumps(o, 0));
}

static bool one_is_online(const json_t *o)
{
	return api_int(o, "online") == 1;
}

static bool somebody_is_silent(const json_t *o)
{
	char *text = json_dumps(api_at(o, "problems"), 0);
	bool both = strstr(text, "The ID server of this machine does not answer.") &&
			strstr(text, relay_control);

	free(text);
	return both;
}

START_TEST(who_reports_nothing_is_on_line_by_the_id_server)
{
	json_t *o;

	/* from its start on: it looks for all every half a minute */
	(void)test_proc_stop(&g.api.proc);
	api_start(&g.api, NULL, more);
	(void)until("/api/v1/figures", one_is_online);
	o = of_device("GET", 200, "");
	ck_assert(json_is_true(api_at(o, "online")));
	ck_assert_str_eq(api_text(o, "address"), "127.0.0.1");
	server_kill(&srv);
	device.server = NULL;
	(void)test_proc_stop(&relay);
	(void)until("/api/v1/figures", somebody_is_silent);
	of_device("GET", 503, "/why");
	/* an order that nobody takes is no reason to refuse: what counts stands in the database */
	ck_assert_str_eq(api_text(of_device("POST", 200, "/disable"), "status"), "disabled");
}
END_TEST

static bool nobody_asks(const json_t *o)
{
	char *text = json_dumps(api_at(o, "problems"), 0);
	bool yes = api_int(o, "online") == 1 && strstr(text, "does not ask here who may connect") &&
			!strstr(text, "hawser-relay");

	free(text);
	return yes;
}

static bool nobody_is_there(const json_t *o)
{
	char *text = json_dumps(api_at(o, "problems"), 0);
	bool yes = strstr(text, "No ID server is connected");

	free(text);
	return yes;
}

START_TEST(servers_of_this_machine_are_found_without_settings)
{
	char folder[300], path[340];

	(void)test_proc_stop(&g.api.proc);
	api_start(&g.api, NULL, NULL);
	(void)until("/api/v1/figures", nobody_is_there);
	/* where the ID server has its socket when nothing else is said; no new start is needed */
	(void)snprintf(folder, sizeof(folder), "%s/hawser-rendezvous", g.api.dir);
	(void)snprintf(path, sizeof(path), "%s/control.sock", folder);
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	ck_assert_int_eq(symlink(srv.control, path), 0);
	(void)until("/api/v1/figures", nobody_asks);
	ck_assert_str_eq(api_text(of_device("GET", 200, "/why"), "path"), "none");
}
END_TEST

static bool accounts_are_good(void *arg)
{
	json_t *o = server_ask(arg, "doctor", NULL, NULL), *one;
	bool good = false;
	size_t i;

	json_array_foreach (json_object_get(o, "checks"), i, one)
		good |= strcmp(api_text(one, "what"), "accounts") == 0 &&
				strcmp(api_text(one, "state"), "good") == 0;
	json_decref(o);
	return good;
}

/* From the moment on that it is asked, not from the next look at the servers on. */
START_TEST(who_asks_again_is_known_at_once)
{
	char policy[400], *text;
	const char *extra[] = { "--policy-socket", policy, NULL };

	server_kill(&srv);
	device.server = NULL;
	(void)test_proc_stop(&g.api.proc);
	api_start(&g.api, NULL, NULL);
	(void)snprintf(policy, sizeof(policy), "%s/run/policy.sock", g.api.dir);
	(void)until("/api/v1/figures", nobody_is_there);
	server_start(&srv, extra);
	ck_assert(test_until(accounts_are_good, &srv, WAIT_MS));
	text = json_dumps(api_at(get("/api/v1/figures"), "problems"), 0);
	ck_assert_msg(!strstr(text, "do not count"), "%s", text);
	free(text);
}
END_TEST

static bool relay_is_alive(const json_t *o)
{
	return json_is_true(api_at(o, "items.0.alive"));
}

START_TEST(a_relay_of_this_machine_is_known_by_its_socket)
{
	json_t *y = until("/api/v1/relays", relay_is_alive);

	/* without anybody's doing, as nobody lists any */
	ck_assert_str_eq(api_text(y, "items.0.name"), "this machine");
	ck_assert_str_eq(api_text(y, "items.0.control"), relay_control);
	y = api_must(&g.api, 201, API_LOCAL, "POST", "/api/v1/relays",
			"{'name':'relay-1','address':'127.0.0.1','control':'%s'}", relay_control);

	ck_assert_str_eq(api_text(y, "control"), relay_control);
	y = until("/api/v1/relays", relay_is_alive);
	ck_assert_str_eq(api_text(y, "items.0.problem"), "");
	ck_assert_int_gt(api_int(y, "items.0.checked_at"), 0);
	/* one on another machine is known by the ID server, which cannot reach it */
	y = api_must(&g.api, 201, API_LOCAL, "POST", "/api/v1/relays",
			"{'name':'relay-2','address':'relay.example.com'}");
	ck_assert(json_is_false(api_at(y, "alive")));
}
END_TEST

START_TEST(why_is_the_id_servers_word)
{
	json_t *o = of_device("GET", 200, "/why");
	int fd;

	ck_assert_str_eq(api_text(o, "path"), "none");
	fd = viewer_punch(&srv, 2, ID);
	hws_rdv_free(device_pushed(&device, M(PUNCH_HOLE)));
	o = of_device("GET", 200, "/why");
	ck_assert_str_eq(api_text(o, "device"), ID);
	ck_assert_int_gt(api_int(o, "at"), 1000000000000LL);
	ck_assert_uint_eq(json_array_size(api_at(o, "tried")), 5);
	close(fd);
}
END_TEST

START_TEST(who_is_disabled_is_not_reached)
{
	message *m;
	int fd;

	(void)of_device("POST", 200, "/disable");
	fd = viewer_punch(&srv, 2, ID);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert_str_ne(m->punch_hole_response->other_failure, "");
	hws_rdv_free(m);
	close(fd);
	(void)of_device("POST", 200, "/enable");
	device_online(&device);
	fd = viewer_punch(&srv, 2, ID);
	hws_rdv_free(device_pushed(&device, M(PUNCH_HOLE)));
	close(fd);
}
END_TEST

static bool has_block(void)
{
	json_t *o = server_ask(&srv, "rules", NULL, NULL), *one;
	bool found = false;
	size_t i;

	json_array_foreach (json_object_get(o, "entries"), i, one)
		found |= strcmp(api_text(one, "kind"), "block-id") == 0 &&
				strcmp(api_text(one, "key"), ID) == 0;
	json_decref(o);
	return found;
}

static bool is_taken(const json_t *o)
{
	return json_is_false(api_at(o, "order_due"));
}

/* With the ID server away, then there again. */
static void missed(const char *what)
{
	char path[120];

	server_kill(&srv);
	ck_assert(json_is_true(api_at(of_device("POST", 200, what), "order_due")));
	server_start(&srv, NULL);
	(void)snprintf(path, sizeof(path), "/api/v1/devices/%s", dev);
	(void)until(path, is_taken);
}

START_TEST(what_the_id_server_missed_is_brought_when_it_is_back)
{
	char body[200];

	device.server = NULL;
	missed("/disable");
	ck_assert(has_block());
	/* told again, by each and by many, though it is so here */
	json_decref(server_ask(&srv, "unblock", "net", ID));
	ck_assert(is_taken(of_device("POST", 200, "/disable")));
	ck_assert(has_block());
	json_decref(server_ask(&srv, "unblock", "net", ID));
	(void)snprintf(body, sizeof(body), "{'action':'disable','guids':['%s'],'dry_run':false}",
			dev);
	(void)api_must(&g.api, 200, API_LOCAL, "POST", "/api/v1/devices/bulk", "%s", body);
	ck_assert(has_block());
	ck_assert(is_taken(of_device("POST", 200, "/enable")));
	ck_assert(!has_block());
	ck_assert(is_taken(of_device("POST", 200, "/disable")));
	missed("/enable");
	ck_assert(!has_block());
}
END_TEST

static bool comes_in(unsigned host, const char *id)
{
	struct device d;
	bool in;

	device_init(&d, &srv, host, id);
	in = device_register(&d) == RDV__REGISTER_PK_RESPONSE__RESULT__OK;
	device_done(&d);
	return in;
}

static bool gate_is_closed(const json_t *o)
{
	json_t *gate = server_ask(&srv, "enrolled-only", NULL, NULL);
	bool on = json_is_true(json_object_get(gate, "on"));

	(void)o;
	json_decref(gate);
	return on;
}

START_TEST(who_needs_approval_does_not_register_before)
{
	device.server = NULL;
	ck_assert(comes_in(3, "555000333"));
	(void)api_must(&g.api, 200, API_LOCAL, "PATCH", "/api/v1/settings",
			"{'require_approval':true}");
	ck_assert(gate_is_closed(NULL));
	ck_assert(!comes_in(4, "555000444"));
	/* one that knows nothing of it */
	server_kill(&srv);
	server_start(&srv, NULL);
	(void)until("/api/v1/settings", gate_is_closed);
	ck_assert(!comes_in(4, "555000444"));
	(void)api_must(&g.api, 200, API_LOCAL, "PATCH", "/api/v1/settings",
			"{'require_approval':false}");
	ck_assert(!gate_is_closed(NULL));
	ck_assert(comes_in(4, "555000444"));
}
END_TEST

static json_t *deploy(struct api_as as, const char *id, const char *uuid)
{
	return api_must(&g.api, 200, as, "POST", "/api/devices/deploy",
			"{'id':'%s','uuid':'%s','pk':'A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg='}",
			id, uuid);
}

START_TEST(a_device_is_deployed_at_the_id_server)
{
	struct api_as t1 = ground_token(&g, "root", true);
	struct device d;

	ck_assert_str_eq(
			api_text(deploy(t1, "555000111", "bmV3LXV1aWQ="), "result"), "NOT_ENABLED");
	{
		json_t *req = json_pack("{s:s,s:b}", "cmd", "enrolled-only", "on", 1), *answer;
		struct hws_error err = { 0 };

		ck_ok(hws_control_call(srv.control, req, 10000000, &answer, &err));
		ck_assert(json_is_true(json_object_get(answer, "ok")));
		json_decref(req);
		json_decref(answer);
	}
	device_init(&d, &srv, 3, "555000222");
	ck_assert_int_ne(device_register(&d), RDV__REGISTER_PK_RESPONSE__RESULT__OK);
	ck_assert_str_eq(api_text(deploy(t1, "555000111", "bmV3LXV1aWQ="), "result"), "OK");
	ck_assert_str_eq(api_text(deploy(t1, "555000111", "bmV3LXV1aWQ="), "result"), "OK");
	ck_assert_str_eq(api_text(deploy(t1, "555000111", "b3RoZXI="), "result"), "ID_TAKEN");
	/* that of a machine which only the ID server knows */
	{
		struct device other;

		device_init(&other, &srv, 4, "555000111");
		ck_assert_int_ne(device_register(&other), RDV__REGISTER_PK_RESPONSE__RESULT__OK);
		device_done(&other);
	}
	device_done(&d);
}
END_TEST

START_TEST(a_strategy_is_signed_with_the_servers_key)
{
	char strategy[DAT_GUID_TEXT], signed_text[4096];
	struct dat_option o = { "enable-tunnel", "N" };
	uint8_t pk[HWS_PK_LEN], sig[64];
	const char *text;
	size_t n;
	json_t *reply, *said;

	ck_ok(dat_strategy_add(g.c, "base", "", ground_now(), strategy));
	ck_ok(dat_strategy_set_options(g.c, strategy, &o, 1, ground_now()));
	ck_ok(dat_strategy_assign(g.c, strategy, DAT_TARGET_DEVICE, dev, ground_now()));
	reply = api_must(&g.api, 200, API_NOBODY, "POST", "/api/heartbeat",
			"{'id':'" ID "','uuid':'dXVpZA==','modified_at':0}");
	text = api_text(reply, "strategy.extra.hawser-text");
	n = (size_t)snprintf(signed_text, sizeof(signed_text), "hawser strategy v1%c%s", 0, text);
	ck_ok(hws_base64_decode(hws_bytes_str(api_text(reply, "strategy.extra.hawser-signature")),
			sig, sizeof(sig)));
	ck_ok(hws_key_parse(srv.key, pk));
	ck_ok(hws_verify(pk, hws_bytes(signed_text, n), hws_bytes(sig, sizeof(sig))));
	/* for this device and this number alone */
	said = json_loads(text, 0, NULL);
	ck_assert_str_eq(api_text(said, "id"), ID);
	ck_assert_int_eq(api_int(said, "modified_at"), api_int(reply, "modified_at"));
	ck_assert_str_eq(api_text(said, "config_options.enable-tunnel"), "N");
	ck_assert_ptr_null(json_object_get(said, "nonce"));
	json_decref(said);
}
END_TEST

/* ... and for this question, where it has something that nobody knew before. */
START_TEST(a_signed_strategy_names_what_it_answers)
{
	static const struct {
		const char *nonce, *named;
	} cases[] = { { "'0123abcd'", "0123abcd" }, { "''", NULL }, { "7", NULL },
		{ "'0123456789012345678901234567890123456789012345678901234567890123x'", NULL } };
	struct dat_option o = { "enable-tunnel", "N" };
	char strategy[DAT_GUID_TEXT], body[300];
	json_t *said;

	ck_ok(dat_strategy_add(g.c, "base", "", ground_now(), strategy));
	ck_ok(dat_strategy_set_options(g.c, strategy, &o, 1, ground_now()));
	ck_ok(dat_strategy_assign(g.c, strategy, DAT_TARGET_DEVICE, dev, ground_now()));
	for (size_t i = 0; i < HWS_COUNT(cases); i++) {
		(void)snprintf(body, sizeof(body),
				"{'id':'" ID "','uuid':'dXVpZA==','modified_at':0,"
				"'hawser-nonce':%s}",
				cases[i].nonce);
		said = json_loads(api_text(api_must(&g.api, 200, API_NOBODY, "POST",
							   "/api/heartbeat", "%s", body),
						  "strategy.extra.hawser-text"),
				0, NULL);
		if (cases[i].named)
			ck_assert_str_eq(api_text(said, "nonce"), cases[i].named);
		else
			ck_assert_ptr_null(json_object_get(said, "nonce"));
		json_decref(said);
	}
}
END_TEST

int main(void)
{
	return test_main("api_fleet", 180, set_up, tear_down,
			TESTS(who_reports_nothing_is_on_line_by_the_id_server,
					who_asks_again_is_known_at_once,
					servers_of_this_machine_are_found_without_settings,
					a_relay_of_this_machine_is_known_by_its_socket,
					why_is_the_id_servers_word, who_is_disabled_is_not_reached,
					what_the_id_server_missed_is_brought_when_it_is_back,
					who_needs_approval_does_not_register_before,
					a_device_is_deployed_at_the_id_server,
					a_strategy_is_signed_with_the_servers_key,
					a_signed_strategy_names_what_it_answers));
}
