/* wire/session_table and wire/session_kind against the schema, and each row against a second, naive
 * reading of it. */
#include "proto/agent.pb-c.h"
#include "shared/base/buf.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"
#include "shared/wire/field.h"
#include "shared/wire/session_table.h"
#include <check.h>
#include <string.h>
#include <strings.h>

static const struct hws_session_row *row_of_member(const char *message, const char *member)
{
	const ProtobufCMessageDescriptor *d = strcmp(message, "Misc") == 0
			? &ses__misc__descriptor
			: &ses__message__descriptor;
	const ProtobufCFieldDescriptor *f =
			protobuf_c_message_descriptor_get_field_by_name(d, member);

	ck_assert_ptr_nonnull(f);
	return d == &ses__misc__descriptor ? hws_session_row(SES__MESSAGE__UNION_MISC, f->id)
					   : hws_session_row(f->id, 0);
}

/* --- the schema --- */

START_TEST(each_member_of_the_schema_has_its_row)
{
	const ProtobufCMessageDescriptor *d = &ses__message__descriptor;
	size_t found = 0;

	for (unsigned i = 0; i < d->n_fields; i++) {
		const struct hws_session_row *row = hws_session_row(d->fields[i].id, 0);

		/* Misc has none of its own: its members have */
		if (d->fields[i].id == SES__MESSAGE__UNION_MISC)
			continue;
		/* a confirmation comes before the session, and alone (wire/secure) */
		if (!(d->fields[i].flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
			continue;
		ck_assert_msg(row, "ses.Message.%s has no row", d->fields[i].name);
		ck_assert_str_eq(row->name, d->fields[i].name);
		found++;
	}
	d = &ses__misc__descriptor;
	for (unsigned i = 0; i < d->n_fields; i++) {
		const struct hws_session_row *row =
				hws_session_row(SES__MESSAGE__UNION_MISC, d->fields[i].id);

		ck_assert_msg(row, "ses.Misc.%s has no row", d->fields[i].name);
		ck_assert_str_eq(row->name, d->fields[i].name);
		found++;
	}
	for (size_t i = 0; i < HWS_SESSION_ROWS_MAX; i++)
		if (hws_session_row_at(i))
			found--;
	ck_assert_uint_eq(found, 0); /* and no row is of nothing */
}
END_TEST

/* What neither end may send is known for one of these reasons. */
static bool is_never_sent(const struct hws_session_row *row)
{
	static const char *const names[] = { "signed_id", "public_key", /* of the handshake */
		"stop_service", "plugin_request", "plugin_failure", "full_speed_fps" /* gone */ };

	for (size_t i = 0; i < HWS_COUNT(names); i++)
		if (strcmp(row->name, names[i]) == 0)
			return true;
	return false;
}

START_TEST(each_row_is_found_by_its_numbers_and_is_sane)
{
	for (size_t i = 0; i < HWS_SESSION_ROWS_MAX; i++) {
		const struct hws_session_row *row = hws_session_row_at(i);

		if (!row)
			continue;
		ck_assert_ptr_eq(hws_session_row(row->field, row->misc), row);
		ck_assert_uint_eq(hws_session_row_number(row), i);
		ck_assert_uint_eq(row->field == SES__MESSAGE__UNION_MISC, row->misc != 0);
		ck_assert_uint_gt(row->cap, 0);
		ck_assert_uint_gt(row->kinds, 0);
		ck_assert_uint_eq(row->kinds & ~HWS_KIND_ANY, 0);
		ck_assert_uint_lt(row->service, HWS_SERVICE_COUNT);
		ck_assert_msg(is_never_sent(row) ==
						!(row->states[HWS_TO_HOST] |
								row->states[HWS_TO_VIEWER]),
				"%s", row->name);
		/* what enters before the login, and what is the gate's, is never handed to the
		 * agent */
		if (row->states[HWS_TO_HOST] & HWS_AT_LOGIN || row->service == HWS_SERVICE_GATE)
			ck_assert_int_ne(row->act, HWS_ACT_FORWARD);
		ck_assert_uint_eq(row->answer == HWS_ANSWER_BOX || row->answer == HWS_ANSWER_UNREAD,
				row->text != NULL);
		/* a refusal says something */
		if (row->act == HWS_ACT_REFUSE)
			ck_assert_int_ne(row->answer, HWS_ANSWER_NONE);
	}
}
END_TEST

START_TEST(numbers_without_a_row_find_none)
{
	ck_assert_ptr_null(hws_session_row(0, 0));
	ck_assert_ptr_null(hws_session_row(1, 0));
	ck_assert_ptr_null(hws_session_row(SES__MESSAGE__UNION_MISC, 0));
	ck_assert_ptr_null(hws_session_row(SES__MESSAGE__UNION_MISC, 11));
	ck_assert_ptr_null(hws_session_row(SES__MESSAGE__UNION_MISC, 39));
	ck_assert_ptr_null(hws_session_row(SES__MESSAGE__UNION_MISC, 199));
	ck_assert_ptr_null(hws_session_row(SES__MESSAGE__UNION_MISC, UINT32_MAX));
	ck_assert_ptr_null(hws_session_row(33, 0));
	ck_assert_ptr_null(hws_session_row(UINT32_MAX, 0));
	/* only Misc has members that count */
	ck_assert_ptr_null(hws_session_row(SES__MESSAGE__UNION_VIDEO_FRAME, 4));
	ck_assert_ptr_null(hws_session_row_at(HWS_SESSION_ROWS_MAX));
	ck_assert_ptr_null(hws_session_row_at(SIZE_MAX));
}
END_TEST

/* --- the scan --- */

static void put_field(struct hws_buf *b, const ProtobufCFieldDescriptor *f, struct hws_bytes body)
{
	bool has_length = f->type == PROTOBUF_C_TYPE_MESSAGE || f->type == PROTOBUF_C_TYPE_STRING ||
			f->type == PROTOBUF_C_TYPE_BYTES;
	uint8_t num[10];

	hws_buf_put(b, num,
			hws_varint_put((uint64_t)f->id << 3 |
							(has_length ? HWS_WIRE_BYTES
								    : HWS_WIRE_VARINT),
					num));
	hws_buf_put(b, num, hws_varint_put(has_length ? body.len : 1, num));
	if (has_length)
		hws_buf_put(b, body.ptr, body.len);
}

static void expect_row(struct hws_bytes message, const struct hws_session_row *want)
{
	const struct hws_session_row *row = NULL;
	Ses__Message *m = NULL;

	ck_assert_int_eq(hws_session_scan(message, &row), HWS_OK);
	ck_assert_ptr_eq(row, want);
	ck_assert_int_eq(hws_ses_unpack(message, &m), HWS_OK);
	ck_assert_ptr_eq(hws_session_row_of(m), want);
	hws_ses_free(m);
}

START_TEST(each_message_finds_its_row_serialised_and_unpacked)
{
	const ProtobufCMessageDescriptor *outer = &ses__message__descriptor,
					 *inner = &ses__misc__descriptor;
	const ProtobufCFieldDescriptor *misc =
			protobuf_c_message_descriptor_get_field(outer, SES__MESSAGE__UNION_MISC);
	struct hws_buf b, in;

	hws_buf_init(&b, 1000);
	hws_buf_init(&in, 1000);
	for (unsigned i = 0; i < outer->n_fields; i++) {
		hws_buf_reset(&b);
		put_field(&b, &outer->fields[i], hws_bytes("", 0));
		expect_row(hws_buf_bytes(&b), hws_session_row(outer->fields[i].id, 0));
	}
	for (unsigned i = 0; i < inner->n_fields; i++) {
		hws_buf_reset(&b);
		hws_buf_reset(&in);
		put_field(&in, &inner->fields[i], hws_bytes("", 0));
		put_field(&b, misc, hws_buf_bytes(&in));
		expect_row(hws_buf_bytes(&b),
				hws_session_row(SES__MESSAGE__UNION_MISC, inner->fields[i].id));
	}
	hws_buf_done(&b);
	hws_buf_done(&in);
}
END_TEST

START_TEST(what_is_not_one_message_has_no_row)
{
	static const struct {
		const char *bytes;
		size_t len;
		int result;
	} items[] = {
		{ "", 0, HWS_OK },
		{ "\xfa\x3f\x00", 3, HWS_OK },                        /* an unknown member alone */
		{ "\x9a\x01\x00", 3, HWS_OK },                        /* Misc without a member */
		{ "\x52\x00\x7a\x00", 4, HWS_ERR_PROTO },             /* mouse and key */
		{ "\x52\x00\x52\x00", 4, HWS_ERR_PROTO },             /* twice the mouse */
		{ "\x52\x00\x9a\x01\x00", 5, HWS_ERR_PROTO },         /* mouse and Misc */
		{ "\x9a\x01\x04\x50\x01\x60\x01", 7, HWS_ERR_PROTO }, /* two members of Misc */
		{ "\x9a\x01\x02\x50\x01\x9a\x01\x00", 8, HWS_ERR_PROTO }, /* two of them */
		{ "\x98\x01\x01", 3, HWS_ERR_PROTO },                     /* Misc as a number */
		{ "\x52", 1, HWS_ERR_PROTO },
		{ "\x52\x05\x00", 3, HWS_ERR_PROTO },
		{ "\x53\x00", 2, HWS_ERR_PROTO }, /* a group */
		{ "\x02\x00", 2, HWS_ERR_PROTO }, /* member 0 */
		{ "\xff\xff\xff", 3, HWS_ERR_PROTO },
	};

	for (size_t i = 0; i < HWS_COUNT(items); i++) {
		const struct hws_session_row *row = NULL;

		ck_assert_msg(hws_session_scan(hws_bytes(items[i].bytes, items[i].len), &row) ==
						items[i].result,
				"%zu", i);
		ck_assert_ptr_null(row);
	}
}
END_TEST

/* A member that nobody knows beside one that is known is a newer peer's affair. */
START_TEST(an_unknown_member_beside_is_passed_over)
{
	const struct hws_session_row *row = NULL;

	ck_assert_int_eq(hws_session_scan(hws_bytes("\x52\x00\xfa\x3f\x00", 5), &row), HWS_OK);
	ck_assert_ptr_eq(row, row_of_member("Message", "mouse_event"));
}
END_TEST

/* --- the judgement --- */

START_TEST(verdicts_follow_the_rows)
{
	for (size_t i = 0; i < HWS_SESSION_ROWS_MAX; i++)
		for (unsigned state = 0; state <= 2; state++)
			for (unsigned k = 0; k < HWS_KIND_COUNT; k++)
				for (unsigned p = 0; p <= HWS_PERM_COUNT; p++) {
					const struct hws_session_row *row = hws_session_row_at(i);
					struct hws_session_case c = { state,
						(enum hws_session_kind)k,
						p == HWS_PERM_COUNT ? ~0u : ~HWS_NEED(p) };

					if (!row)
						continue;
					bool fits = (state != HWS_AT_OPEN || row->kinds >> k & 1) &&
							!(hws_session_need(row, c.kind) &
									~c.permissions);
					for (int to = HWS_TO_HOST; to <= HWS_TO_VIEWER; to++) {
						enum hws_session_direction d = to;
						ck_assert_int_eq(
								hws_session_judge(row, d, &c, 10) ==
										HWS_SESSION_PASS,
								fits && row->states[to] & state);
						ck_assert_int_ne(hws_session_judge(row, d, &c,
										 row->cap + 1u),
								HWS_SESSION_PASS);
					}
				}
}
END_TEST

static enum hws_session_verdict judge(const char *member, enum hws_session_direction to,
		unsigned state, enum hws_session_kind kind, uint32_t permissions, size_t len)
{
	struct hws_session_case c = { state, kind, permissions };

	return hws_session_judge(row_of_member("Message", member), to, &c, len);
}

START_TEST(a_drop_says_why)
{
	const uint32_t all = ~0u;

	ck_assert_int_eq(judge("mouse_event", HWS_TO_HOST, HWS_AT_OPEN, HWS_KIND_REMOTE, all, 9),
			HWS_SESSION_PASS);
	ck_assert_int_eq(judge("mouse_event", HWS_TO_VIEWER, HWS_AT_OPEN, HWS_KIND_REMOTE, all, 9),
			HWS_SESSION_DROP_DIRECTION);
	ck_assert_int_eq(judge("mouse_event", HWS_TO_HOST, HWS_AT_LOGIN, HWS_KIND_REMOTE, all, 9),
			HWS_SESSION_DROP_STATE);
	ck_assert_int_eq(judge("mouse_event", HWS_TO_HOST, HWS_AT_OPEN, HWS_KIND_FILE, all, 9),
			HWS_SESSION_DROP_KIND);
	ck_assert_int_eq(judge("mouse_event", HWS_TO_HOST, HWS_AT_OPEN, HWS_KIND_REMOTE,
					 all & ~HWS_NEED(HWS_PERM_KEYBOARD), 9),
			HWS_SESSION_DROP_PERMISSION);
	ck_assert_int_eq(judge("mouse_event", HWS_TO_HOST, HWS_AT_OPEN, HWS_KIND_REMOTE, all,
					 1u << 20),
			HWS_SESSION_DROP_SIZE);
	ck_assert_str_eq(hws_session_verdict_name(HWS_SESSION_DROP_UNSERVED), "not served");
}
END_TEST

/* An agent that errs, or is taken over, cannot speak for the gate. */
START_TEST(an_agent_sends_nothing_of_the_gate)
{
	static const char *const gates[] = { "signed_id", "test_delay", "login_response", "hash",
		"permission_info" };
	struct hws_session_case c = { HWS_AT_OPEN, HWS_KIND_REMOTE, ~0u };

	for (size_t i = 0; i < HWS_COUNT(gates); i++) {
		const struct hws_session_row *row = row_of_member(
				strcmp(gates[i], "permission_info") == 0 ? "Misc" : "Message",
				gates[i]);

		ck_assert_int_eq(hws_session_judge_agent(row, &c, 10), HWS_SESSION_DROP_DIRECTION);
	}
	ck_assert_int_eq(hws_session_judge_agent(row_of_member("Message", "video_frame"), &c, 10),
			HWS_SESSION_PASS);
	ck_assert_int_eq(hws_session_judge_agent(row_of_member("Misc", "close_reason"), &c, 10),
			HWS_SESSION_PASS);
	c.permissions &= ~HWS_NEED(HWS_PERM_CLIPBOARD);
	ck_assert_int_eq(hws_session_judge_agent(row_of_member("Message", "clipboard"), &c, 10),
			HWS_SESSION_DROP_PERMISSION);
}
END_TEST

/* The names of all rows that `has` picks, as one text. */
static void names_of(bool (*has)(const struct hws_session_row *row, unsigned arg), unsigned arg,
		char *ret, size_t size)
{
	size_t used = 0;

	ret[0] = 0;
	for (size_t i = 0; i < HWS_SESSION_ROWS_MAX; i++) {
		const struct hws_session_row *row = hws_session_row_at(i);

		if (!row || !has(row, arg))
			continue;
		ck_assert_int_eq(hws_fmt(ret + used, size - used, "%s%s", used ? " " : "",
						 row->name),
				HWS_OK);
		used = strlen(ret);
	}
}

static bool needs(const struct hws_session_row *row, unsigned permission)
{
	return row->need >> permission & 1;
}

static bool is_of_kind(const struct hws_session_row *row, unsigned kind)
{
	return row->kinds != HWS_KIND_ANY && row->kinds >> kind & 1;
}

static bool is_only_of_desktops(const struct hws_session_row *row, unsigned arg HWS_UNUSED)
{
	return row->kinds == HWS_KIND_BIT(HWS_KIND_REMOTE) && row->states[HWS_TO_HOST];
}

/* A row that loses its permission, or gains a kind of session, opens the host: so it is said a
 * second time. */
START_TEST(permissions_and_kinds_guard_what_they_name)
{
	static const char *const guarded[HWS_PERM_COUNT] = {
		[HWS_PERM_KEYBOARD] =
				"mouse_event key_event pointer_device_event "
				"switch_sides_request change_resolution toggle_virtual_display "
				"change_display_resolution",
		[HWS_PERM_CLIPBOARD] = "clipboard cliprdr multi_clipboards clipboard_part",
		[HWS_PERM_FILE] = "file_action file_response cliprdr",
		[HWS_PERM_AUDIO] = "audio_frame audio_format",
		[HWS_PERM_TERMINAL] = "terminal_action terminal_response",
		[HWS_PERM_TUNNEL] = "tunnel",
		[HWS_PERM_RESTART] = "restart_remote_device",
	};
	char names[1000];

	for (unsigned p = 0; p < 32; p++) {
		names_of(needs, p, names, sizeof(names));
		ck_assert_str_eq(names, p < HWS_PERM_COUNT && guarded[p] ? guarded[p] : "");
	}
	names_of(is_of_kind, HWS_KIND_FILE, names, sizeof(names));
	ck_assert_str_eq(names, "file_action file_response");
	names_of(is_of_kind, HWS_KIND_FORWARD, names, sizeof(names));
	ck_assert_str_eq(names, "tunnel");
	names_of(is_of_kind, HWS_KIND_TERMINAL, names, sizeof(names));
	ck_assert_str_eq(names, "terminal_action terminal_response chat_message");
	names_of(is_only_of_desktops, 0, names, sizeof(names));
	ck_assert_str_eq(names,
			"mouse_event key_event clipboard cliprdr switch_sides_response "
			"pointer_device_event multi_clipboards restart_remote_device "
			"elevation_request switch_sides_request change_resolution "
			"toggle_virtual_display toggle_privacy_mode "
			"change_display_resolution clipboard_part");
}
END_TEST

/* --- kinds of sessions --- */

START_TEST(each_login_has_its_own_kind)
{
	const ProtobufCMessageDescriptor *d = &ses__login_request__descriptor;
	Ses__LoginRequest login = SES__LOGIN_REQUEST__INIT;
	uint32_t seen = HWS_KIND_BIT(HWS_KIND_REMOTE);

	ck_assert_int_eq(hws_session_kind_of(&login), HWS_KIND_REMOTE);
	for (unsigned i = 0; i < d->n_fields; i++) {
		if (!(d->fields[i].flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
			continue;
		login.union_case = (Ses__LoginRequest__UnionCase)d->fields[i].id;
		uint32_t bit = HWS_KIND_BIT(hws_session_kind_of(&login));
		ck_assert_msg(!(seen & bit), "%s has no kind of its own", d->fields[i].name);
		seen |= bit;
	}
	ck_assert_uint_eq(seen, HWS_KIND_ANY);
}
END_TEST

START_TEST(kinds_have_their_names)
{
	static const char *const names[HWS_KIND_COUNT] = { "remote", "file", "forward", "camera",
		"terminal" };

	for (unsigned k = 0; k < HWS_KIND_COUNT; k++)
		ck_assert_str_eq(hws_session_kind_name(k), names[k]);
	ck_assert_str_eq(hws_session_kind_name(HWS_KIND_COUNT), "unknown");
	ck_assert_str_eq(hws_session_kind_name(UINT32_MAX), "unknown");
}
END_TEST

/* The processes of a host tell each other the number. */
START_TEST(the_hosts_own_protocol_has_the_same_kinds)
{
	const ProtobufCEnumDescriptor *d = &agt__session_kind__descriptor;

	ck_assert_uint_eq(d->n_values, HWS_KIND_COUNT);
	for (unsigned i = 0; i < d->n_values; i++) {
		const char *name = hws_session_kind_name((unsigned)d->values[i].value);

		ck_assert_msg(strcasecmp(d->values[i].name + strlen("SESSION_KIND_"), name) == 0,
				"%s is %s", d->values[i].name, name);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wire/session_table");
	TCase *t = tcase_create("table");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(t, each_member_of_the_schema_has_its_row);
	tcase_add_test(t, each_row_is_found_by_its_numbers_and_is_sane);
	tcase_add_test(t, numbers_without_a_row_find_none);
	tcase_add_test(t, each_message_finds_its_row_serialised_and_unpacked);
	tcase_add_test(t, what_is_not_one_message_has_no_row);
	tcase_add_test(t, an_unknown_member_beside_is_passed_over);
	tcase_add_test(t, verdicts_follow_the_rows);
	tcase_add_test(t, a_drop_says_why);
	tcase_add_test(t, permissions_and_kinds_guard_what_they_name);
	tcase_add_test(t, an_agent_sends_nothing_of_the_gate);
	tcase_add_test(t, each_login_has_its_own_kind);
	tcase_add_test(t, kinds_have_their_names);
	tcase_add_test(t, the_hosts_own_protocol_has_the_same_kinds);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
