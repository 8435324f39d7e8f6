/* hawser-rendezvous: the life of the process: settings, sandbox, signals, start and end. */
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/server.h"
#include "server-rendezvous/take_over_verb.h"
#include "shared/base/buf.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/output.h"
#include "shared/base/str.h"
#include "shared/conf/complete.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/identity.h"
#include "shared/crypto/secret.h"
#include "shared/daemon/daemon.h"
#include "shared/daemon/health.h"
#include "shared/sys/sandbox.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "hawser-rendezvous"

struct program {
	struct hws_loop *loop;
	struct hws_daemon *daemon;
	struct rdv_server *server;
	struct rdv_config *conf, *before; /* `before` may still be read by a worker for a moment */
	int argc;
	char **argv;
};

static struct rdv_config *new_config(int argc, char **argv, int *ret_rest, struct hws_error *err)
{
	struct rdv_config *c = calloc(1, sizeof(*c));

	if (!c) {
		hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
		return NULL;
	}
	if (rdv_config_load(c, argc, argv, ret_rest, err) < 0) {
		free(c);
		return NULL;
	}
	return c;
}

static void free_config(struct rdv_config *c)
{
	if (!c)
		return;
	hws_options_done(&rdv_options, c);
	free(c);
}

static void on_reload(void *arg)
{
	struct program *p = arg;
	struct hws_error err = { 0 };
	int rest;
	struct rdv_config *c = new_config(p->argc, p->argv, &rest, &err);

	if (!c || rdv_server_reload(p->server, c, &err) < 0) {
		hws_error_log("reload.failed", HWS_STR("text", err.text));
		free_config(c);
		return;
	}
	free_config(p->before);
	p->before = p->conf;
	p->conf = c;
	hws_log_set_level((enum hws_log_level)c->log_level);
	hws_info("reloaded");
}

static void on_drained(void *arg)
{
	struct program *p = arg;

	hws_loop_stop(p->loop);
}

static void on_drain(void *arg)
{
	struct program *p = arg;

	rdv_server_drain(p->server, on_drained, p);
}

static int print_key(const struct rdv_config *c)
{
	struct hws_identity id;
	struct hws_error err = { 0 };
	char dir[200], path[300], text[HWS_KEY_TEXT];
	int r = HWS_OK;

	/* A name that was mistyped would give a new key, which no server has. */
	if (*c->secret_key)
		r = hws_identity_from_text(c->secret_key, &id);
	else if (*c->state_dir && access(c->state_dir, F_OK) < 0)
		r = hws_error_set(&err, hws_err_from_errno(errno),
				"%s: %s; name the state folder of the server, or make it",
				c->state_dir, strerror(errno));
	else if (*c->state_dir)
		r = hws_daemon_named_dir(c->state_dir, dir, sizeof(dir), &err);
	else
		r = hws_daemon_state_dir(NAME, dir, sizeof(dir), &err);
	if (r == HWS_OK && !*c->secret_key)
		r = hws_fmt(path, sizeof(path), "%s/id_ed25519", dir);
	if (r == HWS_OK && !*c->secret_key)
		r = hws_identity_load_or_create(path, true, &id, NULL, &err);
	if (r < 0) {
		fprintf(stderr, NAME ": %s\n", err.text[0] ? err.text : hws_err_text(r));
		return 1;
	}
	puts(hws_key_text(id.pk, text));
	hws_identity_wipe(&id);
	return 0;
}

static int serve(struct program *p, struct hws_error *err)
{
	struct hws_daemon_conf dc = { .on_reload = on_reload, .on_drain = on_drain, .arg = p };
	int r = hws_loop_new(&p->loop);

	hws_options_env_log(&rdv_options);
	hws_sandbox_conceal();
	hws_daemon_raise_nofile();
	if (r == HWS_OK)
		r = hws_daemon_new(p->loop, &dc, &p->daemon);
	if (r == HWS_OK)
		r = rdv_server_new(p->loop, p->conf, &p->server, err);
	if (r == HWS_OK)
		r = rdv_server_start(p->server, err);
	if (r == HWS_OK)
		r = rdv_server_watch(p->server, hws_daemon_watchdog(p->daemon));
	if (r == HWS_OK)
		r = hws_daemon_confine(
				HWS_SANDBOX_RENDEZVOUS, p->conf->user, p->conf->sandbox, err);
	if (r == HWS_OK) {
		hws_secret_tell();
		hws_daemon_ready(p->daemon);
		r = hws_loop_run(p->loop);
		hws_info("stopped");
	}
	rdv_server_free(p->server);
	hws_daemon_free(p->daemon);
	hws_loop_free(p->loop);
	return r;
}

/* A verb may stand first: "key --state-dir DIR". */
enum verb { SERVE, KEY, CONFIG, TAKE_OVER };

static enum verb verb_of(int argc, char **argv)
{
	static const char *const names[] = {
		[KEY] = "key", [CONFIG] = "config", [TAKE_OVER] = "take-over"
	};

	for (int v = KEY; argc > 1 && v <= TAKE_OVER; v++) {
		if (strcmp(argv[1], names[v]) == 0)
			return (enum verb)v;
	}
	return SERVE;
}

/* The folder stands right behind the verb, or behind all options. */
static const char *take_folder(struct program *p)
{
	const char *dir = p->argc > 1 && p->argv[1][0] != '-' ? p->argv[1] : NULL;

	if (dir) {
		p->argc--;
		p->argv++;
	}
	return dir;
}

static int do_verb(struct program *p, enum verb verb, const char *dir)
{
	struct hws_error err = { 0 };
	int r;

	switch (verb) {
	case KEY:
		return print_key(p->conf);
	case CONFIG:
		return hws_options_print(&rdv_options, p->conf);
	case TAKE_OVER:
		return rdv_take_over_verb(p->conf, dir);
	default:
		break;
	}
	r = serve(p, &err);
	if (r == HWS_OK)
		return 0;
	hws_error_log("start.failed", HWS_STR("text", err.text));
	return hws_daemon_exit_status(r);
}

/* The same for completion, with the one that has no settings. */
static const struct hws_verb verbs[] = {
	{ .name = "key", .args = "[--state-dir DIR]", .help = "print the public key" },
	{ .name = "config", .help = "print the settings" },
	{ .name = "take-over", .args = "FOLDER", .help = "take over the folder of hbbs" },
	{ .name = "health", .args = "[--ready] [--config FILE]", .help = "does it serve?" },
};

static const struct hws_complete words = {
	.program = NAME,
	.options = &rdv_options,
	.verbs = verbs,
	.verbs_count = HWS_COUNT(verbs),
};

static int run_program(int argc, char **argv)
{
	struct program p = { .argc = argc, .argv = argv };
	struct hws_error err = { 0 };
	enum verb verb = verb_of(argc, argv);
	const char *dir = NULL;
	int rest = argc, status = 2;

	if (hws_complete_verb(&words, argc, argv, &status))
		return status;
	hws_mem_few_arenas();
	hws_log_setup(NAME, HWS_LOG_TEXT, 2);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return hws_options_print(&rdv_options, NULL);
		if (strcmp(argv[i], "--version") == 0)
			return puts(NAME " " HAWSER_VERSION) < 0;
	}
	if (hws_crypto_init() < 0)
		hws_die("the system gives no random numbers");
	if (argc > 1 && strcmp(argv[1], "health") == 0)
		return hws_health_verb(&hws_rendezvous_control, argc - 1, argv + 1);
	if (verb != SERVE) {
		p.argc--;
		p.argv++;
	}
	if (verb == TAKE_OVER) {
		hws_log_set_level(HWS_LOG_WARN);
		dir = take_folder(&p);
	}
	p.conf = new_config(p.argc, p.argv, &rest, &err);
	if (!p.conf) {
		fprintf(stderr, NAME ": %s\n", err.text);
		return 2;
	}
	if (verb == SERVE) {
		hws_log_setup(NAME, (enum hws_log_format)p.conf->log_format,
				hws_daemon_log_fd(p.conf->log_to));
		hws_log_set_level((enum hws_log_level)p.conf->log_level);
	}
	if (verb == TAKE_OVER && !dir && rest < p.argc)
		dir = p.argv[rest++];
	if (rest < p.argc)
		fprintf(stderr, NAME ": unexpected argument '%s'; see --help\n", p.argv[rest]);
	else if (verb == TAKE_OVER && !dir)
		fprintf(stderr,
				NAME ": take-over: which folder? Name that of hbbs, with its "
				     "id_ed25519 and db_v2.sqlite3\n");
	else
		status = do_verb(&p, verb, dir);
	free_config(p.conf);
	free_config(p.before);
	return status;
}

int main(int argc, char **argv)
{
	return hws_output_end(NAME, run_program(argc, argv), 1);
}
