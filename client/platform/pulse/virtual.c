/* A microphone that programs of the desktop hear: a sink that plays nowhere, and a source that
 * gives what is played into it, made the default while a stream speaks. Nothing of it stays: what a
 * killed agent has left is unloaded when the next one finds it. */
#include "client/platform/pulse/parts.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SINK_ARGUMENT "sink_name=%s rate=48000 channels=2 sink_properties=device.description=hawser"
#define SOURCE_ARGUMENT                                                                            \
	"master=%s.monitor source_name=%s" SOURCE " source_properties=device.description=hawser"
#define SOURCE "_source"

static void make_default(struct pulse *p, const char *name)
{
	pulse_forget(p, p->lib->context_set_default_source(p->context, name, NULL, NULL));
}

static void unload(struct pulse *p, uint32_t *module)
{
	if (*module != PA_INVALID_INDEX && p->context && p->state != PULSE_DOWN)
		pulse_forget(p, p->lib->context_unload_module(p->context, *module, NULL, NULL));
	*module = PA_INVALID_INDEX;
}

static void on_source(pa_context *c HWS_UNUSED, uint32_t index, void *arg)
{
	struct pulse *p = arg;
	char name[sizeof(p->voice_sink) + 20];

	p->voice_source_module = index;
	if (!p->voices && !hws_timer_active(&p->voice_over)) {
		unload(p, &p->voice_source_module);
		return;
	}
	/* Many programs hide monitors; where no source can be made of it, it is one. */
	snprintf(name, sizeof(name), "%s%s", p->voice_sink,
			index == PA_INVALID_INDEX ? ".monitor" : SOURCE);
	make_default(p, name);
}

static void on_sink(pa_context *c, uint32_t index, void *arg)
{
	struct pulse *p = arg;
	char argument[300];

	p->voice_module = index;
	if (p->voices && index == PA_INVALID_INDEX)
		pulse_streams_no_voice(p);
	if (!p->voices || index == PA_INVALID_INDEX) {
		unload(p, &p->voice_module);
		return;
	}
	snprintf(argument, sizeof(argument), SOURCE_ARGUMENT, p->voice_sink, p->voice_sink);
	pulse_forget(p,
			p->lib->context_load_module(
					c, "module-remap-source", argument, on_source, p));
	pulse_streams_place(p);
}

void pulse_voice_begin(struct pulse *p)
{
	char argument[200];

	if (p->voices++)
		return;
	if (hws_timer_active(&p->voice_over)) { /* closed and opened again: it is still there */
		hws_timer_stop(&p->voice_over);
		return;
	}
	/* That one of ours has gone may not have come back to us yet. */
	if (!hws_str_starts(p->source, PULSE_VOICE_SINK))
		memcpy(p->source_before, p->source, sizeof(p->source_before));
	/* Whose it is: a desktop may have several processes of ours. */
	snprintf(p->voice_sink, sizeof(p->voice_sink), PULSE_VOICE_SINK "%ld", (long)getpid());
	snprintf(argument, sizeof(argument), SINK_ARGUMENT, p->voice_sink);
	pulse_forget(p,
			p->lib->context_load_module(
					p->context, "module-null-sink", argument, on_sink, p));
}

static void voice_over(void *arg)
{
	struct pulse *p = arg;

	if (p->context && p->state != PULSE_DOWN && p->source_before[0])
		make_default(p, p->source_before);
	unload(p, &p->voice_source_module);
	unload(p, &p->voice_module);
}

/* A stream of another format follows within this turn: nothing is made anew for it. */
void pulse_voice_end(struct pulse *p)
{
	if (!p->voices || --p->voices)
		return;
	if (p->voice_module == PA_INVALID_INDEX)
		voice_over(p);
	else
		hws_timer_start(p->loop, &p->voice_over, 0, voice_over, p);
}

void pulse_voice_sweep(struct pulse *p, const pa_sink_info *sink)
{
	uint32_t pid, module = sink->owner_module;

	if (p->voices || module == p->voice_module ||
			hws_parse_u32(sink->name + strlen(PULSE_VOICE_SINK), &pid) < 0 || !pid ||
			pid > INT32_MAX)
		return;
	/* Who may not be asked lives, too. */
	if (pid != (uint32_t)getpid() && (kill((pid_t)pid, 0) == 0 || errno != ESRCH))
		return;
	unload(p, &module);
}
