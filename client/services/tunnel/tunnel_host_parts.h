/* tunnel/tunnel_host_parts: what the files of the connector's service share. Loop thread only. */
#pragma once
#include "client/services/host_service.h"
#include "client/services/tunnel/duct.h"
#include "client/services/tunnel/mux.h"
#include "client/services/tunnel/target_dial.h"
#include "client/services/tunnel/targets.h"
#include "shared/base/list.h"
#include "shared/net/addr.h"

#define HWS_TUNNEL_DIAL_US (10 * 1000000ull)    /* of a stream between hawser ends */
#define HWS_TUNNEL_RAW_DIAL_US (3 * 1000000ull) /* as deployed viewers expect it */
#define HWS_TUNNEL_IDLE_US (3600 * 1000000ull)
#define HWS_TUNNEL_STALL_US (120 * 1000000ull)
#define HWS_TUNNEL_UDP_IDLE_US (120 * 1000000ull)
/* A viewer is to say so long after a connection of a listener whether it wants it; that is longer
 * than it may take to connect its own target. */
#define HWS_TUNNEL_ANSWER_US (30 * 1000000ull)
#define HWS_TUNNEL_NAME 300u /* "HOST:PORT" */

#define HWS_TUNNEL_CODE(name) SES__TUNNEL_CODE__TUNNEL_CODE_##name

struct tunnel_raw;

struct tunnel_host {
	struct hws_host_service service;
	struct hws_host_env env;              /* a copy */
	struct hws_targets *targets, *listen; /* NULL: nothing is allowed */
	struct tunnel_session *session[HWS_HOST_VIEWERS_MAX];
};

/* One viewer: many streams, or, to deployed ones, one raw connection. */
struct tunnel_session {
	struct tunnel_host *h;
	struct hws_host_viewer *v; /* NULL: it is being forgotten */
	uint64_t conn;
	struct hws_mux *mux;    /* between hawser ends */
	struct tunnel_raw *raw; /* towards deployed viewers */
	struct hws_list conns, listeners;
};

/* tunnel_conn.c: one stream and what is behind it. */
extern uint64_t hws_tunnel_answer_us; /* HWS_TUNNEL_ANSWER_US; tests have less time */
void hws_tunnel_conn_open(struct tunnel_session *s, struct hws_mux_stream *stream,
		const struct hws_mux_target *t);
/* A connection that a listener took: it becomes a stream, should the viewer want it. Takes `fd`. */
void hws_tunnel_conn_accepted(struct tunnel_session *s, uint32_t listener, int fd,
		const struct sockaddr_storage *peer);
/* The callbacks of the mux about streams. */
void hws_tunnel_conn_set_callbacks(struct hws_mux_conf *c);
/* Ends those that the list allows no more. */
void hws_tunnel_conn_judge_again(struct tunnel_session *s);

/* tunnel_listen.c: where we listen for a viewer. */
void hws_tunnel_listen_set_callbacks(struct hws_mux_conf *c);
void hws_tunnel_listen_judge_again(struct tunnel_session *s);

/* tunnel_raw.c: the one connection of a deployed viewer. It answers by v->opened. */
void hws_tunnel_raw_open(struct tunnel_session *s, const Ses__PortForward *f);
void hws_tunnel_raw_close(struct tunnel_session *s);
void hws_tunnel_raw_judge_again(struct tunnel_session *s);

/* tunnel_host.c. For the log of events. */
void hws_tunnel_tell(struct tunnel_session *s, const char *what, const char *target,
		const char *second, uint64_t bytes, int result);
/* The same of a refusal, with the setting that it came from, if one has it. */
void hws_tunnel_tell_refused(struct tunnel_session *s, const char *target, Ses__TunnelCode code,
		const char *setting);
/* A sentence for a viewer whose target was not connected. */
const char *hws_tunnel_why(Ses__TunnelCode code, const char *target, char *buf, size_t size);
/* As the codes of the tree, for the log of events. */
int hws_tunnel_result(Ses__TunnelCode code);
