/* Print jobs, both ends in memory: what the host's end sends is fed to a viewer's core, and what
 * that sends goes back. */
#include "client/services/print/outlet.h"
#include "client/services/print/print_host.h"
#include "client/services/print/print_job.h"
#include "client/services/print/print_view.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include "tests/unit/client/core/recorder.h"
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct hws_loop *loop;
static struct hws_work *work;
static struct hws_host_set *set;
static struct hws_host_viewer guest;
static struct recorder r;
static struct hws_print_view *view;
static char dir[256], page[300];
static unsigned boxes, blocks, jobs, dones;
static bool choked, deaf; /* the line; the viewer */
static int job_result, audit_result;
static uint64_t job_bytes, clock_us;
static char job_text[5000], offer[HWS_PRINT_PATH_MAX];
static int taken; /* of the recorder's messages */

static uint64_t now_us(void)
{
	return clock_us;
}

static int send_parts(struct hws_host_viewer *v HWS_UNUSED,
		const struct hws_session_row *row HWS_UNUSED, struct hws_bytes head,
		struct hws_bytes rest)
{
	Ses__Message *m = NULL;

	ck_assert_uint_eq(rest.len, 0);
	ck_assert_int_eq(hws_ses_unpack(head, &m), HWS_OK);
	boxes += m->union_case == SES__MESSAGE__UNION_MESSAGE_BOX;
	if (m->union_case == SES__MESSAGE__UNION_FILE_ACTION) {
		ck_assert_int_eq(m->file_action->send->id, 0);
		ck_assert_int_eq(m->file_action->send->file_num, 1);
		ck_assert_int_eq(hws_str_copy(offer, sizeof(offer), m->file_action->send->path),
				HWS_OK);
	}
	if (m->union_case == SES__MESSAGE__UNION_FILE_RESPONSE) {
		const Ses__FileResponse *f = m->file_response;

		if (f->union_case == SES__FILE_RESPONSE__UNION_BLOCK) {
			blocks++;
			ck_assert(!f->block->compressed);
			ck_assert_uint_le(f->block->data.len, 131072);
		}
		dones += f->union_case == SES__FILE_RESPONSE__UNION_DONE;
	}
	if (!deaf)
		recorder_feed(&r, m);
	hws_ses_free(m);
	return HWS_OK;
}

static bool congested(const struct hws_host_viewer *v HWS_UNUSED, enum hws_send_class cls)
{
	ck_assert_int_eq(cls, HWS_SEND_BULK);
	return choked;
}

static void on_audit(const struct hws_audit_event *e, void *arg HWS_UNUSED)
{
	ck_assert_str_eq(e->what, "print.sent");
	audit_result = e->result;
}

static void on_job(int result, uint64_t bytes, const char *text, void *arg HWS_UNUSED)
{
	jobs++;
	job_result = result;
	job_bytes = bytes;
	ck_assert_int_eq(hws_str_copy(job_text, sizeof(job_text), text), HWS_OK);
}

static const struct hws_host_service_impl *const list[] = { &hws_print_host_service, NULL };

static void write_page(size_t bytes)
{
	FILE *f = fopen(page, "w");

	ck_assert_ptr_nonnull(f);
	fputs("%PDF-1.7\n", f);
	for (size_t i = 9; i < bytes; i++)
		fputc((int)(i * 7 + i / 255), f);
	ck_assert_int_eq(fclose(f), 0);
}

static void open_view(const char *where)
{
	struct hws_error err = { 0 };

	ck_assert_int_eq(hws_print_view_new(&(struct hws_print_view_conf){ .loop = loop,
							    .work = work,
							    .where = where,
							    .on_job = on_job,
							    .now_us = now_us },
					 &view, &err),
			HWS_OK);
	hws_viewer_serve(r.viewer, hws_print_view_service(view));
	taken = (int)r.sent_count;
}

static void setup(void)
{
	struct hws_host_env env = { 0 };

	boxes = blocks = jobs = dones = 0;
	choked = deaf = false;
	job_result = audit_result = 1;
	clock_us = 1000;
	view = NULL;
	test_dir(dir, sizeof(dir));
	snprintf(page, sizeof(page), "%s/page", dir);
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	ck_assert_int_eq(hws_work_new(1, 8, &work), HWS_OK);
	env.loop = loop;
	env.work = work;
	env.on_audit = on_audit;
	ck_assert_int_eq(hws_host_set_new(list, &env, &set), HWS_OK);
	guest = (struct hws_host_viewer){ .slot = 3,
		.permissions = ~0u,
		.level = HWS_LEVEL_V2,
		.send_parts = send_parts,
		.congested = congested };
	hws_host_set_join(set, &guest, NULL);
	recorder_ready(&r, "Linux", "1.4.9");
}

static void teardown(void)
{
	hws_host_set_leave(set, &guest);
	hws_host_set_free(set);
	recorder_done(&r);
	hws_print_view_free(view);
	hws_work_free(work);
	hws_loop_free(loop);
}

static int prints(const char *file, const char *why)
{
	struct hws_error err = { 0 };
	int result = hws_host_set_command(set, "print", &guest, file, &err);

	ck_assert_msg(!why || strstr(err.text, why), "said: %s", err.text);
	return result;
}

/* What the viewer has sent goes to the host. False: a message that it does not serve. */
static bool carry(void)
{
	bool served = true;

	while (taken < (int)r.sent_count) {
		Ses__Message *m = recorder_sent(&r, taken++);

		served = hws_host_set_message(set, &guest, m) && served;
		hws_ses_free(m);
	}
	return served;
}

static void until_jobs(unsigned n)
{
	while (jobs < n) {
		ck_assert(carry());
		hws_loop_once(loop, 100);
	}
}

/* The only file beside the page; its whole content. */
static size_t read_only_file(char **ret, char name[256])
{
	DIR *d = opendir(dir);
	char path[600];
	size_t n = 0;
	FILE *f;

	ck_assert_ptr_nonnull(d);
	for (struct dirent *e; (e = readdir(d));)
		if (*e->d_name != '.' && strcmp(e->d_name, "page") != 0) {
			ck_assert_uint_eq(n++, 0);
			ck_assert_int_eq(hws_str_copy(name, 256, e->d_name), HWS_OK);
		}
	closedir(d);
	ck_assert_uint_eq(n, 1);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	*ret = calloc(1, 1u << 21);
	n = fread(*ret, 1, 1u << 21, f);
	fclose(f);
	return n;
}

START_TEST(a_job_goes_from_file_to_file)
{
	char *got, name[256];
	size_t n;

	write_page(300000);
	open_view(dir);
	ck_assert_int_eq(prints(page, NULL), HWS_OK);
	until_jobs(1);
	ck_assert_int_eq(job_result, HWS_OK);
	ck_assert_uint_eq(job_bytes, 300000);
	ck_assert_int_eq(audit_result, HWS_OK);
	ck_assert_uint_eq(blocks, 3);
	ck_assert_uint_eq(dones, 1);
	n = read_only_file(&got, name);
	ck_assert_uint_eq(n, 300000);
	for (size_t i = 9; i < n; i++)
		ck_assert_uint_eq((uint8_t)got[i], (uint8_t)(i * 7 + i / 255));
	ck_assert_str_eq(strrchr(name, '.'), ".pdf");
	free(got);
}
END_TEST

START_TEST(a_line_that_is_full_holds_it_up)
{
	write_page(300000);
	open_view(dir);
	choked = true;
	ck_assert_int_eq(prints(page, NULL), HWS_OK);
	ck_assert(carry());
	for (int i = 0; i < 20; i++)
		hws_loop_once(loop, 10);
	ck_assert_uint_eq(blocks, 0);
	ck_assert_int_eq(prints(page, "another job"), HWS_ERR_BUSY);
	choked = false;
	hws_host_set_drained(set, &guest, HWS_SEND_BULK);
	until_jobs(1);
	ck_assert_int_eq(job_result, HWS_OK);
}
END_TEST

START_TEST(who_may_not_is_told)
{
	write_page(100);
	guest.permissions = ~HWS_NEED(HWS_PERM_REMOTE_PRINTER);
	ck_assert_int_eq(prints(page, "enable-remote-printer"), HWS_ERR_DENIED);
	guest.permissions = ~0u;
	guest.level = HWS_LEVEL_V1;
	ck_assert_int_eq(prints(page, "XPS"), HWS_ERR_UNSUPPORTED);
	ck_assert_uint_eq(boxes, 2);
	guest.level = HWS_LEVEL_V2;
	ck_assert_int_eq(prints("page", "not absolute"), HWS_ERR_INVAL);
	ck_assert_int_eq(prints("/dev/null", "regular file"), HWS_ERR_INVAL);
}
END_TEST

static bool answers(int32_t id, const char *path, bool printer)
{
	Ses__FileTransferSendRequest q = SES__FILE_TRANSFER_SEND_REQUEST__INIT;
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	q.id = id;
	q.path = (char *)(uintptr_t)path;
	q.file_type = printer ? SES__FILE_TRANSFER_SEND_REQUEST__FILE_TYPE__Printer
			      : SES__FILE_TRANSFER_SEND_REQUEST__FILE_TYPE__Generic;
	a.union_case = SES__FILE_ACTION__UNION_SEND;
	a.send = &q;
	m.union_case = SES__MESSAGE__UNION_FILE_ACTION;
	m.file_action = &a;
	return hws_host_set_message(set, &guest, &m);
}

/* Nothing of files may be read this way. */
START_TEST(only_the_offered_job_is_served)
{
	write_page(100);
	deaf = true;
	ck_assert(!answers(1, "RustDesk://FsJob//Printer/1", true));
	ck_assert_int_eq(prints(page, NULL), HWS_OK);
	ck_assert(!answers(1, "/etc/passwd", true));
	ck_assert(!answers(1, "/etc/passwd", false));
	ck_assert(!answers(0, offer, true));
	ck_assert(!answers(-5, offer, true));
	ck_assert(!answers(5, offer, false));
	ck_assert(answers(5, offer, true));
	ck_assert(!answers(6, offer, true)); /* once */
	while (!dones)
		hws_loop_once(loop, 100);
	ck_assert(!answers(6, offer, true)); /* it is over */
}
END_TEST

/* --- the viewer, with a host that says anything ----------------------------------------------- */

static void offers(int32_t id, const char *path)
{
	Ses__FileTransferSendRequest q = SES__FILE_TRANSFER_SEND_REQUEST__INIT;
	Ses__FileAction a = SES__FILE_ACTION__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	q.id = id;
	q.path = (char *)(uintptr_t)path;
	q.file_num = 1;
	q.file_type = SES__FILE_TRANSFER_SEND_REQUEST__FILE_TYPE__Printer;
	a.union_case = SES__FILE_ACTION__UNION_SEND;
	a.send = &q;
	m.union_case = SES__MESSAGE__UNION_FILE_ACTION;
	m.file_action = &a;
	recorder_feed(&r, &m);
}

static void sends_block(int32_t id, const char *data, size_t n, bool compressed)
{
	Ses__FileTransferBlock b = SES__FILE_TRANSFER_BLOCK__INIT;
	Ses__FileResponse f = SES__FILE_RESPONSE__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	b.id = id;
	b.data = (ProtobufCBinaryData){ n, (uint8_t *)(uintptr_t)data };
	b.compressed = compressed;
	f.union_case = SES__FILE_RESPONSE__UNION_BLOCK;
	f.block = &b;
	m.union_case = SES__MESSAGE__UNION_FILE_RESPONSE;
	m.file_response = &f;
	recorder_feed(&r, &m);
}

static void sends_done(int32_t id)
{
	Ses__FileTransferDone d = SES__FILE_TRANSFER_DONE__INIT;
	Ses__FileResponse f = SES__FILE_RESPONSE__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	d.id = id;
	f.union_case = SES__FILE_RESPONSE__UNION_DONE;
	f.done = &d;
	m.union_case = SES__MESSAGE__UNION_FILE_RESPONSE;
	m.file_response = &f;
	recorder_feed(&r, &m);
}

static int unanswered(const char *path)
{
	int before = (int)r.sent_count;

	offers(0, path);
	return (int)r.sent_count == before;
}

START_TEST(odd_offers_are_not_answered)
{
	open_view(dir);
	ck_assert(unanswered("/etc/passwd"));
	ck_assert(unanswered("RustDesk://FsJob//Printer/"));
	ck_assert(unanswered("RustDesk://FsJob//Printer/1x"));
	ck_assert(unanswered("RustDesk://FsJob//Printer/../../x"));
	ck_assert(unanswered("RustDesk://FsJob//Printer/123456789012345678901"));
	ck_assert(!unanswered("RustDesk://FsJob//Printer/1700000000000"));
	ck_assert(unanswered("RustDesk://FsJob//Printer/2")); /* one at a time */
	sends_block(77, "%PDF-", 5, false);                   /* of no job of ours */
	sends_done(77);
	ck_assert_uint_eq(jobs, 0);
}
END_TEST

START_TEST(who_wants_none_answers_none)
{
	open_view(NULL);
	ck_assert(unanswered("RustDesk://FsJob//Printer/1700000000000"));
}
END_TEST

START_TEST(a_windows_hosts_xps_is_saved_as_that)
{
	char *got, name[256];

	open_view(dir);
	offers(0, "RustDesk://FsJob//Printer/1700000000000");
	sends_block(1, "PK\x03\x04 and so on", 14, false);
	sends_done(1);
	while (!jobs)
		hws_loop_once(loop, 100);
	ck_assert_int_eq(job_result, HWS_OK);
	ck_assert_ptr_nonnull(strstr(job_text, "XPS"));
	ck_assert_uint_eq(read_only_file(&got, name), 14);
	ck_assert_str_eq(strrchr(name, '.'), ".xps");
	free(got);
}
END_TEST

START_TEST(a_job_that_is_none_is_cancelled)
{
	Ses__Message *m;

	open_view(dir);
	offers(0, "RustDesk://FsJob//Printer/1");
	sends_block(1, "x", 1, true);
	ck_assert_uint_eq(jobs, 1);
	ck_assert_int_eq(job_result, HWS_ERR_PROTO);
	m = recorder_sent(&r, -1);
	ck_assert_int_eq(m->file_action->union_case, SES__FILE_ACTION__UNION_CANCEL);
	ck_assert_int_eq(m->file_action->cancel->id, 1);
	hws_ses_free(m);
	/* empty, and one whose rest does not come */
	offers(0, "RustDesk://FsJob//Printer/2");
	sends_done(2);
	ck_assert_uint_eq(jobs, 2);
	offers(0, "RustDesk://FsJob//Printer/3");
	sends_block(3, "x", 1, false);
	clock_us += HWS_PRINT_WAIT_US + 1;
	hws_viewer_tick(r.viewer, clock_us);
	ck_assert_uint_eq(jobs, 3);
	ck_assert_int_eq(job_result, HWS_ERR_TIMEOUT);
}
END_TEST

START_TEST(a_job_beyond_the_bound_is_cancelled)
{
	char *big = calloc(1, HWS_PRINT_BLOCK);

	open_view(dir);
	offers(0, "RustDesk://FsJob//Printer/1");
	for (unsigned i = 0; i < HWS_PRINT_MAX / HWS_PRINT_BLOCK; i++)
		sends_block(1, big, HWS_PRINT_BLOCK, false);
	ck_assert_uint_eq(jobs, 0);
	sends_block(1, big, 1, false);
	ck_assert_uint_eq(jobs, 1);
	ck_assert_int_eq(job_result, HWS_ERR_TOOBIG);
	free(big);
}
END_TEST

START_TEST(places_are_checked_beforehand)
{
	static const char *const bad[] = { "/nowhere/at/all", "/etc/passwd", "cups:", "cups:-o",
		"cups:a b", "cups:a/b" };
	struct hws_print_outlet o;
	struct hws_error err = { 0 };

	for (size_t i = 0; i < HWS_COUNT(bad); i++)
		ck_assert_msg(hws_print_outlet_init(&o, bad[i], &err) < 0, "%s", bad[i]);
	ck_assert_int_eq(hws_print_outlet_init(&o, "cups:Laser_2", &err), HWS_OK);
	ck_assert_str_eq(o.queue, "Laser_2");
	hws_print_outlet_done(&o);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("services/print");
	TCase *t = test_case(s, "print", 60,
			TESTS(a_job_goes_from_file_to_file, a_line_that_is_full_holds_it_up,
					who_may_not_is_told, only_the_offered_job_is_served,
					odd_offers_are_not_answered, who_wants_none_answers_none,
					a_windows_hosts_xps_is_saved_as_that,
					a_job_that_is_none_is_cancelled,
					a_job_beyond_the_bound_is_cancelled,
					places_are_checked_beforehand));

	tcase_add_checked_fixture(t, setup, teardown);
	return test_suite_run(s);
}
