/* Not in arguments: those everybody on the machine may read. */
#include "client/host/agent_conf.h"
#include "shared/base/clock.h"
#include "shared/base/str.h"
#include <limits.h>
#include <string.h>

/* The folder of the configuration, where it is the host's alone; else "". */
static const char *config_dir(const struct hws_settings *s, char *buf, size_t size)
{
	const char *slash = strrchr(s->config, '/');

	if (!slash || hws_fmt(buf, size, "%.*s", (int)(slash - s->config), s->config) < 0)
		return "";
	slash = strrchr(buf, '/');
	return slash && hws_str_equal(slash, "/hawser") ? buf : "";
}

void hws_agent_conf_send(const struct hws_settings *s, struct hws_ipc *ipc)
{
	char folder[PATH_MAX];
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__AgentConf c = AGT__AGENT_CONF__INIT;

	c.files_roots = s->files_roots;
	c.files_access = (uint32_t)s->files_access;
	c.tunnel_targets = s->tunnel_targets;
	c.tunnel_listen = s->tunnel_listen;
	c.tunnel_streams = s->tunnel_streams;
	c.terminal_max = s->terminal_max;
	c.voice_call = (uint32_t)s->voice_call;
	c.voice_into_programs = s->voice_into;
	c.terminal_keep_ms = s->terminal_keep_us / HWS_US_PER_MS;
	c.clip_keep_in = !hws_settings_clip_from_host(s);
	c.clip_keep_out = !hws_settings_clip_to_host(s);
	c.no_exact = !s->exact_text;
	c.state_dir = s->state_dir;
	c.config_dir = (char *)(uintptr_t)config_dir(s, folder, sizeof(folder));
	c.record_incoming = s->record_incoming;
	c.recording_folder = s->recording_folder;
	c.recording_keep_s = s->recording_keep_us / HWS_US_PER_S;
	c.recording_max_bytes = s->recording_max_bytes;
	m.union_case = AGT__MESSAGE__UNION_AGENT_CONF;
	m.agent_conf = &c;
	int r = hws_ipc_send(ipc, &m, -1);
	if (r < 0)
		hws_ipc_close(ipc, r);
}
