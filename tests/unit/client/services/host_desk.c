/* The services on the headless desktop, without processes: what viewers would be sent is kept as
 * messages. */
#include "host_desk.h"
#include "shared/base/buf.h"
#include "shared/base/clock.h"
#include "shared/wire/envelope.h"
#include "shared/wire/version.h"
#include "tests/support/open_platform.h"
#include <stdlib.h>
#include <string.h>

static int send_parts(struct hws_host_viewer *g, const struct hws_session_row *row HWS_UNUSED,
		struct hws_bytes head, struct hws_bytes rest)
{
	struct viewer *v = hws_container(g, struct viewer, g);
	struct hws_buf b;
	Ses__Message *m = NULL;

	if (v->broken)
		return HWS_ERR_FULL;
	hws_buf_init(&b, 64 << 20);
	hws_buf_put(&b, head.ptr, head.len);
	hws_buf_put(&b, rest.ptr, rest.len);
	ck_assert_int_eq(hws_buf_err(&b), HWS_OK);
	ck_assert_int_eq(hws_ses_unpack(hws_buf_bytes(&b), &m), HWS_OK);
	hws_buf_done(&b);
	v->msg = realloc(v->msg, (v->count + 1) * sizeof(v->msg[0]));
	v->msg[v->count++] = m;
	g->sent += head.len + rest.len;
	return HWS_OK;
}

static bool congested(const struct hws_host_viewer *g, enum hws_send_class cls HWS_UNUSED)
{
	return hws_container((struct hws_host_viewer *)g, struct viewer, g)->congested;
}

static void on_bitrate(struct hws_host_viewer *g, uint32_t kbit_s, void *arg HWS_UNUSED)
{
	hws_container(g, struct viewer, g)->bitrate = kbit_s;
}

void desk_setup(struct desk *d, const char *size)
{
	struct hws_platform_conf conf = { .backend = size };
	struct hws_error err = { 0 };

	memset(d, 0, sizeof(*d));
	ck_assert_int_eq(hws_loop_new(&d->loop), HWS_OK);
	ck_assert_int_eq(hws_work_new(1, 16, &d->work), HWS_OK);
	int r = test_open_platform(d->loop, &conf, &d->p, &err);
	ck_assert_msg(r == HWS_OK, "%s", err.text);
	struct hws_host_env env = { .loop = d->loop,
		.work = d->work,
		.platform = d->p,
		.on_bitrate = on_bitrate,
		.arg = d };
	ck_assert_int_eq(hws_host_set_new(hws_host_registry, &env, &d->services), HWS_OK);
}

void desk_teardown(struct desk *d)
{
	hws_host_set_free(d->services);
	hws_platform_close(d->p);
	hws_work_free(d->work);
	hws_loop_once(d->loop, 0);
	hws_loop_free(d->loop);
	for (unsigned i = 0; i < 4; i++) {
		desk_forget(&d->v[i]);
		free(d->v[i].msg);
	}
}

void desk_join(struct desk *d, unsigned i)
{
	struct hws_host_viewer *g = &d->v[i].g;

	g->slot = i;
	g->permissions = ALL_PERMISSIONS;
	if (!g->version)
		g->version = hws_version_number("1.4.9");
	if (!g->platform[0])
		strncpy(g->platform, "Linux", sizeof(g->platform) - 1);
	g->send_parts = send_parts;
	g->congested = congested;
	hws_host_set_join(d->services, g, NULL);
}

void desk_leave(struct desk *d, unsigned i)
{
	hws_host_set_leave(d->services, &d->v[i].g);
}

unsigned desk_count(const struct viewer *v, Ses__Message__UnionCase kind)
{
	unsigned n = 0;

	for (unsigned i = 0; i < v->count; i++)
		n += v->msg[i]->union_case == kind;
	return n;
}

const Ses__Message *desk_get(const struct viewer *v, Ses__Message__UnionCase kind, unsigned n)
{
	for (unsigned i = 0; i < v->count; i++)
		if (v->msg[i]->union_case == kind && n-- == 0)
			return v->msg[i];
	return NULL;
}

void desk_wait(struct desk *d, unsigned i, Ses__Message__UnionCase kind, unsigned n)
{
	uint64_t end = hws_clock_us() + 10 * HWS_US_PER_S;

	while (desk_count(&d->v[i], kind) < n) {
		ck_assert_msg(hws_clock_us() < end, "viewer %u has %u of %u messages %d", i,
				desk_count(&d->v[i], kind), n, (int)kind);
		hws_loop_once(d->loop, 10000);
	}
}

void desk_run(struct desk *d, unsigned ms)
{
	uint64_t end = hws_clock_us() + ms * HWS_US_PER_MS;

	while (hws_clock_us() < end)
		hws_loop_once(d->loop, 5000);
}

const Ses__EncodedVideoFrame *desk_frame(const Ses__Message *m, Ses__VideoFrame__UnionCase codec)
{
	if (m->union_case != SES__MESSAGE__UNION_VIDEO_FRAME || m->video_frame->union_case != codec)
		return NULL;
	ck_assert_uint_eq(m->video_frame->vp9s->n_frames, 1); /* same place for each codec */
	return m->video_frame->vp9s->frames[0];
}

void desk_forget(struct viewer *v)
{
	for (unsigned i = 0; i < v->count; i++)
		hws_ses_free(v->msg[i]);
	v->count = 0;
}

bool desk_send(struct desk *d, unsigned i, const Ses__Message *m)
{
	return hws_host_set_message(d->services, &d->v[i].g, m);
}

bool desk_send_misc(struct desk *d, unsigned i, const Ses__Misc *misc)
{
	Ses__Message m = SES__MESSAGE__INIT;

	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = (Ses__Misc *)misc;
	return desk_send(d, i, &m);
}

void desk_line_run(struct desk *d, struct desk_line *l)
{
	struct hws_host_viewer *g = &d->v[0].g;

	hws_loop_once(d->loop, 2000);
	uint64_t now = hws_loop_now_us(d->loop);
	if (!l->due_us && g->sent > l->sent) {
		l->from_us = now;
		l->due_us = now + (uint64_t)((double)(g->sent - l->sent) * 1e6 / l->speed);
		l->to = g->sent;
	}
	if (!l->due_us || now < l->due_us)
		return;
	struct hws_flow_answer a = { .rtt_us = now - l->from_us + 500,
		.delivered = l->to,
		.first_us = l->from_us,
		.answered_us = now };
	hws_host_set_line(d->services, g, &a);
	l->sent = l->to;
	l->due_us = 0;
}
