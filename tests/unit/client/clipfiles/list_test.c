/* Lists of copied files: the form of deployed programs, our own, and what neither may say. */
#include "client/services/clipfiles/pdu.h"
#include "tests/support/suite.h"
#include "tests/support/vector.h"
#include <stdio.h>
#include <string.h>

static struct hws_clip_list *l;
static struct hws_error err;

static void set_up(void)
{
	ck_assert_int_eq(hws_clip_list_new(&l), HWS_OK);
	err = (struct hws_error){ 0 };
}

static void tear_down(void)
{
	hws_clip_list_unref(l);
	l = NULL;
}

static int add_n(const char *path, size_t len, bool is_folder, uint64_t size)
{
	struct hws_clip_entry e = { .path = (char *)path,
		.is_folder = is_folder,
		.mode = is_folder ? 0755 : 0644,
		.size = size,
		.time_ns = 1700000000ll * 1000000000 };

	return hws_clip_list_add(l, &e, len, &err);
}

static int add(const char *path, bool is_folder)
{
	return add_n(path, strlen(path), is_folder, 5);
}

/* --- what a list promises --------------------------------------------------------------------- */

START_TEST(a_list_keeps_what_was_added)
{
	ck_assert_int_eq(add("dir", true), HWS_OK);
	ck_assert_int_eq(add("dir/a.txt", false), HWS_OK);
	ck_assert_int_eq(add("dir/\xff\xfe", false), HWS_OK);
	ck_assert_uint_eq(hws_clip_list_count(l), 3);
	ck_assert_str_eq(hws_clip_list_at(l, 1)->name, "a.txt");
	ck_assert_uint_eq(hws_clip_list_at(l, 1)->parent, 0);
	ck_assert_uint_eq(hws_clip_list_at(l, 0)->parent, HWS_CLIP_NO_PARENT);
	ck_assert_uint_eq(hws_clip_list_at(l, 0)->size, 0);
	ck_assert_uint_eq(hws_clip_list_bytes(l), 10);
	ck_assert_uint_eq(hws_clip_list_find(l, "dir/a.txt", 9), 1);
	ck_assert_uint_eq(hws_clip_list_find(l, "dir/a.tx", 8), HWS_CLIP_NO_PARENT);
}
END_TEST

START_TEST(paths_that_lead_out_are_refused)
{
	static const char *const bad[] = { "", "/", "/etc/passwd", "..", ".", "a/..", "a/../b",
		"a//b", "a/", "./a", "a/.", "a/./b" };

	ck_assert_int_eq(add("a", true), HWS_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err.text[0] = 0;
		ck_assert_int_eq(add(bad[i], false), HWS_ERR_INVAL);
		ck_assert_msg(err.text[0], "%s", bad[i]);
	}
	ck_assert_int_eq(add_n("a\0b", 3, false, 1), HWS_ERR_INVAL);
	ck_assert_uint_eq(hws_clip_list_count(l), 1);
}
END_TEST

START_TEST(what_cannot_stand_in_a_folder_is_refused)
{
	char name[HWS_CLIP_PATH_MAX + 10];

	memset(name, 'x', sizeof(name));
	ck_assert_int_eq(add_n(name, HWS_CLIP_NAME_MAX, false, 1), HWS_OK);
	ck_assert_int_eq(add_n(name, HWS_CLIP_NAME_MAX + 1, false, 1), HWS_ERR_TOOBIG);
	for (size_t i = 200; i < sizeof(name); i += 200)
		name[i] = '/';
	ck_assert_int_eq(add_n(name, HWS_CLIP_PATH_MAX + 1, false, 1), HWS_ERR_TOOBIG);
	ck_assert_int_eq(add("file", false), HWS_OK);
	ck_assert_int_eq(add("file", false), HWS_ERR_EXISTS);
	ck_assert_int_eq(add("file/below", false), HWS_ERR_INVAL);
	ck_assert_int_eq(add("nowhere/x", false), HWS_ERR_INVAL);
	ck_assert_int_eq(add_n("big", 3, false, 1ull << 63), HWS_ERR_INVAL);
	ck_assert_int_eq(add_n("big", 3, false, INT64_MAX), HWS_OK);
	ck_assert_int_eq(add_n("big2", 4, false, INT64_MAX), HWS_OK);
	ck_assert_int_eq(add_n("big3", 4, false, INT64_MAX), HWS_OK);
	ck_assert_uint_eq(hws_clip_list_bytes(l), UINT64_MAX);
}
END_TEST

START_TEST(a_list_has_an_end)
{
	char name[32];

	for (unsigned i = 0; i < HWS_CLIP_ENTRIES_MAX; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		ck_assert_int_eq(add(name, false), HWS_OK);
	}
	ck_assert_int_eq(add("one more", false), HWS_ERR_FULL);
	ck_assert_ptr_nonnull(strstr(err.text, "16384"));
	ck_assert_uint_eq(hws_clip_list_find(l, "f16383", 6), 16383);
}
END_TEST

/* --- between two of ours ---------------------------------------------------------------------- */

START_TEST(our_form_goes_there_and_back)
{
	struct hws_clip_list *back;
	struct hws_buf out;

	hws_buf_init(&out, 1u << 20);
	ck_assert_int_eq(add("C:", true), HWS_OK); /* a name as any other */
	ck_assert_int_eq(add("C:/\xc3(", false), HWS_OK);
	hws_clip_list_put(l, &out);
	ck_assert_int_eq(hws_clip_list_take(hws_buf_bytes(&out), &back, &err), HWS_OK);
	ck_assert_uint_eq(hws_clip_list_count(back), 2);
	ck_assert_str_eq(hws_clip_list_at(back, 1)->path, "C:/\xc3(");
	ck_assert_int_eq(hws_clip_list_at(back, 1)->time_ns, 1700000000ll * 1000000000);
	ck_assert_uint_eq(hws_clip_list_at(back, 1)->mode, 0644);
	hws_clip_list_unref(back);
	for (size_t n = 0; n < hws_buf_len(&out); n++)
		ck_assert_int_eq(hws_clip_list_take(hws_bytes(out.data, n), &back, &err),
				HWS_ERR_PROTO);
	hws_buf_put_u8(&out, 0);
	ck_assert_int_eq(hws_clip_list_take(hws_buf_bytes(&out), &back, &err), HWS_ERR_PROTO);
	hws_buf_done(&out);
}
END_TEST

/* --- with deployed programs ------------------------------------------------------------------- */

static uint8_t vector[4096];

static struct hws_bytes the_vector(void)
{
	return hws_bytes(vector,
			test_vector("services.json", "clip_descriptor_pdu", vector, sizeof(vector),
					NULL, NULL));
}

START_TEST(the_vector_is_read)
{
	struct hws_clip_list *got;

	ck_assert_int_eq(hws_clip_pdu_take(the_vector(), HWS_CLIP_EPOCH_DEPLOYED_UNIX, &got, &err),
			HWS_OK);
	ck_assert_uint_eq(hws_clip_list_count(got), 2);
	const struct hws_clip_entry *a = hws_clip_list_at(got, 0), *b = hws_clip_list_at(got, 1);
	ck_assert(a->is_folder && !b->is_folder);
	ck_assert_str_eq(a->path, "dir");
	ck_assert_str_eq(b->path, "dir/a.txt");
	ck_assert_uint_eq(b->size, 5);
	ck_assert_uint_eq(a->mode, 0755);
	ck_assert_int_eq(b->time_ns, 1700000000ll * 1000000000);
	hws_clip_list_unref(got);
	/* by the true epoch the same time is 3661 s later */
	ck_assert_int_eq(hws_clip_pdu_take(the_vector(), HWS_CLIP_EPOCH_TRUE, &got, &err), HWS_OK);
	ck_assert_int_eq(hws_clip_list_at(got, 1)->time_ns, 1700003661ll * 1000000000);
	hws_clip_list_unref(got);
}
END_TEST

START_TEST(the_vector_is_written)
{
	struct hws_bytes want = the_vector();
	struct hws_buf out;
	uint32_t map[2];

	hws_buf_init(&out, 1u << 20);
	ck_assert_int_eq(add("dir", true), HWS_OK);
	ck_assert_int_eq(add("dir/a.txt", false), HWS_OK);
	ck_assert_uint_eq(hws_clip_pdu_put(l, HWS_CLIP_EPOCH_DEPLOYED_UNIX, map, &out), 2);
	ck_assert_uint_eq(hws_buf_len(&out), want.len);
	/* what a folder's size is nobody says; the vector has that of a file system's */
	memcpy(out.data + 4 + 68, want.ptr + 4 + 68, 4);
	ck_assert_mem_eq(out.data, want.ptr, want.len);
	hws_buf_done(&out);
}
END_TEST

START_TEST(what_a_deployed_peer_would_misread_is_not_told)
{
	struct hws_clip_list *got;
	char longest[300];
	struct hws_buf out;
	uint32_t map[16];

	hws_buf_init(&out, 1u << 20);
	memset(longest, 'y', sizeof(longest));
	ck_assert_int_eq(add("bad\xff", true), HWS_OK);
	ck_assert_int_eq(add("bad\xff/x", false), HWS_OK);
	ck_assert_int_eq(add("back\\slash", false), HWS_OK);
	ck_assert_int_eq(add("C:x", false), HWS_OK);
	ck_assert_int_eq(add("d", true), HWS_OK);
	longest[0] = 'd';
	longest[1] = '/';
	ck_assert_int_eq(add_n(longest, 257, false, 1), HWS_OK);
	ck_assert_int_eq(add("\xf0\x9f\x98\x80", false), HWS_OK);
	ck_assert_uint_eq(hws_clip_pdu_put(l, HWS_CLIP_EPOCH_TRUE, map, &out), 3);
	ck_assert_uint_eq(map[0], 4);
	ck_assert_uint_eq(map[2], 6);
	ck_assert_int_eq(hws_clip_pdu_take(hws_buf_bytes(&out), HWS_CLIP_EPOCH_TRUE, &got, &err),
			HWS_OK);
	ck_assert_str_eq(hws_clip_list_at(got, 2)->path, "\xf0\x9f\x98\x80");
	ck_assert_uint_eq(strlen(hws_clip_list_at(got, 1)->path), 257);
	hws_clip_list_unref(got);
	hws_buf_done(&out);
}
END_TEST

/* One descriptor with this name in UTF-16, as Windows fills it in. */
static int take_windows(
		const uint16_t *name, size_t units, uint32_t attributes, struct hws_clip_list **ret)
{
	uint8_t d[4 + HWS_CLIP_PDU_ENTRY] = { 1 };

	d[4] = 0x24; /* no flag for the size, no mode */
	memcpy(d + 4 + 36, &attributes, 4);
	d[4 + 68] = 7;
	memcpy(d + 4 + 72, name, units * 2);
	return hws_clip_pdu_take(hws_bytes(d, sizeof(d)), HWS_CLIP_EPOCH_TRUE, ret, &err);
}

START_TEST(windows_owners_are_understood)
{
	struct hws_clip_list *got;

	ck_assert_int_eq(take_windows(u"read me", 7, 0x81, &got), HWS_OK);
	ck_assert_uint_eq(hws_clip_list_at(got, 0)->size, 7);
	ck_assert_uint_eq(hws_clip_list_at(got, 0)->mode, 0444);
	hws_clip_list_unref(got);
	ck_assert_int_eq(take_windows(u"folder", 6, 0x10, &got), HWS_OK);
	ck_assert_uint_eq(hws_clip_list_at(got, 0)->mode, 0755);
	hws_clip_list_unref(got);
}
END_TEST

START_TEST(hostile_descriptors_are_refused)
{
	static const uint16_t half[] = { 'a', 0xd83d, 'b' }, low[] = { 0xde00 };
	struct hws_clip_list *got;
	uint16_t endless[260];

	for (size_t i = 0; i < 260; i++)
		endless[i] = 'z';
	ck_assert_int_eq(take_windows(u"C:\\boot", 7, 0x80, &got), HWS_ERR_INVAL);
	ck_assert_int_eq(take_windows(u"..\\up", 5, 0x80, &got), HWS_ERR_INVAL);
	ck_assert_int_eq(take_windows(u"\\\\host\\x", 8, 0x80, &got), HWS_ERR_INVAL);
	ck_assert_int_eq(take_windows(u"", 0, 0x80, &got), HWS_ERR_INVAL);
	ck_assert_int_eq(take_windows(half, 3, 0x80, &got), HWS_ERR_PROTO);
	ck_assert_int_eq(take_windows(low, 1, 0x80, &got), HWS_ERR_PROTO);
	ck_assert_int_eq(take_windows(endless, 260, 0x80, &got), HWS_ERR_PROTO);
	ck_assert_int_eq(take_windows(endless, 259, 0x80, &got), HWS_ERR_TOOBIG);
	ck_assert_int_eq(hws_clip_pdu_take(hws_bytes("\1\0\0", 3), 0, &got, &err), HWS_ERR_PROTO);
	ck_assert_int_eq(hws_clip_pdu_take(hws_bytes("\1\0\0\0", 4), 0, &got, &err), HWS_ERR_PROTO);
	/* 0x6e5ce9c3 * 592 is small in 32 bits */
	ck_assert_int_eq(hws_clip_pdu_take(hws_bytes("\xff\xff\xff\xff", 4), 0, &got, &err),
			HWS_ERR_PROTO);
}
END_TEST

int main(void)
{
	return test_main("clip_list", 60, set_up, tear_down,
			TESTS(a_list_keeps_what_was_added, paths_that_lead_out_are_refused,
					what_cannot_stand_in_a_folder_is_refused, a_list_has_an_end,
					our_form_goes_there_and_back, the_vector_is_read,
					the_vector_is_written,
					what_a_deployed_peer_would_misread_is_not_told,
					windows_owners_are_understood,
					hostile_descriptors_are_refused));
}
