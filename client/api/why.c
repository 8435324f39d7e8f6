/* What became of the attempts to reach the host, as the embedder sees it. */
#include "client/api/session_loop.h"
#include "shared/base/clock.h"

void api_why_keep(struct api_session_loop *e, const struct hws_verdict *verdict)
{
	pthread_mutex_lock(&e->s->lock);
	e->s->verdict = *verdict;
	e->s->has_verdict = true;
	e->s->looked = 0;
	pthread_mutex_unlock(&e->s->lock);
}

/* How the session came to its way stays; what is known by now of why there is no better one takes
 * the place of what was known then. */
void api_why_looked(struct api_session_loop *e, const struct hws_verdict *verdict)
{
	pthread_mutex_lock(&e->s->lock);
	if (verdict->chosen != HWS_PATH_NONE)
		e->s->verdict.why = verdict->why;
	e->s->looked++;
	e->s->looked_us = hws_clock_us();
	pthread_mutex_unlock(&e->s->lock);
}

void api_why_forget(struct api_session_loop *e)
{
	pthread_mutex_lock(&e->s->lock);
	e->s->has_verdict = false;
	pthread_mutex_unlock(&e->s->lock);
}

static void view(struct api_verdict *seen, struct hawser_verdict *ret)
{
	const struct hws_verdict *v = &seen->verdict;

	for (unsigned i = 0; i < v->count; i++) {
		const struct hws_verdict_try *t = &v->tries[i];

		seen->tries[i] = (struct hawser_try){ .size = sizeof(seen->tries[i]),
			.path = hws_path_token(t->path),
			.at = t->at,
			.over = t->over,
			.error = t->result,
			.begun_ms = t->begun_ms,
			.ended_ms = t->over ? t->ended_ms : v->ended_ms };
	}
	*ret = (struct hawser_verdict){ .path = hws_path_token(v->chosen),
		.reason = hws_indirect_token(v->why),
		.text = hws_indirect_text(v->why),
		.answered_ms = v->answered_ms,
		.ended_ms = v->ended_ms,
		.tries = seen->tries,
		.try_count = v->count,
		.looked = seen->looked,
		.looked_s = seen->looked
				? (uint32_t)((hws_clock_us() - seen->looked_us) / HWS_US_PER_S)
				: 0 };
}

int hawser_session_verdict(hawser_session *s, struct hawser_verdict *ret)
{
	struct hawser_verdict v;
	size_t size = ret->size;

	pthread_mutex_lock(&s->lock);
	bool has = s->has_verdict;
	if (has) {
		s->seen_verdict.verdict = s->verdict;
		s->seen_verdict.looked = s->looked;
		s->seen_verdict.looked_us = s->looked_us;
	}
	pthread_mutex_unlock(&s->lock);
	if (!has)
		return HAWSER_ERR_AGAIN;
	view(&s->seen_verdict, &v);
	v.size = size;
	memcpy(ret, &v, HWS_MIN(size, sizeof(v)));
	return HAWSER_OK;
}
