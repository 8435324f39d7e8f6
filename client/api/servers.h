/* api/servers: at which rendezvous servers a session looks for its host, and what is remembered of
 * the host by any of them. In a list of servers an ID is one host: what was remembered of it by one
 * counts by all, so that none of them can bring forth another host by the same ID. */
#pragma once
#include "client/core/known_peers.h"
#include "client/core/target.h"
#include "client/reach/server_list.h"
#include "hawser/hawser.h"

struct api_session_loop;
struct hws_viewer_config;

/* What the target names, else what was given for this session, else the settings, each with its
 * key. The context's lock is held. An error has been told. */
int api_servers_choose(hawser_context *ctx, const struct hws_target *t,
		const struct hawser_link_config *c, struct hws_server_list *ret) HWS_MUST_CHECK;
/* Takes them; e->server becomes the one by which the host was known last, else the first. The
 * context's lock is not held. */
int api_servers_set(
		struct api_session_loop *e, const struct hws_server_list *servers) HWS_MUST_CHECK;
/* The order in which they are to be asked: e->server first. */
void api_servers_order(const struct api_session_loop *e, struct hws_server_list *ret);
/* The host was found by this one (NULL: by none), at that place by its SRV records ("": none). */
void api_servers_found(struct api_session_loop *e, const struct hws_server_entry *server,
		const char *place);
/* What is remembered of the host; NULL: nothing. The context's lock is held. */
const struct hws_known_peer *api_servers_peer(const struct api_session_loop *e);
/* `k` has been kept: what was remembered by another server of the list is the same host, and is
 * remembered once. The lock is held; `old` is a copy of what was known before. */
int api_servers_forget_moved(struct api_session_loop *e, const struct hws_known_peer *old,
		const struct hws_known_peer *k) HWS_MUST_CHECK;
/* Whether the setting names this server, perhaps among others. */
bool api_servers_setting_has(const struct hws_viewer_config *v, const char *server);
