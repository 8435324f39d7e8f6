/* hawser-host sent to a relay that means harm: whatever it says or does not say, and however deep
 * in TLS and WebSocket, ends one gate in order. hostd has no socket there, serves on, and tells in
 * its log. */
#include "client/reach/reach.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "shared/crypto/crypto.h"
#include "shared/net/addr.h"
#include "shared/net/listener.h"
#include "shared/net/tls.h"
#include "shared/net/ws_upgrade.h"
#include "tests/component/host/host.h"
#include "tests/component/host/viewer.h"
#include "tests/component/reach/certificate.h"
#include "tests/support/suite.h"
#include <dirent.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PEERS_MAX 64
#define LEGS 32u /* of hostd */
#define GARBAGE_BYTES (64u << 10)

enum deed { CLOSES, GARBAGE, HUGE_FRAME, WRONG_ACCEPT, BAD_FRAMES, SILENT };

struct scene {
	const char *scheme;
	enum deed deed;
	const char *log; /* what hostd tells */
	bool raw;        /* below the TLS that is expected */
	bool unknown;    /* nobody vouches for the certificate */
	bool folder;     /* who vouches is found in a folder of authorities */
};

static const struct scene scenes[] = {
	{ "", CLOSES, "connection.closed", .raw = true },
	{ "", GARBAGE, "why=\"the handshake failed\"", .raw = true },
	{ "", HUGE_FRAME, "why=\"too big\"", .raw = true },
	{ "ws://", CLOSES, "answer.failed", .raw = true },
	{ "ws://", GARBAGE, "answer.failed", .raw = true },
	{ "ws://", WRONG_ACCEPT, "answer.failed", .raw = true },
	{ "ws://", BAD_FRAMES, "connection.closed", .raw = true },
	{ "wss://", CLOSES, "answer.failed", .raw = true },
	{ "wss://", GARBAGE, "answer.failed", .raw = true },
	{ "wss://", BAD_FRAMES, "why=crypto", .unknown = true },
	{ "wss://", BAD_FRAMES, "connection.closed", .folder = true },
	{ "wss://", WRONG_ACCEPT, "answer.failed" },
	{ "wss://", BAD_FRAMES, "connection.closed" },
};

/* The first never pairs; the second never speaks TLS. */
static const struct scene silent[] = {
	{ "", SILENT, "no handshake within 18 s", .raw = true },
	{ "wss://", SILENT, "why=timeout", .raw = true },
};

struct peer {
	struct hws_stream *stream;
	struct hws_buf in;
};

static struct hws_loop *loop;
static struct hws_work *work;
static struct test_proc server;
static struct test_host host;
static struct test_viewer viewer;
static struct hws_listener *relay;
static struct hws_tls_server *tls;
static struct hws_reach *reach;
static const struct scene *scene;
static struct peer peers[PEERS_MAX];
static unsigned peer_count;
static char dir[256], server_text[32], key[64], cert[320];
static uint16_t server_port;

/* --- the relay ----------------------------------------------------------------------------- */

static void say(struct peer *p, struct hws_bytes what)
{
	if (hws_stream_write(p->stream, what) < 0)
		hws_stream_want(p->stream, 0); /* the gate has had enough */
}

static void say_garbage(struct peer *p, uint8_t byte)
{
	static uint8_t garbage[GARBAGE_BYTES];

	memset(garbage, byte, sizeof(garbage));
	say(p, hws_bytes(garbage, sizeof(garbage)));
}

static void answer_upgrade(struct peer *p)
{
	struct hws_buf out;
	size_t used;

	hws_buf_init(&out, HWS_WS_UPGRADE_MAX);
	if (hws_ws_upgrade_answer(hws_buf_bytes(&p->in), &out, &used, NULL, NULL) == HWS_OK) {
		say(p, hws_buf_bytes(&out));
		say_garbage(p, 0xff); /* reserved bits, and a length of 2^64 - 1 */
	}
	hws_buf_done(&out);
}

static void on_peer(struct hws_stream *s, unsigned ready HWS_UNUSED, void *arg)
{
	struct peer *p = arg;
	uint8_t buf[4096];
	ssize_t n = hws_stream_read(s, buf, sizeof(buf));

	if (n > 0)
		hws_buf_put(&p->in, buf, (size_t)n);
	else if (n != HWS_ERR_AGAIN)
		hws_stream_want(s, 0);
	if (n <= 0)
		return;
	if (scene->deed == BAD_FRAMES)
		answer_upgrade(p);
	else if (scene->deed == WRONG_ACCEPT)
		say(p,
				hws_bytes_str("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
					      "Connection: Upgrade\r\n"
					      "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n"));
}

static void on_accept(int fd, const struct sockaddr_storage *from HWS_UNUSED, void *arg HWS_UNUSED)
{
	struct peer *p = &peers[peer_count];

	if (scene->deed == CLOSES || peer_count == PEERS_MAX) {
		close(fd);
		peer_count += peer_count < PEERS_MAX;
		return;
	}
	peer_count++;
	if (scene->raw)
		ck_assert_int_eq(hws_stream_tcp_new(loop, fd, &p->stream), HWS_OK);
	else
		ck_assert_int_eq(hws_stream_tls_server_new(loop, tls, fd, &p->stream), HWS_OK);
	hws_buf_init(&p->in, HWS_WS_UPGRADE_MAX * 2);
	hws_stream_set_callback(p->stream, on_peer, p);
	if (scene->deed == GARBAGE)
		say_garbage(p, 'A');
	if (scene->deed == HUGE_FRAME)
		say_garbage(p, 0xff);
	hws_stream_want(p->stream, scene->deed == SILENT ? 0 : HWS_STREAM_READ);
}

static void start_relay(void)
{
	struct hws_listen_conf lc = { .bind_ip = "127.0.0.1", .on_accept = on_accept };
	struct hws_error err;
	char key_file[320];

	certificate_make(dir, "IP:127.0.0.1", cert, key_file);
	ck_assert_msg(hws_tls_server_new(cert, key_file, &tls, &err) == HWS_OK, "%s", err.text);
	ck_assert_msg(hws_listener_new(loop, &lc, &relay, &err) == HWS_OK, "%s", err.text);
}

/* --- server and host ----------------------------------------------------------------------- */

static void start_server(void)
{
	char port[8], control[300], *out = NULL;
	const char *argv[] = { test_bin("server-rendezvous/hawser-rendezvous"), "--bind",
		"127.0.0.1", "--port", port, "--state-dir", dir, "--control", control, "--store",
		"memory", NULL };
	const char *key_argv[] = { argv[0], "key", "--state-dir", dir, NULL };

	snprintf(port, sizeof(port), "%u", server_port);
	snprintf(control, sizeof(control), "%s/c.sock", dir);
	test_proc_start(&server, argv, NULL);
	test_proc_must_expect(&server, "listening", 20000);
	ck_assert_int_eq(test_run(key_argv, NULL, &out), 0);
	snprintf(key, sizeof(key), "%.*s", (int)strcspn(out, "\r\n"), out);
	free(out);
}

static void host_must_say(const char *text)
{
	uint64_t end_ms = test_now_ms() + 60000;

	while (!test_proc_expect(&host.proc, text, 10)) {
		ck_assert_msg(test_now_ms() < end_ms, "never said %s:\n%s", text, host.proc.log);
		hws_loop_once(loop, 10000);
	}
}

/* As c_rehash does it: a link with the hash of the name. */
static void make_folder(char folder[300])
{
	char link_path[340];
	FILE *f = fopen(cert, "re");
	X509 *x;

	ck_assert_ptr_nonnull(f);
	x = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	ck_assert_ptr_nonnull(x);
	snprintf(folder, 300, "%s/authorities", dir);
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	snprintf(link_path, sizeof(link_path), "%s/%08lx.0", folder, X509_subject_name_hash(x));
	X509_free(x);
	ck_assert_int_eq(symlink(cert, link_path), 0);
}

static void believe(void)
{
	char folder[300] = "/dev/null";

	if (scene->folder)
		make_folder(folder);
	ck_assert_int_eq(setenv("SSL_CERT_DIR", folder, 1), 0);
	ck_assert_int_eq(setenv("SSL_CERT_FILE",
					 scene->unknown || scene->folder ? "/dev/null" : cert, 1),
			0);
}

static void start_host(void)
{
	char relay_text[64];
	/* who else runs gates has no way into the folders of a test, where the certificate is */
	const char *const extra[] = { "--server", server_text, "--key", key, "--relay", relay_text,
		"--gate-user", "root", "--max-connections", "100", "--max-per-address", "100",
		NULL };

	snprintf(relay_text, sizeof(relay_text), "%s127.0.0.1:%u", scene->scheme,
			hws_listener_port(relay));
	believe();
	host_start(&host, extra);
	host_must_say("server.registered");
}

static void on_reached(int r HWS_UNUSED, const struct hws_reached *how, void *arg HWS_UNUSED)
{
	hws_stream_close(how->stream);
}

/* Has the server push a viewer's request for a relay to the host; that viewer then goes away. */
static void send_to_relay(void)
{
	const char *out;
	char id[64];
	struct hws_reach_conf rc = {
		.id = id, .server = server_text, .key = key, .version = "1.4.9", .force_relay = true
	};
	struct hws_error err;
	unsigned before = peer_count;
	uint64_t end_ms = test_now_ms() + 60000;

	ck_assert_int_eq(host_ask(&host, "id", NULL, &out), 0);
	ck_assert_int_eq(hws_str_copy(id, sizeof(id), out), HWS_OK);
	ck_assert_msg(hws_reach_start(loop, work, &rc, on_reached, &reach, &err) == HWS_OK, "%s",
			err.text);
	while (peer_count == before) {
		ck_assert_msg(test_now_ms() < end_ms, "nobody came to the relay");
		hws_loop_once(loop, 10000);
	}
	hws_reach_free(reach);
	reach = NULL;
}

static void serves_still(void)
{
	viewer.session_id = 99;
	ck_assert_str_eq(viewer_enter(&viewer, host.port, host_password(&host)), "");
	/* a gate ends in order, and nothing that it did was forbidden to it */
	ck_assert_ptr_null(test_proc_expect(&host.proc, "no such line", 100)); /* reads on */
	ck_assert_msg(!strstr(host.proc.log, "gate.killed"), "%s", host.proc.log);
}

static void go(const struct scene *s)
{
	scene = s;
	start_server();
	start_relay();
	start_host();
	send_to_relay();
}

static void setup(void)
{
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	signal(SIGPIPE, SIG_IGN);
	memset(&host, 0, sizeof(host));
	memset(&viewer, 0, sizeof(viewer));
	memset(peers, 0, sizeof(peers));
	peer_count = 0;
	test_dir(dir, sizeof(dir));
	server_port = (uint16_t)(test_free_ports(4) + 1);
	snprintf(server_text, sizeof(server_text), "127.0.0.1:%u", server_port);
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	ck_assert_int_eq(hws_work_new(1, 16, &work), HWS_OK);
}

static void teardown(void)
{
	viewer_close(&viewer);
	host_stop(&host);
	test_proc_stop(&server);
	hws_reach_free(reach);
	hws_listener_free(relay);
	for (unsigned i = 0; i < PEERS_MAX; i++) {
		hws_stream_close(peers[i].stream);
		hws_buf_done(&peers[i].in);
	}
	hws_tls_server_free(tls);
	hws_work_free(work);
	hws_loop_free(loop);
}

/* --- who has which socket ------------------------------------------------------------------ */

/* The word number `n` of a line, counted from 0. */
static const char *word(const char *line, unsigned n)
{
	line += strspn(line, " ");
	while (n--) {
		line += strcspn(line, " ");
		line += strspn(line, " ");
	}
	return line;
}

/* Of established TCP connections of this machine: whose near or far port this is. */
static unsigned sockets_at(unsigned port, bool far, unsigned long inodes[], unsigned max)
{
	FILE *f = fopen("/proc/self/net/tcp", "re");
	char line[512];
	unsigned count = 0;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) { /* "0: ADDRESS:PORT ADDRESS:PORT STATE ... inode" */
		const char *place = strchr(word(line, far ? 2 : 1), ':');

		if (place && strtoul(place + 1, NULL, 16) == port && count < max &&
				hws_str_starts(word(line, 3), "01 "))
			inodes[count++] = strtoul(word(line, 9), NULL, 10);
	}
	fclose(f);
	return count;
}

static bool has_socket(const char *pid, const unsigned long inodes[], unsigned count)
{
	char path[300], target[64], want[64];
	struct dirent *e;
	bool found = false;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		ssize_t n = readlinkat(dirfd(d), e->d_name, target, sizeof(target) - 1);

		target[n > 0 ? n : 0] = 0;
		for (unsigned i = 0; i < count; i++) {
			snprintf(want, sizeof(want), "socket:[%lu]", inodes[i]);
			found |= !strcmp(want, target);
		}
	}
	if (d)
		closedir(d);
	return found;
}

static bool is_child(const char *pid, pid_t parent)
{
	char path[300], line[512] = "";
	const char *name_end;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(line, sizeof(line), f))
		line[0] = 0;
	fclose(f);
	name_end = strrchr(line, ')'); /* ") STATE PARENT" */
	return name_end && (pid_t)strtoul(word(name_end, 2), NULL, 10) == parent;
}

static unsigned children_with(const unsigned long inodes[], unsigned count)
{
	DIR *d = opendir("/proc");
	const struct dirent *e;
	unsigned found = 0;

	while ((e = readdir(d)))
		found += is_child(e->d_name, host.proc.pid) && has_socket(e->d_name, inodes, count);
	closedir(d);
	return found;
}

static void only_a_gate_has(unsigned port, bool far)
{
	unsigned long inodes[16];
	unsigned count = sockets_at(port, far, inodes, HWS_COUNT(inodes));
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)host.proc.pid);
	ck_assert_uint_ge(count, 1);
	ck_assert_msg(children_with(inodes, count) == 1, "not in the hands of one gate");
	ck_assert_msg(!has_socket(pid, inodes, count), "hostd has it as well");
}

/* --- tests --------------------------------------------------------------------------------- */

START_TEST(a_hostile_relay_ends_a_gate_and_nothing_else)
{
	go(&scenes[_i]);
	host_must_say(scene->log);
	serves_still();
}
END_TEST

START_TEST(a_silent_relay_does_not_hold_a_gate)
{
	go(&silent[_i]);
	host_must_say(scene->log);
	serves_still();
}
END_TEST

START_TEST(hostd_has_no_socket_of_a_relay_or_a_viewer)
{
	go(&silent[0]);
	host_must_say("connection.accepted");
	only_a_gate_has(hws_listener_port(relay), true);
	viewer_connect(&viewer, host.port);
	viewer_hash(&viewer);
	only_a_gate_has(host.port, false);
}
END_TEST

/* The gate has not heard a word of WebSocket yet, and is on its way still. */
START_TEST(hostd_has_no_socket_of_a_relay_on_the_way)
{
	go(&silent[1]);
	only_a_gate_has(hws_listener_port(relay), true);
	ck_assert_ptr_null(strstr(host.proc.log, "connection.accepted"));
}
END_TEST

/* The oldest of too many gives way, and not one viewer. */
START_TEST(gates_on_their_way_are_bounded)
{
	go(&silent[1]);
	while (peer_count < LEGS)
		send_to_relay();
	ck_assert_ptr_null(test_proc_expect(&host.proc, "why=busy", 100));
	send_to_relay();
	host_must_say("why=busy");
	serves_still();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("host/relay_leg");
	TCase *t = test_case(s, "relay_leg", 120,
			TESTS(hostd_has_no_socket_of_a_relay_or_a_viewer,
					hostd_has_no_socket_of_a_relay_on_the_way,
					gates_on_their_way_are_bounded));

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(
			t, a_hostile_relay_ends_a_gate_and_nothing_else, 0, (int)HWS_COUNT(scenes));
	tcase_add_loop_test(t, a_silent_relay_does_not_hold_a_gate, 0, (int)HWS_COUNT(silent));
	return test_suite_run(s);
}
