/* admin/body: options as the API takes them: members of a body, parts of a query. Exit statuses,
 * sentences in call->err. */
#pragma once
#include "admin/cli/rest.h"

/* What the verb's options of ADM_BODY give, over its constant body. *ret is new. */
int adm_body_make(struct adm_call *call, json_t **ret) HWS_MUST_CHECK;
/* What those of ADM_QUERY give; for the caller to hws_buf_done. */
int adm_query_make(struct adm_call *call, struct hws_buf *ret) HWS_MUST_CHECK;
/* The guid that a word means for an option of ADM_REF; "none" is "". */
int adm_ref(struct adm_call *call, const char *noun, const char *word, char buf[40]) HWS_MUST_CHECK;
