/* The first frame of a leg: header, cap, envelope, key, pair id. */
#include "server-relay/request.h"
#include "shared/wire/frame.h"
#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct rly_keys none = { .count = 0 }, one = { 1, { "key" } };
	struct hws_bytes in = { data, size }, payload;
	struct rly_request open, keyed;
	enum rly_refusal why = RLY_REFUSAL_COUNT;
	size_t used;

	if (hws_frame_next(in, HWS_RLY_FIRST_FRAME_MAX, &payload, &used) < 0)
		return 0;
	assert(used <= size && payload.len <= HWS_RLY_FIRST_FRAME_MAX);
	int r = rly_request_parse(payload, &none, &open, &why);

	if (r == HWS_OK) {
		assert(open.uuid_len > 0 && open.uuid_len <= HWS_UUID_MAX);
		assert(strlen(open.uuid) == open.uuid_len);
	} else {
		assert(why < RLY_REFUSAL_COUNT);
	}
	/* A key in force never lets in what an open relay would refuse. */
	if (rly_request_parse(payload, &one, &keyed, &why) == HWS_OK)
		assert(r == HWS_OK && strcmp(open.uuid, keyed.uuid) == 0);
	return 0;
}
