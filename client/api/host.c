/* What an embedder asks of the host program on this machine, over its control socket: blocking
 * calls on the caller's thread, since no session is needed for them. */
#include "client/api/handle.h"
#include "client/api/host_ask.h"
#include "shared/base/clock.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/daemon/control.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ASK_US (5 * HWS_US_PER_S)

/* Where a host's control socket may be: as told by the environment, of this user, of the
 * service. */
static int socket_path(char *buf, size_t size)
{
	static const char service[] = "/run/hawser-host/control.sock";
	static const struct {
		const char *env, *below; /* folder of the environment, and what follows in it */
	} places[] = {
		{ "HAWSER_HOST_CONTROL_SOCKET", "" },
		{ "HAWSER_HOST_STATE_DIR", "/control.sock" },
		{ "XDG_RUNTIME_DIR", "/hawser-host/control.sock" },
		{ "XDG_STATE_HOME", "/hawser-host/control.sock" },
		{ "HOME", "/.local/state/hawser-host/control.sock" },
	};

	char own[512] = ""; /* where this user's would be */

	for (size_t i = 0; i < HWS_COUNT(places); i++) {
		const char *dir = getenv(places[i].env);
		bool named = hws_str_starts(places[i].env, "HAWSER_");

		if (!dir || !*dir || (*dir != '/' && !named))
			continue;
		if (hws_fmt(buf, size, "%s%s", dir, places[i].below) < 0) {
			if (named)
				return HWS_ERR_TOOBIG;
			continue;
		}
		/* a host that is named is meant, also when it does not run */
		if (named || access(buf, F_OK) == 0)
			return HWS_OK;
		if (!*own)
			snprintf(own, sizeof(own), "%s", buf);
	}
	/* one that may not be looked at is there */
	bool is_service = !geteuid() || !*own || access(service, F_OK) == 0 || errno == EACCES;

	return hws_str_copy(buf, size, is_service ? service : own);
}

int api_host_ask(json_t *req, json_t **ret)
{
	struct hws_error err = { 0 };
	char path[512];
	json_t *answer = NULL;
	int r = socket_path(path, sizeof(path));

	if (r == HWS_OK)
		r = hws_control_call(path, req, ASK_US, &answer, &err);
	json_decref(req);
	if (r < 0) {
		/* Whatever the socket said, for the user it is this. */
		if (r == HWS_ERR_NOTFOUND || r == HWS_ERR_REFUSED)
			return api_fail(HAWSER_ERR_NOTFOUND,
					"no hawser-host is running on this machine (no answer at %s); start it "
					"with: hawser-host run; one of root's, or with folders of its "
					"own, is asked by its own command line: hawser-host status",
					path);
		return err.text[0] ? api_fail_err(&err)
				   : api_fail(r, "the host at %s did not answer: %s", path,
						     hws_err_text(r));
	}
	if (!json_is_true(json_object_get(answer, "ok"))) {
		const char *text = json_string_value(json_object_get(answer, "text"));
		r = api_fail(HAWSER_ERR_DENIED, "the host refused: %s",
				text ? text : "no reason given");
		json_decref(answer);
		return r;
	}
	*ret = answer;
	return HAWSER_OK;
}

/* Asks and gives one text member of the answer. */
static int ask_text(const char *cmd, const char *member, char *buf, size_t size)
{
	json_t *answer = NULL;
	int r = api_host_ask(json_pack("{s:s}", "cmd", cmd), &answer);
	const char *text;

	if (r < 0)
		return r;
	text = json_string_value(json_object_get(answer, member));
	r = text ? hws_str_copy(buf, size, text) : HWS_ERR_PROTO;
	if (r < 0)
		api_fail(r, "the host's answer was not understood; is it of another version?");
	json_decref(answer);
	return r;
}

int hawser_host_id(char *buf, size_t size)
{
	return ask_text("id", "id", buf, size);
}

int hawser_host_fingerprint(char *buf, size_t size)
{
	return ask_text("status", "fingerprint", buf, size);
}

/* Behind what stands there: "a.example, registered; b.example, offline". */
static int add_server(const json_t *server, char *buf, size_t size)
{
	const char *address = json_string_value(json_object_get(server, "address"));
	const char *state = json_string_value(json_object_get(server, "state"));
	size_t len = strlen(buf);

	if (!address || !state)
		return HWS_ERR_PROTO;
	if (!*address)
		return HWS_OK;
	return hws_fmt(buf + len, size - len, "%s%s, %s", len ? "; " : "", address, state);
}

int hawser_host_server(char *buf, size_t size)
{
	json_t *answer = NULL, *servers, *server;
	int r = api_host_ask(json_pack("{s:s}", "cmd", "status"), &answer);
	size_t i;

	if (r < 0)
		return r;
	r = hws_str_copy(buf, size, "");
	servers = json_object_get(answer, "servers");
	json_array_foreach (servers, i, server) {
		if (r == HWS_OK)
			r = add_server(server, buf, size);
	}
	if (r == HWS_OK && !json_is_array(servers)) /* a host of before */
		r = add_server(json_object_get(answer, "server"), buf, size);
	if (r == HWS_ERR_TOOBIG)
		api_fail(r, "the host's servers do not fit in %zu bytes", size);
	else if (r < 0)
		api_fail(r, "the host's answer was not understood; is it of another version?");
	json_decref(answer);
	return r;
}

int hawser_host_password(bool renew, char *buf, size_t size)
{
	return ask_text(renew ? "password-rotate" : "password", "password", buf, size);
}

int hawser_host_set_password(const char *password)
{
	json_t *answer = NULL;
	int r = api_host_ask(json_pack("{s:s, s:s}", "cmd", "password-set", "password",
					     password ? password : ""),
			&answer);

	json_decref(answer);
	return r;
}

int hawser_host_status(char **ret_json)
{
	json_t *answer = NULL;
	char *text;
	int r = api_host_ask(json_pack("{s:s}", "cmd", "status"), &answer);

	if (r < 0)
		return r;
	json_object_del(answer, "ok");
	text = json_dumps(answer, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	json_decref(answer);
	/* The caller frees what our own allocator made. */
	*ret_json = text ? hws_strdup(text) : NULL;
	free(text);
	return *ret_json ? HAWSER_OK : api_fail(HAWSER_ERR_NOMEM, "out of memory");
}

int api_host_expect(const char *id, const uint8_t number[16])
{
	json_t *answer = NULL;
	char hex[2 * 16 + 1];
	int r = hws_hex_encode(hws_bytes(number, 16), hex, sizeof(hex));

	if (r == HWS_OK)
		r = api_host_ask(json_pack("{s:s,s:s,s:s}", "cmd", "switch-expect", "id", id,
						 "number", hex),
				&answer);
	json_decref(answer);
	hws_wipe(hex, sizeof(hex));
	return r;
}
