/* peers.json among several programs, and when it is not what it should be: nobody undoes what
 * another one has learnt, and no list is better than none at all. */
#include "client/core/target.h"
#include "client/core/view_settings.h"
#include "shared/base/macros.h"
#include "tests/support/proc.h"
#include "tests/unit/client/core/suites.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WRITERS 4
#define EACH 12

static char conf[300], peers[300];

static void new_folder(void)
{
	char dir[200];

	test_dir(dir, sizeof(dir));
	snprintf(conf, sizeof(conf), "%s/hawser.conf", dir);
	snprintf(peers, sizeof(peers), "%s/peers.json", dir);
}

static struct hws_view_settings *open_settings(void)
{
	struct hws_view_settings *s = NULL;
	struct hws_error err = { 0 };

	ck_assert_msg(hws_view_settings_open(conf, &s, &err) == HWS_OK, "%s", err.text);
	return s;
}

static struct hws_known_peer peer(const char *target, uint8_t key, enum hws_secure_level level)
{
	struct hws_known_peer p = { .has_pk = key != 0, .level = level };

	snprintf(p.target, sizeof(p.target), "%s", target);
	memset(p.pk, key, sizeof(p.pk));
	return p;
}

static void write_file(const char *text, size_t len)
{
	FILE *f = fopen(peers, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(peers, 0600), 0);
}

static void write_many(int number)
{
	struct hws_view_settings *s = open_settings(); /* all see the same empty list */

	for (int i = 0; i < EACH; i++) {
		char target[40];
		snprintf(target, sizeof(target), "10%d0000%02d", number, i);
		struct hws_known_peer p = peer(target, (uint8_t)(i + 1), HWS_LEVEL_V2);
		int r;
		do /* a slow disk; sessions say that it could not be kept */
			r = hws_view_settings_keep(s, &p, false);
		while (r == HWS_ERR_BUSY);
		if (r < 0)
			_exit(1);
	}
	hws_view_settings_free(s);
	_exit(0);
}

START_TEST(programs_that_write_at_once_lose_nothing)
{
	pid_t pid[WRITERS];

	new_folder();
	for (int i = 0; i < WRITERS; i++) {
		pid[i] = fork();
		ck_assert_int_ge(pid[i], 0);
		if (pid[i] == 0)
			write_many(i);
	}
	for (int i = 0; i < WRITERS; i++) {
		int status;
		ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
		ck_assert_int_eq(status, 0);
	}
	struct hws_view_settings *s = open_settings();
	ck_assert_uint_eq(hws_view_settings_peer_count(s), WRITERS * EACH);
	hws_view_settings_free(s);
}
END_TEST

START_TEST(what_another_program_learnt_or_forgot_counts_here)
{
	struct hws_view_settings *one, *two;
	struct hws_known_peer p = peer("112677908", 7, HWS_LEVEL_V2);

	new_folder();
	one = open_settings();
	two = open_settings();
	ck_assert_int_eq(hws_view_settings_keep(one, &p, false), HWS_OK);
	ck_assert_ptr_null(hws_view_settings_peer(two, "112677908", ""));
	hws_view_settings_look(two);
	ck_assert_ptr_nonnull(hws_view_settings_peer(two, "112677908", ""));
	ck_assert_int_eq(hws_view_settings_forget(two, "112677908"), HWS_OK);
	hws_view_settings_look(one);
	ck_assert_ptr_null(hws_view_settings_peer(one, "112677908", ""));
	hws_view_settings_free(one);
	hws_view_settings_free(two);
}
END_TEST

/* Two first contacts at once: the second key is not the host's, or the first one was not. */
START_TEST(two_sessions_do_not_agree_on_two_keys)
{
	struct hws_view_settings *one, *two;
	struct hws_known_peer p = peer("112677908", 7, HWS_LEVEL_V1);
	struct hws_known_peer other = peer("112677908", 8, HWS_LEVEL_V2);
	struct hws_known_peer none = peer("112677908", 0, HWS_LEVEL_PLAIN);
	struct hws_known_peer better = peer("112677908", 7, HWS_LEVEL_V2);
	const struct hws_known_peer *k;

	new_folder();
	one = open_settings();
	two = open_settings();
	ck_assert_int_eq(hws_view_settings_keep(one, &p, false), HWS_OK);
	ck_assert_int_eq(hws_view_settings_keep(two, &other, false), HWS_ERR_KEY);
	hws_view_settings_look(one);
	k = hws_view_settings_peer(one, "112677908", "");
	ck_assert_int_eq(k->pk[0], 7);
	/* the same key at a better level stays so; and who met none leaves it */
	ck_assert_int_eq(hws_view_settings_keep(two, &better, false), HWS_OK);
	ck_assert_int_eq(hws_view_settings_keep(one, &p, false), HWS_OK);
	ck_assert_int_eq(hws_view_settings_keep(two, &none, false), HWS_OK);
	hws_view_settings_look(one);
	k = hws_view_settings_peer(one, "112677908", "");
	ck_assert(k->has_pk);
	ck_assert_int_eq(k->pk[0], 7);
	ck_assert_int_eq(k->level, HWS_LEVEL_V2);
	/* but the user may decide */
	ck_assert_int_eq(hws_view_settings_keep(two, &other, true), HWS_OK);
	hws_view_settings_look(one);
	ck_assert_int_eq(hws_view_settings_peer(one, "112677908", "")->pk[0], 8);
	hws_view_settings_free(one);
	hws_view_settings_free(two);
}
END_TEST

START_TEST(somebody_who_holds_the_lock_does_not_hold_us)
{
	struct hws_known_peer p = peer("112677908", 7, HWS_LEVEL_V2);
	struct hws_view_settings *s;
	char path[320];
	int fd;

	new_folder();
	s = open_settings();
	ck_assert_int_eq(hws_view_settings_keep(s, &p, false), HWS_OK);
	snprintf(path, sizeof(path), "%s.lock", peers);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	p = peer("112677909", 7, HWS_LEVEL_V2);
	ck_assert_int_lt(hws_view_settings_keep(s, &p, false), 0);
	/* known in this program, though it could not be written */
	ck_assert_ptr_nonnull(hws_view_settings_peer(s, "112677909", ""));
	close(fd);
	hws_view_settings_free(s);
}
END_TEST

static const char *const damages[] = { "", "{", "[]", "{\"peers\": {}}", "{\"peers\": [] } x",
	"{\"peers\": [], \"peers\": []}" };

/* Nobody connects with an empty list in place of one that cannot be read: it would take any key. */
START_TEST(a_damaged_list_is_no_empty_one)
{
	struct hws_known_peer p = peer("112677908", 7, HWS_LEVEL_V2);
	struct hws_view_settings *s = NULL, *running;
	struct hws_error err = { 0 };
	struct stat before, after;

	new_folder();
	running = open_settings();
	ck_assert_int_eq(hws_view_settings_keep(running, &p, false), HWS_OK);
	write_file(damages[_i], strlen(damages[_i]));
	ck_assert_int_eq(hws_view_settings_open(conf, &s, &err), HWS_ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(err.text, peers));
	/* who runs keeps what he knows, and leaves the file to its owner */
	ck_assert_int_eq(stat(peers, &before), 0);
	hws_view_settings_look(running);
	ck_assert_ptr_nonnull(hws_view_settings_peer(running, "112677908", ""));
	p = peer("112677909", 7, HWS_LEVEL_V2);
	ck_assert_int_lt(hws_view_settings_keep(running, &p, false), 0);
	ck_assert_int_eq(stat(peers, &after), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
	hws_view_settings_free(running);
}
END_TEST

START_TEST(a_list_that_is_not_ours_is_refused)
{
	struct hws_view_settings *s = NULL;
	struct hws_error err = { 0 };
	char other[320];

	new_folder();
	write_file("{\"peers\": []}", 13);
	snprintf(other, sizeof(other), "%s.other", peers);
	switch (_i) {
	case 0: /* a link */
		ck_assert_int_eq(rename(peers, other), 0);
		ck_assert_int_eq(symlink(other, peers), 0);
		break;
	case 1: /* open to others */
		ck_assert_int_eq(chmod(peers, 0666), 0);
		break;
	case 2: /* a pipe, which would never end */
		ck_assert_int_eq(unlink(peers), 0);
		ck_assert_int_eq(mkfifo(peers, 0600), 0);
		break;
	default: /* larger than any list */
		ck_assert_int_eq(truncate(peers, 1l << 33), 0);
		break;
	}
	ck_assert_int_lt(hws_view_settings_open(conf, &s, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "peers.json"));
}
END_TEST

static void fill(char *text, size_t size, char c)
{
	memset(text, c, size - 1);
	text[size - 1] = 0;
}

/* What is written can be read again. */
START_TEST(the_longest_list_comes_back)
{
	struct hws_known_peers *k = calloc(1, sizeof(*k));
	struct hws_error err = { 0 };

	ck_assert_ptr_nonnull(k);
	new_folder();
	for (size_t i = 0; i < HWS_PEERS_MAX; i++) {
		struct hws_known_peer *p = &k->peer[i];
		fill(p->target, sizeof(p->target), '"');
		snprintf(p->target, 4, "%03zu", i);
		p->target[3] = '"';
		fill(p->server, sizeof(p->server), '\\');
		fill(p->hostname, sizeof(p->hostname), '\x01');
		fill(p->username, sizeof(p->username), '\x02');
		fill(p->platform, sizeof(p->platform), '\x03');
		fill(p->salt, sizeof(p->salt), '\x1f');
		p->has_h1 = p->has_pk = p->trusted = true;
		p->level = HWS_LEVEL_V2;
		p->last_time = UINT32_MAX;
		for (size_t n = 0; n < HWS_PEER_SHELLS; n++) {
			fill(p->shells[n].user, sizeof(p->shells[n].user), '\x01');
			fill(p->shells[n].id, sizeof(p->shells[n].id), '\x01');
		}
	}
	k->count = HWS_PEERS_MAX;
	ck_assert_int_eq(hws_known_peers_store(k, peers), HWS_OK);
	k->count = 0;
	ck_assert_msg(hws_known_peers_load(k, peers, "", &err) == HWS_OK, "%s", err.text);
	ck_assert_uint_eq(k->count, HWS_PEERS_MAX);
	free(k);
}
END_TEST

static const struct {
	const char *a, *b;
	bool same;
} servers[] = {
	{ "x.example.com", "ws://x.example.com:21118", true },
	{ "x.example.com", "wss://X.example.com/ws/id", true },
	{ "x.example.com:21116", "ws://x.example.com", true },
	{ "192.0.2.1:31116", "ws://192.0.2.1:31118", true },
	{ "x.example.com:31116", "ws://x.example.com:21118", false },
	{ "x.example.com", "wss://y.example.com/ws/id", false },
	{ "ws://", "ws://", true },
	{ "ws://", "x.example.com", false },
};

START_TEST(a_server_is_one_however_it_is_reached)
{
	ck_assert_int_eq(hws_target_same_server(servers[_i].a, servers[_i].b), servers[_i].same);
	ck_assert_int_eq(hws_target_same_server(servers[_i].b, servers[_i].a), servers[_i].same);
	if (strchr(servers[_i].a, '.'))
		ck_assert_int_eq(hws_target_same_at("112677908", servers[_i].a, "112677908",
						 servers[_i].b),
				servers[_i].same);
}
END_TEST

Suite *peers_suite(void)
{
	Suite *s = suite_create("core/peers");
	TCase *t = tcase_create("peers");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, programs_that_write_at_once_lose_nothing);
	tcase_add_test(t, what_another_program_learnt_or_forgot_counts_here);
	tcase_add_test(t, two_sessions_do_not_agree_on_two_keys);
	tcase_add_test(t, somebody_who_holds_the_lock_does_not_hold_us);
	tcase_add_loop_test(t, a_damaged_list_is_no_empty_one, 0, (int)HWS_COUNT(damages));
	tcase_add_loop_test(t, a_list_that_is_not_ours_is_refused, 0, 4);
	tcase_add_test(t, the_longest_list_comes_back);
	tcase_add_loop_test(t, a_server_is_one_however_it_is_reached, 0, (int)HWS_COUNT(servers));
	suite_add_tcase(s, t);
	return s;
}
