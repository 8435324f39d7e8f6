/* As a shell reads words, as far as names need it: nothing is expanded but wildcards, later. */
#include "client/cli/files/words.h"
#include "shared/base/err.h"
#include "shared/base/mem.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Where the next byte of a word and of its pattern goes. */
struct pen {
	char *text, *pattern;
	struct files_word *word;
};

static int bad(struct files_words *w, int err, const char *fmt, ...) HWS_PRINTF(3, 4);
static int bad(struct files_words *w, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->error, sizeof(w->error), fmt, ap);
	va_end(ap);
	return err;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_wild(char c)
{
	return c == '*' || c == '?' || c == '[';
}

static void put(struct pen *p, char c, bool quoted)
{
	*p->text++ = c;
	if (!quoted && is_wild(c))
		p->word->wild = true;
	if (quoted && (is_wild(c) || c == ']' || c == '\\'))
		*p->pattern++ = '\\';
	*p->pattern++ = c;
}

/* Behind a backslash: `\` before a quote, a blank, a wildcard or itself makes that plain; else it
 * is a backslash, as the paths of Windows have it. */
static bool is_special(char c)
{
	return is_blank(c) || is_wild(c) || c == '\\' || c == '"' || c == '\'' || c == '#' ||
			c == '!' || c == ']';
}

/* From an opening quote; returns what stands behind the closing one, or NULL. */
static const char *quoted(struct pen *p, const char *s)
{
	char mark = *s++;

	for (; *s && *s != mark; s++) {
		if (mark == '"' && *s == '\\' && (s[1] == '"' || s[1] == '\\'))
			s++;
		put(p, *s, true);
	}
	return *s ? s + 1 : NULL;
}

static const char *one_word(struct pen *p, const char *s)
{
	while (s && *s && !is_blank(*s)) {
		if (*s == '"' || *s == '\'') {
			s = quoted(p, s);
		} else if (*s == '\\') {
			bool special = is_special(s[1]);
			put(p, (char)(special ? s[1] : '\\'), true);
			s += special ? 2 : 1;
		} else {
			put(p, *s++, false);
		}
	}
	return s;
}

static int words(const char *s, struct files_words *w)
{
	size_t n = strlen(s);
	/* each word ends with a NUL; a pattern has at most two bytes for one */
	struct pen p = { .text = w->store, .pattern = w->store + 2 * n + 2 };

	for (;;) {
		while (is_blank(*s))
			s++;
		if (!*s || (*s == '#' && w->count == 0))
			return HWS_OK;
		if (w->count == FILES_WORDS_MAX)
			return bad(w, HWS_ERR_TOOBIG, "a line has at most %u words",
					FILES_WORDS_MAX);
		p.word = &w->word[w->count++];
		p.word->text = p.text;
		p.word->pattern = p.pattern;
		s = one_word(&p, s);
		if (!s)
			return bad(w, HWS_ERR_INVAL, "a quote is not closed");
		*p.text++ = 0;
		*p.pattern++ = 0;
	}
}

int files_words_split(const char *line, struct files_words *ret)
{
	size_t n = strlen(line);

	memset(ret, 0, sizeof(*ret));
	while (n && (line[n - 1] == '\n' || line[n - 1] == '\r'))
		n--;
	if (n > FILES_LINE_MAX)
		return bad(ret, HWS_ERR_TOOBIG, "the line is longer than %u bytes", FILES_LINE_MAX);
	for (size_t i = 0; i < n; i++)
		if (((unsigned char)line[i] < 0x20 && line[i] != '\t') || line[i] == 0x7f)
			return bad(ret, HWS_ERR_INVAL, "character %zu is a control character",
					i + 1);
	while (n && is_blank(*line)) {
		line++;
		n--;
	}
	ret->store = hws_alloc(6 * n + 8);
	if (!ret->store)
		return bad(ret, HWS_ERR_NOMEM, "out of memory");
	if (*line == '!' && n > 0) {
		memcpy(ret->store, line + 1, n - 1);
		ret->shell = ret->store;
		return HWS_OK;
	}
	/* a copy without the end of the line, behind what the words need */
	char *copy = ret->store + 5 * n + 6;
	for (size_t i = 0; i < n; i++)
		copy[i] = line[i];
	copy[n] = 0;
	return words(copy, ret);
}

void files_words_done(struct files_words *w)
{
	hws_free(w->store);
	memset(w, 0, sizeof(*w));
}
