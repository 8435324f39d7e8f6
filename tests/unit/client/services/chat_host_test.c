/* Chat at the host: what of a viewer's words is shown to the person at the desktop, and how its
 * answers leave. The desktop's notifications are this test's own. */
#include "client/services/chat/chat_host.h"
#include "client/services/chat/chat_text.h"
#include "shared/base/str.h"
#include "shared/wire/envelope.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

/* --- a desktop that notes what it shows ------------------------------------------------------- */

struct hws_notifier {
	unsigned shown, how, places; /* places: as bits */
	int result;
	char summary[HWS_NOTIFY_SUMMARY], body[HWS_NOTIFY_TEXT];
};

int hws_notifier_show(struct hws_notifier *n, unsigned place, const char *summary, const char *body,
		unsigned how)
{
	ck_assert_uint_ge(place, HWS_NOTIFY_SERVICES); /* the others tell who looks on */
	ck_assert_uint_lt(place, HWS_NOTIFY_PLACES);
	ck_assert(hws_utf8_valid(hws_bytes_str(body)));
	n->shown++;
	n->how = how;
	n->places |= 1u << (place - HWS_NOTIFY_SERVICES);
	ck_assert_int_eq(hws_str_copy(n->summary, sizeof(n->summary), summary), HWS_OK);
	ck_assert_int_eq(hws_str_copy(n->body, sizeof(n->body), body), HWS_OK);
	return n->result;
}

/* --- a viewer --------------------------------------------------------------------------------- */

static struct hws_loop *loop;
static struct hws_notifier desk;
static struct hws_host_set *set;
static struct hws_host_viewer viewer;
static unsigned boxes, sent;
static char box[200], text[HWS_HOST_COMMAND_MAX + 1];
static int link_result;

static int send_parts(struct hws_host_viewer *v HWS_UNUSED,
		const struct hws_session_row *row HWS_UNUSED, struct hws_bytes head,
		struct hws_bytes rest)
{
	Ses__Message *m = NULL;

	ck_assert_uint_eq(rest.len, 0);
	if (link_result < 0)
		return link_result;
	ck_assert_int_eq(hws_ses_unpack(head, &m), HWS_OK);
	if (m->union_case == SES__MESSAGE__UNION_MESSAGE_BOX) {
		boxes++;
		/* or deployed viewers end the session with it */
		ck_assert_ptr_nonnull(strstr(m->message_box->msgtype, "custom"));
		ck_assert_int_eq(hws_str_copy(box, sizeof(box), m->message_box->text), HWS_OK);
	} else {
		ck_assert_int_eq(m->misc->union_case, SES__MISC__UNION_CHAT_MESSAGE);
		sent++;
		ck_assert_int_eq(hws_str_copy(text, sizeof(text), m->misc->chat_message->text),
				HWS_OK);
	}
	hws_ses_free(m);
	return HWS_OK;
}

static const struct hws_host_service_impl *const list[] = { &hws_chat_host_service, NULL };

static void open_with(struct hws_notifier *n)
{
	struct hws_host_env env = { .loop = loop, .notifier = n };

	ck_assert_int_eq(hws_host_set_new(list, &env, &set), HWS_OK);
	hws_host_set_join(set, &viewer, NULL);
}

static void setup(void)
{
	memset(&desk, 0, sizeof(desk));
	memset(&viewer, 0, sizeof(viewer));
	boxes = sent = 0;
	box[0] = text[0] = 0;
	link_result = HWS_OK;
	viewer.slot = 5;
	viewer.send_parts = send_parts;
	ck_assert_int_eq(hws_str_copy(viewer.who, sizeof(viewer.who), "Anna (123456789)"), HWS_OK);
	ck_assert_int_eq(hws_loop_new(&loop), HWS_OK);
	open_with(&desk);
}

static void teardown(void)
{
	hws_host_set_leave(set, &viewer);
	hws_host_set_free(set);
	hws_loop_free(loop);
}

static bool writes(const char *what)
{
	Ses__ChatMessage chat = SES__CHAT_MESSAGE__INIT;
	Ses__Misc misc = SES__MISC__INIT;
	Ses__Message m = SES__MESSAGE__INIT;

	chat.text = (char *)(uintptr_t)what;
	misc.union_case = SES__MISC__UNION_CHAT_MESSAGE;
	misc.chat_message = &chat;
	m.union_case = SES__MESSAGE__UNION_MISC;
	m.misc = &misc;
	return hws_host_set_message(set, &viewer, &m);
}

START_TEST(a_message_is_shown_until_it_is_closed)
{
	ck_assert(writes("hello\nthere"));
	ck_assert_uint_eq(desk.shown, 1);
	ck_assert_str_eq(desk.summary, "Message from Anna (123456789)");
	ck_assert_str_eq(desk.body, "hello\nthere");
	ck_assert_uint_eq(desk.how, HWS_NOTIFY_STAYS | HWS_NOTIFY_UNRECORDED);
	/* the next one does not wipe it away */
	ck_assert(writes("and more"));
	ck_assert_uint_eq(desk.places, 3);
	ck_assert_uint_eq(boxes, 0);
	ck_assert(writes("  \n")); /* nothing to read, nothing to refuse */
	ck_assert_uint_eq(desk.shown, 2);
}
END_TEST

/* For the list of viewers: a notification may be gone, or nobody is shown any. */
START_TEST(the_last_words_are_told_to_who_asks)
{
	struct hws_error err = { 0 };
	char *big = calloc(1, 1001);

	ck_assert_ptr_nonnull(big);
	ck_assert_int_eq(hws_host_set_command(set, "chat", &viewer, HWS_CHAT_LAST, &err),
			HWS_ERR_NOTFOUND);
	ck_assert(writes("hello\nthere"));
	ck_assert_int_eq(hws_host_set_command(set, "chat", &viewer, HWS_CHAT_LAST, &err), HWS_OK);
	ck_assert_str_eq(err.text, "hello there");
	ck_assert(writes("\x1b[2Jmore"));
	ck_assert_int_eq(hws_host_set_command(set, "chat", &viewer, HWS_CHAT_LAST, &err), HWS_OK);
	ck_assert_str_eq(err.text, "\\x1b[2Jmore");
	memset(big, 0xff, 1000);
	ck_assert(writes(big));
	ck_assert_int_eq(hws_host_set_command(set, "chat", &viewer, HWS_CHAT_LAST, &err), HWS_OK);
	ck_assert_uint_le(strlen(err.text), 396);
	ck_assert_uint_eq(sent, 0); /* nothing of it went to the viewer */
	/* who comes to this place next has said nothing */
	hws_host_set_leave(set, &viewer);
	hws_host_set_join(set, &viewer, NULL);
	ck_assert_int_eq(hws_host_set_command(set, "chat", &viewer, HWS_CHAT_LAST, &err),
			HWS_ERR_NOTFOUND);
	free(big);
}
END_TEST

START_TEST(a_message_commands_neither_markup_nor_terminal)
{
	ck_assert(writes("<a href=\"http://evil.example\">&amp;\x1b[2J\xff"));
	ck_assert_ptr_null(strpbrk(desk.body, "<>&\x1b"));
	ck_assert_str_eq(desk.body,
			"\u2039a href=\"http://evil.example\"\u203a\uff06amp;\\x1b[2J\\xff");
}
END_TEST

START_TEST(a_long_message_is_cut_and_its_sender_told)
{
	char *big = calloc(1, 200001);

	ck_assert_ptr_nonnull(big);
	memset(big, '<', 200000); /* each becomes three bytes */
	ck_assert(writes(big));
	ck_assert_uint_eq(desk.shown, 1);
	ck_assert_uint_ge(strlen(desk.body), 2900);
	ck_assert_uint_eq(boxes, 1);
	ck_assert_ptr_nonnull(strstr(box, "too long"));
	memset(big, 0xff, 200000); /* and each of these four */
	ck_assert(writes(big));
	ck_assert_uint_ge(strlen(desk.body), 3900);
	ck_assert_uint_eq(boxes, 1); /* said once, not each time */
	free(big);
}
END_TEST

START_TEST(a_viewer_that_floods_is_not_shown)
{
	for (unsigned i = 0; i < 3000; i++)
		ck_assert(writes("again"));
	ck_assert_uint_ge(desk.shown, 3);
	ck_assert_uint_lt(desk.shown, 60); /* some seconds may pass on a slow machine */
	ck_assert_uint_ge(boxes, 1);
	ck_assert_uint_lt(boxes, 10);
	ck_assert_ptr_nonnull(strstr(box, "left out"));
	/* and its flood is no other viewer's: one that comes to its place begins anew */
	hws_host_set_leave(set, &viewer);
	hws_host_set_join(set, &viewer, NULL);
	desk.shown = 0;
	ck_assert(writes("hello"));
	ck_assert_uint_eq(desk.shown, 1);
}
END_TEST

/* Whoever wrote must not believe that it was read. */
START_TEST(what_nobody_can_see_is_refused)
{
	unsigned refused = 0;

	desk.result = HWS_ERR_CLOSED;
	ck_assert(!writes("hello"));
	hws_host_set_leave(set, &viewer);
	hws_host_set_free(set);
	open_with(NULL);
	ck_assert(!writes("hello"));
	ck_assert_uint_eq(boxes, 0); /* the answer is the table's, */
	for (unsigned i = 0; i < 1000; i++)
		refused += !writes("hello");
	ck_assert_uint_lt(refused, 60); /* which is no reason to send it without end */
}
END_TEST

START_TEST(the_person_at_the_desktop_answers)
{
	struct hws_error err = { 0 };
	char most[HWS_HOST_COMMAND_MAX + 1];

	ck_assert_int_eq(hws_host_set_command(set, "chat", &viewer, "caf\u00e9?", &err), HWS_OK);
	ck_assert_uint_eq(sent, 1);
	ck_assert_str_eq(text, "caf\u00e9?");
	memset(most, 'x', sizeof(most));
	most[HWS_HOST_COMMAND_MAX] = 0;
	ck_assert_int_eq(hws_host_set_command(set, "chat", &viewer, most, &err), HWS_OK);
	ck_assert_str_eq(text, most);
	ck_assert_int_eq(hws_host_set_command(set, "chat", &viewer, " \n", &err), HWS_ERR_INVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "nothing to read"));
	link_result = HWS_ERR_FULL;
	ck_assert_int_eq(hws_host_set_command(set, "chat", &viewer, "hello", &err), HWS_ERR_FULL);
	ck_assert_ptr_nonnull(strstr(err.text, "at the moment"));
	ck_assert_uint_eq(sent, 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("services/chat_host");
	TCase *t = tcase_create("chat_host");
	SRunner *sr = srunner_create(s);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_message_is_shown_until_it_is_closed);
	tcase_add_test(t, the_last_words_are_told_to_who_asks);
	tcase_add_test(t, a_message_commands_neither_markup_nor_terminal);
	tcase_add_test(t, a_long_message_is_cut_and_its_sender_told);
	tcase_add_test(t, a_viewer_that_floods_is_not_shown);
	tcase_add_test(t, what_nobody_can_see_is_refused);
	tcase_add_test(t, the_person_at_the_desktop_answers);
	suite_add_tcase(s, t);
	srunner_run_all(sr, CK_ENV);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
