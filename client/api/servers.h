/* api/servers: at which rendezvous servers a session looks for its host, and what is remembered of
 * the host by any of them. In a list of servers an ID is one host: what was remembered of it by one
 * counts by all, so that none of them can bring forth another host by the same ID. */
#pragma once
#include "client/core/target.h"
#include "client/include/hawser/hawser.h"
#include "client/reach/server_list.h"

struct hws_viewer_config;
struct hws_view_settings;

/* What the target names, else what was given for this session, else the settings, each with its
 * key. The context's lock is held. An error has been told. */
int api_servers_choose(hawser_context *ctx, const struct hws_target *t,
		const struct hawser_link_config *c, struct hws_server_list *ret) HWS_MUST_CHECK;
/* This server, or these, take precedence over those of the settings; of several keys of the
 * settings each keeps the one that is its own. */
int api_servers_override(struct hws_view_settings *s, const char *server,
		struct hws_error *err) HWS_MUST_CHECK;
/* "ID@SERVER" for people and for opening it again. A URL cannot stand there: by TCP, or where that
 * is not let through by the usual URL, it is the same server. */
int api_servers_name(const char *id, const char *server, char *buf, size_t size) HWS_MUST_CHECK;
/* Whether the setting names this server, perhaps among others. */
bool api_servers_setting_has(const struct hws_viewer_config *v, const char *server);
