/* admin/table_options: options that stand in several of the tables, so that they read the same
 * everywhere. For the table_*.c files. */
#pragma once
#include "admin/cli/table.h"

#define ADM_OPT_FIND                                                                               \
	{                                                                                          \
		"q", "TEXT", ADM_TEXT, ADM_QUERY, NULL, NULL, "those that have this in them"       \
	}
#define ADM_OPT_IF_MISSING                                                                         \
	{                                                                                          \
		"if-missing", NULL, ADM_FLAG, ADM_OWN, NULL, NULL,                                 \
				"leave one that is there as it is"                                 \
	}
#define ADM_OPT_NOTE                                                                               \
	{                                                                                          \
		"note", "TEXT", ADM_TEXT, ADM_BODY, NULL, NULL, "a note"                           \
	}
#define ADM_OPT_RENAME                                                                             \
	{                                                                                          \
		"name", "NAME", ADM_TEXT, ADM_BODY, NULL, NULL, "another name"                     \
	}
#define ADM_OPT_API_DATABASE                                                                       \
	{ "config", "FILE", ADM_TEXT, ADM_OWN, NULL, NULL,                                         \
		"settings of hawser-api (default: as it is started)" },                            \
			{ "database", "WHERE", ADM_TEXT, ADM_OWN, NULL, NULL,                      \
				"its database: sqlite:FILE or postgresql://..." },                 \
	{                                                                                          \
		"data-dir", "DIR", ADM_TEXT, ADM_OWN, NULL, NULL,                                  \
				"folder of its database and keys"                                  \
	}
