/* platform/pulse: sound by a PulseAudio server, or by PipeWire, which speaks its protocol. The
 * server is connected to when the first stream or the list is asked for, and again after it has
 * gone: until then the list is empty. Capture is the monitor of a sink; the microphone that
 * programs hear is a source of ours, the default one for as long as its stream is open. */
#pragma once
#include "client/platform/sound.h"
#include "shared/loop/loop.h"

/* HWS_ERR_NOMEM only: what is missing is told by the streams. */
int hws_pulse_new(struct hws_loop *loop, struct hws_sound **ret) HWS_MUST_CHECK;
/* With no stream open. Takes NULL. */
void hws_pulse_free(struct hws_sound *s);
