/* api/strategy_options: which settings of hosts a strategy may push, and what they can be. A host
 * takes whatever comes, also where its server is and whose certificate it believes: those never
 * come from here. */
#pragma once
#include "shared/base/err.h"
#include <stdbool.h>
#include <stddef.h>

enum adi_option_kind { ADI_OPTION_BOOL, ADI_OPTION_CHOICE, ADI_OPTION_TEXT, ADI_OPTION_NUMBER };

#define ADI_OPTION_CHOICES 6u
struct adi_option {
	const char *name;
	enum adi_option_kind kind;
	const char *choice[ADI_OPTION_CHOICES]; /* NULL at the end */
	unsigned max;                           /* of a number */
	const char *text;
};
extern const struct adi_option adi_options_pushed[];
extern const size_t adi_options_pushed_count;

/* HWS_ERR_NOTFOUND: no strategy pushes that; HWS_ERR_INVAL: it cannot be that. Always a text: a
 * host drops a whole strategy for one number in it. */
int adi_option_check(const char *name, const char *value) HWS_MUST_CHECK;
/* What it can be, for people: "Y or N", "a number up to 65535"; cut. */
#define ADI_OPTION_VALUES_TEXT 200
void adi_option_values(const char *name, char buf[ADI_OPTION_VALUES_TEXT]);
/* "bool", "choice", "text", "number". */
const char *adi_option_kind_name(enum adi_option_kind kind);
