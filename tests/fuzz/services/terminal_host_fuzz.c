/* Two viewers of the terminal service at the host, one of them perhaps deployed: any messages,
 * comings and goings in any order, with programs in memory. Input: steps, each an operation, a
 * length of two bytes (little endian) and so many bytes: a serialised TerminalAction, or a service
 * id to log in with. What must hold: never more terminals than allowed, and nothing of hawser's own
 * to a deployed viewer. */
#include "client/platform/headless/doubles.h"
#include "client/services/terminal/terminal_host.h"
#include "shared/base/log.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"
#include <stdlib.h>
#include <string.h>

#define SHELLS 4u

enum { LOGIN, LEAVE, ACTION, TURN, CHOKE, OPERATIONS };

struct viewer {
	struct hws_host_viewer v;
	bool in, choked;
};

static struct hws_loop *loop;
static struct hws_host_set *set;
static struct viewer viewer[2];

static int take(struct hws_host_viewer *v, const struct hws_session_row *row, struct hws_bytes head,
		struct hws_bytes rest)
{
	Ses__Message *m = NULL;

	if (!row || rest.len || hws_ses_unpack(head, &m) < 0)
		abort();
	const Ses__TerminalResponse *r = m->terminal_response;
	if (m->union_case != SES__MESSAGE__UNION_TERMINAL_RESPONSE)
		abort();
	if (r->union_case == SES__TERMINAL_RESPONSE__UNION_DATA && v->level != HWS_LEVEL_V2 &&
			(r->data->errors || r->data->eof || r->data->replay || r->data->skipped))
		abort(); /* nothing of ours to deployed viewers */
	if (r->union_case == SES__TERMINAL_RESPONSE__UNION_LIST && r->list->n_info > SHELLS)
		abort();
	hws_ses_free(m);
	return HWS_OK;
}

static bool congested(const struct hws_host_viewer *v, enum hws_send_class cls HWS_UNUSED)
{
	return hws_container((struct hws_host_viewer *)(uintptr_t)v, struct viewer, v)->choked;
}

static void opened(struct hws_host_viewer *v, const char *error, int fd)
{
	if (fd != -1)
		abort();
	hws_container(v, struct viewer, v)->in = !error;
}

static void on_keep(unsigned count, void *arg HWS_UNUSED)
{
	if (count > SHELLS)
		abort();
}

static void leave(struct viewer *w)
{
	if (w->in)
		hws_host_set_leave(set, &w->v);
	w->in = false;
}

static void login(struct viewer *w, struct hws_bytes in)
{
	Ses__LoginRequest request = SES__LOGIN_REQUEST__INIT;
	Ses__Terminal terminal = SES__TERMINAL__INIT;
	Ses__OptionMessage option = SES__OPTION_MESSAGE__INIT;
	char id[80];

	leave(w);
	if (!in.len)
		return;
	w->v.level = in.ptr[0] & 1 ? HWS_LEVEL_V2 : HWS_LEVEL_V1;
	w->v.has_key = in.ptr[0] & 2;
	memset(w->v.key, in.ptr[0] >> 2 & 1, sizeof(w->v.key));
	option.terminal_persistent = in.ptr[0] >> 3 & 1 ? SES__OPTION_MESSAGE__BOOL_OPTION__Yes
							: SES__OPTION_MESSAGE__BOOL_OPTION__No;
	if (hws_str_from_bytes(id, sizeof(id), hws_bytes(in.ptr + 1, in.len - 1)) < 0)
		id[0] = 0;
	terminal.service_id = id;
	request.union_case = SES__LOGIN_REQUEST__UNION_TERMINAL;
	request.terminal = &terminal;
	hws_host_set_open(set, &w->v, &request);
	if (w->in)
		hws_host_set_join(set, &w->v, &option);
}

static void action(struct viewer *w, struct hws_bytes in)
{
	ProtobufCMessage *a = NULL;
	Ses__Message m = SES__MESSAGE__INIT;

	if (!w->in || hws_msg_unpack(&ses__terminal_action__descriptor, in, 4096, &a) < 0)
		return;
	m.union_case = SES__MESSAGE__UNION_TERMINAL_ACTION;
	m.terminal_action = (Ses__TerminalAction *)a;
	hws_host_set_message(set, &w->v, &m);
	hws_msg_free(a);
}

static void step(unsigned operation, struct hws_bytes in)
{
	struct viewer *w = &viewer[operation >> 7];

	switch (operation % 128 % OPERATIONS) {
	case LOGIN:
		login(w, in);
		break;
	case LEAVE:
		leave(w);
		break;
	case ACTION:
		action(w, in);
		break;
	case TURN:
		hws_loop_once(loop, 0);
		break;
	default:
		w->choked = !w->choked;
		if (w->in && !w->choked)
			hws_host_set_drained(set, &w->v, hws_channel_class(HWS_CHANNEL_TERMINAL));
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct hws_host_service_impl *const list[] = { &hws_terminal_host_service,
		NULL };
	struct hws_service_conf conf = { .terminal_max = SHELLS, .terminal_keep_us = 1000000000 };
	struct hws_platform platform = { 0 };

	hws_log_setup("fuzz", HWS_LOG_TEXT, 2);
	hws_log_set_level(HWS_LOG_ERROR);
	if (hws_loop_new(&loop) < 0 || hl_ptys_new(loop, &platform.ptys) < 0)
		abort();
	struct hws_host_env env = {
		.loop = loop, .platform = &platform, .conf = &conf, .on_keep = on_keep
	};
	if (hws_host_set_new(list, &env, &set) < 0)
		abort();
	for (unsigned i = 0; i < 2; i++)
		viewer[i] = (struct viewer){ .v = { .slot = i,
							     .kind = HWS_KIND_TERMINAL,
							     .permissions = ~0u,
							     .send_parts = take,
							     .congested = congested,
							     .opened = opened,
							     .who = "Fuzz" } };
	while (size >= 3) {
		unsigned operation = data[0];
		size_t n = data[1] | (size_t)data[2] << 8;

		data += 3;
		size -= 3;
		n = HWS_MIN(n, size);
		step(operation, hws_bytes(data, n));
		data += n;
		size -= n;
	}
	for (unsigned i = 0; i < 4; i++)
		hws_loop_once(loop, 0);
	hws_host_set_free(set);
	hl_ptys_free(platform.ptys);
	hws_loop_free(loop);
	return 0;
}
