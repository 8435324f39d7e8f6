/* admin/call: one run of a verb: what was given, and what its function works with. */
#pragma once
#include "admin/cli/rows.h"
#include "admin/cli/settings.h"
#include "admin/cli/table.h"

/* How the program ends. */
enum adm_exit {
	ADM_DONE,
	ADM_FAILED,
	ADM_USAGE,
	ADM_NOTHING,  /* nothing matched */
	ADM_REFUSED,  /* by permission or policy */
	ADM_CONFLICT, /* exists, in use, changed meanwhile */
	ADM_PARTLY,   /* some were refused: they are listed on standard error */
	ADM_AWAY,     /* the server cannot be reached */
};

#define ADM_VALUES_MAX 64u

struct adm_value {
	const struct adm_option *option;
	const char *text; /* borrowed; NULL of a flag */
};

struct adm_rest;

struct adm_call {
	const struct adm_verb *verb;
	const struct adm_thing *thing; /* may be NULL */
	struct adm_settings settings;
	char *const *args;
	size_t n_args;
	struct adm_value value[ADM_VALUES_MAX];
	size_t n_values;
	struct adm_look look;
	bool dry_run, yes, all, json, help;
	bool may_miss; /* an exact name that nothing has is no fault */
	const char *profile;
	struct adm_rest *rest; /* opened by the first question */
	char book[40];         /* guid of --book, where things are inside one */
	struct hws_error err;
};

/* The last value of an option, NULL = not given; a flag gives "". */
const char *adm_value(const struct adm_call *call, const char *name);
bool adm_given(const struct adm_call *call, const char *name);

/* Says on standard error what is wrong; returns `status`. Foreign text in it is made safe. */
int adm_complain(int status, const char *fmt, ...) HWS_PRINTF(2, 3);
/* The same of call->err, once: nothing when it was said already, or when all is well. */
int adm_complain_of(struct adm_call *call, int status);
/* Nothing was said so far. */
bool adm_was_silent(void);
/* Whether `count` of what may be many is wanted: --yes, a dry run, one, or an answer on the
 * terminal. False was said. */
bool adm_wanted(const struct adm_call *call, size_t count, const char *what);
/* Shows one object, or what was done. Exit status. */
int adm_show_one(struct adm_call *call, const json_t *row);
/* The whole of a file or of "-"; the caller's buf was initialised with its maximum. */
int adm_read_input(const char *path, struct hws_buf *out, struct hws_error *err) HWS_MUST_CHECK;
