/* api/presence: devices that report, as this process remembers them. Nearly every heartbeat says
 * what is known already, and is answered from here without the database; what it brings (when a
 * device was there, from where, with which connections) is written together, some seconds later.
 * What the database says otherwise meanwhile is noticed by its changes (admin/data/changes.h), so
 * that several processes on one database answer alike. Any thread. */
#pragma once
#include "admin/data/beats.h"
#include <stdbool.h>

struct adi_presence;

#define ADI_BEAT_CONNS 64u
#define ADI_PRESENCE_MAX 262144u
#define ADI_PRESENCE_AGAIN 2000u /* asked for anew in a second, when a change is for all */
#define ADI_PRESENCE_BATCH 500u  /* written in one transaction */
/* A device without a sign of life for so long is off line. */
#define ADI_GONE_MS (60ll * 1000)
/* The same by what the database has of it, which is written every 30 seconds. */
#define ADI_WRITTEN_MS (75ll * 1000)

struct adi_beat {
	const char *id, *uuid, *ip; /* within DAT_*_TEXT */
	int64_t has;                /* the number of the strategy that it holds */
	const char *nonce;          /* what a signed one has to name; "" = nothing */
	int32_t conn[ADI_BEAT_CONNS];
	size_t conns;
};

/* What the database has answered to a device. */
struct adi_known {
	char guid[DAT_GUID_TEXT];
	int64_t due;  /* the number of what it is to hold */
	bool settled; /* it holds it, it is asked for nothing, and that stays so */
};

struct adi_presence_stats {
	uint64_t quick;   /* heartbeats answered from memory */
	uint64_t asked;   /* ... with the database */
	uint64_t foreign; /* of ids that are not here with that uuid */
	uint64_t devices; /* remembered */
	uint64_t lost;    /* not written, as the database was away for too long */
};

/* `max`: how many devices at most. */
int adi_presence_new(size_t max, struct adi_presence **ret) HWS_MUST_CHECK;
void adi_presence_free(struct adi_presence *p); /* takes NULL */

/* True: this device has nothing to hear, and is remembered. Else ask the database, with the mark of
 * before that, and tell by adi_presence_learn what it said. */
bool adi_presence_quick(struct adi_presence *p, const struct adi_beat *b, int64_t now);
/* While the database is silent: true if it is remembered, which is noted as its sign of life. */
bool adi_presence_alone(struct adi_presence *p, const struct adi_beat *b, int64_t now);
uint64_t adi_presence_mark(struct adi_presence *p);
void adi_presence_learn(struct adi_presence *p, const struct adi_beat *b, const struct adi_known *k,
		uint64_t mark, int64_t now);
/* Who has just been asked for in vain: true within its first minute, so that a device that
 * registers at this moment tries again; false for all that keep on. */
bool adi_presence_may_come(struct adi_presence *p, const char *id, int64_t now);
/* A heartbeat of nobody who is here. */
void adi_presence_foreign(struct adi_presence *p);

/* The device, or all (guid ""; then so many in a second), is asked of the database with its next
 * sign of life. */
void adi_presence_forget(struct adi_presence *p, const char *guid);
/* When the device was last heard of by this process, 0 = not. */
int64_t adi_presence_at(struct adi_presence *p, const char *id);
/* How many are there now, as far as they report to this process. */
size_t adi_presence_online(struct adi_presence *p, int64_t now);
void adi_presence_stats(struct adi_presence *p, struct adi_presence_stats *ret);

/* Of the thread that keeps it. What others have changed is forgotten. */
int adi_presence_poll(struct adi_presence *p, struct sql_conn *c) HWS_MUST_CHECK;
/* Writes what heartbeats have brought, in one transaction, a part of it at a time. */
int adi_presence_write(struct adi_presence *p, struct sql_conn *c, bool *ret_more) HWS_MUST_CHECK;
