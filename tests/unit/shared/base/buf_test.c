/* Buffer and list against naive models, and with every allocation failing once. */
#include <check.h>
#include <stdlib.h>

#include "shared/base/buf.h"
#include "shared/base/list.h"
#include "shared/base/mem.h"
#include "shared/base/rand.h"

#define MODEL_MAX 3000u

struct model {
	uint8_t data[MODEL_MAX];
	size_t len;
};

static void model_step(struct hws_buf *b, struct model *m)
{
	uint8_t bytes[700];
	size_t n = hws_rand_below(sizeof(bytes));
	uint8_t *to;

	hws_rand_bytes(bytes, n);
	switch (hws_rand_below(4)) {
	case 0:
	case 1:
		if (n > MODEL_MAX - m->len) {
			hws_buf_put(b, bytes, n);
			ck_assert_int_eq(hws_buf_err(b), HWS_ERR_TOOBIG);
			b->err = 0; /* content must be as before */
			break;
		}
		hws_buf_put(b, bytes, n);
		memcpy(m->data + m->len, bytes, n);
		m->len += n;
		break;
	case 2:
		if (n > MODEL_MAX - m->len)
			break;
		to = hws_buf_reserve(b, n);
		ck_assert_ptr_nonnull(to);
		memcpy(to, bytes, n);
		hws_buf_commit(b, n / 2);
		memcpy(m->data + m->len, bytes, n / 2);
		m->len += n / 2;
		break;
	default:
		n = n > m->len ? m->len : n;
		hws_buf_consume(b, n);
		memmove(m->data, m->data + n, m->len - n);
		m->len -= n;
		break;
	}
}

START_TEST(behaves_as_an_array_under_random_use)
{
	static struct model m;
	struct hws_buf b;

	m.len = 0;
	hws_buf_init(&b, MODEL_MAX);
	for (int i = 0; i < 20000; i++) {
		model_step(&b, &m);
		ck_assert_int_eq(hws_buf_err(&b), 0);
		ck_assert_uint_eq(hws_buf_len(&b), m.len);
		ck_assert_uint_le(b.size, MODEL_MAX);
		if (m.len)
			ck_assert_mem_eq(hws_buf_bytes(&b).ptr, m.data, m.len);
	}
	hws_buf_done(&b);
}
END_TEST

START_TEST(an_error_sticks_and_content_survives)
{
	struct hws_buf b;

	hws_buf_init(&b, 4);
	hws_buf_put(&b, "abc", 3);
	hws_buf_put(&b, "de", 2);
	ck_assert_int_eq(hws_buf_err(&b), HWS_ERR_TOOBIG);
	hws_buf_put(&b, "d", 1); /* would fit, but the writer has lost track */
	hws_buf_put_u8(&b, 'd');
	ck_assert_ptr_null(hws_buf_reserve(&b, 1));
	ck_assert_uint_eq(hws_buf_len(&b), 3);
	ck_assert_mem_eq(hws_buf_bytes(&b).ptr, "abc", 3);
	hws_buf_reset(&b);
	hws_buf_put(&b, "abcd", 4);
	ck_assert_int_eq(hws_buf_err(&b), 0);
	hws_buf_done(&b);
}
END_TEST

START_TEST(formats_short_long_and_exactly_full)
{
	char text[1000];
	struct hws_buf b;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	hws_buf_init(&b, 999 + 3);
	hws_buf_fmt(&b, "%d:", 42);
	hws_buf_fmt(&b, "%s", text);
	ck_assert_int_eq(hws_buf_err(&b), 0);
	ck_assert_uint_eq(hws_buf_len(&b), 1002);
	ck_assert_mem_eq(hws_buf_bytes(&b).ptr, "42:xxx", 6);
	hws_buf_fmt(&b, "%s", "y");
	ck_assert_int_eq(hws_buf_err(&b), HWS_ERR_TOOBIG);
	hws_buf_done(&b);
}
END_TEST

START_TEST(every_failing_allocation_is_reported_and_loses_nothing)
{
	for (unsigned long n = 1; n < 12; n++) {
		struct hws_buf b;
		bool failed;

		hws_buf_init(&b, 1 << 20);
		hws_mem_fail_at(n);
		for (int i = 0; i < 5000; i++)
			hws_buf_put(&b, "0123456789", 10);
		failed = hws_mem_fail_at(0) >= n;
		ck_assert_int_eq(hws_buf_err(&b), failed ? HWS_ERR_NOMEM : 0);
		ck_assert_uint_eq(hws_buf_len(&b) % 10, 0);
		if (hws_buf_len(&b))
			ck_assert_mem_eq(hws_buf_bytes(&b).ptr, "0123456789", 10);
		hws_buf_done(&b);
	}
}
END_TEST

struct item {
	struct hws_list node;
	int value;
};

START_TEST(the_list_behaves_as_an_array_under_random_use)
{
	struct item items[40] = { 0 };
	int order[40];
	size_t count = 0;
	struct hws_list head, *node, *next;

	hws_list_init(&head);
	for (int i = 0; i < 40; i++)
		items[i].value = i;
	for (int step = 0; step < 20000; step++) {
		int v = (int)hws_rand_below(40);
		size_t at = 0, seen = 0;

		while (at < count && order[at] != v)
			at++;
		ck_assert_int_eq(hws_list_linked(&items[v].node), at < count);
		if (at < count) {
			hws_list_remove(&items[v].node);
			hws_list_remove(&items[v].node); /* twice is harmless */
			memmove(order + at, order + at + 1, (count - at - 1) * sizeof(order[0]));
			count--;
		} else {
			hws_list_push(&head, &items[v].node);
			order[count++] = v;
		}
		ck_assert_int_eq(hws_list_empty(&head), count == 0);
		hws_list_for (node, &head) {
			ck_assert_int_eq(
					hws_container(node, struct item, node)->value, order[seen]);
			seen++;
		}
		ck_assert_uint_eq(seen, count);
	}
	hws_list_for_safe (node, next, &head)
		hws_list_remove(node);
	ck_assert(hws_list_empty(&head));
	ck_assert_ptr_null(hws_list_first(&head));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("base/buf");
	TCase *t = tcase_create("buf");
	SRunner *r;
	int failed;

	tcase_add_test(t, behaves_as_an_array_under_random_use);
	tcase_add_test(t, an_error_sticks_and_content_survives);
	tcase_add_test(t, formats_short_long_and_exactly_full);
	tcase_add_test(t, every_failing_allocation_is_reported_and_loses_nothing);
	tcase_add_test(t, the_list_behaves_as_an_array_under_random_use);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
