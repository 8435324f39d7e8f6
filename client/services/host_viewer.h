/* services/host_viewer: one viewer as the services of the controlled side see it. Owned by the
 * agent, which fills it in and keeps permissions and options up to date. Loop thread only. */
#pragma once
#include "proto/session.pb-c.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/wire/permission.h"
#include "shared/wire/secure_level.h"
#include "shared/wire/send_class.h"
#include "shared/wire/session_kind.h"
#include "shared/wire/session_table.h"
#include <stdbool.h>
#include <stdint.h>

#define HWS_HOST_VIEWER_WHO 300
#define HWS_HOST_VIEWERS_MAX 32 /* slots are bits of a uint32_t in the services */

struct hws_host_viewer {
	unsigned slot; /* 0 .. HWS_HOST_VIEWERS_MAX - 1, unique among present viewers */
	uint64_t conn; /* of the host, never used again: for the audit log */
	enum hws_session_kind kind; /* of its session */
	uint32_t permissions;       /* effective now: 1 << enum hws_permission */
	uint32_t version;           /* hws_version_number of the viewer */
	char platform[32];
	char who[HWS_HOST_VIEWER_WHO]; /* "NAME (ID)" as it calls itself, escaped; not empty */
	/* of its line: V2 is proven to hostd, below it a gate's word can only lower it */
	enum hws_secure_level level;
	bool has_key; /* it has proven this one */
	uint8_t key[32];
	bool ack_required; /* it answers each video frame with video_received */
	bool show_cursor;  /* it draws the remote pointer where it is */
	uint64_t mouse_us; /* when it last moved or clicked */
	unsigned display;  /* that it asked for last */
	bool many;         /* it is sent more than one at once */
	/* bytes given to send_parts, but for bulk, which the gate's probes overtake */
	uint64_t sent;
	/* One serialised ses.Message, which is of `row`, in two parts, on the channel that is its
	 * own by wire/session_channel. Fails when the link has gone or its class takes no more;
	 * HWS_ERR_DENIED: the session may not have it. */
	int (*send_parts)(struct hws_host_viewer *g, const struct hws_session_row *row,
			struct hws_bytes head, struct hws_bytes rest);
	/* More of this class is queued than the line takes at once: who sends much waits until
	 * `drained` of the service is called for it. */
	bool (*congested)(const struct hws_host_viewer *g, enum hws_send_class cls);
	/* Nothing more of it is read from now on, or everything again: what comes waits in its
	 * gate, and then at the viewer. */
	void (*hold)(struct hws_host_viewer *g, bool hold);
	/* The answer to `open` of the service that its session is about, once, now or later: NULL
	 * lets it in, and `join` comes before this returns; else a sentence that it reads. `fd`:
	 * -1, or a descriptor that goes to its gate with the answer; taken in any case. */
	void (*opened)(struct hws_host_viewer *g, const char *error, int fd);
	/* Its session ends: `leave` comes before this returns. NULL: only in tests. */
	void (*dismiss)(struct hws_host_viewer *g);
};

static inline bool hws_host_viewer_may(const struct hws_host_viewer *g, enum hws_permission p)
{
	return (g->permissions >> p & 1) != 0;
}

/* For what is answered later: never 0, and no viewer after this one has it. */
static inline uint64_t hws_host_viewer_mark(const struct hws_host_viewer *g)
{
	return g->conn * HWS_HOST_VIEWERS_MAX + g->slot + 1;
}

/* Packs and sends. HWS_ERR_TOOBIG: above hws_channel_message_max, the service should have split it;
 * HWS_ERR_FULL: not now, see `congested`. */
int hws_host_viewer_send(struct hws_host_viewer *g, const Ses__Message *m) HWS_MUST_CHECK;
/* The same for messages whose loss only means a stale display until the next one. */
void hws_host_viewer_tell(struct hws_host_viewer *g, const Ses__Message *m);
/* A sentence that its person is shown; the session goes on. */
void hws_host_viewer_box(struct hws_host_viewer *g, const char *title, const char *text);
