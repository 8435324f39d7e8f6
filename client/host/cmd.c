#include "client/host/cmd.h"
#include "client/host/gate_main.h"
#include "client/host/hostd.h"
#include "client/host/spawn.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/conf/verbs.h"
#include "shared/crypto/crypto.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ASK_US (5 * HWS_US_PER_S)
#define PROGRAM "hawser-host"

static int fail(const struct hws_error *err)
{
	fprintf(stderr, PROGRAM ": %s\n", err->text[0] ? err->text : hws_err_text(err->code));
	return 1;
}

int hws_host_role_settings(struct hws_settings *s, int argc, char **argv, const char *role)
{
	struct hws_error err = { 0 };
	int rest, r = hws_options_init(&hws_settings_options, s);

	if (r < 0)
		return r;
	r = hws_options_args(&hws_settings_options, s, argc, argv, &rest, &err);
	if (r == HWS_OK)
		r = hws_crypto_init();
	if (r == HWS_OK && fcntl(HWS_SPAWN_LINK_FD, F_GETFD) < 0)
		r = hws_error_set(&err, HWS_ERR_INVAL, "this role is started by 'hawser-host run'");
	if (r < 0) {
		fail(&err);
		hws_settings_done(s);
		return r;
	}
	hws_log_setup(role, (enum hws_log_format)s->log_format, 2);
	hws_log_set_level((enum hws_log_level)s->log_level);
	return HWS_OK;
}

/* Settings, with their paths, for a verb that takes only options. */
static int load(struct hws_settings *s, int argc, char **argv, int *ret_rest, struct hws_error *err)
{
	int r = hws_settings_load(s, argc, argv, ret_rest, err);

	if (r < 0)
		return r;
	r = hws_settings_paths(s, err);
	if (r < 0)
		hws_settings_done(s);
	return r;
}

static bool wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return false;
}

/* Takes a flag of the verb itself out of the arguments. */
static bool take_flag(int *argc, char **argv, const char *flag)
{
	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], flag))
			continue;
		memmove(argv + i, argv + i + 1, sizeof(*argv) * (size_t)(*argc - i));
		--*argc;
		return true;
	}
	return false;
}

static int no_more(int argc, int rest, char **argv)
{
	if (rest >= argc)
		return 0;
	fprintf(stderr, PROGRAM ": unexpected argument '%s'; see 'hawser-host --help'\n",
			argv[rest]);
	return 2;
}

static int run_gate(int argc, char **argv, void *ctx HWS_UNUSED)
{
	struct hws_settings s;
	bool sandbox;

	if (hws_host_role_settings(&s, argc, argv, "hawser-host[gate]") < 0)
		return 2;
	sandbox = s.sandbox;
	hws_settings_done(&s);
	return hws_gate_main(HWS_SPAWN_LINK_FD, sandbox);
}

static int serve(struct hws_settings *s, int argc, char **argv, struct hws_error *err)
{
	struct hws_loop *loop = NULL;
	struct hws_hostd *h = NULL;
	int r = hws_loop_new(&loop);

	if (r < 0)
		return hws_error_set(err, r, "the event loop cannot start");
	hws_daemon_raise_nofile();
	r = hws_hostd_new(loop, s, argc, argv, &h, err);
	if (r == HWS_OK)
		hws_loop_run(loop);
	hws_hostd_free(h);
	hws_loop_free(loop);
	return r;
}

static int run_run(int argc, char **argv, void *ctx HWS_UNUSED)
{
	struct hws_settings s;
	struct hws_error err = { 0 };
	int rest, r, status;

	if (wants_help(argc, argv))
		return hws_options_print(&hws_settings_options, NULL);
	r = load(&s, argc, argv, &rest, &err);
	if (r < 0)
		return fail(&err) + (hws_err_class(r) == HWS_CLASS_USER);
	status = no_more(argc, rest, argv);
	if (status == 0) {
		hws_log_setup(PROGRAM, (enum hws_log_format)s.log_format, 2);
		hws_log_set_level((enum hws_log_level)s.log_level);
		if (serve(&s, argc, argv, &err) < 0)
			status = fail(&err);
	}
	hws_settings_done(&s);
	return status;
}

/* Asks the running host. */
static int ask(const struct hws_settings *s, json_t *req, json_t **ret, struct hws_error *err)
{
	json_t *answer = NULL;
	const char *text;
	int r = hws_control_call(s->control_socket, req, ASK_US, &answer, err);

	json_decref(req);
	if (r < 0)
		return r;
	if (json_is_true(json_object_get(answer, "ok"))) {
		*ret = answer;
		return HWS_OK;
	}
	text = json_string_value(json_object_get(answer, "text"));
	r = hws_error_set(err, HWS_ERR_INVAL, "%s", text ? text : "the host refused");
	json_decref(answer);
	return r;
}

static int ask_and_print(const struct hws_settings *s, const char *cmd, const char *member)
{
	struct hws_error err = { 0 };
	json_t *answer = NULL;

	if (ask(s, json_pack("{s:s}", "cmd", cmd), &answer, &err) < 0)
		return fail(&err);
	printf("%s\n", json_string_value(json_object_get(answer, member)));
	json_decref(answer);
	return 0;
}

static int run_id(int argc, char **argv, void *ctx HWS_UNUSED)
{
	struct hws_settings s;
	struct hws_error err = { 0 };
	char id[HWS_ID_MAX + 1];
	int rest, r = load(&s, argc, argv, &rest, &err), status;

	if (r < 0)
		return fail(&err);
	status = no_more(argc, rest, argv);
	if (status == 0) {
		r = hws_whoami_read_id(s.state_dir, id, sizeof(id), &err);
		if (r == HWS_ERR_NOTFOUND)
			hws_error_set(&err, r, "there is no ID yet: start 'hawser-host run' once");
		if (r < 0)
			status = fail(&err);
		else
			printf("%s\n", id);
	}
	hws_settings_done(&s);
	return status;
}

static int read_password(char *buf, size_t size, struct hws_error *err)
{
	size_t used = 0;
	ssize_t n = 1;

	while (n > 0 && used < size - 1 && !memchr(buf, '\n', used)) {
		n = read(0, buf + used, size - 1 - used);
		if (n > 0)
			used += (size_t)n;
	}
	buf[used] = 0;
	buf[strcspn(buf, "\r\n")] = 0;
	if (used == size - 1)
		return hws_error_set(err, HWS_ERR_TOOBIG, "the password is too long");
	return buf[0] ? HWS_OK
		      : hws_error_set(err, HWS_ERR_INVAL, "no password came on standard input");
}

/* Without a running host the file is changed directly. */
static int set_offline(const struct hws_settings *s, const char *password, struct hws_error *err)
{
	struct hws_vault v;
	struct hws_vault_conf vc;
	int r;

	hws_settings_vault(s, &vc);
	r = hws_vault_open(&v, s->state_dir, &vc, err);
	if (r == HWS_ERR_CORRUPT && *password) { /* what is damaged is to be replaced anyway */
		memset(&v, 0, sizeof(v));
		r = hws_str_copy(v.dir, sizeof(v.dir), s->state_dir);
	}
	if (r == HWS_OK)
		r = *password ? hws_vault_set_permanent(&v, password, err)
			      : hws_vault_clear_permanent(&v, err);
	hws_vault_wipe(&v);
	return r;
}

static int set_password(const struct hws_settings *s, const char *password)
{
	struct hws_error err = { 0 };
	json_t *answer = NULL;
	int r;

	if (access(s->control_socket, F_OK) == 0) {
		r = ask(s, json_pack("{s:s,s:s}", "cmd", "password-set", "password", password),
				&answer, &err);
		json_decref(answer);
		if (r != HWS_ERR_REFUSED && r != HWS_ERR_NOTFOUND)
			return r < 0 ? fail(&err) : 0;
	}
	r = set_offline(s, password, &err);
	return r < 0 ? fail(&err) : 0;
}

static int run_password(int argc, char **argv, void *ctx HWS_UNUSED)
{
	struct hws_settings s;
	struct hws_error err = { 0 };
	char password[HWS_PASSWORD_LEN_MAX + 3];
	bool set = take_flag(&argc, argv, "--set-from-stdin");
	bool rotate = take_flag(&argc, argv, "--rotate");
	bool clear = take_flag(&argc, argv, "--clear");
	int rest, r, status;

	if (wants_help(argc, argv))
		return hws_options_print(&hws_settings_options, NULL);
	r = load(&s, argc, argv, &rest, &err);
	if (r < 0)
		return fail(&err);
	status = no_more(argc, rest, argv);
	if (status == 0 && set + rotate + clear > 1)
		status = 2;
	if (status == 0 && set) {
		r = read_password(password, sizeof(password), &err);
		status = r < 0 ? fail(&err) : set_password(&s, password);
		hws_wipe(password, sizeof(password));
	} else if (status == 0 && clear) {
		status = set_password(&s, "");
	} else if (status == 0) {
		status = ask_and_print(&s, rotate ? "password-rotate" : "password", "password");
	}
	hws_settings_done(&s);
	return status;
}

static const char *text_of(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "";
}

/* "connected: 3 Anna (987654321) at 192.0.2.7:1 since ..." for who is let in; the others have not logged in yet. */
static void print_sessions(const json_t *sessions)
{
	size_t i;
	json_t *v;

	json_array_foreach (sessions, i, v) {
		bool open = !strcmp(text_of(v, "state"), "open");
		bool named = *text_of(v, "name");

		printf("%s %" JSON_INTEGER_FORMAT " %s%s%s%s at %s since %s (%" JSON_INTEGER_FORMAT
		       " s), %s, %s, %s, %s\n",
				open ? "connected:" : "session:  ",
				json_integer_value(json_object_get(v, "conn")), text_of(v, "name"),
				named ? " (" : "", *text_of(v, "id") ? text_of(v, "id") : "?",
				named ? ")" : "", text_of(v, "peer"), text_of(v, "since"),
				json_integer_value(json_object_get(v, "seconds")),
				!open ? text_of(v, "state")
						: json_is_true(json_object_get(v, "controls"))
						? "controls"
						: "looks on",
				text_of(v, "kind"), text_of(v, "via"),
				json_is_true(json_object_get(v, "encrypted")) ? "encrypted"
									      : "not encrypted");
	}
}

/* Nothing for an empty text. */
static void print_line(const char *head, const json_t *text)
{
	const char *s = json_string_value(text);

	if (s && *s)
		printf("%s%s\n", head, s);
}

static void print_status(const json_t *a)
{
	const json_t *server = json_object_get(a, "server"), *direct = json_object_get(a, "direct");
	const json_t *desktop = json_object_get(a, "desktop");
	const char *address = json_string_value(json_object_get(server, "address"));
	const char *by = json_string_value(json_object_get(server, "by"));

	printf("id:        %s\n", json_string_value(json_object_get(a, "id")));
	printf("key:       %s\n", json_string_value(json_object_get(a, "fingerprint")));
	printf("server:    %s%s%s %s%s\n", address, *address ? ": " : "",
			json_string_value(json_object_get(server, "state")),
			*by ? "by " : json_string_value(json_object_get(server, "text")), by);
	print_line("warning:   ", json_object_get(server, "warning"));
	if (json_is_true(json_object_get(direct, "listening")))
		printf("direct:    port %" JSON_INTEGER_FORMAT "\n",
				json_integer_value(json_object_get(direct, "port")));
	else
		printf("direct:    off\n");
	if (json_is_true(json_object_get(desktop, "ready")))
		printf("desktop:   %s, %" JSON_INTEGER_FORMAT " display(s)\n",
				json_string_value(json_object_get(desktop, "backend")),
				json_integer_value(json_object_get(desktop, "displays")));
	else
		printf("desktop:   none: %s\n", json_string_value(json_object_get(desktop, "why")));
	printf("passwords: temporary %s, permanent %s\n",
			json_is_true(json_object_get(a, "temporary_password")) ? "on" : "off",
			json_is_true(json_object_get(a, "permanent_password")) ? "set" : "not set");
	print_line("restart:   needed for ", json_object_get(a, "restart_needed"));
	print_sessions(json_object_get(a, "sessions"));
}

static int run_status(int argc, char **argv, void *ctx HWS_UNUSED)
{
	struct hws_settings s;
	struct hws_error err = { 0 };
	bool as_json = take_flag(&argc, argv, "--json");
	json_t *answer = NULL;
	int rest, r = load(&s, argc, argv, &rest, &err), status;

	if (r < 0)
		return fail(&err);
	status = no_more(argc, rest, argv);
	if (status == 0 && ask(&s, json_pack("{s:s}", "cmd", "status"), &answer, &err) < 0)
		status = fail(&err);
	if (answer && as_json) {
		json_dumpf(answer, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		putchar('\n');
	} else if (answer) {
		print_status(answer);
	}
	json_decref(answer);
	hws_settings_done(&s);
	return status;
}

/* Takes up to `max` words that stand right behind the verb, before any option. */
static int take_words(int *argc, char **argv, const char **words, int max)
{
	int n = 0;

	while (n < max && n + 1 < *argc && argv[n + 1][0] != '-') {
		words[n] = argv[n + 1];
		n++;
	}
	memmove(argv + 1, argv + 1 + n, sizeof(*argv) * (size_t)(*argc - n));
	*argc -= n;
	return n;
}

static int run_kick(int argc, char **argv, void *ctx HWS_UNUSED)
{
	struct hws_settings s;
	struct hws_error err = { 0 };
	json_t *answer = NULL;
	const char *word = NULL;
	uint64_t conn = 0;
	int words = take_words(&argc, argv, &word, 1);
	int rest, r = load(&s, argc, argv, &rest, &err), status = 0;

	if (r < 0)
		return fail(&err);
	if (!words && rest == argc - 1) {
		word = argv[rest++];
		words = 1;
	}
	if (!words || rest != argc || (strcmp(word, "all") && hws_parse_u64(word, &conn) < 0)) {
		fprintf(stderr, PROGRAM ": kick CONN|all (numbers: 'hawser-host status')\n");
		status = 2;
	} else if (ask(&s, json_pack("{s:s,s:I}", "cmd", "kick", "conn", (json_int_t)conn), &answer,
				   &err) < 0) {
		status = fail(&err);
	}
	json_decref(answer);
	hws_settings_done(&s);
	return status;
}

static int set_config(const struct hws_settings *s, const char *name, const char *value)
{
	struct hws_error err = { 0 };
	json_t *answer = NULL;
	const char *pending;
	int r;

	if (hws_settings_store(s, name, value, &err) < 0)
		return fail(&err);
	if (access(s->control_socket, F_OK) < 0)
		return 0;
	r = ask(s, json_pack("{s:s}", "cmd", "reload"), &answer, &err);
	if (r == HWS_ERR_REFUSED || r == HWS_ERR_NOTFOUND) /* a socket that a host left behind */
		return 0;
	if (r < 0) {
		fprintf(stderr,
				PROGRAM
				": stored, but the running host goes on with what it has: %s\n",
				err.text);
		return 1;
	}
	pending = json_string_value(json_object_get(answer, "restart_needed"));
	if (pending && *pending)
		fprintf(stderr, PROGRAM ": with the next start of the host: %s\n", pending);
	json_decref(answer);
	return 0;
}

static int run_config(int argc, char **argv, void *ctx HWS_UNUSED)
{
	struct hws_settings s;
	struct hws_error err = { 0 };
	const char *words[3];
	int count = take_words(&argc, argv, words, 3);
	int rest, r = load(&s, argc, argv, &rest, &err), status = 2;

	if (r < 0)
		return fail(&err);
	while (count < 3 && rest < argc)
		words[count++] = argv[rest++];
	if (rest == argc && count == 1 && !strcmp(words[0], "show"))
		status = hws_options_print(&hws_settings_options, &s);
	else if (rest == argc && count == 3 && !strcmp(words[0], "set"))
		status = set_config(&s, words[1], words[2]);
	else
		fprintf(stderr, PROGRAM ": config show | config set NAME VALUE\n");
	hws_settings_done(&s);
	return status;
}

static const struct hws_verb verbs[] = {
	{ "run", "[OPTION...]", "serve this desktop in the foreground", 0, -1, run_run },
	{ "id", "", "show the ID others connect to", 0, -1, run_id },
	{ "password", "[--set-from-stdin|--rotate|--clear]",
			"show or renew the temporary password, set the permanent one", 0, -1,
			run_password },
	{ "status", "[--json]", "show server, desktop and sessions", 0, -1, run_status },
	{ "kick", "CONN|all", "end a session", 0, -1, run_kick },
	{ "config", "show | set NAME VALUE", "show or change the configuration", 0, -1,
			run_config },
};

int hws_host_cmd(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "gate"))
		return run_gate(argc - 1, argv + 1, NULL);
	if (argc > 1 && !strcmp(argv[1], "--version")) {
		printf(PROGRAM " " HAWSER_VERSION "\n");
		return 0;
	}
	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return hws_options_print(&hws_settings_options, NULL);
	if (hws_crypto_init() < 0) {
		fprintf(stderr, PROGRAM ": the cryptographic library cannot start\n");
		return 1;
	}
	return hws_verbs_run(verbs, HWS_COUNT(verbs), PROGRAM, argc - 1, argv + 1, NULL);
}
