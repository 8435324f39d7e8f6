/* hawser-upload: sends finished recordings to the API server; a timer starts it. It has no key and
 * no rights of its own: the host of this machine vouches for each request. */
#include "client/upload/upload.h"
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/output.h"
#include "shared/base/str.h"
#include "shared/conf/complete.h"
#include "shared/crypto/crypto.h"
#include "shared/daemon/daemon.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME "hawser-upload"

struct config {
	char *config, *server, *ca_file, *folder, *control_socket, *state_dir;
	bool remove, plain;
	int log_level, log_format;
};
#define AT(f) offsetof(struct config, f)

static const struct hws_option table[] = {
	{ "", "config", 'c', HWS_OPT_PATH, AT(config), "", 0, 0, NULL, HWS_OPT_FLAG_ONLY, "FILE",
			"Read settings from this INI file.", NULL },
	{ "", "server", 's', HWS_OPT_STR, AT(server), "", 0, 0, NULL, 0, "URL",
			"The API server, as https://api.example; nothing is sent without it.",
			NULL },
	{ "", "ca-file", 0, HWS_OPT_PATH, AT(ca_file), "", 0, 0, NULL, 0, "FILE",
			"Authorities (PEM) for its certificate, instead of the system's.", NULL },
	{ "", "plain-http", 0, HWS_OPT_BOOL, AT(plain), "no", 0, 0, NULL, 0, NULL,
			"Send over http to other machines: the recording crosses the network as it is.",
			NULL },
	{ "", "recording-folder", 'f', HWS_OPT_PATH, AT(folder), "", 0, 0, NULL, 0, "DIR",
			"Where the recordings are, as in host.conf.", NULL },
	{ "", "remove", 0, HWS_OPT_BOOL, AT(remove), "no", 0, 0, NULL, 0, NULL,
			"Remove a recording here once the server has it whole.", NULL },
	{ "", "control-socket", 0, HWS_OPT_PATH, AT(control_socket), "", 0, 0, NULL, 0, "PATH",
			"Where the host listens (default: control.sock in its runtime folder).",
			NULL },
	{ "", "state-dir", 0, HWS_OPT_PATH, AT(state_dir), "", 0, 0, NULL, 0, "DIR",
			"Remember here what was sent (default: the program's own).", NULL },
	{ "", "log-level", 0, HWS_OPT_ENUM, AT(log_level), "info", 0, 0,
			"error|warn|info|debug|trace", 0, "LEVEL", "How much to tell.", NULL },
	{ "", "log-format", 0, HWS_OPT_ENUM, AT(log_format), "text", 0, 0, "text|json|journal", 0,
			"FORMAT", "How it is told.", NULL },
};

static const struct hws_options options = {
	.program = NAME,
	.env_prefix = "HAWSER_UPLOAD_",
	.usage = "hawser-upload --server URL --recording-folder DIR",
	.about = "Sends finished recordings of this host to the API server, which keeps them "
		 "closed for an auditor, and ends. Runs where the host runs, as its account.",
	.table = table,
	.count = HWS_COUNT(table),
};

static int places(const struct config *c, char socket[512], char state[512], struct hws_error *err)
{
	char dir[480];
	int r = HWS_OK;

	if (*c->control_socket)
		r = hws_str_copy(socket, 512, c->control_socket);
	else if (hws_daemon_runtime_path("hawser-host", dir, sizeof(dir), err) < 0)
		return err->code;
	else
		r = hws_fmt(socket, 512, "%s/control.sock", dir);
	if (r == HWS_OK && *c->state_dir)
		r = hws_str_copy(dir, sizeof(dir), c->state_dir);
	else if (r == HWS_OK && hws_daemon_state_path(NAME, dir, sizeof(dir), err) < 0)
		return err->code;
	if (r == HWS_OK)
		r = hws_fmt(state, 512, "%s/uploaded", dir);
	return r < 0 ? hws_error_set(err, r, "the path of a folder is too long") : HWS_OK;
}

static int run(const struct config *c, struct hws_error *err)
{
	char socket[512], state[512];
	struct hws_upload_conf conf = {
		.server = c->server,
		.ca_file = *c->ca_file ? c->ca_file : NULL,
		.folder = c->folder,
		.control_socket = socket,
		.state_file = state,
		.remove = c->remove,
		.plain = c->plain,
	};
	struct hws_upload_report report = { 0 };
	size_t n = strlen(c->server);
	int r = places(c, socket, state, err);

	if (r < 0)
		return r;
	while (n && c->server[n - 1] == '/')
		c->server[--n] = '\0';
	r = hws_upload_folder(&conf, &report, err);
	printf("{\"uploaded\":%u,\"already\":%u,\"being_written\":%u,\"failed\":%u,\"bytes\":%llu}\n",
			report.uploaded, report.already, report.busy, report.failed,
			(unsigned long long)report.bytes);
	return r == HWS_OK && report.failed ? hws_error_set(err, HWS_ERR_DENIED,
							      "not all recordings were taken; the "
							      "log says which and why")
					    : r;
}

static int run_program(int argc, char **argv)
{
	struct hws_error err = { 0 };
	struct config c;
	int rest = argc, status = 0;
	const struct hws_complete words = { .program = NAME, .options = &options };

	if (hws_complete_verb(&words, argc, argv, &status))
		return status;
	hws_log_setup(NAME, HWS_LOG_TEXT, 2);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return hws_options_print(&options, NULL);
		if (strcmp(argv[i], "--version") == 0)
			return puts(NAME " " HAWSER_VERSION) < 0;
	}
	if (hws_crypto_init() < 0)
		hws_die("the system gives no random numbers");
	if (hws_options_load(&options, &c, "/etc/hawser/upload.conf", argc, argv, &rest, &err) <
			0) {
		fprintf(stderr, NAME ": %s\n", err.text);
		return 2;
	}
	hws_log_setup(NAME, (enum hws_log_format)c.log_format, 2);
	hws_log_set_level((enum hws_log_level)c.log_level);
	if (rest < argc || !*c.server || !*c.folder) {
		fprintf(stderr,
				NAME
				": --server and --recording-folder are needed, and no more; see "
				"--help\n");
		status = 2;
	} else if (run(&c, &err) < 0) {
		fprintf(stderr, NAME ": %s\n", err.text);
		status = 1;
	}
	hws_options_done(&options, &c);
	return status;
}

int main(int argc, char **argv)
{
	return hws_output_end(NAME, run_program(argc, argv), 1);
}
