/* agent/agent_parts: what the files of the agent share; not for others. agent.c has the process and
 * its link to hostd, desktop.c the desktop and its services, work.c the services of roles that need
 * none and what the owner has set, viewer.c one viewer, audit.c what hostd hears of their doings.
 * None knows a service by name. */
#pragma once
#include "client/host/agent/agent.h"
#include "client/host/agent/role.h"
#include "client/host/audit_budget.h"
#include "client/host/ipc.h"
#include "client/host/notice.h"
#include "client/host/settings.h"
#include "client/services/host_service.h"
#include "shared/base/bucket.h"

struct hws_agent;

struct hws_agent_viewer { /* one viewer, by way of its gate */
	struct hws_agent *a;
	struct hws_ipc *ipc; /* NULL: it has gone */
	struct hws_host_viewer viewer;
	uint64_t conn, since_us;
	uint32_t granted;        /* by hostd */
	uint32_t disabled;       /* what the viewer does not want */
	char from[80];           /* as hostd knows it; escaped */
	bool secure;             /* hostd signed for it */
	bool open;               /* joined to the services */
	bool over;               /* as hostd says */
	struct hws_timer linger; /* then, until the link has ended */
	ProtobufCMessage *
			waiting; /* its Agt__Open, until an attempt to open the desktop has ended */
	ProtobufCMessage *login; /* while a service is asked: its ses.LoginRequest */
	bool by_v2;              /* as hostd says */
	struct hws_notice notice;
	struct hws_deferred gone;
};

#define HWS_AGENT_ROOTS_MAX HWS_ROOTS_MAX

/* What the owner has set, and the texts that it borrows. */
struct hws_agent_settings {
	struct hws_service_conf conf;
	const char *root[HWS_AGENT_ROOTS_MAX];
	char *owned_root[HWS_AGENT_ROOTS_MAX], *targets, *listen, *shut[2], *recordings;
};

/* Places for notices about those, behind all that services use. */
#define HWS_AGENT_OTHERS 32u
#define HWS_NOTIFY_OTHERS (HWS_NOTIFY_PLACES - HWS_AGENT_OTHERS)

struct hws_agent_other { /* a viewer that another agent serves */
	uint64_t conn;   /* 0: the place is free */
	uint64_t since_us;
	struct hws_notice notice;
};

struct hws_agent {
	const struct hws_agent_conf *conf;
	const struct hws_agent_role_row *row;
	struct hws_agent_settings settings;
	struct hws_audit_budget audit;           /* events that hostd takes, of each session */
	struct hws_bucket audit_all, audit_kept; /* and of all */
	uint64_t audit_lost;                     /* since the last that it took */
	unsigned displays_told;
	unsigned kept; /* as hws_host_keep */
	struct hws_agent_other other[HWS_AGENT_OTHERS];
	char user[256]; /* whose processes these are; for viewers */
	struct hws_loop *loop;
	struct hws_hw_use *hardware; /* NULL: the role codes no pictures */
	char hardware_text[400];
	struct hws_work *work;
	struct hws_ipc *hostd;
	struct event on_term, on_int;
	struct hws_platform *platform;        /* NULL while there is no desktop */
	struct hws_platform_opening *opening; /* the attempt under way, or NULL */
	struct hws_timer patience;            /* with it */
	struct hws_host_set *services;        /* of that desktop, if the role needs one */
	struct hws_notifier *notifier;        /* NULL: the person does not want it */
	struct hws_agent_viewer *viewer[HWS_HOST_VIEWERS_MAX];
	struct hws_timer retry;
	struct hws_deferred lost;
	struct hws_error err; /* why there is no desktop */
	bool told_failure;
	bool lasting; /* and it will not go away by itself */
	bool refused; /* by the person: the next start asks again */
};

/* --- desktop.c. Begins to open the desktop and its services unless they are open, tells hostd, and
 * tries again later by itself when there is none. `arg`: the agent; it is what a timer calls,
 * too. */
void hws_agent_open_desktop(void *arg);
void hws_agent_close_desktop(struct hws_agent *a);
/* The services of the role. */
int hws_agent_open_services(struct hws_agent *a) HWS_MUST_CHECK;
/* To hostd: whether it can serve. */
void hws_agent_tell_state(struct hws_agent *a);
/* The same, if there are more displays now, or fewer. */
void hws_agent_tell_displays(struct hws_agent *a);

/* --- work.c. What the owner has set, from hostd; with the first one a role without a desktop
 * begins. */
void hws_agent_configure(struct hws_agent *a, const Agt__AgentConf *m);
void hws_agent_settings_done(struct hws_agent *a);
/* For struct hws_host_env. */
int hws_agent_start_mount(int fd, void *arg);
void hws_agent_keep(unsigned count, void *arg);

/* --- audit.c */
void hws_agent_audit_init(struct hws_agent *a);
/* For struct hws_host_env. */
void hws_agent_audit(const struct hws_audit_event *e, void *arg);

int hws_agent_ask_host(struct hws_host_viewer *v, enum hws_host_ask what, struct hws_bytes data,
		void *arg);

/* --- others.c */
void hws_agent_notice(struct hws_agent *a, const Agt__AgentNotice *m);

/* --- viewer.c. Whoever waited for the desktop is let in or hears why not. */
void hws_agent_admit_waiting(struct hws_agent *a);
/* A gate's link comes, and with it what hostd says of its session; takes `fd`. */
void hws_agent_accept(struct hws_agent *a, const Agt__AgentLink *link, int fd);
/* hostd has changed its mind about a session. */
void hws_agent_control(struct hws_agent *a, const Agt__AgentControl *m);
/* Has the service say it to one viewer or to all, and tells hostd what came of it. */
void hws_agent_command(struct hws_agent *a, const Agt__ServiceCommand *q);
/* What is sent to a viewer changed its bitrate: for struct hws_host_env. */
void hws_agent_tell_bitrate(struct hws_host_viewer *v, uint32_t kbit_s, void *arg);
void hws_agent_tell_cost(struct hws_host_viewer *v, const struct hws_video_cost *cost, void *arg);
