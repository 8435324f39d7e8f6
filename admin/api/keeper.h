/* api/keeper: one thread that does what is due: notices what other processes have changed, writes
 * what heartbeats have brought, and, of all processes on one database only one at a time, tidies
 * up. */
#pragma once
#include "admin/api/app.h"

struct adi_keeper;

int adi_keeper_new(struct adi_app *app, struct adi_keeper **ret) HWS_MUST_CHECK;
/* Writes what is left. Takes NULL. */
void adi_keeper_free(struct adi_keeper *k);
