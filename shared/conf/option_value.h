/* conf/option_value: one value of the option table: text to field and back. Private to
 * shared/conf. */
#pragma once
#include "shared/conf/option.h"

/* What may stand around names and values of a file (as isspace has it, but for the end of the
 * line). */
#define HWS_OPTION_BLANKS " \t\r\v\f"

/* Parses `text` into the option's field of `cfg`, which stays as it was on failure. `where` names
 * the source for the message ("file.conf line 3", "--port"). */
int hws_option_store(const struct hws_option *opt, void *cfg, const char *text, const char *where,
		struct hws_error *err) HWS_MUST_CHECK;
/* Frees an owned string. */
void hws_option_clear(const struct hws_option *opt, void *cfg);
/* The field as text that hws_option_store takes again; secrets as "(set)" / "(not set)". */
int hws_option_print(const struct hws_option *opt, const void *cfg, char *buf,
		size_t size) HWS_MUST_CHECK;
/* Is `word` the name or an alias (in any case, '_' same as '-')? */
bool hws_option_is(const struct hws_option *opt, const char *word, size_t len);
/* The option of that name or alias, or NULL. */
const struct hws_option *hws_option_find(const struct hws_options *o, const char *word, size_t len);
/* "unknown option ...; did you mean ...?"; HWS_ERR_NOTFOUND. */
int hws_option_unknown(const struct hws_options *o, const char *name, struct hws_error *err);
/* The whole file, added to `buf`, whose cap is FILE_MAX. HWS_ERR_NOTFOUND: there is none. */
int hws_option_read(const char *path, struct hws_buf *buf, struct hws_error *err) HWS_MUST_CHECK;
/* The environment name; HWS_ERR_TOOBIG when it does not fit. */
int hws_option_env_name(const struct hws_options *o, const struct hws_option *opt, char *buf,
		size_t size) HWS_MUST_CHECK;
/* Whether both structs hold the same value; and makes it so (`to` keeps its own on
 * HWS_ERR_NOMEM). */
bool hws_option_same(const struct hws_option *opt, const void *a, const void *b);
int hws_option_copy(const struct hws_option *opt, void *to, const void *from) HWS_MUST_CHECK;
