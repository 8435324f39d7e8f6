/* api/device_out: how a device is shown, and which of them a request means. */
#pragma once
#include "admin/api/v1.h"
#include "admin/data/beats.h"
#include "admin/data/device_facts.h"

/* As Device of the description. */
json_t *adi_out_device(
		struct adi_app *app, struct sql_conn *c, const struct dat_device *d, int *ret_r);
/* The name by which a person knows it. */
const char *adi_device_label(const struct dat_device *d);

/* A filter as in a query or (`o` not NULL) in a body. Its texts are the request's. */
struct dat_device_filter adi_device_filter(const struct htp_request *q, const json_t *o);
/* "active", "disabled", "pending". */
const char *adi_device_status_name(enum dat_device_status status);
/* Who only sees some: HWS_ERR_NOTFOUND for the others. */
int adi_device_visible(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		const struct dat_device *d) HWS_MUST_CHECK;
/* The deeds on one device; in the caller's transaction, with its event. */
enum adi_device_deed { ADI_APPROVE, ADI_ENABLE, ADI_DISABLE, ADI_KICK, ADI_REMOVE };
/* NULL: it can be done; else why not. */
const char *adi_device_refuses(enum adi_device_deed deed, const struct dat_device *d);
int adi_device_do(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		enum adi_device_deed deed, const struct dat_device *d) HWS_MUST_CHECK;
/* What the ID server is to be told of it, also when nothing else is done; in the caller's
 * transaction. */
int adi_device_order(struct sql_conn *c, enum adi_device_deed deed,
		const struct dat_device *d) HWS_MUST_CHECK;
/* After the end of the transaction: this process and the rendezvous server are told, of `n`. */
void adi_device_done(struct adi_app *app, enum adi_device_deed deed, const struct dat_device *d,
		size_t n);
