/* admin/data/device_facts: what a list of devices shows beside each: labels, the strategy in force,
 * sessions. */
#pragma once
#include "admin/data/devices.h"

#define DAT_DEVICE_TAGS_MAX 32u
#define DAT_TAG_TEXT DAT_LETTERS(64)

struct dat_device_facts {
	int64_t sessions;                                                /* open and authorised */
	char strategy_guid[DAT_GUID_TEXT], strategy_name[DAT_NAME_TEXT]; /* "" = none */
	size_t tags;
	char tag[DAT_DEVICE_TAGS_MAX][DAT_TAG_TEXT];
};
int dat_device_facts(struct sql_conn *c, const struct dat_device *d,
		struct dat_device_facts *ret) HWS_MUST_CHECK;
/* All labels at once. */
int dat_device_set_tags(struct sql_conn *c, const char *guid, const char *const *tags, size_t n,
		int64_t now) HWS_MUST_CHECK;

typedef int (*dat_tag_count_fn)(const char *tag, int64_t devices, void *arg);
/* Labels in use, the most used first; `search` "" = all. */
int dat_device_tag_list(struct sql_conn *c, const char *search, struct dat_page page,
		dat_tag_count_fn fn, void *arg, int64_t *ret_total) HWS_MUST_CHECK;

/* Guids, at most n, in the order of their ids; *ret_n may be n + 1: there are more. */
int dat_device_pick(struct sql_conn *c, const struct dat_device_filter *f,
		char (*ret)[DAT_GUID_TEXT], size_t n, size_t *ret_n) HWS_MUST_CHECK;

/* Removes devices that were not seen since then, at most `max` at a time; *ret: how many. */
int dat_device_forget(
		struct sql_conn *c, int64_t before, unsigned max, int64_t *ret) HWS_MUST_CHECK;

struct dat_device_counts {
	int64_t devices, online, pending, accounts, sessions;
};
/* Online: seen since then. */
int dat_device_counts(struct sql_conn *c, int64_t online_since,
		struct dat_device_counts *ret) HWS_MUST_CHECK;
