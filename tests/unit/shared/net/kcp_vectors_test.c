/* Every datagram and every trace of the specification of KCP over UDP: what the documents say bytes
 * mean is what our codecs make of them, both ways, and the two halves of a pipe do, without pacing,
 * step for step what deployed endpoints do. */
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/kcp_pipe.h"
#include "shared/net/kcp_state.h"
#include "shared/wire/addr_codec.h"
#include "tests/support/suite.h"
#include <check.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdlib.h>

#define RAW_MAX 4096

static json_t *document;

static size_t unhex(const char *hex, uint8_t *out, size_t max)
{
	size_t n = strlen(hex) / 2;

	ck_assert_uint_le(n, max);
	for (size_t i = 0; i < n; i++) {
		char pair[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		out[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return n;
}

static uint32_t num(const json_t *of, const char *key)
{
	const json_t *v = json_object_get(of, key);

	ck_assert_msg(json_is_integer(v), "no number %s", key);
	return (uint32_t)json_integer_value(v);
}

static const char *text(const json_t *of, const char *key)
{
	const char *s = json_string_value(json_object_get(of, key));

	return s ? s : "";
}

static const json_t *named(const char *list, const char *name)
{
	const json_t *all = json_object_get(document, list), *v;
	size_t i;

	json_array_foreach (all, i, v)
		if (hws_str_equal(text(v, "name"), name))
			return v;
	ck_abort_msg("no entry %s", name);
	return NULL;
}

/* --- datagrams --- */

static void check_fields(const struct hws_kcp_segment *s, const json_t *w)
{
	const struct {
		const char *name;
		uint32_t value;
	} fields[] = { { "cmd", s->cmd }, { "frg", s->frg }, { "wnd", s->wnd }, { "ts", s->ts },
		{ "sn", s->sn }, { "una", s->una }, { "len", s->len } };

	for (size_t i = 0; i < HWS_COUNT(fields); i++)
		ck_assert_msg(fields[i].value == num(w, fields[i].name), "%s", fields[i].name);
}

static void check_segments(struct hws_bytes payload, const json_t *want, uint32_t conv)
{
	uint8_t again[HWS_KCP_SEGMENT], data_want[RAW_MAX];
	struct hws_kcp_segment s;
	struct hws_bytes data;
	const json_t *w;
	size_t i;

	json_array_foreach (want, i, w) {
		const uint8_t *at = payload.ptr;
		int r = hws_kcp_segment_get(&payload, conv, false, &s, &data);

		if (num(w, "conv") != conv) { /* bad-conv */
			ck_assert_int_eq(r, HWS_ERR_DENIED);
			return;
		}
		ck_assert_int_eq(r, HWS_OK);
		check_fields(&s, w);
		ck_assert(hws_bytes_equal(data,
				hws_bytes(data_want,
						unhex(text(w, "data_hex"), data_want,
								sizeof(data_want)))));
		hws_kcp_segment_put(&s, again);
		ck_assert_mem_eq(again, at, HWS_KCP_SEGMENT);
	}
	ck_assert_uint_eq(payload.len, 0);
}

static void check_malformed(const char *name, struct hws_bytes payload, uint32_t conv)
{
	struct hws_kcp_segment s;
	struct hws_bytes data;
	int want = hws_str_equal(name, "bad-len") ? HWS_ERR_TOOBIG : HWS_ERR_PROTO;

	ck_assert_int_eq(hws_kcp_segment_get(&payload, conv, false, &s, &data), want);
}

static void check_header(const json_t *v, struct hws_bytes raw)
{
	const json_t *f = json_object_get(v, "fields");
	uint8_t again[HWS_KCP_HEADER], payload_want[RAW_MAX];
	struct hws_kcp_header h;
	struct hws_bytes payload;

	ck_assert_int_eq(hws_kcp_header_get(raw, &h, &payload), HWS_OK);
	hws_kcp_header_put(&h, again);
	ck_assert_mem_eq(again, raw.ptr, HWS_KCP_HEADER);
	ck_assert_uint_eq(h.id.conv, num(f, "conv"));
	ck_assert_uint_eq(h.flag, num(f, "flag"));
	if (!json_object_get(f, "rsv")) {
		check_malformed(text(v, "name"), payload, h.id.conv);
		return;
	}
	ck_assert_uint_eq(h.rsv, num(f, "rsv"));
	ck_assert_uint_eq(h.id.src, num(f, "src_session_id"));
	ck_assert_uint_eq(h.id.dst, num(f, "dst_session_id"));
	ck_assert(hws_bytes_equal(payload,
			hws_bytes(payload_want,
					unhex(text(f, "payload_hex"), payload_want,
							sizeof(payload_want)))));
	if (json_object_get(f, "segments"))
		check_segments(payload, json_object_get(f, "segments"), h.id.conv);
}

static void check_address(const json_t *v, struct hws_bytes raw)
{
	struct sockaddr_storage a;
	uint8_t again[HWS_ADDR_WIRE_MAX];
	uint32_t t;

	hws_addr_decode(raw, &a, &t);
	ck_assert_int_eq(a.ss_family, AF_INET6);
	ck_assert_uint_eq(ntohs(((struct sockaddr_in6 *)&a)->sin6_port),
			num(json_object_get(v, "fields"), "port"));
	ck_assert_uint_eq(hws_addr_encode(&a, 0, again), raw.len);
	ck_assert_mem_eq(again, raw.ptr, raw.len);
}

START_TEST(vector_holds)
{
	const json_t *v = json_array_get(json_object_get(document, "vectors"), (size_t)_i);
	uint8_t raw[RAW_MAX];
	struct hws_bytes in = hws_bytes(raw, unhex(text(v, "hex"), raw, sizeof(raw)));
	struct hws_kcp_header h;
	struct hws_bytes payload;

	ck_assert_uint_eq(in.len, num(v, "length"));
	if (hws_str_equal(text(v, "name"), "addr-v6"))
		check_address(v, in);
	else if (json_object_get(json_object_get(v, "fields"), "flag"))
		check_header(v, in);
	else /* what is no datagram of a connection: punching, rendezvous, too short */
		ck_assert_int_eq(hws_kcp_header_get(in, &h, &payload), HWS_ERR_SHORT);
}
END_TEST

/* --- answers --- */

static const struct {
	const char *in, *out;
	enum hws_kcp_state before, after;
} answers[] = {
	{ "syn", "syn-ack", HWS_KCP_UNKNOWN, HWS_KCP_SYN_RECEIVED },
	{ "syn-sessions", "syn-ack-sessions", HWS_KCP_UNKNOWN, HWS_KCP_SYN_RECEIVED },
	{ "syn-ack", "established-ack", HWS_KCP_SYN_SENT, HWS_KCP_ESTABLISHED },
	{ "established-ack", NULL, HWS_KCP_SYN_RECEIVED, HWS_KCP_ESTABLISHED },
	{ "ping", "pong", HWS_KCP_ESTABLISHED, HWS_KCP_ESTABLISHED },
	{ "ping-with-payload", "pong-with-payload", HWS_KCP_ESTABLISHED, HWS_KCP_ESTABLISHED },
	{ "pong", NULL, HWS_KCP_ESTABLISHED, HWS_KCP_ESTABLISHED },
	{ "fin", NULL, HWS_KCP_ESTABLISHED, HWS_KCP_PEER_CLOSED },
	{ "fin", "rst", HWS_KCP_SYN_SENT, HWS_KCP_CLOSED },
	{ "fin", NULL, HWS_KCP_LOCAL_CLOSED, HWS_KCP_CLOSED },
	{ "rst", NULL, HWS_KCP_ESTABLISHED, HWS_KCP_CLOSED },
	{ "rst", NULL, HWS_KCP_SYN_SENT, HWS_KCP_CLOSED },
	{ "rst", NULL, HWS_KCP_PEER_CLOSED, HWS_KCP_CLOSED },
	{ "rst", NULL, HWS_KCP_UNKNOWN, HWS_KCP_UNKNOWN },
	{ "kcp-ack", "rst", HWS_KCP_UNKNOWN, HWS_KCP_UNKNOWN },
	{ "ping", "rst", HWS_KCP_UNKNOWN, HWS_KCP_UNKNOWN },
	{ "ping", "rst", HWS_KCP_LOCAL_CLOSED, HWS_KCP_LOCAL_CLOSED },
	{ "push-hello", NULL, HWS_KCP_SYN_RECEIVED, HWS_KCP_ESTABLISHED },
	{ "push-hello", NULL, HWS_KCP_SYN_SENT, HWS_KCP_SYN_SENT },
	{ "push-hello", NULL, HWS_KCP_CLOSED, HWS_KCP_CLOSED },
	/* ours: what is repeated is answered again */
	{ "syn", "syn-ack", HWS_KCP_SYN_RECEIVED, HWS_KCP_SYN_RECEIVED },
	{ "syn-ack", "established-ack", HWS_KCP_ESTABLISHED, HWS_KCP_ESTABLISHED },
	{ "syn", NULL, HWS_KCP_ESTABLISHED, HWS_KCP_ESTABLISHED },
	{ "syn", NULL, HWS_KCP_SYN_SENT, HWS_KCP_SYN_SENT },
};

START_TEST(datagram_is_answered_as_the_table_says)
{
	uint8_t in[RAW_MAX], out[RAW_MAX];
	size_t len = unhex(text(named("vectors", answers[_i].in), "hex"), in, sizeof(in));
	struct hws_kcp_header h, want;
	struct hws_bytes payload, want_payload;
	struct hws_kcp_step step;

	ck_assert_int_eq(hws_kcp_header_get(hws_bytes(in, len), &h, &payload), HWS_OK);
	step = hws_kcp_step(answers[_i].before, h.flag, payload.len > 0);
	ck_assert_int_eq(step.next, answers[_i].after);
	if (!answers[_i].out) {
		ck_assert_uint_eq(step.answer, 0);
		return;
	}
	len = unhex(text(named("vectors", answers[_i].out), "hex"), out, sizeof(out));
	ck_assert_int_eq(hws_kcp_header_get(hws_bytes(out, len), &want, &want_payload), HWS_OK);
	ck_assert_uint_eq(step.answer, want.flag);
	ck_assert_uint_eq(step.copied ? h.rsv : 0, want.rsv);
	ck_assert(hws_bytes_equal(step.copied ? payload : hws_bytes(NULL, 0), want_payload));
}
END_TEST

START_TEST(every_flag_in_every_state_stays_in_the_table)
{
	for (int state = HWS_KCP_UNKNOWN; state <= HWS_KCP_CLOSED; state++)
		for (unsigned flag = 0; flag < 256; flag++) {
			struct hws_kcp_step s = hws_kcp_step(state, (uint8_t)flag, true);

			ck_assert_int_le(s.next, HWS_KCP_CLOSED);
			if (state == HWS_KCP_CLOSED)
				ck_assert_int_eq(s.next, HWS_KCP_CLOSED);
			/* no answer to an answer: two ends never talk for ever */
			if (s.answer && !(flag & HWS_KCP_PING)) {
				struct hws_kcp_step back =
						hws_kcp_step(HWS_KCP_UNKNOWN, s.answer, false);

				ck_assert(back.answer == 0 || back.answer == HWS_KCP_RST);
			}
		}
}
END_TEST

/* --- traces --- */

/* What drives deployed pipes: a tick of 10 ms, and the clock of the last one for all that comes
 * between. */
struct trace {
	struct hws_kcp_pipe pipe;
	bool updated;
	uint32_t now, next_tick;
	const json_t *output;
	size_t out_count;
	const json_t *step;
};

static uint64_t trace_us(const struct trace *t)
{
	return (uint64_t)t->now * HWS_US_PER_MS;
}

static void flush(struct trace *t)
{
	uint8_t got[RAW_MAX], want[RAW_MAX];
	size_t len;

	if (!t->updated)
		return;
	while ((len = hws_kcp_pipe_output(&t->pipe, trace_us(t), got, sizeof(got))) > 0) {
		if (t->output) {
			const char *hex =
					json_string_value(json_array_get(t->output, t->out_count));

			ck_assert_ptr_nonnull(hex);
			ck_assert_uint_eq(len, unhex(hex, want, sizeof(want)));
			ck_assert_mem_eq(got, want, len);
		}
		t->out_count++;
	}
}

static void update(struct trace *t, uint32_t now)
{
	t->now = now;
	if (!t->updated)
		t->next_tick = now;
	t->updated = true;
	if (now < t->next_tick)
		return;
	t->next_tick += 10;
	if (now >= t->next_tick)
		t->next_tick = now + 10;
	flush(t);
}

static void step_send(struct trace *t)
{
	size_t len = 0;
	uint8_t *data;

	if (json_object_get(t->step, "pattern")) {
		len = num(t->step, "pattern");
		data = hws_alloc(len);
		ck_assert_ptr_nonnull(data);
		for (size_t i = 0; i < len; i++)
			data[i] = (uint8_t)(7 * i + i / 251);
	} else {
		data = hws_alloc(RAW_MAX);
		ck_assert_ptr_nonnull(data);
		len = unhex(text(t->step, "hex"), data, RAW_MAX);
	}
	/* Ours has no limit for one call; the specification says why the deployed one is none to
	 * copy. */
	ck_assert_int_eq(hws_kcp_pipe_write(&t->pipe, hws_bytes(data, len)), HWS_OK);
	hws_free(data);
}

static void step_input(struct trace *t)
{
	const char *hex = text(t->step, "hex");
	size_t max = strlen(hex) / 2 + 1;
	uint8_t *raw = hws_alloc(max);

	ck_assert_ptr_nonnull(raw);
	ck_assert_int_eq(hws_kcp_pipe_input(&t->pipe, hws_bytes(raw, unhex(hex, raw, max)),
					 trace_us(t)),
			(int)json_integer_value(json_object_get(t->step, "result")));
	hws_free(raw);
}

/* Ours reads bytes, not segments: what the trace reads in several goes comes in the same order. */
static void step_recv(struct trace *t)
{
	const char *hex = text(t->step, "result");
	uint8_t got[RAW_MAX], want[RAW_MAX];
	size_t n = unhex(hex, want, sizeof(want));

	ck_assert_uint_eq(hws_kcp_pipe_read(&t->pipe, got, n ? n : 1), n);
	ck_assert(n == 0 || memcmp(got, want, n) == 0);
}

static uint32_t waiting(struct trace *t)
{
	uint32_t n = t->pipe.send.unsent_count;
	struct hws_list *node;

	hws_list_for (node, &t->pipe.send.sent)
		n++;
	hws_list_for (node, &t->pipe.send.lost)
		n++;
	return n;
}

static void check_state(struct trace *t)
{
	const json_t *s = json_object_get(t->step, "state");

	if (!s)
		return;
	ck_assert_uint_eq(t->pipe.send.una, num(s, "snd_una"));
	ck_assert_uint_eq(t->pipe.send.next, num(s, "snd_nxt"));
	ck_assert_uint_eq(t->pipe.recv.next, num(s, "rcv_nxt"));
	ck_assert_uint_eq(t->pipe.send.rtt.srtt, num(s, "srtt"));
	ck_assert_uint_eq(t->pipe.send.rtt.rttvar, num(s, "rttvar"));
	ck_assert_uint_eq(t->pipe.send.rtt.rto, num(s, "rto"));
	ck_assert_uint_eq(t->pipe.send.peer_window, num(s, "rmt_wnd"));
}

static void run_step(struct trace *t)
{
	const char *op = text(t->step, "op");

	t->output = json_object_get(t->step, "output");
	t->out_count = 0;
	if (hws_str_equal(op, "update"))
		update(t, num(t->step, "now"));
	else if (hws_str_equal(op, "flush"))
		flush(t);
	else if (hws_str_equal(op, "send"))
		step_send(t);
	else if (hws_str_equal(op, "input"))
		step_input(t);
	else if (hws_str_equal(op, "recv"))
		step_recv(t);
	else if (hws_str_equal(op, "waitsnd"))
		ck_assert_uint_eq(waiting(t), num(t->step, "result"));
	else /* "check": when the deployed driver wants to tick; ours needs none */
		ck_assert_str_eq(op, "check");
	if (json_object_get(t->step, "output_count"))
		ck_assert_uint_eq(t->out_count, num(t->step, "output_count"));
	else
		ck_assert_uint_eq(t->out_count, json_array_size(t->output));
	check_state(t);
}

START_TEST(trace_holds)
{
	const json_t *trace = json_array_get(json_object_get(document, "traces"), (size_t)_i);
	const json_t *steps = json_object_get(trace, "steps");
	struct trace t = { 0 };
	const struct hws_kcp_pipe_conf conf = { .conv = num(trace, "conv"),
		.send = { .window = 1024, .rto_min = 30 },
		.receive_window = 1024 };
	size_t i;

	if (hws_str_equal(text(trace, "name"), "t8-chunk-limit"))
		return; /* a_write_has_no_limit_of_segments */
	ck_assert_int_eq(hws_kcp_pipe_init(&t.pipe, &conf), HWS_OK);
	json_array_foreach (steps, i, t.step)
		run_step(&t);
	hws_kcp_pipe_done(&t.pipe);
}
END_TEST

/* Trace t8: of what a deployed sender is given, it loses all or most when it is 128 segments. Here
 * the same bytes arrive, in order. */
START_TEST(a_write_has_no_limit_of_segments)
{
	const json_t *steps = json_object_get(named("traces", "t8-chunk-limit"), "steps");
	struct trace t = { 0 };
	struct hws_kcp_pipe to;
	struct hws_kcp_pipe_conf conf = {
		.conv = 7, .send = { .window = 1024, .rto_min = 30 }, .receive_window = 1024
	};
	uint8_t packet[HWS_KCP_DATAGRAM_MAX], got[4096];
	size_t total = 0, len, n, i, written = 0;
	uint64_t now = 0;

	ck_assert_int_eq(hws_kcp_pipe_init(&t.pipe, &conf), HWS_OK);
	ck_assert_int_eq(hws_kcp_pipe_init(&to, &conf), HWS_OK);
	json_array_foreach (steps, i, t.step)
		if (hws_str_equal(text(t.step, "op"), "send")) {
			step_send(&t);
			written += json_object_get(t.step, "pattern") ? num(t.step, "pattern") : 1;
		}
	while (total < written && now < 10 * HWS_US_PER_S) {
		while ((len = hws_kcp_pipe_output(&t.pipe, now, packet, sizeof(packet))) > 0)
			ck_assert_int_eq(hws_kcp_pipe_input(&to, hws_bytes(packet, len), now),
					HWS_OK);
		while ((len = hws_kcp_pipe_output(&to, now, packet, sizeof(packet))) > 0)
			ck_assert_int_eq(hws_kcp_pipe_input(&t.pipe, hws_bytes(packet, len), now),
					HWS_OK);
		while ((n = hws_kcp_pipe_read(&to, got, sizeof(got))) > 0)
			total += n;
		now += 10 * HWS_US_PER_MS;
	}
	ck_assert_uint_eq(total, written);
	ck_assert(hws_kcp_pipe_drained(&t.pipe));
	hws_kcp_pipe_done(&to);
	hws_kcp_pipe_done(&t.pipe);
}
END_TEST

/* The session's specification names four of them again. */
START_TEST(headers_of_the_session_vectors_hold)
{
	json_t *doc = json_load_file(HWS_VECTORS_DIR "/session.json", 0, NULL);
	const json_t *v;
	size_t i, count = 0;

	ck_assert_ptr_nonnull(doc);
	json_array_foreach (json_object_get(doc, "vectors"), i, v) {
		const json_t *f = json_object_get(v, "decoded");
		const char *flag = text(f, "flag");
		uint8_t raw[RAW_MAX];
		struct hws_kcp_header h;
		struct hws_bytes payload;
		unsigned want;

		if (!hws_str_starts(text(v, "name"), "kcp-"))
			continue;
		count++;
		want = (strstr(flag, "SYN") ? HWS_KCP_SYN : 0u) |
				(strstr(flag, "ACK") ? HWS_KCP_ACK : 0u) |
				(strstr(flag, "DATA") ? HWS_KCP_DATA : 0u) |
				(strstr(flag, "PING") ? HWS_KCP_PING : 0u);
		ck_assert_int_eq(hws_kcp_header_get(hws_bytes(raw,
								    unhex(text(v, "hex"), raw,
										    sizeof(raw))),
						 &h, &payload),
				HWS_OK);
		ck_assert_uint_eq(h.id.conv, num(f, "conv"));
		ck_assert_uint_eq(h.flag, want);
		ck_assert_uint_eq(payload.len, 0);
	}
	ck_assert_uint_eq(count, 4);
	json_decref(doc);
}
END_TEST

START_TEST(an_offer_is_read_as_it_was_written)
{
	uint8_t offer[HWS_KCP_OFFER + 4] = { 0 };

	hws_kcp_offer_put(HWS_KCP_CAN_ALL, offer);
	ck_assert_uint_eq(hws_kcp_offer_get(hws_bytes(offer, HWS_KCP_OFFER)), HWS_KCP_CAN_ALL);
	ck_assert_uint_eq(hws_kcp_offer_get(hws_bytes(offer, sizeof(offer))), HWS_KCP_CAN_ALL);
	ck_assert_uint_eq(hws_kcp_offer_get(hws_bytes(offer, HWS_KCP_OFFER - 1)), 0);
	hws_kcp_offer_put(UINT32_MAX, offer); /* of a newer end */
	ck_assert_uint_eq(hws_kcp_offer_get(hws_bytes(offer, HWS_KCP_OFFER)), HWS_KCP_CAN_ALL);
	offer[0] ^= 1;
	ck_assert_uint_eq(hws_kcp_offer_get(hws_bytes(offer, HWS_KCP_OFFER)), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("net/kcp_vectors");
	TCase *t;
	int status;

	document = json_load_file(HWS_VECTORS_DIR "/kcp.json", 0, NULL);
	if (json_array_size(json_object_get(document, "vectors")) < 30)
		return 1;
	t = test_case(s, "vectors", 60,
			TESTS(every_flag_in_every_state_stays_in_the_table,
					a_write_has_no_limit_of_segments,
					headers_of_the_session_vectors_hold,
					an_offer_is_read_as_it_was_written));
	tcase_add_loop_test(t, vector_holds, 0,
			(int)json_array_size(json_object_get(document, "vectors")));
	tcase_add_loop_test(t, trace_holds, 0,
			(int)json_array_size(json_object_get(document, "traces")));
	tcase_add_loop_test(t, datagram_is_answered_as_the_table_says, 0, (int)HWS_COUNT(answers));
	status = test_suite_run(s);
	json_decref(document);
	return status;
}
