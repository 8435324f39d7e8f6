/* admin/pattern: how things are named on the command line: exactly, by a pattern, or by what is
 * unmistakable. Pure. */
#pragma once
#include "shared/base/err.h"
#include <regex.h>
#include <stdbool.h>

enum adm_pattern_kind {
	ADM_EXACT, /* "web1": the key, or another name of it */
	ADM_GUID,  /* "guid:...", or what has the form of one */
	ADM_ID,    /* "id:123456789" */
	ADM_NAME,  /* "name:web1" */
	ADM_GLOB,  /* "web*", "till-[0-9]?" */
	ADM_REGEX, /* "re:^web[0-9]+$", extended */
};

struct adm_pattern {
	enum adm_pattern_kind kind;
	const char *text; /* borrows from what was parsed, without the prefix */
	regex_t regex;
};

#define ADM_PATTERN_MAX 512u

/* HWS_ERR_INVAL: an expression that is none, or an empty one; err says so. */
int adm_pattern_parse(
		const char *text, struct adm_pattern *ret, struct hws_error *err) HWS_MUST_CHECK;
void adm_pattern_done(struct adm_pattern *p);
/* What a thing is called; members may be NULL. Names are compared without regard to the case of
 * ASCII letters, as the server keeps none that differ only in that. */
struct adm_names {
	const char *guid, *id, *name, *other;
};
bool adm_pattern_match(const struct adm_pattern *p, const struct adm_names *n);
/* May mean several things: then a number that was not foreseen is asked about. */
bool adm_pattern_is_open(const struct adm_pattern *p);
bool adm_looks_like_guid(const char *text);
