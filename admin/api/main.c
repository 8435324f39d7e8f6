/* hawser-api: reads the settings, starts the server under them, gives up privileges, and ends it
 * on a signal. */
#include "admin/api/config.h"
#include "admin/api/server.h"
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

#define NAME "hawser-api"

struct program {
	struct hws_loop *loop;
	struct hws_daemon *daemon;
	struct adi_server *server;
	struct adi_config *conf;
	int argc;
	char **argv;
};

static struct adi_config *new_config(int argc, char **argv, int *ret_rest, struct hws_error *err)
{
	struct adi_config *c = hws_alloc(sizeof(*c));

	if (!c) {
		hws_error_set(err, HWS_ERR_NOMEM, "out of memory");
		return NULL;
	}
	if (adi_config_read(argc, argv, c, ret_rest, err) < 0) {
		hws_free(c);
		return NULL;
	}
	return c;
}

static void free_config(struct adi_config *c)
{
	while (c) {
		struct adi_config *before = c->before;

		adi_config_done(c);
		hws_free(c);
		c = before;
	}
}

static void on_reload(void *arg)
{
	struct program *p = arg;
	struct hws_error err = { 0 };
	int rest;
	struct adi_config *c = new_config(p->argc, p->argv, &rest, &err);

	if (!c || adi_server_check(c, &err) < 0 || adi_server_reload(p->server, c, &err) < 0) {
		hws_error_log("reload.failed", HWS_STR("text", err.text));
		free_config(c);
		return;
	}
	c->before = p->conf; /* handlers on their threads may be reading it */
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

	adi_server_drain(p->server, on_drained, p);
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

	hws_sandbox_conceal();
	if (r == HWS_OK)
		r = hws_daemon_new(p->loop, &dc, &p->daemon);
	if (r == HWS_OK)
		r = adi_server_new(p->loop, p->conf, &p->server, err);
	if (r == HWS_OK)
		r = hws_daemon_confine(HWS_SANDBOX_API, p->conf->user, p->conf->sandbox, err);
	if (r == HWS_OK) {
		hws_secret_tell();
		hws_daemon_ready(p->daemon);
		r = hws_loop_run(p->loop);
		hws_info("stopped");
	}
	adi_server_free(p->server);
	hws_daemon_free(p->daemon);
	hws_loop_free(p->loop);
	return r;
}

static int run(struct program *p, const char *verb)
{
	struct hws_error err = { 0 };
	int rest = p->argc, r;

	p->conf = new_config(p->argc, p->argv, &rest, &err);
	/* before the settings: somebody who mistypes a command has given none */
	if (p->conf && rest < p->argc) {
		fprintf(stderr, NAME ": unexpected argument '%s'; see --help\n", p->argv[rest]);
		return 2;
	}
	if (!p->conf || adi_server_check(p->conf, &err) < 0) {
		fprintf(stderr, NAME ": %s\n", err.text);
		return 2;
	}
	hws_log_setup(NAME, (enum hws_log_format)p->conf->log_format,
			hws_daemon_log_fd(p->conf->log_to));
	hws_log_set_level((enum hws_log_level)p->conf->log_level);
	if (strcmp(verb, "config") == 0)
		return hws_options_print(&adi_options, p->conf);
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
	{ .name = "health", .args = "[--ready] [--config FILE]", .help = "does it serve?" },
};

static const struct hws_complete words = {
	.program = NAME,
	.options = &adi_options,
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
			return hws_options_print(&adi_options, NULL);
		if (strcmp(argv[i], "--version") == 0)
			return puts(NAME " " HAWSER_VERSION) < 0;
	}
	if (hws_crypto_init() < 0)
		hws_die("the system gives no random numbers");
	if (argc > 1 && strcmp(argv[1], "health") == 0)
		return hws_health_verb(&hws_api_control, argc - 1, argv + 1);
	/* A verb may stand first: "config --port 0". */
	if (argc > 1 && strcmp(argv[1], "config") == 0) {
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
