/* The pipes are read as fast as their budget allows and no faster: a process that floods its own
 * finds it full and loses what it says, and nobody waits. */
#include "client/host/child_log.h"
#include "shared/base/bucket.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_LEN 1024u /* more of a line is a line of its own */
#define LINE_COST 100u     /* what a line adds in the log: time, name, event */
#define RATE 8192u         /* bytes a second of one process */
#define BURST 131072u
#define PAUSE_US HWS_US_PER_S

struct child_log {
	struct hws_list node;
	struct hws_child_logs *logs;
	struct event readable;
	struct hws_timer pause;
	struct hws_bucket budget;
	const char *event;
	uint64_t conn;
	int fd;
	size_t len;
	char line[LINE_MAX_LEN + 1];
};

static void free_log(struct child_log *c)
{
	event_del(&c->readable);
	hws_timer_stop(&c->pause);
	hws_list_remove(&c->node);
	close(c->fd);
	hws_free(c);
}

/* Ours say "LEVEL event fields"; anything else, from a library or of ill will, is a warning. */
static void log_line(struct child_log *c)
{
	enum hws_log_level level = HWS_LOG_WARN;
	const char *text = c->line;

	c->line[c->len] = 0;
	for (size_t i = 0; i < c->len; i++) /* a NUL would hide the rest */
		if (!c->line[i])
			c->line[i] = '\x01';
	if (c->len > 2 && text[0] >= '0' && text[0] <= '4' && text[1] == ' ') {
		level = (enum hws_log_level)(text[0] - '0');
		text += 2;
	}
	if (c->len && c->conn)
		hws_log_event(level, false, c->event,
				hws_log_fields(HWS_U64("conn", c->conn), HWS_STR("text", text)));
	else if (c->len)
		hws_log_event(level, false, c->event, hws_log_fields(HWS_STR("text", text)));
	c->len = 0;
}

static void take(struct child_log *c, const char *in, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (in[i] != '\n')
			c->line[c->len++] = in[i];
		if (in[i] == '\n' || c->len == LINE_MAX_LEN)
			log_line(c);
	}
}

static size_t cost_of(const char *in, size_t n)
{
	size_t cost = n;

	for (size_t i = 0; i < n; i++)
		cost += in[i] == '\n' ? LINE_COST : 0;
	return cost;
}

static void listen_again(void *arg)
{
	struct child_log *c = arg;

	event_add(&c->readable, NULL);
}

/* What is there, once. False at the end. */
static bool read_some(struct child_log *c, size_t *ret_cost)
{
	char buf[512];
	ssize_t n = read(c->fd, buf, sizeof(buf));

	*ret_cost = 0;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n > 0) {
		*ret_cost = cost_of(buf, (size_t)n);
		take(c, buf, (size_t)n);
	}
	return n > 0;
}

static void on_readable(evutil_socket_t fd HWS_UNUSED, short what HWS_UNUSED, void *arg)
{
	struct child_log *c = arg;
	size_t cost;

	if (!read_some(c, &cost)) {
		log_line(c);
		free_log(c);
	} else if (cost && !hws_bucket_take(&c->budget, cost, hws_loop_now_us(c->logs->loop))) {
		event_del(&c->readable);
		hws_timer_start(c->logs->loop, &c->pause, PAUSE_US, listen_again, c);
	}
}

void hws_child_logs_init(struct hws_child_logs *logs, struct hws_loop *loop)
{
	logs->loop = loop;
	hws_list_init(&logs->open);
}

int hws_child_log_open(struct hws_child_logs *logs, const char *event, uint64_t conn)
{
	struct child_log *c = logs ? hws_alloc(sizeof(*c)) : NULL;
	int fds[2], theirs;

	if (!c)
		return 0;
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0) {
		hws_free(c);
		return 0;
	}
	theirs = fcntl(fds[1], F_DUPFD_CLOEXEC, 3); /* where our own standard files are closed */
	close(fds[1]);
	if (theirs < 0) {
		close(fds[0]);
		hws_free(c);
		return 0;
	}
	c->logs = logs;
	c->event = event;
	c->conn = conn;
	c->fd = fds[0];
	hws_bucket_init(&c->budget, RATE, BURST, hws_loop_now_us(logs->loop));
	hws_list_push(&logs->open, &c->node);
	event_assign(&c->readable, hws_loop_base(logs->loop), c->fd, EV_READ | EV_PERSIST,
			on_readable, c);
	event_add(&c->readable, NULL);
	return theirs;
}

void hws_child_logs_done(struct hws_child_logs *logs)
{
	struct hws_list *n, *next;

	hws_list_for_safe (n, next, &logs->open) {
		struct child_log *c = hws_container(n, struct child_log, node);
		size_t cost = 1;

		for (int i = 0; i < 64 && cost && read_some(c, &cost); i++)
			;
		log_line(c);
		free_log(c);
	}
}
