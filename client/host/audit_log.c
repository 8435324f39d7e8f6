/* Lines are made here, where sessions are known, and written by a thread, a batch at a time. What
 * the disk does not take is counted like what is too much, and said with the next line that it
 * takes. */
#include "client/host/audit_log.h"
#include "client/host/audit_budget.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/loop/work.h"
#include "shared/sys/private_log.h"
#include <inttypes.h>
#include <jansson.h>

#define RATE 20u     /* events of a session in a second that are written one by one */
#define BURST 20000u /* and at once */
#define SUMS_MAX 64u
#define SUM_US HWS_US_PER_S
#define BATCH_US (100 * HWS_US_PER_MS)
#define WAITING_MAX (4u << 20)
#define TEXT_MAX 4096u

struct sum { /* of events that are too many */
	char event[32];
	uint64_t conn, count, bytes;
};

struct batch { /* on its way to the disk; the thread's until it is done */
	struct hws_private_log *file;
	struct hws_buf lines;
	struct hws_error err;
};

struct hws_audit_log {
	struct hws_loop *loop;
	struct hws_work *work;
	struct hws_private_log file; /* the thread's while `writing` */
	struct hws_buf waiting;
	struct batch batch;
	bool writing;
	struct hws_audit_budget budget;
	struct sum sum[SUMS_MAX];
	unsigned sums;
	uint64_t lost;
	struct hws_timer flush, summing;
};

static int write_batch(void *arg)
{
	struct batch *b = arg;

	return hws_private_log_append(b->file, hws_buf_bytes(&b->lines), &b->err);
}

static void put_line(struct hws_audit_log *l, json_t *o)
{
	char *text = o ? json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	size_t before = hws_buf_len(&l->waiting);

	json_decref(o);
	if (text && before + strlen(text) + 1 <= WAITING_MAX) {
		hws_buf_put(&l->waiting, text, strlen(text));
		hws_buf_put_u8(&l->waiting, '\n');
	} else {
		l->lost++;
	}
	free(text);
}

static json_t *new_line(const char *event)
{
	char when[32];

	return json_pack("{s:s,s:s}", "time", hws_wall_text(hws_wall_us(), when, sizeof(when)),
			"event", event);
}

static void say_lost(struct hws_audit_log *l)
{
	uint64_t lost = l->lost;

	if (!lost)
		return;
	l->lost = 0;
	json_t *o = new_line("audit.lost");
	json_object_set_new(o, "count", json_integer((json_int_t)lost));
	put_line(l, o);
}

static void start_batch(void *arg);

static void on_written(void *arg, int r)
{
	struct batch *b = arg;
	struct hws_audit_log *l = hws_container(b, struct hws_audit_log, batch);

	l->writing = false;
	if (r < 0) {
		hws_error_log("audit.not_written", HWS_STR("why", b->err.text));
		for (size_t i = 0; i < hws_buf_len(&b->lines); i++)
			l->lost += hws_buf_bytes(&b->lines).ptr[i] == '\n';
	}
	hws_buf_reset(&b->lines);
	if (hws_buf_len(&l->waiting))
		hws_timer_start(l->loop, &l->flush, BATCH_US, start_batch, l);
}

static void take_waiting(struct hws_audit_log *l)
{
	struct hws_buf empty = l->batch.lines;

	say_lost(l);
	l->batch.lines = l->waiting;
	l->waiting = empty;
	l->batch.err = (struct hws_error){ 0 };
}

static void start_batch(void *arg)
{
	struct hws_audit_log *l = arg;

	if (l->writing || !hws_buf_len(&l->waiting))
		return;
	take_waiting(l);
	l->writing = hws_work_submit(l->work, l->loop, write_batch, on_written, &l->batch) ==
			HWS_OK;
	if (!l->writing)
		on_written(&l->batch, HWS_ERR_FULL);
}

static void flush_soon(struct hws_audit_log *l)
{
	if (!l->writing && !hws_timer_active(&l->flush))
		hws_timer_start(l->loop, &l->flush, BATCH_US, start_batch, l);
}

static void put_bytes(json_t *o, const char *name, struct hws_bytes b)
{
	char text[TEXT_MAX];

	if (b.len)
		json_object_set_new(o, name, json_string(hws_str_escape(text, sizeof(text), b)));
}

static void put_text(json_t *o, const char *name, const char *text)
{
	put_bytes(o, name, hws_bytes_str(text ? text : ""));
}

static void put_number(json_t *o, const char *name, uint64_t n)
{
	if (n)
		json_object_set_new(o, name, json_integer((json_int_t)(n & INT64_MAX)));
}

/* A token, whatever an agent says. */
static void copy_event(char *buf, size_t size, const char *event)
{
	size_t n = 0;

	for (; event[n] && n + 1 < size; n++) {
		buf[n] = '_';
		if ((event[n] >= 'a' && event[n] <= 'z') || event[n] == '.')
			buf[n] = event[n];
	}
	buf[n] = 0;
}

static void write_sums(void *arg)
{
	struct hws_audit_log *l = arg;

	for (unsigned i = 0; i < l->sums; i++) {
		const struct sum *s = &l->sum[i];
		json_t *o = new_line(s->event);

		put_number(o, "conn", s->conn);
		put_number(o, "count", s->count);
		put_number(o, "bytes", s->bytes);
		put_line(l, o);
	}
	l->sums = 0;
	flush_soon(l);
}

static void add_to_sums(struct hws_audit_log *l, const struct hws_audit_entry *e)
{
	char event[sizeof(l->sum[0].event)];
	unsigned i = 0;

	copy_event(event, sizeof(event), e->event);
	while (i < l->sums && (l->sum[i].conn != e->conn || !hws_str_equal(l->sum[i].event, event)))
		i++;
	if (i == SUMS_MAX) {
		l->lost++;
		return;
	}
	if (i == l->sums) {
		l->sum[i] = (struct sum){ .conn = e->conn };
		memcpy(l->sum[i].event, event, sizeof(event));
		l->sums++;
	}
	l->sum[i].count++;
	l->sum[i].bytes += e->bytes;
	if (!hws_timer_active(&l->summing))
		hws_timer_start(l->loop, &l->summing, SUM_US, write_sums, l);
}

void hws_audit_log_add(struct hws_audit_log *l, const struct hws_audit_entry *e)
{
	char event[32];

	if (!l)
		return;
	if (!e->always &&
			!hws_audit_budget_take(&l->budget, e->session, e->event,
					hws_loop_now_us(l->loop))) {
		add_to_sums(l, e);
		return;
	}
	copy_event(event, sizeof(event), e->event);
	json_t *o = new_line(event);
	put_text(o, "agent", e->agent);
	put_text(o, "account", e->account);
	put_number(o, "conn", e->conn);
	put_text(o, "peer", e->peer);
	put_text(o, "id", e->id);
	put_text(o, "name", e->name);
	put_text(o, "kind", e->kind);
	put_bytes(o, "path", e->path);
	put_bytes(o, "second", e->second);
	put_number(o, "bytes", e->bytes);
	if (e->why && *e->why)
		put_text(o, "result", e->why);
	else if (e->has_result)
		put_text(o, "result", e->result == HWS_OK ? "ok" : hws_err_text(e->result));
	put_line(l, o);
	flush_soon(l);
}

void hws_audit_log_lost(struct hws_audit_log *l, uint64_t count)
{
	if (!l || !count)
		return;
	l->lost += count;
	if (!hws_timer_active(&l->summing))
		hws_timer_start(l->loop, &l->summing, SUM_US, write_sums, l);
}

int hws_audit_log_new(struct hws_loop *loop, const char *dir, struct hws_audit_log **ret)
{
	struct hws_audit_log *l = hws_alloc(sizeof(*l));
	char path[HWS_PRIVATE_LOG_PATH];
	int r = l ? HWS_OK : HWS_ERR_NOMEM;

	if (r == HWS_OK)
		r = hws_fmt(path, sizeof(path), "%s/" HWS_AUDIT_FILE, dir);
	if (r == HWS_OK)
		r = hws_private_log_init(&l->file, path, HWS_AUDIT_MAX, HWS_AUDIT_KEEP);
	if (r == HWS_OK)
		r = hws_work_new(1, 2, &l->work);
	if (r < 0) {
		hws_free(l);
		return r;
	}
	l->loop = loop;
	l->batch.file = &l->file;
	hws_buf_init(&l->waiting, WAITING_MAX + 4096);
	hws_buf_init(&l->batch.lines, WAITING_MAX + 4096);
	hws_audit_budget_init(&l->budget, RATE, BURST);
	*ret = l;
	return HWS_OK;
}

void hws_audit_log_free(struct hws_audit_log *l)
{
	if (!l)
		return;
	hws_timer_stop(&l->flush);
	hws_timer_stop(&l->summing);
	hws_work_free(l->work); /* what is being written is, and tells below */
	while (l->writing)
		hws_loop_once(l->loop, 1000);
	hws_timer_stop(&l->flush);
	write_sums(l);
	hws_timer_stop(&l->flush);
	if (hws_buf_len(&l->waiting)) {
		take_waiting(l);
		if (write_batch(&l->batch) < 0)
			hws_error_log("audit.not_written", HWS_STR("why", l->batch.err.text));
	}
	hws_private_log_close(&l->file);
	hws_buf_done(&l->waiting);
	hws_buf_done(&l->batch.lines);
	hws_free(l);
}
