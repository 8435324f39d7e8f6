/* The only part of the control socket that parses foreign bytes: apart from sockets, so that it
 * can be fuzzed. */
#include "shared/daemon/control_request.h"

#include "shared/base/str.h"

#define CMD_MAX 64u

int hws_control_request_parse(
		struct hws_bytes line, json_t **ret, const char **ret_cmd, struct hws_error *err)
{
	json_error_t why;
	json_t *req, *cmd;
	char safe[120];
	int r;

	if (line.len > HWS_CONTROL_LINE_MAX)
		return hws_error_set(err, HWS_ERR_TOOBIG, "the request is longer than %u bytes",
				HWS_CONTROL_LINE_MAX);
	req = json_loadb((const char *)line.ptr, line.len, JSON_REJECT_DUPLICATES, &why);
	if (!req) {
		hws_str_escape(safe, sizeof(safe), hws_bytes_str(why.text));
		return hws_error_set(err, HWS_ERR_PROTO, "the request is not valid JSON: %s", safe);
	}
	cmd = json_object_get(req, "cmd"); /* NULL for what is no object */
	if (json_is_string(cmd) && json_string_length(cmd) <= CMD_MAX) {
		*ret = req;
		*ret_cmd = json_string_value(cmd);
		return HWS_OK;
	}
	r = hws_error_set(err, HWS_ERR_PROTO,
			"the request must be a JSON object with a text member \"cmd\"");
	json_decref(req);
	return r;
}
