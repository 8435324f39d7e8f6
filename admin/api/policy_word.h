/* api/policy_word: what is answered on the policy socket, and what is done with what is told there.
 * Blocks: on threads only. */
#pragma once
#include "admin/api/app.h"
#include "shared/daemon/policy_line.h"

/* Always fills *ret. */
void adi_policy_answer(struct adi_app *app, const struct hws_policy_say_line *q,
		struct hws_policy_answer *ret);
/* `node`: of the link on which it was told. */
void adi_policy_told(struct adi_app *app, const struct hws_policy_say_line *say, const char *node);
/* The sessions told on that link still last; or are over, with it. */
void adi_policy_beat(struct adi_app *app, const char *node);
void adi_policy_gone(struct adi_app *app, const char *node);
