/* admin/data/login_log: every attempt to log in, and what follows from many that failed. An attempt
 * is counted before the password is looked at, so that many at once are no more than their number.
 *
 * Who guesses is braked by name and address together, so that nobody outside can lock anybody out.
 * An account's name and its mail address are one name in this, and what was typed one of its own.
 * Two wider brakes stand behind: of one address with many names, and of one name from many
 * addresses; the latter leaves those addresses alone from which that name came in before. An
 * address is a /64 of IPv6. */
#pragma once
#include "admin/data/accounts.h"

struct dat_login_try {
	const char *name;                  /* as it was typed */
	const struct dat_account *account; /* whose name or address that is; NULL = nobody's */
	const char *ip;                    /* "" = unknown */
	const char *via;                   /* "client", "browser", "console" */
	const char *device_id, *device_uuid, *os; /* NULL = "" */
};
struct dat_login_brake {
	unsigned tries;    /* of one name from one address; the wider brakes have ten times that */
	int64_t window_ms; /* counted over so long, and braked for so long */
};
struct dat_login_turn {
	char guid[DAT_GUID_TEXT]; /* of the attempt */
	bool last;                /* the next one from here will be braked */
};

enum dat_login_step { DAT_LOGIN_PASSWORD, DAT_LOGIN_CODE };
enum dat_login_end {
	DAT_LOGIN_OK,
	DAT_LOGIN_WRONG,    /* counts */
	DAT_LOGIN_HALF,     /* the second factor is to come */
	DAT_LOGIN_REFUSED,  /* the account may not, though it is who it says */
	DAT_LOGIN_UNDECIDED /* the directory is away */
};

/* HWS_ERR_DENIED: braked; nothing is written. A code is braked by the account as well, wherever it
 * is tried from: only who has the password comes so far. */
int dat_login_begin(struct sql_conn *c, const struct dat_login_try *t, enum dat_login_step step,
		const struct dat_login_brake *brake, int64_t now,
		struct dat_login_turn *ret) HWS_MUST_CHECK;
/* What became of it; `account` NULL = of nobody. */
int dat_login_end(struct sql_conn *c, const char *turn, const char *account_guid,
		enum dat_login_end end) HWS_MUST_CHECK;
/* Somebody has vouched for the person: earlier failures count no more. */
int dat_login_forgive(struct sql_conn *c, const struct dat_account *a, int64_t now) HWS_MUST_CHECK;

/* Names (folded, dat_name_key) that are braked somewhere now, until when; at most 1000. */
typedef int (*dat_login_braked_fn)(const char *name_key, int64_t until, void *arg);
int dat_login_braked(struct sql_conn *c, const struct dat_login_brake *brake, int64_t now,
		dat_login_braked_fn fn, void *arg) HWS_MUST_CHECK;
/* Removes what is older than `days`, some at a time. *ret: how many. */
int dat_login_sweep(struct sql_conn *c, unsigned days, int64_t now, int64_t *ret) HWS_MUST_CHECK;
