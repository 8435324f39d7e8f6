/* api/enrolment: what a device would like to be put to by its own word. */
#pragma once
#include "admin/api/app.h"

/* The presets of a report (sysinfo), as the settings have it: passed over, kept for an operator, or
 * done. Nobody becomes the owner by them: they are not proved by anything. */
int adi_enrol_presets(
		struct adi_app *a, struct sql_conn *c, const struct htp_request *q) HWS_MUST_CHECK;
