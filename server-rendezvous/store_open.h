/* rendezvous/store_open: the store that the settings name. */
#pragma once
#include "server-rendezvous/config/config.h"
#include "server-rendezvous/store/store.h"

/* HWS_ERR_UNSUPPORTED with a sentence where the build has no such back-end; else as the opener of
 * the back-end (store/store.h). `state_dir`: where the usual SQLite file lies. */
int rdv_store_open(struct hws_loop *loop, const struct rdv_config *conf, const char *state_dir,
		struct rdv_store **ret, struct hws_error *err) HWS_MUST_CHECK;
/* The host where the store is; "" = this machine, or not known. */
void rdv_store_host(const struct rdv_config *conf, const char *state_dir, char *buf, size_t size);
