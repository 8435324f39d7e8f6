/* admin/api_store: the database of hawser-api and the keys beside it, opened while that runs or
 * not. */
#pragma once
#include "admin/cli/call.h"
#include "admin/data/keys.h"

struct adm_api_store;

/* As hawser-api would find it, but for the options --config, --database and --data-dir. One that is
 * not there is not made. Sentences in call->err. */
int adm_api_store_open(struct adm_call *call, struct adm_api_store **ret) HWS_MUST_CHECK;
void adm_api_store_close(struct adm_api_store *s);
int adm_api_store_take(struct adm_api_store *s, struct sql_conn **ret) HWS_MUST_CHECK;
const struct dat_keys *adm_api_store_keys(const struct adm_api_store *s);
/* The file of the keys. */
const char *adm_api_store_keys_file(const struct adm_api_store *s);
/* A copy of the database as of one moment into a new file; HWS_ERR_UNSUPPORTED: it is on
 * PostgreSQL, and the sentence says what copies that. */
int adm_api_store_backup(
		struct adm_call *call, struct adm_api_store *s, const char *file) HWS_MUST_CHECK;
