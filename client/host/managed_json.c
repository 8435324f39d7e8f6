/* The strategy that is in force for 'hawser-host status' and programs: which settings are its, and
 * which it could not have. */
#include "client/host/managed_json.h"
#include "shared/base/str.h"

json_t *hws_managed_json(const struct hws_managed *m, const struct hws_settings *s)
{
	static const char *const modes[] = { [HWS_STRATEGIES_OFF] = "off",
		[HWS_STRATEGIES_NARROW] = "narrow",
		[HWS_STRATEGIES_ON] = "on" };
	bool off = s->strategies == HWS_STRATEGIES_OFF;
	json_t *names = json_array();

	for (unsigned i = 0; i < HWS_STRATEGY_ROWS; i++)
		if (m->over.own[i])
			json_array_append_new(names, json_string(hws_strategy_setting(i)));
	return json_pack("{s:s,s:I,s:o,s:s,s:s,s:s}", "mode", modes[s->strategies], "number",
			(json_int_t)hws_managed_number(m, s), "settings", names, "stays",
			m->over.stays, "others", off ? "" : m->now.others, "refused",
			off ? "" : hws_str_or_empty(m->refusal));
}
