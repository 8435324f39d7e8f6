/* admin/data/alarms: names are what the API and the database say, and are never changed. */
#include "admin/data/alarms.h"
#include "shared/base/str.h"

static const char *const names[DAT_ALARMS] = {
	[DAT_ALARM_BRUTE_FORCE] = "brute_force",
	[DAT_ALARM_NEW_DEVICE] = "new_device",
	[DAT_ALARM_RELAY_DOWN] = "relay_down",
	[DAT_ALARM_NODE_DOWN] = "node_down",
	[DAT_ALARM_CERTIFICATE] = "certificate",
	[DAT_ALARM_RECORDINGS] = "recordings",
};

const char *dat_alarm_name(enum dat_alarm_kind kind)
{
	return (unsigned)kind < DAT_ALARMS ? names[kind] : NULL;
}

int dat_alarm_parse(const char *name, enum dat_alarm_kind *ret)
{
	for (int i = 0; i < DAT_ALARMS; i++) {
		if (hws_str_equal(name, names[i])) {
			*ret = (enum dat_alarm_kind)i;
			return HWS_OK;
		}
	}
	return HWS_ERR_INVAL;
}
