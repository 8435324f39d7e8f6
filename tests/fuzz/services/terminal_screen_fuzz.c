/* What a program writes to its terminal, as the host keeps it for who comes back: any bytes, in
 * pieces, drawn or only looked through, with other sizes between. What a fresh terminal is sent
 * must stay bounded, and drawing it must do no harm, either. Input: the size, then the bytes; 0xff
 * and a number change the size. */
#include "client/services/terminal/screen.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static uint16_t side(uint8_t n)
{
	return (uint16_t)(1 + n % 60);
}

static void snapshot(struct hws_screen *s, struct hws_buf *ret)
{
	hws_buf_init(ret, HWS_SCREEN_SNAPSHOT_MAX);
	hws_screen_snapshot(s, ret);
	if (hws_buf_err(ret) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_screen *s = NULL, *fresh = NULL;
	struct hws_buf first, again;

	if (size < 3 || size > 20000)
		return 0;
	uint16_t columns = side(data[0]), rows = side(data[1]);
	bool skips = data[2] & 1;
	if (hws_screen_new(columns, rows, &s) < 0)
		abort();
	data += 3;
	size -= 3;
	while (size) {
		const uint8_t *at = memchr(data, 0xff, size);
		size_t n = at ? (size_t)(at - data) : size;

		if (skips)
			hws_screen_skip(s, hws_bytes(data, n));
		else
			hws_screen_feed(s, hws_bytes(data, n));
		data += n;
		size -= n;
		if (size >= 2) {
			columns = side(data[1]);
			if (hws_screen_resize(s, columns, rows) < 0)
				abort();
		}
		n = size < 2 ? size : 2;
		data += n;
		size -= n;
	}
	snapshot(s, &first);
	if (hws_screen_new(columns, rows, &fresh) < 0)
		abort();
	hws_screen_feed(fresh, hws_buf_bytes(&first));
	snapshot(fresh, &again);
	hws_buf_done(&first);
	hws_buf_done(&again);
	hws_screen_free(fresh);
	hws_screen_free(s);
	return 0;
}
