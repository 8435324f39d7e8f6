/* What is typed, with an escape character in it: everything goes to the host in its order, but for
 * the words that are for this program. Input: the character, then keys. */
#include "client/cli/escape_keys.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct escape_keys k;
	size_t sent = 0, held = 0, taken = 0;

	if (!size)
		return 0;
	escape_keys_begin(&k, data[0] ? data[0] : -1);
	for (size_t i = 1; i < size; i++) {
		uint8_t out[2];
		size_t n = 9;
		enum escape_action a = escape_keys_feed(&k, data[i], out, &n);

		if (n > 2 || (a != ESCAPE_NOTHING && n) || (n && out[n - 1] != data[i]))
			abort();
		if (n == 2 && out[0] != data[0])
			abort(); /* only the character itself is held back */
		sent += n;
		if (a != ESCAPE_NOTHING)
			taken += 2;
		held = k.pending ? 1 : 0;
	}
	/* Twice the character is once; nothing else is lost, and nothing is made up. */
	if (sent + taken + held > size - 1)
		abort();
	if (!data[0] && sent != size - 1)
		abort();
	return 0;
}
