/* Starts hawser-host with settings and folders of the test's own and asks it as its user would.
 * */
#include "tests/component/host/host.h"
#include "shared/base/str.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void host_start(struct test_host *h, const char *const extra[])
{
	const char *argv[32] = { HOST_PROGRAM, "run", "--direct-port", "0", "--direct-bind",
		"127.0.0.1", "--state-dir", h->dir };
	char bus[320];
	const char *env[] = { bus, NULL };
	int n = 8;

	if (!h->dir[0])
		test_dir(h->dir, sizeof(h->dir));
	for (int i = 0; extra && extra[i]; i++)
		argv[n++] = extra[i];
	if (snprintf(bus, sizeof(bus), "DBUS_SESSION_BUS_ADDRESS=%s",
			    h->bus ? h->bus : "unix:path=/dev/null/no-bus") >= (int)sizeof(bus))
		ck_abort_msg("the address of the bus is too long");
	test_proc_start(&h->proc, argv, env);
	h->port = (unsigned)test_line_number(
			test_proc_must_expect(&h->proc, "direct.listening", 10000), "port=");
	ck_assert_uint_gt(h->port, 0);
}

void host_stop(struct test_host *h)
{
	bool clean;

	if (!h->proc.pid)
		return;
	test_proc_signal(&h->proc, SIGTERM);
	test_proc_wait(&h->proc, 10000);
	/* what a sanitizer found in any of the processes */
	clean = !h->proc.log ||
			(!strstr(h->proc.log, "Sanitizer") &&
					!strstr(h->proc.log, "runtime error"));
	if (!clean)
		fputs(h->proc.log, stderr); /* too long for a message of the test */
	ck_assert(clean);
	test_proc_stop(&h->proc);
}

int host_ask(struct test_host *h, const char *verb, const char *arg, const char **ret_out)
{
	const char *argv[] = { HOST_PROGRAM, verb, "--state-dir", h->dir, arg, NULL };
	static char out[8192];
	char *text = NULL;
	int status = test_run(argv, NULL, &text);

	snprintf(out, sizeof(out), "%s", text ? text : "");
	out[strcspn(out, "\n")] = 0;
	free(text);
	*ret_out = out;
	return status;
}

json_t *host_status(struct test_host *h)
{
	const char *argv[] = { HOST_PROGRAM, "status", "--json", "--state-dir", h->dir, NULL };
	char *text = NULL;
	json_t *status;
	int r = -1;

	/* a host whose log nobody reads stands still in the end, and one that is flooded is slow */
	for (int i = 0; r != 0 && i < 5; i++) {
		(void)test_proc_expect(&h->proc, "nothing that it says", 1);
		free(text);
		text = NULL;
		r = test_run(argv, NULL, &text);
	}
	ck_assert_int_eq(r, 0);
	status = json_loads(text, 0, NULL);
	ck_assert_msg(status, "no JSON: %s", text);
	free(text);
	return status;
}

static bool stands(struct test_host *h, size_t count, const char *state)
{
	json_t *status = host_status(h), *sessions = json_object_get(status, "sessions"), *v;
	bool is = json_array_size(sessions) == count;
	size_t i;

	json_array_foreach (sessions, i, v)
		is = is && hws_str_equal(json_string_value(json_object_get(v, "state")), state);
	json_decref(status);
	return is;
}

void host_until(struct test_host *h, size_t count, const char *state)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	while (!stands(h, count, state))
		ck_assert_uint_lt(test_now_ms(), end);
}

const char *host_password(struct test_host *h)
{
	const char *out;

	ck_assert_int_eq(host_ask(h, "password", NULL, &out), 0);
	ck_assert_uint_ge(strlen(out), 6);
	ck_assert_int_eq(hws_str_copy(h->password, sizeof(h->password), out), HWS_OK);
	return h->password;
}
