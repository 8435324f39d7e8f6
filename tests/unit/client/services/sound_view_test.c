/* Sound at the viewer: from a host's messages to samples, what is refused, and its end of a call.
 * */
#include "client/media/opus.h"
#include "client/platform/headless/doubles.h"
#include "client/services/sound/jitter.h"
#include "client/services/sound/sound_view.h"
#include "client/services/sound/source.h"
#include "shared/base/clock.h"
#include "shared/wire/envelope.h"
#include "tests/support/open_platform.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include "tests/unit/client/core/recorder.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct hws_loop *loop;
static struct hws_platform *desk;
static struct recorder r;
static struct hws_sound_view *view;
static struct hws_opus_encoder *host;
static unsigned frames, troubles, calls, loudest;
static uint32_t rate;
static enum hws_call_state call;
static char text[400];

static void on_samples(const int16_t *samples, unsigned n, uint32_t hz, unsigned channels,
		void *arg HWS_UNUSED)
{
	frames += n;
	rate = hz;
	for (unsigned i = 0; i < n * channels; i++)
		loudest = HWS_MAX(loudest, (unsigned)abs(samples[i]));
}

static void on_trouble(const char *t, void *arg HWS_UNUSED)
{
	troubles++;
	snprintf(text, sizeof(text), "%s", t);
}

static void on_call(enum hws_call_state state, const char *t, void *arg HWS_UNUSED)
{
	calls++;
	call = state;
	snprintf(text, sizeof(text), "%s", t);
}

static void setup(void)
{
	struct hws_platform_conf pc = { .backend = "headless:64x48" };
	struct hws_view_options o;

	frames = troubles = calls = loudest = 0;
	call = HWS_CALL_NONE;
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	ck_assert_int_eq(test_open_platform(loop, &pc, &desk, NULL), HWS_OK);
	recorder_init(&r, "secret", true);
	ck_assert_int_eq(hws_sound_view_new(&(struct hws_sound_view_conf){ .loop = loop,
							    .sound = desk->sound,
							    .on_samples = on_samples,
							    .on_trouble = on_trouble,
							    .on_call = on_call },
					 &view),
			HWS_OK);
	hws_viewer_serve(r.viewer, hws_sound_view_service(view));
	o = *hws_viewer_options(r.viewer);
	o.sound = true;
	hws_viewer_set_options(r.viewer, &o);
	ck_assert_int_eq(recorder_start(&r, true), HWS_OK);
	recorder_hash(&r);
	recorder_login_ok(&r, "Linux", "1.4.9", 1);
	ck_assert_int_eq(hws_viewer_state(r.viewer), HWS_VIEWER_READY);
	ck_assert_int_eq(hws_opus_encoder_new(48000, 2, &host), HWS_OK);
}

static void teardown(void)
{
	hws_viewer_lost(r.viewer);
	recorder_done(&r);
	hws_sound_view_free(view);
	hws_opus_encoder_free(host);
	hws_platform_close(desk);
	hws_loop_free(loop);
}

static void turn(unsigned ms)
{
	uint64_t end = test_now_ms() + ms;

	while (test_now_ms() < end)
		hws_loop_once(loop, 2000);
}

static void format(uint32_t hz, uint32_t channels)
{
	struct hws_sound_message m;

	hws_sound_message_format(&m);
	m.format.sample_rate = hz;
	m.format.channels = channels;
	recorder_feed(&r, &m.m);
}

/* Packets of a square wave, `from` to `to` - 1. */
static void play(unsigned from, unsigned to)
{
	struct hws_sound_message m;
	uint8_t packet[HWS_OPUS_PACKET_MAX];
	float wave[960];

	for (unsigned i = 0; i < 960; i++)
		wave[i] = i / 2 % 48 < 24 ? 0.25f : -0.25f;
	for (unsigned i = from; i < to; i++) {
		int n = hws_opus_encode(host, wave, 480, packet, sizeof(packet));
		ck_assert_int_gt(n, 0);
		hws_sound_message_frame(&m, hws_bytes(packet, (size_t)n), i);
		recorder_feed(&r, &m.m);
		turn(10);
	}
	turn(200);
}

START_TEST(what_the_host_plays_is_heard)
{
	play(1, 20); /* before there is a format */
	ck_assert_uint_eq(frames, 0);
	format(48000, 2);
	play(1, 51);
	ck_assert_uint_ge(frames, 40 * 480);
	ck_assert_uint_eq(rate, 48000);
	ck_assert_uint_gt(loudest, 4000);
	ck_assert_uint_eq(troubles, 0);
}
END_TEST

START_TEST(a_lost_packet_is_made_up_for)
{
	format(48000, 2);
	play(1, 20);
	play(22, 40);
	ck_assert_uint_ge(hws_sound_view_figures(view)->concealed, 2);
	ck_assert_uint_gt(frames, 30 * 480);
}
END_TEST

START_TEST(absurd_formats_are_refused_with_the_reason)
{
	static const uint32_t rows[][2] = { { 44100, 2 }, { 0, 0 }, { 48000, 3 }, { 48000, 0 },
		{ 0xffffffff, 1 }, { 192000, 2 } };

	for (size_t i = 0; i < HWS_COUNT(rows); i++) {
		format(rows[i][0], rows[i][1]);
		ck_assert_uint_eq(troubles, i + 1);
		ck_assert_ptr_nonnull(strstr(text, "which Opus does not have"));
		play(1, 3);
		ck_assert_uint_eq(frames, 0);
	}
	format(48000, 2);
	play(1, 20);
	ck_assert_uint_gt(frames, 0);
}
END_TEST

START_TEST(what_is_no_opus_is_told_once_and_left_out)
{
	struct hws_sound_message m;
	uint8_t junk[300];

	format(48000, 2);
	for (unsigned i = 1; i < 200; i++) {
		memset(junk, (int)i * 37, sizeof(junk));
		hws_sound_message_frame(&m, hws_bytes(junk, 1 + i % 299), i);
		recorder_feed(&r, &m.m);
		turn(2);
	}
	hws_sound_message_frame(&m, hws_bytes(NULL, 0), 1);
	for (unsigned i = 0; i < 40; i++)
		recorder_feed(&r, &m.m);
	ck_assert_uint_eq(troubles, 1);
	ck_assert_ptr_nonnull(strstr(text, "no Opus"));
	play(300, 320);
	unsigned before = frames;
	format(48000, 2);
	play(1, 30);
	ck_assert_uint_gt(frames, before);
}
END_TEST

/* --- calls ------------------------------------------------------------------------------------ */

static const Ses__VoiceCallRequest *last_request(Ses__Message **ret)
{
	for (int i = (int)r.sent_count - 1; i >= 0; i--) {
		Ses__Message *m = recorder_sent(&r, i);
		if (m->union_case == SES__MESSAGE__UNION_VOICE_CALL_REQUEST) {
			*ret = m;
			return m->voice_call_request;
		}
		hws_ses_free(m);
	}
	ck_abort_msg("nobody rang");
}

static void respond(bool accepted, int64_t stamp)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__VoiceCallResponse a = SES__VOICE_CALL_RESPONSE__INIT;

	a.accepted = accepted;
	a.req_timestamp = stamp;
	m.union_case = SES__MESSAGE__UNION_VOICE_CALL_RESPONSE;
	m.voice_call_response = &a;
	recorder_feed(&r, &m);
}

static int64_t ring(void)
{
	Ses__Message *m;
	int64_t stamp;

	ck_assert_int_eq(hws_sound_view_call(view), HWS_OK);
	ck_assert(call == HWS_CALL_RINGS);
	ck_assert_int_eq(hws_sound_view_call(view), HWS_ERR_BUSY);
	ck_assert(last_request(&m)->is_connect);
	stamp = m->voice_call_request->req_timestamp;
	hws_ses_free(m);
	return stamp;
}

static unsigned sent_frames(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < r.sent_count; i++) {
		Ses__Message *m = recorder_sent(&r, (int)i);
		n += m->union_case == SES__MESSAGE__UNION_AUDIO_FRAME;
		hws_ses_free(m);
	}
	return n;
}

START_TEST(an_accepted_call_sends_the_microphone_until_it_ends)
{
	Ses__Message *m;
	int64_t stamp = ring();

	respond(true, stamp - 1); /* of another */
	ck_assert(call == HWS_CALL_RINGS);
	turn(50);
	ck_assert_uint_eq(sent_frames(), 0);
	respond(true, stamp);
	ck_assert(call == HWS_CALL_ACTIVE);
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;
	while (sent_frames() < 5) {
		ck_assert(test_now_ms() < end);
		turn(10);
	}
	hws_sound_view_hang_up(view);
	ck_assert(call == HWS_CALL_NONE);
	ck_assert(!last_request(&m)->is_connect);
	hws_ses_free(m);
	unsigned before = sent_frames();
	turn(50);
	ck_assert_uint_eq(sent_frames(), before);
}
END_TEST

START_TEST(the_host_may_decline_and_end_and_never_rings)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__VoiceCallRequest q = SES__VOICE_CALL_REQUEST__INIT;

	respond(false, ring());
	ck_assert(call == HWS_CALL_NONE);
	ck_assert_str_eq(text, "the host declined the call, or nobody answered");
	respond(true, ring());
	m.union_case = SES__MESSAGE__UNION_VOICE_CALL_REQUEST;
	m.voice_call_request = &q;
	recorder_feed(&r, &m);
	ck_assert(call == HWS_CALL_NONE);
	ck_assert_str_eq(text, "the host ended the call");
	unsigned before = calls;
	q.is_connect = true;
	recorder_feed(&r, &m);
	ck_assert_uint_eq(calls, before);
	respond(true, ring());
	hws_viewer_lost(r.viewer);
	ck_assert(call == HWS_CALL_NONE);
}
END_TEST

int main(void)
{
	return test_main("services/sound_view", 60, setup, teardown,
			TESTS(what_the_host_plays_is_heard, a_lost_packet_is_made_up_for,
					absurd_formats_are_refused_with_the_reason,
					what_is_no_opus_is_told_once_and_left_out,
					an_accepted_call_sends_the_microphone_until_it_ends,
					the_host_may_decline_and_end_and_never_rings));
}
