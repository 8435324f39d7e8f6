/* Terminals at the host, with programs in memory: what deployed viewers are told, word for word,
 * and what hawser viewers may besides; who may come back to what, how long it stays, and what is
 * bounded. */
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "term_desk.h"
#include "tests/support/suite.h"
#include <stdlib.h>
#include <string.h>

static struct term_viewer *const t = term_viewer;

static void setup(void)
{
	term_setup(false);
}

/* --- deployed viewers --- */

START_TEST(a_deployed_viewer_opens_types_and_reads)
{
	ck_assert(term_login(0, HWS_LEVEL_V1, "", false));
	term_open_plain(0, 1);
	ck_assert_uint_eq(t->opened, 1);
	ck_assert_str_eq(t->message, "Terminal opened");
	ck_assert(!t->replayed);
	ck_assert_uint_eq(t->other_count, 0);
	ck_assert_uint_eq(strlen(t->service), 39);
	ck_assert(hws_str_starts(t->service, "ts_"));
	term_type(0, 1, "echo hello\n");
	TERM_UNTIL(strstr(t->text, "hello\n"));
	term_type(0, 1, "exit 7\n");
	TERM_UNTIL(t->closed);
	ck_assert_int_eq(t->closed_id, 1);
	ck_assert_int_eq(t->code, 7);
	ck_assert_uint_eq(t->signal, 0);
	term_open_plain(0, 1); /* the id is free again */
	ck_assert_str_eq(t->message, "Terminal opened");
	term_close(0, 1);
	ck_assert_uint_eq(t->closed, 2);
	ck_assert_int_eq(t->code, -1);
	ck_assert_uint_eq(term_kept, 0);
}
END_TEST

START_TEST(a_deployed_viewer_gets_packed_bulk_and_whole_characters)
{
	ck_assert(term_login(0, HWS_LEVEL_V1, "", false));
	term_open_plain(0, 1);
	term_type(0, 1, "flood 100000\n");
	TERM_UNTIL(t->len == 100000);
	ck_assert_uint_gt(t->packed, 0);
	ck_assert_uint_eq(t->errors_len, 0);
	term_type(0, 1, "echo \xe2\x82\xac\n");
	TERM_UNTIL(strstr(t->text, "\xe2\x82\xac\n"));
	ck_assert_uint_eq(t->acked, 0); /* nothing of ours */
}
END_TEST

START_TEST(a_deployed_viewer_comes_back_to_what_it_kept)
{
	char id[80];

	ck_assert(term_login(0, HWS_LEVEL_V1, "", true));
	term_open_plain(0, 3);
	term_open_plain(0, 5);
	term_type(0, 3, "echo before\n");
	TERM_UNTIL(strstr(t->text, "before\n"));
	memcpy(id, t->service, sizeof(id));
	term_leave(0);
	term_turns(20);
	ck_assert_uint_eq(term_kept, 2);
	ck_assert(term_login(1, HWS_LEVEL_V1, id, true));
	term_open_plain(1, 1); /* the lowest takes this number */
	ck_assert_str_eq(t[1].message, "Reconnected to existing terminal");
	ck_assert(t[1].replayed);
	ck_assert_str_eq(t[1].service, id);
	ck_assert_uint_eq(t[1].other_count, 1);
	ck_assert_int_eq(t[1].others[0], 5);
	TERM_UNTIL(strstr(t[1].text, "before\n"));
	term_open_plain(1, 5);
	ck_assert_str_eq(t[1].message, "Reconnected to existing terminal");
	ck_assert_uint_eq(t[1].other_count, 0); /* once */
	term_open_plain(1, 6);
	ck_assert_str_eq(t[1].message, "Terminal opened");
	term_type(1, 1, "exit 3\n");
	TERM_UNTIL(t[1].closed);
	ck_assert_int_eq(t[1].code, 3);
}
END_TEST

START_TEST(what_is_not_kept_ends_with_the_session)
{
	ck_assert(term_login(0, HWS_LEVEL_V1, "", false));
	term_open_plain(0, 1);
	ck_assert_uint_eq(term_kept, 1);
	term_leave(0);
	ck_assert_uint_eq(term_kept, 0);
	ck_assert(hws_str_starts(term_audit, "terminal.closed login shell"));
}
END_TEST

START_TEST(the_replay_is_bounded_and_of_whole_lines)
{
	char id[80];

	ck_assert(term_login(0, HWS_LEVEL_V1, "", true));
	term_open_plain(0, 1);
	for (unsigned i = 0; i < 300; i++) {
		char line[64];
		ck_assert_int_eq(
				hws_fmt(line, sizeof(line),
						"echo line %04u ............................\n", i),
				HWS_OK);
		term_type(0, 1, line);
	}
	TERM_UNTIL(strstr(t->text, "line 0299"));
	memcpy(id, t->service, sizeof(id));
	term_leave(0);
	ck_assert(term_login(1, HWS_LEVEL_V1, id, true));
	term_open_plain(1, 1);
	TERM_UNTIL(t[1].len);
	ck_assert_uint_le(t[1].len, 8192);
	ck_assert_uint_gt(t[1].len, 8000);
	ck_assert(hws_str_starts(t[1].text, "line 0"));
	ck_assert_ptr_nonnull(strstr(t[1].text, "line 0299"));
}
END_TEST

START_TEST(failures_are_said_in_the_words_of_the_protocol)
{
	term_conf.terminal_max = 1;
	ck_assert(term_login(0, HWS_LEVEL_V1, "", false));
	term_open_plain(0, 1);
	term_open_plain(0, 2);
	ck_assert_uint_eq(t->failed, 1);
	ck_assert_int_eq(t->error_id, 0);
	ck_assert_str_eq(t->error, "Failed to handle action: Failed to open PTY");
	term_type(0, 9, "echo nobody\n"); /* silence */
	term_close(0, 9);
	ck_assert_uint_eq(t->failed, 1);
	ck_assert_uint_eq(t->closed, 0);
}
END_TEST

/* What only hawser says is nothing to a deployed session, whoever sends it. */
START_TEST(extensions_are_not_for_deployed_sessions)
{
	uint8_t word[] = "sh", option[] = "-c", line[] = "exit 4";
	ProtobufCBinaryData argv[] = { { 2, word }, { 2, option }, { 6, line } };
	Ses__OpenTerminal o = SES__OPEN_TERMINAL__INIT;

	ck_assert(term_login(0, HWS_LEVEL_V1, "", false));
	o.terminal_id = 1;
	o.n_argv = 3;
	o.argv = argv;
	o.no_pty = o.attach = true;
	term_open(0, &o);
	ck_assert_str_eq(t->message, "Terminal opened"); /* a login shell */
	term_list(0);
	term_turns(10);
	ck_assert_uint_eq(t->lists, 0);
	ck_assert_uint_eq(t->closed, 0);
}
END_TEST

/* --- who may come back --- */

START_TEST(a_service_is_its_owners)
{
	char id[80];

	t[0].v.has_key = true;
	memset(t[0].v.key, 1, 32);
	ck_assert(term_login(0, HWS_LEVEL_V2, "", true));
	term_open_plain(0, 1);
	memcpy(id, t->service, sizeof(id));
	term_leave(0);
	ck_assert(!term_login(1, HWS_LEVEL_V1, id, true));
	ck_assert_str_eq(t[1].refused, "Terminal service user mismatch detected.");
	t[1].v.has_key = true;
	memset(t[1].v.key, 2, 32);
	ck_assert(!term_login(1, HWS_LEVEL_V2, id, true));
	memset(t[1].v.key, 1, 32);
	ck_assert(term_login(1, HWS_LEVEL_V2, id, true));
}
END_TEST

START_TEST(an_id_that_can_be_guessed_is_not_taken)
{
	static const char good[] = "ts_01234567-89ab-4def-8123-456789abcdef";

	ck_assert(term_login(0, HWS_LEVEL_V1, "ts_1", true));
	term_open_plain(0, 1);
	ck_assert_uint_eq(strlen(t->service), 39);
	ck_assert(term_login(1, HWS_LEVEL_V1, good, true));
	term_open_plain(1, 1);
	ck_assert_str_eq(t[1].service, good);
}
END_TEST

START_TEST(groups_are_bounded)
{
	unsigned let_in = 0;

	for (unsigned i = 0; i < 80; i++) {
		term_conf.terminal_max = 100;
		let_in += term_login(0, HWS_LEVEL_V1, "", true);
		if (!t->in)
			break;
		term_open_plain(0, 1);
		term_leave(0);
	}
	ck_assert_uint_eq(let_in, 64);
	ck_assert_ptr_nonnull(strstr(t->refused, "Too many"));
}
END_TEST

START_TEST(without_the_permission_nothing_stays)
{
	ck_assert(term_login(0, HWS_LEVEL_V2, "", true));
	term_open_plain(0, 1);
	t->v.permissions = 0;
	hws_host_set_update(term_set, &t->v);
	ck_assert_uint_eq(term_kept, 0);
}
END_TEST

/* --- hawser viewers --- */

static void open_script(unsigned i, int32_t id, const char *script, bool no_pty, uint32_t window)
{
	uint8_t word[] = "sh", option[] = "-c";
	ProtobufCBinaryData argv[] = { { 2, word }, { 2, option },
		{ strlen(script), (uint8_t *)(uintptr_t)script } };
	Ses__OpenTerminal o = SES__OPEN_TERMINAL__INIT;

	o.terminal_id = id;
	o.rows = 24;
	o.cols = 80;
	o.n_argv = 3;
	o.argv = argv;
	o.no_pty = no_pty;
	o.window = window;
	term_open(i, &o);
}

START_TEST(a_command_runs_and_its_status_comes)
{
	ck_assert(term_login(0, HWS_LEVEL_V2, "", false));
	open_script(0, 1, "exit 9", false, 0);
	TERM_UNTIL(t->closed);
	ck_assert_int_eq(t->code, 9);
	ck_assert(hws_str_starts(term_audit, "terminal.closed sh -c exit 9 exit 9"));
}
END_TEST

START_TEST(pipes_tell_errors_apart)
{
	ck_assert(term_login(0, HWS_LEVEL_V2, "", false));
	open_script(0, 1, "err oops", true, 0);
	TERM_UNTIL(t->closed);
	ck_assert_str_eq(t->errors, "oops\n");
	ck_assert_uint_eq(t->len, 0);
	ck_assert_uint_eq(t->eofs, 1);
	ck_assert_uint_eq(t->error_eofs, 1);
}
END_TEST

START_TEST(what_cannot_be_run_is_refused_in_words)
{
	uint8_t nothing[] = "nothing", zero[] = "a\0b";
	ProtobufCBinaryData argv[1] = { { 7, nothing } };
	Ses__OpenTerminal o = SES__OPEN_TERMINAL__INIT;

	ck_assert(term_login(0, HWS_LEVEL_V2, "", false));
	o.terminal_id = 4;
	o.rows = o.cols = 10;
	o.n_argv = 1;
	o.argv = argv;
	term_open(0, &o);
	ck_assert_int_eq(t->error_id, 4);
	ck_assert_str_eq(t->error, "there is no such program");
	argv[0] = (ProtobufCBinaryData){ 3, zero };
	term_open(0, &o);
	ck_assert_str_eq(t->error, "the words of a command cannot hold the byte 0");
	argv[0].len = 0;
	term_open(0, &o);
	ck_assert_str_eq(t->error, "the command has no name");
	o.n_argv = 0;
	o.attach = true;
	term_open(0, &o);
	ck_assert_ptr_nonnull(strstr(t->error, "no such terminal"));
	ck_assert_uint_eq(t->failed, 4);
	ck_assert_uint_eq(t->opened, 0);
}
END_TEST

START_TEST(a_window_bounds_what_is_on_its_way)
{
	Ses__OpenTerminal o = SES__OPEN_TERMINAL__INIT;

	ck_assert(term_login(0, HWS_LEVEL_V2, "", false));
	o.terminal_id = 1;
	o.rows = 24;
	o.cols = 80;
	o.window = 10000;
	term_open(0, &o);
	term_type(0, 1, "flood 50000\n");
	TERM_UNTIL(t->len == 10000);
	term_turns(50);
	ck_assert_uint_eq(t->len, 10000);
	term_ack(0, 1, 4000);
	TERM_UNTIL(t->len == 14000);
	term_ack(0, 1, 99999); /* never sent */
	term_ack(0, 1, 1);     /* older */
	term_turns(50);
	ck_assert_uint_eq(t->len, 14000);
	/* Ctrl+C: what the program wrote and nobody has seen is not shown any more */
	term_type(0, 1, "\003");
	term_ack(0, 1, 14000);
	term_type(0, 1, "echo after\n");
	TERM_UNTIL(strstr(t->text, "after\n"));
	ck_assert_uint_lt(t->len, 20000);
	ck_assert_uint_eq(t->position, t->len + t->skipped);
	ck_assert_uint_eq(t->packed, 0); /* nothing was tight */
}
END_TEST

START_TEST(a_full_link_holds_the_program)
{
	ck_assert(term_login(0, _i ? HWS_LEVEL_V2 : HWS_LEVEL_V1, "", false));
	term_open_plain(0, 1);
	t->choked = true;
	term_type(0, 1, "flood 400000\n");
	term_turns(50);
	ck_assert_uint_eq(t->len, 0);
	t->choked = false;
	hws_host_set_drained(term_set, &t->v, hws_channel_class(HWS_CHANNEL_TERMINAL));
	TERM_UNTIL(t->len == 400000);
	for (size_t i = 0; i < t->len; i++) /* nothing is lost or doubled */
		ck_assert_int_eq(t->text[i], 'a' + (int)(i % 26));
}
END_TEST

START_TEST(after_a_cut_all_goes_on_exactly_there)
{
	Ses__OpenTerminal o = SES__OPEN_TERMINAL__INIT;
	char id[80];

	ck_assert(term_login(0, HWS_LEVEL_V2, "", false));
	o.terminal_id = 1;
	o.rows = 24;
	o.cols = 80;
	o.window = 20000;
	term_open(0, &o);
	term_type(0, 1, "flood 30000\n");
	TERM_UNTIL(t->len == 20000);
	memcpy(id, t->service, sizeof(id));
	term_leave(0); /* of what is on its way half arrives */
	ck_assert_uint_eq(term_kept, 1);
	ck_assert(term_login(1, HWS_LEVEL_V2, id, false));
	o.output_seen = 10000;
	o.attach = true;
	term_open(1, &o);
	ck_assert_uint_eq(t[1].opened, 1);
	ck_assert(!t[1].replayed);
	ck_assert_uint_eq(t[1].position, 10000);
	ck_assert_uint_eq(t[1].input_taken, strlen("flood 30000\n"));
	TERM_UNTIL(t[1].len == 20000);
	ck_assert_int_eq(t[1].text[0], 'a' + 10000 % 26);
	ck_assert_int_eq(t[1].text[19999], 'a' + 29999 % 26);
}
END_TEST

START_TEST(the_end_of_a_command_waits_for_who_comes_back)
{
	char id[80];

	ck_assert(term_login(0, HWS_LEVEL_V2, "", false));
	open_script(0, 1, "err late", true, 100);
	memcpy(id, t->service, sizeof(id));
	term_leave(0);
	term_turns(30);
	ck_assert_uint_eq(term_kept, 1);
	ck_assert(term_login(1, HWS_LEVEL_V2, id, false));
	Ses__OpenTerminal o = SES__OPEN_TERMINAL__INIT;
	o.terminal_id = 1;
	o.attach = true;
	o.window = 100;
	term_open(1, &o);
	TERM_UNTIL(t[1].closed);
	ck_assert_str_eq(t[1].errors, "late\n");
	ck_assert_int_eq(t[1].code, 0);
	ck_assert_uint_eq(term_kept, 0);
}
END_TEST

START_TEST(terminals_are_listed_and_killed)
{
	Ses__TerminalAction a = SES__TERMINAL_ACTION__INIT;
	Ses__KillTerminal k = SES__KILL_TERMINAL__INIT;

	ck_assert(term_login(0, HWS_LEVEL_V2, "", true));
	term_open_plain(0, 1);
	term_open_plain(0, 2);
	term_type(0, 2, "echo \033]2;my\033[31m title\007\n");
	TERM_UNTIL(strstr(t->text, "title"));
	term_list(0);
	ck_assert_uint_eq(t->info_count, 2);
	ck_assert_int_eq(t->info[1].terminal_id, 2);
	ck_assert(t->info[0].attached);
	ck_assert_uint_eq(t->info[0].rows, 24);
	ck_assert_ptr_null(strchr(t->title, '\033')); /* it commands no terminal */
	k.terminal_id = 2;
	a.union_case = SES__TERMINAL_ACTION__UNION_KILL;
	a.kill = &k;
	term_send(0, &a);
	ck_assert_int_eq(t->closed_id, 2);
	ck_assert_uint_eq(t->info_count, 1);
	term_send(0, &a);
	ck_assert_uint_eq(t->failed, 1);
}
END_TEST

START_TEST(a_second_session_takes_a_terminal_over)
{
	char id[80];

	ck_assert(term_login(0, HWS_LEVEL_V2, "", true));
	term_open_plain(0, 1);
	memcpy(id, t->service, sizeof(id));
	ck_assert(term_login(1, HWS_LEVEL_V2, id, true));
	term_open_plain(1, 1);
	ck_assert_uint_eq(t->failed, 1);
	ck_assert_int_eq(t->error_id, 1);
	term_type(0, 1, "echo mine\n"); /* not any more */
	term_type(1, 1, "echo yours\n");
	TERM_UNTIL(strstr(t[1].text, "yours\n"));
	ck_assert_ptr_null(strstr(t[1].text, "mine"));
	ck_assert_ptr_null(strstr(t->text, "yours"));
}
END_TEST

START_TEST(the_screen_comes_back)
{
	char id[80];

	ck_assert(term_login(0, HWS_LEVEL_V2, "", true));
	term_open_plain(0, 1);
	term_type(0, 1, "echo one\necho \033[1;31mred\033[0m\r\necho \033[?2004h\n");
	TERM_UNTIL(strstr(t->text, "2004h"));
	memcpy(id, t->service, sizeof(id));
	term_leave(0);
	ck_assert(term_login(1, HWS_LEVEL_V2, id, true));
	term_open_plain(1, 1);
	ck_assert(t[1].replayed);
	ck_assert_ptr_nonnull(strstr(t[1].replay, "one"));
	ck_assert_ptr_nonnull(strstr(t[1].replay, "\033[0;1;31mred"));
	ck_assert_ptr_nonnull(strstr(t[1].replay, "\033[?2004h"));
	ck_assert_uint_eq(t[1].len, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("services/terminal");
	TCase *c = tcase_create("host");

	tcase_set_timeout(c, 120);
	tcase_add_checked_fixture(c, setup, term_teardown);
	tcase_add_test(c, a_deployed_viewer_opens_types_and_reads);
	tcase_add_test(c, a_deployed_viewer_gets_packed_bulk_and_whole_characters);
	tcase_add_test(c, a_deployed_viewer_comes_back_to_what_it_kept);
	tcase_add_test(c, what_is_not_kept_ends_with_the_session);
	tcase_add_test(c, the_replay_is_bounded_and_of_whole_lines);
	tcase_add_test(c, failures_are_said_in_the_words_of_the_protocol);
	tcase_add_test(c, extensions_are_not_for_deployed_sessions);
	tcase_add_test(c, a_service_is_its_owners);
	tcase_add_test(c, an_id_that_can_be_guessed_is_not_taken);
	tcase_add_test(c, groups_are_bounded);
	tcase_add_test(c, without_the_permission_nothing_stays);
	tcase_add_test(c, a_command_runs_and_its_status_comes);
	tcase_add_test(c, pipes_tell_errors_apart);
	tcase_add_test(c, what_cannot_be_run_is_refused_in_words);
	tcase_add_test(c, a_window_bounds_what_is_on_its_way);
	tcase_add_loop_test(c, a_full_link_holds_the_program, 0, 2);
	tcase_add_test(c, after_a_cut_all_goes_on_exactly_there);
	tcase_add_test(c, the_end_of_a_command_waits_for_who_comes_back);
	tcase_add_test(c, terminals_are_listed_and_killed);
	tcase_add_test(c, a_second_session_takes_a_terminal_over);
	tcase_add_test(c, the_screen_comes_back);
	suite_add_tcase(s, c);
	return test_suite_run(s);
}
