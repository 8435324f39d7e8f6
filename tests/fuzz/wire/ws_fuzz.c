/* The WebSocket decoder of either role: whatever comes and however it is cut, the same pieces come
 * out, and no length is believed before its bytes are there. */
#include "shared/wire/ws_codec.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_MAX 70000u
#define OUT_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct result {
	uint8_t *bytes; /* of all data pieces, with a mark at each frame's end and control frame */
	size_t len;
	int end;
};

static void put(struct result *r, const void *p, size_t n)
{
	assert(r->len + n <= OUT_MAX);
	if (n)
		memcpy(r->bytes + r->len, p, n);
	r->len += n;
}

static void decode(
		bool from_server, const uint8_t *data, size_t size, size_t cut, struct result *ret)
{
	struct hws_ws_in w = { .from_server = from_server };
	uint64_t left = 0;

	ret->len = 0;
	ret->end = HWS_OK;
	for (size_t at = 0; at < size;) {
		size_t n = cut && cut < size - at ? cut : size - at, used;
		uint8_t *piece = malloc(n);
		struct hws_ws_piece p;
		size_t done = 0;

		assert(piece);
		memcpy(piece, data + at, n);
		at += n;
		do {
			int r = hws_ws_next(&w, FRAME_MAX, piece + done, n - done, &used, &p);

			if (r < 0) {
				ret->end = r;
				free(piece);
				return;
			}
			assert(used <= n - done);
			done += used;
			if (p.kind == HWS_WS_BEGIN) {
				assert(p.len <= FRAME_MAX && left == 0);
				left = p.len;
				put(ret, p.first ? "F" : "C", 1);
			} else if (p.kind == HWS_WS_DATA) {
				assert(p.data.len <= left);
				left -= p.data.len;
				assert(p.end == (left == 0));
				put(ret, p.data.ptr, p.data.len);
			} else if (p.kind == HWS_WS_CONTROL) {
				assert(p.data.len <= HWS_WS_CONTROL_MAX);
				put(ret, "X", 1);
				put(ret, p.data.ptr, p.data.len);
			}
		} while (p.kind != HWS_WS_NONE);
		assert(done == n);
		free(piece);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t a[OUT_MAX], b[OUT_MAX];
	struct result whole = { a, 0, 0 }, cut = { b, 0, 0 };

	if (size < 1 || size > OUT_MAX / 4)
		return 0;
	decode(data[0] & 0x80, data + 1, size - 1, 0, &whole);
	decode(data[0] & 0x80, data + 1, size - 1, data[0] % 16 + 1, &cut);
	assert(whole.end == cut.end && whole.len == cut.len);
	assert(memcmp(a, b, whole.len) == 0);
	return 0;
}
