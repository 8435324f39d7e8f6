/* host/visitor: hostd's view of one connection: the gate process that serves it, what it may ask, what is
 * known of it. Owner: hostd; ends by itself and tells it. */
#pragma once
#include "client/host/desktop.h"
#include "client/host/judge.h"
#include "client/host/link.h"
#include "client/host/settings.h"
#include "client/host/whoami.h"
#include "shared/base/list.h"
#include <sys/socket.h>

struct hws_visitor;

/* What all visitors share; borrowed from hostd, outlives them. */
struct hws_visitor_env {
	struct hws_loop *loop;
	const struct hws_settings *settings;
	struct hws_judge *judge;
	struct hws_whoami *whoami;
	struct hws_desktop *desktop;
	/* The gate has gone. `was_open`: it had been authorised. Called inside; the visitor is freed after. */
	void (*ended)(struct hws_visitor *v, bool was_open, void *arg);
	void *arg;
};

struct hws_visitor_conf {
	uint64_t conn;
	int fd; /* taken in any case */
	Agt__Transport transport;
	bool secure, direct, via_relay, local; /* of the last three at most one */
	struct sockaddr_storage from;          /* for limits and the white list */
	uint64_t control_permissions;          /* of the rendezvous server */
	struct hws_bytes leftover;
	const char *refuse; /* not NULL: send this and close */
};

struct hws_visitor {
	struct hws_list node; /* hostd's */
	const struct hws_visitor_env *env;
	struct hws_link *link;
	struct hws_timer joining; /* waits for the desktop */
	uint64_t join_until_us;
	pid_t pid;
	uint64_t conn, bytes_in, bytes_out, control_permissions;
	uint64_t since_us, since_wall_us; /* of the connection, then of the open session */
	struct sockaddr_storage from;
	bool direct, secure, encrypted, open, has_signed, final_end;
	bool shown;      /* the desktop was: what let it in is used up */
	const char *via; /* as hws_notice_via */
	char salt[HWS_SALT_TEXT], challenge[HWS_CHALLENGE_TEXT];
	char peer[HWS_ADDR_TEXT], state[16], kind[16], my_id[132], my_name[132], why[160];
	uint32_t rtt_ms, permissions;
};

int hws_visitor_new(const struct hws_visitor_env *env, const struct hws_visitor_conf *conf,
		struct hws_visitor **ret) HWS_MUST_CHECK;
/* Ends the gate; `ended` is called at once. */
void hws_visitor_close(struct hws_visitor *v, int why);
/* Asks the gate to say goodbye. */
void hws_visitor_kick(struct hws_visitor *v, const char *reason);
/* After a change of settings. */
void hws_visitor_set_permissions(struct hws_visitor *v);
void hws_visitor_free(struct hws_visitor *v);
