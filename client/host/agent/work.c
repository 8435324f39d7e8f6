/* An agent that needs no desktop: it begins when hostd has said what its owner has set, and first
 * gives up what its role does not need, for what it may reach follows from that. What changes later
 * the services hear; where files may be stays as it is, and hostd starts another agent instead. */
#include "client/host/agent/agent_parts.h"
#include "client/host/layers.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#define WORKERS 4u
#define JOBS_MAX 256u

struct root_case {
	struct hws_agent_settings *s;
	const char *home;
};

/* "~" and "~/..." are beneath the home of the account. */
static int take_root(const char *text, void *arg)
{
	const struct root_case *c = arg;
	struct hws_agent_settings *s = c->s;
	bool at_home = text[0] == '~' && (!text[1] || text[1] == '/');
	char path[2048];
	int r;

	if (s->conf.files_root_count == HWS_AGENT_ROOTS_MAX)
		return HWS_ERR_FULL;
	if (!at_home && text[0] != '/')
		return HWS_ERR_INVAL;
	if (at_home && (!c->home || c->home[0] != '/'))
		return HWS_ERR_NOTFOUND;
	r = hws_fmt(path, sizeof(path), "%s%s", at_home ? c->home : "", at_home ? text + 1 : text);
	if (r < 0)
		return r;
	char *copy = hws_strdup(path);
	if (!copy)
		return HWS_ERR_NOMEM;
	s->owned_root[s->conf.files_root_count] = copy;
	s->root[s->conf.files_root_count++] = copy;
	return HWS_OK;
}

static int take_roots(struct hws_agent *a, const char *text)
{
	const struct passwd *pw = getpwuid(getuid());
	struct root_case c = { &a->settings, pw && pw->pw_dir ? pw->pw_dir : NULL };
	int r = hws_str_each(*text ? text : "~", ':', take_root, &c);

	if (r == HWS_OK && !a->settings.conf.files_root_count)
		r = HWS_ERR_INVAL;
	return r;
}

static void take_text(char **field, const char **shown, const char *text)
{
	char *copy = hws_strdup(text);

	if (!copy) { /* what is missing allows nothing */
		*shown = "";
		return;
	}
	hws_free(*field);
	*field = copy;
	*shown = copy;
}

/* Without a home, or memory, nothing is recorded, and the log says so. */
static void take_recordings(struct hws_agent *a, const Agt__AgentConf *m)
{
	struct hws_service_conf *conf = &a->settings.conf;
	const char *text = *m->recording_folder ? m->recording_folder : "~/Videos/hawser";
	const struct passwd *pw = getpwuid(getuid());
	const char *home = pw && pw->pw_dir ? pw->pw_dir : "";
	char path[4096];
	int r = hws_fmt(path, sizeof(path), "%s%s", *text == '~' ? home : "",
			text + (*text == '~'));

	if (r < 0 || *path != '/') {
		hws_warn_limited("recording.no_folder", HWS_STR("folder", text));
		path[0] = 0;
	}
	take_text(&a->settings.recordings, &conf->recording_folder, path);
	conf->record_incoming = m->record_incoming;
	conf->recording_keep_us = m->recording_keep_s * HWS_US_PER_S;
	conf->recording_max_bytes = m->recording_max_bytes;
}

static int begin(struct hws_agent *a)
{
	int r;

	if (a->conf->sandbox && a->row->sandbox != HWS_SANDBOX_ROLES)
		hws_layers_enter_beneath((int)a->row->sandbox, a->settings.root,
				a->conf->role == HWS_AGENT_FILES ? a->settings.conf.files_root_count
								 : 0,
				"agent.no_sandbox");
	r = hws_work_new(WORKERS, JOBS_MAX, &a->work);
	return r < 0 ? r : hws_agent_open_services(a);
}

void hws_agent_configure(struct hws_agent *a, const Agt__AgentConf *m)
{
	struct hws_service_conf *conf = &a->settings.conf;
	int r = HWS_OK;

	take_text(&a->settings.targets, &conf->tunnel_targets, m->tunnel_targets);
	take_text(&a->settings.listen, &conf->tunnel_listen, m->tunnel_listen);
	conf->files_access = m->files_access <= HWS_FILES_WRITE_ONLY
			? (enum hws_files_access)m->files_access
			: HWS_FILES_READ_ONLY;
	conf->tunnel_streams = m->tunnel_streams;
	conf->terminal_max = m->terminal_max;
	conf->voice_call = m->voice_call <= HWS_VOICE_AUTO ? (enum hws_voice_call)m->voice_call
							   : HWS_VOICE_OFF;
	conf->voice_into_programs = m->voice_into_programs;
	conf->terminal_keep_us = m->terminal_keep_ms * HWS_US_PER_MS;
	conf->clip_keep_in = m->clip_keep_in;
	conf->clip_keep_out = m->clip_keep_out;
	conf->no_exact = m->no_exact;
	take_recordings(a, m);
	if (!conf->files_root_count) {
		r = take_roots(a, m->files_roots);
		take_text(&a->settings.shut[0], &conf->files_shut[0], m->state_dir);
		take_text(&a->settings.shut[1], &conf->files_shut[1], m->config_dir);
	}
	if (a->services)
		hws_host_set_configure(a->services);
	if (a->row->needs_desktop || a->services || a->work)
		return;
	/* only who serves files needs a place for them */
	if (r < 0 && a->conf->role == HWS_AGENT_FILES)
		hws_error_set(&a->err, r,
				"the account '%s' has no folder that files could be in: set "
				"'files-roots'",
				a->user);
	else if ((r = begin(a)) < 0)
		hws_error_set(&a->err, r, "the services cannot start: %s", hws_err_text(r));
	a->lasting = a->err.code != 0;
	if (a->err.code)
		hws_error_log("agent.not_ready", HWS_STR("why", a->err.text));
	hws_agent_tell_state(a);
}

void hws_agent_settings_done(struct hws_agent *a)
{
	for (unsigned i = 0; i < HWS_AGENT_ROOTS_MAX; i++)
		hws_free(a->settings.owned_root[i]);
	hws_free(a->settings.shut[0]);
	hws_free(a->settings.shut[1]);
	hws_free(a->settings.targets);
	hws_free(a->settings.listen);
	hws_free(a->settings.recordings);
}

void hws_agent_keep(unsigned count, void *arg)
{
	struct hws_agent *a = arg;

	if (a->kept == count)
		return;
	a->kept = count;
	if (a->services) /* not while they are made: what is told then has it */
		hws_agent_tell_state(a);
}

int hws_agent_start_mount(int fd, void *arg)
{
	struct hws_agent *a = arg;
	Agt__Message m = AGT__MESSAGE__INIT;
	Agt__MountStart start = AGT__MOUNT_START__INIT;
	int copy;

	if (!a->hostd)
		return HWS_ERR_CLOSED;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (copy < 0)
		return HWS_ERR_FULL;
	m.union_case = AGT__MESSAGE__UNION_MOUNT_START;
	m.mount_start = &start;
	return hws_ipc_send(a->hostd, &m, copy);
}
