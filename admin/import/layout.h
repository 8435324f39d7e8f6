/* import/layout: how the databases of others look: a table of queries, each of which gives rows of
 * one kind. Names of tables and columns are all that is known of them. Private to admin/import. */
#pragma once
#include "admin/import/row.h"
#include <stdbool.h>

struct imp_column {
	enum imp_field field;
	const char *expr;
	const char *needs; /* a column of the table that not every version has; NULL = all have */
	const char *other; /* instead, where it is missing; NULL = the field stays empty */
};

struct imp_table {
	enum imp_what what;
	const char *table; /* that `needs` are of; versions without it have no such rows */
	const char *from;  /* NULL = the table alone */
	const char *where; /* NULL = all rows */
	const struct imp_column *column;
	size_t count;
};

struct imp_layout {
	const char *kind;
	const char *help;
	/* "TABLE.COLUMN" that it is known by, divided by blanks; all must be there. */
	const char *marks;
	const struct imp_table *table;
	size_t count;
};

extern const struct imp_layout imp_layouts[];
extern const size_t imp_layout_count;
