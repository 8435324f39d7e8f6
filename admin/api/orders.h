/* api/orders: brings the ID server what it is to be told, out of the database, one after the other;
 * what it does not take stays there, and the thread of api/fleet brings it again. Any thread;
 * blocks for some seconds at most, and not at all while the ID server is known to be away. */
#pragma once
#include "admin/api/app.h"

/* Whether only devices that were let in may register; in the caller's transaction. */
int adi_orders_gate(struct sql_conn *c, bool closed) HWS_MUST_CHECK;
/* Whether the ID server, which answers, has its gate closed while the settings ask for approval; if
 * not, it is due. An open gate is left as its operator has it. */
void adi_orders_compare(struct adi_app *app, struct adi_fleet *f);
/* All that was due when it was called. `again`: also while it is known to be away. */
void adi_orders_bring(struct adi_app *app, struct adi_fleet *f, bool again);
