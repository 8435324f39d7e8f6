/* What the filter leaves (what is not linear, and what it has not learnt yet) is attenuated, more
 * where nobody speaks before the microphone. Noise and loudness are left as they are. */
#include "client/media/echo.h"
#include "shared/base/mem.h"
#include <speex/speex_echo.h>
#include <speex/speex_preprocess.h>
#include <string.h>

#define LEFT_DB (-45)       /* of the echo, where nobody speaks */
#define LEFT_VOICE_DB (-20) /* and where somebody does */

struct hws_echo {
	SpeexEchoState *filter;
	SpeexPreprocessState *rest;
	unsigned frames;
};

int hws_echo_new(uint32_t rate, unsigned frames, unsigned tail, struct hws_echo **ret)
{
	struct hws_echo *e = hws_alloc(sizeof(*e));
	int hz = (int)rate, off = 0, quiet = LEFT_DB, voice = LEFT_VOICE_DB;

	if (!e)
		return HWS_ERR_NOMEM;
	e->frames = frames;
	e->filter = speex_echo_state_init((int)frames, (int)tail);
	e->rest = speex_preprocess_state_init((int)frames, hz);
	if (!e->filter || !e->rest) {
		hws_echo_free(e);
		return HWS_ERR_NOMEM;
	}
	speex_echo_ctl(e->filter, SPEEX_ECHO_SET_SAMPLING_RATE, &hz);
	speex_preprocess_ctl(e->rest, SPEEX_PREPROCESS_SET_ECHO_STATE, e->filter);
	speex_preprocess_ctl(e->rest, SPEEX_PREPROCESS_SET_DENOISE, &off);
	speex_preprocess_ctl(e->rest, SPEEX_PREPROCESS_SET_AGC, &off);
	speex_preprocess_ctl(e->rest, SPEEX_PREPROCESS_SET_ECHO_SUPPRESS, &quiet);
	speex_preprocess_ctl(e->rest, SPEEX_PREPROCESS_SET_ECHO_SUPPRESS_ACTIVE, &voice);
	*ret = e;
	return HWS_OK;
}

void hws_echo_free(struct hws_echo *e)
{
	if (!e)
		return;
	if (e->rest)
		speex_preprocess_state_destroy(e->rest);
	if (e->filter)
		speex_echo_state_destroy(e->filter);
	hws_free(e);
}

static int64_t energy_of(const struct hws_echo *e, const int16_t *samples)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < e->frames; i++)
		sum += (int64_t)samples[i] * samples[i];
	return sum;
}

/* While it learns, or has learnt what was chance, a filter may add what nobody hears. */
void hws_echo_cancel(struct hws_echo *e, const int16_t *heard, const int16_t *said, int16_t *out)
{
	speex_echo_cancellation(e->filter, heard, said, out);
	if (energy_of(e, out) > energy_of(e, heard))
		memcpy(out, heard, e->frames * sizeof(*out));
	else
		speex_preprocess_run(e->rest, out);
}

void hws_echo_forget(struct hws_echo *e)
{
	speex_echo_state_reset(e->filter);
}
