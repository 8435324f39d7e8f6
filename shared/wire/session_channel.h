/* wire/session_channel: the channel (wire/send_class) of each message of the session protocol, by
 * the service of its row and the few messages for which the order with others matters. What is here
 * is what tests/unit/shared/wire/session_channel_test holds row by row. Pure. */
#pragma once
#include "shared/wire/send_class.h"
#include "shared/wire/session_table.h"

/* To the viewer: the login, permissions and boxes before all else; the cursor's shape and place in
 * their order; pictures, and what the viewer must know of displays before it shows them, and the
 * host's probe, which measures what it follows, in theirs. To the host: all that a person does, and
 * what it acts on, in one order: keys after the switch of a display.
 * Either way the reason of an end comes after everything. `row` NULL: the channel of pictures. */
enum hws_channel hws_session_channel(
		const struct hws_session_row *row, enum hws_session_direction to);
/* The same for a message of so many bytes: a copied text that is small goes with the keys, for a
 * paste that overtook it would paste the old one, and holds them up no longer than bulk does. */
enum hws_channel hws_session_channel_of(
		const struct hws_session_row *row, enum hws_session_direction to, size_t size);
/* That of most messages of a service. */
enum hws_channel hws_session_service_channel(
		enum hws_service_id service, enum hws_session_direction to);
