/* The real hawser-host with its real agent on the headless back-end: a session end to end by
 * address. */
#include "shared/base/macros.h"
#include "shared/base/num.h"
#include "shared/crypto/crypto.h"
#include "shared/wire/envelope.h"
#include "tests/component/host/host.h"
#include "tests/component/host/viewer.h"
#include "tests/support/suite.h"
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct test_host host;
static struct test_viewer viewer;

static void setup(void)
{
	static const char *const extra[] = { "--backend", "headless:320x240@10", NULL };

	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&host, 0, sizeof(host));
	memset(&viewer, 0, sizeof(viewer));
	host_start(&host, extra);
	test_proc_must_expect(&host.proc, "desktop.ready", 10000);
	host_password(&host);
}

static void teardown(void)
{
	viewer_close(&viewer);
	host_stop(&host);
}

static Ses__Message *next_frame(void)
{
	Ses__Message *m = viewer_until(&viewer, SES__MESSAGE__UNION_VIDEO_FRAME);

	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(m->video_frame->union_case, SES__VIDEO_FRAME__UNION_VP9S);
	ck_assert_uint_gt(m->video_frame->vp9s->n_frames, 0);
	return m;
}

START_TEST(a_session_shows_the_desktop)
{
	Ses__Message *m;
	const Ses__PeerInfo *info;

	viewer_connect(&viewer, host.port);
	viewer_hash(&viewer);
	viewer_login(&viewer, host.password);
	m = viewer_until(&viewer, SES__MESSAGE__UNION_LOGIN_RESPONSE);
	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(m->login_response->union_case, SES__LOGIN_RESPONSE__UNION_PEER_INFO);
	info = m->login_response->peer_info;
	ck_assert_str_eq(info->platform, "Linux");
	ck_assert_uint_eq(info->n_displays, 1);
	ck_assert_int_eq(info->displays[0]->width, 320);
	ck_assert_int_eq(info->displays[0]->height, 240);
	hws_ses_free(m);
	m = next_frame();
	ck_assert(m->video_frame->vp9s->frames[0]->key);
	hws_ses_free(m);
	for (int i = 0; i < 5; i++)
		hws_ses_free(next_frame());
}
END_TEST

START_TEST(a_refresh_brings_a_key_frame)
{
	Ses__Message *m;
	bool key = false;

	ck_assert_str_eq(viewer_enter(&viewer, host.port, host.password), "");
	hws_ses_free(next_frame());
	hws_ses_free(next_frame());
	viewer_send_frame(&viewer, "\x9a\x01\x02\x50\x01", 5);
	for (int i = 0; i < 30 && !key; i++) {
		m = next_frame();
		key = m->video_frame->vp9s->frames[0]->key;
		hws_ses_free(m);
	}
	ck_assert(key);
}
END_TEST

static unsigned open_files(pid_t pid)
{
	char path[64];
	unsigned n = 0;
	DIR *d;
	const struct dirent *e;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	d = opendir(path);
	if (!d && errno == EACCES) /* not dumpable: only root may look */
		return 0;
	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

/* The pids of the host's children, dead ones that nobody asked for included. */
static unsigned children(pid_t ret[8])
{
	char path[64], line[256] = "";
	char *at = line;
	unsigned n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)host.proc.pid,
			(int)host.proc.pid);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	if (!fgets(line, sizeof(line), f))
		line[0] = 0;
	fclose(f);
	while (n < 8 && *(at += strspn(at, " \n"))) {
		uint32_t pid;
		size_t len = strspn(at, "0123456789");

		at[len] = 0;
		ck_assert_int_eq(hws_parse_u32(at, &pid), HWS_OK);
		ret[n++] = (pid_t)pid;
		at += len + 1;
	}
	return n;
}

/* The launcher, which was there first, and the agent. */
static bool only_agent(void *arg)
{
	return children(arg) == 2;
}

static void visit(unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		ck_assert_str_eq(viewer_enter(&viewer, host.port, host_password(&host)), "");
		hws_ses_free(next_frame());
		viewer_close(&viewer);
		/* not "connection.closed", which is not told for each of many */
		test_proc_must_expect(&host.proc, "agent.viewer_closed", 10000);
	}
}

START_TEST(many_sessions_leave_nothing_behind)
{
	pid_t pids[8];
	unsigned service, agent;

	visit(5);
	ck_assert(test_until(only_agent, pids, TEST_PATIENCE_MS));
	service = open_files(host.proc.pid);
	agent = open_files(pids[1]);
	visit(25);
	ck_assert(test_until(only_agent, pids, TEST_PATIENCE_MS));
	ck_assert_uint_eq(open_files(host.proc.pid), service);
	/* the agent hears of the last end a moment after the service */
	for (uint64_t end = test_now_ms() + TEST_PATIENCE_MS; open_files(pids[1]) != agent;)
		ck_assert_uint_lt(test_now_ms(), end);
}
END_TEST

static bool has_no_launcher(void *arg HWS_UNUSED)
{
	json_t *status = host_status(&host);
	bool none = json_is_false(json_object_get(status, "launcher"));

	json_decref(status);
	return none;
}

/* It cannot be replaced, as hostd has given up what it takes. */
START_TEST(the_status_tells_when_no_terminal_can_be_started)
{
	pid_t pids[8];

	ck_assert(test_until(only_agent, pids, TEST_PATIENCE_MS));
	ck_assert(!has_no_launcher(NULL));
	ck_assert_int_eq(kill(pids[0], SIGKILL), 0);
	ck_assert(test_until(has_no_launcher, NULL, TEST_PATIENCE_MS));
	ck_assert_str_eq(viewer_enter(&viewer, host.port, host_password(&host)), "");
}
END_TEST

int main(void)
{
	return test_main("host/headless", 60, setup, teardown,
			TESTS(a_session_shows_the_desktop, a_refresh_brings_a_key_frame,
					many_sessions_leave_nothing_behind,
					the_status_tells_when_no_terminal_can_be_started));
}
