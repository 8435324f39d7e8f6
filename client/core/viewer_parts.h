/* core/viewer_parts: what the files of the viewer's core share; not for others. viewer.c has the
 * states, the login and the answers of the user, viewer_message.c what the host says. */
#pragma once
#include "client/core/viewer.h"
#include "shared/wire/secure.h"

/* The one kind of session that a viewer asks for so far. */
#define HWS_VIEWER_KIND HWS_KIND_REMOTE

/* `s` is each service in turn that has this hook, while they are open. */
#define each_open_service(v, s, hook)                                                              \
	for (size_t i_ = 0; (v)->services_open && i_ < HWS_SERVICE_COUNT; i_++)                    \
		if (s = (v)->service[i_], s && s->impl->hook)

struct hws_viewer {
	struct hws_viewer_ops ops;
	void *arg;
	enum hws_viewer_state state;
	char my_id[HWS_PEER_TEXT], my_name[HWS_PEER_TEXT], my_platform[HWS_PEER_TEXT];
	char username[300];
	uint64_t session_id;
	struct hws_view_options options;
	struct hws_view_options told; /* what the host has been told of them on this link */
	bool allow_plain, plain_agreed, trusted, trust_asked;
	uint8_t hwid[HWS_HWID_LEN];
	struct hws_secure secure;
	bool has_secure, encrypted, local;
	uint8_t host_pk[HWS_PK_LEN];
	bool has_host_pk;
	struct hws_login login;
	struct hws_peer peer;
	bool denied[16]; /* by Ses__PermissionInfo__Permission */
	uint64_t ignored;
	struct hws_service *service[HWS_SERVICE_COUNT];
	bool services_open;
};

/* False, and nothing changes, when that state may not follow. */
bool hws_viewer_set_state(struct hws_viewer *v, enum hws_viewer_state state);
/* The link is of no use any more: tells the owner, once. */
void hws_viewer_end(struct hws_viewer *v, int err, const char *text, const char *peer_text);
/* READY: tells the host of the options what it does not know yet. */
void hws_viewer_tell_options(struct hws_viewer *v);
/* Logs in with what is known; asks the user when that is nothing. */
void hws_viewer_try_login(struct hws_viewer *v);
/* One message of the host, after the handshake. */
void hws_viewer_dispatch(struct hws_viewer *v, struct hws_bytes payload);
