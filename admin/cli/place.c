/* admin/place: a server that was told by its file or environment to put its sockets
 * elsewhere must be found there without being told again. Of its settings only those that say where
 * are read; what else the file holds is the server's to judge. */
#include "admin/cli/place.h"
#include "shared/base/macros.h"
#include "shared/base/str.h"
#include "shared/conf/option.h"
#include "shared/daemon/daemon.h"
#include <unistd.h>

struct place {
	char *config, *control, *folder;
};

#define AT(field) offsetof(struct place, field)
#define CONFIG                                                                                     \
	{                                                                                          \
		"", "config", 0, HWS_OPT_PATH, AT(config), "", .flags = HWS_OPT_FLAG_ONLY          \
	}
#define CONTROL                                                                                    \
	{                                                                                          \
		"", "control", 0, HWS_OPT_PATH, AT(control), ""                                    \
	}

static const struct hws_option rendezvous[] = { CONFIG, CONTROL,
	{ "", "state-dir", 0, HWS_OPT_PATH, AT(folder), "" } };
static const struct hws_option relay[] = { CONFIG, CONTROL,
	{ "", "runtime-dir", 0, HWS_OPT_PATH, AT(folder), "" } };

static const struct hws_option api[] = { CONFIG,
	{ "network", "admin-socket", 0, HWS_OPT_PATH, AT(control), "" },
	{ "", "runtime-dir", 0, HWS_OPT_PATH, AT(folder), "" } };
static const struct hws_option api_control[] = { CONFIG, CONTROL,
	{ "", "runtime-dir", 0, HWS_OPT_PATH, AT(folder), "" } };

#define API(rows)                                                                                  \
	{                                                                                          \
		.program = "hawser-api", .env_prefix = "HAWSER_API_", .table = (rows),             \
		.count = HWS_COUNT(rows), .part = true                                             \
	}

static const struct {
	struct hws_options options;
	const char *file; /* of the service */
	const char *name; /* of the socket in the folder */
} servers[] = {
	[ADM_RENDEZVOUS] = { { .program = "hawser-rendezvous",
					     .env_prefix = "HAWSER_RENDEZVOUS_",
					     .table = rendezvous,
					     .count = HWS_COUNT(rendezvous),
					     .part = true },
			"/etc/hawser/rendezvous.conf", "control.sock" },
	[ADM_RELAY] = { { .program = "hawser-relay",
					.env_prefix = "HAWSER_RELAY_",
					.table = relay,
					.count = HWS_COUNT(relay),
					.part = true },
			"/etc/hawser/relay.conf", "control.sock" },
	[ADM_API] = { API(api), "/etc/hawser/api.conf", "admin.sock" },
	[ADM_API_CONTROL] = { API(api_control), "/etc/hawser/api.conf", "control.sock" },
};

const char *adm_server_name(enum adm_server server)
{
	return servers[server].options.program;
}

int adm_server_socket(enum adm_server server, char *buf, size_t size, struct hws_error *err)
{
	const struct hws_options *o = &servers[server].options;
	char *argv[] = { (char *)(uintptr_t)o->program, NULL };
	char dir[512];
	struct place p;
	int rest, r;

	/* As the servers do: the file of the service is nothing to somebody who runs one of his
	 * own. */
	r = hws_options_load(
			o, &p, geteuid() == 0 ? servers[server].file : NULL, 1, argv, &rest, err);
	if (r < 0)
		return r;
	if (*p.control) {
		r = hws_str_copy(buf, size, p.control);
	} else if (*p.folder) {
		r = hws_fmt(buf, size, "%s/%s", p.folder, servers[server].name);
	} else {
		r = hws_daemon_runtime_path(o->program, dir, sizeof(dir), err);
		if (r == HWS_OK)
			r = hws_fmt(buf, size, "%s/%s", dir, servers[server].name);
	}
	hws_options_done(o, &p);
	if (r < 0 && !err->text[0])
		hws_error_set(err, r, "the path of the control socket is too long");
	return r;
}
