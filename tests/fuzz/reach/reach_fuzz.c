/* A viewer that looks for a host, with a server that answers anything. Held throughout: it is told
 * the end at most once, ways are offered one at a time, a stream comes with success only, and a
 * failure has a sentence. */
#include "client/reach/reach.h"
#include "tests/fuzz/reach/wires.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool over, offered, takes;
static struct hws_loop *loop;
static struct hws_reach *reach;
static struct hws_deferred decision;

static void decide(void *arg)
{
	(void)arg;
	offered = false;
	if (takes)
		hws_reach_take(reach);
	else
		over |= !hws_reach_reject(reach, HWS_ERR_CRYPTO);
}

static void on_progress(const char *text, void *arg)
{
	(void)arg;
	assert(!over && *text);
}

static void on_reached(int r, const struct hws_reached *how, void *arg)
{
	(void)arg;
	assert(!over && !offered);
	over = r != HWS_OK;
	offered = r == HWS_OK;
	assert(how->verdict != NULL && how->verdict->count <= HWS_VERDICT_TRIES);
	assert((r == HWS_OK) == (how->stream != NULL));
	assert(r == HWS_OK ? how->path != NULL : *how->error.text != 0);
	hws_stream_close(how->stream);
	if (offered)
		hws_loop_defer(loop, &decision, decide, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_error err = { 0 };

	if (size < 3)
		return 0;
	const struct wires_plan plan = { .refuse = (uint16_t)(data[1] | data[2] << 8),
		.offers_keys = data[0] & 2 };
	const struct hws_reach_conf conf = { .id = "123456789",
		.server = "192.0.2.7",
		.key = data[0] & 1 ? "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=" : "",
		.version = "1.4.9",
		.nat_type = (Rdv__NatType)(data[0] >> 2 & 3) % 3,
		.force_relay = data[0] & 16,
		.last_was_relayed = data[0] & 32,
		.no_udp = data[0] & 128,
		.on_progress = on_progress };

	over = offered = false;
	takes = data[0] & 64;
	loop = wires_open(&plan);
	assert(hws_reach_start(loop, NULL, &conf, on_reached, &reach, &err) == HWS_OK);
	wires_run(hws_bytes(data + 3, size - 3), &over);
	hws_loop_defer_cancel(&decision);
	hws_reach_free(reach);
	wires_close();
	return 0;
}
