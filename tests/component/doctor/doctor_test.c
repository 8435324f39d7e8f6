/* The examination of a network: the programs against real servers, and the tests themselves against
 * a server that plays a NAT, a firewall and a narrow path, as no network here has them. */
#include "client/doctor/doctor.h"
#include "client/doctor/judge.h"
#include "shared/crypto/crypto.h"
#include "shared/net/addr.h"
#include "shared/wire/addr_codec.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include "tests/support/findings.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- real servers ----------------------------------------------------------------------------- */

static struct test_proc rendezvous, relay, host;
static char dir[256], server[120], key[80];
static uint16_t port;

static void text_after(const char *at, const char *name, char *buf, size_t size)
{
	const char *s = strstr(at, name);

	ck_assert_ptr_nonnull(s);
	s += strlen(name) + (s[strlen(name)] == '"');
	snprintf(buf, size, "%.*s", (int)strcspn(s, "\" \n"), s);
}

static void start_servers(bool with_relay)
{
	char state[300], run[300], main_port[8], relay_port[8];
	const char *rdv[] = { test_bin("server-rendezvous/hawser-rendezvous"), "--state-dir", state,
		"--store", "memory", "--port", main_port, NULL };
	const char *rly[] = { test_bin("server-relay/hawser-relay"), "--runtime-dir", run, "--port",
		relay_port, "--key", key, NULL };

	test_dir(dir, sizeof(dir));
	port = (uint16_t)(test_free_ports(5) + 1);
	snprintf(state, sizeof(state), "%s/rdv", dir);
	snprintf(run, sizeof(run), "%s/rly", dir);
	snprintf(main_port, sizeof(main_port), "%u", port);
	snprintf(relay_port, sizeof(relay_port), "%u", port + 1u);
	snprintf(server, sizeof(server), "127.0.0.1:%u", port);
	test_proc_start(&rendezvous, rdv, NULL);
	text_after(test_proc_must_expect(&rendezvous, "listening", TEST_PATIENCE_MS), "key=", key,
			sizeof(key));
	if (!with_relay)
		return;
	test_proc_start(&relay, rly, NULL);
	test_proc_must_expect(&relay, "listening", TEST_PATIENCE_MS);
}

static void tear_down(void)
{
	test_proc_stop(&host);
	test_proc_stop(&relay);
	test_proc_stop(&rendezvous);
}

static json_t *findings(const char *out)
{
	json_t *o = json_loads(out, 0, NULL);

	ck_assert_msg(o != NULL, "no JSON: %s", out);
	return o;
}

static const char *member(const json_t *o, const char *what, const char *name)
{
	return test_finding(json_object_get(o, "checks"), what, name);
}

static void is(const json_t *o, const char *what, const char *state, const char *text)
{
	test_finding_is(json_object_get(o, "checks"), what, state, text);
}

static json_t *examine(const char *with_key, int want)
{
	char config[300];
	const char *argv[] = { test_bin("client/cli/hawser"), "doctor", "--config", config,
		"--server", server, "--json", with_key ? "--key" : NULL, with_key, NULL };
	char *out = NULL;
	json_t *o;
	int status;

	snprintf(config, sizeof(config), "%s/hawser.conf", dir);
	status = test_run(argv, NULL, &out);
	ck_assert_msg(status == want, "status %d: %s", status, out);
	o = findings(out);
	free(out);
	return o;
}

START_TEST(a_network_without_fault_is_said_to_be_so)
{
	char name[16];
	json_t *o;

	start_servers(true);
	o = examine(key, 0);
	snprintf(name, sizeof(name), "TCP %u", port);
	is(o, name, "good", "answers");
	snprintf(name, sizeof(name), "TCP %u", port - 1u);
	is(o, name, "good", "answers");
	snprintf(name, sizeof(name), "UDP %u", port);
	is(o, name, "good", "answers");
	snprintf(name, sizeof(name), "TCP %u", port + 2u);
	is(o, name, "good", "server and relay");
	is(o, "relay", "good", "relays");
	is(o, "key", "good", "proves");
	is(o, "time", "good", "apart");
	is(o, "NAT", "good", "none between");
	is(o, "filter", "good", "other ports");
	is(o, "packets", "good", "1500");
	json_decref(o);
}
END_TEST

START_TEST(a_missing_relay_and_a_wrong_key_are_bad)
{
	json_t *o;

	start_servers(false);
	o = examine(key, 1);
	is(o, "relay", "bad", "refused");
	ck_assert_ptr_nonnull(member(o, "relay", "do"));
	json_decref(o);
	o = examine("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 1);
	is(o, "key", "bad", "another key");
	json_decref(o);
	o = examine(NULL, 1);
	is(o, "key", "bad", "none is configured");
	json_decref(o);
}
END_TEST

/* It registers and opens its desktop in whatever order. */
static bool host_is_well(void *arg)
{
	return test_run(arg, NULL, NULL) == 0;
}

/* Each of a list of servers is told of by its name, with its own key. */
START_TEST(all_servers_of_a_list_are_tested)
{
	char list[120], two[100];
	json_t *o, *one;
	unsigned good = 0, bad = 0;
	size_t i;

	start_servers(true);
	snprintf(list, sizeof(list), "%.40s,127.0.0.1:%u", server, test_free_ports(5) + 1u);
	snprintf(server, sizeof(server), "%s", list);
	snprintf(two, sizeof(two), "%s,-", key);
	o = examine(two, 1);
	json_array_foreach (json_object_get(o, "checks"), i, one) {
		const char *of = json_string_value(json_object_get(one, "server"));
		bool is_bad = !strcmp(json_string_value(json_object_get(one, "state")), "bad");

		ck_assert_ptr_nonnull(of);
		ck_assert_int_eq(is_bad && strstr(list, of) == list, 0);
		good += strstr(list, of) == list;
		bad += is_bad;
	}
	ck_assert_uint_ge(good, 8);
	ck_assert_uint_ge(bad, 2);
	json_decref(o);
}
END_TEST

START_TEST(a_host_is_examined_with_its_network)
{
	char state[300];
	const char *run[] = { test_bin("client/host/hawser-host"), "run", "--backend",
		"headless:160x120@10", "--state-dir", state, "--server", server, "--key", key,
		"--lan-port", "0", NULL };
	const char *ask[] = { run[0], "doctor", "--state-dir", state, "--server", server, "--key",
		key, "--json", NULL };
	char line[900];
	const char *set[] = { "/bin/sh", "-c", line, NULL };
	const char *bare[] = { run[0], "doctor", "--state-dir", state, "--json", NULL };
	char *out = NULL;
	json_t *o;

	start_servers(true);
	snprintf(state, sizeof(state), "%s/host", dir);
	ck_assert_int_eq(test_run(ask, NULL, &out), 1);
	o = findings(out);
	is(o, "host", "bad", "no hawser-host is running");
	is(o, "relay", "good", "relays"); /* the network is examined all the same */
	json_decref(o);
	free(out);
	test_proc_start(&host, run, NULL);
	ck_assert_msg(test_until(host_is_well, (void *)(uintptr_t)ask, TEST_PATIENCE_MS), "%s",
			host.log);
	ck_assert_int_eq(test_run(ask, NULL, &out), 0);
	o = findings(out);
	is(o, "registration", "good", "by UDP");
	is(o, "desktop", "good", "headless");
	is(o, "direct", "good", "");
	is(o, "relay", "good", "relays");
	json_decref(o);
	free(out);
	/* who asks need not say again what the host was started with */
	ck_assert_int_eq(test_run(bare, NULL, &out), 0);
	o = findings(out);
	is(o, "registration", "good", "by UDP");
	is(o, "direct", "good", "are off");
	is(o, "key", "good", "");
	is(o, "relay", "good", "relays");
	json_decref(o);
	free(out);
	/* nor does a file win over that without a word */
	snprintf(line, sizeof(line),
			"HAWSER_HOST_CONFIG=%s/host.conf exec %s config set server b.example "
			"--state-dir %s 2>&1",
			dir, run[0], state);
	ck_assert_int_eq(test_run(set, NULL, &out), 0);
	ck_assert_msg(strstr(out, "was started with another 'server', which stays"), "%s", out);
	free(out);
	/* what it has anyway is the same, however it is spelled */
	snprintf(line, sizeof(line),
			"HAWSER_HOST_CONFIG=%s/host.conf exec %s config set login-timeout 60s "
			"--state-dir %s 2>&1",
			dir, run[0], state);
	ck_assert_int_eq(test_run(set, NULL, &out), 0);
	ck_assert_ptr_null(strstr(out, "was started with"));
	free(out);
}
END_TEST

/* --- a network that is played ----------------------------------------------------------------- */

/* Two ports by UDP, as a server with what is in front of it. */
static struct {
	struct hws_loop *loop;
	struct hws_work *work;
	int fd[2]; /* main, NAT */
	struct event ev[2];
	uint16_t port;
	bool symmetric, filters, deaf;
	size_t longest;
	unsigned strangers; /* answers that come from elsewhere, with lies */
	bool done;
	struct hws_doctor_facts facts;
} net;

static void send_answer(int fd, const struct sockaddr_storage *to, const Rdv__TestNatResponse *p)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__TestNatResponse copy = *p;
	struct hws_buf out;

	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_TEST_NAT_RESPONSE;
	m.test_nat_response = &copy;
	hws_buf_init(&out, HWS_RDV_DATAGRAM_MAX);
	ck_assert_int_eq(hws_rdv_pack(&m, &out), HWS_OK);
	ck_assert_int_ge(sendto(fd, hws_buf_bytes(&out).ptr, hws_buf_len(&out), 0,
					 (const struct sockaddr *)to, hws_addr_len(to)),
			0);
	hws_buf_done(&out);
}

static void lie(const struct sockaddr_storage *to)
{
	Rdv__TestNatResponse p = RDV__TEST_NAT_RESPONSE__INIT;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	p.port = 6666;
	send_answer(fd, to, &p);
	close(fd);
	net.strangers++;
}

static void answer(int which, const struct sockaddr_storage *from, const Rdv__TestNatRequest *q,
		size_t len)
{
	static uint8_t zeros[1500];
	Rdv__TestNatResponse p = RDV__TEST_NAT_RESPONSE__INIT;
	struct sockaddr_storage seen = *from;
	uint8_t address[HWS_ADDR_WIRE_MAX];
	int by = q->from_other_port ? !which : which;

	lie(from);
	if ((q->from_other_port && net.filters) || len > net.longest)
		return;
	ck_assert_int_eq(hws_addr_parse("203.0.113.9", 1000, &seen), HWS_OK);
	hws_addr_set_port(&seen, (uint16_t)(net.symmetric ? 1000 + which : 1000));
	p.port = hws_addr_port(&seen);
	if (q->want_address) {
		p.address.data = address;
		p.address.len = hws_addr_encode(&seen, 7, address);
	}
	if (q->want_pad)
		p.pad = (ProtobufCBinaryData){ len - 14, zeros };
	send_answer(net.fd[by], from, &p);
}

static void on_datagram(evutil_socket_t fd, short what, void *arg)
{
	struct sockaddr_storage from = { 0 };
	socklen_t from_len = sizeof(from);
	uint8_t in[HWS_RDV_DATAGRAM_MAX];
	ssize_t n = recvfrom(fd, in, sizeof(in), MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);
	Rdv__RendezvousMessage *m = NULL;

	(void)what;
	(void)arg;
	if (n <= 0 || net.deaf)
		return;
	ck_assert_int_eq(hws_rdv_unpack(hws_bytes(in, (size_t)n), &m), HWS_OK);
	if (m->union_case == RDV__RENDEZVOUS_MESSAGE__UNION_TEST_NAT_REQUEST)
		answer(fd == net.fd[1], &from, m->test_nat_request, (size_t)n);
	hws_rdv_free(m);
}

static void play(void)
{
	memset(&net, 0, sizeof(net));
	ck_assert_int_eq(hws_crypto_init(), HWS_OK);
	ck_assert_int_eq(hws_loop_new(&net.loop), HWS_OK);
	ck_assert_int_eq(hws_work_new(1, 16, &net.work), HWS_OK);
	net.port = (uint16_t)(test_free_ports(5) + 1);
	net.longest = 2000;
	for (int i = 0; i < 2; i++) {
		struct sockaddr_in a = { .sin_family = AF_INET,
			.sin_port = htons((uint16_t)(net.port - i)) };

		a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		net.fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		ck_assert_int_eq(bind(net.fd[i], (struct sockaddr *)&a, sizeof(a)), 0);
		event_assign(&net.ev[i], hws_loop_base(net.loop), net.fd[i], EV_READ | EV_PERSIST,
				on_datagram, NULL);
		event_add(&net.ev[i], NULL);
	}
}

static void end_play(void)
{
	for (int i = 0; i < 2; i++) {
		event_del(&net.ev[i]);
		close(net.fd[i]);
	}
	hws_work_free(net.work);
	hws_loop_free(net.loop);
}

static void on_done(const struct hws_doctor_facts *facts, void *arg)
{
	(void)arg;
	ck_assert(!net.done);
	net.done = true;
	net.facts = *facts;
}

static void run_doctor(void)
{
	char name[40];
	const struct hws_doctor_conf conf = { .server = name };
	struct hws_doctor *d = NULL;
	struct hws_error err = { 0 };
	uint64_t end_ms = test_now_ms() + TEST_PATIENCE_MS;

	snprintf(name, sizeof(name), "127.0.0.1:%u", net.port);
	net.done = false;
	ck_assert_msg(hws_doctor_new(net.loop, net.work, &conf, on_done, NULL, &d, &err) == HWS_OK,
			"%s", err.text);
	while (!net.done && test_now_ms() < end_ms)
		hws_loop_once(net.loop, 20000);
	ck_assert(net.done);
	hws_doctor_free(d);
	hws_loop_once(net.loop, 0);
}

START_TEST(a_network_is_seen_as_it_is)
{
	run_doctor();
	ck_assert_uint_gt(net.strangers, 0);
	ck_assert_int_eq(hws_doctor_nat_udp(&net.facts), HWS_DOCTOR_NAT_INDEPENDENT);
	ck_assert_int_eq(net.facts.filter.state, HWS_DOCTOR_GOOD);
	ck_assert_uint_eq(net.facts.mtu, 1500);
	ck_assert_uint_eq(net.facts.seen_udp[0][0].port, 1000); /* and not what strangers say */

	net.symmetric = net.filters = true;
	net.longest = 1420 - 28;
	run_doctor();
	ck_assert_int_eq(hws_doctor_nat_udp(&net.facts), HWS_DOCTOR_NAT_PORT);
	ck_assert_int_eq(net.facts.filter.state, HWS_DOCTOR_FAILED);
	ck_assert_uint_eq(net.facts.mtu, 1420);

	net.deaf = true;
	run_doctor();
	ck_assert_int_eq(hws_doctor_nat_udp(&net.facts), HWS_DOCTOR_NAT_UNKNOWN);
	ck_assert_int_eq(net.facts.udp.state, HWS_DOCTOR_FAILED);
	ck_assert_int_eq(net.facts.udp_plain.state, HWS_DOCTOR_FAILED);
}
END_TEST

/* At any time it can be given up. */
START_TEST(it_can_be_left)
{
	char name[40];
	const struct hws_doctor_conf conf = { .server = name };
	struct hws_error err = { 0 };

	snprintf(name, sizeof(name), "127.0.0.1:%u", net.port);
	for (unsigned turns = 0; turns < 30; turns++) {
		struct hws_doctor *d = NULL;

		ck_assert_int_eq(hws_doctor_new(net.loop, net.work, &conf, on_done, NULL, &d, &err),
				HWS_OK);
		for (unsigned i = 0; i < turns; i++)
			hws_loop_once(net.loop, 1000);
		hws_doctor_free(d);
		hws_loop_once(net.loop, 0);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("component/doctor");
	TCase *real = test_case(s, "programs", 120,
			TESTS(a_network_without_fault_is_said_to_be_so,
					a_missing_relay_and_a_wrong_key_are_bad,
					all_servers_of_a_list_are_tested,
					a_host_is_examined_with_its_network));
	TCase *played = test_case(
			s, "networks", 120, TESTS(a_network_is_seen_as_it_is, it_can_be_left));

	tcase_add_checked_fixture(real, NULL, tear_down);
	tcase_add_checked_fixture(played, play, end_play);
	return test_suite_run(s);
}
