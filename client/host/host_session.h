/* host/host_session: hostd's view of one connection: the gate process that serves it, what it may
 * ask, what is known of it. Owner: hostd; ends by itself and tells it. */
#pragma once
#include "client/host/agents.h"
#include "client/host/child_log.h"
#include "client/host/ipc.h"
#include "client/host/ipc_caps.h"
#include "client/host/judge.h"
#include "client/host/leavers.h"
#include "client/host/os_guard.h"
#include "client/host/os_login.h"
#include "client/host/settings.h"
#include "client/host/whoami.h"
#include "client/reach/answer.h"
#include "client/services/video_cost.h"
#include "shared/base/bucket.h"
#include "shared/base/list.h"
#include "shared/crypto/transcript.h"
#include "shared/wire/leg_proof.h"
#include <sys/socket.h>

struct hws_host_session;

#define HWS_SEAT_TEXT 600u

/* What all sessions share; borrowed from hostd, outlives them. */
struct hws_host_session_env {
	struct hws_loop *loop;
	const struct hws_settings *settings;
	struct hws_judge *judge;
	struct hws_whoami *whoami;
	struct hws_agents *agents;
	/* The gate has gone. `was_open`: it had been authorised. Called inside; the session is
	 * freed after. */
	void (*ended)(struct hws_host_session *v, bool was_open, void *arg);
	/* The gate that was sent to a relay stands there or has failed, or is given up before.
	 * Once; called inside. */
	void (*joined)(uint64_t meeting, int r, void *arg);
	void *arg;
	struct hws_child_logs *logs;   /* NULL: nobody hears what gates say */
	struct hws_leavers *leavers;   /* NULL: the owner sees to gates that have to end */
	struct hws_launcher *launcher; /* NULL: no other accounts are served */
	/* For the audit log; may be NULL. `why` too. */
	void (*audit)(const struct hws_host_session *v, const char *event, const char *why,
			void *arg);
	struct hws_os_guard *guard; /* of passwords of accounts; NULL: nobody counts */
	/* Its login was right: NULL lets it in, else what it is told, in buf. May be NULL. */
	const char *(*seat)(struct hws_host_session *v, char *buf, size_t size, void *arg);
	/* Of legs (host/hostd_legs); may close the session. May be NULL. */
	void (*leg_asked)(struct hws_host_session *v, const Agt__LegRequest *q, void *arg);
	void (*leg_up)(struct hws_host_session *v, const Agt__LegUp *up, void *arg);
};

struct hws_host_session_conf {
	uint64_t conn;
	/* Where the viewer is: at the other end of this socket, which is taken in any case; or */
	int fd;
	const struct hws_answer_relay *relay; /* not NULL: there; `fd` means nothing */
	bool secure, direct, local;           /* of the last two at most one, and none at a relay */
	bool mapped;                          /* by the port that our router passes on */
	bool udp;                             /* `fd` is one of datagrams */
	bool told;                            /* `from` is a server's word, which nothing proves */
	struct sockaddr_storage from;         /* for limits and the white list */
	uint64_t request;                     /* as hws_answered.request */
	uint64_t control_permissions;         /* of the rendezvous server */
	const char *ref;                      /* of the same, for what is reported; or NULL */
	const char *refuse;                   /* not NULL: send this static text and close */
};

struct hws_host_session {
	struct hws_list node; /* hostd's */
	const struct hws_host_session_env *env;
	struct hws_ipc *ipc;
	struct hws_timer joining;      /* waits for its agent */
	struct hws_os_login *os_login; /* the account's password is being checked; or NULL */
	char account[HWS_ACCOUNT_MAX]; /* that it wants; "": the one that is served */
	struct hws_timer deadline;     /* by then its gate has gone on, whatever it says */
	uint64_t login_timeout_us;
	uint64_t join_until_us;
	uint64_t meeting;        /* 0: there is none */
	struct hws_timer errand; /* the gate is on its way to the relay */
	bool leg_told, begun;    /* how that went; the gate has what it needs to serve */
	const char *refuse;
	pid_t pid;      /* of the gate; 0: it has been waited for */
	bool leaving;   /* it was told to end, or said that it does */
	bool refused;   /* hostd has judged for good */
	unsigned wrong; /* logins that did not open it */
	uint64_t conn, bytes_in, bytes_out, control_permissions;
	char ref[HWS_ANSWERED_REF];       /* by which the API server knows the viewer's account */
	uint64_t came_us;                 /* hostd was asked for it then */
	uint64_t since_us, since_wall_us; /* of the connection, then of the open session */
	struct sockaddr_storage from;
	uint64_t request; /* the viewer's, of which this is one way; 0: not known */
	bool udp;
	bool direct, local, told, secure, open, has_signed, final_end;
	uint8_t word[HWS_DIGEST_LEN]; /* of what was signed for it */
	unsigned level;               /* as its gate says: a number of hws_secure_level, or any */
	bool spoke;                   /* it asked to be let in */
	bool shown;                   /* it was served: what let it in is used up */
	const char *via;              /* as hws_notice_via */
	char salt[HWS_SALT_TEXT], challenge[HWS_CHALLENGE_TEXT];
	const char *state; /* as its gate says, or "starting" */
	char peer[HWS_ADDR_TEXT], my_id[132], my_name[132], why[160];
	/* what it asked to be let in as, in the viewer's own words: what was let in stays */
	struct hws_host_session_login {
		char my_id[HWS_IPC_TEXT_MAX + 1], my_name[HWS_IPC_TEXT_MAX + 1];
		uint64_t session_id; /* its own word; stays for the links of one session */
		unsigned kind;
		bool seen, looks_on;
	} login;
	uint32_t rtt_ms, permissions;
	unsigned clip_shut;           /* as its gate was told */
	uint32_t local_on, local_off; /* as the person at the host said of it (HWS_NEED) */
	struct hws_video_cost cost;   /* as the desktop's agent says */
	bool by_v2;      /* it was let in by what can be proven over such a line only */
	bool has_viewer; /* it has proven this key */
	uint8_t viewer_pk[HWS_PK_LEN];
	struct hws_vault_offers offers_secret;
	struct {                                      /* session_leg.c */
		uint8_t session[HWS_LEG_SESSION_LEN]; /* for its viewer, once that is let in */
		/* of the legs `first` and on, as its gate says; count 0: there are none */
		uint8_t names[HWS_LEG_NAMES][HWS_LEG_NAME_LEN];
		uint32_t first;
		unsigned count;
		struct hws_bucket rate;
		const char *first_via;
		uint64_t of; /* it is no session, but one of this one's connections; 0: it is */
		bool up;     /* the session's gate says so */
		uint64_t on; /* a session's: the leg that it goes over; 0: its first connection */
	} leg;
	/* for a viewer of ours that is let in, until it is told */
	struct hws_host_session_welcome {
		bool has_confirm, has_ticket;
		uint8_t confirm[HWS_PAKE_CONFIRM_LEN];
		struct hws_resume_ticket ticket;
	} welcome_secret;
};

int hws_host_session_new(const struct hws_host_session_env *env,
		const struct hws_host_session_conf *conf,
		struct hws_host_session **ret) HWS_MUST_CHECK;
/* With conf->relay only: begins, once both are there. */
void hws_host_session_begin(struct hws_host_session *v);
/* Ends the gate; `ended` is called at once. */
void hws_host_session_close(struct hws_host_session *v, int why);
/* Asks the gate to say goodbye, and ends it should it not. The desktop is served no more. */
void hws_host_session_kick(struct hws_host_session *v, const char *reason);
/* Its viewer has come anew: it ends soon, unless it shows that it is still there. */
void hws_host_session_doubt(struct hws_host_session *v);
/* After a change of settings. */
void hws_host_session_set_permissions(struct hws_host_session *v);
/* The person at the host takes from it, or gives to it, until it ends. HWS_ERR_UNSUPPORTED: one
 * of them is for nothing that this host serves. */
int hws_host_session_permit(struct hws_host_session *v, uint32_t on, uint32_t off) HWS_MUST_CHECK;
/* From the agent: its viewer is served. */
void hws_host_session_shown(struct hws_host_session *v);
/* The fingerprint of its viewer's key, "" when it has proven none. */
const char *hws_host_session_viewer(
		const struct hws_host_session *v, char buf[HWS_FINGERPRINT_TEXT]);
void hws_host_session_free(struct hws_host_session *v);

/* --- for session_permit.c: takes `fd`. A gate that is gone ends the session: `v` may be freed. */
void hws_session_tell(struct hws_host_session *v, const Agt__Message *m, int fd);
/* --- session_permit.c, for host_session.c: what it may do as of now (HWS_NEED). */
uint32_t hws_session_permitted(const struct hws_host_session *v);
/* With its login: as of now, and its gate hears what it lost since the start. */
void hws_session_reduce(struct hws_host_session *v);
/* The ways that nothing copied may take (HWS_CLIP_*). */
unsigned hws_session_clip_shut(const struct hws_host_session *v);
/* --- for session_leg.c: by so much later the gate has gone on, and some. */
void hws_session_deadline(struct hws_host_session *v, uint64_t us);
/* --- session_leg.c. With the session; the rest for hostd_legs.c. */
void hws_session_leg_init(struct hws_host_session *v);
void hws_session_leg_names(struct hws_host_session *v, const Agt__LegNames *m);
/* The leg of that name becomes used, and all before it: its number, or 0. */
uint32_t hws_session_leg_use(struct hws_host_session *v, const uint8_t name[HWS_LEG_NAME_LEN]);
/* The same without use. */
uint32_t hws_session_leg_named(
		const struct hws_host_session *v, const uint8_t name[HWS_LEG_NAME_LEN]);
void hws_session_is_leg(struct hws_host_session *v, uint64_t conn);
void hws_session_leg_is_up(struct hws_host_session *v);
void hws_session_leg_over(struct hws_host_session *v);
void hws_session_leg_ends(struct hws_host_session *v);
/* --- for session_account.c: the end of a login that was found to be right. */
void hws_session_let_in(struct hws_host_session *v);
void hws_session_refuse(struct hws_host_session *v, const char *text);
/* --- session_account.c, for host_session.c: true: it asks for an account, and has a verdict when
 * that has been found to be its own. */
bool hws_session_ask_account(struct hws_host_session *v, const Agt__LoginCheck *check);
/* It goes before the answer: that was a guess like any other. */
void hws_session_forget_account(struct hws_host_session *v);

/* --- session_words.c, for host_session.c: what is said of a login, to the log and with the
 * verdict. */
const char *hws_session_result_name(Agt__LoginVerdict__Result r);
/* What no viewer is told, since it would tell a guesser that he guessed right. */
void hws_session_log_result(const struct hws_host_session *v, const struct hws_judge_result *res);
/* How it is protected; while nothing was agreed, that it has not begun. */
const char *hws_session_protection(const struct hws_host_session *v);
/* Why it is not served, as one sentence. Returns buf. */
char *hws_session_unserved_text(const struct hws_host_session *v, char *buf, size_t size, int why,
		const char *text);
/* What a viewer of ours gets when it is let in: kept until then; then part of the verdict, which
 * points into `w`. */
void hws_session_keep_welcome(struct hws_host_session *v, struct hws_judge_result *res);
void hws_session_fill_welcome(struct hws_host_session_welcome *w, Agt__LoginVerdict *verdict);
