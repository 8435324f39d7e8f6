/* With a real database: what survives the end of the server, however it comes, and what a broken
 * start says. */
#include "shared/base/mem.h"
#include "shared/crypto/crypto.h"
#include "tests/component/rendezvous/actors.h"
#include "tests/support/suite.h"
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define R(x) RDV__REGISTER_PK_RESPONSE__RESULT__##x
#define M(x) RDV__RENDEZVOUS_MESSAGE__UNION_##x

static struct server srv;
static char port[10];
static const char *const sqlite[] = { "--store", "sqlite", NULL };
static const char *const same_port[] = { "--store", "sqlite", "--port", port, NULL };

static void setup(void)
{
	memset(&srv, 0, sizeof(srv));
	server_start(&srv, sqlite);
	snprintf(port, sizeof(port), "%u", srv.port);
}

static void teardown(void)
{
	server_stop(&srv);
}

static bool written(void *arg)
{
	json_t *ans = server_ask(&srv, "stats", NULL, NULL);
	json_int_t n = json_integer_value(
			json_object_get(json_object_get(ans, "store"), "written"));

	json_decref(ans);
	return n >= *(json_int_t *)arg;
}

START_TEST(devices_are_reachable_again_with_their_next_keep_alive)
{
	struct device d;
	char key[64];
	json_int_t one = 1;
	const char *text;
	json_t *why;
	message *m;
	int fd;

	device_init(&d, &srv, 1, "123456789");
	device_online(&d);
	ck_assert(test_until(written, &one, WAIT_MS));
	memcpy(key, srv.key, sizeof(key));
	server_stop(&srv);
	server_start(&srv, same_port);
	ck_assert_str_eq(srv.key, key);
	/* not there yet, but known: the id is not free */
	fd = viewer_punch(&srv, 9, d.id);
	m = viewer_answer(fd, M(PUNCH_HOLE_RESPONSE), WAIT_MS);
	ck_assert_int_eq(m->punch_hole_response->failure,
			RDV__PUNCH_HOLE_RESPONSE__FAILURE__OFFLINE);
	hws_rdv_free(m);
	close(fd);
	why = server_ask(&srv, "why", "id", d.id);
	text = json_string_value(json_object_get(
			json_array_get(json_object_get(why, "attempts"), 0), "text"));
	/* it has not been listening for the 30 s that it speaks of otherwise */
	ck_assert_msg(text && strstr(text, "since this server started"), "%s", text);
	json_decref(why);
	ck_assert(device_keep_alive(&d)); /* one packet, not asked for its key */
	fd = viewer_punch(&srv, 9, d.id);
	m = device_pushed(&d, M(PUNCH_HOLE));
	hws_rdv_free(m);
	close(fd);
	device_done(&d);
}
END_TEST

START_TEST(an_acknowledged_registration_survives_kill_9)
{
	enum { N = 50 };
	struct device d[N];

	for (int i = 0; i < N; i++) {
		char id[20];

		snprintf(id, sizeof(id), "device-%d", i);
		device_init(&d[i], &srv, 1, id);
		ck_assert_int_eq(device_register(&d[i]), R(OK));
		/* the second one is answered when it is on disk */
		ck_assert_int_eq(device_register(&d[i]), R(OK));
	}
	server_kill(&srv);
	server_start(&srv, same_port);
	for (int i = 0; i < N; i++) {
		struct device thief;

		device_init(&thief, &srv, 2, d[i].id);
		thief.uuid[0] = 'X';
		ck_assert_int_eq(device_register(&thief), R(UUID_MISMATCH));
		device_done(&thief);
		ck_assert(device_keep_alive(&d[i]));
		device_done(&d[i]);
	}
}
END_TEST

START_TEST(lists_and_rules_survive)
{
	json_t *ans = server_ask(&srv, "block", "net", "127.0.0.66");
	struct device d;

	ck_assert(json_is_true(json_object_get(ans, "ok")));
	json_decref(ans);
	server_stop(&srv);
	server_start(&srv, same_port);
	device_init(&d, &srv, 66, "123456789");
	device_send_pk(&d);
	ck_assert_ptr_null(udp_recv(d.udp, SILENCE_MS));
	ans = server_ask(&srv, "unblock", "net", "127.0.0.66");
	json_decref(ans);
	ck_assert_int_eq(device_register(&d), R(OK));
	device_done(&d);
}
END_TEST

/* As an earlier version took it. */
START_TEST(a_rule_without_its_group_is_told_at_the_start)
{
	char path[340];
	sqlite3 *db = NULL;
	json_t *ans;
	char *text;

	server_stop(&srv);
	snprintf(path, sizeof(path), "%s/rendezvous.sqlite3", srv.dir);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db,
					 "INSERT INTO entry VALUES ('rule', '*>nosuch', 'deny'), "
					 "('rule', '*>*', 'allow')",
					 NULL, NULL, NULL),
			SQLITE_OK);
	sqlite3_close(db);
	server_start(&srv, same_port);
	ck_assert_ptr_nonnull(strstr(srv.proc.log, "rules.idle rule=*>nosuch"));
	ck_assert_ptr_null(strstr(srv.proc.log, "rules.idle rule=*>*"));
	ans = server_ask(&srv, "rules", NULL, NULL);
	text = json_dumps(ans, 0);
	ck_assert_msg(strstr(text, "there is no group nosuch"), "%s", text);
	free(text);
	json_decref(ans);
}
END_TEST

/* For a relay that has no way to the state folder: a folder between the two. */
START_TEST(the_public_key_stands_where_it_is_wanted)
{
	char path[340], text[64] = "";
	const char *const shown[] = { "--store", "sqlite", "--port", port, "--key-copy", path,
		NULL };
	struct stat st;
	FILE *f;

	server_stop(&srv);
	snprintf(path, sizeof(path), "%s/shown.pub", srv.dir);
	server_start(&srv, shown);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(text, sizeof(text), f));
	fclose(f);
	ck_assert_str_eq(text, srv.key);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0644);
}
END_TEST
START_TEST(a_changed_id_survives)
{
	Rdv__RegisterPk p = RDV__REGISTER_PK__INIT;
	message out = RDV__RENDEZVOUS_MESSAGE__INIT, *m;
	struct device d;
	int fd;

	device_init(&d, &srv, 1, "123456789");
	ck_assert_int_eq(device_register(&d), R(OK));
	ck_assert_int_eq(device_register(&d), R(OK));
	p.old_id = d.id;
	p.id = (char *)"office-pc";
	p.uuid = (ProtobufCBinaryData){ d.uuid_len, d.uuid };
	out.union_case = M(REGISTER_PK);
	out.register_pk = &p;
	fd = tcp_open(1, srv.port);
	tcp_send(fd, &out);
	m = viewer_answer(fd, M(REGISTER_PK_RESPONSE), WAIT_MS);
	ck_assert_int_eq(m->register_pk_response->result, R(OK));
	hws_rdv_free(m);
	close(fd);
	server_kill(&srv);
	server_start(&srv, same_port);
	ck_assert(!device_keep_alive(&d)); /* the old one is gone */
	snprintf(d.id, sizeof(d.id), "office-pc");
	ck_assert(device_keep_alive(&d));
	device_done(&d);
}
END_TEST

START_TEST(a_damaged_database_is_refused_and_left_alone)
{
	char path[400], *out = NULL, before[20], after[20];
	const char *argv[] = { test_bin("server-rendezvous/hawser-rendezvous"), "--state-dir",
		srv.dir, "--port", "0", "--control", "/dev/null/no", NULL };
	static const char rubbish[20] = "this is no database";
	int fd;

	server_stop(&srv);
	snprintf(path, sizeof(path), "%s/rendezvous.sqlite3", srv.dir);
	fd = open(path, O_WRONLY | O_TRUNC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, rubbish, sizeof(rubbish)), sizeof(rubbish));
	close(fd);
	memcpy(before, rubbish, sizeof(before));
	ck_assert_int_ne(test_run(argv, NULL, &out), 0);
	ck_assert_msg(strstr(out, "rendezvous.sqlite3") != NULL, "%s", out);
	free(out);
	fd = open(path, O_RDONLY);
	ck_assert_int_eq(read(fd, after, sizeof(after)), sizeof(after));
	close(fd);
	ck_assert_mem_eq(before, after, sizeof(before));
	unlink(path);
	server_start(&srv, sqlite);
}
END_TEST

START_TEST(a_lone_public_key_is_not_replaced)
{
	char path[400], *out = NULL;
	const char *argv[] = { test_bin("server-rendezvous/hawser-rendezvous"), "--state-dir",
		srv.dir, "--port", "0", NULL };

	server_stop(&srv);
	snprintf(path, sizeof(path), "%s/id_ed25519", srv.dir);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_ne(test_run(argv, NULL, &out), 0);
	ck_assert_msg(strstr(out, "id_ed25519") != NULL, "%s", out);
	free(out);
	snprintf(path, sizeof(path), "%s/id_ed25519.pub", srv.dir);
	unlink(path);
	server_start(&srv, sqlite);
}
END_TEST

START_TEST(key_and_database_are_private)
{
	static const char *const names[] = { "id_ed25519", "rendezvous.sqlite3" };
	struct stat st;

	for (size_t i = 0; i < 2; i++) {
		char path[400];

		snprintf(path, sizeof(path), "%s/%s", srv.dir, names[i]);
		ck_assert_int_eq(stat(path, &st), 0);
		ck_assert_uint_eq(st.st_mode & 077, 0);
	}
	ck_assert_int_eq(stat(srv.control, &st), 0);
	ck_assert_uint_eq(st.st_mode & 077, 0);
}
END_TEST

START_TEST(a_backup_is_taken_while_it_serves)
{
	char path[400];
	struct stat st;
	json_t *ans;

	snprintf(path, sizeof(path), "%s/copy.sqlite3", srv.dir);
	ans = server_ask(&srv, "backup", "path", path);
	ck_assert_msg(json_is_true(json_object_get(ans, "ok")), "%s",
			json_string_value(json_object_get(ans, "text")));
	json_decref(ans);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 077, 0);
}
END_TEST

int main(void)
{
	if (hws_crypto_init() < 0)
		return 1;
	return test_main("rendezvous/restart", 60, setup, teardown,
			TESTS(devices_are_reachable_again_with_their_next_keep_alive,
					an_acknowledged_registration_survives_kill_9,
					lists_and_rules_survive,
					a_rule_without_its_group_is_told_at_the_start,
					the_public_key_stands_where_it_is_wanted,
					a_changed_id_survives,
					a_damaged_database_is_refused_and_left_alone,
					a_lone_public_key_is_not_replaced,
					key_and_database_are_private,
					a_backup_is_taken_while_it_serves));
}
