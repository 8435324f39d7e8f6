/* host/online: the host's presence at one rendezvous server: registers, and turns what the server
 * pushes into connected sockets, or into errands to relays. Owner: host/servers. */
#pragma once
#include "client/host/host_session.h"
#include "client/host/ports.h"
#include "client/host/settings.h"
#include "client/host/whoami.h"
#include "client/reach/registrar.h"
#include "client/reach/server_list.h"
#include "shared/loop/work.h"

struct hws_online;

struct hws_online_conf {
	const struct hws_settings *settings;   /* borrowed */
	const struct hws_server_entry *server; /* copied */
	const struct hws_whoami *whoami;       /* borrowed */
	struct hws_ports *ports;               /* borrowed; NULL: none is mapped */
	uint64_t meetings_from;                /* as hws_answer_conf */
	/* A viewer is connected, and conf->fd passes to the callee; or it waits at conf->relay:
	 * then the callee sends a gate there and tells by hws_online_joined, or returns an error
	 * and has told why. */
	int (*admit)(struct hws_host_session_conf *conf, void *arg);
	/* HWS_OK: who was sent to the relay begins; else it is not needed there any more. */
	void (*met)(uint64_t meeting, int r, void *arg);
	/* As hws_registrar_conf; `o` asks. */
	bool (*new_id)(struct hws_online *o, char *buf, size_t size, void *arg);
	void *arg;
};

int hws_online_new(struct hws_loop *loop, const struct hws_online_conf *conf,
		struct hws_online **ret, struct hws_error *err) HWS_MUST_CHECK;
void hws_online_free(struct hws_online *o);
/* As hws_answer_joined. Takes NULL. */
void hws_online_joined(struct hws_online *o, uint64_t meeting, int r);
/* The network is another one, or the machine has slept: registers at once. */
void hws_online_wake(struct hws_online *o);
/* As the settings name it. */
const char *hws_online_server(const struct hws_online *o);
/* Its public key as text; "" = none is known. */
const char *hws_online_key(const struct hws_online *o);
/* "registered", "connecting", "offline", "refused" with the server's words. */
const char *hws_online_state(const struct hws_online *o);
bool hws_online_registered(const struct hws_online *o);
/* "udp", "tcp", "ws", "wss"; "" when not registered. */
const char *hws_online_transport(const struct hws_online *o);
const char *hws_online_text(const struct hws_online *o);
/* Whether the server has proven itself, so that nothing else is obeyed. */
bool hws_online_proven(const struct hws_online *o);
/* So many words of the server, or of who speaks in its place, were dropped for that. */
uint64_t hws_online_dropped(const struct hws_online *o);
/* What is wrong although it is registered, for the operator; "" = nothing is known. */
const char *hws_online_warning(const struct hws_online *o);
