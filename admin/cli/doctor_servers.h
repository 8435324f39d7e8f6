/* admin/doctor_servers: what only who asks all servers of this machine sees: whether they belong
 * together; and one verdict for what several of them speak of. */
#pragma once
#include <jansson.h>
#include <stdbool.h>

struct adm_servers {
	const json_t *rendezvous; /* its answer to the command doctor; NULL: it was not asked */
	bool relay;               /* the relay of this machine answers */
	char relay_socket[600];
};

/* Asks the relay of this machine by its control socket, if there is one, and compares its key with
 * that of the ID server. `rendezvous` is borrowed for as long as *ret is in use. */
void adm_servers_ask(const json_t *rendezvous, json_t *checks, struct adm_servers *ret);
/* Whether an API server's word on a relay (a row of its list) says nothing new: it repeats, some
 * seconds late, what a server of this machine has just said itself. */
bool adm_servers_told(const struct adm_servers *s, const json_t *row);
/* Accounts do not count, as the API server sees it, which knows whether it is asked: takes the
 * place of what was found before, unless that is worse. */
void adm_servers_unlinked(json_t *checks, const char *text);
