/* host/beacon: this host answers who looks for hosts in the local network (reach/lan_answer), as
 * deployed ones do. Everybody there may write to that port, so hostd reads nothing of it: once
 * something waits at the socket a process is started that is confined as a gate is, answers, and
 * ends when nobody has asked for a minute. Who asks for a proof gets one: hostd signs, on that
 * process's word for no more than number and address. Nothing runs, and nobody is told anything,
 * while nobody asks. Loop thread only. */
#pragma once
#include "client/host/child_log.h"
#include "client/host/settings.h"
#include "client/host/whoami.h"
#include "shared/loop/loop.h"

struct hws_beacon;

#define HWS_BEACON_PLATFORM "Linux"

/* Borrows all three. *ret is NULL, and all is well, when the settings want none, or the port cannot
 * be had (told in the log). */
int hws_beacon_new(struct hws_loop *loop, const struct hws_settings *s, const struct hws_whoami *w,
		struct hws_child_logs *logs, struct hws_beacon **ret) HWS_MUST_CHECK;
/* Where it takes connections by address, for those who ask from now on; 0: nowhere. Takes NULL. */
void hws_beacon_set_direct_port(struct hws_beacon *b, uint16_t port);
/* Takes NULL. */
void hws_beacon_free(struct hws_beacon *b);

/* The process; the exit status. */
int hws_beacon_main(int ipc_fd, bool sandbox);
