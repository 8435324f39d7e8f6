/* What shells write, on its way to the owner: in order, though the decoder process unpacks a part
 * of it; bounded by the window at hosts of ours, by reading no more at others. */
#include "client/services/terminal/terminal_view_parts.h"
#include "shared/base/mem.h"

#define CHUNK_MAX (4u << 20)   /* unpacked; the reference sends 4 KiB */
#define REPLAY_MAX (24u << 20) /* of one message, with a screen and all its scrollback */
#define HOLD_BYTES (8u << 20)  /* more than the windows of a usual session */
#define RELEASE_BYTES (2u << 20)
#define HOLD_CHUNKS 256u /* of the 512 that the decoder lets wait */

/* --- how much waits --------------------------------------------------------------------------- */

void hws_terminal_hold(struct hws_terminal_view *tv)
{
	size_t bytes = tv->here + tv->chunk_bytes;
	bool held = tv->held ? bytes > RELEASE_BYTES || tv->chunk_count > HOLD_CHUNKS / 2
			     : bytes > HOLD_BYTES || tv->chunk_count > HOLD_CHUNKS;

	if (held == tv->held)
		return;
	tv->held = held;
	tv->conf.hold(held, tv->conf.arg);
}

static void send_ack(struct hws_terminal_view *tv, struct hws_terminal *t)
{
	Ses__TerminalAck ack = SES__TERMINAL_ACK__INIT;
	Ses__TerminalAction a = SES__TERMINAL_ACTION__INIT;

	ack.terminal_id = t->id;
	ack.position = t->taken;
	a.union_case = SES__TERMINAL_ACTION__UNION_ACK;
	a.ack = &ack;
	if (hws_terminal_send(tv, &a) == HWS_OK)
		t->acked = t->taken; /* else the next link tells it */
}

static void ack(struct hws_terminal_view *tv, struct hws_terminal *t)
{
	if (t->counts && t->state == HWS_TERMINAL_OPEN && t->taken > t->acked &&
			t->taken - t->acked >= HWS_TERMINAL_WINDOW / 4)
		send_ack(tv, t);
}

void hws_terminal_view_took(struct hws_terminal_view *tv, int id, size_t bytes, size_t counted)
{
	struct hws_terminal *t = hws_terminal_find(tv, id);

	if (t) { /* else it was taken off the sum as the terminal went */
		bytes = HWS_MIN(bytes, t->here);
		t->here -= bytes;
		tv->here -= bytes;
		t->taken = HWS_MIN(t->taken + counted, t->received);
		ack(tv, t);
	}
	hws_terminal_hold(tv);
}

/* --- to the owner ----------------------------------------------------------------------------- */

static void give(struct hws_terminal_view *tv, struct hws_terminal *t,
		const struct hws_terminal_output *o)
{
	if (!o->data.len && !o->eof)
		return;
	t->here += o->data.len;
	tv->here += o->data.len;
	if (!o->replay)
		t->received += o->data.len;
	tv->conf.on_output(t->id, o, tv->conf.arg);
}

static void give_replay(struct hws_terminal_view *tv, struct hws_terminal *t, struct hws_bytes data,
		bool last)
{
	struct hws_buf out;

	hws_buf_init(&out, data.len + 2 * HWS_REPLAY_SEQUENCE_MAX);
	hws_replay_filter_run(&t->filter, data, &out);
	if (last)
		hws_replay_filter_end(&t->filter, &out);
	give(tv, t, &(struct hws_terminal_output){ .data = hws_buf_bytes(&out), .replay = true });
	hws_buf_done(&out);
}

static void deliver(struct hws_terminal_view *tv, struct hws_terminal *t,
		const struct hws_terminal_chunk *c, struct hws_bytes data)
{
	if (c->closed) {
		hws_terminal_gone(tv, t,
				&(struct hws_terminal_closed){ .exit_code = c->exit_code,
						.signal = c->signal,
						.text = "" });
		return;
	}
	if (c->failed) {
		hws_terminal_gone(tv, t,
				&(struct hws_terminal_closed){ .err = HWS_ERR_CORRUPT,
						.text = "the terminal's output could not be unpacked" });
		return;
	}
	if (c->replay) {
		t->replaying = t->counts; /* of a deployed host it is one message */
		give_replay(tv, t, data, !t->counts);
		return;
	}
	if (t->replaying)
		give_replay(tv, t, hws_bytes(NULL, 0), true);
	t->replaying = false;
	give(tv, t,
			&(struct hws_terminal_output){
					.data = data, .errors = c->errors, .eof = c->eof });
}

/* --- in order --------------------------------------------------------------------------------- */

static void free_chunk(struct hws_terminal_view *tv, struct hws_terminal_chunk *c)
{
	hws_list_remove(&c->node);
	tv->chunk_count--;
	tv->chunk_bytes -= hws_buf_len(&c->data);
	hws_buf_done(&c->data);
	hws_free(c);
}

void hws_terminal_drop_chunks(struct hws_terminal_view *tv)
{
	struct hws_list *node;

	while ((node = hws_list_first(&tv->chunks)))
		free_chunk(tv, hws_container(node, struct hws_terminal_chunk, node));
}

bool hws_terminal_settled(const struct hws_terminal_view *tv, const struct hws_terminal *t)
{
	struct hws_list *node;

	hws_list_for (node, (struct hws_list *)&tv->chunks) {
		const struct hws_terminal_chunk *c =
				hws_container(node, struct hws_terminal_chunk, node);
		if (&tv->terminal[c->slot] == t && c->generation == t->generation)
			return false;
	}
	return true;
}

/* What stands before anything that is still packed. */
static void deliver_ready(struct hws_terminal_view *tv)
{
	struct hws_list *node;

	while ((node = hws_list_first(&tv->chunks))) {
		struct hws_terminal_chunk *c = hws_container(node, struct hws_terminal_chunk, node);
		struct hws_terminal *t = &tv->terminal[c->slot];
		struct hws_terminal_chunk copy = *c;

		if (c->packed)
			break;
		/* Off the list first: the owner may close, or ask for more. */
		hws_list_remove(&c->node);
		tv->chunk_count--;
		tv->chunk_bytes -= hws_buf_len(&c->data);
		hws_free(c);
		if (t->state != HWS_TERMINAL_FREE && t->generation == copy.generation)
			deliver(tv, t, &copy, hws_buf_bytes(&copy.data));
		hws_buf_done(&copy.data);
	}
	hws_terminal_hold(tv);
}

static struct hws_terminal_chunk *first_packed(struct hws_terminal_view *tv)
{
	struct hws_list *node;

	hws_list_for (node, &tv->chunks) {
		struct hws_terminal_chunk *c = hws_container(node, struct hws_terminal_chunk, node);
		if (c->packed)
			return c;
	}
	return NULL;
}

/* The text stands in the stream, as output: what is missing is missing there. Where bytes are
 * counted nothing that follows has its place any more. */
static void say_missing(struct hws_terminal_view *tv, struct hws_terminal_chunk *c)
{
	if (!c->replay && tv->terminal[c->slot].counts)
		c->failed = true;
	else if (!c->replay)
		hws_buf_put_str(&c->data,
				"\r\n[a part of the output could not be unpacked and is missing]\r\n");
}

/* The decoder answers in the order in which it was asked. */
static void on_unpacked(int r, const struct hws_confined_result *res, void *arg)
{
	struct hws_terminal_view *tv = arg;
	struct hws_terminal_chunk *c = first_packed(tv);

	if (!c)
		return;
	c->packed = false;
	if (r == HWS_OK)
		hws_buf_put(&c->data, res->bytes.ptr, res->bytes.len);
	if (r < 0 || hws_buf_err(&c->data) < 0) {
		hws_buf_reset(&c->data);
		say_missing(tv, c);
	}
	tv->chunk_bytes += hws_buf_len(&c->data);
	deliver_ready(tv);
}

static struct hws_terminal_chunk *add_chunk(struct hws_terminal_view *tv, struct hws_terminal *t)
{
	struct hws_terminal_chunk *c = hws_alloc(sizeof(*c));

	if (!c)
		return NULL;
	c->slot = (unsigned)(t - tv->terminal);
	c->generation = t->generation;
	hws_buf_init(&c->data, REPLAY_MAX);
	hws_list_push(&tv->chunks, &c->node);
	tv->chunk_count++;
	return c;
}

static void no_memory(struct hws_terminal_view *tv, struct hws_terminal *t)
{
	hws_terminal_gone(tv, t,
			&(struct hws_terminal_closed){ .err = HWS_ERR_NOMEM,
					.text = "there is no memory for the terminal's output" });
}

static void add_packed(struct hws_terminal_view *tv, struct hws_terminal *t,
		const struct hws_terminal_chunk *like, struct hws_bytes data)
{
	struct hws_terminal_chunk *c = add_chunk(tv, t);

	if (!c) {
		no_memory(tv, t);
		return;
	}
	c->errors = like->errors;
	c->eof = like->eof;
	c->replay = like->replay;
	c->packed = true;
	/* It may be answered within. */
	int r = hws_confined_unpack(tv->conf.decoder, data, c->replay ? REPLAY_MAX : CHUNK_MAX,
			on_unpacked, tv);
	if (r == HWS_OK)
		return;
	c->packed = false;
	say_missing(tv, c);
	tv->chunk_bytes += hws_buf_len(&c->data);
	deliver_ready(tv);
}

static void add_plain(struct hws_terminal_view *tv, struct hws_terminal *t,
		const struct hws_terminal_chunk *like, struct hws_bytes data)
{
	struct hws_terminal_chunk *c;

	if (hws_list_empty(&tv->chunks)) {
		deliver(tv, t, like, data);
		hws_terminal_hold(tv);
		return;
	}
	c = add_chunk(tv, t);
	if (!c) {
		no_memory(tv, t);
		return;
	}
	c->errors = like->errors;
	c->eof = like->eof;
	c->replay = like->replay;
	c->closed = like->closed;
	c->exit_code = like->exit_code;
	c->signal = like->signal;
	hws_buf_put(&c->data, data.ptr, data.len);
	tv->chunk_bytes += hws_buf_len(&c->data);
	hws_terminal_hold(tv);
}

void hws_terminal_ends(struct hws_terminal_view *tv, struct hws_terminal *t, int exit_code,
		unsigned signal)
{
	add_plain(tv, t,
			&(struct hws_terminal_chunk){
					.closed = true, .exit_code = exit_code, .signal = signal },
			hws_bytes(NULL, 0));
}

/* What is left out counts as received and as taken. */
static void skip(struct hws_terminal *t, uint64_t n)
{
	if (!t->counts || n > UINT64_MAX - t->received)
		return;
	t->received += n;
	t->taken += n;
}

void hws_terminal_on_data(struct hws_terminal_view *tv, const Ses__TerminalData *d)
{
	struct hws_terminal *t = hws_terminal_find(tv, d->terminal_id);
	struct hws_bytes data = hws_bytes(d->data.data, d->data.len);
	struct hws_terminal_chunk like = { 0 };

	if (!t || t->state != HWS_TERMINAL_OPEN)
		return; /* of one that is closed here already */
	if (t->counts) {
		like.errors = d->errors;
		like.eof = d->eof;
		like.replay = d->replay;
		skip(t, d->skipped);
	} else {
		like.replay = t->replaying;
		t->replaying = false;
	}
	if (d->compressed)
		add_packed(tv, t, &like, data);
	else
		add_plain(tv, t, &like, data);
}
