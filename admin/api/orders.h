/* api/orders: brings the ID server what it is to be told, out of the database, one after the other;
 * what it does not take stays there, and the thread of api/fleet brings it again. Any thread;
 * blocks for some seconds at most, and not at all while the ID server is known to be away. */
#pragma once
#include "admin/api/app.h"

/* All that was due when it was called. `again`: also while it is known to be away. */
void adi_orders_bring(struct adi_app *app, struct adi_fleet *f, bool again);
