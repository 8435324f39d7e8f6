/* How a server gives up its privileges; a file of its own, so that programs that do not are not
 * linked with what it takes. */
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/daemon/daemon.h"

int hws_daemon_confine(
		enum hws_sandbox_role role, const char *user, bool sandbox, struct hws_error *err)
{
	struct hws_error why = { 0 };
	int r = HWS_OK;

	if (*user)
		r = hws_sandbox_drop_to(user, err);
	if (r < 0 || !sandbox)
		return r;
	r = hws_sandbox_enter(role, &why);
	hws_mem_trim(); /* what reading settings and building the filter took */
	if (r == HWS_ERR_UNSUPPORTED)
		hws_warn("no_sandbox", HWS_STR("why", why.text));
	else if (r < 0)
		*err = why;
	return r == HWS_ERR_UNSUPPORTED ? HWS_OK : r;
}
