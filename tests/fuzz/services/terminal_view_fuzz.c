/* Terminals at the viewer in front of a hostile host, with cuts of the line, and the filter of what
 * is shown again. Input: a byte (bit 0: of a host of ours), then steps: a byte that says which, its
 * length as two bytes, little endian, and so much of what it is about. */
#include "client/core/viewer_parts.h"
#include "client/services/terminal/replay_filter.h"
#include "client/services/terminal/terminal_view.h"
#include "shared/wire/envelope.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	struct hws_viewer *viewer;
	struct hws_terminal_view *tv;
	size_t here[4]; /* output that was not taken, of the first terminals */
} f;

static void need(bool good)
{
	if (!good)
		abort();
}

/* --- the owner of a core that needs none ------------------------------------------------------ */

static int on_send(enum hws_channel c HWS_UNUSED, struct hws_bytes p, void *arg HWS_UNUSED)
{
	Ses__Message *m = NULL;

	/* Whatever a host says, what it is answered can be read. */
	need(hws_ses_unpack(p, &m) == HWS_OK);
	hws_ses_free(m);
	return HWS_OK;
}

static void on_state(enum hws_viewer_state s HWS_UNUSED, void *arg HWS_UNUSED)
{
}

static void on_end(int err HWS_UNUSED, const char *text HWS_UNUSED, const char *peer HWS_UNUSED,
		void *arg HWS_UNUSED)
{
}

static const struct hws_viewer_ops ops = { .send = on_send, .state = on_state, .end = on_end };

/* --- the owner of the terminals --------------------------------------------------------------- */

static void on_opened(int id, const struct hws_terminal_opened *o, void *arg HWS_UNUSED)
{
	need(id > 0 && o->text);
	for (size_t i = 0; i < o->other_count; i++)
		need(o->others != NULL);
}

static void on_output(int id, const struct hws_terminal_output *o, void *arg HWS_UNUSED)
{
	need(id > 0 && (o->data.len || o->eof));
	if (id < 4)
		f.here[id] += o->data.len;
}

static void on_input(int id, size_t waiting, void *arg HWS_UNUSED)
{
	need(id > 0 && waiting <= HWS_TERMINAL_INPUT_ROOM);
}

static void on_closed(int id, const struct hws_terminal_closed *c, void *arg HWS_UNUSED)
{
	need(id > 0 && c->text);
	if (id < 4)
		f.here[id] = 0;
}

static void on_list(const struct hws_terminal_item *items, size_t n, void *arg HWS_UNUSED)
{
	for (size_t i = 0; i < n; i++)
		for (const char *t = items[i].title; *t; t++)
			need((unsigned char)*t >= 0x20 && *t != 0x7f);
}

static void on_service(const char *id, void *arg HWS_UNUSED)
{
	need(*id);
}

static void hold(bool held HWS_UNUSED, void *arg HWS_UNUSED)
{
}

/* --- steps ------------------------------------------------------------------------------------ */

static void link_stands(bool v2)
{
	f.viewer->state = HWS_VIEWER_READY;
	f.viewer->level = v2 ? HWS_LEVEL_V2 : HWS_LEVEL_PLAIN;
	f.viewer->services_open = true;
	hws_terminal_view_service(f.tv)->impl->open(hws_terminal_view_service(f.tv));
}

static void link_cut(void)
{
	hws_terminal_view_service(f.tv)->impl->close(hws_terminal_view_service(f.tv));
	f.viewer->services_open = false;
	f.viewer->state = HWS_VIEWER_IDLE;
}

static void host_says(struct hws_bytes in)
{
	Ses__Message *m = NULL;

	if (hws_ses_unpack(in, &m) < 0)
		return;
	if (m->union_case == SES__MESSAGE__UNION_TERMINAL_RESPONSE)
		need(!hws_terminal_view_service(f.tv)->impl->on_message(
				hws_terminal_view_service(f.tv), m));
	hws_ses_free(m);
}

/* A second look finds nothing more to leave out. */
static void replay(struct hws_bytes in)
{
	struct hws_replay_filter a = { 0 }, b = { 0 };
	struct hws_buf once, twice;

	hws_buf_init(&once, 1u << 20);
	hws_buf_init(&twice, 1u << 20);
	hws_replay_filter_run(&a, in, &once);
	hws_replay_filter_run(&b, hws_buf_bytes(&once), &twice);
	need(hws_buf_len(&once) <= 2 * in.len);
	need(hws_bytes_equal(hws_buf_bytes(&once), hws_buf_bytes(&twice)) || b.state != 0 || b.c2);
	hws_buf_done(&once);
	hws_buf_done(&twice);
}

static void open_one(struct hws_bytes in)
{
	const char *argv[] = { "true" };
	struct hws_terminal_wish w = { .id = in.len ? in.ptr[0] : 1, .rows = 24, .cols = 80 };
	uint8_t how = in.len > 1 ? in.ptr[1] : 0;

	w.argv = argv;
	w.argc = how & 1;
	w.no_pty = how & 2;
	w.attach = how & 4;
	w.keep = how & 8;
	int r = hws_terminal_view_open(f.tv, &w);
	need(r != HWS_ERR_PROTO);
}

static void step(uint8_t kind, struct hws_bytes in, bool v2)
{
	static uint64_t now = 1000000;
	int id = in.len ? in.ptr[0] & 3 : 1, r = HWS_OK;

	switch (kind % 10) {
	case 0:
	case 1:
		host_says(in);
		break;
	case 2:
		open_one(in);
		break;
	case 3:
		r = hws_terminal_view_input(f.tv, id, in);
		break;
	case 4:
		r = hws_terminal_view_end_input(f.tv, id);
		break;
	case 5:
		hws_terminal_view_took(f.tv, id, f.here[id], f.here[id]);
		f.here[id] = 0;
		break;
	case 6:
		link_cut();
		link_stands(v2);
		break;
	case 7:
		now += 11000000;
		hws_terminal_view_service(f.tv)->impl->tick(hws_terminal_view_service(f.tv), now);
		break;
	case 8:
		r = hws_terminal_view_resize(f.tv, id, 30, 90);
		break;
	default:
		replay(in);
		break;
	}
	need(r != HWS_ERR_PROTO);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_viewer_conf conf = { .ops = &ops,
		.my_id = "1",
		.my_name = "fuzz",
		.my_platform = "Linux",
		.session_id = 1,
		.wish = { .kind = HWS_KIND_TERMINAL } };
	bool v2 = size && data[0] & 1;

	memset(&f, 0, sizeof(f));
	need(hws_viewer_new(&conf, &f.viewer) == HWS_OK);
	need(hws_terminal_view_new(&(struct hws_terminal_view_conf){ .on_opened = on_opened,
						   .on_output = on_output,
						   .on_input = on_input,
						   .on_closed = on_closed,
						   .on_list = on_list,
						   .on_service = on_service,
						   .hold = hold },
			     &f.tv) == HWS_OK);
	hws_viewer_serve(f.viewer, hws_terminal_view_service(f.tv));
	link_stands(v2);
	for (size_t at = 1; at + 3 <= size;) {
		size_t n = data[at + 1] | (size_t)data[at + 2] << 8;

		n = HWS_MIN(n, size - at - 3);
		step(data[at], hws_bytes(data + at + 3, n), v2);
		at += 3 + n;
	}
	hws_viewer_free(f.viewer);
	hws_terminal_view_free(f.tv);
	return 0;
}
