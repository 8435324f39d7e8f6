/* hawser-relay: reads the settings, starts the server under them, gives up privileges, and ends it
 * on a signal. */
#include "server-relay/announcer.h"
#include "server-relay/config.h"
#include "server-relay/server.h"
#include "shared/base/buf.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/output.h"
#include "shared/conf/complete.h"
#include "shared/crypto/crypto.h"
#include "shared/crypto/secret.h"
#include "shared/daemon/daemon.h"
#include "shared/daemon/health.h"
#include "shared/sys/sandbox.h"
#include <stdio.h>
#include <string.h>

#define NAME "hawser-relay"

struct program {
	struct hws_loop *loop;
	struct hws_daemon *daemon;
	struct rly_server *server;
	struct rly_config *conf;
	int argc;
	char **argv;
};

static struct rly_config *new_config(int argc, char **argv, int *ret_rest, struct hws_error *err)
{
	struct rly_config *c = hws_alloc(sizeof(*c));

	if (!c) {
		hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
		return NULL;
	}
	if (rly_config_read(argc, argv, c, ret_rest, err) < 0) {
		hws_free(c);
		return NULL;
	}
	return c;
}

static void free_config(struct rly_config *c)
{
	if (!c)
		return;
	rly_config_done(c);
	hws_free(c);
}

static void on_reload(void *arg)
{
	struct program *p = arg;
	struct hws_error err = { 0 };
	int rest;
	struct rly_config *c = new_config(p->argc, p->argv, &rest, &err);

	if (!c || rly_config_check(c, &err) < 0 || rly_server_reload(p->server, c, &err) < 0) {
		hws_error_log("reload.failed", HWS_STR("text", err.text));
		free_config(c);
		return;
	}
	free_config(p->conf);
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

	rly_server_drain(p->server);
}

static int serve(struct program *p, struct hws_error *err)
{
	struct hws_daemon_conf dc = {
		.on_reload = on_reload,
		.on_drain = on_drain,
		.drain_max_us = p->conf->drain_us,
		.arg = p,
	};
	int r = hws_loop_new(&p->loop);

	hws_options_env_log(&rly_options);
	hws_sandbox_conceal();
	if (r == HWS_OK)
		r = hws_daemon_new(p->loop, &dc, &p->daemon);
	if (r == HWS_OK)
		r = rly_server_new(p->loop, p->conf, &p->server, err);
	if (r == HWS_OK) {
		rly_server_on_end(p->server, on_drained, p);
		r = hws_daemon_confine(HWS_SANDBOX_RELAY, p->conf->user, p->conf->sandbox, err);
	}
	if (r == HWS_OK)
		r = rly_server_start(p->server, err);
	if (r == HWS_OK)
		r = rly_server_watch(p->server, hws_daemon_watchdog(p->daemon));
	if (r == HWS_OK) {
		hws_secret_tell();
		hws_daemon_ready(p->daemon);
		r = hws_loop_run(p->loop);
		hws_info("stopped");
	}
	rly_server_free(p->server);
	hws_daemon_free(p->daemon);
	hws_loop_free(p->loop);
	return r;
}

static int print_identity(const struct rly_config *c, struct hws_error *err)
{
	struct hws_identity id;
	char text[HWS_KEY_TEXT];

	if (rly_announcer_identity(c, &id, err) < 0) {
		fprintf(stderr, NAME ": %s\n", err->text);
		return 1;
	}
	hws_key_text(id.pk, text);
	hws_identity_wipe(&id);
	return puts(text) < 0;
}

static int run(struct program *p, const char *verb)
{
	struct hws_error err = { 0 };
	int rest = p->argc, r;
	bool identity = strcmp(verb, "identity") == 0;

	p->conf = new_config(p->argc, p->argv, &rest, &err);
	/* before the settings: somebody who mistypes a command has given none */
	if (p->conf && rest < p->argc) {
		fprintf(stderr, NAME ": unexpected argument '%s'; see --help\n", p->argv[rest]);
		return 2;
	}
	if (!p->conf || (!identity && rly_config_check(p->conf, &err) < 0)) {
		fprintf(stderr, NAME ": %s\n", err.text);
		return 2;
	}
	hws_log_setup(NAME, (enum hws_log_format)p->conf->log_format,
			hws_daemon_log_fd(p->conf->log_to));
	hws_log_set_level((enum hws_log_level)p->conf->log_level);
	if (identity)
		return print_identity(p->conf, &err);
	if (strcmp(verb, "config") == 0)
		return hws_options_print(&rly_options, p->conf);
	r = serve(p, &err);
	if (r < 0) {
		hws_error_log("start.failed", HWS_STR("text", err.text));
		fprintf(stderr, NAME ": %s\n", err.text);
		return hws_daemon_exit_status(r);
	}
	return 0;
}

/* What may stand first, for completion: run() reads it. */
static const struct hws_verb verbs[] = {
	{ .name = "config", .help = "print the settings" },
	{ .name = "identity", .help = "print the public key that the relay announces itself with" },
	{ .name = "health", .args = "[--ready] [--config FILE]", .help = "does it serve?" },
};

static const struct hws_complete words = {
	.program = NAME,
	.options = &rly_options,
	.verbs = verbs,
	.verbs_count = HWS_COUNT(verbs),
};

static int run_program(int argc, char **argv)
{
	struct program p = { .argc = argc, .argv = argv };
	const char *verb = "";
	int status;

	if (hws_complete_verb(&words, argc, argv, &status))
		return status;
	hws_log_setup(NAME, HWS_LOG_TEXT, 2);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return hws_options_print(&rly_options, NULL);
		if (strcmp(argv[i], "--version") == 0)
			return puts(NAME " " HAWSER_VERSION) < 0;
	}
	if (hws_crypto_init() < 0)
		hws_die("the system gives no random numbers");
	if (argc > 1 && strcmp(argv[1], "health") == 0)
		return hws_health_verb(&hws_relay_control, argc - 1, argv + 1);
	/* A verb may stand first: "config --port 0". */
	if (argc > 1 && (strcmp(argv[1], "config") == 0 || strcmp(argv[1], "identity") == 0)) {
		verb = argv[1];
		p.argc--;
		p.argv++;
	}
	status = run(&p, verb);
	free_config(p.conf);
	return status;
}

int main(int argc, char **argv)
{
	return hws_output_end(NAME, run_program(argc, argv), 1);
}
