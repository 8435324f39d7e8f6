/* admin/table: the one table of nouns and verbs. Dispatch, --help, completion and the manual page
 * are made of it; what a verb does is a function and what that needs to know. */
#pragma once
#include "shared/base/macros.h"
#include <stdbool.h>
#include <stddef.h>

struct adm_call;

/* What an option's value is. */
enum adm_kind {
	ADM_FLAG,   /* no value: true */
	ADM_TEXT,   /* as it is */
	ADM_YES,    /* yes or no */
	ADM_NUMBER, /* not negative */
	ADM_DAYS,   /* "30" or "30d": a number of days */
	ADM_UNTIL,  /* "90d", "12h" from now, a date, "never" (0): milliseconds since 1970 */
	ADM_SINCE,  /* the same back from now */
	ADM_CHOICE, /* one of `more` */
	ADM_REF,    /* one thing of the noun `more`, as its guid; "none" is null */
	ADM_WORDS,  /* a list with commas */
	ADM_PAIRS,  /* NAME=VALUE, with commas or given again */
	ADM_SECRET, /* a file that holds it; "-" is standard input */
};
/* Where it goes. */
enum adm_goes { ADM_BODY, ADM_QUERY, ADM_OWN /* the verb's function asks for it */ };

struct adm_option {
	const char *name; /* without the dashes */
	const char *arg;  /* as shown: "NAME" */
	enum adm_kind kind;
	enum adm_goes goes;
	const char *member; /* in the body or query; NULL = the name with '_' for '-' */
	const char *more;   /* of ADM_CHOICE "a|b", of ADM_REF a noun */
	const char *help;
};

/* A kind of thing that the API keeps. */
struct adm_thing {
	const char *noun;    /* "user" */
	const char *path;    /* "/users"; of what is inside a book "/books/%s/entries" */
	const char *key;     /* member that names one: "name" */
	const char *other;   /* another that may, NULL = none */
	const char *columns; /* of a table, unless others are asked for */
	bool single;         /* there is a GET of one */
	bool sorted;         /* its list takes ?q= */
};

#define ADM_CHANGES 1u  /* may change something: has --dry-run */
#define ADM_MANY 2u     /* takes selectors: has --yes, --all */
#define ADM_LISTS 4u    /* gives rows: has --columns, --sort, --limit */
#define ADM_LOCAL 8u    /* on the server itself only: no --server */
#define ADM_HIDDEN 16u  /* not in --help */
#define ADM_PLAIN 32u   /* its answer is that of a control socket: no rows, no formats but --json */
#define ADM_FILTERS 64u /* its filters may stand for the selectors */

struct adm_verb {
	const char *noun, *name; /* name "" = the noun alone */
	const char *args;        /* as shown: "USER..." */
	unsigned char min, max;  /* of positional arguments, max 255 = any number */
	unsigned flags;
	const char *help;
	int (*run)(struct adm_call *call); /* exit status */
	const struct adm_option *options;  /* up to one without a name; NULL = none */
	const char *method, *path;         /* behind the thing's own: "DELETE", "/totp" */
	const char *body;                  /* what is always in it: {"status":"active"} */
	const char *bulk;                  /* action of POST .../bulk, in place of the above */
	const char *done;                  /* as told afterwards: "disabled" */
	const char *thing;                 /* noun of what it works on, NULL = its own */
};

#define ADM_ANY 255
#define ADM_END                                                                                    \
	{                                                                                          \
		.name = NULL                                                                       \
	}

struct adm_noun {
	const char *name;
	const char *alias; /* NULL = none */
	const char *help;
};

extern const struct adm_verb adm_verbs_people[], adm_verbs_devices[], adm_verbs_policy[],
		adm_verbs_server[], adm_verbs_local[];
extern const size_t adm_verbs_people_count, adm_verbs_devices_count, adm_verbs_policy_count,
		adm_verbs_server_count, adm_verbs_local_count;

/* All verbs, those of a noun side by side; NULL behind the last. */
const struct adm_verb *adm_verb_at(size_t i);
const struct adm_noun *adm_noun_at(size_t i);
/* By name or alias; NULL if there is none. */
const struct adm_noun *adm_noun_find(const char *word);
const struct adm_verb *adm_verb_find(const char *noun, const char *verb);
const struct adm_thing *adm_thing_find(const char *noun);
/* The options that every verb of these flags has; up to one without a name. */
const struct adm_option *adm_common_options(void);
/* Whether one of those is for this verb. */
bool adm_common_for(const struct adm_option *o, const struct adm_verb *v);
/* "--name" of an option among the verb's own and the common ones. */
const struct adm_option *adm_option_find(const struct adm_verb *v, const char *name);
