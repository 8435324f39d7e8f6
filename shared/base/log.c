/* A line is built on the stack and leaves in one write: no allocation, no line torn by another
 * thread, and no value that could end it early or start another. */
#include "shared/base/log.h"

#include "shared/base/bucket.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LINE_SIZE 4096u /* = PIPE_BUF: a pipe that has any room takes a line whole */
#define WAIT_MS 200     /* for a reader that falls behind */
#define VALUE_MAX 768u  /* bytes of one foreign value that are shown */
#define EVENTS_MAX 128u
#define LIMIT_BURST 20u
#define LIMIT_RATE 5u
#define JOURNAL_SOCKET "/run/systemd/journal/socket"

static const char *const level_names[] = { "error", "warn", "info", "debug", "trace" };
/* syslog priorities, as the journal wants them */
static const int priorities[] = { 3, 4, 6, 7, 7 };

static struct {
	const char *program;
	enum hws_log_format format;
	int fd;
	int journal;
	int level; /* atomic */
} state = { "hawser", HWS_LOG_TEXT, STDERR_FILENO, -1, HWS_LOG_INFO };

struct limit {
	const char *event;
	struct hws_bucket bucket;
	uint64_t suppressed;
};

static pthread_mutex_t limits_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t write_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t lost; /* lines, since the last that was written */
static struct limit limits[EVENTS_MAX];

/* A line under construction. What does not fit sets `full`, and the writer goes back to a mark. */
struct line {
	char buf[LINE_SIZE];
	size_t len;
	bool full;
};

void hws_log_setup(const char *program, enum hws_log_format format, int fd)
{
	state.program = program;
	state.format = format;
	state.fd = fd;
	if (format == HWS_LOG_JOURNAL && state.journal < 0)
		state.journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

void hws_log_set_level(enum hws_log_level level)
{
	__atomic_store_n(&state.level, (int)level, __ATOMIC_RELAXED);
}

enum hws_log_level hws_log_level(void)
{
	return (enum hws_log_level)__atomic_load_n(&state.level, __ATOMIC_RELAXED);
}

int hws_log_level_parse(const char *s, enum hws_log_level *ret)
{
	for (size_t i = 0; i < HWS_COUNT(level_names); i++) {
		if (strcmp(level_names[i], s) == 0) {
			*ret = (enum hws_log_level)i;
			return HWS_OK;
		}
	}
	return HWS_ERR_INVAL;
}

static void put(struct line *l, const char *s, size_t n)
{
	if (l->full || n > sizeof(l->buf) - 1 - l->len) {
		l->full = true;
		return;
	}
	memcpy(l->buf + l->len, s, n);
	l->len += n;
}

static void put_str(struct line *l, const char *s)
{
	put(l, s, strlen(s));
}

/* Text and journal: the escaped form, in quotes when it would not read as one word. */
static void put_text_value(struct line *l, struct hws_bytes v, bool quote)
{
	char safe[VALUE_MAX * 4 + 1];
	bool cut = v.len > VALUE_MAX;

	v.len = HWS_MIN(v.len, (size_t)VALUE_MAX);
	hws_str_escape(safe, sizeof(safe), v);
	quote = quote && (!safe[0] || strpbrk(safe, " =") || cut);
	if (quote)
		put(l, "\"", 1);
	put_str(l, safe);
	if (cut)
		put_str(l, "...");
	if (quote)
		put(l, "\"", 1);
}

static void put_json_value(struct line *l, struct hws_bytes v)
{
	char safe[VALUE_MAX * 4 + 1];

	v.len = HWS_MIN(v.len, (size_t)VALUE_MAX);
	hws_str_escape(safe, sizeof(safe), v);
	put(l, "\"", 1);
	/* After escaping only the backslash is left that JSON would take amiss. */
	for (const char *p = safe; *p; p++) {
		if (*p == '\\')
			put(l, "\\", 1);
		put(l, p, 1);
	}
	put(l, "\"", 1);
}

static void put_number(struct line *l, const struct hws_field *f)
{
	char text[32];

	if (f->type == HWS_FIELD_U64)
		snprintf(text, sizeof(text), "%" PRIu64, f->v.u64);
	else
		snprintf(text, sizeof(text), "%" PRId64, f->v.i64);
	put_str(l, text);
}

static void put_value(struct line *l, const struct hws_field *f, enum hws_log_format format)
{
	struct hws_bytes text;

	switch (f->type) {
	case HWS_FIELD_U64:
	case HWS_FIELD_I64:
		put_number(l, f);
		return;
	case HWS_FIELD_BOOL:
		put_str(l, f->v.u64 ? "true" : "false");
		return;
	case HWS_FIELD_ERR:
		text = hws_bytes_str(hws_err_name((int)f->v.i64));
		break;
	default:
		text = hws_bytes_str(f->v.str ? f->v.str : "");
		break;
	}
	if (format == HWS_LOG_JSON)
		put_json_value(l, text);
	else
		put_text_value(l, text, format == HWS_LOG_TEXT);
}

/* The journal takes upper-case names of letters, digits and '_'. */
static void put_journal_key(struct line *l, const char *key)
{
	put_str(l, "HAWSER_");
	for (; *key; key++) {
		char c = *key;

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		else if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
			c = '_';
		put(l, &c, 1);
	}
	put(l, "=", 1);
}

static void put_field(struct line *l, const struct hws_field *f, enum hws_log_format format)
{
	if (format == HWS_LOG_JSON) {
		put_str(l, ",\"");
		put_str(l, f->key);
		put_str(l, "\":");
		put_value(l, f, format);
	} else if (format == HWS_LOG_JOURNAL) {
		put_journal_key(l, f->key);
		put_value(l, f, format);
		put(l, "\n", 1);
	} else {
		put(l, " ", 1);
		put_str(l, f->key);
		put(l, "=", 1);
		put_value(l, f, format);
	}
}

/* All fields, each whole or not at all; room for the end of the line stays. */
static void put_fields(struct line *l, const struct hws_field *fields, uint64_t suppressed,
		enum hws_log_format format)
{
	struct hws_field extra = HWS_U64("suppressed", suppressed);

	if (suppressed)
		put_field(l, &extra, format);
	for (; fields && fields->type != HWS_FIELD_END; fields++) {
		size_t mark = l->len;

		put_field(l, fields, format);
		if (l->full || l->len > sizeof(l->buf) - 4) {
			l->len = mark;
			l->full = false;
			return;
		}
	}
}

static void make_line(struct line *l, enum hws_log_level level, const char *event,
		const struct hws_field *fields, uint64_t suppressed)
{
	char time[32];

	l->len = 0;
	l->full = false;
	hws_wall_text(hws_wall_us(), time, sizeof(time));
	if (state.format == HWS_LOG_JSON) {
		put_str(l, "{\"time\":\"");
		put_str(l, time);
		put_str(l, "\",\"level\":\"");
		put_str(l, level_names[level]);
		put_str(l, "\",\"program\":");
		put_json_value(l, hws_bytes_str(state.program));
		put_str(l, ",\"event\":");
		put_json_value(l, hws_bytes_str(event));
		put_fields(l, fields, suppressed, HWS_LOG_JSON);
		put_str(l, "}\n");
		return;
	}
	if (state.format == HWS_LOG_CHILD) {
		put(l, &"01234"[level], 1);
	} else {
		put_str(l, time);
		put(l, " ", 1);
		put_str(l, level_names[level]);
		put(l, " ", 1);
		put_str(l, state.program);
	}
	put(l, " ", 1);
	put_str(l, event);
	put_fields(l, fields, suppressed, HWS_LOG_TEXT);
	put(l, "\n", 1);
}

/* One datagram to the journal; false when there is no journal to take it. */
static bool send_journal(enum hws_log_level level, const char *event,
		const struct hws_field *fields, uint64_t suppressed)
{
	static const struct sockaddr_un to = { AF_UNIX, JOURNAL_SOCKET };
	struct line l;
	char priority[32];

	if (state.journal < 0)
		return false;
	l.len = 0;
	l.full = false;
	snprintf(priority, sizeof(priority), "PRIORITY=%d\n", priorities[level]);
	put_str(&l, priority);
	put_str(&l, "SYSLOG_IDENTIFIER=");
	put_str(&l, state.program);
	put_str(&l, "\nHAWSER_EVENT=");
	put_str(&l, event);
	put_str(&l, "\nMESSAGE=");
	put_str(&l, event);
	/* half of the room for the sentence, the rest for the same fields one by one */
	for (const struct hws_field *f = fields; f && f->type != HWS_FIELD_END; f++) {
		size_t mark = l.len;

		put_field(&l, f, HWS_LOG_TEXT);
		if (l.full || l.len > sizeof(l.buf) / 2) {
			l.len = mark;
			l.full = false;
			break;
		}
	}
	put(&l, "\n", 1);
	put_fields(&l, fields, suppressed, HWS_LOG_JOURNAL);
	return sendto(state.journal, l.buf, l.len, MSG_NOSIGNAL | MSG_DONTWAIT,
			       (const struct sockaddr *)&to, sizeof(to)) >= 0;
}

/* Names are few and fixed in the code. More of them than the table holds share its last entry,
 * which limits sooner, never later. */
static struct limit *find_limit(const char *event)
{
	for (size_t i = 0; i < EVENTS_MAX - 1; i++) {
		if (!limits[i].event) {
			limits[i].event = event;
			hws_bucket_init(&limits[i].bucket, LIMIT_RATE, LIMIT_BURST, hws_clock_us());
			return &limits[i];
		}
		if (limits[i].event == event || strcmp(limits[i].event, event) == 0)
			return &limits[i];
	}
	if (!limits[EVENTS_MAX - 1].event) {
		limits[EVENTS_MAX - 1].event = "";
		hws_bucket_init(&limits[EVENTS_MAX - 1].bucket, LIMIT_RATE, LIMIT_BURST,
				hws_clock_us());
	}
	return &limits[EVENTS_MAX - 1];
}

static bool pass_limit(const char *event, uint64_t *ret_suppressed)
{
	struct limit *l;
	bool pass;

	pthread_mutex_lock(&limits_lock);
	l = find_limit(event);
	pass = hws_bucket_take(&l->bucket, 1, hws_clock_us());
	if (pass) {
		*ret_suppressed = l->suppressed;
		l->suppressed = 0;
	} else {
		l->suppressed++;
	}
	pthread_mutex_unlock(&limits_lock);
	return pass;
}

static bool has_room(int wait_ms)
{
	struct pollfd p = { .fd = state.fd, .events = POLLOUT };
	int r;

	do
		r = poll(&p, 1, wait_ms);
	while (r < 0 && errno == EINTR);
	return r != 0; /* of what is broken the write tells */
}

/* One write, so that lines of threads and processes do not mix. A log that cannot be written has
 * nobody to tell. Whoever reads it may stand still (a terminal that was stopped, a full disk behind
 * a pipe): that is no reason for a server to do so, too. */
static void write_line(const struct line *l)
{
	struct line note;
	bool room;

	pthread_mutex_lock(&write_lock);
	room = has_room(lost ? 0 : WAIT_MS);
	if (room && lost) {
		make_line(&note, HWS_LOG_WARN, "log.lost", hws_log_fields(HWS_U64("lines", lost)),
				0);
		if (write(state.fd, note.buf, note.len) < 0)
			(void)0;
		lost = 0;
		room = has_room(0);
	}
	if (!room)
		lost++;
	else if (write(state.fd, l->buf, l->len) < 0)
		(void)0;
	pthread_mutex_unlock(&write_lock);
}

void hws_log_event(enum hws_log_level level, bool limited, const char *event,
		const struct hws_field *fields)
{
	int saved = errno; /* logging between a failed call and the look at its cause is harmless */
	uint64_t suppressed = 0;
	struct line l;

	if (level > hws_log_level())
		return;
	if (limited && !pass_limit(event, &suppressed))
		return;
	if (state.format == HWS_LOG_JOURNAL && send_journal(level, event, fields, suppressed)) {
		errno = saved;
		return;
	}
	make_line(&l, level, event, fields, suppressed);
	write_line(&l);
	errno = saved;
}

void hws_die(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = 0;
	va_end(ap);
	fprintf(stderr, "%s: %s\n", state.program, text);
	exit(1);
}
