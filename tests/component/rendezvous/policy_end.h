/* tests: what stands for the API server at the policy socket: reads each line that the server says,
 * and answers exactly what it is told to. Everything has a deadline. */
#pragma once
#include <jansson.h>

struct policy_end {
	char path[360];
	int listening, fd; /* -1 = none */
	char in[65536];
	size_t len;
};
void policy_end_open(struct policy_end *p, const char *dir);
/* Waits for the server to connect, and for its hello. */
void policy_end_meet(struct policy_end *p);
void policy_end_close(struct policy_end *p);
/* Ends the present link only. */
void policy_end_drop(struct policy_end *p);
/* The next line; the test fails without one. Free it. */
json_t *policy_end_line(struct policy_end *p);
/* The next line, which must say `q`. */
json_t *policy_end_expect(struct policy_end *p, const char *q);
/* NULL when nothing is said for a while. */
json_t *policy_end_silent(struct policy_end *p);
/* Answers the question with these further members, as "\"allow\":true". */
void policy_end_answer(struct policy_end *p, const json_t *question, const char *members);
