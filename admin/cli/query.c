/* Commands that are one question to a control socket: a table of words and members, since they
 * differ in nothing else. */
#include "admin/cli/query.h"
#include "admin/cli/doctor.h"
#include "admin/cli/output.h"
#include "admin/cli/place.h"
#include "shared/base/num.h"
#include "shared/base/str.h"
#include "shared/daemon/control.h"
#include <stdlib.h>
#include <string.h>

#define ASK_TIMEOUT_US 10000000
#define ARGS_MAX 3
#define FORCE "--force" /* of rows that have it: enter what is not there yet */

/* Arguments become members of the request: "id" text, "limit#" a number, "?" at the end
 * optional. */
struct ask_row {
	enum adm_server server;
	const char *verb;
	const char *cmd; /* of the control protocol */
	const char *args[ARGS_MAX];
	const char *help;
	bool force;  /* takes FORCE */
	bool doctor; /* the answer is completed and shown by doctor.c */
};

static const struct ask_row rows[] = {
	{ ADM_RENDEZVOUS, "stats", "stats", { NULL }, "counters and table sizes" },
	{ ADM_RENDEZVOUS, "peers", "peers", { "limit#?", "after?" }, "devices that are online" },
	{ ADM_RENDEZVOUS, "peer", "peer", { "id" }, "one device: address, key, last seen" },
	{ ADM_RENDEZVOUS, "devices", "devices", { "limit#?", "after?" },
			"devices in the database, those that are off line too" },
	{ ADM_RENDEZVOUS, "name", "name", { "id", "name" },
			"your name for a device; '' takes it away" },
	{ ADM_RENDEZVOUS, "remove", "remove", { "id" },
			"forget a device; it comes back if it runs and may register" },
	{ ADM_RENDEZVOUS, "unenrol", "remove", { "id" },
			"where only enrolled devices may register: this one may not any more" },
	{ ADM_RENDEZVOUS, "why", "why", { "id" },
			"what became of the last connection attempts to a device" },
	{ ADM_RENDEZVOUS, "kick", "kick", { "id" },
			"forget that a device is online; it is off line until it speaks again" },
	{ ADM_RENDEZVOUS, "block", "block", { "net" },
			"serve this address, network or device no more", true },
	{ ADM_RENDEZVOUS, "unblock", "unblock", { "net" }, "take that back" },
	{ ADM_RENDEZVOUS, "allow", "allow", { "net" },
			"serve this address or network whatever is blocked" },
	{ ADM_RENDEZVOUS, "unallow", "unallow", { "net" }, "take that back" },
	{ ADM_RENDEZVOUS, "rules", "rules", { NULL }, "all of these, groups and rules" },
	{ ADM_RENDEZVOUS, "group-add", "group-add", { "group", "member" },
			"put a device, address or network into a group", true },
	{ ADM_RENDEZVOUS, "group-remove", "group-remove", { "group", "member" }, "take it out" },
	{ ADM_RENDEZVOUS, "rule", "rule", { "from", "to", "action" },
			"who may call whom: groups or '*', and allow, deny or none" },
	{ ADM_RENDEZVOUS, "enrol", "enrol", { "id" },
			"let a device register where only enrolled ones may" },
	{ ADM_RENDEZVOUS, "relays", "relays", { NULL }, "relays, their health and weight" },
	{ ADM_RENDEZVOUS, "relay-drain", "relay-drain", { "relay" },
			"no new sessions by this relay" },
	{ ADM_RENDEZVOUS, "relay-resume", "relay-resume", { "relay" }, "take that back" },
	{ ADM_RENDEZVOUS, "nodes", "nodes", { NULL },
			"the other nodes on the same database, and the links to them" },
	{ ADM_RENDEZVOUS, "doctor", "doctor", { NULL },
			"test ports, relays, database, key, time; says what to do", false, true },
	{ ADM_RENDEZVOUS, "config", "config", { NULL }, "settings in force" },
	{ ADM_RENDEZVOUS, "log-level", "log-level", { "level" },
			"error, warn, info, debug or trace, until the next start" },
	{ ADM_RENDEZVOUS, "drain", "drain", { NULL }, "end after the work at hand" },
	{ ADM_RELAY, "pairs", "pairs", { "limit#?" }, "sessions now" },
	{ ADM_RELAY, "usage", "usage", { "limit#?" }, "bytes by session" },
	{ ADM_RELAY, "stats", "stats", { NULL }, "counters" },
	{ ADM_RELAY, "limit", "limit", { "name", "value" }, "change a limit until the next start" },
	{ ADM_RELAY, "block", "block", { "net" }, "serve this address or network no more" },
	{ ADM_RELAY, "unblock", "unblock", { "net" }, "take that back" },
	{ ADM_RELAY, "kick", "kick", { "id" }, "end one session" },
	{ ADM_RELAY, "config", "config", { NULL }, "settings in force" },
	{ ADM_RELAY, "log-level", "log-level", { "level" }, "error, warn, info, debug or trace" },
	{ ADM_RELAY, "drain", "drain", { NULL }, "let sessions finish, take no new ones, end" },
	{ ADM_API_CONTROL, "stats", "stats", { NULL }, "counters" },
	{ ADM_API_CONTROL, "config", "config", { NULL }, "settings in force" },
	{ ADM_API_CONTROL, "log-level", "log-level", { "level" },
			"error, warn, info, debug or trace" },
	{ ADM_API_CONTROL, "reload", "reload", { NULL }, "read the settings again" },
};

static void arg_name(const char *arg, char *buf, size_t size, bool *ret_number, bool *ret_optional)
{
	size_t len = strcspn(arg, "#?");

	snprintf(buf, size, "%.*s", (int)len, arg);
	*ret_number = strchr(arg, '#') != NULL;
	*ret_optional = strchr(arg, '?') != NULL;
}

void adm_query_help(FILE *out, enum adm_server server)
{
	for (size_t i = 0; i < HWS_COUNT(rows); i++) {
		char line[96], name[32];
		size_t len;

		if (rows[i].server != server)
			continue;
		len = (size_t)snprintf(line, sizeof(line), "%s%s",
				server == ADM_RELAY ? "relay " : "", rows[i].verb);
		for (size_t a = 0; a < ARGS_MAX && rows[i].args[a]; a++) {
			bool number, optional;

			arg_name(rows[i].args[a], name, sizeof(name), &number, &optional);
			for (char *c = name; *c; c++)
				*c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
			len += (size_t)snprintf(line + len, sizeof(line) - len,
					optional ? " [%s]" : " %s", name);
		}
		if (rows[i].force)
			snprintf(line + len, sizeof(line) - len, " [" FORCE "]");
		fprintf(out, "  %-24s %s\n", line, rows[i].help);
	}
}

static const struct ask_row *find_row(enum adm_server server, const char *verb)
{
	for (size_t i = 0; i < HWS_COUNT(rows); i++) {
		if (rows[i].server == server && strcmp(rows[i].verb, verb) == 0)
			return &rows[i];
	}
	return NULL;
}

/* Takes FORCE out of the words, wherever it stands. */
static bool take_force(const struct ask_row *row, int *argc, char **argv)
{
	bool force = false;
	int n = 0;

	for (int i = 0; i < *argc; i++) {
		if (row->force && strcmp(argv[i], FORCE) == 0)
			force = true;
		else
			argv[n++] = argv[i];
	}
	*argc = n;
	return force;
}

static json_t *request_of(const struct ask_row *row, int argc, char **argv)
{
	json_t *req = json_object();
	int used = 1;

	json_object_set_new(req, "cmd", json_string(row->cmd));
	if (take_force(row, &argc, argv))
		json_object_set_new(req, "force", json_true());
	for (size_t a = 0; a < ARGS_MAX && row->args[a]; a++) {
		bool number, optional;
		char name[32];
		uint64_t value;

		arg_name(row->args[a], name, sizeof(name), &number, &optional);
		if (used >= argc) {
			if (optional)
				continue;
			fprintf(stderr, "hawser-admin: %s: which %s?\n", row->verb, name);
			goto bad;
		}
		if (number && hws_parse_u64(argv[used], &value) < 0) {
			fprintf(stderr, "hawser-admin: %s: %s must be a number, not '%s'\n",
					row->verb, name, argv[used]);
			goto bad;
		}
		json_object_set_new(req, name,
				number ? json_integer((json_int_t)value) : json_string(argv[used]));
		used++;
	}
	if (used < argc) {
		fprintf(stderr, "hawser-admin: %s: what is '%s'?\n", row->verb, argv[used]);
		goto bad;
	}
	return req;
bad:
	json_decref(req);
	return NULL;
}

int adm_query_ask(const struct adm_query *ask, enum adm_server server, json_t *req, json_t **ret,
		struct hws_error *err)
{
	char path[600];
	int r = HWS_OK;

	json_object_set_new(req, "for", json_string(adm_server_name(server)));
	if (!ask->socket)
		r = adm_server_socket(server, path, sizeof(path), err);
	if (r == HWS_OK)
		r = hws_control_call(
				ask->socket ? ask->socket : path, req, ASK_TIMEOUT_US, ret, err);
	return r;
}

bool adm_query_knows(enum adm_server server, const char *verb)
{
	return find_row(server, verb) != NULL;
}

const char *adm_query_word(enum adm_server server, size_t i)
{
	for (size_t k = 0; k < HWS_COUNT(rows); k++) {
		if (rows[k].server == server && i-- == 0)
			return rows[k].verb;
	}
	return NULL;
}

int adm_query_run(const struct adm_query *ask, int argc, char **argv)
{
	enum adm_server server = ADM_RENDEZVOUS;
	const struct ask_row *row;
	struct hws_error err = { 0 };
	json_t *req = NULL, *answer = NULL;
	int status = 2, r;

	if (strcmp(argv[0], "relay") == 0 || strcmp(argv[0], "api") == 0) {
		server = strcmp(argv[0], "relay") == 0 ? ADM_RELAY : ADM_API_CONTROL;
		argc--;
		argv++;
	}
	row = argc > 0 ? find_row(server, argv[0]) : NULL;
	if (!row) {
		fprintf(stderr, "hawser-admin: no command '%s'; see hawser-admin --help\n",
				argc > 0 ? argv[0] : adm_server_name(server));
		return 2;
	}
	req = request_of(row, argc, argv);
	if (!req)
		goto out;
	status = 3;
	r = adm_query_ask(ask, server, req, &answer, &err);
	if (r < 0) {
		fprintf(stderr, "hawser-admin: %s%s\n", err.text[0] ? err.text : hws_err_text(r),
				ask->socket ? "" : "; another one is named with --socket FILE");
		goto out;
	}
	status = 0;
	if (!json_is_true(json_object_get(answer, "ok"))) {
		const char *text = json_string_value(json_object_get(answer, "text"));

		fprintf(stderr, "hawser-admin: %s\n", text ? text : "the server refused");
		status = 1;
		if (!ask->json)
			goto out;
	}
	if (status == 0 && row->doctor && !adm_doctor_complete(answer))
		status = 1;
	if (row->doctor && !ask->json)
		adm_doctor_print(stdout, answer);
	else
		adm_output(stdout, answer, ask->json);
out:
	json_decref(req);
	json_decref(answer);
	return status;
}
