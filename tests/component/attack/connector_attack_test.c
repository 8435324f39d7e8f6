/* The connector before a gate in foreign hands: the real process, confined as it is, with a hostd
 * and gates of the test. Whatever such a gate says, nothing is connected but what hostd's list
 * names, and the connector serves on. That a gate opens no socket itself: attack_sandbox_test and
 * attack_process_test. */
#include "client/host/agent/agent.h"
#include "client/host/ipc.h"
#include "client/services/tunnel/mux.h"
#include "shared/base/log.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include "shared/wire/permission.h"
#include "shared/wire/secure_level.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define FORWARD AGT__SESSION_KIND__SESSION_KIND_FORWARD
#define TUNNEL HWS_NEED(HWS_PERM_TUNNEL)
#define CODE(name) SES__TUNNEL_CODE__TUNNEL_CODE_##name
#define STREAMS 50u

static struct {
	pid_t pid;
	struct hws_loop *loop;
	struct hws_ipc *hostd, *gate;
	unsigned ready, gone, opened, ok, answers, refusals, fds, resets, bytes, served;
	uint32_t want; /* the stream that is waited for */
	char error[400];
	Ses__TunnelCode last;
} t;

static int allowed, decoy;
static uint16_t allowed_port, decoy_port;

static int target(uint16_t *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(fd, 512), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*ret_port = ntohs(a.sin_port);
	return fd;
}

/* --- hostd and gate --------------------------------------------------------------------------- */

static void on_hostd(
		struct hws_ipc *l HWS_UNUSED, const Agt__Message *m, int fd, void *arg HWS_UNUSED)
{
	if (fd >= 0)
		close(fd);
	t.ready += m->union_case == AGT__MESSAGE__UNION_AGENT_STATE;
}

static void on_gone(struct hws_ipc *l, int why HWS_UNUSED, void *arg HWS_UNUSED)
{
	t.gone++;
	if (l == t.hostd)
		t.hostd = NULL;
	else
		t.gate = NULL;
}

static void on_gate(
		struct hws_ipc *l HWS_UNUSED, const Agt__Message *m, int fd, void *arg HWS_UNUSED)
{
	if (fd >= 0) {
		t.fds++;
		close(fd);
	}
	if (m->union_case != AGT__MESSAGE__UNION_OPENED)
		return;
	t.opened++;
	t.ok += m->opened->ok;
	(void)!hws_str_copy(t.error, sizeof(t.error), m->opened->error);
}

static void on_wire(struct hws_ipc *l HWS_UNUSED, struct hws_bytes message, void *arg HWS_UNUSED)
{
	Ses__Message *m = NULL;

	ck_assert_int_eq(hws_ses_unpack(message, &m), HWS_OK);
	ck_assert_int_eq(m->union_case, SES__MESSAGE__UNION_TUNNEL);
	if (m->tunnel->union_case == SES__TUNNEL__UNION_OPENED) {
		t.answers++;
		t.last = m->tunnel->opened->code;
		t.refusals += t.last != CODE(OK);
		t.served += t.last == CODE(OK) && m->tunnel->opened->stream == t.want;
	}
	t.resets += m->tunnel->union_case == SES__TUNNEL__UNION_RESET;
	if (m->tunnel->union_case == SES__TUNNEL__UNION_DATA)
		t.bytes += (unsigned)m->tunnel->data->data.len;
	hws_ses_free(m);
}

static int try_to_tell(struct hws_ipc *l, Agt__Message__UnionCase what, void *member, int fd)
{
	Agt__Message m = AGT__MESSAGE__INIT;

	m.union_case = what;
	m.open = member; /* the members are pointers of one union */
	return hws_ipc_send(l, &m, fd);
}

static void tell(struct hws_ipc *l, Agt__Message__UnionCase what, void *member, int fd)
{
	ck_assert_int_eq(try_to_tell(l, what, member, fd), HWS_OK);
}

static void turn_until(const unsigned *count, unsigned n)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	while (*count < n) {
		ck_assert_msg(!t.gone && test_now_ms() < end, "nothing came: %u of %u", *count, n);
		hws_loop_once(t.loop, 20000);
	}
}

static void start(void)
{
	struct hws_agent_conf conf = { .role = HWS_AGENT_TUNNEL, .sandbox = true };
	struct hws_ipc_conf lc = {
		.frame_max = 1u << 20, .on_message = on_hostd, .on_close = on_gone
	};
	Agt__AgentConf c = AGT__AGENT_CONF__INIT;
	char list[64];
	int fd[2];

	memset(&t, 0, sizeof(t));
	allowed = target(&allowed_port);
	decoy = target(&decoy_port);
	ck_assert_int_eq(hws_ipc_pair(fd), HWS_OK);
	t.pid = fork();
	ck_assert_int_ge(t.pid, 0);
	if (t.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fd[0]);
		hws_log_setup("agent", HWS_LOG_TEXT, 2);
		hws_log_set_level(HWS_LOG_ERROR);
		_exit(hws_agent_main(fd[1], &conf));
	}
	close(fd[1]);
	ck_assert_int_eq(hws_loop_new(&t.loop), HWS_OK);
	ck_assert_int_eq(hws_ipc_new(t.loop, fd[0], &lc, &t.hostd), HWS_OK);
	ck_assert_int_eq(hws_fmt(list, sizeof(list), "localhost:%u", allowed_port), HWS_OK);
	c.files_roots = c.tunnel_listen = (char *)"";
	c.tunnel_targets = list;
	c.tunnel_streams = STREAMS;
	tell(t.hostd, AGT__MESSAGE__UNION_AGENT_CONF, &c, -1);
	turn_until(&t.ready, 1);
}

static void stop(void)
{
	int status = 0;

	hws_ipc_close(t.gate, HWS_OK);
	hws_ipc_close(t.hostd, HWS_OK);
	hws_loop_free(t.loop);
	ck_assert_int_eq(waitpid(t.pid, &status, 0), t.pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", status);
	close(allowed);
	close(decoy);
}

/* What hostd does for a viewer that it has let in, and then what the gate says. */
static void link_gate(bool by_v2)
{
	struct hws_ipc_conf lc = { .frame_max = HWS_SES_FRAME_MAX + 1,
		.takes_fds = true,
		.on_message = on_gate,
		.on_wire = on_wire,
		.on_close = on_gone };
	Agt__AgentLink al = AGT__AGENT_LINK__INIT;
	int fd[2];

	ck_assert_int_eq(hws_ipc_pair(fd), HWS_OK);
	ck_assert_int_eq(hws_ipc_new(t.loop, fd[0], &lc, &t.gate), HWS_OK);
	al.conn = 100;
	al.permissions = TUNNEL;
	al.kind = FORWARD;
	al.my_id = (char *)"987654321";
	al.peer_addr = (char *)"192.0.2.1:5";
	al.secure = true;
	al.by_v2 = by_v2;
	tell(t.hostd, AGT__MESSAGE__UNION_AGENT_LINK, &al, fd[1]);
}

static void say_open(const char *host, int port)
{
	Agt__Open o = AGT__OPEN__INIT;
	Ses__LoginRequest lr = SES__LOGIN_REQUEST__INIT;
	Ses__PortForward f = SES__PORT_FORWARD__INIT;
	struct hws_buf b;

	f.host = (char *)(uintptr_t)host;
	f.port = port;
	lr.version = (char *)"1.4.9";
	lr.union_case = SES__LOGIN_REQUEST__UNION_PORT_FORWARD;
	lr.port_forward = &f;
	hws_buf_init(&b, 4096);
	ck_assert_int_eq(hws_msg_pack(&lr.base, &b), HWS_OK);
	o.login_request.data = (uint8_t *)(uintptr_t)hws_buf_bytes(&b).ptr;
	o.login_request.len = hws_buf_len(&b);
	o.level = HWS_LEVEL_V2; /* says the gate */
	tell(t.gate, AGT__MESSAGE__UNION_OPEN, &o, -1);
	hws_buf_done(&b);
}

static void say(Ses__Tunnel__UnionCase what, void *member)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__Tunnel w = SES__TUNNEL__INIT;
	struct hws_buf b;

	w.union_case = what;
	w.open = member;
	m.union_case = SES__MESSAGE__UNION_TUNNEL;
	m.tunnel = &w;
	hws_buf_init(&b, 1u << 20);
	ck_assert_int_eq(hws_ses_pack(&m, &b), HWS_OK);
	ck_assert_int_eq(hws_ipc_send_wire(t.gate, HWS_CHANNEL_TUNNELS, hws_buf_bytes(&b)), HWS_OK);
	hws_buf_done(&b);
}

static void say_stream(uint32_t id, Ses__TunnelKind kind, const char *host, uint32_t port,
		uint32_t listener)
{
	Ses__TunnelOpen o = SES__TUNNEL_OPEN__INIT;

	o.stream = id;
	o.kind = kind;
	o.host = (char *)(uintptr_t)host;
	o.port = port;
	o.window = 1u << 20;
	o.listener = listener;
	say(SES__TUNNEL__UNION_OPEN, &o);
}

static void say_data(uint32_t id, size_t len)
{
	static uint8_t room[60000];
	Ses__TunnelData d = SES__TUNNEL_DATA__INIT;

	d.stream = id;
	d.data.data = room;
	d.data.len = len;
	say(SES__TUNNEL__UNION_DATA, &d);
}

static unsigned came_to(int listening)
{
	unsigned n = 0;

	for (int fd; (fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC)) >= 0; n++)
		close(fd);
	return n;
}

/* The next number, and the allowed target: it is served, and all before it was read. */
static void still_serves(uint32_t id)
{
	t.want = id;
	t.served = 0;
	say_stream(id, 0, "localhost", allowed_port, 0);
	turn_until(&t.served, 1);
	ck_assert_uint_eq(came_to(allowed), 1);
	ck_assert_uint_eq(came_to(decoy), 0);
}

/* --- attacks ---------------------------------------------------------------------------------- */

START_TEST(a_forged_stream_reaches_no_forbidden_target)
{
	static const char *const hosts[] = { "localhost", "127.0.0.1", "::1", "::ffff:127.0.0.1",
		"127.1", "2130706433", "0x7f000001", "0.0.0.0", "[::1]", "localhost.", "LOCALHOST",
		"127.0.0.1:1", "fe80::1%lo", "/run/hawser/control" };
	uint32_t id = 1;

	link_gate(true);
	say_open("", 0);
	turn_until(&t.opened, 1);
	ck_assert_msg(t.ok, "%s", t.error);
	for (size_t i = 0; i < HWS_COUNT(hosts); i++)
		for (unsigned kind = 0; kind < 4; kind++, id += 2)
			say_stream(id, kind, hosts[i], decoy_port, 0);
	say_stream(id, 0, "localhost", decoy_port + 65536u, 0);
	turn_until(&t.answers, (id + 1) / 2);
	ck_assert_uint_eq(t.refusals, t.answers);
	still_serves(id + 2);
}
END_TEST

START_TEST(messages_out_of_nothing_connect_nothing)
{
	Ses__TunnelOpened opened = SES__TUNNEL_OPENED__INIT;
	Ses__TunnelWindow window = SES__TUNNEL_WINDOW__INIT;
	Ses__TunnelEof eof = SES__TUNNEL_EOF__INIT;
	Ses__TunnelListen listen = SES__TUNNEL_LISTEN__INIT;
	Ses__TunnelListening listening = SES__TUNNEL_LISTENING__INIT;
	char address[40];

	link_gate(true);
	say_open("", 0);
	turn_until(&t.opened, 1);
	ck_assert_int_eq(hws_fmt(address, sizeof(address), "127.0.0.1:%u", decoy_port), HWS_OK);
	opened.text = (char *)"";
	opened.address = address;
	opened.window = UINT32_MAX;
	listen.address = (char *)"127.0.0.1";
	listening.text = (char *)"";
	listening.address = (char *)"127.0.0.1";
	for (uint32_t id = 0; id < 20; id++) {
		opened.stream = window.stream = eof.stream = id;
		listen.listener = listening.listener = id;
		window.bytes = UINT32_MAX;
		listen.port = listening.port = decoy_port;
		say(SES__TUNNEL__UNION_OPENED, &opened);
		say(SES__TUNNEL__UNION_LISTENING, &listening);
		say(SES__TUNNEL__UNION_LISTEN, &listen); /* hostd's list is empty */
		say(SES__TUNNEL__UNION_WINDOW, &window);
		say(SES__TUNNEL__UNION_EOF, &eof);
		say_data(id, 1000);
		say_stream(2 * id, 0, "localhost", allowed_port, 0); /* the host's own numbers */
		say_stream(1, 0, "localhost", decoy_port, id + 1); /* once fresh, then used twice */
	}
	still_serves(1001);
}
END_TEST

/* Bytes after the end, more than the window, a number again: that stream ends, and no other. */
START_TEST(a_stream_that_lies_ends_and_no_other)
{
	Ses__TunnelEof eof = SES__TUNNEL_EOF__INIT;

	link_gate(true);
	say_open("", 0);
	turn_until(&t.opened, 1);
	for (uint32_t id = 1; id <= 7; id += 2)
		say_stream(id, 0, "localhost", allowed_port, 0);
	turn_until(&t.answers, 4);
	ck_assert_uint_eq(t.refusals, 0);
	eof.stream = 1;
	say(SES__TUNNEL__UNION_EOF, &eof);
	say_data(1, 10);
	for (unsigned i = 0; i < 400; i++) /* nobody reads at the target */
		say_data(3, 60000);
	say_stream(5, 0, "localhost", decoy_port, 0);
	turn_until(&t.resets, 3);
	ck_assert_uint_eq(came_to(allowed), 4);
	still_serves(9);
}
END_TEST

START_TEST(a_flood_of_streams_is_bounded)
{
	enum { N = 3000 };

	link_gate(true);
	say_open("", 0);
	turn_until(&t.opened, 1);
	for (uint32_t i = 0; i < N; i++)
		say_stream(2 * i + 1, 0, "localhost", allowed_port, 0);
	turn_until(&t.answers, N);
	ck_assert_uint_eq(t.answers - t.refusals, STREAMS);
	ck_assert_uint_eq(came_to(allowed), STREAMS);
	ck_assert_uint_eq(came_to(decoy), 0);
}
END_TEST

/* What the gate says of the line is not believed: only hostd knows that it was v2. */
START_TEST(a_gate_that_claims_v2_gets_one_judged_connection)
{
	link_gate(false);
	say_open("localhost", decoy_port);
	turn_until(&t.opened, 1);
	ck_assert(!t.ok && !t.fds);
	ck_assert_msg(strstr(t.error, "tunnel-targets"), "%s", t.error);
	say_open("localhost", decoy_port);
	turn_until(&t.opened, 2);
	ck_assert(!t.ok && !t.fds);
	say_open("localhost", allowed_port); /* refused is not for ever */
	turn_until(&t.ok, 1);
	ck_assert_uint_eq(t.fds, 1);
	say_open("localhost", decoy_port); /* but let in is once */
	say_stream(3, 0, "localhost", decoy_port, 0);
	for (unsigned i = 0; i < 50; i++)
		hws_loop_once(t.loop, 10000);
	ck_assert_uint_eq(came_to(allowed), 1);
	ck_assert_uint_eq(came_to(decoy), 0);
	ck_assert_uint_eq(t.answers, 0);
}
END_TEST

/* A gate speaks as if it were hostd: lists, permissions, links. */
START_TEST(a_gate_is_not_hostd)
{
	Agt__AgentConf c = AGT__AGENT_CONF__INIT;
	Agt__AgentControl control = AGT__AGENT_CONTROL__INIT;

	link_gate(true);
	say_open("", 0);
	turn_until(&t.opened, 1);
	c.files_roots = (char *)"";
	c.tunnel_targets = c.tunnel_listen = (char *)"*:*";
	c.tunnel_streams = 1000;
	control.conn = 100;
	control.set_permissions = true;
	control.permissions = UINT64_MAX;
	/* the link may end with the first */
	(void)try_to_tell(t.gate, AGT__MESSAGE__UNION_AGENT_CONF, &c, -1);
	(void)try_to_tell(t.gate, AGT__MESSAGE__UNION_AGENT_CONTROL, &control, -1);
	for (unsigned i = 0; i < 50 && t.gate; i++)
		hws_loop_once(t.loop, 10000);
	if (t.gate) { /* not ended for it, and not obeyed */
		say_stream(1, 0, "localhost", decoy_port, 0);
		turn_until(&t.answers, 1);
		ck_assert_int_eq(t.last, CODE(FORBIDDEN));
	}
	ck_assert_uint_eq(came_to(decoy), 0);
}
END_TEST

int main(void)
{
	return test_main("connector_attack", 120, start, stop,
			TESTS(a_forged_stream_reaches_no_forbidden_target,
					messages_out_of_nothing_connect_nothing,
					a_stream_that_lies_ends_and_no_other,
					a_flood_of_streams_is_bounded,
					a_gate_that_claims_v2_gets_one_judged_connection,
					a_gate_is_not_hostd));
}
