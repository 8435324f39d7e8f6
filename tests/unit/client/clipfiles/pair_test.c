/* Files copied at one end and pasted at the other, between two of ours and as deployed programs
 * speak: whole trees, what changes meanwhile, what a peer does not answer or lies about. */
#include "shared/base/clock.h"
#include "shared/wire/envelope.h"
#include "tests/support/suite.h"
#include "tests/support/vector.h"
#include "tests/unit/client/clipfiles/stage.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void begin_extended(void)
{
	stage_begin(true);
}

static void begin_deployed(void)
{
	stage_begin(false);
}

static void make_tree(void)
{
	FILE *f;

	stage_folder("src");
	stage_write("src/a", "hello");
	stage_write("src/empty", "");
	stage_folder("src/sub");
	stage_folder("src/none");
	stage_write("src/sub/.hidden", "secret");
	f = fopen(stage_path("src/sub/big"), "w");
	for (unsigned i = 0; i < 1000003; i++)
		fputc((int)(i * 7 + i / 256), f);
	fclose(f);
}

START_TEST(a_tree_comes_whole)
{
	make_tree();
	stage_copy("src");
	ck_assert_uint_eq(hws_clip_list_count(stage.list), 7);
	ck_assert_msg(stage_fetch("dst") == HWS_OK, "%s", stage.why);
	stage_equal(stage_path("src"), stage_path("dst/src"));
	ck_assert_uint_eq(stage.read, 3); /* files with something in them */
}
END_TEST

START_TEST(nothing_is_replaced)
{
	make_tree();
	stage_copy("src");
	stage_folder("dst");
	stage_write("dst/src", "mine");
	ck_assert_int_eq(stage_fetch("dst"), HWS_ERR_EXISTS);
	ck_assert_ptr_nonnull(strstr(stage.why, "dst/src"));
}
END_TEST

START_TEST(names_of_any_bytes_come)
{
	char deep[600] = "src";

	make_tree();
	stage_write("src/\xff\xfe\\x", "latin");
	for (unsigned i = 0; i < 4; i++) {
		size_t n = strlen(deep);
		snprintf(deep + n, sizeof(deep) - n, "/%0100u", i);
		stage_folder(deep);
	}
	stage_copy("src");
	ck_assert_msg(stage_fetch("dst") == HWS_OK, "%s", stage.why);
	stage_equal(stage_path("src"), stage_path("dst/src"));
}
END_TEST

START_TEST(the_newest_copy_is_the_one)
{
	make_tree();
	stage_copy("src");
	stage_copy("src/a");
	ck_assert_uint_eq(stage.gone, 1);
	ck_assert_uint_eq(hws_clip_list_count(stage.list), 1);
	ck_assert_int_eq(stage_fetch("dst"), HWS_OK);
	stage_equal(stage_path("src/a"), stage_path("dst/a"));
}
END_TEST

START_TEST(what_is_withdrawn_is_gone)
{
	make_tree();
	stage_copy("src");
	hws_clip_end_allow(stage.host, false, false);
	stage_turn();
	ck_assert_uint_eq(stage.gone, 1);
	ck_assert_ptr_null(hws_clip_paster_list(hws_clip_end_paster(stage.viewer)));
}
END_TEST

START_TEST(who_may_not_take_asks_for_nothing)
{
	make_tree();
	hws_clip_end_allow(stage.viewer, true, false);
	stage.cut = true; /* stage_copy would wait for the list */
	stage_copy("src");
	stage.cut = false;
	for (unsigned i = 0; i < 5; i++)
		stage_turn();
	ck_assert_uint_eq(stage.sent_viewer, 0);
}
END_TEST

/* --- single reads ----------------------------------------------------------------------------- */

static struct {
	bool done;
	int r;
	size_t len;
	uint8_t first[8];
} got;

static bool is_done(void)
{
	return got.done;
}

static void on_data(int r, struct hws_bytes data, void *arg HWS_UNUSED)
{
	got.done = true;
	got.r = r;
	got.len = data.len;
	memcpy(got.first, data.ptr ? data.ptr : (const uint8_t *)"", HWS_MIN(data.len, (size_t)8));
}

static struct hws_clip_read *begin_read(const char *path, uint64_t offset, uint32_t len)
{
	struct hws_clip_read *read = NULL;

	memset(&got, 0, sizeof(got));
	ck_assert_int_eq(hws_clip_paster_read(hws_clip_end_paster(stage.viewer),
					 hws_clip_list_find(stage.list, path, strlen(path)), offset,
					 len, on_data, NULL, &read),
			HWS_OK);
	return read;
}

static int do_read(const char *path, uint64_t offset, uint32_t len)
{
	begin_read(path, offset, len);
	stage_until(is_done);
	return got.r;
}

static void make_sparse(const char *name, off_t size, off_t at, const char *text)
{
	int fd = open(stage_path(name), O_CREAT | O_WRONLY, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, size), 0);
	ck_assert_int_eq(pwrite(fd, text, strlen(text), at), (ssize_t)strlen(text));
	close(fd);
}

static bool seen_negative;

static void look_at_offset(Ses__CliprdrFileContentsRequest *q)
{
	seen_negative = seen_negative || q->n_position_low < 0;
}

START_TEST(large_offsets_are_unsigned)
{
	make_sparse("big", 7ll << 30, (3ll << 30) + 5, "between 2 and 4 GiB");
	make_sparse("big", 7ll << 30, (6ll << 30) + 5, "beyond 6 GiB");
	stage_copy("big");
	ck_assert_uint_eq(hws_clip_list_at(stage.list, 0)->size, 7ull << 30);
	seen_negative = false;
	stage.on_request = look_at_offset;
	ck_assert_int_eq(do_read("big", (3ull << 30) + 5, 19), HWS_OK);
	ck_assert_uint_eq(got.len, 19);
	ck_assert_mem_eq(got.first, "between ", 8);
	ck_assert(seen_negative);
	ck_assert_int_eq(do_read("big", (6ull << 30) + 5, 12), HWS_OK);
	ck_assert_mem_eq(got.first, "beyond 6", 8);
	ck_assert_int_eq(do_read("big", (7ull << 30) - 3, 100), HWS_OK);
	ck_assert_uint_eq(got.len, 3);
	ck_assert_int_eq(do_read("big", 7ull << 30, 100), HWS_OK);
	ck_assert_uint_eq(got.len, 0);
}
END_TEST

START_TEST(a_peer_that_vanished_ends_reads)
{
	make_tree();
	stage_copy("src");
	stage.cut = true;
	begin_read("src/sub/big", 0, 100);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert(!got.done);
		stage_turn();
		stage.clock_us += 3100 * HWS_US_PER_MS;
		hws_loop_once(stage.loop, 0); /* the clock of the loop is read once a turn */
		hws_clip_paster_tick(hws_clip_end_paster(stage.viewer));
	}
	ck_assert(got.done);
	ck_assert_int_eq(got.r, HWS_ERR_TIMEOUT);
}
END_TEST

START_TEST(a_lost_request_is_made_again)
{
	make_tree();
	stage_copy("src");
	stage.cut = true;
	begin_read("src/a", 0, 100);
	stage_turn();
	stage.cut = false;
	stage.clock_us += 3100 * HWS_US_PER_MS;
	stage_until(is_done);
	ck_assert_int_eq(got.r, HWS_OK);
	ck_assert_mem_eq(got.first, "hello", 5);
}
END_TEST

START_TEST(a_canceled_read_is_not_answered)
{
	make_tree();
	stage_copy("src");
	hws_clip_paster_cancel(hws_clip_end_paster(stage.viewer), begin_read("src/a", 0, 100));
	for (unsigned i = 0; i < 5; i++)
		stage_turn();
	ck_assert(!got.done);
	ck_assert_int_eq(do_read("src/a", 1, 2), HWS_OK);
	ck_assert_mem_eq(got.first, "el", 2);
}
END_TEST

START_TEST(a_file_that_shrank_is_an_error)
{
	make_tree();
	stage_copy("src");
	ck_assert_int_eq(truncate(stage_path("src/sub/big"), 70000), 0);
	ck_assert_int_eq(do_read("src/sub/big", 65536, 65536), HWS_ERR_PROTO);
	ck_assert_int_eq(do_read("src/sub/big", 600000, 100), HWS_ERR_DENIED);
	ck_assert_int_eq(stage_fetch("dst"), HWS_ERR_PROTO);
	ck_assert_ptr_nonnull(strstr(stage.why, "src/sub/big"));
	ck_assert_int_ne(access(stage_path("dst/src/sub/big"), F_OK), 0);
	ck_assert_int_ne(access(stage_path("dst/src/sub/.hawser-paste-part"), F_OK), 0);
}
END_TEST

START_TEST(a_congested_line_is_waited_for)
{
	make_tree();
	stage_copy("src");
	begin_read("src/a", 0, 5);
	stage.congested = true;
	for (unsigned i = 0; i < 20; i++)
		stage_turn();
	ck_assert(!got.done);
	stage.congested = false;
	hws_clip_owner_drained(hws_clip_end_owner(stage.host));
	stage_until(is_done);
	ck_assert_int_eq(got.r, HWS_OK);
}
END_TEST

/* --- what peers may say ----------------------------------------------------------------------- */

static bool is_refused(void)
{
	return stage.refused > 0;
}

static void say_formats(const char *a, const char *b)
{
	Ses__CliprdrFormat x = SES__CLIPRDR_FORMAT__INIT, y = SES__CLIPRDR_FORMAT__INIT;
	Ses__CliprdrFormat *both[] = { &x, &y };
	Ses__CliprdrServerFormatList l = SES__CLIPRDR_SERVER_FORMAT_LIST__INIT;
	Ses__Cliprdr c = SES__CLIPRDR__INIT;

	x.id = 7;
	x.format = (char *)a;
	y.id = 8;
	y.format = (char *)b;
	l.n_formats = 2;
	l.formats = both;
	c.union_case = SES__CLIPRDR__UNION_FORMAT_LIST;
	c.format_list = &l;
	hws_clip_end_message(stage.viewer, &c);
}

static void say_list(int flags, const void *pdu, size_t len)
{
	Ses__CliprdrServerFormatDataResponse a = SES__CLIPRDR_SERVER_FORMAT_DATA_RESPONSE__INIT;
	Ses__Cliprdr c = SES__CLIPRDR__INIT;

	a.msg_flags = flags;
	a.format_data.data = (uint8_t *)pdu;
	a.format_data.len = len;
	c.union_case = SES__CLIPRDR__UNION_FORMAT_DATA_RESPONSE;
	c.format_data_response = &a;
	hws_clip_end_message(stage.viewer, &c);
}

START_TEST(formats_are_told_by_their_names)
{
	say_formats("FileGroupDescriptorW", "something else");
	ck_assert_uint_eq(stage.sent_viewer, 0);
	say_formats("FileContents", "FileGroupDescriptorW");
	ck_assert_uint_eq(stage.sent_viewer, 1);
	say_list(2, "", 0);
	ck_assert_uint_eq(stage.refused, 1);
	say_list(1, "\0\0\0\0", 4); /* nobody asked again */
	ck_assert_uint_eq(stage.refused, 1);
	say_formats("FileContents", "FileGroupDescriptorW");
	say_list(1, "\0\0\0\0", 4);
	ck_assert_uint_eq(stage.refused, 2);
	ck_assert_ptr_nonnull(strstr(stage.why, "empty"));
	say_formats("FileContents", "FileGroupDescriptorW");
	say_list(1, "\1\0\0\0", 4);
	ck_assert_uint_eq(stage.refused, 3);
}
END_TEST

START_TEST(a_list_that_does_not_come_is_given_up)
{
	stage.cut = true;
	say_formats("FileContents", "FileGroupDescriptorW");
	stage_turn();
	stage.clock_us += 31 * HWS_US_PER_S;
	stage_until(is_refused);
}
END_TEST

/* Byte for byte, as the specification has them. */
static void said(bool to_host, const char *vector)
{
	uint8_t want[256];
	size_t n = test_vector("services.json", vector, want, sizeof(want), NULL, NULL);

	ck_assert_msg(stage.said_len[to_host] == n && memcmp(stage.said[to_host], want, n) == 0,
			"%s", vector);
}

static void hear_vector(const char *vector)
{
	uint8_t bytes[256];
	size_t n = test_vector("services.json", vector, bytes, sizeof(bytes), NULL, NULL);
	Ses__Message *m;

	ck_assert_int_eq(hws_ses_unpack(hws_bytes(bytes, n), &m), HWS_OK);
	hws_clip_end_message(stage.host, m->cliprdr);
	hws_ses_free(m);
}

START_TEST(the_messages_are_those_of_the_vectors)
{
	const char *path = stage_path("a");
	struct hws_clip_tree *t;

	stage_write("a", "hello");
	hear_vector("clip_format_data_request");
	said(false, "clip_format_data_response_fail"); /* nothing is offered */
	ck_assert_int_eq(hws_clip_tree_new(&path, 1, NULL, &t, NULL), HWS_OK);
	ck_assert_int_eq(hws_clip_owner_offer(hws_clip_end_owner(stage.host), t), HWS_OK);
	hws_clip_tree_unref(t);
	said(false, "clip_format_list");
	for (unsigned i = 0; i < 5 && !stage.list; i++)
		stage_turn();
	said(true, "clip_format_data_request");
	hear_vector("clip_file_contents_size");
	said(false, "clip_file_contents_response_size");
	hws_clip_end_allow(stage.host, false, false);
	said(false, "clip_try_empty");
	/* what needs no answer gets none */
	unsigned before = stage.sent_host;
	hear_vector("clip_monitor_ready");
	hear_vector("clip_files_audit");
	hear_vector("clip_try_empty");
	ck_assert_uint_eq(stage.sent_host, before);
}
END_TEST

START_TEST(a_vector_asks_beyond_2_gib)
{
	make_sparse("0", 1, 0, "x");
	make_sparse("big", 3ll << 30, (2ll << 30) + 1, "beyond");
	const char *paths[] = { stage_path("0"), stage_path("big") };
	struct hws_clip_tree *t;

	ck_assert_int_eq(hws_clip_tree_new(paths, 2, NULL, &t, NULL), HWS_OK);
	ck_assert_int_eq(hws_clip_owner_offer(hws_clip_end_owner(stage.host), t), HWS_OK);
	hws_clip_tree_unref(t);
	for (unsigned i = 0; i < 5 && !stage.list; i++)
		stage_turn();
	stage.said_len[0] = 0;
	hear_vector("clip_file_contents_request_2gib");
	while (!stage.said_len[0])
		stage_turn();
	/* after the heads of the message and its answer: flags, stream, a length of three bytes */
	ck_assert_ptr_nonnull(memmem(stage.said[0], stage.said_len[0], "\0beyond", 7));
}
END_TEST

START_TEST(what_is_pasted_is_told_to_the_host)
{
	struct hws_clip_tree *t;
	const char *path = stage_path("src");
	struct hws_clip_read *read;

	/* the other way round: the viewer owns */
	make_tree();
	ck_assert_int_eq(hws_clip_tree_new(&path, 1, NULL, &t, NULL), HWS_OK);
	ck_assert_int_eq(hws_clip_owner_offer(hws_clip_end_owner(stage.viewer), t), HWS_OK);
	hws_clip_tree_unref(t);
	for (unsigned i = 0; i < 5 && !stage.list; i++)
		stage_turn();
	memset(&got, 0, sizeof(got));
	ck_assert_int_eq(hws_clip_paster_read(hws_clip_end_paster(stage.host), 1, 0, 5, on_data,
					 NULL, &read),
			HWS_OK);
	stage_until(is_done);
	stage_turn();
	ck_assert_uint_eq(stage.files_told, 4);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *s = suite_create("clip_pair");
	TCase *ours = test_case(s, "extended", 120,
			TESTS(a_tree_comes_whole, nothing_is_replaced, names_of_any_bytes_come,
					the_newest_copy_is_the_one, what_is_withdrawn_is_gone,
					who_may_not_take_asks_for_nothing,
					large_offsets_are_unsigned, a_peer_that_vanished_ends_reads,
					a_canceled_read_is_not_answered,
					a_file_that_shrank_is_an_error,
					a_congested_line_is_waited_for,
					what_is_pasted_is_told_to_the_host));
	TCase *deployed = test_case(s, "deployed", 120,
			TESTS(a_tree_comes_whole, nothing_is_replaced, the_newest_copy_is_the_one,
					what_is_withdrawn_is_gone, large_offsets_are_unsigned,
					a_peer_that_vanished_ends_reads,
					a_lost_request_is_made_again,
					a_canceled_read_is_not_answered,
					formats_are_told_by_their_names,
					a_list_that_does_not_come_is_given_up,
					a_congested_line_is_waited_for,
					the_messages_are_those_of_the_vectors,
					a_vector_asks_beyond_2_gib,
					what_is_pasted_is_told_to_the_host));

	tcase_add_checked_fixture(ours, begin_extended, stage_end);
	tcase_add_checked_fixture(deployed, begin_deployed, stage_end);
	return s;
}

int main(void)
{
	return test_suite_run(make_suite());
}
