/* The process, its queue and its end. Requests are sent one at a time, so that whatever comes back
 * can only be the answer to one of them, and a death is charged to what was under way. */
#include "client/decoder/confined.h"
#include "client/decoder/confined_parts.h"
#include "client/decoder/program.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/sys/isolation.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define WAITING_MAX 512u
#define WAITING_BYTES_MAX (128u << 20)
#define READS_AT_ONCE 16 /* other work of the loop comes between */
#ifdef HWS_VALGRIND
#define PATIENCE_FACTOR 20u
#else
#define PATIENCE_FACTOR 1u
#endif

static void pump(struct hws_confined *c);
static void lose(struct hws_confined *c, int err, const char *why);

/* --- jobs ------------------------------------------------------------------------------------- */

static void job_free(struct hws_confined_job *j)
{
	hws_list_remove(&j->node);
	hws_buf_done(&j->payload);
	hws_free(j);
}

static void job_done(struct hws_confined_job *j, int r, const struct hws_confined_result *res)
{
	static const struct hws_confined_result nothing;

	if (j->done)
		j->done(r, res ? res : &nothing, j->arg);
	job_free(j);
}

/* A host sends it once, so it is asked for once more when a process was lost. */
static bool is_sent_once(const struct hws_confined_job *j)
{
	return j->request.kind == HWS_DECODE_UNPACK || j->request.kind == HWS_DECODE_IMAGE;
}

/* All that wait, or those of pictures of a display. */
static void fail_waiting(struct hws_confined *c, int r, bool all)
{
	struct hws_list *node, *next, gone;

	/* What they call may ask for more. */
	hws_list_init(&gone);
	hws_list_for_safe (node, next, &c->waiting) {
		struct hws_confined_job *j = hws_container(node, struct hws_confined_job, node);
		if (!all && is_sent_once(j))
			continue;
		hws_list_remove(node);
		hws_list_push(&gone, node);
		c->count--;
		c->bytes -= j->request.size;
	}
	while ((node = hws_list_first(&gone)))
		job_done(hws_container(node, struct hws_confined_job, node), r, NULL);
}

int hws_confined_job_new(struct hws_confined *c, uint32_t kind, size_t size,
		hws_confined_done *done, void *arg, struct hws_confined_job **ret)
{
	struct hws_confined_job *j;

	if (c->broken)
		return HWS_ERR_CLOSED;
	if (size > HWS_DECODE_PAYLOAD_MAX || c->count >= WAITING_MAX ||
			c->bytes + size > WAITING_BYTES_MAX)
		return HWS_ERR_FULL;
	j = hws_alloc(sizeof(*j));
	if (!j)
		return HWS_ERR_NOMEM;
	j->request.kind = kind;
	j->request.size = (uint32_t)size;
	j->done = done;
	j->arg = arg;
	hws_buf_init(&j->payload, size);
	*ret = j;
	return HWS_OK;
}

/* What it is put before. */
static struct hws_list *place_of(struct hws_confined *c, const struct hws_confined_job *j)
{
	struct hws_list *node;

	if (j->request.kind != HWS_DECODE_SOUND)
		return &c->waiting;
	hws_list_for (node, &c->waiting)
		if (hws_container(node, struct hws_confined_job, node)->request.kind !=
				HWS_DECODE_SOUND)
			break;
	return node;
}

int hws_confined_job_submit(struct hws_confined *c, struct hws_confined_job *j)
{
	int r = hws_buf_err(&j->payload);

	if (r < 0) {
		job_free(j);
		return r;
	}
	hws_list_push(place_of(c, j), &j->node);
	c->count++;
	c->bytes += j->request.size;
	hws_confined_start(c);
	pump(c);
	return HWS_OK;
}

void hws_confined_cancel(struct hws_confined *c, void *arg)
{
	struct hws_list *node, *next;

	if (c->current && c->current->arg == arg)
		c->current->done = NULL;
	hws_list_for_safe (node, next, &c->waiting) {
		struct hws_confined_job *j = hws_container(node, struct hws_confined_job, node);
		if (j->arg != arg)
			continue;
		c->count--;
		c->bytes -= j->request.size;
		job_free(j);
	}
}

/* --- sending ---------------------------------------------------------------------------------- */

static void send_some(struct hws_confined *c)
{
	while (hws_buf_len(&c->out)) {
		ssize_t n = hws_local_send(c->fd, hws_buf_bytes(&c->out), (struct hws_bytes){ 0 },
				c->out_fds, c->out_fd_count);
		if (n == HWS_ERR_AGAIN) {
			event_add(&c->ev_write, NULL);
			return;
		}
		if (n < 0) { /* it has ended, which reading tells, too */
			hws_buf_reset(&c->out);
			return;
		}
		hws_confined_close_fds(c); /* they are on their way */
		hws_buf_consume(&c->out, (size_t)n);
	}
}

static void on_writable(evutil_socket_t fd HWS_UNUSED, short what HWS_UNUSED, void *arg)
{
	send_some(arg);
}

/* Looked at now and then: a timer for each picture would cost two system calls. */
static void on_tick(void *arg)
{
	struct hws_confined *c = arg;

	if ((c->current || !c->ready) && hws_clock_us() - c->sent_us > c->conf.patience_us)
		lose(c, HWS_ERR_TIMEOUT, "it did not answer");
}

static void pump(struct hws_confined *c)
{
	struct hws_list *node = hws_list_first(&c->waiting);

	if (!c->ready || c->current || !node)
		return;
	struct hws_confined_job *j = hws_container(node, struct hws_confined_job, node);

	hws_list_remove(node);
	c->count--;
	c->bytes -= j->request.size;
	c->current = j;
	c->needs = 0;
	c->sent_us = hws_clock_us();
	j->request.id = ++c->last_id;
	if (j->request.kind == HWS_DECODE_DEVICE)
		hws_confined_device_give(c);
	if (hws_decode_shows(j->request.kind))
		j->request.slot = hws_confined_free_slot(c, j->request.display);
	hws_buf_reset(&c->out);
	hws_buf_put(&c->out, &j->request, sizeof(j->request));
	hws_buf_put(&c->out, hws_buf_bytes(&j->payload).ptr, hws_buf_len(&j->payload));
	if (hws_buf_err(&c->out)) { /* nobody is called before the caller is back */
		hws_buf_reset(&c->out);
		c->sent_us = 0;
	}
	send_some(c);
}

/* --- answers ---------------------------------------------------------------------------------- */

static void on_hello(struct hws_confined *c)
{
	if (c->in.version != HWS_DECODE_VERSION) {
		hws_confined_break(c,
				"the decoder program is of another version of hawser than the "
				"library: install both from one, and start this program again");
		return;
	}
	c->ready = true;
	c->how = c->in.confined;
	hws_confined_device_offer(c);
	pump(c);
}

static void on_need(struct hws_confined *c)
{
	c->needs++;
	/* The request must have been read whole, or descriptors could not be told from it. */
	if (hws_buf_len(&c->out) || hws_confined_give_room(c, &c->in) < 0) {
		lose(c, HWS_ERR_RESET, "it asked for what it may not");
		return;
	}
	send_some(c);
}

static void on_done(struct hws_confined *c)
{
	struct hws_confined_job *j = c->current;
	const struct hws_decode_answer *a = &c->in;
	struct hws_confined_result res = { .took_us = hws_clock_us() - c->sent_us };

	if (hws_buf_len(&c->out)) {
		lose(c, HWS_ERR_RESET, "it answered what it had not read");
		return;
	}
	c->current = NULL;
	if (j->request.kind == HWS_DECODE_FORGET)
		hws_confined_leave_room(&c->room[j->request.display]);
	if (hws_decode_shows(j->request.kind) && a->result == HWS_OK) {
		res.picture = c->room[a->display].slot[j->request.slot];
		res.damage = (struct hws_rect){ a->x, a->y, a->w, a->h };
		res.by_device = a->by_device;
	}
	res.bytes = hws_buf_bytes(&c->payload);
	job_done(j, a->result, &res);
	hws_buf_reset(&c->payload);
	pump(c);
}

/* HWS_ERR_AGAIN: there is no more now. */
static int read_some(struct hws_confined *c)
{
	struct hws_local_fds fds;
	size_t more = c->got < sizeof(c->in) ? 0 : c->in.size - hws_buf_len(&c->payload);
	uint8_t *to = (uint8_t *)&c->in + c->got;
	size_t room = sizeof(c->in) - c->got;

	if (more) {
		room = more;
		to = hws_buf_reserve(&c->payload, more);
		if (!to)
			return HWS_ERR_NOMEM;
	}
	ssize_t n = hws_local_recv(c->fd, to, room, NULL, 0, &fds);
	if (fds.n) { /* it has none to give */
		hws_local_fds_close(&fds);
		return HWS_ERR_PROTO;
	}
	if (n <= 0)
		return n < 0 ? (int)n : HWS_ERR_EOF;
	if (more)
		hws_buf_commit(&c->payload, (size_t)n);
	else
		c->got += (size_t)n;
	return HWS_OK;
}

/* A whole answer: HWS_OK; a part of one: HWS_ERR_SHORT. */
static int take_answer(struct hws_confined *c)
{
	int r = read_some(c);

	if (r < 0)
		return r;
	if (c->got < sizeof(c->in))
		return HWS_ERR_SHORT;
	if (!c->checked) {
		struct hws_decode_asked asked = {
			.request = c->current ? &c->current->request : NULL, .needs = c->needs
		};
		if (!c->current && c->ready)
			return HWS_ERR_PROTO; /* nobody has asked */
		if (c->current) {
			asked.width = c->room[c->current->request.display].width;
			asked.height = c->room[c->current->request.display].height;
		}
		r = hws_decode_answer_check(&asked, &c->in);
		if (r < 0)
			return r;
		c->checked = true;
		hws_buf_done(&c->payload);
		hws_buf_init(&c->payload, c->in.size);
	}
	return hws_buf_len(&c->payload) < c->in.size ? HWS_ERR_SHORT : HWS_OK;
}

static void on_readable(evutil_socket_t fd HWS_UNUSED, short what HWS_UNUSED, void *arg)
{
	struct hws_confined *c = arg;
	unsigned run = c->runs;

	/* Whatever is called may stop the process, or start another. */
	for (int i = 0; i < READS_AT_ONCE && c->fd >= 0 && c->runs == run; i++) {
		int r = take_answer(c);
		if (r == HWS_ERR_AGAIN)
			return;
		if (r == HWS_ERR_SHORT)
			continue;
		if (r < 0) {
			lose(c, HWS_ERR_RESET,
					r == HWS_ERR_EOF || r == HWS_ERR_RESET
							? "it ended"
							: "it answered what no decoder of ours does");
			return;
		}
		c->got = 0;
		c->checked = false;
		if (c->in.kind == HWS_DECODE_HELLO)
			on_hello(c);
		else if (c->in.kind == HWS_DECODE_NEED)
			on_need(c);
		else
			on_done(c);
		if (!c->current && c->runs == run)
			return; /* nothing can be there, and looking costs a system call */
	}
}

/* --- life ------------------------------------------------------------------------------------- */

/* The process and all that it had; what was asked of it stays. */
static void end_process(struct hws_confined *c)
{
	if (c->fd < 0)
		return;
	event_del(&c->ev_read);
	event_del(&c->ev_write);
	close(c->fd);
	c->fd = -1;
	hws_child_end(&c->process);
	hws_confined_device_end(c);
	hws_timer_stop(&c->tick);
	hws_confined_close_fds(c);
	hws_buf_reset(&c->out);
	hws_buf_reset(&c->payload);
	for (unsigned i = 0; i < HWS_DECODE_DISPLAYS_MAX; i++)
		hws_confined_leave_room(&c->room[i]);
	c->ready = c->checked = false;
	c->got = 0;
	c->how = 0;
	c->limit = 0;
}

static void tell_broken(void *arg)
{
	struct hws_confined *c = arg;
	struct hws_confined_job *j = c->current;

	c->current = NULL;
	if (j)
		job_done(j, HWS_ERR_CLOSED, NULL);
	fail_waiting(c, HWS_ERR_CLOSED, true);
	c->conf.on_broken(c->why, c->conf.arg);
}

/* Whoever asks for something is not called before that call is back. */
void hws_confined_break(struct hws_confined *c, const char *text)
{
	if (c->broken)
		return;
	c->broken = true;
	end_process(c);
	snprintf(c->why, sizeof(c->why), "%s", text);
	hws_loop_defer(c->conf.loop, &c->breaking, tell_broken, c);
}

static void put_back(struct hws_confined *c, struct hws_confined_job *j)
{
	j->again = true;
	j->node.prev = &c->waiting;
	j->node.next = c->waiting.next;
	j->node.next->prev = &j->node;
	c->waiting.next = &j->node;
	c->count++;
	c->bytes += j->request.size;
}

/* The process has gone, or has to. */
static void lose(struct hws_confined *c, int err, const char *why)
{
	struct hws_confined_job *j = c->current;
	uint64_t now = hws_loop_now_us(c->conf.loop);
	uint64_t forgiven = (now - c->death_us) / HWS_CONFINED_FORGIVE_US;
	bool started = c->ready;
	char text[300];

	c->current = NULL;
	end_process(c);
	c->deaths -= (unsigned)HWS_MIN((uint64_t)c->deaths, forgiven);
	c->deaths++;
	c->death_us = now;
	if (c->deaths >= HWS_CONFINED_DEATHS_MAX) {
		c->current = j;
		if (started)
			snprintf(text, sizeof(text),
					"what this host sends cannot be decoded: the decoder failed %u "
					"times in a row (%s); the host may be hostile, or its codec "
					"broken: choose another one",
					c->deaths, why);
		else
			snprintf(text, sizeof(text),
					"the decoder program cannot be started (%s); install hawser again",
					why);
		hws_confined_break(c, text);
		return;
	}
	if (c->on_loss)
		c->on_loss(c->on_loss_arg);
	/* It may have been innocent. */
	if (j && is_sent_once(j) && !j->again)
		put_back(c, j);
	else if (j)
		job_done(j, err, NULL);
	fail_waiting(c, HWS_ERR_RESET, false);
	hws_confined_start(c);
}

static int start_process(struct hws_confined *c, int fd, struct hws_error *err)
{
	char path[4200];
	int r = HWS_OK;

	if (c->conf.start) {
		r = c->conf.start(fd, c->conf.arg);
		return r < 0 ? hws_error_set(err, r, "%s", hws_err_text(r)) : r;
	}
	if (c->conf.program)
		r = hws_decoder_process_start(c->conf.program, fd, &c->process, err);
	else if ((r = hws_decoder_program(path, sizeof(path), err)) == HWS_OK)
		r = hws_decoder_process_start(path, fd, &c->process, err);
	close(fd);
	return r;
}

void hws_confined_start(struct hws_confined *c)
{
	struct event_base *base = hws_loop_base(c->conf.loop);
	struct hws_error err = { 0 };
	int pair[2], r;

	if (c->fd >= 0 || c->broken)
		return;
	hws_confined_device_find(c);
	r = hws_local_pair(pair);
	if (r == HWS_OK) {
		c->fd = pair[0];
		r = start_process(c, pair[1], &err);
	}
	if (r < 0) {
		if (c->fd >= 0)
			close(c->fd);
		c->fd = -1;
		hws_confined_break(c, *err.text ? err.text : hws_err_text(r));
		return;
	}
	c->runs++;
	event_assign(&c->ev_read, base, c->fd, EV_READ | EV_PERSIST, on_readable, c);
	event_assign(&c->ev_write, base, c->fd, EV_WRITE, on_writable, c);
	event_add(&c->ev_read, NULL);
	c->sent_us = hws_clock_us();
	hws_timer_every(c->conf.loop, &c->tick, HWS_MIN(c->conf.patience_us / 4, HWS_US_PER_S),
			on_tick, c);
}

void hws_confined_stop(struct hws_confined *c)
{
	struct hws_confined_job *j = c->current;

	c->current = NULL;
	c->broken = true; /* who is told of it asks for nothing more */
	end_process(c);
	hws_loop_defer_cancel(&c->breaking);
	if (j)
		job_done(j, HWS_ERR_CANCELED, NULL);
	fail_waiting(c, HWS_ERR_CANCELED, true);
	c->broken = false;
	c->deaths = 0;
}

int hws_confined_new(const struct hws_confined_conf *conf, struct hws_confined **ret)
{
	struct hws_confined *c = hws_alloc(sizeof(*c));

	if (!c)
		return HWS_ERR_NOMEM;
	c->conf = *conf;
	if (!c->conf.patience_us)
		c->conf.patience_us = HWS_CONFINED_PATIENCE_US * PATIENCE_FACTOR;
	c->fd = -1;
	hws_list_init(&c->waiting);
	hws_buf_init(&c->out, HWS_DECODE_PAYLOAD_MAX + 4096);
	hws_confined_device_init(c);
	*ret = c;
	return HWS_OK;
}

void hws_confined_free(struct hws_confined *c)
{
	if (!c)
		return;
	hws_confined_stop(c);
	hws_confined_device_forget(c);
	hws_buf_done(&c->out);
	hws_buf_done(&c->payload);
	hws_free(c);
}

void hws_confined_on_loss(struct hws_confined *c, void (*fn)(void *arg), void *arg)
{
	c->on_loss = fn;
	c->on_loss_arg = arg;
}

uint32_t hws_confined_how(const struct hws_confined *c)
{
	return c->how;
}

pid_t hws_confined_pid(const struct hws_confined *c)
{
	return c->process.pid;
}
