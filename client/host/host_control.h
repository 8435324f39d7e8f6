/* host/host_control: what the control socket answers.
 *
 *   {"cmd":"id"}                                   {"ok":true,"id":"123456789"}
 *   {"cmd":"password"}                             {"ok":true,"password":"abc234"}
 *   {"cmd":"password-rotate"}                      the same with a new one
 *   {"cmd":"password-set","password":"..."}        sets the permanent password; "" removes it
 *   {"cmd":"status"}                               everything else
 *   {"cmd":"kick","conn":N}                        ends a session ("conn":0 = all)
 *   {"cmd":"tell","service":"chat","conn":N,"text":"..."}
 *                                                  says it to a viewer ("conn":0 or none = to all)
 *   {"cmd":"reload"}                               reads the configuration again */
#pragma once
#include "client/host/hostd.h"

int hws_host_control_new(struct hws_hostd *h, struct hws_control **ret,
		struct hws_error *err) HWS_MUST_CHECK;
