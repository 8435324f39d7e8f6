/* The table has the widest value of each setting first: that alone says what a strategy may do
 * where the owner takes from it only what narrows. */
#include "client/host/strategy.h"
#include "shared/base/macros.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/net/addr.h"
#include <jansson.h>
#include <string.h>

#define VALUE_MAX 8192u

enum takes { SWITCH, WORD, NETWORKS, TEXT };

struct row {
	const char *key;     /* as deployed hosts name it */
	const char *setting; /* ours */
	enum takes takes;
	const char *order; /* from the widest to the narrowest */
	/* Only the first of them is wider than the others, which are not to be compared. */
	bool forks;
};

#define MAY(name)                                                                                  \
	{                                                                                          \
		name, name, SWITCH, "yes|no", false                                                \
	}
static const struct row table[] = {
	{ "access-mode", "access-mode", WORD, "full|custom|view", false },
	{ "approve-mode", "approve-mode", WORD, "password", false },
	{ "verification-method", "verification-method", WORD,
			"use-both-passwords|use-temporary-password|use-permanent-password", true },
	{ "temporary-password-length", "temporary-password-length", WORD, "6|8|10", false },
	MAY("allow-numeric-one-time-password"),
	MAY("enable-keyboard"),
	MAY("enable-clipboard"),
	MAY("enable-audio"),
	MAY("enable-file-transfer"),
	MAY("enable-camera"),
	MAY("enable-terminal"),
	MAY("enable-tunnel"),
	MAY("enable-remote-restart"),
	MAY("enable-record-session"),
	MAY("enable-block-input"),
	MAY("enable-privacy-mode"),
	MAY("enable-remote-printer"),
	/* what is written down is narrower than what nobody sees */
	{ "allow-auto-record-incoming", "record-incoming", SWITCH, "no|yes", false },
	{ "whitelist", "whitelist", NETWORKS, "", true },
	{ "id-whitelist", "id-whitelist", TEXT, "", true },
};
_Static_assert(HWS_COUNT(table) == HWS_STRATEGY_ROWS, "a value for each row");

const char *hws_strategy_setting(unsigned row)
{
	return table[row].setting;
}

/* Where a word stands in "a|b|c"; -1: nowhere. */
static int place(const char *order, const char *word)
{
	size_t len = strlen(word);

	for (int i = 0;; i++) {
		const char *end = strchrnul(order, '|');

		if ((size_t)(end - order) == len && memcmp(order, word, len) == 0)
			return i;
		if (!*end)
			return -1;
		order = end + 1;
	}
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Names of a stranger's go no further than as words. */
static void add_name(char names[HWS_STRATEGY_NAMES], const char *name)
{
	size_t len = strlen(names);
	bool plain = name[strspn(name,
				     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789_-.")] == '\0';

	if (hws_fmt(names + len, HWS_STRATEGY_NAMES - len, "%s%s", len ? ", " : "",
			    plain ? name : "?") < 0)
		names[len] = '\0';
}

static bool are_networks(const char *text)
{
	struct hws_cidr_list list = { .max = 256 };
	bool are = hws_cidr_list_parse(text, &list, NULL) == HWS_OK;

	hws_cidr_list_done(&list);
	return are;
}

static bool is_one_line(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20)
			return false;
	return true;
}

/* What our setting has for a value of theirs; NULL: it cannot be that. */
static const char *ours(const struct row *row, const char *value)
{
	bool fits = strlen(value) < VALUE_MAX && is_one_line(value);

	switch (row->takes) {
	case SWITCH:
		return !strcmp(value, "Y") ? "yes" : !strcmp(value, "N") ? "no" : NULL;
	case WORD:
		return place(row->order, value) >= 0 ? value : NULL;
	case NETWORKS:
		return fits && are_networks(value) ? value : NULL;
	default:
		return fits ? value : NULL;
	}
}

static int take_option(struct hws_strategy *s, const char *key, const json_t *value)
{
	const char *text = json_string_value(value), *own;

	if (text && !*text) /* as this host has it by itself */
		return HWS_OK;
	for (unsigned i = 0; i < HWS_COUNT(table); i++) {
		if (strcmp(table[i].key, key) != 0)
			continue;
		own = text ? ours(&table[i], text) : NULL;
		if (!own)
			break;
		s->value[i] = hws_strdup(own);
		return s->value[i] ? HWS_OK : HWS_ERR_NOMEM;
	}
	add_name(s->others, key);
	return HWS_OK;
}

static int read_head(const json_t *o, struct hws_strategy *s)
{
	const json_t *number = json_object_get(o, "modified_at"),
		     *nonce = json_object_get(o, "nonce");
	const char *id = json_string_value(json_object_get(o, "id"));

	if (!id || hws_str_copy(s->id, sizeof(s->id), id) < 0)
		return HWS_ERR_PROTO;
	if (nonce &&
			(!json_is_string(nonce) ||
					hws_str_copy(s->nonce, sizeof(s->nonce),
							json_string_value(nonce)) < 0))
		return HWS_ERR_PROTO;
	if (!json_is_integer(number) || json_integer_value(number) < 0)
		return HWS_ERR_PROTO;
	s->number = json_integer_value(number);
	return HWS_OK;
}

int hws_strategy_read(struct hws_bytes text, struct hws_strategy *ret)
{
	struct hws_strategy s = { 0 };
	json_t *options, *value, *o = NULL;
	const char *key;
	int r;

	if (text.len <= HWS_STRATEGY_TEXT_MAX)
		o = json_loadb((const char *)text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
	options = json_object_get(o, "config_options");
	r = json_is_object(options) ? read_head(o, &s) : HWS_ERR_PROTO;
	/* of one that is taken away there are the names only, to be forgotten */
	if (r == HWS_OK && s.number) {
		json_object_foreach (options, key, value) {
			r = take_option(&s, key, value);
			if (r < 0)
				break;
		}
	}
	json_decref(o);
	if (r < 0)
		hws_strategy_done(&s);
	else
		*ret = s;
	return r;
}

void hws_strategy_done(struct hws_strategy *s)
{
	for (unsigned i = 0; i < HWS_STRATEGY_ROWS; i++)
		hws_free(s->value[i]);
	*s = (struct hws_strategy){ 0 };
}

bool hws_strategy_same(const struct hws_strategy *a, const struct hws_strategy *b)
{
	bool same = a->number == b->number && hws_str_equal(a->others, b->others);

	for (unsigned i = 0; i < HWS_STRATEGY_ROWS; i++)
		same = same && !a->value[i] == !b->value[i] &&
				(!a->value[i] || hws_str_equal(a->value[i], b->value[i]));
	return same;
}

/* --- over the owner's settings ---------------------------------------------------------------- */

static bool narrows(const struct row *row, const char *own, const char *wanted)
{
	if (hws_str_equal(own, wanted))
		return true;
	if (row->forks)
		return place(row->order, own) == 0;
	return place(row->order, wanted) > place(row->order, own);
}

static int lay_one(unsigned i, const char *wanted, struct hws_settings *settings,
		struct hws_strategy_over *over)
{
	const struct hws_options *o = &hws_settings_options;
	const char *setting = table[i].setting;
	char own[VALUE_MAX];
	int r = hws_options_get(o, settings, setting, own, sizeof(own));

	if (r < 0 ||
			(settings->strategies == HWS_STRATEGIES_NARROW &&
					!narrows(&table[i], own, wanted))) {
		add_name(over->stays, setting);
		return HWS_OK;
	}
	over->own[i] = hws_strdup(own);
	r = over->own[i] ? hws_options_set(o, settings, setting, wanted, NULL) : HWS_ERR_NOMEM;
	if (r < 0) {
		hws_free(over->own[i]);
		over->own[i] = NULL;
	}
	return r;
}

int hws_strategy_lay(const struct hws_strategy *s, struct hws_settings *settings,
		struct hws_strategy_over *ret)
{
	int r = HWS_OK;

	*ret = (struct hws_strategy_over){ 0 };
	for (unsigned i = 0; i < HWS_STRATEGY_ROWS && r == HWS_OK; i++) {
		if (s->value[i] && settings->strategies != HWS_STRATEGIES_OFF)
			r = lay_one(i, s->value[i], settings, ret);
	}
	return r;
}

int hws_strategy_lift(struct hws_strategy_over *over, struct hws_settings *settings)
{
	int r = HWS_OK;

	for (unsigned i = 0; i < HWS_STRATEGY_ROWS; i++) {
		if (!over->own[i])
			continue;
		if (hws_options_set(&hws_settings_options, settings, table[i].setting, over->own[i],
				    NULL) < 0) {
			r = HWS_ERR_NOMEM;
			continue;
		}
		hws_free(over->own[i]);
		over->own[i] = NULL;
	}
	over->stays[0] = '\0';
	return r;
}

void hws_strategy_over_done(struct hws_strategy_over *over)
{
	for (unsigned i = 0; i < HWS_STRATEGY_ROWS; i++)
		hws_free(over->own[i]);
	*over = (struct hws_strategy_over){ 0 };
}
