/* admin/data/strategies: settings that are pushed to hosts. One is in force for a device: that of
 * the device, else of its owner, else of its group, else the default one. One that is switched off
 * means unmanaged: nothing further down steps in. */
#pragma once
#include "admin/data/dat.h"

#define DAT_OPTION_KEY_TEXT 65
#define DAT_OPTION_VALUE_TEXT 4097
#define DAT_OPTIONS_MAX 128u

struct dat_option {
	char key[DAT_OPTION_KEY_TEXT];
	char value[DAT_OPTION_VALUE_TEXT];
};

struct dat_strategy {
	char guid[DAT_GUID_TEXT], name[DAT_NAME_TEXT], note[DAT_NOTE_TEXT];
	bool enabled, enforce, is_default;
	int64_t modified_at; /* a number that no other strategy has, nor this one had before */
	int64_t targets;
	int64_t created_at, updated_at;
};

enum dat_target { DAT_TARGET_DEVICE, DAT_TARGET_USER, DAT_TARGET_DEVICE_GROUP };

int dat_strategy_add(struct sql_conn *c, const char *name, const char *note, int64_t now,
		char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
/* NULL, -1: stays. Making one the default takes that from the one before. */
int dat_strategy_change(struct sql_conn *c, const char *guid, const char *name, const char *note,
		int enabled, int enforce, int is_default, int64_t now) HWS_MUST_CHECK;
/* All options at once. Which keys may be pushed is the caller's to judge. */
int dat_strategy_set_options(struct sql_conn *c, const char *guid, const struct dat_option *options,
		size_t n, int64_t now) HWS_MUST_CHECK;
/* With its assignments. */
int dat_strategy_remove(struct sql_conn *c, const char *guid) HWS_MUST_CHECK;
int dat_strategy_get(struct sql_conn *c, const char *guid, struct dat_strategy *ret) HWS_MUST_CHECK;
typedef int (*dat_strategy_fn)(const struct dat_strategy *s, void *arg);
int dat_strategy_list(struct sql_conn *c, dat_strategy_fn fn, void *arg) HWS_MUST_CHECK;
struct dat_strategy_filter {
	const char *search; /* in the name, "" = all */
	int enabled;        /* -1 = all */
};
/* By name. */
int dat_strategy_find(struct sql_conn *c, const struct dat_strategy_filter *f, struct dat_page page,
		dat_strategy_fn fn, void *arg, int64_t *ret_total) HWS_MUST_CHECK;
/* How many devices it is in force for. */
int dat_strategy_devices(struct sql_conn *c, const char *guid, int64_t *ret) HWS_MUST_CHECK;
/* The same of all that are in force for any, in one pass over the devices. */
int dat_strategy_counts(struct sql_conn *c, int (*fn)(const char *guid, int64_t devices, void *arg),
		void *arg) HWS_MUST_CHECK;

/* How one is read: for the files of this subject. */
#define DAT_STRATEGY_COLUMNS                                                                       \
	"SELECT s.guid, s.name, s.note, s.enabled, s.enforce, s.is_default, s.modified_at, "       \
	"(SELECT count(*) FROM strategy_target t WHERE t.strategy_guid = s.guid), s.created_at, "  \
	"s.updated_at FROM strategy s "
int dat_strategy_row(const struct sql_row *row, void *arg) HWS_MUST_CHECK;
typedef int (*dat_option_fn)(const char *key, const char *value, void *arg);
int dat_strategy_options(
		struct sql_conn *c, const char *guid, dat_option_fn fn, void *arg) HWS_MUST_CHECK;
/* strategy_guid "" takes the assignment away. */
int dat_strategy_assign(struct sql_conn *c, const char *strategy_guid, enum dat_target kind,
		const char *target_guid, int64_t now) HWS_MUST_CHECK;

/* What an assignment names: "device", "user", "device_group". */
const char *dat_target_name(enum dat_target kind);
int dat_target_parse(const char *name, enum dat_target *ret) HWS_MUST_CHECK;
/* Its name (the id of a device); HWS_ERR_NOTFOUND. */
int dat_target_exists(struct sql_conn *c, enum dat_target kind, const char *guid,
		char ret_name[DAT_NAME_TEXT]) HWS_MUST_CHECK;
/* What it is assigned to; guid "" = nothing. */
int dat_target_strategy(struct sql_conn *c, enum dat_target kind, const char *guid,
		char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
typedef int (*dat_target_fn)(enum dat_target kind, const char *guid, const char *name, void *arg);
/* Those of one strategy. */
int dat_target_list(struct sql_conn *c, const char *strategy_guid, struct dat_page page,
		dat_target_fn fn, void *arg, int64_t *ret_total) HWS_MUST_CHECK;

/* What a device is to have. `modified_at` 0: nothing, also for one that is switched off. */
struct dat_strategy_due {
	char guid[DAT_GUID_TEXT]; /* "" = none */
	int64_t modified_at;
	bool enforce;
	bool send; /* the device has something else, or it is enforced */
};
/* Which is in force for a device; "" = none, or one that is switched off. */
int dat_strategy_of(struct sql_conn *c, const char *device_guid,
		char ret_guid[DAT_GUID_TEXT]) HWS_MUST_CHECK;
/* What to tell a device that reports `has` as the number of what it holds. Each key comes by `fn`:
 * those of the strategy with their values, and with "" those that it had by an older one and must
 * forget. What was sent is remembered, until the device has said that it holds it. */
int dat_strategy_due(struct sql_conn *c, const char *device_guid, int64_t has, dat_option_fn fn,
		void *arg, struct dat_strategy_due *ret) HWS_MUST_CHECK;
