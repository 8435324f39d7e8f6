/* Programs of the build on loopback; every wait is for what they say. */
#include "tests/component/servers/stage.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BLOCK 5 /* ports of a server: NAT test, its own, one free, WebSocket, one free */

struct stage_server stage_server[STAGE_SERVERS];
struct test_proc stage_host;
char stage_host_dir[256], stage_id[32];
static struct test_proc relay;
static char relay_dir[256], relay_text[40], viewer_dir[256];
static uint16_t relay_port;

void stage_setup(void)
{
	uint16_t first = test_free_ports(BLOCK * STAGE_SERVERS + 1);

	test_dir(stage_host_dir, sizeof(stage_host_dir));
	test_dir(relay_dir, sizeof(relay_dir));
	test_dir(viewer_dir, sizeof(viewer_dir));
	relay_port = (uint16_t)(first + BLOCK * STAGE_SERVERS);
	snprintf(relay_text, sizeof(relay_text), "127.0.0.1:%u", relay_port);
	for (unsigned i = 0; i < STAGE_SERVERS; i++) {
		struct stage_server *s = &stage_server[i];

		memset(s, 0, sizeof(*s));
		test_dir(s->dir, sizeof(s->dir));
		s->port = (uint16_t)(first + BLOCK * i + 1);
		snprintf(s->text, sizeof(s->text), "127.0.0.1:%u", s->port);
	}
}

/* What a sanitizer found in the host or any of its processes. */
static void stop_host(void)
{
	bool clean = true;

	if (!stage_host.pid)
		return;
	test_proc_signal(&stage_host, SIGTERM);
	test_proc_wait(&stage_host, TEST_PATIENCE_MS);
	if (stage_host.log)
		clean = !strstr(stage_host.log, "Sanitizer") &&
				!strstr(stage_host.log, "runtime error");
	if (!clean)
		fputs(stage_host.log, stderr); /* too long for a message of the test */
	ck_assert(clean);
	test_proc_stop(&stage_host);
}

void stage_teardown(void)
{
	stop_host();
	for (unsigned i = 0; i < STAGE_SERVERS; i++)
		test_proc_stop(&stage_server[i].proc);
	test_proc_stop(&relay);
}

static void first_line(const char *const argv[], char *buf, size_t size)
{
	char *out = NULL;

	ck_assert_msg(test_run(argv, NULL, &out) == 0, "%s %s: %s", argv[0], argv[1], out);
	snprintf(buf, size, "%.*s", (int)strcspn(out, "\r\n"), out);
	free(out);
}

static void start_relay(void)
{
	char port[8], control[300];
	const char *argv[] = { test_bin("server-relay/hawser-relay"), "--open", "--bind",
		"127.0.0.1", "--port", port, "--control", control, "--runtime-dir", relay_dir,
		NULL };

	if (relay.pid)
		return;
	snprintf(port, sizeof(port), "%u", relay_port);
	snprintf(control, sizeof(control), "%s/c.sock", relay_dir);
	test_proc_start(&relay, argv, NULL);
	test_proc_must_expect(&relay, "listening", 20000);
}

void stage_make_key(unsigned server)
{
	struct stage_server *s = &stage_server[server];
	const char *argv[] = { test_bin("server-rendezvous/hawser-rendezvous"), "key",
		"--state-dir", s->dir, NULL };

	first_line(argv, s->key, sizeof(s->key));
}

void stage_same_key(unsigned from, unsigned server)
{
	char command[700];
	const char *argv[] = { "/bin/sh", "-c", command, NULL };

	snprintf(command, sizeof(command), "cp -p %s/id_ed25519* %s/", stage_server[from].dir,
			stage_server[server].dir);
	ck_assert_int_eq(test_run(argv, NULL, NULL), 0);
	stage_make_key(server);
}

void stage_start(unsigned server)
{
	struct stage_server *s = &stage_server[server];
	char port[8], control[300];
	const char *argv[] = { test_bin("server-rendezvous/hawser-rendezvous"), "--bind",
		s->ip ? s->ip : "127.0.0.1", "--port", port, "--state-dir", s->dir, "--control",
		control, "--store", "memory", "--relay-servers", relay_text, NULL };

	start_relay();
	snprintf(port, sizeof(port), "%u", s->port);
	snprintf(control, sizeof(control), "%s/c.sock", s->dir);
	test_proc_start(&s->proc, argv, NULL);
	test_proc_must_expect(&s->proc, "listening", 20000);
	stage_make_key(server);
}

void stage_stop(unsigned server)
{
	/* at once, as by a cut: one that ends in peace says good-bye to its clients first */
	test_proc_signal(&stage_server[server].proc, SIGKILL);
	test_proc_stop(&stage_server[server].proc);
}

const char *stage_list(unsigned count)
{
	static char text[400];
	size_t len = 0;

	for (unsigned i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s?key=%s", i ? "," : "",
				stage_server[i].text, stage_server[i].key);
	return text;
}

void stage_take_id(const char *id)
{
	char path[300];

	test_write_file(id, "%s/id", stage_host_dir);
	snprintf(path, sizeof(path), "%s/id", stage_host_dir);
	ck_assert_int_eq(chmod(path, 0600), 0);
}

void stage_start_host(const char *const options[])
{
	const char *argv[32] = { test_bin("client/host/hawser-host"), "run", "--backend",
		"headless:320x240@10", "--state-dir", stage_host_dir };
	const char *ask_id[] = { argv[0], "id", "--state-dir", stage_host_dir, NULL };

	for (unsigned i = 0; options[i]; i++)
		argv[6 + i] = options[i];
	test_proc_start(&stage_host, argv, NULL);
	test_proc_must_expect(&stage_host, "server.", 20000);
	first_line(ask_id, stage_id, sizeof(stage_id));
}

const char *stage_host_says(const char *address, const char *member)
{
	const char *argv[] = { test_bin("client/host/hawser-host"), "status", "--json",
		"--state-dir", stage_host_dir, NULL };
	static char said[300];
	char *out = NULL;
	json_t *all, *server;
	size_t i;

	/* what nobody reads stops its writer in the end */
	(void)test_proc_expect(&stage_host, "nothing that it says", 100);
	ck_assert_msg(test_run(argv, NULL, &out) == 0, "%s", out);
	all = json_loads(out, 0, NULL);
	ck_assert_msg(all, "%s", out);
	said[0] = '\0';
	json_array_foreach (json_object_get(all, "servers"), i, server) {
		const char *text = json_string_value(json_object_get(server, member));

		if (!strcmp(json_string_value(json_object_get(server, "address")), address))
			snprintf(said, sizeof(said), "%s", text ? text : "");
	}
	json_decref(all);
	free(out);
	return said;
}

void stage_host_until(const char *address, const char *state)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	const char *is;

	while (strcmp(is = stage_host_says(address, "state"), state) != 0)
		ck_assert_msg(test_now_ms() < end, "%s is %s, not %s:\n%s", address, is, state,
				stage_host.log);
}

static void ask_password(char secret[100])
{
	const char *ask[] = { test_bin("client/host/hawser-host"), "password", "--state-dir",
		stage_host_dir, NULL };
	char password[64];

	first_line(ask, password, sizeof(password)); /* another one after each session */
	snprintf(secret, 100, "HAWSER_PASSWORD=%s", password);
}

void stage_stay(struct test_proc *p, const char *const options[])
{
	char home[300], secret[100], config[300];
	const char *argv[40] = { test_bin("client/cli/hawser"), "connect", stage_id, "--headless",
		"--after", "60s", "--stats", "--no-retry", "--config", config };
	const char *env[] = { home, secret, NULL };

	ask_password(secret);
	snprintf(home, sizeof(home), "HOME=%s", viewer_dir);
	snprintf(config, sizeof(config), "%s/none.conf", viewer_dir);
	for (unsigned i = 0; options[i]; i++)
		argv[10 + i] = options[i];
	test_proc_start(p, argv, env);
}

int stage_connect(const char *config, const char *const options[], char **ret_out)
{
	char home[300], secret[100], png[300], own[300];
	const char *argv[40] = { test_bin("client/cli/hawser"), "connect", stage_id, "--headless",
		"--screenshot", png, "--stats", "--why", "--no-retry", "--config",
		config ? config : own };
	const char *env[] = { home, secret, NULL };

	ask_password(secret);
	snprintf(home, sizeof(home), "HOME=%s", viewer_dir);
	snprintf(png, sizeof(png), "%s/shot.png", viewer_dir);
	snprintf(own, sizeof(own), "%s/none.conf", viewer_dir);
	for (unsigned i = 0; options && options[i]; i++)
		argv[11 + i] = options[i];
	return test_run(argv, env, ret_out);
}

void stage_must_connect(const char *config, const char *const options[], const char *want)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	char *out = NULL;

	while (stage_connect(config, options, &out) != 0 || !strstr(out, want)) {
		ck_assert_msg(test_now_ms() < end, "no \"%s\" in:\n%s\n%s", want, out,
				stage_host.log);
		free(out);
	}
	free(out);
}
