/* api/tunnel: what a session loop of tunnels has besides: the view's events for the embedder, and
 * connections one by one towards hosts of the deployed scheme (tunnel_raw.c). Loop thread only. */
#pragma once
#include "client/api/session_loop.h"
#include "client/services/tunnel/tunnel_view.h"
#include <hawser/tunnel.h>

#define API_RAW_MAX 256u /* connections one by one */
#define API_RAW_SETUP_MAX 16u

struct api_raw;

struct api_tunnel {
	struct hws_list raws;
	unsigned raw_count, setup_count;
	struct api_raw *asking; /* whose login the embedder is asked about */
	struct hws_list dead;   /* to be freed at the end of the turn */
	struct hws_deferred sweep;
};

/* Of api/services.c. */
int api_tunnel_new(struct api_session_loop *e, const struct api_session_loop_conf *conf,
		struct hws_service **ret) HWS_MUST_CHECK;
/* ops.one_by_one of the viewer's core: the session stays, without a link. */
void api_tunnel_one_by_one(void *arg);
void api_tunnel_tell(struct api_session_loop *e, enum hawser_tunnel_event_type type,
		const struct hws_tunnel_told *t);

/* --- tunnel_raw.c */
void api_raw_open(const struct hws_tunnel_told *t, struct hws_stream *local, const char *host,
		uint16_t port, void *arg);
bool api_raw_room(void *arg);
void api_raw_end_all(struct api_session_loop *e, const char *text);
/* The viewer whose login is being asked about; that of the session where there is none. */
struct hws_viewer *api_raw_asked(struct api_session_loop *e);
/* What the embedder said, for later connections. */
void api_raw_password(struct api_session_loop *e, const char *password);
void api_raw_agreed(struct api_session_loop *e, bool agree);
