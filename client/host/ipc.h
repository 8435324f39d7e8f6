/* host/ipc: messages between the processes of one host over a socketpair: hostd, gate, agent.
 * Framing: u32 little-endian length of the rest, u8 kind, payload. Kind 1 is one agt.Message, kind
 * 2 one serialised ses.Message exactly as it goes to or came from the viewer, kind 3 one byte: the
 * classes (wire/send_class, as set bits) that the other side holds back from now on. A descriptor
 * travels by SCM_RIGHTS with the first byte of the kind 1 frame that announces it.
 *
 * What goes first is net/sender's choice, as on the line to the viewer: kind 1 and 3 are of the
 * control channel, kind 2 of the one that is named. A process that passes messages on asks for a
 * class to be held back when its own queue of that class is long: then the rest still passes, which
 * pausing would stop, too. Bounded both ways; one thread. */
#pragma once
#include "proto/agent.pb-c.h"
#include "shared/base/bytes.h"
#include "shared/base/err.h"
#include "shared/loop/loop.h"
#include "shared/net/sender.h"

struct hws_ipc;

struct hws_ipc_conf {
	/* What the other side may send in one frame: larger announced ones close the link before
	 * they are read, and so do own ones fail with HWS_ERR_TOOBIG. Must be set. */
	size_t frame_max;
	/* cap of a class in bytes, 0 = 64 MiB: then sends fail with HWS_ERR_FULL */
	size_t send_max;
	/* above it a class is congested, until half of it is reached; 0 = 1 MiB */
	size_t send_high;
	struct hws_send_limit limit[HWS_SEND_CLASSES]; /* .max not 0: instead of these two */
	/* Messages of kind 1 and 3 in a second and at once (base/bucket); one more ends the link
	 * with HWS_ERR_FULL. 0 = no limit. */
	uint32_t rate, burst;
	/* The other side may hand over descriptors; else the first ends the link. */
	bool takes_fds;
	/* NULL, or whether a message of kind 1 may be unpacked at all (host/ipc_caps); an error
	 * ends the link. */
	int (*check)(struct hws_bytes message);
	/* Kind 1. `m` borrows until return. `fd` is -1 or a received descriptor that the callee now
	 * owns. */
	void (*on_message)(struct hws_ipc *l, const Agt__Message *m, int fd, void *arg);
	/* Kind 2; may be NULL where none is expected (then it closes the link). Borrows until
	 * return. */
	void (*on_wire)(struct hws_ipc *l, struct hws_bytes message, void *arg);
	/* Exactly once, when the other side has gone or on hws_ipc_close; freed at the end of the
	 * turn. */
	void (*on_close)(struct hws_ipc *l, int why, void *arg);
	/* Optional: a class that was congested is no more. */
	void (*on_drain)(struct hws_ipc *l, enum hws_send_class cls, void *arg);
	void *arg;
};

/* Takes `fd` (made non-blocking, close-on-exec), also on failure. */
int hws_ipc_new(struct hws_loop *loop, int fd, const struct hws_ipc_conf *conf,
		struct hws_ipc **ret) HWS_MUST_CHECK;
/* `fd`: -1, or a descriptor to hand over with this message: taken in any case (closed once
 * sent). */
int hws_ipc_send(struct hws_ipc *l, const Agt__Message *m, int fd) HWS_MUST_CHECK;
int hws_ipc_send_wire(struct hws_ipc *l, enum hws_channel channel,
		struct hws_bytes message) HWS_MUST_CHECK;
/* The same from two parts, to spare a copy of a large payload behind a small head. */
int hws_ipc_send_wire2(struct hws_ipc *l, enum hws_channel channel, struct hws_bytes head,
		struct hws_bytes rest) HWS_MUST_CHECK;
/* Asks the other side to hold back a class, or to let it go again: input, video or bulk, else
 * HWS_ERR_INVAL. What is on its way still comes. */
int hws_ipc_hold(struct hws_ipc *l, enum hws_send_class cls, bool hold) HWS_MUST_CHECK;
/* Stops / resumes delivery of everything; the other side then feels back-pressure. */
void hws_ipc_pause(struct hws_ipc *l);
void hws_ipc_resume(struct hws_ipc *l);
bool hws_ipc_congested(const struct hws_ipc *l, enum hws_send_class cls);
size_t hws_ipc_pending(const struct hws_ipc *l);
/* Calls on_close; idempotent; takes NULL. What is queued is dropped. */
void hws_ipc_close(struct hws_ipc *l, int why);
/* A connected pair for two processes; both close-on-exec and non-blocking. */
int hws_ipc_pair(int ret_fd[2]) HWS_MUST_CHECK;
