/* api/scripts: what the routes for operators' scripts have in common: who may, filters of lists,
 * and writes that are all in one transaction. Scripts come with a token (or by the socket of the
 * operator); a session of a client administers nothing, whatever its account may. */
#pragma once
#include "admin/api/reach.h"
#include "admin/api/who.h"
#include "admin/api/work.h"
#include "admin/data/patterns.h"

bool adi_is_script(const struct htp_request *q);
/* Roles that may change what is administered, and that may read it: for rows of routes. */
#define ADI_SCRIPT_WRITE (ADI_ROLE(DAT_ROLE_OWNER) | ADI_ROLE(DAT_ROLE_ADMIN))
#define ADI_SCRIPT_OPERATE (ADI_SCRIPT_WRITE | ADI_ROLE(DAT_ROLE_OPERATOR))
#define ADI_SCRIPT_READ (ADI_SCRIPT_OPERATE | ADI_ROLE(DAT_ROLE_AUDITOR))

/* What a handler does with a connection, in one transaction; says what by adi_did. A negative
 * return undoes all and is answered as a failure of `what`, unless `reply` says more already. */
typedef int (*adi_script_fn)(struct adi_app *app, struct sql_conn *c, const struct htp_request *q,
		struct htp_reply *reply, struct adi_did *did);
void adi_script_write(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		const char *what, adi_script_fn fn);
/* The same for one value that is read. */
typedef int (*adi_script_read_fn)(
		struct adi_app *app, struct sql_conn *c, const struct htp_request *q, json_t **ret);
void adi_script_read(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		const char *what, adi_script_read_fn fn);
/* And for a list; `rows` becomes {"total","data"}. */
typedef int (*adi_script_list_fn)(struct adi_app *app, struct sql_conn *c,
		const struct htp_request *q, struct dat_page page, json_t *rows,
		int64_t *ret_total);
void adi_script_list(struct htp_request *q, struct htp_reply *reply, struct adi_app *app,
		const char *what, adi_script_list_fn fn);

/* A filter of a list. */
int adi_script_pattern(const struct htp_request *q, const char *name,
		char buf[DAT_PATTERN_TEXT]) HWS_MUST_CHECK;
/* Each text of an array that may be missing. */
typedef int (*adi_script_each_fn)(const char *text, void *arg);
int adi_script_each(
		const json_t *list, size_t max, adi_script_each_fn fn, void *arg) HWS_MUST_CHECK;
/* A text that may be missing: *ret stays. */
int adi_script_text(const json_t *o, const char *key, size_t size, const char **ret) HWS_MUST_CHECK;
#define ADI_SCRIPT_MANY 10000u

/* GET /api/users of a token. */
void adi_scripts_users(struct htp_request *q, struct htp_reply *reply, struct adi_app *app);
