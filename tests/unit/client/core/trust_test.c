/* Whom the viewer takes for the host: each row of the table in docs/trust.md, run on the real core
 * with a host of v2, of the deployed scheme, or without any, and a list of remembered hosts. The
 * table is read, not repeated here: what the page says and what the program does cannot part. */
#include "client/core/known_peers.h"
#include "shared/wire/envelope.h"
#include "suites.h"
#include "tests/unit/client/core/v2_host.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 100
#define TARGET V2_HOST_ID
#define SERVER "id.example.com"

enum column { OPTION, WORD, REMEMBERED, WAY, HOST, RESULT, NAMES, COLUMNS };

static const char *const values[RESULT][5] = {
	[OPTION] = { "none", "insecure", "its key", "another" },
	[WORD] = { "none", "right", "another", "not signed" },
	[REMEMBERED] = { "nothing", "plain", "its key", "another" },
	[WAY] = { "ID", "address" },
	[HOST] = { "v2", "1.x", "plain" },
};

struct row {
	char cell[COLUMNS][80];
	int used;
};

static struct row rows[ROWS_MAX];
static size_t row_count;

/* Without the blanks around it. */
static void copy_cell(char to[80], const char *from, size_t len)
{
	while (len && *from == ' ')
		from++, len--;
	while (len && from[len - 1] == ' ')
		len--;
	ck_assert_uint_lt(len, 80);
	memcpy(to, from, len);
	to[len] = 0;
}

static void parse_row(const char *line)
{
	struct row *r = &rows[row_count];
	const char *p = line + 1;

	for (int c = 0; c < COLUMNS; c++) {
		const char *end = strchr(p, '|');
		ck_assert_msg(end != NULL, "%s", line);
		copy_cell(r->cell[c], p, (size_t)(end - p));
		p = end + 1;
	}
	r->used = 0;
	row_count++;
}

static void read_table(void)
{
	FILE *f = fopen(TRUST_TABLE, "r");
	char line[400];
	bool inside = false;

	ck_assert_ptr_nonnull(f);
	row_count = 0;
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "|---", 4) == 0)
			inside = true;
		else if (inside && *line == '|' && row_count < ROWS_MAX)
			parse_row(line);
		else
			inside = false;
	}
	fclose(f);
	ck_assert_uint_gt(row_count, 20);
}

static bool has(const char *cell, const char *value)
{
	size_t n = strlen(value);

	if (strcmp(cell, "*") == 0)
		return true;
	for (const char *p = cell; *p; p += strcspn(p, ","), p += strspn(p, ", "))
		if (strcspn(p, ",") == n && strncmp(p, value, n) == 0)
			return true;
	return false;
}

static struct row *row_of(const unsigned v[RESULT])
{
	struct row *found = NULL;

	for (size_t i = 0; i < row_count; i++) {
		bool same = true;
		for (int c = 0; c < RESULT; c++)
			same &= has(rows[i].cell[c], values[c][v[c]]);
		if (!same)
			continue;
		ck_assert_msg(!found, "two rows: %s, %s, %s, %s, %s", values[OPTION][v[OPTION]],
				values[WORD][v[WORD]], values[REMEMBERED][v[REMEMBERED]],
				values[WAY][v[WAY]], values[HOST][v[HOST]]);
		found = &rows[i];
	}
	ck_assert_msg(found != NULL, "no row: %s, %s, %s, %s, %s", values[OPTION][v[OPTION]],
			values[WORD][v[WORD]], values[REMEMBERED][v[REMEMBERED]],
			values[WAY][v[WAY]], values[HOST][v[HOST]]);
	found->used++;
	return found;
}

static bool is(const unsigned v[RESULT], enum column c, const char *value)
{
	return strcmp(values[c][v[c]], value) == 0;
}

struct keys {
	uint8_t named[HWS_PK_LEN], remembered[HWS_PK_LEN], given[HWS_PK_LEN];
};

/* What the list has of this host, as sessions take it from there. */
static void remember(const struct v2_host *h, const unsigned v[RESULT], const struct keys *keys,
		struct hws_known_peers *list)
{
	struct hws_known_peer p = { 0 };

	if (is(v, REMEMBERED, "nothing"))
		return;
	snprintf(p.target, sizeof(p.target), "%s", is(v, WAY, "ID") ? TARGET : "192.0.2.1:21118");
	snprintf(p.server, sizeof(p.server), "%s", is(v, WAY, "ID") ? SERVER : "");
	p.has_pk = !is(v, REMEMBERED, "plain");
	memcpy(p.pk, is(v, REMEMBERED, "its key") ? h->identity.pk : keys->remembered, HWS_PK_LEN);
	p.level = is(v, HOST, "v2") ? HWS_LEVEL_V2 : HWS_LEVEL_V1;
	hws_known_peers_put(list, &p);
}

static void meet(struct v2_host *h, const unsigned v[RESULT], const struct keys *keys,
		const struct hws_known_peers *list)
{
	const struct hws_known_peer *known = hws_known_peers_find(
			list, is(v, WAY, "ID") ? TARGET "@" SERVER : "192.0.2.1", "any");
	struct v2_link link = { .direct = is(v, WAY, "address"),
		.v1 = is(v, HOST, "1.x"),
		.plain = is(v, HOST, "plain"),
		.mute = is(v, WORD, "none"),
		.forged = is(v, WORD, "not signed"),
		.named = is(v, WORD, "another") ? keys->named : NULL };

	if (known && known->has_pk) {
		link.other_pin = known->pk;
		link.pinned_level = known->level;
	}
	if (is(v, OPTION, "its key") || is(v, OPTION, "another")) {
		const uint8_t *given = is(v, OPTION, "its key") ? h->identity.pk : keys->given;
		if (!link.other_pin || memcmp(given, link.other_pin, HWS_PK_LEN) != 0)
			link.pinned_level = HWS_LEVEL_V1;
		link.other_pin = given;
		link.given = true;
	}
	v2_host_meet(h, &link);
	if (h->r->state == HWS_VIEWER_ENDED || link.plain)
		return;
	v2_host_confirm(h);
	if (h->r->state == HWS_VIEWER_HASH)
		v2_host_hash(h);
}

static const char *result_of(const struct recorder *r)
{
	static char text[40];
	static const char *const trusts[] = { "none", "first contact", "pinned", "server" };
	enum hws_secure_level level = hws_viewer_level(r->viewer);

	if (r->ends)
		return r->end_err == HWS_ERR_KEY                 ? "refused: key"
				: r->end_err == HWS_ERR_INSECURE ? "refused: not encrypted"
								 : "ended by something else";
	if (r->plain_asks || r->key_asks)
		return r->plain_asks ? "asked: plain" : "asked: key";
	if (level == HWS_LEVEL_PLAIN)
		return "plain";
	snprintf(text, sizeof(text), "%s, %s", level == HWS_LEVEL_V2 ? "v2" : "1.x",
			trusts[hws_viewer_trust(r->viewer)]);
	return text;
}

static void check_names(const struct row *row, const struct v2_host *h, const unsigned v[RESULT],
		const struct keys *keys, const char *text)
{
	const struct {
		const char *name;
		const uint8_t *pk;
	} known[] = { { "shown", h->identity.pk },
		{ "remembered", is(v, REMEMBERED, "its key") ? h->identity.pk : keys->remembered },
		{ "named", is(v, WORD, "another") ? keys->named : h->identity.pk },
		{ "given", is(v, OPTION, "its key") ? h->identity.pk : keys->given },
		{ "server", h->server.pk } };
	char print[HWS_FINGERPRINT_TEXT];

	for (size_t i = 0; i < HWS_COUNT(known); i++)
		if (has(row->cell[NAMES], known[i].name))
			ck_assert_msg(strstr(text, hws_fingerprint_text(known[i].pk, print)) !=
							NULL,
					"%s is not in: %s", known[i].name, text);
}

/* Refusals and questions about keys say what to do. */
static void check_remedy(const unsigned v[RESULT], const char *text)
{
	ck_assert_msg(strstr(text, "hawser-host status") || strstr(text, "hawser peers forget") ||
					strstr(text, "Without --accept-key"),
			"%s", text);
	if (is(v, OPTION, "none") && strstr(text, "Somebody may be"))
		ck_assert_msg(strstr(text, "forget") || strstr(text, "--accept-key"), "%s", text);
}

static void run(const unsigned v[RESULT])
{
	struct row *row = row_of(v);
	struct hws_known_peers *list = calloc(1, sizeof(*list));
	struct hws_identity other[3];
	struct recorder r;
	struct v2_host h;
	struct keys keys;
	const char *got;

	ck_assert_ptr_nonnull(list);
	for (size_t i = 0; i < HWS_COUNT(other); i++)
		hws_identity_generate(false, &other[i]);
	memcpy(keys.named, other[0].pk, HWS_PK_LEN);
	memcpy(keys.remembered, other[1].pk, HWS_PK_LEN);
	memcpy(keys.given, other[2].pk, HWS_PK_LEN);
	recorder_init(&r, "temporary", is(v, OPTION, "insecure"));
	v2_host_init(&h, &r, "", "");
	remember(&h, v, &keys, list);
	meet(&h, v, &keys, list);
	got = result_of(&r);
	ck_assert_msg(strcmp(got, row->cell[RESULT]) == 0, "%s, %s, %s, %s, %s: %s, not %s (%s)",
			values[OPTION][v[OPTION]], values[WORD][v[WORD]],
			values[REMEMBERED][v[REMEMBERED]], values[WAY][v[WAY]],
			values[HOST][v[HOST]], got, row->cell[RESULT], r.end_text);
	if (r.ends || r.key_asks) {
		check_names(row, &h, v, &keys, r.ends ? r.end_text : r.asked_text);
		check_remedy(v, r.ends ? r.end_text : r.asked_text);
	}
	/* what is refused or asked about has been told nothing of the user */
	if (r.ends || r.key_asks || r.plain_asks)
		for (size_t i = 0; i < r.sent_count; i++) {
			Ses__Message *m = recorder_sent(&r, (int)i);
			ck_assert_int_ne(m->union_case, SES__MESSAGE__UNION_LOGIN_REQUEST);
			hws_ses_free(m);
		}
	recorder_done(&r);
	free(list);
}

START_TEST(each_situation_ends_as_the_table_says)
{
	unsigned v[RESULT];

	read_table();
	for (v[OPTION] = 0; values[OPTION][v[OPTION]]; v[OPTION]++)
		for (v[WORD] = 0; values[WORD][v[WORD]]; v[WORD]++)
			for (v[REMEMBERED] = 0; values[REMEMBERED][v[REMEMBERED]]; v[REMEMBERED]++)
				for (v[WAY] = 0; values[WAY][v[WAY]]; v[WAY]++)
					for (v[HOST] = 0; values[HOST][v[HOST]]; v[HOST]++)
						if (is(v, WAY, "ID") ||
								(is(v, WORD, "none") &&
										!is(v, HOST, "1.x")))
							run(v);
	for (size_t i = 0; i < row_count; i++)
		ck_assert_msg(rows[i].used, "a row of nothing: %s, %s, %s", rows[i].cell[OPTION],
				rows[i].cell[WORD], rows[i].cell[RESULT]);
}
END_TEST

START_TEST(who_agrees_to_a_key_goes_on_and_who_does_not_ends)
{
	struct recorder r;
	struct v2_host h;

	recorder_init(&r, "temporary", false);
	v2_host_init(&h, &r, "temporary", "");
	v2_host_meet(&h, &(struct v2_link){ .mute = true });
	v2_host_confirm(&h);
	v2_host_hash(&h);
	ck_assert_int_eq(r.key_asks, 1);
	ck_assert_int_eq(r.state, HWS_VIEWER_DOUBT);
	ck_assert_int_eq(hws_viewer_agree(r.viewer, _i == 0), HWS_OK);
	if (_i == 0) {
		hws_ses_free(v2_host_login(&h));
		ck_assert(h.good);
		v2_host_welcome(&h, h.confirm, false);
		ck_assert_int_eq(r.readies, 1);
		ck_assert(hws_viewer_may_pin(r.viewer));
	} else {
		ck_assert_int_eq(r.end_err, HWS_ERR_KEY);
	}
	ck_assert_int_eq(hws_viewer_agree(r.viewer, true), HWS_ERR_DENIED);
	recorder_done(&r);
}
END_TEST

/* Of several ways one may lead to somebody else: that is no word of the host's. */
START_TEST(a_stranger_on_the_way_is_told_from_a_changed_key)
{
	static const uint8_t pin[HWS_PK_LEN] = { 9 };
	struct recorder r;
	struct v2_host h;

	recorder_init(&r, "temporary", false);
	v2_host_init(&h, &r, "temporary", "");
	v2_host_meet(&h,
			&(struct v2_link){ .mute = _i == 0,
					.other_pin = pin,
					.pinned_level = HWS_LEVEL_V2 });
	ck_assert_int_eq(r.end_err, HWS_ERR_KEY);
	ck_assert_int_eq(hws_viewer_met_stranger(r.viewer), _i == 0);
	recorder_done(&r);
}
END_TEST

Suite *trust_suite(void)
{
	Suite *s = suite_create("core/trust");
	TCase *t = tcase_create("trust");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, each_situation_ends_as_the_table_says);
	tcase_add_loop_test(t, who_agrees_to_a_key_goes_on_and_who_does_not_ends, 0, 2);
	tcase_add_loop_test(t, a_stranger_on_the_way_is_told_from_a_changed_key, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
