/* admin/data/key_mark: what the keys leave in the database, so that other keys are not taken for
 * them: with those the audit chain would go on as one that nobody can check any more, and what is
 * sealed stays closed. */
#pragma once
#include "admin/data/keys.h"

/* HWS_ERR_CRYPTO: the database was used with other keys. Else leaves the mark if there is none. */
int dat_key_mark_check(struct sql_conn *c, const struct dat_keys *keys, int64_t now) HWS_MUST_CHECK;
/* The same before there are keys: HWS_ERR_CRYPTO when new ones would be others. */
int dat_key_mark_none(struct sql_conn *c) HWS_MUST_CHECK;
