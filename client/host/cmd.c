/* The command line of hawser-host. One program in several roles: what stands here runs before any
 * of them is chosen. */
#include "client/host/cmd.h"
#include "client/host/beacon.h"
#include "client/host/cmd_call.h"
#include "client/host/gate_main.h"
#include "client/host/hostd.h"
#include "client/host/launcher.h"
#include "client/host/layers.h"
#include "client/host/os_login.h"
#include "client/host/ports.h"
#include "client/host/report.h"
#include "client/host/settings_world.h"
#include "shared/base/log.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/conf/complete.h"
#include "shared/crypto/crypto.h"
#include "shared/sys/sandbox.h"
#include "shared/sys/spawn.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM HWS_HOST_PROGRAM

int hws_host_role_settings(struct hws_settings *s, int argc, char **argv, const char *role)
{
	struct hws_error err = { 0 };
	int rest, r = hws_options_init(&hws_settings_options, s);

	if (r < 0)
		return r;
	r = hws_options_args(&hws_settings_options, s, argc, argv, &rest, &err);
	if (r == HWS_OK)
		r = hws_crypto_init();
	if (r == HWS_OK && fcntl(HWS_SPAWN_IPC_FD, F_GETFD) < 0)
		r = hws_error_set(&err, HWS_ERR_INVAL, "this role is started by 'hawser-host run'");
	if (r < 0) {
		hws_call_fail(&err);
		hws_settings_done(s);
		return r;
	}
	hws_log_setup(role, HWS_LOG_CHILD, 2); /* to host/child_log */
	hws_log_set_level((enum hws_log_level)s->log_level);
	return HWS_OK;
}

static int run_gate(int argc, char **argv, void *ctx HWS_UNUSED)
{
	struct hws_settings s;
	bool sandbox;

	if (hws_host_role_settings(&s, argc, argv, "hawser-host[gate]") < 0)
		return 2;
	sandbox = s.sandbox;
	hws_settings_done(&s);
	return hws_gate_main(HWS_SPAWN_IPC_FD, sandbox);
}

/* Started as a gate is, to find out what its sandbox has here. */
static int run_probe(int argc, char **argv)
{
	struct hws_settings s;
	bool sandbox;

	if (hws_host_role_settings(&s, argc, argv, "hawser-host[probe]") < 0)
		return 2;
	sandbox = s.sandbox;
	hws_settings_done(&s);
	return hws_layers_probe(sandbox);
}

static int run_beacon(int argc, char **argv)
{
	struct hws_settings s;
	bool sandbox;

	if (hws_host_role_settings(&s, argc, argv, "hawser-host[beacon]") < 0)
		return 2;
	sandbox = s.sandbox;
	hws_settings_done(&s);
	return hws_beacon_main(HWS_SPAWN_IPC_FD, sandbox);
}

static int run_ports(int argc, char **argv)
{
	struct hws_settings s;
	bool sandbox;

	if (hws_host_role_settings(&s, argc, argv, "hawser-host[ports]") < 0)
		return 2;
	sandbox = s.sandbox;
	hws_settings_done(&s);
	return hws_ports_main(HWS_SPAWN_IPC_FD, sandbox);
}

static int run_report(int argc, char **argv)
{
	struct hws_settings s;
	bool sandbox;

	if (hws_host_role_settings(&s, argc, argv, "hawser-host[report]") < 0)
		return 2;
	sandbox = s.sandbox;
	hws_settings_done(&s);
	return hws_report_main(HWS_SPAWN_IPC_FD, sandbox);
}

/* The one account that it is about is the last word. */
static int run_os_login(int fd, int argc, char **argv)
{
	return hws_os_login_main(fd, argc > 1 ? argv[argc - 1] : "");
}

/* Started by hostd before it is confined; `run` is given the socket to hostd, or to who asks. */
static int run_unconfined(
		int argc, char **argv, const char *name, int (*run)(int fd, int argc, char **argv))
{
	struct hws_settings s;

	if (hws_host_role_settings(&s, argc, argv, name) < 0)
		return 2;
	hws_settings_done(&s);
	hws_sandbox_conceal();
	return run(HWS_SPAWN_IPC_FD, argc, argv);
}

/* Takes launcher_fd. */
static int serve(struct hws_settings *s, int argc, char **argv, int launcher_fd,
		struct hws_error *err)
{
	struct hws_loop *loop = NULL;
	struct hws_hostd *h = NULL;
	int r = hws_loop_new(&loop);

	if (r < 0) {
		if (launcher_fd >= 0)
			close(launcher_fd);
		return hws_error_set(err, r, "the event loop cannot start");
	}
	hws_daemon_raise_nofile();
	r = hws_hostd_new(loop, s, argc, argv, launcher_fd, &h, err);
	if (r == HWS_OK)
		hws_loop_run(loop);
	hws_hostd_free(h);
	hws_loop_free(loop);
	return r;
}

/* The host serves what it can: who is far away could not mend what keeps it from starting. */
static void warn_of(const char *text, void *arg HWS_UNUSED)
{
	hws_warn("settings.not_there", HWS_STR("why", text));
}

static int run_run(int argc, char **argv, void *ctx HWS_UNUSED)
{
	struct hws_call c;
	struct hws_error err = { 0 };
	int status, launcher_fd = -1;

	if (hws_call_wants_help(argc, argv))
		return hws_options_print(&hws_settings_options, NULL);
	hws_sandbox_conceal();
	status = hws_call_begin(&c, argc, argv, 0, HWS_CALL_MAKES_STATE);
	if (status != HWS_CALL_OK)
		return status;
	hws_log_setup(PROGRAM, (enum hws_log_format)c.s.log_format, 2);
	hws_log_set_level((enum hws_log_level)c.s.log_level);
	hws_settings_world(&c.s, NULL, warn_of, NULL);
	if (hws_launcher_spawn(c.argc, c.argv, &launcher_fd, &err) < 0) {
		hws_error_log("launcher.not_started", HWS_STR("why", err.text));
		launcher_fd = -1;
	}
	if (c.s.sandbox) /* gates and agent are started within it */
		hws_layers_enter(HWS_SANDBOX_HOSTD, "host.no_sandbox");
	if (serve(&c.s, c.argc, c.argv, launcher_fd, &err) < 0)
		status = hws_call_fail(&err);
	hws_call_end(&c);
	return status;
}

/* Of the host that runs, wherever it keeps its state: who names its socket need not name both. */
static bool running_id(const struct hws_settings *s, char *id, size_t size)
{
	struct hws_error err = { 0 };
	json_t *answer = NULL;
	const char *text;
	bool told;

	if (access(s->control_socket, F_OK) < 0 ||
			hws_call_ask(s, json_pack("{s:s}", "cmd", "status"), &answer, &err) < 0)
		return false;
	text = json_string_value(json_object_get(answer, "id"));
	told = text && *text && hws_str_copy(id, size, text) == HWS_OK;
	json_decref(answer);
	return told;
}

static int run_id(int argc, char **argv, void *ctx HWS_UNUSED)
{
	struct hws_call c;
	struct hws_error err = { 0 };
	char id[HWS_ID_MAX + 1];
	int r, status = hws_call_begin(&c, argc, argv, 0, 0);

	if (status != HWS_CALL_OK)
		return status;
	r = running_id(&c.s, id, sizeof(id))
			? HWS_OK
			: hws_whoami_read_id(c.s.state_dir, id, sizeof(id), &err);
	if (r == HWS_ERR_NOTFOUND)
		hws_error_set(&err, r, "there is no ID yet: start 'hawser-host run' once");
	if (r < 0)
		status = hws_call_fail(&err);
	else
		printf("%s\n", id);
	hws_call_end(&c);
	return status;
}

static int run_kick(int argc, char **argv, void *ctx HWS_UNUSED)
{
	struct hws_call c;
	struct hws_error err = { 0 };
	json_t *answer = NULL;
	uint64_t conn = 0;
	int status = hws_call_begin(&c, argc, argv, 1, 0);

	if (status != HWS_CALL_OK)
		return status;
	if (!c.words ||
			(strcmp(c.word[0], "all") != 0 &&
					(hws_parse_u64(c.word[0], &conn) < 0 || !conn))) {
		fprintf(stderr, PROGRAM ": kick CONN|all (numbers: 'hawser-host status')\n");
		status = HWS_CALL_USAGE;
	} else if (hws_call_ask(&c.s,
				   json_pack("{s:s,s:I}", "cmd", "kick", "conn", (json_int_t)conn),
				   &answer, &err) < 0) {
		status = hws_call_fail(&err);
	}
	json_decref(answer);
	hws_call_end(&c);
	return status;
}

static const struct hws_verb verbs[] = {
	{ "run", "[OPTION...]", "serve this desktop in the foreground", 0, -1, run_run, true },
	{ "id", "", "show the ID others connect to", 0, -1, run_id },
	{ "password", "[show|renew|set|remove]",
			"show or renew the temporary password; set, from standard input, or remove the "
			"permanent one",
			0, -1, hws_cmd_password },
	{ "status", "[--json]", "show server, desktop and sessions", 0, -1, hws_cmd_status },
	{ "doctor", "[--json]",
			"test whether this host can be reached; says what to open or change", 0, -1,
			hws_cmd_doctor },
	{ "call", "[CONN] accept|reject|end|status", "answer a voice call of a viewer, or end it",
			0, -1, hws_cmd_voice },
	{ "chat", "[CONN] TEXT|-", "write to a viewer, or to all; -: what standard input holds", 0,
			-1, hws_cmd_chat },
	{ "print", "[CONN] FILE", "print a PDF or PostScript file at a viewer, or at all", 0, -1,
			hws_cmd_print, true },
	{ "kick", "CONN|all", "end a session", 0, -1, run_kick },
	{ "permit", "CONN [NAME=on|off ...]", "show or change what one session may do", 0, -1,
			hws_cmd_permit },
	{ "audit", "[--json] [--follow] [--since TIME]", "show what was done at this host", 0, -1,
			hws_cmd_audit, true },
	{ "config", "show | check | get NAME | path | set NAME [VALUE]",
			"show, check or change the configuration; set without VALUE: the default again",
			0, -1, hws_cmd_config },
};

static const struct hws_complete_part parts[] = { { "run", &hws_settings_options } };

static const struct hws_complete words = {
	.program = PROGRAM,
	.options = &hws_settings_options,
	.verbs = verbs,
	.verbs_count = HWS_COUNT(verbs),
	.parts = parts,
	.parts_count = HWS_COUNT(parts),
};

int hws_host_cmd(int argc, char **argv)
{
	int status;

	if (hws_complete_verb(&words, argc, argv, &status))
		return status;
	if (argc > 1 && !strcmp(argv[1], "gate"))
		return run_gate(argc - 1, argv + 1, NULL);
	if (argc > 1 && !strcmp(argv[1], "probe"))
		return run_probe(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "beacon"))
		return run_beacon(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "ports"))
		return run_ports(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "report"))
		return run_report(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "launcher"))
		return run_unconfined(
				argc - 1, argv + 1, "hawser-host[launcher]", hws_launcher_main);
	if (argc > 1 && !strcmp(argv[1], "os-login"))
		return run_unconfined(argc - 1, argv + 1, "hawser-host[os-login]", run_os_login);
	if (argc > 1 && !strcmp(argv[1], "--version")) {
		printf(PROGRAM " " HAWSER_VERSION "\n");
		return 0;
	}
	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return hws_options_print(&hws_settings_options, NULL);
	if (hws_verbs_help(verbs, HWS_COUNT(verbs), PROGRAM, "hawser-host(8)", argc - 1, argv + 1))
		return 0;
	if (hws_crypto_init() < 0) {
		fprintf(stderr, PROGRAM ": the cryptographic library cannot start\n");
		return 1;
	}
	status = hws_call_verb_first(argc, argv);
	if (status != HWS_CALL_OK)
		return status;
	return hws_verbs_run(verbs, HWS_COUNT(verbs), PROGRAM, argc - 1, argv + 1, NULL);
}
