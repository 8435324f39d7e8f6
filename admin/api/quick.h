/* api/quick: the database for those who are answered soon in any case: devices that say that they
 * live, clients that ask how one logs in. One that is there and says nothing holds a request for a
 * second at most, and after that, until it speaks again, one request at a time. */
#pragma once
#include "admin/api/app.h"

/* HWS_ERR_STORE at once while the database is known to be silent; else as sql_take_soon. */
int adi_quick_take(struct adi_app *a, struct sql_conn **ret) HWS_MUST_CHECK;
/* Gives it back; `r`: what came of it. Takes NULL. */
void adi_quick_give(struct adi_app *a, struct sql_conn *c, int r);
/* Whether r says that the database was not there, rather than what it holds. */
bool adi_quick_away(int r);
