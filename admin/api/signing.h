/* api/signing: strategies are signed with the key of the rendezvous server, which hosts know: who
 * sits on the way, or has the database alone, cannot set anything. */
#pragma once
#include "admin/api/app.h"
#include "admin/api/presence.h"

#define ADI_SIGNED_CONTEXT "hawser strategy v1" /* and NUL, before the text */

/* Adds "extra" to a strategy of a heartbeat's reply: {"hawser-text", "hawser-signature"}, both
 * texts. What is signed is hawser-text, JSON of its own: {"id","modified_at","config_options"}, so
 * that it is for this device and this number; with "nonce" where the device has named one, so that
 * it is for this question, and cannot be said again to it later. Clients that know nothing of it
 * pass it over. Without a rendezvous server to ask it stays unsigned. */
void adi_sign_strategy(struct adi_app *a, const struct adi_beat *b, int64_t number, json_t *options,
		json_t *strategy);
