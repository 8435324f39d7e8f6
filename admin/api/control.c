/* What an operator may ask of the running program. */
#include "admin/api/server_parts.h"
#include "shared/base/macros.h"
#include "shared/daemon/health.h"

static json_t *of_rates(const struct htp_stats *st)
{
	json_t *o = json_object();

	for (int i = 0; i < HTP_RATES; i++) {
		json_int_t n = 0;

		for (unsigned k = 0; k < HWS_COUNT(st->requests[i]); k++)
			n += (json_int_t)st->requests[i][k];
		json_object_set_new(o, htp_rate_name((enum htp_rate)i), json_integer(n));
	}
	return o;
}

static json_t *of_refusals(const struct htp_stats *st)
{
	json_t *o = json_object();

	for (int i = 0; i < HTP_REFUSALS; i++)
		json_object_set_new(o, htp_refused_name((enum htp_refused)i),
				json_integer((json_int_t)st->refused[i]));
	return o;
}

static void cmd_stats(struct hws_control_reply *reply, const json_t *req HWS_UNUSED, void *arg)
{
	const struct adi_server *s = arg;
	const struct htp_stats *st = htp_server_stats(s->edge);

	hws_control_ok(reply,
			json_pack("{s:I,s:I,s:o,s:o,s:I,s:I}", "links", (json_int_t)st->links,
					"links_total", (json_int_t)st->links_total, "requests",
					of_rates(st), "refused", of_refusals(st), "running",
					(json_int_t)st->running[HTP_POOL_COMMON],
					"running_passwords",
					(json_int_t)st->running[HTP_POOL_HASH]));
}

static void cmd_config(struct hws_control_reply *reply, const json_t *req HWS_UNUSED, void *arg)
{
	const struct adi_server *s = arg;
	json_t *o = json_object();
	char value[1024];

	for (size_t i = 0; i < adi_options.count; i++)
		if (hws_options_get(&adi_options, s->conf, adi_options.table[i].name, value,
				    sizeof(value)) == HWS_OK)
			json_object_set_new(o, adi_options.table[i].name, json_string(value));
	hws_control_ok(reply,
			json_pack("{s:o,s:i,s:i}", "config", o, "port", s->port, "tls_port",
					s->tls_port));
}

static void cmd_health(struct hws_control_reply *reply, const json_t *req HWS_UNUSED, void *arg)
{
	const struct adi_server *s = arg;

	hws_health_answer(reply, NULL, true, !s->draining, s->draining ? "draining" : "");
}

static const struct hws_control_cmd commands[] = {
	{ "health", "Whether this server serves.", cmd_health },
	{ "stats", "Counters.", cmd_stats },
	{ "reload", "Reads the settings again.", hws_control_reload },
	{ "config", "Settings in force.", cmd_config },
	{ "log-level", "Sets the \"level\" of the log.", hws_control_log_level },
};

int adi_control_new(struct adi_server *s, struct hws_error *err)
{
	int r = hws_control_new(s->loop, s->control_path, commands, HWS_COUNT(commands), s,
			&s->control, err);

	if (r == HWS_OK)
		hws_control_set_program(s->control, "hawser-api");
	return r;
}
