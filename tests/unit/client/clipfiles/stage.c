/* Set-up of tests of clipboard files; see stage.h. */
#include "tests/unit/client/clipfiles/stage.h"
#include "shared/base/clock.h"
#include "shared/base/list.h"
#include "shared/base/mem.h"
#include "shared/wire/envelope.h"
#include "tests/support/proc.h"
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct stage stage;

struct letter {
	struct hws_list node;
	bool to_host;
	size_t len;
	uint8_t data[];
};

/* --- files ------------------------------------------------------------------------------------ */

const char *stage_path(const char *name)
{
	static char buf[8][PATH_MAX];
	static unsigned turn;
	char *p = buf[turn++ % 8];

	snprintf(p, PATH_MAX, "%s/%s", stage.dir, name);
	return p;
}

void stage_write(const char *name, const char *text)
{
	FILE *f = fopen(stage_path(name), "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
}

void stage_folder(const char *name)
{
	ck_assert_int_eq(mkdir(stage_path(name), 0755), 0);
}

static int remove_one(const char *path, const struct stat *st, int what, struct FTW *ftw)
{
	(void)st;
	(void)what;
	(void)ftw;
	return remove(path);
}

static void same_file(const char *a, const char *b)
{
	static char x[1 << 16], y[1 << 16];
	FILE *f = fopen(a, "r"), *g = fopen(b, "r");
	size_t n;

	ck_assert_msg(f && g, "%s, %s", a, b);
	do {
		n = fread(x, 1, sizeof(x), f);
		ck_assert_uint_eq(fread(y, 1, sizeof(y), g), n);
		ck_assert_msg(memcmp(x, y, n) == 0, "%s and %s differ", a, b);
	} while (n);
	fclose(f);
	fclose(g);
}

void stage_equal(const char *a, const char *b)
{
	struct stat s, t;
	struct dirent **names;
	int n;

	ck_assert_msg(stat(a, &s) == 0, "%s", a);
	ck_assert_msg(stat(b, &t) == 0, "%s", b);
	ck_assert_uint_eq(s.st_mode & S_IFMT, t.st_mode & S_IFMT);
	if (!S_ISDIR(s.st_mode)) {
		ck_assert_int_eq(s.st_mtime, t.st_mtime);
		same_file(a, b);
		return;
	}
	n = scandir(a, &names, NULL, NULL);
	ck_assert_int_ge(n, 2);
	for (int i = 0; i < n; i++) {
		char x[PATH_MAX], y[PATH_MAX];

		if (strcmp(names[i]->d_name, ".") != 0 && strcmp(names[i]->d_name, "..") != 0) {
			snprintf(x, sizeof(x), "%s/%s", a, names[i]->d_name);
			snprintf(y, sizeof(y), "%s/%s", b, names[i]->d_name);
			stage_equal(x, y);
		}
		free(names[i]);
	}
	free(names);
	struct dirent **others;
	int m = scandir(b, &others, NULL, NULL);
	for (int i = 0; i < m; i++)
		free(others[i]);
	free(others);
	ck_assert_int_eq(m, n);
}

/* --- the line --------------------------------------------------------------------------------- */

static int post(const Ses__Message *m, bool to_host)
{
	struct letter *l;
	struct hws_buf out;

	if (!to_host && stage.congested)
		return HWS_ERR_FULL;
	hws_buf_init(&out, 32u << 20);
	ck_assert_int_eq(hws_ses_pack(m, &out), HWS_OK);
	ck_assert_uint_le(hws_buf_len(&out), 16u << 20);
	l = hws_alloc(sizeof(*l) + hws_buf_len(&out));
	l->to_host = to_host;
	l->len = hws_buf_len(&out);
	memcpy(l->data, hws_buf_bytes(&out).ptr, l->len);
	stage.said_len[to_host] = HWS_MIN(l->len, sizeof(stage.said[0]));
	memcpy(stage.said[to_host], l->data, stage.said_len[to_host]);
	hws_list_push(&stage.line, &l->node);
	hws_buf_done(&out);
	return HWS_OK;
}

static int send_host(const Ses__Message *m, void *arg HWS_UNUSED)
{
	stage.sent_host++;
	return post(m, false);
}

static int send_viewer(const Ses__Message *m, void *arg HWS_UNUSED)
{
	stage.sent_viewer++;
	return post(m, true);
}

static bool can_send(void *arg HWS_UNUSED)
{
	return !stage.congested;
}

static void deliver(struct letter *l)
{
	Ses__Message *m;

	ck_assert_int_eq(hws_ses_unpack(hws_bytes(l->data, l->len), &m), HWS_OK);
	if (stage.on_request && m->cliprdr->union_case == SES__CLIPRDR__UNION_FILE_CONTENTS_REQUEST)
		stage.on_request(m->cliprdr->file_contents_request);
	if (m->cliprdr->union_case == SES__CLIPRDR__UNION_FILES)
		stage.files_told += (unsigned)m->cliprdr->files->n_files;
	hws_clip_end_message(l->to_host ? stage.host : stage.viewer, m->cliprdr);
	hws_ses_free(m);
}

void stage_turn(void)
{
	struct hws_list *node;

	while ((node = hws_list_first(&stage.line))) {
		struct letter *l = hws_container(node, struct letter, node);

		hws_list_remove(node);
		if (!stage.cut)
			deliver(l);
		hws_free(l);
	}
	hws_loop_once(stage.loop, 2000);
}

void stage_until(bool (*done)(void))
{
	uint64_t due = hws_clock_us() + TEST_PATIENCE_MS * HWS_US_PER_MS;

	while (!done()) {
		ck_assert_msg(hws_clock_us() < due, "what was waited for did not come");
		stage_turn();
	}
}

/* --- the ends --------------------------------------------------------------------------------- */

static void on_read(const struct hws_clip_tree *t HWS_UNUSED, uint32_t index HWS_UNUSED,
		void *arg HWS_UNUSED)
{
	stage.read++;
}

static void on_list(struct hws_clip_list *list, void *arg HWS_UNUSED)
{
	stage.list = list;
	stage.lists++;
}

static void on_refused(const char *why, void *arg HWS_UNUSED)
{
	snprintf(stage.why, sizeof(stage.why), "%s", why);
	stage.refused++;
}

static void on_gone(void *arg HWS_UNUSED)
{
	stage.list = NULL;
	stage.gone++;
}

static uint64_t the_time(void *arg HWS_UNUSED)
{
	return hws_clock_us() + stage.clock_us;
}

static void make_end(bool extended, bool is_viewer, struct hws_clip_end **ret)
{
	struct hws_clip_end_conf conf = { .loop = stage.loop,
		.work = stage.work,
		.extended = extended,
		.is_viewer = is_viewer,
		.send = is_viewer ? send_viewer : send_host,
		.can_send = is_viewer ? NULL : can_send,
		.on_read = on_read,
		.on_list = on_list,
		.on_refused = on_refused,
		.on_gone = on_gone };

	ck_assert_int_eq(hws_clip_end_new(&conf, ret), HWS_OK);
	hws_clip_end_allow(*ret, true, true);
}

void stage_begin(bool extended)
{
	stage = (struct stage){ .dir = "/tmp/clipfiles_XXXXXX" };
	hws_list_init(&stage.line);
	ck_assert_ptr_nonnull(mkdtemp(stage.dir));
	ck_assert_int_eq(hws_loop_new(&stage.loop), HWS_OK);
	hws_loop_set_clock(stage.loop, the_time, NULL);
	ck_assert_int_eq(hws_work_new(2, 64, &stage.work), HWS_OK);
	make_end(extended, false, &stage.host);
	make_end(extended, true, &stage.viewer);
}

void stage_end(void)
{
	struct hws_list *node;

	hws_clip_end_free(stage.host);
	hws_clip_end_free(stage.viewer);
	while ((node = hws_list_first(&stage.line))) {
		hws_list_remove(node);
		hws_free(hws_container(node, struct letter, node));
	}
	hws_work_free(stage.work);
	hws_loop_once(stage.loop, 0);
	hws_loop_free(stage.loop);
	ck_assert_int_eq(nftw(stage.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static unsigned lists_before;

static bool has_list(void)
{
	return stage.lists + stage.refused > lists_before;
}

struct hws_clip_tree *stage_copy(const char *name)
{
	const char *path = stage_path(name);
	struct hws_error err = { 0 };
	struct hws_clip_tree *t;

	ck_assert_msg(hws_clip_tree_new(&path, 1, NULL, &t, &err) == HWS_OK, "%s", err.text);
	lists_before = stage.lists + stage.refused;
	ck_assert_int_eq(hws_clip_owner_offer(hws_clip_end_owner(stage.host), t), HWS_OK);
	if (!stage.cut)
		stage_until(has_list);
	hws_clip_tree_unref(t);
	return t;
}

static bool fetched;
static int fetch_result;

static bool is_fetched(void)
{
	return fetched;
}

static void on_progress(const struct hws_clip_fetch_progress *p, void *arg HWS_UNUSED)
{
	ck_assert_uint_le(p->bytes, p->bytes_all);
	ck_assert_uint_le(p->entries, p->entries_all);
}

static void on_fetched(int r, const char *why, void *arg HWS_UNUSED)
{
	fetched = true;
	fetch_result = r;
	snprintf(stage.why, sizeof(stage.why), "%s", why);
}

int stage_fetch(const char *name)
{
	struct hws_clip_fetch *f;

	fetched = false;
	mkdir(stage_path(name), 0755);
	ck_assert_int_eq(hws_clip_fetch_new(&(struct hws_clip_fetch_conf){ .loop = stage.loop,
							    .work = stage.work,
							    .paster = hws_clip_end_paster(
									    stage.viewer),
							    .folder = stage_path(name),
							    .on_progress = on_progress,
							    .on_done = on_fetched },
					 &f),
			HWS_OK);
	stage_until(is_fetched);
	hws_clip_fetch_free(f);
	return fetch_result;
}
