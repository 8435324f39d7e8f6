/* api/nat: what a context knows of the NAT in front of this machine. Loop thread, but for _new and
 * _free. */
#pragma once
#include "client/api/handle.h"
#include "client/reach/nat_memory.h"

struct api_nat;

/* `settings`: path of the settings file, beside which it is kept; "" = in memory only. */
int api_nat_new(hawser_context *ctx, const char *settings, struct api_nat **ret) HWS_MUST_CHECK;
/* As known, without waiting; and has a look at it for the next time. Takes NULL. */
Rdv__NatType api_nat_type(struct api_nat *n, const char *server);
/* A direct meeting has failed: what is known may be of a router that is set otherwise now. Looked
 * at again for the next time, at most every three minutes. Takes NULL. */
void api_nat_doubt(struct api_nat *n, const char *server);
/* Nothing runs any more. Takes NULL. */
void api_nat_stop(struct api_nat *n);
void api_nat_free(struct api_nat *n);
