/* host/report_facts: what machine this is, as an API server lists it. Reads files: before the
 * process is confined. */
#pragma once

struct hws_report_facts {
	char hostname[256], os[256], cpu[256], memory[32];
};

void hws_report_facts(struct hws_report_facts *ret);
/* The number that deployed hosts make of their version: 1.2.3 is 1002030; 0 where it is none. */
unsigned hws_report_version(const char *text);
