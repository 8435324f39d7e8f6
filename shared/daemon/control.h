/* daemon/control: the control socket. A Unix stream socket (mode 0600); a request is one JSON
 * object on one line {"cmd":"stats", ...}, the answer one JSON object on one line: {"ok":true, ...}
 * or {"ok":false,"error":"name","text":"sentence"}. The caller's uid must be the server's or 0
 * (peer credentials), unless the socket is shared with a group. */
#pragma once
#include "shared/base/err.h"
#include "shared/loop/loop.h"
#include <jansson.h>

struct hws_control;
struct hws_control_reply; /* one outstanding request */

struct hws_control_cmd {
	const char *name;
	const char *help;
	/* Answers by exactly one hws_control_ok/_fail on `reply`, now or later (within 30 s). `req`
	 * borrows until return. */
	void (*fn)(struct hws_control_reply *reply, const json_t *req, void *arg);
};

int hws_control_new(struct hws_loop *loop, const char *path, const struct hws_control_cmd *table,
		size_t count, void *arg, struct hws_control **ret,
		struct hws_error *err) HWS_MUST_CHECK;
void hws_control_free(struct hws_control *c);
/* What program this is; `name` borrows. From then on a request whose text member "for" names
 * another program is refused, whatever it asks for: commands of different programs have the same
 * names. */
void hws_control_set_program(struct hws_control *c, const char *name);
/* Members of `group` may use it, too: who can connect may ask. */
int hws_control_share(
		struct hws_control *c, const char *group, struct hws_error *err) HWS_MUST_CHECK;
/* Takes `result` (an object, may be NULL); "ok" is added. */
void hws_control_ok(struct hws_control_reply *reply, json_t *result);
void hws_control_fail(struct hws_control_reply *reply, int code, const char *fmt, ...)
		HWS_PRINTF(3, 4);

/* Commands that all servers have. "reload": SIGHUP to this process. "log-level": sets the "level"
 * of the log. */
void hws_control_reload(struct hws_control_reply *reply, const json_t *req, void *arg);
void hws_control_log_level(struct hws_control_reply *reply, const json_t *req, void *arg);

/* Client side, blocking with a time limit: for command line tools only. *ret is the whole
 * answer. */
int hws_control_call(const char *path, const json_t *req, uint64_t timeout_us, json_t **ret,
		struct hws_error *err) HWS_MUST_CHECK;
