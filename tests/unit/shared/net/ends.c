/* tests: two ends of a link that exchange numbered frames. */
#include "tests/unit/shared/net/ends.h"
#include "shared/base/clock.h"
#include <check.h>

struct hws_loop *loop;

void set_up(void)
{
	ck_assert_int_eq(hws_loop_new(&loop), 0);
}

void tear_down(void)
{
	hws_loop_free(loop);
}

size_t frame_len(unsigned i)
{
	static const size_t sizes[] = { 0, 1, 2, 63, 64, 65, 1000, 16383, 16384, 40000 };

	return sizes[i % HWS_COUNT(sizes)];
}

void fill_frame(uint8_t *buf, unsigned i)
{
	for (size_t k = 0; k < frame_len(i); k++)
		buf[k] = (uint8_t)(i * 31 + k * 7 + (k >> 8));
}

static void check_frame(struct hws_conn *c, struct hws_bytes payload, void *arg)
{
	static uint8_t want[65536];
	struct end *e = arg;

	(void)c;
	fill_frame(want, e->got);
	ck_assert_uint_eq(payload.len, frame_len(e->got));
	if (payload.len)
		ck_assert_mem_eq(payload.ptr, want, payload.len);
	e->got++;
}

static void note_close(struct hws_conn *c, int why, void *arg)
{
	struct end *e = arg;

	ck_assert_ptr_nonnull(hws_conn_peer(c));
	e->closed++;
	e->why = why;
	e->conn = NULL;
}

static void note_drain(struct hws_conn *c, enum hws_send_class cls HWS_UNUSED, void *arg)
{
	struct end *e = arg;

	(void)c;
	e->drained++;
}

struct hws_conn_conf conf_of(struct end *e)
{
	return (struct hws_conn_conf){ .frame_max = 65536,
		.send_max = 200000,
		.send_high = 50000,
		.on_frame = check_frame,
		.on_close = note_close,
		.on_drain = note_drain,
		.arg = e };
}

void open_end(struct end *e, struct hws_stream *s)
{
	struct hws_conn_conf conf = conf_of(e);

	memset(e, 0, sizeof(*e));
	ck_assert_int_eq(hws_conn_new(loop, s, &conf, hws_bytes(NULL, 0), &e->conn), 0);
}

void exchange(struct end *a, struct end *b)
{
	static uint8_t buf[65536];
	struct end *both[2] = { a, b };
	uint64_t end = hws_clock_us() + 60 * HWS_US_PER_S;

	while (a->got < FRAMES || b->got < FRAMES) {
		ck_assert_msg(hws_clock_us() < end, "stuck: %u and %u frames", a->got, b->got);
		for (int i = 0; i < 2; i++) {
			struct end *e = both[i];

			ck_assert_msg(e->closed == 0, "closed: %d", e->why);
			while (e->sent < FRAMES && !hws_conn_congested(e->conn, HWS_SEND_VIDEO)) {
				fill_frame(buf, e->sent);
				ck_assert_int_eq(
						hws_conn_send(e->conn,
								hws_bytes(buf, frame_len(e->sent))),
						0);
				e->sent++;
			}
		}
		hws_loop_once(loop, 10000);
	}
}

void finish_ends(struct end *a, struct end *b)
{
	hws_conn_close(a->conn, HWS_OK);
	for (int i = 0; i < 50 && !b->closed; i++)
		hws_loop_once(loop, 1000);
	ck_assert_uint_eq(a->closed, 1);
	ck_assert_uint_eq(b->closed, 1);
	ck_assert_int_eq(b->why, HWS_ERR_EOF);
}

const struct hws_mem_conf tortures[TORTURES] = { { 0 }, { .pipe_max = 7 }, { .read_max = 3 },
	{ .write_max = 5 }, { .pipe_max = 1000, .read_max = 333, .write_max = 100 } };

void feed(struct hws_stream *raw, const void *p, size_t n)
{
	const uint8_t *data = p;

	while (n > 0) {
		ssize_t w = hws_stream_write(raw, hws_bytes(data, n));

		if (w > 0) {
			data += w;
			n -= (size_t)w;
			continue;
		}
		ck_assert_int_eq(w, HWS_ERR_AGAIN);
		hws_loop_once(loop, 1000);
	}
}

void settle(struct end *e)
{
	for (int i = 0; i < 40 && !e->closed; i++)
		hws_loop_once(loop, 500);
}
