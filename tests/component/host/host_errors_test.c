/* What strangers and accidents do to hawser-host: each time a clear end, and it goes on serving. */
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "shared/wire/envelope.h"
#include "tests/component/host/host.h"
#include "tests/component/host/viewer.h"
#include <arpa/inet.h>
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct test_host host;
static struct test_viewer one, two;

static void setup(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	memset(&host, 0, sizeof(host));
	memset(&one, 0, sizeof(one));
	memset(&two, 0, sizeof(two));
}

static void teardown(void)
{
	viewer_close(&one);
	viewer_close(&two);
	host_stop(&host);
}

static void serves_still(void)
{
	two.session_id = 99;
	ck_assert_str_eq(viewer_enter(&two, host.port, host_password(&host)), "");
}

static void start(const char *const extra[])
{
	host_start(&host, extra);
	test_proc_must_expect(&host.proc, "desktop.ready", 10000);
}

START_TEST(an_oversized_frame_before_login_ends_that_link_only)
{
	start(NULL);
	viewer_connect(&one, host.port);
	viewer_send_bytes(&one, "\xff\xff\xff\xff", 4); /* announces a gigabyte */
	ck_assert_str_eq(viewer_end(&one), "");
	serves_still();
}
END_TEST

START_TEST(half_a_frame_and_silence_end_with_the_login_time)
{
	static const char *const extra[] = { "--login-timeout", "1s", NULL };

	host_start(&host, extra);
	test_proc_must_expect(&host.proc, "desktop.ready", 10000);
	viewer_connect(&one, host.port);
	viewer_send_bytes(&one, "\x40\x01\x02", 3);
	viewer_connect(&two, host.port);
	/* nobody knows yet in what form it could be said */
	ck_assert_str_eq(viewer_end(&one), "");
	ck_assert_str_eq(viewer_end(&two), "");
	test_proc_must_expect(&host.proc, "why=\"Login timed out\"", 10000);
	serves_still();
}
END_TEST

START_TEST(messages_out_of_place_are_ignored)
{
	static const char *const frames[] = {
		"\x52\x02\x10\x02",         /* mouse before login */
		"\xfa\x3e\x02hi",           /* a member nobody knows */
		"\xff\xff\xff",             /* no message at all */
		"\x4a\x02\x0a\x00",         /* a Hash from the viewer */
		"\x22\x00",                 /* PublicKey without a handshake */
		"\x32\x02\x70\x01",         /* video from the viewer */
		"\xda\x01\x02\x0a\x00",     /* a code nobody asked for */
		"\xb2\x01\x02\x0a\x00",     /* switch of sides nobody asked for */
		"\x9a\x01\x05\x8a\x01\x00", /* cut */
	};

	start(NULL);
	host_password(&host);
	viewer_connect(&one, host.port);
	viewer_hash(&one);
	for (size_t i = 0; i < HWS_COUNT(frames); i++)
		viewer_send_frame(&one, frames[i], strlen(frames[i]));
	viewer_login(&one, host.password);
	ck_assert_str_eq(viewer_answer(&one), "");
	for (size_t i = 1; i < HWS_COUNT(frames); i++)
		viewer_send_frame(&one, frames[i], strlen(frames[i]));
	viewer_login(&one, host.password); /* once more: means nothing now */
	viewer_send_frame(&one, "\x52\x02\x10\x02", 4);
	ck_assert_str_eq(viewer_chat_answer(&one), "mouse");
}
END_TEST

/* Texts of a LoginRequest: whatever they hold, they are data. */
static void send_hostile_login(struct test_viewer *v, char *text)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__LoginRequest lr = SES__LOGIN_REQUEST__INIT;
	Ses__OptionMessage option = SES__OPTION_MESSAGE__INIT;
	Ses__OSLogin os = SES__OSLOGIN__INIT;

	option.image_quality = 99;
	option.custom_image_quality = INT32_MIN;
	option.custom_fps = INT32_MAX;
	option.lock_after_session_end = 77;
	os.username = os.password = text;
	lr.username = lr.my_name = lr.my_platform = lr.version = lr.avatar = text;
	lr.my_id = text;
	lr.session_id = UINT64_MAX;
	lr.password = (ProtobufCBinaryData){ strlen(text), (uint8_t *)text };
	lr.option = &option;
	lr.os_login = &os;
	m.union_case = SES__MESSAGE__UNION_LOGIN_REQUEST;
	m.login_request = &lr;
	viewer_send(v, &m);
}

START_TEST(hostile_texts_in_a_login_are_data)
{
	static char longest[9001];
	static char *const texts[] = { longest, (char *)"", (char *)"a\n2026 info forged line",
		(char *)"\x1b[2J\x07", (char *)"%s%n%n%n", (char *)"../../../etc/passwd",
		(char *)"99999999999999999999.1.-1" };

	memset(longest, 'x', sizeof(longest) - 1);
	start(NULL);
	host_password(&host);
	for (size_t i = 0; i < HWS_COUNT(texts); i++) {
		viewer_connect(&one, host.port);
		viewer_hash(&one);
		send_hostile_login(&one, texts[i]);
		ck_assert_str_ne(viewer_answer(&one), "");
		viewer_close(&one);
	}
	viewer_connect(&one, host.port);
	viewer_hash(&one);
	viewer_login(&one, "wrong");
	ck_assert_str_eq(viewer_answer(&one), "Wrong Password");
	send_hostile_login(&one, (char *)"\xff\xfe\x80"); /* no text at all: it counts as nothing */
	viewer_login(&one, host.password);
	ck_assert_str_eq(viewer_answer(&one), "");
	ck_assert_ptr_null(strstr(host.proc.log, "\n2026 info"));
	serves_still();
	ck_assert_ptr_null(strstr(host.proc.log,
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
			"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"));
}
END_TEST

START_TEST(a_reset_in_the_middle_of_login_harms_nobody)
{
	struct linger hard = { 1, 0 };

	start(NULL);
	for (int i = 0; i < 20; i++) {
		viewer_connect(&one, host.port);
		if (i % 2)
			viewer_send_bytes(&one, "\x10\x3a", 2);
		setsockopt(one.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		viewer_close(&one);
	}
	/* a slow machine notices late that they are gone, and till then they have the places of
	 * this address */
	host_until(&host, 0, "");
	serves_still();
}
END_TEST

START_TEST(more_connections_than_allowed_are_refused)
{
	static const char *const extra[] = { "--max-per-address", "3", NULL };
	struct test_viewer v[3] = { 0 };

	host_start(&host, extra);
	test_proc_must_expect(&host.proc, "desktop.ready", 10000);
	for (int i = 0; i < 3; i++) {
		viewer_connect(&v[i], host.port);
		viewer_hash(&v[i]);
	}
	viewer_connect(&one, host.port);
	ck_assert_str_eq(viewer_end(&one), "");
	test_proc_must_expect(&host.proc, "connection.refused", 10000);
	for (int i = 0; i < 3; i++)
		viewer_close(&v[i]);
	test_proc_must_expect(&host.proc, "connection.closed", 10000);
	serves_still();
}
END_TEST

START_TEST(who_does_not_log_in_gives_way_to_others)
{
	static const char *const extra[] = { "--max-connections", "2", NULL };
	struct test_viewer late = { .session_id = 5 };

	host_start(&host, extra);
	test_proc_must_expect(&host.proc, "desktop.ready", 10000);
	ck_assert_str_eq(viewer_enter(&one, host.port, host_password(&host)), "");
	viewer_connect(&two, host.port);
	viewer_hash(&two);
	ck_assert_str_eq(viewer_enter(&late, host.port, host.password),
			""); /* in place of the second */
	ck_assert_ptr_nonnull(strstr("The host was stopped", viewer_end(&two)));
	viewer_command(&one, "hello");
	viewer_send_frame(&one, "\x52\x02\x10\x02", 4);
	ck_assert_str_eq(viewer_chat_answer(&one), "mouse");
	viewer_connect(&two, host.port); /* two sessions: now it is full */
	ck_assert_str_eq(viewer_end(&two), "");
	viewer_close(&late);
}
END_TEST

START_TEST(addresses_outside_the_list_are_told_so)
{
	static const char *const extra[] = { "--whitelist", "192.0.2.0/24", NULL };

	host_start(&host, extra);
	viewer_connect(&one, host.port);
	ck_assert_str_eq(viewer_answer(&one), "Your ip is blocked by the peer");
	ck_assert_str_eq(viewer_end(&one), "");
}
END_TEST

START_TEST(encryption_may_be_required_of_all)
{
	static const char *const extra[] = { "--require-encryption", "yes", NULL };

	host_start(&host, extra);
	viewer_connect(&one, host.port);
	/* told in place of Hash, before any password is asked for */
	ck_assert_ptr_nonnull(strstr(viewer_answer(&one), "encrypted connections only"));
}
END_TEST

START_TEST(without_a_display_the_viewer_and_the_status_say_so)
{
	static const char *const extra[] = { "--backend", "none", NULL };
	const char *argv[] = { HOST_PROGRAM, "status", "--state-dir", host.dir, NULL };
	char *out = NULL, used[32];

	host_start(&host, extra);
	test_proc_must_expect(&host.proc, "cannot open display :77", 10000);
	snprintf(used, sizeof(used), "%s", host_password(&host));
	ck_assert_ptr_nonnull(strstr(viewer_enter(&one, host.port, used), "no usable display"));
	test_proc_must_expect(&host.proc, "connection.closed", 10000);
	/* Nobody got in: the password is not used up. */
	ck_assert_str_eq(host_password(&host), used);
	ck_assert_int_eq(test_run(argv, NULL, &out), 0);
	ck_assert_ptr_nonnull(strstr(out, "cannot open display :77"));
	ck_assert_ptr_nonnull(strstr(out, "direct connections only"));
	free(out);
}
END_TEST

/* Runs until it ends by itself; the output must hold `text`. */
static void must_refuse(const char *const extra[], const char *text)
{
	const char *argv[16] = { HOST_PROGRAM, "run", "--state-dir", host.dir, "--direct-bind",
		"127.0.0.1" };
	char *out = NULL;
	int n = 6;

	for (int i = 0; extra && extra[i]; i++)
		argv[n++] = extra[i];
	ck_assert_int_gt(test_run(argv, NULL, &out), 0);
	ck_assert_msg(strstr(out, text) != NULL, "'%s' does not stand in: %s", text, out);
	free(out);
}

static void put_file(const char *name, const char *text)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", host.dir, name);
	f = fopen(path, "we");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	chmod(path, 0600);
}

START_TEST(a_port_in_use_is_named)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	char port[16];
	const char *extra[] = { "--direct-port", port, NULL };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	test_dir(host.dir, sizeof(host.dir));
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	snprintf(port, sizeof(port), "%u", ntohs(a.sin_port));
	must_refuse(extra, port);
	close(fd);
}
END_TEST

START_TEST(damaged_state_is_named_and_kept)
{
	static const struct {
		const char *file, *text;
	} cases[] = {
		{ "id", "not an id!\n" },
		{ "uuid", "12345\n" },
		{ "id_ed25519", "rubbish" },
		{ "password", "rubbish" },
	};
	char path[300], back[64] = "";
	FILE *f;

	test_dir(host.dir, sizeof(host.dir));
	put_file(cases[_i].file, cases[_i].text);
	must_refuse(NULL, cases[_i].file);
	snprintf(path, sizeof(path), "%s/%s", host.dir, cases[_i].file);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(back, sizeof(back), f));
	fclose(f);
	ck_assert_str_eq(back, cases[_i].text);
}
END_TEST

START_TEST(a_full_disk_is_told_and_nothing_stored_is_lost)
{
	char line[700], path[300], before[200] = "", after[200] = "";
	const char *set[] = { "/bin/sh", "-c", line, NULL };
	char *out = NULL;
	FILE *f;

	start(NULL);
	snprintf(path, sizeof(path), "%s/password", host.dir);
	snprintf(line, sizeof(line),
			"echo 'first secret' | %s password --state-dir %s --set-from-stdin",
			HOST_PROGRAM, host.dir);
	ck_assert_int_eq(test_run(set, NULL, NULL), 0);
	host_stop(&host);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(before, sizeof(before), f));
	fclose(f);
	/* no byte can be written to any file */
	snprintf(line, sizeof(line),
			"trap '' XFSZ; ulimit -f 0; echo 'other secret' | %s password "
			"--state-dir %s "
			"--set-from-stdin 2>&1 | cat",
			HOST_PROGRAM, host.dir);
	test_run(set, NULL, &out);
	ck_assert_msg(strstr(out, "unchanged") != NULL, "%s", out);
	free(out);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(fgets(after, sizeof(after), f));
	fclose(f);
	ck_assert_str_eq(before, after);
	host_start(&host, NULL);
	test_proc_must_expect(&host.proc, "desktop.ready", 10000);
	ck_assert_str_eq(viewer_enter(&one, host.port, "first secret"), "");
}
END_TEST

/* Also where it would be asked by another socket. */
START_TEST(a_second_host_on_the_same_state_is_refused)
{
	char dir[256], socket[300];
	const char *extra[] = { "--direct-port", "0", "--control-socket", socket, NULL };

	snprintf(socket, sizeof(socket), "%s/other.sock", test_dir(dir, sizeof(dir)));
	start(NULL);
	must_refuse(extra, "another hawser-host");
	serves_still();
}
END_TEST

START_TEST(a_wrong_configuration_names_its_line)
{
	char path[300];
	const char *extra[] = { "--config", path, NULL };

	test_dir(host.dir, sizeof(host.dir));
	put_file("host.conf", "[network]\ndirect-port = 5\nno-such-thing = 1\n");
	snprintf(path, sizeof(path), "%s/host.conf", host.dir);
	must_refuse(extra, "no-such-thing");
	put_file("host.conf", "[access]\nwhitelist = 10.0.0.0/99\n");
	must_refuse(extra, "10.0.0.0/99");
	put_file("host.conf", "[network]\nkey = abc\n");
	must_refuse(extra, "server key");
}
END_TEST

START_TEST(what_would_lock_everybody_out_is_no_setting)
{
	static const char *const gates[] = { "--gate-user", "nosuch", NULL };
	static const char *const never[] = { "--login-timeout", "0", NULL };
	static const char *const days[] = { "--login-timeout", "2h", NULL };

	test_dir(host.dir, sizeof(host.dir));
	must_refuse(gates, "nosuch");
	must_refuse(never, "login-timeout");
	must_refuse(days, "login-timeout");
}
END_TEST

START_TEST(config_set_keeps_the_rest_and_is_applied)
{
	char path[300];
	const char *set[] = { HOST_PROGRAM, "config", "--config", path, "--state-dir", host.dir,
		"set", "whitelist", "192.0.2.0/24", NULL };
	const char *bad[] = { HOST_PROGRAM, "config", "--config", path, "--state-dir", host.dir,
		"set", "whitelist", "nonsense", NULL };
	const char *show[] = { HOST_PROGRAM, "config", "--config", path, "--state-dir", host.dir,
		"show", NULL };
	const char *extra[] = { "--config", path, NULL };
	char text[16384], *out = NULL;
	struct stat st;
	FILE *f;
	size_t n;

	test_dir(host.dir, sizeof(host.dir));
	put_file("host.conf",
			"[network]\nproxy-password = not shown\n[access]\nlogin-timeout = 7s\n");
	snprintf(path, sizeof(path), "%s/host.conf", host.dir);
	host_start(&host, extra);
	ck_assert_int_eq(test_run(set, NULL, NULL), 0);
	test_proc_must_expect(&host.proc, "settings.reloaded", 10000);
	viewer_connect(&one, host.port);
	ck_assert_str_eq(viewer_answer(&one), "Your ip is blocked by the peer");
	ck_assert_int_ne(test_run(bad, NULL, NULL), 0);
	f = fopen(path, "re");
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = 0;
	ck_assert_ptr_nonnull(strstr(text, "192.0.2.0/24"));
	ck_assert_ptr_nonnull(strstr(text, "7s"));
	ck_assert_ptr_nonnull(strstr(text, "\nproxy-password = not shown\n"));
	ck_assert_int_eq(test_run(show, NULL, &out), 0);
	ck_assert_ptr_null(strstr(out, "not shown"));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	free(out);
}
END_TEST

static int config_set(const char *path, const char *name, const char *value)
{
	const char *argv[] = { HOST_PROGRAM, "config", "--config", path, "--state-dir", host.dir,
		"set", name, value, NULL };

	return test_run(argv, NULL, NULL);
}

/* Status and use stay what they were until the next start, and the operator is told; the rest of
 * the same file is taken at once. */
START_TEST(what_needs_a_restart_is_not_taken_by_a_reload)
{
	char path[300];
	const char *extra[] = { "--config", path, NULL }, *was;
	json_t *status;

	test_dir(host.dir, sizeof(host.dir));
	put_file("host.conf", "[network]\nserver = 127.0.0.1:9\ndirect-server = yes\n");
	snprintf(path, sizeof(path), "%s/host.conf", host.dir);
	host_start(&host, extra);
	ck_assert_int_eq(config_set(path, "server", "127.0.0.1:7"), 0);
	ck_assert_ptr_nonnull(
			strstr(test_proc_must_expect(&host.proc, "settings.restart_needed", 10000),
					"options=server"));
	ck_assert_int_eq(config_set(path, "max-connections", "7"), 0);
	/* by a signal it is the same */
	test_proc_signal(&host.proc, SIGHUP);
	test_proc_must_expect(&host.proc, "settings.restart_needed", 10000);
	status = host_status(&host);
	was = json_string_value(json_object_get(json_object_get(status, "server"), "address"));
	ck_assert_str_eq(was, "127.0.0.1:9");
	ck_assert_str_eq(json_string_value(json_object_get(status, "restart_needed")), "server");
	json_decref(status);
	/* back again: nothing is due any more */
	ck_assert_int_eq(config_set(path, "server", "127.0.0.1:9"), 0);
	status = host_status(&host);
	ck_assert_str_eq(json_string_value(json_object_get(status, "restart_needed")), "");
	json_decref(status);
	/* with the next start it is taken */
	ck_assert_int_eq(config_set(path, "server", "127.0.0.1:7"), 0);
	host_stop(&host);
	host_start(&host, extra);
	status = host_status(&host);
	was = json_string_value(json_object_get(json_object_get(status, "server"), "address"));
	ck_assert_str_eq(was, "127.0.0.1:7");
	json_decref(status);
}
END_TEST

/* What is right in the file need not be right with the arguments of the running host. */
START_TEST(a_reload_that_fails_changes_nothing_and_is_told)
{
	char path[300];
	struct test_proc *p = &host.proc;
	const char *argv[] = { HOST_PROGRAM, "run", "--config", path, "--state-dir", host.dir,
		"--direct-server", "no", NULL };
	json_t *status;

	test_dir(host.dir, sizeof(host.dir));
	put_file("host.conf", "[network]\nserver = 127.0.0.1:9\n[access]\nmax-connections = 5\n");
	snprintf(path, sizeof(path), "%s/host.conf", host.dir);
	test_proc_start(p, argv, NULL);
	test_proc_must_expect(p, "host.ready", 10000);
	ck_assert_int_ne(config_set(path, "server", ""), 0);
	status = host_status(&host);
	ck_assert_str_eq(json_string_value(json_object_get(
					 json_object_get(status, "server"), "address")),
			"127.0.0.1:9");
	json_decref(status);
	test_proc_signal(p, SIGHUP);
	ck_assert_ptr_nonnull(strstr(test_proc_must_expect(p, "settings.refused", 10000),
			"nobody could connect"));
}
END_TEST

Suite *host_errors_suite(void)
{
	Suite *s = suite_create("host/errors");
	TCase *t = tcase_create("errors");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, an_oversized_frame_before_login_ends_that_link_only);
	tcase_add_test(t, half_a_frame_and_silence_end_with_the_login_time);
	tcase_add_test(t, messages_out_of_place_are_ignored);
	tcase_add_test(t, hostile_texts_in_a_login_are_data);
	tcase_add_test(t, a_reset_in_the_middle_of_login_harms_nobody);
	tcase_add_test(t, more_connections_than_allowed_are_refused);
	tcase_add_test(t, who_does_not_log_in_gives_way_to_others);
	tcase_add_test(t, addresses_outside_the_list_are_told_so);
	tcase_add_test(t, encryption_may_be_required_of_all);
	tcase_add_test(t, without_a_display_the_viewer_and_the_status_say_so);
	tcase_add_test(t, a_port_in_use_is_named);
	tcase_add_loop_test(t, damaged_state_is_named_and_kept, 0, 4);
	tcase_add_test(t, a_full_disk_is_told_and_nothing_stored_is_lost);
	tcase_add_test(t, a_second_host_on_the_same_state_is_refused);
	tcase_add_test(t, a_wrong_configuration_names_its_line);
	tcase_add_test(t, what_would_lock_everybody_out_is_no_setting);
	tcase_add_test(t, config_set_keeps_the_rest_and_is_applied);
	tcase_add_test(t, what_needs_a_restart_is_not_taken_by_a_reload);
	tcase_add_test(t, a_reload_that_fails_changes_nothing_and_is_told);
	suite_add_tcase(s, t);
	return s;
}
