/* host/session_words: what hostd says of a login: to the log, and to the viewer with the verdict.
 * Parts of host/host_session, which alone decides. */
#pragma once
#include "client/host/host_session.h"

const char *hws_session_result_name(Agt__LoginVerdict__Result r);
/* What no viewer is told, since it would tell a guesser that he guessed right. */
void hws_session_log_result(const struct hws_host_session *v, const struct hws_judge_result *res);
/* Why it is not served, as one sentence. Returns buf. */
char *hws_session_unserved_text(const struct hws_host_session *v, char *buf, size_t size, int why,
		const char *text);
/* What a viewer of ours gets when it is let in: kept until then; then part of the verdict, which
 * points into `w`. */
void hws_session_keep_welcome(struct hws_host_session *v, struct hws_judge_result *res);
void hws_session_fill_welcome(struct hws_host_session_welcome *w, Agt__LoginVerdict *verdict);
