/* client/reach against the real rendezvous server (and relay, where it is built) on loopback. */
#include "client/reach/answer.h"
#include "client/reach/reach.h"
#include "client/reach/registrar.h"
#include "client/reach/relay_join.h"
#include "shared/base/clock.h"
#include "shared/base/rand.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/identity.h"
#include "shared/net/addr.h"
#include "shared/net/kcp.h"
#include "tests/component/reach/certificate.h"
#include "tests/component/reach/fake.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST_ID "123456789"
#define FIRST_FRAME "\x2chost speaks"

struct scene {
	struct hws_loop *loop;
	struct hws_work *work;
	struct test_proc server, relay;
	char dir[256], key[64], server_text[32], relay_text[32], ws_text[40], wss_text[48];
	uint16_t port, relay_port;
	struct hws_registrar *registrar;
	struct hws_answer *answer;
	enum hws_registrar_state state;
	bool registered, lost;
	struct hws_stream *host_end, *viewer_end;
	struct hws_stream *host_udp_end; /* the viewer may come by both */
	struct hws_reach *reach;
	char word[32]; /* what the host had said when it was reached */
	size_t word_len;
	struct hws_answered how;
	struct hws_relay_join *join;
	struct hws_stream *leg; /* the server does not know of it yet */
	uint64_t meeting;
	bool done, relayed;
	bool only_direct; /* what is begun from now on */
	struct hws_verdict verdict;
	int result;
	char path[16], text[400], state_text[200];
	struct forwarder *forwarder;
	struct hws_proxy proxy; /* for all that is begun from now on */
	size_t statement_len;
};

static struct scene s;

static void start_server_with(const char *const extra[])
{
	char port[8], control[300];
	const char *argv[] = { test_bin("server-rendezvous/hawser-rendezvous"), "--bind",
		"127.0.0.1", "--port", port, "--state-dir", s.dir, "--control", control, "--store",
		"memory", "--relay-servers", s.relay_text, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
		NULL, NULL };
	const char *key_argv[] = { argv[0], "key", "--state-dir", s.dir, NULL };
	char *out = NULL;

	for (size_t n = 0, i = 13; extra && extra[n]; n++)
		argv[i + n] = extra[n];
	snprintf(port, sizeof(port), "%u", s.port);
	snprintf(control, sizeof(control), "%s/c.sock", s.dir);
	test_proc_start(&s.server, argv, NULL);
	test_proc_must_expect(&s.server, "listening", 20000);
	ck_assert_int_eq(test_run(key_argv, NULL, &out), 0);
	snprintf(s.key, sizeof(s.key), "%.*s", (int)strcspn(out, "\r\n"), out);
	free(out);
}

static void start_server(void)
{
	start_server_with(NULL);
}

static void on_state(enum hws_registrar_state state, const char *text, void *arg)
{
	(void)arg;
	snprintf(s.state_text, sizeof(s.state_text), "%s", text);
	s.state = state;
	s.registered |= state == HWS_REGISTRAR_REGISTERED;
	s.lost |= state != HWS_REGISTRAR_REGISTERED;
}

static void on_push(const Rdv__RendezvousMessage *m, bool proven, void *arg)
{
	(void)arg;
	ck_assert_int_eq(hws_answer_push(s.answer, HOST_ID, m, proven), 0);
}

static bool on_new_id(char *buf, size_t size, void *arg)
{
	(void)buf;
	(void)size;
	(void)arg;
	ck_abort_msg("the server wants another id");
	return false;
}

static void host_speaks(struct hws_stream *stream)
{
	s.host_end = stream;
	/* As every host does; through a relay the viewer waits for it. */
	ck_assert_int_eq(hws_stream_write(stream, hws_bytes(FIRST_FRAME, sizeof(FIRST_FRAME) - 1)),
			sizeof(FIRST_FRAME) - 1);
}

static void on_udp_stands(struct hws_stream *stream, unsigned ready, void *arg)
{
	ssize_t n;

	(void)ready;
	(void)arg;
	hws_stream_want(stream, 0);
	/* the viewer may have come by TCP, and have closed this one */
	n = hws_stream_write(stream, hws_bytes(FIRST_FRAME, sizeof(FIRST_FRAME) - 1));
	ck_assert_msg(n < 0 || n == sizeof(FIRST_FRAME) - 1, "only %zd bytes", n);
}

static void on_socket(int fd, const struct hws_answered *how, void *arg)
{
	struct hws_stream *stream;

	(void)arg;
	s.how = *how;
	if (how->udp) {
		ck_assert_int_eq(hws_stream_kcp_accept(s.loop, fd, NULL, &stream), 0);
		hws_stream_close(s.host_udp_end);
		s.host_udp_end = stream;
		hws_stream_set_callback(stream, on_udp_stands, NULL);
		hws_stream_want(stream, HWS_STREAM_WRITE);
		return;
	}
	ck_assert_int_eq(hws_stream_tcp_new(s.loop, fd, &stream), 0);
	host_speaks(stream);
}

static void on_joined(int r, struct hws_stream *stream, void *arg)
{
	(void)arg;
	s.join = NULL;
	s.leg = stream;
	hws_answer_joined(s.answer, s.meeting, r);
}

/* What a gate does in a process of its own. */
static int on_relay(const struct hws_answer_relay *relay, const struct hws_answered *how, void *arg)
{
	struct hws_relay_join_conf conf = { .relay = relay->relay,
		.server = relay->server,
		.key = relay->key,
		.uuid = relay->uuid,
		.timeout_us = 18 * HWS_US_PER_S };

	(void)arg;
	s.how = *how;
	s.meeting = relay->meeting;
	return hws_relay_join(s.loop, s.work, &conf, on_joined, NULL, &s.join);
}

static void on_met(uint64_t meeting, int r, void *arg)
{
	(void)arg;
	ck_assert_uint_eq(meeting, s.meeting);
	ck_assert_int_eq(r, 0);
	host_speaks(s.leg);
	s.leg = NULL;
}

static void on_failure(const char *what, int why, const struct sockaddr_storage *viewer, void *arg)
{
	char text[HWS_ADDR_TEXT];

	(void)arg;
	fprintf(stderr, "answer to %s failed: %s: %s\n", hws_addr_text(viewer, text, sizeof(text)),
			what, hws_err_text(why));
}

static bool run_until(bool (*done)(void), unsigned ms)
{
	uint64_t end = test_now_ms() + ms;

	while (!done()) {
		if (test_now_ms() > end)
			return false;
		hws_loop_once(s.loop, 20000);
	}
	return true;
}

static bool is_registered(void)
{
	return s.registered;
}

static bool is_done(void)
{
	return s.done;
}

static bool both_connected(void)
{
	return (s.host_end || s.host_udp_end) && s.viewer_end;
}

static void begin_host_by(const char *server, bool no_udp)
{
	static uint8_t pk[32], server_pk[HWS_PK_LEN];
	const char *uuid = "6b0c1f52-0000-4000-8000-000000000001";
	struct hws_server_addr server_addr;
	struct hws_registrar_conf rc = { .server_addr = &server_addr,
		.no_udp = no_udp,
		.server_pk = server_pk,
		.id = HOST_ID,
		.uuid = hws_bytes_str(uuid),
		.pk = hws_bytes(pk, 32),
		.interval_us = 500000,
		.on_state = on_state,
		.on_push = on_push,
		.on_new_id = on_new_id };
	struct hws_answer_conf ac = { .server_addr = &server_addr,
		.key = s.key,
		.relay = "",
		.version = "1.4.9",
		.on_socket = on_socket,
		.on_relay = on_relay,
		.on_met = on_met,
		.on_failure = on_failure };

	hws_rand_bytes(pk, sizeof(pk));
	ck_assert_int_eq(hws_server_addr_parse(server, 21116, &server_addr), 0);
	if (s.proxy.kind != HWS_PROXY_NONE)
		server_addr.proxy = &s.proxy;
	ck_assert_int_eq(hws_key_parse(s.key, server_pk), 0);
	ck_assert_int_eq(hws_answer_new(s.loop, s.work, &ac, &s.answer), 0);
	ck_assert_int_eq(hws_registrar_new(s.loop, s.work, &rc, &s.registrar), 0);
}

static void start_host_by(const char *server, bool no_udp)
{
	begin_host_by(server, no_udp);
	ck_assert_msg(run_until(is_registered, TEST_PATIENCE_MS), "%s", s.state_text);
}

static void start_host(void)
{
	start_host_by(s.server_text, false);
	ck_assert_str_eq(hws_registrar_transport(s.registrar), "udp");
}

static void on_reached(int r, const struct hws_reached *how, void *arg)
{
	(void)arg;
	s.done = true;
	s.result = r;
	s.viewer_end = how->stream;
	s.relayed = how->relayed;
	s.statement_len = how->statement.len;
	snprintf(s.path, sizeof(s.path), "%s", how->path ? how->path : "");
	snprintf(s.text, sizeof(s.text), "%s", how->error.text);
	s.verdict = *how->verdict;
	if (r < 0)
		return;
	ck_assert_uint_le(how->leftover.len, sizeof(s.word));
	s.word_len = how->leftover.len;
	memcpy(s.word, how->leftover.ptr, s.word_len);
	hws_reach_take(s.reach);
}

static void reach_by(const char *server, const char *id, const char *key, bool force_relay)
{
	struct hws_reach_conf conf = { .id = id,
		.server = server,
		.key = key,
		.version = "1.4.9",
		.proxy = s.proxy.kind != HWS_PROXY_NONE ? &s.proxy : NULL,
		.only_direct = s.only_direct,
		.force_relay = force_relay };
	struct hws_error err;

	s.done = false;
	hws_reach_free(s.reach);
	ck_assert_msg(hws_reach_start(s.loop, s.work, &conf, on_reached, &s.reach, &err) == 0, "%s",
			err.text);
	ck_assert(run_until(is_done, TEST_PATIENCE_MS));
}

static void reach(const char *id, const char *key, bool force_relay)
{
	reach_by(s.server_text, id, key, force_relay);
}

static void set_up(void)
{
	memset(&s, 0, sizeof(s));
	ck_assert_int_eq(hws_crypto_init(), 0);
	ck_assert_int_eq(hws_loop_new(&s.loop), 0);
	ck_assert_int_eq(hws_work_new(1, 16, &s.work), 0);
	test_dir(s.dir, sizeof(s.dir));
	s.port = (uint16_t)(test_free_ports(9) + 1); /* NAT test below, WebSocket two above */
	s.relay_port = (uint16_t)(s.port + 3);
	snprintf(s.server_text, sizeof(s.server_text), "127.0.0.1:%u", s.port);
	snprintf(s.ws_text, sizeof(s.ws_text), "ws://127.0.0.1:%u", s.port + 2);
	snprintf(s.relay_text, sizeof(s.relay_text), "127.0.0.1:%u", s.relay_port);
}

static void tear_down(void)
{
	hws_reach_free(s.reach);
	hws_relay_join_cancel(s.join);
	hws_stream_close(s.leg);
	hws_stream_close(s.host_end);
	hws_stream_close(s.host_udp_end);
	hws_stream_close(s.viewer_end);
	hws_registrar_free(s.registrar);
	hws_answer_free(s.answer);
	forwarder_stop(s.forwarder);
	for (int i = 0; i < 3; i++)
		hws_loop_once(s.loop, 1000);
	hws_work_free(s.work);
	hws_loop_free(s.loop);
	test_proc_stop(&s.server);
	test_proc_stop(&s.relay);
}

static void start_relay(void)
{
	char port[8], control[300];
	const char *argv[] = { test_bin("server-relay/hawser-relay"), "--bind", "127.0.0.1",
		"--port", port, "--key", s.key, "--control", control, NULL };

	snprintf(port, sizeof(port), "%u", s.relay_port);
	snprintf(control, sizeof(control), "%s/relay.sock", s.dir);
	test_proc_start(&s.relay, argv, NULL);
	test_proc_must_expect(&s.relay, "listening", 20000);
}

static void pass_bytes(void)
{
	char buf[32];
	size_t len = s.word_len;
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	ck_assert(run_until(both_connected, TEST_PATIENCE_MS));
	memcpy(buf, s.word, len);
	while (len < sizeof(FIRST_FRAME) - 1 && test_now_ms() < end) {
		ssize_t n = hws_stream_read(s.viewer_end, buf + len, sizeof(buf) - len);

		ck_assert_msg(n > 0 || n == HWS_ERR_AGAIN, "%s", hws_err_text((int)n));
		if (n > 0)
			len += (size_t)n;
		else
			hws_loop_once(s.loop, 5000);
	}
	ck_assert_uint_eq(len, sizeof(FIRST_FRAME) - 1);
	ck_assert_mem_eq(buf, FIRST_FRAME, len);
}

START_TEST(viewer_and_host_meet_directly)
{
	start_server();
	start_host();
	reach(HOST_ID, s.key, false);
	ck_assert_msg(s.result == 0, "%s", s.text);
	ck_assert(!s.relayed);
	ck_assert(s.how.secure || !s.host_end);
	ck_assert_uint_gt(s.statement_len, 64);
	pass_bytes();
	ck_assert(s.how.secure);
}
END_TEST

START_TEST(an_unknown_id_is_explained)
{
	start_server();
	reach("987654321", s.key, false);
	ck_assert_int_eq(s.result, HWS_ERR_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(s.text, "does not know this ID"));
	ck_assert_int_eq(s.verdict.why, HWS_INDIRECT_UNKNOWN_ID);
}
END_TEST

START_TEST(a_wrong_key_is_explained)
{
	start_server();
	start_host();
	reach(HOST_ID, "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=", false);
	ck_assert_int_eq(s.result, HWS_ERR_KEY);
	ck_assert_ptr_nonnull(strstr(s.text, "hawser-rendezvous key"));
	ck_assert_int_eq(s.verdict.why, HWS_INDIRECT_SERVER_KEY);
}
END_TEST

/* Nobody would be met there: no connection that looks like a visit, and the host's reason all the
 * same. */
START_TEST(who_looks_for_a_direct_way_brings_no_host_to_the_relay)
{
	start_server();
	start_host_by(s.server_text, true);
	hws_answer_set_nat_type(s.answer, RDV__NAT_TYPE__SYMMETRIC);
	s.only_direct = true;
	reach(HOST_ID, s.key, false);
	ck_assert_int_lt(s.result, 0);
	ck_assert_uint_eq(s.meeting, 0);
	ck_assert_int_eq(s.verdict.why, HWS_INDIRECT_SYMMETRIC_HOST);
}
END_TEST

START_TEST(a_server_that_is_not_there_is_explained)
{
	reach(HOST_ID, "", false);
	ck_assert_int_eq(s.result, HWS_ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(s.text, "cannot reach the rendezvous server"));
	ck_assert_int_eq(s.verdict.why, HWS_INDIRECT_SERVER_UNREACHABLE);
}
END_TEST

static bool is_connecting(void)
{
	return s.state == HWS_REGISTRAR_CONNECTING || s.state == HWS_REGISTRAR_OFFLINE;
}

START_TEST(a_restarted_server_has_the_host_again)
{
	start_server();
	start_host();
	test_proc_signal(&s.server, SIGKILL);
	test_proc_stop(&s.server);
	ck_assert(run_until(is_connecting, TEST_PATIENCE_MS));
	start_server();
	s.registered = false;
	ck_assert(run_until(is_registered, TEST_PATIENCE_MS));
	reach(HOST_ID, s.key, false);
	ck_assert_msg(s.result == 0, "%s", s.text);
}
END_TEST

START_TEST(a_host_without_udp_registers_by_tcp_and_is_met_directly)
{
	start_server();
	start_host_by(s.server_text, true);
	ck_assert_str_eq(hws_registrar_transport(s.registrar), "tcp");
	reach(HOST_ID, s.key, false);
	ck_assert_msg(s.result == 0, "%s", s.text);
	ck_assert(!s.relayed);
	pass_bytes();
}
END_TEST

static bool is_connecting(void);

START_TEST(where_udp_gets_no_answer_tcp_is_used)
{
	char server_addr[32];

	start_server();
	s.forwarder = forwarder_start(s.loop, s.work, s.port);
	snprintf(server_addr, sizeof(server_addr), "127.0.0.1:%u", forwarder_port(s.forwarder));
	start_host_by(server_addr, false);
	ck_assert_str_eq(hws_registrar_transport(s.registrar), "tcp");
	/* and once more: this time without waiting for UDP first */
	s.registered = false;
	forwarder_cut(s.forwarder);
	ck_assert(run_until(is_connecting, TEST_PATIENCE_MS));
	ck_assert(run_until(is_registered, TEST_PATIENCE_MS));
	ck_assert_str_eq(hws_registrar_transport(s.registrar), "tcp");
}
END_TEST

static bool is_lost(void)
{
	return s.lost;
}

static bool is_by_udp(void)
{
	return strcmp(hws_registrar_transport(s.registrar), "udp") == 0;
}

/* A link is second best: each costs the server a connection, and a viewer's push a detour. */
START_TEST(when_udp_gets_through_again_it_is_used_again)
{
	char server_addr[32];

	start_server();
	s.forwarder = forwarder_start(s.loop, s.work, s.port);
	snprintf(server_addr, sizeof(server_addr), "127.0.0.1:%u", forwarder_port(s.forwarder));
	start_host_by(server_addr, false);
	ck_assert_str_eq(hws_registrar_transport(s.registrar), "tcp");
	s.lost = false;
	run_until(is_lost, 7000); /* questions by UDP get no answer: nothing changes */
	ck_assert_str_eq(hws_registrar_transport(s.registrar), "tcp");
	forwarder_open_udp(s.forwarder);
	ck_assert(run_until(is_by_udp, TEST_PATIENCE_MS));
	ck_assert_msg(!s.lost, "it was away meanwhile");
	/* and there it stays, and is found */
	reach(HOST_ID, s.key, false);
	ck_assert_msg(s.result == 0, "%s", s.text);
	pass_bytes();
	ck_assert_str_eq(hws_registrar_transport(s.registrar), "udp");
}
END_TEST

static bool is_offline(void)
{
	return s.state == HWS_REGISTRAR_OFFLINE;
}

static bool is_refused(void)
{
	return s.state == HWS_REGISTRAR_REFUSED;
}

/* A server that has another key than the configured one, or none to offer. */
START_TEST(a_link_that_cannot_be_encrypted_is_refused)
{
	start_server();
	snprintf(s.key, sizeof(s.key), "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=");
	begin_host_by(s.server_text, true);
	ck_assert(run_until(is_refused, TEST_PATIENCE_MS));
	ck_assert_msg(strstr(s.state_text, "check --key") != NULL, "%s", s.state_text);
	ck_assert(!s.registered);
}
END_TEST

static void tcp_restart(const char *server, const char *transport)
{
	start_server();
	start_host_by(server, true);
	ck_assert_str_eq(hws_registrar_transport(s.registrar), transport);
	test_proc_signal(&s.server, SIGKILL);
	test_proc_stop(&s.server);
	ck_assert(run_until(is_connecting, TEST_PATIENCE_MS));
	ck_assert_str_eq(hws_registrar_transport(s.registrar), "");
	s.registered = false;
	start_server();
	ck_assert(run_until(is_registered, TEST_PATIENCE_MS)); /* one registration interval */
	ck_assert_str_eq(hws_registrar_transport(s.registrar), transport);
}

START_TEST(a_link_comes_back_after_a_restart_of_the_server)
{
	tcp_restart(s.server_text, "tcp");
}
END_TEST

START_TEST(a_websocket_comes_back_after_a_restart_of_the_server)
{
	tcp_restart(s.ws_text, "ws");
}
END_TEST

START_TEST(a_relay_is_met_when_it_is_asked_for)
{
	start_server();
	start_relay();
	start_host();
	reach(HOST_ID, s.key, true);
	ck_assert_msg(s.result == 0, "%s", s.text);
	ck_assert(s.relayed);
	pass_bytes();
	ck_assert(s.how.relayed && s.how.secure);
}
END_TEST

/* 0: the host; 1: the viewer; 2: both come by a WebSocket */
START_TEST(by_websockets_both_meet_at_the_relay)
{
	start_server();
	start_relay();
	start_host_by(_i != 1 ? s.ws_text : s.server_text, false);
	ck_assert_str_eq(hws_registrar_transport(s.registrar), _i != 1 ? "ws" : "udp");
	reach_by(_i != 0 ? s.ws_text : s.server_text, HOST_ID, s.key, false);
	ck_assert_msg(s.result == 0, "%s", s.text);
	ck_assert(s.relayed);
	pass_bytes();
	ck_assert(s.how.relayed && s.how.secure);
}
END_TEST

/* 0: as usual; 1: by WebSockets */
START_TEST(through_a_proxy_both_meet_at_the_relay)
{
	char url[40];

	start_server();
	start_relay();
	s.forwarder = forwarder_start_proxy(s.loop, s.work);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", forwarder_port(s.forwarder));
	ck_assert_int_eq(hws_proxy_set(url, "", "", &s.proxy), 0);
	start_host_by(_i ? s.ws_text : s.server_text, false);
	ck_assert_str_eq(hws_registrar_transport(s.registrar), _i ? "ws" : "tcp");
	reach_by(_i ? s.ws_text : s.server_text, HOST_ID, s.key, false);
	ck_assert_msg(s.result == 0, "%s", s.text);
	ck_assert(s.relayed);
	pass_bytes();
	ck_assert(s.how.relayed && s.how.secure);
}
END_TEST

/* The server has a certificate for `names`, and is asked for as `host`. */
static void start_tls(const char *names, const char *host)
{
	char cert[320], key[320], port[8], behind[32];
	const char *extra[] = { "--tls-cert", cert, "--tls-key", key, "--tls-port", port,
		"--tls-relay", behind, NULL };

	certificate_make(s.dir, names, cert, key);
	snprintf(port, sizeof(port), "%u", s.port + 6);
	snprintf(behind, sizeof(behind), "127.0.0.1:%u", s.relay_port + 2);
	snprintf(s.wss_text, sizeof(s.wss_text), "wss://%s:%u/ws/id", host, s.port + 6);
	start_server_with(extra);
	start_relay();
	ck_assert_int_eq(setenv("SSL_CERT_FILE", cert, 1), 0);
}

START_TEST(inside_tls_everything_works_through_one_port)
{
	start_tls("IP:127.0.0.1,DNS:localhost", _i ? "localhost" : "127.0.0.1");
	start_host_by(s.wss_text, false);
	ck_assert_str_eq(hws_registrar_transport(s.registrar), "wss");
	if (_i) /* the relay is told by address */
		return;
	reach_by(s.wss_text, HOST_ID, s.key, false);
	ck_assert_msg(s.result == 0, "%s", s.text);
	ck_assert(s.relayed);
	pass_bytes();
}
END_TEST

/* 0: nobody vouches for the certificate; else it is good, but another's: by address, by name, by a
 * name that only contains ours, by a name where the address counts */
START_TEST(a_certificate_that_proves_nothing_is_refused)
{
	static const struct {
		const char *names, *host;
	} cases[] = {
		{ "IP:127.0.0.1", "127.0.0.1" },
		{ "IP:127.0.0.2,DNS:localhost", "127.0.0.1" },
		{ "IP:127.0.0.1,DNS:relay.example", "localhost" },
		{ "IP:127.0.0.1,DNS:localhost.example,DNS:local*", "localhost" },
		{ "DNS:127.0.0.1", "127.0.0.1" },
	};

	start_tls(cases[_i].names, cases[_i].host);
	if (_i == 0)
		ck_assert_int_eq(setenv("SSL_CERT_FILE", "/dev/null", 1), 0);
	begin_host_by(s.wss_text, false);
	ck_assert(run_until(is_offline, TEST_PATIENCE_MS));
	ck_assert_msg(strstr(s.state_text, "certificate") != NULL, "%s", s.state_text);
	ck_assert(!s.registered);
	reach_by(s.wss_text, HOST_ID, s.key, false);
	ck_assert_int_lt(s.result, 0);
	ck_assert_msg(strstr(s.text, "certificate") && strstr(s.text, s.wss_text) &&
					strstr(s.text, _i ? "asks for a sign-in" : "SSL_CERT_FILE"),
			"%s", s.text);
	if (_i) /* who can prove another name may be the network itself */
		ck_assert_ptr_nonnull(strstr(s.state_text, "asks for a sign-in"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("client/reach");
	TCase *tc = test_case(suite, "reach", 90,
			TESTS(viewer_and_host_meet_directly, an_unknown_id_is_explained,
					a_wrong_key_is_explained,
					who_looks_for_a_direct_way_brings_no_host_to_the_relay,
					a_server_that_is_not_there_is_explained,
					a_restarted_server_has_the_host_again,
					a_host_without_udp_registers_by_tcp_and_is_met_directly,
					where_udp_gets_no_answer_tcp_is_used,
					when_udp_gets_through_again_it_is_used_again,
					a_link_that_cannot_be_encrypted_is_refused,
					a_link_comes_back_after_a_restart_of_the_server,
					a_websocket_comes_back_after_a_restart_of_the_server,
					a_relay_is_met_when_it_is_asked_for));

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, by_websockets_both_meet_at_the_relay, 0, 3);
	tcase_add_loop_test(tc, through_a_proxy_both_meet_at_the_relay, 0, 2);
	tcase_add_loop_test(tc, a_certificate_that_proves_nothing_is_refused, 0, 5);
	tcase_add_loop_test(tc, inside_tls_everything_works_through_one_port, 0, 2);
	return test_suite_run(suite);
}
