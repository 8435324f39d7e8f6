/* host/strategy: settings that an API server wishes of this host, out of the text that the ID
 * server has signed. A table says which of the options of deployed hosts this one has, and what
 * each may be; what is not in it is named and passed over. None of them says where a server is, how
 * it is reached, or what a password is. Pure. */
#pragma once
#include "client/host/settings.h"
#include "shared/wire/limits.h"

#define HWS_STRATEGY_CONTEXT "hawser strategy v1" /* and a NUL, before the text that is signed */
#define HWS_STRATEGY_TEXT_MAX (32u << 10)         /* as the ID server signs */
#define HWS_STRATEGY_NONCE_TEXT 33
#define HWS_STRATEGY_ROWS 20u
#define HWS_STRATEGY_NAMES 300u

struct hws_strategy {
	int64_t number; /* 0: none is in force */
	char id[HWS_ID_MAX + 1];
	char nonce[HWS_STRATEGY_NONCE_TEXT]; /* of the question that it answers; "" = none */
	char *value[HWS_STRATEGY_ROWS];      /* as the setting has it; NULL: not of it */
	/* What this host has no setting for, or not with that value; cut. */
	char others[HWS_STRATEGY_NAMES];
};

/* The owner's values of the settings that are a strategy's now. */
struct hws_strategy_over {
	char *own[HWS_STRATEGY_ROWS];   /* NULL: it is the owner's */
	char stays[HWS_STRATEGY_NAMES]; /* what would have opened something, and did not; cut */
};

/* {"id","modified_at","config_options","nonce"}, of which the last may be missing. HWS_ERR_PROTO:
 * that is none. Free it by hws_strategy_done, which takes zeroes. */
int hws_strategy_read(struct hws_bytes text, struct hws_strategy *ret) HWS_MUST_CHECK;
void hws_strategy_done(struct hws_strategy *s);
/* Whether both set the same. */
bool hws_strategy_same(const struct hws_strategy *a, const struct hws_strategy *b);
/* The name of the setting of a row. */
const char *hws_strategy_setting(unsigned row);

/* Puts what 'strategies' of these settings permits over them, which are the owner's so far.
 * HWS_ERR_NOMEM: a part of it. */
int hws_strategy_lay(const struct hws_strategy *s, struct hws_settings *settings,
		struct hws_strategy_over *ret) HWS_MUST_CHECK;
/* The owner's values again; HWS_ERR_NOMEM: not all, and the rest may be tried again. */
int hws_strategy_lift(struct hws_strategy_over *over, struct hws_settings *settings) HWS_MUST_CHECK;
/* For settings that are thrown away. */
void hws_strategy_over_done(struct hws_strategy_over *over);
