/* What every server answers on its control socket in the same way. */
#include "shared/base/log.h"
#include "shared/base/macros.h"
#include "shared/daemon/control.h"
#include <signal.h>
#include <unistd.h>

void hws_control_reload(
		struct hws_control_reply *reply, const json_t *req HWS_UNUSED, void *arg HWS_UNUSED)
{
	hws_control_ok(reply, NULL);
	(void)kill(getpid(), SIGHUP);
}

void hws_control_log_level(struct hws_control_reply *reply, const json_t *req, void *arg HWS_UNUSED)
{
	const char *text = json_string_value(json_object_get(req, "level"));
	enum hws_log_level level;

	if (!text || hws_log_level_parse(text, &level) < 0) {
		hws_control_fail(
				reply, HWS_ERR_INVAL, "levels are error, warn, info, debug, trace");
		return;
	}
	hws_log_set_level(level);
	hws_control_ok(reply, NULL);
}
