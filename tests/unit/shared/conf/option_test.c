/* The option table: what file, environment and command line set, and what they refuse and say. */
#include <check.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/conf/option.h"

struct config {
	bool quiet, fancy;
	uint16_t port;
	uint32_t links;
	uint64_t bytes, size, idle;
	char *name, *key, *secret, *config;
	int mode;
};

static const struct hws_option table[] = {
	{ "", "config", 'c', HWS_OPT_PATH, offsetof(struct config, config), "", .arg = "FILE",
			.flags = HWS_OPT_FLAG_ONLY, .help = "Configuration file." },
	{ "", "quiet", 'q', HWS_OPT_BOOL, offsetof(struct config, quiet), "no",
			.help = "Says little." },
	{ "net", "port", 'p', HWS_OPT_U16, offsetof(struct config, port), "21117", 1, 65535,
			.arg = "PORT", .help = "TCP port to listen on.",
			.aliases = "listen_port,P" },
	{ "net", "max-links", 0, HWS_OPT_U32, offsetof(struct config, links), "100",
			.flags = HWS_OPT_RELOAD, .help = "Open links." },
	{ "net", "fancy", 0, HWS_OPT_BOOL, offsetof(struct config, fancy), "yes",
			.help = "A long sentence that has to be broken at the right margin, "
				"because no terminal is endlessly wide." },
	{ "limits", "bytes", 0, HWS_OPT_U64, offsetof(struct config, bytes), "0",
			.help = "Bytes." },
	{ "limits", "size", 0, HWS_OPT_SIZE, offsetof(struct config, size), "64K", 1024, 1 << 20,
			.help = "Size." },
	{ "limits", "idle", 0, HWS_OPT_DURATION, offsetof(struct config, idle), "30s",
			.help = "Time." },
	{ "auth", "name", 'n', HWS_OPT_STR, offsetof(struct config, name), "nobody",
			.help = ".Starts like roff." },
	{ "auth", "key", 'k', HWS_OPT_STR, offsetof(struct config, key), NULL, .help = "Key.",
			.aliases = "KEY" },
	{ "auth", "password", 0, HWS_OPT_STR, offsetof(struct config, secret), "",
			.flags = HWS_OPT_SECRET, .help = "Secret." },
	{ "auth", "mode", 'm', HWS_OPT_ENUM, offsetof(struct config, mode), "ask",
			.choices = "never|ask|always", .help = "Mode." },
};
static const struct hws_options options = { "prog", "TEST_PROG_", "prog [options]\nprog --version",
	"Does things. This paragraph is long enough to be wrapped into several lines of the "
	"help text.",
	table, HWS_COUNT(table) };

static struct config c;
static struct hws_error err;

static void set_up(void)
{
	memset(&c, 0xaa, sizeof(c)); /* init takes raw memory */
	memset(&err, 0, sizeof(err));
	ck_assert_int_eq(hws_options_init(&options, &c), HWS_OK);
}

static void tear_down(void)
{
	hws_options_done(&options, &c);
}

static int from_text(const char *text)
{
	return hws_options_text(&options, &c, "x.conf", hws_bytes_str(text), &err);
}

START_TEST(defaults_all_parse)
{
	ck_assert_uint_eq(c.port, 21117);
	ck_assert_uint_eq(c.size, 65536);
	ck_assert_uint_eq(c.idle, 30000000);
	ck_assert_str_eq(c.name, "nobody");
	ck_assert_str_eq(c.key, "");
	ck_assert_int_eq(c.mode, 1);
	ck_assert(!c.quiet && c.fancy);
}
END_TEST

START_TEST(a_file_sets_values_in_their_sections)
{
	ck_assert_int_eq(from_text("\xef\xbb\xbf# comment\n; comment\nquiet = "
				   "yes\r\n\n[net]\nport=80\n"
				   "  max-links : 5\nfancy=off\n[limits]\nsize = 2K\nidle = 5m\n"
				   "[auth]\nname = a ; b # c\npassword = geheim\nmode = "
				   "always\nkey ="),
			HWS_OK);
	ck_assert(c.quiet && !c.fancy);
	ck_assert_uint_eq(c.port, 80);
	ck_assert_uint_eq(c.links, 5);
	ck_assert_uint_eq(c.size, 2048);
	ck_assert_uint_eq(c.idle, 300000000);
	ck_assert_str_eq(c.name, "a ; b # c");
	ck_assert_str_eq(c.secret, "geheim");
	ck_assert_str_eq(c.key, "");
	ck_assert_int_eq(c.mode, 2);
}
END_TEST

static const struct {
	const char *text;
	const char *says; /* part of the sentence */
} refused[] = {
	{ "[net]\nport = 80\nprot = 81\n",
			"x.conf line 3: unknown key 'prot'; did you mean 'port'" },
	{ "[nett]\nport = 80\n", "line 2: 'port' stands in section [nett], but belongs in [net]" },
	{ "[nett]\nzzzzzz = 80\n", "line 2: unknown section [nett]" },
	{ "port = 80\n", "belongs in [net]" },
	{ "\n\n[net]\nport = 0\n",
			"line 4: '0' is no value for port, which takes a value from 1 to" },
	{ "[net]\nport = 65536\n", "line 2" },
	{ "[net]\nport = 8x\n", "'8x'" },
	{ "[net]\nport = \n", "''" },
	{ "[net]\nport = 80 ; comment\n", "'80 ; comment'" },
	{ "[limits]\nsize = 2M\n", "from 1K to 1M" },
	{ "[limits]\nidle = long\n", "a time such as 30s" },
	{ "[auth]\nmode = maybe\n", "one of never|ask|always" },
	{ "quiet = perhaps\n", "yes or no" },
	{ "config = /x\n", "belongs on the command line" },
	{ "[net\nport = 80\n", "line 1: neither" },
	{ "hello\n", "line 1: neither" },
	{ "# ok\n\nhello world\n", "line 3: neither" },
	{ "[auth]\nname = \xff\n", "not valid UTF-8" },
	{ "[auth]\nba\x1b[0md = 1\n", "'ba\\x1b[0md'" },
};

START_TEST(a_wrong_file_is_refused_with_line_and_cause)
{
	int r = from_text(refused[_i].text);

	ck_assert_int_lt(r, 0);
	ck_assert_int_eq(err.code, r);
	ck_assert_msg(strstr(err.text, refused[_i].says) != NULL, "%s", err.text);
	ck_assert_uint_eq(c.size, 65536);
	ck_assert_int_eq(c.mode, 1);
}
END_TEST

START_TEST(nul_bytes_and_endless_lines_are_refused)
{
	static char text[10000];

	ck_assert_int_eq(hws_options_text(&options, &c, "x", hws_bytes("quiet=\0yes\n", 11), &err),
			HWS_ERR_CORRUPT);
	memset(text, 'a', sizeof(text));
	memcpy(text, "[auth]\nname=", 12);
	ck_assert_int_eq(hws_options_text(&options, &c, "x", hws_bytes(text, 4000), &err), HWS_OK);
	ck_assert_uint_eq(strlen(c.name), 4000 - 12);
	ck_assert_int_eq(hws_options_text(&options, &c, "x", hws_bytes(text, sizeof(text)), &err),
			HWS_ERR_TOOBIG);
	ck_assert_ptr_nonnull(strstr(err.text, "line 2"));
}
END_TEST

START_TEST(files_are_read_and_missing_ones_told_apart)
{
	char path[] = "/tmp/hws-conf-XXXXXX", longer[80];
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "[net]\nport=99\n", 14), 14);
	close(fd);
	ck_assert_int_eq(hws_options_file(&options, &c, path, &err), HWS_OK);
	ck_assert_uint_eq(c.port, 99);
	unlink(path);
	ck_assert_int_eq(hws_options_file(&options, &c, path, &err), HWS_ERR_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, path));
	ck_assert_int_eq(hws_fmt(longer, sizeof(longer), "/tmp"), HWS_OK);
	ck_assert_int_lt(hws_options_file(&options, &c, longer, &err), 0); /* a folder */
}
END_TEST

START_TEST(a_reload_keeps_and_names_what_cannot_change)
{
	struct config fresh;
	char names[100], little[12];

	ck_assert_int_eq(from_text("[net]\nport=1\n[auth]\nname=a\npassword=s\n"), HWS_OK);
	ck_assert_int_eq(hws_options_init(&options, &fresh), HWS_OK);
	ck_assert_int_eq(hws_options_keep(&options, &fresh, &fresh, "", names, sizeof(names)),
			HWS_OK);
	ck_assert_str_eq(names, "");
	fresh.links = 7;
	ck_assert_int_eq(hws_options_keep(&options, &fresh, &c, "", names, sizeof(names)), HWS_OK);
	ck_assert_str_eq(names, "port, name, password");
	ck_assert_uint_eq(fresh.port, 1);
	ck_assert_str_eq(fresh.name, "a");
	ck_assert_str_eq(fresh.secret, "s");
	ck_assert_ptr_ne(fresh.name, c.name);
	ck_assert_uint_eq(fresh.links, 7); /* may change */
	ck_assert_int_eq(
			hws_options_keep(&options, &fresh, &c, "x,max-links", names, sizeof(names)),
			HWS_OK);
	ck_assert_str_eq(names, "max-links");
	ck_assert_uint_eq(fresh.links, 100);
	hws_options_done(&options, &fresh);
	ck_assert_int_eq(hws_options_init(&options, &fresh), HWS_OK);
	ck_assert_int_eq(
			hws_options_keep(&options, &fresh, &c, "", little, sizeof(little)), HWS_OK);
	ck_assert_str_eq(little, "port, name"); /* cut, and all is kept */
	ck_assert_str_eq(fresh.secret, "s");
	hws_options_done(&options, &fresh);
}
END_TEST

static int load(const char *usual, int argc, const char *const argv[])
{
	int rest;

	hws_options_done(&options, &c);
	return hws_options_load(&options, &c, usual, argc, (char **)(uintptr_t)argv, &rest, &err);
}

START_TEST(the_file_is_the_named_one_else_the_usual_one)
{
	char usual[] = "/tmp/hws-conf-XXXXXX", named[] = "/tmp/hws-conf-XXXXXX", gone[80];
	const char *const none[] = { "prog", NULL },
			  *const flag[] = { "prog", "--config", named, "-p", "3", NULL },
			  *const missing[] = { "prog", "-c", gone, NULL };
	int fd = mkstemp(usual);

	ck_assert_int_eq(write(fd, "[net]\nport=1\nmax-links=1\n", 25), 25);
	close(fd);
	fd = mkstemp(named);
	ck_assert_int_eq(write(fd, "[net]\nmax-links=2\n", 18), 18);
	close(fd);
	ck_assert_int_eq(hws_fmt(gone, sizeof(gone), "%s.gone", named), HWS_OK);
	ck_assert_int_eq(load(NULL, 1, none), HWS_OK);
	ck_assert_uint_eq(c.port, 21117);
	ck_assert_str_eq(c.config, "");
	ck_assert_int_eq(load(gone, 1, none), HWS_OK); /* the usual one need not be there */
	ck_assert_int_eq(load(usual, 1, none), HWS_OK);
	ck_assert_uint_eq(c.links, 1);
	ck_assert_str_eq(c.config, usual);
	ck_assert_int_eq(load(usual, 5, flag), HWS_OK);
	ck_assert_uint_eq(c.port, 3);
	ck_assert_uint_eq(c.links, 2);
	setenv("TEST_PROG_CONFIG", named, 1);
	ck_assert_int_eq(load(usual, 1, none), HWS_OK);
	ck_assert_uint_eq(c.port, 21117);
	ck_assert_uint_eq(c.links, 2);
	ck_assert_str_eq(c.config, named);
	ck_assert_int_eq(load(usual, 3, missing), HWS_ERR_NOTFOUND);
	ck_assert_int_eq(hws_options_init(&options, &c), HWS_OK);
	setenv("TEST_PROG_CONFIG", gone, 1);
	ck_assert_int_eq(load(usual, 1, none), HWS_ERR_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, gone));
	ck_assert_int_eq(hws_options_init(&options, &c), HWS_OK); /* for the fixture */
	unsetenv("TEST_PROG_CONFIG");
	unlink(usual);
	unlink(named);
}
END_TEST

START_TEST(the_environment_sets_values_by_own_and_foreign_names)
{
	setenv("TEST_PROG_MAX_LINKS", "7", 1);
	setenv("KEY", "foreign", 1);
	setenv("LISTEN_PORT", "1000", 1);
	ck_assert_int_eq(hws_options_env(&options, &c, &err), HWS_OK);
	ck_assert_uint_eq(c.links, 7);
	ck_assert_str_eq(c.key, "foreign");
	ck_assert_uint_eq(c.port, 1000);
	setenv("TEST_PROG_KEY", "own", 1); /* wins */
	setenv("TEST_PROG_PASSWORD", "s", 1);
	ck_assert_int_eq(hws_options_env(&options, &c, &err), HWS_OK);
	ck_assert_str_eq(c.key, "own");
	ck_assert_str_eq(c.secret, "s");
	setenv("TEST_PROG_PORT", "x", 1);
	ck_assert_int_lt(hws_options_env(&options, &c, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "TEST_PROG_PORT"));
	unsetenv("TEST_PROG_MAX_LINKS");
	unsetenv("KEY");
	unsetenv("LISTEN_PORT");
	unsetenv("TEST_PROG_KEY");
	unsetenv("TEST_PROG_PASSWORD");
	unsetenv("TEST_PROG_PORT");
}
END_TEST

#define ARGS_MAX 8
struct args {
	const char *argv[ARGS_MAX];
	int r, rest;
	const char *says;
};

static int from_args(const struct args *a, int *rest)
{
	char *argv[ARGS_MAX] = { 0 };
	int argc = 0, r;

	for (; a->argv[argc]; argc++)
		argv[argc] = hws_strdup(a->argv[argc]);
	r = hws_options_args(&options, &c, argc, argv, rest, &err);
	for (int i = 0; i < argc; i++)
		hws_free(argv[i]);
	return r;
}

static const struct args lines[] = {
	{ { "prog" }, HWS_OK, 1, NULL },
	{ { "prog", "--port", "9", "rest", "--x" }, HWS_OK, 3, NULL },
	{ { "prog", "--port=9", "--", "--x" }, HWS_OK, 3, NULL },
	{ { "prog", "-p", "9", "-", "-q" }, HWS_OK, 3, NULL },
	{ { "prog", "-p9", "-q" }, HWS_OK, 3, NULL },
	{ { "prog", "-qp9" }, HWS_OK, 2, NULL },
	{ { "prog", "-P", "9" }, HWS_OK, 3, NULL },
	{ { "prog", "--listen-port", "9" }, HWS_OK, 3, NULL },
	{ { "prog", "--LISTEN_PORT=9" }, HWS_OK, 2, NULL },
	{ { "prog", "--port" }, HWS_ERR_INVAL, 0, "--port needs a value (PORT)" },
	{ { "prog", "--prot", "9" }, HWS_ERR_INVAL, 0, "did you mean --port" },
	{ { "prog", "-z" }, HWS_ERR_INVAL, 0, "unknown option -z" },
	{ { "prog", "--no-port" }, HWS_ERR_INVAL, 0, "unknown option --no-port" },
	{ { "prog", "--password", "x" }, HWS_ERR_INVAL, 0, "TEST_PROG_PASSWORD" },
	{ { "prog", "--=5" }, HWS_ERR_INVAL, 0, "unknown option --" },
	{ { "prog", "--port=99999" }, HWS_ERR_RANGE, 0, "--port: '99999'" },
};

START_TEST(command_lines_are_understood_or_explained)
{
	const struct args *a = &lines[_i];
	int rest = -1;

	ck_assert_int_eq(from_args(a, &rest), a->r);
	if (a->r == HWS_OK) {
		ck_assert_int_eq(rest, a->rest);
		ck_assert_uint_eq(c.port, a->argv[1] ? 9 : 21117);
	} else {
		ck_assert_int_eq(rest, -1);
		ck_assert_msg(strstr(err.text, a->says) != NULL, "%s", err.text);
	}
}
END_TEST

START_TEST(flags_are_set_and_unset)
{
	static const struct args on = { .argv = { "prog", "--quiet", "--no-fancy" } };
	static const struct args off = { .argv = { "prog", "--no-quiet", "--fancy=yes" } };
	int rest;

	ck_assert_int_eq(from_args(&on, &rest), HWS_OK);
	ck_assert(c.quiet && !c.fancy);
	ck_assert_int_eq(from_args(&off, &rest), HWS_OK);
	ck_assert(!c.quiet && c.fancy);
}
END_TEST

START_TEST(values_are_set_and_read_by_name)
{
	char buf[32];

	ck_assert_int_eq(hws_options_set(&options, &c, "idle", "90", &err), HWS_OK);
	ck_assert_int_eq(hws_options_get(&options, &c, "idle", buf, sizeof(buf)), HWS_OK);
	ck_assert_str_eq(buf, "90s");
	ck_assert_int_eq(hws_options_set(&options, &c, "size", "1536", &err), HWS_OK);
	ck_assert_int_eq(hws_options_get(&options, &c, "size", buf, sizeof(buf)), HWS_OK);
	ck_assert_str_eq(buf, "1536");
	ck_assert_int_eq(hws_options_get(&options, &c, "password", buf, sizeof(buf)), HWS_OK);
	ck_assert_str_eq(buf, "(not set)");
	ck_assert_int_eq(hws_options_set(&options, &c, "password", "topsecret", &err), HWS_OK);
	ck_assert_int_eq(hws_options_get(&options, &c, "password", buf, sizeof(buf)), HWS_OK);
	ck_assert_str_eq(buf, "(set)");
	ck_assert_int_eq(hws_options_set(&options, &c, "name", "a\nport = 1", &err), HWS_ERR_INVAL);
	ck_assert_str_eq(c.name, "nobody");
	ck_assert_int_eq(hws_options_set(&options, &c, "idel", "1", &err), HWS_ERR_NOTFOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "'idle'"));
	ck_assert_int_eq(hws_options_get(&options, &c, "idel", buf, sizeof(buf)), HWS_ERR_NOTFOUND);
}
END_TEST

START_TEST(help_is_complete_and_fits_the_terminal)
{
	struct hws_buf out;
	char *text;

	hws_buf_init(&out, 1 << 20);
	hws_options_help(&options, &out);
	hws_buf_put_u8(&out, 0);
	ck_assert_int_eq(hws_buf_err(&out), 0);
	text = (char *)out.data + out.start;
	for (const char *p = text; *p; p += strcspn(p, "\n") + 1) {
		ck_assert_uint_le(strcspn(p, "\n"), 80);
		if (!p[strcspn(p, "\n")])
			break;
	}
	for (size_t i = 0; i < HWS_COUNT(table); i++)
		ck_assert_ptr_nonnull(strstr(text, table[i].name));
	ck_assert_ptr_nonnull(strstr(text,
			"  -p, --port PORT             TCP port to listen on. [default: 21117]\n"));
	ck_assert_ptr_nonnull(strstr(text, "--[no-]fancy"));
	ck_assert_ptr_nonnull(strstr(text, "never|ask|always"));
	ck_assert(hws_str_starts(text, "Usage: prog [options]\n       prog --version\n"));
	hws_buf_done(&out);
}
END_TEST

START_TEST(what_is_shown_reads_back_as_the_same)
{
	struct config d;
	struct hws_buf first, second;

	ck_assert_int_eq(from_text("quiet=yes\n[auth]\nname = x "
				   "y\npassword=geheim\n[limits]\nidle=250ms\n"),
			HWS_OK);
	hws_buf_init(&first, 1 << 20);
	hws_buf_init(&second, 1 << 20);
	hws_options_show(&options, &c, &first);
	ck_assert_int_eq(hws_options_init(&options, &d), HWS_OK);
	ck_assert_int_eq(hws_options_text(&options, &d, "shown", hws_buf_bytes(&first), &err),
			HWS_OK);
	ck_assert_str_eq(d.name, "x y");
	ck_assert_uint_eq(d.idle, 250000);
	ck_assert(d.quiet);
	ck_assert_str_eq(d.secret, ""); /* never shown */
	ck_assert_ptr_null(memmem(first.data, hws_buf_len(&first), "geheim", 6));
	ck_assert_int_eq(hws_options_set(&options, &d, "password", "other", &err), HWS_OK);
	hws_options_show(&options, &d, &second);
	ck_assert(hws_bytes_equal(hws_buf_bytes(&first), hws_buf_bytes(&second)));
	hws_options_done(&options, &d);
	hws_buf_done(&first);
	hws_buf_done(&second);
}
END_TEST

START_TEST(the_manual_has_an_item_for_each_option)
{
	struct hws_buf out;

	hws_buf_init(&out, 1 << 20);
	hws_options_man(&options, &out);
	hws_buf_put_u8(&out, 0);
	ck_assert_ptr_nonnull(strstr((char *)out.data, ".It Fl p , Fl -port Ar PORT\n"));
	ck_assert_ptr_nonnull(strstr((char *)out.data, "\\&.Starts like roff.\n"));
	ck_assert_ptr_nonnull(strstr((char *)out.data, ".Ev TEST_PROG_MAX_LINKS\n"));
	hws_buf_done(&out);
}
END_TEST

START_TEST(every_failing_allocation_leaves_a_usable_configuration)
{
	for (unsigned long n = 1; n < 12; n++) {
		struct config d;
		int r;

		hws_mem_fail_at(n);
		r = hws_options_init(&options, &d);
		if (r == HWS_OK) {
			r = hws_options_text(&options, &d, "x",
					hws_bytes_str("[auth]\nname=a\nkey=b\npassword=c\n"), &err);
			ck_assert_ptr_nonnull(d.name);
			ck_assert_ptr_nonnull(d.secret);
			hws_options_done(&options, &d);
		}
		ck_assert_int_eq(r, hws_mem_fail_at(0) >= n ? HWS_ERR_NOMEM : HWS_OK);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("conf/option");
	TCase *t = tcase_create("option");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, defaults_all_parse);
	tcase_add_test(t, a_file_sets_values_in_their_sections);
	tcase_add_loop_test(t, a_wrong_file_is_refused_with_line_and_cause, 0, HWS_COUNT(refused));
	tcase_add_test(t, nul_bytes_and_endless_lines_are_refused);
	tcase_add_test(t, files_are_read_and_missing_ones_told_apart);
	tcase_add_test(t, a_reload_keeps_and_names_what_cannot_change);
	tcase_add_test(t, the_file_is_the_named_one_else_the_usual_one);
	tcase_add_test(t, the_environment_sets_values_by_own_and_foreign_names);
	tcase_add_loop_test(t, command_lines_are_understood_or_explained, 0, HWS_COUNT(lines));
	tcase_add_test(t, flags_are_set_and_unset);
	tcase_add_test(t, values_are_set_and_read_by_name);
	tcase_add_test(t, help_is_complete_and_fits_the_terminal);
	tcase_add_test(t, what_is_shown_reads_back_as_the_same);
	tcase_add_test(t, the_manual_has_an_item_for_each_option);
	tcase_add_test(t, every_failing_allocation_leaves_a_usable_configuration);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
