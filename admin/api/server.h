/* api/server: owns everything of hawser-api: the edge with its ports, control socket, metrics. */
#pragma once
#include "admin/api/config.h"
#include "shared/loop/loop.h"

struct adi_server;

/* Whether settings make sense, each part's words included. */
int adi_server_check(const struct adi_config *c, struct hws_error *err) HWS_MUST_CHECK;
/* Binds; serves once the loop runs. `c` is borrowed until free. */
int adi_server_new(struct hws_loop *loop, struct adi_config *c, struct adi_server **ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* Takes NULL. */
void adi_server_free(struct adi_server *s);
/* New settings (borrowed from now on, beside those before), whole or nothing of them; what cannot
 * change while running is named in the log, and `c` holds what is in force afterwards. */
int adi_server_reload(
		struct adi_server *s, struct adi_config *c, struct hws_error *err) HWS_MUST_CHECK;
/* Answers what has begun; then fn, once. */
void adi_server_drain(struct adi_server *s, void (*fn)(void *arg), void *arg);
