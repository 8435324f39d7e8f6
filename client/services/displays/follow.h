/* displays/follow: viewers that show one display and want it to be the one with the pointer, or
 * with the active window. */
#pragma once
#include "client/services/host_service.h"

struct hws_follow;

int hws_follow_new(const struct hws_host_env *env, struct hws_follow **ret) HWS_MUST_CHECK;
void hws_follow_free(struct hws_follow *f); /* takes NULL */
/* What it wishes, as of the message. */
void hws_follow_option(
		struct hws_follow *f, struct hws_host_viewer *g, const Ses__OptionMessage *o);
void hws_follow_leave(struct hws_follow *f, struct hws_host_viewer *g);
