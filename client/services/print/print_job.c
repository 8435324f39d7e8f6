/* The name that the other end gives a job is never one of a file: of its path only the form is
 * looked at. */
#include "client/services/print/print_job.h"
#include <ctype.h>
#include <string.h>

#define DIGITS_MAX 20u
#define QUEUE_MAX 127u

_Static_assert(sizeof(HWS_PRINT_PATH) + DIGITS_MAX <= HWS_PRINT_PATH_MAX, "fits");

enum hws_print_kind hws_print_kind(struct hws_bytes head)
{
	static const struct {
		const char *magic;
		enum hws_print_kind kind;
	} kinds[] = { { "%PDF-", HWS_PRINT_PDF }, { "%!", HWS_PRINT_POSTSCRIPT },
		{ "PK\x03\x04", HWS_PRINT_XPS } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t n = strlen(kinds[i].magic);

		if (head.len >= n && memcmp(head.ptr, kinds[i].magic, n) == 0)
			return kinds[i].kind;
	}
	return HWS_PRINT_UNKNOWN;
}

const char *hws_print_suffix(enum hws_print_kind kind)
{
	static const char *const names[] = { "bin", "pdf", "ps", "xps" };

	return names[kind];
}

bool hws_print_path_valid(const char *path)
{
	size_t n = sizeof(HWS_PRINT_PATH) - 1;

	if (strncmp(path, HWS_PRINT_PATH, n) != 0)
		return false;
	size_t digits = strspn(path + n, "0123456789");
	return digits >= 1 && digits <= DIGITS_MAX && path[n + digits] == 0;
}

bool hws_print_queue_valid(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > QUEUE_MAX || *name == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("_-.", name[i]))
			return false;
	return true;
}
