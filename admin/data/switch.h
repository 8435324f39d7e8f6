/* admin/data/switch: a host that changes sides with its viewer. It is going to call a machine that
 * it may perhaps not reach by any rule; what it shows at the ID server then it has announced here,
 * signed with its device key, a moment before. */
#pragma once
#include "admin/data/dat.h"

#define DAT_VERIFIER_TEXT 45 /* base64 of SHA-256, with NUL */

/* What a host posts. */
struct dat_switch_claim {
	const char *id, *verifier;
	const char *timestamp; /* Unix seconds */
	const char *signature; /* base64 */
};
/* Pure. HWS_ERR_INVAL: no such claim; HWS_ERR_CRYPTO: not signed by the device with this key;
 * HWS_ERR_RANGE: it is, but its clock and ours differ by more than two minutes. */
int dat_switch_check(const struct dat_switch_claim *claim, const uint8_t pk[32],
		int64_t now_s) HWS_MUST_CHECK;
/* What belongs to a code that is shown. */
void dat_switch_verifier(const char *code, char ret[DAT_VERIFIER_TEXT]);

/* Holds for a minute. A device has at most eight: the oldest goes. */
int dat_switch_put(struct sql_conn *c, const char *device_id, const char *verifier,
		int64_t now) HWS_MUST_CHECK;
/* Once: the device that has announced this code. HWS_ERR_NOTFOUND. */
int dat_switch_take(struct sql_conn *c, const char *code, int64_t now,
		char ret_device_id[DAT_ID_TEXT]) HWS_MUST_CHECK;
/* That a device announces it proves nothing of the other end: a switch is back to the machine of a
 * viewer whom this server let through (admin/data/refs) to that device a moment ago. */
struct dat_switch_way {
	const char *from,
			*to; /* ids: the host that calls now, the viewer's machine that is called */
	const char *ip;      /* that it calls from */
};
/* The account that was logged in on `to` and was let through to `from`. HWS_ERR_NOTFOUND: none, or
 * `from` calls from elsewhere than it was seen last, or is not let in itself. */
int dat_switch_viewer(struct sql_conn *c, const struct dat_switch_way *way, int64_t now,
		char ret_account_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
/* Takes away all that hold no more. */
int dat_switch_sweep(struct sql_conn *c, int64_t now, int64_t *ret) HWS_MUST_CHECK;
