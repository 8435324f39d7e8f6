/* A small option table, made for the server that is asked for. */
#include "shared/daemon/server_socket.h"

#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/conf/option.h"
#include "shared/daemon/daemon.h"

#include <stdlib.h>
#include <unistd.h>

const struct hws_server_socket hws_rendezvous_control = { "hawser-rendezvous", "HAWSER_RENDEZVOUS_",
	"/etc/hawser/rendezvous.conf", "state-dir", "", "control", "control.sock" };
const struct hws_server_socket hws_relay_control = { "hawser-relay", "HAWSER_RELAY_",
	"/etc/hawser/relay.conf", "runtime-dir", "", "control", "control.sock" };
const struct hws_server_socket hws_api_control = { "hawser-api", "HAWSER_API_",
	"/etc/hawser/api.conf", "runtime-dir", "", "control", "control.sock" };

struct place {
	char *config, *socket, *folder;
	bool ready;
};

#define AT(field) offsetof(struct place, field)

static int path_of(const struct hws_server_socket *s, const struct place *p, char *buf, size_t size,
		struct hws_error *err)
{
	char dir[512];
	int r;

	if (*p->socket)
		r = hws_str_copy(buf, size, p->socket);
	else if (*p->folder)
		r = hws_fmt(buf, size, "%s/%s", p->folder, s->name);
	else {
		r = hws_daemon_runtime_path(s->program, dir, sizeof(dir), err);
		if (r < 0)
			return r;
		r = hws_fmt(buf, size, "%s/%s", dir, s->name);
	}
	return r < 0 ? hws_error_set(err, r, "the path of the control socket is too long") : r;
}

const char *hws_server_usual_file(const struct hws_server_socket *s)
{
	return getenv("STATE_DIRECTORY") || geteuid() == 0 ? s->file : NULL;
}

int hws_server_socket_find(const struct hws_server_socket *s, int argc, char **argv,
		bool *ret_ready, char *buf, size_t size, struct hws_error *err)
{
	const struct hws_option table[] = {
		{ "", "config", 'c', HWS_OPT_PATH, AT(config), "", .flags = HWS_OPT_FLAG_ONLY },
		{ s->section, s->option, 0, HWS_OPT_PATH, AT(socket), "" },
		{ "", s->folder, 0, HWS_OPT_PATH, AT(folder), "" },
		{ "", "ready", 0, HWS_OPT_BOOL, AT(ready), "no", .flags = HWS_OPT_FLAG_ONLY },
	};
	const struct hws_options o = { .program = s->program,
		.env_prefix = s->env_prefix,
		.table = table,
		.count = HWS_COUNT(table) - !ret_ready,
		.part = true };
	struct place p;
	int rest = argc, r;

	r = hws_options_load(&o, &p, hws_server_usual_file(s), argc, argv, &rest, err);
	if (r < 0)
		return r;
	r = rest < argc ? hws_error_set(err, HWS_ERR_INVAL, "unexpected argument '%s'; see --help",
					  argv[rest])
			: path_of(s, &p, buf, size, err);
	if (r == HWS_OK && ret_ready)
		*ret_ready = p.ready;
	hws_options_done(&o, &p);
	return r;
}
