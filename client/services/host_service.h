/* services/host_service: what the agent knows of a service of the controlled side: an object that
 * is made for each opened desktop, is told of viewers that come, change and go, and takes the
 * messages that are its own. The agent works with all of them at once, as a set, and knows none by
 * name. Which ones there are: services/registry. Loop thread only. */
#pragma once
#include "client/platform/notify.h"
#include "client/platform/platform.h"
#include "client/services/flow_answer.h"
#include "client/services/host_ask.h"
#include "client/services/host_viewer.h"
#include "client/services/video_cost.h"
#include "shared/loop/loop.h"
#include "shared/loop/work.h"
#include "shared/wire/session_table.h"

enum hws_files_access { HWS_FILES_READ_WRITE, HWS_FILES_READ_ONLY, HWS_FILES_WRITE_ONLY };

enum hws_voice_call { HWS_VOICE_OFF, HWS_VOICE_ASK, HWS_VOICE_AUTO };

/* What the owner of the host has set for services. Values change while they run: see `configure`.
 * Texts are the agent's and stay until then. */
struct hws_service_conf {
	/* Folders that files are read and written beneath, absolute, at least one; they stay as
	 * they are for the life of the agent. */
	const char *const *files_root;
	unsigned files_root_count;
	/* Folders of the host itself, which nobody gets whatever the roots are; may be NULL. As
	 * files_root for the life of the agent. */
	const char *files_shut[2];
	enum hws_files_access files_access;
	const char *tunnel_targets; /* what may be connected to; "" = nothing */
	const char *tunnel_listen;  /* where viewers may have us listen; "" = nowhere */
	unsigned tunnel_streams;    /* of one session at a time */
	unsigned terminal_max;      /* shells at a time */
	bool no_exact;              /* video alone, no exact patches beside it */
	/* Recordings of what viewers are sent; limits: 0 = none. */
	bool record_incoming;
	const char *recording_folder; /* absolute; "" = nowhere */
	uint64_t recording_keep_us, recording_max_bytes;
	uint64_t terminal_keep_us; /* how long one lives on without a viewer; 0 = not */
	enum hws_voice_call voice_call;
	bool voice_into_programs; /* they hear a caller as their microphone */
	/* What is copied here stays here; what viewers copy stays with them. Files included. */
	bool clip_keep_in, clip_keep_out;
};

/* What was done for a viewer, and the owner of the host may want to know. Borrowed. */
struct hws_audit_event {
	const char *what;              /* a token, "file.read": lower case, at most 31 characters */
	uint64_t conn;                 /* where there is no viewer any more */
	struct hws_bytes path, second; /* or target; as they are, of any bytes */
	uint64_t bytes;
	int result; /* HWS_OK, or why it did not happen */
};

/* What services share; the agent's, outlives them. */
struct hws_host_env {
	struct hws_loop *loop;
	struct hws_work *work; /* at least two threads */
	/* The opened desktop; each service takes its part of it. NULL in roles that need none; of
	 * cameras it has capture and sound alone. */
	struct hws_platform *platform;
	const struct hws_service_conf *conf; /* the agent's: never NULL in one */
	struct hws_notifier *notifier; /* NULL: the person at the desktop wants no notifications */
	/* What a viewer is sent changed its bitrate, or is told to it for the first time; may be
	 * NULL. */
	void (*on_bitrate)(struct hws_host_viewer *v, uint32_t kbit_s, void *arg);
	/* What its pictures cost, once a second while there are some; may be NULL. */
	void (*on_cost)(struct hws_host_viewer *v, const struct hws_video_cost *c, void *arg);
	/* See hws_host_audit; may be NULL. */
	void (*on_audit)(const struct hws_audit_event *e, void *arg);
	/* Starts hawser-mount with `fd` as its socket (the caller closes its own), as this agent's
	 * account and not confined as this agent is. It ends with the socket. NULL: it cannot. */
	int (*start_mount)(int fd, void *arg);
	/* Asks hostd for it, which decides; the answer is what happens. NULL: nobody is asked. */
	int (*ask_host)(struct hws_host_viewer *v, enum hws_host_ask what, struct hws_bytes data,
			void *arg);
	/* See hws_host_keep; may be NULL. */
	void (*on_keep)(unsigned count, void *arg);
	void *arg;
};

/* Into the audit log. `v` (may be NULL) is whom it was for, else e->conn. At any rate: of what is
 * too much the log has the number. */
void hws_host_audit(const struct hws_host_env *env, const struct hws_host_viewer *v,
		const struct hws_audit_event *e);
/* How many things (shells) of the service live on without a viewer: an agent in which there are
 * none ends a while after its last session. */
void hws_host_keep(const struct hws_host_env *env, unsigned count);

struct hws_host_service;

/* All from `update` on may be NULL: nothing of the kind concerns the service. */
struct hws_host_service_impl {
	enum hws_service_id id; /* whose rows of wire/session_table it serves */
	const char *name;       /* for logs and the control socket; lower case */
	/* HWS_KIND_BIT of the sessions that it takes part in: of others it never hears */
	unsigned kinds;
	unsigned opens; /* those that are about it: without it they are refused */
	int (*new)(const struct hws_host_env *env, struct hws_host_service **ret);
	void (*free)(struct hws_host_service *s);
	/* `v` is let in and stays valid until `leave`. Its options come by `option`, at once after
	 * this. */
	void (*join)(struct hws_host_service *s, struct hws_host_viewer *v);
	/* Its link has gone already: what is sent to it now is lost. */
	void (*leave)(struct hws_host_service *s, struct hws_host_viewer *v);
	/* Its permissions are others now. */
	void (*update)(struct hws_host_service *s, struct hws_host_viewer *v);
	/* What it wishes; of the login, then of each change. */
	void (*option)(struct hws_host_service *s, struct hws_host_viewer *v,
			const Ses__OptionMessage *o);
	/* A message of its rows; false: it does not serve this one, and the viewer is told so. `m`
	 * is borrowed; gate and agent have judged it by the table, with the permissions of now. */
	bool (*message)(struct hws_host_service *s, struct hws_host_viewer *v,
			const Ses__Message *m);
	/* What the gate measured on the line of this viewer. */
	void (*line)(struct hws_host_service *s, struct hws_host_viewer *v,
			const struct hws_flow_answer *a);
	/* The link of this viewer was congested in this class and has room again. */
	void (*drained)(struct hws_host_service *s, struct hws_host_viewer *v,
			enum hws_send_class cls);
	/* Adds to what a viewer reads of this host when it is let in. Texts and lists that it sets
	 * belong to the service, and stay as they are until something else is called. */
	void (*describe)(struct hws_host_service *s, Ses__PeerInfo *info);
	/* The person at the desktop has something to say to this viewer, by the control socket:
	 * `text` is UTF-8 of at most HWS_HOST_COMMAND_MAX bytes. On failure `err` says why. */
	int (*command)(struct hws_host_service *s, struct hws_host_viewer *v, const char *text,
			struct hws_error *err);
	/* The values of env->conf are others now, but for its roots. */
	void (*configure)(struct hws_host_service *s);
	/* Of the service that the session is about (`opens`), before its viewer is let
	 * in: it answers by v->opened. Should the viewer go before that, `leave` is called, and no
	 * answer is due. `login` is borrowed. */
	void (*open)(struct hws_host_service *s, struct hws_host_viewer *v,
			const Ses__LoginRequest *login);
	/* What keeps any viewer out now, in words for it; NULL: nothing. */
	const char *(*obstacle)(struct hws_host_service *s);
};

/* hostd passes it on in a message of its own small size. */
#define HWS_HOST_COMMAND_MAX 2000u
/* Places of notifications below this one are the agent's: one for each viewer. */
#define HWS_NOTIFY_SERVICES HWS_HOST_VIEWERS_MAX
/* Those of texts, then one for each viewer that records and one for the host's own recording. */
#define HWS_NOTIFY_TEXTS 8u
#define HWS_NOTIFY_RECORDING (HWS_NOTIFY_SERVICES + HWS_NOTIFY_TEXTS)
/* For who rings; those behind it are the agent's again, for viewers of other agents. */
#define HWS_NOTIFY_CALL 79u

/* Embedded first in each service. */
struct hws_host_service {
	const struct hws_host_service_impl *impl;
};

/* The services of this build, ended by NULL, in the order in which they are made, told and asked:
 * those of a desktop, and of the agents that need none. */
extern const struct hws_host_service_impl *const hws_host_registry[];
extern const struct hws_host_service_impl *const hws_host_files_registry[];
extern const struct hws_host_service_impl *const hws_host_terminal_registry[];
extern const struct hws_host_service_impl *const hws_host_tunnel_registry[];
extern const struct hws_host_service_impl *const hws_host_camera_registry[];

/* --- all services of one agent --------------------------------------------------------------- */

struct hws_host_set;

/* One of each of the list, all or none. HWS_ERR_EXISTS: two have the same id. */
int hws_host_set_new(const struct hws_host_service_impl *const *list,
		const struct hws_host_env *env, struct hws_host_set **ret) HWS_MUST_CHECK;
/* Takes NULL. Viewers that are still joined are forgotten. */
void hws_host_set_free(struct hws_host_set *set);
/* `o`: of the login, may be NULL. */
void hws_host_set_join(
		struct hws_host_set *set, struct hws_host_viewer *v, const Ses__OptionMessage *o);
void hws_host_set_leave(struct hws_host_set *set, struct hws_host_viewer *v);
void hws_host_set_update(struct hws_host_set *set, struct hws_host_viewer *v);
void hws_host_set_option(
		struct hws_host_set *set, struct hws_host_viewer *v, const Ses__OptionMessage *o);
/* Is there a service that such a session is about? */
bool hws_host_set_opens(const struct hws_host_set *set, enum hws_session_kind kind);
/* Asks the service that the session of `v` is about; v->opened has the answer, perhaps before this
 * returns. Where it has nothing to say that is: let it in. */
void hws_host_set_open(struct hws_host_set *set, struct hws_host_viewer *v,
		const Ses__LoginRequest *login);
/* It has gone before the answer. */
void hws_host_set_withdraw(struct hws_host_set *set, struct hws_host_viewer *v);
void hws_host_set_configure(struct hws_host_set *set);
/* False when no service serves it. */
bool hws_host_set_message(
		struct hws_host_set *set, struct hws_host_viewer *v, const Ses__Message *m);
void hws_host_set_line(struct hws_host_set *set, struct hws_host_viewer *v,
		const struct hws_flow_answer *a);
void hws_host_set_drained(
		struct hws_host_set *set, struct hws_host_viewer *v, enum hws_send_class cls);
/* What a viewer of this kind of session reads; it need not have joined yet. */
void hws_host_set_describe(
		struct hws_host_set *set, const struct hws_host_viewer *v, Ses__PeerInfo *info);
/* `service`: its name. HWS_ERR_NOTFOUND: there is none, not for this viewer, or it takes no
 * commands. */
int hws_host_set_command(struct hws_host_set *set, const char *service, struct hws_host_viewer *v,
		const char *text, struct hws_error *err) HWS_MUST_CHECK;
