/* tests: two pairs in memory, and bytes handed on from one to the other. */
#include "tests/unit/shared/net/cable.h"
#include "shared/base/macros.h"
#include <check.h>
#include <string.h>

void cable_open(struct cable *c, struct hws_loop *loop, const struct hws_mem_conf *mem)
{
	struct hws_stream *near, *far;

	memset(c, 0, sizeof(*c));
	c->cut_after = UINT64_MAX;
	ck_assert_int_eq(hws_stream_mem_pair(loop, mem, &c->end[0], &near), 0);
	ck_assert_int_eq(hws_stream_mem_pair(loop, mem, &c->end[1], &far), 0);
	c->way[0].from = c->way[1].to = near;
	c->way[1].from = c->way[0].to = far;
}

void cable_cut(struct cable *c)
{
	if (c->cut)
		return;
	c->cut = true;
	hws_stream_close(c->way[0].from);
	hws_stream_close(c->way[1].from);
}

static size_t read_way(struct cable *c, struct cable_way *w, size_t most)
{
	size_t room = HWS_MIN(sizeof(w->held) - w->len, most);
	ssize_t n = room ? hws_stream_read(w->from, w->held + w->len, room) : HWS_ERR_AGAIN;

	if (n > 0)
		w->len += (size_t)n;
	else if (n != HWS_ERR_AGAIN && w->len == 0)
		cable_cut(c); /* what was under way has arrived */
	return n > 0 ? (size_t)n : 0;
}

static void write_way(struct cable *c, struct cable_way *w, size_t most)
{
	uint64_t left = c->cut_after - w->passed;
	size_t may = HWS_MIN(w->len, most), len = (size_t)HWS_MIN((uint64_t)may, left);
	ssize_t n = w->dead ? (ssize_t)len : hws_stream_write(w->to, hws_bytes(w->held, len));

	if (n > 0) {
		w->passed += (uint64_t)n;
		w->len -= (size_t)n;
		memmove(w->held, w->held + n, w->len);
	} else if (n < 0 && n != HWS_ERR_AGAIN) {
		cable_cut(c);
	}
}

void cable_carry(struct cable *c, size_t most)
{
	for (int i = 0; i < 2 && !c->cut; i++) {
		struct cable_way *w = &c->way[i];

		(void)read_way(c, w, most);
		if (!c->cut && w->len > 0)
			write_way(c, w, most);
		if (!c->cut && w->passed >= c->cut_after)
			cable_cut(c);
	}
}
