/* admin/rows: what a verb found or did, as a table for people or in a form for programs. Rows come
 * one by one, so that a list of 100,000 devices needs no memory for more than what is shown. */
#pragma once
#include "shared/base/err.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

enum adm_format {
	ADM_FORMAT_AUTO, /* a table on a terminal, else JSON lines */
	ADM_FORMAT_TABLE,
	ADM_FORMAT_JSON,
	ADM_FORMAT_JSONL,
	ADM_FORMAT_CSV,
	ADM_FORMAT_IDS, /* what selectors take: one a line */
};

struct adm_look {
	enum adm_format format;
	const char *columns; /* comma separated; NULL = `usual` in a table, all in other forms */
	const char *sort;    /* a column, with '-' before it downwards; NULL = as they come */
	size_t limit;        /* 0 = all */
	bool quiet;          /* nothing at all */
	bool one;            /* it is one thing: "name: value" lines, a JSON object */
	const char *usual;   /* columns of a table */
	const char *key;     /* member that ADM_FORMAT_IDS prints */
};

int adm_format_parse(const char *word, enum adm_format *ret) HWS_MUST_CHECK;

struct adm_rows;
/* `look` and the texts in it are borrowed until the end. */
int adm_rows_new(FILE *out, const struct adm_look *look, struct adm_rows **ret,
		struct hws_error *err) HWS_MUST_CHECK;
/* Shows or keeps a row, which stays the caller's. HWS_ERR_FULL: the limit is reached, no more are
 * wanted; HWS_ERR_INVAL: a column was asked for that rows do not have; adm_rows_end names it. */
int adm_rows_add(struct adm_rows *r, const json_t *row) HWS_MUST_CHECK;
/* Shows what waited. */
int adm_rows_end(struct adm_rows *r, struct hws_error *err) HWS_MUST_CHECK;
void adm_rows_free(struct adm_rows *r);

/* The text of one member, "owner" or "owner.guid", as tables and CSV have it: names of references,
 * times as "2026-01-31T12:34:56Z". Cut to the buffer. */
void adm_cell_text(const json_t *row, const char *column, char *buf, size_t size);
