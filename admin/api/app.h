/* api/app: what handlers work with on their threads: the database, the keys beside it, the settings
 * that are read often. Everything here may block but adi_now; any thread. */
#pragma once
#include "admin/api/config.h"
#include "admin/data/accounts.h"
#include "admin/data/keys.h"
#include "admin/http/request.h"
#include "admin/notify/sender.h"
#include "shared/crypto/slow_hash.h"
#include <pthread.h>
#include <stdatomic.h>

#define ADI_ORIGINS_TEXT 4352 /* 16 of 256 signs, and what is between */

/* What an operator sets while the service runs (openapi.json: Settings); the rest of the settings
 * are their subjects'. */
struct adi_settings {
	bool require_approval, require_login, require_totp;
	bool accessible_lists;                  /* clients may list what they may reach */
	char default_group_guid[DAT_GUID_TEXT]; /* "" = the default group */
	unsigned session_hours;
	unsigned lockout_tries, lockout_minutes;
	unsigned audit_days, recording_days, forget_unseen_days; /* 0 = for ever */
	char allowed_origins[ADI_ORIGINS_TEXT];                  /* with commas between */
	int64_t updated_at;
};

struct adi_identity;
struct adi_fleet;
struct adi_audit_mark;
struct adi_presence;
struct adi_recordings;
struct adi_report_rate;

struct adi_app {
	const struct adi_config *_Atomic conf; /* another after a reload; none ends before us */
	struct sql_db *db;
	struct dat_keys *keys;
	struct adi_audit_mark *audit_mark; /* audit_mark.h */
	struct adi_identity *identity;     /* identity.h */
	struct hws_slow_cost cost;         /* of new passwords */
	char state_dir[400];
	char server_name[DAT_NAME_TEXT];
	struct adi_presence *presence; /* of devices */
	struct adi_fleet *fleet;       /* the other servers of this machine */
	struct adi_recordings *recordings;
	struct adi_report_rate *report_rate; /* of devices */
	char notice_ca[512];
	struct ntf_conf notify; /* how notices go out */
	struct ntf_sender *sender;
	atomic_llong certificate_ends_at; /* Unix milliseconds; 0 = there is none */
	atomic_bool draining;             /* no more should be sent here */
	atomic_uint asked_by;             /* ID servers that ask who may connect */
	/* The folder where the servers of this machine have their runtime folders. */
	char servers_dir[480];
	atomic_ullong write_tried_us; /* by who asked for the health; 0 = never */
	atomic_int write_result;
	atomic_ullong quick_again_us; /* quick.h; 0 = the database speaks */
	pthread_mutex_t lock;         /* of what follows */
	struct adi_settings settings;
	uint64_t settings_read_us; /* 0 = never */
};

/* Opens the database, which brings its tables up to date, and the keys; made if they are not
 * there. */
int adi_app_new(const struct adi_config *conf, struct adi_app **ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* When no handler runs any more. Takes NULL. */
void adi_app_free(struct adi_app *a);

/* Unix time in milliseconds. */
int64_t adi_now(void);
/* As a set of five seconds ago or younger; the one before when the database is away. */
void adi_app_settings(struct adi_app *a, struct sql_conn *c, struct adi_settings *ret);
/* Whether they have been read, and what was read last; never waits for the database: for a loop. */
bool adi_app_settings_last(struct adi_app *a, struct adi_settings *ret);
/* The next adi_app_settings reads them. */
void adi_app_forget_settings(struct adi_app *a);
/* Stores all of it. */
int adi_app_set_settings(struct adi_app *a, struct sql_conn *c, const struct adi_settings *s,
		const char *by) HWS_MUST_CHECK;

/* Whether an account owes its second factor: it, or the server, asks for one, and it has none.
 * Providers have their own. */
bool adi_owes_totp(const struct dat_account *a, const struct adi_settings *s);

/* Puts a mail to an account among those that go out, in the caller's transaction.
 * HWS_ERR_UNSUPPORTED: no mail can be sent, or the account has no address. */
int adi_app_mail(struct adi_app *a, struct sql_conn *c, const struct dat_account *to,
		const char *subject, const char *body) HWS_MUST_CHECK;

/* A connection for this request; false: `reply` says that the database is away or busy (503, which
 * makes no client forget its login). Give it back with sql_give. */
bool adi_take(struct adi_app *a, struct htp_reply *reply, struct sql_conn **ret) HWS_MUST_CHECK;
/* The reply to a failure r of admin/data or admin/sql, in the plain shape: 400, 403, 404, 409, 503.
 * `what` names the thing in a sentence: "user". Routes of /api/v1 have adi_v1_fail. */
void adi_fail(struct htp_reply *reply, int r, const char *what);
