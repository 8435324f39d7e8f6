/* What a store promises, written once and run against each engine: a difference between engines
 * is a failure of one. */
#include "tests/unit/server-rendezvous/store/contract.h"

#include "server-rendezvous/store/devices.h"
#include "server-rendezvous/store/entries.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdlib.h>

#define WAIT_US (30 * HWS_US_PER_S)

static struct hws_loop *loop;
static struct rdv_store *store;

struct answer {
	bool ended;
	int r;
	struct rdv_peer_row rows[20];
	struct rdv_entry entries[20];
	size_t n;
};

static void on_done(int r, void *arg)
{
	struct answer *a = arg;

	ck_assert(!a->ended); /* exactly once */
	a->ended = true;
	a->r = r;
}

static void on_row(int r, const struct rdv_peer_row *row, void *arg)
{
	struct answer *a = arg;

	ck_assert_int_eq(row != NULL, r == HWS_OK);
	if (row)
		a->rows[a->n++] = *row;
	on_done(r, arg);
}

static void on_rows(int r, const struct rdv_peer_row *rows, size_t n, void *arg)
{
	struct answer *a = arg;

	ck_assert_uint_le(n, HWS_COUNT(a->rows));
	if (n)
		memcpy(a->rows, rows, n * sizeof(*rows));
	a->n = n;
	on_done(r, arg);
}

static void on_entries(int r, const struct rdv_entry *e, size_t n, void *arg)
{
	struct answer *a = arg;

	ck_assert_uint_le(n, HWS_COUNT(a->entries));
	if (n)
		memcpy(a->entries, e, n * sizeof(*e));
	a->n = n;
	on_done(r, arg);
}

void contract_turn(struct rdv_store *s, const bool *until)
{
	uint64_t end = hws_clock_us() + WAIT_US;

	while (!*until && hws_clock_us() < end)
		ck_assert_int_eq(hws_loop_once(s->loop, 100000), HWS_OK);
	ck_assert_msg(*until, "the store did not answer");
}

/* Submits and waits; the answer must not come inside the call. */
#define CALL(a, call)                                                                              \
	do {                                                                                       \
		ck_assert_int_eq(call, HWS_OK);                                                    \
		ck_assert(!(a).ended);                                                             \
		contract_turn(store, &(a).ended);                                                  \
	} while (0)

struct rdv_peer_row contract_row(const char *id, const char *uuid)
{
	struct rdv_peer_row row = { .has_pk = true, .seen_s = 1700000000 };

	ck_assert_int_eq(hws_str_copy(row.id, sizeof(row.id), id), HWS_OK);
	row.uuid_len = (uint8_t)strlen(uuid);
	memcpy(row.uuid, uuid, row.uuid_len);
	memset(row.pk, id[0], sizeof(row.pk));
	ck_assert_int_eq(hws_str_copy(row.ip, sizeof(row.ip), "192.0.2.7"), HWS_OK);
	return row;
}

struct rdv_write contract_put(const char *id, const char *uuid)
{
	return (struct rdv_write){
		.kind = RDV_WRITE_PEER, .row = contract_row(id, uuid), .result = 99
	};
}

static struct rdv_write rename_to(const char *old_id, const char *id, const char *uuid)
{
	struct rdv_write w = {
		.kind = RDV_WRITE_RENAME, .row = contract_row(id, uuid), .result = 99
	};

	ck_assert_int_eq(hws_str_copy(w.old_id, sizeof(w.old_id), old_id), HWS_OK);
	return w;
}

int contract_write(struct rdv_store *s, struct rdv_write *w, size_t n)
{
	struct answer a = { 0 };
	int r = s->devices->write(s, w, n, on_done, &a);

	if (r < 0)
		return r;
	contract_turn(s, &a.ended);
	return a.r;
}

int contract_get(struct rdv_store *s, const char *id, struct rdv_peer_row *ret)
{
	struct answer a = { 0 };

	ck_assert_int_eq(s->devices->get(s, id, on_row, &a), HWS_OK);
	contract_turn(s, &a.ended);
	if (a.r == HWS_OK && ret)
		*ret = a.rows[0];
	return a.r;
}

int contract_backup(struct rdv_store *s, const char *path)
{
	struct answer a = { 0 };

	ck_assert_int_eq(s->ops->backup(s, path, on_done, &a), HWS_OK);
	contract_turn(s, &a.ended);
	return a.r;
}

struct loading {
	struct answer a; /* first: on_done takes it */
	size_t count;
	char seen[20][RDV_ID_MAX + 1];
};

static void on_batch(const struct rdv_peer_row *rows, size_t n, void *arg)
{
	struct loading *l = arg;

	for (size_t i = 0; i < n; i++, l->count++) {
		if (l->count < HWS_COUNT(l->seen))
			memcpy(l->seen[l->count], rows[i].id, sizeof(rows[i].id));
	}
}

size_t contract_load(struct rdv_store *s, int *ret_r)
{
	struct loading l = { 0 };

	ck_assert_int_eq(s->devices->load(s, on_batch, on_done, &l), HWS_OK);
	contract_turn(s, &l.a.ended);
	*ret_r = l.a.r;
	return l.count;
}

static void set_up(void)
{
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	store = contract_store.open(loop, true);
}

static void tear_down(void)
{
	rdv_store_free(store);
	hws_loop_free(loop);
}

START_TEST(what_is_written_is_read_back_whole)
{
	static const uint8_t odd[] = { 0, 255, '\'', 0, '"', '\\' };
	struct rdv_write w[3] = { contract_put("123456789", "uuid-a"), contract_put("b", ""),
		contract_put("\xc3\xa4'\"\\%_", "x") };
	struct rdv_peer_row got;
	int r;

	memcpy(w[0].row.uuid, odd, sizeof(odd));
	w[0].row.uuid_len = sizeof(odd);
	for (int i = 0; i < RDV_PK_LEN; i++)
		w[0].row.pk[i] = (uint8_t)(i * 9);
	w[0].row.created_s = 1600000000;
	w[1].row.has_pk = false;
	w[1].row.ip[0] = 0;
	memset(w[2].row.uuid, 'u', RDV_UUID_MAX);
	w[2].row.uuid_len = RDV_UUID_MAX;
	ck_assert_int_eq(contract_write(store, w, 3), HWS_OK);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(w[i].result, HWS_OK);
		ck_assert_int_eq(contract_get(store, w[i].row.id, &got), HWS_OK);
		ck_assert_str_eq(got.id, w[i].row.id);
		ck_assert_str_eq(got.ip, w[i].row.ip);
		ck_assert_uint_eq(got.uuid_len, w[i].row.uuid_len);
		ck_assert_mem_eq(got.uuid, w[i].row.uuid, got.uuid_len);
		ck_assert_int_eq(got.has_pk, w[i].row.has_pk);
		if (got.has_pk)
			ck_assert_mem_eq(got.pk, w[i].row.pk, RDV_PK_LEN);
		ck_assert_uint_eq(got.seen_s, 1700000000);
	}
	ck_assert_int_eq(contract_get(store, "123456789", &got), HWS_OK);
	ck_assert_uint_eq(got.created_s, 1600000000);
	ck_assert_int_eq(contract_get(store, "b", &got), HWS_OK);
	ck_assert_uint_gt(got.created_s, 1600000000); /* set by the store */
	ck_assert_int_eq(contract_get(store, "nobody", &got), HWS_ERR_NOTFOUND);
	ck_assert_uint_eq(contract_load(store, &r), 3);
	ck_assert_int_eq(r, HWS_OK);
}
END_TEST

START_TEST(a_taken_id_is_kept_unless_forced)
{
	struct rdv_write first = contract_put("1", "A"), other = contract_put("1", "B"),
			 again = contract_put("1", "A"), empty = contract_put("2", ""),
			 fill = contract_put("2", "C");
	struct rdv_peer_row got;

	first.row.created_s = 1500000000;
	ck_assert_int_eq(contract_write(store, &first, 1), HWS_OK);
	ck_assert_int_eq(contract_write(store, &other, 1), HWS_OK);
	ck_assert_int_eq(other.result, HWS_ERR_EXISTS);
	again.row.seen_s = 1800000000;
	ck_assert_int_eq(contract_write(store, &again, 1), HWS_OK);
	ck_assert_int_eq(again.result, HWS_OK);
	ck_assert_int_eq(contract_get(store, "1", &got), HWS_OK);
	ck_assert_int_eq(got.uuid[0], 'A');
	ck_assert_uint_eq(got.seen_s, 1800000000);
	ck_assert_uint_eq(got.created_s, 1500000000);
	other.force = true;
	ck_assert_int_eq(contract_write(store, &other, 1), HWS_OK);
	ck_assert_int_eq(other.result, HWS_OK);
	ck_assert_int_eq(contract_get(store, "1", &got), HWS_OK);
	ck_assert_int_eq(got.uuid[0], 'B');
	ck_assert_uint_eq(got.created_s, 1500000000);
	ck_assert_int_eq(contract_write(store, &empty, 1), HWS_OK);
	ck_assert_int_eq(contract_write(store, &fill, 1), HWS_OK);
	ck_assert_int_eq(fill.result, HWS_OK);
	ck_assert_int_eq(contract_get(store, "2", &got), HWS_OK);
	ck_assert_int_eq(got.uuid[0], 'C');
}
END_TEST

/* What proved itself is changed by nothing that does not, unless an operator forces it. */
START_TEST(a_device_that_proves_itself_stays_so)
{
	struct rdv_write first = contract_put("1", "A"), proven = contract_put("1", "A"),
			 plain = contract_put("1", "A");
	struct rdv_write moved = rename_to("1", "2", "A"), gone = { .kind = RDV_WRITE_DELETE };
	struct rdv_peer_row got;

	ck_assert_int_eq(contract_write(store, &first, 1), HWS_OK);
	ck_assert_int_eq(contract_get(store, "1", &got), HWS_OK);
	ck_assert(!got.proves);
	proven.row.proves = true;
	ck_assert_int_eq(contract_write(store, &proven, 1), HWS_OK);
	ck_assert_int_eq(proven.result, HWS_OK);
	plain.row.seen_s = 1800000000;
	ck_assert_int_eq(contract_write(store, &plain, 1), HWS_OK);
	ck_assert_int_eq(plain.result, HWS_ERR_EXISTS);
	ck_assert_int_eq(contract_get(store, "1", &got), HWS_OK);
	ck_assert(got.proves);
	ck_assert_uint_eq(got.seen_s, 1700000000);
	proven.row.seen_s = 1900000000;
	ck_assert_int_eq(contract_write(store, &proven, 1), HWS_OK);
	ck_assert_int_eq(proven.result, HWS_OK);
	ck_assert_int_eq(contract_write(store, &moved, 1), HWS_OK);
	ck_assert_int_eq(contract_get(store, "2", &got), HWS_OK);
	ck_assert(got.proves);
	ck_assert_uint_eq(got.seen_s, 1900000000);
	ck_assert_int_eq(hws_str_copy(plain.row.id, sizeof(plain.row.id), "2"), HWS_OK);
	plain.force = true;
	ck_assert_int_eq(contract_write(store, &plain, 1), HWS_OK);
	ck_assert_int_eq(contract_get(store, "2", &got), HWS_OK);
	ck_assert(!got.proves);
	/* removed and come again, it is as any other */
	gone.row = contract_row("2", "A");
	plain.force = false;
	ck_assert_int_eq(contract_write(store, &gone, 1), HWS_OK);
	ck_assert_int_eq(contract_write(store, &plain, 1), HWS_OK);
	ck_assert_int_eq(plain.result, HWS_OK);
}
END_TEST

START_TEST(with_keep_only_new_devices_are_written)
{
	struct rdv_write w[] = { contract_put("1", "A"), contract_put("1", "A"),
		contract_put("2", "B"), contract_put("1", "C") };
	struct rdv_peer_row got;

	w[1].keep = w[2].keep = w[3].keep = true;
	w[1].row.seen_s = 5;
	ck_assert_int_eq(contract_write(store, w, HWS_COUNT(w)), HWS_OK);
	ck_assert_int_eq(w[0].result, HWS_OK);
	ck_assert_int_eq(w[1].result, HWS_ERR_EXISTS);
	ck_assert_int_eq(w[2].result, HWS_OK);
	ck_assert_int_eq(w[3].result, HWS_ERR_EXISTS);
	ck_assert_int_eq(contract_get(store, "1", &got), HWS_OK);
	ck_assert_uint_eq(got.seen_s, 1700000000);
	ck_assert_int_eq(contract_get(store, "2", &got), HWS_OK);
}
END_TEST

START_TEST(an_id_changes_only_with_proof_and_into_a_free_one)
{
	struct rdv_write put[] = { contract_put("old", "A"), contract_put("taken", "B") };
	struct rdv_write wrong = rename_to("old", "new", "X"),
			 taken = rename_to("old", "taken", "A"),
			 none = rename_to("none", "new", "A"), good = rename_to("old", "new", "A");
	struct rdv_peer_row got;

	put[0].row.created_s = 1500000000;
	ck_assert_int_eq(contract_write(store, put, 2), HWS_OK);
	ck_assert_int_eq(contract_write(store, &wrong, 1), HWS_OK);
	ck_assert_int_eq(wrong.result, HWS_ERR_DENIED);
	ck_assert_int_eq(contract_write(store, &taken, 1), HWS_OK);
	ck_assert_int_eq(taken.result, HWS_ERR_EXISTS);
	ck_assert_int_eq(contract_write(store, &none, 1), HWS_OK);
	ck_assert_int_eq(none.result, HWS_ERR_NOTFOUND);
	for (int i = 0; i < 2; i++) { /* the second time it was done before */
		good.result = 99;
		ck_assert_int_eq(contract_write(store, &good, 1), HWS_OK);
		ck_assert_int_eq(good.result, HWS_OK);
	}
	ck_assert_int_eq(contract_get(store, "old", NULL), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(contract_get(store, "new", &got), HWS_OK);
	ck_assert_int_eq(got.pk[0], 'o'); /* the row of before */
	ck_assert_uint_eq(got.created_s, 1500000000);
}
END_TEST

START_TEST(one_batch_is_applied_in_order_with_a_result_for_each)
{
	struct rdv_write w[] = { contract_put("1", "A"), contract_put("1", "B"),
		contract_put("1", "A"), rename_to("1", "2", "A"), contract_put("1", "B"),
		{ .kind = RDV_WRITE_DELETE, .row = contract_row("2", "") },
		rename_to("1", "2", "B"),
		{ .kind = RDV_WRITE_DELETE, .row = contract_row("9", "") } };
	static const int results[] = { HWS_OK, HWS_ERR_EXISTS, HWS_OK, HWS_OK, HWS_OK, HWS_OK,
		HWS_OK, HWS_OK };
	int r;

	ck_assert_int_eq(contract_write(store, w, HWS_COUNT(w)), HWS_OK);
	for (size_t i = 0; i < HWS_COUNT(w); i++)
		ck_assert_int_eq(w[i].result, results[i]);
	ck_assert_uint_eq(contract_load(store, &r), 1);
	ck_assert_int_eq(contract_get(store, "2", NULL), HWS_OK);
	ck_assert_int_eq(contract_write(store, NULL, 0), HWS_OK);
}
END_TEST

static void number_id(char *id, size_t i)
{
	ck_assert_int_eq(hws_fmt(id, RDV_ID_MAX + 1, "%09zu", i * 7919 % 100003), HWS_OK);
}

START_TEST(large_batches_are_written_twice_without_harm_and_listed_in_order)
{
	struct rdv_write *w = hws_alloc_array(10000, sizeof(*w));
	struct answer a = { 0 };
	char last[RDV_ID_MAX + 1] = "";
	size_t seen = 0;
	int r;

	for (size_t i = 0; i < 10000; i++) {
		w[i] = contract_put("x", "U");
		number_id(w[i].row.id, i);
	}
	ck_assert_int_eq(contract_write(store, w, 10000), HWS_OK);
	ck_assert_int_eq(contract_write(store, w, 10000), HWS_OK);
	ck_assert_uint_eq(contract_load(store, &r), 10000);
	ck_assert_int_eq(r, HWS_OK);
	do {
		a = (struct answer){ 0 };
		CALL(a, store->devices->list(store, last, 17, on_rows, &a));
		ck_assert_int_eq(a.r, HWS_OK);
		for (size_t i = 0; i < a.n; i++) {
			ck_assert_int_gt(strcmp(a.rows[i].id, last), 0);
			memcpy(last, a.rows[i].id, sizeof(last));
		}
		seen += a.n;
	} while (a.n == 17);
	ck_assert_uint_eq(seen, 10000);
	hws_free(w);
}
END_TEST

START_TEST(entries_are_kept_replaced_and_removed)
{
	struct rdv_entry e[] = { { "block", "192.0.2.0/24", "bad" },
		{ "allow", "192.0.2.0/24", "" }, { "block", "x'y\xc3\xa4", "1" } };
	struct answer a = { 0 };

	for (size_t i = 0; i < HWS_COUNT(e); i++) {
		a = (struct answer){ 0 };
		CALL(a, store->entries->put(store, &e[i], on_done, &a));
		ck_assert_int_eq(a.r, HWS_OK);
	}
	a = (struct answer){ 0 };
	e[2].value[0] = '2';
	CALL(a, store->entries->put(store, &e[2], on_done, &a));
	a = (struct answer){ 0 };
	CALL(a, store->entries->remove(store, "allow", "192.0.2.0/24", on_done, &a));
	a = (struct answer){ 0 };
	CALL(a, store->entries->remove(store, "allow", "never", on_done, &a));
	ck_assert_int_eq(a.r, HWS_OK);
	a = (struct answer){ 0 };
	CALL(a, store->entries->load(store, on_entries, &a));
	ck_assert_uint_eq(a.n, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct rdv_entry *want = a.entries[i].key[0] == 'x' ? &e[2] : &e[0];

		ck_assert_str_eq(a.entries[i].kind, want->kind);
		ck_assert_str_eq(a.entries[i].key, want->key);
		ck_assert_str_eq(a.entries[i].value, want->value);
	}
}
END_TEST

START_TEST(freeing_answers_everything_exactly_once)
{
	static struct rdv_write w[200];
	static struct answer a[200];
	struct answer load = { 0 };
	unsigned canceled = 0;

	memset(a, 0, sizeof(a));
	ck_assert_int_eq(store->entries->load(store, on_entries, &load), HWS_OK);
	for (int i = 0; i < 200; i++) {
		w[i] = contract_put("1", "A");
		ck_assert_int_eq(store->devices->write(store, &w[i], 1, on_done, &a[i]), HWS_OK);
	}
	rdv_store_free(store);
	store = NULL;
	ck_assert(load.ended);
	for (int i = 0; i < 200; i++) {
		ck_assert(a[i].ended);
		ck_assert(a[i].r == HWS_OK || a[i].r == HWS_ERR_CANCELED);
		canceled += a[i].r == HWS_ERR_CANCELED;
	}
	ck_assert_uint_gt(canceled, 0);
	ck_assert_int_eq(hws_loop_once(loop, 1000), HWS_OK);
}
END_TEST

START_TEST(the_same_is_there_after_opening_again)
{
	struct rdv_write w[] = { contract_put("1", "A"), contract_put("2", "B") };
	struct rdv_entry e = { "block", "k", "v" };
	struct answer a = { 0 };
	int r;

	if (!contract_store.keeps)
		return;
	ck_assert_int_eq(contract_write(store, w, 2), HWS_OK);
	CALL(a, store->entries->put(store, &e, on_done, &a));
	rdv_store_free(store);
	store = contract_store.open(loop, false);
	ck_assert_uint_eq(contract_load(store, &r), 2);
	a = (struct answer){ 0 };
	CALL(a, store->entries->load(store, on_entries, &a));
	ck_assert_uint_eq(a.n, 1);
}
END_TEST

START_TEST(statistics_count_what_happened)
{
	struct rdv_write w = contract_put("1", "A");
	struct rdv_store_stats st;

	ck_assert_int_eq(contract_write(store, &w, 1), HWS_OK);
	ck_assert_int_eq(contract_get(store, "9", NULL), HWS_ERR_NOTFOUND);
	store->ops->stats(store, &st);
	ck_assert(st.healthy); /* not found is an answer */
	ck_assert_uint_eq(st.ops, 2);
	ck_assert_uint_eq(st.failures, 0);
	ck_assert_uint_eq(st.queued, 0);
}
END_TEST

TCase *contract_add(Suite *s)
{
	TCase *t = tcase_create("contract");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_is_written_is_read_back_whole);
	tcase_add_test(t, a_taken_id_is_kept_unless_forced);
	tcase_add_test(t, a_device_that_proves_itself_stays_so);
	tcase_add_test(t, with_keep_only_new_devices_are_written);
	tcase_add_test(t, an_id_changes_only_with_proof_and_into_a_free_one);
	tcase_add_test(t, one_batch_is_applied_in_order_with_a_result_for_each);
	tcase_add_test(t, large_batches_are_written_twice_without_harm_and_listed_in_order);
	tcase_add_test(t, entries_are_kept_replaced_and_removed);
	tcase_add_test(t, freeing_answers_everything_exactly_once);
	tcase_add_test(t, the_same_is_there_after_opening_again);
	tcase_add_test(t, statistics_count_what_happened);
	suite_add_tcase(s, t);
	return t;
}
