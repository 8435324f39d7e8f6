/* hawser-host doctor: whether this host can be reached, and what to do when it cannot: what the
 * running host knows of itself, what stands in front of it on this machine, and the network. */
#include "client/doctor/doctor.h"
#include "client/host/cmd_call.h"
#include "client/reach/server_list.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/daemon/findings.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE 256

static const char *text_of(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s ? s : "";
}

static bool is(const json_t *o, const char *name)
{
	return json_is_true(json_object_get(o, name));
}

/* --- what the host says ----------------------------------------------------------------------- */

static void judge_server(const json_t *server, json_t *list)
{
	const char *by = text_of(server, "by"), *text = text_of(server, "text");

	if (!*text_of(server, "address"))
		hws_findings_add(list, "registration", HWS_FOUND_LOOK,
				"set 'server' and 'key', unless connections by address are all that "
				"is wanted",
				"no server: this host is reached by its address only");
	else if (hws_str_equal(text_of(server, "state"), "registered") && hws_str_equal(by, "udp"))
		hws_findings_add(list, "registration", HWS_FOUND_GOOD, "", "at %s by UDP",
				text_of(server, "address"));
	else if (hws_str_equal(text_of(server, "state"), "registered") && hws_str_equal(by, "tcp"))
		hws_findings_add(list, "registration", HWS_FOUND_LOOK,
				"let UDP out to the server's port, and its answers in",
				"at %s by TCP: UDP does not get through, or is not wanted",
				text_of(server, "address"));
	else if (hws_str_equal(text_of(server, "state"), "registered"))
		hws_findings_add(list, "registration", HWS_FOUND_LOOK,
				"let UDP and TCP out to the server's port, and answers in: by the "
				"web viewers are met at the relay only",
				"at %s by the web (%s): neither UDP nor TCP gets through to its "
				"port, or they are not wanted",
				text_of(server, "address"), by);
	else
		hws_findings_add(list, "registration", HWS_FOUND_BAD,
				"what is found below about the network says more", "not at %s: %s",
				text_of(server, "address"),
				*text ? text : text_of(server, "state"));
	if (*text_of(server, "warning"))
		hws_findings_add(list, "registration", HWS_FOUND_LOOK, "", "at %s: %s",
				text_of(server, "address"), text_of(server, "warning"));
}

/* Each of a list; without any, that there is none. */
static void judge_servers(const json_t *a, json_t *list)
{
	const json_t *servers = json_object_get(a, "servers");
	json_t *one;
	size_t i;

	if (json_array_size(servers) == 0)
		judge_server(json_object_get(a, "server"), list);
	json_array_foreach (servers, i, one)
		judge_server(one, list);
}

static void judge_desktop(const json_t *desktop, json_t *list)
{
	json_int_t displays = json_integer_value(json_object_get(desktop, "displays"));

	if (is(desktop, "ready"))
		hws_findings_add(list, "desktop", HWS_FOUND_GOOD, "",
				"%s, %lld display(s); its agent answers",
				text_of(desktop, "backend"), (long long)displays);
	else
		hws_findings_add(list, "desktop", HWS_FOUND_BAD,
				"is somebody logged in there, on a desktop that this build knows? Files "
				"and terminals need none",
				"none can be shown: %s", text_of(desktop, "why"));
}

static bool has_line(const char *path, const char *want)
{
	char line[LINE];
	FILE *f = fopen(path, "re");
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\r\n")] = '\0';
		found = strcmp(line, want) == 0;
	}
	if (f)
		fclose(f);
	return found;
}

/* Rules can be read by root alone; that there is somebody who makes them can be seen. */
static const char *firewall(long long port, char ret_command[LINE])
{
	if (has_line("/etc/ufw/ufw.conf", "ENABLED=yes")) {
		snprintf(ret_command, LINE, "ufw allow %lld/tcp", port);
		return "ufw";
	}
	if (access("/run/firewalld.pid", F_OK) == 0) {
		snprintf(ret_command, LINE,
				"firewall-cmd --permanent --add-port=%lld/tcp && firewall-cmd "
				"--reload",
				port);
		return "firewalld";
	}
	return NULL;
}

static void judge_direct(const json_t *direct, json_t *list)
{
	json_int_t port = json_integer_value(json_object_get(direct, "port"));
	char command[LINE];
	const char *wall = firewall((long long)port, command);

	if (!is(direct, "listening") && is(direct, "wanted"))
		hws_findings_add(list, "direct", HWS_FOUND_BAD, "start the host again",
				"the settings want connections by address, but nothing listens");
	else if (!is(direct, "listening"))
		hws_findings_add(list, "direct", HWS_FOUND_GOOD, "",
				"connections by address are off");
	else if (wall)
		hws_findings_add(list, "direct", HWS_FOUND_LOOK,
				"let the port in, if that was not done",
				"port %lld takes connections by address; %s guards this machine "
				"(%s)",
				(long long)port, wall, command);
	else
		hws_findings_add(list, "direct", HWS_FOUND_GOOD, "",
				"port %lld takes connections by address", (long long)port);
}

static void judge_mapped(const json_t *mapped, json_t *list)
{
	const char *tcp = text_of(mapped, "address");

	if (!is(mapped, "on"))
		return; /* by the settings, or this build has none */
	if (hws_str_equal(text_of(mapped, "state"), "mapped"))
		hws_findings_add(list, "mapped port", HWS_FOUND_GOOD, "",
				"the router lets viewers in at %s%s (%s)", *tcp ? "" : "UDP ",
				*tcp ? tcp : text_of(mapped, "udp_address"), text_of(mapped, "by"));
	else if (hws_str_equal(text_of(mapped, "state"), "asking"))
		hws_findings_add(list, "mapped port", HWS_FOUND_LOOK, "look again in some seconds",
				"the router is being asked");
	else if (hws_str_equal(text_of(mapped, "state"), "idle"))
		hws_findings_add(list, "mapped port", HWS_FOUND_LOOK,
				"the registration comes first: the router is asked then",
				"the router is not asked: %s", text_of(mapped, "why"));
	else
		hws_findings_add(list, "mapped port", HWS_FOUND_LOOK,
				"switch on UPnP, NAT-PMP or PCP at the router, or set 'map-ports' to no",
				"the router has given none: %s", text_of(mapped, "why"));
}

static void judge_passwords(const json_t *a, json_t *list)
{
	if (!is(a, "temporary_password") &&
			!(is(a, "permanent_password") && is(a, "permanent_accepted")))
		hws_findings_add(list, "password", HWS_FOUND_LOOK, "hawser-host password set",
				"none opens this host: a person there has to let viewers in");
	if (*text_of(a, "restart_needed"))
		hws_findings_add(list, "settings", HWS_FOUND_LOOK, "start the host again",
				"what was changed is not in force yet: %s",
				text_of(a, "restart_needed"));
}

/* The servers of the host that runs: its command line may name others than the settings here. */
static void running_servers(const json_t *a, char *buf, size_t size)
{
	const json_t *servers = json_object_get(a, "servers"), *one;
	size_t i, len = 0;

	buf[0] = '\0';
	json_array_foreach (servers, i, one) {
		const char *key = text_of(one, "key");
		int n = snprintf(buf + len, size - len, "%s%s%s%s", i ? "," : "",
				text_of(one, "address"), *key ? "?key=" : "", key);

		if (n < 0 || (size_t)n >= size - len) {
			buf[len] = '\0';
			return;
		}
		len += (size_t)n;
	}
}

/* `servers`: "" when it does not run, or has none. */
static void judge_host(const struct hws_settings *s, char *servers, size_t size, json_t *list)
{
	struct hws_error err = { 0 };
	json_t *a = NULL;

	if (hws_call_ask(s, json_pack("{s:s}", "cmd", "status"), &a, &err) < 0) {
		hws_findings_add(list, "host", HWS_FOUND_BAD,
				"start it: hawser-host run, or its service", "%s", err.text);
		return;
	}
	judge_servers(a, list);
	judge_desktop(json_object_get(a, "desktop"), list);
	judge_direct(json_object_get(a, "direct"), list);
	judge_mapped(json_object_get(a, "mapped"), list);
	judge_passwords(a, list);
	running_servers(a, servers, size);
	json_decref(a);
}

/* --- the network ------------------------------------------------------------------------------ */

static int judge_network(const struct hws_settings *s, const char *servers, json_t *list,
		struct hws_error *err)
{
	struct hws_proxy proxy;
	const struct hws_doctor_conf conf = { .server = *servers ? servers : s->server,
		.key = *servers ? "" : s->key,
		.proxy = &proxy };
	json_t *found = NULL;
	int r;

	if (!*conf.server)
		return HWS_OK; /* said already */
	r = hws_proxy_set(s->proxy_url, s->proxy_user, s->proxy_password_secret, &proxy);
	if (r < 0)
		hws_error_set(err, r, "'proxy-url' is not usable");
	else
		r = hws_doctor_run(&conf, &found, err);
	hws_wipe(&proxy, sizeof(proxy));
	if (r == HWS_OK)
		json_array_extend(list, found);
	json_decref(found);
	return r;
}

int hws_cmd_doctor(int argc, char **argv, void *ctx HWS_UNUSED)
{
	struct hws_call c;
	struct hws_error err = { 0 };
	bool as_json = hws_call_flag(&argc, argv, "--json");
	char servers[HWS_SERVERS_TEXT] = "";
	json_t *list;
	int status = hws_call_begin(&c, argc, argv, 0, 0);

	if (status != HWS_CALL_OK)
		return status;
	hws_doctor_hurry();
	list = json_array();
	judge_host(&c.s, servers, sizeof(servers), list);
	if (judge_network(&c.s, servers, list, &err) < 0)
		status = hws_call_fail(&err);
	else if (!hws_findings_well(list))
		status = HWS_CALL_FAILED;
	if (as_json) {
		json_t *o = json_pack("{s:s,s:O}", "server", *servers ? servers : c.s.server,
				"checks", list);

		json_dumpf(o, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		putchar('\n');
		json_decref(o);
	} else {
		hws_findings_print(stdout, list);
	}
	json_decref(list);
	hws_call_end(&c);
	return status;
}
