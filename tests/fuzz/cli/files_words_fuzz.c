/* Any line at the prompt of `hawser files`: its words lie in what was allocated, and a name that
 * was cut out of it commands no terminal. */
#include "client/cli/files/show.h"
#include "client/cli/files/words.h"
#include "shared/base/mem.h"
#include "shared/base/str.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct files_words w;
	char *line = hws_alloc(size + 1);
	char shown[64];

	if (!line)
		return 0;
	memcpy(line, data, size);
	if (files_words_split(line, &w) == 0) {
		for (size_t i = 0; i < w.count; i++)
			if (strlen(w.word[i].pattern) < strlen(w.word[i].text))
				abort();
	} else if (!w.error[0]) {
		abort();
	}
	files_words_done(&w);
	files_show_name(shown, sizeof(shown), line);
	for (const char *c = shown; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			abort();
	if (!hws_utf8_valid(hws_bytes_str(shown)))
		abort();
	hws_free(line);
	return 0;
}
