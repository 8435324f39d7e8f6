/* A microphone that programs of the desktop hear: a sink that plays nowhere, and a source that
 * gives what is played into it, made the default while a stream speaks. Nothing of it stays: what a
 * killed agent has left is unloaded when the next one finds it. */
#include "client/platform/pulse/parts.h"
#include "shared/base/str.h"
#include <string.h>

#define SINK_ARGUMENT                                                                              \
	"sink_name=" PULSE_VOICE_SINK " rate=48000 channels=2"                                     \
	" sink_properties=device.description=hawser"
#define SOURCE_ARGUMENT                                                                            \
	"master=" PULSE_VOICE_SINK ".monitor source_name=" PULSE_VOICE_SINK "_source"              \
	" source_properties=device.description=hawser"

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

	p->voice_source_module = index;
	if (!p->voices) {
		unload(p, &p->voice_source_module);
		return;
	}
	/* Many programs hide monitors; where no source can be made of it, it is one all the same.
	 * */
	make_default(p,
			index == PA_INVALID_INDEX ? PULSE_VOICE_SINK ".monitor"
						  : PULSE_VOICE_SINK "_source");
}

static void on_sink(pa_context *c, uint32_t index, void *arg)
{
	struct pulse *p = arg;

	p->voice_module = index;
	if (!p->voices || index == PA_INVALID_INDEX) {
		unload(p, &p->voice_module);
		return;
	}
	pulse_forget(p,
			p->lib->context_load_module(
					c, "module-remap-source", SOURCE_ARGUMENT, on_source, p));
	pulse_streams_place(p);
}

void pulse_voice_begin(struct pulse *p)
{
	if (p->voices++)
		return;
	memcpy(p->source_before, p->source, sizeof(p->source_before));
	pulse_forget(p,
			p->lib->context_load_module(
					p->context, "module-null-sink", SINK_ARGUMENT, on_sink, p));
}

void pulse_voice_end(struct pulse *p)
{
	if (!p->voices || --p->voices)
		return;
	if (p->context && p->state != PULSE_DOWN && p->source_before[0])
		make_default(p, p->source_before);
	unload(p, &p->voice_source_module);
	unload(p, &p->voice_module);
}

void pulse_voice_sweep(struct pulse *p, const char *sink, uint32_t module)
{
	if (!p->voices && hws_str_equal(sink, PULSE_VOICE_SINK) && module != p->voice_module)
		unload(p, &module);
}
