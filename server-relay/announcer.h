/* relay/announcer: links to our rendezvous servers, which announce the pairs that were agreed
 * (shared/wire/ticket.h). Each server proves its key, the relay proves its own; links that end are
 * dialled again. Main loop only. */
#pragma once
#include "server-relay/server.h"
#include "shared/crypto/identity.h"

/* The relay's own identity: FILE of the settings, or relay_ed25519 in the state folder; made when
 * absent. */
int rly_announcer_identity(const struct rly_config *c, struct hws_identity *ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* Nothing to do when no announcers are configured. */
int rly_announcer_new(struct rly_server *s, struct hws_error *err) HWS_MUST_CHECK;
void rly_announcer_free(struct rly_server *s);
/* After privileges were given up. */
void rly_announcer_start(struct rly_server *s);
/* Whether `c` with `rules` could be taken by a reload; changes nothing. */
int rly_announcer_check(const struct rly_server *s, const struct rly_config *c,
		const struct rly_rules *rules, struct hws_error *err) HWS_MUST_CHECK;
/* New settings are in force: links to servers that are no longer named end, and what they announced
 * is void. */
int rly_announcer_reload(struct rly_server *s, struct hws_error *err) HWS_MUST_CHECK;
/* Tells all servers whether this relay takes new pairs. */
void rly_announcer_tell(struct rly_server *s);
