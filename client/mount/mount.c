/* The owner's end of the socket. The program is believed no more than that it asks: ids and ranges
 * are looked at by who answers. */
#include "client/mount/mount.h"
#include "client/mount/program.h"
#include "client/mount/protocol.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/sys/local_socket.h"
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUT_MAX (HWS_MOUNT_READS_MAX * (HWS_MOUNT_READ_MAX + 64u))
#define IN_MAX (64u << 10)
#define READS_AT_ONCE 16

struct hws_mount {
	struct hws_mount_conf conf;
	int fd;
	pid_t pid; /* 0: started by somebody else */
	struct event ev_read, ev_write;
	struct hws_buf in, out;
	struct hws_deferred ending;
	int end_err;
	char end_text[400];
};

/* --- the end ---------------------------------------------------------------------------------- */

static void on_ending(void *arg)
{
	struct hws_mount *m = arg;

	m->conf.on_end(m->end_err, m->end_text, m->conf.arg);
}

static void lose(struct hws_mount *m, int err, const char *why)
{
	if (m->end_err)
		return;
	m->end_err = err;
	if (hws_fmt(m->end_text, sizeof(m->end_text), "%s", why) < 0)
		m->end_text[0] = 0;
	event_del(&m->ev_read);
	event_del(&m->ev_write);
	hws_loop_defer(m->conf.loop, &m->ending, on_ending, m);
}

/* --- to the program --------------------------------------------------------------------------- */

static void send_some(struct hws_mount *m)
{
	while (hws_buf_len(&m->out)) {
		ssize_t n = hws_local_send(
				m->fd, hws_buf_bytes(&m->out), (struct hws_bytes){ 0 }, NULL, 0);

		if (n == HWS_ERR_AGAIN) {
			event_add(&m->ev_write, NULL);
			return;
		}
		if (n < 0) { /* it has ended, which reading tells, too */
			hws_buf_reset(&m->out);
			return;
		}
		hws_buf_consume(&m->out, (size_t)n);
	}
}

static void on_writable(evutil_socket_t fd HWS_UNUSED, short what HWS_UNUSED, void *arg)
{
	send_some(arg);
}

static void put(struct hws_mount *m, const struct hws_mount_head *head, struct hws_bytes body)
{
	bool idle = hws_buf_len(&m->out) == 0;

	hws_buf_put(&m->out, head, sizeof(*head));
	hws_buf_put(&m->out, body.ptr, body.len);
	if (hws_buf_err(&m->out) < 0)
		lose(m, hws_buf_err(&m->out), "too much waits for the program hawser-mount");
	else if (idle)
		send_some(m);
}

void hws_mount_answer(struct hws_mount *m, uint32_t id, int r, struct hws_bytes data)
{
	struct hws_mount_head head = { .kind = HWS_MOUNT_DATA, .id = id, .value = r };

	if (m->end_err)
		return;
	if (r < 0)
		data.len = 0;
	head.size = (uint32_t)data.len;
	put(m, &head, data);
}

/* --- from the program ------------------------------------------------------------------------- */

static void take_text(char *buf, size_t size, struct hws_bytes body)
{
	if (hws_str_from_bytes(buf, size, body) < 0)
		buf[0] = 0;
}

static void take(struct hws_mount *m, const struct hws_mount_head *h, struct hws_bytes body)
{
	char text[PATH_MAX];

	switch (h->kind) {
	case HWS_MOUNT_READY:
		take_text(text, sizeof(text), body);
		if (text[0] == '/')
			m->conf.on_ready(text, m->conf.arg);
		break;
	case HWS_MOUNT_FAILED:
		take_text(text, sizeof(text), body);
		lose(m, HWS_ERR_UNSUPPORTED, text);
		break;
	case HWS_MOUNT_READ:
		if (h->value > 0 && (uint32_t)h->value <= HWS_MOUNT_READ_MAX)
			m->conf.on_read(h->id, h->index, h->offset, (uint32_t)h->value,
					m->conf.arg);
		else
			hws_mount_answer(m, h->id, HWS_ERR_RANGE, (struct hws_bytes){ 0 });
		break;
	case HWS_MOUNT_CANCEL:
		m->conf.on_cancel(h->id, m->conf.arg);
		break;
	default:
		lose(m, HWS_ERR_PROTO, "the program hawser-mount is of another version");
		break;
	}
}

/* False: not yet whole, or over. */
static bool take_one(struct hws_mount *m)
{
	struct hws_mount_head head;
	struct hws_bytes in = hws_buf_bytes(&m->in);

	if (m->end_err || in.len < sizeof(head))
		return false;
	memcpy(&head, in.ptr, sizeof(head));
	if (head.size > IN_MAX / 2) {
		lose(m, HWS_ERR_PROTO, "the program hawser-mount is of another version");
		return false;
	}
	if (in.len < sizeof(head) + head.size)
		return false;
	take(m, &head, hws_bytes(in.ptr + sizeof(head), head.size));
	hws_buf_consume(&m->in, sizeof(head) + head.size);
	return true;
}

static void on_readable(evutil_socket_t fd HWS_UNUSED, short what HWS_UNUSED, void *arg)
{
	struct hws_mount *m = arg;

	for (unsigned i = 0; i < READS_AT_ONCE && !m->end_err; i++) {
		struct hws_local_fds fds;
		uint8_t buf[4096];
		ssize_t n = hws_local_recv(m->fd, buf, sizeof(buf), NULL, 0, &fds);

		hws_local_fds_close(&fds);
		if (n == HWS_ERR_AGAIN)
			return;
		if (n <= 0) {
			lose(m, HWS_ERR_EOF, "the program hawser-mount has ended");
			return;
		}
		hws_buf_put(&m->in, buf, (size_t)n);
		while (take_one(m))
			;
	}
}

/* --- its process ------------------------------------------------------------------------------ */

/* What was started here and has not ended when it was let go: it unmounts first, which takes a
 * moment. Looked at whenever another one is. */
#define LEAVERS 16
static pthread_mutex_t leavers_lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t leavers[LEAVERS];

static void reap(pid_t pid)
{
	unsigned free_place = 0;

	pthread_mutex_lock(&leavers_lock);
	for (unsigned i = 0; i < LEAVERS; i++) {
		if (leavers[i] && waitpid(leavers[i], NULL, WNOHANG) != 0)
			leavers[i] = 0;
		if (!leavers[i])
			free_place = i;
	}
	if (pid && waitpid(pid, NULL, WNOHANG) == 0)
		leavers[free_place] = pid; /* in a full table one is left to the end of us all */
	pthread_mutex_unlock(&leavers_lock);
}

/* --- life ------------------------------------------------------------------------------------- */

static int start(struct hws_mount *m, int fd, struct hws_error *err)
{
	if (m->conf.start)
		return m->conf.start(fd, err, m->conf.arg);
	return hws_mount_start(fd, &m->pid, err);
}

int hws_mount_new(const struct hws_mount_conf *conf, const struct hws_clip_list *list,
		struct hws_mount **ret, struct hws_error *err)
{
	struct hws_mount_head head = { .kind = HWS_MOUNT_LIST };
	struct hws_mount *m = hws_alloc(sizeof(*m));
	struct event_base *base = hws_loop_base(conf->loop);
	struct hws_buf body;
	int pair[2], r;

	if (!m)
		return hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
	m->conf = *conf;
	r = hws_local_pair(pair);
	if (r < 0) {
		hws_free(m);
		return hws_error_set(err, r, "no socket pair: %s", hws_err_text(r));
	}
	m->fd = pair[0];
	hws_buf_init(&m->in, IN_MAX);
	hws_buf_init(&m->out, OUT_MAX);
	hws_buf_init(&body, HWS_MOUNT_BODY_MAX);
	r = start(m, pair[1], err);
	close(pair[1]);
	if (r < 0 ||
			event_assign(&m->ev_read, base, m->fd, EV_READ | EV_PERSIST, on_readable,
					m) < 0 ||
			event_assign(&m->ev_write, base, m->fd, EV_WRITE, on_writable, m) < 0 ||
			event_add(&m->ev_read, NULL) < 0) {
		r = r < 0 ? r : HWS_ERR_NOMEM;
		goto fail;
	}
	hws_clip_list_put(list, &body);
	r = hws_buf_err(&body);
	if (r < 0)
		goto fail;
	head.size = (uint32_t)hws_buf_len(&body);
	put(m, &head, hws_buf_bytes(&body));
	hws_buf_done(&body);
	*ret = m;
	return HWS_OK;
fail:
	hws_buf_done(&body);
	hws_mount_free(m);
	return r;
}

void hws_mount_free(struct hws_mount *m)
{
	if (!m)
		return;
	hws_loop_defer_cancel(&m->ending);
	if (m->ev_read.ev_base)
		event_del(&m->ev_read);
	if (m->ev_write.ev_base)
		event_del(&m->ev_write);
	close(m->fd); /* from which it learns that it is over */
	hws_buf_done(&m->in);
	hws_buf_done(&m->out);
	reap(m->pid);
	hws_free(m);
}
