/* The connection and the list of devices. libpulse is told nothing but "make a new list" by its
 * events, and the list is asked for whole: three questions, one after the other. */
#include "client/platform/pulse/pulse.h"
#include "client/platform/pulse/mainloop.h"
#include "client/platform/pulse/parts.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE_US (5 * HWS_US_PER_S)
#define MICROPHONE "microphone" /* our id of it */

static void ask_again(struct pulse *p);

/* --- the end of a connection ------------------------------------------------------------------ */

static void tell_relisted(void *arg)
{
	struct pulse *p = arg;

	if (p->base.ev.on_devices)
		p->base.ev.on_devices(p->base.ev.arg);
}

/* Not inside of a callback of libpulse. */
static void drop(void *arg)
{
	struct pulse *p = arg;

	hws_timer_stop(&p->patience);
	pulse_streams_drop(p, p->why);
	if (p->context) {
		p->lib->context_set_state_callback(p->context, NULL, NULL);
		p->lib->context_set_subscribe_callback(p->context, NULL, NULL);
		p->lib->context_disconnect(p->context);
		p->lib->context_unref(p->context);
		p->context = NULL;
	}
	hws_timer_stop(&p->voice_over);
	p->voices = 0; /* its modules have gone with the server, or are swept next time */
	p->voice_module = p->voice_source_module = PA_INVALID_INDEX;
	p->listing = p->relist = false;
	p->sink[0] = p->source[0] = 0;
	if (p->count)
		hws_loop_defer(p->loop, &p->relisted, tell_relisted, p);
	p->count = 0;
}

static void go_down(struct pulse *p, const char *why)
{
	if (p->state == PULSE_DOWN)
		return;
	p->state = PULSE_DOWN;
	snprintf(p->why, sizeof(p->why), "%s", why);
	hws_loop_defer(p->loop, &p->dropping, drop, p);
}

static void on_patience(void *arg)
{
	go_down(arg, "the sound server does not answer");
}

/* --- the list --------------------------------------------------------------------------------- */

static void add_device(struct pulse *p, enum hws_sound_way way, const char *id, const char *name,
		bool is_default)
{
	struct hws_sound_device *d = &p->next[p->next_count];

	/* What has a longer name cannot be asked for by it. */
	if (p->next_count == HWS_SOUND_DEVICES_MAX || hws_str_copy(d->id, sizeof(d->id), id) < 0)
		return;
	hws_str_escape(d->name, sizeof(d->name), hws_bytes_str(name && *name ? name : id));
	d->way = way;
	d->is_default = is_default;
	p->next_count++;
}

static void listed(struct pulse *p)
{
	bool others = p->next_count != p->count ||
			memcmp(p->list, p->next, p->count * sizeof(p->list[0])) != 0 ||
			!hws_str_equal(p->sink, p->next_sink) ||
			!hws_str_equal(p->source, p->next_source);

	p->listing = false;
	memcpy(p->list, p->next, sizeof(p->list));
	p->count = p->next_count;
	memcpy(p->sink, p->next_sink, sizeof(p->sink));
	memcpy(p->source, p->next_source, sizeof(p->source));
	if (p->state == PULSE_OPENING) {
		p->state = PULSE_READY;
		hws_timer_stop(&p->patience);
	}
	if (others)
		hws_loop_defer(p->loop, &p->relisted, tell_relisted, p);
	pulse_streams_place(p);
	if (p->relist)
		ask_again(p);
}

static void on_source(pa_context *c HWS_UNUSED, const pa_source_info *i, int end, void *arg)
{
	struct pulse *p = arg;

	if (p->state == PULSE_DOWN)
		return;
	if (end) {
		listed(p);
		return;
	}
	/* monitors are the sinks' */
	if (i->monitor_of_sink == PA_INVALID_INDEX && !hws_str_starts(i->name, PULSE_VOICE_SINK))
		add_device(p, HWS_SOUND_RECORD, i->name, i->description,
				hws_str_equal(i->name, p->next_source));
}

static void on_sink(pa_context *c, const pa_sink_info *i, int end, void *arg)
{
	struct pulse *p = arg;

	if (p->state == PULSE_DOWN)
		return;
	if (end) {
		add_device(p, HWS_SOUND_MICROPHONE, MICROPHONE,
				"What programs hear as a microphone", true);
		pulse_forget(p, p->lib->context_get_source_info_list(c, on_source, p));
		return;
	}
	if (hws_str_starts(i->name, PULSE_VOICE_SINK)) {
		pulse_voice_sweep(p, i);
		return;
	}
	bool is_default = hws_str_equal(i->name, p->next_sink);
	add_device(p, HWS_SOUND_CAPTURE, i->name, i->description, is_default);
	add_device(p, HWS_SOUND_PLAY, i->name, i->description, is_default);
}

static void on_server(pa_context *c, const pa_server_info *i, void *arg)
{
	struct pulse *p = arg;

	if (p->state == PULSE_DOWN)
		return;
	p->next_count = 0;
	memset(p->next, 0, sizeof(p->next));
	if (!i || !i->default_sink_name ||
			hws_str_copy(p->next_sink, sizeof(p->next_sink), i->default_sink_name) < 0)
		p->next_sink[0] = 0;
	if (!i || !i->default_source_name ||
			hws_str_copy(p->next_source, sizeof(p->next_source),
					i->default_source_name) < 0)
		p->next_source[0] = 0;
	pulse_forget(p, p->lib->context_get_sink_info_list(c, on_sink, p));
}

static void ask_again(struct pulse *p)
{
	p->relist = p->listing;
	if (p->listing)
		return;
	p->listing = true;
	pulse_forget(p, p->lib->context_get_server_info(p->context, on_server, p));
}

static void on_change(pa_context *c HWS_UNUSED, pa_subscription_event_type_t what HWS_UNUSED,
		uint32_t index HWS_UNUSED, void *arg)
{
	struct pulse *p = arg;

	/* Volumes change, too, and a new list that is the same is told to nobody. */
	if (p->state != PULSE_DOWN)
		ask_again(p);
}

/* --- the connection --------------------------------------------------------------------------- */

static void on_state(pa_context *c, void *arg)
{
	struct pulse *p = arg;
	char why[sizeof(p->why)];

	switch (p->lib->context_get_state(c)) {
	case PA_CONTEXT_READY:
		p->lib->context_set_subscribe_callback(c, on_change, p);
		pulse_forget(p,
				p->lib->context_subscribe(c,
						PA_SUBSCRIPTION_MASK_SINK |
								PA_SUBSCRIPTION_MASK_SOURCE |
								PA_SUBSCRIPTION_MASK_SERVER,
						NULL, NULL));
		ask_again(p);
		return;
	case PA_CONTEXT_FAILED:
	case PA_CONTEXT_TERMINATED:
		snprintf(why, sizeof(why), "%s (%s)",
				p->state == PULSE_READY ? "the sound server has gone"
							: "there is no sound server",
				p->lib->strerror(p->lib->context_errno(c)));
		go_down(p, why);
		return;
	default:
		return;
	}
}

/* Where libpulse looks by itself, else where the account that we run as has it: an agent may have
 * been started by another one. */
static const char *server_of_account(char *buf, size_t size)
{
	struct stat st;

	if (getenv("PULSE_SERVER") || getenv("PULSE_RUNTIME_PATH") || getenv("XDG_RUNTIME_DIR"))
		return NULL;
	if (hws_fmt(buf, size, "unix:/run/user/%u/pulse/native", (unsigned)getuid()) < 0 ||
			stat(buf + strlen("unix:"), &st) < 0 || !S_ISSOCK(st.st_mode))
		return NULL;
	return buf;
}

void pulse_connect(struct pulse *p)
{
	struct hws_error err = { 0 };
	char server[80];

	if (p->state != PULSE_DOWN || p->context)
		return; /* the old one is on its way out */
	p->state = PULSE_OPENING;
	p->lib = pulse_library(&err);
	if (!p->lib) {
		go_down(p, err.text);
		return;
	}
	pulse_mainloop_init(&p->api, p->loop);
	p->context = p->lib->context_new(&p->api, "hawser");
	if (!p->context) {
		go_down(p, "no memory for sound");
		return;
	}
	hws_timer_start(p->loop, &p->patience, PATIENCE_US, on_patience, p);
	p->lib->context_set_state_callback(p->context, on_state, p);
	/* None is started by us, behind the filter of an agent. */
	if (p->lib->context_connect(p->context, server_of_account(server, sizeof(server)),
			    PA_CONTEXT_NOAUTOSPAWN, NULL) < 0)
		go_down(p, "there is no sound server");
}

static const struct hws_sound_device *pulse_devices(struct hws_sound *s, unsigned *ret_count)
{
	struct pulse *p = pulse_of(s);

	pulse_connect(p);
	*ret_count = p->count;
	return p->list;
}

static const struct hws_sound_impl impl = { pulse_devices, pulse_stream_open, pulse_stream_write,
	pulse_stream_latency_us, pulse_stream_close };

int hws_pulse_new(struct hws_loop *loop, struct hws_sound **ret)
{
	struct pulse *p = hws_alloc(sizeof(*p));

	if (!p)
		return HWS_ERR_NOMEM;
	p->base.impl = &impl;
	p->loop = loop;
	p->voice_module = p->voice_source_module = PA_INVALID_INDEX;
	hws_list_init(&p->streams);
	*ret = &p->base;
	return HWS_OK;
}

void hws_pulse_free(struct hws_sound *s)
{
	if (!s)
		return;
	struct pulse *p = pulse_of(s);
	p->state = PULSE_DOWN;
	drop(p);
	hws_loop_defer_cancel(&p->dropping);
	hws_loop_defer_cancel(&p->relisted);
	hws_free(p);
}
