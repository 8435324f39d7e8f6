/* host/managed: the strategy that is in force at this host: who may have said so, what it was
 * before, and where it is kept, so that a host that starts without its API server stays as it was
 * set. Each text answers a question of hostd's that nobody else knows beforehand and that counts
 * once: none can be said again later, whatever number it has, also the one that takes all away.
 * Owner: hostd; loop thread only, the file is written by it. */
#pragma once
#include "client/host/strategy.h"

#define HWS_STRATEGY_FILE "strategy"
#define HWS_STRATEGY_REASONS 6u

struct hws_managed {
	char dir[512];
	struct hws_strategy now;
	struct hws_strategy_over over; /* what of it is over the settings that are in force */
	char nonce[HWS_STRATEGY_NONCE_TEXT], before[HWS_STRATEGY_NONCE_TEXT];
	const char *refusal; /* why the last one was not taken; NULL: it was */
	/* Which reasons the log has since one was taken. */
	const char *told[HWS_STRATEGY_REASONS];
};

/* What was kept in the state folder `dir`, if the server of now has signed it for this `id`. What
 * is wrong with it is told in the log, and it is left out. */
void hws_managed_load(struct hws_managed *m, const struct hws_settings *s, const char *dir,
		const char *id);
/* What the API server said. HWS_OK: `now` is another one, to be laid over the settings instead of
 * what is in `over`; HWS_ERR_EXISTS: the same again, or on its way when the question changed;
 * HWS_ERR_DENIED: refused, and why is in the log once. The question is another one once it was
 * answered. */
int hws_managed_take(struct hws_managed *m, const struct hws_settings *s, const char *id,
		struct hws_bytes text, struct hws_bytes signature) HWS_MUST_CHECK;
/* Another question, also where none has come: an answer that somebody has held back is no more than
 * that old. */
void hws_managed_ask(struct hws_managed *m);
/* Tells in the log what is in force. */
void hws_managed_log(const struct hws_managed *m);
/* What is reported; 0 where strategies are off. */
int64_t hws_managed_number(const struct hws_managed *m, const struct hws_settings *s);
/* What the next one has to name; "": none is taken. */
const char *hws_managed_nonce(const struct hws_managed *m, const struct hws_settings *s);
/* Whether this setting is the strategy's, by its name. */
bool hws_managed_has(const struct hws_managed *m, const char *setting);
void hws_managed_done(struct hws_managed *m);
