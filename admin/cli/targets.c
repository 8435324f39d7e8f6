/* admin/targets: a few exact names are asked for one by one; patterns and long lists are held
 * against the whole list, which the server gives in pages. */
#include "admin/cli/targets.h"
#include "admin/cli/pattern.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include "shared/web/fetch.h"
#include <ctype.h>
#include <string.h>

#define WORDS_MAX 100000u
#define ONE_BY_ONE 16u
#define LINES_MAX (16u << 20)

struct search {
	struct adm_call *call;
	const struct adm_thing *thing;
	struct hws_buf texts; /* of files with names */
	struct hws_buf words; /* const char * */
	struct adm_pattern *pattern;
	bool *found;
	size_t count;
	json_t *exact; /* folded name -> indices in pattern; where there are many */
	json_t *seen;  /* guids */
	json_t *rows;
	bool whole;
};

const char *adm_row_guid(const json_t *row)
{
	const char *guid = json_string_value(json_object_get(row, "guid"));

	return guid ? guid : "";
}

const char *adm_row_name(const struct adm_thing *thing, const json_t *row)
{
	const char *name = json_string_value(json_object_get(row, thing->key));

	if ((!name || !*name) && thing->other)
		name = json_string_value(json_object_get(row, thing->other));
	return name && *name ? name : adm_row_guid(row);
}

static struct adm_names names_of(const struct adm_thing *t, const json_t *row)
{
	struct adm_names n = { .guid = adm_row_guid(row),
		.id = json_string_value(json_object_get(row, "id")),
		.name = json_string_value(json_object_get(row, t->key)) };

	if (t->other)
		n.other = json_string_value(json_object_get(row, t->other));
	if (strcmp(t->key, "id") == 0) {
		n.name = n.other;
		n.other = NULL;
	}
	return n;
}

/* --- words ------------------------------------------------------------------------------------ */

static int add_word(struct search *s, const char *word)
{
	if (hws_buf_len(&s->words) / sizeof(word) == WORDS_MAX) {
		hws_error_set(&s->call->err, HWS_ERR_TOOBIG, "more than %u names", WORDS_MAX);
		return ADM_USAGE;
	}
	hws_buf_put(&s->words, &word, sizeof(word));
	return ADM_DONE;
}

static int add_lines(struct search *s, const char *path)
{
	size_t begin = hws_buf_len(&s->texts);
	int status = ADM_DONE;

	/* One file, so that what words point to does not move. */
	if (begin) {
		hws_error_set(&s->call->err, HWS_ERR_INVAL, "one file of names at a time");
		return ADM_USAGE;
	}
	if (adm_read_input(path, &s->texts, &s->call->err) < 0)
		return ADM_USAGE;
	hws_buf_put_u8(&s->texts, 0);
	if (hws_buf_err(&s->texts))
		return ADM_FAILED;
	for (char *line = (char *)s->texts.data; line && status == ADM_DONE;) {
		char *end = strchr(line, '\n'), *word;

		if (end)
			*end++ = 0;
		word = hws_str_trim(line);
		if (*word)
			status = add_word(s, word);
		line = end;
	}
	return status;
}

static void fold(const char *text, char *buf, size_t size)
{
	size_t i = 0;

	for (; text && text[i] && i + 1 < size; i++)
		buf[i] = (char)tolower((unsigned char)text[i]);
	buf[i] = 0;
}

/* The same name may be there twice, or once as it is and once as "id:...". */
static void index_word(struct search *s, size_t i)
{
	char key[ADM_PATTERN_MAX + 1];
	json_t *list;

	fold(s->pattern[i].text, key, sizeof(key));
	list = json_object_get(s->exact, key);
	if (!list) {
		list = json_array();
		if (json_object_set_new(s->exact, key, list) < 0)
			return; /* no UTF-8: nothing has that name */
	}
	json_array_append_new(list, json_integer((json_int_t)i));
}

static int parse_words(struct search *s, char *const *words, size_t n)
{
	const char *const *all;
	int status = ADM_DONE;

	for (size_t i = 0; i < n && status == ADM_DONE; i++) {
		if (strcmp(words[i], "-") == 0)
			status = add_lines(s, "-");
		else if (words[i][0] == '@' && words[i][1])
			status = add_lines(s, words[i] + 1);
		else
			status = add_word(s, words[i]);
	}
	if (status)
		return status;
	s->count = hws_buf_len(&s->words) / sizeof(*all);
	s->pattern = hws_alloc_array(s->count, sizeof(*s->pattern));
	s->found = hws_alloc_array(s->count, sizeof(*s->found));
	if (!s->pattern || !s->found || hws_buf_err(&s->words))
		return ADM_FAILED;
	all = (const char *const *)(const void *)s->words.data;
	for (size_t i = 0; i < s->count; i++) {
		if (adm_pattern_parse(all[i], &s->pattern[i], &s->call->err) < 0)
			return ADM_USAGE;
		if (s->count > ONE_BY_ONE && !adm_pattern_is_open(&s->pattern[i]))
			index_word(s, i);
	}
	return ADM_DONE;
}

/* --- rows ------------------------------------------------------------------------------------- */

static int take_row(struct search *s, const json_t *row)
{
	const char *guid = adm_row_guid(row);
	json_t *kept;

	if (!*guid || json_object_get(s->seen, guid))
		return HWS_OK;
	if (s->whole) {
		kept = json_incref((json_t *)(uintptr_t)row);
	} else {
		kept = json_object();
		json_object_set_new(kept, "guid", json_string(guid));
		json_object_set(kept, s->thing->key, json_object_get(row, s->thing->key));
		if (s->thing->other)
			json_object_set(kept, s->thing->other,
					json_object_get(row, s->thing->other));
	}
	if (!kept || json_object_set_new(s->seen, guid, json_true()) < 0 ||
			json_array_append_new(s->rows, kept) < 0)
		return HWS_ERR_NOMEM;
	return HWS_OK;
}

static bool match_at(struct search *s, size_t i, const struct adm_names *n)
{
	if (!adm_pattern_match(&s->pattern[i], n))
		return false;
	s->found[i] = true;
	return true;
}

static bool match_exact(struct search *s, const char *name, const struct adm_names *n)
{
	char key[ADM_PATTERN_MAX + 1];
	const json_t *i;
	bool fits = false;
	size_t k;

	if (!name || !*name)
		return false;
	fold(name, key, sizeof(key));
	json_array_foreach (json_object_get(s->exact, key), k, i)
		fits = match_at(s, (size_t)json_integer_value(i), n) || fits;
	return fits;
}

static int on_row(const json_t *row, void *arg)
{
	struct search *s = arg;
	struct adm_names n = names_of(s->thing, row);
	bool fits = s->count == 0; /* filters alone say it */

	if (s->count > ONE_BY_ONE) {
		const char *const names[] = { n.name, n.other, n.id, n.guid };

		for (size_t i = 0; i < HWS_COUNT(names); i++)
			fits = match_exact(s, names[i], &n) || fits;
		for (size_t i = 0; i < s->count; i++) {
			if (adm_pattern_is_open(&s->pattern[i]) && match_at(s, i, &n))
				fits = true;
		}
	} else {
		for (size_t i = 0; i < s->count; i++)
			fits = match_at(s, i, &n) || fits;
	}
	return fits ? take_row(s, row) : HWS_OK;
}

static int by_guid(struct search *s, const char *path, size_t i)
{
	char whole[600], safe[120];
	json_t *row = NULL;
	int status = ADM_NOTHING;

	if (hws_url_escape(s->pattern[i].text, safe, sizeof(safe)) == HWS_OK &&
			hws_fmt(whole, sizeof(whole), "%s/%s", path, safe) == HWS_OK)
		status = adm_rest_call(s->call, "GET", whole, NULL, &row);
	if (status == ADM_NOTHING)
		return ADM_DONE; /* said below */
	if (status == ADM_DONE) {
		s->found[i] = true;
		if (take_row(s, row) < 0)
			status = ADM_FAILED;
	}
	json_decref(row);
	return status;
}

static int by_name(struct search *s, const char *path, const char *query, size_t i)
{
	struct hws_buf q;
	int status;

	hws_buf_init(&q, 2048);
	hws_buf_put_str(&q, query);
	adm_query_put(&q, "q", s->pattern[i].text);
	hws_buf_put_u8(&q, 0);
	if (hws_buf_err(&q))
		status = ADM_USAGE;
	else
		status = adm_rest_list(
				s->call, path, (const char *)hws_buf_bytes(&q).ptr, on_row, s);
	hws_buf_done(&q);
	return status;
}

static int run(struct search *s, const char *path, const char *query)
{
	bool all = s->count == 0 || s->count > ONE_BY_ONE || !s->thing->sorted;
	int status = ADM_DONE;

	for (size_t i = 0; i < s->count && !all; i++)
		all = adm_pattern_is_open(&s->pattern[i]) ||
				(s->pattern[i].kind == ADM_GUID && !s->thing->single);
	if (all)
		return adm_rest_list(s->call, path, query, on_row, s);
	for (size_t i = 0; i < s->count && status == ADM_DONE; i++) {
		if (s->found[i])
			continue;
		status = s->pattern[i].kind == ADM_GUID ? by_guid(s, path, i)
							: by_name(s, path, query, i);
	}
	return status;
}

static int report_missing(const struct search *s)
{
	bool missing = false;

	for (size_t i = 0; i < s->count; i++) {
		if (s->found[i] || adm_pattern_is_open(&s->pattern[i]) || s->call->may_miss)
			continue;
		missing = true;
		adm_complain(0, "there is no %s '%s'", s->thing->noun, s->pattern[i].text);
	}
	return missing ? ADM_NOTHING : ADM_DONE;
}

int adm_targets_find(struct adm_call *call, const struct adm_thing *thing, char *const *words,
		size_t n, const char *query, bool whole, json_t **ret)
{
	struct search s = { .call = call,
		.thing = thing,
		.whole = whole,
		.exact = json_object(),
		.seen = json_object(),
		.rows = json_array() };
	char path[200];
	int status = adm_thing_path(call, thing, path, sizeof(path));

	hws_buf_init(&s.texts, LINES_MAX);
	hws_buf_init(&s.words, WORDS_MAX * sizeof(char *));
	if (status == ADM_DONE)
		status = parse_words(&s, words, n);
	if (status == ADM_DONE && (!n || s.count))
		status = run(&s, path, query);
	if (status)
		adm_complain_of(call, status);
	else
		status = report_missing(&s);
	if (status == ADM_DONE)
		*ret = json_incref(s.rows);
	for (size_t i = 0; s.pattern && i < s.count; i++)
		adm_pattern_done(&s.pattern[i]);
	hws_free(s.pattern);
	hws_free(s.found);
	hws_buf_done(&s.texts);
	hws_buf_done(&s.words);
	json_decref(s.exact);
	json_decref(s.seen);
	json_decref(s.rows);
	return status;
}

int adm_target_one(struct adm_call *call, const struct adm_thing *thing, const char *word,
		json_t **ret)
{
	char *words[] = { (char *)(uintptr_t)word };
	json_t *rows = NULL;
	int status = adm_targets_find(call, thing, words, 1, "", true, &rows);

	if (status == ADM_DONE && json_array_size(rows) == 0)
		status = adm_complain(ADM_NOTHING, "there is no %s '%s'", thing->noun, word);
	else if (status == ADM_DONE && json_array_size(rows) > 1)
		status = adm_complain(ADM_CONFLICT, "%zu %ss are '%s': say which with guid: or id:",
				json_array_size(rows), thing->noun, word);
	if (status == ADM_DONE)
		*ret = json_incref(json_array_get(rows, 0));
	json_decref(rows);
	return status;
}

int adm_target_guid(struct adm_call *call, const struct adm_thing *thing, const char *word,
		char buf[40])
{
	json_t *row = NULL;
	int status = adm_target_one(call, thing, word, &row);

	if (status == ADM_DONE && hws_str_copy(buf, 40, adm_row_guid(row)) < 0)
		status = adm_complain(ADM_FAILED, "the server gives a wrong guid");
	json_decref(row);
	return status;
}

int adm_thing_path(struct adm_call *call, const struct adm_thing *thing, char *buf, size_t size)
{
	const char *hole = strstr(thing->path, "%s"), *book;
	int status;

	if (!hole)
		return hws_str_copy(buf, size, thing->path) < 0 ? ADM_FAILED : ADM_DONE;
	book = adm_value(call, "book");
	if (!book && call->n_args && strcmp(call->verb->noun, "book") == 0)
		book = call->args[0]; /* "book shares BOOK", as the other verbs of books have it */
	if (!call->book[0]) {
		if (!book) {
			hws_error_set(&call->err, HWS_ERR_INVAL, "which book? --book NAME");
			return ADM_USAGE;
		}
		status = adm_target_guid(call, adm_thing_find("book"), book, call->book);
		if (status)
			return status;
	}
	return hws_fmt(buf, size, "%.*s%s%s", (int)(hole - thing->path), thing->path, call->book,
			       hole + 2) < 0
			? ADM_FAILED
			: ADM_DONE;
}
