/* Terminals at the host with real shells: what the kernel's terminals do beneath the service. */
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "term_desk.h"
#include "tests/support/suite.h"
#include <stdlib.h>
#include <string.h>

#define INPUT (3u << 20)
#define WINDOW 65536u

static struct term_viewer *const t = term_viewer;

static void setup(void)
{
	term_setup(true);
}

static void open_script(unsigned i, const char *script, bool no_pty)
{
	uint8_t word[] = "sh", option[] = "-c";
	ProtobufCBinaryData argv[] = { { 2, word }, { 2, option },
		{ strlen(script), (uint8_t *)(uintptr_t)script } };
	Ses__OpenTerminal o = SES__OPEN_TERMINAL__INIT;

	o.terminal_id = 1;
	o.rows = 24;
	o.cols = 80;
	o.n_argv = 3;
	o.argv = argv;
	o.no_pty = no_pty;
	o.window = WINDOW;
	term_open(i, &o);
}

static void reopen(unsigned i, const char *id, uint64_t seen)
{
	Ses__OpenTerminal o = SES__OPEN_TERMINAL__INIT;

	ck_assert(term_login(i, HWS_LEVEL_V2, id, false));
	o.terminal_id = 1;
	o.rows = 24;
	o.cols = 80;
	o.window = WINDOW;
	o.output_seen = seen;
	o.attach = true;
	term_open(i, &o);
	ck_assert_uint_eq(t[i].opened, 1);
}

/* Memory is bounded while it writes, and Ctrl+C ends it: what comes after the key is what was on
 * its way. */
START_TEST(yes_is_held_and_interrupted)
{
	ck_assert(term_login(0, HWS_LEVEL_V2, "", false));
	open_script(0, "trap 'echo; echo caught; exit 3' INT; yes; exit 4", false);
	uint64_t end = hws_clock_us() + 60 * HWS_US_PER_S;
	while (t->len < (1u << 20)) {
		ck_assert_uint_lt(hws_clock_us(), end);
		term_ack(0, 1, t->position);
		hws_loop_once(term_loop, 5000);
	}
	term_turns(50); /* nothing is acknowledged any more: it stands still */
	size_t stands = t->len;
	term_turns(50);
	ck_assert_uint_eq(t->len, stands);
	term_type(0, 1, "\003");
	end = hws_clock_us() + 60 * HWS_US_PER_S;
	while (!t->closed) {
		ck_assert_uint_lt(hws_clock_us(), end);
		term_ack(0, 1, t->position);
		hws_loop_once(term_loop, 5000);
	}
	ck_assert_int_eq(t->code, 3);
	ck_assert_ptr_nonnull(strstr(t->text + stands - 10, "caught"));
	ck_assert_uint_lt(t->len - stands, 2 * WINDOW);
}
END_TEST

/* Both ways through a command, in pieces that its window allows; all of it, in order. */
START_TEST(much_goes_through_pipes_unharmed)
{
	static char input[INPUT + 1];
	size_t sent = 0;

	for (size_t i = 0; i < INPUT; i++)
		input[i] = (char)('!' + (i * 7 + i / 251) % 90);
	ck_assert(term_login(0, HWS_LEVEL_V2, "", false));
	open_script(0, "cat; echo end >&2", true);
	uint64_t end = hws_clock_us() + 100 * HWS_US_PER_S;
	while (!t->closed) {
		ck_assert_uint_lt(hws_clock_us(), end);
		term_ack(0, 1, t->position);
		if (sent < INPUT && sent - t->acked < WINDOW) {
			size_t n = HWS_MIN(INPUT - sent, (size_t)16384);
			char keep = input[sent + n];
			input[sent + n] = 0;
			term_type(0, 1, input + sent);
			input[sent + n] = keep;
			sent += n;
			if (sent == INPUT) {
				Ses__TerminalAction a = SES__TERMINAL_ACTION__INIT;
				Ses__TerminalData d = SES__TERMINAL_DATA__INIT;
				d.terminal_id = 1;
				d.eof = true;
				a.union_case = SES__TERMINAL_ACTION__UNION_DATA;
				a.data = &d;
				term_send(0, &a);
			}
		}
		hws_loop_once(term_loop, sent < INPUT ? 0 : 5000);
	}
	ck_assert_int_eq(t->code, 0);
	ck_assert_uint_eq(t->len, INPUT);
	ck_assert_int_eq(memcmp(t->text, input, INPUT), 0);
	ck_assert_str_eq(t->errors, "end\n");
	ck_assert_uint_eq(t->eofs, 1);
	ck_assert_uint_eq(t->error_eofs, 1);
}
END_TEST

START_TEST(the_size_follows)
{
	Ses__TerminalAction a = SES__TERMINAL_ACTION__INIT;
	Ses__ResizeTerminal r = SES__RESIZE_TERMINAL__INIT;

	ck_assert(term_login(0, HWS_LEVEL_V2, "", false));
	open_script(0, "stty size; read x; stty size; read x", false);
	TERM_UNTIL(strstr(t->text, "24 80"));
	r.terminal_id = 1;
	r.rows = 43;
	r.cols = 132;
	a.union_case = SES__TERMINAL_ACTION__UNION_RESIZE;
	a.resize = &r;
	term_send(0, &a);
	term_type(0, 1, "\n");
	TERM_UNTIL(strstr(t->text, "43 132"));
	r.rows = r.cols = 4000000; /* of a hostile viewer */
	term_send(0, &a);
	r.rows = r.cols = 0;
	term_send(0, &a);
	term_type(0, 1, "\n");
	TERM_UNTIL(t->closed);
}
END_TEST

/* While nobody looks the shell works on; what it drew meanwhile is there for who comes back. */
START_TEST(a_shell_works_on_alone)
{
	char id[80];

	ck_assert(term_login(0, HWS_LEVEL_V2, "", false));
	open_script(0, "echo first; read x; seq 1 200000; echo last; read y; exit 6", false);
	TERM_UNTIL(strstr(t->text, "first"));
	memcpy(id, t->service, sizeof(id));
	term_type(0, 1, "go\n");
	term_leave(0);
	term_turns(1000);
	reopen(1, id, 0);
	while (!strstr(t[1].replay, "last") && !strstr(t[1].text, "last")) {
		term_ack(1, 1, t[1].position);
		hws_loop_once(term_loop, 5000);
	}
	term_type(1, 1, "\n");
	TERM_UNTIL(t[1].closed);
	ck_assert_int_eq(t[1].code, 6);
}
END_TEST

/* A command of a script loses nothing by a cut: it waits. */
START_TEST(a_command_waits_through_a_cut)
{
	char id[80];

	ck_assert(term_login(0, HWS_LEVEL_V2, "", false));
	open_script(0, "seq 1 150000", true); /* 938,895 bytes */
	TERM_UNTIL(t->len >= WINDOW / 2);
	memcpy(id, t->service, sizeof(id));
	uint64_t seen = t->position - 1000; /* the last ones were lost with the link */
	t->len -= 1000;
	term_leave(0);
	term_turns(100);
	reopen(1, id, seen);
	ck_assert_uint_eq(t[1].position, seen);
	uint64_t end = hws_clock_us() + 60 * HWS_US_PER_S;
	while (!t[1].closed) {
		ck_assert_uint_lt(hws_clock_us(), end);
		term_ack(1, 1, t[1].position);
		hws_loop_once(term_loop, 5000);
	}
	ck_assert_uint_eq(t->len + t[1].len, 938895);
	ck_assert_int_eq(t[1].code, 0);
	ck_assert(hws_str_starts(t[1].text + t[1].len - 7, "150000\n"));
}
END_TEST

START_TEST(an_editor_and_what_was_before_it_come_back)
{
	char id[80];

	ck_assert(term_login(0, HWS_LEVEL_V2, "", false));
	open_script(0, "echo beneath; printf '\\033[?1049h\\033[H\\033[2Jedited\\033[5;9H'; read x",
			false);
	TERM_UNTIL(strstr(t->text, "edited"));
	memcpy(id, t->service, sizeof(id));
	for (unsigned i = 1; i < 3; i++) { /* the first look has not changed it */
		term_leave(i - 1);
		reopen(i, id, 0);
		const char *first = strstr(t[i].replay, "beneath");
		ck_assert_ptr_nonnull(first);
		const char *other = strstr(first, "\033[?1049h");
		ck_assert_ptr_nonnull(other);
		const char *edited = strstr(other, "edited");
		ck_assert_ptr_nonnull(edited);
		ck_assert_ptr_nonnull(strstr(edited, "\033[5;9H"));
		ck_assert_ptr_null(strstr(edited, "beneath"));
	}
}
END_TEST

START_TEST(a_signal_that_ended_it_is_said)
{
	Ses__TerminalAction a = SES__TERMINAL_ACTION__INIT;
	Ses__SignalTerminal s = SES__SIGNAL_TERMINAL__INIT;

	ck_assert(term_login(0, HWS_LEVEL_V2, "", false));
	open_script(0, "echo up; exec sleep 600", true);
	TERM_UNTIL(strstr(t->text, "up"));
	s.terminal_id = 1;
	s.number = 19; /* STOP is not allowed: nobody could end it */
	a.union_case = SES__TERMINAL_ACTION__UNION_SIGNAL;
	a.signal = &s;
	term_send(0, &a);
	s.number = 15;
	term_send(0, &a);
	TERM_UNTIL(t->closed);
	ck_assert_int_eq(t->code, 128 + 15);
	ck_assert_uint_eq(t->signal, 15);
}
END_TEST

int main(void)
{
	return test_main("services/terminal/kernel", 120, setup, term_teardown,
			TESTS(yes_is_held_and_interrupted, much_goes_through_pipes_unharmed,
					the_size_follows, a_shell_works_on_alone,
					a_command_waits_through_a_cut,
					an_editor_and_what_was_before_it_come_back,
					a_signal_that_ended_it_is_said));
}
