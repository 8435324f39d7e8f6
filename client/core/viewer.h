/* core/viewer: the viewer's side of the session protocol as a state machine: end-to-end handshake,
 * login, permissions, keep-alive, dispatch of messages to services. Sans-IO: payloads of frames in,
 * payloads out through `ops`; no socket, no clock, no loop. One thread. */
#pragma once
#include "client/core/login.h"
#include "client/core/peer.h"
#include "client/core/service.h"
#include "client/core/session_wish.h"
#include "client/core/view_options.h"
#include "shared/base/bytes.h"
#include "shared/crypto/digest.h"
#include "shared/crypto/identity.h"
#include "shared/wire/secure.h"
#include "shared/wire/session_channel.h"

enum hws_viewer_state {
	HWS_VIEWER_IDLE,     /* no link */
	HWS_VIEWER_SECURING, /* the handshake runs */
	HWS_VIEWER_HASH,     /* waits for the host's challenge */
	HWS_VIEWER_DOUBT,    /* not encrypted, or a key of nobody knows whom: the user must agree */
	HWS_VIEWER_VERDICT,  /* a login was sent */
	HWS_VIEWER_ASKING,   /* the user, or a person at the host, must act */
	HWS_VIEWER_READY,
	HWS_VIEWER_ENDED /* of this link; hws_viewer_lost makes it IDLE */
};

struct hws_viewer;

/* All are called on the owner's thread; `arg` is that of the configuration. None may free the
 * viewer. `end` is the last call for a link; the owner closes it. */
struct hws_viewer_ops {
	/* Queues one payload as a frame. Errors come back by closing the link, but HWS_ERR_FULL for
	 * bulk: then nothing was queued and hws_viewer_drained is due. */
	int (*send)(enum hws_channel channel, struct hws_bytes payload, void *arg);
	/* From the next frame on both ways are records. Borrows. */
	void (*keyed)(const struct hws_secure_keys *keys, void *arg);
	/* Larger frames are legal from now on. */
	void (*frame_max)(size_t bytes, void *arg);
	void (*state)(enum hws_viewer_state state, void *arg);
	/* ASK, ASK_AGAIN, CODE, CODE_AGAIN, WAIT. */
	void (*ask)(enum hws_login_step step, bool can_trust, void *arg);
	/* Answered by hws_viewer_agree. */
	void (*ask_plain)(const char *why, void *arg);
	/* Encrypted, but nobody vouches for the key that the host, asked for by its ID, shows.
	 * `why` has its fingerprint. NULL: the link ends. */
	void (*ask_key)(const char *why, void *arg);
	void (*ready)(void *arg);
	/* Displays, their geometry or the current one are others now. */
	void (*displays)(void *arg);
	void (*permission)(int permission, bool enabled, void *arg);
	void (*box)(const char *kind, const char *title, const char *text, const char *link,
			void *arg);
	void (*delay)(uint32_t rtt_ms, uint32_t target_kbit, void *arg);
	/* err: enum hws_err; `text`: whole sentence; `peer_text`: the host's words or NULL. */
	void (*end)(int err, const char *text, const char *peer_text, void *arg);
	/* Has the link room for what this service sends? NULL: always. Once it said no,
	 * hws_viewer_drained is due. */
	bool (*can_send)(enum hws_service_id id, void *arg);
	/* Runs hws_pake_job_run(job) on another thread and gives it back by hws_viewer_stretched;
	 * without the viewer it is freed. On failure the job is not taken. NULL: it is run at
	 * once. */
	int (*stretch)(struct hws_pake_job *job, void *arg);
	/* The key of this viewer's installation, for hosts of v2 that ask for known viewers; wiped
	 * after use. NULL, or false: such hosts are not told. */
	bool (*identity)(struct hws_identity *ret_secret, void *arg);
	/* FORWARD without a target, and the host speaks no v2: there is no session in which
	 * connections share a link. Nothing was sent yet; the link is of no more use. NULL: such
	 * a link ends. */
	void (*one_by_one)(void *arg);
	/* Both ends can move the session to other connections: from the next byte on, both ways,
	 * there are legs (hws_legs_begin, now). `key_secret`: 32 bytes, for net/leg_join. NULL:
	 * this session stays where it is. */
	void (*legs)(const uint8_t *key_secret, void *arg);
	/* Read no more from the link, or go on. NULL: cannot be. */
	void (*hold)(bool hold, void *arg);
};

struct hws_viewer_conf {
	const struct hws_viewer_ops *ops;
	void *arg;
	const char *my_id, *my_name, *my_platform; /* copied */
	uint64_t session_id;                       /* not 0; the same for all links of a session */
	struct hws_view_options options;
	bool allow_plain;
	bool require_v2; /* nothing less */
	bool legs;       /* hosts are told that this session can move: ops.legs */
	/* 16 bytes that let in, once, after a switch of sides; copied. NULL: none. */
	const uint8_t *switch_number;
	uint8_t hwid[HWS_HWID_LEN];   /* of this machine, told only on "trust this device" */
	bool trusted;                 /* the host has been told before */
	struct hws_session_wish wish; /* copied; all zero: the desktop */
};

int hws_viewer_new(const struct hws_viewer_conf *conf, struct hws_viewer **ret) HWS_MUST_CHECK;
/* One of the same user, for another link to the same host with a wish of its own: what `v` knows
 * for the login it knows, too. */
int hws_viewer_sibling(const struct hws_viewer *v, const struct hws_viewer_ops *ops, void *arg,
		const struct hws_session_wish *wish, struct hws_viewer **ret) HWS_MUST_CHECK;
void hws_viewer_free(struct hws_viewer *v); /* takes NULL */
/* The user has agreed, once for all, to links without encryption and to keys that nobody vouches
 * for. */
void hws_viewer_allow_plain(struct hws_viewer *v);
/* It gets the messages of its rows, opened and closed with each login. It keeps belonging to the
 * caller and must outlive the viewer. One of each id. */
void hws_viewer_serve(struct hws_viewer *v, struct hws_service *s);
/* Passwords and remembered secrets are set here. */
struct hws_login *hws_viewer_login(struct hws_viewer *v);

struct hws_viewer_link {
	const char *username;       /* LoginRequest.username */
	const char *name;           /* of the host, as the user wrote it, for texts */
	bool local;                 /* the bytes do not leave this machine: plain is as good */
	const char *id;             /* the host's; "": reached by address, it may have any */
	struct hws_bytes statement; /* of the rendezvous server, may be empty */
	const uint8_t *server_pk;   /* 32 bytes or NULL */
	const uint8_t *pinned_pk;   /* 32 bytes or NULL */
	/* What the host is known to speak: from v2 on it is taken for no less. */
	enum hws_secure_level pinned_level;
	/* `pinned_pk` is not remembered, but what the user says: the host must have it, whatever
	 * the server says. */
	bool pin_given;
};
/* A new link stands. IDLE only. HWS_ERR_INVAL: unusable names. */
int hws_viewer_start(struct hws_viewer *v, const struct hws_viewer_link *link) HWS_MUST_CHECK;
/* One frame of the host. Nothing a host sends is an error here: what must end the link comes by
 * `end`. */
void hws_viewer_frame(struct hws_viewer *v, struct hws_bytes payload);
/* The link has gone: closes the services. Harmless when IDLE. */
void hws_viewer_lost(struct hws_viewer *v);
/* A second has passed. */
void hws_viewer_tick(struct hws_viewer *v, uint64_t now_us);
/* How long this state may last, 0 = for ever. */
uint64_t hws_viewer_limit_us(const struct hws_viewer *v);

/* Takes a job back that ops.stretch got; `r` is its result. */
void hws_viewer_stretched(struct hws_viewer *v, struct hws_pake_job *job, int r);

/* Answers. HWS_ERR_DENIED when nobody asked; but a password is kept for the next question then,
 * unless the viewer is READY: an answer may come while the link is lost, or while another one is
 * judged. */
int hws_viewer_password(struct hws_viewer *v, const char *password) HWS_MUST_CHECK;
int hws_viewer_code(struct hws_viewer *v, const char *code, bool trust) HWS_MUST_CHECK;
int hws_viewer_agree(struct hws_viewer *v, bool agree) HWS_MUST_CHECK;

/* Sends any message. HWS_ERR_DENIED unless READY. */
int hws_viewer_send(struct hws_viewer *v, const Ses__Message *m) HWS_MUST_CHECK;
/* The same already packed, in two parts. HWS_ERR_TOOBIG: more than the channel takes at once;
 * HWS_ERR_FULL: nothing was sent and hws_viewer_drained is due. */
int hws_viewer_send_packed(struct hws_viewer *v, enum hws_channel channel, struct hws_bytes head,
		struct hws_bytes rest) HWS_MUST_CHECK;
int hws_viewer_send_misc(struct hws_viewer *v, Ses__Misc *misc) HWS_MUST_CHECK;
/* What comes is more than its service can take: nothing is read until it goes on. TCP then holds
 * the host back; keep it short, as the link is dead for that time. */
void hws_viewer_hold(struct hws_viewer *v, bool hold);
/* Says goodbye (close_reason ""); the owner flushes and closes the link. */
void hws_viewer_leave(struct hws_viewer *v);
/* Sends what changed when READY; kept for later links in any state. */
void hws_viewer_set_options(struct hws_viewer *v, const struct hws_view_options *o);
const struct hws_view_options *hws_viewer_options(const struct hws_viewer *v);
/* Shows display i: subscribes to it alone and asks for a new picture. HWS_ERR_RANGE. */
int hws_viewer_show(struct hws_viewer *v, size_t display) HWS_MUST_CHECK;
/* Shows all that the host has, also those that come. HWS_ERR_UNSUPPORTED: an old host. */
int hws_viewer_show_all(struct hws_viewer *v) HWS_MUST_CHECK;
/* These (bits) beside the current one, each in turn asked for a new picture; for this login, found
 * again when the list changes. Of all of them none is beside. HWS_ERR_UNSUPPORTED: an old host. */
int hws_viewer_show_beside(struct hws_viewer *v, uint32_t displays) HWS_MUST_CHECK;
/* A complete new picture; display < 0: of all. */
int hws_viewer_refresh(struct hws_viewer *v, int display) HWS_MUST_CHECK;
/* Wishes of a display: another size; a virtual one (`number`; -1, off: all) that comes or goes; the
 * host's own monitors dark. What becomes of them, the host tells; of sizes by its list. */
int hws_viewer_resize(struct hws_viewer *v, size_t display, int width, int height) HWS_MUST_CHECK;
int hws_viewer_plug(struct hws_viewer *v, int number, bool on) HWS_MUST_CHECK;
int hws_viewer_darken(struct hws_viewer *v, bool on) HWS_MUST_CHECK;

/* TERMINAL: of which kept shells the next link's login speaks; NULL: of new ones. */
int hws_viewer_set_service_id(struct hws_viewer *v, const char *id) HWS_MUST_CHECK;

enum hws_viewer_state hws_viewer_state(const struct hws_viewer *v);
enum hws_session_kind hws_viewer_kind(const struct hws_viewer *v);
const struct hws_peer *hws_viewer_peer(const struct hws_viewer *v);
bool hws_viewer_encrypted(const struct hws_viewer *v);
/* Of this link, once the handshake is over; PLAIN before. */
enum hws_secure_level hws_viewer_level(const struct hws_viewer *v);
enum hws_secure_trust hws_viewer_trust(const struct hws_viewer *v);
/* Ed25519 key of the host, by hws_viewer_trust; NULL if unknown. */
const uint8_t *hws_viewer_host_pk(const struct hws_viewer *v);
/* Ended because the host itself showed a key or ID that is not the right one: who answered on this
 * way may be somebody else, and the right host be met on another. */
bool hws_viewer_met_stranger(const struct hws_viewer *v);
/* READY, and the session can move: 16 bytes that name it at the host, for net/leg_join. Else
 * NULL. */
const uint8_t *hws_viewer_leg_session(const struct hws_viewer *v);
/* READY: whether the key may be remembered as that of the host. Not at first contact when it would
 * not confirm a password that the user gave. */
bool hws_viewer_may_pin(const struct hws_viewer *v);
/* Ses__PermissionInfo__Permission; what the host never mentioned is permitted. */
bool hws_viewer_permitted(const struct hws_viewer *v, int permission);
/* READY, permitted by the host and wanted by the user: the service may send, and gets what is its
 * own. */
bool hws_viewer_may(const struct hws_viewer *v, const struct hws_service *s);
/* The same, and the link has room: what can wait, or be left out, is better held back until
 * `drained`. */
bool hws_viewer_can_send(const struct hws_viewer *v, const struct hws_service *s);
/* The link has room again. */
void hws_viewer_drained(struct hws_viewer *v);
/* Messages of kinds that are not known or not legal now. */
uint64_t hws_viewer_ignored(const struct hws_viewer *v);
/* The token of a state for logs and tests. */
const char *hws_viewer_state_name(enum hws_viewer_state state);
