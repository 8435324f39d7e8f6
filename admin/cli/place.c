/* admin/place: which socket of which server. */
#include "admin/cli/place.h"
#include "shared/daemon/server_socket.h"
#include <stdint.h>

static const struct hws_server_socket api_admin = { "hawser-api", "HAWSER_API_",
	"/etc/hawser/api.conf", "runtime-dir", "network", "admin-socket", "admin.sock" };

static const struct hws_server_socket *const servers[] = {
	[ADM_RENDEZVOUS] = &hws_rendezvous_control,
	[ADM_RELAY] = &hws_relay_control,
	[ADM_API] = &api_admin,
	[ADM_API_CONTROL] = &hws_api_control,
};

const char *adm_server_name(enum adm_server server)
{
	return servers[server]->program;
}

int adm_server_socket(enum adm_server server, char *buf, size_t size, struct hws_error *err)
{
	const struct hws_server_socket *s = servers[server];
	char *argv[] = { (char *)(uintptr_t)s->program, NULL };

	return hws_server_socket_find(s, 1, argv, NULL, buf, size, err);
}
