/* Sound and voice calls at the host, on a desktop in memory whose every sample is known: who gets
 * what, when nothing is sent, who is listened to. */
#include "client/media/opus.h"
#include "client/platform/headless/doubles.h"
#include "client/services/sound/sound_host.h"
#include "client/services/sound/source.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"
#include "tests/support/open_platform.h"
#include "tests/support/proc.h"
#include "tests/support/suite.h"
#include <stdlib.h>
#include <string.h>

struct hws_notifier {
	unsigned shown;
	char summary[HWS_NOTIFY_SUMMARY];
};

int hws_notifier_show(struct hws_notifier *n, unsigned place, const char *summary, const char *body,
		unsigned how HWS_UNUSED)
{
	ck_assert_uint_eq(place, HWS_NOTIFY_CALL);
	ck_assert(!strpbrk(body, "<>&"));
	n->shown++;
	return hws_str_copy(n->summary, sizeof(n->summary), summary);
}

/* --- two viewers ------------------------------------------------------------------------------ */

struct seen {
	struct hws_host_viewer v;
	unsigned formats, frames, boxes, answers, hang_ups, signs;
	bool misses, accepted, congested, heard_no_more, heard_again;
	int64_t stamp;
	uint64_t number; /* of the last frame */
};

static struct hws_loop *loop;
static struct hws_platform *desk;
static struct hws_host_set *set;
static struct hws_notifier notes;
static struct hws_service_conf conf;
static struct seen one, two;

static int send_parts(struct hws_host_viewer *v, const struct hws_session_row *row HWS_UNUSED,
		struct hws_bytes head, struct hws_bytes rest)
{
	struct seen *s = hws_container(v, struct seen, v);
	Ses__Message *m = NULL;

	ck_assert_uint_eq(rest.len, 0);
	ck_assert_int_eq(hws_ses_unpack(head, &m), HWS_OK);
	switch (m->union_case) {
	case SES__MESSAGE__UNION_MISC:
		if (m->misc->union_case == SES__MISC__UNION_NO_SOUND) {
			ck_assert_int_ne(s->misses, m->misc->no_sound); /* each change once */
			s->misses = m->misc->no_sound;
			s->signs++;
			break;
		}
		ck_assert_int_eq(m->misc->union_case, SES__MISC__UNION_AUDIO_FORMAT);
		ck_assert_uint_eq(m->misc->audio_format->sample_rate, 48000);
		ck_assert_uint_eq(m->misc->audio_format->channels, 2);
		s->formats++;
		s->number = 0; /* counted anew */
		break;
	case SES__MESSAGE__UNION_AUDIO_FRAME:
		ck_assert_uint_ge(s->formats, 1); /* it goes first */
		ck_assert_uint_gt(m->audio_frame->number, s->number);
		s->number = m->audio_frame->number;
		s->frames++;
		break;
	case SES__MESSAGE__UNION_MESSAGE_BOX:
		s->boxes++;
		s->heard_no_more |= strstr(m->message_box->text, "You are not heard") != NULL;
		s->heard_again |= strstr(m->message_box->text, "heard at this host again") != NULL;
		break;
	case SES__MESSAGE__UNION_VOICE_CALL_RESPONSE:
		s->answers++;
		s->accepted = m->voice_call_response->accepted;
		s->stamp = m->voice_call_response->req_timestamp;
		ck_assert_int_gt(m->voice_call_response->ack_timestamp, 0);
		break;
	case SES__MESSAGE__UNION_VOICE_CALL_REQUEST:
		ck_assert(!m->voice_call_request->is_connect);
		s->hang_ups++;
		break;
	default:
		ck_abort_msg("message %d", (int)m->union_case);
	}
	hws_ses_free(m);
	return HWS_OK;
}

static bool congested(const struct hws_host_viewer *v, enum hws_send_class cls HWS_UNUSED)
{
	return hws_container((struct hws_host_viewer *)v, struct seen, v)->congested;
}

static void join(struct seen *s, unsigned slot, bool audio)
{
	Ses__OptionMessage o = SES__OPTION_MESSAGE__INIT;

	*s = (struct seen){ .v = { .slot = slot,
					    .conn = slot + 1,
					    .kind = HWS_KIND_REMOTE,
					    .permissions = audio ? ~0u : ~HWS_NEED(HWS_PERM_AUDIO),
					    .who = "ann <b> (1)",
					    .send_parts = send_parts,
					    .congested = congested } };
	hws_host_set_join(set, &s->v, &o);
}

static void permit(struct seen *s, bool audio)
{
	s->v.permissions = audio ? ~0u : ~HWS_NEED(HWS_PERM_AUDIO);
	hws_host_set_update(set, &s->v);
}

static void setup(void)
{
	static const struct hws_host_service_impl *const list[] = { &hws_sound_host_service, NULL };
	struct hws_platform_conf pc = { .backend = "headless:64x48" };

	notes = (struct hws_notifier){ 0 };
	conf = (struct hws_service_conf){ .voice_call = HWS_VOICE_ASK };
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	ck_assert_int_eq(test_open_platform(loop, &pc, &desk, NULL), HWS_OK);
	struct hws_host_env env = {
		.loop = loop, .platform = desk, .conf = &conf, .notifier = &notes
	};
	ck_assert_int_eq(hws_host_set_new(list, &env, &set), HWS_OK);
}

static void teardown(void)
{
	hws_host_set_free(set);
	hws_platform_close(desk);
	hws_loop_free(loop);
}

static void until(const unsigned *count, unsigned n)
{
	uint64_t end = test_now_ms() + TEST_PATIENCE_MS;

	while (*count < n) {
		ck_assert_msg(test_now_ms() < end, "%u of %u", *count, n);
		hws_loop_once(loop, 20000);
	}
}

static void turn(unsigned ms)
{
	uint64_t end = test_now_ms() + ms;

	while (test_now_ms() < end)
		hws_loop_once(loop, 5000);
}

/* --- the desktop's sound ---------------------------------------------------------------------- */

START_TEST(who_may_hear_gets_format_and_frames_of_one_encoder)
{
	join(&one, 0, true);
	until(&one.frames, 5);
	join(&two, 3, true);
	until(&two.frames, 5);
	ck_assert_uint_eq(one.formats, 1);
	ck_assert_uint_eq(two.formats, 1);
	ck_assert_uint_eq(one.number, two.number);
	hws_host_set_leave(set, &two.v);
	unsigned before = two.frames;
	until(&one.frames, one.frames + 5);
	ck_assert_uint_eq(two.frames, before);
}
END_TEST

START_TEST(who_may_not_gets_nothing_until_it_may)
{
	join(&one, 0, false);
	turn(100);
	ck_assert_uint_eq(one.formats + one.frames, 0);
	permit(&one, true);
	until(&one.frames, 3);
	permit(&one, false);
	unsigned before = one.frames;
	turn(100);
	ck_assert_uint_eq(one.frames, before);
	permit(&one, true);
	until(&one.frames, before + 3);
	ck_assert_uint_eq(one.formats, 2); /* told anew */
}
END_TEST

/* Eight seconds of it go out, as of deployed hosts. */
START_TEST(silence_sends_nothing_after_a_while)
{
	hws_headless_sound_silence(desk->sound, true);
	join(&one, 0, true);
	until(&one.frames, 800);
	unsigned before = one.frames;
	turn(300);
	ck_assert_uint_eq(one.frames, before);
	hws_headless_sound_silence(desk->sound, false);
	uint64_t number = one.number;
	until(&one.frames, before + 3);
	/* what was not sent was counted */
	ck_assert_uint_gt(one.number, number + 20);
	ck_assert_uint_eq(one.formats, 1);
}
END_TEST

START_TEST(a_line_that_takes_nothing_for_long_gets_nothing_late)
{
	join(&one, 0, true);
	until(&one.frames, 3);
	one.congested = true;
	turn(900);
	unsigned before = one.frames;
	turn(100);
	ck_assert_uint_eq(one.frames, before);
	one.congested = false;
	until(&one.frames, before + 3);
}
END_TEST

START_TEST(a_device_that_vanishes_is_told_and_found_again)
{
	join(&one, 0, true);
	until(&one.frames, 3);
	hws_headless_sound_plug(desk->sound, false);
	until(&one.boxes, 1);
	until(&one.signs, 1);
	ck_assert(one.misses);
	/* who comes meanwhile is told by a sign alone; who does not hear, of nothing */
	join(&two, 1, true);
	until(&two.signs, 1);
	permit(&two, false);
	unsigned before = one.frames;
	hws_headless_sound_plug(desk->sound, true);
	until(&one.frames, before + 3);
	ck_assert_uint_eq(one.boxes, 1);
	ck_assert_uint_eq(two.boxes, 0);
	ck_assert(!one.misses);
	ck_assert_uint_eq(one.signs, 2);
	ck_assert_uint_eq(two.signs, 1);
}
END_TEST

/* --- calls ------------------------------------------------------------------------------------ */

static void request(struct seen *s, bool connect, int64_t stamp)
{
	Ses__Message m = SES__MESSAGE__INIT;
	Ses__VoiceCallRequest q = SES__VOICE_CALL_REQUEST__INIT;

	q.is_connect = connect;
	q.req_timestamp = stamp;
	m.union_case = SES__MESSAGE__UNION_VOICE_CALL_REQUEST;
	m.voice_call_request = &q;
	ck_assert(hws_host_set_message(set, &s->v, &m));
}

static int command(struct seen *s, const char *text)
{
	struct hws_error err = { 0 };

	return hws_host_set_command(set, "sound", &s->v, text, &err);
}

/* A second of a tone into the call. */
static void talk(struct seen *s, bool format)
{
	struct hws_opus_encoder *e;
	struct hws_sound_message m;
	float wave[960];
	uint8_t packet[HWS_OPUS_PACKET_MAX];

	for (unsigned i = 0; i < 960; i++)
		wave[i] = i / 2 % 48 < 24 ? 0.25f : -0.25f;
	ck_assert_int_eq(hws_opus_encoder_new(48000, 2, &e), HWS_OK);
	hws_sound_message_format(&m);
	if (format)
		ck_assert(hws_host_set_message(set, &s->v, &m.m));
	for (unsigned i = 1; i <= 50; i++) {
		int n = hws_opus_encode(e, wave, 480, packet, sizeof(packet));
		ck_assert_int_gt(n, 0);
		hws_sound_message_frame(&m, hws_bytes(packet, (size_t)n), i);
		ck_assert(hws_host_set_message(set, &s->v, &m.m));
		turn(10);
	}
	turn(200);
	hws_opus_encoder_free(e);
}

static unsigned loudest(void)
{
	struct hws_bytes b = hws_headless_sound_heard(desk->sound);
	unsigned most = 0;

	for (size_t i = 0; i + 1 < b.len; i += 2) {
		int16_t v;
		memcpy(&v, b.ptr + i, 2);
		most = (unsigned)abs(v) > most ? (unsigned)abs(v) : most;
	}
	return most;
}

START_TEST(a_call_is_asked_about_accepted_and_ended)
{
	join(&one, 0, true);
	request(&one, true, 42);
	ck_assert_uint_eq(one.answers, 0);
	ck_assert_uint_eq(notes.shown, 1);
	ck_assert_ptr_nonnull(strstr(notes.summary, "wants to talk"));
	talk(&one, true); /* nobody has agreed yet */
	ck_assert_uint_eq(hws_headless_sound_heard(desk->sound).len, 0);
	ck_assert_int_eq(command(&one, "status"), HWS_OK);
	ck_assert_int_eq(command(&one, "accept"), HWS_OK);
	ck_assert(one.accepted && one.answers == 1 && one.stamp == 42);
	ck_assert_int_eq(command(&one, "accept"), HWS_ERR_NOTFOUND);
	/* the microphone is another sound: told anew, and heard */
	until(&one.formats, 2);
	until(&one.frames, one.frames + 5);
	talk(&one, true);
	ck_assert_uint_gt(loudest(), 4000);
	ck_assert_int_eq(command(&one, "end"), HWS_OK);
	ck_assert_uint_eq(one.hang_ups, 1);
	until(&one.formats, 3); /* the desktop again */
	size_t before = hws_headless_sound_heard(desk->sound).len;
	talk(&one, true);
	ck_assert_uint_eq(hws_headless_sound_heard(desk->sound).len, before);
	ck_assert_int_eq(command(&one, "status"), HWS_ERR_NOTFOUND);
}
END_TEST

START_TEST(a_caller_that_is_heard_again_is_told_so)
{
	conf.voice_call = HWS_VOICE_AUTO;
	join(&one, 0, true);
	request(&one, true, 1);
	talk(&one, true);
	ck_assert(!one.heard_no_more);
	hws_headless_sound_plug(desk->sound, false);
	for (uint64_t due = test_now_ms() + TEST_PATIENCE_MS; !one.heard_no_more;) {
		ck_assert(test_now_ms() < due);
		talk(&one, true);
	}
	ck_assert(!one.heard_again);
	hws_headless_sound_plug(desk->sound, true);
	for (uint64_t due = test_now_ms() + TEST_PATIENCE_MS; !one.heard_again;) {
		ck_assert(test_now_ms() < due);
		talk(&one, true);
	}
}
END_TEST

START_TEST(a_call_is_rejected)
{
	join(&one, 0, true);
	request(&one, true, 43);
	ck_assert_int_eq(command(&one, "reject"), HWS_OK);
	ck_assert(!one.accepted && one.answers == 1 && one.stamp == 43);
	ck_assert_int_eq(command(&one, "dance"), HWS_ERR_INVAL);
}
END_TEST

START_TEST(off_and_without_permission_each_is_declined)
{
	conf.voice_call = HWS_VOICE_OFF;
	join(&one, 0, true);
	request(&one, true, 1);
	ck_assert(!one.accepted && one.answers == 1);
	conf.voice_call = HWS_VOICE_AUTO;
	join(&two, 1, false);
	request(&two, true, 2);
	ck_assert(!two.accepted && two.answers == 1);
	ck_assert_uint_eq(notes.shown, 0);
}
END_TEST

START_TEST(auto_takes_the_first_and_no_second)
{
	conf.voice_call = HWS_VOICE_AUTO;
	join(&one, 0, true);
	join(&two, 1, true);
	request(&one, true, 1);
	ck_assert(one.accepted);
	request(&two, true, 2);
	ck_assert(two.answers == 1 && !two.accepted);
	hws_host_set_leave(set, &one.v);
	request(&two, true, 3);
	ck_assert(two.accepted);
	permit(&two, false); /* takes the call with it */
	ck_assert_uint_eq(two.hang_ups, 1);
}
END_TEST

START_TEST(who_rings_without_end_is_declined)
{
	join(&one, 0, true);
	for (int i = 0; i < 10; i++) {
		request(&one, true, i + 1);
		request(&one, false, 0);
	}
	ck_assert_uint_ge(one.answers, 6);
	ck_assert_uint_le(notes.shown, 8); /* four that rang, and that each is over */
}
END_TEST

/* The caller is heard by programs, and goes on hearing the desktop. */
START_TEST(a_caller_may_be_what_programs_hear)
{
	conf.voice_call = HWS_VOICE_AUTO;
	conf.voice_into_programs = true;
	join(&one, 0, true);
	until(&one.frames, 3);
	request(&one, true, 1);
	ck_assert(one.accepted);
	until(&one.frames, one.frames + 5);
	talk(&one, true);
	ck_assert_uint_gt(loudest(), 4000);
}
END_TEST

START_TEST(absurd_sound_of_a_caller_costs_nothing)
{
	struct hws_sound_message m;
	uint8_t junk[600];

	conf.voice_call = HWS_VOICE_AUTO;
	join(&one, 0, true);
	request(&one, true, 1);
	hws_sound_message_format(&m);
	m.format.sample_rate = 7;
	m.format.channels = 99;
	ck_assert(hws_host_set_message(set, &one.v, &m.m));
	ck_assert_uint_eq(one.boxes, 1);
	talk(&one, false);
	ck_assert_uint_eq(loudest(), 0);
	hws_sound_message_format(&m);
	ck_assert(hws_host_set_message(set, &one.v, &m.m));
	for (unsigned i = 0; i < 3000; i++) {
		for (size_t k = 0; k < sizeof(junk); k++)
			junk[k] = (uint8_t)(i * 31 + k * 7);
		hws_sound_message_frame(&m, hws_bytes(junk, sizeof(junk)), i);
		ck_assert(hws_host_set_message(set, &one.v, &m.m));
		if (i % 100 == 0)
			turn(10);
	}
	until(&one.frames, one.frames + 3);
}
END_TEST

int main(void)
{
	return test_main("services/sound", 60, setup, teardown,
			TESTS(who_may_hear_gets_format_and_frames_of_one_encoder,
					who_may_not_gets_nothing_until_it_may,
					silence_sends_nothing_after_a_while,
					a_line_that_takes_nothing_for_long_gets_nothing_late,
					a_device_that_vanishes_is_told_and_found_again,
					a_call_is_asked_about_accepted_and_ended,
					a_caller_that_is_heard_again_is_told_so, a_call_is_rejected,
					off_and_without_permission_each_is_declined,
					auto_takes_the_first_and_no_second,
					who_rings_without_end_is_declined,
					a_caller_may_be_what_programs_hear,
					absurd_sound_of_a_caller_costs_nothing));
}
