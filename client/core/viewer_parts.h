/* core/viewer_parts: what the files of the viewer's core share; not for others. viewer.c has the
 * states and the handshake, viewer_trust.c which keys are taken, viewer_login.c the login and the
 * answers of the user, viewer_message.c what the host says, viewer_displays.c which displays are
 * shown. */
#pragma once
#include "client/core/viewer.h"
#include "shared/wire/leg_proof.h"

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
	struct hws_session_wish wish;
	struct hws_view_options options;
	struct hws_view_options told; /* what the host has been told of them on this link */
	bool allow_plain, agreed, trusted, trust_asked, require_v2;
	bool has_switch; /* as hws_viewer_conf.switch_number, not used yet */
	uint8_t switch_secret[16];
	uint8_t hwid[HWS_HWID_LEN];
	struct hws_secure secure;
	bool has_secure, local, by_address, pin_given, has_server_pk, legs, has_leg_session;
	bool stranger; /* met: as hws_viewer_met_stranger */
	uint8_t server_pk[HWS_PK_LEN];
	uint8_t leg_session[HWS_LEG_SESSION_LEN];
	enum hws_secure_level level, pinned_level;
	enum hws_secure_trust trust;
	char name[300]; /* of the host, for texts */
	uint8_t host_pk[HWS_PK_LEN];
	bool has_host_pk;
	struct hws_login login;
	struct hws_pake_job *job; /* on its way, of this link; not ours */
	unsigned stretched;       /* how often that was asked for, on this link */
	bool resuming;            /* a ticket was shown, and has no verdict yet */
	bool refused;             /* the host would not have the password, on this link */
	unsigned empties;         /* logins without a password that have no verdict yet */
	uint64_t now_us;          /* at the last tick */
	struct hws_peer peer;
	uint32_t beside; /* displays that are shown with the current one */
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
/* All displays or the current one alone, as the user wishes, now or once READY. */
void hws_viewer_choose_displays(struct hws_viewer *v, bool all);
/* READY: more than the one that the host begins with, perhaps. */
void hws_viewer_displays_begin(struct hws_viewer *v);
/* The list of displays is another one. */
void hws_viewer_on_peer_info(struct hws_viewer *v, const Ses__PeerInfo *info);
/* Packs a message and sends it on its channel. */
int hws_viewer_pack(struct hws_viewer *v, const Ses__Message *m) HWS_MUST_CHECK;
/* Of a new link: what was going on with the one before is over. */
void hws_viewer_login_begin(struct hws_viewer *v);
void hws_viewer_on_hash(struct hws_viewer *v, const Ses__Hash *hash);
void hws_viewer_on_login(struct hws_viewer *v, const Ses__LoginResponse *lr);
/* One message of the host, after the handshake. */
void hws_viewer_dispatch(struct hws_viewer *v, struct hws_bytes payload);
/* Logs in with what is known; asks the user when that is nothing. */
void hws_viewer_try_login(struct hws_viewer *v);

/* The least that a link must have: of what is remembered of the host, and wished. */
enum hws_secure_level hws_viewer_need(const struct hws_viewer *v);
/* For which reasons a link may be plain, if the user agrees: set of HWS_PLAIN_BIT. */
unsigned hws_viewer_plain_ok(const struct hws_viewer *v);
/* The handshake has failed, with what the host said last: ends with both fingerprints and the
 * remedy. */
void hws_viewer_unsecured(struct hws_viewer *v, struct hws_bytes frame);
/* The handshake is done: whether what came of it is taken. False: the link has ended. */
bool hws_viewer_secured(struct hws_viewer *v);
/* Before the login: true when the user is asked first whether this host is to be talked to. */
bool hws_viewer_doubts(struct hws_viewer *v);
