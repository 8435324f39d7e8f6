/* What is sent is borrowed until it is packed; only output is ever compressed, and only where that
 * makes it smaller. */
#include "client/services/terminal/reply.h"
#include "shared/base/buf.h"
#include "shared/base/macros.h"
#include "shared/wire/compress.h"

#define PACK_MIN 512u /* below it nothing is won */

bool hws_reply_extended(const struct hws_host_viewer *v)
{
	return v->level == HWS_LEVEL_V2;
}

static int send(struct hws_host_viewer *v, Ses__TerminalResponse *r)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_TERMINAL_RESPONSE;
	m.terminal_response = r;
	return hws_host_viewer_send(v, &m);
}

static void tell(struct hws_host_viewer *v, Ses__TerminalResponse *r)
{
	if (send(v, r) < 0)
		return; /* the link has gone, and `leave` says so */
}

int hws_reply_data(struct hws_host_viewer *v, const struct hws_reply_data *d)
{
	Ses__TerminalResponse m = SES__TERMINAL_RESPONSE__INIT;
	Ses__TerminalData t = SES__TERMINAL_DATA__INIT;
	struct hws_bytes data = d->data;
	struct hws_buf packed;

	hws_buf_init(&packed, data.len + data.len / 128 + 1024); /* zstd wants room to spare */
	if (d->pack && data.len > PACK_MIN &&
			hws_compress(data, HWS_COMPRESS_LEVEL, &packed) == HWS_OK &&
			hws_buf_len(&packed) < data.len) {
		data = hws_buf_bytes(&packed);
		t.compressed = true;
	}
	t.terminal_id = d->id;
	t.data.data = (uint8_t *)(uintptr_t)data.ptr;
	t.data.len = data.len;
	t.errors = d->errors;
	t.eof = d->eof;
	t.replay = d->replay;
	t.skipped = d->skipped;
	m.union_case = SES__TERMINAL_RESPONSE__UNION_DATA;
	m.data = &t;
	int r = send(v, &m);
	hws_buf_done(&packed);
	return r;
}

void hws_reply_opened(struct hws_host_viewer *v, Ses__TerminalOpened *o)
{
	Ses__TerminalResponse m = SES__TERMINAL_RESPONSE__INIT;

	m.union_case = SES__TERMINAL_RESPONSE__UNION_OPENED;
	m.opened = o;
	tell(v, &m);
}

void hws_reply_closed(struct hws_host_viewer *v, int32_t id, int32_t code, uint32_t signal)
{
	Ses__TerminalResponse m = SES__TERMINAL_RESPONSE__INIT;
	Ses__TerminalClosed c = SES__TERMINAL_CLOSED__INIT;

	c.terminal_id = id;
	c.exit_code = code;
	c.signal = hws_reply_extended(v) ? signal : 0;
	m.union_case = SES__TERMINAL_RESPONSE__UNION_CLOSED;
	m.closed = &c;
	tell(v, &m);
}

void hws_reply_error(struct hws_host_viewer *v, int32_t id, const char *text)
{
	Ses__TerminalResponse m = SES__TERMINAL_RESPONSE__INIT;
	Ses__TerminalError e = SES__TERMINAL_ERROR__INIT;

	e.terminal_id = id;
	e.message = (char *)(uintptr_t)text;
	m.union_case = SES__TERMINAL_RESPONSE__UNION_ERROR;
	m.error = &e;
	tell(v, &m);
}

void hws_reply_ack(struct hws_host_viewer *v, int32_t id, uint64_t position)
{
	Ses__TerminalResponse m = SES__TERMINAL_RESPONSE__INIT;
	Ses__TerminalAck a = SES__TERMINAL_ACK__INIT;

	a.terminal_id = id;
	a.position = position;
	m.union_case = SES__TERMINAL_RESPONSE__UNION_ACK;
	m.ack = &a;
	tell(v, &m);
}

void hws_reply_list(struct hws_host_viewer *v, Ses__TerminalList *list)
{
	Ses__TerminalResponse m = SES__TERMINAL_RESPONSE__INIT;

	m.union_case = SES__TERMINAL_RESPONSE__UNION_LIST;
	m.list = list;
	tell(v, &m);
}

/* --- characters and lines --- */

size_t hws_utf8_whole(struct hws_bytes data)
{
	for (size_t back = 1; back <= 3 && back <= data.len; back++) {
		uint8_t c = data.ptr[data.len - back];

		if ((c & 0xc0) == 0x80)
			continue; /* inside of one */
		if (c < 0xc0)
			return data.len;
		size_t need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
		return need > back ? data.len - back : data.len;
	}
	return data.len;
}

struct hws_bytes hws_replay_tail(struct hws_bytes said, size_t max)
{
	if (said.len <= max)
		return said;
	struct hws_bytes tail = hws_bytes(said.ptr + said.len - max, max);
	const uint8_t *line = memchr(tail.ptr, '\n', tail.len);
	size_t skip = 0;

	if (line && line + 1 < tail.ptr + tail.len)
		skip = (size_t)(line + 1 - tail.ptr);
	else
		while (skip < 3 && skip < tail.len && (tail.ptr[skip] & 0xc0) == 0x80)
			skip++;
	return hws_bytes(tail.ptr + skip, tail.len - skip);
}
