/* hawser-host status: what the running host tells, for people or as JSON. */
#include "client/core/readable_text.h"
#include "client/host/cmd_call.h"
#include "shared/base/macros.h"
#include <stdio.h>
#include <string.h>

static const char *text_of(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "";
}

/* For people, without the escapes of the log. */
static const char *why_of(const json_t *o, const char *name)
{
	static char buf[500];

	return hws_readable_text(buf, sizeof(buf), hws_bytes_str(text_of(o, name)));
}

/* What a picture takes, step by step, as the host measured it; nothing until there were some. */
static void print_cost(const json_t *cost)
{
	static const struct {
		const char *key, *name;
	} steps[] = { { "capture_us", "capture" }, { "convert_us", "convert" },
		{ "encode_us", "encode" }, { "send_us", "send" }, { "network_us", "network" } };
	const char *before = "           pictures: ";

	for (size_t i = 0; i < HWS_COUNT(steps); i++) {
		json_int_t us = json_integer_value(json_object_get(cost, steps[i].key));
		if (us <= 0)
			continue;
		printf("%s%s %.1f ms", before, steps[i].name, (double)us / 1e3);
		before = ", ";
	}
	if (*before == ',')
		printf("\n");
}

/* "connected: 3 Anna (987654321) at 192.0.2.7:1 since ..." for who is let in; the others have not
 * logged in yet. */
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
				text_of(v, "kind"), text_of(v, "via"), text_of(v, "protection"));
		if (*text_of(v, "viewer_key"))
			printf("           viewer's key: %s\n", text_of(v, "viewer_key"));
		print_cost(json_object_get(v, "cost"));
	}
}

/* "agent:     files of anna, sessions 3 4, process 4711" */
static void print_agents(const json_t *agents)
{
	size_t i, k;
	json_t *a, *conn;

	json_array_foreach (agents, i, a) {
		const json_t *conns = json_object_get(a, "conns");
		json_int_t kept = json_integer_value(json_object_get(a, "kept"));

		printf("agent:     %s%s%s, %s", text_of(a, "role"),
				*text_of(a, "account") ? " of " : "", text_of(a, "account"),
				!json_array_size(conns)                       ? "no session"
						: json_array_size(conns) == 1 ? "session"
									      : "sessions");
		json_array_foreach (conns, k, conn)
			printf(" %" JSON_INTEGER_FORMAT, json_integer_value(conn));
		if (kept)
			printf(", %" JSON_INTEGER_FORMAT " kept", kept);
		printf(", process %" JSON_INTEGER_FORMAT "%s%s\n",
				json_integer_value(json_object_get(a, "pid")),
				*text_of(a, "why") ? ": " : "", why_of(a, "why"));
	}
}

/* Nothing for an empty text. */
static void print_line(const char *head, const json_t *text)
{
	const char *s = json_string_value(text);

	if (s && *s)
		printf("%s%s\n", head, s);
}

static const char *permanent_text(const json_t *a, bool temporary)
{
	if (!json_is_true(json_object_get(a, "permanent_password")))
		return temporary ? "not set" : "not set: no password opens this host";
	if (!json_is_true(json_object_get(a, "permanent_accepted")))
		return "set, but not accepted (see 'verification-method')";
	return json_is_true(json_object_get(a, "permanent_hawser_only"))
			? "set, for hawser viewers only (set it again for others)"
			: "set";
}

static void print_passwords(const json_t *a)
{
	bool temporary = json_is_true(json_object_get(a, "temporary_password"));

	printf("passwords: temporary %s, permanent %s\n", temporary ? "on" : "off",
			permanent_text(a, temporary));
}

static void print_sandbox(const json_t *a, const json_t *sandbox)
{
	const char *unlocked = json_is_true(json_object_get(a, "keys_locked"))
			? ""
			: "; keys not locked in memory";

	if (json_is_true(json_object_get(sandbox, "off"))) {
		printf("sandbox:   switched off by 'sandbox'%s\n", unlocked);
		return;
	}
	printf("sandbox:   gates: %s; host: %s%s\n", text_of(sandbox, "gate"),
			text_of(sandbox, "host"), unlocked);
	print_line("missing:   ", json_object_get(sandbox, "missing"));
}

static void print_mapped(const json_t *m)
{
	const char *tcp = text_of(m, "address"), *udp = text_of(m, "udp_address");

	if (!strcmp(text_of(m, "state"), "mapped"))
		printf("mapped:    %s%s%s%s, at the router by %s\n", tcp, *tcp && *udp ? ", " : "",
				*udp ? "UDP " : "", udp, text_of(m, "by_text"));
	else if (json_is_true(json_object_get(m, "on")))
		printf("mapped:    none: %s\n", text_of(m, "why"));
}

static void print_server(const json_t *server)
{
	const char *address = text_of(server, "address"), *by = text_of(server, "by");

	printf("server:    %s%s%s%s%s\n", address, *address ? ": " : "", text_of(server, "state"),
			*by                                        ? " by "
					: *text_of(server, "text") ? ": "
								   : "",
			*by ? by : why_of(server, "text"));
	if (*by && json_is_true(json_object_get(server, "proven")))
		printf("           it proves what it says; %" JSON_INTEGER_FORMAT
		       " words without proof were dropped\n",
				json_integer_value(json_object_get(server, "dropped")));
	print_line("warning:   ", json_object_get(server, "warning"));
}

static void print_servers(const json_t *a)
{
	const json_t *all = json_object_get(a, "servers"), *server;
	size_t i;

	if (json_array_size(all) == 0)
		print_server(json_object_get(a, "server"));
	json_array_foreach (all, i, server)
		print_server(server);
}

/* "strategy:  number 7 of the API server sets enable-clipboard access-mode" */
static void print_strategy(const json_t *s)
{
	json_int_t number = json_integer_value(json_object_get(s, "number"));
	const json_t *names = json_object_get(s, "settings"), *name;
	size_t i;

	if (number) {
		printf("strategy:  number %" JSON_INTEGER_FORMAT " of the API server sets%s",
				number, json_array_size(names) ? "" : " nothing");
		json_array_foreach (names, i, name)
			printf(" %s", json_string_value(name));
		printf("\n");
	}
	print_line("           by 'strategies' the owner's stay: ", json_object_get(s, "stays"));
	print_line("           not known here, or not with that value: ",
			json_object_get(s, "others"));
	print_line("strategy:  refused: ", json_object_get(s, "refused"));
}

static void print_status(const json_t *a)
{
	const json_t *direct = json_object_get(a, "direct");
	const json_t *desktop = json_object_get(a, "desktop");

	printf("id:        %s\n", json_string_value(json_object_get(a, "id")));
	printf("key:       %s\n", json_string_value(json_object_get(a, "fingerprint")));
	print_servers(a);
	if (json_is_true(json_object_get(direct, "listening")))
		printf("direct:    port %" JSON_INTEGER_FORMAT "\n",
				json_integer_value(json_object_get(direct, "port")));
	else
		printf("direct:    off\n");
	print_mapped(json_object_get(a, "mapped"));
	if (json_is_true(json_object_get(desktop, "ready")))
		printf("desktop:   %s, %" JSON_INTEGER_FORMAT " display(s)\n",
				json_string_value(json_object_get(desktop, "backend")),
				json_integer_value(json_object_get(desktop, "displays")));
	else
		printf("desktop:   none: %s\n", why_of(desktop, "why"));
	print_line("hardware:  ", json_object_get(desktop, "hardware"));
	print_passwords(a);
	print_sandbox(a, json_object_get(a, "sandbox"));
	print_line("restart:   needed for ", json_object_get(a, "restart_needed"));
	print_strategy(json_object_get(a, "strategy"));
	if (json_is_false(json_object_get(a, "launcher")))
		printf("terminals: none until the host is started again: the process that starts "
		       "them has ended\n");
	print_sessions(json_object_get(a, "sessions"));
	print_agents(json_object_get(a, "agents"));
}

int hws_cmd_status(int argc, char **argv, void *ctx HWS_UNUSED)
{
	struct hws_call c;
	struct hws_error err = { 0 };
	bool as_json = hws_call_flag(&argc, argv, "--json");
	json_t *answer = NULL;
	int status = hws_call_begin(&c, argc, argv, 0, 0);

	if (status != HWS_CALL_OK)
		return status;
	if (hws_call_ask(&c.s, json_pack("{s:s}", "cmd", "status"), &answer, &err) < 0)
		status = hws_call_fail(&err);
	if (answer && as_json) {
		json_dumpf(answer, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		putchar('\n');
	} else if (answer) {
		print_status(answer);
	}
	json_decref(answer);
	hws_call_end(&c);
	return status;
}
