/* Each server is well for itself, and yet no session comes about: the relay has the key of another
 * ID server. Only the public keys are compared, which the control sockets tell. */
#include "admin/cli/doctor_servers.h"
#include "admin/cli/query.h"
#include "shared/base/str.h"
#include "shared/daemon/findings.h"
#include "shared/net/addr.h"
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define RELAY_PORT 21117
#define ACCOUNTS "accounts"

static const char *text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text ? text : "";
}

/* --- the relay's key -------------------------------------------------------------------------- */

/* A relay of before tells no keys: nothing is said of what is not known. */
static void compare_keys(const char *key, const json_t *relay, json_t *checks)
{
	const json_t *keys = json_object_get(relay, "keys"), *one;
	const char *first = json_string_value(json_array_get(keys, 0));
	size_t i;

	if (!*key || !json_is_array(keys) || json_is_true(json_object_get(relay, "open")))
		return;
	json_array_foreach (keys, i, one) {
		const char *has = json_string_value(one);

		if (has && strcmp(has, key) == 0) {
			hws_findings_add(checks, "key of the relay", HWS_FOUND_GOOD, "",
					"that of the ID server");
			return;
		}
	}
	hws_findings_add(checks, "key of the relay", HWS_FOUND_BAD,
			"set key in relay.conf (or its key file) to what `hawser-rendezvous key` "
			"prints, and reload hawser-relay",
			"hawser-relay on this machine has %s, the ID server %s: whoever is sent to "
			"this relay is refused",
			first ? first : "another key", key);
}

void adm_servers_ask(const json_t *rendezvous, json_t *checks, struct adm_servers *ret)
{
	const struct adm_query ask = { 0 };
	json_t *req, *answer = NULL;
	struct hws_error err = { 0 };

	*ret = (struct adm_servers){ .rendezvous = rendezvous };
	if (adm_server_socket(ADM_RELAY, ret->relay_socket, sizeof(ret->relay_socket), &err) < 0 ||
			access(ret->relay_socket, F_OK) < 0)
		return;
	req = json_pack("{s:s}", "cmd", "config");
	if (req && adm_query_ask(&ask, ADM_RELAY, req, &answer, &err) == HWS_OK &&
			json_is_true(json_object_get(answer, "ok"))) {
		ret->relay = true;
		compare_keys(text_of(rendezvous, "key"), answer, checks);
	}
	json_decref(req);
	json_decref(answer);
}

/* --- one verdict ------------------------------------------------------------------------------ */

static bool same_address(const char *a, const char *b)
{
	char host[2][256];
	uint16_t port[2];

	return hws_host_port_split(a, RELAY_PORT, host[0], sizeof(host[0]), &port[0]) == HWS_OK &&
			hws_host_port_split(b, RELAY_PORT, host[1], sizeof(host[1]), &port[1]) ==
			HWS_OK &&
			port[0] == port[1] && strcasecmp(host[0], host[1]) == 0;
}

bool adm_servers_told(const struct adm_servers *s, const json_t *row)
{
	const json_t *relays = json_object_get(s->rendezvous, "relays"), *one;
	const char *control = text_of(row, "control");
	size_t i;

	if (*control) /* it is asked there by the API server, as we have done now */
		return s->relay && strcmp(control, s->relay_socket) == 0 &&
				!json_is_true(json_object_get(row, "alive"));
	json_array_foreach (relays, i, one) {
		if (same_address(text_of(one, "relay"), text_of(row, "address")))
			return true;
	}
	return false;
}

void adm_servers_unlinked(json_t *checks, const char *text)
{
	for (size_t i = json_array_size(checks); i-- > 0;) {
		const json_t *one = json_array_get(checks, i);

		if (strcmp(text_of(one, "what"), ACCOUNTS) != 0)
			continue;
		if (strcmp(text_of(one, "state"), HWS_FOUND_BAD) == 0)
			return;
		json_array_remove(checks, i);
	}
	hws_findings_add(checks, ACCOUNTS, HWS_FOUND_LOOK,
			"connect both as under \"Who may connect\" in docs/operate-api.md, and start "
			"hawser-rendezvous anew",
			"%s", text);
}
