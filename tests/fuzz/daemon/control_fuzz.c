/* One request line of the control socket. */
#include <stdlib.h>

#include "shared/base/str.h"
#include "shared/daemon/control_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
	if (!claim)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hws_error err = { 0 };
	const char *cmd = NULL;
	json_t *req = NULL;
	int r = hws_control_request_parse(hws_bytes(data, size), &req, &cmd, &err);

	if (r < 0) {
		must(!req && !cmd && err.text[0] && hws_utf8_valid(hws_bytes_str(err.text)));
		return 0;
	}
	must(json_is_object(req) && cmd && strlen(cmd) <= 64 && hws_utf8_valid(hws_bytes_str(cmd)));
	json_decref(req);
	return 0;
}
