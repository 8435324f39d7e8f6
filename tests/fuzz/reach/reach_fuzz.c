/* A viewer that looks for a host, with a server that answers anything. Held throughout: it is told
 * the end at most once, a stream comes with success only, and a failure has a sentence. */
#include "client/reach/reach.h"
#include "tests/fuzz/reach/wires.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool over;

static void on_progress(const char *text, void *arg)
{
	(void)arg;
	assert(!over && *text);
}

static void on_reached(int r, const struct hws_reached *how, void *arg)
{
	(void)arg;
	assert(!over);
	over = true;
	assert((r == HWS_OK) == (how->stream != NULL));
	assert(r == HWS_OK ? how->path != NULL : *how->error.text != 0);
	hws_stream_close(how->stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_reach *r = NULL;
	struct hws_error err = { 0 };
	struct hws_loop *loop;

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
		.on_progress = on_progress };

	over = false;
	loop = wires_open(&plan);
	assert(hws_reach_start(loop, NULL, &conf, on_reached, &r, &err) == HWS_OK);
	wires_run(hws_bytes(data + 3, size - 3), &over);
	if (!over)
		hws_reach_cancel(r);
	wires_close();
	return 0;
}
