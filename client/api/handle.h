/* api/handle: what the public handles are. A context owns the thread, its loop and the queue of
 * events; a session handle is shared by the embedder, the session loop on the loop's thread, and
 * events on their way. */
#pragma once
#include "client/api/events.h"
#include "client/core/peer.h"
#include "client/core/session_wish.h"
#include "client/core/view_options.h"
#include "client/core/view_settings.h"
#include "client/media/picture.h"
#include "client/reach/verdict.h"
#include "shared/loop/loop.h"
#include "shared/loop/work.h"
#include <hawser/hawser.h>
#include <pthread.h>

struct api_session_loop;
struct api_nat;
struct api_terminals;
struct hws_roots;
struct hws_net_watch;

struct hawser_context {
	struct hws_loop *loop; /* used by the thread, but for posts */
	struct hws_work *work;
	pthread_t thread;
	bool running;
	struct api_events events;
	unsigned posted; /* commands on their way, atomic */

	pthread_mutex_t lock; /* settings */
	struct hws_view_settings *settings;
	/* the configuration's key was given without a server: it is for whichever is named */
	bool key_alone;

	struct api_nat *nat;           /* loop thread; api/nat.h */
	struct hws_net_watch *watch;   /* loop thread; api/network.c */
	struct hws_roots *files_roots; /* api/files.c; outlives the workers */

	struct hws_list sessions; /* handles; embedder's thread */
	struct hws_list engines;  /* loop thread */
	/* Loop thread: links whose sessions have left them, and whose goodbyes are on their way. */
	struct hws_list leaving;
	bool stopping; /* the loop ends when they have */
};

/* PeerInfo as the embedder sees it, with everything it points to. */
struct api_peer {
	struct hws_peer peer;
	struct hawser_display display[HWS_PEER_DISPLAYS_MAX];
	struct hawser_size size[HWS_PEER_DISPLAYS_MAX][HWS_PEER_SIZES_MAX];
	char id[320], fingerprint[HWS_FINGERPRINT_TEXT];
	const char *path;
	bool encrypted, relayed;
	enum hawser_encryption encryption;
	enum hawser_trust trust;
};

/* The same for what was tried. */
struct api_verdict {
	struct hws_verdict verdict;
	uint32_t looked;
	uint64_t looked_us;
	struct hawser_try tries[HWS_VERDICT_TRIES];
};

struct hawser_session {
	struct hws_list node; /* of the context; embedder's thread */
	hawser_context *ctx;
	unsigned refs; /* atomic */
	bool closed;   /* embedder's thread: no event is delivered any more */
	char *target;
	hawser_event_fn fn;
	void *arg;
	enum hws_session_kind kind;
	struct api_terminals *terminals; /* TERMINAL: api/terminals.h; under the lock */
	uint32_t forwards;               /* how many tunnels were asked for; embedder's thread */
	bool files_base;                 /* embedder's thread: hawser_files_config.base_only */
	uint32_t files_next;             /* embedder's thread: the last request */
	enum hawser_format format;
	struct api_session_loop *loop_side; /* set for the handle's life as the embedder sees it */
	struct hws_picture *locked[HWS_PEER_DISPLAYS_MAX]; /* embedder's thread */

	pthread_mutex_t lock; /* below: written by the loop, read by the embedder */
	enum hawser_state state;
	bool has_peer;
	struct api_peer peer;
	struct hawser_stats stats;
	bool has_verdict;
	struct hws_verdict verdict;
	uint32_t looked; /* for a better way since then */
	uint64_t looked_us;
	uint32_t denied; /* bit set of hawser_permission */
	int option[HAWSER_OPTION_VOLUME + 1];
	enum hawser_keyboard_mode keyboard; /* in use */

	struct api_peer seen; /* copy handed out to the embedder; its thread */
	struct api_verdict seen_verdict;
};

hawser_session *api_session_ref(hawser_session *s);
void api_session_unref(hawser_session *s);
/* Fills the public view of a copy. */
void api_peer_view(struct api_peer *p, struct hawser_peer *ret);

/* Runs fn(session loop, command) on the loop's thread. `data` (of `size` bytes, may be NULL) is
 * copied, and wiped afterwards. HAWSER_ERR_FULL when thousands wait already. */
struct api_command {
	struct api_session_loop *loop_side;
	void (*fn)(struct api_session_loop *e, const struct api_command *c);
	int64_t a, b, c;
	bool owed; /* goes even when thousands wait */
	size_t size;
	char *data; /* NUL-terminated behind size */
};
int api_post(hawser_session *s, const struct api_command *c) HWS_MUST_CHECK;
/* The same, but fails with a sentence while the session is not READY. */
int api_post_ready(hawser_session *s, const struct api_command *c) HWS_MUST_CHECK;

/* Opens a session of another kind than a desktop, for the typed openers: `options` NULL: none;
 * `kind_arg` goes to the service's maker (api/services.c). Fails as they do. */
int api_session_open(hawser_context *ctx, const struct hawser_link_config *link,
		const struct hws_session_wish *wish, const struct hws_view_options *options,
		const void *kind_arg, hawser_session **ret) HWS_MUST_CHECK;
/* HAWSER_ERR_UNSUPPORTED with a sentence unless the session is of that kind. */
int api_need_kind(const hawser_session *s, enum hws_session_kind kind) HWS_MUST_CHECK;

/* --- api/host.c: tells the host on this machine to let a viewer of that ID in, once and soon, by
 * this number of 16 bytes. Blocks; fails with a sentence. */
int api_host_expect(const char *id, const uint8_t number[16]) HWS_MUST_CHECK;

/* The sentence of hawser_last_error. */
int api_fail(int code, const char *fmt, ...) HWS_PRINTF(2, 3);
int api_fail_err(const struct hws_error *err);
