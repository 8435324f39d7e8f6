/* Two engines on one loop. Messages are delivered some at a time, both ways in turn, and the line
 * tells its ends when it is full and when it has room again, as the real ones do. */
#include "tests/unit/client/services/files/pair.h"
#include "client/services/files/listing.h"
#include "client/services/files/names.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"
#include "shared/wire/limits.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TURNS_MAX 3000000u /* of a millisecond: the test's own limit ends it before */

struct message {
	struct hws_list node;
	struct hws_buf buf;
};

struct pair pair;

static int send_to(int to, struct hws_bytes head, struct hws_bytes rest)
{
	struct pair_end *e = &pair.end[to];
	struct message *m;

	if (pair.cut)
		return HWS_ERR_CLOSED;
	ck_assert_uint_le(head.len + rest.len, HWS_SES_FRAME_MAX);
	m = hws_alloc(sizeof(*m));
	hws_buf_init(&m->buf, HWS_SES_FRAME_MAX);
	hws_buf_put(&m->buf, head.ptr, head.len);
	if (rest.len)
		hws_buf_put(&m->buf, rest.ptr, rest.len);
	ck_assert_int_eq(hws_buf_err(&m->buf), HWS_OK);
	e->in_bytes += head.len + rest.len;
	hws_list_push(&e->in, &m->node);
	return HWS_OK;
}

static int end_of(void *arg)
{
	return arg == &pair.end[HOST] ? HOST : VIEWER;
}

static int on_send(enum hws_files_family family HWS_UNUSED, struct hws_bytes head,
		struct hws_bytes rest, void *arg)
{
	return send_to(!end_of(arg), head, rest);
}

static bool on_congested(void *arg)
{
	int me = end_of(arg);
	bool full = pair.end[!me].in_bytes >= pair.line;

	if (full)
		pair.end[me].was_congested = true;
	return full;
}

static void on_hold(bool hold, void *arg)
{
	pair.end[end_of(arg)].held = hold;
}

static void on_event(const struct hws_files_event *e, void *arg)
{
	struct pair_end *p = arg;
	struct pair_event *x = &p->event[HWS_MIN(p->events, PAIR_EVENTS - 1)];

	p->events++;
	*x = (struct pair_event){ .type = e->type,
		.id = e->id,
		.file = e->file,
		.failed = e->failed,
		.skipped = e->skipped,
		.files = e->files,
		.err = e->err,
		.partial = e->partial,
		.identical = e->identical };
	snprintf(x->name, sizeof(x->name), "%s", e->name);
	snprintf(x->text, sizeof(x->text), "%s", e->text);
	if (e->type == HWS_FILES_ASK && pair.answer >= 0)
		ck_assert_int_eq(hws_files_decide(pair.end[VIEWER].files, e->id, e->file,
						 (enum hws_files_answer)pair.answer, false),
				HWS_OK);
}

void pair_setup(void)
{
	static const char *const names[] = { "viewer", "host" };

	memset(&pair, 0, sizeof(pair));
	pair.line = 4 << 20;
	pair.answer = -1;
	ck_assert_int_eq(hws_loop_new(&pair.loop), HWS_OK);
	ck_assert_int_eq(hws_work_new(2, 256, &pair.work), HWS_OK);
	for (int i = 0; i < 2; i++) {
		struct pair_end *e = &pair.end[i];
		char template[256];

		snprintf(template, sizeof(template), "%s/pairXXXXXX", getenv("TMPDIR"));
		ck_assert_ptr_nonnull(mkdtemp(template));
		snprintf(e->dir, sizeof(e->dir), "%s/%s", template, names[i]);
		ck_assert_int_eq(mkdir(e->dir, 0700), 0);
		ck_assert_int_eq(hws_roots_new(e->dir, &e->roots), HWS_OK);
		ck_assert_int_eq(hws_roots_add(e->roots, e->dir, HWS_ROOT_BOTH, NULL), HWS_OK);
		hws_list_init(&e->in);
	}
}

static void drop_messages(struct pair_end *e)
{
	struct hws_list *node;

	while ((node = hws_list_first(&e->in))) {
		struct message *m = hws_container(node, struct message, node);
		hws_list_remove(node);
		hws_buf_done(&m->buf);
		hws_free(m);
	}
	e->in_bytes = 0;
}

void pair_close(void)
{
	for (int i = 0; i < 2; i++) {
		hws_files_free(pair.end[i].files);
		pair.end[i].files = NULL;
		drop_messages(&pair.end[i]);
	}
	/* what was under way at the disk has ended */
	hws_work_free(pair.work);
	for (int i = 0; i < 20; i++)
		hws_loop_once(pair.loop, 0);
	ck_assert_int_eq(hws_work_new(2, 256, &pair.work), HWS_OK);
	for (int i = 0; i < 20; i++)
		hws_loop_once(pair.loop, 0);
}

static int remove_one(const char *path, const struct stat *st HWS_UNUSED, int type HWS_UNUSED,
		struct FTW *ftw HWS_UNUSED)
{
	return remove(path);
}

void pair_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void pair_teardown(void)
{
	pair_close();
	hws_work_free(pair.work);
	hws_loop_free(pair.loop);
	for (int i = 0; i < 2; i++) {
		hws_roots_free(pair.end[i].roots);
		*strrchr(pair.end[i].dir, '/') = 0;
		pair_remove(pair.end[i].dir);
	}
}

void pair_open(bool extended)
{
	pair.extended = extended;
	pair.cut = false;
	for (int i = 0; i < 2; i++) {
		struct hws_files_conf c = {
			.loop = pair.loop,
			.work = pair.work,
			.roots = pair.end[i].roots,
			.host = i == HOST,
			.extended = extended,
			.old_peer = pair.old_peer,
			.durable = pair.durable,
			.send = on_send,
			.congested = on_congested,
			.hold = on_hold,
			.event = on_event,
			.arg = &pair.end[i],
		};
		ck_assert_int_eq(hws_files_new(&c, &pair.end[i].files), HWS_OK);
	}
}

static bool deliver(int to)
{
	struct pair_end *e = &pair.end[to];
	struct hws_list *node = e->held ? NULL : hws_list_first(&e->in);
	Ses__Message *m = NULL;

	if (!node || pair.cut)
		return false;
	struct message *x = hws_container(node, struct message, node);
	hws_list_remove(node);
	struct hws_bytes b = hws_buf_bytes(&x->buf);
	e->in_bytes -= b.len;
	pair.messages++;
	pair.bytes += b.len;
	if (pair.cut_after && pair.bytes >= pair.cut_after)
		pair.cut = true;
	ck_assert_int_eq(hws_ses_unpack(b, &m), HWS_OK);
	if (!pair.filter || pair.filter(to, m))
		hws_files_message(e->files, m);
	hws_ses_free(m);
	hws_buf_done(&x->buf);
	hws_free(x);
	if (pair.end[!to].was_congested && e->in_bytes < pair.line / 2) {
		pair.end[!to].was_congested = false;
		hws_files_drained(pair.end[!to].files);
	}
	return true;
}

static bool turn(void)
{
	bool moved = false;

	for (int i = 0; i < 8; i++)
		moved = deliver(i % 2) || moved;
	hws_loop_once(pair.loop, moved ? 0 : 1000);
	return moved;
}

const struct pair_event *pair_find(int end, enum hws_files_event_type type, int32_t id)
{
	for (size_t i = 0; i < HWS_MIN(pair.end[end].events, PAIR_EVENTS); i++)
		if (pair.end[end].event[i].type == type && pair.end[end].event[i].id == id)
			return &pair.end[end].event[i];
	return NULL;
}

size_t pair_count(int end, enum hws_files_event_type type)
{
	size_t n = 0;

	for (size_t i = 0; i < HWS_MIN(pair.end[end].events, PAIR_EVENTS); i++)
		n += pair.end[end].event[i].type == type;
	return n;
}

const struct pair_event *pair_run(int32_t id)
{
	for (unsigned i = 0; i < TURNS_MAX && !pair.cut; i++) {
		const struct pair_event *e = pair_find(VIEWER, HWS_FILES_DONE, id);

		if (!e)
			e = pair_find(VIEWER, HWS_FILES_FAILED, id);
		if (e)
			return e;
		turn();
	}
	ck_assert_msg(pair.cut, "the job has not ended");
	return NULL;
}

void pair_settle(void)
{
	for (unsigned quiet = 0; quiet < 30;)
		quiet = turn() ? 0 : quiet + 1;
}

void pair_forget_events(void)
{
	pair.end[0].events = pair.end[1].events = 0;
}

static struct hws_files_job job(int32_t id, const char *local, const char *remote,
		enum hws_files_policy policy, bool resume)
{
	return (struct hws_files_job){ .id = id,
		.local = local,
		.remote = remote,
		.policy = policy,
		.resume = resume,
		.hidden = true };
}

int pair_download(int32_t id, const char *from, const char *to, enum hws_files_policy policy,
		bool resume)
{
	char local[1024], remote[1024], wire[3072];

	pair_path(VIEWER, to, local);
	pair_path(HOST, from, remote);
	ck_assert_int_eq(hws_name_to_wire(remote, wire, sizeof(wire)), HWS_OK);
	struct hws_files_job q = job(id, local, wire, policy, resume);
	return hws_files_download(pair.end[VIEWER].files, &q);
}

int pair_upload(int32_t id, const char *from, const char *to, enum hws_files_policy policy,
		bool resume)
{
	char local[1024], remote[1024], wire[3072];

	pair_path(VIEWER, from, local);
	pair_path(HOST, to, remote);
	ck_assert_int_eq(hws_name_to_wire(remote, wire, sizeof(wire)), HWS_OK);
	struct hws_files_job q = job(id, local, wire, policy, resume);
	return hws_files_upload(pair.end[VIEWER].files, &q);
}

/* --- files --- */

void pair_path(int end, const char *name, char buf[1024])
{
	snprintf(buf, 1024, "%s%s%s", pair.end[end].dir, *name ? "/" : "", name);
}

static void fill(uint8_t *p, size_t n, unsigned seed)
{
	uint64_t x = 0x9e3779b97f4a7c15u * (seed + 1);

	for (size_t i = 0; i < n; i++) {
		if (seed % 2) { /* odd ones are text */
			p[i] = (uint8_t)("all work and no play "[(i + seed) % 21]);
			continue;
		}
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		p[i] = (uint8_t)x;
	}
}

void pair_write(int end, const char *name, size_t size, unsigned seed)
{
	char path[1024];
	uint8_t *p = hws_alloc(size + 1);

	pair_path(end, name, path);
	for (char *s = strchr(path + strlen(pair.end[end].dir) + 1, '/'); s;
			s = strchr(s + 1, '/')) {
		*s = 0;
		mkdir(path, 0755);
		*s = '/';
	}
	fill(p, size, seed);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, p, size), (ssize_t)size);
	struct timespec t[2] = { { 1700000000 + seed, 0 },
		{ 1600000000 + seed, pair.extended ? 123456789 : 0 } };
	ck_assert_int_eq(futimens(fd, t), 0);
	close(fd);
	hws_free(p);
}

static bool stat_of(int end, const char *name, struct stat *st)
{
	char path[1024];

	pair_path(end, name, path);
	return lstat(path, st) == 0;
}

bool pair_exists(int end, const char *name)
{
	struct stat st;

	return stat_of(end, name, &st);
}

uint64_t pair_size(int end, const char *name)
{
	struct stat st;

	ck_assert(stat_of(end, name, &st));
	return (uint64_t)st.st_size;
}

static uint8_t *content(int end, const char *name, size_t *ret)
{
	char path[1024];

	pair_path(end, name, path);
	*ret = pair_size(end, name);
	uint8_t *p = hws_alloc(*ret + 1);
	int fd = open(path, O_RDONLY);
	ck_assert_int_eq(read(fd, p, *ret), (ssize_t)*ret);
	close(fd);
	return p;
}

void pair_same_file(const char *viewer, const char *host)
{
	struct stat a, b;
	size_t n, m;

	ck_assert_msg(stat_of(VIEWER, viewer, &a), "%s is missing", viewer);
	ck_assert_msg(stat_of(HOST, host, &b), "%s is missing", host);
	uint8_t *p = content(VIEWER, viewer, &n), *q = content(HOST, host, &m);
	ck_assert_msg(n == m, "%s has %zu instead of %zu bytes", viewer, n, m);
	ck_assert_msg(!memcmp(p, q, n), "%s differs", viewer);
	ck_assert_int_eq(a.st_mtim.tv_sec, b.st_mtim.tv_sec);
	if (pair.extended)
		ck_assert_int_eq(a.st_mtim.tv_nsec, b.st_mtim.tv_nsec);
	hws_free(p);
	hws_free(q);
}

static void list(int end, const char *name, struct hws_listing *l)
{
	char path[1024];
	int fd;

	pair_path(end, name, path);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(hws_listing_walk(l, pair.end[end].roots, fd, true), HWS_OK);
	close(fd);
}

void pair_same(const char *viewer, const char *host)
{
	struct hws_listing a = { 0 }, b = { 0 };
	char x[2048], y[2048];

	list(VIEWER, viewer, &a);
	list(HOST, host, &b);
	ck_assert_uint_eq(a.count, b.count);
	for (size_t i = 0; i < a.count; i++) {
		ck_assert_str_eq(a.entry[i].name, b.entry[i].name);
		snprintf(x, sizeof(x), "%s/%s", viewer, a.entry[i].name);
		snprintf(y, sizeof(y), "%s/%s", host, b.entry[i].name);
		pair_same_file(x, y);
	}
	hws_listing_done(&a);
	hws_listing_done(&b);
}
