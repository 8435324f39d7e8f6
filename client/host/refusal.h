/* host/refusal: what a viewer is told when it asks for something that this host does not serve, or
 * not to it. Without an answer the viewer believes that a message arrived, and a file job stays at
 * 0 % for good. Which message gets which answer stands in wire/session_table. Pure: the answer goes
 * to a callback. */
#pragma once
#include "proto/session.pb-c.h"
#include "shared/wire/session_table.h"

/* Takes one answer; it borrows everything for the time of the call. A negative result ends the
 * refusal. */
typedef int (*hws_refusal_send)(const Ses__Message *answer, void *arg);

/* Sends the answer of `row` to `m`, if there is one: none for members of a file job that no job
 * waits for. `kind`, `permissions`: of the session (HWS_KIND_*, HWS_NEED bits). The result of
 * `send`, else HWS_OK. */
int hws_refuse(const struct hws_session_row *row, const Ses__Message *m, enum hws_session_kind kind,
		uint32_t permissions, hws_refusal_send send, void *arg) HWS_MUST_CHECK;
/* The same for what the viewer switched on in `o` (NULL: nothing) and this host does not do, or not
 * with these permissions. `old_viewer`: of a version that switches privacy mode by an option. */
int hws_refuse_options(const Ses__OptionMessage *o, bool old_viewer, uint32_t permissions,
		hws_refusal_send send, void *arg) HWS_MUST_CHECK;
