/* pulse/library: libpulse, loaded when sound is first asked for: it brings two dozen libraries with
 * it, which a process that has no sound (a gate, the one with the host's key) must not have. */
#pragma once
#include "shared/base/err.h"
#include <pulse/pulseaudio.h>

/* What is used of it, by its own names without "pa_". */
#define PULSE_FUNCTIONS(X)                                                                         \
	X(context_connect)                                                                         \
	X(context_disconnect)                                                                      \
	X(context_errno)                                                                           \
	X(context_get_server_info)                                                                 \
	X(context_get_sink_info_list)                                                              \
	X(context_get_source_info_list)                                                            \
	X(context_get_state)                                                                       \
	X(context_load_module)                                                                     \
	X(context_new)                                                                             \
	X(context_set_default_source)                                                              \
	X(context_set_state_callback)                                                              \
	X(context_set_subscribe_callback)                                                          \
	X(context_subscribe)                                                                       \
	X(context_unload_module)                                                                   \
	X(context_unref)                                                                           \
	X(operation_unref)                                                                         \
	X(proplist_free)                                                                           \
	X(proplist_new)                                                                            \
	X(proplist_sets)                                                                           \
	X(stream_connect_playback)                                                                 \
	X(stream_connect_record)                                                                   \
	X(stream_disconnect)                                                                       \
	X(stream_drop)                                                                             \
	X(stream_get_latency)                                                                      \
	X(stream_get_state)                                                                        \
	X(stream_new_with_proplist)                                                                \
	X(stream_peek)                                                                             \
	X(stream_set_read_callback)                                                                \
	X(stream_set_state_callback)                                                               \
	X(stream_set_write_callback)                                                               \
	X(stream_unref)                                                                            \
	X(stream_writable_size)                                                                    \
	X(stream_write)                                                                            \
	X(strerror)

struct pulse_library {
#define PULSE_MEMBER(name) __typeof__(pa_##name) *name;
	PULSE_FUNCTIONS(PULSE_MEMBER)
#undef PULSE_MEMBER
};

/* Loaded once for the life of the process; NULL: it is not there, and `err` says what to do. Any
 * thread. */
const struct pulse_library *pulse_library(struct hws_error *err);
