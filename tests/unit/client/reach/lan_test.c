/* Finding hosts in a local network: the words against the examples of the wire, and both ends over
 * loopback, which is a network like any other but that it has no broadcast. */
#include "client/reach/lan_answer.h"
#include "client/reach/lan_proof.h"
#include "client/reach/lan_search.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include "shared/wire/envelope.h"
#include "tests/support/suite.h"
#include "tests/support/vector.h"
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

START_TEST(words_are_those_of_deployed_clients)
{
	uint8_t want[256];
	const struct hws_lan_host bob = { .id = "123456789",
		.username = "bob",
		.hostname = "host1",
		.platform = "Linux",
		.has_mac = true,
		.mac = { 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff } };
	struct hws_lan_host got;
	enum hws_lan_word word;
	struct hws_buf out;
	size_t len = test_vector("services.json", "lan_ping", want, sizeof(want), NULL, NULL);

	hws_buf_init(&out, HWS_LAN_DATAGRAM_MAX);
	ck_assert_int_eq(hws_lan_ping("", NULL, &out), HWS_OK);
	ck_assert_uint_eq(hws_buf_len(&out), len);
	ck_assert_mem_eq(hws_buf_bytes(&out).ptr, want, len);
	ck_assert_int_eq(hws_lan_parse(hws_bytes(want, len), &word, &got), HWS_OK);
	ck_assert_int_eq(word, HWS_LAN_PING);
	hws_buf_reset(&out);
	len = test_vector("services.json", "lan_pong", want, sizeof(want), NULL, NULL);
	ck_assert_int_eq(hws_lan_pong(&bob, &out), HWS_OK);
	ck_assert_uint_eq(hws_buf_len(&out), len);
	ck_assert_mem_eq(hws_buf_bytes(&out).ptr, want, len);
	ck_assert_int_eq(hws_lan_parse(hws_bytes(want, len), &word, &got), HWS_OK);
	ck_assert_int_eq(word, HWS_LAN_PONG);
	ck_assert_mem_eq(&got, &bob, sizeof(bob));
	hws_buf_done(&out);
}
END_TEST

static int pong_of(const char *id)
{
	struct hws_lan_host h = { .hostname = "x" }, got;
	enum hws_lan_word word;
	struct hws_buf out;
	int r;

	ck_assert_int_eq(hws_str_copy(h.id, sizeof(h.id), id), HWS_OK);
	hws_buf_init(&out, HWS_LAN_DATAGRAM_MAX);
	ck_assert_int_eq(hws_lan_pong(&h, &out), HWS_OK);
	r = hws_lan_parse(hws_buf_bytes(&out), &word, &got);
	hws_buf_done(&out);
	return r;
}

START_TEST(ids_that_are_none_are_no_answer)
{
	char longest[HWS_LAN_ID_MAX + 1];

	memset(longest, '7', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = 0;
	ck_assert_int_eq(pong_of("123456789"), HWS_OK);
	ck_assert_int_eq(pong_of(longest), HWS_OK);
	ck_assert_int_eq(pong_of(""), HWS_ERR_PROTO);
	ck_assert_int_eq(pong_of("../../etc"), HWS_ERR_PROTO);
	ck_assert_int_eq(pong_of("a b"), HWS_ERR_PROTO);
	ck_assert_int_eq(pong_of("a\x1b[2J"), HWS_ERR_PROTO);
	ck_assert_int_eq(pong_of("what*"), HWS_ERR_PROTO);
}
END_TEST

START_TEST(hardware_addresses_are_read_as_people_write_them)
{
	static const uint8_t want[HWS_LAN_MAC] = { 0, 0x1a, 0x2b, 0x3c, 0x4d, 0x5e };
	static const char *const good[] = { "00:1a:2b:3c:4d:5e", "00-1A-2B-3C-4D-5E",
		"001a2b3c4d5e" };
	static const char *const bad[] = { "", "00:1a:2b:3c:4d", "00:1a-2b:3c:4d:5e",
		"00:1a:2b:3c:4d:5g", "00:1a:2b:3c:4d:5e:6f", "00000000000", "123456789",
		"00:00:00:00:00:00", "ffffffffffff", "00.1a.2b.3c.4d.5e" };
	uint8_t got[HWS_LAN_MAC];

	for (size_t i = 0; i < HWS_COUNT(good); i++) {
		ck_assert_msg(hws_lan_mac_parse(good[i], got) == HWS_OK, "%s", good[i]);
		ck_assert_mem_eq(got, want, sizeof(want));
	}
	for (size_t i = 0; i < HWS_COUNT(bad); i++)
		ck_assert_msg(hws_lan_mac_parse(bad[i], got) < 0, "%s", bad[i]);
}
END_TEST

/* --- both ends --- */

static struct {
	struct hws_loop *loop;
	struct hws_lan_answer *answer;
	struct hws_lan_search *search;
	uint16_t port;
	char target[40];
	unsigned found;
	struct hws_lan_host last;
	char from[HWS_ADDR_TEXT];
	struct hws_identity identity;
	enum { SIGNS, SIGNS_NOT, SIGNS_LATE, LIES } signer;
	unsigned signs, number;
} lan;

/* As hostd does; LIES: of another address. */
static bool sign(unsigned number, const struct hws_lan_host *host,
		const uint8_t nonce[HWS_LAN_NONCE], const uint8_t address[HWS_LAN_ADDRESS],
		void *arg HWS_UNUSED)
{
	uint8_t from[HWS_LAN_ADDRESS];
	struct hws_lan_host h = *host;

	lan.signs++;
	lan.number = number;
	memcpy(from, address, sizeof(from));
	from[15] ^= lan.signer == LIES;
	hws_lan_sign(&lan.identity, &h, nonce, from);
	if (lan.signer == SIGNS || lan.signer == LIES)
		hws_lan_answer_signed(lan.answer, number, h.pk, h.signature);
	return lan.signer != SIGNS_NOT;
}

static void on_found(const struct hws_lan_host *h, const struct sockaddr_storage *from,
		void *arg HWS_UNUSED)
{
	lan.found++;
	lan.last = *h;
	hws_addr_ip_text(from, lan.from, sizeof(lan.from));
}

static int six = -1; /* the socket for IPv6 */

static void open_answer(bool neighbours)
{
	struct hws_lan_answer_conf conf = { .host = { .id = "123456789",
							    .hostname = "here",
							    .platform = "Linux",
							    .direct_port = 21118 } };
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	int count;

	conf.fd6 = six;
	if (lan.identity.pk[0] || lan.identity.pk[1])
		conf.sign = sign;
	count = neighbours ? hws_lan_ifs(conf.ifs) : 0;

	ck_assert_int_ge(count, 0);
	conf.if_count = (unsigned)count;
	ck_assert_int_eq(hws_loop_new(&lan.loop), HWS_OK);
	ck_assert_int_eq(hws_lan_answer_socket(0, &conf.fd), HWS_OK);
	ck_assert_int_eq(getsockname(conf.fd, (struct sockaddr *)&a, &len), 0);
	lan.port = ntohs(a.sin_port);
	ck_assert_int_eq(hws_lan_answer_new(lan.loop, &conf, &lan.answer), HWS_OK);
	snprintf(lan.target, sizeof(lan.target), "127.0.0.1:%u", lan.port);
}

static void close_all(void)
{
	hws_lan_search_free(lan.search);
	hws_lan_answer_free(lan.answer);
	hws_loop_free(lan.loop);
	memset(&lan, 0, sizeof(lan));
}

static void search(void)
{
	const char *const targets[] = { lan.target };
	const struct hws_lan_search_conf conf = {
		.targets = targets, .target_count = 1, .on_found = on_found
	};
	struct hws_error err = { 0 };

	ck_assert_msg(hws_lan_search_new(lan.loop, &conf, &lan.search, &err) == HWS_OK, "%s",
			err.text);
}

static int asker(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(lan.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static unsigned answers_at(int fd)
{
	unsigned count = 0;
	char c;

	while (recv(fd, &c, 1, 0) >= 0)
		count++;
	return count;
}

START_TEST(a_host_is_found_once_however_often_it_is_asked)
{
	open_answer(true);
	search();
	/* all three questions are answered; that is 800 ms */
	for (int i = 0; i < 60; i++)
		hws_loop_once(lan.loop, 20000);
	ck_assert_uint_eq(lan.found, 1);
	ck_assert_str_eq(lan.last.id, "123456789");
	ck_assert_str_eq(lan.last.hostname, "here");
	ck_assert_uint_eq(lan.last.direct_port, 21118);
	ck_assert_str_eq(lan.from, "127.0.0.1");
	close_all();
}
END_TEST

START_TEST(a_host_is_found_and_proved_by_ipv6)
{
	struct sockaddr_in6 a;
	socklen_t len = sizeof(a);
	int fd;

	if (hws_lan_answer_socket6(0, &fd) < 0) {
		test_skip("no IPv6 here");
		return;
	}
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	hws_lan_answer_join(fd);
	hws_identity_generate(false, &lan.identity);
	six = fd;
	open_answer(true);
	six = -1;
	snprintf(lan.target, sizeof(lan.target), "[::1]:%u", ntohs(a.sin6_port));
	search();
	for (int i = 0; i < 100 && !lan.found; i++)
		hws_loop_once(lan.loop, 20000);
	ck_assert_uint_eq(lan.found, 1);
	ck_assert_str_eq(lan.from, "::1");
	ck_assert(lan.last.has_proof);
	close_all();
}
END_TEST

/* By who signs: at once, not, never though it promised, or a word of another address. */
START_TEST(a_host_proves_itself_to_who_asks)
{
	hws_identity_generate(false, &lan.identity);
	lan.signer = _i;
	open_answer(true);
	search();
	for (int i = 0; i < 100 && !lan.found; i++)
		hws_loop_once(lan.loop, 20000);
	if (_i == SIGNS_LATE) {
		ck_assert_uint_eq(lan.found, 0);
		ck_assert_uint_gt(lan.signs, 0);
		/* not now: it goes without; and nothing is given twice, or for what was not asked
		 * */
		hws_lan_answer_signed(lan.answer, lan.number, NULL, NULL);
		hws_lan_answer_signed(lan.answer, lan.number, NULL, NULL);
		hws_lan_answer_signed(lan.answer, 4711, NULL, NULL);
		hws_lan_answer_signed(lan.answer, 0, NULL, NULL);
		for (int i = 0; i < 100 && !lan.found; i++)
			hws_loop_once(lan.loop, 20000);
	}
	ck_assert_uint_eq(lan.found, 1);
	ck_assert_int_eq(lan.last.has_proof, _i == SIGNS);
	if (_i == SIGNS)
		ck_assert_mem_eq(lan.last.pk, lan.identity.pk, HWS_PK_LEN);
	close_all();
}
END_TEST

/* Who sends little gets little, also when he asks for much. */
START_TEST(no_proof_is_longer_than_its_question)
{
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	Rdv__PeerDiscovery p = RDV__PEER_DISCOVERY__INIT;
	uint8_t nonce[HWS_LAN_NONCE] = { 1 }, buf[HWS_LAN_DATAGRAM_MAX];
	struct hws_lan_host got;
	enum hws_lan_word word;
	struct hws_buf out;
	ssize_t n = -1;
	int fd;

	hws_identity_generate(false, &lan.identity);
	open_answer(true);
	fd = asker();
	p.cmd = (char *)"ping";
	p.nonce = (ProtobufCBinaryData){ sizeof(nonce), nonce };
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_PEER_DISCOVERY;
	m.peer_discovery = &p;
	hws_buf_init(&out, HWS_LAN_DATAGRAM_MAX);
	ck_assert_int_eq(hws_rdv_pack(&m, &out), HWS_OK);
	ck_assert_int_gt(send(fd, hws_buf_bytes(&out).ptr, hws_buf_len(&out), 0), 0);
	for (int i = 0; i < 100 && n < 0; i++) {
		hws_loop_once(lan.loop, 20000);
		n = recv(fd, buf, sizeof(buf), 0);
	}
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(hws_lan_parse(hws_bytes(buf, (size_t)n), &word, &got), HWS_OK);
	ck_assert(!got.has_proof);
	hws_buf_done(&out);
	close(fd);
	close_all();
}
END_TEST

START_TEST(a_proof_is_good_for_its_words_number_and_place_only)
{
	struct hws_lan_host host = { .id = "123456789", .hostname = "here", .direct_port = 21118 },
			    h;
	uint8_t nonce[HWS_LAN_NONCE] = { 7 }, other[HWS_LAN_NONCE] = { 8 },
		address[HWS_LAN_ADDRESS];
	struct sockaddr_storage from, elsewhere;
	struct hws_identity id, stranger;

	hws_identity_generate(false, &id);
	hws_identity_generate(false, &stranger);
	ck_assert_int_eq(hws_addr_parse("192.0.2.1", 1, &from), HWS_OK);
	ck_assert_int_eq(hws_addr_parse("192.0.2.2", 1, &elsewhere), HWS_OK);
	hws_addr_ip_bytes(&from, address);
	ck_assert(!hws_lan_proves(&host, nonce, &from));
	hws_lan_sign(&id, &host, nonce, address);
	ck_assert(hws_lan_proves(&host, nonce, &from));
	ck_assert(!hws_lan_proves(&host, other, &from));
	ck_assert(!hws_lan_proves(&host, nonce, &elsewhere));
	h = host;
	h.direct_port++;
	ck_assert(!hws_lan_proves(&h, nonce, &from));
	h = host;
	h.id[0] = '9';
	ck_assert(!hws_lan_proves(&h, nonce, &from));
	h = host;
	h.has_mac = true;
	ck_assert(!hws_lan_proves(&h, nonce, &from));
	h = host;
	memcpy(h.hostname, "her", 4);
	memcpy(h.platform, "e", 2);
	ck_assert(!hws_lan_proves(&h, nonce, &from));
	h = host;
	memcpy(h.pk, stranger.pk, sizeof(h.pk));
	ck_assert(!hws_lan_proves(&h, nonce, &from));
}
END_TEST

START_TEST(only_neighbours_are_answered)
{
	int fd;

	open_answer(false); /* this machine is in no network at all */
	fd = asker();
	ck_assert_int_eq(send(fd, "\xb2\x01\x06\x0a\x04ping", 9, 0), 9);
	for (int i = 0; i < 5; i++)
		hws_loop_once(lan.loop, 20000);
	ck_assert_uint_eq(answers_at(fd), 0);
	close(fd);
	close_all();
}
END_TEST

START_TEST(a_flood_of_questions_and_nonsense_gets_few_answers)
{
	int fd;
	unsigned count;

	open_answer(true);
	fd = asker();
	for (int i = 0; i < 400; i++) {
		ck_assert_int_eq(send(fd, "\xb2\x01\x06\x0a\x04ping", 9, 0), 9);
		ck_assert_int_eq(send(fd, "\xb2\x01\x06\x0a\x04pong", 9, 0), 9);
		ck_assert_int_eq(send(fd, "\xff\xff", 2, 0), 2);
		hws_loop_once(lan.loop, 0);
	}
	for (int i = 0; i < 100; i++)
		hws_loop_once(lan.loop, 0);
	count = answers_at(fd);
	ck_assert_uint_gt(count, 0);
	ck_assert_uint_le(count, 60); /* 30 at once, 10 a second */
	close(fd);
	close_all();
}
END_TEST

START_TEST(a_host_does_not_answer_itself)
{
	struct hws_buf out;
	int fd;

	open_answer(true);
	fd = asker();
	hws_buf_init(&out, HWS_LAN_DATAGRAM_MAX);
	ck_assert_int_eq(hws_lan_ping("123456789", NULL, &out), HWS_OK);
	ck_assert_int_gt(send(fd, hws_buf_bytes(&out).ptr, hws_buf_len(&out), 0), 0);
	for (int i = 0; i < 5; i++)
		hws_loop_once(lan.loop, 20000);
	ck_assert_uint_eq(answers_at(fd), 0);
	hws_buf_done(&out);
	close(fd);
	close_all();
}
END_TEST

START_TEST(what_is_no_address_is_not_asked)
{
	static const char *const bad[] = { "host.example.org", "1.2.3", "" };
	struct hws_lan_search_conf conf = { .target_count = 1, .on_found = on_found };
	struct hws_error err = { 0 };

	ck_assert_int_eq(hws_loop_new(&lan.loop), HWS_OK);
	for (size_t i = 0; i < HWS_COUNT(bad); i++) {
		conf.targets = &bad[i];
		ck_assert_int_eq(hws_lan_search_new(lan.loop, &conf, &lan.search, &err),
				HWS_ERR_INVAL);
		ck_assert_ptr_nonnull(strstr(err.text, "no address"));
	}
	close_all();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lan");
	TCase *t = test_case(s, "lan", 60,
			TESTS(words_are_those_of_deployed_clients, ids_that_are_none_are_no_answer,
					hardware_addresses_are_read_as_people_write_them,
					a_host_is_found_once_however_often_it_is_asked,
					a_host_is_found_and_proved_by_ipv6,
					no_proof_is_longer_than_its_question,
					a_proof_is_good_for_its_words_number_and_place_only,
					only_neighbours_are_answered,
					a_flood_of_questions_and_nonsense_gets_few_answers,
					a_host_does_not_answer_itself,
					what_is_no_address_is_not_asked));

	tcase_add_loop_test(t, a_host_proves_itself_to_who_asks, SIGNS, LIES + 1);
	return test_suite_run(s);
}
