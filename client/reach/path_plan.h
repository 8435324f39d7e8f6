/* reach/path_plan: when a session that stands looks for another way to its host: a better one while
 * it goes by the relay, a new one when its own falls silent or this machine's network is another
 * one. Pure: time in, wishes out. */
#pragma once
#include "client/reach/verdict.h"

/* The first look is soon, the next ones less and less often: a NAT that lets nothing through mostly
 * stays as it is. */
#define HWS_PLAN_FIRST_US 2000000ull
#define HWS_PLAN_MOST_US 300000000ull
/* Where nothing but another network can help. */
#define HWS_PLAN_RARE_US 1200000000ull
/* Tries for a new way after one another, when none stands: from so long on, at most so long. */
#define HWS_PLAN_BACK_US 500000ull
#define HWS_PLAN_BACK_MOST_US 4000000ull

enum hws_plan_wish {
	HWS_PLAN_NOTHING,
	HWS_PLAN_BETTER, /* a direct way, beside the relay that carries the session */
	HWS_PLAN_ANY     /* any way, at once */
};

struct hws_path_plan {
	bool keep;    /* no better way is looked for */
	bool begun;   /* a way has stood */
	bool running; /* the wish is being fulfilled */
	bool relayed;
	bool in_need; /* the way is silent or lost, or may be since the network is another one */
	enum hws_indirect why;
	unsigned failures; /* one after another */
	/* How often a direct way has ended at the relay, in this network, since one stood for
	 * HWS_PLAN_MOST_US; when the latest began. */
	unsigned fallen;
	uint64_t direct_us;
	uint64_t next_us; /* 0: never */
};

/* The session goes by this way from now on; `why`: why it is not direct. `jitter` is any number:
 * so that a thousand viewers do not look at the same moment. */
void hws_path_plan_stands(struct hws_path_plan *p, bool relayed, enum hws_indirect why,
		uint64_t now_us, uint32_t jitter);
/* This machine's network is another one: what was found out before counts no more, and the way
 * itself may be dead: unless it answers within `grace_us`, another one is looked for. */
void hws_path_plan_moved(struct hws_path_plan *p, uint64_t now_us, uint64_t grace_us);
/* The way is silent: another one is looked for after `grace_us`, should it be that till then. */
void hws_path_plan_silent(struct hws_path_plan *p, uint64_t now_us, uint64_t grace_us);
/* And answers again. */
void hws_path_plan_answers(struct hws_path_plan *p, uint64_t now_us, uint32_t jitter);
/* What is to be done now; it runs then, until _over or _stands. */
enum hws_plan_wish hws_path_plan_step(struct hws_path_plan *p, uint64_t now_us);
/* No way was found. */
void hws_path_plan_over(
		struct hws_path_plan *p, enum hws_indirect why, uint64_t now_us, uint32_t jitter);
/* When to step again; UINT64_MAX: nothing is due. */
uint64_t hws_path_plan_due(const struct hws_path_plan *p);
