/* admin/place: where the sockets of the servers of this machine are. */
#pragma once
#include "shared/base/err.h"
#include <stddef.h>

/* ADM_API: the socket where its owner asks it by HTTP; ADM_API_CONTROL: its control socket. */
enum adm_server { ADM_RENDEZVOUS, ADM_RELAY, ADM_API, ADM_API_CONTROL };

/* The name of the program: "hawser-relay". */
const char *adm_server_name(enum adm_server server);
/* The path of its control socket, by the settings with which the server would be started on this
 * machine now: its environment, else its file, else the usual folder. Makes nothing. */
int adm_server_socket(enum adm_server server, char *buf, size_t size,
		struct hws_error *err) HWS_MUST_CHECK;
