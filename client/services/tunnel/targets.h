/* tunnel/targets: what a host lets viewers connect to through it, and where it listens for them:
 * the lists of the settings tunnel-targets and tunnel-listen, and the judgement by them.
 *
 * A list holds rules, with commas or white space between them, each HOST:PORTS[/tcp|/udp]:
 *   HOST   a name (db.example.com), all names below one (*.example.com), an address or a network
 *          (192.0.2.7, 10.0.0.0/8, [2001:db8::]/32 as [2001:db8::/32]), "localhost", or "*"
 *   PORTS  a number, a range (8000-8010) or "*"
 * Without a word for it TCP is meant. An empty list allows nothing.
 *
 * A name is judged with each address that it turns out to have, as names say what their owners
 * want: that a name is on the list gives no loopback address, names below one give only addresses
 * that are public, and link-local, multicast, broadcast and unspecified addresses are given by
 * nothing. Pure; any thread. */
#pragma once
#include "proto/session.pb-c.h"
#include "shared/base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define HWS_TARGETS_MAX 256u /* rules */

struct hws_targets;

/* HWS_ERR_INVAL, HWS_ERR_FULL: `err` says which rule and what is wrong with it. */
int hws_targets_parse(
		const char *text, struct hws_targets **ret, struct hws_error *err) HWS_MUST_CHECK;
void hws_targets_free(struct hws_targets *t); /* takes NULL */
/* Could any address of this host be allowed? What has no chance is not even looked up. `host`:
 * a name or a literal without brackets. */
bool hws_targets_may_ask(
		const struct hws_targets *t, Ses__TunnelKind kind, const char *host, uint16_t port);
/* May `host` be connected at this address (with the port)? */
bool hws_targets_allow(const struct hws_targets *t, Ses__TunnelKind kind, const char *host,
		const struct sockaddr_storage *address);
/* May connections be taken at this address, which may be unspecified ("*" only)? Port 0, for any,
 * only where the rule has all ports. */
bool hws_targets_allow_listen(const struct hws_targets *t, const struct sockaddr_storage *address);
/* No list allows it. */
bool hws_targets_never(const struct sockaddr_storage *address);
/* "localhost", as this host means it without asking anybody; "" too. */
bool hws_targets_is_localhost(const char *host);
