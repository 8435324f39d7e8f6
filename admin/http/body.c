/* Chunks as RFC 9112, 7.1 has them. Extensions of chunks and fields behind the last are passed
 * over, but counted: content may be capped and what surrounds it endless otherwise. */
#include "admin/http/body.h"
#include "shared/base/macros.h"
#include <string.h>

#define LINE_MAX_BYTES 256u
#define LINES_MAX (64u << 10)

int htp_body_init(struct htp_body *b, const struct htp_head *head, uint64_t max)
{
	*b = (struct htp_body){ .chunked = head->chunked, .left = head->length, .max = max };
	if (!head->chunked)
		b->state = head->length ? HTP_BODY_DATA : HTP_BODY_END;
	return head->length > max ? HWS_ERR_TOOBIG : HWS_OK;
}

static int hex_size(struct hws_bytes line, uint64_t *ret)
{
	uint64_t n = 0;
	size_t i = 0;

	for (; i < line.len; i++) {
		uint8_t c = line.ptr[i], low = c | 0x20;

		if (c >= '0' && c <= '9')
			n = n * 16 + (c - '0');
		else if (low >= 'a' && low <= 'f')
			n = n * 16 + 10 + (low - 'a');
		else
			break;
		if (i >= 8)
			return HWS_ERR_PROTO;
	}
	if (!i || (i < line.len && line.ptr[i] != ';' && line.ptr[i] != ' ' && line.ptr[i] != '\t'))
		return HWS_ERR_PROTO;
	*ret = n;
	return HWS_OK;
}

/* A whole line of `in` without its end; *used has it with its end. */
static int whole_line(struct htp_body *b, struct hws_bytes in, struct hws_bytes *ret, size_t *used)
{
	const uint8_t *nl = in.len ? memchr(in.ptr, '\n', HWS_MIN(in.len, LINE_MAX_BYTES)) : NULL;

	if (!nl)
		return in.len >= LINE_MAX_BYTES ? HWS_ERR_PROTO : HWS_ERR_SHORT;
	if (nl == in.ptr || nl[-1] != '\r')
		return HWS_ERR_PROTO;
	*used = (size_t)(nl - in.ptr) + 1;
	*ret = hws_bytes(in.ptr, *used - 2);
	if (memchr(in.ptr, '\r', ret->len))
		return HWS_ERR_PROTO;
	b->line += (unsigned)*used;
	return b->line > LINES_MAX ? HWS_ERR_TOOBIG : HWS_OK;
}

static int take_size(struct htp_body *b, struct hws_bytes line)
{
	if (hex_size(line, &b->left) < 0)
		return HWS_ERR_PROTO;
	if (b->left > b->max - b->total)
		return HWS_ERR_TOOBIG;
	b->state = b->left ? HTP_BODY_DATA : HTP_BODY_TAIL;
	return HWS_OK;
}

static int take_line(struct htp_body *b, struct hws_bytes in, size_t *used)
{
	struct hws_bytes line;
	int r = whole_line(b, in, &line, used);

	if (r < 0)
		return r;
	if (b->state == HTP_BODY_SIZE)
		return take_size(b, line);
	if (b->state == HTP_BODY_BREAK) {
		b->state = HTP_BODY_SIZE;
		return line.len ? HWS_ERR_PROTO : HWS_OK;
	}
	if (!line.len)
		b->state = HTP_BODY_END;
	return HWS_OK;
}

static int take_data(struct htp_body *b, struct hws_bytes in, size_t *used, struct hws_buf *out)
{
	size_t n = b->left < in.len ? (size_t)b->left : in.len;

	if (!n)
		return HWS_ERR_SHORT;
	if (out)
		hws_buf_put(out, in.ptr, n);
	b->left -= n;
	b->total += n;
	*used = n;
	if (!b->left)
		b->state = b->chunked ? HTP_BODY_BREAK : HTP_BODY_END;
	return out ? hws_buf_err(out) : HWS_OK;
}

int htp_body_feed(struct htp_body *b, struct hws_bytes in, size_t *used, struct hws_buf *out)
{
	int r = HWS_OK;

	*used = 0;
	while (r == HWS_OK && b->state != HTP_BODY_END) {
		struct hws_bytes rest = hws_bytes(in.ptr + *used, in.len - *used);
		size_t n = 0;

		r = b->state == HTP_BODY_DATA ? take_data(b, rest, &n, out)
					      : take_line(b, rest, &n);
		*used += n;
	}
	return r;
}
