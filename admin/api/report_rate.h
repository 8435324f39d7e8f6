/* api/report_rate: how many reports a device may have stored. Each becomes rows that stay for
 * months; who made up a device could fill the disk by them, from many addresses. Any thread. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many small ones at once, then one in ADI_REPORT_S seconds; large ones count for more. */
#define ADI_REPORTS_AT_ONCE 600u
#define ADI_REPORT_S 5u
#define ADI_REPORT_DEVICES 65536u

struct adi_report_rate;

int adi_report_rate_new(struct adi_report_rate **ret) HWS_MUST_CHECK;
void adi_report_rate_free(struct adi_report_rate *r); /* takes NULL */
/* Takes one of `len` bytes off what the device may send; false: it has to wait. `device` is its
 * guid, and only one that is known: what strangers send counts for nobody. */
bool adi_report_rate_take(
		struct adi_report_rate *r, const char *device, size_t len, uint64_t now_us);
