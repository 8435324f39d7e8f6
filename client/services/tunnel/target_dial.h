/* tunnel/target_dial: connects to a target that the owner of the host allows, and to nothing else:
 * a name is looked up (by a worker) only if it may be, and each address that it has is judged
 * before it is connected, one after the other within one time limit. Loop thread only. */
#pragma once
#include "client/services/tunnel/targets.h"
#include "shared/loop/loop.h"
#include "shared/loop/work.h"
#include "shared/net/stream.h"

struct hws_target_dial;

/* How it ended. */
struct hws_target_result {
	Ses__TunnelCode code; /* OK, FORBIDDEN, REFUSED, UNREACHABLE, RESOLVE, TIMEOUT, FAILED */
	struct hws_stream *stream;       /* TCP, OK: connected, now the callee's */
	int fd;                          /* UDP, OK: connected, now the callee's; else -1 */
	struct sockaddr_storage address; /* OK: where that is */
};

struct hws_target_dial_conf {
	struct hws_loop *loop;
	struct hws_work *work;
	/* The list of now; it is asked for each time, as it may be replaced meanwhile. NULL: there
	 * is none, nothing is allowed. */
	const struct hws_targets *(*targets)(void *arg);
	/* Exactly once unless canceled, never inside hws_target_dial; the dial is gone then. */
	void (*done)(const struct hws_target_result *r, void *arg);
	void *arg;
	uint64_t timeout_us;
};

/* `host`: "" is localhost. HWS_ERR_NOMEM, HWS_ERR_FULL, HWS_ERR_TOOBIG: nothing is called. */
int hws_target_dial(const struct hws_target_dial_conf *conf, Ses__TunnelKind kind, const char *host,
		uint16_t port, struct hws_target_dial **ret) HWS_MUST_CHECK;
/* done will not be called. Takes NULL. */
void hws_target_dial_cancel(struct hws_target_dial *d);
