/* The table of devices: found, removed, expired, bounded; against a naive model. */
#include "server-rendezvous/state/presence.h"
#include "shared/base/rand.h"
#include "shared/crypto/crypto.h"
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW 1000000000ull

static struct rdv_presence *table(uint64_t max)
{
	struct rdv_presence *p = NULL;

	ck_assert_int_eq(rdv_presence_new(max, NOW, &p), HWS_OK);
	return p;
}

static struct rdv_peer *add(struct rdv_presence *p, const char *id, uint16_t port)
{
	struct rdv_shard *s = rdv_presence_lock(p, hws_bytes_str(id));
	struct rdv_peer *peer = rdv_shard_find(s);

	if (!peer)
		peer = rdv_shard_add(s);
	if (peer) {
		peer->addr.port = port;
		peer->seen = rdv_presence_time(p, NOW);
	}
	rdv_presence_unlock(s);
	return peer;
}

static bool drop(struct rdv_presence *p, const char *id)
{
	struct rdv_shard *s = rdv_presence_lock(p, hws_bytes_str(id));
	struct rdv_peer *peer = rdv_shard_find(s);

	if (peer)
		rdv_shard_remove(s, peer);
	rdv_presence_unlock(s);
	return peer != NULL;
}

START_TEST(random_work_agrees_with_a_plain_array)
{
	enum { IDS = 3000 };
	struct rdv_presence *p = table(100000);
	static uint16_t model[IDS];
	struct rdv_presence_stats st;
	uint64_t live = 0;
	char id[80];

	memset(model, 0, sizeof(model));
	for (int i = 0; i < 60000; i++) {
		uint32_t n = hws_rand_below(IDS);
		uint16_t port = (uint16_t)(1 + hws_rand_below(60000));

		/* every tenth id is longer than fits in a record */
		snprintf(id, sizeof(id), n % 10 ? "id-%u" : "a-rather-long-host-name-number-%u", n);
		if (hws_rand_below(3) == 0) {
			ck_assert_int_eq(drop(p, id), model[n] != 0);
			live -= model[n] != 0;
			model[n] = 0;
		} else {
			ck_assert_ptr_nonnull(add(p, id, port));
			live += model[n] == 0;
			model[n] = port;
		}
	}
	for (uint32_t n = 0; n < IDS; n++) {
		struct rdv_peer_info info;

		snprintf(id, sizeof(id), n % 10 ? "id-%u" : "a-rather-long-host-name-number-%u", n);
		ck_assert_int_eq(rdv_presence_get(p, hws_bytes_str(id), NOW, &info), model[n] != 0);
		if (model[n])
			ck_assert_uint_eq(info.addr.port, model[n]);
	}
	rdv_presence_stats(p, &st);
	ck_assert_uint_eq(st.peers, live);
	rdv_presence_free(p);
}
END_TEST

START_TEST(the_cap_holds_and_is_counted)
{
	struct rdv_presence *p = table(640);
	struct rdv_presence_stats st;
	unsigned refused = 0;
	char id[20];

	for (int i = 0; i < 5000; i++) {
		snprintf(id, sizeof(id), "id-%d", i);
		refused += add(p, id, 1) == NULL;
	}
	rdv_presence_stats(p, &st);
	ck_assert_uint_eq(st.peers + refused, 5000);
	ck_assert_uint_le(st.peers, 640 + 640 / 8 + 64);
	ck_assert_uint_eq(st.full, refused);
	rdv_presence_free(p);
}
END_TEST

static unsigned left_count;

static void on_left(struct hws_bytes id, void *arg)
{
	(void)id;
	(void)arg;
	left_count++;
}

START_TEST(young_records_make_room_and_others_stay)
{
	struct rdv_presence *p = table(640);
	struct rdv_presence_stats st;
	unsigned old = 0;
	char id[20];

	left_count = 0;
	rdv_presence_on_left(p, on_left, NULL);
	for (int i = 0; i < 5000; i++) {
		struct rdv_shard *s;
		struct rdv_peer *peer;

		snprintf(id, sizeof(id), "id-%d", i);
		s = rdv_presence_lock(p, hws_bytes_str(id));
		peer = rdv_shard_add(s);
		ck_assert(peer || i > 600);
		if (peer)
			peer->flags = i < 200 ? 0 : RDV_PEER_YOUNG | RDV_PEER_PLACED;
		rdv_presence_unlock(s);
	}
	for (int i = 0; i < 200; i++) {
		struct rdv_peer_info info;

		snprintf(id, sizeof(id), "id-%d", i);
		old += rdv_presence_get(p, hws_bytes_str(id), NOW, &info);
	}
	ck_assert_uint_eq(old, 200);
	rdv_presence_stats(p, &st);
	ck_assert_uint_eq(st.full, 0);
	ck_assert_uint_gt(st.evicted, 4000);
	ck_assert_uint_eq(left_count, st.evicted);
	rdv_presence_free(p);
}
END_TEST

START_TEST(a_record_is_small)
{
	struct rdv_presence *p = table(200000);
	struct rdv_presence_stats st;
	char id[20];

	ck_assert_uint_le(sizeof(struct rdv_peer), 120);
	for (int i = 0; i < 100000; i++) {
		snprintf(id, sizeof(id), "%d", 100000000 + i);
		ck_assert_ptr_nonnull(add(p, id, 1));
	}
	rdv_presence_stats(p, &st);
	ck_assert_uint_le(st.bytes / st.peers, 150);
	rdv_presence_free(p);
}
END_TEST

START_TEST(online_ends_after_thirty_seconds)
{
	struct rdv_presence *p = table(100);
	struct rdv_peer_info info;

	add(p, "123456789", 1);
	ck_assert(rdv_presence_get(p, hws_bytes_str("123456789"), NOW + 29000000, &info));
	ck_assert(info.online);
	ck_assert(rdv_presence_get(p, hws_bytes_str("123456789"), NOW + 31000000, &info));
	ck_assert(!info.online);
	/* also after weeks: deployed servers counted in 32 bits of milliseconds */
	ck_assert(rdv_presence_get(
			p, hws_bytes_str("123456789"), NOW + 30ull * 86400 * 1000000, &info));
	ck_assert(!info.online);
	rdv_presence_free(p);
}
END_TEST

static void *hammer(void *arg)
{
	struct rdv_presence *p = arg;
	char id[20];

	for (int i = 0; i < 20000; i++) {
		struct rdv_peer_info info;

		snprintf(id, sizeof(id), "id-%u", hws_rand_below(500));
		switch (i % 3) {
		case 0:
			add(p, id, 1);
			break;
		case 1:
			rdv_presence_get(p, hws_bytes_str(id), NOW, &info);
			break;
		default:
			drop(p, id);
		}
	}
	return NULL;
}

START_TEST(threads_share_it)
{
	struct rdv_presence *p = table(1000);
	struct rdv_presence_stats st;
	pthread_t thread[4];
	uint64_t n = 0;

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, hammer, p), 0);
	for (int i = 0; i < 200; i++)
		rdv_presence_sweep(p, 100, NOW);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	rdv_presence_stats(p, &st);
	for (int i = 0; i < 500; i++) {
		struct rdv_peer_info info;
		char id[20];

		snprintf(id, sizeof(id), "id-%d", i);
		n += rdv_presence_get(p, hws_bytes_str(id), NOW, &info);
	}
	ck_assert_uint_eq(st.peers, n);
	rdv_presence_free(p);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rendezvous/presence");
	TCase *t = tcase_create("presence");
	SRunner *r;
	int failed;

	if (hws_crypto_init() < 0)
		return 1;
	tcase_set_timeout(t, 60);
	tcase_add_test(t, random_work_agrees_with_a_plain_array);
	tcase_add_test(t, the_cap_holds_and_is_counted);
	tcase_add_test(t, young_records_make_room_and_others_stay);
	tcase_add_test(t, a_record_is_small);
	tcase_add_test(t, online_ends_after_thirty_seconds);
	tcase_add_test(t, threads_share_it);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
