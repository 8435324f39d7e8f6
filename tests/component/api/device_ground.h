/* What tests of devices stand on: a hawser-api, its database beside it, and devices in it. */
#pragma once
#include "admin/data/accounts.h"
#include "admin/data/devices.h"
#include "admin/data/strategies.h"
#include "tests/component/api/client.h"
#include "tests/support/suite.h"

struct ground {
	struct api api;
	struct sql_db *db;
	struct sql_conn *c;
};

#define ck_ok(r) ck_assert_int_eq((r), HWS_OK)

/* `more` as in api_start. */
void ground_start(struct ground *g, const char *const *more);
void ground_stop(struct ground *g);
/* A device that the ID server has told of, with what it is; its guid lives until the next call. */
const char *ground_device(struct ground *g, const char *id, const char *uuid);
/* An account, as a client that is logged in from `device_id`. */
struct api_as ground_client(struct ground *g, const char *name, const char *device_id);
/* A token of an account, which may change devices, or only read them. */
struct api_as ground_token(struct ground *g, const char *name, bool write);
/* The same for one that may change devices, and rules. */
struct api_as ground_ruler(struct ground *g, const char *name);
/* Unix milliseconds. */
int64_t ground_now(void);
/* Calls until the body is as it must be (a report reaches all parts of the server within some
 * seconds); fails after a minute. */
void ground_until(struct ground *g, const char *path, const char *send, const char *want);
