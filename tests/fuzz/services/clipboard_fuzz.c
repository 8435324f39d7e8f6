/* Clipboards of a stranger: messages and their parts at the host, where all is done in the
 * process of the agent, and PNG files, which the decoder reads. What comes out is of its format
 * and in bounds, whatever comes in. */
#include "client/media/png.h"
#include "client/services/clipboard/arrival.h"
#include "client/services/clipboard/entries.h"
#include "client/services/clipboard/parts.h"
#include "shared/wire/envelope.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_arrived(const struct hws_clip_content *c, const char *refused HWS_UNUSED,
		unsigned tag, void *arg HWS_UNUSED)
{
	assert(tag == 3);
	assert(hws_clip_content_size(c) <= HWS_CLIP_ALL_MAX);
	for (unsigned f = 0; f < HWS_CLIP_FORMATS; f++)
		assert(!c->part[f].len ||
				hws_clip_part_valid((enum hws_clip_format)f, c->part[f], NULL));
}

static void arrive(const Ses__Message *m)
{
	struct hws_clip_arrivals *a;

	/* without a worker: no loop is needed */
	if (hws_clip_arrivals_new(NULL, NULL, on_arrived, NULL, &a) < 0)
		return;
	hws_clip_arrivals_take(a, m, 3);
	hws_clip_arrivals_free(a);
}

static void message(struct hws_bytes in)
{
	Ses__Message *m = NULL;

	if (hws_ses_unpack(in, &m) == HWS_OK)
		arrive(m);
	hws_ses_free(m);
}

/* Each part: at (two bytes), copy, length; then its bytes. */
static void parts(struct hws_bytes in)
{
	struct hws_clip_parts_in state = { 0 };

	while (in.len >= 4) {
		Ses__ClipboardPart p = SES__CLIPBOARD_PART__INIT;
		Ses__Message *m = NULL;
		size_t n = HWS_MIN((size_t)in.ptr[3], in.len - 4);

		p.at = (uint32_t)in.ptr[0] << 8 | in.ptr[1];
		p.copy = in.ptr[2] & 1;
		p.size = in.ptr[2] >> 1;
		p.data.data = (uint8_t *)(uintptr_t)(in.ptr + 4);
		p.data.len = n;
		int r = hws_clip_parts_take(&state, &p, &m);
		assert((r == HWS_OK) == (m != NULL));
		assert(hws_buf_len(&state.whole) <= state.size);
		if (m)
			arrive(m);
		hws_ses_free(m);
		in = hws_bytes(in.ptr + 4 + n, in.len - 4 - n);
	}
	hws_clip_parts_drop(&state);
}

static void picture(struct hws_bytes in)
{
	struct hws_buf out, again;
	int r;

	/* libpng on whatever passes the look from outside, but none that takes seconds */
	if (hws_png_check(in, NULL) < 0 || in.ptr[16] || in.ptr[17] || in.ptr[20] || in.ptr[21] ||
			in.ptr[18] > 3 || in.ptr[22] > 3)
		return;
	hws_buf_init(&out, 8u << 20);
	hws_buf_init(&again, 8u << 20);
	r = hws_png_clean(in, &out);
	if (r == HWS_OK) {
		assert(hws_png_check(hws_buf_bytes(&out), NULL) == HWS_OK);
		assert(hws_png_clean(hws_buf_bytes(&out), &again) == HWS_OK);
		assert(hws_bytes_equal(hws_buf_bytes(&out), hws_buf_bytes(&again)));
	}
	hws_buf_done(&out);
	hws_buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_bytes in = hws_bytes(data, size);

	if (size < 1)
		return 0;
	in.ptr++;
	in.len--;
	if (data[0] % 3 == 0)
		message(in);
	else if (data[0] % 3 == 1)
		parts(in);
	else
		picture(in);
	return 0;
}
