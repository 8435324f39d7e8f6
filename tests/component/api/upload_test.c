/* From a host's folder to the auditor with real programs: the ID server tells hawser-api of the
 * device and its key, hawser-upload sends what is finished, the host signs for it. */
#include "shared/base/rand.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "tests/component/api/local.h"
#include "tests/support/suite.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILM_LEN (3u << 20)
#define NAME "incoming_987654321_20261130120000123_display0_vp9.webm"

static struct local_api api;
static struct test_proc id_server, host;
static char dir[256], folder[300], key_secret[300], socket_path[300];
static char server[32]; /* the ID server's address */
static uint8_t film[FILM_LEN];

static void path_in(char *buf, size_t size, const char *name)
{
	ck_assert_int_eq(hws_fmt(buf, size, "%s/%s", dir, name), HWS_OK);
}

static void start_api(void)
{
	char key_public[300], conf[600];
	const char *const make[] = { test_bin("admin/hawser-admin"), "recording", "key", key_secret,
		key_public, "--name", "auditor", NULL };

	path_in(key_secret, sizeof(key_secret), "auditor");
	path_in(key_public, sizeof(key_public), "auditor.pub");
	ck_assert_int_eq(test_run(make, NULL, NULL), 0);
	ck_assert_int_eq(hws_fmt(conf, sizeof(conf), "[recordings]\nrecording-key = %s\n",
					 key_public),
			HWS_OK);
	memcpy(api.dir, dir, sizeof(dir));
	local_start(&api, conf);
}

static void start_id_server(char key[64])
{
	char state[300], control[300], policy[300];
	/* the NAT test is one below, the WebSocket two above */
	unsigned port = test_free_ports(4) + 1u;
	const char *const argv[] = { test_bin("server-rendezvous/hawser-rendezvous"), "--bind",
		"127.0.0.1", "--port", server + strlen("127.0.0.1:"), "--state-dir", state,
		"--control", control, "--policy-socket", policy, NULL };
	const char *const ask[] = { test_bin("server-rendezvous/hawser-rendezvous"), "key",
		"--state-dir", state, NULL };

	ck_assert_int_eq(hws_fmt(server, sizeof(server), "127.0.0.1:%u", port), HWS_OK);
	path_in(state, sizeof(state), "id");
	path_in(control, sizeof(control), "id.sock");
	path_in(policy, sizeof(policy), "run/policy.sock");
	test_proc_start(&id_server, argv, NULL);
	(void)test_proc_must_expect(&id_server, "listening", 60000);
	test_first_line(ask, key, 64);
}

static void start_host(const char *key)
{
	char state[300];
	const char *const argv[] = { test_bin("client/host/hawser-host"), "run", "--state-dir",
		state, "--control-socket", socket_path, "--server", server, "--key", key,
		"--lan-port", "0", NULL };

	path_in(state, sizeof(state), "host");
	path_in(socket_path, sizeof(socket_path), "host.sock");
	test_proc_start(&host, argv, NULL);
	(void)test_proc_must_expect(&host, "registered", 60000);
}

static void set_up(void)
{
	char key[64];

	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	test_dir(dir, sizeof(dir));
	path_in(folder, sizeof(folder), "films");
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	hws_rand_bytes(film, sizeof(film));
	start_api();
	start_id_server(key);
	start_host(key);
}

static void tear_down(void)
{
	(void)test_proc_stop(&host);
	(void)test_proc_stop(&id_server);
	local_stop(&api);
}

static void film_at(const char *name, size_t len)
{
	char path[500];
	FILE *f;

	ck_assert_int_eq(hws_fmt(path, sizeof(path), "%s/%s", folder, name), HWS_OK);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(film, 1, len, f), len);
	fclose(f);
}

/* Status, and whether its report has a text. */
static int upload(const char *says)
{
	char url[100], state[300];
	const char *const argv[] = { test_bin("client/upload/hawser-upload"), "--server", url,
		"--recording-folder", folder, "--control-socket", socket_path, "--state-dir", state,
		NULL };
	char *out = NULL;
	int status;

	path_in(state, sizeof(state), "upload");
	ck_assert_int_eq(hws_fmt(url, sizeof(url), "http://127.0.0.1:%lu/", api.port), HWS_OK);
	status = test_run(argv, NULL, &out);
	ck_assert_msg(out && strstr(out, says), "%d: no %s in %s", status, says, out ? out : "");
	free(out);
	return status;
}

/* The device is known a moment after it has registered; it uploads once it is in a group. */
static bool grouped(void *arg)
{
	json_t *o = NULL, *one, *body;
	char path[100], *text;
	int status;

	ck_assert_int_eq(local_ask(&api, "GET", "/api/v1/devices", NULL, &o), 200);
	one = json_array_get(json_object_get(o, "items"), 0);
	if (!one) {
		json_decref(o);
		return false;
	}
	ck_assert_int_eq(hws_fmt(path, sizeof(path), "/api/v1/devices/%s",
					 json_string_value(json_object_get(one, "guid"))),
			HWS_OK);
	body = json_pack("{s:s,s:O}", "group_guid", arg, "updated_at",
			json_object_get(one, "updated_at"));
	text = json_dumps(body, 0);
	status = local_ask(&api, "PATCH", path, text, NULL);
	free(text);
	json_decref(body);
	json_decref(o);
	return status == 200; /* it may have changed meanwhile */
}

static void put_into_group(void)
{
	json_t *o = NULL;
	char guid[40];

	ck_assert_int_eq(local_ask(&api, "POST", "/api/v1/device-groups", "{\"name\":\"films\"}",
					 &o),
			201);
	ck_assert_int_eq(hws_str_copy(guid, sizeof(guid),
					 json_string_value(json_object_get(o, "guid"))),
			HWS_OK);
	json_decref(o);
	ck_assert_msg(test_until(grouped, guid, TEST_PATIENCE_MS), "it is not in the group");
}

static bool taken(void *arg)
{
	char url[100], state[300];
	const char *const argv[] = { test_bin("client/upload/hawser-upload"), "--server", url,
		"--recording-folder", folder, "--control-socket", socket_path, "--state-dir", state,
		NULL };

	(void)arg;
	path_in(state, sizeof(state), "upload");
	ck_assert_int_eq(hws_fmt(url, sizeof(url), "http://127.0.0.1:%lu", api.port), HWS_OK);
	return test_run(argv, NULL, NULL) == 0;
}

START_TEST(finished_recordings_arrive_whole)
{
	char closed[300], clear[300], guid[40], path[200], busy[500];
	const char *const open_it[] = { test_bin("admin/hawser-admin"), "recording", "open", closed,
		clear, "--key", key_secret, NULL };
	static uint8_t got[FILM_LEN + 1];
	json_t *o, *item;
	FILE *f;
	int fd;

	film_at(NAME, FILM_LEN);
	film_at("notes.txt", 10);
	film_at("outgoing_1_20261130130000123_display0_vp9.webm", 10);
	/* one that is being written */
	ck_assert_int_eq(hws_fmt(busy, sizeof(busy),
					 "%s/outgoing_1_20261130130000123_display0_vp9.webm",
					 folder),
			HWS_OK);
	fd = open(busy, O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	put_into_group();
	ck_assert_msg(test_until(taken, NULL, TEST_PATIENCE_MS), "it is not taken");
	ck_assert_int_eq(local_ask(&api, "GET", "/api/v1/recordings", NULL, &o), 200);
	ck_assert_uint_eq(json_array_size(json_object_get(o, "items")), 1);
	item = json_array_get(json_object_get(o, "items"), 0);
	ck_assert_int_eq(json_integer_value(json_object_get(item, "bytes")), FILM_LEN);
	ck_assert_int_eq(hws_str_copy(guid, sizeof(guid),
					 json_string_value(json_object_get(item, "guid"))),
			HWS_OK);
	json_decref(o);
	path_in(closed, sizeof(closed), "closed.rec");
	path_in(clear, sizeof(clear), "clear.webm");
	ck_assert_int_eq(
			hws_fmt(path, sizeof(path), "/api/v1/recordings/%s/content", guid), HWS_OK);
	f = fopen(closed, "we");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(local_save(&api, path, f), 200);
	fclose(f);
	ck_assert_int_eq(test_run(open_it, NULL, NULL), 0);
	f = fopen(clear, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fread(got, 1, sizeof(got), f), FILM_LEN);
	fclose(f);
	ck_assert_int_eq(memcmp(got, film, FILM_LEN), 0);
	/* not again; and what was busy then */
	ck_assert_int_eq(upload("\"uploaded\":0,\"already\":0,\"being_written\":1"), 0);
	close(fd);
	ck_assert_int_eq(upload("\"uploaded\":1"), 0);
	/* who has forgotten what it sent asks, and sends nothing */
	path_in(path, sizeof(path), "upload/uploaded");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(
			upload("\"uploaded\":0,\"already\":2,\"being_written\":0,\"failed\":0,\"bytes\":0"),
			0);
	(void)test_proc_stop(&host);
	memset(&host, 0, sizeof(host));
	film_at("incoming_2.webm", 10);
	ck_assert_int_eq(upload("\"uploaded\":0"), 1);
}
END_TEST

int main(void)
{
	return test_main("api upload", 120, set_up, tear_down,
			TESTS(finished_recordings_arrive_whole));
}
