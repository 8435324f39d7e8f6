/* net/kcp_receiver: a ring by number, so that nothing is searched. A segment of no length, which
 * would block a deployed receiver for ever, is acknowledged and passed over. */
#include "shared/net/kcp_receiver.h"
#include "shared/base/mem.h"

struct hws_kcp_piece {
	uint32_t len;
	uint8_t data[];
};

int hws_kcp_receiver_init(struct hws_kcp_receiver *r, uint32_t window)
{
	memset(r, 0, sizeof(*r));
	r->window = window;
	r->ring = hws_alloc_array((size_t)window * 2, sizeof(struct hws_kcp_piece *));
	return r->ring ? HWS_OK : HWS_ERR_NOMEM;
}

void hws_kcp_receiver_done(struct hws_kcp_receiver *r)
{
	for (size_t i = 0; r->ring && i < (size_t)r->window * 2; i++)
		hws_free(r->ring[i]);
	hws_free(r->ring);
	r->ring = NULL;
}

static struct hws_kcp_piece **place(const struct hws_kcp_receiver *r, uint32_t sn)
{
	return &r->ring[sn & (r->window * 2 - 1)];
}

static void pass_empty(struct hws_kcp_receiver *r)
{
	while (r->read != r->next && (*place(r, r->read))->len == r->offset) {
		hws_free(*place(r, r->read));
		*place(r, r->read) = NULL;
		r->offset = 0;
		r->read++;
	}
}

/* No more than a window of it waits to be read: the rest stays behind the mark that the peer is
 * told of. */
static void promote(struct hws_kcp_receiver *r)
{
	while (r->next - r->read < r->window && *place(r, r->next)) {
		r->unread += (*place(r, r->next))->len;
		r->next++;
		pass_empty(r);
	}
	if (hws_kcp_diff(r->end, r->next) < 0)
		r->end = r->next;
}

int hws_kcp_receiver_push(
		struct hws_kcp_receiver *r, uint32_t sn, uint32_t ts, struct hws_bytes data)
{
	struct hws_kcp_piece *p;

	if (hws_kcp_diff(sn, r->next + r->window) >= 0)
		return HWS_OK;
	if (hws_kcp_diff(sn, r->next) >= 0 && !*place(r, sn)) {
		p = hws_alloc(sizeof(*p) + data.len);
		if (!p)
			return HWS_ERR_NOMEM;
		p->len = (uint32_t)data.len;
		if (data.len > 0)
			memcpy(p->data, data.ptr, data.len);
		*place(r, sn) = p;
		if (hws_kcp_diff(sn + 1, r->end) > 0)
			r->end = sn + 1;
		promote(r);
	} else {
		r->duplicates++;
	}
	r->newest = (struct hws_kcp_ack){ sn, ts };
	if (r->ack_count < HWS_KCP_ACKS_MAX)
		r->ack[r->ack_count++] = r->newest;
	return HWS_OK;
}

size_t hws_kcp_receiver_read(struct hws_kcp_receiver *r, void *buf, size_t len)
{
	size_t done = 0, n;

	while (done < len && r->read != r->next) {
		const struct hws_kcp_piece *p = *place(r, r->read);

		n = HWS_MIN(len - done, (size_t)(p->len - r->offset));
		memcpy((uint8_t *)buf + done, p->data + r->offset, n);
		done += n;
		r->offset += (uint32_t)n;
		pass_empty(r);
	}
	r->unread -= (uint32_t)done;
	promote(r);
	/* A quarter: told of each single place, the peer would send in the smallest of pieces. */
	if (r->was_full && r->next - r->read <= r->window - r->window / 4) {
		r->was_full = false;
		r->tell = true;
	}
	return done;
}

uint16_t hws_kcp_receiver_window(const struct hws_kcp_receiver *r)
{
	uint32_t held = r->next - r->read;
	uint32_t free = held < r->window ? r->window - held : 0;

	return (uint16_t)HWS_MIN(free, (uint32_t)UINT16_MAX);
}

/* Upwards, as long as there is room; how many. */
static unsigned lowest(const struct hws_kcp_receiver *r, struct hws_kcp_range *ret, unsigned max)
{
	unsigned n = 0;

	for (uint32_t sn = r->next; hws_kcp_diff(r->end, sn) > 0; sn++) {
		if (!*place(r, sn))
			continue;
		if (n > 0 && ret[n - 1].last + 1 == sn) {
			ret[n - 1].last = sn;
			continue;
		}
		if (n == max)
			break;
		ret[n++] = (struct hws_kcp_range){ sn, sn };
	}
	return n;
}

/* Downwards to `above`, the highest last. */
static unsigned highest(const struct hws_kcp_receiver *r, uint32_t above, struct hws_kcp_range *ret,
		unsigned max)
{
	unsigned n = 0;

	for (uint32_t sn = r->end - 1; hws_kcp_diff(sn, above) > 0; sn--) {
		if (!*place(r, sn))
			continue;
		if (n > 0 && ret[max - n].first == sn + 1) {
			ret[max - n].first = sn;
			continue;
		}
		if (n == max)
			break;
		n++;
		ret[max - n] = (struct hws_kcp_range){ sn, sn };
	}
	memmove(ret, ret + max - n, n * sizeof(*ret));
	return n;
}

/* Half from the bottom, where what is missing is oldest, half from the top, where what came is
 * news: a sender that learns late of what came takes it for a faster line. */
unsigned hws_kcp_receiver_ranges(
		const struct hws_kcp_receiver *r, struct hws_kcp_range *ret, unsigned max)
{
	unsigned n = lowest(r, ret, max / 2);

	if (n < max / 2)
		return n;
	return n + highest(r, ret[n - 1].last, ret + n, max - n);
}
