/* input/input_host: carries out what viewers do with mouse and keyboard. Remembers for each viewer
 * which keys and buttons it holds and lets go of them when it leaves, loses the permission or falls
 * silent. */
#pragma once
#include "client/core/peer.h"
#include "client/platform/inject.h"
#include "client/services/host_service.h"

/* Kind of the message box that tells a viewer of characters that were not typed. */
#define HWS_INPUT_BOX_UNTYPED "custom-nocancel-untyped"

struct hws_input_host;

extern const struct hws_host_service_impl hws_input_host_service;

int hws_input_host_new(struct hws_loop *loop, struct hws_inject *inject,
		struct hws_input_host **ret) HWS_MUST_CHECK;
/* Releases what is held. */
void hws_input_host_free(struct hws_input_host *h);
void hws_input_host_join(struct hws_input_host *h, struct hws_host_viewer *g);
void hws_input_host_leave(struct hws_input_host *h, struct hws_host_viewer *g);
/* mouse_event, key_event, pointer_device_event; true when it was one of them. */
bool hws_input_host_message(
		struct hws_input_host *h, struct hws_host_viewer *g, const Ses__Message *m);
