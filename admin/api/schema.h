/* api/schema: what bodies and answers must look like, as admin/api/openapi.json says: JSON Schema
 * by the words that this file uses, and no others. The document is our own and is trusted; what is
 * checked against it is not. */
#pragma once
#include "shared/base/err.h"
#include <jansson.h>

#define ADI_SCHEMA_FIELD_TEXT 129

struct adi_schema;

/* Reads the document (embedded in the program) and looks at every schema in it, so that a word
 * which nobody would check is an error now and not a gap later. */
int adi_schema_new(struct adi_schema **ret, struct hws_error *err) HWS_MUST_CHECK;
void adi_schema_free(struct adi_schema *s); /* takes NULL */
/* The whole document; borrowed. */
const json_t *adi_schema_document(const struct adi_schema *s);
/* What a reference leads to; anything else is itself. */
const json_t *adi_schema_at(const struct adi_schema *s, const json_t *node);

/* Checks a value; any thread, several at once. HWS_ERR_INVAL: `err` is a sentence for who sent it,
 * `field` the part that is wrong ("targets[2].guid", "" = the whole). NULL stands for a body that
 * is missing. */
int adi_schema_check(const struct adi_schema *s, const json_t *schema, const json_t *value,
		char field[ADI_SCHEMA_FIELD_TEXT], struct hws_error *err) HWS_MUST_CHECK;
/* A value of the query, read as what its schema says it is: *ret is new. */
int adi_schema_query(const struct adi_schema *s, const json_t *schema, const char *text,
		json_t **ret, struct hws_error *err) HWS_MUST_CHECK;
