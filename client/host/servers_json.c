/* The state of the servers for 'hawser-host status', the viewer's window and programs. */
#include "client/host/servers_json.h"

static json_t *one(const struct hws_online *o)
{
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:I}", "address", hws_online_server(o),
			"key", hws_online_key(o), "state", hws_online_state(o), "text",
			hws_online_text(o), "by", hws_online_transport(o), "warning",
			hws_online_warning(o), "proven", hws_online_proven(o), "dropped",
			(json_int_t)hws_online_dropped(o));
}

json_t *hws_servers_json(const struct hws_servers *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < hws_servers_count(s); i++)
		json_array_append_new(list, one(hws_servers_at(s, i)));
	return list;
}

json_t *hws_servers_best_json(const struct hws_servers *s)
{
	if (hws_servers_count(s) > 0)
		return one(hws_servers_best(s));
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:i}", "address", "", "key", "", "state",
			"none: direct connections only", "text", "", "by", "", "warning", "",
			"proven", 0, "dropped", 0);
}
