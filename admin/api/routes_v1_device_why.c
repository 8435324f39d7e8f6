/* Why the latest session to a device took the way it took, as the rendezvous server saw it. */
#include "admin/api/device_out.h"
#include "admin/api/fleet.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

/* A part of a list of words, "udp, ipv6". */
static bool names(const json_t *attempt, const char *key, const char *word)
{
	return strstr(text_of(attempt, key), word) != NULL;
}

static const struct {
	const char *outcome, *path;
} paths[] = {
	{ "direct-tcp", "direct" },
	{ "direct-udp", "direct" },
	{ "local", "lan" },
	{ "relay", "relay" },
	{ "relay-or-direct", "relay" },
	{ "relay-after-direct", "relay" },
};

static const char *path_of(const char *outcome)
{
	for (size_t i = 0; i < HWS_COUNT(paths); i++) {
		if (strcmp(outcome, paths[i].outcome) == 0)
			return paths[i].path;
	}
	return "none";
}

/* "2026-01-31T12:34:56.123456Z" in milliseconds; 0 = no time. */
static int64_t time_of(const char *text)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	return rest ? (int64_t)timegm(&tm) * 1000 : 0;
}

static void add_way(
		json_t *list, const char *way, const char *result, const char *reason, double ms)
{
	char cut[256];

	(void)snprintf(cut, sizeof(cut), "%s", reason);
	json_array_append_new(list,
			json_pack("{s:s,s:s,s:s,s:I}", "way", way, "result", result, "reason", cut,
					"ms", (json_int_t)HWS_MIN(ms, 600000.0)));
}

/* What the server knows: what was offered, and what the ends were told; of a way that both were
 * told of it does not see whether it came about, but for that the relay was asked for
 * afterwards. */
static json_t *tried(const json_t *a, const char *path)
{
	static const struct {
		const char *way, *word, *missing;
	} ways[] = {
		{ "lan", "local", "the two ends are in different networks" },
		{ "ipv6", "ipv6", "one of the ends has no IPv6 address" },
		{ "udp", "udp", "one of the ends offers no UDP" },
		{ "tcp", "tcp", "it was not proposed" },
	};
	bool after = strcmp(text_of(a, "outcome"), "relay-after-direct") == 0;
	double ms = json_number_value(json_object_get(a, "answer_ms"));
	const char *why = text_of(a, "why_relayed");
	json_t *list = json_array();

	for (size_t i = 0; i < HWS_COUNT(ways); i++) {
		bool told = names(a, "ways", ways[i].word);
		bool won = (strcmp(path, "lan") == 0 && strcmp(ways[i].way, "lan") == 0) ||
				(strcmp(path, "direct") == 0 && told &&
						strstr(text_of(a, "outcome"), ways[i].way));

		add_way(list, ways[i].way,
				won                     ? "ok"
						: !told ? "not_tried"
						: after ? "failed"
							: "late",
				won                     ? text_of(a, "text")
						: !told ? ways[i].missing
						: after ? "no connection came about"
							: "both ends were told to try it",
				won ? ms : 0);
	}
	if (strcmp(path, "relay") == 0)
		add_way(list, "relay", "ok", *why ? why : text_of(a, "relay"), ms);
	else
		add_way(list, "relay", "not_tried", "it was not needed", 0);
	return list;
}

static json_t *why_json(const char *id, const json_t *a)
{
	const char *path = path_of(text_of(a, "outcome"));
	const char *why = text_of(a, "why_relayed");
	char verdict[512];

	if (!a)
		return json_pack("{s:s,s:i,s:s,s:s,s:[]}", "device", id, "at", 0, "path", "none",
				"verdict",
				"Nobody has asked for this device since the ID server was started.",
				"tried");
	(void)snprintf(verdict, sizeof(verdict), "%s%s%s", text_of(a, "text"), *why ? ": " : "",
			why);
	return json_pack("{s:s,s:I,s:s,s:s,s:o}", "device", id, "at",
			(json_int_t)time_of(text_of(a, "at")), "path", path, "verdict", verdict,
			"tried", tried(a, path));
}

static int find(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		struct dat_device *d)
{
	struct sql_conn *c;
	int r;

	if (!adi_take(app, reply, &c))
		return HWS_ERR_STORE;
	r = dat_device_get(c, htp_param(q, "guid"), d);
	sql_give(c);
	if (r < 0)
		adi_v1_fail(reply, r, "device", NULL);
	return r;
}

static void why(struct htp_request *q, struct htp_reply *reply, struct adi_app *app)
{
	json_t *req, *answer = NULL;
	struct hws_error err = { 0 };
	struct dat_device d;
	int r;

	/* the connection is given back before the other server is asked */
	if (find(q, reply, app, &d) < 0)
		return;
	req = json_pack("{s:s,s:s,s:i}", "cmd", "why", "id", d.id, "limit", 1);
	r = req ? adi_fleet_call(app->fleet, ADI_RENDEZVOUS, req, &answer, &err) : HWS_ERR_NOMEM;
	json_decref(req);
	if (r == HWS_OK)
		htp_reply_json(reply,
				why_json(d.id,
						json_array_get(json_object_get(answer, "attempts"),
								0)));
	else if (r == HWS_ERR_NOTFOUND && adi_fleet_has(app->fleet, ADI_RENDEZVOUS))
		htp_reply_json(reply, why_json(d.id, NULL));
	else
		adi_v1_error(reply, ADI_AWAY, NULL, "The ID server cannot be asked: %s.", err.text);
	json_decref(answer);
}

static const struct adi_call calls[] = {
	{ "whyDevice", why, HTP_POOL_COMMON, 0 },
};
const struct adi_calls adi_v1_device_why = { calls, HWS_COUNT(calls) };
