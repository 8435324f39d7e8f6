/* The header says its own width in its lowest two bits, so a frame is cut out of a stream
 * without knowing what is in it. */
#include "shared/wire/frame.h"

/* Width and announced length of a complete header; false when bytes are missing. */
static bool parse_header(struct hws_bytes in, size_t *ret_width, size_t *ret_len)
{
	uint32_t h = 0;

	if (in.len == 0)
		return false;

	size_t width = (in.ptr[0] & 3u) + 1u;

	if (in.len < width)
		return false;
	for (size_t i = 0; i < width; i++)
		h |= (uint32_t)in.ptr[i] << (8 * i);
	*ret_width = width;
	*ret_len = h >> 2;
	return true;
}

int hws_frame_next(struct hws_bytes in, size_t max, struct hws_bytes *ret, size_t *used)
{
	size_t width, len;

	if (!parse_header(in, &width, &len))
		return HWS_ERR_SHORT;
	if (len > max)
		return HWS_ERR_TOOBIG;
	if (in.len - width < len)
		return HWS_ERR_SHORT;
	*ret = hws_bytes(in.ptr + width, len);
	*used = width + len;
	return HWS_OK;
}

size_t hws_frame_need(struct hws_bytes in)
{
	size_t width, len;

	if (parse_header(in, &width, &len))
		return width + len;
	return in.len == 0 ? 1 : (in.ptr[0] & 3u) + 1u;
}

size_t hws_frame_header(size_t len, uint8_t hdr[HWS_FRAME_HEADER_MAX])
{
	size_t width = len <= 0x3f ? 1 : len <= 0x3fff ? 2 : len <= 0x3fffff ? 3 : 4;

	if (len > HWS_FRAME_LEN_MAX)
		return 0;

	uint32_t h = (uint32_t)(len << 2 | (width - 1));

	for (size_t i = 0; i < width; i++)
		hdr[i] = (uint8_t)(h >> (8 * i));
	return width;
}

bool hws_frame_is_http(struct hws_bytes payload)
{
	/* 'H' says: a header of one byte, and 18 that follow */
	static const char rest[] = "TTP/1.";

	return payload.len == ('H' >> 2) && memcmp(payload.ptr, rest, sizeof(rest) - 1) == 0;
}
