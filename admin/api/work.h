/* api/work: the frame of operations of /api/v1: a connection, a transaction where something is
 * written, the audit, and the answer; so that a subject has only what is its own. */
#pragma once
#include "admin/api/v1.h"

#define ADI_DID_INFO 1024u

/* For the audit; kind NULL: nothing was done. */
struct adi_did {
	const char *kind, *target_kind;
	char guid[DAT_GUID_TEXT], name[DAT_NAME_TEXT];
	char info[ADI_DID_INFO]; /* JSON object; "" = none */
};
void adi_did(struct adi_did *d, const char *kind, const char *target_kind, const char *guid,
		const char *name);
/* Says more of it; consumes `info`. One that is too long is left out. */
void adi_did_info(struct adi_did *d, json_t *info);

struct adi_work {
	struct htp_request *q;
	struct htp_reply *reply;
	struct adi_app *app;
	struct sql_conn *c;
	const char *what;  /* names the thing in a sentence: "rule" */
	const char *field; /* of the body, when the failure is in it; NULL = none */
	json_t *out;       /* new: what is answered */
	struct adi_did did;
	/* Of a list: what was asked for, and how many there are in all. */
	struct dat_page page;
	int column; /* -1 = in no order of a column */
	int64_t total;
};

/* A negative return is answered by adi_v1_fail, unless `reply` says more already. */
typedef int (*adi_work_fn)(struct adi_work *w);
/* 200 with w->out. */
void adi_work_read(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		const char *what, adi_work_fn fn);
/* The same for a list: w->out is an array that is there already. `columns`: see adi_v1_sort. */
void adi_work_list(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		const char *what, const char *const *columns, adi_work_fn fn);
/* In a transaction; `status` 200 or 201 with w->out, 204. */
void adi_work_write(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		const char *what, int status, adi_work_fn fn);
/* Says so and returns the failure. */
int adi_work_refuse(struct adi_work *w, enum adi_code code, const char *field,
		const char *text) HWS_MUST_CHECK;
/* Appends to an array; takes `value`, whose NULL is HWS_ERR_NOMEM. */
int adi_work_add(json_t *array, json_t *value) HWS_MUST_CHECK;
