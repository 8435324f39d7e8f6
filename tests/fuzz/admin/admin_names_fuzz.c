/* Words of a command line and lines of files with names: patterns held against names of strangers,
 * spans, dates, days and hours. Input: the word, a line end, what a thing is called. */
#include "admin/cli/pattern.h"
#include "admin/cli/when.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW 1800000000000ll

static void times(const char *word)
{
	char from[6], to[6];
	unsigned days = 0;
	int64_t at = -1, n = 0;

	if (adm_when_parse(word, NOW, false, &at) == HWS_OK && at < 0)
		abort();
	if (adm_days_parse(word, &n) == HWS_OK && (n < 1 || n > 36500))
		abort();
	if (adm_weekdays_parse(word, &days) == HWS_OK && (!days || days > 127))
		abort();
	if (adm_hours_parse(word, from, to) == HWS_OK && (strlen(from) != 5 || strlen(to) != 5))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *name;
	struct adm_pattern p;
	struct hws_error err = { 0 };

	memcpy(text, data, size);
	text[size] = 0;
	name = strchr(text, '\n');
	if (name)
		*name++ = 0;
	times(text);
	/* Expressions that repeat repetitions cost who typed them their time: not ours. */
	if (strncmp(text, "re:", 3) == 0 && (strlen(text) > 24 || strpbrk(text, "{+*")))
		goto out;
	if (strlen(text) > 64 && strpbrk(text, "*?["))
		goto out;
	if (adm_pattern_parse(text, &p, &err) == HWS_OK) {
		const struct adm_names n = { .guid = name, .id = name, .name = name };
		bool same = adm_pattern_match(&p, &n);

		if (adm_pattern_match(&p, &(struct adm_names){ 0 }))
			abort(); /* what has no name is not meant */
		if (name && strcmp(name, p.text) == 0 && *name && !same && !adm_pattern_is_open(&p))
			abort(); /* what is called so is */
		adm_pattern_done(&p);
	} else if (!err.text[0]) {
		abort();
	}
out:
	free(text);
	return 0;
}
