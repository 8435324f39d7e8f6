/* api/session_loop: a session on the context's thread: connects, keeps the link, feeds the viewer's
 * core and its services, retries, records. Loop thread only, but for api_session_loop_new and
 * api_session_loop_context. */
#pragma once
#include "client/api/handle.h"
#include "client/core/quality_wish.h"
#include "client/core/retry.h"
#include "client/core/target.h"
#include "client/core/viewer.h"
#include "client/reach/reach.h"
#include "client/reach/server_list.h"
#include "client/services/recording/recorder.h"
#include "shared/net/conn.h"
#include "shared/net/net_watch.h"
#include "shared/net/proxy_client.h"

struct api_tunnel;
struct api_way;
/* A link on which nothing comes for so long is lost. */
#define API_IDLE_US (30 * 1000000ull)

struct api_files;
struct api_sound;

struct api_session_loop {
	struct hws_list node; /* of the context */
	hawser_context *ctx;
	hawser_session *s; /* one reference */
	struct hws_target target;
	struct hws_server_list servers; /* where IDs are looked up */
	/* the one by which the host was found, or is known; else the first of them */
	char server[300], key[HWS_KEY_TEXT_MAX + 1];
	char place[HWS_SERVER_ADDR_TEXT]; /* where it was by SRV records; "" = there were none */
	struct hws_proxy proxy;
	bool force_relay, keep_path, no_retry, closing, rdp;
	bool has_accepted; /* the user says which key the host has */
	uint8_t accepted_pk[HWS_PK_LEN];

	/* the process that decodes what the host sends; for kinds without pictures started when
	 * something packed comes */
	struct hws_confined *decoder;
	struct hws_viewer *viewer;
	struct hws_service
			*service[HWS_SERVICE_COUNT]; /* by enum hws_service_id; NULL: none of it */
	struct api_files *files;                     /* api/files.c; NULL: another kind */
	struct api_sound *sound;                     /* api/sound.c; NULL: another kind */
	bool move_held; /* the last move, while the link is congested */
	bool has_id; /* the ID that we gave is one to be reached by; set before the thread begins */
	size_t held_display;
	int held_x, held_y;

	struct api_way *way;       /* that is being looked for, or was found */
	struct api_tunnel *tunnel; /* of sessions of tunnels */
	struct hws_error rejected; /* why a way was not good enough; code 0: none was rejected */
	struct hws_conn *conn;
	struct api_paths *paths; /* of `conn`; NULL: it stays on its way */
	const char *path;        /* "direct", ... */
	bool relayed;
	struct hws_timer limit, tick, retry_timer;
	struct hws_deferred ending;
	bool ended; /* an end is on its way to `finish` */
	void (*rested)(void *arg);
	int end_err;
	char end_text[1000], end_peer_text[200];
	bool end_local; /* the user wanted it */
	struct hws_retry retry;

	bool remember;                  /* keep the login secret when it turns out right */
	struct api_stretch *stretching; /* api/stretch.c */
	struct hws_timer filler;        /* api/filler.c */
	uint64_t fill_until_us;
	uint64_t started_us, first_frame_us, second_us;
	double fps;
	uint64_t frames_before, bytes_in, bytes_out; /* of earlier links */
	uint32_t rtt_ms, target_kbit;
	uint64_t rtt_us; /* when the host told it */
	struct hws_quality_wish wish;
	uint64_t wish_bytes; /* of the link, at the last tick */
	uint32_t silent_s;   /* as told to the embedder; 0 = the host answers */

	struct hws_recorder *recorder; /* NULL: nothing is recorded */
	bool record_ending;            /* it writes what is left */
	bool record_again;             /* and the settings want the next one then */
	bool record_heard;             /* sound has come since it began */
	struct api_record_wish {
		char *path; /* NULL: none, or it ends with the link */
		bool folder;
		int display;
	} record_wish; /* what the embedder began, and has not ended */
	uint32_t shot; /* the number of the last picture that was asked for */
	bool shot_due; /* and it has not come */
};

struct api_session_loop_conf {
	const struct hws_target *target;
	struct hws_server_list servers;
	const char *password;
	const unsigned char *switch_number; /* as hawser_session_config */
	const uint8_t *accepted_pk; /* the key that the host has, as the user says; or NULL */
	const char *own_id;
	struct hws_proxy proxy;
	bool force_relay, keep_path, no_retry, allow_plain, require_v2, remember;
	const char *hardware; /* devices to decode by: as the setting; NULL = none */
	struct hws_view_options options;
	int keyboard; /* enum hawser_keyboard_mode */
	enum hawser_sound sound;
	unsigned volume; /* percent */
	struct hws_session_wish wish;
	/* What else the opener of a kind has to say to its service; borrowed, its own type. */
	const void *kind_arg;
};
/* On the embedder's thread, before anything is posted. */
int api_session_loop_new(hawser_session *s, const struct api_session_loop_conf *conf,
		struct api_session_loop **ret) HWS_MUST_CHECK;
hawser_context *api_session_loop_context(const struct api_session_loop *e);
/* First command: joins the context's list and connects. */
void api_session_loop_open(struct api_session_loop *e, const struct api_command *c);
void api_session_loop_reconnect(struct api_session_loop *e, const struct api_command *c);
void api_session_loop_disconnect(struct api_session_loop *e, const struct api_command *c);
/* RETRYING: so long from now. False: it is in another state. */
bool api_session_loop_retry(struct api_session_loop *e, uint64_t delay_us);
/* Says goodbye, frees at the end of the turn. */
void api_session_loop_close(struct api_session_loop *e);

/* Ends the links that sessions have left, without waiting for their goodbyes. */
void api_session_loop_abandon(hawser_context *ctx);

/* --- api/session_input.c: sends the move that was held back, if there is one. */
void api_input_flush_move(struct api_session_loop *e);
/* The same if it may leave at once. */
void api_input_step(struct api_session_loop *e);
/* Notes for the embedder how keys are sent now. */
void api_input_note_mode(struct api_session_loop *e);

/* --- api/connect.c: finding a path. */
void api_connect_start(struct api_session_loop *e);
void api_connect_cancel(struct api_session_loop *e);
/* The link has ended. True: it was not the right one, and another way to the host will come. */
bool api_connect_other(struct api_session_loop *e);
/* A path stands (takes the stream). */
struct api_path {
	struct hws_stream *stream;
	struct hws_bytes leftover;
	const char *name;
	bool relayed, by_address;
	struct hws_bytes statement;
	const uint8_t *server_pk;
};
/* What reach is told of the NAT may be wrong: the session is at the relay. */
void api_connect_doubt_nat(struct api_session_loop *e);
/* What a run to the host by e->server is told; the caller adds its own. Borrows from `e`. */
void api_connect_conf(struct api_session_loop *e, struct hws_reach_conf *ret);
/* It, or why there is none (`text`, a sentence). Borrows but for the stream. Comes again after
 * api_connect_reject. */
typedef void (*api_way_fn)(int r, const struct api_path *path, const char *text, void *arg);
/* Another way, for another link of the session. As hws_reach_start. */
int api_connect_reach(struct api_session_loop *e, api_way_fn done, void *arg, struct api_way **ret,
		struct hws_error *err) HWS_MUST_CHECK;
void api_connect_take(struct api_way *w); /* as hws_reach_take; takes NULL */
/* As hws_reach_reject; takes NULL: nothing will come. */
bool api_connect_reject(struct api_way *w, int why);
void api_connect_drop(struct api_way *w); /* takes NULL */
void api_session_loop_attach(struct api_session_loop *e, const struct api_path *path);
/* What the viewer's core is told of a link; it borrows from the room, the path and the session. */
struct api_pin {
	bool has_pk;
	uint8_t pk[HWS_PK_LEN];
	enum hws_secure_level level;
};
struct api_link_room {
	char address[80], name[HWS_TARGET_NAME];
	struct api_pin pin;
};
void api_session_loop_link(struct api_session_loop *e, const struct api_path *path,
		struct api_link_room *room, struct hws_viewer_link *ret);
/* The link is of no more use, but the session stays READY without one. `then` is called at the end
 * of the turn. */
void api_session_loop_rest(struct api_session_loop *e, const char *text, void (*then)(void *arg));
/* Ends the link or the attempt: tells the embedder, or connects again. `peer_text` may be NULL. */
void api_session_loop_end(
		struct api_session_loop *e, int err, const char *text, const char *peer_text);

/* --- api/paths.c: a session that stands goes over from one way to its host to another: from the
 * relay to a direct one once there is one, back when that dies, on from another address when this
 * machine or the host is in another network. What moves it is net/legs; here is decided when, and
 * where to. Only with hosts that speak of it. */
/* The link has its keys, and both ends know of legs: they are put below it. `key_secret`:
 * HWS_LEG_KEY_LEN bytes. Without memory the link ends. */
void api_paths_begin(struct api_session_loop *e, const uint8_t *key_secret);
/* The host let us in. */
void api_paths_ready(struct api_session_loop *e);
/* The link is over. Harmless without one. */
void api_paths_end(struct api_session_loop *e);
/* A second has passed. Harmless without one. */
void api_paths_tick(struct api_session_loop *e);
/* This machine is in another network, or has slept. */
void api_paths_moved(struct api_session_loop *e, enum hws_net_change change);

/* --- api/network.c: sessions of the context hear of changes of this machine's network from now on,
 * once for all of them. */
void api_network_watch(hawser_context *ctx);
void api_network_stop(hawser_context *ctx);
/* The address that a stream comes from is not ours any more. */
bool api_network_left(const struct sockaddr_storage *local);

/* --- api/why.c: for hawser_session_verdict. */
void api_why_keep(struct api_session_loop *e, const struct hws_verdict *verdict);
/* A session that goes by the relay has looked for a better way, in vain. */
void api_why_looked(struct api_session_loop *e, const struct hws_verdict *verdict);
/* A new attempt begins. */
void api_why_forget(struct api_session_loop *e);

/* --- api/report.c: events. */
void api_report_state(struct api_session_loop *e, enum hawser_state state, const char *text,
		uint32_t retry_in_ms);
/* The session goes by another way now: e->path. `text`: why, a sentence part. */
void api_report_path(struct api_session_loop *e, const char *text);
void api_report_peer(struct api_session_loop *e, enum hawser_event_type type);
/* Looks whether the host still answers, and tells when that changed or a second more has passed. */
void api_report_silence(struct api_session_loop *e, uint64_t now_us);
void api_report_stats(struct api_session_loop *e, uint64_t now_us);
void api_report_closed(struct api_session_loop *e, int err, const char *text);
/* --- api/around.c: a picture of the host that was asked for is not wanted any more. */
void api_forget_screenshot(struct api_session_loop *e);
/* It has come. `arg`: the session. */
void api_report_screenshot(const char *sid, const char *text, struct hws_bytes png, void *arg);
void api_report_host_records(bool on, void *arg); /* the session */
void api_report_recording(
		struct api_session_loop *e, bool running, int err, const char *path, bool resumes);
extern const struct hws_viewer_ops api_viewer_ops;
/* The figures that the embedder may ask for, as of now. */
void api_report_figures(struct api_session_loop *e);
/* Takes the event; NULL: there was no memory for it, and it is left out. */
void api_report_push(struct api_session_loop *e, struct api_event *ev);
/* What we have to say to the user, not the host: a dialog as those of hosts. */
void api_report_notice(struct api_session_loop *e, const char *title, const char *text);

/* --- api/servers.c: by which servers the host is looked for, and what is known of it by them. */
/* Takes them; e->server becomes the one by which the host was known last, else the first. The
 * context's lock is not held. */
int api_servers_set(
		struct api_session_loop *e, const struct hws_server_list *servers) HWS_MUST_CHECK;
/* The order in which they are to be asked: e->server first. */
void api_servers_order(const struct api_session_loop *e, struct hws_server_list *ret);
/* The host was found by this one (NULL: by none), at that place by its SRV records ("": none). */
void api_servers_found(struct api_session_loop *e, const struct hws_server_entry *server,
		const char *place);
/* What is remembered of the host; NULL: nothing. The context's lock is held. */
const struct hws_known_peer *api_servers_peer(const struct api_session_loop *e);
/* `k` has been kept: what was remembered by another server of the list is the same host, and is
 * remembered once. The lock is held; `old` is a copy of what was known before. */
int api_servers_forget_moved(struct api_session_loop *e, const struct hws_known_peer *old,
		const struct hws_known_peer *k) HWS_MUST_CHECK;
/* --- api/trust.c: what is remembered of hosts and their keys. */
/* The name by which the host is forgotten again, whatever server the settings have: in `buf`, or
 * the session's own. */
const char *api_trust_name(struct api_session_loop *e, char *buf, size_t size);
void api_trust_pin(struct api_session_loop *e, struct api_pin *ret);
/* Gives the viewer's core what an earlier session remembered for the login. The lock of the context
 * is held. */
int api_trust_remembered(
		struct api_session_loop *e, const struct hws_known_peer *known) HWS_MUST_CHECK;
/* The handshake is over: tells the embedder of the host's key. */
void api_trust_report(struct api_session_loop *e);
/* The host let `v` in, which is READY: what is worth remembering of it. */
void api_trust_keep(struct api_session_loop *e, struct hws_viewer *v);
enum hawser_encryption api_trust_encryption(const struct api_session_loop *e);
enum hawser_trust api_trust_public(const struct api_session_loop *e);
bool api_trust_identity(struct hws_identity *ret_secret, void *arg);

/* --- api/stretch.c: ops.stretch of the viewer's core, by the context's workers. */
int api_stretch(struct hws_pake_job *job, void *arg) HWS_MUST_CHECK;
/* The session goes away: what is still being worked on is for nobody. */
void api_stretch_forget(struct api_session_loop *e);

/* --- api/filler.c: a key was sent; what follows hides when the next one is. */
void api_filler_key(struct api_session_loop *e);
/* A second has passed. */
void api_filler_tick(struct api_session_loop *e);

/* --- api/terminal_loop.c: makes the service of a session's terminals. */
int api_terminal_new(struct api_session_loop *e, const struct api_session_loop_conf *conf,
		struct hws_service **ret) HWS_MUST_CHECK;

/* --- api/tunnel.c: the session is over, or goes away: all connections and listeners of tunnels
 * end. Harmless for sessions of other kinds. */
void api_tunnel_end(struct api_session_loop *e);
/* After it, with the session loop. */
void api_tunnel_free(struct api_session_loop *e);

/* --- api/services.c: makes all, for the viewer, which is there already. What was made until it
 * failed is freed by the other one. */
int api_services_new(struct api_session_loop *e,
		const struct api_session_loop_conf *conf) HWS_MUST_CHECK;
/* After the viewer is freed. */
void api_services_free(struct api_session_loop *e);

/* --- api/record.c */
void api_record_packet(struct api_session_loop *e, size_t display, enum hws_codec codec,
		struct hws_bytes data, bool key, int64_t pts_ms);
void api_record_start(struct api_session_loop *e, const struct api_command *c);
void api_record_stop(struct api_session_loop *e, const struct api_command *c);
/* An Opus packet, as it came. */
void api_record_sound(struct api_session_loop *e, unsigned channels, struct hws_bytes opus);
/* A link stands: goes on with what the embedder began, or begins where the settings say that
 * sessions are always recorded. */
void api_record_go_on(struct api_session_loop *e);
/* The link ends; what was recorded is still being written. */
void api_record_cut(struct api_session_loop *e, int err);
/* The same for good. */
void api_record_end(struct api_session_loop *e, int err);
/* The session goes away: nothing is reported any more. */
void api_record_forget(struct api_session_loop *e);
