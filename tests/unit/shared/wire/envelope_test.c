/* shared/wire/envelope: messages are unpacked within caps, whatever a peer claims about lengths,
 * counts and depth. */
#include <check.h>
#include <stdlib.h>

#include "shared/base/mem.h"
#include "shared/wire/envelope.h"
#include "shared/wire/field.h"
#include "shared/wire/limits.h"
#include "shared/wire/register_codec.h"

static struct hws_buf buf;

static void set_up(void)
{
	hws_buf_init(&buf, 64u << 20);
}

static void tear_down(void)
{
	hws_buf_done(&buf);
}

/* A message of one top-level member whose body is `count` times `element`. */
static struct hws_bytes repeat(uint32_t number, struct hws_bytes element, size_t count)
{
	uint8_t num[10];

	hws_buf_reset(&buf);
	hws_buf_put(&buf, num, hws_varint_put((uint64_t)number << 3 | 2, num));
	hws_buf_put(&buf, num, hws_varint_put(element.len * count, num));
	for (size_t i = 0; i < count; i++)
		hws_buf_put(&buf, element.ptr, element.len);
	ck_assert_int_eq(hws_buf_err(&buf), HWS_OK);
	return hws_buf_bytes(&buf);
}

START_TEST(an_empty_payload_is_an_empty_message)
{
	Rdv__RendezvousMessage *rdv;
	Ses__Message *ses;

	ck_assert_int_eq(hws_rdv_unpack(hws_bytes(NULL, 0), &rdv), HWS_OK);
	ck_assert_int_eq(rdv->union_case, RDV__RENDEZVOUS_MESSAGE__UNION__NOT_SET);
	ck_assert_int_eq(hws_rdv_pack(rdv, &buf), HWS_OK);
	ck_assert_uint_eq(hws_buf_len(&buf), 0);
	hws_rdv_free(rdv);
	ck_assert_int_eq(hws_ses_unpack(hws_bytes(NULL, 0), &ses), HWS_OK);
	hws_ses_free(ses);
	hws_ses_free(NULL);
	hws_rdv_free(NULL);
}
END_TEST

START_TEST(a_whole_address_book_can_be_asked_for_but_not_more)
{
	static const uint8_t peer[] = { 0x12, 9, '1', '2', '3', '4', '5', '6', '7', '8', '9' };
	Rdv__RendezvousMessage *m;
	struct hws_bytes in = repeat(23, hws_bytes(peer, sizeof(peer)), HWS_RDV_ONLINE_IDS_MAX);

	ck_assert_uint_le(in.len, HWS_RDV_ONLINE_FRAME_MAX);
	ck_assert_int_eq(hws_rdv_unpack(in, &m), HWS_OK);
	ck_assert_uint_eq(m->online_request->n_peers, HWS_RDV_ONLINE_IDS_MAX);
	ck_assert_str_eq(m->online_request->peers[HWS_RDV_ONLINE_IDS_MAX - 1], "123456789");
	hws_rdv_free(m);
	in = repeat(23, hws_bytes(peer, sizeof(peer)), HWS_RDV_ONLINE_IDS_MAX + 1);
	ck_assert_int_eq(hws_rdv_unpack(in, &m), HWS_ERR_TOOBIG);
}
END_TEST

START_TEST(a_long_list_elsewhere_is_refused)
{
	static const uint8_t server[] = { 0x12, 1, 'x' };
	static const uint8_t display[] = { 0x0a,
		0 }; /* two bytes that would unpack to a big struct */
	Rdv__RendezvousMessage *rdv;
	Ses__Message *ses;

	ck_assert_int_eq(hws_rdv_unpack(repeat(14, hws_bytes(server, 3), HWS_RDV_LIST_MAX + 1),
					 &rdv),
			HWS_ERR_TOOBIG);
	/* multi_clipboards, then video_frame would be alike */
	ck_assert_int_eq(hws_ses_unpack(repeat(28, hws_bytes(display, 2), HWS_SES_LIST_MAX + 1),
					 &ses),
			HWS_ERR_TOOBIG);
	/* packed numbers count by their elements: mouse_event.modifiers is field 4, unpacked too */
	static const uint8_t modifiers[] = { 0x22, 4, 1, 2, 3, 4 };

	ck_assert_int_eq(hws_ses_unpack(repeat(10, hws_bytes(modifiers, 6),
							1 + HWS_SES_LIST_MAX / 4),
					 &ses),
			HWS_ERR_TOOBIG);
	ck_assert_int_eq(hws_ses_unpack(repeat(10, hws_bytes(modifiers, 6), HWS_SES_LIST_MAX / 4),
					 &ses),
			HWS_OK);
	ck_assert_uint_eq(ses->mouse_event->n_modifiers, HWS_SES_LIST_MAX);
	hws_ses_free(ses);
}
END_TEST

START_TEST(unknown_fields_cannot_blow_up_memory)
{
	static const uint8_t unknown[] = { 0x78, 1 }; /* field 15, a number */
	Rdv__RendezvousMessage *m;

	/* 24 bytes of bookkeeping and more for each two bytes: above the ratio */
	ck_assert_int_eq(hws_rdv_unpack(repeat(6, hws_bytes(unknown, 2), 30000), &m),
			HWS_ERR_TOOBIG);
	ck_assert_int_eq(hws_rdv_unpack(repeat(6, hws_bytes(unknown, 2), 50), &m), HWS_OK);
	hws_rdv_free(m);
}
END_TEST

START_TEST(unknown_fields_survive_forwarding)
{
	static const uint8_t in[] = { 0x92, 0x01, 7, 0x0a, 1, 'x', 0xf8, 0x3e, 0x05, 0x00 };
	Rdv__RendezvousMessage *m;

	ck_assert_int_eq(hws_rdv_unpack(hws_bytes(in, 9), &m), HWS_ERR_PROTO); /* cut */
	static const uint8_t good[] = { 0x92, 0x01, 6, 0x0a, 1, 'x', 0xf8, 0x3e, 0x05 };

	ck_assert_int_eq(hws_rdv_unpack(hws_bytes(good, 9), &m), HWS_OK);
	ck_assert_int_eq(hws_rdv_pack(m, &buf), HWS_OK);
	ck_assert(hws_bytes_equal(hws_buf_bytes(&buf), hws_bytes(good, 9)));
	hws_rdv_free(m);
}
END_TEST

START_TEST(text_that_is_not_text_is_refused)
{
	static const uint8_t bad_utf8[] = { 0x32, 4, 0x0a, 2, 0xc3, 0x28 };
	static const uint8_t with_nul[] = { 0x32, 5, 0x0a, 3, 'a', 0, 'b' };
	Rdv__RendezvousMessage *m;

	ck_assert_int_eq(hws_rdv_unpack(hws_bytes(bad_utf8, 6), &m), HWS_ERR_PROTO);
	ck_assert_int_eq(hws_rdv_unpack(hws_bytes(with_nul, 7), &m), HWS_ERR_PROTO);
}
END_TEST

START_TEST(the_last_oneof_member_wins)
{
	static const uint8_t in[] = { 0x32, 3, 0x0a, 1, 'x', 0x3a, 2, 0x10, 1 };
	Rdv__RendezvousMessage *m;

	ck_assert_int_eq(hws_rdv_unpack(hws_bytes(in, sizeof(in)), &m), HWS_OK);
	ck_assert_int_eq(m->union_case, RDV__RENDEZVOUS_MESSAGE__UNION_REGISTER_PEER_RESPONSE);
	ck_assert(m->register_peer_response->request_pk);
	hws_rdv_free(m);
}
END_TEST

START_TEST(a_zero_oneof_member_is_written)
{
	Ses__Misc misc = SES__MISC__INIT;
	Ses__Message m = SES__MESSAGE__INIT;
	static const uint8_t empty_reason[] = { 0x9a, 0x01, 2, 0x4a, 0 };

	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	misc.union_case = SES__MISC__UNION_CLOSE_REASON;
	misc.close_reason = (char *)"";
	ck_assert_int_eq(hws_ses_pack(&m, &buf), HWS_OK);
	ck_assert(hws_bytes_equal(hws_buf_bytes(&buf), hws_bytes(empty_reason, 5)));
}
END_TEST

START_TEST(packing_respects_the_buffer_and_appends_all_or_nothing)
{
	Rdv__HealthCheck hc = RDV__HEALTH_CHECK__INIT;
	Rdv__RendezvousMessage m = RDV__RENDEZVOUS_MESSAGE__INIT;
	struct hws_buf small;

	hc.token = (char *)"0123456789";
	m.union_case = RDV__RENDEZVOUS_MESSAGE__UNION_HC;
	m.hc = &hc;
	hws_buf_init(&small, 8);
	ck_assert_int_eq(hws_rdv_pack(&m, &small), HWS_ERR_TOOBIG);
	ck_assert_uint_eq(hws_buf_len(&small), 0);
	hws_buf_done(&small);
}
END_TEST

START_TEST(running_out_of_memory_is_reported_and_leaks_nothing)
{
	static const uint8_t peer[] = { 0x12, 9, '1', '2', '3', '4', '5', '6', '7', '8', '9' };
	struct hws_bytes in = repeat(23, hws_bytes(peer, sizeof(peer)), 2000);
	Rdv__RendezvousMessage *m;
	unsigned long n;
	int r = HWS_ERR_NOMEM;

	for (n = 1; n < 100 && r == HWS_ERR_NOMEM; n++) {
		hws_mem_fail_at(n);
		r = hws_rdv_unpack(in, &m);
	}
	hws_mem_fail_at(0);
	ck_assert_int_eq(r, HWS_OK);
	ck_assert_uint_gt(n, 2); /* more than one block was needed */
	hws_rdv_free(m);
}
END_TEST

START_TEST(a_flipped_bit_never_does_more_than_fail_or_change_the_message)
{
	static const uint8_t good[] = { 0x42, 0x2b, 0x0a, 9, '1', '2', '3', '4', '5', '6', '7', '8',
		'9', 0x10, 1, 0x1a, 3, 'k', 'e', 'y', 0x20, 1, 0x32, 5, '1', '.', '4', '.', '9',
		0x38, 0xd3, 0x86, 0x03, 0x40, 1, 0x52, 8, 1, 2, 3, 4, 5, 6, 7, 8 };
	uint8_t bad[sizeof(good)];
	Rdv__RendezvousMessage *m;

	ck_assert_uint_eq(good[1], sizeof(good) - 2);
	ck_assert_int_eq(hws_rdv_unpack(hws_bytes(good, sizeof(good)), &m), HWS_OK);
	hws_rdv_free(m);
	for (size_t bit = 0; bit < sizeof(good) * 8; bit++) {
		memcpy(bad, good, sizeof(good));
		bad[bit / 8] ^= (uint8_t)(1u << bit % 8);

		int r = hws_rdv_unpack(hws_bytes(bad, sizeof(bad)), &m);

		if (r == HWS_OK)
			hws_rdv_free(m);
		else
			ck_assert(r == HWS_ERR_PROTO || r == HWS_ERR_TOOBIG);
	}
	for (size_t n = 1; n < sizeof(good); n++) /* cut anywhere */
		ck_assert_int_eq(hws_rdv_unpack(hws_bytes(good, n), &m), HWS_ERR_PROTO);
}
END_TEST

START_TEST(the_small_codec_leaves_other_messages_to_the_envelope)
{
	static const struct {
		uint8_t raw[12];
		size_t len;
		int want;
	} cases[] = {
		{ { 0x32, 0 }, 2, HWS_OK }, /* empty id */
		{ { 0x32, 3, 0x0a, 1, 'x' }, 5, HWS_OK },
		{ { 0x32, 5, 0x10, 3, 0x0a, 1, 'x' }, 7, HWS_OK }, /* other order */
		{ { 0x42, 0 }, 2, HWS_ERR_NOTFOUND },              /* another message */
		{ { 0x32, 2, 0x78, 1 }, 4, HWS_ERR_NOTFOUND },     /* unknown field */
		{ { 0x32, 0, 0x3a, 0 }, 4, HWS_ERR_NOTFOUND },     /* two members */
		{ { 0x32 }, 1, HWS_ERR_PROTO },
		{ { 0x32, 9, 0x0a }, 3, HWS_ERR_PROTO },
		{ { 0x32, 3, 0x0a, 9, 'x' }, 5, HWS_ERR_PROTO },
		{ { 0x32, 3, 0x0a, 1, 0xff }, 5, HWS_ERR_PROTO }, /* not UTF-8 */
		{ { 0 }, 0, HWS_ERR_NOTFOUND },
	};
	struct hws_register_peer got;

	for (size_t i = 0; i < HWS_COUNT(cases); i++)
		ck_assert_int_eq(hws_register_peer_decode(
						 hws_bytes(cases[i].raw, cases[i].len), &got),
				cases[i].want);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wire/envelope");
	TCase *t = tcase_create("envelope");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, an_empty_payload_is_an_empty_message);
	tcase_add_test(t, a_whole_address_book_can_be_asked_for_but_not_more);
	tcase_add_test(t, a_long_list_elsewhere_is_refused);
	tcase_add_test(t, unknown_fields_cannot_blow_up_memory);
	tcase_add_test(t, unknown_fields_survive_forwarding);
	tcase_add_test(t, text_that_is_not_text_is_refused);
	tcase_add_test(t, the_last_oneof_member_wins);
	tcase_add_test(t, a_zero_oneof_member_is_written);
	tcase_add_test(t, packing_respects_the_buffer_and_appends_all_or_nothing);
	tcase_add_test(t, running_out_of_memory_is_reported_and_leaks_nothing);
	tcase_add_test(t, a_flipped_bit_never_does_more_than_fail_or_change_the_message);
	tcase_add_test(t, the_small_codec_leaves_other_messages_to_the_envelope);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
