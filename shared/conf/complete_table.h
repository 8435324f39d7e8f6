/* conf/complete_table: what a program's command line is read by, as completion wants to know it. */
#pragma once
#include "shared/conf/option.h"
#include "shared/conf/verbs.h"

/* A verb whose options are in a table of its own. */
struct hws_complete_part {
	const char *verb;
	const struct hws_options *options;
};

struct hws_complete {
	const char *program;
	/* What stands in front of any verb, and behind those that have no options of their own.
	 * Either a table, or lines of --help ("  --name ARG  text"); both NULL = none. */
	const struct hws_options *options;
	const char *help;
	const struct hws_verb *verbs;
	size_t verbs_count;
	const struct hws_complete_part *parts;
	size_t parts_count;
	bool knows_hosts; /* what "hawser peers" lists fits where a host does */
};
