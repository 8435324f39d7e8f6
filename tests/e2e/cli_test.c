/* The command line as scripts use it: real programs, exit statuses, files. */
#include "client/media/video_codec.h"
#include "tests/e2e/similarity.h"
#include "tests/e2e/stack.h"
#include "tests/support/tcp_proxy.h"
#include "tests/support/webm_reader.h"
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct test_stack stack;
static const char *envp[20];
static char hawser[300], id_env[100], server_env[100], key_env[100], password_env[100],
		dir_env[300], state_env[320], bin_env[300];

/* What scripts below use: $HAWSER, $ID, $SERVER, $KEY, $PASSWORD, $DIR. */
static void setup(unsigned flags)
{
	size_t n = 0;

	test_stack_start(&stack, flags);
	while (stack.envp[n]) {
		envp[n] = stack.envp[n];
		n++;
	}
	snprintf(hawser, sizeof(hawser), "HAWSER=%s", test_bin("client/cli/hawser"));
	snprintf(id_env, sizeof(id_env), "ID=%s", stack.target);
	snprintf(server_env, sizeof(server_env), "SERVER=%s", stack.server);
	snprintf(key_env, sizeof(key_env), "KEY=%s", stack.key);
	snprintf(password_env, sizeof(password_env), "PASSWORD=%s", stack.password);
	snprintf(dir_env, sizeof(dir_env), "DIR=%s", stack.dir);
	snprintf(state_env, sizeof(state_env), "HAWSER_HOST_STATE_DIR=%s/host", stack.dir);
	snprintf(bin_env, sizeof(bin_env), "BIN=%s", test_bin("."));
	const char *more[] = { bin_env, hawser, id_env, server_env, key_env, password_env, dir_env,
		state_env };
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		envp[n++] = more[i];
	envp[n] = NULL;
}

/* Runs a line of shell; its output must hold `text` and its status be `status`. */
static void sh(const char *script, int status, const char *text)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	char *out = NULL;
	int r = test_run(argv, envp, &out);

	ck_assert_msg(r == status, "%s\nended with %d, not %d:\n%s", script, r, status, out);
	ck_assert_msg(!text || strstr(out, text), "%s\nsaid nothing of \"%s\":\n%s", script, text,
			out);
	free(out);
}

#define CONNECT "$HAWSER connect $ID --server $SERVER --key $KEY --headless "

/* --- a whole session -------------------------------------------------------------------------- */

struct film {
	struct hws_decoder *decoder;
	unsigned pictures;
	int width, height;
};

static void play(const uint8_t *data, size_t len, bool key, uint64_t time_ms, void *arg)
{
	struct film *f = arg;
	const struct hws_picture *p;

	(void)key;
	(void)time_ms;
	ck_assert_int_eq(hws_decoder_decode(f->decoder, hws_bytes(data, len), &p), 0);
	f->pictures++;
	f->width = p->width;
	f->height = p->height;
}

static void must_play(const char *path)
{
	struct webm_file file;
	struct film film = { 0 };

	ck_assert_int_eq(hws_decoder_new(HWS_CODEC_VP9, 1, &film.decoder), 0);
	webm_read(path, play, &film, &file);
	hws_decoder_free(film.decoder);
	ck_assert_msg(!file.why, "%s: %s", path, file.why);
	ck_assert_str_eq(file.codec, "V_VP9");
	ck_assert_uint_eq(file.width, 1280);
	ck_assert_uint_eq(file.height, 720);
	ck_assert_int_eq(film.width, 1280);
	ck_assert_int_eq(film.height, 720);
	ck_assert_uint_eq(film.pictures, file.blocks);
}

static void must_look_like_host(const char *png)
{
	char path[300];
	const char *argv[] = { "/usr/bin/import", "-silent", "-window", "root", "-display",
		stack.screen.display, path, NULL };
	unsigned w, h, host_w, host_h;
	uint8_t *a, *b;

	snprintf(path, sizeof(path), "%s/host.png", stack.dir);
	ck_assert_int_eq(test_run(argv, stack.envp, NULL), 0);
	a = test_png_luma(png, &w, &h);
	b = test_png_luma(path, &host_w, &host_h);
	ck_assert(w == host_w && h == host_h);
	double same = test_luma_similarity(a, b, w, h);
	ck_assert_msg(same > 0.95, "similarity %.3f", same);
	free(a);
	free(b);
}

START_TEST(a_script_clicks_types_looks_and_records)
{
	char path[300], typed[300];

	setup(STACK_SERVERS | STACK_TERMINAL);
	sh("printf %s $PASSWORD > $DIR/pw; chmod 600 $DIR/pw; " CONNECT
	   "--password-file $DIR/pw --click 200,150 --type 'typed by a script\n' --after 3 "
	   "--screenshot $DIR/shot.png --record $DIR/film.webm --stats > $DIR/out 2>&1 || { "
	   "s=$?; cat $DIR/out; exit $s; }; "
	   "cat $DIR/out; grep -q '^stats frames=' $DIR/out && grep -q 'encrypted=yes .*encryption=v2 trust=server' $DIR/out",
			0, "final frames=");
	test_read_file(stack.typed, typed, sizeof(typed));
	ck_assert_str_eq(typed, "typed by a script\n");
	snprintf(path, sizeof(path), "%s/shot.png", stack.dir);
	must_look_like_host(path);
	snprintf(path, sizeof(path), "%s/film.webm", stack.dir);
	must_play(path);
	test_stack_stop(&stack);
}
END_TEST

/* What is named as an output may be there already, and be no file. */
START_TEST(text_that_no_key_has_is_typed_or_reported)
{
	static const char text[] = "Съешь же ещё этих мягких французских булок, да выпей чаю";
	char script[600], typed[300];

	setup(STACK_SERVERS | STACK_TERMINAL);
	sh("xmodmap -pke > $DIR/map", 0, NULL);
	snprintf(script, sizeof(script),
			"echo a-fixed-password | $BIN/client/host/hawser-host password "
			"--set-from-stdin && "
			"HAWSER_PASSWORD=a-fixed-password " CONNECT
			"--click 200,150 --type '%s\n' --after 2",
			text);
	sh(script, 0, NULL);
	test_read_file(stack.typed, typed, sizeof(typed));
	typed[strcspn(typed, "\n")] = 0;
	ck_assert_str_eq(typed, text);
	/* what was lent is given back at its end, not when the viewer has gone */
	sh("for i in $(seq 300); do xmodmap -pke | cmp -s - $DIR/map && exit 0; sleep 0.2; done; "
	   "exit 1",
			0, NULL);
	/* a map in which no key is to spare */
	sh("xmodmap -pke | grep '= *$' | sed 's/= *$/= Pause/' | xmodmap -", 0, NULL);
	sh("HAWSER_PASSWORD=a-fixed-password " CONNECT "--type 'aЖb' --after 6", 1,
			"could not be typed");
	sh("HAWSER_PASSWORD=a-fixed-password " CONNECT "--type 'ab' --after 2", 0, NULL);
}
END_TEST

START_TEST(a_screenshot_replaces_files_and_nothing_else)
{
	setup(STACK_SERVERS | STACK_TERMINAL);
	sh("echo a-fixed-password | $HAWSER password set; cd $DIR; echo before > file; ln -s "
	   "file link; "
	   "mkfifo pipe; ln -s nothing dangling",
			0, NULL);
	sh("export HAWSER_PASSWORD=a-fixed-password; cd $DIR; " CONNECT
	   "--screenshot link && test -L link && head -c 4 file",
			0, "PNG");
	sh("export HAWSER_PASSWORD=a-fixed-password; cd $DIR; cat pipe > got & " CONNECT
	   "--screenshot pipe && wait && test -p pipe && head -c 4 got",
			0, "PNG");
	sh("export HAWSER_PASSWORD=a-fixed-password; cd $DIR; " CONNECT
	   "--screenshot pipe; s=$?; test -p pipe && exit $s",
			7, "nobody reads");
	sh("export HAWSER_PASSWORD=a-fixed-password; cd $DIR; " CONNECT
	   "--screenshot /dev/full; s=$?; test -c /dev/full && exit $s",
			7, "/dev/full: No space left");
	sh("export HAWSER_PASSWORD=a-fixed-password; cd $DIR; " CONNECT
	   "--screenshot dangling; s=$?; test -L dangling && exit $s",
			7, "dangling");
	sh("export HAWSER_PASSWORD=a-fixed-password; cd $DIR; " CONNECT
	   "--screenshot /dev/stdout | head -c 4",
			0, "PNG");
	test_stack_stop(&stack);
}
END_TEST

START_TEST(a_recording_without_end_stops_when_interrupted)
{
	char password[100], path[300];
	const char *argv[] = { test_bin("client/cli/hawser"), "connect", NULL, "--headless",
		"--accept-insecure", "--record", path, "--stats", NULL };
	const char *env[] = { password, NULL };
	struct test_proc p;

	setup(STACK_TERMINAL);
	argv[2] = stack.target;
	snprintf(path, sizeof(path), "%s/film.webm", stack.dir);
	snprintf(password, sizeof(password), "HAWSER_PASSWORD=%s", stack.password);
	test_proc_start(&p, argv, env);
	test_proc_must_expect(&p, "stats frames=", 20000);
	test_proc_must_expect(&p, "stats frames=", 20000);
	test_proc_signal(&p, SIGINT);
	ck_assert_int_eq(test_proc_wait(&p, 10000), 0);
	ck_assert_ptr_nonnull(strstr(p.log, "encryption=v2"));
	test_proc_stop(&p);
	must_play(path);
	test_stack_stop(&stack);
}
END_TEST

START_TEST(a_silent_host_is_told_by_text_and_figures)
{
	char password[100], target[40];
	const char *argv[] = { test_bin("client/cli/hawser"), "connect", target, "--headless",
		"--stats", NULL };
	const char *env[] = { password, NULL };
	struct test_proxy proxy;
	struct test_proc p;

	setup(STACK_TERMINAL);
	test_proxy_start(&proxy, stack.direct_port);
	snprintf(target, sizeof(target), "127.0.0.1:%u", proxy.port);
	snprintf(password, sizeof(password), "HAWSER_PASSWORD=%s", stack.password);
	test_proc_start(&p, argv, env);
	test_proc_must_expect(&p, "silent_s=0", 20000);
	test_proxy_set(&proxy, TEST_PROXY_HOLD);
	test_proc_must_expect(&p, "the host is not answering for", 20000);
	test_proc_must_expect(&p, "rtt_ms=unknown", 20000);
	test_proc_must_expect(&p, "silent_s=5", 20000);
	test_proxy_set(&proxy, TEST_PROXY_PASS);
	test_proc_must_expect(&p, "the host is answering again", 20000);
	test_proc_must_expect(&p, "silent_s=0", 20000);
	test_proc_signal(&p, SIGINT);
	ck_assert_int_eq(test_proc_wait(&p, 10000), 0);
	test_proc_stop(&p);
	test_proxy_stop(&proxy);
	test_stack_stop(&stack);
}
END_TEST

START_TEST(the_clipboard_goes_both_ways_by_script)
{
	const char *argv[] = { "/bin/sh", "-c",
		"HAWSER_PASSWORD=a-fixed-password exec " CONNECT "--paste --stats", NULL };
	struct test_proc p;

	setup(STACK_SERVERS | STACK_TERMINAL);
	sh("echo a-fixed-password | $HAWSER password set", 0, NULL);
	/* A host tells what is copied from then on, not what was there before. */
	test_proc_start(&p, argv, envp);
	test_proc_must_expect(&p, "stats frames=", 20000);
	sh("printf 'text of the host' | setsid xclip -selection clipboard -i >/dev/null 2>&1", 0,
			NULL);
	test_proc_must_expect(&p, "text of the host\n", 20000);
	ck_assert_int_eq(test_proc_wait(&p, 10000), 0);
	test_proc_stop(&p);
	sh("export HAWSER_PASSWORD=a-fixed-password; " CONNECT "--paste > /dev/full & "
	   "for i in 1 2 3 4 5 6 7 8; do sleep 1; date | xclip -selection clipboard -i "
	   ">/dev/null 2>&1; done; "
	   "wait $!",
			7, "cannot write to standard output");
	sh("HAWSER_PASSWORD=a-fixed-password " CONNECT
	   "--copy 'two\nlines' && xclip -selection clipboard -o",
			0, "two\nlines");
	test_stack_stop(&stack);
}
END_TEST

/* --- exit statuses ---------------------------------------------------------------------------- */

static const struct {
	const char *script;
	int status;
	const char *text;
} without_host[] = {
	{ "$HAWSER connect", 2, "which host?" },
	{ "$HAWSER connect 1.2.3.4 5.6.7.8", 2, "one host at a time" },
	{ "$HAWSER connect 1.2.3.4 --headless --no-such", 2, "no-such" },
	{ "$HAWSER connect 1.2.3.4 --screenshot a.png", 2, "--screenshot needs --headless" },
	{ "$HAWSER connect 1.2.3.4 --after 0", 2, "--after needs --headless" },
	{ "$HAWSER connect 1.2.3.4 --chat hello", 2, "--chat needs --headless" },
	{ "$HAWSER connect 1.2.3.4 --headless --chat \"$(printf '\\377')\"", 2,
			"the text of --chat is not UTF-8" },
	{ "$HAWSER connect 1.2.3.4 --headless --fullscreen", 2, "does not go with --headless" },
	{ "$HAWSER connect 1.2.3.4 --headless --click 3", 2, "X,Y" },
	{ "$HAWSER connect 1.2.3.4 --headless --fps 1000", 2, "fps" },
	{ "$HAWSER connect 123456789 --headless", 2, "rendezvous" }, /* no server is configured */
	{ "$HAWSER connect 127.0.0.1:1 --headless --no-retry", 3, "refused" },
	{ "$HAWSER connect no-such-name.invalid:21118 --headless --no-retry", 3,
			"no-such-name.invalid" },
	{ "$HAWSER connect 127.0.0.1:1 --headless --password-file /nonexistent", 7,
			"/nonexistent" },
	{ "echo x > $DIR/pw; chmod 644 $DIR/pw; $HAWSER connect 127.0.0.1:1 --headless "
	  "--password-file $DIR/pw",
			7, "chmod 600" },
	{ "$HAWSER connect 127.0.0.1:1 --headless --password-stdin </dev/null", 4, "is empty" },
	{ "$HAWSER connect 127.0.0.1:1 --headless --no-retry --type \"$(printf 'a\\001b')\"", 2,
			"character 2 of the text of --type is a control character" },
	{ "$HAWSER connect 127.0.0.1:1 --headless --no-retry --type \"$(printf 'ä\\302\\205')\"", 2,
			"character 2 of the text of --type" },
	{ "$HAWSER connect 127.0.0.1:1 --headless --no-retry --type \"$(printf 'a\\t\\nb')\"", 3,
			"refused" },
	{ "$HAWSER connect 127.0.0.1:1 --headless --no-retry --view-only --type x", 2,
			"--type does not go with --view-only" },
	{ "$HAWSER connect 127.0.0.1:1 --headless --no-retry --view-only --click 1,2", 2,
			"--click does not go with --view-only" },
	{ "$HAWSER connect 127.0.0.1:1 --headless --no-retry --view-only --copy x", 2,
			"--copy does not go with --view-only" },
	{ "$HAWSER connect 127.0.0.1:1 --headless --no-retry --view-only --paste", 2,
			"--paste does not go with --view-only" },
	{ "$HAWSER connect 127.0.0.1:1 --headless --no-retry --screenshot -", 2, "/dev/stdout" },
	{ "$HAWSER connect 127.0.0.1:1 --headless --no-retry --screenshot x.JPG", 2,
			"--screenshot writes png files, not jpg" },
	{ "$HAWSER connect 127.0.0.1:1 --headless --no-retry --record $DIR/x.mkv", 2,
			"--record writes webm and mp4 files, not mkv" },
	{ "$HAWSER connect 127.0.0.1:1 --headless --no-retry --record -", 2, "name of a file" },
	{ "touch $DIR/there.webm; $HAWSER connect 127.0.0.1:1 --headless --no-retry --record "
	  "$DIR/there.webm",
			7, "there.webm: it is there already" },
	{ "$HAWSER connect 127.0.0.1:1 --headless --no-retry --record /nonexistent/a.webm", 7,
			"the folder /nonexistent/: No such file" },
	{ "$HAWSER connect 127.0.0.1:1 --headless --no-retry --screenshot /nonexistent/a.png", 7,
			"the folder /nonexistent/: No such file" },
	{ "$HAWSER id", 1, "hawser-host run" },
	{ "$HAWSER status", 1, "no hawser-host is running" },
	{ "$HAWSER password", 1, "no hawser-host is running" },
	{ "$HAWSER password change", 2, "show|renew|set|remove" },
	{ "$HAWSER nonsense", 2, "nonsense" },
	{ "$HAWSER --help", 0, "hawser(1)" },
	{ "$HAWSER connect --help", 0, "With --headless:" },
	{ "! $HAWSER connect --help | tr -s ' \\n' ' ' | grep 'Not given.*\\[default: "
	  "0\\].*--click'",
			0, NULL },
	{ "$BIN/client/gtk/hawser-desktop connect 123456789 --quality default --codec auto "
	  "--display 99",
			2, "--display is a number from 0 to 32" },
	{ "$HAWSER config --help", 0, "usage: hawser config show | get NAME" },
	{ "$HAWSER password -h", 0, "usage: hawser password [show|renew|set|remove]\n" },
	{ "$HAWSER id --help", 0, "usage: hawser id\n" },
	{ "$HAWSER recordings --help", 0, "usage: hawser recordings repair FILE" },
	{ "$HAWSER discover --help", 0, "usage: hawser discover [--wait SECONDS]" },
	{ "$HAWSER discover --help", 0, "'unproven': anybody may have said this line" },
	{ "$HAWSER wake --help", 0, "whether the\nmachine wakes" },
	{ "$HAWSER doctor --help", 0, "  good, look, bad  it works" },
	{ "$BIN/client/host/hawser-host chat --help", 0, "usage: hawser-host chat [CONN] TEXT|-" },
	{ "$BIN/client/host/hawser-host permit -h", 0, "usage: hawser-host permit CONN" },
	{ "$BIN/client/host/hawser-host config --help", 0, "usage: hawser-host config show" },
	{ "$HAWSER conect 2>&1 | grep -q connect && $HAWSER conect", 2,
			"'hawser --help' lists the commands" },
	{ "$HAWSER id one", 2, "usage: hawser id\n" },
	{ "$HAWSER config frob", 2, "hawser: usage: hawser config show" },
	{ "! $HAWSER config get nothing 2>&1 | grep 'too long'", 0, NULL },
	{ "$HAWSER version", 0, "hawser 0." },
	{ "$HAWSER config get server", 0, "\n" },
	{ "$HAWSER config get nothing", 2, "nothing" },
	{ "$HAWSER config set codec h999", 2, "codec must be auto, vp8, vp9" },
	{ "$HAWSER config set server ',,'", 2, "server must be HOST, HOST:PORT or a ws://" },
	{ "$HAWSER config set server ftp://a", 2, "server must be HOST, HOST:PORT or a ws://" },
	{ "$HAWSER config set server ':::'", 2, "server must be HOST" },
	{ "$HAWSER config set server '[2001:db8::1]:7' && $HAWSER config set server 2001:db8::1", 0,
			"" },
	{ "$HAWSER config set proxy-url ftp://x", 2, "proxy-url must be socks5://" },
	{ "env -u HOME -u XDG_CONFIG_HOME $HAWSER config set server a.example", 7,
			"set HOME or XDG_CONFIG_HOME" },
	{ "env -u HOME -u XDG_CONFIG_HOME $HAWSER connect 127.0.0.1:1 --headless --remember", 7,
			"set HOME or XDG_CONFIG_HOME" },
	{ "$HAWSER config set server id.example.com && $HAWSER config get server && "
	  "stat -c %a $($HAWSER config path)",
			0, "id.example.com\n600\n" },
	{ "$HAWSER config set proxy-password pw", 2, "not taken from the command line" },
	{ "echo se cret | $HAWSER config set proxy-password && $HAWSER config get "
	  "proxy-password && "
	  "grep -x 'proxy-password = se cret' $($HAWSER config path)",
			0, "(set)\n" },
	{ "echo pw | $HAWSER config set proxy-password && $HAWSER config set proxy-password '' && "
	  "$HAWSER config get proxy-password",
			0, "(not set)\n" },
	{ "echo pw | $HAWSER config set proxy-password && echo | $HAWSER config set "
	  "proxy-password && "
	  "$HAWSER config get proxy-password",
			0, "(not set)\n" },
	{ "echo pw | $HAWSER config set proxy-password && ! $HAWSER config set proxy-password "
	  "</dev/null && "
	  "$HAWSER config get proxy-password",
			0, "hawser config set proxy-password ''\n(set)\n" },
	{ "$HAWSER config set server x.example && $HAWSER config set server && $HAWSER config show",
			0, "\nserver =\n" },
	{ "$HAWSER connect 123456789 --headless --server 127.0.0.1:1 --key nonsense", 2,
			"44 characters" },
	{ "touch $XDG_CONFIG_HOME/hawser; $HAWSER config set server a.example", 7, "cannot write" },
	{ "mkdir -p -m 700 $XDG_CONFIG_HOME/hawser; echo x > "
	  "$XDG_CONFIG_HOME/hawser/peers.json; chmod 600 "
	  "$XDG_CONFIG_HOME/hawser/peers.json; $HAWSER connect 127.0.0.1:1 --headless",
			7, "peers.json is damaged; remove it" },
	{ "$HAWSER connect 192.0.2.1 --headless --timeout 1", 3, "" },
	{ "$HAWSER connect 127.0.0.1:1 --headless --screenshot ''", 2, "--screenshot is empty" },
	{ "$HAWSER connect 127.0.0.1:1 --headless --record=", 2, "--record is empty" },
	{ "$HAWSER connect 127.0.0.1:1 --headless --type ''", 2, "--type is empty" },
	{ "$HAWSER connect 127.0.0.1:1 --headless --copy=", 2, "--copy is empty" },
	{ "$HAWSER connect 127.0.0.1:1 --headless --click ''", 2, "--click is empty" },
	{ "$HAWSER connect 127.0.0.1:1 --server ''", 2, "--server is empty" },
	{ "$HAWSER connect 127.0.0.1:1 --headless --type \"$(printf 'a\\377b')\"", 2,
			"--type is not UTF-8" },
	{ "$HAWSER connect 127.0.0.1:1 --headless --copy \"$(printf 'a\\377b')\"", 2,
			"--copy is not UTF-8" },
	/* output that cannot be written, by every program */
	{ "$HAWSER version > /dev/full", 7, "cannot write to standard output: No space left" },
	{ "$HAWSER --help > /dev/full", 7, "cannot write to standard output" },
	{ "$HAWSER connect --help > /dev/full", 1, "cannot write to standard output" },
	{ "$HAWSER config show > /dev/full", 7, "cannot write to standard output" },
	{ "$HAWSER config get server > /dev/full", 7, "cannot write to standard output" },
	{ "$HAWSER config path > /dev/full", 7, "cannot write to standard output" },
	{ "$BIN/client/host/hawser-host --version > /dev/full", 1,
			"cannot write to standard output" },
	{ "$BIN/client/host/hawser-host --help > /dev/full", 1, "cannot write to standard output" },
	{ "$BIN/server-rendezvous/hawser-rendezvous --version > /dev/full", 1,
			"cannot write to standard output" },
	{ "$BIN/server-rendezvous/hawser-rendezvous key --state-dir $DIR > /dev/full", 1,
			"cannot write to standard output" },
	{ "$BIN/server-relay/hawser-relay --version > /dev/full", 1,
			"cannot write to standard output" },
	{ "$BIN/admin/hawser-admin --help > /dev/full", 1, "cannot write to standard output" },
	{ "mkdir -p $XDG_CONFIG_HOME/hawser; printf 'server = a\\nbogus = 1\\n' > "
	  "$XDG_CONFIG_HOME/hawser/hawser.conf; "
	  "$HAWSER config show",
			7, "2" },
};

START_TEST(mistakes_have_a_status_and_a_sentence)
{
	setup(STACK_NO_HOST);
	sh(without_host[_i].script, without_host[_i].status, without_host[_i].text);
	test_stack_stop(&stack);
}
END_TEST

START_TEST(what_a_host_refuses_has_a_status)
{
	setup(STACK_SERVERS);
	sh("HAWSER_PASSWORD=wrong " CONNECT "--no-retry </dev/null", 4,
			"password is wrong (a one-time password is good for one session");
	sh(CONNECT "--no-retry </dev/null", 4, "--password-stdin");
	sh("echo $PASSWORD | " CONNECT "--password-stdin --screenshot /nonexistent/a.png", 7,
			"/nonexistent/a.png");
	sh("echo a-fixed-password | $HAWSER password set", 0, NULL);
	sh("export HAWSER_PASSWORD=a-fixed-password; touch $DIR/there.webm; " CONNECT
	   "--record $DIR/there.webm --after 5",
			7, "there.webm");
	sh("export HAWSER_PASSWORD=a-fixed-password; mkdir $DIR/full; unshare -rm sh -c '"
	   "mount -t tmpfs -o size=4k none $DIR/full && echo >$DIR/full/filler && exec " CONNECT
	   "--record $DIR/full/big.webm --after 5'",
			7, "big.webm");
	sh("export HAWSER_PASSWORD=a-fixed-password; ulimit -f 1; " CONNECT "--after 5", 1,
			"ulimit -f");
	sh("HAWSER_PASSWORD=a-fixed-password " CONNECT "--display 9", 2, "--display 9");
	sh("HAWSER_PASSWORD=a-fixed-password " CONNECT "--click 1280,5", 2, "1280 x 720");
	sh("HAWSER_PASSWORD=a-fixed-password " CONNECT "--click 5,720", 2, "--click 5,720");
	sh("HAWSER_PASSWORD=a-fixed-password " CONNECT "--stats > /dev/full", 7,
			"cannot write to standard output");
	sh("HAWSER_PASSWORD=a-fixed-password " CONNECT "--paste --timeout 2", 8, "clipboard");
	sh("HAWSER_PASSWORD=a-fixed-password $HAWSER connect 999999999 --server $SERVER --key "
	   "$KEY --headless "
	   "--no-retry",
			3, "does not know this ID");
	sh("echo '{\"hosts\":[{\"id\":\"999999999\",\"hostname\":\"vm\",\"mac\":"
	   "\"02:00:00:00:00:01\"}]}' >$XDG_CONFIG_HOME/hawser/lan.json && $HAWSER connect 999999999 "
	   "--server $SERVER --key $KEY --headless --no-retry",
			3, "was found in this computer's network: 'hawser discover'");
	/* the host's key by hand: the right one is remembered, another one refused with both */
	sh("K=$($BIN/client/host/hawser-host status | sed -n 's/^key: *//p'); "
	   "HAWSER_PASSWORD=a-fixed-password " CONNECT
	   "--accept-key \"$K\" --no-retry --stats --after 1 && $HAWSER peers show $ID@$SERVER | "
	   "grep -x \"key: $K\"",
			0, "\nkey: ");
	sh("HAWSER_PASSWORD=a-fixed-password " CONNECT "--no-retry --accept-key "
	   "0000000000000000000000000000000000000000000000000000000000000000",
			5, "given is 0000 0000");
	sh(CONNECT "--accept-key 0000", 2, "the accepted key");
	sh("$HAWSER peers show 000000000", 2, "not in the list");
	sh("HAWSER_PASSWORD=x $HAWSER connect $ID --server $SERVER "
	   "--key AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= --headless --no-retry",
			5, "key");
	test_stack_stop(&stack);
}
END_TEST

START_TEST(a_password_from_elsewhere_is_remembered)
{
	setup(STACK_SERVERS);
	sh("echo a-fixed-password | $HAWSER password set", 0, NULL);
	sh("HAWSER_PASSWORD=a-fixed-password " CONNECT "--no-retry --screenshot $DIR/1.png", 0,
			NULL);
	sh(CONNECT "--no-retry --screenshot $DIR/2.png </dev/null", 4, "--password-stdin");
	sh("echo wrong | " CONNECT "--password-stdin --remember --no-retry", 4,
			"password is wrong");
	sh(CONNECT "--no-retry --screenshot $DIR/3.png </dev/null", 4, "--password-stdin");
	sh("echo a-fixed-password | " CONNECT
	   "--password-stdin --remember --no-retry --screenshot $DIR/4.png",
			0, NULL);
	sh(CONNECT "--no-retry --screenshot $DIR/5.png </dev/null", 0, NULL);
	test_stack_stop(&stack);
}
END_TEST

START_TEST(a_host_that_does_not_answer_is_told_apart)
{
	setup(STACK_SERVERS);
	sh("echo a-fixed-password | $HAWSER password set", 0, NULL);
	test_proc_signal(&stack.host, SIGSTOP);
	sh("HAWSER_PASSWORD=a-fixed-password " CONNECT "--timeout 8", 3,
			"The server knows the ID, but its host has not answered yet");
	test_proc_signal(&stack.host, SIGCONT);
	test_stack_stop(&stack);
}
END_TEST

START_TEST(a_session_that_was_ended_is_not_one_that_never_was)
{
	const char *argv[] = { "/bin/sh", "-c",
		"HAWSER_PASSWORD=a-fixed-password exec " CONNECT "--stats", NULL };
	struct test_proc p;

	setup(STACK_SERVERS);
	sh("echo a-fixed-password | $HAWSER password set", 0, NULL);
	test_proc_start(&p, argv, envp);
	test_proc_must_expect(&p, "stats frames=", 20000);
	sh("$BIN/client/host/hawser-host kick all", 0, NULL);
	ck_assert_int_eq(test_proc_wait(&p, 20000), 9);
	ck_assert_ptr_nonnull(strstr(p.log, "the host ended the session"));
	test_proc_stop(&p);
	test_stack_stop(&stack);
}
END_TEST

/* --- the host of this machine ----------------------------------------------------------------- */

START_TEST(the_local_host_is_asked_by_command)
{
	setup(0);
	sh("$HAWSER id | grep -Eq '^[0-9]+$'", 0, NULL);
	sh("test \"$($HAWSER password)\" = \"$PASSWORD\"", 0, NULL);
	sh("new=$($HAWSER password renew); test -n \"$new\" -a \"$new\" != \"$PASSWORD\" -a "
	   "\"$($HAWSER password show)\" = \"$new\"",
			0, NULL);
	sh("$HAWSER status", 0, "\"direct\"");
	sh("echo | $HAWSER password set", 2, "is empty");
	sh("echo a-fixed-password | $HAWSER password set && HAWSER_PASSWORD=a-fixed-password "
	   "$HAWSER connect "
	   "$ID --headless --accept-insecure --after 0",
			0, NULL);
	sh("$HAWSER password remove && HAWSER_PASSWORD=a-fixed-password $HAWSER connect $ID "
	   "--headless "
	   "--accept-insecure --after 0 --no-retry </dev/null",
			4, "password is wrong");
	test_stack_stop(&stack);
}
END_TEST

/* --- the window ------------------------------------------------------------------------------- */

START_TEST(without_headless_the_desktop_program_is_started)
{
	setup(STACK_NO_HOST);
	/* the library is beside the program's folder, as where it was built */
	sh("mkdir $DIR/bin && cp $HAWSER $DIR/bin/hawser && ln -s $BIN/client/api $DIR/api && "
	   "printf '#!/bin/sh\\nprintf \"[%%s]\" \"$@\" \"$HAWSER_PASSWORD\"\\n' > "
	   "$DIR/bin/hawser-desktop && "
	   "chmod +x $DIR/bin/hawser-desktop",
			0, NULL);
	sh("HAWSER_PASSWORD=pw $DIR/bin/hawser connect 123456789 --quality=best --server "
	   "a.example --view-only "
	   "--fps 20 --codec vp8 --fullscreen --relay",
			0,
			"[connect][123456789][--server][a.example][--quality][best][--codec][vp8"
			"][--relay]"
			"[--view-only][--fullscreen][--fps][20][pw]");
	sh("$DIR/bin/hawser connect 123456789 --remember --display 2", 0,
			"[connect][123456789][--display][2][--remember]");
	sh("$DIR/bin/hawser", 0, "[]");
	sh("rm $DIR/bin/hawser-desktop; PATH=/nonexistent $DIR/bin/hawser connect 123456789", 1,
			"hawser-desktop is not installed");
	test_stack_stop(&stack);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("e2e/cli");
	TCase *tc = tcase_create("cli");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_script_clicks_types_looks_and_records);
	tcase_add_test(tc, text_that_no_key_has_is_typed_or_reported);
	tcase_add_test(tc, a_screenshot_replaces_files_and_nothing_else);
	tcase_add_test(tc, a_recording_without_end_stops_when_interrupted);
	tcase_add_test(tc, a_silent_host_is_told_by_text_and_figures);
	tcase_add_test(tc, the_clipboard_goes_both_ways_by_script);
	tcase_add_loop_test(tc, mistakes_have_a_status_and_a_sentence, 0,
			(int)(sizeof(without_host) / sizeof(without_host[0])));
	tcase_add_test(tc, what_a_host_refuses_has_a_status);
	tcase_add_test(tc, a_host_that_does_not_answer_is_told_apart);
	tcase_add_test(tc, a_session_that_was_ended_is_not_one_that_never_was);
	tcase_add_test(tc, the_local_host_is_asked_by_command);
	tcase_add_test(tc, without_headless_the_desktop_program_is_started);
	suite_add_tcase(suite, tc);
	tc = tcase_create("remember");
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_password_from_elsewhere_is_remembered);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
