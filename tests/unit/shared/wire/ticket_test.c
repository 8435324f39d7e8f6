/* A relay's hello is good for its link only, and announcements arrive as they were sent. */
#include "shared/base/buf.h"
#include "shared/crypto/crypto.h"
#include "shared/wire/ticket.h"
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static struct hws_identity relay;
static uint8_t key[HWS_SESSION_KEY_LEN];
static struct hws_buf out;

static void setup(void)
{
	hws_identity_generate(false, &relay);
	hws_session_key_new(key);
	hws_buf_init(&out, 65536);
}

static void teardown(void)
{
	hws_buf_done(&out);
}

START_TEST(a_hello_proves_the_key_on_this_link)
{
	uint8_t pk[HWS_PK_LEN] = { 0 };

	ck_assert_int_eq(hws_ticket_hello(&relay, key, &out), HWS_OK);
	ck_assert_int_eq(hws_ticket_hello_check(hws_buf_bytes(&out), key, pk), HWS_OK);
	ck_assert_mem_eq(pk, relay.pk, sizeof(pk));
	key[0] ^= 1; /* replayed on another link */
	ck_assert_int_eq(hws_ticket_hello_check(hws_buf_bytes(&out), key, pk), HWS_ERR_CRYPTO);
}
END_TEST

START_TEST(a_changed_hello_is_refused)
{
	uint8_t copy[300], pk[HWS_PK_LEN];
	size_t n;

	ck_assert_int_eq(hws_ticket_hello(&relay, key, &out), HWS_OK);
	n = hws_buf_len(&out);
	for (size_t i = 0; i < n; i++) {
		memcpy(copy, hws_buf_bytes(&out).ptr, n);
		copy[i] ^= 4;
		ck_assert_int_lt(hws_ticket_hello_check(hws_bytes(copy, n), key, pk), 0);
	}
}
END_TEST

struct seen {
	unsigned n;
	char last[80];
	uint32_t ttl;
};

static void on_uuid(struct hws_bytes uuid, uint32_t ttl_s, void *arg)
{
	struct seen *s = arg;

	s->n++;
	s->ttl = ttl_s;
	memcpy(s->last, uuid.ptr, uuid.len);
	s->last[uuid.len] = 0;
}

START_TEST(tickets_and_welcome_arrive)
{
	static const char *const uuids[] = { "8f14e45f-ceea-467f-a0e6-0d6a2f3c1b9e", "second" };
	struct hws_ticket_news news;
	struct seen seen = { 0 };

	ck_assert_int_eq(hws_ticket_tickets(uuids, 2, 77, &out), HWS_OK);
	ck_assert_int_eq(hws_ticket_read(hws_buf_bytes(&out), &news, on_uuid, &seen), HWS_OK);
	ck_assert(!news.welcome);
	ck_assert_uint_eq(seen.n, 2);
	ck_assert_uint_eq(seen.ttl, 77);
	ck_assert_str_eq(seen.last, "second");
	hws_buf_reset(&out);
	ck_assert_int_eq(hws_ticket_welcome(9, &out), HWS_OK);
	ck_assert_int_eq(hws_ticket_read(hws_buf_bytes(&out), &news, on_uuid, &seen), HWS_OK);
	ck_assert(news.welcome);
	ck_assert_uint_eq(news.heartbeat_s, 9);
	ck_assert_uint_eq(seen.n, 2);
	/* other messages are not for us */
	ck_assert_int_eq(hws_ticket_read(hws_bytes("\x5a\x00", 2), &news, on_uuid, &seen),
			HWS_ERR_NOTFOUND);
}
END_TEST

START_TEST(a_relay_tells_its_state)
{
	struct hws_ticket_news news;
	char name[64] = "kept", small[4] = "";
	bool draining = false;

	ck_assert_int_eq(hws_ticket_state("relay.example:21117", true, &out), HWS_OK);
	ck_assert_int_eq(
			hws_ticket_state_read(hws_buf_bytes(&out), small, sizeof(small), &draining),
			HWS_ERR_TOOBIG);
	ck_assert(!draining);
	ck_assert_int_eq(hws_ticket_state_read(hws_buf_bytes(&out), name, sizeof(name), &draining),
			HWS_OK);
	ck_assert_str_eq(name, "relay.example:21117");
	ck_assert(draining);
	ck_assert_int_eq(hws_ticket_read(hws_buf_bytes(&out), &news, NULL, NULL), HWS_ERR_NOTFOUND);
	hws_buf_reset(&out);
	ck_assert_int_eq(hws_ticket_welcome(10, &out), HWS_OK);
	ck_assert_int_eq(hws_ticket_state_read(hws_buf_bytes(&out), name, sizeof(name), &draining),
			HWS_ERR_NOTFOUND);
}
END_TEST

struct heard {
	unsigned n;
	struct hws_ticket_distance last;
	char name[40];
};

static void on_distance(const char *name, const struct hws_ticket_distance *d, void *arg)
{
	struct heard *h = arg;

	h->n++;
	h->last = *d;
	snprintf(h->name, sizeof(h->name), "%s", name);
}

START_TEST(distances_carry_networks_not_addresses)
{
	struct hws_ticket_distance d[2] = { { .rtt_ms = 7 }, { .rtt_ms = 90 } };
	struct sockaddr_in *in = (struct sockaddr_in *)&d[0].network;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&d[1].network;
	struct heard h = { 0 };

	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(0xcb00710au);
	in6->sin6_family = AF_INET6;
	memcpy(&in6->sin6_addr, "\x20\x01\x0d\xb8\x00\x07\x12\x34", 8);
	hws_buf_reset(&out);
	ck_assert_int_eq(hws_ticket_distances("a.example", d, 1, &out), HWS_OK);
	ck_assert_int_eq(hws_ticket_distances_read(hws_buf_bytes(&out), on_distance, &h), HWS_OK);
	ck_assert_uint_eq(h.n, 1);
	ck_assert_str_eq(h.name, "a.example");
	ck_assert_uint_eq(h.last.rtt_ms, 7);
	ck_assert_uint_eq(((struct sockaddr_in *)&h.last.network)->sin_addr.s_addr,
			htonl(0xcb007100u));
	hws_buf_reset(&out);
	ck_assert_int_eq(hws_ticket_distances("a.example", d, 2, &out), HWS_OK);
	ck_assert_int_eq(hws_ticket_distances_read(hws_buf_bytes(&out), on_distance, &h), HWS_OK);
	ck_assert_uint_eq(h.n, 3);
	ck_assert_mem_eq(&((struct sockaddr_in6 *)&h.last.network)->sin6_addr,
			"\x20\x01\x0d\xb8\x00\x07\x00\x00", 8);
	ck_assert_int_eq(hws_ticket_distances("a", d, HWS_TICKET_LIST_MAX + 1, &out),
			HWS_ERR_TOOBIG);
	hws_buf_reset(&out);
	ck_assert_int_eq(hws_ticket_state("a", false, &out), HWS_OK);
	ck_assert_int_eq(hws_ticket_distances_read(hws_buf_bytes(&out), on_distance, &h),
			HWS_ERR_NOTFOUND);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wire/ticket");
	TCase *t = tcase_create("ticket");
	SRunner *r;
	int failed;

	if (hws_crypto_init() < 0)
		return 1;
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_hello_proves_the_key_on_this_link);
	tcase_add_test(t, a_changed_hello_is_refused);
	tcase_add_test(t, tickets_and_welcome_arrive);
	tcase_add_test(t, a_relay_tells_its_state);
	tcase_add_test(t, distances_carry_networks_not_addresses);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
