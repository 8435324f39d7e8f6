/* Written from the description of the protocol alone, as deployed hosts do it: chunks of 4 KiB,
 * packed when they are longer than 512 bytes, no flow control, a replay of the last output. */
#include "tests/component/viewer/fake_terminal.h"
#include "shared/base/num.h"
#include "shared/wire/compress.h"
#include "tests/component/viewer/fake_host_parts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool says(struct fake_host *h, Ses__TerminalResponse *r)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_TERMINAL_RESPONSE;
	m.terminal_response = r;
	return fake_put_message(h, &m);
}

static bool says_data(struct fake_host *h, struct hws_bytes data)
{
	Ses__TerminalResponse r = SES__TERMINAL_RESPONSE__INIT;
	Ses__TerminalData d = SES__TERMINAL_DATA__INIT;
	struct hws_buf packed;
	bool good;

	hws_buf_init(&packed, 1u << 20);
	d.terminal_id = 1;
	if (data.len > 512 && hws_compress(data, 3, &packed) == HWS_OK) {
		d.compressed = true;
		data = hws_buf_bytes(&packed);
	}
	d.data.data = (uint8_t *)data.ptr;
	d.data.len = data.len;
	r.union_case = SES__TERMINAL_RESPONSE__UNION_DATA;
	r.data = &d;
	good = says(h, &r);
	hws_buf_done(&packed);
	return good;
}

static bool says_text(struct fake_host *h, const char *text)
{
	return says_data(h, hws_bytes_str(text));
}

static bool opened(struct fake_host *h, struct fake_terminal *t, const Ses__OpenTerminal *open)
{
	Ses__TerminalResponse r = SES__TERMINAL_RESPONSE__INIT;
	Ses__TerminalOpened o = SES__TERMINAL_OPENED__INIT;

	t->opens++;
	o.terminal_id = open->terminal_id;
	o.success = true;
	o.pid = 4242;
	o.service_id = (char *)"ts_fake";
	o.replay_terminal_output = t->kept;
	o.message = (char *)(t->kept ? "Reconnected to existing terminal with pending output"
				     : "Terminal opened");
	r.union_case = SES__TERMINAL_RESPONSE__UNION_OPENED;
	r.opened = &o;
	if (!t->kept) {
		t->rows = open->rows;
		t->cols = open->cols;
	}
	return says(h, &r) && says_text(h, t->kept ? "before\x1b[6n\x1b[c the cut $ " : "$ ");
}

static bool closed(struct fake_host *h, struct fake_terminal *t, int code)
{
	Ses__TerminalResponse r = SES__TERMINAL_RESPONSE__INIT;
	Ses__TerminalClosed c = SES__TERMINAL_CLOSED__INIT;

	t->kept = false;
	t->closes++;
	c.terminal_id = 1;
	c.exit_code = code;
	r.union_case = SES__TERMINAL_RESPONSE__UNION_CLOSED;
	r.closed = &c;
	return says(h, &r);
}

static bool evil(struct fake_host *h)
{
	Ses__TerminalResponse r = SES__TERMINAL_RESPONSE__INIT;
	Ses__TerminalError e = SES__TERMINAL_ERROR__INIT;

	e.terminal_id = 1;
	e.message = (char *)"gone\x1b]0;owned\x07";
	r.union_case = SES__TERMINAL_RESPONSE__UNION_ERROR;
	r.error = &e;
	return says(h, &r);
}

char fake_terminal_byte(size_t n)
{
	return (char)('a' + (n * n / 7 + n) % 26);
}

static bool big(struct fake_host *h)
{
	char chunk[4096];

	for (size_t at = 0; at < FAKE_TERMINAL_BIG; at += sizeof(chunk)) {
		for (size_t i = 0; i < sizeof(chunk); i++)
			chunk[i] = fake_terminal_byte(at + i);
		if (!says_data(h, hws_bytes(chunk, sizeof(chunk))))
			return false;
	}
	return says_text(h, "\r\nEND\r\n$ ");
}

static bool obey(struct fake_host *h, struct fake_terminal *t)
{
	char text[80];
	uint16_t status;

	if (strncmp(t->line, "exit ", 5) == 0 && hws_parse_u16(t->line + 5, &status) == HWS_OK)
		return closed(h, t, status);
	if (strcmp(t->line, "cut") == 0) {
		t->kept = t->persists;
		return false;
	}
	if (strcmp(t->line, "big") == 0)
		return big(h);
	if (strcmp(t->line, "evil") == 0)
		return evil(h);
	if (strcmp(t->line, "size") == 0) {
		snprintf(text, sizeof(text), "%u rows, %u columns\r\n$ ", t->rows, t->cols);
		return says_text(h, text);
	}
	return says_text(h, "$ ");
}

static bool typed(struct fake_host *h, struct fake_terminal *t, const Ses__TerminalData *d)
{
	t->compressed_input |= d->compressed;
	for (size_t i = 0; i < d->data.len; i++) {
		char c = (char)d->data.data[i];

		if (c == '\r' || c == '\n') {
			t->line[t->len] = 0;
			t->len = 0;
			if (!says_text(h, "\r\n") || !obey(h, t))
				return false;
			continue;
		}
		if (t->len + 1 < sizeof(t->line))
			t->line[t->len++] = c;
		if (!says_data(h, hws_bytes(&c, 1)))
			return false;
	}
	return true;
}

bool fake_terminal_hears(struct fake_host *h, const void *ses_message)
{
	const Ses__Message *m = ses_message;
	const Ses__TerminalAction *a = m->terminal_action;
	struct fake_terminal *t = h->conf.arg;

	if (m->union_case == SES__MESSAGE__UNION_LOGIN_REQUEST) {
		t->persists = m->login_request->option &&
				m->login_request->option->terminal_persistent ==
						SES__OPTION_MESSAGE__BOOL_OPTION__Yes;
		if (m->login_request->union_case == SES__LOGIN_REQUEST__UNION_TERMINAL)
			snprintf(t->service_id, sizeof(t->service_id), "%s",
					m->login_request->terminal->service_id);
		return true;
	}
	if (m->union_case != SES__MESSAGE__UNION_TERMINAL_ACTION)
		return true;
	switch (a->union_case) {
	case SES__TERMINAL_ACTION__UNION_OPEN:
		return opened(h, t, a->open);
	case SES__TERMINAL_ACTION__UNION_DATA:
		return typed(h, t, a->data);
	case SES__TERMINAL_ACTION__UNION_RESIZE:
		t->rows = a->resize->rows;
		t->cols = a->resize->cols;
		return true;
	case SES__TERMINAL_ACTION__UNION_CLOSE:
		return closed(h, t, -1);
	default:
		return false; /* nothing that a deployed host knows */
	}
}

void fake_terminal_conf(struct fake_terminal *t, struct fake_conf *conf)
{
	memset(t, 0, sizeof(*t));
	conf->more = fake_terminal_hears;
	conf->arg = t;
}
