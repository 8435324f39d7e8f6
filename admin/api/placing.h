/* api/placing: where a device belongs decides who reaches it: its owner does, and so does whom a
 * rule lets into its group. To move one there is therefore as good as to write a rule, and takes
 * who may do that. */
#pragma once
#include "admin/api/who.h"
#include "admin/data/devices.h"

#define ADI_TEXT_PLACE                                                                             \
	"Who may not write rules cannot change who reaches a device by its owner or its group."

/* Owners, administrators; a token of theirs with the area of rules besides that of its route. */
bool adi_may_rule(const struct adi_who *w);
/* NULL: stays. HWS_ERR_DENIED: another owner, or another group that a rule names, or none at all
 * for a device that is nobody's, which opens it to everybody; and who asks may not. */
int adi_place_check(struct sql_conn *c, const struct htp_request *q, const struct dat_device *d,
		const char *owner_guid, const char *group_guid) HWS_MUST_CHECK;
/* The same of what was done in this transaction to the device that was `before`, and of one that is
 * nobody's and not `closed` any more; if it belongs elsewhere now, or is closed or not, the audit
 * has it ("device.place") with both ends. */
int adi_placed(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const struct dat_device *before) HWS_MUST_CHECK;
