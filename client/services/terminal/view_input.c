/* What is typed, on its way to the host. A host of ours confirms by position, and what it has not
 * confirmed is kept: after a cut it says how far it got, and gets the rest, once. */
#include "client/services/terminal/terminal_view_parts.h"

#define CHUNK (16u << 10)

static int send_data(struct hws_terminal_view *tv, struct hws_terminal *t, struct hws_bytes data,
		bool eof)
{
	Ses__TerminalData d = SES__TERMINAL_DATA__INIT;
	Ses__TerminalAction a = SES__TERMINAL_ACTION__INIT;

	d.terminal_id = t->id;
	d.data.data = (uint8_t *)data.ptr;
	d.data.len = data.len;
	d.eof = eof;
	a.union_case = SES__TERMINAL_ACTION__UNION_DATA;
	a.data = &d;
	return hws_terminal_send(tv, &a);
}

static size_t may_send(const struct hws_terminal *t, size_t unsent)
{
	uint64_t on_way = t->sent - t->confirmed;
	size_t n = HWS_MIN(unsent, (size_t)CHUNK);

	if (!t->counts)
		return n;
	return on_way >= t->window ? 0 : HWS_MIN(n, (size_t)(t->window - on_way));
}

void hws_terminal_send_input(struct hws_terminal_view *tv, struct hws_terminal *t)
{
	bool changed = false;

	while (t->state == HWS_TERMINAL_OPEN &&
			hws_viewer_can_send(tv->service.viewer, &tv->service)) {
		struct hws_bytes all = hws_buf_bytes(&t->input);
		size_t at = (size_t)(t->sent - t->confirmed);
		size_t n = may_send(t, all.len - at);

		if (n == 0 || send_data(tv, t, hws_bytes(all.ptr + at, n), false) < 0)
			break; /* goes on by an ack, a drained link or a new one */
		t->sent += n;
		if (t->counts)
			continue;
		hws_buf_consume(&t->input, n);
		t->confirmed = t->sent;
		changed = true;
	}
	if (t->state == HWS_TERMINAL_OPEN && t->end_wanted && !t->end_sent &&
			t->sent - t->confirmed == hws_buf_len(&t->input) &&
			send_data(tv, t, hws_bytes(NULL, 0), true) == HWS_OK)
		t->end_sent = true;
	if (changed)
		tv->conf.on_input(t->id, hws_buf_len(&t->input), tv->conf.arg);
}

bool hws_terminal_confirm(struct hws_terminal_view *tv, struct hws_terminal *t, uint64_t position)
{
	if (position < t->confirmed || position > t->sent)
		return false;
	if (position == t->confirmed)
		return true;
	hws_buf_consume(&t->input, (size_t)(position - t->confirmed));
	t->confirmed = position;
	tv->conf.on_input(t->id, hws_buf_len(&t->input), tv->conf.arg);
	return true;
}

int hws_terminal_view_input(struct hws_terminal_view *tv, int id, struct hws_bytes data)
{
	struct hws_terminal *t = hws_terminal_find(tv, id);

	if (!t)
		return HWS_ERR_NOTFOUND;
	if (t->end_wanted)
		return HWS_ERR_CLOSED;
	if (data.len > HWS_TERMINAL_INPUT_ROOM - hws_buf_len(&t->input))
		return HWS_ERR_FULL;
	hws_buf_put(&t->input, data.ptr, data.len);
	if (hws_buf_err(&t->input) < 0)
		return hws_buf_err(&t->input);
	hws_terminal_send_input(tv, t);
	return HWS_OK;
}

int hws_terminal_view_end_input(struct hws_terminal_view *tv, int id)
{
	struct hws_terminal *t = hws_terminal_find(tv, id);

	if (!t)
		return HWS_ERR_NOTFOUND;
	if (!t->counts)
		return HWS_ERR_UNSUPPORTED;
	t->end_wanted = true;
	hws_terminal_send_input(tv, t);
	return HWS_OK;
}

size_t hws_terminal_view_waiting(struct hws_terminal_view *tv, int id)
{
	struct hws_terminal *t = hws_terminal_find(tv, id);

	return t ? hws_buf_len(&t->input) : 0;
}
