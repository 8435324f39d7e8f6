/* host/control_upload: the command of the control socket by which the program that uploads
 * recordings (hawser-upload) has each request signed. */
#pragma once
#include "shared/daemon/control.h"
#include <jansson.h>

/* {"cmd":"sign-upload","type","file","offset","length","started","seconds","resume","hash"}: all
 * texts; answers {"id","time","signature"}. What is signed stands for an upload and nothing else. `arg`: the hostd. */
void hws_control_sign_upload(struct hws_control_reply *reply, const json_t *req, void *arg);
