/* One list of findings of all that there is: the rendezvous server by its control socket, the
 * API by HTTP, the ports of a host as somebody outside sees them. */
#include "admin/cli/doctor.h"
#include "admin/cli/doctor_servers.h"
#include "admin/cli/query.h"
#include "admin/cli/rest.h"
#include "admin/cli/targets.h"
#include "admin/cli/verbs.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include "shared/daemon/findings.h"
#include "shared/net/tls_expiry.h"
#include "shared/web/fetch.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLOCK_OFF_S 30
#define CERT_SOON_S (21 * 86400ll)
#define OLD_AWAY 3 /* of the words of old */

/* --- the API ---------------------------------------------------------------------------------- */

static void check_certificate(int64_t expires_s, json_t *checks)
{
	int64_t left = expires_s - (int64_t)(hws_wall_us() / HWS_US_PER_S);
	char until[32];

	hws_wall_text((uint64_t)expires_s * HWS_US_PER_S, until, sizeof(until));
	if (left < CERT_SOON_S)
		hws_findings_add(checks, "certificate", left < 0 ? HWS_FOUND_BAD : HWS_FOUND_LOOK,
				"renew it; hawser-api takes a new file with a reload",
				"ends on %.10s, in %lld days", until, (long long)(left / 86400));
	else
		hws_findings_add(checks, "certificate", HWS_FOUND_GOOD, "", "until %.10s", until);
}

static void check_clock(int64_t date_s, json_t *checks)
{
	int64_t off = date_s - (int64_t)(hws_wall_us() / HWS_US_PER_S);

	if (off > CLOCK_OFF_S || off < -CLOCK_OFF_S)
		hws_findings_add(checks, "clocks", HWS_FOUND_LOOK,
				"let NTP keep both right: one-time codes and tokens depend on time",
				"the server's clock is %lld s %s of this one",
				(long long)(off < 0 ? -off : off), off < 0 ? "behind" : "ahead");
	else
		hws_findings_add(checks, "clocks", HWS_FOUND_GOOD, "", "equal at both ends");
}

/* A question of its own: what the connection tells beside the answer is wanted. */
static void check_outside(struct adm_call *call, json_t *checks)
{
	const char *base = call->settings.server;
	struct hws_fetch_answer a;
	struct hws_error err = { 0 };
	char url[700];
	int len = (int)strlen(base), r;

	while (len && base[len - 1] == '/')
		len--;
	if (hws_fmt(url, sizeof(url), "%.*s/api/v1/health", len, base) < 0)
		return;
	const struct hws_fetch q = { .url = url,
		.ca_file = *call->settings.ca_file ? call->settings.ca_file : NULL,
		.proxy = *call->settings.proxy ? call->settings.proxy : NULL,
		.timeout_us = call->settings.timeout_us };

	r = hws_fetch(NULL, &q, &a, &err);
	if (r == HWS_ERR_CRYPTO)
		hws_findings_add(checks, "certificate", HWS_FOUND_BAD,
				"its name must be the one that is asked, and its authority known "
				"here: --ca-file",
				"%s", err.text);
	if (r < 0)
		return;
	if (a.cert_expires_s)
		check_certificate(a.cert_expires_s, checks);
	if (hws_str_starts(base, "http://"))
		hws_findings_add(checks, "TLS", HWS_FOUND_LOOK,
				"give hawser-api a certificate, or put a TLS proxy before it",
				"passwords and tokens cross the network as they are");
	if (a.date_s)
		check_clock(a.date_s, checks);
	hws_fetch_done(&a);
}

static void check_relays(struct adm_call *call, const struct adm_servers *here, json_t *checks)
{
	json_t *page = NULL, *row;
	size_t i;

	if (adm_rest_call(call, "GET", "/relays?limit=200", NULL, &page) == ADM_DONE) {
		json_array_foreach (json_object_get(page, "items"), i, row) {
			const char *name = adm_row_name(adm_thing_find("relay"), row);
			const char *problem = json_string_value(json_object_get(row, "problem"));
			const char *state = json_string_value(json_object_get(row, "state"));

			if ((state && strcmp(state, "off") == 0) || adm_servers_told(here, row))
				continue;
			if (json_is_true(json_object_get(row, "alive")))
				hws_findings_add(checks, "relay", HWS_FOUND_GOOD, "", "%s answers",
						name);
			else
				hws_findings_add(checks, "relay", HWS_FOUND_BAD,
						"start it, or take it out: hawser-admin relay off NAME",
						"%s does not answer: %s", name,
						problem && *problem ? problem : "no reason told");
		}
	}
	call->err.text[0] = 0; /* who may not see relays has no finding about them */
	json_decref(page);
}

/* What the API itself has to complain of: that nobody asks it, that a server is silent. */
static void check_problems(struct adm_call *call, json_t *checks)
{
	json_t *figures = NULL, *problem;
	size_t i;

	if (adm_rest_call(call, "GET", "/figures", NULL, &figures) == ADM_DONE) {
		const json_t *problems = json_object_get(figures, "problems");

		json_array_foreach (problems, i, problem) {
			const char *text = json_string_value(problem);

			/* the relays have findings of their own */
			if (!text || hws_str_starts(text, "The relay "))
				continue;
			if (strstr(text, "accounts and rules do not count"))
				adm_servers_unlinked(checks, text);
			else
				hws_findings_add(checks, "servers", HWS_FOUND_LOOK,
						"look into the log of hawser-api", "%s", text);
		}
		if (!json_array_size(problems))
			hws_findings_add(checks, "API and servers", HWS_FOUND_GOOD, "",
					"in touch with those that its settings name");
	}
	call->err.text[0] = 0;
	json_decref(figures);
}

static void check_audit(struct adm_call *call, json_t *checks)
{
	json_t *answer = NULL;

	if (adm_rest_call(call, "POST", "/audit/verify", NULL, &answer) == ADM_DONE) {
		const char *text = json_string_value(json_object_get(answer, "text"));

		if (json_is_true(json_object_get(answer, "ok")))
			hws_findings_add(checks, "audit", HWS_FOUND_GOOD, "", "the chain is whole");
		else
			hws_findings_add(checks, "audit", HWS_FOUND_BAD,
					"somebody changed the database: compare with a backup",
					"%s", text ? text : "the chain is broken");
	}
	call->err.text[0] = 0;
	json_decref(answer);
}

/* Of this machine's hawser-api: the file that its settings name. */
static void check_own_certificate(json_t *checks)
{
	const struct adm_query ask = { 0 };
	json_t *req = json_pack("{s:s}", "cmd", "config"), *answer = NULL;
	struct hws_error err = { 0 };
	const char *file;
	int64_t until = 0;
	int r = adm_query_ask(&ask, ADM_API_CONTROL, req, &answer, &err);

	file = json_string_value(json_object_get(json_object_get(answer, "config"), "tls-cert"));
	if (r == HWS_OK && file && *file) {
		r = hws_tls_expires(file, &until);
		if (r == HWS_OK)
			check_certificate(until, checks);
		else
			hws_findings_add(checks, "certificate", HWS_FOUND_LOOK,
					"look whether it is there, and a PEM file", "%s: %s", file,
					hws_err_text(r));
	}
	json_decref(req);
	json_decref(answer);
}

static int check_api(struct adm_call *call, const struct adm_servers *here, json_t *checks)
{
	int status;

	if (adm_settings_remote(&call->settings))
		check_outside(call, checks);
	else
		check_own_certificate(checks);
	status = adm_rest_call(call, "GET", "/health", NULL, NULL);
	if (status) {
		hws_findings_add(checks, "API", HWS_FOUND_BAD,
				"start hawser-api, open its port in the firewall; where it "
				"answers, look into its log: database, disk",
				"%s", call->err.text);
		call->err.text[0] = 0;
		return status;
	}
	/* with the database's answer in hand, or not at all */
	hws_findings_add(checks, "API", HWS_FOUND_GOOD, "", "%s answers", adm_rest_name(call));
	hws_findings_add(checks, "API database", HWS_FOUND_GOOD, "", "answers");
	check_problems(call, checks);
	check_relays(call, here, checks);
	check_audit(call, checks);
	return ADM_DONE;
}

/* --- all of it -------------------------------------------------------------------------------- */

/* The rendezvous server's own findings; *ret is its answer, with "checks". */
static int ask_rendezvous(struct adm_call *call, json_t **ret)
{
	const struct adm_query ask = { .socket = *call->settings.socket ? call->settings.socket
									: NULL };
	json_t *req = json_pack("{s:s}", "cmd", "doctor"), *answer = NULL;
	int r = adm_query_ask(&ask, ADM_RENDEZVOUS, req, &answer, &call->err);

	json_decref(req);
	if (r == HWS_OK && !json_is_true(json_object_get(answer, "ok"))) {
		const char *text = json_string_value(json_object_get(answer, "text"));

		r = hws_error_set(&call->err, HWS_ERR_DENIED, "%s",
				text ? text : "the server refused");
	}
	if (r == HWS_OK) {
		(void)adm_doctor_complete(answer);
		*ret = answer;
	} else {
		json_decref(answer);
	}
	return r;
}

static bool api_is_here(const struct adm_call *call)
{
	char path[600];
	struct hws_error err = { 0 };

	return !*call->settings.socket &&
			adm_server_socket(ADM_API, path, sizeof(path), &err) == HWS_OK &&
			access(path, F_OK) == 0;
}

static int show(const struct adm_call *call, json_t *answer)
{
	const json_t *checks = json_object_get(answer, "checks");

	if (call->json || call->look.format == ADM_FORMAT_JSON) {
		json_dumpf(answer, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
		putchar('\n');
	} else {
		adm_doctor_print(stdout, answer);
	}
	return hws_findings_well(checks) ? ADM_DONE : ADM_FAILED;
}

int adm_doctor(struct adm_call *call)
{
	const char *host = adm_value(call, "host");
	bool remote = adm_settings_remote(&call->settings);
	struct adm_servers here = { 0 };
	json_t *answer = NULL, *checks;
	int status, r = HWS_OK;

	if (!remote && !host) {
		r = ask_rendezvous(call, &answer);
		/* Where nothing else is, that is all there is to say. */
		if (r < 0 && !api_is_here(call)) {
			adm_complain(0, "%s%s", call->err.text,
					*call->settings.socket
							? ""
							: "; another one is named with --socket FILE");
			return strcmp(call->verb->noun, "doctor") == 0 ? OLD_AWAY : ADM_AWAY;
		}
	}
	if (!answer)
		answer = json_pack("{s:b,s:[]}", "ok", 1, "checks");
	checks = json_object_get(answer, "checks");
	if (r < 0)
		hws_findings_add(checks, "rendezvous", HWS_FOUND_BAD,
				"start hawser-rendezvous, or ask for it where it runs", "%s",
				call->err.text);
	call->err.text[0] = 0;
	if (host)
		adm_doctor_outside(checks, host);
	if (!remote && !host && !*call->settings.socket)
		adm_servers_ask(answer, checks, &here);
	if (remote || (!host && api_is_here(call)))
		(void)check_api(call, &here, checks);
	status = show(call, answer);
	json_decref(answer);
	return status;
}

/* --- the page of all -------------------------------------------------------------------------- */

int adm_status(struct adm_call *call)
{
	static const char *const servers[][2] = { { "rendezvous", NULL }, { "relay", "relay" },
		{ "api", "api" } };
	json_t *figures = NULL, *all = json_object();
	int status = ADM_AWAY;

	for (size_t i = 0; !adm_settings_remote(&call->settings) && i < HWS_COUNT(servers); i++) {
		const enum adm_server which = i == 0 ? ADM_RENDEZVOUS
				: i == 1             ? ADM_RELAY
						     : ADM_API_CONTROL;
		const struct adm_query ask = { 0 };
		json_t *req = json_pack("{s:s}", "cmd", "stats"), *answer = NULL;

		if (adm_query_ask(&ask, which, req, &answer, &call->err) == HWS_OK) {
			json_object_set_new(all, servers[i][0], json_string("answers"));
			status = ADM_DONE;
		} else {
			json_object_set_new(all, servers[i][0], json_string(call->err.text));
		}
		json_decref(req);
		json_decref(answer);
	}
	call->err.text[0] = 0;
	if (adm_settings_remote(&call->settings) || api_is_here(call)) {
		int r = adm_rest_call(call, "GET", "/figures", NULL, &figures);

		if (r == ADM_DONE)
			json_object_update(all, figures);
		if (r == ADM_DONE || status == ADM_AWAY)
			status = r;
	} else if (status == ADM_AWAY) {
		adm_complain(0, "no server of hawser answers on this machine");
	}
	adm_complain_of(call, status);
	if (json_object_size(all) && adm_show_one(call, all))
		status = ADM_FAILED;
	json_decref(figures);
	json_decref(all);
	return status;
}

/* Relays by the ports that users reach. */
int adm_relay_test(struct adm_call *call)
{
	json_t *rows = NULL, *row, *answer = json_pack("{s:b,s:[]}", "ok", 1, "checks");
	const json_t *checks = json_object_get(answer, "checks");
	char *all[] = { (char *)(uintptr_t) "*" };
	size_t i;
	int status = adm_targets_find(call, call->thing, call->all ? all : call->args,
			call->all ? 1 : call->n_args, "", true, &rows);

	json_array_foreach (rows, i, row) {
		const char *address = json_string_value(json_object_get(row, "address"));

		if (address)
			adm_doctor_relay((json_t *)(uintptr_t)checks,
					adm_row_name(call->thing, row), address);
	}
	if (status == ADM_DONE)
		status = show(call, answer);
	json_decref(rows);
	json_decref(answer);
	return status;
}
