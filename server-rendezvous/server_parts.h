/* rendezvous/server_parts: the inside of the server object, for server.c, sight.c and operate.c
 * only. */
#pragma once
#include "server-rendezvous/server.h"
#include "server-rendezvous/state/core.h"
#include "shared/daemon/control.h"
#include "shared/loop/work.h"

struct rdv_server {
	struct rdv_core core;
	struct hws_loop *loop;
	struct hws_work *work;
	struct rdv_store *store;
	struct hws_control *control;
	struct hws_metrics *metrics;
	struct hws_metrics_http *http;
	char state_dir[200], control_path[220];
	struct hws_timer sweep, retry, drain, room;
	uint64_t room_said_us; /* when the operator was last told that the firewall's table is full */
	bool loading, loaded;
	uint64_t load_began_us, load_count, load_refused, load_said_us;
	void (*drained)(void *arg);
	void *drained_arg;
	uint64_t drain_until_us;
};

/* Each back-end, or HWS_ERR_UNSUPPORTED with a sentence where the build has none. */
int rdv_server_open_sqlite(struct hws_loop *loop, const char *path, struct rdv_store **ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* `secret`: the address was given where it may hold a password. */
int rdv_server_open_postgres(struct hws_loop *loop, const char *conninfo, bool secret,
		unsigned pool, struct rdv_store **ret, struct hws_error *err) HWS_MUST_CHECK;
